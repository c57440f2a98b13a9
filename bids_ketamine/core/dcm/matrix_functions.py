"""Functions of matrices with the conventions of rounding that SPM's results rest on.

Exact arithmetic would need none of them: they decide which of many equally good answers a
singular or nearly singular matrix gets, and so the path of an iterative scheme.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

#: Smallest ridge of an inverse, exp(-32): about 1e-14.
SMALLEST_RIDGE = float(np.exp(-32.0))

#: Singular values that count in a log-determinant lie between this and its inverse.
NEGLIGIBLE_SINGULAR_VALUE = 1e-16

#: Time after which a linear flow is taken for arrived, and the Newton step is made: exp(16).
LONGEST_FLOW = float(np.exp(16.0))

#: Degree of the diagonal Padé approximant of the exponential.
PADE_DEGREE = 6


def matrix_exponential(matrices: np.ndarray) -> np.ndarray:
    r"""Return exp(A) of each matrix by scaling and squaring.

    :math:`e^A = (D^{-1} N)^{2^s}` with N, D of the diagonal Padé approximant of degree 6 at
    :math:`A / 2^s`, whose largest row sum is below one half.

    Parameters
    ----------
    matrices : ndarray of shape (..., d, d)
        A.

    Returns
    -------
    ndarray of shape (..., d, d)
        exp(A).

    References
    ----------
    Golub & Van Loan (1996) Matrix computations, algorithm 11.3.1.

    Examples
    --------
    >>> matrix_exponential(np.array([[0.0, 1.0], [0.0, 0.0]])).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    largest = float(np.abs(matrices).sum(axis=-1).max(initial=0.0))
    if not np.isfinite(largest):
        return np.full(matrices.shape, np.nan)
    squarings = max(0, int(np.frexp(largest)[1]) + 1)
    scaled = matrices / 2.0**squarings
    identity = np.eye(matrices.shape[-1])
    # Even powers and odd ones apart: numerator and denominator are their sum and difference.
    coefficients = _pade_coefficients(PADE_DEGREE)
    square = scaled @ scaled
    fourth = square @ square
    even = coefficients[0] * identity + coefficients[2] * square + coefficients[4] * fourth
    even += coefficients[6] * (fourth @ square)
    odd = scaled @ (
        coefficients[1] * identity + coefficients[3] * square + coefficients[5] * fourth
    )
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return result


def _pade_coefficients(degree: int) -> list[float]:
    coefficients = [1.0]
    for k in range(1, degree + 1):
        coefficients.append(coefficients[-1] * (degree - k + 1) / (k * (2 * degree - k + 1)))
    return coefficients


def log_determinant(matrix: np.ndarray) -> float:
    """Return the log-determinant, passing over what is singular.

    Rows and columns with a zero on the diagonal are dropped; singular values outside
    (1e-16, 1e16) do not count.

    Parameters
    ----------
    matrix : ndarray of shape (d, d)
        Symmetric.

    Examples
    --------
    >>> round(log_determinant(np.diag([np.e, np.e, 0.0])), 12)
    2.0
    """
    rows = np.flatnonzero(np.diagonal(matrix))
    values = np.linalg.svd(matrix[np.ix_(rows, rows)], compute_uv=False)
    counted = (values > NEGLIGIBLE_SINGULAR_VALUE) & (values < 1.0 / NEGLIGIBLE_SINGULAR_VALUE)
    return float(np.log(values[counted]).sum())


def regularized_inverse(matrix: np.ndarray) -> np.ndarray:
    r"""Return :math:`(A + t I)^{-1}`, t the rounding error of A, exp(-32) at least.

    :math:`t = \max(\epsilon(\|A\|_\infty)\, d, e^{-32})`, :math:`\epsilon(x)` the distance from x
    to the next number.

    Parameters
    ----------
    matrix : ndarray of shape (d, d)
        A.
    """
    size = len(matrix)
    spacing = float(np.spacing(np.abs(matrix).sum(axis=1).max(initial=0.0)))
    ridged = matrix.copy()
    ridged.flat[:: size + 1] += max(spacing * size, SMALLEST_RIDGE)
    # Half the work for what is positive definite, as nearly all is.
    factor, failed = lapack.dpotrf(ridged)
    if failed:
        return np.linalg.inv(ridged)
    upper, _ = lapack.dpotri(factor, overwrite_c=1)
    inverse = upper + upper.T
    inverse.flat[:: size + 1] *= 0.5
    return inverse


def flow_step(curvature: np.ndarray, gradient: np.ndarray, *, log_time: float) -> np.ndarray:
    r"""Return how far a point moves along the flow :math:`\dot x = g + H x` in a time t.

    :math:`\Delta x = (e^{tH} - I) H^{-1} g`: a step that follows the gradient for short times
    and becomes the Newton step :math:`-H^{-1} g` for long ones. The time is in units of the
    curvature's scale: :math:`t = e^{v} / \sqrt[d]{|\det H|}`.

    Parameters
    ----------
    curvature : ndarray of shape (d, d)
        H, symmetric.
    gradient : ndarray of shape (d,)
        g.
    log_time : float
        v; infinite for the Newton step.

    Returns
    -------
    ndarray of shape (d,)
        The step.

    References
    ----------
    Ozaki (1992) Statistica Sinica 2:113-135; Friston et al. (2007) NeuroImage 34:220-234.

    Examples
    --------
    >>> flow_step(np.diag([-1.0, -4.0]), np.array([1.0, 1.0]), log_time=np.inf).round(9).tolist()
    [1.0, 0.25]
    """
    values, vectors = np.linalg.eigh(curvature)
    sizes = np.abs(values)
    counted = (sizes > NEGLIGIBLE_SINGULAR_VALUE) & (sizes < 1.0 / NEGLIGIBLE_SINGULAR_VALUE)
    time = np.exp(log_time - np.log(sizes[counted]).sum() / len(values))
    if time > LONGEST_FLOW:
        return -regularized_inverse(curvature.T @ curvature) @ (curvature.T @ gradient)
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.where(sizes > 0.0, np.expm1(time * values) / values, time)
    return vectors @ (moved * (vectors.T @ gradient))


def principal_directions(covariance: np.ndarray, *, tolerance: float) -> np.ndarray:
    r"""Return the directions of a covariance that have variance, by decreasing variance.

    A direction is kept if its squared variance, :math:`s^2`, is above `tolerance` times the mean
    over all. Those of a diagonal covariance are unit vectors (in their order where equal).

    Parameters
    ----------
    covariance : ndarray of shape (d, d)
        Symmetric, not negative.
    tolerance : float
        Share of the mean.

    Returns
    -------
    ndarray of shape (d, k)
        Orthonormal columns.
    """
    variances = np.diagonal(covariance)
    if np.count_nonzero(covariance) == np.count_nonzero(variances):
        order = np.argsort(-variances, kind="stable")
        vectors, values = np.eye(len(covariance))[:, order], variances[order]
    else:
        vectors, values, _ = np.linalg.svd(covariance)
    squared = values**2
    return vectors[:, squared * len(squared) > tolerance * squared.sum()]
