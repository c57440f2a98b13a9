"""Predicted BOLD series of dynamic causal models: the local bilinear scheme, many models at once.

Between two times at which an input changes or a region is sampled, the bilinear system is linear
with constant coefficients, and its state moves on by a matrix exponential. Exponentials are
shared by all steps of the same inputs; longer steps are products of shorter ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.bilinear import BilinearOperators, bilinear_operators
from bids_ketamine.core.dcm.matrix_functions import matrix_exponential
from bids_ketamine.core.dcm.schedule import Schedule
from bids_ketamine.core.dcm.state_equation import N_STATES, bold_signal
from bids_ketamine.core.dcm.structure import DcmStructure, unpack

#: Sum of absolute states beyond which SPM12 gives a trajectory up; the rest of it is zero.
LARGEST_STATE = 1e6

#: Bytes of exponentials that are worked on at once: about what a processor's cache holds.
BLOCK_BYTES = 4_000_000


class Trajectory(NamedTuple):
    """What a model predicts for a run; the first axis is the models'.

    Attributes
    ----------
    bold : ndarray of shape (n_models, n_scans, n_regions)
        BOLD signal, percent.
    neural : ndarray of shape (n_models, n_scans, n_regions) or None
        Neuronal activity when each region is sampled; None if not asked for.
    cut_short : ndarray of bool, shape (n_models,)
        Models whose states grew beyond bounds; the rest of their series is zero.
    """

    bold: np.ndarray
    neural: np.ndarray | None
    cut_short: np.ndarray


def integrate(
    parameters: np.ndarray,
    *,
    structure: DcmStructure,
    schedules: Sequence[Schedule],
    echo_time: float,
    neural: bool = True,
) -> tuple[Trajectory, ...]:
    r"""Integrate one or several parameter vectors over runs that each begin at rest.

    :math:`\tilde x_{t + g} = e^{g\,dt\,(M_0 + \sum_j u_j M_{1j})} \tilde x_t`, the nonlinear BOLD
    equation on the states at the samples.

    Parameters
    ----------
    parameters : ndarray of shape (n_models, n_parameters)
        Parameter vectors.
    structure : DcmStructure
        Their layout.
    schedules : sequence of Schedule
        Steps of each run.
    echo_time : float
        Echo time of the BOLD equation, s.
    neural : bool, optional
        Whether neuronal activity is given beside the signal.

    Returns
    -------
    tuple of Trajectory
        One for each run.
    """
    size = N_STATES * structure.n_regions + 1
    n_exponentials = max(len(each.moves) for each in schedules)
    block = max(1, int(BLOCK_BYTES / (8 * size**2 * max(n_exponentials, 1))))
    parts = [
        _integrate_block(parameters[first : first + block], structure, schedules, echo_time, neural)
        for first in range(0, len(parameters), block)
    ]
    if len(parts) == 1:
        return tuple(parts[0])
    return tuple(_joined([part[run] for part in parts]) for run in range(len(schedules)))


def _joined(parts: Sequence[Trajectory]) -> Trajectory:
    """Join the trajectories of blocks of models."""
    activity = [part.neural for part in parts if part.neural is not None]
    return Trajectory(
        np.concatenate([part.bold for part in parts]),
        np.concatenate(activity) if activity else None,
        np.concatenate([part.cut_short for part in parts]),
    )


def _integrate_block(
    vectors: np.ndarray,
    structure: DcmStructure,
    schedules: Sequence[Schedule],
    echo_time: float,
    neural: bool,
) -> list[Trajectory]:
    parameters = unpack(vectors, structure)
    operators = bilinear_operators(parameters)
    n = structure.n_regions
    epsilon = parameters.epsilon[:, None, None]
    found = []
    for schedule in schedules:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told by `alive`
            states, alive = _states(operators, schedule)
            z, _, _, v, q = 1 + np.arange(N_STATES * n).reshape(N_STATES, n)
            volume, content = states[:, v, schedule.samples], states[:, q, schedule.samples]
            bold = bold_signal(volume, content, epsilon, echo_time=echo_time)
            activity = states[:, z, schedule.samples] if neural else None
        if alive is None:
            short = np.zeros(len(vectors), dtype=bool)
        else:
            counted = alive[:, schedule.samples]
            bold = np.where(counted, bold, 0.0)
            activity = None if activity is None else np.where(counted, activity, 0.0)
            short = ~alive[:, -1]
        found.append(Trajectory(bold, activity, short))
    return found


def _states(
    operators: BilinearOperators, schedule: Schedule
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return states at the start of each step, (n_models, d, n_steps), and which still count.

    None instead of the latter where all do.
    """
    moves = _moves(operators, schedule)
    n_models, size = operators.at_rest.shape[0], operators.at_rest.shape[-1]
    states = np.zeros((n_models, size, len(schedule.steps)))
    states[:, 0, 0] = 1.0
    for move, sources, targets in schedule.jumps:
        np.matmul(moves[move], states[..., sources], out=states[..., targets])
    if max(states.max(), -states.min()) * size <= LARGEST_STATE:  # False for NaN as well
        return states, None
    within = np.abs(states).sum(axis=1) <= LARGEST_STATE
    return states, np.logical_and.accumulate(within, axis=-1)


def _moves(operators: BilinearOperators, schedule: Schedule) -> list[np.ndarray]:
    """Return the exponentials exp(g dt J) that a schedule needs, (n_models, d, d) each."""
    by_input = np.tensordot(schedule.inputs, operators.by_input, axes=([1], [-3]))
    generators = by_input.swapaxes(0, 1) + operators.at_rest[:, None]
    first = matrix_exponential(schedule.step * generators)
    made: list[np.ndarray] = []
    for level, factors in schedule.moves:
        if factors is None:
            made.append(np.ascontiguousarray(first[:, level]))
        else:
            made.append(made[factors[0]] @ made[factors[1]])
    return made
