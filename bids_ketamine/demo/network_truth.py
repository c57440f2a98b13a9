"""The content of ``truth.json`` of the trial of resting networks."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine._version import __version__
from bids_ketamine.demo.network_groups import CORTEX, GROUPS, MEASURES, region_groups
from bids_ketamine.demo.network_model import NetworkModel
from bids_ketamine.demo.network_participants import NetworkParticipant, planted_changes
from bids_ketamine.demo.network_regions import LIMBIC_LABELS, SUBGENUAL
from bids_ketamine.demo.parameters import ForwardModel

DECIMALS = 6


def network_truth(
    participants: Sequence[NetworkParticipant],
    *,
    seed: int,
    effect: bool,
    resolution: float,
    n_volumes: int,
    form: str,
    model: NetworkModel,
    noise: ForwardModel,
) -> dict[str, object]:
    """Return the whole truth.

    Parameters
    ----------
    participants : sequence of NetworkParticipant
        As planned.
    seed : int
        Seed of the trial.
    effect : bool
        Whether anything was planted.
    resolution : float
        Voxel size, mm.
    n_volumes : int
        Length of a run.
    form : str
        As written.
    model, noise : NetworkModel, ForwardModel
        All numbers.

    Returns
    -------
    dict
        Plain values. ``connectivity`` is the Fisher z of every edge of a network in the slow
        fluctuations themselves: noise, the global signal that is regressed out and the band make
        measured values and changes smaller.
    """
    sizes = {name: list(region_groups().values()).count(name) for name in GROUPS}
    changes = {
        "responder" if responder else "other": planted_changes(responder, model=model)
        if effect
        else dict.fromkeys(MEASURES, 0.0)
        for responder in (True, False)
    }
    return {
        "generator": "bids_ketamine-demo",
        "design": "siegel2021",
        "version": __version__,
        "seed": seed,
        "effect": effect,
        "form": form,
        "resolution": resolution,
        "n_volumes": n_volumes,
        "regions": {
            "cortex": CORTEX,
            "groups": sizes,
            "spheres": {name: [*own.centres[0], own.radius] for name, own in SUBGENUAL.items()},
            "limbic": {name: [atlas, *labels] for name, (atlas, labels) in LIMBIC_LABELS.items()},
        },
        "connectivity_change": changes,
        "controls_minus_patients": {
            name: -model.controls_lower.value if effect and name != "visual" else 0.0
            for name in MEASURES
        },
        "volume_correlation": model.volume_correlation.value if effect else 0.0,
        "parameters": {**noise.as_table(), **model.as_table()},
        "participants": {person.label: _of_person(person) for person in participants},
    }


def _of_person(person: NetworkParticipant) -> dict[str, object]:
    """Return what was planted in one participant."""
    return {
        "group": person.group,
        "responder": person.responder,
        "connectivity": {
            f"ses-{scan}": {name: round(value, DECIMALS) for name, value in values.items()}
            for scan, values in person.truth.items()
        },
        "mean_framewise_displacement": {
            f"ses-{scan}": {
                f"run-{run}": round(value, DECIMALS)
                for (session, run), value in person.mean_fd.items()
                if session == scan
            }
            for scan in person.scans
        },
        "volumes": {
            "EstimatedTotalIntraCranialVol": person.volumes.intracranial,
            **person.volumes.structures,
        },
    }
