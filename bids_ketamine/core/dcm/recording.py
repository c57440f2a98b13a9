"""One run of the data that a dynamic causal model explains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Recording(NamedTuple):
    """A run: region series, confounds, inputs.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_regions)
        BOLD series, percent.
    confounds : ndarray of shape (n_scans, n_confounds)
        Columns whose linear effects are estimated with the model (SPM's X0), such as a constant
        and the cosines of the high-pass filter.
    inputs : ndarray of shape (n_scans * bins a scan, n_inputs)
        Inputs on a fine time grid that begins with the first scan; not centred.
    t_r : float
        Repetition time, s.
    filter : ndarray of shape (n_scans, n_scans) or None
        What the series were multiplied with: whitening, high-pass filter, removal of nuisance.
        SPM12 compares such series with predictions that are not filtered, and so does the
        estimation; calibrated intervals filter their predictions too.
    """

    series: np.ndarray
    confounds: np.ndarray
    inputs: np.ndarray
    t_r: float
    filter: np.ndarray | None = None
