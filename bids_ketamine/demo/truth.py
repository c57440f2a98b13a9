"""The content of ``truth.json``: everything that was planted, by region and participant."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine._version import __version__
from bids_ketamine.demo.coupling import BASELINE_COUPLING, CHANGED_PAIR
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import ARMS, SESSIONS, Participant
from bids_ketamine.demo.regions import ATLAS, MARGIN, REGIONS, TAPER
from bids_ketamine.demo.tasks import Task

#: Decimals of planted values: far finer than anything that could be estimated.
DECIMALS = 6


def pair_name(pair: tuple[str, str]) -> str:
    """Return the name of a pair of regions."""
    return "~".join(pair)


def planted_activation(
    tasks: Sequence[Task], effect: bool, model: ForwardModel
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the population contrast of each planted region, by task and contrast, percent."""
    amplitude = model.contrast_amplitude.value if effect else 0.0
    return {
        task.label: {task.contrast: dict.fromkeys(task.planted, amplitude)}
        for task in tasks
        if task.contrast is not None
    }


def participant_truth(participant: Participant, tasks: Sequence[Task]) -> dict[str, object]:
    """Return what was planted in one participant."""
    caps5 = {key: int(items.sum()) for key, items in participant.caps5_items.items()}
    return {
        "arm": participant.arm,
        "activation": {
            task.label: {
                task.contrast: {
                    region: round(value, DECIMALS)
                    for region, value in participant.activation[task.label].items()
                }
            }
            for task in tasks
            if task.contrast is not None
        },
        "coupling_change": round(participant.coupling_change, DECIMALS),
        "coupling_pre": {
            pair_name(pair): round(value, DECIMALS)
            for pair, value in participant.coupling_in("pre").items()
        },
        "caps5_improvement": caps5["pre"] - caps5["post"],
        "madrs_improvement": participant.madrs["pre"] - participant.madrs["post"],
        "mean_framewise_displacement": {
            f"ses-{session}": {
                task.label: round(participant.mean_fd[session, task.label], DECIMALS)
                for task in tasks
            }
            for session in SESSIONS
        },
    }


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
        analysis's band make the measured differences smaller.
    """
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
        "activation": planted_activation(tasks, effect, model),
        "coupling": {
            "pair": list(CHANGED_PAIR),
            "mean_change": dict(zip(ARMS, (0.0, change), strict=True)),
            "correlation_with_caps5_improvement": dict(zip(ARMS, (0.0, correlation), strict=True)),
            "baseline": {pair_name(pair): value for pair, value in BASELINE_COUPLING.items()},
        },
        "parameters": model.as_table(),
        "participants": {
            participant.label: participant_truth(participant, tasks) for participant in participants
        },
    }
