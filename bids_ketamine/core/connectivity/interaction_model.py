"""Model of a seed's interactions with the conditions of a task: columns, fit, collinearity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.glm.voxel_series import column_norms, singular_vectors

#: Relative size under which a direction of the columns is none of its own, and of what of an
#: effect may lie outside the others.
TOLERANCE = 1e-6

#: Size of a column, relative to what it was made of, under which it is rounding.
ROUNDING = 1e-9


class PpiRun(NamedTuple):
    """Series of a run, cleaned, for the model of the interactions.

    Attributes
    ----------
    targets : ndarray of shape (n_scans, n_regions)
        y of every region.
    seeds : ndarray of shape (n_scans, n_regions)
        s of every region.
    conditions : ndarray of shape (n_scans, n_conditions)
        h_c; zeros for a condition without events.
    interactions : ndarray of shape (n_scans, n_regions, n_conditions)
        x_c of every seed.
    cleaning : ndarray of shape (n_scans, rank) or None
        Orthonormal basis of what seeds, conditions and interactions lose too before they are
        fitted; None where they are fitted as they are (CONN's route).
    residual_df : float
        Degrees of freedom that cleaning left, the mean not among them.
    filtered_df : float
        Those that the filter alone left, where regressors are cleaned like targets; the same
        as ``residual_df`` where they are not.
    """

    targets: np.ndarray
    seeds: np.ndarray
    conditions: np.ndarray
    interactions: np.ndarray
    cleaning: np.ndarray | None
    residual_df: float
    filtered_df: float


class SeedFit(NamedTuple):
    """Least squares of all targets on the columns of a seed (or of several seeds).

    Attributes
    ----------
    columns : ndarray of shape (n_scans, n_columns)
        X.
    basis : ndarray of shape (n_scans, rank)
        Orthonormal basis of X.
    rows : ndarray of shape (rank, n_columns)
        Orthonormal basis of the rows of X, its columns brought to unit length.
    gram : ndarray of shape (n_columns, n_columns)
        G.
    coefficients : ndarray of shape (n_columns, n_targets)
        G X'y.
    """

    columns: np.ndarray
    basis: np.ndarray
    rows: np.ndarray
    gram: np.ndarray
    coefficients: np.ndarray


def fit_seed(columns: np.ndarray, targets: np.ndarray) -> SeedFit:
    """Fit the columns of a seed to all targets, factorized once.

    Parameters
    ----------
    columns : ndarray of shape (n_scans, n_columns)
        X, without means.
    targets : ndarray of shape (n_scans, n_targets)
        Without means.

    Returns
    -------
    SeedFit
        Coefficients (of smallest size where columns are combinations of others) and what
        inference needs.
    """
    norms = column_norms(columns)
    left, singular, rows = singular_vectors(columns / norms)
    kept = singular > singular.max(initial=0.0) * TOLERANCE
    left, rows = left[:, kept], rows[kept]
    inverse = (rows.T / singular[kept]) / norms[:, None]
    return SeedFit(columns, left, rows, inverse @ inverse.T, inverse @ (left.T @ targets))


def semipartial_correlation(fit: SeedFit, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    r"""Return semipartial correlations of targets with sums of columns.

    .. math:: r = w'b / (\sqrt{w' G w} |y|)

    Parameters
    ----------
    fit : SeedFit
        Least squares.
    targets : ndarray of shape (n_scans, n_targets)
        Those that were fitted.
    weights : ndarray of shape (n_columns, n_sums)
        w; for one interaction a one in its place.

    Returns
    -------
    ndarray of shape (n_sums, n_targets)
        NaN where the columns do not vary, or the target does not.
    """
    sizes = np.sqrt(np.einsum("pe,pq,qe->e", weights, fit.gram, weights))
    scale = np.outer(sizes, np.linalg.norm(targets, axis=0))
    sums = weights.T @ fit.coefficients
    return np.where(scale > 0, sums / np.where(scale > 0, scale, 1.0), np.nan)


def fisher_z_clipped(correlation: np.ndarray) -> np.ndarray:
    """Return atanh(r); a correlation of one up to rounding gives a large number, as in CONN."""
    limit = 1.0 - np.finfo(float).eps
    return np.asarray(np.arctanh(np.clip(correlation, -limit, limit)))


def without(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return columns without their projection on an orthonormal basis, twice for rounding.

    Parameters
    ----------
    columns : ndarray of shape (n_scans, ...)
        Columns.
    basis : ndarray of shape (n_scans, rank)
        Orthonormal.

    Returns
    -------
    ndarray of the same shape
        What is left.
    """
    flat = columns.reshape(len(columns), -1)
    rest = flat - basis @ (basis.T @ flat)
    return np.asarray((rest - basis @ (basis.T @ rest)).reshape(columns.shape))


def without_rounding(columns: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return columns with zeros in place of those that are rounding of what they were made of.

    Parameters
    ----------
    columns : ndarray of shape (n_scans, ...)
        Columns.
    sizes : ndarray of the shape of one row
        Norms of what they were made of.

    Returns
    -------
    ndarray of the same shape
        A column of rounding alone, brought to unit length, would be fitted as if it were a signal.
    """
    return np.where(np.linalg.norm(columns, axis=0) > ROUNDING * sizes, columns, 0.0)


def model_columns(run: PpiRun) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of every seed's model, as they are and as they are fitted.

    Parameters
    ----------
    run : PpiRun
        A run.

    Returns
    -------
    raw, fitted : ndarray of shape (n_scans, n_regions, 1 + 2 n_conditions)
        Seed, conditions, interactions, all without their means.
    """
    seed_sizes = np.linalg.norm(run.seeds, axis=0)
    condition_sizes = np.linalg.norm(run.conditions, axis=0)
    sizes = np.concatenate(
        [
            seed_sizes[:, None],
            np.broadcast_to(condition_sizes, (len(seed_sizes), len(condition_sizes))),
            np.outer(seed_sizes, np.abs(run.conditions).max(axis=0, initial=0.0)),
        ],
        axis=1,
    )
    conditions = np.broadcast_to(run.conditions[:, None, :], run.interactions.shape)
    raw = np.concatenate([run.seeds[:, :, None], conditions, run.interactions], axis=2)
    raw = without_rounding(raw - raw.mean(axis=0), sizes)
    if run.cleaning is None:
        return raw, raw
    fitted = without(raw, run.cleaning)
    return raw, without_rounding(fitted - fitted.mean(axis=0), sizes)


def estimable(fit: SeedFit, effects: np.ndarray) -> np.ndarray:
    """Tell which effects the columns of a seed hold, shape (n_effects,).

    Parameters
    ----------
    fit : SeedFit
        The seed's model; its last columns are the interactions.
    effects : ndarray of shape (n_effects, n_conditions)
        Weights of the interactions.
    """
    n_conditions = effects.shape[1]
    norms = column_norms(fit.columns)[-n_conditions:]
    weights = np.zeros((len(effects), fit.columns.shape[1]))
    weights[:, -n_conditions:] = effects / norms
    weights /= column_norms(weights.T)[:, None]
    outside = weights - (weights @ fit.rows.T) @ fit.rows
    moving = np.linalg.norm(fit.columns[:, -n_conditions:], axis=0) > 0.0
    missing = (effects != 0.0) & ~moving
    return np.asarray((np.linalg.norm(outside, axis=1) < TOLERANCE) & ~missing.any(axis=1))


def variance_inflation(fit: SeedFit, effects: np.ndarray) -> np.ndarray:
    """Return the variance of effects over what it would be with orthogonal columns, (n_effects,).

    Parameters
    ----------
    fit : SeedFit
        The seed's model; its last columns are the interactions.
    effects : ndarray of shape (n_effects, n_conditions)
        Weights of the interactions.
    """
    n_conditions = effects.shape[1]
    sizes = np.sum(fit.columns[:, -n_conditions:] ** 2, axis=0)
    alone = np.sum(effects**2 / np.where(sizes > 0, sizes, np.inf), axis=1)
    gram = fit.gram[-n_conditions:, -n_conditions:]
    found = np.einsum("ec,cd,ed->e", effects, gram, effects)
    return np.asarray(found / np.where(alone > 0, alone, np.nan))


def task_correlation(fit: SeedFit, effects: np.ndarray) -> np.ndarray:
    """Return the correlation of each effect's interaction with its task regressor, (n_effects,).

    Parameters
    ----------
    fit : SeedFit
        The model of one seed.
    effects : ndarray of shape (n_effects, n_conditions)
        Weights of the conditions.
    """
    n_conditions = effects.shape[1]
    interaction = fit.columns[:, -n_conditions:] @ effects.T
    task = fit.columns[:, 1 : 1 + n_conditions] @ effects.T
    sizes = np.linalg.norm(interaction, axis=0) * np.linalg.norm(task, axis=0)
    products = np.sum(interaction * task, axis=0)
    return np.asarray(products / np.where(sizes > 0, sizes, np.nan))
