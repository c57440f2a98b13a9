"""Where the regions of the study of resting networks lie: each voxel belongs to one, or to none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bids_ketamine.demo.brain import Brain
from bids_ketamine.demo.network_groups import CORTEX, LIMBIC, SGACC, region_groups
from bids_ketamine.demo.regions import FloatArray
from bids_ketamine.regions.catalogue import TEMPLATE_2009C, atlas_by_name, atlas_image
from bids_ketamine.regions.seitzman import seitzman_spheres
from bids_ketamine.regions.volumes import read_labels


class Spheres(NamedTuple):
    """A region of spheres.

    Attributes
    ----------
    centres : tuple of (float, float, float)
        MNI mm.
    radius : float
        mm.
    """

    centres: tuple[tuple[float, ...], ...]
    radius: float


#: Subgenual spheres of the study.
SUBGENUAL = {
    "left_sgACC": Spheres(((-4.0, 26.0, -10.0),), 8.0),
    "right_sgACC": Spheres(((4.0, 26.0, -10.0),), 8.0),
}

#: Of no region.
NONE = -1

#: Atlas and labels of the limbic regions: those of the study.
LIMBIC_LABELS = {
    "amygdala": ("TianS1", ("AMY",)),
    "accumbens": ("TianS1", ("NAc",)),
    "anterior_hippocampus": ("TianS2", ("aHIP",)),
    "posterior_hippocampus": ("TianS2", ("pHIP",)),
    "anteromedial_thalamus": (
        "Seitzman300",
        (
            *("DefaultMode_262", "DefaultMode_263"),
            *("CinguloOpercular_268", "CinguloOpercular_269"),
        ),
    ),
}

#: Structures that lie beside them.
OTHER_SUBCORTEX = ("CAU", "PUT", "GP", "aTHA", "pTHA")

#: Distance from an atlas up to which a place between its voxels belongs to its region, mm: half
#: the diagonal of a voxel, since grids do not coincide.
NEAR = 1.8

#: Distance from a region's voxels up to which its signal is found, mm: on a coarse grid a voxel
#: whose centre lies beside the region is half inside.
MARGIN = 3.0


class RegionPoints(NamedTuple):
    """Voxels of the atlases, 2 mm.

    Attributes
    ----------
    coordinates : ndarray of shape (n_points, 3)
        MNI mm.
    regions : ndarray of shape (n_points,)
        Place of each point's region in `network_groups.region_groups`, or `NONE`.
    """

    coordinates: FloatArray
    regions: NDArray[np.intp]


@lru_cache(maxsize=1)
def region_spheres() -> Mapping[str, Spheres]:
    """Return the regions made of spheres, by name."""
    small = {
        name: seitzman_spheres(labels)
        for name, (atlas, labels) in LIMBIC_LABELS.items()
        if atlas_by_name(atlas).spheres
    }
    return SUBGENUAL | {
        name: Spheres(tuple(each.centre for each in found), found[0].radius)
        for name, found in small.items()
    }


@lru_cache(maxsize=1)
def region_points() -> RegionPoints:
    """Return the voxels of the atlases of the study; the spheres are none of them.

    Subcortical structures beside those of the study belong to no region.
    """
    names = list(region_groups())
    parts = [_points(CORTEX, {name: (name,) for name in names[: -len(SGACC + LIMBIC)]})]
    for name, (atlas, labels) in LIMBIC_LABELS.items():
        if name not in region_spheres():
            parts.append(_points(atlas, {name: labels}))
    found = [(points, names.index(name)) for part in parts for name, points in part.items()]
    other = _points("TianS1", {name: (name,) for name in OTHER_SUBCORTEX})
    found += [(points, NONE) for points in other.values()]
    return RegionPoints(
        np.concatenate([points for points, _ in found]),
        np.repeat([place for _, place in found], [len(points) for points, _ in found]),
    )


def _points(atlas: str, wanted: dict[str, tuple[str, ...]]) -> dict[str, FloatArray]:
    """Return the voxel centres of regions made of labels of an atlas, MNI mm."""
    found = atlas_image(atlas_by_name(atlas), TEMPLATE_2009C)
    volume = read_labels(found.image)
    inside = np.argwhere(volume.labels > 0)
    labels = volume.labels[tuple(inside.T)]
    coordinates = inside @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    indices = {
        name: [label.index for word in words for label in found.table.chosen(word)]
        for name, words in wanted.items()
    }
    return {name: coordinates[np.isin(labels, chosen)] for name, chosen in indices.items()}


def owners(coordinates: FloatArray, *, margin: float = MARGIN) -> NDArray[np.intp]:
    """Return the region that each place belongs to.

    Spheres go before all else, the nearer centre before the other; the nearest voxel of an atlas
    decides elsewhere. Small spheres reach out by the margin, as atlases do; the subgenual ones,
    between parcels of the default mode, do not.

    Parameters
    ----------
    coordinates : ndarray of shape (n_places, 3)
        MNI mm.
    margin : float
        Farthest distance from a voxel of an atlas or a small sphere, mm.

    Returns
    -------
    ndarray of shape (n_places,)
        Place of the region in `network_groups.region_groups`, or `NONE`.
    """
    points = region_points()
    distance, nearest = cKDTree(points.coordinates).query(coordinates)
    found = np.where(distance <= margin, points.regions[nearest], NONE)
    names = list(region_groups())
    spheres = region_spheres()
    away = np.stack([_distance(coordinates, each) for each in spheres.values()])
    reach = [each.radius + (0.0 if name in SGACC else margin) for name, each in spheres.items()]
    inside = away <= np.array(reach)[:, None]
    own = np.where(inside, away, np.inf).argmin(axis=0)
    places = np.array([names.index(name) for name in spheres])
    return np.where(inside.any(axis=0), places[own], found)


def _distance(coordinates: FloatArray, spheres: Spheres) -> FloatArray:
    """Return the distance of each place from the nearest centre."""
    return cKDTree(np.array(spheres.centres)).query(coordinates)[0]


def core_voxels(brain: Brain, name: str) -> NDArray[np.intp]:
    """Return the voxels that an analysis takes for a limbic region or a subgenual sphere.

    Parameters
    ----------
    brain : Brain
        The grid.
    name : str
        Of the region.

    Returns
    -------
    ndarray of shape (n,)
        Head voxels within the region without its margin; of a small sphere between the centres
        of voxels the nearest one.
    """
    place = list(region_groups()).index(name)
    if name in SGACC or name not in region_spheres():
        return np.flatnonzero(brain.mask & (owners(brain.coordinates, margin=NEAR) == place))
    found = []
    for centre in region_spheres()[name].centres:
        away = np.linalg.norm(brain.coordinates - np.array(centre), axis=1)
        inside = np.flatnonzero(away <= region_spheres()[name].radius)
        found.append(inside if len(inside) else away.argmin()[None])
    return np.unique(np.concatenate(found))


def voxel_owners(brain: Brain) -> NDArray[np.intp]:
    """Return the region of each head voxel; voxels outside the brain have none."""
    return np.where(brain.mask, owners(brain.coordinates), NONE)


def owner_weights(regions: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return what each voxel takes from each region: all from its own.

    Parameters
    ----------
    regions : ndarray of shape (n_voxels,)
        From `owners`.

    Returns
    -------
    ndarray of shape (n_regions, n_voxels)
        0 or 1.
    """
    weights = np.zeros((len(region_groups()), len(regions)), dtype=np.float32)
    inside = np.flatnonzero(regions != NONE)
    weights[regions[inside], inside] = 1.0
    return weights
