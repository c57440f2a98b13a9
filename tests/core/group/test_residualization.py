"""Motion residualization against least squares and its special cases."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bids_ketamine.core.group.residualization import residualize_on_motion

NAN = np.nan


@pytest.fixture
def trial() -> tuple[np.ndarray, np.ndarray]:
    """Twenty runs, three measures with slopes 2, 0 and -1 per mm, each with its own motion."""
    rng = np.random.default_rng(11)
    mean_fd = rng.gamma(4, 0.04, size=(20, 3))
    values = 1.5 + mean_fd * [2.0, 0.0, -1.0] + rng.normal(scale=0.05, size=(20, 3))
    return values, mean_fd


def test_equals_least_squares_with_the_mean_added(trial: tuple[np.ndarray, np.ndarray]) -> None:
    values, mean_fd = trial
    result = residualize_on_motion(values=values, mean_fd=mean_fd)
    for column in range(3):
        design = np.column_stack([np.ones(20), mean_fd[:, column]])
        beta = np.linalg.lstsq(design, values[:, column], rcond=None)[0]
        expected = values[:, column] - design @ beta + values[:, column].mean()
        np.testing.assert_allclose(result.values[:, column], expected, rtol=1e-12)
        assert result.slope[column] == pytest.approx(beta[1], rel=1e-11)
        assert np.corrcoef(result.values[:, column], mean_fd[:, column])[0, 1] == pytest.approx(
            0.0, abs=1e-12
        )
    np.testing.assert_allclose(result.values.mean(axis=0), values.mean(axis=0), rtol=1e-14)
    assert result.applied.all()
    assert result.n.tolist() == [20, 20, 20]


def test_a_measure_exactly_on_the_line_becomes_its_mean() -> None:
    result = residualize_on_motion(values=[1.0, 3.0, 5.0, 7.0], mean_fd=[0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(result.values, 4.0, rtol=1e-14)
    assert result.slope == pytest.approx(20.0)
    assert result.values.shape == (4,)
    assert result.slope.shape == ()


def test_a_measure_unrelated_to_motion_keeps_its_values() -> None:
    # (1, 2, 2, 1) is orthogonal to a linear trend.
    result = residualize_on_motion(values=[1.0, 2.0, 2.0, 1.0], mean_fd=[0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(result.values, [1.0, 2.0, 2.0, 1.0], rtol=1e-14)
    assert bool(result.applied)


def test_one_displacement_column_serves_all_measures(
    trial: tuple[np.ndarray, np.ndarray],
) -> None:
    values, mean_fd = trial
    together = residualize_on_motion(values=values, mean_fd=mean_fd[:, 0])
    alone = residualize_on_motion(values=values[:, 1], mean_fd=mean_fd[:, 0])
    np.testing.assert_allclose(together.values[:, 1], alone.values, rtol=1e-14)


def test_missing_values_are_left_out_and_stay_missing(
    trial: tuple[np.ndarray, np.ndarray],
) -> None:
    values, mean_fd = (array.copy() for array in trial)
    values[3, 0] = NAN
    mean_fd[5, 0] = NAN
    result = residualize_on_motion(values=values, mean_fd=mean_fd)
    complete = residualize_on_motion(
        values=np.delete(values, [3, 5], axis=0), mean_fd=np.delete(mean_fd, [3, 5], axis=0)
    )
    assert np.flatnonzero(np.isnan(result.values[:, 0])).tolist() == [3, 5]
    np.testing.assert_allclose(np.delete(result.values[:, 0], [3, 5]), complete.values[:, 0])
    assert result.n.tolist() == [18, 20, 20]
    assert not np.isnan(result.values[:, 1:]).any()


def test_where_it_cannot_be_applied_values_are_unchanged_and_a_reason_given() -> None:
    values = np.array(
        [[1.0, 2.0, 3.0, NAN, 5.0], [2.0, 4.0, NAN, NAN, 6.0], [4.0, 8.0, 9.0, NAN, 7.0]]
    )
    mean_fd = np.array(
        [[NAN, 0.1, 0.1, 0.1, 0.1], [NAN, 0.1, 0.2, 0.2, 0.2], [NAN, 0.1, 0.3, 0.3, 0.4]]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = residualize_on_motion(values=values, mean_fd=mean_fd)
    np.testing.assert_array_equal(result.values[:, :4], values[:, :4])
    assert result.applied.tolist() == [False, False, False, False, True]
    assert result.reason.tolist() == [
        "no framewise displacement",
        "framewise displacement does not vary",
        "fewer than 3 observations with a framewise displacement",
        "no values",
        "",
    ]
    assert np.isnan(result.slope[:4]).all()
    assert result.n.tolist() == [0, 3, 2, 0, 3]


def test_no_displacement_for_a_whole_trial() -> None:
    result = residualize_on_motion(values=[1.0, 2.0, 4.0], mean_fd=[NAN, NAN, NAN])
    assert result.values.tolist() == [1.0, 2.0, 4.0]
    assert not result.applied
    assert str(result.reason) == "no framewise displacement"


def test_input_is_not_changed(trial: tuple[np.ndarray, np.ndarray]) -> None:
    values, mean_fd = trial
    before = values.copy()
    residualize_on_motion(values=values, mean_fd=mean_fd)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("shape", [(3,), (4, 2), (3, 1)])
def test_shapes_that_do_not_agree_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="mean_fd"):
        residualize_on_motion(values=np.ones((4, 3)), mean_fd=np.ones(shape))
