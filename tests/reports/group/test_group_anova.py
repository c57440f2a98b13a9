"""Analysis of variance in the group report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bids_ketamine.reports import render
from bids_ketamine.reports.group_anova import AnovaView, anova_problems, anova_views
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import RepeatedMeasuresSpec, StudySpec
from tests.reports.group import model_tables as made


@pytest.fixture
def spec(study: Study) -> StudySpec:
    return replace(study.spec, repeated_measures=RepeatedMeasuresSpec(outcomes=("caps5", "madrs")))


def _view(clinical: ClinicalOutput, spec: StudySpec) -> AnovaView:
    note = "2 of 23 participants are not in the analysis of variance: they lack a score."
    record = {"Clinical": {"Notes": [note, "sub-A01 is something else."]}}
    (view,) = anova_views(clinical, spec, record=record, arms=made.ARMS)
    return view


def _plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_published_interaction_is_told_by_both_errors(tmp_path: Path, spec: StudySpec) -> None:
    view = _view(made.output(tmp_path), spec)
    assert _plain(view.results[0]) == (
        "Arm × session: F(1, 57) = 5.50, p = .023 (pooled error); F(1, 19) = 5.23, p = .034 "
        "(stratified error)."
    )
    assert view.summary == view.results[0]
    assert view.words[0] == (
        "caps5 and madrs: arm × session × measure, sessions pre and post. 21 participants with "
        "all scores entered."
    )
    assert view.words[1].startswith("2 of 23 participants are not in the analysis of variance")
    assert len(view.words) == 3
    assert "counts 57 degrees of freedom" in view.warnings[0]
    assert "stratified error, with 19" in view.warnings[0]
    pooled, stratified = view.tables
    assert pooled.rows[3] == ("arm × session", "within", "185", "185", "1, 57", "5.50", ".023")
    assert pooled.rows[5][4:] == ("57", "\u2013", "\u2013")
    assert stratified.rows[3][1] == "participant × session"


def test_one_error_alone_and_equal_errors(tmp_path: Path, spec: StudySpec) -> None:
    rows = made.anova()
    pooled = [row for row in rows if row["error_strata"] == "participant"]
    view = _view(made.output(tmp_path, group_anova=pooled), spec)
    assert "was not asked for" in view.warnings[0]
    for row in rows:
        row["df_residual"] = 19
    view = _view(made.output(tmp_path, group_anova=rows), spec)
    assert not any("pooled error counts" in each for each in view.warnings)
    assert len(view.tables) == 2


def test_one_outcome_has_one_table(tmp_path: Path, spec: StudySpec) -> None:
    rows = [row | {"outcomes": "bdi"} for row in made.anova() if "measure" not in row["term"]]
    stratified = [row for row in rows if row["error_strata"] == "stratified"]
    # The error of session is the last row, that of the other stratum belongs to the measure.
    stratified = [row for row in stratified if row["stratum"] != "participant:session:measure"]
    for row in stratified:
        if row["term"] == "arm:session":
            row |= {"epsilon_gg": 0.71, "p_value_gg": 0.048}
    pooled = [row | {"error_strata": "participant"} for row in stratified]
    view = _view(made.output(tmp_path, group_anova=[*pooled, *stratified]), spec)
    assert _plain(view.results[0]) == (
        "Arm × session: F(1, 19) = 5.23, p = .034, Greenhouse-Geisser p = .048 (epsilon = 0.71) "
        "(pooled and stratified error, which are the same)."
    )
    (table,) = view.tables
    assert table.caption == (
        "Analysis of variance: Pooled and stratified errors, which are the same"
    )
    assert "with a single outcome, error strata make no difference" in table.note
    assert table.note.endswith("correction belongs to the stratified analysis.")
    assert not any("pooled error" in each for each in view.warnings)
    view = _view(made.output(tmp_path, group_anova=pooled), spec)
    assert not any("was not asked for" in each for each in view.warnings)


def test_greenhouse_geisser_is_given_where_it_corrects(tmp_path: Path, spec: StudySpec) -> None:
    rows = made.anova()
    for row in rows:
        if row["error_strata"] == "stratified" and row["term"] == "arm:session":
            row |= {"epsilon_gg": 0.71, "p_value_gg": 0.048}
    view = _view(made.output(tmp_path, group_anova=rows), spec)
    assert "Greenhouse-Geisser p = .048 (epsilon = 0.71)" in _plain(view.results[0])
    assert view.tables[1].rows[3][-2:] == ("0.71", ".048")
    assert len(view.tables[0].columns) == 7


def test_missing_scores_and_failures_are_told(tmp_path: Path, spec: StudySpec) -> None:
    failed = [
        {
            "outcomes": "caps5+madrs",
            "error_strata": "participant",
            "n_participants": 2,
            "reason": f"2 participants with all scores, 3 needed {made.HOSTILE}",
        }
    ]
    scores = [
        {
            "participant_id": who,
            "arm": "ketamine",
            "outcome": "madrs",
            "session": "post",
            "score": None,
            "reason": f"MADRS of {who} is n/a",
        }
        for who in ("sub-A01", "sub-A02")
    ]
    clinical = made.output(tmp_path, group_anova=failed, group_scores=scores)
    view = _view(clinical, spec)
    assert view.results == ()
    assert view.tables == ()
    assert len(view.warnings) == 1
    assert not any("F has no direction" in each for each in view.words)
    nobody = [failed[0] | {"n_participants": 0}]
    (empty,) = anova_views(
        made.output(tmp_path, group_anova=nobody, group_scores=scores), spec, record={}, arms=()
    )
    assert empty.words[0].endswith("Nobody entered.")
    assert view.warnings[0].startswith("There is no analysis of variance: 2 participants with")
    assert view.left_out[0].rows == (("madrs", "post", "MADRS of a participant is n/a", "2"),)
    template = '{% import "mixed.html.j2" as mixed %}{{ mixed.anova([view]) }}'
    page = render._environment().from_string(template).render(view=view)
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_a_table_that_lacks_is_asked_for(tmp_path: Path, spec: StudySpec) -> None:
    nothing = made.output(tmp_path, group_anova=[])
    assert anova_views(nothing, spec, record={}, arms=made.ARMS) == []
    assert len(anova_problems(nothing, spec)) == 1
    assert anova_problems(nothing, replace(spec, repeated_measures=None)) == []
