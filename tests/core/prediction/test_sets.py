"""Who is left out, in the order in which designs are stacked."""

import numpy as np
import pytest

from bids_ketamine.core.prediction.sets import left_out_sets, pair_positions, set_position


@pytest.mark.parametrize("n", [2, 3, 7])
def test_each_set_stands_where_its_position_says(n):
    sets = left_out_sets(n, pairs=True)
    assert len(sets) == 1 + n + n * (n - 1) // 2
    assert len({frozenset(each.tolist()) for each in sets}) == len(sets)
    for place, (first, second) in enumerate(sets):
        assert set_position(n, int(first), int(second)) == place
        assert set_position(n, int(second), int(first)) == place


def test_positions_of_pairs_are_symmetric_and_those_of_single_ones_on_the_diagonal():
    positions = pair_positions(4)
    np.testing.assert_array_equal(positions, positions.T)
    np.testing.assert_array_equal(np.diagonal(positions), [1, 2, 3, 4])
    assert positions[1, 3] == set_position(4, 1, 3)


def test_without_pairs():
    assert left_out_sets(2, pairs=False).tolist() == [[-1, -1], [0, -1], [1, -1]]
