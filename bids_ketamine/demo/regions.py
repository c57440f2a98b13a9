"""Regions of the simulated circuit: one atlas, and what each voxel takes from each region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bids_ketamine.regions.catalogue import TEMPLATE_2009C, atlas_by_name, atlas_image
from bids_ketamine.regions.volumes import read_labels

FloatArray = NDArray[np.floating]

#: The atlas that ships with the app, and its regions in the order of the signals.
ATLAS = "FearCircuit"
REGIONS = ("amygdala", "anterior_insula", "vmPFC", "rACC", "dACC", "anterior_hippocampus")

#: Sees every picture, and the same of all conditions; not a region of the study.
VISUAL_CORTEX = "visual_cortex"
VISUAL_CENTRES = ((-12.0, -92.0, -2.0), (14.0, -92.0, -2.0))
VISUAL_RADIUS = 8.0

#: Distance from a region's voxels up to which its whole signal is found, mm.
MARGIN = 2.0

#: Width of the rim over which the region's signal falls to zero beyond that, mm.
#: Activation does not end where a region of interest does; with a sharp edge, smoothing would
#: take a third of the planted signal.
TAPER = 6.0


@lru_cache(maxsize=1)
def circuit_pieces() -> Mapping[str, tuple[FloatArray, ...]]:
    """Return the voxel centres of each region, left and right, and of the visual cortex.

    Returns
    -------
    mapping of str to tuple of ndarray of shape (n_points, 3)
        MNI mm, in the order of `REGIONS`, visual cortex last.
    """
    found = atlas_image(atlas_by_name(ATLAS), TEMPLATE_2009C)
    volume = read_labels(found.image)
    labels = volume.labels

    def points(index: int) -> FloatArray:
        return np.argwhere(labels == index) @ volume.affine[:3, :3].T + volume.affine[:3, 3]

    pieces = {
        name: tuple(points(label.index) for label in found.table.chosen(name)) for name in REGIONS
    }
    balls = tuple(_ball(np.array(centre), VISUAL_RADIUS - MARGIN) for centre in VISUAL_CENTRES)
    return {**pieces, VISUAL_CORTEX: balls}


def _ball(centre: FloatArray, radius: float) -> FloatArray:
    steps = np.arange(-radius, radius + 1.0, 2.0)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return centre + lattice[np.linalg.norm(lattice, axis=1) <= radius]


def region_weights(
    *,
    coordinates: FloatArray,
    regions: Mapping[str, Sequence[FloatArray]],
    margin: float,
    taper: float,
) -> FloatArray:
    """Return how much of each region's signal each voxel carries.

    A voxel belongs to the nearest region alone. Its weight is 1 within `margin` of the region
    and falls beyond as a raised cosine, ``(1 + cos(pi (d - margin) / taper)) / 2``. A piece that
    holds no voxel (a coarse grid) takes the voxel nearest to its middle.

    Parameters
    ----------
    coordinates : ndarray of shape (n_voxels, 3)
        Voxel centres, MNI mm.
    regions : mapping of str to sequence of ndarray of shape (n_points, 3)
        Points of each piece of each region, MNI mm.
    margin, taper : float
        Reach and rim width, mm.

    Returns
    -------
    ndarray of shape (n_regions, n_voxels)
        Weights from 0 to 1, in the order of `regions`.

    Examples
    --------
    >>> line = np.array([[0.0, 0, 0], [8, 0, 0], [11, 0, 0], [20, 0, 0]])
    >>> region_weights(coordinates=line, regions={"a": [line[:1]]}, margin=8, taper=6)
    array([[1. , 1. , 0.5, 0. ]])
    """
    pieces = [(place, piece) for place, group in enumerate(regions.values()) for piece in group]
    owners = np.array([place for place, _ in pieces])
    distances = np.array([cKDTree(piece).query(coordinates)[0] for _, piece in pieces])
    nearest = distances.argmin(axis=0)
    outside = np.clip((distances.min(axis=0) - margin) / taper, 0.0, 1.0)
    weights = np.zeros((len(regions), len(coordinates)))
    weights[owners[nearest], np.arange(len(coordinates))] = (1.0 + np.cos(np.pi * outside)) / 2.0
    for index, (owner, piece) in enumerate(pieces):
        if not ((nearest == index) & (distances[index] <= margin)).any():
            voxel = np.linalg.norm(coordinates - piece.mean(axis=0), axis=1).argmin()
            weights[:, voxel] = 0.0
            weights[owner, voxel] = 1.0
    return weights
