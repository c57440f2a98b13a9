"""The simulated head on grayordinates: where each lies, which region it is in, what it samples.

fMRIPrep takes the series of grayordinates from the volume. So does the demo, from its coarse
voxels: each grayordinate has the series of a voxel of its own region, the nearest one in the
cortex. Both forms of a run hence hold the same signals and the same noise, and region means differ
by how many grayordinates a voxel has. The surfaces are made up: vertices lie in voxels of the
cortical parcels, in the order in which the atlas has them, so that neighbours on a surface are no
neighbours here. The 2-mm volume of grayordinates, which is of another template, is taken to be in
the space of the images.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.gifti import GiftiDataArray, GiftiImage
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bids_ketamine.demo.brain import Brain
from bids_ketamine.demo.cifti_files import standard_axis, structure_voxels, write_labels
from bids_ketamine.demo.files import write_text
from bids_ketamine.demo.network_groups import LIMBIC, SGACC, region_groups
from bids_ketamine.demo.network_regions import (
    NEAR,
    NONE,
    core_voxels,
    owners,
    region_points,
    voxel_owners,
)
from bids_ketamine.demo.regions import FloatArray
from bids_ketamine.images.grayordinates import AFFINE, LEFT, N_VERTICES, RIGHT
from bids_ketamine.images.grayordinates_91k import STRUCTURES

#: Where vertices of the medial wall lie, right, MNI mm: no region is there.
MEDIAL_WALL = (5.0, -15.0, 25.0)

CORTEX_FILE = "atlas-demoCortex_den-91k.dlabel.nii"
LIMBIC_FILE = "atlas-demoLimbic_den-91k.dlabel.nii"
SURFACES = tuple(f"tpl-demo_den-32k_hemi-{side}_midthickness.surf.gii" for side in "LR")
STUDY_FILE = "siegel2021fsLR.yml"


@lru_cache(maxsize=1)
def vertices() -> tuple[FloatArray, FloatArray]:
    """Return the places of all vertices of both hemispheres, each of shape (32492, 3), MNI mm."""
    points = region_points()
    n_parcels = len(region_groups()) - len(SGACC + LIMBIC)
    cortical = (points.regions != NONE) & (points.regions < n_parcels)
    cortex = points.coordinates[cortical]
    surfaces = []
    for name, sign in ((LEFT, -1.0), (RIGHT, 1.0)):
        own = cortex[sign * cortex[:, 0] > 0.0]
        chosen = np.linspace(0, len(own) - 1, STRUCTURES[name]).round().astype(int)
        wall = np.tile(np.array(MEDIAL_WALL) * [sign, 1.0, 1.0], (N_VERTICES - len(chosen), 1))
        surfaces.append(np.concatenate([own[chosen], wall]))
    return surfaces[0], surfaces[1]


@lru_cache(maxsize=1)
def grayordinate_places() -> FloatArray:
    """Return the places of the 91,282 grayordinates, shape (91282, 3), MNI mm."""
    left, right = vertices()
    voxels = np.concatenate(list(structure_voxels().values()))
    return np.concatenate(
        [
            left[: STRUCTURES[LEFT]],
            right[: STRUCTURES[RIGHT]],
            voxels @ AFFINE[:3, :3].T + AFFINE[:3, 3],
        ]
    )


@lru_cache(maxsize=1)
def grayordinate_owners() -> NDArray[np.intp]:
    """Return the region of each grayordinate: spheres and parcels of vertices, limbic voxels."""
    found = owners(grayordinate_places(), margin=NEAR)
    n_cortex = STRUCTURES[LEFT] + STRUCTURES[RIGHT]
    limbic = found >= len(region_groups()) - len(LIMBIC)
    on_surface = np.arange(len(found)) < n_cortex
    found[np.where(on_surface, limbic, ~limbic)] = NONE
    return found


def sampled_voxels(brain: Brain) -> NDArray[np.intp]:
    """Return the head voxel whose series each grayordinate takes.

    Parameters
    ----------
    brain : Brain
        The grid.

    Returns
    -------
    ndarray of shape (91282,)
        The nearest voxel of the grayordinate's own parcel, or one of its own sphere or limbic
        region, whose voxels are taken in turn; the nearest of the brain where it has no region,
        or where no voxel has it.
    """
    places, wanted = grayordinate_places(), grayordinate_owners()
    inside = np.flatnonzero(brain.mask)
    chosen = inside[cKDTree(brain.coordinates[inside]).query(places)[1]]
    n_parcels = len(region_groups()) - len(SGACC + LIMBIC)
    regions = voxel_owners(brain)
    for region, name in enumerate(region_groups()):
        own = np.flatnonzero(wanted == region)
        if region < n_parcels:
            voxels = np.flatnonzero(regions == region)
            if len(voxels):
                chosen[own] = voxels[cKDTree(brain.coordinates[voxels]).query(places[own])[1]]
            continue
        voxels = core_voxels(brain, name)
        if len(voxels):
            chosen[own] = voxels[np.arange(len(own)) % len(voxels)]
    return np.asarray(chosen, dtype=np.intp)


def write_grayordinate_study(folder: Path) -> None:
    """Write atlases, surfaces and the study file with which the CIFTI form is analysed.

    Parameters
    ----------
    folder : Path
        Where to.
    """
    names = list(region_groups())
    n_parcels, first = len(names) - len(SGACC + LIMBIC), len(names) - len(LIMBIC)
    regions = grayordinate_owners()
    parcels = np.zeros(len(regions), dtype=int)
    parcels[: STRUCTURES[LEFT] + STRUCTURES[RIGHT]] = _parcels_of_vertices()
    folder.mkdir(parents=True, exist_ok=True)
    atlases = (
        (CORTEX_FILE, parcels, names[:n_parcels], 1),
        (LIMBIC_FILE, np.where(regions >= first, regions + 1, 0), names[first:], first + 1),
    )
    for file, keys, labels, start in atlases:
        write_labels(folder / file, keys, dict(enumerate(labels, start=start)), standard_axis())
    for name, places, side in zip(SURFACES, vertices(), ("Left", "Right"), strict=True):
        _write_surface(folder / name, places, side)
    write_text(folder / STUDY_FILE, STUDY)


def _parcels_of_vertices() -> NDArray[np.intp]:
    """Return the parcel (from 1) in whose voxel each vertex lies, also within the spheres."""
    points = region_points()
    n_cortex = STRUCTURES[LEFT] + STRUCTURES[RIGHT]
    nearest = cKDTree(points.coordinates).query(grayordinate_places()[:n_cortex])[1]
    return points.regions[nearest] + 1


def _write_surface(path: Path, places: FloatArray, side: str) -> None:
    meta = {"AnatomicalStructurePrimary": f"Cortex{side}"}
    points = GiftiDataArray(
        places.astype(np.float32),
        intent="NIFTI_INTENT_POINTSET",
        meta=nib.gifti.GiftiMetaData(meta),
    )
    corners = np.array([[0, 1, 2]], dtype=np.int32)
    triangles = GiftiDataArray(corners, intent="NIFTI_INTENT_TRIANGLE")
    nib.save(GiftiImage(darrays=[points, triangles]), path)


#: Regions as in the preset, from made-up atlases: the real ones lie on real surfaces.
STUDY = f"""# The study on the CIFTI form of the simulated trial: made-up surfaces, atlases on them.
extends: siegel2021
name: siegel2021fsLR
inputs: {{space: fsLR}}
regions:
  midthickness: [{SURFACES[0]}, {SURFACES[1]}]
  whole_atlases:
    cortex: {{atlas: null, dseg: {CORTEX_FILE}}}
  definitions:
    amygdala: {{atlas: null, dseg: {LIMBIC_FILE}, labels: [amygdala]}}
    accumbens: {{atlas: null, dseg: {LIMBIC_FILE}, labels: [accumbens]}}
    anterior_hippocampus: {{atlas: null, dseg: {LIMBIC_FILE}, labels: [anterior_hippocampus]}}
    posterior_hippocampus: {{atlas: null, dseg: {LIMBIC_FILE}, labels: [posterior_hippocampus]}}
    anteromedial_thalamus: {{atlas: null, dseg: {LIMBIC_FILE}, labels: [anteromedial_thalamus]}}
"""
