"""Missing predictors: against scikit-learn, with known values, and nothing learnt from others."""

import warnings

import numpy as np
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import RidgeCV

from bids_ketamine.core.prediction.imputation import (
    PENALTIES,
    imputed,
    imputed_sets,
    ridge,
    standardise,
    training_scale,
)

METHODS = ("chained_equations", "median")


def correlated(seed, n, p, *, noise=1.0):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, 2)) @ rng.standard_normal((2, p))
    return 5.0 + factors + noise * rng.standard_normal((n, p))


@pytest.mark.parametrize(("m", "p"), [(16, 30), (40, 8), (20, 20), (9, 1), (2, 4)])
def test_ridge_is_that_of_scikit_learn(m, p):
    rng = np.random.default_rng(m)
    predictors = rng.standard_normal((m, p))
    outcome = predictors[:, 0] + rng.standard_normal(m)
    reference = RidgeCV(alphas=PENALTIES).fit(predictors, outcome)
    intercept, slopes = ridge(predictors, outcome)
    np.testing.assert_allclose(slopes, reference.coef_, rtol=1e-9, atol=1e-12)
    assert intercept == pytest.approx(reference.intercept_, abs=1e-12)


@pytest.mark.parametrize(("n", "p"), [(14, 20), (30, 6)])
def test_chained_equations_are_those_of_scikit_learn_fitted_on_training_rows(n, p):
    values = correlated(n, n, p)
    values[np.ix_([1, 4, 6], range(2, p - 1))] = np.nan
    values[8, 0] = np.nan
    values[n - 1, 1:3] = np.nan  # a row that is left out lacks what all others have
    training = np.arange(n) < n - 2
    scale = (np.nanmean(values[training], axis=0), np.nanstd(values[training], axis=0, ddof=1))
    standardised = (values - scale[0]) / scale[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ten rounds may not settle it
        imputer = IterativeImputer(RidgeCV(alphas=PENALTIES)).fit(standardised[training])
    expected = imputer.transform(standardised) * scale[1] + scale[0]
    found = imputed(values, training=training, method="chained_equations")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    known = np.isfinite(values)
    assert np.array_equal(found[known], values[known])


def test_a_column_that_follows_another_is_recovered():
    rng = np.random.default_rng(3)
    values = rng.standard_normal((20, 1)) * [1.0, -2.0] + [0.0, 7.0]
    truth = values.copy()
    values[[2, 11], 1] = np.nan
    training = np.arange(20) != 11
    found = imputed(values, training=training, method="chained_equations")
    # The smallest penalty shrinks the slope by 0.1 of about 18.
    np.testing.assert_allclose(found, truth, atol=0.02)


def test_median_of_training_rows_even_and_odd():
    values = np.array([[1.0, 4.0], [np.nan, np.nan], [3.0, 8.0], [9.0, 1.0], [100.0, 5.0]])
    training = np.array([True, True, True, True, False])
    found = imputed(values, training=training, method="median")
    assert found[1].tolist() == [3.0, 4.0]
    everybody = imputed(values, training=np.ones(5, dtype=bool), method="median")
    assert everybody[1].tolist() == [6.0, 4.5]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_missing_costs_nothing(method):
    values = correlated(0, 8, 3)[np.newaxis]
    assert imputed_sets(values, training=np.ones((1, 8), dtype=bool), method=method) is values


@pytest.mark.parametrize("method", METHODS)
def test_rows_left_out_do_not_move_training_rows(method):
    values = correlated(1, 15, 9)
    values[np.ix_([1, 4, 6], range(3, 8))] = np.nan
    training = np.ones(15, dtype=bool)
    training[[4, 9]] = False
    changed = values.copy()
    changed[~training] = 1e3 * np.random.default_rng(0).standard_normal((2, 9))
    changed[9, :6] = np.nan
    found, again = (imputed(each, training=training, method=method) for each in (values, changed))
    assert np.array_equal(found[training], again[training])
    assert np.isfinite(again).all()


@pytest.mark.parametrize("method", METHODS)
def test_many_sets_equal_each_alone_to_the_last_digit(method):
    values = correlated(2, 13, 10)
    values[np.ix_([0, 5], range(4, 9))] = np.nan
    training = ~np.eye(13, dtype=bool)
    many = imputed_sets(np.broadcast_to(values, (13, 13, 10)), training=training, method=method)
    for one, rows in zip(many, training, strict=True):
        assert np.array_equal(one, imputed(values, training=rows, method=method))


@pytest.mark.parametrize("method", METHODS)
def test_columns_without_values_or_variation_among_training_rows(method):
    values = correlated(4, 10, 5)
    training = np.arange(10) < 8
    values[:8, 1] = np.nan  # only the rows left out have values
    values[:8, 2] = 0.1 + 0.2  # constant for the training rows
    values[[3, 9], 2] = np.nan
    values[1:8, 3] = np.nan  # a single value
    values[5, 0] = np.nan
    found = imputed(values, training=training, method=method)
    assert np.isfinite(found).all()
    assert (found[:8, 1] == 0.0).all()
    assert np.array_equal(found[8:, 1], values[8:, 1])
    assert (found[[*range(8), 9], 2] == 0.1 + 0.2).all()
    assert (found[:8, 3] == values[0, 3]).all()


def test_training_scale_and_scores():
    values = np.array([[1.0, 5.0, 2.0], [2.0, 5.0, np.nan], [6.0, 5.0, 2.5], [90.0, 8.0, 1.0]])
    training = np.array([[True, True, True, False]])
    scale = training_scale(values[np.newaxis], training=training)
    np.testing.assert_allclose(scale.mean, [[3.0, 5.0, 2.25]])
    np.testing.assert_allclose(scale.deviation, [[7**0.5, 0.0, 0.125**0.5]])
    scores = standardise(values[np.newaxis], scale)[0]
    np.testing.assert_allclose(scores[:, 0], np.array([-2, -1, 3, 87]) / 7**0.5)
    assert scores[:, 1].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert np.isnan(scores[1, 2])


def test_unknown_method():
    with pytest.raises(ValueError, match="method must be 'chained_equations' or 'median'"):
        imputed(np.zeros((2, 2)), training=np.ones(2, dtype=bool), method="mean")
