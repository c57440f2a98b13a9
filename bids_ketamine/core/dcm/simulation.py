"""Simulated BOLD series of a dynamic causal model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.integration import integrate
from bids_ketamine.core.dcm.preparation import centre_inputs as centred
from bids_ketamine.core.dcm.schedule import sampling_schedule
from bids_ketamine.core.dcm.structure import DcmStructure
from bids_ketamine.errors import InputDataError, ProcessingError


class SimulatedBold(NamedTuple):
    """Noise-free series of a model.

    Attributes
    ----------
    bold : ndarray of shape (n_scans, n_regions)
        BOLD signal, percent.
    neural : ndarray of shape (n_scans, n_regions)
        Neuronal activity when each region is sampled.
    """

    bold: np.ndarray
    neural: np.ndarray


def simulate_bold(
    parameters: np.ndarray,
    *,
    structure: DcmStructure,
    inputs: np.ndarray,
    n_scans: int,
    t_r: float,
    delays: np.ndarray | None,
    echo_time: float,
    centre_inputs: bool,
) -> SimulatedBold:
    """Return the series that a model produces, by the scheme that estimates it.

    Parameters
    ----------
    parameters : ndarray of shape (P,)
        Parameters.
    structure : DcmStructure
        Their layout; masks do not matter.
    inputs : ndarray of shape (n_bins, m)
        Inputs on a fine grid that begins with the first scan.
    n_scans : int
        Scans; n_bins is a multiple of it.
    t_r : float
        Repetition time, s.
    delays : ndarray of shape (n,) or None
        Time within a scan at which each region is measured, s; its end if None.
    echo_time : float
        Echo time of the BOLD equation, s.
    centre_inputs : bool
        Whether inputs are taken without their mean.

    Returns
    -------
    SimulatedBold
        Signal and activity.

    Raises
    ------
    InputDataError
        If inputs do not fit scans or model.
    ProcessingError
        If the system with these parameters is unstable.
    """
    if inputs.ndim != 2 or inputs.shape[1] != structure.n_inputs or len(inputs) % n_scans:
        raise InputDataError(
            f"Inputs of shape {inputs.shape} do not fit {n_scans} scans and "
            f"{structure.n_inputs} inputs.",
            cure="Give a whole number of bins for each scan, and a column for each input.",
        )
    schedule = sampling_schedule(
        centred([inputs])[0] if centre_inputs else inputs,
        step=t_r * n_scans / len(inputs),
        n_scans=n_scans,
        n_regions=structure.n_regions,
        delays=delays,
    )
    found = integrate(
        np.asarray(parameters, dtype=float)[None],
        structure=structure,
        schedules=[schedule],
        echo_time=echo_time,
    )[0]
    if found.cut_short.any() or not np.isfinite(found.bold).all():
        raise ProcessingError(
            "The system with these parameters is unstable: its activity grows without end.",
            cure="Make connections weaker than self-inhibition.",
        )
    if found.neural is None:
        raise ValueError("neuronal activity was asked for")
    return SimulatedBold(found.bold[0], found.neural[0])
