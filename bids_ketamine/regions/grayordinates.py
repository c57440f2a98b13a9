"""Regions of a study on the grayordinates of a CIFTI series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.images.cifti_labels import label_regions
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion, voxel_region
from bids_ketamine.images.grayordinates import LEFT, RIGHT, Grayordinates
from bids_ketamine.images.surface_spheres import Midthickness, read_midthickness, surface_sphere
from bids_ketamine.regions.dense import read_dense
from bids_ketamine.regions.locate import Region, locate_region
from bids_ketamine.regions.on_grid import RegionImages
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.regions.templates import MIDTHICKNESS

#: Where the surface is named that a region of the volume needs to be laid on the cortex, and how
#: else it is had.
SETTING = "regions.midthickness"
NO_SURFACE = (
    f"no midthickness surface: name left and right with {SETTING}, or put "
    f"tpl-fsLR_{MIDTHICKNESS[0]} and its right twin into TEMPLATEFLOW_HOME"
)


class LocatedGrayordinateRegions(NamedTuple):
    """The regions of a study on grayordinates.

    Attributes
    ----------
    regions : tuple of GrayordinateRegion
        In the order of the study.
    notes : tuple of str
        What was done to bring them there, and which could not be.
    """

    regions: tuple[GrayordinateRegion, ...]
    notes: tuple[str, ...]


def locate_grayordinate_regions(
    sources: Sequence[RegionSource],
    grayordinates: Grayordinates,
    *,
    own_segmentation: Path | None,
    midthickness: tuple[Path, Path] | None = None,
) -> LocatedGrayordinateRegions:
    """Find the grayordinates of regions.

    Labels of grayordinates are taken vertex by vertex. A region of the volume (sphere, mask, label)
    takes its voxels where at least half of it is subcortical; else, with a midthickness, the
    vertices within the sphere, or those whose coordinates lie in a voxel of it.

    Parameters
    ----------
    sources : sequence of RegionSource
        Regions of images and spheres; those of time-series columns are left out.
    grayordinates : Grayordinates
        Of the series.
    own_segmentation : Path or None
        The participant's ``desc-aseg_dseg`` in MNI152NLin6Asym.
    midthickness : tuple of (Path, Path), optional
        Left and right midthickness; those that the sources name where ``None``.

    Returns
    -------
    LocatedGrayordinateRegions
        Regions, those without grayordinates with the reason; and what was done.

    Raises
    ------
    InputMissingError, InputDataError, ReadWriteError
        If an image or a surface cannot be read.
    """
    wanted = [each for each in sources if not each.columns]
    surface = _surface(wanted, midthickness)
    labelled, notes = _labelled(wanted, grayordinates)
    volume = _OfVolume(grayordinates, surface, own_segmentation)
    regions = [
        labelled[source.name] if source.dense else volume.region(source) for source in wanted
    ]
    told = [f"{region.name}: {region.problem}" for region in regions if region.problem]
    told += [*dict.fromkeys(source.note for source in wanted if source.note), *notes]
    told += volume.notes()
    return LocatedGrayordinateRegions(tuple(regions), tuple(told))


def _surface(
    sources: Sequence[RegionSource], given: tuple[Path, Path] | None
) -> Midthickness | None:
    files = given or next((each.midthickness for each in sources if each.midthickness), ())
    return read_midthickness(*files) if files else None


def _labelled(
    sources: Sequence[RegionSource], grayordinates: Grayordinates
) -> tuple[dict[str, GrayordinateRegion], list[str]]:
    """Lay labels of grayordinates on those of the series; each file is read once."""
    by_file: dict[Path, dict[str, tuple[int, ...]]] = {}
    for source in sources:
        if source.dense and source.image is not None:
            by_file.setdefault(source.image, {})[source.name] = source.indices
    regions: dict[str, GrayordinateRegion] = {}
    notes: list[str] = []
    origins = {source.name: source.origin for source in sources}
    for path, keys in by_file.items():
        found, told = label_regions(read_dense(path), keys, grayordinates)
        regions |= {each.name: each._replace(origin=origins[each.name]) for each in found}
        notes += told
    return regions, notes


class _OfVolume:
    """Lays regions of the volume on grayordinates; each image is read once."""

    def __init__(
        self, grayordinates: Grayordinates, surface: Midthickness | None, own: Path | None
    ) -> None:
        self._grayordinates = grayordinates
        self._surface = surface
        self._own = own
        self._images = RegionImages(grayordinates.grid)
        self._sampled: dict[str, list[str]] = {}
        self._lacking = False
        self._at_vertices: dict[tuple[Path, bool, Path | None, str], np.ndarray] = {}

    def region(self, source: RegionSource) -> GrayordinateRegion:
        found = locate_region(source, self._grayordinates.grid, self._images, own=self._own)
        region = voxel_region(
            source.name,
            found.voxels,
            found.n_voxels,
            self._grayordinates,
            sphere=bool(source.spheres),
            origin=source.origin,
            problem=found.problem,
        )
        if not region.problem or found.problem:
            return region
        if self._surface is None:
            self._lacking = True
            return region._replace(problem=f"{region.problem} ({SETTING})")
        cortex = self._on_cortex(source, found, self._surface)
        if not cortex.problem:
            return cortex
        few = region.problem.partition(":")[0]
        return cortex._replace(problem=f"{few}, and {cortex.problem}")

    def _on_cortex(
        self, source: RegionSource, found: Region, surface: Midthickness
    ) -> GrayordinateRegion:
        if source.spheres:
            return surface_sphere(
                *(source.name, source.spheres, source.radius, surface, self._grayordinates),
                origin=source.origin,
            )
        path = self._own if source.own_segmentation else source.image
        if path is None:
            raise ValueError("a region of no image")
        columns, total = [], 0
        for structure, points in ((LEFT, surface.left), (RIGHT, surface.right)):
            labels = self._labels(source, path, structure, points)
            inside = np.flatnonzero(np.isin(labels, source.indices or (1,)))  # a mask is label 1
            total += len(inside)
            columns.append(self._grayordinates.columns_of_vertices(structure, inside))
        every = np.concatenate(columns)
        there = np.sort(every[every >= 0]).astype(np.intp)
        problem = ""
        if not len(there):
            problem = "no vertex of the cortex lies in it"
            # Of what has no vertex at all, the voxels tell how much is not there.
            total = total or found.n_voxels
        else:
            self._sampled.setdefault(path.name, []).append(source.name)
        return GrayordinateRegion(source.name, there, total, source.origin, problem)

    def _labels(
        self, source: RegionSource, path: Path, structure: str, points: np.ndarray
    ) -> np.ndarray:
        """Return the label of each vertex; hundreds of regions share an image."""
        key = (path, not source.indices, source.transform, structure)
        if key not in self._at_vertices:
            self._at_vertices[key] = self._images.labels_at(source, path, points)
        return self._at_vertices[key]

    def notes(self) -> list[str]:
        told = [
            f"{len(names)} regions of {name} are on the cortex: each vertex takes the label of the "
            "voxel in which its midthickness lies"
            for name, names in self._sampled.items()
        ]
        return [*([NO_SURFACE] if self._lacking else []), *told, *self._images.notes()]
