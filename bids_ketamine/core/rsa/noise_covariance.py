r"""Covariance of the noise between voxels, from the residuals of a run, and its inverse root.

The shrinkage of the RSA toolbox: with residuals r (n, v) without their means,

.. math:: S = r'r / \mathrm{df}, \qquad \hat\Sigma = \lambda D + (1 - \lambda) S,
          \qquad D = \mathrm{diag}(S)

References
----------
Walther et al. (2016) doi:10.1016/j.neuroimage.2015.12.012; Ledoit and Wolf (2004)
doi:10.1016/S0047-259X(03)00096-4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.errors import ProcessingError

#: Estimators of the covariance between voxels.
COVARIANCE_ESTIMATORS = ("shrinkage_to_diagonal", "diagonal", "full", "identity")

#: Rules for the degrees of freedom by which residual products are divided.
DF_RULES = ("trace_rv", "effective", "rsatoolbox_2018", "n_minus_1")

#: Shrinkage of the estimators that do not estimate it.
FIXED_SHRINKAGE = {"diagonal": 1.0, "full": 0.0}

#: Size, relative to the voxel with the largest one, under which a residual is rounding.
FLAT = 1e-10


class NoiseCovariance(NamedTuple):
    """Covariance of the noise between the voxels of a region.

    Attributes
    ----------
    sample : ndarray of shape (n_voxels, n_voxels)
        S, residual products divided by ``df``, squared unit of the series.
    covariance : ndarray of shape (n_voxels, n_voxels)
        What patterns are normalised by; the identity where they are not.
    shrinkage : float
        Weight of the diagonal, 0 to 1; NaN for the identity, which has none.
    df : float
        Degrees of freedom of ``sample``.
    estimator : str
        One of :data:`COVARIANCE_ESTIMATORS`.
    """

    sample: np.ndarray
    covariance: np.ndarray
    shrinkage: float
    df: float
    estimator: str


def covariance_df(
    rule: str,
    *,
    n_scans: int,
    trace_rv: float,
    residual_df: float,
    estimates_covariance: np.ndarray,
) -> float:
    """Return the degrees of freedom by which residual products are divided.

    Parameters
    ----------
    rule : {"trace_rv", "effective", "rsatoolbox_2018", "n_minus_1"}
        ``trace_rv``: tr(RV), with which the covariance has no bias. ``effective``: tr(RV)^2 /
        tr(RVRV), as the RSA toolbox for MATLAB did until August 2018. ``rsatoolbox_2018``: tr(RV)
        divided by the mean of the diagonal of ``estimates_covariance``, as it does since October
        2018; distances then depend on the nuisance columns of the run. ``n_minus_1``: volumes
        minus one, as the Python toolbox does when it is not told.
    n_scans : int
        Volumes.
    trace_rv, residual_df : float
        tr(RV) and tr(RV)^2 / tr(RVRV) of the model.
    estimates_covariance : ndarray of shape (n_columns, n_columns)
        Covariance of all estimates of the design for unit noise.

    Returns
    -------
    float
        Degrees of freedom.

    Raises
    ------
    ProcessingError
        If there is no such rule.
    """
    if rule == "trace_rv":
        return float(trace_rv)
    if rule == "effective":
        return float(residual_df)
    if rule == "rsatoolbox_2018":
        return float(trace_rv / np.mean(np.diag(estimates_covariance)))
    if rule == "n_minus_1":
        return float(n_scans - 1)
    raise ProcessingError(
        f"There is no rule `{rule}` for degrees of freedom.",
        cure=f"Choose one of {', '.join(DF_RULES)}.",
    )


def noise_covariance(
    residuals: np.ndarray, *, df: float, estimator: str, shrinkage: float | None = None
) -> NoiseCovariance:
    """Estimate the covariance of the noise between voxels.

    Parameters
    ----------
    residuals : ndarray of shape (n_scans, n_voxels)
        Whitened, filtered residuals; their means are taken out.
    df : float
        Degrees of freedom, see :func:`covariance_df`.
    estimator : {"shrinkage_to_diagonal", "diagonal", "full", "identity"}
        ``shrinkage_to_diagonal``: by the intensity of :func:`shrinkage_intensity`. ``diagonal``:
        variances alone. ``full``: no shrinkage. ``identity``: patterns are not normalised.
    shrinkage : float or None
        Intensity to use instead of the estimated one; read with ``shrinkage_to_diagonal`` alone.

    Returns
    -------
    NoiseCovariance
        Sample covariance and what patterns are normalised by.

    Raises
    ------
    ProcessingError
        If residuals are not finite, or do not vary in a voxel; if a covariance without shrinkage
        is singular; if there is no such estimator.

    Examples
    --------
    >>> residuals = np.array([[1.0, 2.0], [-1.0, 0.0], [1.0, -2.0], [-1.0, 0.0]])
    >>> noise_covariance(residuals, df=2.0, estimator="diagonal").covariance.tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    if estimator not in COVARIANCE_ESTIMATORS:
        raise ProcessingError(
            f"There is no noise covariance `{estimator}`.",
            cure=f"Choose one of {', '.join(COVARIANCE_ESTIMATORS)}.",
        )
    residuals = np.asarray(residuals, dtype=np.float64)
    residuals = residuals - residuals.mean(axis=0)
    _refuse_flat(residuals)
    sample = residuals.T @ residuals / df
    if estimator == "identity":
        return NoiseCovariance(sample, np.eye(len(sample)), np.nan, df, estimator)
    if estimator in FIXED_SHRINKAGE:
        shrinkage = FIXED_SHRINKAGE[estimator]
    elif shrinkage is None:
        shrinkage = shrinkage_intensity(residuals, sample, df=df)
    if shrinkage == 0.0:
        _refuse_singular(sample, n_scans=len(residuals))
    covariance = shrunk_to_diagonal(sample, shrinkage=shrinkage)
    return NoiseCovariance(sample, covariance, shrinkage, df, estimator)


def shrinkage_intensity(residuals: np.ndarray, sample: np.ndarray, *, df: float) -> float:
    r"""Return the weight of the diagonal target.

    .. math:: \lambda = \frac{\sum_{ij} \sum_t r_{ti}^2 r_{tj}^2 / \mathrm{df}^2
              - \sum_{ij} S_{ij}^2 / \mathrm{df}}{\sum_{i \ne j} S_{ij}^2}

    within 0 and 1. The sum over pairs of voxels is that of squared norms of volumes,
    :math:`\sum_t (\sum_i r_{ti}^2)^2`.

    Parameters
    ----------
    residuals : ndarray of shape (n_scans, n_voxels)
        Residuals without their means.
    sample : ndarray of shape (n_voxels, n_voxels)
        S.
    df : float
        Its degrees of freedom.

    Returns
    -------
    float
        1 where no two voxels covary.
    """
    energy = np.einsum("ti,ti->t", residuals, residuals)
    total = float(np.einsum("ij,ij->", sample, sample))
    variance = float(energy @ energy) / df**2 - total / df
    # Without the diagonal before squaring: a difference of two sums would lose digits.
    distance = float(np.sum((sample - np.diag(np.diag(sample))) ** 2))
    return float(np.clip(variance / distance, 0.0, 1.0)) if distance > 0 else 1.0


def shrunk_to_diagonal(sample: np.ndarray, *, shrinkage: float) -> np.ndarray:
    """Return a covariance with its off-diagonal part scaled by 1 - shrinkage.

    Examples
    --------
    >>> shrunk_to_diagonal(np.array([[2.0, 1.0], [1.0, 4.0]]), shrinkage=0.25).tolist()
    [[2.0, 0.75], [0.75, 4.0]]
    """
    covariance = (1.0 - shrinkage) * sample
    covariance[np.diag_indices_from(covariance)] = np.diag(sample)
    return np.asarray(covariance)


def noise_normalised(patterns: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    r"""Multiply patterns by the symmetric inverse root of a covariance.

    .. math:: u = \hat\beta \hat\Sigma^{-1/2}

    Parameters
    ----------
    patterns : ndarray of shape (n_patterns, n_voxels)
        Estimates, a row for each regressor.
    covariance : ndarray of shape (n_voxels, n_voxels)
        Symmetric, positive definite.

    Returns
    -------
    ndarray of shape (n_patterns, n_voxels)
        Patterns in units of noise.

    Raises
    ------
    ProcessingError
        If the covariance is singular.

    Examples
    --------
    >>> noise_normalised(np.array([[2.0, 3.0]]), np.diag([4.0, 9.0])).tolist()
    [[1.0, 1.0]]
    """
    variances = np.diag(covariance)
    if np.count_nonzero(covariance) == np.count_nonzero(variances):
        return np.asarray(patterns / np.sqrt(variances))
    values, vectors = np.linalg.eigh(covariance)
    if not values[0] > len(values) * np.finfo(float).eps * values[-1]:
        raise _singular(len(values))
    return np.asarray((patterns @ vectors / np.sqrt(values)) @ vectors.T)


def _refuse_flat(residuals: np.ndarray) -> None:
    size = np.linalg.norm(residuals, axis=0)
    n_voxels = len(size)
    for wrong, words in (
        (~np.isfinite(size), "not finite"),
        (size <= FLAT * size.max(initial=0.0), "the same in all volumes"),
    ):
        if wrong.any():
            raise ProcessingError(
                f"Residuals are {words} in {int(wrong.sum())} of {n_voxels} voxels.",
                cure="Leave voxels without signal out of the region.",
            )


def _refuse_singular(sample: np.ndarray, *, n_scans: int) -> None:
    n_voxels = len(sample)
    deviation = np.sqrt(np.diag(sample))
    if n_voxels < n_scans:
        values = np.linalg.eigvalsh(sample / np.outer(deviation, deviation))
        if values[0] > n_voxels * np.finfo(float).eps * values[-1]:
            return
    raise _singular(n_voxels)


def _singular(n_voxels: int) -> ProcessingError:
    return ProcessingError(
        f"The noise covariance of {n_voxels} voxels is singular: the run has too few volumes.",
        cure="Choose `shrinkage_to_diagonal` or `diagonal`, or a smaller region.",
    )
