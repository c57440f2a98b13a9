"""The three tasks: their length, conditions, planted contrasts and trial sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from bids_ketamine.demo import streams
from bids_ketamine.demo.haemodynamics import task_response
from bids_ketamine.demo.regions import FloatArray

T_R = 2.0
ECHO_TIME = 0.027
N_SLICES = 40

#: When each slice was acquired, s; ascending.
SLICE_TIMES = tuple(round(T_R * i / N_SLICES, 3) for i in range(N_SLICES))

#: The slice-timing reference of fMRIPrep: the middle of the acquisition, s.
START_TIME = round((SLICE_TIMES[0] + SLICE_TIMES[-1]) / 2.0, 4)

EMOTIONS = ("neutral", "fearful", "surprised", "angry")
TRIALS_PER_BLOCK = 6
FACE_TRIAL = 5.0
STROOP_TRIAL = 1.0
STROOP_TRIALS_PER_CONDITION = 60
STROOP_BLOCK_PER_CONDITION = 6
LEAD_IN = 10.0


class Trial(NamedTuple):
    """One row of an events table; a missed answer has no response time and accuracy 0."""

    onset: float
    duration: float
    trial_type: str
    response_time: float | None
    accuracy: int


class Behaviour(NamedTuple):
    """How a condition is answered: median response time (s), and share of wrong answers."""

    response_time: float
    error_rate: float


#: Spread of the logarithm of response times.
RESPONSE_SPREAD = 0.18

#: Share of trials not answered at all, beside those whose answer comes after the trial.
LAPSE_RATE = 0.004

FACE_BEHAVIOUR = {
    "shapes": Behaviour(0.95, 0.02),
    **{emotion: Behaviour(1.25, 0.03) for emotion in EMOTIONS},
}
STROOP_BEHAVIOUR = {
    "congruent": Behaviour(0.62, 0.025),
    "incongruent": Behaviour(0.68, 0.06),
    "baseline": Behaviour(0.61, 0.025),
}


def answer(
    onset: float,
    duration: float,
    condition: str,
    behaviour: Mapping[str, Behaviour],
    generator: np.random.Generator,
) -> Trial:
    """Return a trial with its answer; later than the trial's end counts as missed."""
    median, error_rate = behaviour[condition]
    time = round(float(median * np.exp(RESPONSE_SPREAD * generator.normal())), 3)
    lapse, error = generator.uniform(size=2)
    if lapse < LAPSE_RATE or time >= duration:
        return Trial(onset, duration, condition, None, 0)
    return Trial(onset, duration, condition, time, int(error >= error_rate))


def face_matching_trials(generator: np.random.Generator) -> list[Trial]:
    """Return a face-matching run: a block of each emotion, blocks of shapes around them.

    Six trials of 5 s follow each other in a block; pauses of 14 to 17 s separate blocks, so
    that nine blocks fit 430 s.

    Parameters
    ----------
    generator : numpy.random.Generator
        Order of emotions, pauses and answers.

    Returns
    -------
    list of Trial
        54 trials: 30 of shapes, 6 of each emotion.
    """
    order = ["shapes"]
    for index in generator.permutation(len(EMOTIONS)):
        order += [EMOTIONS[index], "shapes"]
    trials = []
    onset = LEAD_IN
    for condition in order:
        for _ in range(TRIALS_PER_BLOCK):
            trials.append(answer(round(onset, 3), FACE_TRIAL, condition, FACE_BEHAVIOUR, generator))
            onset += FACE_TRIAL
        onset += round(float(generator.uniform(14.0, 17.0)), 1)
    return trials


def stroop_trials(generator: np.random.Generator) -> list[Trial]:
    """Return a face-Stroop run: 60 trials of each condition, mixed and jittered.

    Conditions are balanced within every 18 trials; onsets are 3.5 s apart on average, jittered by
    up to about 1 s.

    Parameters
    ----------
    generator : numpy.random.Generator
        Order, jitter and answers.

    Returns
    -------
    list of Trial
        180 trials.
    """
    block = np.repeat(list(STROOP_BEHAVIOUR), STROOP_BLOCK_PER_CONDITION)
    n_blocks = STROOP_TRIALS_PER_CONDITION // STROOP_BLOCK_PER_CONDITION
    order = np.concatenate([generator.permutation(block) for _ in range(n_blocks)])
    intervals = generator.uniform(2.5, 4.5, size=len(order))
    # Every run lasts the same: the jitter is centred.
    intervals = (intervals - intervals.mean() + 3.5).round(2)
    onsets = LEAD_IN + np.concatenate([[0.0], np.cumsum(intervals[:-1])])
    return [
        answer(round(float(onset), 3), STROOP_TRIAL, str(condition), STROOP_BEHAVIOUR, generator)
        for onset, condition in zip(onsets, order, strict=True)
    ]


@dataclass(frozen=True)
class Task:
    """One task of the trial.

    Attributes
    ----------
    label : str
        ``task`` entity.
    name : str
        ``TaskName``.
    description : str
        For the sidecar of the raw series.
    n_volumes : int
        Length of a run.
    make_trials : callable or None
        Draws the trials of one run.
    unit : {"plateau", "peak"}
        What an amplitude of 1 % means: the plateau of a block, or the peak of one event.
    contrast : str or None
        Name of the planted contrast.
    sides : mapping of str to float
        Where each condition lies between the two sides of the contrast, -0.5 to 0.5.
    planted : tuple of str
        Regions in which the contrast is planted.
    circuit : bool
        Whether vmPFC and amygdala answer as the simulated circuit does, without an amplitude of
        their own.
    """

    label: str
    name: str
    description: str
    n_volumes: int
    make_trials: Callable[[np.random.Generator], list[Trial]] | None = None
    unit: Literal["plateau", "peak"] = "plateau"
    contrast: str | None = None
    sides: Mapping[str, float] = field(default_factory=dict)
    planted: tuple[str, ...] = ()
    circuit: bool = False

    @property
    def frame_times(self) -> FloatArray:
        """When each volume was acquired after slice timing, s, shape (n_volumes,)."""
        return START_TIME + T_R * np.arange(self.n_volumes)


TASKS: dict[str, Task] = {
    "faces": Task(
        label="faces",
        name="face matching",
        description="Emotional faces or shapes are matched, in blocks of six trials.",
        n_volumes=215,
        make_trials=face_matching_trials,
        contrast="facesGtShapes",
        sides={"shapes": -0.5, **dict.fromkeys(EMOTIONS, 0.5)},
        planted=("anterior_insula",),
        circuit=True,
    ),
    "stroop": Task(
        label="stroop",
        name="face Stroop",
        description="The emotion of a face is named while a word on it agrees or disagrees.",
        n_volumes=331,
        make_trials=stroop_trials,
        unit="peak",
        contrast="incongruentGtCongruent",
        sides={"congruent": -0.5, "incongruent": 0.5, "baseline": 0.0},
        planted=("dACC", "anterior_insula"),
    ),
    "rest": Task(
        label="rest",
        name="rest",
        description="Eyes open, a cross on the screen.",
        n_volumes=360,
    ),
}


def trials_of_run(task: Task, label: str, session: str, *, seed: int) -> list[Trial]:
    """Return the trials of a participant's run; none at rest.

    Parameters
    ----------
    task : Task
        The task.
    label : str
        Participant, ``sub-01``, ...
    session : str
        ``pre`` or ``post``.
    seed : int
        Seed of the trial.
    """
    if task.make_trials is None:
        return []
    return task.make_trials(streams.generator(seed, label, f"ses-{session}", task.label, "trials"))


def activation(
    *,
    task: Task,
    trials: list[Trial],
    common: Mapping[str, float],
    amplitudes: Mapping[str, float],
    regions: tuple[str, ...],
) -> FloatArray:
    """Return the response of each region to the trials of a run.

    Condition c evokes ``common + side[c] * amplitude``, so that the planted contrast is the
    amplitude and no condition goes beyond ``common +- amplitude / 2``.

    Parameters
    ----------
    task : Task
        Conditions and frame times.
    trials : list of Trial
        Empty at rest.
    common : mapping of str to float
        Response of each region to all conditions, percent signal change.
    amplitudes : mapping of str to float
        Planted contrast of each region, percent signal change; regions left out have none.
    regions : tuple of str
        Order of the columns.

    Returns
    -------
    ndarray of shape (n_volumes, n_regions)
        Percent signal change.
    """
    signals = np.zeros((task.n_volumes, len(regions)))
    for condition, side in task.sides.items():
        own = [trial for trial in trials if trial.trial_type == condition]
        response = task_response(
            onsets=[trial.onset for trial in own],
            durations=[trial.duration for trial in own],
            frame_times=task.frame_times,
            unit=task.unit,
        )
        heights = [common.get(name, 0.0) + side * amplitudes.get(name, 0.0) for name in regions]
        signals += np.outer(response, heights)
    return signals
