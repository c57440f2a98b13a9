"""Rings around regions, and what is taken out with the signal of the neighbours."""

import numpy as np
import pytest

from bids_ketamine.core.cleaning.frame_filter import frame_filter
from bids_ketamine.core.cleaning.neighbourhood import (
    neighbour_series,
    regress_neighbours,
    ring_neighbours,
)
from bids_ketamine.core.cleaning.projection import cleaning_projection


def grid(half, step=2.0):
    axis = np.arange(-half, half + step, step)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)


def test_rings_equal_all_distances():
    rng = np.random.default_rng(0)
    candidates = grid(30.0, 4.0)
    regions = [rng.uniform(-15, 15, size=(n, 3)) for n in (1, 7, 40)]
    found = ring_neighbours(regions, candidates=candidates, nearest=2.0, farthest=20.0)
    for region, members in zip(regions, found, strict=True):
        distance = np.linalg.norm(candidates[:, None] - region[None], axis=-1).min(axis=1)
        expected = np.flatnonzero((distance >= 2.0) & (distance <= 20.0))
        assert members.tolist() == expected.tolist()


def test_both_ends_of_the_ring_belong_to_it():
    candidates = np.array([[0, 0, d] for d in (0.0, 1.9, 2.0, 10.0, 20.0, 20.1)])
    (members,) = ring_neighbours(
        [np.zeros((1, 3))], candidates=candidates, nearest=2.0, farthest=20.0
    )
    assert members.tolist() == [2, 3, 4]


def test_regions_far_away_and_empty_ones_have_no_neighbours():
    found = ring_neighbours(
        [np.full((1, 3), 500.0), np.empty((0, 3))],
        candidates=grid(4.0),
        nearest=0.0,
        farthest=20.0,
    )
    assert [len(each) for each in found] == [0, 0]
    none = ring_neighbours([np.zeros((1, 3))], candidates=np.empty((0, 3)), nearest=0, farthest=20)
    assert len(none[0]) == 0
    for nearest, farthest in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="Distances must rise"):
            ring_neighbours([], candidates=grid(2.0), nearest=nearest, farthest=farthest)


def test_means_leave_out_what_has_no_signal():
    rng = np.random.default_rng(1)
    series = rng.normal(size=(30, 6)).astype(np.float32)
    series[:, 1] = 4.0
    series[3, 2] = np.nan
    series[4, 3] = np.inf
    means = neighbour_series(
        series, [np.array([0, 1, 2, 3, 4]), np.array([1, 2]), np.array([], dtype=int)]
    )
    expected = series[:, [0, 4]].astype(np.float64).mean(axis=1)
    np.testing.assert_allclose(means[:, 0], expected, atol=1e-15)
    assert np.isnan(means[:, 1:]).all()


def test_shared_signal_goes_and_own_signal_stays():
    rng = np.random.default_rng(2)
    cortex = rng.normal(size=(300, 3))
    own = rng.normal(size=(300, 3))
    own -= cortex * (cortex * own).sum(0) / (cortex**2).sum(0)
    cortex, own = cortex - cortex.mean(0), own - own.mean(0)
    own -= cortex * (cortex * own).sum(0) / (cortex**2).sum(0)
    weight = np.array([0.8, 0.0, -0.3])
    result = regress_neighbours(50 + own + weight * cortex, 900 + cortex)
    np.testing.assert_allclose(result.series, own, atol=1e-10)
    np.testing.assert_allclose(result.weight, weight, atol=1e-12)
    shared = weight**2 * (cortex**2).sum(0)
    np.testing.assert_allclose(result.explained, shared / (shared + (own**2).sum(0)), atol=1e-12)
    assert result.problems == ("", "", "")


@pytest.mark.parametrize("how", ["spectral", "left_out"])
def test_it_equals_a_projection_with_the_neighbours_among_the_regressors(how):
    rng = np.random.default_rng(3)
    kept = rng.random(240) > 0.1
    nuisance = rng.normal(size=(240, 6))
    cortex = rng.normal(size=(240, 1)).cumsum(axis=0)
    region = 0.4 * cortex + rng.normal(size=(240, 1))
    shared = frame_filter(kept, t_r=2.0, band_pass=(0.009, 0.08), censored_volumes=how)
    plain = cleaning_projection(nuisance, frame_filter=shared, linear_trend=True)
    found = regress_neighbours(plain.apply(region), plain.apply(cortex)).series
    whole = cleaning_projection(
        np.hstack([nuisance, cortex]), frame_filter=shared, linear_trend=True
    )
    np.testing.assert_allclose(found, whole.apply(region), atol=1e-10)
    assert whole.residual_df == plain.residual_df - 1


def test_regions_without_neighbours_keep_their_series():
    rng = np.random.default_rng(4)
    series = rng.normal(size=(50, 3))
    neighbours = rng.normal(size=(50, 3))
    neighbours[:, 0] = np.nan
    neighbours[:, 1] = 1000.1
    result = regress_neighbours(series, neighbours)
    np.testing.assert_allclose(result.series[:, :2], (series - series.mean(0))[:, :2], atol=1e-14)
    assert result.problems == ("no neighbours", "neighbours without signal", "")
    assert np.isnan(result.weight[:2]).all()
    assert np.isnan(result.explained[:2]).all()
    assert np.isfinite(result.weight[2])


def test_series_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="Shapes of series differ"):
        regress_neighbours(np.zeros((5, 2)), np.zeros((5, 3)))
