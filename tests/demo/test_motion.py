import numpy as np
import pytest

from bids_ketamine.demo.motion import framewise_displacement, simulate_motion


def test_displacement_of_known_movements():
    motion = np.zeros((4, 6))
    motion[1:, 0] = 0.3  # one step of 0.3 mm, kept
    motion[2:, 4] = -0.002  # a rotation of 2 mrad: 0.1 mm on a sphere of 50 mm
    motion[3, 2] = -0.5
    expected = [np.nan, 0.3, 0.1, 0.5]
    np.testing.assert_allclose(framewise_displacement(motion), expected, atol=1e-12)


@pytest.mark.parametrize("mean_fd", [0.08, 0.35])
def test_simulated_motion_has_the_wanted_mean_displacement(mean_fd):
    motion = simulate_motion(
        n_volumes=300, mean_fd=mean_fd, jumps=3.0, generator=np.random.default_rng(1)
    )
    displacement = framewise_displacement(motion)
    assert np.nanmean(displacement) == pytest.approx(mean_fd, rel=1e-12)
    assert np.all(motion[0] == 0.0)
    # A typical step stays well under a jump.
    assert np.nanmedian(displacement) < mean_fd
    assert np.nanmax(displacement) > 2.0 * mean_fd


def test_motion_is_drawn_from_its_generator_alone():
    arguments = {"n_volumes": 50, "mean_fd": 0.2, "jumps": 2.0}
    first = simulate_motion(**arguments, generator=np.random.default_rng(3))
    second = simulate_motion(**arguments, generator=np.random.default_rng(3))
    np.testing.assert_array_equal(first, second)
