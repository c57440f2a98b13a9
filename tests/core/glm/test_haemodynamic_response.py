"""SPM's response against gamma densities."""

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.core.glm.haemodynamic_response import canonical_response, response_basis


@pytest.mark.parametrize("interval", [0.05, 0.125, 2.0])
def test_the_response_is_a_difference_of_gamma_densities_of_unit_sum(interval):
    response = canonical_response(interval=interval, length=32.0)
    time = np.arange(len(response)) * interval
    shape = stats.gamma.pdf(time, 6) - stats.gamma.pdf(time, 16) / 6
    np.testing.assert_allclose(response, shape / shape.sum(), atol=1e-15)
    assert time[-1] == pytest.approx(32.0)


def test_derivatives_are_finite_differences_of_the_response():
    basis = response_basis("spm + derivative + dispersion", interval=0.1)
    canonical = canonical_response(interval=0.1, length=32.0)
    assert basis.shape == (321, 3)
    np.testing.assert_array_equal(basis[:, 0], canonical)
    # h(t) - h(t - 1 s): the response a second later is the same curve shifted by ten samples.
    shifted = np.r_[np.zeros(10), canonical[:-10]]
    np.testing.assert_allclose(basis[:, 1], canonical - shifted, atol=1e-5)
    shape = stats.gamma.pdf(np.arange(321) * 0.1, 6 / 1.01, scale=1.01)
    shape -= stats.gamma.pdf(np.arange(321) * 0.1, 16) / 6
    np.testing.assert_allclose(basis[:, 2], (canonical - shape / shape.sum()) / 0.01, atol=1e-12)


def test_a_model_without_derivatives_has_one_function():
    assert response_basis("spm", interval=0.1).shape == (321, 1)
    assert response_basis("spm + derivative", interval=0.1).shape == (321, 2)
