"""The code and the numbers of docs/python.md, and the counts of docs/validation.md."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PYTHON = (ROOT / "docs" / "python.md").read_text("utf-8")
VALIDATION = (ROOT / "docs" / "validation.md").read_text("utf-8")
MANIFEST = ROOT.parent / "shared" / "reference" / "dcm_peb" / "manifest.json"


@pytest.fixture(scope="module")
def ran():
    """Return the names that the page's blocks leave behind."""
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PYTHON, flags=re.DOTALL):
        exec(block, names)
    return names


def test_the_example_gives_what_the_text_says(ran):
    group, found, score = ran["group"], ran["found"], ran["score"]
    assert group.parameters == ("V1 > V5 by motion",)
    mean, slope = group.posterior_mean[0] / [1.0, score.scale]
    flat = " ".join(PYTHON.split())
    assert f"comes out as {mean:.2f} Hz on average (planted: 0.40) and {slope:.3f} Hz" in flat
    assert f"is {group.posterior_probability[0, 1]:.2f} of the latter" in flat
    assert f"is {found.parameter_probability[1]:.2f}: a prior" in flat
    np.testing.assert_allclose([mean, slope], [0.40, 0.020], atol=0.1 * mean)


def test_the_prediction_gives_what_the_text_says(ran):
    grid, worth, test = ran["grid"], ran["worth"], ran["test"]
    flat = " ".join(PYTHON.split())
    assert grid.l1_ratio == 1.0
    assert (
        f"The lasso keeps {grid.n_selected} of the 30 predictors, with an R² of {grid.r2:.2f} in "
        f"the sample and of {grid.r2_left_out:.2f} with each participant left out"
    ) in flat
    assert f"The nested R² is {worth.r2:.2f}, and {test.n_exceeding} of the first " in flat
    assert f"{test.n_permutations} permutations do as well (p = {test.p_value:.2f})" in flat
    assert test.stopped


def test_the_mixed_model_gives_what_the_text_says(ran):
    row, flat = ran["difference"], " ".join(PYTHON.split())
    assert (
        f"under ketamine by {-row['estimate']:.1f} points (95 % interval {-row['ci_high']:.1f} to "
        f"{-row['ci_low']:.1f}; t({row['df']:.1f}) = {row['t']:.2f}, p = {row['p_value']:.3f})"
    ) in flat


def test_what_the_table_of_predictions_names_is_there():
    section = PYTHON.split("## Prediction, and what it is worth")[1]
    names = re.findall(r"`(bids_ketamine\.core\.prediction\.\w+)\.(\w+)\(", section)
    assert len(names) == 6
    for module, name in names:
        assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_what_the_table_names_is_there(ran):
    for module, name in (
        ("estimation", "models_of_pebs"),
        ("student_t", "estimate_student_t_peb"),
        ("sensitivity", "leave_out_each"),
        ("predictive_check", "predictive_check"),
        ("comparison", "compare_models"),
        ("comparison", "compare_families"),
        ("prediction", "leave_one_out"),
        ("reevaluation", "reevaluated_models"),
        ("reduction", "reduce_model"),
        ("search", "search_models"),
        ("trial", "analyse_trial"),
    ):
        assert name in PYTHON
        found = __import__(f"bids_ketamine.core.peb.{module}", fromlist=[name])
        assert callable(getattr(found, name))


@pytest.mark.skipif(not MANIFEST.exists(), reason="reference results are not beside the repository")
def test_counts_of_cases_are_those_of_the_reference():
    cases = json.loads(MANIFEST.read_text("utf-8"))["cases"]
    counts = Counter(case["quantity"] for case in cases)
    own = sum(n for quantity, n in counts.items() if quantity.startswith(("peb", "bmr")))
    assert f"| reduction and parametric empirical Bayes | SPM12 | {own} |" in VALIDATION
    rows = {
        "reduced models: mean, covariance": ("bmr", "bmr_switch_off"),
        "scores of reduced models": ("bmr_log_evidence", "bmr_log_evidence_switch_off"),
        "reduced models of templates": ("bmr_models",),
        "search over one participant's model": ("bmr_search",),
        "PEB: effects": ("peb",),
        "PEB of PEBs": ("peb_of_pebs",),
        "participants re-evaluated": ("peb_reevaluated_subjects",),
        "search over effects": ("peb_search",),
        "predefined models": ("peb_models",),
        "families": ("peb_families",),
        "leave-one-out": ("peb_loo",),
    }
    for start, quantities in rows.items():
        (line,) = (
            line
            for line in VALIDATION.splitlines()
            if line.startswith(f"| {start}") and line.count("|") == 5
        )
        assert int(line.split("|")[2]) == sum(counts[each] for each in quantities), start
