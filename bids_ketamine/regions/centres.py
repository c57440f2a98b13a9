"""Where regions lie: a centre in each hemisphere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.images.grid import Grid
from bids_ketamine.regions.locate import Region

#: Share of a region's voxels beyond which a hemisphere has a centre of its own.
OF_EITHER_SIDE = 0.25

#: Distance from the midline, mm, up to which the two halves of a region are one.
AT_MIDLINE = 10.0


def region_centres(regions: Sequence[Region], grid: Grid) -> dict[str, list[list[float]]]:
    """Return the centres of regions, mm: two where a region has a part in each hemisphere.

    Parameters
    ----------
    regions : sequence of Region
        Regions on the grid; those without voxels are left out.
    grid : Grid
        Their grid; left and right are told by the sign of x.

    Returns
    -------
    dict of str to list of list of float
        One or two points (x, y, z), left before right.
    """
    centres = {}
    for region in regions:
        if not region.voxels.size:
            continue
        index = np.array(np.unravel_index(region.voxels, grid.brain.shape))
        points = (grid.affine[:3, :3] @ index + grid.affine[:3, [3]]).T
        sides = [points[points[:, 0] < 0], points[points[:, 0] > 0]]
        parted = all(len(side) > OF_EITHER_SIDE * len(points) for side in sides) and all(
            abs(side[:, 0].mean()) > AT_MIDLINE for side in sides
        )
        parts = sides if parted else [points]
        centres[region.name] = [np.round(part.mean(axis=0), 1).tolist() for part in parts]
    return centres
