"""Maximum of the likelihood of a logistic regression, and its profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize

from bids_ketamine.core.clinical.logistic_likelihood import (
    Likelihood,
    curvature,
    information,
    log_likelihood,
    score,
)
from bids_ketamine.core.group.moments import FloatArray

#: Newton steps, and halvings of one step, after which there is no maximum.
MOST_STEPS, MOST_HALVINGS = 200, 40

#: Newton's decrement, twice what the likelihood can still gain, at which the search ends.
DECREMENT = 1e-20
#: One below which steps are full, as many as this: where the likelihood is all but flat, rounding
#: keeps the decrement above the other.
NEAR, NEAR_STEPS = 1e-9, 8

#: Largest change of the linear predictor of any participant in one step.
LONGEST_STEP = 5.0


class Maximum(NamedTuple):
    """Where a likelihood is largest."""

    estimates: FloatArray  # (n_columns,), log odds a unit of the column
    log_likelihood: float  # with the penalty where there is one
    converged: bool


def maximize(model: Likelihood, *, start: FloatArray, held: FloatArray | None = None) -> Maximum:
    """Find the maximum by Newton's steps, halved until they rise.

    Parameters
    ----------
    model : Likelihood
        Design with orthogonal columns, outcome, and whether the penalty is added.
    start : ndarray of shape (n_columns,)
        Where the search begins.
    held : ndarray of shape (n_columns,), optional
        A combination of the estimates that keeps the value it has at the start; the penalty is
        still that of all columns.

    Returns
    -------
    Maximum
        Not converged where the steps go on or rise no more.
    """
    estimates = np.array(start, dtype=np.float64)
    free = np.eye(len(estimates)) if held is None else linalg.null_space(held[np.newaxis])
    value = log_likelihood(model, estimates)
    n_near = 0
    for _ in range(MOST_STEPS):
        if not np.isfinite(value):
            break
        try:
            step, decrement = _newton_step(model, estimates, free)
        except np.linalg.LinAlgError:
            break
        if decrement <= NEAR:
            estimates = estimates + step
            value = log_likelihood(model, estimates)
            n_near += 1
            if decrement <= DECREMENT or n_near == NEAR_STEPS:
                return Maximum(estimates, value, converged=True)
            continue
        step *= min(1.0, LONGEST_STEP / np.abs(model.design @ step).max())
        estimates, higher = _rise(model, estimates, step, value)
        if not higher > value:
            break
        value = higher
    return Maximum(estimates, value, converged=False)


def _newton_step(
    model: Likelihood, estimates: FloatArray, free: FloatArray
) -> tuple[FloatArray, float]:
    """Return a step along the free directions, and its decrement."""
    slope = free.T @ score(model, estimates)
    try:
        factor = linalg.cho_factor(free.T @ curvature(model, estimates) @ free)
        step = linalg.cho_solve(factor, slope)
    except np.linalg.LinAlgError:
        # Where the likelihood is flat, or the penalized one not concave, the information leads
        # upwards, along the directions that it has.
        expected = free.T @ information(model.design, estimates) @ free
        step = np.linalg.lstsq(expected, slope, rcond=1e-13)[0]
    with np.errstate(over="ignore", invalid="ignore"):
        step, decrement = free @ step, float(slope @ step)
    if not np.isfinite(decrement + np.abs(model.design @ step).max()):
        raise np.linalg.LinAlgError("the likelihood is flat here")
    return step, decrement


def _rise(
    model: Likelihood, estimates: FloatArray, step: FloatArray, value: float
) -> tuple[FloatArray, float]:
    """Return the first of ever shorter steps at which the likelihood is higher."""
    for halving in range(MOST_HALVINGS):
        moved = estimates + step * 0.5**halving
        found = log_likelihood(model, moved)
        if found > value:
            return moved, found
    return estimates, value


class NoProfileError(Exception):
    """The other estimates have no maximum at a held one."""


class Profile:
    """The likelihood at its largest, by how far a term is moved from its estimate.

    Parameters
    ----------
    model : Likelihood
        The regression.
    fit : Maximum
        Its maximum.
    term : ndarray of shape (n_columns,)
        The combination of the estimates that is moved.
    alone : ndarray of shape (n_columns,)
        How the estimates go when the term is moved by one and the other terms stay.
    """

    def __init__(
        self, model: Likelihood, fit: Maximum, *, term: FloatArray, alone: FloatArray
    ) -> None:
        self._model, self._fit, self._term, self._alone = model, fit, term, alone
        # How they go, to first order, when the others follow.
        following = np.linalg.solve(information(model.design, fit.estimates), term)
        self._following = following / (term @ following)
        self.error = float(np.sqrt(term @ following))
        self._last = (0.0, fit.estimates)
        # A search that begins elsewhere could end at another maximum: each is told once.
        self._told: dict[float, float] = {0.0: 0.0}

    def fall(self, moved: float) -> float:
        """Return what the likelihood has lost where the term is moved so far.

        Parameters
        ----------
        moved : float
            Distance from the estimate.

        Returns
        -------
        float
            Difference of log likelihoods, at least 0 but for rounding.

        Raises
        ------
        NoProfileError
            If no maximum was found.
        """
        if moved in self._told:
            return self._told[moved]
        converged: list[Maximum] = []
        for start in self._starts(moved):
            found = maximize(self._model, start=start, held=self._term)
            if found.converged:
                converged.append(found)
            if found.converged and not self._model.penalized:
                break
        if not converged:
            raise NoProfileError
        best = max(converged, key=lambda one: one.log_likelihood)
        self._last = (moved, best.estimates)
        self._told[moved] = self._fit.log_likelihood - best.log_likelihood
        return self._told[moved]

    def end(self, drop: float, sign: float) -> float:
        """Return how far the term can be moved until the likelihood has fallen.

        Parameters
        ----------
        drop : float
            By how much: half the quantile of chi-square with one degree of freedom.
        sign : float
            -1 for the lower end, 1 for the upper.

        Returns
        -------
        float
            Distance from the estimate, with its sign; NaN where the likelihood does not fall so
            far.
        """
        self._last = (0.0, self._fit.estimates)
        inside, outside = 0.0, 2.0 * self.error
        factor = 1.5
        for _ in range(MOST_HALVINGS):
            try:
                if self.fall(sign * outside) > drop:
                    return sign * self._crossing(drop, sign, inside, outside)
                inside, outside = outside, factor * outside
            except NoProfileError:
                # Too far out, where everybody is all but certain: from here on in short steps.
                outside, factor = (inside + outside) / 2.0, 1.1
        return float("nan")

    def _crossing(self, drop: float, sign: float, inside: float, outside: float) -> float:
        def excess(moved: float) -> float:
            return self.fall(sign * moved) - drop

        precision = 1e-11 * self.error
        return float(optimize.brentq(excess, inside, outside, xtol=precision, rtol=1e-13))

    def _starts(self, moved: float) -> Iterator[FloatArray]:
        """Yield where to search: near the maximum before, and elsewhere.

        A penalized likelihood with a term held may have two maxima. A plain one has one, but may
        be flat where the search begins.
        """
        yield self._last[1] + (moved - self._last[0]) * self._following
        yield self._fit.estimates + moved * self._alone
        value = self._term @ self._fit.estimates + moved
        yield self._term * value / (self._term @ self._term)
