"""Trials of region series with a known circuit, estimated, for ``benchmarks.peb_trials``.

Participants, arms, improvement, parameters of the circuit, and the order of blocks are those of
the demo (`bids_ketamine.demo`): 21 participants, 11 in one arm and 10 in the other, two sessions,
215 volumes of 2 s of the face task. What a voxel image would add is left out. Noise is
autoregressive with the demo's 0.25 and independent between regions; series are whitened with that
coefficient and high-pass filtered, and the constant with them, as the app does with the noise
model spm. Models are estimated with the app's defaults. There are two levels of noise:

``demo``
    As in the demo's first eigenvariates. Over 24 sessions of the demo (seed 0, 6 mm) the planted
    response, whitened and filtered, was found with a standard deviation of 0.13 % in vmPFC and of
    0.50 % in amygdala beside noise of 0.42 % and 0.34 % (ratios 0.32 and 1.45; of the noise,
    correlation at lag 1 0.01 and 0.04, between the regions 0.06). Here no response is lost with
    motion regressors and none gained by weighting voxels: noise of 0.47 % and 0.33 % before
    whitening gives the same ratios.
``SNR 2``
    As in the 20 reference simulations, where the signal's standard deviation is 1.1 to 2.8 times
    the noise's in both regions: noise of 0.095 % and 0.30 % beside signals that have 0.19 % and
    0.60 % on average where faces modulate.

Three trials of each seed have the same participants:

``planted``
    The demo's: vmPFC > amygdala by faces changes with improvement in the ketamine arm only,
    amygdala > vmPFC by faces in both arms alike.
``unchanged``
    Faces modulate both connections, as before, and nothing changes with improvement. First
    sessions are those of ``planted``.
``no faces``
    The demo without effects: faces do nothing, and both arms improve alike.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.dcm_simulation import HIGH_PASS_PERIOD, DataSet, confounds, estimate, serial_noise
from benchmarks.dcm_simulation import whitened_data as whitened
from bids_ketamine.core.dcm.estimation import STALLED
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.demo.circuit import (
    CIRCUIT_REGIONS,
    STRUCTURE,
    circuit_inputs,
    circuit_signals,
    slowest_rate,
)
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import SESSIONS, Participant, plan_participant
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import START_TIME, T_R, TASKS, trials_of_run

N_PARTICIPANTS = 21
#: Standard deviation of the noise in vmPFC and amygdala, percent, and its lag-1 correlation.
DEMO, REFERENCE_RATIO = "demo", "SNR 2"
NOISE = {DEMO: (0.47, 0.33), REFERENCE_RATIO: (0.095, 0.30)}
AUTOCORRELATION = 0.25
TASK = TASKS["faces"]

TRIALS = PLANTED, UNCHANGED, NO_FACES = "planted", "unchanged", "no faces"
#: Sessions that are estimated together: trial and session of each. Trials share what is equal.
BLOCKS = ("before", "planted after", "unchanged after", "no faces before", "no faces after")
BLOCKS_OF = {
    PLANTED: ("before", "planted after"),
    UNCHANGED: ("before", "unchanged after"),
    NO_FACES: ("no faces before", "no faces after"),
}


class Sessions(NamedTuple):
    """First-level models of the participants in one session.

    Attributes
    ----------
    truth : ndarray of shape (n_participants, P)
        Parameters that the series were simulated with.
    mean, covariance : ndarray of shape (n_participants, P), (n_participants, P, P)
        Posteriors.
    free_energy, explained : ndarray of shape (n_participants,)
        Free energy, and share of variance explained.
    stalled, converged : ndarray of bool, shape (n_participants,)
        How the estimations ended.
    """

    truth: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    free_energy: np.ndarray
    explained: np.ndarray
    stalled: np.ndarray
    converged: np.ndarray


class Trial(NamedTuple):
    """A trial with all its first-level models.

    Attributes
    ----------
    labels, arms : tuple of str
        Of each participant.
    improvement : ndarray of shape (n_participants,)
        CAPS-5, points.
    first, second : Sessions
        Models of each session.
    """

    labels: tuple[str, ...]
    arms: tuple[str, ...]
    improvement: np.ndarray
    first: Sessions
    second: Sessions


def participants_of(trial: str, seed: int) -> list[Participant]:
    """Draw the participants of a trial as the demo does."""
    model = ForwardModel()
    if trial == UNCHANGED:
        model = model._replace(circuit_change_slope=model.circuit_change_slope._replace(value=0.0))
    return [
        plan_participant(index, seed=seed, effect=trial != NO_FACES, model=model)
        for index in range(N_PARTICIPANTS)
    ]


def session_data(participant: Participant, session: str, seed: int, noise: str) -> DataSet:
    """Simulate the region series of a session, whitened and high-pass filtered.

    The noise is the same in all trials of a seed.
    """
    n_scans = TASK.n_volumes
    trials = trials_of_run(TASK, participant.label, session, seed=seed)
    parameters, inputs = participant.circuit[session], circuit_inputs(trials, n_volumes=n_scans)
    if slowest_rate(parameters, inputs=inputs) >= 0.0:
        raise SystemExit(f"seed {seed}, {participant.label}: the circuit is not stable")
    signal = circuit_signals(parameters, trials=trials, n_volumes=n_scans)
    source = generator(seed, participant.label, f"ses-{session}", "peb_trials")
    own = serial_noise(n_scans, len(CIRCUIT_REGIONS), AUTOCORRELATION, source)
    series = signal + own * NOISE[noise]
    run = Recording(series, confounds(n_scans, T_R), inputs, T_R)
    delays = np.full(len(CIRCUIT_REGIONS), START_TIME)
    return whitened(DataSet(STRUCTURE, run, delays, centred=True), AUTOCORRELATION)


def settings(noise: str) -> str:
    """Say what estimates depend on, beside the code."""
    told = [
        NOISE[noise],
        AUTOCORRELATION,
        HIGH_PASS_PERIOD,
        N_PARTICIPANTS,
        ForwardModel().as_table(),
    ]
    return json.dumps(told)


def kept_file(cache: Path, block: str, seed: int) -> Path:
    """Return where the estimates of a block are kept."""
    return cache / f"seed-{seed:04d}_{block.replace(' ', '-')}.npz"


def is_kept(cache: Path, block: str, seed: int, noise: str) -> bool:
    """Tell whether a block has been estimated with these settings."""
    path = kept_file(cache, block, seed)
    if not path.exists():
        return False
    with np.load(path) as arrays:
        return str(arrays["settings"]) == settings(noise)


def estimate_block(cache: Path, block: str, seed: int, noise: str) -> None:
    """Simulate and estimate the sessions of a block, and keep what the second level needs."""
    trial = next(name for name, blocks in BLOCKS_OF.items() if block in blocks)
    session = SESSIONS[BLOCKS_OF[trial].index(block)]
    people = participants_of(trial, seed)
    estimates = [
        estimate(session_data(participant, session, seed, noise), restart=STALLED)
        for participant in people
    ]
    found = Sessions(
        truth=np.array([participant.circuit[session] for participant in people]),
        mean=np.array([each.posterior_mean for each in estimates]),
        covariance=np.array([each.posterior_covariance for each in estimates]),
        free_energy=np.array([each.free_energy for each in estimates]),
        explained=np.array([each.explained_variance for each in estimates]),
        stalled=np.array([each.stalled for each in estimates]),
        converged=np.array([each.converged for each in estimates]),
    )
    path = kept_file(cache, block, seed)
    unfinished = path.with_suffix(".part.npz")
    np.savez_compressed(unfinished, settings=settings(noise), **found._asdict())
    unfinished.replace(path)


def read_trial(cache: Path, trial: str, seed: int) -> Trial:
    """Read the estimates of a trial."""
    people = participants_of(trial, seed)
    sessions = []
    for block in BLOCKS_OF[trial]:
        with np.load(kept_file(cache, block, seed)) as arrays:
            sessions.append(Sessions(**{name: arrays[name] for name in Sessions._fields}))
    return Trial(
        labels=tuple(each.label for each in people),
        arms=tuple(each.arm for each in people),
        improvement=np.array([each.improvement for each in people], dtype=float),
        first=sessions[0],
        second=sessions[1],
    )


def missing_blocks(
    cache: Path, trials: Sequence[str], seeds: Sequence[int], noise: str
) -> list[tuple[Path, str, int, str]]:
    """Return what has to be estimated, seed by seed."""
    blocks = dict.fromkeys(block for trial in trials for block in BLOCKS_OF[trial])
    return [
        (cache, block, seed, noise)
        for seed in seeds
        for block in blocks
        if not is_kept(cache, block, seed, noise)
    ]
