"""Runs of a session that were cleaned alike, joined: what each nuisance model makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bids_ketamine.core.cleaning.censoring import UsableTime, usable_time
from bids_ketamine.core.cleaning.session import join_runs
from bids_ketamine.core.connectivity.matrices import fisher_z
from bids_ketamine.core.connectivity.regions import RegionQuality
from bids_ketamine.interfaces.resting_cleaning import CleanedRun
from bids_ketamine.interfaces.resting_pairs import (
    RestingCorrelations,
    SessionSummary,
    found_correlations,
)
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.runs import runs_summary

NO_SIGNAL = "no signal"


class ModelSession(NamedTuple):
    """What a nuisance model makes of a session.

    Attributes
    ----------
    model : str
        Nuisance model.
    used : tuple of CleanedRun
        Runs that could be cleaned with it.
    found : RestingCorrelations
        Correlations over these runs; all missing without any.
    left_out : dict of str to str
        Regions that have no value, and why.
    summary : SessionSummary
        What its measures have in common, with the reason why they have no value.
    time : UsableTime
        Of the runs that are used.
    time_known : bool
        Whether the repetition time of each is known, so that minutes are.
    """

    model: str
    used: tuple[CleanedRun, ...]
    found: RestingCorrelations
    left_out: dict[str, str]
    summary: SessionSummary
    time: UsableTime
    time_known: bool

    @property
    def correlation(self) -> np.ndarray:
        """Pearson correlations; missing for regions that are left out, and without a session."""
        return accepted(self.found, self.left_out, reason=self.reason)

    @property
    def z(self) -> np.ndarray:
        """Fisher z of :attr:`correlation`."""
        return fisher_z(self.correlation)

    @property
    def reason(self) -> str:
        """Why the session has no measures; empty if it has."""
        return self.summary.reason or self.summary.few()


def accepted(
    found: RestingCorrelations, left_out: Mapping[str, str], *, reason: str = ""
) -> np.ndarray:
    """Return Pearson correlations without those of regions that are left out.

    Parameters
    ----------
    found : RestingCorrelations
        Of a session.
    left_out : mapping of str to str
        Regions without a value.
    reason : str
        Why there is no value at all; empty if there are.
    """
    if reason:
        return np.full_like(found.pearson, np.nan)
    correlation = found.pearson.copy()
    out = np.array([name in left_out for name in found.names], dtype=bool)
    correlation[out] = correlation[:, out] = np.nan
    return correlation


def regions_left_out(found: RestingCorrelations) -> dict[str, str]:
    """Return the regions of a session without a value, and why."""
    return {
        name: problem or NO_SIGNAL
        for name, problem, weak in zip(found.names, found.quality.problems, found.weak, strict=True)
        if problem or weak
    }


def model_sessions(runs: Sequence[CleanedRun], settings: RestSettings) -> list[ModelSession]:
    """Join the runs of a session for each nuisance model.

    Parameters
    ----------
    runs : sequence of CleanedRun
        All runs, of the same regions.
    settings : RestSettings
        Cleaning, minima.
    """
    further = settings.cleaning.models[1:] if settings.cleaning is not None else ()
    models = (runs[0].plan.models[0], *further)
    with_partial = "partial" in settings.rest.correlations
    return [
        _session(runs, model, settings, with_partial=with_partial and not place)
        for place, model in enumerate(models)
    ]


def _session(
    runs: Sequence[CleanedRun], model: str, settings: RestSettings, *, with_partial: bool
) -> ModelSession:
    cleaning = settings.cleaning
    if cleaning is None:
        raise ValueError("a study without cleaning")
    used = [each for each in runs if model in each.variants]
    quality = RegionQuality.combine([each.read.quality for each in used or runs])
    names, n_regions = runs[0].read.names, len(runs[0].read.names)
    weak = np.zeros(n_regions, dtype=bool)
    for each in used:
        # With the same variance in each run, one without signal would add noise alone.
        weak |= each.weak[model]
    joined = np.full((2, n_regions), np.nan)
    if used:
        joined = join_runs(
            [each.variants[model] for each in used], unit_variance=cleaning.unit_variance
        ).series
    with np.errstate(invalid="ignore"):
        found = found_correlations(
            names,
            joined,
            quality=quality,
            minimum_coverage=settings.regions.minimum_coverage,
            weak=weak,
            with_partial=with_partial and bool(used),
        )
    time, known = _time(used, minimum=cleaning.minimum_minutes)
    columns = runs_summary([each.facts for each in runs])
    columns["n_volumes_kept"] = sum(each.plan.censoring.n_kept for each in used)
    columns["residual_df"] = sum(each.plan.projections[model].residual_df for each in used)
    summary = SessionSummary(
        task=settings.rest.task,
        columns=columns,
        minimum_df=settings.rest.minimum_residual_df,
        lost=tuple(each.plan.censoring.causes for each in used),
        cost=np.sum([each.cost for each in used], axis=0) if used else np.zeros(n_regions, int),
        reason=_why_none(runs, model) if not used else time.reason,
    )
    return ModelSession(model, tuple(used), found, regions_left_out(found), summary, time, known)


def _time(used: Sequence[CleanedRun], *, minimum: float) -> tuple[UsableTime, bool]:
    """Return the usable time; without a repetition time the minimum cannot be applied."""
    steps = [each.run.t_r for each in used]
    known = None not in steps
    return usable_time(
        [each.plan.kept for each in used],
        t_r=[step or 0.0 for step in steps],
        minimum_minutes=minimum if known else 0.0,
    ), known


def _why_none(runs: Sequence[CleanedRun], model: str) -> str:
    reasons = [each.plan.reasons.get(model, "the run was not cleaned") for each in runs]
    if len(set(reasons)) == 1:
        return reasons[0] if len(runs) == 1 else f"{reasons[0]} (each run)"
    return "; ".join(f"run {number}: {reason}" for number, reason in enumerate(reasons, start=1))


def session_facts(
    runs: Sequence[CleanedRun], first: ModelSession, settings: RestSettings
) -> dict[str, Any]:
    """Return what the sidecar and the report say of the session's cleaning.

    Parameters
    ----------
    runs : sequence of CleanedRun
        All runs.
    first : ModelSession
        Of the first nuisance model.
    settings : RestSettings
        Cleaning.
    """
    minimum = settings.cleaning.minimum_minutes if settings.cleaning is not None else 0.0
    notes = []
    if len(runs) == 1:
        notes.append("the session has one run")
    if len(first.used) < len(runs):
        lost = "; ".join(
            f"run {number}: {each.plan.reasons.get(first.model, 'it was not cleaned')}"
            for number, each in enumerate(runs, start=1)
            if first.model not in each.variants
        )
        notes.append(f"{len(first.used)} of {len(runs)} runs are used ({lost})")
    if not first.time_known and minimum:
        notes.append("the repetition time is not known: `minimum_minutes` could not be applied")
    return {
        "Minutes": first.time.minutes if first.time_known else None,
        "MinimumMinutes": minimum,
        "Runs": len(runs),
        "RunsUsed": len(first.used),
        "Reason": first.reason,
        "Notes": notes,
    }
