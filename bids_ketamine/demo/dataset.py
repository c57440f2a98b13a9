"""Writes the demo trial: a BIDS dataset, fMRIPrep-like derivatives and the truth."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from bids_ketamine.demo import sidecars
from bids_ketamine.demo.files import write_json, write_table, write_text
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import (
    N_CAPS5_ITEMS,
    SESSIONS,
    Participant,
    plan_participant,
)
from bids_ketamine.demo.session import SessionWriter
from bids_ketamine.demo.tasks import TASKS, Task
from bids_ketamine.demo.truth import trial_truth
from bids_ketamine.errors import CannotCreateError, ReadWriteError, UsageError

RESOLUTIONS = range(2, 13)

Progress = Callable[[str, int, int], None]


def write_demo_trial(
    out: Path,
    *,
    n_participants: int,
    seed: int,
    effect: bool,
    resolution: float,
    progress: Progress | None = None,
    tasks: Sequence[str] = tuple(TASKS),
) -> dict[str, object]:
    """Write a simulated trial.

    Parameters
    ----------
    out : Path
        New or empty folder.
    n_participants : int
        At least 1; arms are balanced in each two in a row.
    seed : int
        Not negative. The files of a participant do not depend on the number of participants.
    effect : bool
        Whether anything is planted; without, all null hypotheses hold.
    resolution : float
        Voxel size, whole mm from 2 to 12.
    progress : callable, optional
        Called as ``progress(label, done, total)`` after each participant-session.
    tasks : sequence of str
        Which of ``faces``, ``stroop``, ``rest`` to write.

    Returns
    -------
    dict
        The content of ``truth.json``.

    Raises
    ------
    UsageError
        If a number is out of its range or a task unknown.
    CannotCreateError
        If `out` is not empty, not a folder, or cannot be made.
    ReadWriteError
        If writing fails.
    """
    out = Path(out)
    check_request(n_participants=n_participants, seed=seed, resolution=resolution, tasks=tasks)
    make_folder(out)
    model = ForwardModel()
    participants = [
        plan_participant(i, seed=seed, effect=effect, model=model) for i in range(n_participants)
    ]
    chosen = [TASKS[name] for name in TASKS if name in tasks]
    # One thread: sums come out the same to the last bit on any number of cores.
    with threadpool_limits(limits=1, user_api="blas"):
        truth = trial_truth(
            participants=participants,
            tasks=chosen,
            seed=seed,
            effect=effect,
            resolution=resolution,
            model=model,
        )
    try:
        write_trial_files(out, participants, chosen, seed=seed, effect=effect)
        write_json(out / "truth.json", truth)
        writer = SessionWriter(out, seed=seed, resolution=int(resolution), model=model)
        visits = list(itertools.product(participants, SESSIONS))
        with threadpool_limits(limits=1, user_api="blas"):
            for done, (participant, session) in enumerate(visits, start=1):
                writer.write(participant, session, chosen)
                if progress is not None:
                    progress(f"{participant.label} ses-{session}", done, len(visits))
    except OSError as error:
        raise ReadWriteError(
            f"The trial could not be written: {error.strerror or error}.",
            path=error.filename or out,
            cure="Free space or choose another folder, and start again with an empty one.",
        ) from error
    return truth


def check_request(
    *, n_participants: int, seed: int, resolution: float, tasks: Sequence[str]
) -> None:
    """Raise UsageError if a trial cannot be made as asked."""
    if n_participants < 1:
        raise UsageError(f"A trial needs at least 1 participant, got {n_participants}.")
    if seed < 0:
        raise UsageError(f"The seed must not be negative, got {seed}.")
    # The templates nilearn carries come at whole millimetres.
    if resolution not in RESOLUTIONS:
        raise UsageError(
            f"The resolution must be a whole number of mm from {RESOLUTIONS[0]} to "
            f"{RESOLUTIONS[-1]}, got {resolution:g}."
        )
    unknown = sorted(set(tasks) - set(TASKS))
    if unknown or not tasks:
        raise UsageError(f"Tasks are {', '.join(TASKS)}, got {', '.join(unknown) or 'none'}.")


def make_folder(out: Path) -> None:
    """Create the output folder; refuse one that already holds something."""
    cure = "Choose a new or an empty folder."
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise CannotCreateError("The output folder is not empty.", path=out, cure=cure)
    except OSError as error:
        reason = "exists and is not a folder" if out.is_file() else f"fails: {error.strerror}"
        raise CannotCreateError(
            f"The output folder cannot be made, it {reason}.", path=out, cure=cure
        ) from error


def write_trial_files(
    out: Path,
    participants: Sequence[Participant],
    tasks: Sequence[Task],
    *,
    seed: int,
    effect: bool,
) -> None:
    """Write what concerns the whole trial: descriptions, participants, symptoms, task sidecars."""
    write_json(out / "dataset_description.json", sidecars.raw_description(seed, effect))
    write_text(out / "README.md", sidecars.README)
    write_text(out / ".bidsignore", sidecars.RAW_IGNORED)
    preprocessed = out / "derivatives/fmriprep"
    write_json(preprocessed / "dataset_description.json", sidecars.derivative_description())
    write_text(preprocessed / "README.md", sidecars.DERIVATIVE_README)
    write_text(preprocessed / ".bidsignore", sidecars.DERIVATIVE_IGNORED)

    columns = sidecars.participants_columns()
    write_json(out / "participants.json", columns)
    write_table(
        out / "participants.tsv",
        ["participant_id", *columns],
        (
            [person.label, person.arm, *(person.covariates.get(name) for name in list(columns)[1:])]
            for person in participants
        ),
    )
    visits = list(itertools.product(participants, SESSIONS))
    write_json(out / "phenotype/caps5.json", sidecars.caps5_columns())
    write_table(
        out / "phenotype/caps5.tsv",
        ["participant_id", "session_id", *(f"caps5_{i + 1:02d}" for i in range(N_CAPS5_ITEMS))],
        (
            [person.label, f"ses-{session}", *person.caps5_items[session].tolist()]
            for person, session in visits
        ),
    )
    write_json(out / "phenotype/madrs.json", sidecars.madrs_columns())
    write_table(
        out / "phenotype/madrs.tsv",
        ["participant_id", "session_id", "madrs_total"],
        ([person.label, f"ses-{session}", person.madrs[session]] for person, session in visits),
    )
    for task in tasks:
        write_json(out / f"task-{task.label}_bold.json", sidecars.raw_bold(task))
        if task.make_trials is not None:
            write_json(out / f"task-{task.label}_events.json", sidecars.events_columns(task))
