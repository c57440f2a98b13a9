"""Seed maps of a session: seeds correlated with every voxel or grayordinate, and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.cleaning.projection import CleaningProjection
from bids_ketamine.core.connectivity.seed_maps import SeedSeries, residual_basis, seed_maps
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_scalars import ScalarWriter
from bids_ketamine.images.cifti_series import DenseSeries
from bids_ketamine.images.files import save_map
from bids_ketamine.images.grayordinate_means import RegionMeans, read_region_means
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.outputs.patterns import output_name
from bids_ketamine.outputs.seed_map_files import sidecar_of
from bids_ketamine.outputs.tables import write_json

NOTHING_CLEANED = "no run could be cleaned"
NO_SEED = "no region of the seed has a series that varies in every run"
NO_VALUE = "no voxel or grayordinate has a correlation with the seed"


class VoxelCoordinates(NamedTuple):
    """What seed maps need of a run of volumes, a small part of its series.

    Attributes
    ----------
    grid : Grid
        Where its voxels are.
    usable : ndarray of bool, shape (x, y, z)
        Voxels with signal.
    coordinates : ndarray of float32, shape (n_usable, n_basis)
        What cleaning leaves of each.
    """

    grid: Grid
    usable: np.ndarray
    coordinates: np.ndarray


def voxel_coordinates(image: RunImage, projection: CleaningProjection) -> VoxelCoordinates:
    """Return what seed maps need of a run of volumes, so that its series can go.

    Parameters
    ----------
    image : RunImage
        The run.
    projection : CleaningProjection
        How series of the run are cleaned, without a reason not to.
    """
    coordinates = residual_basis(projection).coordinates_of(image.series)
    return VoxelCoordinates(image.grid, image.usable, coordinates)


class SeedRun(NamedTuple):
    """A run with the cleaned series of the session's seeds.

    Attributes
    ----------
    image : RunImage, VoxelCoordinates or DenseSeries
        The run's images, or what is needed of volumes.
    projection : CleaningProjection
        How series of the run are cleaned. A run that it cannot clean is passed over.
    seeds : ndarray of shape (n_kept, n_seeds)
        Cleaned series of the seeds, each with the mean zero; NaN for one without.
    means : RegionMeans or None
        Of a dense series that was read with ``basis=residual_basis(projection)``, which spares
        reading it again.
    """

    image: RunImage | VoxelCoordinates | DenseSeries
    projection: CleaningProjection
    seeds: np.ndarray
    means: RegionMeans | None = None


def write_seed_maps(
    folder: Path,
    runs: Sequence[SeedRun],
    *,
    seed_names: Sequence[str],
    regions: Mapping[str, Sequence[str]],
    stem: str,
    space: str,
    sources: Sequence[str],
    unit_variance: bool,
    extra: Mapping[str, object] | None = None,
) -> dict[str, str]:
    """Write a map of each seed over a session.

    Parameters
    ----------
    folder : Path
        Folder in the layout of the session's output.
    runs : sequence of SeedRun
        All runs of volumes, or all dense series.
    seed_names : sequence of str
        Networks in the order of the seeds.
    regions : mapping of str to sequence of str
        Regions of each network whose mean series is the seed.
    stem, space : str
        Start of file names, and space of the images.
    sources : sequence of str
        BIDS URIs of the runs' files.
    unit_variance : bool
        Whether series have the same variance in each run.
    extra : mapping, optional
        Further keys of the sidecars.

    Returns
    -------
    dict of str to str
        Why a seed has no map, by seed.

    Raises
    ------
    ReadWriteError, InputDataError
        If images cannot be read again, their grids differ, or a map cannot be written.
    """
    cleaned = [run for run in runs if not run.projection.reason]
    if not cleaned:
        return dict.fromkeys(seed_names, NOTHING_CLEANED)
    kind, series, save = _of_kind(cleaned)
    maps = seed_maps(series, unit_variance=unit_variance)
    seeded = np.all([np.isfinite(each.seeds).all(axis=0) for each in series], axis=0)
    missing = {}
    for position, name in enumerate(seed_names):
        values = maps[position]
        if not np.isfinite(values).any():
            missing[name] = NO_VALUE if seeded[position] else NO_SEED
            continue
        path = folder / output_name(kind, task=stem, space=space, seed=name)
        save(values, path, name)
        sidecar = _sidecar(name, values, regions=regions[name], n_runs=len(cleaned))
        own = {"UnitVariance": unit_variance, "Sources": list(sources)}
        write_json(sidecar_of(path), {**sidecar, **own, **(extra or {})})
    return missing


def _sidecar(
    name: str, values: np.ndarray, *, regions: Sequence[str], n_runs: int
) -> dict[str, object]:
    return {
        "Description": f"Pearson correlation of the mean series of `{name}` with the series of "
        "every voxel or grayordinate, cleaned alike, over the runs of the session; 0 where there "
        "is no value",
        "Units": "Fisher z",
        "Seed": name,
        "SeedRegions": list(regions),
        "NumberOfRuns": n_runs,
        "NumberOfValues": int(np.isfinite(values).sum()),
    }


class _Kind(NamedTuple):
    """Series of a session: their kind of file, what is correlated, and how a map is saved."""

    file: str
    series: list[SeedSeries]
    save: Callable[[np.ndarray, Path, str], None]


def _of_kind(runs: Sequence[SeedRun]) -> _Kind:
    dense = [run.image for run in runs if isinstance(run.image, DenseSeries)]
    volumes = [
        voxel_coordinates(run.image, run.projection)
        if isinstance(run.image, RunImage)
        else run.image
        for run in runs
        if not isinstance(run.image, DenseSeries)
    ]
    if volumes and dense:
        raise ValueError("volumes and dense series in one session")
    if volumes:
        return _of_volumes(runs, volumes)
    return _of_grayordinates(runs, dense)


def _of_volumes(runs: Sequence[SeedRun], images: Sequence[VoxelCoordinates]) -> _Kind:
    grid = images[0].grid
    odd = [n for n, image in enumerate(images, start=1) if not image.grid.same_as(grid)]
    if odd:
        raise InputDataError(
            f"Run {odd[0]} of the session has another grid than run 1 (size, place or side), so "
            "that voxels cannot be correlated over runs.",
            cure="Compare the affines of the two images; run fMRIPrep with one resolution for all, "
            "or leave `networks.seed_maps` out.",
        )
    common = np.all([image.usable for image in images], axis=0)
    series = []
    for run, image in zip(runs, images, strict=True):
        inside = common[image.usable]
        kept = image.coordinates if inside.all() else image.coordinates[inside]
        series.append(SeedSeries(residual_basis(run.projection), run.seeds, kept))

    def save(values: np.ndarray, path: Path, _: str) -> None:
        save_map(grid.volume(values, common), grid.affine, path)

    return _Kind("seed_map", series, save)


def _of_grayordinates(runs: Sequence[SeedRun], images: Sequence[DenseSeries]) -> _Kind:
    first = images[0].grayordinates
    other = next((each for each in images if not first.same_as(each.grayordinates)), None)
    if other is not None:
        raise InputDataError(
            "The grayordinates of the runs stand in different orders, so that they cannot be "
            f"correlated over the session: it is not that of {images[0].path.name}.",
            path=other.path,
            cure="Make both with the same version of fMRIPrep, or leave `networks.seed_maps` out.",
        )
    series = []
    for run, image in zip(runs, images, strict=True):
        basis, means = residual_basis(run.projection), run.means
        if means is None or means.coordinates is None:
            means = read_region_means(image, (), basis=basis)
        if means.coordinates is None:
            raise ValueError("region means without coordinates")
        series.append(SeedSeries(basis, run.seeds, means.coordinates))
    writer = ScalarWriter(images[0].file.maps[1])

    def save(values: np.ndarray, path: Path, name: str) -> None:
        writer.save(values, path, name=f"{name}, Fisher z")

    return _Kind("seed_map_grayordinates", series, save)
