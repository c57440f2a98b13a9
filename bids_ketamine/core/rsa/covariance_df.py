"""Degrees of freedom of the noise covariance, by the rules of the toolboxes."""

from __future__ import annotations

import numpy as np

from bids_ketamine.errors import ProcessingError

#: Rules for the degrees of freedom by which residual products are divided.
DF_RULES = ("trace_rv", "effective", "rsatoolbox_2018", "n_minus_1")


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
