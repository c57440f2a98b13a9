"""Symptom dimensions of a trial of six whose sums and changes are worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.workflows.clinical_trial import NAN, STUDY, ClinicalFolder, only

DIMENSIONS = """
regions:
  atlas: tiny
  definitions:
    amygdala: {spheres: [[-24, -4, -20]], radius: 8}
    insula: {spheres: [[38, 18, 2]], radius: 8}
rest: {task: rest}
covariates: {infusions: {}}
symptom_dimensions:
  outcome: caps
  measure: resting_connectivity rest amygdala~insula
  dimensions: {fear: [1, 2], numbing: [3]}
  covariates: [infusions]
"""
STUDY_OF_ITEMS = STUDY.replace("column: total", "items: [i1, i2, i3]") + DIMENSIONS

#: Items before and after, (participants, items).
BEFORE = np.array([[3, 3, 2], [4, 2, 3], [3, 1, 1], [2, 2, 4], [4, 4, 2], [3, 4, 3]], dtype=float)
AFTER = np.array([[2, 2, 2], [1, 1, 1], [2, 1, 0], [1, 1, 1], [4, 3, 2], [1, 1, 0]], dtype=float)
FIRST = np.array([0.10, 0.20, 0.15, 0.30, 0.12, 0.22])
SECOND = np.array([0.16, 0.41, 0.18, 0.42, 0.10, 0.47])
INFUSIONS = [1, 2, 2, 6, 3, 5]


def trial_of(folder: Path, study: str = STUDY_OF_ITEMS, **cells: float) -> ClinicalFolder:
    """Return the trial; a cell such as ``pre_1_i2`` (session, participant, item) may differ."""
    trial = ClinicalFolder(folder, study)
    trial.participants(infusions=INFUSIONS)
    rows = [
        {"participant_id": f"sub-{one:02d}", "session_id": f"ses-{session}"}
        | {
            f"i{item}": cells.get(f"{session}_{one}_i{item}", points[one - 1, item - 1])
            for item in (1, 2, 3)
        }
        for session, points in (("pre", BEFORE), ("post", AFTER))
        for one in range(1, 7)
    ]
    trial.write(pd.DataFrame(rows), "caps")
    return trial


def test_dimensions_go_with_the_change_of_the_measure(tmp_path: Path) -> None:
    results = trial_of(tmp_path).results({"pre": FIRST, "post": SECOND})
    scores = results.tables["group_dimension_scores"]
    row = only(scores, participant_id="sub-02", dimension="fear")
    assert (row["first"], row["second"], row["improvement"]) == (6.0, 2.0, 4.0)
    assert (row["missing_first"], row["missing_second"], row["reason"]) == (0, 0, "")
    assert row["measure_change"] == pytest.approx(0.21)
    better, change = (BEFORE - AFTER)[:, :2].sum(axis=1), SECOND - FIRST
    expected = stats.pearsonr(better, change)
    found = only(results.tables["group_dimensions"], dimension="fear", arm="all")
    assert (found["n"], found["reason"]) == (6, "")
    assert found["r"] == pytest.approx(expected.statistic)
    assert found["p_value"] == pytest.approx(expected.pvalue)
    ends = expected.confidence_interval(0.95)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((ends.low, ends.high))
    assert found["rho"] == pytest.approx(stats.spearmanr(better, change).statistic)
    in_drug = only(results.tables["group_dimensions"], dimension="numbing", arm="drug")
    alone = stats.pearsonr((BEFORE - AFTER)[1::2, 2], change[1::2])
    assert (in_drug["n"], in_drug["r"]) == (3, pytest.approx(alone.statistic))
    covariate = only(results.tables["group_dimension_covariates"], arm="all")
    assert covariate["rho"] == pytest.approx(stats.spearmanr(INFUSIONS, change).statistic)


def test_missing_items_are_pro_rated_and_told(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, pre_1_i2=NAN, post_4_i3=NAN)
    results = trial.results({"pre": FIRST, "post": SECOND})
    scores = results.tables["group_dimension_scores"]
    fear = only(scores, participant_id="sub-01", dimension="fear")
    assert (fear["first"], fear["missing_first"], fear["improvement"]) == (6.0, 1, 2.0)
    numbing = only(scores, participant_id="sub-04", dimension="numbing")
    assert np.isnan(numbing["second"])
    assert (numbing["missing_second"], numbing["reason"]) == (1, "too few items, post")
    assert only(results.tables["group_dimensions"], dimension="numbing", arm="all")["n"] == 5
    notes = results.record["Clinical"]["Notes"]
    assert (
        "Sums of symptom dimensions that are pro-rated for missing items (pre): 1 of 12, in 1 of "
        "6 participants." in notes
    )
    assert (
        "Sums of symptom dimensions that are missing for too few items (post): 1 of 12, in 1 of "
        "6 participants." in notes
    )


def test_who_was_not_asked_is_in_no_denominator(tmp_path: Path) -> None:
    nothing = {f"pre_6_i{item}": NAN for item in (1, 2, 3)}
    trial = trial_of(tmp_path, pre_1_i2=NAN, pre_4_i3=NAN, **nothing)
    notes = trial.results({"pre": FIRST, "post": SECOND}).record["Clinical"]["Notes"]
    told = [each.partition("items ")[2] for each in notes if each.startswith("Sums")]
    assert told == ["(pre): 1 of 10, in 1 of 5 participants."] * 2


def test_dimensions_are_correlated_with_each_other(tmp_path: Path) -> None:
    results = trial_of(tmp_path, post_4_i3=NAN).results({"pre": FIRST, "post": SECOND})
    table = results.tables["group_dimension_correlations"]
    assert table.columns.tolist() == ["dimension", "other", "arm", "n", "r"]
    # The fourth has no sum of one dimension, and so is in none of the correlations.
    kept = np.array([0, 1, 2, 4, 5])
    fear, numbing = (BEFORE - AFTER)[kept, :2].sum(axis=1), (BEFORE - AFTER)[kept, 2]
    pair = only(table, dimension="fear", other="numbing")
    assert (pair["n"], pair["arm"]) == (5, "all")
    assert pair["r"] == pytest.approx(np.corrcoef(fear, numbing)[0, 1])
    with_measure = only(table, dimension="change of the measure", other="fear")["r"]
    assert with_measure == pytest.approx(np.corrcoef(fear, (SECOND - FIRST)[kept])[0, 1])
    alone = trial_of(tmp_path / "alone").results().tables["group_dimension_correlations"]
    assert len(alone) == 4
    assert set(alone["n"]) == {6}


def test_a_missing_change_of_the_measure_has_a_reason(tmp_path: Path) -> None:
    second = np.where(np.arange(6) == 2, NAN, SECOND)
    results = trial_of(tmp_path).results({"pre": FIRST, "post": second})
    row = only(results.tables["group_dimension_scores"], participant_id="sub-03", dimension="fear")
    assert row["reason"] == "measure, post: no voxels"
    assert np.isnan(row["measure_change"])
    assert only(results.tables["group_dimensions"], dimension="fear", arm="placebo")["n"] == 2
    few = only(results.tables["group_dimensions"], dimension="fear", arm="placebo")
    assert few["reason"] == "fewer than 3 participants"


def test_improvement_may_be_an_increase(tmp_path: Path) -> None:
    study = STUDY_OF_ITEMS.replace("items: [", "improvement: increase, items: [")
    results = trial_of(tmp_path, study).results({"pre": FIRST, "post": SECOND})
    row = only(results.tables["group_dimension_scores"], participant_id="sub-02", dimension="fear")
    assert row["improvement"] == -4.0


def test_a_measure_without_results_leaves_the_scores(tmp_path: Path) -> None:
    results = trial_of(tmp_path).results()
    table = results.tables["group_dimensions"]
    assert set(table["n"]) == {0}
    assert table["r"].isna().all()
    scores = results.tables["group_dimension_scores"]
    assert only(scores, participant_id="sub-02", dimension="fear")["improvement"] == 4.0
    assert any(
        each.startswith("Symptom dimensions are correlated with nothing: the measure")
        for each in results.record["Clinical"]["Notes"]
    )
