"""Whether a fitted group could have given these participants: posterior predictive check.

Notation::

    q, C; p, P    mean and covariance of a model's posterior and prior (selected parameters)
    L = C^-1 - P^-1            information of its data alone
    h = L^-1 (C^-1 q - P^-1 p) what its data alone say of the parameters, error covariance L^-1
    b                          group effects, Z their prediction of one model
    S                          covariance of the models around the prediction
    V = S + L^-1               covariance of h around Z b
    z = V^-1/2 (h - Z b)       standardised deviation

The data of one model have served for its posterior over *all* parameters. Integrated over the
others under their prior, the posterior of the selected ones is the marginal one, and so is the
prior; therefore L is the difference of the inverses of the marginal blocks, not a block of the
difference of the whole inverses, which would take the others as known.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.peb.estimation import PebEstimate
from bids_ketamine.core.peb.reduction import symmetric
from bids_ketamine.errors import InputDataError

#: Least information of the data, as a share of the prior's: where posterior and prior agree to
#: rounding, the difference of their inverses has no sign.
LEAST_INFORMATION = 1e-6


class PredictiveCheck(NamedTuple):
    """Statistics of the participants beside those of replicated ones.

    Each statistic is a mean over the draws, `_expected` the same of replicates.

    Attributes
    ----------
    spread, spread_expected : float
        Mean squared standardised deviation. Above its expectation, participants differ by more
        than the group level allows for; below, by less.
    spread_p : float
        Two-sided.
    outlier, outlier_expected : float
        The largest participant's mean squared standardised deviation.
    outlier_p : float
        One-sided: of one as large or larger.
    outlier_participant : str
        Whose it is.
    session_correlation, session_correlation_expected : float
        Correlation (around 0) of a participant's standardised deviations between rows, such as
        sessions: the model takes rows for independent given the design. NaN if no participant
        has two rows.
    session_correlation_p : float
        Two-sided; NaN if there is no correlation.
    n_draws : int
        Replicates that p values rest on; none is below 1 / (n_draws + 1).
    """

    spread: float
    spread_expected: float
    spread_p: float
    outlier: float
    outlier_expected: float
    outlier_p: float
    outlier_participant: str
    session_correlation: float
    session_correlation_expected: float
    session_correlation_p: float
    n_draws: int


def predictive_check(
    estimate: PebEstimate,
    *,
    participants: Sequence[str],
    n_draws: int,
    seed: int,
) -> PredictiveCheck:
    r"""Compare participants with replicates that are drawn from a fitted group.

    Each draw takes group effects b and log precisions from their posterior, deviations of the
    models from their covariance S at these precisions (divided by one
    :math:`w \sim \Gamma(\nu/2, \nu/2)` for each participant at a Student-t level), and errors of
    covariance :math:`L^{-1}`. Statistics are discrepancies in the sense of Gelman et al. (1996):
    in each draw those of the observed deviations from Z b and those of the replicate's are
    compared, both standardised with the same V. As the same data have served for the fit, p
    values are somewhat too even: fewer than 5 % are below 0.05 where the model holds.

    Parameters
    ----------
    estimate : PebEstimate
        A fitted group.
    participants : sequence of str, n_rows
        Whose each row is.
    n_draws : int
        Number of replicates.
    seed : int
        Of the draws.

    Returns
    -------
    PredictiveCheck
        Statistics and p values.

    Raises
    ------
    InputDataError
        If there is not one participant for each row.

    References
    ----------
    Gelman, Meng & Stern (1996) Statistica Sinica 6:733-807; Friston et al. (2016) NeuroImage
    128:413-431.
    """
    n_rows = estimate.models.n_models
    if len(participants) != n_rows:
        raise InputDataError(
            f"{len(participants)} participants are given for {n_rows} rows of the group.",
            cure="Name the participant of each row.",
        )
    names, owner = np.unique(np.asarray(participants, dtype=str), return_inverse=True)
    owner = owner.reshape(-1)
    generator = np.random.default_rng(seed)
    seen = _likelihood(estimate)
    standardise = _inverse_root(estimate.between_covariance + seen.covariance)
    predicted = _predictions(estimate, n_draws, generator)
    observed = _applied(standardise, seen.mean - predicted)
    replicated = _applied(
        standardise,
        _random_effects(
            estimate,
            owner,
            shape=predicted.shape,
            of=generator,
        )
        + _applied(_root(seen.covariance), generator.standard_normal(predicted.shape)),
    )
    spread, spread_new = (np.mean(each**2, axis=(1, 2)) for each in (observed, replicated))
    own, own_new = (_of_participants(each, owner) for each in (observed, replicated))
    largest, largest_new = own.max(axis=1), own_new.max(axis=1)
    together, together_new = (_row_correlation(each, owner) for each in (observed, replicated))
    return PredictiveCheck(
        spread=float(spread.mean()),
        spread_expected=float(spread_new.mean()),
        spread_p=_two_sided(spread, spread_new),
        outlier=float(largest.mean()),
        outlier_expected=float(largest_new.mean()),
        outlier_p=_shares(largest, largest_new)[0],
        outlier_participant=str(names[own.mean(axis=0).argmax()]),
        session_correlation=float(together.mean()),
        session_correlation_expected=float(together_new.mean()),
        session_correlation_p=_two_sided(together, together_new),
        n_draws=n_draws,
    )


class _Likelihood(NamedTuple):
    """What the data alone say of each model: h (n_rows, k) and L^-1 (n_rows, k, k)."""

    mean: np.ndarray
    covariance: np.ndarray


def _likelihood(estimate: PebEstimate) -> _Likelihood:
    """Take the prior out of each model's posterior of the selected parameters."""
    models, chosen = estimate.models, estimate.positions
    block = np.ix_(np.arange(models.n_models), chosen, chosen)
    posterior = np.linalg.inv(models.posterior_covariance[block])
    prior_covariance = models.prior_covariance[block]
    prior = np.linalg.inv(prior_covariance)
    # In units of the prior, so that the least information means the same for all parameters.
    root = np.linalg.cholesky(prior_covariance)
    within = np.swapaxes(root, -1, -2) @ (posterior - prior) @ root
    values, vectors = np.linalg.eigh(symmetric(within))
    directions = root @ vectors
    inverse = 1.0 / np.maximum(values, LEAST_INFORMATION)
    covariance = (directions * inverse[:, None, :]) @ np.swapaxes(directions, -1, -2)
    score = _applied(posterior, models.posterior_mean[:, chosen])
    score -= _applied(prior, models.prior_mean[:, chosen])
    return _Likelihood(_applied(covariance, score), symmetric(covariance))


def _predictions(estimate: PebEstimate, n_draws: int, generator: np.random.Generator) -> np.ndarray:
    """Return Z b of every model for draws of the group effects, (n_draws, n_rows, k)."""
    k, n_columns = estimate.posterior_mean.shape
    noise = generator.standard_normal((n_draws, k * n_columns))
    drawn = noise @ _root(estimate.posterior_covariance)
    effects = estimate.posterior_mean.T + drawn.reshape(n_draws, n_columns, k)
    return np.asarray(estimate.design.matrix @ effects)


def _random_effects(
    estimate: PebEstimate,
    owner: np.ndarray,
    *,
    shape: tuple[int, ...],
    of: np.random.Generator,
) -> np.ndarray:
    """Return deviations of models from the group's prediction, (n_draws, n_rows, k)."""
    # The point at which the covariance was evaluated, one step before the posterior's.
    log_precision = estimate.state.log_precision
    draws = of.standard_normal((shape[0], len(log_precision)))
    change = draws @ _root(estimate.log_precision_covariance)
    more = np.exp(log_precision) * np.expm1(change)
    precision = np.linalg.inv(estimate.between_covariance)
    precision = symmetric(precision + np.tensordot(more, estimate.components, axes=1))
    # With precision A A', the rows of e A^-1 have its inverse for covariance.
    effects = of.standard_normal(shape) @ np.linalg.inv(np.linalg.cholesky(precision))
    if np.isfinite(estimate.degrees_of_freedom):
        half = 0.5 * estimate.degrees_of_freedom
        weight = of.gamma(half, 1.0 / half, size=(shape[0], owner.max() + 1))
        effects /= np.sqrt(weight[:, owner, None])
    return np.asarray(effects)


def _of_participants(deviations: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return each participant's mean squared deviation, (n_draws, n_participants)."""
    members = np.eye(owner.max() + 1)[owner]
    return np.mean(deviations**2, axis=2) @ (members / members.sum(axis=0))


def _row_correlation(deviations: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return the correlation around 0 between rows of a participant, (n_draws,)."""
    pairs = [
        pair
        for each in range(owner.max() + 1)
        for pair in combinations(np.flatnonzero(owner == each), 2)
    ]
    if not pairs:
        return np.full(len(deviations), np.nan)
    first, second = np.array(pairs).T
    one, other = deviations[:, first], deviations[:, second]
    products, squares, others = (
        np.sum(each, axis=(1, 2)) for each in (one * other, one**2, other**2)
    )
    return np.asarray(products / np.sqrt(squares * others))


def _shares(observed: np.ndarray, replicated: np.ndarray) -> tuple[float, float]:
    """Return the shares of replicates at or above, and at or below, the observed."""
    n_draws = len(observed)
    above = (1 + int(np.count_nonzero(replicated >= observed))) / (n_draws + 1)
    below = (1 + int(np.count_nonzero(replicated <= observed))) / (n_draws + 1)
    return above, below


def _two_sided(observed: np.ndarray, replicated: np.ndarray) -> float:
    if np.isnan(observed).any():
        return float("nan")
    return min(1.0, 2.0 * min(_shares(observed, replicated)))


def _applied(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Multiply each row's vector with its matrix, (..., n_rows, k)."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric square root of covariances, singular ones too."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(
        (vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    )


def _inverse_root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric inverse square root of positive definite covariances."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors / np.sqrt(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2))
