"""Neuronal and haemodynamic states and the BOLD signal of a dynamic causal model.

States of n regions are stored as columns ``z, s, ln f, ln v, ln q`` of an (n, 5) array: neuronal
activity, vasodilatory signal, blood flow, blood volume, deoxyhaemoglobin. All are zero at rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.structure import DcmParameters

#: States of a region.
N_STATES = 5

#: Decay of the vasodilatory signal, Hz (Stephan et al. 2007).
SIGNAL_DECAY = 0.64

#: Feedback of blood flow on the vasodilatory signal, Hz.
FLOW_FEEDBACK = 0.32

#: Mean transit time of the venous compartment, s.
TRANSIT_TIME = 2.0

#: Stiffness of the vessels (Grubb's exponent).
STIFFNESS = 0.32

#: Oxygen extraction at rest.
OXYGEN_EXTRACTION = 0.4

#: What a unit of input adds to neuronal activity for a driving parameter of one, Hz.
DRIVING_SCALE = 1.0 / 16.0

#: Resting venous volume, percent.
VENOUS_VOLUME = 4.0

#: Frequency offset at the outer surface of magnetized vessels, Hz (at 1.5 T).
FREQUENCY_OFFSET = 40.3

#: Slope of the intravascular relaxation rate against oxygen saturation, Hz.
RELAXATION_SLOPE = 25.0

#: Echo time of SPM12's signal equation, s, whatever the sequence's is.
SPM_ECHO_TIME = 0.04


class StateJacobian(NamedTuple):
    """Change of the states' derivatives with states and inputs.

    Attributes
    ----------
    states : ndarray of shape (5 n, 5 n)
        Rows and columns in column-major order of the (n, 5) states, 1 / s.
    inputs : ndarray of shape (5 n, m)
        1 / s for each unit of the input.
    """

    states: np.ndarray
    inputs: np.ndarray


def effective_connectivity(parameters: DcmParameters, inputs: np.ndarray) -> np.ndarray:
    r"""Return the coupling of the regions' activity while inputs are on.

    :math:`J = A + \sum_j u_j B_j`; :math:`E_{ik} = J_{ik}` between regions and
    :math:`E_{ii} = -\frac{1}{2} e^{J_{ii}}` within one, which is always negative.

    Parameters
    ----------
    parameters : DcmParameters
        One model's parameters, or several (leading axes).
    inputs : ndarray of shape (m,)
        Inputs u.

    Returns
    -------
    ndarray of shape (..., n, n)
        E, Hz, row = target.
    """
    coupling = parameters.connections + parameters.modulations @ inputs
    own = np.einsum("...ii->...i", coupling)
    own[...] = -0.5 * np.exp(own)
    return coupling


def state_derivative(
    parameters: DcmParameters, states: np.ndarray, inputs: np.ndarray
) -> np.ndarray:
    r"""Return the change of the states in time.

    .. math::

        \dot z = E z + C u / 16 \qquad \dot s = z - \kappa s - 0.32 (f - 1) \qquad
        \dot{\ln f} = s / f

        \dot{\ln v} = \frac{f - v^{1/\alpha}}{\tau v} \qquad
        \dot{\ln q} = \frac{f (1 - (1 - E_0)^{1/f}) / E_0 - v^{1/\alpha} q / v}{\tau q}

    with :math:`\kappa = 0.64 e^{decay}`, :math:`\tau_i = 2 e^{transit_i}`.

    Parameters
    ----------
    parameters : DcmParameters
        Parameters of one model.
    states : ndarray of shape (n, 5)
        States.
    inputs : ndarray of shape (m,)
        Inputs.

    Returns
    -------
    ndarray of shape (n, 5)
        1 / s.

    References
    ----------
    Friston, Harrison & Penny (2003) NeuroImage 19:1273-1302; Stephan et al. (2007) NeuroImage
    38:387-401.
    """
    z, s = states[:, 0], states[:, 1]
    f, v, q = np.exp(states[:, 2:]).T
    transit = TRANSIT_TIME * np.exp(parameters.transit)
    outflow = v ** (1.0 / STIFFNESS)
    extraction = (1.0 - (1.0 - OXYGEN_EXTRACTION) ** (1.0 / f)) / OXYGEN_EXTRACTION
    neuronal = effective_connectivity(parameters, inputs) @ z
    neuronal += DRIVING_SCALE * (parameters.driving @ inputs)
    decay = SIGNAL_DECAY * np.exp(parameters.decay)
    return np.column_stack(
        [
            neuronal,
            z - decay * s - FLOW_FEEDBACK * (f - 1.0),
            s / f,
            (f - outflow) / (transit * v),
            (f * extraction - outflow * q / v) / (transit * q),
        ]
    )


def state_jacobian(
    parameters: DcmParameters, states: np.ndarray, inputs: np.ndarray
) -> StateJacobian:
    """Return the analytic derivatives of :func:`state_derivative`.

    The estimation does not need it: it is there to check the equations.

    Parameters
    ----------
    parameters : DcmParameters
        Parameters of one model.
    states : ndarray of shape (n, 5)
        States.
    inputs : ndarray of shape (m,)
        Inputs.

    Returns
    -------
    StateJacobian
        By states and by inputs.
    """
    n = len(states)
    z, s = states[:, 0], states[:, 1]
    f, v, q = np.exp(states[:, 2:]).T
    transit = TRANSIT_TIME * np.exp(parameters.transit)
    coupling = effective_connectivity(parameters, inputs)
    power = v ** (1.0 / STIFFNESS - 1.0)
    kept = 1.0 - OXYGEN_EXTRACTION
    extracted = 1.0 - kept ** (1.0 / f)
    # d/d ln f of f (1 - kept^(1/f)): the flow itself, and what it leaves behind.
    delivery = f * extracted + kept ** (1.0 / f) * np.log(kept)
    blocks = np.zeros((N_STATES, n, N_STATES, n))
    every = np.arange(n)
    blocks[0, :, 0, :] = coupling
    blocks[1, every, 0, every] = 1.0
    blocks[1, every, 1, every] = -SIGNAL_DECAY * np.exp(parameters.decay)
    blocks[1, every, 2, every] = -FLOW_FEEDBACK * f
    blocks[2, every, 1, every] = 1.0 / f
    blocks[2, every, 2, every] = -s / f
    blocks[3, every, 2, every] = f / (transit * v)
    blocks[3, every, 3, every] = (-f / v - (1.0 / STIFFNESS - 1.0) * power) / transit
    blocks[4, every, 2, every] = delivery / (OXYGEN_EXTRACTION * transit * q)
    blocks[4, every, 3, every] = -(1.0 / STIFFNESS - 1.0) * power / transit
    blocks[4, every, 4, every] = -f * extracted / (OXYGEN_EXTRACTION * transit * q)
    by_inputs = np.zeros((N_STATES, n, len(inputs)))
    modulated = np.array(parameters.modulations)
    modulated[every, every] *= np.diagonal(coupling)[:, None]
    by_inputs[0] = np.einsum("ikj,k->ij", modulated, z) + DRIVING_SCALE * parameters.driving
    return StateJacobian(
        blocks.reshape(N_STATES * n, N_STATES * n), by_inputs.reshape(N_STATES * n, -1)
    )


def signal_coefficients(epsilon: np.ndarray, echo_time: float) -> tuple[np.ndarray, ...]:
    r"""Return k1, k2, k3 of the BOLD equation.

    :math:`k_1 = 4.3 \nu_0 E_0 TE,\; k_2 = \epsilon r_0 E_0 TE,\; k_3 = 1 - \epsilon` with
    :math:`\nu_0` = 40.3 Hz, :math:`r_0` = 25 Hz, :math:`\epsilon = e^{epsilon}`.

    Parameters
    ----------
    epsilon : ndarray
        Log scale of the ratio of intra- to extravascular signal.
    echo_time : float
        TE, s.

    References
    ----------
    Stephan et al. (2007) NeuroImage 38:387-401.
    """
    ratio = np.exp(epsilon)
    first = 4.3 * FREQUENCY_OFFSET * OXYGEN_EXTRACTION * echo_time
    second = ratio * (RELAXATION_SLOPE * OXYGEN_EXTRACTION * echo_time)
    return np.full_like(ratio, first), second, 1.0 - ratio


def bold_signal(
    log_volume: np.ndarray, log_content: np.ndarray, epsilon: np.ndarray, *, echo_time: float
) -> np.ndarray:
    r"""Return the BOLD signal, percent.

    :math:`y = V_0 [k_1 (1 - q) + k_2 (1 - q / v) + k_3 (1 - v)]`, :math:`V_0` = 4.

    Parameters
    ----------
    log_volume, log_content : ndarray
        ln v and ln q of the same shape.
    epsilon : ndarray
        Log scale of the ratio of intra- to extravascular signal; broadcast.
    echo_time : float
        TE, s.

    Returns
    -------
    ndarray
        y, in the states' shape.
    """
    first, second, third = signal_coefficients(np.asarray(epsilon, dtype=float), echo_time)
    volume, content = np.exp(log_volume), np.exp(log_content)
    ratio = content / volume
    return VENOUS_VOLUME * (
        first * (1.0 - content) + second * (1.0 - ratio) + third * (1.0 - volume)
    )


def bold_jacobian(parameters: DcmParameters, states: np.ndarray, *, echo_time: float) -> np.ndarray:
    """Return the analytic change of the signal with the states.

    The estimation does not need it: it is there to check the equations.

    Parameters
    ----------
    parameters : DcmParameters
        Parameters of one model.
    states : ndarray of shape (n, 5)
        States.
    echo_time : float
        TE, s.

    Returns
    -------
    ndarray of shape (n, 5 n)
        Columns in column-major order of the states, percent.
    """
    n = len(states)
    first, second, third = signal_coefficients(parameters.epsilon, echo_time)
    v, q = np.exp(states[:, 3:]).T
    blocks = np.zeros((n, N_STATES, n))
    every = np.arange(n)
    blocks[every, 3, every] = VENOUS_VOLUME * (second * q / v - third * v)
    blocks[every, 4, every] = -VENOUS_VOLUME * (first * q + second * q / v)
    return blocks.reshape(n, N_STATES * n)
