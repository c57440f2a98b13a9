"""Resamples of participants: copies stay together, and stable columns are selected."""

import numpy as np

from bids_ketamine.core.prediction.bootstrap import bootstrap, resampled_rows
from bids_ketamine.core.prediction.elastic_net import elastic_net_path
from bids_ketamine.core.prediction.grid import leave_one_out_grid

GRID = {"l1_ratios": [0.5, 1.0], "n_penalties": 20, "selection": "minimum_mse"}
N, P = 16, 6
GROUPS = np.repeat(["a", "b"], [9, 7])


def trial(noise):
    source = np.random.default_rng(2)
    design = source.normal(size=(N, P))
    return design, 4.0 * design[:, 1] + noise * source.normal(size=N)


def resampled(design, outcome, **changed):
    settings = {"groups": GROUPS, "n_resamples": 40, "level": 0.9, "seed": 1, "n_jobs": 1}
    stack = np.broadcast_to(design, (1 + len(design), *design.shape))
    return bootstrap(stack=stack, outcome=outcome, **(GRID | settings | changed))


def test_the_column_that_matters_is_always_selected():
    design, outcome = trial(0.5)
    found = resampled(design, outcome)
    assert found.selection_frequency[1] == 1.0
    assert np.delete(found.selection_frequency, 1).max() < 0.95
    assert found.low[1] > 2.0
    assert found.low[1] < 4.0 * design[:, 1].std() < found.high[1] + 1.0
    assert (found.n_resamples, found.n_failed) == (40, 0)


def test_a_resample_by_hand():
    """Copies of a participant are one fold, whose error counts as often as there are copies."""
    design, outcome = trial(3.0)
    rows = resampled_rows(0, groups=GROUPS, seed=1)
    ratio, penalties = 1.0, []
    own = elastic_net_path(
        design=design[rows], outcome=outcome[rows], l1_ratio=ratio, n_penalties=20
    )
    squares = np.zeros((len(own.penalties), len(rows)))
    for place, row in enumerate(rows):
        others = rows[rows != row]
        fold = elastic_net_path(
            design=design[others], outcome=outcome[others], l1_ratio=ratio, n_penalties=20
        )
        predictions = fold.intercepts + fold.slopes @ design[row]
        at = np.interp(own.penalties[::-1], fold.penalties[::-1], predictions[::-1])[::-1]
        squares[:, place] = (outcome[row] - at) ** 2
    best = int(np.argmin(squares.mean(axis=1)))
    penalties.append(best)
    found = resampled(design, outcome, n_resamples=1, l1_ratios=[ratio])
    expected = own.slopes[best] * design.std(axis=0)
    np.testing.assert_allclose(found.low, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found.selection_frequency, expected != 0.0)


def test_each_group_keeps_its_size():
    rows = resampled_rows(7, groups=GROUPS, seed=1)
    assert (GROUPS[rows] == "a").sum() == 9
    assert len(np.unique(rows)) < N


def test_threads_change_nothing():
    design, outcome = trial(3.0)
    one, two = (resampled(design, outcome, n_resamples=6, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.low, two.low)


def test_resamples_in_which_the_outcome_does_not_vary_are_counted():
    design, _ = trial(1.0)
    outcome = np.zeros(4)
    outcome[0] = 1.0
    found = resampled(design[:4], outcome, groups=np.zeros(4), n_resamples=60)
    assert found.n_failed > 0
    assert found.n_resamples + found.n_failed == 60
    assert np.isfinite(found.low).all()


def test_all_copies_leave_at_once():
    """With copies on both sides a column of noise would be taken for a good predictor."""
    source = np.random.default_rng(0)
    design, outcome = source.normal(size=(12, 30)), source.normal(size=12)
    found = resampled(design, outcome, groups=np.zeros(12), n_resamples=30)
    stack = np.broadcast_to(design, (13, 12, 30))
    assert leave_one_out_grid(stack=stack, outcome=outcome, **GRID).n_selected <= 12
    assert found.selection_frequency.mean() < 0.4
