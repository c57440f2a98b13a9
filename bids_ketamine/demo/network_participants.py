"""The people of the trial of resting networks: background, symptoms, brain volumes, truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bids_ketamine.demo.covariates import ETHNICITIES, ETHNICITY_SHARES, RACE_SHARES, RACES
from bids_ketamine.demo.network_groups import MEASURES, within_reach
from bids_ketamine.demo.network_model import NetworkModel
from bids_ketamine.demo.network_symptoms import Symptoms, plan_symptoms
from bids_ketamine.demo.network_volumes import Volumes, plan_volumes
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.streams import generator

PATIENT, CONTROL = "patient", "control"
BASELINES = ("pre1", "pre2")
SCANS = (*BASELINES, "post")
RUNS = (1, 2)

#: Labels of patients count from 001, those of controls from 101.
FIRST_CONTROL = 100

#: Of each ten patients these lack a scan (counted from 0): 16 and 18 of 20 are scanned the second
#: time before and after treatment, as 18 and 20 of 23 in the trial.
WITHOUT_PRE2, WITHOUT_POST = (3, 7), (6,)

#: Of each twenty patients this one leaves after the first day: neither scan nor score.
DROPOUT = 16

#: Of each three controls this one is scanned twice: 7 of 20, and of 27 in the trial.
SCANNED_TWICE = 0


@dataclass(frozen=True)
class NetworkParticipant:
    """One participant, as in the tables and as planted.

    Attributes
    ----------
    label : str
        ``sub-001``, ...
    group : str
        `PATIENT` or `CONTROL`.
    covariates : mapping of str to int or str
        Columns of ``participants.tsv`` beside the group; what is not recorded is left out.
    scans : tuple of str
        Sessions with images.
    symptoms : Symptoms or None
        Of a patient.
    volumes : Volumes
        Of brain structures.
    truth : mapping of str to mapping of str to float
        Fisher z of each network measure, by session with images.
    mean_fd : mapping of (str, int) to float
        Mean framewise displacement by session and run, mm.
    """

    label: str
    group: str
    covariates: Mapping[str, int | float | str]
    scans: tuple[str, ...]
    symptoms: Symptoms | None
    volumes: Volumes
    truth: Mapping[str, Mapping[str, float]]
    mean_fd: Mapping[tuple[str, int], float]

    @property
    def responder(self) -> bool | None:
        """Whether the score has fallen by half two weeks after; ``None`` if nobody knows."""
        return None if self.symptoms is None else self.symptoms.responder


def planned_scans(index: int, group: str) -> tuple[str, ...]:
    """Return the sessions in which a participant is scanned.

    Parameters
    ----------
    index : int
        From 0, within the group.
    group : str
        `PATIENT` or `CONTROL`.

    Examples
    --------
    >>> planned_scans(0, "patient"), planned_scans(3, "patient"), planned_scans(1, "control")
    (('pre1', 'pre2', 'post'), ('pre1', 'post'), ('pre1',))
    """
    if group == CONTROL:
        return BASELINES if index % 3 == SCANNED_TWICE else BASELINES[:1]
    lacking = {"pre2"} if index % 10 in WITHOUT_PRE2 else set()
    if index % 10 in WITHOUT_POST:
        lacking.add("post")
    return tuple(name for name in SCANS if name not in lacking)


def plan_participant(
    index: int,
    group: str,
    *,
    seed: int,
    effect: bool,
    model: NetworkModel,
    noise: ForwardModel,
) -> NetworkParticipant:
    """Draw one participant.

    The same seed gives the same person with and without effects: only what is planted differs.
    Symptoms of patients improve in both.

    Parameters
    ----------
    index : int
        From 0, within the group.
    group : str
        `PATIENT` or `CONTROL`.
    seed : int
        Seed of the trial.
    effect : bool
        Whether connectivity changes and differs between groups, and volumes go with symptoms.
    model, noise : NetworkModel, ForwardModel
        All numbers.

    Returns
    -------
    NetworkParticipant
    """
    label = f"sub-{index + 1 + (FIRST_CONTROL if group == CONTROL else 0):03d}"
    symptoms = None
    if group == PATIENT:
        source = generator(seed, label, "symptoms")
        symptoms = plan_symptoms(model, source, leaves=index % 20 == DROPOUT)
    scans = planned_scans(index, group)
    return NetworkParticipant(
        label=label,
        group=group,
        covariates=_covariates(label, group, seed=seed),
        scans=scans,
        symptoms=symptoms,
        volumes=plan_volumes(
            relative_change=None if symptoms is None else symptoms.relative_change,
            correlation=model.volume_correlation.value * effect,
            source=generator(seed, label, "volumes"),
        ),
        truth=_truth(label, symptoms, scans, seed=seed, effect=effect, model=model),
        mean_fd=_motion(label, seed=seed, noise=noise),
    )


def _truth(
    label: str,
    symptoms: Symptoms | None,
    scans: tuple[str, ...],
    *,
    seed: int,
    effect: bool,
    model: NetworkModel,
) -> dict[str, dict[str, float]]:
    """Return the connectivity of each session: population, participant, session and effect."""
    source = generator(seed, label, "connectivity")
    own = model.participant_spread.value * source.normal(size=len(MEASURES))
    sessions = {
        name: model.session_spread.value * source.normal(size=len(MEASURES)) for name in SCANS
    }
    population = _population(model)
    changes = planted_changes(symptoms.improved if symptoms else False, model=model)
    truth = {}
    for scan in scans:
        values = {}
        for at, name in enumerate(MEASURES):
            value = population[name] + own[at] + sessions[scan][at]
            if effect and symptoms is None and name != "visual":
                value -= model.controls_lower.value
            if effect and symptoms is not None and scan == "post":
                value += changes[name]
            values[name] = float(value)
        truth[scan] = within_reach(values)
    return truth


def _population(model: NetworkModel) -> dict[str, float]:
    return {
        "default_mode": model.default_mode.value,
        "sgACC_default_mode": model.sgacc_default_mode.value,
        "limbic": model.limbic.value,
        "visual": model.visual.value,
    }


def planted_changes(responder: bool, *, model: NetworkModel) -> dict[str, float]:
    """Return the planted change of each network measure, post minus before, Fisher z.

    Parameters
    ----------
    responder : bool
        Whether the score falls by half.
    model : NetworkModel
        Sizes.
    """
    subgenual = model.responder_change if responder else model.other_change
    return {
        "default_mode": model.default_mode_change.value,
        "sgACC_default_mode": subgenual.value,
        "limbic": model.limbic_change.value,
        "visual": 0.0,
    }


def _motion(label: str, *, seed: int, noise: ForwardModel) -> dict[tuple[str, int], float]:
    """Draw the mean framewise displacement of each run: it knows no group and no treatment."""
    source = generator(seed, label, "motion")
    typical = np.log(noise.mean_fd.value) + noise.mean_fd_spread.value * source.normal()
    return {
        (scan, run): float(
            np.clip(
                np.exp(typical + noise.mean_fd_run_spread.value * source.normal()),
                noise.mean_fd.low / 2.0,
                noise.mean_fd.high,
            )
        )
        for scan in SCANS
        for run in RUNS
    }


def _covariates(label: str, group: str, *, seed: int) -> dict[str, int | float | str]:
    """Draw the columns of ``participants.tsv``; controls are drawn as patients are."""
    source = generator(seed, label, "covariates")
    covariates: dict[str, int | float | str] = {
        "age": int(np.clip(round(source.normal(42.0, 12.0)), 18, 65)),
        "sex": str(source.choice(("female", "male"), p=(0.45, 0.55))),
        "race": str(source.choice(RACES, p=RACE_SHARES)),
        "ethnicity": str(source.choice(ETHNICITIES, p=ETHNICITY_SHARES)),
        "education": int(np.clip(round(source.normal(15.5, 2.3)), 10, 22)),
    }
    if group == PATIENT:
        covariates["earlier_trials"] = int(2 + source.poisson(4.0))
        covariates["dose"] = round(float(np.clip(source.normal(0.54, 0.13), 0.15, 0.6)), 2)
    return covariates
