"""What the analysis `change` finds in a simulated trial, for ``benchmarks.peb_trials``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.peb_simulation import PLANTED, TRIALS, Trial, read_trial
from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.structure import parameter_labels
from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb, models_of_pebs
from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models
from bids_ketamine.core.peb.trial_data import (
    CHANGE,
    COMMON,
    DIFFERENCE,
    GAUSSIAN,
    SECOND,
    SESSION_BY_IMPROVEMENT,
    STUDENT_T,
    THIRD,
    TrialData,
    TrialSettings,
)
from bids_ketamine.core.peb.trial_effects import effect_positions
from bids_ketamine.core.peb.trial_fits import analysis_fits, second_level
from bids_ketamine.core.peb.trial_members import both_arms, group
from bids_ketamine.demo.circuit import CIRCUIT_INPUTS, CIRCUIT_REGIONS, LABELS, STRUCTURE
from bids_ketamine.demo.circuit_truth import EXCITATION_BY_FACES, INHIBITION_BY_FACES
from bids_ketamine.demo.participants import ARMS, SESSIONS
from bids_ketamine.demo.streams import generator

MODULATIONS = (INHIBITION_BY_FACES, EXCITATION_BY_FACES)
PLACES = [LABELS.index(name) for name in MODULATIONS]
PLAIN, OUTLIER = "no outlier", "an outlier of 10 SD"
OUTLYING = 10.0
FIXED, THIRD_LEVEL = "arms as fixed", "SPM12's third level"
SETTINGS = TrialSettings(
    levels=ARMS,
    fields=("modulation",),
    precision_components="all",
    within_participant_first=False,
    degrees_of_freedom=4.0,
    minimum_participants=3,
    level=0.9,
    seed=0,
    n_draws=10,
)
#: Largest difference from what the app's analysis gives, Hz per SD.
ROUNDING = 1e-10


class Key(NamedTuple):
    """Which trial, with or without an outlier, which distribution, which row."""

    trial: str
    condition: str
    distribution: str
    row: str


#: Mean and standard deviation of each modulation's effect, shape (2, 2) of one trial.
Judged = dict[Key, np.ndarray]


def judge(cache: Path, seed: int) -> Judged:
    """Analyse the trials of a seed, with and without an outlier."""
    found = {}
    with threadpool_limits(limits=1):
        for name in TRIALS:
            trial = read_trial(cache, name, seed)
            for condition in (PLAIN, OUTLIER):
                data = trial_data(with_outlier(trial, seed) if condition == OUTLIER else trial)
                for distribution in (GAUSSIAN, STUDENT_T):
                    for row, effect in effects(data, distribution).items():
                        found[Key(name, condition, distribution, row)] = effect
    return found


def with_outlier(trial: Trial, seed: int) -> Trial:
    """Move one participant's modulations of the second session far from what they were."""
    source = generator(seed, "outlier")
    chosen = source.integers(len(trial.labels))
    direction = source.choice([-1.0, 1.0], size=len(MODULATIONS))
    change = (trial.second.mean - trial.first.mean)[:, PLACES]
    arms = np.array(trial.arms)
    for arm in ARMS:
        change[arms == arm] -= change[arms == arm].mean(axis=0)
    spread = np.sqrt(np.sum(change**2, axis=0) / (len(change) - len(ARMS)))
    mean = trial.second.mean.copy()
    mean[chosen, PLACES] += OUTLYING * direction * spread
    return trial._replace(second=trial.second._replace(mean=mean))


def trial_data(trial: Trial) -> TrialData:
    """Return a trial as the app's analyses take it."""
    both, rows = (trial.first, trial.second), np.arange(len(trial.labels))
    models = models_of(
        mean=np.concatenate([each.mean for each in both]),
        covariance=np.concatenate([each.covariance for each in both]),
        free_energy=np.concatenate([each.free_energy for each in both]),
        labels=[f"{label} ses-{session}" for session in SESSIONS for label in trial.labels],
    )
    return TrialData(models, trial.labels, trial.arms, trial.improvement, rows, rows + len(rows))


def models_of(
    *, mean: np.ndarray, covariance: np.ndarray, free_energy: np.ndarray, labels: Sequence[str]
) -> FirstLevelModels:
    """Return posteriors of the demo's circuit as a first level."""
    named = parameter_labels(STRUCTURE, regions=CIRCUIT_REGIONS, inputs=tuple(CIRCUIT_INPUTS))
    priors = dcm_priors(STRUCTURE)
    return first_level_models(
        posterior_mean=list(mean),
        posterior_covariance=list(covariance),
        prior_mean=[priors.mean] * len(mean),
        prior_covariance=[priors.covariance] * len(mean),
        free_energy=free_energy,
        parameters=[each.name for each in named],
        fields=[each.field for each in named],
        labels=labels,
    )


def effects(data: TrialData, distribution: str) -> dict[str, np.ndarray]:
    """Return mean and standard deviation of session x improvement of each row, (2, 2).

    These are the app's second and third levels, without the searches and the sensitivity that go
    with them there.
    """
    scale = float(data.improvement.std(ddof=1))
    groups = [
        group(data, analysis=CHANGE, arm=arm, scale=scale, settings=SETTINGS, within={})
        for arm in ARMS
    ]
    arms = [second_level(each, distribution=distribution, settings=SETTINGS) for each in groups]
    third = estimate_peb(
        models_of_pebs(arms, labels=ARMS),
        design=group_design({COMMON: np.ones(2), DIFFERENCE: np.array([-0.5, 0.5])}, rows=ARMS),
        fields=None,
        precision_components=SETTINGS.precision_components,
    )
    crossed = [f"{name} [{SESSION_BY_IMPROVEMENT}]" for name in MODULATIONS]
    pair = both_arms(*groups)
    both = second_level(pair, distribution=distribution, settings=SETTINGS)
    found = {
        FIXED: _moments(both, MODULATIONS, f"{SESSION_BY_IMPROVEMENT} x {DIFFERENCE}"),
        THIRD_LEVEL: _moments(third, crossed, DIFFERENCE),
    }
    for arm, estimate in zip(ARMS, arms, strict=True):
        found[arm] = _moments(estimate, MODULATIONS, SESSION_BY_IMPROVEMENT)
    return found


def _moments(estimate: PebEstimate, parameters: Sequence[str], column: str) -> np.ndarray:
    """Return mean and standard deviation of the effects of a column on two parameters."""
    rows = [estimate.parameters.index(name) for name in parameters]
    both = np.stack([estimate.posterior_mean, estimate.posterior_deviation])
    return both[:, rows, estimate.design.columns.index(column)]


def check_analysis(cache: Path, judged: Judged) -> None:
    """Compare what is judged here with what the app's whole analysis gives, in the first trial."""
    data = trial_data(read_trial(cache, PLANTED, 0))
    difference = f"{ARMS[1]} - {ARMS[0]}"
    rows = {(arm, SECOND): arm for arm in ARMS}
    rows |= {(difference, SECOND): FIXED, (difference, THIRD): THIRD_LEVEL}
    for fit in analysis_fits(data, analysis=CHANGE, settings=SETTINGS):
        row = rows.pop((fit.arm, fit.level), None) if fit.distribution == GAUSSIAN else None
        if row is None or fit.estimate is None:
            continue
        columns = [fit.parameters.index(name) for name in MODULATIONS]
        places = effect_positions(fit)[fit.effects.index(SESSION_BY_IMPROVEMENT), columns]
        moments = fit.estimate.posterior_mean, fit.estimate.posterior_deviation
        given = np.stack([each.ravel(order="F")[places] for each in moments])
        own = judged[Key(PLANTED, PLAIN, GAUSSIAN, row)]
        if not np.allclose(own, given, rtol=0.0, atol=ROUNDING):
            raise SystemExit(f"{row}: the app's analysis gives {given}, this benchmark {own}")
    if rows:
        raise SystemExit(f"The app's analysis has no {', '.join(rows.values())}")
