"""A resting run cleaned with every nuisance model of the study, after volumes were left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from bids_ketamine.core.cleaning.neighbourhood import regress_neighbours
from bids_ketamine.core.cleaning.projection import clean_variants
from bids_ketamine.core.cleaning.signal_quality import SignalQuality, signal_quality
from bids_ketamine.core.connectivity.regions import weak_regions
from bids_ketamine.core.connectivity.seed_maps import ResidualBasis, residual_basis
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.resting_plan import (
    CleaningPlan,
    cleaning_section,
    plan_as_is,
    plan_cleaning,
)
from bids_ketamine.interfaces.resting_regions import SessionRegions
from bids_ketamine.interfaces.resting_series import (
    RegionSeries,
    dense_series,
    in_percent,
    open_dense,
    volume_series,
)
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.resting_tables import table_series
from bids_ketamine.interfaces.runs import run_facts


class CleanedRun(NamedTuple):
    """A run cleaned with every model that it can be cleaned with.

    Attributes
    ----------
    run : RunInputs
        The run.
    read : RegionSeries
        What was read.
    plan : CleaningPlan
        How it was cleaned.
    variants : dict of str to ndarray of shape (n_kept, n_regions)
        Cleaned series by model, in the unit of ``read``; NaN for a region without.
    weak : dict of str to ndarray of bool, shape (n_regions,)
        Regions without signal after cleaning, by model.
    level : ndarray of shape (n_regions,)
        Mean before cleaning, scanner units or that of the table; NaN where unknown.
    quality : SignalQuality or None
        Signal before and after cleaning with the first model; None where it was not cleaned.
    cost : ndarray of int, shape (n_regions,)
        Degrees of freedom that a region's neighbourhood took from it.
    explained : mapping of str to float
        Share of variance that it took out, by region, first model.
    facts : dict
        What the sidecar and the report say of the run.
    """

    run: RunInputs
    read: RegionSeries
    plan: CleaningPlan
    variants: dict[str, np.ndarray]
    weak: dict[str, np.ndarray]
    level: np.ndarray
    quality: SignalQuality | None
    cost: np.ndarray
    explained: Mapping[str, float]
    facts: dict[str, Any]


def clean_run(run: RunInputs, regions: SessionRegions) -> CleanedRun:
    """Read a run once and clean it with every model.

    Parameters
    ----------
    run : RunInputs
        The run.
    regions : SessionRegions
        Regions of the session, cleaning, and how images are read.

    Raises
    ------
    InputMissingError, InputDataError
        If a file of the run is not there or holds what it must not. It is no error that nothing
        is left of a run: the plan's reasons say it.
    """
    settings = regions.settings
    cleaning = cleaning_section(settings)
    if run.timeseries is not None:
        read = table_series(run, settings)
        empty = np.isnan(read.series).all(axis=1)
        as_they_are = cleaning.timeseries == "as_is" or read.xcpd is not None
        make = plan_as_is if as_they_are else plan_cleaning
        plan = make(run, len(read.series), settings, without_values=empty, read=read)
    elif run.is_grayordinates:
        dense = open_dense(run)
        plan = plan_cleaning(run, dense.n_scans, settings)
        read = dense_series(dense, regions, basis=_basis(plan, settings))
    else:
        read = volume_series(run, regions)
        plan = plan_cleaning(run, len(read.series), settings)
    return _cleaned(run, read, plan, settings)


def _basis(plan: CleaningPlan, settings: RestSettings) -> ResidualBasis | None:
    first = plan.projections.get(plan.models[0])
    return residual_basis(first) if settings.wants_seed_maps and first is not None else None


def _cleaned(
    run: RunInputs, read: RegionSeries, plan: CleaningPlan, settings: RestSettings
) -> CleanedRun:
    kept, n_regions = plan.kept, len(read.names)
    read, factor, level = in_percent(_with_gaps(read, kept), kept)
    scaled = read.series * factor
    near = read.neighbours
    stacked = scaled if near is None else np.column_stack([scaled, near.series])
    variants, weak = {}, {}
    explained: dict[str, float] = {}
    cost = np.zeros(n_regions, dtype=int)
    for name, values in clean_variants(stacked, plan.projections).items():
        series = values[:, :n_regions]
        if near is not None:
            done = regress_neighbours(series[:, near.regions], values[:, n_regions:])
            series[:, near.regions] = done.series
            taken = np.isfinite(done.weight)
            cost[near.regions[taken]] = 1
            if name == plan.models[0]:
                explained = {
                    read.names[place]: float(share)
                    for place, share in zip(near.regions, done.explained, strict=True)
                }
        variants[name] = series
        weak[name] = weak_regions(series)
    first = variants.get(plan.models[0])
    quality = None if first is None else signal_quality(scaled, first, kept=kept)
    facts = run_facts(
        run,
        plan.nuisance,
        study_task=settings.rest.task,
        n_scans=len(kept),
        smoothing_fwhm=read.fwhm,
        residual_df=_first_df(plan),
        notes=[*read.notes, *_no_neighbourhood(read, settings)],
        image=read.image if isinstance(read.image, RunImage) else None,
    )
    facts["BandPass"] = None if plan.band is None else list(plan.band)
    facts["Cleaning"] = _facts(run, plan, explained, settings)
    return CleanedRun(
        run=run,
        read=read,
        plan=plan,
        variants=variants,
        weak=weak,
        level=level,
        quality=quality,
        cost=cost,
        explained=explained,
        facts=facts,
    )


def _with_gaps(read: RegionSeries, kept: np.ndarray) -> RegionSeries:
    """Tell which regions of a table miss values of single volumes that are used."""
    gaps, n_kept = np.isnan(read.series[kept]).sum(axis=0), int(kept.sum())
    problems = tuple(
        problem or (f"{gap} of {n_kept} volumes have no value of it" if 0 < gap < n_kept else "")
        for gap, problem in zip(gaps.tolist(), read.quality.problems, strict=True)
    )
    return read._replace(quality=read.quality._replace(problems=problems))


def _no_neighbourhood(read: RegionSeries, settings: RestSettings) -> list[str]:
    """Tell that what lies around the regions of a table is not known."""
    if read.image is None and cleaning_section(settings).local_neighbourhood:
        return ["tables do not hold the cortex around regions: no `local_neighbourhood`"]
    return []


def _first_df(plan: CleaningPlan) -> int:
    first = plan.projections.get(plan.models[0])
    return 0 if first is None else first.residual_df


def _facts(
    run: RunInputs, plan: CleaningPlan, explained: Mapping[str, float], settings: RestSettings
) -> dict[str, Any]:
    n_kept, filled = plan.censoring.n_kept, cleaning_section(settings).censored_volumes
    facts: dict[str, Any] = {
        "Models": list(plan.models),
        "Kept": n_kept,
        "Volumes": len(plan.kept),
        "Minutes": None if run.t_r is None else n_kept * run.t_r / 60.0,
        "Causes": plan.censoring.causes,
        "ResidualDegreesOfFreedom": {
            name: each.residual_df for name, each in plan.projections.items()
        },
        "EffectiveDegreesOfFreedom": {
            name: round(each.effective_df, 2) for name, each in plan.projections.items()
        },
        "Reasons": dict(plan.reasons),
        "MotionFilter": plan.motion.filter_words,
        "CensoredVolumes": None if plan.band is None else filled,
    }
    if explained:
        facts["Neighbourhood"] = {
            name: None if np.isnan(share) else round(share, 4) for name, share in explained.items()
        }
    return facts
