"""How far the contrasts of repeated measures are from sphericity."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def greenhouse_geisser_epsilon(products: ArrayLike) -> float:
    """Estimate epsilon from the residual products of orthonormal contrasts.

    epsilon = trace(S)^2 / (d trace(S S)), between 1 / d and 1; 1 where all contrasts have the
    same variance and none are correlated. Degrees of freedom times epsilon correct the F test.

    Parameters
    ----------
    products : array_like of shape (d, d)
        S: sums of squares and products of the residuals of d orthonormal contrasts, squared unit
        of the score. Its scale does not matter.

    Returns
    -------
    float
        Epsilon; NaN where there are no residuals.

    References
    ----------
    Greenhouse, S. W. & Geisser, S. (1959). On methods in the analysis of profile data.
    Psychometrika 24, 95-112, equation 5.2.

    Examples
    --------
    >>> greenhouse_geisser_epsilon([[2.0, 0.0], [0.0, 2.0]])
    1.0
    >>> greenhouse_geisser_epsilon([[3.0, 0.0], [0.0, 1.0]])
    0.8
    """
    matrix = np.asarray(products, dtype=np.float64)
    trace = float(np.trace(matrix))
    if not trace > 0.0:
        return float("nan")
    scaled = matrix / trace  # so that no square leaves the range of float64
    return float(1.0 / (len(matrix) * np.sum(scaled * scaled)))
