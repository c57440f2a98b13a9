"""Regions of the simulated circuit: one table, and what each voxel takes from each region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
Centre = tuple[float, float, float]

#: Centres in MNI mm of the circuit of Norbury et al. 2021; two centres make a bilateral region.
REGIONS: dict[str, tuple[Centre, ...]] = {
    "amygdala": ((-24.0, -4.0, -20.0), (24.0, -4.0, -20.0)),
    "anterior_insula": ((-38.0, 14.0, -6.0), (38.0, 18.0, 2.0)),
    "vmPFC": ((-2.0, 56.0, -8.0),),
    "rACC": ((6.0, 42.0, 4.0),),
    "dACC": ((6.0, 22.0, 32.0),),
    "anterior_hippocampus": ((-26.0, -16.0, -21.0), (26.0, -16.0, -21.0)),
}

#: Sees every picture, and the same of all conditions; not a region of the study.
VISUAL_CORTEX: dict[str, tuple[Centre, ...]] = {
    "visual_cortex": ((-12.0, -92.0, -2.0), (14.0, -92.0, -2.0)),
}

#: Radius of a region's sphere, mm.
RADIUS = 8.0

#: Width of the rim over which the region's signal falls to zero outside the sphere, mm.
#: Activation does not end where a region of interest does; with a sharp edge, smoothing would
#: take a third of the planted signal.
TAPER = 6.0


def region_weights(
    *,
    coordinates: FloatArray,
    regions: dict[str, tuple[Centre, ...]],
    radius: float,
    taper: float,
) -> FloatArray:
    """Return how much of each region's signal each voxel carries.

    A voxel belongs to the nearest centre alone. Its weight is 1 within the sphere and falls
    outside as a raised cosine, ``(1 + cos(pi (d - radius) / taper)) / 2``. A sphere that holds
    no voxel (a coarse grid) takes the voxel nearest to its centre.

    Parameters
    ----------
    coordinates : ndarray of shape (n_voxels, 3)
        Voxel centres, MNI mm.
    regions : dict of str to tuple of centres
        Centres of each region, MNI mm.
    radius, taper : float
        Sphere radius and rim width, mm.

    Returns
    -------
    ndarray of shape (n_regions, n_voxels)
        Weights from 0 to 1, in the order of `regions`.

    Examples
    --------
    >>> line = np.array([[0.0, 0, 0], [8, 0, 0], [11, 0, 0], [20, 0, 0]])
    >>> region_weights(coordinates=line, regions={"a": ((0, 0, 0),)}, radius=8, taper=6)
    array([[1. , 1. , 0.5, 0. ]])
    """
    owners = np.array([i for i, centres in enumerate(regions.values()) for _ in centres])
    centres = np.array([centre for group in regions.values() for centre in group])
    distances = np.linalg.norm(coordinates[None] - centres[:, None], axis=2)
    nearest = distances.argmin(axis=0)
    nearest_distance = distances.min(axis=0)
    outside = np.clip((nearest_distance - radius) / taper, 0.0, 1.0)
    weights = np.zeros((len(regions), len(coordinates)))
    weights[owners[nearest], np.arange(len(coordinates))] = (1.0 + np.cos(np.pi * outside)) / 2.0
    for centre in np.flatnonzero(distances.min(axis=1) > radius):
        voxel = distances[centre].argmin()
        weights[:, voxel] = 0.0
        weights[owners[centre], voxel] = 1.0
    return weights
