"""How well variances are known, and how fixed effects' covariance follows them.

With P = V^-1 - V^-1 X Phi X' V^-1, Phi = (X' V^-1 X)^-1 and V_k the derivative of V by its k-th
parameter, sums over participants give

==========  ================================================================
``P_k``     -X' V^-1 V_k V^-1 X
``Q_jk``    X' V^-1 V_j V^-1 V_k V^-1 X
``t_jk``    tr(V^-1 V_j V^-1 V_k)
``d_jk``    y' P V_j P V_k P y
==========  ================================================================

Two sets of parameters are used. Kenward and Roger's are the entries of the random effects'
covariance G and the residual variance, in which V is linear. Satterthwaite's degrees of freedom
rest on the curvature of the likelihood at its summit, so at the edge of what variances may be the
parameters are those that can move there: a G of rank one is g g', with the entries of g for
parameters, and a G of zero has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bids_ketamine.core.mixed.covariance import FloatArray
from bids_ketamine.core.mixed.fit import BOUNDARY, MixedFit


@dataclass(frozen=True)
class VarianceInformation:
    """What the degrees of freedom of fixed effects rest on.

    Attributes
    ----------
    covariance : ndarray of shape (n_columns, n_columns)
        Phi.
    slopes : ndarray of shape (n_parameters, n_columns, n_columns)
        P_k.
    curvatures : ndarray of shape (n_parameters, n_parameters, n_columns, n_columns)
        Q_jk.
    parameter_covariance : ndarray of shape (n_parameters, n_parameters)
        Covariance of the parameters' estimates.
    """

    covariance: FloatArray
    slopes: FloatArray
    curvatures: FloatArray
    parameter_covariance: FloatArray


def observed_information(fit: MixedFit) -> VarianceInformation:
    """Return how well variances are known by the curvature of the likelihood at its summit.

    The curvature of -2 log-likelihood is 2 d_jk - tr(P V_j P V_k) for the restricted likelihood
    and 2 d_jk - t_jk for the full one; where V bends in its parameters, its slope along V_jk,
    tr(P V_jk) - y' P V_jk P y (V^-1 for the first P with the full likelihood), is added.

    Parameters
    ----------
    fit : MixedFit
        A fit.
    """
    directions, bends = _movable(fit)
    sums = _sums(fit, directions)
    subtracted = sums.projected if fit.method == "reml" else sums.traces
    curvature = 2.0 * sums.squares - subtracted
    for (one, other), bend in bends.items():
        pull = _likelihood_slope(fit, bend)
        curvature[one, other] += pull
        if one != other:
            curvature[other, one] += pull
    return VarianceInformation(
        fit.covariance, sums.slopes, sums.curvatures, 2.0 * _inverse(curvature)
    )


def expected_information(fit: MixedFit) -> VarianceInformation:
    """Return how well variances are known by the expected curvature, 1/2 tr(P V_j P V_k).

    Parameters
    ----------
    fit : MixedFit
        A fit by restricted likelihood.
    """
    sums = _sums(fit, _entries(fit.data.n_random))
    return VarianceInformation(
        fit.covariance, sums.slopes, sums.curvatures, 2.0 * _inverse(sums.projected)
    )


@dataclass(frozen=True)
class _Sums:
    """Sums over participants: P_k, Q_jk, t_jk, tr(P V_j P V_k) and d_jk."""

    slopes: FloatArray
    curvatures: FloatArray
    traces: FloatArray
    projected: FloatArray
    squares: FloatArray


def _sums(fit: MixedFit, directions: list[FloatArray]) -> _Sums:
    """Return the sums for derivatives of G, and for the residual variance as the last."""
    data, phi = fit.data, fit.covariance
    count, columns = len(directions) + 1, data.n_columns
    slopes = np.zeros((count, columns, columns))
    curvatures = np.zeros((count, count, columns, columns))
    traces, squares = np.zeros((count, count)), np.zeros((count, count))
    moments = np.zeros((count, columns))
    residual = data.values - data.design @ fit.estimates
    for rows in data.rows:
        x, z = data.design[rows], data.random_design[rows]
        inverse = _inverse_covariance(fit, z)
        derivatives = np.array([*(z @ each @ z.T for each in directions), np.eye(len(rows))])
        # P y = V^-1 (y - X b), since b solves the weighted equations.
        solved, weighted = inverse @ residual[rows], inverse @ x
        left = inverse @ derivatives
        sandwiched = derivatives @ weighted
        pushed = derivatives @ solved
        slopes -= np.einsum("rc,krd->kcd", weighted, sandwiched)
        curvatures += np.einsum("jrc,rs,ksd->jkcd", sandwiched, inverse, sandwiched)
        traces += np.einsum("jrs,ksr->jk", left, left)
        squares += pushed @ inverse @ pushed.T
        moments += pushed @ weighted
    squares -= moments @ phi @ moments.T
    turned = phi @ slopes
    projected = traces - 2.0 * np.einsum("cd,jkdc->jk", phi, curvatures)
    projected += np.einsum("jcd,kdc->jk", turned, turned)
    return _Sums(slopes, curvatures, traces, projected, squares)


def _movable(fit: MixedFit) -> tuple[list[FloatArray], dict[tuple[int, int], FloatArray]]:
    """Return derivatives of G by the parameters that can move, and its second derivatives."""
    scale = np.sqrt(np.mean(fit.data.random_design**2, axis=0))
    relative = np.linalg.svd(scale[:, None] * fit.factor)
    rank = int(np.sum(relative.S > BOUNDARY))
    size = fit.data.n_random
    if rank == 0:
        return [], {}
    if rank == size:
        return _entries(size), {}
    # One direction of two is left: G = g g'.
    g = np.sqrt(fit.residual_variance) * relative.U[:, 0] * relative.S[0] / scale
    directions = [np.outer(unit, g) + np.outer(g, unit) for unit in np.eye(size)]
    bends = {
        (row, column): np.outer(one, other) + np.outer(other, one)
        for row, one in enumerate(np.eye(size))
        for column, other in enumerate(np.eye(size))
        if column <= row
    }
    return directions, bends


def _entries(size: int) -> list[FloatArray]:
    """Return the derivative of G by each entry of its lower triangle."""
    bases = []
    for row in range(size):
        for column in range(row + 1):
            basis = np.zeros((size, size))
            basis[row, column] = basis[column, row] = 1.0
            bases.append(basis)
    return bases


def _likelihood_slope(fit: MixedFit, direction: FloatArray) -> float:
    """Return the derivative of -2 log-likelihood along a change of G."""
    data, residual = fit.data, fit.data.values - fit.data.design @ fit.estimates
    slope, information = 0.0, np.zeros((data.n_columns, data.n_columns))
    for rows in data.rows:
        x, z = data.design[rows], data.random_design[rows]
        inverse, derivative = _inverse_covariance(fit, z), z @ direction @ z.T
        solved, weighted = inverse @ residual[rows], inverse @ x
        slope += float(np.trace(inverse @ derivative) - solved @ derivative @ solved)
        information += weighted.T @ derivative @ weighted
    if fit.method == "reml":
        slope -= float(np.trace(fit.covariance @ information))
    return slope


def _inverse_covariance(fit: MixedFit, z: FloatArray) -> FloatArray:
    """Return V^-1 of one participant."""
    relative = np.eye(len(z)) + z @ fit.factor @ fit.factor.T @ z.T
    return np.asarray(np.linalg.inv(fit.residual_variance * relative))


def _inverse(curvature: FloatArray) -> FloatArray:
    """Return the inverse over the directions in which the likelihood curves downwards."""
    scale = np.sqrt(np.abs(np.diagonal(curvature)))
    scale[scale == 0.0] = 1.0
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    kept = values > 1e-8 * max(float(values[-1]), 1e-300)
    reduced = vectors[:, kept] / scale[:, None]
    return np.asarray(reduced / values[kept] @ reduced.T)
