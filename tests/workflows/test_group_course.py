"""Visits, response, correlations and primary outcomes of a trial worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.core.clinical.response_rates import wilson_interval
from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import ControlsSpec
from tests.workflows.clinical_trial import NAN, only
from tests.workflows.course_trial import ARMS, DAY1, POST, PRE, STUDY, CourseFolder


def test_visits_are_of_those_with_a_first_score(tmp_path: Path) -> None:
    tables, record = CourseFolder(tmp_path).course()
    table = tables["group_visits"]
    assert list(table.columns) == list(COURSE_TABLES["group_visits"])
    assert table[["arm", "session", "n", "n_missing"]].to_numpy().tolist() == [
        ["patient", "pre", 5, 0], ["patient", "day1", 5, 0], ["patient", "post", 4, 1],
    ]  # fmt: skip
    post = only(table, session="post")
    before, after = np.array(PRE[:4]), np.array(POST[:4])
    expected = stats.ttest_rel(after, before)
    assert (post["statistic"], post["df"], post["p_value"]) == pytest.approx(
        (expected.statistic, 3, expected.pvalue)
    )
    assert (post["mean_first"], post["mean_visit"]) == (before.mean(), after.mean())
    change = after - before
    assert post["d_z"] == pytest.approx(change.mean() / change.std(ddof=1))
    mean_variance = (before.var(ddof=1) + after.var(ddof=1)) / 2
    assert post["d_av"] == pytest.approx(change.mean() / np.sqrt(mean_variance))
    # The first visit is there for its mean, of everybody.
    first = only(table, session="pre")
    assert (first["mean_visit"], first["sd_visit"]) == pytest.approx(
        (np.mean(PRE[:5]), np.std(PRE[:5], ddof=1))
    )
    assert np.isnan(first["p_value"])
    assert first["reason"] == "the first visit, with which the others are compared"
    assert record["Course"]["Notes"] == [
        "Participants without a score of madrs at pre, the first visit, who are not in its "
        "course: 1 of 6."
    ]


def test_rates_among_those_seen_and_with_dropouts_as_failures(tmp_path: Path) -> None:
    table = CourseFolder(tmp_path).course()[0]["group_response_rates"]
    told = {
        (row["rate"], row["session"], row["counted"]): (row["n"], row["n_missing"], row["count"])
        for row in table.to_dict("records")
    }
    assert told == {
        # 15 of 30 is a fall of exactly a half; 17.5 of 34 is none.
        ("response", "day1", "seen"): (5, 0, 3),
        ("response", "day1", "everybody"): (5, 0, 3),
        ("response", "post", "seen"): (4, 1, 3),
        ("response", "post", "everybody"): (5, 1, 3),
        ("remission", "day1", "seen"): (5, 0, 2),
        ("remission", "day1", "everybody"): (5, 0, 2),
        ("remission", "post", "seen"): (4, 1, 1),  # 10 is not below 10
        ("remission", "post", "everybody"): (5, 1, 1),
        # 0 is not assessed.
        ("improvement", "day1", "seen"): (4, 1, 3),
        ("improvement", "day1", "everybody"): (5, 1, 3),
        ("improvement", "post", "seen"): (4, 1, 3),
        ("improvement", "post", "everybody"): (5, 1, 3),
    }
    row = only(table, rate="response", session="post", counted="everybody")
    interval = wilson_interval(count=3, n=5, confidence_level=0.95)
    assert (row["proportion"], row["ci_low"], row["ci_high"]) == pytest.approx((0.6, *interval))


def test_arms_together_and_each(tmp_path: Path) -> None:
    tables, _ = CourseFolder(tmp_path, STUDY.replace("  arms: [patient]\n", "")).course()
    visits = tables["group_visits"]
    assert visits.drop_duplicates("arm")["arm"].tolist() == ["all", "control", "patient"]
    assert only(visits, arm="all", session="post")["n"] == 6
    few = only(visits, arm="control", session="post")
    assert few["reason"] == "fewer than 3 participants"
    assert np.isnan(few["statistic"])
    rate = only(
        tables["group_response_rates"],
        arm="control", rate="remission", session="day1", counted="seen",
    )  # fmt: skip
    assert rate["proportion"] == 1.0


def test_a_visit_that_nobody_came_to_has_no_rate(tmp_path: Path) -> None:
    trial = CourseFolder(tmp_path)
    trial.scores({"pre": PRE, "day1": DAY1, "post": [NAN] * len(ARMS)}, table="madrs")
    tables, _ = trial.course()
    for counted in ("seen", "everybody"):
        row = only(tables["group_response_rates"], rate="response", session="post", counted=counted)
        assert (row["n"], row["reason"]) == (0, "nobody was seen at this visit")
        assert np.isnan(row["proportion"])
    assert only(tables["group_visits"], session="post")["n_missing"] == 5


def test_a_first_score_of_zero_has_no_response(tmp_path: Path) -> None:
    trial = CourseFolder(tmp_path)
    trial.scores({"pre": (0.0, *PRE[1:]), "day1": DAY1, "post": POST}, table="madrs")
    tables, record = trial.course()
    row = only(tables["group_response_rates"], rate="response", session="day1", counted="seen")
    assert (row["n"], row["n_missing"]) == (4, 1)
    assert (
        "Participants whose first score of madrs is not above 0, of whom response is not defined: "
        "1. They count as missing." in record["Course"]["Notes"]
    )


def test_ratings_outside_the_scale_are_refused_with_file_and_participant(tmp_path: Path) -> None:
    trial = CourseFolder(tmp_path)
    trial.scores({"day1": (2, 8, 3, 0, 2, 1, 4, 4), "post": (2, 2, 5, 1, NAN, 1, 4, -1)},
                 table="cgi", column="improvement")  # fmt: skip
    with pytest.raises(InputDataError) as error:
        trial.course()
    told = str(error.value)
    assert "8 of sub-02 at day1" in told
    assert "-1 of sub-08 at post" in told
    assert "sub-01" not in told
    assert error.value.path == trial.bids / "phenotype" / "cgi.tsv"


SCORES = """
  bprs: {table: bprs, column: positive}
  level: {table: serum, column: level}
  nausea: {table: effects, column: nausea}
"""
CORRELATIONS = "score_correlations: {outcome: madrs, arms: [patient], scores: {bprs: %s}}\n"
BPRS = {"pre": (4, 5, 4, 6, 5, 4, 4, 4), "day1": (8, 6, 4, 9, 7, 5, 4, 4)}


def with_scores(folder: Path, sections: str) -> CourseFolder:
    """Return the trial with further outcomes, and with sections at the end of its study."""
    head, course = STUDY.split("clinical_course:")
    trial = CourseFolder(folder, f"{head.rstrip()}{SCORES}clinical_course:{course}{sections}")
    trial.scores(BPRS, table="bprs", column="positive")
    serum = {"day1": (100, 220, 140, 300, 180, 260, 0, 0), "post": (50,) * 8}
    trial.scores(serum, table="serum", column="level")
    nausea = {"day1": (0, 1, 0, 1, 0, 1, 0, 0), "post": (0, 1, 1, 0, 0, 0, 0, 0)}
    trial.scores(nausea, table="effects", column="nausea")
    return trial


def test_scores_are_correlated_with_change_of_second_minus_first(tmp_path: Path) -> None:
    tables, _ = with_scores(tmp_path, CORRELATIONS % "[pre, day1]").course()
    table = tables["group_score_correlations"]
    assert table[["outcome", "change", "score", "session", "arm", "n"]].to_numpy().tolist() == [
        ["madrs", "change", "bprs", session, "patient", 4] for session in ("pre", "day1")
    ]
    change = np.array(POST[:4]) - np.array(PRE[:4])
    expected = stats.pearsonr(BPRS["day1"][:4], change)
    row = only(table, session="day1")
    assert row["r"] == pytest.approx(expected.statistic)
    assert row["r"] < 0.0
    interval = expected.confidence_interval(0.95)
    assert (row["df"], row["p_value"]) == (2, pytest.approx(expected.pvalue))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((interval.low, interval.high))


def test_too_few_with_both_have_no_correlation(tmp_path: Path) -> None:
    trial = with_scores(tmp_path, CORRELATIONS % "[day1]")
    trial.scores({"day1": (8, 6) + (NAN,) * 6}, table="bprs", column="positive")
    (row,) = trial.course()[0]["group_score_correlations"].to_dict("records")
    assert (row["n"], row["reason"]) == (2, "fewer than 3 participants")
    assert np.isnan(row["r"])


LOGISTIC = """logistic_regressions:
  nausea: {outcome: nausea, predictors: [level], arms: [patient]}
"""


def test_separated_side_effects_take_firths_penalty(tmp_path: Path) -> None:
    table = with_scores(tmp_path, LOGISTIC).course()[0]["group_logistic"]
    # `pre` has no row of either; `post` has one level of the predictor.
    day1 = table[table["session"] == "day1"].set_index("term")
    assert list(day1.index) == ["intercept", "level"]
    assert day1["method"].tolist() == ["firth", "firth"]
    assert (day1["n"].tolist(), day1["n_events"].tolist()) == ([6, 6], [3, 3])
    level = day1.loc["level"]
    assert level["estimate"] > 0.0
    assert level["odds_ratio"] == pytest.approx(np.exp(level["estimate"]))
    assert level["odds_ratio_low"] == pytest.approx(np.exp(level["ci_low"]))
    assert level["p_value"] == pytest.approx(stats.chi2.sf(level["statistic"], 1))
    post = table[table["session"] == "post"]
    assert set(post["reason"]) == {"a predictor is constant or a combination of others"}


PRIMARY = """mixed_models:
  course: {outcomes: [madrs, cgi], formula: time, sessions: [pre, post], arms: [patient],
           methods: [ml, reml], degrees_of_freedom: [residual, satterthwaite]}
primary_outcomes:
  scores: [madrs, cgi]
  mixed_model: course
  terms: [time]
"""


def test_primary_outcomes_beside_the_bonferroni_threshold(tmp_path: Path) -> None:
    trial = CourseFolder(tmp_path, STUDY + PRIMARY)
    tables, record = trial.course()
    table = tables["group_primary_outcomes"]
    assert table[["kind", "name", "term"]].to_numpy().tolist() == [
        ["score", "madrs", "change"],
        ["score", "cgi", "post"],
        ["mixed_model", "madrs", "time"],
        ["mixed_model", "cgi", "time"],
    ]
    # What could not be tested was planned, and counts.
    assert table["threshold"].tolist() == [0.05 / 4] * 4
    assert record["Course"]["PrimaryOutcomes"] == 4
    madrs = only(table, kind="score", name="madrs")
    expected = stats.ttest_rel(POST[:4], PRE[:4])
    assert (madrs["statistic"], madrs["df"], madrs["p_value"]) == pytest.approx(
        (expected.statistic, 3, expected.pvalue)
    )
    assert madrs["below_threshold"] == (expected.pvalue < 0.0125)
    rating = only(table, kind="score", name="cgi")
    against = stats.ttest_1samp((2.0, 2, 5, 1, 1), 4.0)
    assert (rating["n"], rating["estimate"], rating["statistic"]) == (
        5, 2.2, pytest.approx(against.statistic),
    )  # fmt: skip
    # The first method and rule of the model: maximum likelihood, n - p of 5 + 5 scores.
    time = only(table, kind="mixed_model", name="madrs")
    assert (time["test"], time["df"], time["arm"], time["n"]) == ("t", 8, "patient", 6)
    assert time["statistic"] < 0.0
    missing = only(table, kind="mixed_model", name="cgi")
    assert "nobody has more than one value" in missing["reason"]
    assert missing["below_threshold"] is None


def test_a_term_over_arms_is_tested_as_a_whole(tmp_path: Path) -> None:
    """The coefficient of `time` is that of the first arm; the term is over both."""
    sections = PRIMARY.replace("[madrs, cgi], formula: time", "[madrs], formula: time * arm")
    sections = sections.replace("arms: [patient]", "arms: []").replace(
        "scores: [", "scores: []  # "
    )
    sections = sections.replace("terms: [time]", 'terms: [time, "time:arm"]')
    trial = CourseFolder(tmp_path, f"{STUDY}{sections}group: {{minimum_participants: 2}}\n")
    table = trial.course()[0]["group_primary_outcomes"].set_index("term")
    assert table["test"].to_dict() == {"time": "F", "time:arm": "t"}
    assert table.loc["time", "df_first"] == 1
    assert table["df_first"].notna().tolist() == [True, False]
    assert table["arm"].tolist() == ["all", "all"]


def test_a_study_without_a_course_has_nothing(tmp_path: Path) -> None:
    trial = CourseFolder(tmp_path, STUDY.split("clinical_course:")[0])
    assert trial.course() == ({}, {})


def test_a_mean_of_ratings_is_without_those_not_assessed(tmp_path: Path) -> None:
    study = STUDY.replace("post: {label: post}}", "post: {label: post}, late: {mean_of: [%s]}}")
    trial = CourseFolder(tmp_path, study % "day1, post")
    table = trial.course()[0]["group_response_rates"]
    row = only(table, rate="improvement", session="late", counted="seen")
    # Means 2, 1.5, 4, 1 (0 and 1), 2 (2 and missing).
    assert (row["n"], row["count"]) == (5, 4)


def test_a_rating_written_for_a_mean_of_visits_comes_first(tmp_path: Path) -> None:
    """The fourth was not assessed on the first day; what is written of both stays."""
    study = STUDY.replace("post: {label: post}}", "post: {label: post}, late: {mean_of: [%s]}}")
    trial = CourseFolder(tmp_path, study % "day1, post")
    with (trial.bids / "phenotype" / "cgi.tsv").open("a") as stream:
        stream.write("sub-04\tses-late\t5\n")
    table = trial.course()[0]["group_response_rates"]
    row = only(table, rate="improvement", session="late", counted="seen")
    assert (row["n"], row["count"]) == (5, 3)


def test_primary_scores_name_the_arms_that_enter(tmp_path: Path) -> None:
    study = (STUDY + PRIMARY).replace("levels: [control, patient]", "levels: [control, patient, x]")
    study = study.replace("  arms: [patient]\n", "  arms: [patient, control]\n", 1)
    table = CourseFolder(tmp_path, study).course()[0]["group_primary_outcomes"]
    row = only(table, kind="score", name="madrs")
    assert (row["arm"], row["n"]) == ("control+patient", 6)


def test_a_rating_that_the_course_does_not_name_says_why_it_has_no_test(tmp_path: Path) -> None:
    study = (STUDY + PRIMARY).replace("  rating: cgi\n", "")
    table = CourseFolder(tmp_path, study).course()[0]["group_primary_outcomes"]
    row = only(table, kind="score", name="cgi")
    assert (row["n"], row["term"]) == (0, "change")
    assert "`clinical_course.rating` names it" in row["reason"]


def test_controls_of_the_images_are_no_dropouts(tmp_path: Path) -> None:
    """No arms are named: the two controls have a first score, and none after."""
    study = STUDY.replace("  arms: [patient]\n", "") + PRIMARY.replace(
        "arms: [patient]", "arms: []"
    )
    trial = CourseFolder(tmp_path, study)
    spec = load_study(str(trial.study)).spec
    controls = ControlsSpec(level="control")
    found = {
        "without": trial.course_of(spec)[0],
        "with": trial.course_of(replace(spec, controls=controls))[0],
    }
    rates = {name: tables["group_response_rates"] for name, tables in found.items()}
    assert set(rates["without"]["arm"]) == {"all", "control", "patient"}
    assert set(rates["with"]["arm"]) == {"patient"}
    row = only(rates["with"], rate="response", session="post", counted="everybody")
    assert (row["n"], row["n_missing"]) == (5, 1)
    primary = only(found["with"]["group_primary_outcomes"], kind="score", name="madrs")
    assert (primary["arm"], primary["n"]) == ("patient", 4)
