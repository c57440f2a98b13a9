"""The elastic net beside scikit-learn's coordinate descent, and its optimality conditions."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from bids_ketamine.core.prediction.elastic_net import elastic_net_at, elastic_net_path

L1_RATIOS = (0.0, 0.05, 0.5, 1.0)
SHAPES = {"p < n": (40, 8), "p > n": (20, 45)}
N_PENALTIES = 100


def random_data(n, p, seed):
    """Draw correlated predictors of unlike scales, and an outcome of some of them."""
    source = np.random.default_rng(seed)
    design = source.normal(size=(n, p)) + 0.7 * source.normal(size=(n, 1))
    design = design * np.exp(source.normal(size=p)) + 5.0 * source.normal(size=p)
    slopes = np.where(np.arange(p) % 4 == 0, 3.0, 0.0) / design.std(axis=0)
    return design, 50.0 + design @ slopes + 6.0 * source.normal(size=n)


def standardised(design, outcome):
    """Return columns and outcome with mean 0 and mean square 1, and their scales."""
    scales, spread = design.std(axis=0), outcome.std()
    divisors = np.where(scales > 0.0, scales, 1.0)
    return (design - design.mean(axis=0)) / divisors, (outcome - outcome.mean()) / spread, spread


def scikit_learn_slopes(design, outcome, *, l1_ratio, penalties):
    """Solve in scikit-learn, to the last digits; slopes (L, p) on the scale of the columns."""
    columns, target, spread = standardised(design, outcome)
    n, p = columns.shape
    if l1_ratio == 0.0:  # coordinate descent has no path without an l1 part
        gram, products = columns.T @ columns / n, columns.T @ target / n
        found = np.array(
            [np.linalg.solve(gram + each / spread * np.eye(p), products) for each in penalties]
        ).T
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # no gap of 1e-14 is reached
            _, found, _ = enet_path(
                columns,
                target,
                l1_ratio=l1_ratio,
                alphas=penalties / spread,
                tol=1e-14,
                max_iter=20_000,
            )
    scales = design.std(axis=0)
    return found.T * spread / np.where(scales > 0.0, scales, np.inf)


def optimality_violations(design, outcome, path, *, l1_ratio):
    """Return by how much the conditions of a minimum are missed, shape (L,).

    With columns and outcome of mean square 1, the gradient is the l1 penalty times the sign of a
    slope that is not 0, and at most the l1 penalty where the slope is 0.
    """
    columns, target, spread = standardised(design, outcome)
    missed = []
    for penalty, slopes in zip(path.penalties / spread, path.slopes, strict=True):
        own = slopes * design.std(axis=0) / spread
        residual = target - columns @ own
        gradient = columns.T @ residual / len(target) - penalty * (1.0 - l1_ratio) * own
        limit = penalty * l1_ratio
        inside = np.maximum(np.abs(gradient) - limit, 0.0)
        missed.append(np.where(own != 0.0, np.abs(gradient - limit * np.sign(own)), inside).max())
    return np.array(missed)


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_path_is_scikit_learns(shape, l1_ratio):
    design, outcome = random_data(*SHAPES[shape], seed=1)
    path = elastic_net_path(
        design=design, outcome=outcome, l1_ratio=l1_ratio, n_penalties=N_PENALTIES
    )
    expected = scikit_learn_slopes(design, outcome, l1_ratio=l1_ratio, penalties=path.penalties)
    expected[0] = 0.0  # glmnet's first row, for ridge too
    in_deviations = (path.slopes - expected) * design.std(axis=0) / outcome.std()
    # Coordinate descent ends about this far from the minimum where predictors are many.
    np.testing.assert_allclose(in_deviations, 0.0, atol=1e-8 if shape == "p < n" else 1e-6)
    fitted = path.intercepts[:, None] + path.slopes @ design.T
    np.testing.assert_allclose(fitted.mean(axis=1), outcome.mean(), rtol=1e-12)


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(5))
def test_every_row_of_a_path_is_a_minimum(shape, l1_ratio, seed):
    design, outcome = random_data(*SHAPES[shape], seed=seed)
    path = elastic_net_path(
        design=design, outcome=outcome, l1_ratio=l1_ratio, n_penalties=N_PENALTIES
    )
    missed = optimality_violations(design, outcome, path, l1_ratio=l1_ratio)
    first = 1 if l1_ratio == 0.0 else 0  # slopes of ridge are not 0 at any penalty
    assert missed[first:].max() < 1e-9
    assert not path.slopes[0].any()
    assert path.intercepts[0] == pytest.approx(outcome.mean(), rel=1e-14)


@pytest.mark.parametrize(("shape", "ratio"), [("p < n", 1e-4), ("p > n", 1e-2)])
@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
def test_penalties_fall_geometrically_from_the_first_that_leaves_nothing(shape, ratio, l1_ratio):
    design, outcome = random_data(*SHAPES[shape], seed=2)
    path = elastic_net_path(design=design, outcome=outcome, l1_ratio=l1_ratio, n_penalties=50)
    columns, _, _ = standardised(design, outcome)
    slopes = np.abs(columns.T @ (outcome - outcome.mean())) / len(outcome)
    largest = slopes.max() / max(l1_ratio, 0.001)
    wanted = largest * ratio ** (np.arange(50) / 49.0)
    np.testing.assert_allclose(path.penalties, wanted[: len(path.penalties)], rtol=1e-12)


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_path_ends_where_it_explains_nearly_all_or_gains_nearly_nothing(shape, l1_ratio):
    design, outcome = random_data(*SHAPES[shape], seed=3)
    outcome = design[:, 0] + 1e-3 * outcome
    path = elastic_net_path(
        design=design, outcome=outcome, l1_ratio=l1_ratio, n_penalties=N_PENALTIES
    )
    columns, target, spread = standardised(design, outcome)
    own = path.slopes * design.std(axis=0) / spread
    explained = 1.0 - np.mean((target - own @ columns.T) ** 2, axis=1)
    gains = np.diff(explained, prepend=0.0)
    ends = (gains < 1e-5 * explained) | (explained > 0.999)
    ends[:4] = False  # so many there are at least
    stop = int(np.argmax(ends)) + 1 if ends.any() else N_PENALTIES
    assert len(path.penalties) == stop
    if l1_ratio >= 0.5:
        assert stop < N_PENALTIES


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("shape", SHAPES)
def test_solutions_at_given_penalties_are_minima_in_any_order(shape, l1_ratio):
    design, outcome = random_data(*SHAPES[shape], seed=4)
    penalties = np.array([0.3, 4.0, 0.05, 1.0]) * outcome.std()
    given = elastic_net_at(design=design, outcome=outcome, l1_ratio=l1_ratio, penalties=penalties)
    np.testing.assert_array_equal(given.penalties, penalties)
    assert optimality_violations(design, outcome, given, l1_ratio=l1_ratio).max() < 1e-9
    for place, penalty in enumerate(penalties):
        alone = elastic_net_at(
            design=design, outcome=outcome, l1_ratio=l1_ratio, penalties=np.array([penalty])
        )
        np.testing.assert_allclose(given.slopes[place], alone.slopes[0], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_column_gets_no_slope_and_changes_nothing(shape, l1_ratio, value):
    design, outcome = random_data(*SHAPES[shape], seed=5)
    wide = np.insert(design, 3, value, axis=1)
    settings = {"outcome": outcome, "l1_ratio": l1_ratio}
    penalties = np.array([8.0, 2.0, 0.5])
    alone = elastic_net_at(design=design, penalties=penalties, **settings)
    beside = elastic_net_at(design=wide, penalties=penalties, **settings)
    assert not beside.slopes[:, 3].any()
    np.testing.assert_allclose(
        np.delete(beside.slopes, 3, axis=1), alone.slopes, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(beside.intercepts, alone.intercepts, rtol=1e-12)
    path = elastic_net_path(design=wide, n_penalties=20, **settings)
    assert np.isfinite(path.slopes).all()
    assert not path.slopes[:, 3].any()


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("shape", SHAPES)
def test_duplicate_columns_fit_as_one_and_share_its_slope_where_there_is_ridge(shape, l1_ratio):
    design, outcome = random_data(*SHAPES[shape], seed=6)
    twice = np.column_stack([design, 2.0 * design[:, :2]])
    path = elastic_net_path(
        design=twice, outcome=outcome, l1_ratio=l1_ratio, n_penalties=N_PENALTIES
    )
    first = 1 if l1_ratio == 0.0 else 0
    missed = optimality_violations(twice, outcome, path, l1_ratio=l1_ratio)
    assert missed[first:].max() < 1e-9
    if l1_ratio < 1.0:
        np.testing.assert_allclose(
            path.slopes[:, -2:] * 2.0, path.slopes[:, :2], rtol=1e-6, atol=1e-9
        )
    else:  # how the slope is shared is not determined, but what is fitted
        alone = elastic_net_at(
            design=design, outcome=outcome, l1_ratio=1.0, penalties=path.penalties
        )
        np.testing.assert_allclose(
            path.intercepts[:, None] + path.slopes @ twice.T,
            alone.intercepts[:, None] + alone.slopes @ design.T,
            atol=1e-7 * outcome.std(),
        )


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
def test_nearly_duplicate_columns_are_a_minimum(l1_ratio):
    design, outcome = random_data(20, 45, seed=7)
    source = np.random.default_rng(7)
    design[:, 1] = design[:, 0] + 1e-7 * design[:, 0].std() * source.normal(size=20)
    path = elastic_net_path(
        design=design, outcome=outcome, l1_ratio=l1_ratio, n_penalties=N_PENALTIES
    )
    missed = optimality_violations(design, outcome, path, l1_ratio=l1_ratio)
    assert missed[1:].max() < 1e-9


def test_scale_and_place_of_columns_and_outcome_leave_the_fit_as_it_is():
    design, outcome = random_data(20, 45, seed=8)
    source = np.random.default_rng(8)
    scales, places = np.exp(3.0 * source.normal(size=45)), source.normal(size=45)
    one = elastic_net_path(design=design, outcome=outcome, l1_ratio=0.5, n_penalties=N_PENALTIES)
    other = elastic_net_path(
        design=design * scales + places,
        outcome=1000.0 * outcome - 7.0,
        l1_ratio=0.5,
        n_penalties=N_PENALTIES,
    )
    np.testing.assert_allclose(other.penalties, 1000.0 * one.penalties, rtol=1e-10)
    np.testing.assert_allclose(
        other.slopes * scales / 1000.0, one.slopes, rtol=1e-6, atol=1e-8 * one.slopes.std()
    )


def test_one_predictor_is_shrunk_as_the_equation_says():
    """With one column, the slope is (r - l1) / (1 + l2) in deviations of both."""
    design = np.arange(12.0)[:, None]
    outcome = 3.0 * design[:, 0] + np.tile([1.0, -1.0], 6)
    spread, scale = outcome.std(), design.std()
    r = np.corrcoef(design[:, 0], outcome)[0, 1]
    penalty, l1_ratio = 2.5, 0.4
    found = elastic_net_at(
        design=design, outcome=outcome, l1_ratio=l1_ratio, penalties=np.array([penalty])
    )
    l1, l2 = penalty * l1_ratio / spread, penalty * (1.0 - l1_ratio) / spread
    expected = (r - l1) / (1.0 + l2) * spread / scale
    assert found.slopes[0, 0] == pytest.approx(expected, rel=1e-12)
    assert found.intercepts[0] == pytest.approx(outcome.mean() - 5.5 * expected, rel=1e-12)


def test_design_and_outcome_are_left_as_they_are():
    design, outcome = random_data(20, 45, seed=9)
    kept = design.copy(), outcome.copy()
    elastic_net_path(design=design, outcome=outcome, l1_ratio=0.5, n_penalties=10)
    np.testing.assert_array_equal(design, kept[0])
    np.testing.assert_array_equal(outcome, kept[1])


@pytest.mark.parametrize("seed", range(20))
def test_copies_and_mirror_images_of_columns(seed):
    """A column that left by rounding alone may come back once others have moved."""
    source = np.random.default_rng(seed)
    n, p = 24, 30
    design = source.normal(size=(n, p))
    copied = source.integers(0, p, size=2 * p)
    design = np.column_stack([design, design[:, copied] * source.choice([-1.0, 1.0], size=2 * p)])
    outcome = design[:, 0] - design[:, 3] + source.normal(size=n)
    for l1_ratio in (0.1, 0.5, 0.9):
        path = elastic_net_path(
            design=design, outcome=outcome, l1_ratio=l1_ratio, n_penalties=N_PENALTIES
        )
        missed = optimality_violations(design, outcome, path, l1_ratio=l1_ratio)
        assert missed[1:].max() < 1e-9


def test_a_descent_that_does_not_come_to_rest_is_an_error():
    source = np.random.default_rng(2)
    design = source.normal(size=(20, 8))
    design[:, 1] = design[:, 0] + 1e-6 * source.normal(size=20)
    outcome = design[:, 0] + design[:, 1] + source.normal(size=20)
    with pytest.raises(ArithmeticError, match="does not come to rest"):
        elastic_net_path(
            design=design, outcome=outcome, l1_ratio=1.0, n_penalties=100, threshold=1e-20
        )
