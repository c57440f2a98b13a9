"""Linear discriminant contrast, its noise covariance and its bias, in plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class RunEstimates(NamedTuple):
    """Least squares of a run.

    Attributes
    ----------
    patterns : ndarray of shape (n_columns, n_voxels)
        Estimates.
    residuals : ndarray of shape (n_scans, n_voxels)
        Residuals.
    unit_covariance : ndarray of shape (n_columns, n_columns)
        Covariance of the estimates for unit noise.
    df : int
        Degrees of freedom of the residuals.
    """

    patterns: np.ndarray
    residuals: np.ndarray
    unit_covariance: np.ndarray
    df: int


def least_squares(
    series: np.ndarray, effects: np.ndarray, drift: np.ndarray, whitening: np.ndarray
) -> RunEstimates:
    """Whiten, take drift out, fit.

    Parameters
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        Scaled series.
    effects : ndarray of shape (n_scans, n_columns)
        Design without drift.
    drift : ndarray of shape (n_scans, n_drifts)
        Of any scale; it is not whitened.
    whitening : ndarray of shape (n_scans, n_scans)
        W.
    """
    basis = np.linalg.qr(drift)[0]

    def filtered(matrix: np.ndarray) -> np.ndarray:
        return matrix - basis @ (basis.T @ matrix)

    design, data = filtered(whitening @ effects), filtered(whitening @ series)
    inverse = np.linalg.pinv(design)
    patterns = inverse @ data
    df = len(series) - drift.shape[1] - np.linalg.matrix_rank(design)
    return RunEstimates(patterns, data - design @ patterns, inverse @ inverse.T, int(df))


def shrunk_covariance(residuals: np.ndarray, df: float) -> tuple[np.ndarray, float]:
    """Return the covariance between voxels shrunk to its diagonal, and the intensity."""
    residuals = residuals - residuals.mean(axis=0)
    n_voxels = residuals.shape[1]
    sample = residuals.T @ residuals / df
    target = np.diag(np.diag(sample))
    distance = np.sum((sample - target) ** 2) / n_voxels
    squares = residuals**2
    error = np.sum(squares.T @ squares) / (n_voxels * df**2) - np.sum(sample**2) / (n_voxels * df)
    intensity = float(np.clip(error / distance, 0.0, 1.0))
    return intensity * target + (1.0 - intensity) * sample, intensity


def contrast(
    first: np.ndarray, second: np.ndarray, precision: np.ndarray, chosen: Sequence[int]
) -> float:
    """Return the LDC of two conditions.

    Parameters
    ----------
    first, second : ndarray of shape (n_partitions, n_voxels)
        Estimates of both conditions in each partition.
    precision : ndarray of shape (n_voxels, n_voxels)
        Inverse of the noise covariance.
    chosen : sequence of int
        Partitions, counted from 0.
    """
    difference = (first - second)[list(chosen)]
    products = []
    for number, test in enumerate(difference):
        training = np.delete(difference, number, axis=0).mean(axis=0)
        products.append(test @ precision @ training / len(precision))
    return float(np.mean(products))


def bias_for_unit_noise(
    unit_covariance: np.ndarray, first: Sequence[int], second: Sequence[int]
) -> float:
    """Return what the LDC of two equal conditions is expected to be.

    Parameters
    ----------
    unit_covariance : ndarray of shape (n_columns, n_columns)
        Of the estimates of one run.
    first, second : sequence of int
        Columns of both conditions, a partition each.
    """
    rows = np.zeros((len(first), len(unit_covariance)))
    rows[np.arange(len(first)), list(first)] = 1.0
    rows[np.arange(len(second)), list(second)] = -1.0
    found = []
    for number, test in enumerate(rows):
        training = np.delete(rows, number, axis=0).mean(axis=0)
        found.append(test @ unit_covariance @ training)
    return float(np.mean(found))
