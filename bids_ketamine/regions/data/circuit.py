"""The six regions of the fear circuit, cut out of published atlases by stated rules.

Amygdala and anterior hippocampus are labels of the Melbourne subcortex atlas as they are. The
four cortical regions follow one rule:

1. The seeds are published peaks of meta-analytic maps, each taken on both sides
   (``x`` becomes ``-|x|`` on the left and ``|x|`` on the right).
2. A cortical parcel belongs to a region when it holds at least `MINIMUM_SHARE` of the cortical
   voxels of its side within `SEED_RADIUS` of one of the region's seeds; to the region with the
   largest share where there are several.
3. The region's voxels are those of its parcels within `REACH` of a seed that are grey matter more
   likely than not (`MINIMUM_GREY_MATTER`), off the midline (`MIDLINE`) and, for the insula,
   medial to the operculum (`Seeds.lateral_limit`).
4. Only the largest piece of voxels that touch by their faces is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatArray = NDArray[np.floating]
LabelArray = NDArray[np.integer]
MaskArray = NDArray[np.bool_]
Peak = tuple[float, float, float]

#: Radius around a seed within which the parcels of a region are looked for, mm.
SEED_RADIUS = 8.0
#: Smallest share of the cortical voxels around a seed that a parcel of the region holds.
MINIMUM_SHARE = 0.2
#: Largest distance of a region's voxels from the nearest seed, mm.
REACH = 12.0
#: Smallest probability of grey matter.
MINIMUM_GREY_MATTER = 0.5
#: Half width of the strip along the midline that belongs to no side, mm.
MIDLINE = 1.0

SIDES: Mapping[str, int] = {"left": -1, "right": 1}


@dataclass(frozen=True)
class Seeds:
    """Published peaks a cortical region grows from.

    Attributes
    ----------
    circuits : tuple of (str, str)
        Circuit and region of the rows of the table of peaks.
    lateral_limit : float or None
        Largest distance from the midline, mm.
    """

    circuits: tuple[tuple[str, str], ...]
    lateral_limit: float | None = None


@dataclass(frozen=True)
class Subcortical:
    """A structure of the Melbourne subcortex atlas.

    Attributes
    ----------
    scale : {1, 2}
        Scale of the atlas.
    structure : str
        Name without its side.
    """

    scale: int
    structure: str


#: Rule of each region, in the order of its labels.
CIRCUIT: Mapping[str, Seeds | Subcortical] = {
    "amygdala": Subcortical(1, "AMY"),
    "anterior_insula": Seeds(
        (
            ("Salience Circuit", "Anterior Insula"),
            ("Negative Affect Circuit: Sad", "Anterior Insula"),
        ),
        lateral_limit=43.0,
    ),
    "vmPFC": Seeds(
        (
            ("Positive Affect Circuit: Happy", "ventral Medial Prefrontal Cortex"),
            ("Default Mode Circuit", "anterior medial PreFrontal Cortex"),
        )
    ),
    "rACC": Seeds((("Negative Affect Circuit: Sad", "pregenual Anterior Cingulate"),)),
    "dACC": Seeds((("Negative Affect Circuit: Threat Conscious", "dorsal Anterior Cingulate"),)),
    "anterior_hippocampus": Subcortical(2, "aHIP"),
}


@dataclass(frozen=True)
class Cortex:
    """Cortical voxels of a template.

    Attributes
    ----------
    coordinates : ndarray of shape (n_voxels, 3)
        Voxel centres, MNI mm.
    parcels : ndarray of int, shape (n_voxels,)
        Parcel of each voxel, from 1.
    grey_matter : ndarray of shape (n_voxels,)
        Probability of grey matter, from 0 to 1.
    """

    coordinates: FloatArray
    parcels: LabelArray
    grey_matter: FloatArray

    def on_side(self, side: int) -> MaskArray:
        """Tell which voxels lie on a side (-1 left, 1 right) of the midline strip."""
        return self.coordinates[:, 0] * side > MIDLINE


def on_side(peaks: tuple[Peak, ...], side: int) -> FloatArray:
    """Return peaks mirrored to one side, without doubles.

    Examples
    --------
    >>> on_side(((6.0, 42.0, 4.0), (-6.0, 42.0, 4.0)), -1).tolist()
    [[-6.0, 42.0, 4.0]]
    """
    return np.array(list(dict.fromkeys((side * abs(x), y, z) for x, y, z in peaks)))


def parcel_shares(*, cortex: Cortex, seeds: FloatArray, side: int) -> dict[int, float]:
    """Return which part of the cortex around the seeds each parcel holds.

    Parameters
    ----------
    cortex : Cortex
        Cortical voxels.
    seeds : ndarray of shape (n_seeds, 3)
        Seeds of one side, MNI mm.
    side : {-1, 1}
        Left or right.

    Returns
    -------
    dict of int to float
        Share by parcel, the largest over the seeds.
    """
    shares: dict[int, float] = {}
    here = cortex.on_side(side)
    for seed in seeds:
        distance = np.linalg.norm(cortex.coordinates - seed, axis=1)
        near = cortex.parcels[here & (distance <= SEED_RADIUS)]
        for parcel, count in zip(*np.unique(near, return_counts=True), strict=True):
            shares[int(parcel)] = max(shares.get(int(parcel), 0.0), count / near.size)
    return shares


def parcels_of_regions(
    *, cortex: Cortex, seeds: Mapping[str, FloatArray], side: int
) -> dict[str, list[int]]:
    """Return the parcels of each region on one side; a parcel belongs to one region.

    Parameters
    ----------
    cortex : Cortex
        Cortical voxels.
    seeds : mapping of str to ndarray of shape (n_seeds, 3)
        Seeds of each region on that side, MNI mm.
    side : {-1, 1}
        Left or right.

    Returns
    -------
    dict of str to list of int
        Parcels by region, ascending.
    """
    shares = {
        region: parcel_shares(cortex=cortex, seeds=places, side=side)
        for region, places in seeds.items()
    }
    owner = {
        parcel: max(shares, key=lambda region: shares[region].get(parcel, 0.0))
        for held in shares.values()
        for parcel, share in held.items()
        if share >= MINIMUM_SHARE
    }
    return {
        region: sorted(parcel for parcel, owned_by in owner.items() if owned_by == region)
        for region in seeds
    }


def region_voxels(
    *,
    cortex: Cortex,
    parcels: list[int],
    seeds: FloatArray,
    side: int,
    lateral_limit: float | None,
) -> MaskArray:
    """Return the voxels of a region on one side, before loose pieces are taken off.

    Parameters
    ----------
    cortex : Cortex
        Cortical voxels.
    parcels : list of int
        The region's parcels.
    seeds : ndarray of shape (n_seeds, 3)
        The region's seeds on that side, MNI mm.
    side : {-1, 1}
        Left or right.
    lateral_limit : float or None
        Largest distance from the midline, mm.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)
    """
    distances = np.linalg.norm(cortex.coordinates[:, np.newaxis] - seeds, axis=2)
    chosen = cortex.on_side(side) & np.isin(cortex.parcels, parcels)
    chosen &= distances.min(axis=1) <= REACH
    chosen &= cortex.grey_matter >= MINIMUM_GREY_MATTER
    if lateral_limit is not None:
        chosen &= np.abs(cortex.coordinates[:, 0]) <= lateral_limit
    return chosen


def largest_piece(mask: MaskArray) -> MaskArray:
    """Return the largest set of voxels of a mask that touch by their faces.

    Examples
    --------
    >>> largest_piece(np.array([True, False, True, True])).tolist()
    [False, False, True, True]
    """
    pieces, _ = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == sizes.argmax())
