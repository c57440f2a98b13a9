"""Left-out errors over the grid of mixing parameters and penalties."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bids_ketamine.core.prediction.kernels import interpolated_residuals


class Paths(NamedTuple):
    """Paths of several folds; the first axis is theirs.

    Attributes
    ----------
    penalties : ndarray of shape (n_folds, A, L)
        Unit of the outcome.
    used : ndarray of int, shape (n_folds, A)
        Penalties before the early end.
    predictions : ndarray of shape (n_folds, A, L) or (n_folds, A, L, n_targets)
        Of the rows left out, unit of the outcome.
    """

    penalties: np.ndarray
    used: np.ndarray
    predictions: np.ndarray

    def of(self, folds: Any, target: Any = 0) -> Paths:
        """Return the paths of some folds, with one target of each.

        Parameters
        ----------
        folds : int, slice or ndarray of int
            Which folds.
        target : int or ndarray of int
            Which of its targets, for all or for each of them.
        """
        predictions = self.predictions[folds, ..., target]
        return Paths(self.penalties[folds], self.used[folds], predictions)


class GridErrors(NamedTuple):
    """Left-out errors over the grid.

    Attributes
    ----------
    penalties : ndarray of shape (A, L)
        Of the fit to all rows; NaN after its early end, as are errors.
    residuals : ndarray of shape (A, L, n_folds)
        Unit of the outcome.
    errors, error_deviations : ndarray of shape (A, L)
        Mean squares, and their standard errors.
    """

    penalties: np.ndarray
    residuals: np.ndarray
    errors: np.ndarray
    error_deviations: np.ndarray


def grid_errors(
    outcome: np.ndarray,
    *,
    own: Paths,
    folds: Paths,
    targets: np.ndarray,
    weights: np.ndarray,
) -> GridErrors:
    """Return left-out errors at the penalties of the fit to all rows.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Outcome.
    own : Paths
        Of the fit to all rows, without the axis of folds.
    folds : Paths
        One target each.
    targets : ndarray of int, shape (n_folds,)
        Row of each fold's target.
    weights : ndarray of shape (n_folds,)
        How often each counts.
    """
    residuals = interpolated_residuals(
        outcome,
        own.penalties,
        own.used,
        np.ascontiguousarray(folds.penalties),
        np.ascontiguousarray(folds.used),
        np.ascontiguousarray(folds.predictions),
        targets,
    )
    total = weights.sum()
    squares = residuals**2
    errors = squares @ weights / total
    spread = ((squares - errors[..., None]) ** 2) @ weights / total
    on_path = np.arange(own.penalties.shape[1]) < own.used[:, None]
    return GridErrors(
        penalties=np.where(on_path, own.penalties, np.nan),
        residuals=residuals,
        errors=errors,
        error_deviations=np.sqrt(spread / max(total - 1.0, 1.0)),
    )
