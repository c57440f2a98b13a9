"""Centres of regions: one, or one in each hemisphere."""

from __future__ import annotations

import numpy as np
import pytest

from bids_ketamine.images.grid import Grid
from bids_ketamine.regions.centres import region_centres
from bids_ketamine.regions.locate import Region, locate_regions
from bids_ketamine.regions.sources import RegionSource

SHAPE = (41, 21, 21)


def grid(*, mirrored: bool = False) -> Grid:
    """Return a grid of 2 mm around the origin; voxels run from right to left if mirrored."""
    affine = np.diag([-2.0 if mirrored else 2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (40.0 if mirrored else -40.0, -20.0, -20.0)
    return Grid(np.ones(SHAPE, dtype=bool), affine)


def located(*centres: tuple[float, float, float], radius: float = 4.0, on: Grid | None = None):
    source = RegionSource("x", "spheres", spheres=centres, radius=radius)
    return locate_regions([source], on or grid(), own_segmentation=None).regions


def boxed(*slices: slice) -> Region:
    """Return a region of a box of voxels."""
    inside = np.zeros(SHAPE, dtype=bool)
    inside[slices] = True
    voxels = np.flatnonzero(inside)
    return Region("x", "a box", voxels, len(voxels))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_sphere_has_its_centre_and_two_have_theirs_left_first(mirrored):
    on = grid(mirrored=mirrored)
    assert region_centres(located((14.0, 6.0, -8.0), on=on), on) == {"x": [[14.0, 6.0, -8.0]]}
    pair = located((24.0, -4.0, -10.0), (-24.0, -6.0, -12.0), on=on)
    assert region_centres(pair, on) == {"x": [[-24.0, -6.0, -12.0], [24.0, -4.0, -10.0]]}


def test_a_region_at_the_midline_is_one():
    # Halves with means of 5 mm from the midline are one region; with 15 mm they are two.
    near = boxed(slice(15, 26), slice(5, 10), slice(5, 10))
    assert region_centres([near], grid()) == {"x": [[0.0, -6.0, -6.0]]}
    apart = located((-15.0, 0.0, 0.0), (15.0, 0.0, 0.0), radius=3.0)
    assert len(region_centres(apart, grid())["x"]) == 2


def test_a_few_voxels_across_the_midline_are_no_hemisphere():
    # 24 columns right of the midline, 6 left of it: a fifth.
    inside = np.zeros(SHAPE, dtype=bool)
    inside[[10, 30], 10, 10] = True
    inside[30, 8:13, 10] = True
    voxels = np.flatnonzero(inside)
    (centre,) = region_centres([Region("x", "", voxels, len(voxels))], grid())["x"]
    assert centre == pytest.approx([(5 * 20 - 20) / 6, 0.0, 0.0], abs=0.05)


def test_the_midline_itself_belongs_to_neither_side():
    inside = np.zeros(SHAPE, dtype=bool)
    inside[20, :10, 10] = True
    inside[[8, 32], 10, 10] = True
    voxels = np.flatnonzero(inside)
    assert len(region_centres([Region("x", "", voxels, len(voxels))], grid())["x"]) == 1


def test_regions_without_voxels_are_left_out():
    away = located((0.0, 0.0, 400.0))
    assert region_centres([*away, boxed(slice(30, 31), slice(3, 4), slice(4, 5))], grid()) == {
        "x": [[20.0, -14.0, -12.0]]
    }
    assert region_centres(away, grid()) == {}


def test_an_oblique_grid_is_told_by_millimetres():
    turn = np.array([[0.0, 2.0, 0.0, -20.0], [2.0, 0.0, 0.0, -20.0], [0.0, 0.0, 2.0, -20.0]])
    on = Grid(np.ones((21, 21, 21), dtype=bool), np.vstack([turn, [0, 0, 0, 1]]))
    inside = np.zeros((21, 21, 21), dtype=bool)
    inside[10, [2, 18], 10] = True
    voxels = np.flatnonzero(inside)
    assert region_centres([Region("x", "", voxels, 2)], on) == {
        "x": [[-16.0, 0.0, 0.0], [16.0, 0.0, 0.0]]
    }
