"""Predictions of those who had no say: against two plain loops, and what they may not see."""

import numpy as np
import pytest

from bids_ketamine.core.prediction.accuracy import accuracy
from bids_ketamine.core.prediction.elastic_net import elastic_net_path
from bids_ketamine.core.prediction.grid import leave_one_out_grid
from bids_ketamine.core.prediction.nested import (
    balanced_folds,
    nested_k_fold,
    nested_leave_one_out,
)
from bids_ketamine.core.prediction.sets import left_out_sets, set_position

GRID = {"l1_ratios": [0.0, 0.3, 1.0], "n_penalties": 20, "selection": "minimum_mse"}
N, P = 9, 12


@pytest.fixture(scope="module")
def trial():
    source = np.random.default_rng(4)
    design = source.normal(size=(N, P))
    return design, 3.0 + design[:, 0] - design[:, 1] + 0.5 * source.normal(size=N)


@pytest.fixture(scope="module")
def stack():
    """Return designs that differ from set to set, as prepared ones do."""
    source = np.random.default_rng(5)
    sets = left_out_sets(N, pairs=True)
    return source.normal(size=(1, N, P)) + 0.3 * source.normal(size=(len(sets), N, P))


def by_two_loops(stack, outcome):
    """Nest two loops over participants, with nothing shared between them."""
    found = []
    for out in range(N):
        others = [row for row in range(N) if row != out]
        designs = [stack[set_position(N, out, -1)]]
        designs += [stack[set_position(N, out, row)] for row in others]
        inner = leave_one_out_grid(
            stack=np.stack([each[others] for each in designs]), outcome=outcome[others], **GRID
        )
        prediction = inner.intercept + designs[0][out] @ inner.slopes
        found.append((prediction, inner.l1_ratio, inner.penalty, inner.error))
    return np.array(found).T


def test_equals_two_plain_loops(stack, trial):
    found = nested_leave_one_out(stack=stack, outcome=trial[1], **GRID)
    np.testing.assert_allclose(np.array(found), by_two_loops(stack, trial[1]), rtol=1e-12)


def test_threads_change_nothing(stack, trial):
    one = nested_leave_one_out(stack=stack, outcome=trial[1], **GRID)
    two = nested_leave_one_out(stack=stack, outcome=trial[1], n_jobs=2, **GRID)
    np.testing.assert_array_equal(np.array(one), np.array(two))


def test_own_outcome_is_not_seen(stack, trial):
    """A wild outcome moves everybody's prediction but the own one."""
    before = nested_leave_one_out(stack=stack, outcome=trial[1], **GRID)
    outcome = trial[1].copy()
    outcome[3] += 1000.0
    after = nested_leave_one_out(stack=stack, outcome=outcome, **GRID)
    np.testing.assert_array_equal(np.array(before)[:, 3], np.array(after)[:, 3])
    assert (np.delete(before.prediction != after.prediction, 3)).all()


def test_folds_of_one_are_leave_one_out(trial):
    design, outcome = trial
    found = nested_k_fold(
        design_without=lambda left_out: design,
        outcome=outcome,
        folds=np.arange(N),
        inner_folds=None,
        seed=0,
        **GRID,
    )
    stack = np.broadcast_to(design, (len(left_out_sets(N, pairs=True)), N, P))
    expected = nested_leave_one_out(stack=stack, outcome=outcome, **GRID)
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-12)


@pytest.mark.parametrize("inner_folds", [None, 3])
def test_a_fold_is_not_seen_by_its_own_predictions(trial, inner_folds):
    design, outcome = trial
    folds = np.arange(N) % 3

    def predicted(y):
        return nested_k_fold(
            design_without=lambda left_out: design,
            outcome=y,
            folds=folds,
            inner_folds=inner_folds,
            seed=1,
            **GRID,
        ).prediction

    wild = np.where(folds == 1, 500.0 * np.arange(N), outcome)
    before, after = predicted(outcome), predicted(wild)
    np.testing.assert_array_equal(before[folds == 1], after[folds == 1])
    assert (before[folds != 1] != after[folds != 1]).all()


def test_each_fold_gets_the_design_made_without_it(trial):
    design, outcome = trial
    asked = []

    def without(left_out):
        asked.append(left_out.tolist())
        return design

    nested_k_fold(
        design_without=without,
        outcome=outcome,
        folds=[2, 0, 1, 0, 1, 2, 0, 1, 2],
        inner_folds=2,
        seed=1,
        **GRID,
    )
    assert asked == [[1, 3, 6], [2, 4, 7], [0, 5, 8]]


def test_noise_is_predicted_worse_than_by_the_mean():
    """Twenty trials of noise: the grid's own figure is above 0, the nested one below."""
    in_sample, nested = [], []
    for seed in range(20):
        source = np.random.default_rng([7, seed])
        design, outcome = source.normal(size=(15, 10)), source.normal(size=15)
        stack = np.broadcast_to(design, (len(left_out_sets(15, pairs=True)), 15, 10))
        grid = GRID | {"l1_ratios": [0.5, 1.0]}
        in_sample.append(leave_one_out_grid(stack=stack, outcome=outcome, **grid).r2)
        found = nested_leave_one_out(stack=stack, outcome=outcome, **grid)
        nested.append(accuracy(prediction=found.prediction, outcome=outcome).r2)
    assert np.mean(in_sample) > 0.2
    assert np.mean(nested) < -0.1


def test_the_rule_of_one_standard_error_takes_a_larger_penalty(trial):
    design, outcome = trial
    stack = np.broadcast_to(design, (1 + N, N, P))
    least = leave_one_out_grid(stack=stack, outcome=outcome, **GRID)
    fewer = leave_one_out_grid(
        stack=stack, outcome=outcome, **(GRID | {"selection": "one_standard_error"})
    )
    assert fewer.l1_ratio == least.l1_ratio
    assert fewer.penalty == least.penalty_one_standard_error > least.penalty
    row = least.l1_ratios.tolist().index(least.l1_ratio)
    limit = least.error + least.error_deviations[row, least.position]
    assert fewer.error <= limit
    assert least.errors[row, fewer.position - 1] > limit


def test_a_fold_whose_outcome_does_not_vary_predicts_its_mean():
    outcome = np.array([1.0, 1.0, 1.0, 5.0])
    design = np.random.default_rng(0).normal(size=(4, 2))
    stack = np.broadcast_to(design, (5, 4, 2))
    found = leave_one_out_grid(stack=stack, outcome=outcome, **GRID)
    assert found.left_out_prediction[3] == 1.0


@pytest.mark.parametrize("groups", [[0] * 10, [0] * 6 + [1] * 4])
def test_folds_are_even_over_all_and_in_groups(groups):
    folds = balanced_folds(3, groups=groups, source=np.random.default_rng(2))
    for of in (np.ones(10, dtype=bool), np.array(groups) == 0):
        counts = np.bincount(folds[of], minlength=3)
        assert counts.max() - counts.min() <= 1


def test_fitted_values_are_those_of_the_path(trial):
    design, outcome = trial
    found = leave_one_out_grid(
        stack=np.broadcast_to(design, (1 + N, N, P)), outcome=outcome, **GRID
    )
    path = elastic_net_path(design=design, outcome=outcome, l1_ratio=found.l1_ratio, n_penalties=20)
    at = int(np.argmin(np.abs(path.penalties - found.penalty)))
    np.testing.assert_allclose(found.fitted, path.intercepts[at] + design @ path.slopes[at])
    np.testing.assert_allclose(
        found.standardised_slopes, path.slopes[at] * design.std(axis=0), rtol=1e-12
    )
