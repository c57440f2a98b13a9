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
from scipy import linalg

from bids_ketamine.errors import ProcessingError

#: Estimators of the covariance between voxels.
COVARIANCE_ESTIMATORS = ("shrinkage_to_diagonal", "diagonal", "full", "identity")

#: Shrinkage of the estimators that do not estimate it.
FIXED_SHRINKAGE = {"diagonal": 1.0, "full": 0.0}

#: Size, relative to the voxel with the largest one, under which a residual is rounding.
FLAT = 1e-10

#: Share of a voxel's variance under which what other voxels leave of it is rounding.
REPEATED = 1e-12

#: Most voxels for a covariance without shrinkage, per independent residual. The level of noise that
#: it makes, K / (K - v - 1) for v voxels and K residuals, is 3.4 there and goes to infinity.
MOST_VOXELS_PER_RESIDUAL = 0.7

#: Estimators to take where a covariance without shrinkage cannot be.
WITH_SHRINKAGE = "Choose `shrinkage_to_diagonal` or `diagonal`"


class NoiseCovariance(NamedTuple):
    """Covariance of the noise between the voxels of a region.

    Attributes
    ----------
    sample : ndarray of shape (n_voxels, n_voxels)
        S, residual products divided by ``df``, squared unit of the series.
    covariance : ndarray of shape (n_voxels, n_voxels)
        What patterns are normalised by; the identity where they are not.
    factor : ndarray of shape (n_voxels, n_voxels)
        Its lower triangular factor of Cholesky, L L' = covariance.
    shrinkage : float
        Weight of the diagonal, 0 to 1; NaN for the identity, which has none.
    df : float
        Degrees of freedom of ``sample``.
    estimator : str
        One of :data:`COVARIANCE_ESTIMATORS`.
    """

    sample: np.ndarray
    covariance: np.ndarray
    factor: np.ndarray
    shrinkage: float
    df: float
    estimator: str


def noise_covariance(
    residuals: np.ndarray, *, df: float, estimator: str, shrinkage: float | None = None
) -> NoiseCovariance:
    """Estimate the covariance of the noise between voxels.

    Parameters
    ----------
    residuals : ndarray of shape (n_scans, n_voxels)
        Whitened, filtered residuals; their means are taken out.
    df : float
        Degrees of freedom, see
        :func:`~bids_ketamine.core.rsa.covariance_df.covariance_df`.
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
        If residuals are not finite, or do not vary in a voxel; if the covariance is singular; if
        there is no such estimator.

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
        identity = np.eye(len(sample))
        return NoiseCovariance(sample, identity, identity, np.nan, df, estimator)
    if estimator in FIXED_SHRINKAGE:
        shrinkage = FIXED_SHRINKAGE[estimator]
    elif shrinkage is None:
        shrinkage = shrinkage_intensity(residuals, sample, df=df)
    covariance = shrunk_to_diagonal(sample, shrinkage=shrinkage)
    factor = _factor(covariance)
    if factor is None:
        too_few = shrinkage == 0.0 and len(sample) > min(df, len(residuals) - 1)
        raise _singular(len(sample), estimator, too_few_residuals=too_few)
    return NoiseCovariance(sample, covariance, factor, shrinkage, df, estimator)


def refuse_too_many_voxels(n_voxels: int, *, n_residuals: int, estimator: str) -> None:
    """Refuse a covariance without shrinkage that would be close to singular.

    Parameters
    ----------
    n_voxels : int
        Voxels of the region.
    n_residuals : int
        Independent residuals of all runs.
    estimator : str
        One of :data:`COVARIANCE_ESTIMATORS`.

    Raises
    ------
    ProcessingError
        If the estimator is ``full`` and there are more than 0.7 voxels per residual.
    """
    most = int(MOST_VOXELS_PER_RESIDUAL * n_residuals)
    if estimator == "full" and n_voxels > most:
        raise ProcessingError(
            f"{n_voxels} voxels are too many for a noise covariance without shrinkage: "
            f"{n_residuals} independent residuals allow {most}.",
            cure=f"{WITH_SHRINKAGE}, or a smaller region.",
        )


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
    # A difference of the sums with and without the diagonal would lose digits. Between two entries
    # of the diagonal are as many others as there are voxels: this takes them without a copy.
    n_voxels = len(sample)
    others = sample.reshape(-1)[1:].reshape(n_voxels - 1, n_voxels + 1)[:, :-1]
    distance = float(np.einsum("ij,ij->", others, others))
    own = np.diag(sample)
    variance = float(energy @ energy) / df**2 - (distance + float(own @ own)) / df
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
        raise _singular(len(values), "", too_few_residuals=False)
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


def _factor(covariance: np.ndarray) -> np.ndarray | None:
    """Return the lower factor of Cholesky; None for a singular covariance."""
    try:
        factor = np.asarray(linalg.cholesky(covariance, lower=True, check_finite=False))
    except linalg.LinAlgError:
        return None
    # A square on the diagonal is what the voxels before leave of a voxel's variance.
    left = np.diag(factor) ** 2 > REPEATED * np.diag(covariance)
    return factor if left.all() else None


def _singular(n_voxels: int, estimator: str, *, too_few_residuals: bool) -> ProcessingError:
    singular = f"The noise covariance of {n_voxels} voxels is singular"
    if too_few_residuals:
        why, cure = "the runs have too few volumes", "or a smaller region"
    else:
        why = "some voxels have the residuals of others, or sums of them"
        cure = "or leave voxels that repeat others out of the region"
    choice = WITH_SHRINKAGE if estimator == "full" else "Choose `diagonal`"
    return ProcessingError(f"{singular}: {why}.", cure=f"{choice}, {cure}.")
