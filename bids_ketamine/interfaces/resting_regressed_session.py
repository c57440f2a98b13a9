"""A session whose resting runs are cleaned by `rest.confounds`, or came as cleaned tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.cleaning.signal_quality import signal_quality
from bids_ketamine.core.connectivity.cleaning import clean_series
from bids_ketamine.core.connectivity.matrices import fisher_z
from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.resting_files import SessionPlace, write_matrix, write_series
from bids_ketamine.interfaces.resting_measures import NetworkFiles, members_of, network_rows
from bids_ketamine.interfaces.resting_networks import ModelMatrix
from bids_ketamine.interfaces.resting_pairs import (
    KINDS,
    RestingCorrelations,
    SessionSummary,
    found_correlations,
    pair_rows,
)
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_runs import RawRun, read_raw_run
from bids_ketamine.interfaces.resting_session import accepted, regions_left_out
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.resting_signal import NO_RATIOS, RunSignal
from bids_ketamine.interfaces.runs import run_facts, runs_summary, write_quality
from bids_ketamine.study.measure_names import NETWORK

NO_SEED_MAPS = "no seed maps: they are made of series that `cleaning` cleans"


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
    unit: str
    signal: RunSignal


def connect_regressed(
    session: SessionInputs, place: SessionPlace
) -> tuple[list[pd.DataFrame], dict[str, Any]]:
    """Clean every run, join runs, correlate, and write series and matrices.

    Parameters
    ----------
    session : SessionInputs
        The session.
    place : SessionPlace
        Where files go.

    Returns
    -------
    rows : list of DataFrame
        Rows of the measures table.
    record : dict
        What the step has to say.
    """
    settings, runs = place.settings, place.runs
    rest = settings.rest
    regions = SessionRegions(session, settings)
    cleaned = [_clean_run(run, regions, place) for run in runs]
    names = cleaned[0].names
    if any(each.names != names for each in cleaned):
        raise InputDataError("The resting runs have different regions.", path=runs[-1].files[0])
    found = found_correlations(
        names,
        np.concatenate([each.series for each in cleaned]),
        quality=RegionQuality.combine([each.quality for each in cleaned]),
        minimum_coverage=settings.regions.minimum_coverage,
        with_partial="partial" in rest.correlations,
    )
    summary = SessionSummary(
        task=rest.task,
        columns=runs_summary([each.facts for each in cleaned]),
        minimum_df=rest.minimum_residual_df,
        lost=tuple(each.lost for each in cleaned),
        cost=np.zeros(len(names), dtype=int),
    )
    rows = []
    for kind in rest.correlations:
        write_matrix(
            place.path(KINDS[kind].file),
            found.of(kind),
            names,
            words=KINDS[kind].words,
            extra={
                **({"Given": found.given} if KINDS[kind].given_others else {}),
                "RegionCentres": dict(cleaned[0].centres),
                "Sources": place.sources,
            },
        )
        if rest.pairs:
            rows.append(pair_rows(found, kind, summary))
    if settings.networks is not None:
        rows += _networks(place, cleaned, found, summary)
    return rows or [pd.DataFrame()], {"Runs": [each.facts for each in cleaned]}


def _networks(
    place: SessionPlace,
    cleaned: Sequence[_CleanRun],
    found: RestingCorrelations,
    summary: SessionSummary,
) -> list[pd.DataFrame]:
    """Return the measures of networks; what cannot be had is told with the first run."""
    before = all(run.timeseries is None for run in place.runs)
    if not before:
        cleaned[0].facts["Notes"].append(NO_RATIOS)
    if place.settings.wants_seed_maps:
        cleaned[0].facts["Notes"].append(NO_SEED_MAPS)
    left_out = regions_left_out(found)
    matrix = ModelMatrix(NETWORK, "", fisher_z(accepted(found, left_out)), left_out, summary)
    signals = [each.signal for each in cleaned]
    return network_rows(
        NetworkFiles(place, found.names, signals, cleaned[0].unit, before),
        [matrix],
        members=members_of(place.settings, place, found.names),
        coverage=found.quality.coverage,
    )


def _clean_run(run: RunInputs, regions: SessionRegions, place: SessionPlace) -> _CleanRun:
    settings = place.settings
    raw = read_raw_run(run, regions)
    nuisance, n_scans = raw.nuisance, len(raw.series)
    cleaned = clean_series(
        raw.series,
        nuisance=nuisance.regressors.to_numpy(dtype=float)[:n_scans],
        t_r=run.t_r,
        band_pass=None if raw.band is None else (raw.band[0], raw.band[1]),
    )
    series = np.where(raw.finite, cleaned.series, np.nan)
    write_series(place, run, series, names=raw.names, origins=raw.origins, unit=raw.unit)
    if raw.image is not None:
        write_quality(place.run_path("quality", run), nuisance, run.t_r, place.run_sources(run))
    facts = run_facts(
        run,
        nuisance,
        study_task=settings.rest.task,
        n_scans=len(nuisance.outlier),
        smoothing_fwhm=raw.fwhm,
        residual_df=cleaned.residual_df,
        notes=raw.notes,
        image=raw.image if isinstance(raw.image, RunImage) else None,
    )
    facts["BandPass"] = None if raw.band is None else list(raw.band)
    return _CleanRun(
        raw.names,
        series,
        raw.quality,
        facts,
        raw.lost,
        raw.centres,
        raw.unit,
        _signal(raw, series, settings),
    )


def _signal(raw: RawRun, series: np.ndarray, settings: RestSettings) -> RunSignal:
    """Return signal before and after, of volumes without a regressor of their own."""
    kept = np.ones(len(series), dtype=bool)
    if raw.image is not None:
        kept = ~(raw.nuisance.outlier | raw.nuisance.non_steady_state)
    before = np.where(raw.finite, raw.series, np.nan)
    quality = signal_quality(before, series[kept], kept=kept)
    return RunSignal(quality, raw.level)
