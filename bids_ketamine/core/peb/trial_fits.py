"""The PEBs of one analysis of a trial: over all, of each arm, and between arms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb, models_of_pebs
from bids_ketamine.core.peb.group_model import entering
from bids_ketamine.core.peb.group_scheme import NEWTON, SPM12
from bids_ketamine.core.peb.predictive_check import predictive_check
from bids_ketamine.core.peb.reduction import reduce_model, switched_off_priors
from bids_ketamine.core.peb.search import search_peb
from bids_ketamine.core.peb.sensitivity import estimates_without_each, sensitivity_of
from bids_ketamine.core.peb.student_t import estimate_student_t_peb
from bids_ketamine.core.peb.trial_data import (
    ALL,
    BASELINE,
    CHANGE,
    COMMON,
    DIFFERENCE,
    GAUSSIAN,
    SECOND,
    STUDENT_T,
    THIRD,
    TrialData,
    TrialFit,
    TrialSettings,
)
from bids_ketamine.core.peb.trial_members import (
    EFFECTS,
    Group,
    NoGroupError,
    both_arms,
    group,
    members,
    within_participants,
)


class _Arm(NamedTuple):
    """Everybody's, one arm's or two arms' PEBs; where there is a reason, there are none."""

    name: str
    participants: tuple[str, ...]
    reason: str
    group: Group | None
    estimates: Mapping[str, PebEstimate]
    without: Mapping[str, PebEstimate | None]
    within: tuple[PebEstimate, ...] = ()
    is_pair: bool = False


def analysis_fits(
    data: TrialData, *, analysis: str, settings: TrialSettings
) -> tuple[TrialFit, ...]:
    """Estimate every PEB of one analysis.

    Parameters
    ----------
    data : TrialData
        The trial.
    analysis : str
        "baseline", "change" or "prediction".
    settings : TrialSettings
        How it is analysed.

    Returns
    -------
    tuple of TrialFit
        All, each arm, each other arm against the reference (with the arm in the design, then as a
        third level); of each first the Gaussian level.

    Raises
    ------
    InputDataError
        If the models have no parameter of the fields.
    """
    scale = _scale(data, analysis)
    first_step = analysis == CHANGE and settings.within_participant_first
    within = within_participants(data, settings=settings) if first_step else {}
    levels = () if analysis == BASELINE or len(settings.levels) < 2 else settings.levels
    arms = [
        _arm(data, analysis=analysis, arm=arm, scale=scale, settings=settings, within=within)
        for arm in (ALL, *levels)
    ]
    empty = _empty(data, analysis=analysis, scale=scale, settings=settings)
    fits = [
        _lower_fit(data, arm, distribution, empty=empty, settings=settings)
        for arm in arms
        for distribution in (GAUSSIAN, STUDENT_T)
    ]
    for other in arms[2:]:
        pair = _pair(arms[1], other, settings=settings)
        fits += [
            fit(distribution)
            for fit in (
                partial(_lower_fit, data, pair, empty=empty, settings=settings),
                partial(_third_fit, arms[1], other, empty=empty, settings=settings),
            )
            for distribution in (GAUSSIAN, STUDENT_T)
        ]
    return tuple(fits)


def _scale(data: TrialData, analysis: str) -> float:
    """Return the standard deviation of improvement in all who enter; 1 without improvement."""
    if analysis == BASELINE:
        return 1.0
    improvement = data.improvement[members(data, analysis=analysis, arm=ALL)]
    return float(improvement.std(ddof=1)) if len(improvement) > 1 else float("nan")


def _empty(data: TrialData, *, analysis: str, scale: float, settings: TrialSettings) -> TrialFit:
    """Return a fit without a PEB."""
    chosen = entering(data.models, fields=settings.fields)
    return TrialFit(
        analysis=analysis,
        arm="",
        level=SECOND,
        distribution="",
        participants=(),
        effects=EFFECTS[analysis],
        parameters=tuple(data.models.parameters[each] for each in chosen),
        improvement_mean=float("nan"),
        improvement_standard_deviation=float("nan"),
        scale=scale,
        sentence="",
        estimate=None,
        within=(),
        reason="",
        search=None,
        log_bayes_factor=None,
        sensitivity=None,
        check=None,
    )


def _arm(
    data: TrialData,
    *,
    analysis: str,
    arm: str,
    scale: float,
    settings: TrialSettings,
    within: Mapping[str, PebEstimate],
) -> _Arm:
    """Estimate the PEBs of an arm, and the Gaussian one without each participant."""
    who = members(data, analysis=analysis, arm=arm)
    names = tuple(data.participants[each] for each in who)
    try:
        chosen = group(
            data, analysis=analysis, arm=arm, scale=scale, settings=settings, within=within
        )
    except NoGroupError as problem:
        return _Arm(arm, names, str(problem), None, {}, {})
    pebs = tuple(within[each] for each in chosen.participants) if within else ()
    return _estimated(arm, chosen, settings=settings, within=pebs)


def _pair(reference: _Arm, other: _Arm, *, settings: TrialSettings) -> _Arm:
    """Estimate the PEBs over the participants of two arms, the arm being in the design."""
    name = f"{other.name} - {reference.name}"
    reasons = [f"{arm.name}: {arm.reason}" for arm in (reference, other) if arm.reason]
    if reference.group is None or other.group is None:
        participants = tuple(sorted(reference.participants + other.participants))
        return _Arm(name, participants, "; ".join(reasons), None, {}, {}, is_pair=True)
    joined = both_arms(reference.group, other.group)
    return _estimated(name, joined, settings=settings)._replace(is_pair=True)


def _estimated(
    name: str, chosen: Group, *, settings: TrialSettings, within: tuple[PebEstimate, ...] = ()
) -> _Arm:
    """Estimate the PEBs of a group, and the Gaussian one without each participant."""
    estimates = {
        each: second_level(chosen, distribution=each, settings=settings)
        for each in (GAUSSIAN, STUDENT_T)
    }
    without = estimates_without_each(
        chosen.models,
        design=chosen.design,
        fields=chosen.fields,
        precision_components=settings.precision_components,
        participants=chosen.owners,
        recentre=chosen.recentre,
        scheme=_scheme(chosen),
    )
    return _Arm(name, chosen.participants, "", chosen, estimates, without, within)


def second_level(chosen: Group, *, distribution: str, settings: TrialSettings) -> PebEstimate:
    """Estimate the PEB of a group.

    Parameters
    ----------
    chosen : Group
        Models and design.
    distribution : str
        "gaussian" or "student_t": of participants about what the design predicts.
    settings : TrialSettings
        How trials are analysed.

    Raises
    ------
    InputDataError
        As of :func:`~bids_ketamine.core.peb.estimation.estimate_peb`.
    """
    if distribution == GAUSSIAN:
        return estimate_peb(
            chosen.models,
            design=chosen.design,
            fields=chosen.fields,
            precision_components=settings.precision_components,
            scheme=_scheme(chosen),
        )
    return estimate_student_t_peb(
        chosen.models,
        design=chosen.design,
        fields=chosen.fields,
        precision_components=settings.precision_components,
        participants=chosen.owners,
        degrees_of_freedom=settings.degrees_of_freedom,
    )


def _scheme(chosen: Group) -> str:
    """Return the scheme of the Gaussian level.

    One arm and everybody are SPM12's, equal to it. The design of two arms is none of SPM12's, and
    its columns differ so much in their sum of squares that SPM12's scheme ends early.
    """
    return NEWTON if DIFFERENCE in chosen.design.columns else SPM12


def _lower_fit(
    data: TrialData,
    arm: _Arm,
    distribution: str,
    *,
    empty: TrialFit,
    settings: TrialSettings,
) -> TrialFit:
    """Return the PEB of an arm with what goes with it."""
    fit = empty._replace(
        arm=arm.name, distribution=distribution, participants=arm.participants, reason=arm.reason
    )
    if arm.is_pair:
        fit = fit._replace(sentence=f"improvement: centred in each arm, divided by {fit.scale:.4g}")
    elif empty.analysis != BASELINE and arm.participants:
        fit = _with_improvement(data, fit)
    if arm.group is None:
        return fit
    estimate = arm.estimates[distribution]
    fit = fit._replace(estimate=estimate, within=arm.within)
    if distribution != GAUSSIAN:
        return fit
    check = predictive_check(
        estimate,
        participants=arm.group.owners,
        n_draws=settings.n_draws,
        seed=settings.seed,
    )
    return _compared(fit._replace(check=check), estimate, arm.without)


def _with_improvement(data: TrialData, fit: TrialFit) -> TrialFit:
    of = dict(zip(data.participants, data.improvement, strict=True))
    values = np.array([of[each] for each in fit.participants])
    mean, several = float(values.mean()), len(values) > 1
    return fit._replace(
        improvement_mean=mean,
        improvement_standard_deviation=float(values.std(ddof=1)) if several else float("nan"),
        sentence=f"improvement: centred (mean {mean:.4g}), divided by {fit.scale:.4g}",
    )


def _compared(
    fit: TrialFit, estimate: PebEstimate, without: Mapping[str, PebEstimate | None]
) -> TrialFit:
    """Add the search, evidence for each effect, and the sensitivity to participants."""
    return fit._replace(
        search=search_peb(estimate),
        log_bayes_factor=_log_bayes_factors(estimate),
        sensitivity=sensitivity_of(without, shape=estimate.posterior_mean.shape),
    )


def _log_bayes_factors(estimate: PebEstimate) -> np.ndarray:
    """Return the free energy with each effect minus that without it, nats."""
    mean, covariance = switched_off_priors(
        prior_mean=estimate.prior_mean,
        prior_covariance=estimate.prior_covariance,
        off=np.eye(len(estimate.prior_mean), dtype=bool),
    )
    reduced = reduce_model(
        posterior_mean=estimate.posterior_mean.ravel(order="F"),
        posterior_covariance=estimate.posterior_covariance,
        prior_mean=estimate.prior_mean,
        prior_covariance=estimate.prior_covariance,
        reduced_mean=mean,
        reduced_covariance=covariance,
    )
    return -reduced.free_energy_change


def _third_fit(
    reference: _Arm,
    other: _Arm,
    distribution: str,
    *,
    empty: TrialFit,
    settings: TrialSettings,
) -> TrialFit:
    """Return the PEB over the PEBs of two arms."""
    reasons = [f"{arm.name}: {arm.reason}" for arm in (reference, other) if arm.reason]
    fit = empty._replace(
        arm=f"{other.name} - {reference.name}",
        level=THIRD,
        distribution=distribution,
        participants=tuple(sorted(reference.participants + other.participants)),
        reason="; ".join(reasons),
    )
    if reasons:
        return fit
    names = (reference.name, other.name)
    pair = reference.estimates[distribution], other.estimates[distribution]
    estimate = _between(pair, names, settings)
    fit = fit._replace(estimate=estimate)
    if distribution != GAUSSIAN:
        return fit
    without: dict[str, PebEstimate | None] = {}
    for each in fit.participants:
        left = reference.without.get(each, pair[0]), other.without.get(each, pair[1])
        known = [one for one in left if one is not None]
        without[each] = _between((known[0], known[1]), names, settings) if len(known) == 2 else None
    return _compared(fit, estimate, without)


def _between(
    pair: tuple[PebEstimate, PebEstimate], names: tuple[str, str], settings: TrialSettings
) -> PebEstimate:
    """Estimate a PEB over the PEBs of the reference and another arm."""
    return estimate_peb(
        models_of_pebs(pair, labels=names),
        design=group_design({COMMON: np.ones(2), DIFFERENCE: np.array([-0.5, 0.5])}, rows=names),
        fields=None,
        precision_components=settings.precision_components,
    )
