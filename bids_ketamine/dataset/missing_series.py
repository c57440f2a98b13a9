"""How to say that a run has no series, or not the preferred one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bids_ketamine.dataset.dense_series import (
    expected_entities,
    reads_dense,
    series_extensions,
)
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.names import DatasetFile, listed
from bids_ketamine.dataset.session_files import (
    DENSE_EXTENSION,
    IMAGE_EXTENSIONS,
    SURFACE_SPACE,
    SessionFiles,
)
from bids_ketamine.dataset.wanted import WantedTask
from bids_ketamine.study.spec import InputsSpec


def no_bold(
    session: SessionFiles,
    task: WantedTask,
    inputs: InputsSpec,
    run: str | None,
    of_run: Iterable[DatasetFile],
) -> Missing:
    """Record that a run has no series that the study reads.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    task : WantedTask
        The task.
    inputs : InputsSpec
        What the study reads.
    run : str or None
        `run` entity.
    of_run : iterable of DatasetFile
        Its series, of whatever kind.
    """
    entities, extension = {"task": task.label, "space": inputs.space}, ".nii.gz"
    if inputs.resolution is not None:
        entities["res"] = inputs.resolution
    if inputs.bold_descriptions:
        entities["desc"] = inputs.bold_descriptions[-1]
    if reads_dense(inputs):
        entities, extension = {"task": task.label} | expected_entities(inputs), DENSE_EXTENSION
    if run is not None:
        entities["run"] = run
    expected = session.expected(entities, "bold", extension)
    folder = session.folder_at(expected)
    if folder is not None:
        return Missing(f"{task.name}: bold", folder)
    of_run = list(of_run)
    same_kind = [file for file in of_run if file.extension in series_extensions(inputs)]
    others = sorted({_shown(file) for file in same_kind})
    there = f"; there are {listed(others)}" if others else ""
    there += _other_kind(of_run, inputs)
    there = there or tasks_there(session, task)
    return Missing(f"{task.name}: bold", f"expected {expected} in {session.places}{there}")


def _shown(file: DatasetFile) -> str:
    keys = ("space", "cohort", "res", "den", "desc")
    parts = [f"{key}-{file.get(key)}" for key in keys if file.get(key)]
    return "_".join(parts) or "a series without space and desc"


def tasks_there(session: SessionFiles, task: WantedTask) -> str:
    """Name the other tasks of a session; empty without any."""
    tasks = {
        file.entities["task"]
        for files in session.derivatives.values()
        for file in files
        if session.own(file) and "task" in file.entities
    } - {task.label}
    return f"; other tasks are there: {listed(sorted(tasks))}" if tasks else ""


def passed_over(
    of_run: Sequence[DatasetFile], used: DatasetFile, task: WantedTask, inputs: InputsSpec
) -> list[Missing]:
    """Name series that are preferred and lie in another space: spaces are never mixed silently."""
    order = inputs.bold_descriptions
    notes: list[Missing] = []
    if used.get("desc") not in order:  # CIFTI series have none
        return notes
    for description in order[: order.index(used.entities["desc"])]:
        elsewhere = [file for file in of_run if file.get("desc") == description]
        if elsewhere:
            space = elsewhere[0].get("space") or "no template space"
            reason = f"is in {space}, the study reads {inputs.space}"
            if space == inputs.space:
                found = elsewhere[0].get("res")
                reason = (
                    f"has {f'res-{found}' if found else 'no res'}, "
                    f"the study reads res-{inputs.resolution}"
                )
            notes.append(
                Missing(f"{task.name}: {description}", f"{reason}; {used.get('desc')} is used")
            )
    return notes


def _other_kind(of_run: Iterable[DatasetFile], inputs: InputsSpec) -> str:
    """Say that a run has series of the kind that the study does not read; empty if not."""
    if reads_dense(inputs):
        spaces = {f.get("space") for f in of_run if f.extension in IMAGE_EXTENSIONS}
        templates = sorted(space for space in spaces if space)
        if not templates:
            return ""
        return f"; there are volumes in {listed(templates)}: set inputs.space to read those"
    if any(file.extension == DENSE_EXTENSION for file in of_run):
        return f"; there is a CIFTI series: set inputs.space to {SURFACE_SPACE} to read it"
    return ""
