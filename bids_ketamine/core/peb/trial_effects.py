"""Effects of a trial's PEBs in the unit of the study: rows of its tables."""

from __future__ import annotations

import numpy as np
from scipy import special

from bids_ketamine.core.peb.trial_data import (
    DIFFERENCE,
    LeftOutEffect,
    TrialEffect,
    TrialFit,
)
from bids_ketamine.core.peb.trial_members import PER_POINT

NOT_KNOWN = float("nan")


def effect_positions(fit: TrialFit) -> np.ndarray:
    """Return where the effects of a fit are in the vector of its PEB.

    Over participants, the vector holds effect by effect in either route: in the stacked one the
    columns of the design are the effects; in the other the parameters are those of the mean of a
    participant's sessions and of their difference. Where two arms are compared, differences of
    these come after what arms have in common: in the second half of the columns, or at the third
    level, whose parameters are the effects, in its second column.

    Parameters
    ----------
    fit : TrialFit
        With an estimate.

    Returns
    -------
    ndarray of int, shape (n_effects, n_parameters)
        Positions; -1 for an effect whose prior variance was negligible.
    """
    estimate = fit.estimate
    if estimate is None:
        raise ValueError("a fit without an estimate has no effects")
    shape = (len(fit.effects), len(fit.parameters))
    columns = estimate.design.columns
    # Half of them are differences where two arms are compared.
    n_columns = len(columns) // 2 if DIFFERENCE in columns else len(columns)
    n_own = len(estimate.positions)
    vector = np.arange(len(columns) * n_own).reshape(len(columns), n_own)[-n_columns:]
    if estimate.parameters == fit.parameters:
        return vector
    # Its parameters are effects of a lower level, of which negligible ones did not enter.
    found = np.full((n_columns, shape[0] * shape[1] // n_columns), -1)
    found[:, estimate.positions] = vector
    return found.reshape(shape)


def effect_rows(fit: TrialFit, *, level: float) -> tuple[TrialEffect, ...]:
    """Return a row for each effect on each parameter.

    Parameters
    ----------
    fit : TrialFit
        A PEB, or the reason why there is none.
    level : float
        Probability inside the intervals.
    """
    half = float(special.ndtri(0.5 + 0.5 * level))
    positions = None if fit.estimate is None else effect_positions(fit)
    rows = []
    for order, effect in enumerate(fit.effects):
        for column, parameter in enumerate(fit.parameters):
            row = _unknown(fit, effect, parameter)
            place = -1 if positions is None else int(positions[order, column])
            if place >= 0:
                row = _estimated(fit, row, place, half=half)
            rows.append(row)
    return tuple(rows)


def left_out_rows(fit: TrialFit) -> tuple[LeftOutEffect, ...]:
    """Return a row for each effect on each parameter without each participant.

    Parameters
    ----------
    fit : TrialFit
        A PEB; without sensitivity there are no rows.
    """
    sensitivity = fit.sensitivity
    if sensitivity is None:
        return ()
    positions = effect_positions(fit)
    n_own = sensitivity.mean.shape[1]
    rows = []
    for order, effect in enumerate(fit.effects):
        unit = _unit(fit, effect)
        for column, parameter in enumerate(fit.parameters):
            place = positions[order, column]
            if place < 0:
                continue
            at = (slice(None), place % n_own, place // n_own)
            parts = sensitivity.mean[at], sensitivity.deviation[at], sensitivity.probability[at]
            rows += [
                LeftOutEffect(
                    fit.analysis,
                    fit.arm,
                    fit.level,
                    effect,
                    parameter,
                    participant,
                    float(mean) / unit,
                    float(deviation) / unit,
                    float(probability),
                )
                for participant, mean, deviation, probability in zip(
                    sensitivity.left_out, *parts, strict=True
                )
            ]
    return tuple(rows)


def _unit(fit: TrialFit, effect: str) -> float:
    """Return what an effect is divided by to be per point."""
    return fit.scale if effect in PER_POINT else 1.0


def _unknown(fit: TrialFit, effect: str, parameter: str) -> TrialEffect:
    return TrialEffect(
        analysis=fit.analysis,
        arm=fit.arm,
        level=fit.level,
        distribution=fit.distribution,
        effect=effect,
        parameter=parameter,
        per_point=effect in PER_POINT,
        n=len(fit.participants),
        estimate=NOT_KNOWN,
        standard_deviation=NOT_KNOWN,
        interval_low=NOT_KNOWN,
        interval_high=NOT_KNOWN,
        posterior_probability=NOT_KNOWN,
        model_probability=NOT_KNOWN,
        averaged_estimate=NOT_KNOWN,
        averaged_standard_deviation=NOT_KNOWN,
        log_bayes_factor=NOT_KNOWN,
        estimate_lowest=NOT_KNOWN,
        estimate_highest=NOT_KNOWN,
        probability_lowest=NOT_KNOWN,
        most_influential="",
        reason=fit.reason or "its prior variance is negligible",
    )


def _estimated(fit: TrialFit, row: TrialEffect, place: int, *, half: float) -> TrialEffect:
    """Fill a row from the PEB at one position of its vector."""
    estimate = fit.estimate
    if estimate is None:
        return row
    unit = _unit(fit, row.effect)
    mean = float(estimate.posterior_mean.ravel(order="F")[place]) / unit
    deviation = float(np.sqrt(estimate.posterior_covariance[place, place])) / unit
    row = row._replace(
        estimate=mean,
        standard_deviation=deviation,
        interval_low=mean - half * deviation,
        interval_high=mean + half * deviation,
        posterior_probability=float(special.ndtr(abs(mean) / deviation)),
        reason="",
    )
    if fit.search is not None and fit.log_bayes_factor is not None:
        row = row._replace(
            model_probability=float(fit.search.compared_probability[place]),
            averaged_estimate=float(fit.search.averaged_mean[place]) / unit,
            averaged_standard_deviation=float(np.sqrt(fit.search.averaged_variance[place])) / unit,
            log_bayes_factor=float(fit.log_bayes_factor[place]),
        )
    return _with_sensitivity(fit, row, place)


def _with_sensitivity(fit: TrialFit, row: TrialEffect, place: int) -> TrialEffect:
    """Add extremes over the participants left out."""
    sensitivity = fit.sensitivity
    if sensitivity is None:
        return row
    n_own = sensitivity.mean.shape[1]
    at = (slice(None), place % n_own, place // n_own)
    means = sensitivity.mean[at] / _unit(fit, row.effect)
    if np.isnan(means).all():
        return row
    # A change of sign is the strongest influence: probability of the sign that the whole has.
    sign = 1.0 if row.estimate >= 0.0 else -1.0
    probability = special.ndtr(sign * sensitivity.mean[at] / sensitivity.deviation[at])
    lowest = int(np.nanargmin(probability))
    return row._replace(
        estimate_lowest=float(np.nanmin(means)),
        estimate_highest=float(np.nanmax(means)),
        probability_lowest=float(probability[lowest]),
        most_influential=sensitivity.left_out[lowest],
    )
