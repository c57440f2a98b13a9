"""Names, verdicts and figures of elastic nets in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.group_elastic_net_data import setting_of
from bids_ketamine.reports.group_elastic_net_figures import figures_words
from bids_ketamine.reports.group_elastic_net_names import PredictorNames, in_words
from bids_ketamine.reports.group_elastic_net_predictors import (
    critical_correlation,
    missing_sentence,
)
from bids_ketamine.reports.group_elastic_net_raw import kept_predictors
from bids_ketamine.reports.group_elastic_net_words import (
    NullComparison,
    result_sentence,
    summary_sentence,
    verdict,
)
from tests.reports.group.net_tables import measures

KEYS = ("measure", "task", "contrast", "regions", "unit")
NAMES = PredictorNames(pd.DataFrame(measures(), columns=KEYS), "madrs")
ROW: dict[str, Any] = {
    **{"timing": "baseline", "model": "measures", "outcome": "caps5", "n": 12.0},
    **{"r2_nested": 0.2, "r2_covariates_alone": np.nan, "mae_nested": 3.14, "p_imaging": 0.01},
    **{"n_permutations_imaging": 99.0, "finding": True, "reason": None},
}


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("gppi faces facesGtShapes amygdala~vmPFC", "imaging",
         "amygdala \u2013 vmPFC (generalized PPI, faces)"),
        ("ldc faces fearful vs neutral rACC x low dose", "interaction",
         "rACC \u00d7 low dose (linear discriminant contrast, faces)"),
        # Not in the summary: contrasts may be several.
        ("ldc faces a vs b x c V1", "imaging",
         "V1 (linear discriminant contrast, faces, a vs b x c)"),
        ("arm=ketamine", "arm", "ketamine (arm)"),
        ("gender=male", "covariate", "gender: male"),
        ("activation of hope", "covariate", "activation of hope"),
        ("concurrent improvement", "concurrent", "improvement in madrs (concurrent outcome)"),
    ],
)  # fmt: skip
def test_names_of_predictors(name: str, kind: str, words: str) -> None:
    assert NAMES.of(name, kind).words == words


def test_contrasts_are_named_where_there_are_several() -> None:
    keys = [("gppi", "faces", contrast, "a~b", "z") for contrast in ("one", "two")]
    names = PredictorNames(pd.DataFrame(keys, columns=KEYS))
    assert names.of("gppi faces two a~b").words == "a \u2013 b (generalized PPI, faces, two)"


def test_units_are_named_where_they_tell_measures_apart() -> None:
    keys = [("gppi", "faces", "one", "a~b", unit) for unit in ("z", "percent x s")]
    names = PredictorNames(pd.DataFrame(keys, columns=KEYS))
    found = names.of("gppi faces one a~b (percent x s) x drug", "interaction")
    assert found.words == "a \u2013 b \u00d7 drug (generalized PPI, faces, percent \u00d7 s)"


@pytest.mark.parametrize(
    ("change", "came"),
    [
        ({}, "found"),
        ({"finding": False, "p_imaging": 0.05}, "not shown to be better than its null"),
        (
            {"finding": False, "p_imaging": 0.05, "n_permutations_imaging": 19.0},
            "not decided: too few permutations",
        ),
        (
            {"finding": False, "p_imaging": 0.1, "n_permutations_imaging": 19.0},
            "not shown to be better than its null",
        ),
        ({"finding": False, "r2_nested": 0.0}, "no better than the mean"),
        ({"finding": False, "r2_covariates_alone": 0.3}, "no better than covariates alone"),
        ({"finding": False, "p_imaging": np.nan}, "not tested"),
        ({"finding": False, "r2_nested": np.nan}, "no result"),
    ],
)
def test_verdicts(change: dict[str, Any], came: str) -> None:
    tested = NullComparison(planned=99, stop_at=10, has_arms=False, unit="")
    row = ROW | change
    assert verdict(row) == came
    opening, told = result_sentence(row, tested, concurrent="")
    assert opening == f"Baseline, measures alone: {came}."
    assert told.endswith(".")
    assert "nan" not in told


def test_result_without_arms_covariates_and_unit() -> None:
    tested = NullComparison(planned=np.nan, stop_at=np.nan, has_arms=False, unit="")
    row = ROW | {"finding": False, "p_imaging": 0.4}
    told = result_sentence(row, tested, concurrent="")[1].replace("\u00a0", " ")
    assert told == (
        "The imaging measures of the first session are not shown to predict improvement in caps5 "
        "better than those of other participants do: nested R\u00b2 = 0.20, p = .400, n = 12; "
        "99 permutations."
    )


@pytest.mark.parametrize(
    ("planned", "stop_at", "n", "words"),
    [
        (1000, 10, 22, "22 permutations, stopped early when 10 were as good"),
        (1000, 10, 1000, "1,000 permutations"),
        (1000, 0, 22, "22 permutations, stopped early"),
        (1000, np.nan, 22, "22 permutations, stopped early"),
        (np.nan, 10, 22, "22 permutations"),
        (1000, 10, np.nan, "permutations not counted"),
    ],
)
def test_permutations(planned: float, stop_at: float, n: float, words: str) -> None:
    assert NullComparison(planned, stop_at, has_arms=True, unit="").permutations(n) == words


@pytest.mark.parametrize(
    ("n", "p", "is_told"),
    [(200, 0.05, True), (1000, 0.05, False), (334, 0.03, False), (100, 0.1, False)],
)
def test_p_near_05_of_a_test_that_stopped_early(n: int, p: float, is_told: bool) -> None:
    tested = NullComparison(planned=1000, stop_at=10, has_arms=False, unit="")
    row = ROW | {"finding": False, "p_imaging": p, "n_permutations_imaging": float(n)}
    told = result_sentence(row, tested, concurrent="")[1].replace("\u00a0", " ")
    advice = "p is near .05: run the group level again with --permutations 5000."
    assert told.endswith(advice) == is_told
    assert (advice in told) == is_told


@pytest.mark.parametrize("timing", ["baseline", "change"])
def test_concurrent_outcome_is_hindsight_at_baseline(timing: str) -> None:
    tested = NullComparison(planned=99, stop_at=10, has_arms=True, unit="")
    row = ROW | {"timing": timing, "model": "by_arm_and_concurrent"}
    told = result_sentence(row, tested, concurrent="madrs")[1].replace("\u00a0", " ")
    hindsight = (
        "The improvement in madrs is not known at baseline: the model with it explains with "
        "hindsight and is no prediction in time."
    )
    assert told.endswith(hindsight) == (timing == "baseline")


def test_figures_claim_no_more_than_was_done() -> None:
    models = pd.DataFrame({"scheme": ["leave_one_out"]})

    def told(preparation: str, selection: str) -> str:
        figures = figures_words(models, preparation=preparation, selection=selection)
        return " ".join(words for _, words in figures)

    usual = told("training_folds", "minimum_mse")
    assert "everything, from the preparation" in usual
    assert "with the smallest error over" in usual
    other = told("whole_sample", "one_standard_error")
    assert "everything" not in other
    assert "only nested figures hold" not in other
    assert "The preparation of the measures is not done again" in other
    assert "smallest error" not in other
    assert "the penalty that the rule of one standard error chooses over these same" in other


def test_missing_values_by_family() -> None:
    rows = [
        ("change", "activation faces facesGtShapes rACC", "imaging", 0.11),
        ("change", "activation faces facesGtShapes dACC", "imaging", 0.4),
        ("change", "activation faces facesGtShapes vmPFC", "imaging", 0.1),
        ("baseline", "education", "covariate", 0.25),
    ]
    table = pd.DataFrame(rows, columns=["timing", "predictor", "kind", "missing"])
    told = missing_sentence(table.assign(entered=True), NAMES, imputed=True)
    assert told == (
        "Imputed for more than 10 % of the participants. Change: activation, faces (2 measures, "
        "11 % to 40 %). Baseline: education (25 %). What is said of these rests in part on other "
        "measures."
    )
    assert missing_sentence(table.assign(entered=False), NAMES, imputed=True) == ""
    told = missing_sentence(table.assign(entered=True), NAMES, imputed=False)
    assert told.startswith("Missing in more than 10 %")


def test_kept_predictors_are_measures_by_size() -> None:
    rows = [
        ("gppi faces facesGtShapes amygdala~vmPFC x ketamine", "interaction", -3.0),
        ("gppi faces facesGtShapes amygdala~vmPFC", "imaging", 0.1),
        ("age", "covariate", 2.0),
        ("education", "covariate", 0.0),
    ]
    table = pd.DataFrame(rows, columns=["predictor", "kind", "standardised"])
    kept = kept_predictors(table.assign(selection_frequency=1.0), NAMES)
    assert list(kept.items()) == [
        ("gppi faces facesGtShapes amygdala~vmPFC", "imaging"),
        ("age", "covariate"),
    ]


@pytest.mark.parametrize("n", [5, 21, 100])
def test_critical_correlation_is_that_of_tables(n: int) -> None:
    # Critical values of r, two-sided .05, in tables: df = 3, 19, 98.
    known = {5: 0.878, 21: 0.433, 100: 0.197}
    assert critical_correlation(n) == pytest.approx(known[n], abs=5e-4)


def test_settings_are_found_by_either_name() -> None:
    assert setting_of({"ElasticNet": {"Settings": {"stop_at": 5}}}, "stop_at") == 5
    assert setting_of({"ElasticNet": {"Settings": {"L1Ratios": [0.5]}}}, "l1_ratios") == [0.5]
    for record in ({}, {"ElasticNet": []}, {"ElasticNet": {"Settings": 3}}):
        assert setting_of(record, "stop_at") is None


def test_long_lists_are_cut() -> None:
    assert in_words(["a", "b", "c", "d"], 2) == "a; b; and 2 others"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{}], "1 of 1 model predicts improvement (baseline, measures alone: nested R² = 0.20, "
               "p = .010)."),
        ([{"model": "by_arm", "p_imaging": 0.02}, {}, {"p_imaging": 0.03}],
         "3 of 3 models predict improvement (baseline, measures alone: nested R² = 0.20, p = .010; "
         "baseline, measures by arm: nested R² = 0.20, p = .020; and 1 other)."),
        ([{"finding": False}, {"finding": False, "p_imaging": 0.4}],
         "none of 2 models predicts improvement: 1 is better than the null, but not better than "
         "covariates or the mean."),
        ([{"finding": False, "p_imaging": 0.4}] * 6,
         "none of 6 models is shown to predict improvement better than its null."),
        ([{"leakage": "failed"}, {"r2_nested": np.nan}],
         "1 of 1 model tested predicts improvement (baseline, measures alone: nested R² = 0.20, "
         "p = .010). The leakage test of 1 model failed: do not use its figures."),
        ([{"finding": False, "p_imaging": 0.1, "n_permutations_imaging": 9.0}],
         "none of 1 model is shown to predict improvement better than its null. 1 model not "
         "decided: too few permutations."),
        ([{"p_imaging": np.nan}], "models were not tested."),
        ([{"r2_nested": np.nan, "p_imaging": np.nan}], "no model has a result."),
    ],
)  # fmt: skip
def test_summary(rows: list[dict[str, Any]], told: str) -> None:
    models = pd.DataFrame([ROW | {"leakage": "passed"} | row for row in rows])
    assert summary_sentence(models, "").replace("\u00a0", " ") == told
