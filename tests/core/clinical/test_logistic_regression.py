"""Logistic regression: R, closed forms, separation, and data that have no fit."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from bids_ketamine.core.clinical.logistic_likelihood import (
    Likelihood,
    curvature,
    is_separated,
    log_likelihood,
    score,
)
from bids_ketamine.core.clinical.logistic_regression import logistic_regression
from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest
from tests.parity.readers import all_readers

FOLDER = Path(__file__).resolve().parents[2] / "reference" / "logistic_regression"


def fit(outcome, predictors, *, names=("x",), method="maximum_likelihood", level=0.95):
    return logistic_regression(
        outcome=outcome, predictors=predictors, names=names, method=method, confidence_level=level
    )


def test_every_case_of_r_is_within_its_tolerance():
    manifest = read_manifest(FOLDER)
    evaluation = Evaluation(manifest, all_readers())
    rows = [evaluation.judge(case) for case in manifest.cases.values()]
    assert [(row.id, row.note) for row in rows if row.verdict is not Verdict.PASS] == []
    assert len(rows) == 6


def test_a_table_of_two_by_two():
    """Log odds ratio log(8 * 6 / (2 * 4)), variance 1/8 + 1/2 + 1/4 + 1/6."""
    outcome, drug = [1] * 8 + [0] * 2 + [1] * 4 + [0] * 6, [1] * 10 + [0] * 10
    found = fit(outcome, drug, names=["drug"])
    np.testing.assert_allclose(found.estimates, [np.log(4 / 6), np.log(6)], rtol=1e-12)
    assert found.standard_errors[1] ** 2 == pytest.approx(1 / 8 + 1 / 2 + 1 / 4 + 1 / 6, rel=1e-12)
    # Likelihoods of 8 of 10 and 4 of 10 against 12 of 20.
    ratio = sum(a * np.log(a / b) for a, b in ((8, 6), (2, 4), (4, 6), (6, 4)))
    assert found.chi_square[1] == pytest.approx(2 * ratio, rel=1e-10)
    margin = stats.norm.ppf(0.975) * found.standard_errors[1]
    np.testing.assert_allclose(
        found.wald_intervals[1], np.log(6) + np.array([-margin, margin]), rtol=1e-12
    )
    assert (found.n, found.n_events, found.separated) == (20, 12, False)


def test_firth_of_a_table_adds_a_half_to_each_cell():
    """Jeffreys' prior of a saturated table of two groups: (a + 1/2) / (b + 1/2) in each."""
    outcome, drug = [1] * 5 + [1] * 2 + [0] * 4, [1] * 5 + [0] * 6
    found = fit(outcome, drug, method="firth_if_separated")
    assert (found.method, found.separated) == ("firth", True)
    in_drug, without = np.log(5.5 / 0.5), np.log(2.5 / 4.5)
    np.testing.assert_allclose(found.estimates, [without, in_drug - without], rtol=1e-10)


def test_profile_ends_lie_where_the_likelihood_has_fallen():
    """The slope of a regression through the intercept alone is profiled by hand."""
    random = np.random.default_rng(3)
    x = random.normal(size=30)
    y = (random.random(30) < 0.5).astype(float)
    found = fit(y, x, level=0.9)
    model = Likelihood(np.column_stack([np.ones(30), x]), y, penalized=False)
    for end in found.profile_intervals[1]:
        best = optimize.minimize_scalar(
            lambda b, end=end: -log_likelihood(model, np.array([b, end])), bracket=(-1, 1)
        )
        fallen = 2 * (found.log_likelihood + best.fun)
        assert fallen == pytest.approx(stats.chi2.ppf(0.9, 1), rel=1e-8)


@pytest.mark.parametrize("penalized", [False, True])
def test_slope_and_curvature_are_derivatives(penalized):
    random = np.random.default_rng(8)
    model = Likelihood(
        np.column_stack([np.ones(15), random.normal(size=(15, 2))]),
        (random.random(15) < 0.4).astype(float),
        penalized=penalized,
    )
    at = np.array([0.3, -0.8, 0.5])
    steps = 1e-5 * np.eye(3)
    slope = [
        (log_likelihood(model, at + step) - log_likelihood(model, at - step)) / 2e-5
        for step in steps
    ]
    np.testing.assert_allclose(score(model, at), slope, atol=1e-8)
    second = [(score(model, at + step) - score(model, at - step)) / -2e-5 for step in steps]
    np.testing.assert_allclose(curvature(model, at), second, atol=1e-8)


def test_units_and_origin_of_a_predictor():
    random = np.random.default_rng(2)
    x = random.normal(size=40)
    y = (random.random(40) < 1 / (1 + np.exp(-x))).astype(float)
    one, other = fit(y, x), fit(y, 1000.0 + 50.0 * x)
    for field in ("estimates", "standard_errors", "profile_intervals", "wald_intervals"):
        np.testing.assert_allclose(
            50.0 * getattr(other, field)[1], getattr(one, field)[1], rtol=1e-8
        )
    assert other.chi_square[1] == pytest.approx(one.chi_square[1], rel=1e-8)
    firth = [fit(y, each, method="firth") for each in (x, 1000.0 + 50.0 * x)]
    assert 50.0 * firth[1].estimates[1] == pytest.approx(firth[0].estimates[1], rel=1e-8)
    # l* holds the determinant of X' W X, which the unit multiplies by 50^2.
    change = firth[1].log_likelihood - firth[0].log_likelihood
    assert change == pytest.approx(np.log(50.0), rel=1e-9)


def test_without_separation_the_plain_likelihood_is_taken():
    outcome, x = [0, 1, 0, 1, 0, 1, 1], [1.0, 2, 3, 4, 5, 6, 7]
    found = fit(outcome, x, method="firth_if_separated")
    plain = fit(outcome, x)
    assert found.method == "maximum_likelihood"
    np.testing.assert_array_equal(found.estimates, plain.estimates)


@pytest.mark.parametrize(
    ("outcome", "x", "separated"),
    [
        ([0, 0, 1, 1], [1.0, 2, 3, 4], True),
        ([0, 0, 1, 0, 1], [1.0, 2, 3, 3, 4], True),  # both outcomes at 3
        ([0, 1, 0, 1], [1.0, 2, 3, 4], False),
        ([0, 0, 1, 1], [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3], True),
    ],
)
def test_separation(outcome, x, separated):
    design = np.column_stack([np.ones(len(x)), x])
    assert is_separated(design, np.array(outcome, dtype=float)) is separated


def test_participants_without_a_value_are_left_out_and_recorded():
    outcome = [0, 1, 0, 1, np.nan, 1, 0, 1]
    x = [1.0, 2, 3, np.nan, 5, 6, 7, 8]
    found = fit(outcome, x)
    assert found.complete.tolist() == [True, True, True, False, False, True, True, True]
    assert (found.n, found.n_events) == (6, 3)
    np.testing.assert_array_equal(
        found.estimates, fit([0, 1, 0, 1, 0, 1], [1.0, 2, 3, 6, 7, 8]).estimates
    )


@pytest.mark.parametrize(
    ("outcome", "x", "method", "reason"),
    [
        ([1, 1, 1], [1.0, 2, 3], "firth", "all outcomes equal"),
        ([0, 1, 0, 1], [0.1, 0.1, 0.1, 0.1], "firth", "a predictor is constant"),
        ([0, 0, 1, 1], [1.0, 2, 3, 4], "maximum_likelihood", "predictors separate the outcomes"),
        ([np.nan, 1], [1.0, np.nan], "firth", "nobody with the outcome and every predictor"),
    ],
)
def test_what_cannot_be_fitted_has_a_reason(outcome, x, method, reason):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit(outcome, x, method=method)
        table = found.table()
    assert found.reason.startswith(reason)
    assert np.isnan(found.estimates).all()
    assert np.isnan(found.profile_intervals).all()
    assert table["term"].tolist() == ["intercept", "x"]
    assert table["odds_ratio"].isna().all()


def test_two_predictors_that_are_one_have_no_fit():
    x = np.arange(6.0)
    found = fit([0, 1, 0, 1, 1, 0], np.column_stack([x, 2 * x + 1]), names=["a", "b"])
    assert found.reason == "a predictor is constant or a combination of others"


def test_table_has_odds_ratios_with_profile_ends():
    found = fit([0, 1, 0, 1, 0, 1, 1], [1.0, 2, 3, 4, 5, 6, 7])
    row = found.table().iloc[1]
    assert row["odds_ratio"] == np.exp(found.estimates[1])
    assert row["odds_ratio_low"] == np.exp(found.profile_intervals[1, 0])
    assert row["odds_ratio_high"] == np.exp(found.profile_intervals[1, 1])
    assert row["odds_ratio_low"] < row["odds_ratio"] < row["odds_ratio_high"]
    assert (row["method"], row["n"], row["n_events"]) == ("maximum_likelihood", 7, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"outcome": [0, 2], "predictors": [1, 2]}, "0 or 1"),
        ({"outcome": [0, 1], "predictors": [1, 2, 3]}, "same participants"),
        ({"outcome": [0, 1], "predictors": [1, 2], "names": ["a", "b"]}, "need a name each"),
        ({"outcome": [0, 1], "predictors": [1, 2], "names": ["intercept"]}, "need a name each"),
        ({"outcome": [0, 1], "predictors": [1, 2], "method": "probit"}, "method must be one of"),
        ({"outcome": [0, 1], "predictors": [1, 2], "level": 95}, "confidence_level"),
    ],
)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        fit(**arguments)
