"""Change scores keep the sign that the methods give them."""

from __future__ import annotations

import numpy as np
import pytest

from bids_ketamine.core.group.change import change_scores, improvement


def test_change_is_second_minus_first() -> None:
    change = change_scores(first=[[1.0, 2.0], [0.5, np.nan]], second=[[1.5, 1.0], [0.5, 2.0]])
    np.testing.assert_array_equal(change, [[0.5, -1.0], [0.0, np.nan]])


def test_improvement_is_positive_where_better() -> None:
    scores = {"baseline": [40.0, 30.0, np.nan], "outcome": [10.0, 35.0, 20.0]}
    np.testing.assert_array_equal(improvement(**scores, direction="decrease"), [30.0, -5.0, np.nan])
    np.testing.assert_array_equal(improvement(**scores, direction="increase"), [-30.0, 5.0, np.nan])


def test_another_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="'decrease' or 'increase'"):
        improvement(baseline=[1], outcome=[2], direction="down")  # type: ignore[arg-type]


def test_sessions_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        change_scores(first=[1, 2], second=[1, 2, 3])
