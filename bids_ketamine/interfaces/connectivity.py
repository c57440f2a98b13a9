"""Resting connectivity of a participant-session: load, clean, correlate, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine._version import __version__
from bids_ketamine.core.connectivity.cleaning import clean_series
from bids_ketamine.core.connectivity.matrices import (
    fisher_z,
    pair_indices,
)
from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.errors import InputDataError
from bids_ketamine.interfaces.resting_pairs import RestingCorrelations, found_correlations
from bids_ketamine.interfaces.resting_runs import RawRun, RestSettings, read_raw_run
from bids_ketamine.interfaces.runs import run_facts, runs_summary, write_quality
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.outputs.patterns import output_name, run_stem, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_table


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
        settings = RestSettings(
            rest=self.inputs.rest,
            regions=self.inputs.regions,
            region_sources=self.inputs.region_sources,
            inputs=self.inputs.inputs,
            datasets=self.inputs.sources,
        )
        rest = settings.rest
        runs = session.runs_of(rest.task)
        cleaned = [_clean_run(folder, session, run, settings) for run in runs]
        names = cleaned[0].names
        if any(each.names != names for each in cleaned):
            raise InputDataError("The resting runs have different regions.", path=runs[-1].files[0])
        series = np.concatenate([each.series for each in cleaned])
        found = found_correlations(
            names,
            series,
            quality=RegionQuality.combine([each.quality for each in cleaned]),
            minimum_coverage=settings.regions.minimum_coverage,
        )
        facts = [each.facts for each in cleaned]
        lost = [each.lost for each in cleaned]
        stem = task_stem(session.prefix, rest.task, runs[0].entities)
        sources = bids_uris([path for run in runs for path in run.files], settings.datasets)
        rows = []
        for kind in rest.correlations:
            where = {"task": stem, "space": runs[0].space, "atlas": settings.atlas}
            _write_matrix(
                folder / output_name(KINDS[kind].file, **where),
                found.of(kind),
                names,
                words=KINDS[kind].words,
                extra={
                    **({"Given": found.given} if KINDS[kind].given_others else {}),
                    "RegionCentres": dict(cleaned[0].centres),
                    "Sources": sources,
                },
            )
            rows.append(_rows(found, kind, facts=facts, lost=lost, settings=settings))
        pd.concat(rows, ignore_index=True).to_pickle(folder / "rows.pkl")
        write_step(folder, {"Runs": [each.facts for each in cleaned]})


class _Kind(NamedTuple):
    """A correlation: its file, its measure, its words."""

    file: str
    measure: str
    words: str
    given_others: bool


KINDS = {
    "pearson": _Kind(
        file="relmat",
        measure="resting_connectivity",
        words="Pearson correlation",
        given_others=False,
    ),
    "partial": _Kind(
        file="partial_relmat",
        measure="resting_partial_connectivity",
        words="Partial correlation given all other regions",
        given_others=True,
    ),
}


class _CleanRun(NamedTuple):
    """A cleaned run; why hardly any degrees of freedom are left, empty if nothing tells.

    Centres of regions are in mm, empty for time series.
    """

    names: list[str]
    series: np.ndarray
    quality: RegionQuality
    facts: dict[str, Any]
    lost: str
    centres: Mapping[str, list[list[float]]]


def _clean_run(
    folder: Path, session: SessionInputs, run: RunInputs, settings: RestSettings
) -> _CleanRun:
    raw = read_raw_run(session, run, settings)
    nuisance, n_scans = raw.nuisance, len(raw.series)
    cleaned = clean_series(
        raw.series,
        nuisance=nuisance.regressors.to_numpy(dtype=float)[:n_scans],
        t_r=run.t_r,
        band_pass=None if raw.band is None else (raw.band[0], raw.band[1]),
    )
    series = np.where(raw.finite, cleaned.series, np.nan)
    _write_run(folder, session, run, series, raw=raw, settings=settings)
    facts = run_facts(
        run,
        nuisance,
        study_task=settings.rest.task,
        n_scans=len(nuisance.outlier),
        smoothing_fwhm=raw.fwhm,
        residual_df=cleaned.residual_df,
        notes=raw.notes,
        image=raw.image,
    )
    facts["BandPass"] = None if raw.band is None else list(raw.band)
    return _CleanRun(raw.names, series, raw.quality, facts, raw.lost, raw.centres)


def _write_run(
    folder: Path,
    session: SessionInputs,
    run: RunInputs,
    series: np.ndarray,
    *,
    raw: RawRun,
    settings: RestSettings,
) -> None:
    """Write the cleaned series of a run, and motion and outliers of one of images."""
    sources = bids_uris(run.files, settings.datasets)
    stem = run_stem(session.prefix, run.task, run.entities, run.run)
    described = {
        name: {
            "Description": f"Mean over {raw.origins.get(name, 'the region')}",
            "Units": raw.unit,
        }
        for name in raw.names
    }
    write_table(
        folder / output_name("timeseries", run=stem, space=run.space, atlas=settings.atlas),
        pd.DataFrame(series, columns=raw.names),
        columns=described,
        extra={"RepetitionTime": run.t_r, "Sources": sources},
    )
    if raw.image is not None:
        write_quality(folder / output_name("quality", run=stem), raw.nuisance, run.t_r, sources)


def _write_matrix(
    path: Path,
    correlation: np.ndarray,
    names: list[str],
    *,
    words: str,
    extra: dict[str, Any],
) -> None:
    table = pd.DataFrame(correlation, columns=names)
    table.insert(0, "Node", names)
    described = {name: {"Description": f"{words} with the region"} for name in names}
    write_table(path, table, columns={"Node": {"Description": "Region"}} | described, extra=extra)


def _too_few(residual_df: int, minimum: int, lost: Sequence[str]) -> str:
    """Say that too few degrees of freedom are left, and what took them; empty if enough are.

    Parameters
    ----------
    residual_df : int
        Residual degrees of freedom over all runs.
    minimum : int
        Fewest that are accepted.
    lost : sequence of str
        Volumes with a regressor of their own in each run, in words; empty if there are none.
    """
    if residual_df >= minimum:
        return ""
    causes = [
        words if len(lost) == 1 else f"run {number}: {words}"
        for number, words in enumerate(lost, start=1)
        if words
    ]
    few = f"{residual_df} residual degrees of freedom, fewer than {minimum}"
    return ": ".join([few, "; ".join(causes)] if causes else [few])


def _rows(
    found: RestingCorrelations,
    kind: str,
    *,
    facts: list[dict[str, Any]],
    lost: Sequence[str],
    settings: RestSettings,
) -> pd.DataFrame:
    rest, quality = settings.rest, found.quality
    first, second = pair_indices(len(found.names))
    summary = runs_summary(facts)
    reasons = found.reasons(first, second)
    df = int(summary["residual_df"])
    few = _too_few(df, rest.minimum_residual_df, lost)
    if KINDS[kind].given_others:
        reasons[reasons == ""] = found.undefined
        if not few:
            few = _too_many_given(found.given, df, rest.minimum_residual_df, lost)
        # Each region given costs a degree of freedom.
        summary["residual_df"] = max(df - max(len(found.given) - 2, 0), 0)
    if few:
        reasons = np.full(len(first), few, dtype=object)
    correlation = found.of(kind)[first, second]
    values = fisher_z(correlation)
    undefined = np.isnan(values) & (reasons == "")
    same = np.isfinite(correlation)
    reasons[undefined & same] = "the two regions have the same series"
    reasons[undefined & ~same] = "the correlation is not defined"
    labels = np.array(found.names, dtype=object)
    return pd.DataFrame(
        {
            "measure": KINDS[kind].measure,
            "task": rest.task,
            "regions": labels[first] + PAIR + labels[second],
            "value": np.where(reasons == "", values, np.nan),
            "unit": "Fisher z",
            **summary,
            "coverage": quality.coverage[first],
            "coverage_second": quality.coverage[second],
            "tsnr": quality.tsnr[first],
            "tsnr_second": quality.tsnr[second],
            "method": f"{KINDS[kind].words}, Fisher z",
            "version": __version__,
            "reason": reasons,
        }
    )


def _too_many_given(given: Sequence[str], df: int, minimum: int, lost: Sequence[str]) -> str:
    """Say that too few degrees of freedom are left given all other regions; empty if enough."""
    start = f"partial correlations of {len(given)} regions"
    if len(given) > df:
        return f"{start}: more regions than the {df} degrees of freedom of the cleaned series"
    few = _too_few(df - max(len(given) - 2, 0), minimum, lost)
    return f"{start}: {few}" if few else ""
