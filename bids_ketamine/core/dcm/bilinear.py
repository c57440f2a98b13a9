"""Bilinear approximation of the state equation at rest, as SPM12 integrates it.

Its derivatives are forward differences with a step of exp(-8), as SPM12's are: against analytic
ones the result moves by about 1e-4. What is different from zero is few terms, so the differences
are written down one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.state_equation import (
    DRIVING_SCALE,
    FLOW_FEEDBACK,
    N_STATES,
    OXYGEN_EXTRACTION,
    SIGNAL_DECAY,
    STIFFNESS,
    TRANSIT_TIME,
    bold_signal,
)
from bids_ketamine.core.dcm.structure import DcmParameters

#: Step of SPM12's forward differences.
DIFFERENCE_STEP = float(np.exp(-8.0))


class BilinearOperators(NamedTuple):
    """Generators of the flow of the augmented state ``[1, x]``; leading axes are the models'.

    The first row is zero; rows and columns after it are the states in column-major order.

    Attributes
    ----------
    at_rest : ndarray of shape (..., 5 n + 1, 5 n + 1)
        M0, 1 / s.
    by_input : ndarray of shape (..., m, 5 n + 1, 5 n + 1)
        M1 of each input, 1 / s for each unit of it.
    """

    at_rest: np.ndarray
    by_input: np.ndarray


def bilinear_operators(parameters: DcmParameters) -> BilinearOperators:
    r"""Approximate the state equation around x = 0, u = 0.

    :math:`\dot{\tilde x} = (M_0 + \sum_j u_j M_{1j}) \tilde x`, :math:`\tilde x = [1, x]`.

    Parameters
    ----------
    parameters : DcmParameters
        Parameters of one model or of several.

    Returns
    -------
    BilinearOperators
        With the parameters' leading axes.
    """
    leading, n = parameters.transit.shape[:-1], parameters.transit.shape[-1]
    m = parameters.driving.shape[-1]
    size = N_STATES * n + 1
    step = DIFFERENCE_STEP
    neuronal = slice(1, n + 1)
    z, s, f, v, q = (1 + np.arange(state * n, (state + 1) * n) for state in range(N_STATES))
    every = np.arange(n)

    at_rest = np.zeros((*leading, size, size))
    coupling = np.array(parameters.connections)
    own = 0.5 * np.exp(coupling[..., every, every])
    coupling[..., every, every] = -own
    at_rest[..., neuronal, neuronal] = coupling
    at_rest[..., s, z] = 1.0
    at_rest[..., s, s] = -SIGNAL_DECAY * np.exp(parameters.decay)[..., None]
    at_rest[..., f, s] = 1.0
    rate = np.exp(-parameters.transit) / TRANSIT_TIME
    grown = np.expm1(step)
    at_rest[..., s, f] = -FLOW_FEEDBACK * grown / step
    at_rest[..., v, f] = rate * (grown / step)
    at_rest[..., v, v] = -rate * (np.expm1(step / STIFFNESS) * np.exp(-step) / step)
    kept = (1.0 - OXYGEN_EXTRACTION) ** np.exp(-step)
    delivery = np.exp(step) * (1.0 - kept) / OXYGEN_EXTRACTION - 1.0
    at_rest[..., q, f] = rate * (delivery / step)
    at_rest[..., q, v] = -rate * (np.expm1(step * (1.0 / STIFFNESS - 1.0)) / step)
    at_rest[..., q, q] = rate * (np.expm1(-step) / step)

    by_input = np.zeros((*leading, m, size, size))
    modulated = np.moveaxis(parameters.modulations, -1, -3).copy()
    driving = DRIVING_SCALE * np.swapaxes(parameters.driving, -1, -2)
    within = parameters.connections[..., every, every][..., None, :]
    within = within + step * modulated[..., every, every]
    # In SPM12's order of operations: a second difference carries rounding over step^2, and what
    # it amounts to is seen in gradients.
    pushed = step * driving
    with_input = (pushed - step * (0.5 * np.exp(within)) - pushed) / step
    without = -step * own / step
    modulated[..., every, every] = (with_input - without[..., None, :]) / step
    by_input[..., neuronal, neuronal] = modulated
    by_input[..., neuronal, 0] = driving
    return BilinearOperators(at_rest, by_input)


def linear_signal(parameters: DcmParameters, *, echo_time: float) -> np.ndarray:
    """Return the BOLD signal at rest and its forward differences with the states.

    The estimation does not need it: it is there to check the equations.

    Parameters
    ----------
    parameters : DcmParameters
        Parameters of one model.
    echo_time : float
        TE, s.

    Returns
    -------
    ndarray of shape (n, 5 n + 1)
        Signal at rest, then its change with each state, percent.
    """
    n = len(parameters.transit)
    step, rest = DIFFERENCE_STEP, np.zeros(1)
    blocks = np.zeros((n, N_STATES, n))
    every = np.arange(n)
    for state, volume, content in ((3, step, 0.0), (4, 0.0, step)):
        signal = bold_signal(rest + volume, rest + content, parameters.epsilon, echo_time=echo_time)
        blocks[every, state, every] = signal / step
    return np.concatenate([np.zeros((n, 1)), blocks.reshape(n, -1)], axis=1)
