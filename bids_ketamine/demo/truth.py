"""The content of ``truth.json``: everything that was planted, by region and participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bids_ketamine._version import __version__
from bids_ketamine.demo.circuit_truth import (
    DECIMALS,
    circuit_truth,
    emergent_activation,
    mean_activation,
    participant_circuit,
)
from bids_ketamine.demo.coupling import BASELINE_COUPLING, CHANGED_PAIR
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import ARMS, SESSIONS, Participant
from bids_ketamine.demo.regions import ATLAS, MARGIN, REGIONS, TAPER
from bids_ketamine.demo.tasks import Task


def pair_name(pair: tuple[str, str]) -> str:
    """Return the name of a pair of regions."""
    return "~".join(pair)


#: Emergent contrasts by participant, session and region, percent.
Emergent = Mapping[str, Mapping[str, Mapping[str, float]]]


def population_activation(
    tasks: Sequence[Task], *, emergent: Emergent, effect: bool, model: ForwardModel
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the contrast of each region by task and contrast, percent.

    That of the population where it is planted, the average over participants and sessions of this
    trial where it emerges from the circuit.
    """
    amplitude = model.contrast_amplitude.value if effect else 0.0
    return {
        task.label: {
            task.contrast: dict.fromkeys(task.planted, amplitude)
            | (mean_activation(list(emergent.values())) if task.circuit else {})
        }
        for task in tasks
        if task.contrast is not None
    }


def participant_activation(
    participant: Participant, tasks: Sequence[Task], *, emergent: Emergent
) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Return a participant's contrasts by task, contrast, session and region, percent."""
    return {
        task.label: {
            task.contrast: {
                f"ses-{session}": {
                    region: round(value, DECIMALS)
                    for region, value in participant.activation[task.label].items()
                }
                | dict(emergent[participant.label][f"ses-{session}"] if task.circuit else {})
                for session in SESSIONS
            }
        }
        for task in tasks
        if task.contrast is not None
    }


def participant_truth(
    participant: Participant, tasks: Sequence[Task], *, emergent: Emergent
) -> dict[str, object]:
    """Return what was planted in one participant."""
    truth: dict[str, object] = {
        "arm": participant.arm,
        "activation": participant_activation(participant, tasks, emergent=emergent),
        "coupling_change": round(participant.coupling_change, DECIMALS),
        "coupling_pre": {
            pair_name(pair): round(value, DECIMALS)
            for pair, value in participant.coupling_in("pre").items()
        },
        "caps5_improvement": participant.improvement,
        "madrs_improvement": participant.madrs["pre"] - participant.madrs["post"],
        "mean_framewise_displacement": {
            f"ses-{session}": {
                task.label: round(participant.mean_fd[session, task.label], DECIMALS)
                for task in tasks
            }
            for session in SESSIONS
        },
    }
    if any(task.circuit for task in tasks):
        truth["circuit"] = participant_circuit(participant)
    return truth


def trial_truth(
    *,
    participants: Sequence[Participant],
    tasks: Sequence[Task],
    seed: int,
    effect: bool,
    resolution: float,
    model: ForwardModel,
) -> dict[str, object]:
    """Return the whole truth.

    Parameters
    ----------
    participants : sequence of Participant
        As planned.
    tasks : sequence of Task
        As written.
    seed : int
        Seed of the trial.
    effect : bool
        Whether anything was planted.
    resolution : float
        Voxel size, mm.
    model : ForwardModel
        All parameters.

    Returns
    -------
    dict
        Plain values. ``activation`` is percent signal change (plateau of a block, peak of an
        event), ``coupling`` Fisher z of the slow fluctuations themselves: noise and the
        analysis's band make the measured differences smaller. ``circuit`` holds parameters of
        the dynamic causal model of the face task, in Hz or on a log scale.
    """
    circuit_task = next((task for task in tasks if task.circuit), None)
    emergent = {
        participant.label: emergent_activation(participant, circuit_task, seed=seed)
        for participant in participants
        if circuit_task
    }
    change = model.coupling_change.value if effect else 0.0
    correlation = model.improvement_correlation.value if effect else 0.0
    return {
        "generator": "bids_ketamine-demo",
        "version": __version__,
        "seed": seed,
        "effect": effect,
        "resolution": resolution,
        "n_participants": len(participants),
        "regions": {"atlas": ATLAS, "names": list(REGIONS), "margin": MARGIN, "taper": TAPER},
        "activation": population_activation(tasks, emergent=emergent, effect=effect, model=model),
        "coupling": {
            "pair": list(CHANGED_PAIR),
            "mean_change": dict(zip(ARMS, (0.0, change), strict=True)),
            "correlation_with_caps5_improvement": dict(zip(ARMS, (0.0, correlation), strict=True)),
            "baseline": {pair_name(pair): value for pair, value in BASELINE_COUPLING.items()},
        },
        "circuit": circuit_truth(participants, task=circuit_task, effect=effect, model=model)
        if circuit_task
        else {},
        "parameters": model.as_table(),
        "participants": {
            participant.label: participant_truth(participant, tasks, emergent=emergent)
            for participant in participants
        },
    }
