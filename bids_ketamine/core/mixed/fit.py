"""Estimates of a linear mixed model by maximum or restricted likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from bids_ketamine.core.mixed.covariance import FloatArray, MixedData, ProfiledLikelihood

#: Ratios of the two standard deviations (participants to residual) among which the best is
#: looked for: between these the likelihood of a random intercept can have more than one summit.
RATIOS = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 49)])
#: Differences of -2 log-likelihood that rounding makes.
ROUNDING = 1e-9
#: Starts of a random intercept and slope: standard deviations to the residual one, correlation.
STARTS = ((1.0, 0.0, 1.0), (0.1, 0.0, 0.1), (1.0, -0.5, 0.5), (1.0, 0.5, 0.5), (3.0, 0.0, 0.3))
#: A standard deviation below this share of the residual one is at the boundary.
BOUNDARY = 1e-4
#: A standard deviation below this share of the values' size is rounding, and a column of the
#: design below this share of its length tells nothing new.
ROUNDED = 1e-10
#: Steps from the end of a search, relative, and by how much they may lead downwards.
STEP, DOWNWARDS = 1e-3, 1e-6


@dataclass(frozen=True, kw_only=True)
class MixedFit:
    """A fitted linear mixed model.

    Attributes
    ----------
    data : MixedData
        What was fitted.
    method : str
        ``reml`` or ``ml``.
    factor : ndarray of shape (n_random, n_random)
        L: the random effects' covariance is sigma^2 L L'.
    residual_variance : float
        sigma^2.
    estimates : ndarray of shape (n_columns,)
        Fixed effects.
    covariance : ndarray of shape (n_columns, n_columns)
        sigma^2 (X' (I + Z L L' Z')^-1 X)^-1.
    deviance : float
        -2 log-likelihood, restricted for ``reml``.
    converged : bool
        Whether the search ended at a summit.
    """

    data: MixedData
    method: str
    factor: FloatArray
    residual_variance: float
    estimates: FloatArray
    covariance: FloatArray
    deviance: float
    converged: bool

    @property
    def random_covariance(self) -> FloatArray:
        """Covariance of a participant's random effects."""
        return np.asarray(self.residual_variance * self.factor @ self.factor.T)

    @property
    def at_boundary(self) -> bool:
        """Whether a variance of random effects is estimated at zero, or a correlation at one."""
        scale = np.sqrt(np.mean(self.data.random_design**2, axis=0))
        scaled = scale[:, None] * self.factor
        singular = np.linalg.svd(scaled, compute_uv=False)
        return bool(singular[-1] < BOUNDARY)

    @property
    def n_parameters(self) -> int:
        """Number of fixed effects and variances."""
        n_random = self.data.n_random
        return self.data.n_columns + n_random * (n_random + 1) // 2 + 1

    @property
    def log_likelihood(self) -> float:
        """Logarithm of the likelihood, restricted for ``reml``."""
        return -0.5 * self.deviance

    @property
    def aic(self) -> float:
        """Akaike's criterion, fixed effects and variances counted."""
        return self.deviance + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion; for ``reml`` with n - p observations."""
        fewer = self.data.n_columns if self.method == "reml" else 0
        return self.deviance + np.log(self.data.n_observations - fewer) * self.n_parameters


def fit_mixed_model(data: MixedData, *, method: str) -> MixedFit:
    """Fit a linear mixed model with a random intercept, and optionally a slope, of participants.

    y = X b + Z u + e with u ~ N(0, sigma^2 L L'), e ~ N(0, sigma^2 I). The profiled likelihood is
    searched over the ratio of the two standard deviations on a grid and refined there; with a slope
    over L from several starts.

    Parameters
    ----------
    data : MixedData
        Values and designs.
    method : str
        ``reml`` or ``ml``.

    Returns
    -------
    MixedFit
        Estimates.

    Raises
    ------
    ValueError
        If the fixed effects explain the values without error. That effects of participants and
        fixed effects together do not is for the caller to see to (:func:`require_noise`).

    References
    ----------
    Bates, D., Maechler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models
    using lme4. Journal of Statistical Software 67(1).
    """
    likelihood = ProfiledLikelihood.of(data, reml=method == "reml")
    if likelihood.squares <= ROUNDED**2 * float(data.values @ data.values):
        raise ValueError("the fixed effects explain the values without error")
    search = _intercept_factor if data.n_random == 1 else _slope_factor
    factor, converged = search(data, likelihood)
    return _at(data, likelihood, factor, method=method, converged=converged)


def require_noise(data: MixedData) -> None:
    """Refuse values of which effects of participants and fixed effects leave nothing.

    Without that the residual variance has no estimate, though the likelihood may have a summit.

    Parameters
    ----------
    data : MixedData
        Values and designs.

    Raises
    ------
    ValueError
        If no difference within participants is left, or they are rounding alone.
    """
    values, columns, free = [], [], 0
    for rows in data.rows:
        own, sizes, _ = np.linalg.svd(data.random_design[rows], full_matrices=False)
        basis = own[:, sizes > ROUNDED * sizes[0]]
        values.append(_without(data.values[rows][:, None], basis)[:, 0])
        columns.append(_without(data.design[rows], basis))
        free += len(rows) - basis.shape[1]
    within, left = np.concatenate(values), np.concatenate(columns)
    lengths = np.linalg.norm(data.design, axis=0)
    own, sizes, _ = np.linalg.svd(left / np.where(lengths > 0.0, lengths, 1.0), full_matrices=False)
    basis = own[:, sizes > ROUNDED]
    if free <= basis.shape[1]:
        raise ValueError(
            "the fixed effects use up all differences between values of the same participant: "
            "nothing is left to estimate the noise from"
        )
    residual = _without(within[:, None], basis)[:, 0]
    size = float(np.sqrt(np.mean(data.values**2)))
    if float(np.sqrt(np.mean(residual**2))) <= ROUNDED * size:
        raise ValueError(
            "values of the same participant differ by the fixed effects alone: there is no noise "
            "to test against"
        )


def _without(columns: FloatArray, basis: FloatArray) -> FloatArray:
    """Return columns without their part in an orthonormal basis."""
    left = columns - basis @ (basis.T @ columns)
    return np.asarray(left - basis @ (basis.T @ left))


def _intercept_factor(data: MixedData, likelihood: ProfiledLikelihood) -> tuple[FloatArray, bool]:
    """Return L of a random intercept."""

    def deviance(ratio: float) -> float:
        return float(likelihood.deviance(np.array([[ratio]])))

    found = likelihood.deviance(RATIOS[:, None, None])
    place = int(np.argmin(found))
    low, high = RATIOS[max(place - 1, 0)], RATIOS[min(place + 1, len(RATIOS) - 1)]
    refined = optimize.minimize_scalar(
        deviance, bounds=(low, high), method="bounded", options={"xatol": 1e-10 * high}
    )
    best = float(refined.x) if refined.fun < found[place] else float(RATIOS[place])
    if deviance(0.0) <= min(float(refined.fun), found[place]) + ROUNDING:
        best = 0.0
    return np.array([[best]]), bool(refined.success and place < len(RATIOS) - 1)


def _slope_factor(data: MixedData, likelihood: ProfiledLikelihood) -> tuple[FloatArray, bool]:
    """Return L of a random intercept and slope."""
    scale = np.sqrt(np.mean(data.random_design**2, axis=0))

    def factor(theta: FloatArray) -> FloatArray:
        return np.array([[theta[0], 0.0], [theta[1], theta[2]]]) / scale[:, None]

    def deviance(theta: FloatArray) -> float:
        return float(likelihood.deviance(factor(theta)))

    bounds = [(0.0, None), (None, None), (0.0, None)]
    tries = [
        optimize.minimize(
            deviance, np.array([one, correlation * two, two]), method="L-BFGS-B", bounds=bounds
        )
        for one, correlation, two in STARTS
    ]
    best = min(tries, key=lambda each: float(each.fun))
    polished = optimize.minimize(
        deviance, best.x, method="Nelder-Mead", bounds=bounds,
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000},
    )  # fmt: skip
    theta = polished.x if polished.fun <= best.fun else best.x
    steps = STEP * np.maximum(np.abs(theta), STEP)
    beside = [theta + sign * step for sign in (-1.0, 1.0) for step in np.diag(steps)]
    lowest = min(deviance(np.maximum(each, [0.0, -np.inf, 0.0])) for each in beside)
    return factor(theta), lowest > deviance(theta) - DOWNWARDS


def _at(
    data: MixedData,
    likelihood: ProfiledLikelihood,
    factor: FloatArray,
    *,
    method: str,
    converged: bool,
) -> MixedFit:
    """Return the fit at a factor L."""
    _, _, residual_squares = likelihood.parts(factor)
    residual_variance = float(residual_squares) / likelihood.degrees
    columns = data.n_columns
    information, moment = np.zeros((columns, columns)), np.zeros(columns)
    for rows in data.rows:
        x, z = data.design[rows], data.random_design[rows]
        weighted = np.linalg.solve(np.eye(len(rows)) + z @ factor @ factor.T @ z.T, x)
        information += weighted.T @ x
        moment += weighted.T @ data.values[rows]
    return MixedFit(
        data=data,
        method=method,
        factor=factor,
        residual_variance=residual_variance,
        estimates=np.asarray(np.linalg.solve(information, moment), dtype=np.float64),
        covariance=np.asarray(residual_variance * np.linalg.inv(information), dtype=np.float64),
        deviance=float(likelihood.deviance(factor)),
        converged=converged,
    )
