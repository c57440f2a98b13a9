"""Regions on grayordinates: of voxels, and as weights; see cifti_labels.py for vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from bids_ketamine.images.grayordinates import Grayordinates

#: Share of a region's voxels that must be subcortical grayordinates: one of the cortex takes in
#: some neighbouring voxels of a subcortical structure.
LEAST_SUBCORTICAL = 0.5


class GrayordinateRegion(NamedTuple):
    """A region on grayordinates.

    Attributes
    ----------
    name : str
        Name in the study.
    columns : ndarray of int, shape (n_inside,)
        Its grayordinates, ascending.
    n_grayordinates : int
        Vertices and voxels of the whole region, those that the series does not have counted.
    origin : str
        What it is made of, in words.
    problem : str
        Why it has no grayordinates, where coverage does not say it.
    """

    name: str
    columns: np.ndarray
    n_grayordinates: int
    origin: str = ""
    problem: str = ""

    def coverage(self, usable: np.ndarray) -> float:
        """Return the share of the region that has signal; NaN where it has nothing.

        Parameters
        ----------
        usable : ndarray of bool, shape (n_grayordinates of the series,)
            Grayordinates with signal.
        """
        if not self.n_grayordinates:
            return float("nan")
        return float(usable[self.columns].sum()) / self.n_grayordinates


def voxel_region(
    name: str,
    voxels: np.ndarray,
    n_voxels: int,
    grayordinates: Grayordinates,
    *,
    sphere: bool,
    origin: str = "",
    problem: str = "",
) -> GrayordinateRegion:
    """Lay a region of the volume on the subcortical grayordinates.

    Parameters
    ----------
    name : str
        Name of the region.
    voxels : ndarray of int, shape (n,)
        Its places in the flattened volume of ``grayordinates.grid``.
    n_voxels : int
        Voxels of the whole region.
    grayordinates : Grayordinates
        Of the series.
    sphere : bool
        Whether it was drawn round a centre, for the reason.
    origin, problem : str, optional
        What it is made of; why it has no voxels.

    Returns
    -------
    GrayordinateRegion
        Without grayordinates, and with the reason, where less than half of it is subcortical.
    """
    columns = grayordinates.columns_of_voxels(voxels)
    columns = np.sort(columns[columns >= 0]).astype(np.intp)
    if problem or not n_voxels:
        return GrayordinateRegion(name, columns[:0], n_voxels, origin, problem)
    if len(columns) < LEAST_SUBCORTICAL * n_voxels:
        problem = (
            f"{len(columns)} of its {n_voxels} voxels are subcortical grayordinates: the cortex is "
            "a surface in this series"
        )
        problem += (
            ", where a sphere needs a midthickness surface"
            if sphere
            else ", where labels are vertices (dlabel.nii)"
        )
        columns = columns[:0]
    return GrayordinateRegion(name, columns, n_voxels, origin, problem)


def region_weights(regions: Sequence[GrayordinateRegion], n_columns: int) -> sparse.csc_array:
    """Return which grayordinate is in which region, shape (n_regions, n_columns), 0 and 1."""
    sizes = [len(region.columns) for region in regions]
    columns = np.concatenate([np.empty(0, dtype=np.intp), *(each.columns for each in regions)])
    rows = np.repeat(np.arange(len(regions)), sizes)
    ones = np.ones(len(columns))
    return sparse.csc_array((ones, (rows, columns)), shape=(len(regions), n_columns))
