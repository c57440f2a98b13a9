"""Prior expectations of a dynamic causal model: SPM12's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.structure import DcmStructure, parameter_vector

#: Prior mean of connections between regions, Hz: weak and excitatory.
CONNECTION_MEAN = 1.0 / 128.0

#: Prior variance of connections, and of the log scale of self-connections.
CONNECTION_VARIANCE = 1.0 / 64.0

#: The same where a model has one region alone.
SINGLE_REGION_VARIANCE = 1.0

#: Prior variance of modulations and of driving inputs.
INPUT_VARIANCE = 1.0

#: Prior variance of the log scale of transit, decay and epsilon.
HAEMODYNAMIC_VARIANCE = 1.0 / 256.0

#: Prior mean of each region's log noise precision: a standard deviation of exp(-3) = 0.05 percent.
LOG_PRECISION_MEAN = 6.0

#: Its prior variance: so small that the data hardly move it.
LOG_PRECISION_VARIANCE = 1.0 / 128.0


class DcmPriors(NamedTuple):
    """Prior of the parameters and of the noise.

    Attributes
    ----------
    mean : ndarray of shape (n_parameters,)
        Means.
    covariance : ndarray of shape (n_parameters, n_parameters)
        Diagonal; zero where a parameter is not free.
    log_precision_mean : ndarray of shape (n_regions,)
        Mean of the log precision of each region's noise.
    log_precision_covariance : ndarray of shape (n_regions, n_regions)
        Its covariance, diagonal.
    """

    mean: np.ndarray
    covariance: np.ndarray
    log_precision_mean: np.ndarray
    log_precision_covariance: np.ndarray


def dcm_priors(structure: DcmStructure) -> DcmPriors:
    """Return SPM12's priors of a deterministic one-state model.

    Parameters
    ----------
    structure : DcmStructure
        The model.

    Returns
    -------
    DcmPriors
        Of parameters and noise.

    References
    ----------
    Zeidman et al. (2019) NeuroImage 200:174-190, table 3.

    Examples
    --------
    >>> one = DcmStructure(np.ones((1, 1)), np.zeros((1, 1, 1)), np.ones((1, 1)))
    >>> np.diagonal(dcm_priors(one).covariance)[[0, 2]].tolist()
    [1.0, 1.0]
    """
    n = structure.n_regions
    between = structure.connections & ~np.eye(n, dtype=bool)
    mean = parameter_vector(
        structure,
        connections=CONNECTION_MEAN * between,
        modulations=np.zeros(structure.modulations.shape),
        driving=np.zeros(structure.driving.shape),
        transit=np.zeros(n),
    )
    variance = parameter_vector(
        structure,
        connections=(CONNECTION_VARIANCE if n > 1 else SINGLE_REGION_VARIANCE)
        * structure.connections,
        modulations=INPUT_VARIANCE * structure.modulations,
        driving=INPUT_VARIANCE * structure.driving,
        transit=np.full(n, HAEMODYNAMIC_VARIANCE),
        decay=HAEMODYNAMIC_VARIANCE,
        epsilon=HAEMODYNAMIC_VARIANCE,
    )
    return DcmPriors(
        mean, np.diag(variance), np.full(n, LOG_PRECISION_MEAN), LOG_PRECISION_VARIANCE * np.eye(n)
    )
