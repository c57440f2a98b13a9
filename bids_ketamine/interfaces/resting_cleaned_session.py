"""A session whose resting runs are cleaned by the study's `cleaning`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.cleaning.session import join_runs
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.resting_cleaning import CleanedRun, clean_run
from bids_ketamine.interfaces.resting_files import SessionPlace, write_matrix, write_series
from bids_ketamine.interfaces.resting_measures import NetworkFiles, members_of, network_rows
from bids_ketamine.interfaces.resting_motion import filtered_column
from bids_ketamine.interfaces.resting_network_members import refuse_equal_names
from bids_ketamine.interfaces.resting_networks import ModelMatrix
from bids_ketamine.interfaces.resting_pairs import KINDS, pair_rows
from bids_ketamine.interfaces.resting_plan import NO_MODEL
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_seed_maps import (
    SeedRun,
    voxel_coordinates,
    write_seed_maps,
)
from bids_ketamine.interfaces.resting_session import ModelSession, model_sessions, session_facts
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.resting_signal import NO_RATIOS, RunSignal
from bids_ketamine.interfaces.runs import CLEANED_QUALITY_COLUMNS, write_quality
from bids_ketamine.study.measure_names import NETWORK


def connect_cleaned(
    session: SessionInputs, place: SessionPlace
) -> tuple[list[pd.DataFrame], dict[str, Any]]:
    """Clean every run with every model, join runs, correlate, and write all files.

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
    settings = place.settings
    regions, runs = SessionRegions(session, settings), []
    for run in place.runs:
        runs.append(_lighter(clean_run(run, regions), settings))
        _write_run(place, runs[-1])
    names = _names(runs, place)
    members = members_of(settings, place, names)
    sessions = model_sessions(runs, settings)
    first = sessions[0]
    rows = _write_matrices(place, runs[0], first)
    before = first.model != NO_MODEL
    files = NetworkFiles(place, names, _signals(first), runs[0].read.unit, before)
    matrices = [
        ModelMatrix(
            NETWORK if not number else f"{NETWORK}_{each.model}",
            each.model,
            each.z,
            each.left_out,
            each.summary,
        )
        for number, each in enumerate(sessions)
    ]
    rows += network_rows(files, matrices, members=members, coverage=first.found.quality.coverage)
    facts = session_facts(runs, first, settings)
    if settings.networks is not None and not before:
        facts["Notes"].append(NO_RATIOS)
    if settings.networks is not None and settings.networks.seed_maps:
        facts["Notes"] += _seed_maps(place, first, members)
    record = {"Runs": [each.facts for each in runs], "Cleaning": facts}
    return rows or [pd.DataFrame()], record


def _lighter(run: CleanedRun, settings: RestSettings) -> CleanedRun:
    """Let go of the images; where seed maps are wanted, of all but what these need."""
    image, projection = run.read.image, run.plan.projections.get(run.plan.models[0])
    if not settings.wants_seed_maps or projection is None:
        return run._replace(read=run.read._replace(image=None, means=None))
    if isinstance(image, RunImage):
        # The next run is read then beside a small part of this one.
        image = voxel_coordinates(image, projection)
    return run._replace(read=run.read._replace(image=image))


def _names(runs: Sequence[CleanedRun], place: SessionPlace) -> list[str]:
    names = runs[0].read.names
    for each in runs:
        if each.read.names != names:
            raise InputDataError("The resting runs have different regions.", path=each.run.files[0])
    try:
        refuse_equal_names(names)
    except InputDataError as error:
        error.path = place.runs[0].timeseries
        raise
    return names


def _write_run(place: SessionPlace, run: CleanedRun) -> None:
    """Write the cleaned series of the first model, and motion and volumes that are left out."""
    kept, read = run.plan.kept, run.read
    first = run.variants.get(run.plan.models[0])
    if first is not None:
        series = np.full((len(kept), len(read.names)), np.nan)
        series[kept] = first
        write_series(place, run.run, series, names=read.names, origins=read.origins, unit=read.unit)
    motion = run.plan.motion
    if run.run.bold is not None or np.isfinite(motion.displacement).any():
        write_quality(
            place.run_path("quality", run.run),
            run.plan.nuisance,
            run.run.t_r,
            place.run_sources(run.run),
            columns=CLEANED_QUALITY_COLUMNS,
            further=filtered_column(motion),
        )


def _write_matrices(
    place: SessionPlace, run: CleanedRun, first: ModelSession
) -> list[pd.DataFrame]:
    """Write the correlations of the first model; return the measures of pairs, if wanted."""
    rest = place.settings.rest
    rows = []
    for kind in rest.correlations:
        words = KINDS[kind]
        correlation = first.correlation
        if words.given_others:
            correlation = first.found.of(kind) if not first.reason else correlation
        write_matrix(
            place.path(words.file),
            correlation,
            first.found.names,
            words=words.words,
            extra={
                **({"Given": first.found.given} if words.given_others else {}),
                "RegionCentres": dict(run.read.centres),
                "Model": first.model,
                "LeftOut": first.left_out,
                "Reason": first.reason,
                "Sources": place.sources,
            },
        )
        if rest.pairs:
            rows.append(pair_rows(first.found, kind, first.summary))
    return rows


def _signals(first: ModelSession) -> list[RunSignal]:
    return [RunSignal(each.quality, each.level) for each in first.used if each.quality is not None]


def _seed_maps(
    place: SessionPlace, first: ModelSession, members: dict[str, tuple[str, ...]]
) -> list[str]:
    """Write the seed maps of the first model; return why seeds have none."""
    settings = place.settings
    if settings.networks is None or settings.cleaning is None:
        raise ValueError("seed maps without networks or cleaning")
    names, seeds = first.found.names, settings.networks.seed_maps
    if first.reason:
        return [f"no seed maps: {first.reason}"]
    if any(each.read.image is None for each in first.used):
        return ["no seed maps: the series are tables"]
    inside = {
        seed: [name for name in members[seed] if name not in first.left_out] for seed in seeds
    }
    kept = [seed for seed in seeds if inside[seed]]
    notes = [
        f"no seed map of {seed}: none of its regions has a value"
        for seed in seeds
        if seed not in kept
    ]
    if not kept:
        return notes
    runs = []
    for each in first.used:
        (scaled, _) = join_runs(
            [each.variants[first.model]], unit_variance=settings.cleaning.unit_variance
        )
        series = np.column_stack(
            [scaled[:, [names.index(name) for name in inside[seed]]].mean(axis=1) for seed in kept]
        )
        image = each.read.image
        if image is None:
            raise ValueError("a run without images")
        runs.append(SeedRun(image, each.plan.projections[first.model], series, each.read.means))
    missing = write_seed_maps(
        place.folder,
        runs,
        seed_names=kept,
        regions=inside,
        stem=place.stem,
        space=place.runs[0].space,
        sources=place.sources,
        unit_variance=settings.cleaning.unit_variance,
        extra={"Model": first.model},
    )
    return notes + [f"no seed map of {seed}: {why}" for seed, why in missing.items()]
