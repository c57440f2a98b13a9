"""Visits, response and primary outcomes in the group report, from a trial worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.outputs.group_course_tables import COURSE_TABLES
from bids_ketamine.outputs.tables import write_json, write_table
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_course import (
    CourseOutput,
    course_problems,
    course_results,
    course_sections,
    read_course,
    without_few,
)
from bids_ketamine.reports.group_course_primary import text_threshold
from bids_ketamine.reports.methods_course import COURSE_REFERENCES, course_paragraphs
from bids_ketamine.reports.render import _environment
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec
from tests.workflows.test_group_course import CORRELATIONS, LOGISTIC, PRIMARY, with_scores

NO_MEANS = pd.DataFrame({"value": [], "n": []})
STYLES = arm_styles(["control", "patient"])


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[CourseOutput, StudySpec]:
    folder = tmp_path_factory.mktemp("course")
    made = with_scores(folder, (CORRELATIONS % "[pre, day1]") + LOGISTIC + PRIMARY)
    tables, record = made.course()
    for name, table in tables.items():
        write_table(folder / "group" / f"{name}.tsv", table, columns=COURSE_TABLES[name])
    write_json(folder / "group" / "group.json", record)
    return read_course(folder), load_study(str(made.study)).spec


def told(view: object) -> list[str]:
    return [each.replace("\N{NO-BREAK SPACE}", " ") for each in view.sentences]


def test_visits_tell_change_effect_sizes_and_who_was_not_seen(
    trial: tuple[CourseOutput, StudySpec],
) -> None:
    view = course_sections(*trial, styles=STYLES)[1]
    assert view.title == "Visits, response and remission: madrs"
    sentences = told(view)
    assert sentences[1] == (
        "madrs, pre to post: 29.0 to 15.2, change −13.8 points (95 % interval −24.8 to −2.7), "
        "t(3) = −3.96, p = .029, d_z = −1.98, d_av = −2.13, n = 4, 1 not seen."
    )
    assert (
        "Remission at post: 1 of 4, 25 % (95 % interval 5 to 70 %) of those seen, 1 of 5, 20 % "
        "(4 to 62 %) with dropouts as failures."
    ) in sentences
    # Where everybody was seen both rates are one.
    assert "Response at day1: 3 of 5, 60 % (95 % interval 23 to 88 %)." in sentences
    assert view.warnings[1].startswith("Not seen: 1 of 5 at post.")
    assert "Arm" not in [each.name for each in view.tables[0].columns]


def test_the_figure_holds_what_the_tables_hold(trial: tuple[CourseOutput, StudySpec]) -> None:
    (picture,) = course_sections(*trial, styles=STYLES)[1].pictures
    assert picture.name == "visits-madrs"
    data = picture.data
    means = data[data["mark"] == "mean"].set_index("session")["value"]
    assert means.to_dict() == {"pre": 30.0, "day1": 13.3, "post": 15.25}
    rates = data[data["mark"] == "rate"]
    assert len(rates) == 12  # three rates, two visits, seen and everybody
    assert set(rates["session"]) == {"day1", "post"}


def test_primary_outcomes_stand_above_and_below_the_bonferroni_line(
    trial: tuple[CourseOutput, StudySpec],
) -> None:
    view = course_sections(*trial, styles=STYLES)[0]
    firsts = [row[0] for row in view.tables[0].rows]
    assert firsts == [
        "madrs, time",
        "── threshold by Bonferroni, p = 0.0125 ──",
        "madrs (change)",
        "── level without correction, p = 0.05 ──",
        "cgi (post)",
        "cgi, time",
    ]
    assert told(view)[:2] == [
        "Below the threshold of 0.0125: madrs, time.",
        "Below 0.05 but not below the threshold: madrs (change).",
    ]
    assert view.warnings[0].startswith("cgi, time: no test (nobody has more than one value")
    assert course_results([view]) == [("Primary outcomes", view.sentences[0])]


def test_thresholds_keep_their_digits() -> None:
    assert text_threshold(0.05 / 8) == "0.00625"


def test_correlations_and_odds_ratios(trial: tuple[CourseOutput, StudySpec]) -> None:
    _, _, correlations, logistic = course_sections(*trial, styles=STYLES)
    assert told(correlations)[0] == (
        "bprs at day1 and change of madrs, patient: r = −0.90 (95 % interval −1.00 to 0.44), "
        "p = .096, n = 4."
    )
    assert correlations.warnings[0].startswith("2 correlations, none corrected")
    assert "it occurred in 3 of 6 participants" in told(logistic)[0]
    joined = " ".join(logistic.warnings)
    assert "Firth's penalized likelihood" in joined
    assert "fewer than 10 for each predictor" in joined
    assert "No regression at post: a predictor is constant" in joined


def test_without_individual_data_small_arms_and_the_sum_with_them_are_withheld(
    trial: tuple[CourseOutput, StudySpec],
) -> None:
    course, spec = trial
    visits = course.tables["group_visits"]
    both = pd.concat(
        [visits.assign(arm="all", n=8.0), visits.assign(arm="control", n=2.0),
         visits.assign(n=6.0)], ignore_index=True,
    )  # fmt: skip
    tables = {**course.tables, "group_visits": both}
    private = without_few(replace(course, tables=tables), mixed_means=NO_MEANS, labels=[])
    known = private.tables["group_visits"].dropna(subset="mean_visit")
    assert set(known["arm"]) == {"patient"}
    assert private.tables["group_visits"]["n"].tolist() == both["n"].tolist()
    views = course_sections(private, spec, styles=STYLES)
    assert "withheld" in {cell for row in views[1].tables[0].rows for cell in row}


def test_without_individual_data_small_models_and_labels_are_withheld(
    trial: tuple[CourseOutput, StudySpec],
) -> None:
    course, _ = trial
    primary = course.tables["group_primary_outcomes"].assign(reason="sub-A07 has no row")
    few = pd.DataFrame({"value": ["madrs"], "n": [2.0]})
    tables = {**course.tables, "group_primary_outcomes": primary}
    private = without_few(replace(course, tables=tables), mixed_means=few, labels=["sub-A07"])
    found = private.tables["group_primary_outcomes"]
    assert np.isnan(found.loc[2, "p_value"])  # the mixed model of madrs
    assert np.isfinite(found.loc[0, "p_value"])
    assert found.loc[0, "reason"] == "a participant has no row"


def test_a_regression_with_one_event_is_withheld(trial: tuple[CourseOutput, StudySpec]) -> None:
    course, _ = trial
    logistic = course.tables["group_logistic"].assign(n=6.0, n_events=5.0)
    tables = {**course.tables, "group_logistic": logistic}
    private = without_few(replace(course, tables=tables), mixed_means=NO_MEANS, labels=[])
    assert private.tables["group_logistic"]["odds_ratio"].isna().all()


def test_what_is_asked_for_and_not_there_is_told(
    trial: tuple[CourseOutput, StudySpec], tmp_path: Path
) -> None:
    course, spec = trial
    assert course_problems(course, spec) == [
        "Participants without a score of madrs at pre, the first visit, who are not in its "
        "course: 1 of 6."
    ]
    nothing = read_course(tmp_path)
    assert len(course_problems(nothing, spec)) == 4
    assert course_sections(nothing, spec, styles=STYLES) == []


def test_sections_are_escaped_in_the_page(trial: tuple[CourseOutput, StudySpec]) -> None:
    course, spec = trial
    tables = {stem: table.replace("madrs", "<b>madrs</b>") for stem, table in course.tables.items()}
    views = course_sections(replace(course, tables=tables), spec, styles=STYLES)
    module = _environment().get_template("group_course.html.j2").module
    page = str(module.sections(views, ["a problem"]))
    assert "<b>madrs" not in page
    assert page.count("<h3>") == 4
    assert "a problem" in page


def test_methods_say_what_was_done(trial: tuple[CourseOutput, StudySpec]) -> None:
    cited: set[str] = set()
    paragraphs = course_paragraphs(trial[1], cited=cited)
    assert len(paragraphs) == 4
    assert cited == set(COURSE_REFERENCES)
    assert "a fall by 50 % of the first score or more, remission a score below 10" in paragraphs[0]
    assert "the mean of cgi against 4, no change (t test)" in paragraphs[3]
    assert "(ml, residual)" in paragraphs[3]
    bare = replace(trial[1], clinical_course=None, score_correlations=None,
                   logistic_regressions=(), primary_outcomes=None)  # fmt: skip
    assert course_paragraphs(bare, cited=set()) == ()
