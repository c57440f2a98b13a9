"""Likelihood of a linear mixed model whose random effects belong to participants.

==============  ===========================================================================
``y``           values, shape (n,)
``X``           fixed effects, shape (n, p)
``Z``           columns of the random effects of a participant, shape (n, q): 1, and a slope
``G``           sigma^2 L L', covariance of the random effects; ``L`` lower triangular (theta)
``V``           sigma^2 (I + Z L L' Z'), block by participant
``r^2``         (y - X b)' (I + Z L L' Z')^-1 (y - X b) at the b that makes it smallest
==============  ===========================================================================

Values of different participants are independent, so that all is sums over participants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, kw_only=True)
class MixedData:
    """Values with their fixed effects and the columns of their random effects.

    Attributes
    ----------
    values : ndarray of shape (n_observations,)
        In the unit of the measure.
    design : ndarray of shape (n_observations, n_columns)
        Fixed effects, of full rank.
    random_design : ndarray of shape (n_observations, n_random)
        Ones, and the variable of the random slope if there is one.
    participants : ndarray of int, shape (n_observations,)
        Number of the participant, from 0.
    """

    values: FloatArray
    design: FloatArray
    random_design: FloatArray
    participants: IntArray

    @property
    def n_observations(self) -> int:
        """Number of values."""
        return int(self.values.size)

    @property
    def n_columns(self) -> int:
        """Number of fixed effects."""
        return int(self.design.shape[1])

    @property
    def n_random(self) -> int:
        """Number of random effects of a participant."""
        return int(self.random_design.shape[1])

    @cached_property
    def rows(self) -> tuple[IntArray, ...]:
        """Rows of each participant."""
        count = int(self.participants.max()) + 1
        return tuple(np.flatnonzero(self.participants == each) for each in range(count))


@dataclass(frozen=True)
class ProfiledLikelihood:
    """-2 log-likelihood as a function of theta, the other parameters at their best.

    The design is replaced by an orthogonal basis and values by what ordinary regression leaves
    of them, so that means far from zero cost no digits.

    Attributes
    ----------
    reml : bool
        Restricted likelihood instead of the full one.
    n_observations, n_columns : int
        Size of the design.
    log_det_basis : float
        ``log|R' R|`` of the basis X = Q R.
    squares : float
        Sum of squares that ordinary regression leaves.
    cross_random : ndarray of shape (n_participants, n_random, n_random)
        Z' Z.
    cross_design : ndarray of shape (n_participants, n_random, n_columns)
        Z' Q.
    cross_values : ndarray of shape (n_participants, n_random)
        Z' y.
    """

    reml: bool
    n_observations: int
    n_columns: int
    log_det_basis: float
    squares: float
    cross_random: FloatArray
    cross_design: FloatArray
    cross_values: FloatArray

    @classmethod
    def of(cls, data: MixedData, *, reml: bool) -> ProfiledLikelihood:
        """Return the likelihood of data."""
        basis, triangle = np.linalg.qr(data.design)
        residual = data.values - basis @ (basis.T @ data.values)
        residual -= basis @ (basis.T @ residual)
        z = data.random_design
        parts = [(z[rows], basis[rows], residual[rows]) for rows in data.rows]
        return cls(
            reml=reml,
            n_observations=data.n_observations,
            n_columns=data.n_columns,
            log_det_basis=2.0 * float(np.log(np.abs(np.diagonal(triangle))).sum()),
            squares=float(residual @ residual),
            cross_random=np.array([each.T @ each for each, _, _ in parts]),
            cross_design=np.array([each.T @ columns for each, columns, _ in parts]),
            cross_values=np.array([each.T @ values for each, _, values in parts]),
        )

    @property
    def degrees(self) -> int:
        """Divisor of r^2 in the estimate of the residual variance."""
        return self.n_observations - (self.n_columns if self.reml else 0)

    def deviance(self, factor: FloatArray) -> FloatArray:
        """Return -2 log-likelihood at one or several factors L.

        ML: log|I + Z L L' Z'| + n (1 + log(2 pi r^2 / n)); REML has n - p for n and
        ``log|X' (I + Z L L' Z')^-1 X|`` besides (Bates et al., 2015, eqs. 34 and 41).

        Parameters
        ----------
        factor : ndarray of shape (..., n_random, n_random)
            L, lower triangular.

        Returns
        -------
        ndarray of shape (...,)
        """
        log_det, log_det_design, squares = self.parts(factor)
        deviance = log_det + self.degrees * (np.log(squares / self.degrees) + LOG_TWO_PI + 1.0)
        return deviance + log_det_design if self.reml else deviance

    def parts(self, factor: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return ``log|I + Z L L' Z'|``, ``log|X' (..)^-1 X|``, r^2 at one or several factors L."""
        each = factor[..., None, :, :]
        turned = np.swapaxes(each, -1, -2)
        inner = np.eye(factor.shape[-1]) + turned @ self.cross_random @ each
        sides = turned @ np.concatenate([self.cross_design, self.cross_values[..., None]], axis=-1)
        product = np.sum(np.swapaxes(sides, -1, -2) @ np.linalg.solve(inner, sides), axis=-3)
        columns = self.n_columns
        information = np.eye(columns) - product[..., :columns, :columns]
        moment = product[..., :columns, columns:]
        explained = np.swapaxes(moment, -1, -2) @ np.linalg.solve(information, moment)
        squares = self.squares - product[..., columns, columns] - explained[..., 0, 0]
        log_det = np.sum(np.linalg.slogdet(inner)[1], axis=-1)
        log_det_design = np.linalg.slogdet(information)[1] + self.log_det_basis
        return log_det, log_det_design, squares
