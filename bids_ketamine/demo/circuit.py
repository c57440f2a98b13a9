"""The circuit of vmPFC and amygdala that answers faces: a dynamic causal model run forwards.

Both kinds of trial drive the amygdala alike; faces change how strongly the two regions influence
each other. The activation of the two regions is therefore nothing that is planted: it emerges
from their connections, and `circuit_activation` says what it is.

Faces strengthen the loop amygdala > vmPFC > amygdala, which is inhibitory. The vmPFC answers
faces more than shapes, and for the same reason the amygdala, which the vmPFC holds down, answers
them less: with equal drive, a region whose inhibition grows cannot respond more. This is what the
published model implies (all trials drive the amygdala, faces do not drive it once more). A drive
by faces, which a model without it takes for a change of connection, is therefore not simulated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.core.dcm.simulation import simulate_bold
from bids_ketamine.core.dcm.structure import (
    DcmStructure,
    parameter_labels,
    parameter_vector,
    unpack,
)
from bids_ketamine.demo.haemodynamics import task_response
from bids_ketamine.demo.regions import FloatArray
from bids_ketamine.demo.tasks import EMOTIONS, START_TIME, T_R, Task, Trial

#: Regions and inputs (with the conditions that they sum) in the order of the parameters.
CIRCUIT_REGIONS = ("vmPFC", "amygdala")
CIRCUIT_INPUTS = {"all_trials": ("shapes", *EMOTIONS), "faces": EMOTIONS}

VMPFC, AMYGDALA = range(2)
ALL_TRIALS, FACES = range(2)

#: Bins of a repetition time on which inputs are given: SPM's.
BINS = 16

#: The echo time of SPM's BOLD equation, s, whatever the scanner's: what an analysis assumes by
#: default. With another one, parameters of the simulation would not be those of the estimation.
MODEL_ECHO_TIME = 0.04

#: Inputs lose their mean, as in the estimation by default. A connection is then the one at the
#: average of the inputs over the run, not the one at rest; were inputs not centred here, the
#: same data would have other connections in the analysis than in the truth.
CENTRE_INPUTS = True


def _structure() -> DcmStructure:
    modulations = np.zeros((2, 2, 2), dtype=bool)
    modulations[AMYGDALA, VMPFC, FACES] = modulations[VMPFC, AMYGDALA, FACES] = True
    driving = np.zeros((2, 2), dtype=bool)
    driving[AMYGDALA, ALL_TRIALS] = True
    return DcmStructure(np.ones((2, 2), dtype=bool), modulations, driving)


#: Both connections, faces on both, all trials on the amygdala (Norbury et al. 2021).
STRUCTURE = _structure()

LABELS = tuple(
    label.name
    for label in parameter_labels(STRUCTURE, regions=CIRCUIT_REGIONS, inputs=tuple(CIRCUIT_INPUTS))
)


def circuit_parameters(
    *,
    excitation: float,
    inhibition: float,
    excitation_by_faces: float,
    inhibition_by_faces: float,
    drive: float,
    selves: FloatArray,
    transit: FloatArray,
    decay: float,
    epsilon: float,
) -> FloatArray:
    """Return the parameter vector of one session.

    Parameters
    ----------
    excitation, excitation_by_faces : float
        Connection amygdala > vmPFC at average inputs and how faces change it, Hz.
    inhibition, inhibition_by_faces : float
        Connection vmPFC > amygdala and how faces change it, Hz.
    drive : float
        All trials > amygdala, Hz.
    selves : ndarray of shape (2,)
        Self-connections, log scale.
    transit : ndarray of shape (2,)
        Transit times, log scale.
    decay, epsilon : float
        Log scale.

    Returns
    -------
    ndarray of shape (20,)
        In the order of `LABELS`.
    """
    connections = np.diag(selves)
    connections[VMPFC, AMYGDALA], connections[AMYGDALA, VMPFC] = excitation, inhibition
    modulations = np.zeros((2, 2, 2))
    modulations[VMPFC, AMYGDALA, FACES] = excitation_by_faces
    modulations[AMYGDALA, VMPFC, FACES] = inhibition_by_faces
    driving = np.zeros((2, 2))
    driving[AMYGDALA, ALL_TRIALS] = drive
    return parameter_vector(
        STRUCTURE,
        connections=connections,
        modulations=modulations,
        driving=driving,
        transit=transit,
        decay=decay,
        epsilon=epsilon,
    )


def circuit_inputs(trials: Sequence[Trial], *, n_volumes: int) -> FloatArray:
    """Return the boxcars of the inputs on the fine grid, not centred.

    Parameters
    ----------
    trials : sequence of Trial
        Of one run.
    n_volumes : int
        Length of the run.

    Returns
    -------
    ndarray of shape (n_volumes * 16, 2)
        1 while a trial of the input lasts, else 0; the first bin begins with the first volume.

    Examples
    --------
    >>> shapes, angry = Trial(1.0, 2.0, "shapes", 1.0, 1), Trial(3.0, 1.0, "angry", 1.0, 1)
    >>> circuit_inputs([shapes, angry], n_volumes=3).sum(axis=0)
    array([24.,  8.])
    """
    step = T_R / BINS
    inputs = np.zeros((n_volumes * BINS, len(CIRCUIT_INPUTS)))
    for trial in trials:
        during = slice(round(trial.onset / step), round((trial.onset + trial.duration) / step))
        for place, conditions in enumerate(CIRCUIT_INPUTS.values()):
            if trial.trial_type in conditions:
                inputs[during, place] = 1.0
    return inputs


def circuit_signals(
    parameters: FloatArray, *, trials: Sequence[Trial], n_volumes: int
) -> FloatArray:
    """Return the BOLD signal of the circuit in one run, without noise.

    Volumes are taken in the middle of their acquisition, where slice timing puts them.

    Parameters
    ----------
    parameters : ndarray of shape (20,)
        In the order of `LABELS`.
    trials : sequence of Trial
        Of the run; none evoke nothing.
    n_volumes : int
        Length of the run.

    Returns
    -------
    ndarray of shape (n_volumes, 2)
        Percent signal change, in the order of `CIRCUIT_REGIONS`.

    References
    ----------
    Friston, Harrison & Penny 2003, NeuroImage 19:1273; Stephan et al. 2007, NeuroImage 38:387.
    """
    return simulate_bold(
        parameters,
        structure=STRUCTURE,
        inputs=circuit_inputs(trials, n_volumes=n_volumes),
        n_scans=n_volumes,
        t_r=T_R,
        delays=np.full(len(CIRCUIT_REGIONS), START_TIME),
        echo_time=MODEL_ECHO_TIME,
        centre_inputs=CENTRE_INPUTS,
    ).bold


def circuit_activation(
    parameters: FloatArray, *, trials: Sequence[Trial], task: Task
) -> dict[str, float]:
    """Return the contrast of faces and shapes that emerges in each region of the circuit.

    The signal without noise is regressed on the canonical responses to both conditions and a
    constant; the contrast is the difference of the two heights.

    Parameters
    ----------
    parameters : ndarray of shape (20,)
        Of a session.
    trials : sequence of Trial
        Of its run.
    task : Task
        Its frame times and the sides of its contrast.

    Returns
    -------
    dict of str to float
        Percent signal change (plateau of a block), by region.
    """
    signals = circuit_signals(parameters, trials=trials, n_volumes=task.n_volumes)
    responses = []
    for positive in (True, False):
        own = [trial for trial in trials if (task.sides[trial.trial_type] > 0.0) is positive]
        responses.append(
            task_response(
                onsets=[trial.onset for trial in own],
                durations=[trial.duration for trial in own],
                frame_times=task.frame_times,
                unit=task.unit,
            )
        )
    design = np.column_stack([*responses, np.ones(task.n_volumes)])
    heights = np.linalg.lstsq(design, signals, rcond=None)[0]
    return dict(zip(CIRCUIT_REGIONS, (heights[0] - heights[1]).tolist(), strict=True))


def slowest_rate(parameters: FloatArray, *, inputs: FloatArray) -> float:
    """Return the largest real part of the eigenvalues of the coupling, over all inputs of a run.

    The neuronal system is stable, whatever is on, if it is negative: no activity dies away
    more slowly than with this rate.

    Parameters
    ----------
    parameters : ndarray of shape (20,)
        Of a session.
    inputs : ndarray of shape (n_bins, 2)
        Not centred.

    Returns
    -------
    float
        1/s.
    """
    parts = unpack(parameters, STRUCTURE)
    levels = np.unique(inputs, axis=0) - inputs.mean(axis=0)
    coupling = parts.connections + np.einsum("ijm,lm->lij", parts.modulations, levels)
    place = np.arange(len(CIRCUIT_REGIONS))
    coupling[:, place, place] = -0.5 * np.exp(coupling[:, place, place])
    return float(np.linalg.eigvals(coupling).real.max())
