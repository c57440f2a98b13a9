"""What the steps of one session share: confounds of a run, its facts, its quality table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.core.nuisance import Nuisance, no_nuisance, select_nuisance
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.dataset.tables import read_confounds, read_json
from bids_ketamine.dataset.wanted import reads_columns
from bids_ketamine.errors import BidsKetamineError, InputMissingError
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.images import image_facts
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import ConfoundsSpec

QUALITY_COLUMNS = {
    "framewise_displacement": {"Description": "Framewise displacement (Power)", "Units": "mm"},
    "std_dvars": {"Description": "Standardized DVARS"},
    "outlier": {"Description": "Volume has a regressor of its own (motion or intensity)"},
    "non_steady_state": {"Description": "Volume is before the steady state"},
}

#: The same with `cleaning`, where no volume has a regressor of its own.
CLEANED_QUALITY_COLUMNS = {
    **QUALITY_COLUMNS,
    "framewise_displacement_filtered": {
        "Description": "Framewise displacement of filtered motion parameters",
        "Units": "mm",
    },
    "outlier": {"Description": "Volume is left out (motion, intensity, or a short stretch)"},
}


class ConfoundTable(NamedTuple):
    """Confounds of a run, read once for all methods that choose from them.

    Attributes
    ----------
    table : DataFrame or None
        Shape (n_scans, n_columns); None for a run without a table.
    metadata : mapping
        What the sidecar says of each column.
    n_scans : int
        Volumes of the run.
    """

    table: pd.DataFrame | None
    metadata: Mapping[str, Mapping[str, object]]
    n_scans: int


def read_confound_table(run: RunInputs, n_scans: int | None) -> ConfoundTable:
    """Read a run's confounds table, of as many volumes unless `None`, and its sidecar."""
    if run.confounds is None:
        return ConfoundTable(None, {}, n_scans or 0)
    table = read_confounds(run.confounds, n_volumes=n_scans)
    sidecar = run.confounds.with_suffix(".json")
    described = read_json(sidecar) if sidecar.is_file() else {}
    metadata = {key: each for key, each in described.items() if isinstance(each, dict)}
    return ConfoundTable(table, metadata, len(table))


def chosen_nuisance(run: RunInputs, confounds: ConfoundTable, spec: ConfoundsSpec) -> Nuisance:
    """Choose the study's nuisance regressors from a run's confounds.

    Parameters
    ----------
    run : RunInputs
        The run.
    confounds : ConfoundTable
        Its table.
    spec : ConfoundsSpec
        What is asked for; nothing of it, a run without a table has no regressors.

    Raises
    ------
    InputMissingError
        If there is no table, and columns of it are asked for.
    InputDataError
        If the table lacks what is asked for.
    """
    aroma = run.aroma_denoised
    if confounds.table is None:
        if reads_columns(spec, aroma_denoised=aroma):
            raise InputMissingError(
                "There is no confounds table, of which nuisance regressors are asked for.",
                path=run.bold,
                cure="Add it, or ask for nothing of it under `confounds` in the study file.",
            )
        return no_nuisance(confounds.n_scans)
    try:
        return select_nuisance(
            confounds.table,
            metadata=confounds.metadata,
            columns=spec.columns,
            derivatives=spec.derivatives,
            compcor_mask=spec.compcor_mask,
            compcor_components=spec.compcor_components,
            compcor_variance=spec.compcor_variance,
            motion=spec.motion if aroma else _larger(spec.motion, spec.motion_without_aroma),
            outliers=spec.outliers,
            non_steady_state=spec.non_steady_state,
        )
    except BidsKetamineError as error:
        error.path = run.confounds
        error.cure = error.cure or "Name the columns it has under `confounds` in the study file."
        raise


def read_nuisance(run: RunInputs, spec: ConfoundsSpec, n_scans: int) -> Nuisance:
    """Read a run's confounds and choose the study's nuisance regressors."""
    return chosen_nuisance(run, read_confound_table(run, n_scans), spec)


def own_segmentation(runs: Sequence[RunInputs]) -> Path | None:
    """Return the participant's segmentation in the space of some runs; None if none has it."""
    return next((run.aseg for run in runs if run.aseg is not None), None)


def _larger(first: str, second: str) -> str:
    order = ("none", "6", "12", "24")
    return max(first, second, key=order.index)


def reference_time(run: RunInputs) -> tuple[float, str]:
    """Return the time within a volume to which its slices refer, s, and where it is from."""
    if run.start_time is not None:
        return run.start_time, "StartTime of the sidecar"
    if run.t_r is None:
        raise ValueError("a run without repetition time")
    if run.slice_timing_corrected:
        return run.t_r / 2.0, "half the repetition time, after slice-timing correction"
    return run.t_r / 2.0, "half the repetition time: slices are not corrected, their mean is"


def run_facts(
    run: RunInputs,
    nuisance: Nuisance,
    *,
    study_task: str,
    n_scans: int,
    smoothing_fwhm: float | None,
    residual_df: float,
    notes: list[str],
    image: RunImage | None = None,
) -> dict[str, Any]:
    """Return what the sidecar and the report say of a run; of its images where it has any."""
    return {
        "Task": study_task,
        "Run": run.run,
        "Description": run.description,
        "Space": run.space,
        "RepetitionTime": run.t_r,
        "SmoothingFWHM": smoothing_fwhm,
        "Volumes": n_scans,
        "VolumesKept": nuisance.n_volumes_kept,
        "OutlierVolumes": int(nuisance.outlier.sum()),
        "NonSteadyStateVolumes": int(nuisance.non_steady_state.sum()),
        "MeanFramewiseDisplacement": None if np.isnan(nuisance.mean_fd) else nuisance.mean_fd,
        "Confounds": [str(name) for name in nuisance.regressors],
        "ResidualDegreesOfFreedom": residual_df,
        "Notes": [*run.notes, *nuisance.notes, *notes],
        **({} if image is None else image_facts(run, image, smoothing_fwhm)),
    }


def runs_summary(facts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the columns of the measures table that sum up the runs of a measure.

    Parameters
    ----------
    facts : sequence of mapping
        Facts of each run.

    Returns
    -------
    dict of str to float
        ``mean_fd`` (mm, mean over the runs where it is known), ``n_volumes``,
        ``n_volumes_kept``, ``residual_df`` (sums).
    """
    known = [run["MeanFramewiseDisplacement"] for run in facts]
    known = [fd for fd in known if fd is not None]
    return {
        "mean_fd": float(np.mean(known)) if known else float("nan"),
        "n_volumes": sum(run["Volumes"] for run in facts),
        "n_volumes_kept": sum(run["VolumesKept"] for run in facts),
        "residual_df": sum(run["ResidualDegreesOfFreedom"] for run in facts),
    }


def write_quality(
    path: Path,
    nuisance: Nuisance,
    t_r: float | None,
    sources: list[str],
    *,
    columns: Mapping[str, Mapping[str, object]] = QUALITY_COLUMNS,
    further: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> None:
    """Write motion and outliers of a run, one row a volume.

    Parameters
    ----------
    path : Path
        The table.
    nuisance : Nuisance
        Motion, and the state of the volumes.
    t_r : float or None
        Repetition time, s.
    sources : list of str
        BIDS URIs of the run's files.
    columns : mapping, optional
        Meaning of the columns.
    further : mapping of str to ndarray of shape (n_scans,), optional
        Columns after that of displacement.
    """
    table = pd.DataFrame(
        {
            "framewise_displacement": nuisance.framewise_displacement,
            **further,
            "std_dvars": nuisance.std_dvars,
            "outlier": nuisance.outlier.astype(int),
            "non_steady_state": nuisance.non_steady_state.astype(int),
        }
    )
    write_table(path, table, columns=columns, extra={"RepetitionTime": t_r, "Sources": sources})


def region_columns(image: RunImage, regions: Sequence[Region]) -> list[np.ndarray]:
    """Return the columns of a run's series that lie in each region, ascending."""
    usable = image.usable.reshape(-1)
    column_of = np.cumsum(usable) - 1  # column of each usable voxel in the series
    return [np.sort(column_of[region.voxels[usable[region.voxels]]]) for region in regions]


def region_series(image: RunImage, series: np.ndarray, regions: tuple[Region, ...]) -> np.ndarray:
    """Average series over each region's usable voxels.

    Returns
    -------
    ndarray of shape (n_scans, n_regions)
        float64; NaN for a region without usable voxels.
    """
    means = np.full((len(series), len(regions)), np.nan)
    for position, chosen in enumerate(region_columns(image, regions)):
        if chosen.size:
            means[:, position] = series[:, chosen].mean(axis=1, dtype=np.float64)
    return means


def mean_in(volume: np.ndarray, region: Region) -> float:
    """Average a map over a region's voxels that have a value; NaN if there are none."""
    values = volume.reshape(-1)[region.voxels]
    values = values[np.isfinite(values)]
    return float(values.mean(dtype=np.float64)) if values.size else float("nan")


def region_quality(
    regions: Sequence[Region], usable: Sequence[np.ndarray], tsnr: Sequence[np.ndarray]
) -> RegionQuality:
    """Return coverage and temporal signal-to-noise ratio of regions over runs.

    Parameters
    ----------
    regions : sequence of Region
        Regions on the runs' grid.
    usable : sequence of ndarray of bool, shape (x, y, z)
        Voxels of each run that count.
    tsnr : sequence of ndarray of shape (x, y, z)
        Temporal signal-to-noise ratio of each run; NaN where there is no signal.

    Returns
    -------
    RegionQuality
        Lowest coverage and mean ratio over runs.
    """
    return RegionQuality.combine(
        [
            RegionQuality(
                np.array([region.coverage(inside) for region in regions]),
                np.array([mean_in(ratio, region) for region in regions]),
                tuple(region.problem for region in regions),
            )
            for inside, ratio in zip(usable, tsnr, strict=True)
        ]
    )
