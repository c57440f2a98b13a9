"""The participants: covariates, symptoms, and everything that is planted in their brains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bids_ketamine.demo.circuit_plan import plan_circuit
from bids_ketamine.demo.coupling import BASELINE_COUPLING, CHANGED_PAIR
from bids_ketamine.demo.covariates import plan_covariates
from bids_ketamine.demo.parameters import ForwardModel, Parameter
from bids_ketamine.demo.regions import FloatArray
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import TASKS

ARMS = ("midazolam", "ketamine")
SESSIONS = ("pre", "post")

N_CAPS5_ITEMS = 20
CAPS5_ITEM_MAXIMUM = 4
MADRS_MAXIMUM = 60


@dataclass(frozen=True)
class Participant:
    """One participant, as in the tables and as planted.

    Attributes
    ----------
    label : str
        ``sub-01``, ...
    arm : str
        One of `ARMS`.
    covariates : mapping of str to int or str
        Columns of ``participants.tsv``; values not recorded are left out.
    caps5_items : mapping of str to ndarray of shape (20,)
        Item scores of each session, 0 to 4.
    madrs : mapping of str to int
        Total of each session, 0 to 60.
    activation : mapping of str to mapping of str to float
        By task: planted contrast of each region, percent signal change.
    circuit : mapping of str to ndarray of shape (20,)
        By session: parameters of vmPFC and amygdala in the face task, as `circuit.LABELS`.
    coupling : mapping of (str, str) to float
        Fisher z of each pair before treatment.
    coupling_change : float
        Post minus pre of the changed pair, Fisher z.
    mean_fd : mapping of (str, str) to float
        Mean framewise displacement by session and task, mm.
    """

    label: str
    arm: str
    covariates: Mapping[str, int | str]
    caps5_items: Mapping[str, NDArray[np.int64]]
    madrs: Mapping[str, int]
    activation: Mapping[str, Mapping[str, float]]
    circuit: Mapping[str, FloatArray]
    coupling: Mapping[tuple[str, str], float]
    coupling_change: float
    mean_fd: Mapping[tuple[str, str], float]

    @property
    def improvement(self) -> int:
        """CAPS-5 total before minus after treatment, points."""
        return caps5_improvement(self.caps5_items)

    def coupling_in(self, session: str) -> dict[tuple[str, str], float]:
        """Return the Fisher z of each pair in a session."""
        couplings = dict(self.coupling)
        if session == "post":
            couplings[CHANGED_PAIR] += self.coupling_change
        return couplings


def caps5_improvement(items: Mapping[str, NDArray[np.int64]]) -> int:
    """Return the CAPS-5 total before minus after treatment, points."""
    return int(items["pre"].sum() - items["post"].sum())


def arm_of(index: int, *, seed: int) -> str:
    """Return the arm of a participant: each two in a row get both arms in random order.

    Parameters
    ----------
    index : int
        From 0.
    seed : int
        Seed of the trial.

    Returns
    -------
    str
        One of `ARMS`.
    """
    pair, place = divmod(index, 2)
    order = generator(seed, "arms", str(pair)).permutation(2)
    return ARMS[order[place]]


def uniform_within(parameter: Parameter, source: np.random.Generator) -> float:
    """Draw from the uniform distribution between a parameter's bounds."""
    return float(source.uniform(parameter.low, parameter.high))


def standardized(value: float, parameter: Parameter) -> float:
    """Return a uniform draw in standard deviations from the middle of its bounds."""
    spread = (parameter.high - parameter.low) / np.sqrt(12.0)
    return (value - (parameter.low + parameter.high) / 2.0) / spread


def change_of_items(
    items: NDArray[np.int64], decrease: int, source: np.random.Generator
) -> NDArray[np.int64]:
    """Take points from random items (or add them, if negative) within the items' limits.

    Parameters
    ----------
    items : ndarray of shape (n_items,)
        Scores from 0 to the maximum.
    decrease : int
        Points by which the total falls, as far as the limits allow.
    source : numpy.random.Generator
        Which items change.

    Returns
    -------
    ndarray of shape (n_items,)

    Examples
    --------
    >>> change_of_items(np.array([4, 0, 3]), 7, np.random.default_rng(0)).tolist()
    [0, 0, 0]
    """
    if decrease >= 0:
        taken = min(decrease, int(items.sum()))
        return items - source.multivariate_hypergeometric(items, taken)
    room = CAPS5_ITEM_MAXIMUM - items
    return items + source.multivariate_hypergeometric(room, min(-decrease, int(room.sum())))


def plan_symptoms(
    *,
    arm: str,
    circuit_change: float | None,
    effect: bool,
    model: ForwardModel,
    source: np.random.Generator,
) -> tuple[dict[str, NDArray[np.int64]], dict[str, int]]:
    """Draw the symptom scores of both sessions.

    Improvement is ``mean + SD (r u + sqrt(1 - r^2) e)`` with u the standardized change of the
    circuit; without a change, r is 0. Without effects both arms improve by the same average.

    Parameters
    ----------
    arm : str
        One of `ARMS`.
    circuit_change : float or None
        Standardized change of the circuit, if it is planted.
    effect : bool
        Whether the arms differ.
    model : ForwardModel
        Means, spreads and correlations.
    source : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    caps5_items : dict of str to ndarray of shape (20,)
        Item scores by session.
    madrs : dict of str to int
        Total by session.
    """
    means = {
        "midazolam": model.improvement_midazolam.value,
        "ketamine": model.improvement_ketamine.value,
    }
    mean = means[arm] if effect else sum(means.values()) / len(means)
    own, mood, baseline, mood_baseline = source.normal(size=4)
    r = 0.0 if circuit_change is None else model.improvement_correlation.value
    score = r * (circuit_change or 0.0) + np.sqrt(1.0 - r**2) * own
    improvement = round(float(mean + model.improvement_spread.value * score))
    shared = model.depression_correlation.value
    mood_score = shared * score + np.sqrt(1.0 - shared**2) * mood
    mood_improvement = mean + model.improvement_spread.value * mood_score

    total = round(model.caps5_baseline.value + model.caps5_baseline_spread.value * baseline)
    maximum = np.full(N_CAPS5_ITEMS, CAPS5_ITEM_MAXIMUM)
    pre = source.multivariate_hypergeometric(maximum, int(np.clip(total, 0, maximum.sum())))
    post = change_of_items(pre, improvement, source)
    madrs_pre = model.madrs_baseline.value + model.madrs_baseline_spread.value * mood_baseline
    madrs = {"pre": madrs_pre, "post": madrs_pre - mood_improvement}
    limited = {key: int(np.clip(round(value), 0, MADRS_MAXIMUM)) for key, value in madrs.items()}
    return {"pre": pre, "post": post}, limited


def plan_motion(model: ForwardModel, source: np.random.Generator) -> dict[tuple[str, str], float]:
    """Draw the mean framewise displacement of each run: it knows no arm, session or task."""
    typical = np.log(model.mean_fd.value) + model.mean_fd_spread.value * source.normal()
    return {
        (session, task): float(
            np.clip(
                np.exp(typical + model.mean_fd_run_spread.value * source.normal()),
                model.mean_fd.low,
                model.mean_fd.high,
            )
        )
        for session in SESSIONS
        for task in TASKS
    }


def plan_participant(index: int, *, seed: int, effect: bool, model: ForwardModel) -> Participant:
    """Draw one participant.

    The same seed gives the same person with and without effects: only what is planted differs.

    Parameters
    ----------
    index : int
        From 0.
    seed : int
        Seed of the trial.
    effect : bool
        Whether contrasts, effects of faces on the circuit, changes of coupling and their relation
        to symptoms are planted.
    model : ForwardModel
        All ranges.

    Returns
    -------
    Participant
    """
    label = f"sub-{index + 1:02d}"
    arm = arm_of(index, seed=seed)
    source = generator(seed, label, "activation")
    activation = {
        task.label: {
            region: uniform_within(model.contrast_amplitude, source) * float(effect)
            for region in task.planted
        }
        for task in TASKS.values()
    }
    source = generator(seed, label, "coupling")
    spread = model.coupling_spread
    coupling = {
        pair: value + float(np.clip(spread.value * source.normal(), -spread.high, spread.high))
        for pair, value in BASELINE_COUPLING.items()
    }
    change = uniform_within(model.coupling_change, source)
    planted = effect and arm == "ketamine"
    caps5_items, madrs = plan_symptoms(
        arm=arm,
        circuit_change=standardized(change, model.coupling_change) if planted else None,
        effect=effect,
        model=model,
        source=generator(seed, label, "symptoms"),
    )
    return Participant(
        label=label,
        arm=arm,
        covariates=plan_covariates(label, seed=seed),
        caps5_items=caps5_items,
        madrs=madrs,
        activation=activation,
        circuit=plan_circuit(
            improvement=caps5_improvement(caps5_items),
            arm=arm,
            effect=effect,
            model=model,
            source=generator(seed, label, "circuit"),
        ),
        coupling=coupling,
        coupling_change=change if planted else 0.0,
        mean_fd=plan_motion(model, generator(seed, label, "motion")),
    )
