"""Permutation tests: exact p values, stopping, and rows that stay in their group."""

import numpy as np
import pytest

from bids_ketamine.core.prediction.permutation import permutation_test, permuted_rows


def compared(values, **changed):
    settings = {"observed": 0.5, "n_permutations": len(values), "stop_at": None, "n_jobs": 1}
    return permutation_test(lambda number: values[number], **(settings | changed))


def test_p_of_a_fixed_number():
    found = compared([0.6, 0.5, 0.4, 0.1])
    assert (found.n_exceeding, found.p_value, found.stopped) == (2, 3 / 5, False)
    np.testing.assert_array_equal(found.null, [0.6, 0.5, 0.4, 0.1])


def test_a_statistic_equal_but_for_rounding_counts():
    assert compared([0.5 - 1e-15, 0.4]).n_exceeding == 1


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_stops_at_the_exceedance_in_order(n_jobs):
    found = compared([0.9, 0.1, 0.9, 0.9, 0.9, 0.9], stop_at=3, n_jobs=n_jobs)
    assert (found.n_permutations, found.n_exceeding, found.stopped) == (4, 3, True)
    assert found.p_value == 3 / 4


def test_reaching_the_limit_with_the_last_permutation_is_no_stop():
    found = compared([0.9, 0.1, 0.9], stop_at=2)
    assert (found.p_value, found.stopped) == (2 / 3, False)


def test_never_reaching_it():
    found = compared([0.1] * 19, stop_at=10)
    assert (found.p_value, found.stopped) == (1 / 20, False)


def test_progress_counts():
    told = []
    compared([0.9, 0.1], progress=lambda done, exceeding: told.append((done, exceeding)))
    assert told == [(1, 1), (2, 1)]


@pytest.mark.parametrize("stop_at", [None, 5])
def test_p_values_of_noise_are_uniform_enough(stop_at):
    """Of 2,000 tests without an effect 5 % are below .05 (standard error 0.5 %)."""
    source = np.random.default_rng(1)
    p_values = []
    for _ in range(2000):
        draws = source.normal(size=40)
        p_values.append(compared(draws[1:], observed=draws[0], stop_at=stop_at).p_value)
    assert 0.035 < np.mean(np.array(p_values) <= 0.05) < 0.065


def test_rows_stay_in_their_group_and_each_number_has_its_own_order():
    groups = np.array(["a", "b"] * 10)
    orders = [permuted_rows(number, groups=groups, seed=3) for number in range(5)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(20))
        np.testing.assert_array_equal(groups[order], groups)
    assert len({tuple(order) for order in orders}) == 5
    np.testing.assert_array_equal(orders[2], permuted_rows(2, groups=groups, seed=3))
