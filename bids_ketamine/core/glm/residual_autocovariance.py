r"""Serial covariance that is left after whitening, measured in the residuals.

A model of the serial correlation fits each run more or less. What it leaves can be measured, but
residuals hang together by the fit itself as well. With R the residual-forming matrix and D_j the
matrix of ones at lag j, :math:`V = \sum_j v_j D_j`:

.. math:: E \sum_t e_t e_{t+l} = c_l \sum_j v_j \, tr(D_l R D_j R), \quad
          c_0 = 1, \; c_{l>0} = 1/2

which is solved for v.

References
----------
Worsley et al. (2002) doi:10.1006/nimg.2001.0933.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from bids_ketamine.core.glm.voxel_series import column_space


def residual_autocovariance(
    residuals: np.ndarray, *, design: np.ndarray, drift: np.ndarray, reach: int
) -> np.ndarray:
    """Return the serial covariance of the noise behind whitened residuals, of unit variance.

    Parameters
    ----------
    residuals : ndarray of shape (n_scans, n_voxels)
        Whitened and filtered; voxels count alike, whatever their variance.
    design : ndarray of shape (n_scans, n_columns)
        Whitened, filtered design.
    drift : ndarray of shape (n_scans, n_drifts)
        Orthonormal; what the filter takes out.
    reach : int
        Largest lag, in volumes; beyond it noise is taken for independent.

    Returns
    -------
    ndarray of shape (n_scans, n_scans)
        Toeplitz, ones on the diagonal; the identity where residuals do not vary.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(200, 2000))
    >>> constant, none = np.ones((200, 1)), np.empty((200, 0))
    >>> residuals = noise - noise.mean(axis=0)
    >>> left = residual_autocovariance(residuals, design=constant, drift=none, reach=3)
    >>> bool(abs(left[0, 1:4]).max() < 0.01)
    True
    """
    n_scans = len(residuals)
    size = np.linalg.norm(residuals, axis=0)
    unit = residuals[:, size > 0] / size[size > 0]
    if not unit.size:
        return np.eye(n_scans)
    basis = column_space(np.column_stack([drift, design]))
    forming = np.eye(n_scans) - basis @ basis.T
    lags = range(reach + 1)
    sums = np.array([np.sum(unit[: n_scans - lag] * unit[lag:]) for lag in lags]) / unit.shape[1]
    # R D_j R needs no matrix D_j: it is a sum of shifted products.
    shifted = []
    for lag in lags:
        product = forming[:, : n_scans - lag] @ forming[lag:]
        shifted.append(product if lag == 0 else product + product.T)
    expected = np.array([[np.trace(each, offset=lag) for each in shifted] for lag in lags])
    covariance = np.linalg.solve(expected, sums)
    row = np.zeros(n_scans)
    row[: reach + 1] = covariance / covariance[0]
    return np.asarray(linalg.toeplitz(row))
