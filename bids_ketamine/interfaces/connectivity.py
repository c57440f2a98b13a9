"""Resting connectivity of a participant-session: load, clean, correlate, save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine._version import __version__
from bids_ketamine.core.connectivity.cleaning import clean_series
from bids_ketamine.core.connectivity.matrices import fisher_z, pair_indices, pearson_correlation
from bids_ketamine.core.connectivity.regions import RegionQuality, pair_reasons, weak_regions
from bids_ketamine.core.nuisance import Nuisance, displacement, no_nuisance
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.dataset.tables import read_confounds, read_timeseries
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.images import read_image
from bids_ketamine.interfaces.runs import (
    mean_in,
    own_segmentation,
    read_nuisance,
    region_series,
    run_facts,
    runs_summary,
    write_quality,
)
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.outputs.patterns import output_name, run_stem, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.regions.locate import Region, locate_regions
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import InputsSpec, RegionsSpec, RestSpec


class RestingConnectivityInputSpec(StepInputSpec):
    """Inputs of :class:`RestingConnectivity`."""

    rest = traits.Any(mandatory=True, desc="RestSpec")
    regions = traits.Any(mandatory=True, desc="RegionsSpec")
    region_sources = traits.Any(mandatory=True, desc="RegionSource of each region")
    inputs = traits.Any(mandatory=True, desc="InputsSpec")


class RestingConnectivity(Step):
    """Region series of the resting runs, cleaned, and their correlations."""

    input_spec = RestingConnectivityInputSpec

    def compute(self, folder: Path) -> None:
        """Clean every run, join runs, correlate, and write series, matrix and measures."""
        session: SessionInputs = self.inputs.session
        settings = _Settings(
            *(self.inputs.rest, self.inputs.regions, self.inputs.region_sources),
            *(self.inputs.inputs, self.inputs.sources),
        )
        rest = settings.rest
        runs = session.runs_of(rest.task)
        cleaned = [_clean_run(folder, session, run, settings) for run in runs]
        names = cleaned[0].names
        if any(each.names != names for each in cleaned):
            raise InputDataError("The resting runs have different regions.", path=runs[-1].files[0])
        series = np.concatenate([each.series for each in cleaned])
        quality = RegionQuality.combine([each.quality for each in cleaned])
        correlation = pearson_correlation(series)
        stem = task_stem(session.prefix, rest.task, runs[0].entities)
        _write_matrix(
            folder / output_name("relmat", task=stem, space=runs[0].space, atlas=settings.atlas),
            correlation,
            names,
            bids_uris([path for run in runs for path in run.files], settings.datasets),
        )
        rows = _rows(
            correlation,
            names,
            quality=quality,
            weak=weak_regions(series),
            facts=[each.facts for each in cleaned],
            settings=settings,
        )
        rows.to_pickle(folder / "rows.pkl")
        write_step(folder, {"Runs": [each.facts for each in cleaned]})


class _Settings(NamedTuple):
    """The sections of the study that rest depends on."""

    rest: RestSpec
    regions: RegionsSpec
    region_sources: tuple[RegionSource, ...]
    inputs: InputsSpec
    datasets: Mapping[str, str]

    @property
    def atlas(self) -> str:
        """Name of the regions in output file names."""
        return self.inputs.timeseries_atlas or self.regions.atlas


class _CleanRun(NamedTuple):
    """A cleaned run."""

    names: list[str]
    series: np.ndarray
    quality: RegionQuality
    facts: dict[str, Any]


def _clean_run(
    folder: Path, session: SessionInputs, run: RunInputs, settings: _Settings
) -> _CleanRun:
    rest = settings.rest
    notes: list[str] = []
    image: RunImage | None = None
    fwhm: float | None = None
    origins: dict[str, str] = {}
    if run.timeseries is not None:
        names, raw = _columns(run, settings.regions)
        quality = RegionQuality.unknown(len(names))
        nuisance = _motion_of(run, len(raw), notes)
        band = None
        notes.append("time series are used as they are: no nuisance regression, no band-pass here")
        censored = np.isnan(raw).all(axis=1)
        if censored.any():
            notes.append(f"{int(censored.sum())} volumes without values are left out (censored)")
            nuisance = nuisance._replace(outlier=censored)
            raw = raw[~censored]
        finite = np.isfinite(raw).all(axis=0)
        raw = np.where(finite, raw, 0.0)
    else:
        image, fwhm = read_image(run, settings.inputs)
        notes += image.notes
        located = locate_regions(
            settings.region_sources,
            image.grid,
            own_segmentation=own_segmentation(session.runs_of(rest.task)),
        )
        regions = located.regions
        names = [region.name for region in regions]
        raw = region_series(image, image.series, regions)
        quality = _quality(regions, image.usable, image.tsnr)
        nuisance = read_nuisance(run, rest.confounds, len(raw))
        band = rest.band_pass
        notes += located.notes
        origins = {region.name: f"{region.origin}, cleaned" for region in regions}
        finite = np.isfinite(raw).all(axis=0)
        raw = np.where(finite, raw, 0.0)
        # Percent of each region's mean: the unit does not touch correlations.
        level = raw.mean(axis=0)
        raw = 100.0 * raw / np.where(level > 0, level, 1.0)
    regressors = nuisance.regressors.to_numpy(dtype=float)[: len(raw)]
    cleaned = clean_series(
        raw,
        nuisance=regressors,
        t_r=run.t_r,
        band_pass=None if band is None else (band[0], band[1]),
    )
    series = np.where(finite, cleaned.series, np.nan)
    sources = bids_uris(run.files, settings.datasets)
    stem = run_stem(session.prefix, run.task, run.entities, run.run)
    unit = "arbitrary" if run.timeseries is not None else "percent of the region's mean"
    write_table(
        folder / output_name("timeseries", run=stem, space=run.space, atlas=settings.atlas),
        pd.DataFrame(series, columns=names),
        columns={
            name: {"Description": f"Mean over {origins.get(name, 'the region')}", "Units": unit}
            for name in names
        },
        extra={"RepetitionTime": run.t_r, "Sources": sources},
    )
    if run.timeseries is None:
        write_quality(folder / output_name("quality", run=stem), nuisance, run.t_r, sources)
    facts = run_facts(
        run,
        nuisance,
        study_task=rest.task,
        n_scans=len(nuisance.outlier),
        smoothing_fwhm=fwhm,
        residual_df=cleaned.residual_df,
        notes=notes,
        image=image,
    )
    facts["BandPass"] = None if band is None else list(band)
    return _CleanRun(names, series, quality, facts)


def _motion_of(run: RunInputs, n_scans: int, notes: list[str]) -> Nuisance:
    """Return motion alone for series that were cleaned elsewhere."""
    nothing = no_nuisance(n_scans)
    if run.confounds is None:
        return nothing
    table = read_confounds(run.confounds)
    if len(table) != n_scans:
        notes.append("the confounds table has other volumes than the time series: motion unknown")
        return nothing
    return nothing._replace(framewise_displacement=displacement(table, notes))


def _columns(run: RunInputs, regions: RegionsSpec) -> tuple[list[str], np.ndarray]:
    """Return the study's regions as means of columns of a time-series table."""
    if run.timeseries is None:
        raise ValueError("a run without time series")
    table = read_timeseries(run.timeseries)
    if regions.all_columns:
        return [str(name) for name in table], table.to_numpy(dtype=float)
    names, series = [], []
    for region in regions.definitions:
        absent = [name for name in region.columns if name not in table]
        if absent or not region.columns:
            what = f"column `{absent[0]}`" if absent else "columns given in the study file"
            raise InputDataError(
                f"Region `{region.name}` has no {what} in the time series.", path=run.timeseries
            )
        names.append(region.name)
        series.append(table[list(region.columns)].to_numpy(dtype=float).mean(axis=1))
    return names, np.column_stack(series)


def _quality(regions: tuple[Region, ...], usable: np.ndarray, tsnr: np.ndarray) -> RegionQuality:
    return RegionQuality(
        np.array([region.coverage(usable) for region in regions]),
        np.array([mean_in(tsnr, region) for region in regions]),
        tuple(region.problem for region in regions),
    )


def _write_matrix(
    path: Path, correlation: np.ndarray, names: list[str], sources: list[str]
) -> None:
    table = pd.DataFrame(correlation, columns=names)
    table.insert(0, "Node", names)
    described = {name: {"Description": "Pearson correlation with the region"} for name in names}
    write_table(
        path,
        table,
        columns={"Node": {"Description": "Region"}} | described,
        extra={"Sources": sources},
    )


def _rows(
    correlation: np.ndarray,
    names: list[str],
    *,
    quality: RegionQuality,
    weak: np.ndarray,
    facts: list[dict[str, Any]],
    settings: _Settings,
) -> pd.DataFrame:
    rest = settings.rest
    first, second = pair_indices(len(names))
    reasons = pair_reasons(
        first,
        second,
        names=names,
        quality=quality,
        weak=weak,
        minimum_coverage=settings.regions.minimum_coverage,
    )
    summary = runs_summary(facts)
    residual_df = int(summary["residual_df"])
    if residual_df < rest.minimum_residual_df:
        few = f"{residual_df} residual degrees of freedom, fewer than {rest.minimum_residual_df}"
        reasons = np.full(len(first), few, dtype=object)
    values = fisher_z(correlation[first, second])
    undefined = np.isnan(values) & (reasons == "")
    same = np.isfinite(correlation[first, second])
    reasons[undefined & same] = "the two regions have the same series"
    reasons[undefined & ~same] = "the correlation is not defined"
    labels = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "measure": "resting_connectivity",
            "task": rest.task,
            "regions": labels[first] + PAIR + labels[second],
            "value": np.where(reasons == "", values, np.nan),
            "unit": "Fisher z",
            **summary,
            "coverage": quality.coverage[first],
            "coverage_second": quality.coverage[second],
            "tsnr": quality.tsnr[first],
            "tsnr_second": quality.tsnr[second],
            "method": "Pearson correlation, Fisher z",
            "version": __version__,
            "reason": reasons,
        }
    )
