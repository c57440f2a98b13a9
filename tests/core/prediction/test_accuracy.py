"""Agreement of predictions with outcomes."""

import numpy as np
import pytest

from bids_ketamine.core.prediction.accuracy import accuracy


def test_the_mean_explains_nothing():
    found = accuracy(prediction=[2.0, 2.0, 2.0], outcome=[1.0, 2.0, 3.0])
    assert found.r2 == 0.0
    assert np.isnan(found.r)
    assert found.mae == pytest.approx(2 / 3)


def test_left_out_means_are_worse_than_the_mean_and_correlate_perfectly_negatively():
    """Nothing is known, and r is -1: the reason why r alone is no measure of prediction."""
    outcome = np.array([3.0, 5.0, 4.0, 9.0])
    means = (outcome.sum() - outcome) / 3.0
    found = accuracy(prediction=means, outcome=outcome)
    assert found.r2 == pytest.approx(1.0 - (4.0 / 3.0) ** 2)
    assert found.r == pytest.approx(-1.0)
    assert found.n == 4
