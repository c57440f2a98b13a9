"""The part of ``truth.json`` that tells of the circuit of vmPFC and amygdala."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bids_ketamine.demo.circuit import (
    BINS,
    CENTRE_INPUTS,
    CIRCUIT_INPUTS,
    CIRCUIT_REGIONS,
    LABELS,
    MODEL_ECHO_TIME,
    STRUCTURE,
    circuit_activation,
)
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import ARMS, SESSIONS, Participant
from bids_ketamine.demo.tasks import START_TIME, Task, trials_of_run

#: Decimals of planted values: far finer than anything that could be estimated.
DECIMALS = 6

EXCITATION_BY_FACES = "amygdala > vmPFC by faces"
INHIBITION_BY_FACES = "vmPFC > amygdala by faces"

#: Participants of an arm below which a slope says nothing.
FEWEST = 3


def emergent_activation(
    participant: Participant, task: Task, *, seed: int
) -> dict[str, dict[str, float]]:
    """Return the contrast of both regions in each session, percent, from the signal without noise.

    Parameters
    ----------
    participant : Participant
        Whose circuit is simulated.
    task : Task
        The face task.
    seed : int
        Seed of the trial: the order of blocks is the run's own.
    """
    return {
        f"ses-{session}": {
            region: round(value, DECIMALS)
            for region, value in circuit_activation(
                participant.circuit[session],
                trials=trials_of_run(task, participant.label, session, seed=seed),
                task=task,
            ).items()
        }
        for session in SESSIONS
    }


def mean_activation(
    emergent: Sequence[Mapping[str, Mapping[str, float]]],
) -> dict[str, float]:
    """Return the average contrast of each region over participants and sessions, percent."""
    return {
        region: round(
            float(np.mean([of[region] for sessions in emergent for of in sessions.values()])),
            DECIMALS,
        )
        for region in CIRCUIT_REGIONS
    }


def participant_circuit(participant: Participant) -> dict[str, dict[str, float]]:
    """Return the free parameters of each session, by name."""
    return {
        f"ses-{session}": {
            LABELS[place]: round(float(participant.circuit[session][place]), DECIMALS)
            for place in STRUCTURE.free
        }
        for session in SESSIONS
    }


def circuit_truth(
    participants: Sequence[Participant], *, task: Task, effect: bool, model: ForwardModel
) -> dict[str, object]:
    """Return the model of the circuit, what was planted in it, and what came out.

    Parameters
    ----------
    participants : sequence of Participant
        As planned.
    task : Task
        The face task.
    effect : bool
        Whether faces modulate anything.
    model : ForwardModel
        Population values.

    Returns
    -------
    dict
        Plain values; slopes are in Hz per SD of CAPS-5 improvement, and 0 without effects.
    """
    planted = model.circuit_change_slope.value * float(effect)
    slopes = {
        EXCITATION_BY_FACES: dict.fromkeys(ARMS, planted),
        INHIBITION_BY_FACES: dict(zip(ARMS, (0.0, planted), strict=True)),
    }
    return {
        "task": task.label,
        "regions": list(CIRCUIT_REGIONS),
        "inputs": {name: list(conditions) for name, conditions in CIRCUIT_INPUTS.items()},
        "centre_inputs": CENTRE_INPUTS,
        "microtime_resolution": BINS,
        "echo_time": MODEL_ECHO_TIME,
        "delay": START_TIME,
        "population": {
            "amygdala > vmPFC": model.circuit_excitation.value,
            "vmPFC > amygdala": model.circuit_inhibition.value,
            EXCITATION_BY_FACES: model.circuit_excitation_by_faces.value * float(effect),
            INHIBITION_BY_FACES: model.circuit_inhibition_by_faces.value * float(effect),
            "all_trials > amygdala": model.circuit_drive.value,
        },
        "change_with_improvement": {
            "slope": slopes,
            "unit": "Hz per SD of CAPS-5 improvement",
            "standard_deviation": model.improvement_spread.value,
            "limit": model.circuit_change_limit.value,
            "realised": {name: realised_change(participants, name, model) for name in slopes},
        },
    }


def realised_change(
    participants: Sequence[Participant], name: str, model: ForwardModel
) -> dict[str, dict[str, float | None]]:
    """Return how the change of a parameter goes with improvement in each arm of this trial.

    Parameters
    ----------
    participants : sequence of Participant
        As planned.
    name : str
        One of `circuit.LABELS`.
    model : ForwardModel
        What an SD of improvement is.

    Returns
    -------
    dict of str to dict
        By arm: mean change (Hz), least-squares slope (Hz per SD) and correlation with the
        CAPS-5 improvement; None where nothing changes or too few participants are.
    """
    place = LABELS.index(name)
    found = {}
    for arm in ARMS:
        own = [each for each in participants if each.arm == arm]
        change = np.array(
            [each.circuit["post"][place] - each.circuit["pre"][place] for each in own]
        )
        improvement = np.array([each.improvement for each in own]) / model.improvement_spread.value
        told: dict[str, float | None] = dict.fromkeys(("mean", "slope", "correlation"))
        if own:
            told["mean"] = round(float(change.mean()), DECIMALS)
        if len(own) >= FEWEST and np.ptp(change) > 0.0 and np.ptp(improvement) > 0.0:
            slope = np.polyfit(improvement, change, 1)[0]
            told["slope"] = round(float(slope), DECIMALS)
            told["correlation"] = round(float(np.corrcoef(improvement, change)[0, 1]), DECIMALS)
        found[arm] = told
    return found
