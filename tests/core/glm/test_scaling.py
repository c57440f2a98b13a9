"""Scaling and threshold mask by hand."""

import numpy as np
import pytest

from bids_ketamine.core.glm.scaling import above_threshold, global_mean, grand_mean_factor
from bids_ketamine.errors import ProcessingError


def test_the_global_mean_is_that_of_the_voxels_above_an_eighth_of_the_mean():
    # The mean of all is 25; 3 is below an eighth of it, 4 is above.
    assert global_mean(np.array([[0.0, 3.0], [4.0, 93.0]])) == pytest.approx(48.5)
    assert global_mean(np.zeros(3)) == 0.0


def test_the_mean_of_global_means_becomes_one_hundred():
    assert grand_mean_factor(np.array([40.0, 60.0])) == 2.0
    with pytest.raises(ProcessingError, match="must be positive"):
        grand_mean_factor(np.array([1.0, -1.0]))
    with pytest.raises(ProcessingError, match="must be positive"):
        grand_mean_factor(np.array([1.0, np.nan]))


def test_a_voxel_must_be_above_the_threshold_in_every_volume_and_vary():
    series = np.array([[9.0, 9.0, 9.0, 8.0], [9.5, 7.0, 9.0, 9.0]])
    found = above_threshold(series, global_means=np.array([10.0, 10.0]), mask_threshold=0.8)
    assert found.tolist() == [True, False, False, False]
