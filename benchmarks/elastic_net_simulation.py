"""Measures of a trial drawn from the demo's model without its images, for elastic nets.

Participants, arms, symptoms, covariates, motion, the circuit of vmPFC and amygdala and the coupling
at rest are those of the demo (`bids_ketamine.demo`). A session's measure is what the demo plants
there plus independent normal noise. Its standard deviation is that of the demo's reports (12
participants, seed 0, 6 mm): over participants and measures of a kind, of the change between
sessions that is not planted, divided by the square root of 2.

Planted changes: at rest, amygdala and vmPFC couple more in the ketamine arm, and improvement
correlates by 0.55 with by how much. In the face task the circuit's modulations change with
improvement, and with them the contrasts of vmPFC and amygdala. All else stays as it was: contrasts
of anterior insula and dACC and the other couplings differ between participants only; gPPI and
dissimilarities are noise, as in the demo's reports.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bids_ketamine.core.prediction.trial_data import (
    BASELINE,
    CATEGORICAL,
    CHANGE,
    NUMERIC,
    ORDERED,
    Covariate,
    ImagingBlock,
    PredictionSettings,
    TrialPredictors,
)
from bids_ketamine.demo.circuit import circuit_activation
from bids_ketamine.demo.coupling import CHANGED_PAIR
from bids_ketamine.demo.covariates import EDUCATION
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import (
    ARMS,
    SESSIONS,
    Participant,
    plan_participant,
)
from bids_ketamine.demo.regions import REGIONS
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import TASKS, trials_of_run
from bids_ketamine.study.load import load_study

#: Preset whose settings hold, and permutations at most.
STUDY, N_PERMUTATIONS = "norbury2021", 199

#: Kinds of measures with the standard deviation of a session's noise, in the measure's unit.
FACES, STROOP = "activation faces facesGtShapes", "activation stroop incongruentGtCongruent"
REST = "resting_connectivity rest"
NOISE = {
    FACES: 0.13,
    STROOP: 0.37,
    "gppi faces facesGtShapes": 0.113,
    "gppi stroop incongruentGtCongruent": 0.064,
    "ldc faces fearful vs neutral": 0.136,
    REST: 0.119,
}
#: Percent of the contrast map for a planted percent of the Stroop's brief trials (same reports).
STROOP_GAIN = 5.7

PAIRS = tuple("~".join(pair) for pair in combinations(REGIONS, 2))
COUPLING = f"{REST} {'~'.join(CHANGED_PAIR)}"
VMPFC, AMYGDALA = f"{FACES} vmPFC", f"{FACES} amygdala"
#: Measures whose change goes with improvement.
PLANTED = (COUPLING, VMPFC, AMYGDALA)


def measure_names() -> tuple[str, ...]:
    """Return the 63 measures of the study, named as in the tables."""
    places = {"activation": REGIONS, "ldc": REGIONS}
    return tuple(
        f"{kind} {place}" for kind in NOISE for place in places.get(kind.split()[0], PAIRS)
    )


def simulated_trial(seed: int, *, n_participants: int, effect: bool) -> TrialPredictors:
    """Draw a trial.

    Parameters
    ----------
    seed : int
        Of the demo, and of the noise.
    n_participants : int
        As many; two in a row have both arms.
    effect : bool
        Whether anything is planted.
    """
    model = ForwardModel()
    people = [
        plan_participant(index, seed=seed, effect=effect, model=model)
        for index in range(n_participants)
    ]
    return TrialPredictors(
        participants=tuple(each.label for each in people),
        arms=tuple(each.arm for each in people),
        levels=ARMS,
        outcome=np.array([each.improvement for each in people], dtype=np.float64),
        concurrent=np.array([each.madrs["pre"] - each.madrs["post"] for each in people], float),
        imaging=imaging(people, seed),
        covariates=covariates(people),
    )


def imaging(people: list[Participant], seed: int) -> ImagingBlock:
    """Return the measures of both sessions."""
    values, motion = (
        [np.array([one(each, session) for each in people]) for session in SESSIONS]
        for one in (lambda who, when: _measured(who, when, seed), _motion)
    )
    return ImagingBlock(measure_names(), *values, *motion)


def _measured(participant: Participant, session: str, seed: int) -> list[float]:
    """Return a participant's measures in a session: what is planted, and noise."""
    source = generator(seed, participant.label, f"ses-{session}", "elastic_net_trials")
    truth = true_measures(participant, session, seed)
    found = []
    for name in measure_names():
        kind = next(each for each in NOISE if name.startswith(each))
        found.append(truth.get(name, 0.0) + NOISE[kind] * source.normal())
    return found


def true_measures(participant: Participant, session: str, seed: int) -> dict[str, float]:
    """Return what is planted in a participant's session, by measure."""
    task = TASKS["faces"]
    emerging = circuit_activation(
        participant.circuit[session],
        trials=trials_of_run(task, participant.label, session, seed=seed),
        task=task,
    )
    truth = {f"{FACES} {region}": value for region, value in emerging.items()}
    for region, value in participant.activation["faces"].items():
        truth[f"{FACES} {region}"] = value
    for region, value in participant.activation["stroop"].items():
        truth[f"{STROOP} {region}"] = STROOP_GAIN * value
    for pair, value in participant.coupling_in(session).items():
        truth[f"{REST} {'~'.join(pair)}"] = value
    return truth


def _motion(participant: Participant, session: str) -> list[float]:
    """Return the mean framewise displacement of the run of each measure, mm."""
    return [participant.mean_fd[session, name.split()[1]] for name in measure_names()]


def covariates(people: list[Participant]) -> tuple[Covariate, ...]:
    """Return the covariates that the demo's participants have, and the first CAPS-5 total."""
    both = (CHANGE, BASELINE)
    age = np.array([each.covariates["age"] for each in people], dtype=np.float64)
    education = np.array(
        [
            EDUCATION.index(str(each.covariates["education"]))
            if "education" in each.covariates
            else np.nan
            for each in people
        ]
    )
    first = np.array([each.caps5_items["pre"].sum() for each in people], dtype=np.float64)
    return (
        Covariate("age", NUMERIC, age, both),
        Covariate("education", ORDERED, education, both),
        *(
            Covariate(name, CATEGORICAL, tuple(str(each.covariates[name]) for each in people), both)
            for name in ("gender", "psychotropic_medication")
        ),
        Covariate("caps5 baseline", NUMERIC, first, both),
    )


def prediction_settings(seed: int) -> PredictionSettings:
    """Return the settings of the preset, with fewer permutations and one repeat of the folds."""
    spec = load_study(STUDY).spec
    section = spec.elastic_net
    if section is None:
        raise SystemExit(f"{STUDY} has no elastic net")
    return PredictionSettings(
        **{
            name: getattr(section, name)
            for name in PredictionSettings._fields
            if hasattr(section, name)
        }
        | {
            "threshold": 0.0,
            "residualize_motion": spec.group.residualize_motion,
            "minimum_participants": spec.group.minimum_participants,
            "permutations": N_PERMUTATIONS,
            "repeats": 1,
            "seed": seed,
            "n_jobs": 1,
        }
    )
