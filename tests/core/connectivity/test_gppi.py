"""Generalized PPI: closed forms, what can be estimated, errors, directions, runs."""

import numpy as np
import pytest

from bids_ketamine.core.connectivity.interaction_model import (
    fisher_z_clipped,
    fit_seed,
    semipartial_correlation,
    without,
)
from tests.core.connectivity.task_series import block_regressors, estimated, plain_run

BOTH = ("regression", "correlation")


def rest_of(column, others):
    """Return what least squares on other columns and a constant leave of a column."""
    model = np.column_stack([np.ones(len(column)), others])
    return column - model @ np.linalg.lstsq(model, column, rcond=None)[0]


def columns_of(series, conditions, seed=0):
    return np.column_stack([series[:, seed], conditions, series[:, [seed]] * conditions])


def pair(rng, n_scans=200, n_regions=3, **blocks):
    return rng.normal(size=(n_scans, n_regions)), block_regressors(n_scans, **blocks)


# Least squares --------------------------------------------------------------------------------


def test_one_condition_without_noise_gives_the_coefficient_that_was_put_in():
    rng = np.random.default_rng(0)
    condition = (np.arange(60) // 10 % 2)[:, None].astype(float)
    seed = rng.normal(size=60)
    target = 2.0 * seed + 3.0 * condition[:, 0] + 0.5 * seed * condition[:, 0] + 11.0
    found = estimated(plain_run(np.column_stack([seed, target]), condition))
    assert found.value[0, 1, 0] == pytest.approx(0.5, abs=1e-12)
    assert found.standard_error[0, 1, 0] < 1e-12


def test_the_correlation_is_that_with_what_other_columns_leave_of_the_interaction():
    series, conditions = pair(np.random.default_rng(1))
    found = estimated(plain_run(series, conditions), measure="correlation")
    columns = columns_of(series, conditions)
    for condition, column in ((0, 3), (1, 4)):
        rest = rest_of(columns[:, column], np.delete(columns, column, axis=1))
        for target in (1, 2):
            r = np.corrcoef(rest, series[:, target])[0, 1]
            assert found.value[0, target, condition] == pytest.approx(np.arctanh(r), abs=1e-12)


def test_least_squares_of_a_seed_are_numpys_whatever_the_scales():
    rng = np.random.default_rng(2)
    columns = rng.normal(size=(80, 5)) * [1.0, 1e-6, 1e5, 1.0, 1e-3]
    targets = rng.normal(size=(80, 3))
    fit = fit_seed(columns, targets)
    size = np.linalg.norm(columns, axis=0)
    expected = np.linalg.lstsq(columns / size, targets, rcond=None)[0] / size[:, None]
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-9)
    # Of a sum of columns: the correlation with its fitted direction.
    weights = np.array([[0.0], [2.0], [0.0], [-1.0], [0.0]])
    dual = columns @ fit.gram @ weights[:, 0]
    r = (dual @ targets) / np.linalg.norm(dual) / np.linalg.norm(targets, axis=0)
    np.testing.assert_allclose(semipartial_correlation(fit, targets, weights)[0], r, atol=1e-12)


def test_fisher_z_of_one_is_large_and_finite():
    eps = np.finfo(float).eps
    z = fisher_z_clipped(np.array([0.5, 1.0, -1.0 - 1e-12]))
    limit = 0.5 * np.log((2 - eps) / eps)
    np.testing.assert_allclose(z, [0.5 * np.log(3.0), limit, -limit], rtol=1e-12)


def test_without_takes_a_projection_of_any_shape():
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.normal(size=(30, 4)))[0]
    columns = rng.normal(size=(30, 2, 3)) * 1e8
    rest = without(columns, basis)
    expected = np.einsum("st,tij->sij", np.eye(30) - basis @ basis.T, columns)
    np.testing.assert_allclose(rest, expected, atol=1e-6)
    assert np.abs(np.einsum("tk,tij->kij", basis, rest)).max() < 1e-7


# Effects --------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", BOTH)
def test_a_contrast_is_the_weighted_sum_of_conditions(measure):
    series, conditions = pair(np.random.default_rng(4), n_conditions=3)
    effects = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, -0.5, -0.5], [0, 0, 0]]
    value = estimated(plain_run(series, conditions), effects=effects, measure=measure).value
    expected = value[..., 0] - 0.5 * value[..., 1] - 0.5 * value[..., 2]
    np.testing.assert_allclose(value[..., 3], expected, atol=1e-12)
    assert value[0, 1, 4] == 0.0


@pytest.mark.parametrize("measure", BOTH)
def test_the_level_of_regressors_in_the_product_does_not_matter(measure):
    series, conditions = pair(np.random.default_rng(5))
    run = plain_run(series, conditions)
    centred = series[:, :, None] * (conditions - [0.4, -3.0])[:, None, :]
    found = estimated(run, measure=measure)
    moved = estimated(run._replace(interactions=centred), measure=measure)
    np.testing.assert_allclose(moved.value, found.value, atol=1e-11)
    np.testing.assert_allclose(moved.standard_error, found.standard_error, atol=1e-11)


def test_scales_of_series():
    series, conditions = pair(np.random.default_rng(6))
    scales = np.array([1e-3, 40.0, 1e4])
    runs = plain_run(series, conditions), plain_run(series * scales, conditions)
    first, second = (estimated(run, measure="correlation", noise_reach=10) for run in runs)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-8, atol=1e-9)
    first, second = (estimated(run, noise_reach=10) for run in runs)
    ratio = (scales[None, :] / scales[:, None])[..., None]
    np.testing.assert_allclose(second.value, first.value * ratio, rtol=1e-8)
    np.testing.assert_allclose(second.standard_error, first.standard_error * ratio, rtol=1e-8)


@pytest.mark.parametrize("measure", BOTH)
def test_the_order_of_regions_and_conditions_does_not_matter(measure):
    series, conditions = pair(np.random.default_rng(7), n_regions=4, n_conditions=3)
    order, turn = [2, 0, 3, 1], [1, 2, 0]
    found = estimated(plain_run(series, conditions), measure=measure, noise_reach=8)
    other = estimated(
        plain_run(series[:, order], conditions[:, turn]), measure=measure, noise_reach=8
    )
    for one, moved in zip(found[:4], other[:4], strict=True):
        np.testing.assert_allclose(moved, one[np.ix_(order, order, turn)], atol=1e-10)
    np.testing.assert_allclose(other.residual_df, found.residual_df[order], atol=1e-8)


# What can be estimated ------------------------------------------------------------------------


@pytest.mark.parametrize("measure", BOTH)
def test_a_condition_without_events_costs_only_what_weights_it(measure):
    series, conditions = pair(np.random.default_rng(8))
    empty = np.column_stack([conditions, np.zeros(200)])
    effects = [[1, 0, 0], [1, -1, 0], [0, 0, 1], [1, 0, -1]]
    found = estimated(plain_run(series, empty), effects=effects, measure=measure)
    present = estimated(plain_run(series, conditions), effects=[[1, 0], [1, -1]], measure=measure)
    np.testing.assert_allclose(found.value[..., :2], present.value, atol=1e-12)
    np.testing.assert_allclose(found.standard_error[..., :2], present.standard_error, atol=1e-12)
    assert np.isnan(found.value[..., 2:]).all()
    assert np.isnan(found.standard_error[..., 2:]).all()
    assert np.isinf(found.variance_inflation[:, 2:]).all()
    np.testing.assert_allclose(found.variance_inflation[:, :2], present.variance_inflation)


def test_of_two_conditions_that_are_always_on_regression_estimates_the_difference_alone():
    rng = np.random.default_rng(9)
    faces = (np.arange(200) // 9 % 2).astype(float)
    conditions = np.column_stack([faces, 1.0 - faces])
    seed = rng.normal(size=200)
    target = seed * (conditions @ [0.9, 0.4])
    found = estimated(
        plain_run(np.column_stack([seed, target]), conditions),
        effects=[[1, 0], [0, 1], [1, 1], [1, -1]],
    )
    assert found.value[0, 1, 3] == pytest.approx(0.5, abs=1e-10)
    assert np.isnan(found.value[0, 1, :3]).all()
    assert np.isinf(found.variance_inflation[0, :3]).all()
    # The same model without the redundant columns.
    shorter = estimated(plain_run(np.column_stack([seed, target]), conditions[:, :1]))
    assert shorter.value[0, 1, 0] == pytest.approx(0.5, abs=1e-10)


def test_fisher_z_of_conditions_that_cannot_be_estimated_have_no_difference():
    rng = np.random.default_rng(10)
    faces = (np.arange(200) // 9 % 2).astype(float)
    run = plain_run(rng.normal(size=(200, 2)), np.column_stack([faces, 1.0 - faces]))
    found = estimated(run, effects=[[1, -1]], measure="correlation")
    assert np.isnan(found.value[0, 1, 0])


def test_conditions_that_fill_the_run_have_the_differences_of_least_squares():
    rng = np.random.default_rng(11)
    effects = [[1, -1, 0, 0]]
    for _ in range(40):
        blocks = np.concatenate([np.arange(4), rng.integers(0, 4, size=23)])
        conditions = np.eye(4)[blocks.repeat(8)[:215]]
        series = rng.normal(size=(215, 2))
        found = estimated(plain_run(series, conditions), effects=effects)
        # The last condition as baseline; errors scale with the coefficient of the difference.
        columns = columns_of(series, conditions[:, :3])
        model = np.column_stack([np.ones(215), columns])
        coefficients = np.linalg.lstsq(model, series[:, 1], rcond=None)[0]
        assert found.value[0, 1, 0] == pytest.approx(coefficients[-3] - coefficients[-2], abs=1e-8)
        residuals = series[:, 1] - model @ coefficients
        dual = np.linalg.pinv(model)[-3] - np.linalg.pinv(model)[-2]
        error = np.linalg.norm(dual) * np.sqrt(residuals @ residuals / (215 - 8))
        assert found.standard_error[0, 1, 0] == pytest.approx(error, rel=0.01)


@pytest.mark.parametrize("measure", BOTH)
def test_an_interaction_made_of_other_columns_has_no_value(measure):
    series, conditions = pair(np.random.default_rng(12))
    again = np.column_stack([conditions, conditions @ [0.5, 1.0]])
    found = estimated(plain_run(series, again), measure=measure)
    assert np.isnan(found.value).all()
    assert np.isnan(found.mean_standard_error).all()
    assert np.isinf(found.variance_inflation).all()


def test_of_a_condition_twice_the_sum_is_estimated():
    series, conditions = pair(np.random.default_rng(13))
    first, second = conditions.T
    run = plain_run(series, np.column_stack([first, 2.0 * first, second]))
    # y = b x + c (2 x): b + 2 c is what a model with x alone has.
    found = estimated(run, effects=[[1, 2, 0], [0, 0, 1], [1, 0, 0]])
    alone = estimated(plain_run(series, conditions))
    np.testing.assert_allclose(found.value[..., :2], alone.value, atol=1e-10)
    assert np.isnan(found.value[..., 2]).all()


def test_a_seed_without_variance_has_no_values():
    series, conditions = pair(np.random.default_rng(14))
    series[:, 1] = 0.0
    found = estimated(plain_run(series, conditions))
    assert np.isnan(found.value[1]).all()
    assert np.isinf(found.variance_inflation[1]).all()
    rest = estimated(plain_run(series[:, [0, 2]], conditions))
    np.testing.assert_allclose(found.value[0, 2], rest.value[0, 1], atol=1e-12)


@pytest.mark.parametrize("measure", BOTH)
def test_a_target_without_variance_has_no_values(measure):
    series, conditions = pair(np.random.default_rng(15))
    series[:, 1] = 0.0
    found = estimated(plain_run(series, conditions), measure=measure)
    assert np.isnan(found.value[[0, 2], 1]).all()


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value encountered")
def test_one_region_has_no_pairs_and_one_condition_is_enough():
    series, conditions = pair(np.random.default_rng(16))
    alone = estimated(plain_run(series[:, :1], conditions))
    assert alone.value.shape == (1, 1, 2)
    assert np.isnan(alone.value).all()
    one = estimated(plain_run(series, conditions[:, :1]), measure="correlation")
    assert one.value.shape == (3, 3, 1)
    assert np.isfinite(one.value[~np.eye(3, dtype=bool)]).all()
    assert np.isnan(one.value[np.eye(3, dtype=bool)]).all()


def test_without_degrees_of_freedom_there_are_no_errors():
    series, conditions = pair(np.random.default_rng(17), n_scans=20, duration=6.0)
    run = plain_run(series, conditions)._replace(residual_df=4.0, filtered_df=4.0)
    found = estimated(run, noise_reach=3)
    assert np.isnan(found.standard_error).all()
    np.testing.assert_array_equal(found.residual_df, 0.0)


# Collinearity ---------------------------------------------------------------------------------


def test_inflation_is_that_of_the_textbook():
    series, conditions = pair(np.random.default_rng(18))
    found = estimated(plain_run(series, conditions), effects=[[1, 0], [0, 1], [1, -1]])
    columns = columns_of(series, conditions)
    centred = columns - columns.mean(axis=0)
    for condition, column in ((0, 3), (1, 4)):
        rest = rest_of(columns[:, column], np.delete(columns, column, axis=1))
        inflation = np.sum(centred[:, column] ** 2) / np.sum(rest**2)
        assert found.variance_inflation[0, condition] == pytest.approx(inflation, rel=1e-10)
    gram = np.linalg.inv(centred.T @ centred)[3:, 3:]
    alone = np.sum(1.0 / np.sum(centred[:, 3:] ** 2, axis=0))
    expected = (gram[0, 0] + gram[1, 1] - 2 * gram[0, 1]) / alone
    assert found.variance_inflation[0, 2] == pytest.approx(expected, rel=1e-10)


def test_task_correlation_is_that_of_interaction_and_task():
    series, conditions = pair(np.random.default_rng(19))
    series += 0.7
    found = estimated(plain_run(series, conditions), effects=[[1, 0], [1, -1]])
    for effect, weights in enumerate(([1, 0], [1, -1])):
        task = conditions @ weights
        expected = np.corrcoef(series[:, 1] * task, task)[0, 1]
        assert found.task_correlation[1, effect] == pytest.approx(expected, abs=1e-12)


# Errors ---------------------------------------------------------------------------------------


def test_the_error_of_white_noise_is_the_textbooks():
    rng = np.random.default_rng(20)
    series, conditions = pair(rng, n_scans=400)
    found = estimated(plain_run(series, conditions), effects=[[1, 0], [1, -1]])
    model = np.column_stack([np.ones(400), columns_of(series, conditions)])
    gram = np.linalg.inv(model.T @ model)
    coefficients = gram @ model.T @ series[:, 1]
    residuals = series[:, 1] - model @ coefficients
    df = 400 - model.shape[1]
    for effect, weights in enumerate(([0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, -1])):
        weights = np.array(weights)
        assert found.value[0, 1, effect] == pytest.approx(weights @ coefficients, abs=1e-12)
        error = np.sqrt(weights @ gram @ weights * (residuals @ residuals) / df)
        assert found.standard_error[0, 1, effect] == pytest.approx(error, rel=0.003)
    assert found.residual_df[0] == pytest.approx(df, abs=1e-6)


def test_the_error_of_fisher_z_is_that_of_the_regression_linearised():
    series, conditions = pair(np.random.default_rng(21))
    series[:, 1] += 0.8 * series[:, 0] * conditions[:, 0]
    run = plain_run(series, conditions)
    regression = estimated(run, noise_reach=6)
    correlation = estimated(run, noise_reach=6, measure="correlation")
    r = np.tanh(correlation.value[0, 1])
    slope = r / regression.value[0, 1] / (1.0 - r**2)
    assert r[0] > 0.2
    np.testing.assert_allclose(
        correlation.standard_error[0, 1], slope * regression.standard_error[0, 1], rtol=1e-10
    )


@pytest.mark.parametrize("measure", BOTH)
def test_both_directions_and_their_mean(measure):
    rng = np.random.default_rng(22)
    series, conditions = pair(rng, n_regions=4)
    series += 0.8 * rng.normal(size=(200, 1))
    effects = [[1, 0], [1, -1]]
    found = estimated(plain_run(series, conditions), effects=effects, measure=measure)
    assert np.nanmax(np.abs(found.value - found.value.swapaxes(0, 1))) > 0.01
    np.testing.assert_allclose(found.mean, (found.value + found.value.swapaxes(0, 1)) / 2)
    np.testing.assert_array_equal(found.mean, found.mean.swapaxes(0, 1))
    error, back = found.standard_error, found.standard_error.swapaxes(0, 1)
    np.testing.assert_allclose(
        found.mean_standard_error, found.mean_standard_error.swapaxes(0, 1), rtol=1e-10
    )
    apart = ~np.eye(4, dtype=bool)
    assert np.all(found.mean_standard_error[apart] <= (error + back)[apart] / 2 + 1e-12)
    assert np.all(found.mean_standard_error[apart] >= np.abs(error - back)[apart] / 2 - 1e-12)


def test_errors_of_both_directions_between_regions_that_are_nearly_alike_cancel():
    # y = s + e: what e adds to the coefficient of one direction it takes from the other.
    rng = np.random.default_rng(23)
    seed, conditions = rng.normal(size=300), block_regressors(300)
    series = np.column_stack([seed, seed + 0.01 * rng.normal(size=300)])
    found = estimated(plain_run(series, conditions))
    np.testing.assert_allclose(found.value[1, 0], -found.value[0, 1], rtol=0.2, atol=1e-4)
    assert np.all(np.abs(found.mean[0, 1]) < 0.1 * np.abs(found.value[0, 1]))
    assert np.all(found.mean_standard_error[0, 1] < 0.05 * found.standard_error[0, 1])


# Runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_scans", [(120, 120), (90, 160)])
def test_two_runs_are_one_model_with_a_mean_for_each_run(n_scans):
    rng = np.random.default_rng(24)
    parts = [pair(rng, n_scans=length) for length in n_scans]
    shifted = [(series + 30.0 * run, h + run) for run, (series, h) in enumerate(parts)]
    found = estimated(*(plain_run(series, h) for series, h in parts), effects=[[1, 0], [1, -1]])
    series, conditions = (np.concatenate(each) for each in zip(*parts, strict=True))
    means = np.repeat(np.eye(2), n_scans, axis=0)
    model = np.column_stack([means, columns_of(series, conditions)])
    gram = np.linalg.inv(model.T @ model)
    coefficients = gram @ model.T @ series[:, 2]
    assert found.value[0, 2, 0] == pytest.approx(coefficients[-2], abs=1e-11)
    assert found.value[0, 2, 1] == pytest.approx(coefficients[-2] - coefficients[-1], abs=1e-11)
    df = sum(n_scans) - model.shape[1]
    residuals = series[:, 2] - model @ coefficients
    error = np.sqrt(gram[-2, -2] * (residuals @ residuals) / df)
    assert found.standard_error[0, 2, 0] == pytest.approx(error, rel=0.006)
    assert found.residual_df[0] == pytest.approx(df, abs=1e-6)
    # Levels of targets and conditions differ from run to run; products are given.
    moved = [
        run._replace(targets=series, conditions=h)
        for run, (series, h) in zip((plain_run(*part) for part in parts), shifted, strict=True)
    ]
    np.testing.assert_allclose(
        estimated(*moved, effects=[[1, 0], [1, -1]]).value, found.value, atol=1e-11
    )


def test_a_condition_of_one_run_alone_is_estimated():
    rng = np.random.default_rng(25)
    (first, both), (second, h) = pair(rng), pair(rng)
    single = h * [1.0, 0.0]
    found = estimated(plain_run(first, both), plain_run(second, single))
    assert np.isfinite(found.value[0, 1]).all()
    none = estimated(plain_run(first, both * [1.0, 0.0]), plain_run(second, single))
    assert np.isfinite(none.value[0, 1, 0])
    assert np.isnan(none.value[0, 1, 1])


def test_a_run_twice_has_the_same_values_and_smaller_errors():
    series, conditions = pair(np.random.default_rng(26))
    run = plain_run(series, conditions)
    once, twice = estimated(run), estimated(run, run)
    np.testing.assert_allclose(twice.value, once.value, atol=1e-12)
    ratio = twice.standard_error[0, 1] / once.standard_error[0, 1]
    # |e|^2 and X'X double; 200 - 5 and 400 - 5 degrees of freedom, and a mean of each run.
    np.testing.assert_allclose(ratio, np.sqrt((200 - 6) / (400 - 7)), rtol=0.003)
