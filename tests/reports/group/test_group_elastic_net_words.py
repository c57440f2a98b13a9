"""Names, verdicts and figures of elastic nets in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.group_elastic_net_data import setting_of
from bids_ketamine.reports.group_elastic_net_figures import figures_words
from bids_ketamine.reports.group_elastic_net_names import (
    PredictorNames,
    in_words,
    shortened_at_words,
)
from bids_ketamine.reports.group_elastic_net_predictors import (
    critical_correlation,
    missing_sentence,
)
from bids_ketamine.reports.group_elastic_net_raw import _family_labels, kept_predictors
from bids_ketamine.reports.group_elastic_net_results import result_sentences
from bids_ketamine.reports.group_elastic_net_words import (
    SHORT_VERDICTS,
    NullComparison,
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


def told_of(*rows: dict[str, Any], tested: NullComparison, concurrent: str = "") -> list[list[str]]:
    """Return the sentences on models, an opening and what follows each."""
    models = pd.DataFrame([ROW | row for row in rows])
    found = result_sentences(models, tested, concurrent=concurrent)
    return [[part.replace("\u00a0", " ") for part in each] for each in found]


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
    assert len(SHORT_VERDICTS.get(came, came).split()) <= 3
    ((opening, told),) = told_of(change, tested=tested)
    assert opening == f"Baseline, measures alone: {came}."
    assert told.endswith(".")
    assert "nan" not in told


def test_result_without_arms_covariates_and_unit() -> None:
    tested = NullComparison(planned=np.nan, stop_at=np.nan, has_arms=False, unit="")
    ((_, told),) = told_of({"finding": False, "p_imaging": 0.4}, tested=tested)
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
    assert NullComparison(planned, stop_at, has_arms=True, unit="").permutations([n]) == words


@pytest.mark.parametrize(
    ("n", "p", "is_told"),
    [(200, 0.05, True), (1000, 0.05, False), (334, 0.03, False), (100, 0.1, False)],
)
def test_p_near_05_of_a_test_that_stopped_early(n: int, p: float, is_told: bool) -> None:
    tested = NullComparison(planned=1000, stop_at=10, has_arms=False, unit="")
    row = {"finding": False, "p_imaging": p, "n_permutations_imaging": float(n)}
    ((_, told),) = told_of(row, tested=tested)
    advice = "p is near .05: run the group level again with --permutations 5000."
    assert told.endswith(advice) == is_told
    assert (advice in told) == is_told


@pytest.mark.parametrize("timing", ["baseline", "change"])
def test_concurrent_outcome_is_hindsight_at_baseline(timing: str) -> None:
    tested = NullComparison(planned=99, stop_at=10, has_arms=True, unit="")
    row = {"timing": timing, "model": "by_arm_and_concurrent"}
    ((_, told),) = told_of(row, tested=tested, concurrent="madrs")
    hindsight = (
        "The improvement in madrs is not known at baseline: the model with it explains with "
        "hindsight and is no prediction in time."
    )
    assert told.endswith(hindsight) == (timing == "baseline")


def test_models_with_the_same_verdict_share_a_sentence() -> None:
    tested = NullComparison(planned=1000, stop_at=10, has_arms=True, unit="points")
    models = ("measures", "by_arm", "by_arm_and_concurrent")
    rows = [
        {"timing": timing, "model": model, "finding": False, "p_imaging": p, "r2_nested": r2}
        | {
            "n_permutations_imaging": n,
            "r2_covariates_alone": -0.1,
            "n": 20.0 + (model == "by_arm"),
        }
        for (timing, model), p, r2, n in zip(
            [(timing, model) for timing in ("change", "baseline") for model in models],
            (0.095, 0.12, 0.6, 0.0005, 0.4, 0.06),
            (0.22, 0.03, -0.4, -0.01, -0.7, 0.1),
            (105.0, 88.0, 16.0, 1000.0, 25.0, 1000.0),
            strict=True,
        )
    ]
    rows[3]["r2_nested"] = 0.3
    rows[3]["finding"] = True
    shown, found = told_of(*rows, tested=tested, concurrent="madrs")
    assert shown == [
        "5 models: not shown to be better than their null.",
        "Change: measures alone; measures by arm; measures by arm, with improvement in madrs. "
        "Baseline: measures by arm; measures by arm, with improvement in madrs. "
        "The imaging measures are not shown to predict improvement in caps5 better than those of "
        "other participants of the same arm do: nested R\u00b2 from \u22120.70 to 0.22, p from "
        ".060 to .600, n = 20 to 21; 16 to 1,000 permutations, 4 of 5 tests stopped early when 10 "
        "were as good. Covariates alone: R\u00b2 = \u22120.10. p is near .05 (change: measures "
        "alone): run the group level again with --permutations 5000. The improvement in madrs is "
        "not known at baseline: the model with it explains with hindsight and is no prediction in "
        "time.",
    ]
    assert found[0] == "Baseline, measures alone: found."
    assert "p < .001, n = 20; 1,000 permutations), mean absolute error 3.1 points." in found[1]


def test_models_alike_in_both_timings_are_named_once() -> None:
    tested = NullComparison(planned=99, stop_at=np.nan, has_arms=False, unit="")
    rows = [
        {"timing": timing, "model": model, "p_imaging": 0.01}
        for timing in ("change", "baseline")
        for model in ("measures", "by_arm")
    ]
    ((opening, told),) = told_of(*rows, tested=tested)
    assert opening == "4 models: found."
    assert told == (
        "Change: measures alone; measures by arm. Baseline: the same. The imaging measures predict "
        "improvement in caps5 of participants whom the models have not seen: nested R\u00b2 = 0.20 "
        "(p = .010, n = 12; 99 permutations), mean absolute error 3.1."
    )


def test_models_without_result_share_a_sentence_where_the_reason_is_the_same() -> None:
    tested = NullComparison(planned=99, stop_at=10, has_arms=True, unit="")
    none = {"finding": False, "r2_nested": np.nan, "p_imaging": np.nan}
    few = none | {"reason": "3 participants, fewer than 8"}
    one = few | {"model": "by_arm", "reason": "all participants are in one arm (ketamine)"}
    told = told_of(few, one, few | {"model": "by_arm_and_concurrent"}, tested=tested)
    assert told == [
        ["2 models: no result.", "Baseline: measures alone; measures by arm, with improvement in a "
         "second outcome. 3 participants, fewer than 8."],
        ["Baseline, measures by arm: no result.", "All participants are in one arm (ketamine)."],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "longest", "shown"),
    [
        ("vmPFC \u2013 dACC", 21, "vmPFC \u2013 dACC"),
        ("anterior insula \u2013 anterior hippocampus", 21, "ant. ins. \u2013 ant. hip."),
        ("anterior insula \u2013 anterior hippocampus", 15, "ant. \u2026 hip."),
        ("linear discriminant contrast", 20, "linear dis. contrast"),
        ("7NetworksLHDefaultTemp12", 20, "7NetworksLHDefaultTemp12"),
        ("", 5, ""),
    ],
)
def test_long_names_are_shortened_at_words(label: str, longest: int, shown: str) -> None:
    assert shortened_at_words(label, longest) == shown


def test_families_that_would_read_alike_keep_their_names() -> None:
    long = "linear discriminant contrast"
    assert _family_labels([f"{long}, faces", "activation"]) == {
        f"{long}, faces": "linear dis. contrast, faces",
        "activation": "activation",
    }
    # Both would be "lin. dis. … val. two".
    alike = [f"linear discriminant {each} contrast values two" for each in ("A", "B")]
    assert _family_labels(alike) == {each: each for each in alike}


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
