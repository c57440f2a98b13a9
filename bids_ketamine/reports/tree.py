"""What the output tree holds of one participant, found by name and not yet read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.errors import BidsKetamineError, InputMissingError
from bids_ketamine.outputs.measures import MEASURE_COLUMNS
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import read_json
from bids_ketamine.study.spec import StudySpec

#: Columns of a measures table that are text whatever they hold.
TEXT_COLUMNS = (
    *("participant_id", "session_id", "session", "measure", "task", "contrast", "regions"),
    *("unit", "method", "version", "reason"),
)


@dataclass(frozen=True)
class RunOutput:
    """Files of one run.

    Attributes
    ----------
    task, run : str
        Entities of the file names; ``run`` is empty where there is none.
    name : str
        Start of the file names.
    facts : mapping
        Its entry of ``Runs`` in the measures sidecar; empty when there is none.
    quality, design, series : Path or None
        Tables of the run.
    """

    task: str
    run: str
    name: str
    facts: Mapping[str, Any]
    quality: Path | None
    design: Path | None
    series: Path | None

    @property
    def title(self) -> str:
        """Task and run, for the eye."""
        return f"{self.task} run {self.run}" if self.run else self.task

    def design_facts(self) -> dict[str, Any]:
        """Read the sidecar of the design; empty where there is none."""
        return {} if self.design is None else read_json(self.design.with_suffix(".json"), [])


@dataclass(frozen=True)
class TaskFile:
    """A file of a task whose runs are combined, such as a contrast map or a matrix."""

    task: str
    path: Path
    entities: Mapping[str, str]

    def facts(self) -> dict[str, Any]:
        """Read the sidecar of a table; empty where there is none."""
        return read_json(self.path.with_suffix(".json"), [])


@dataclass(frozen=True)
class SessionOutput:
    """One finished session.

    Attributes
    ----------
    name : str
        Its meaning in the study.
    label : str
        ``ses-pre``, or empty where there are no session folders.
    measures : DataFrame
        The measures table.
    facts : mapping
        Its sidecar.
    runs : tuple of RunOutput
        By task and run.
    maps, matrices : tuple of TaskFile
        Maps of t or F of contrasts, and matrices of Pearson correlations.
    partial_matrices : tuple of TaskFile
        Matrices of partial correlations.
    gppi_tables, gppi_matrices : tuple of TaskFile
        Generalized PPI of seeds and targets: every estimate, and a matrix of each contrast.
    dissimilarities, reliabilities : tuple of TaskFile
        Dissimilarities of trial types by region, and how well halves of the partitions agree.
    circuits : tuple of TaskFile
        Estimates of dynamic causal models.
    network_tables, region_tables : tuple of TaskFile
        Means over the edges of networks at rest, and the signal of each region.
    seed_maps : tuple of TaskFile
        Maps of Fisher z of seeds, of volumes or of grayordinates.
    """

    name: str
    label: str
    measures: pd.DataFrame
    facts: Mapping[str, Any]
    runs: tuple[RunOutput, ...]
    maps: tuple[TaskFile, ...]
    matrices: tuple[TaskFile, ...]
    partial_matrices: tuple[TaskFile, ...] = ()
    gppi_tables: tuple[TaskFile, ...] = ()
    gppi_matrices: tuple[TaskFile, ...] = ()
    dissimilarities: tuple[TaskFile, ...] = ()
    reliabilities: tuple[TaskFile, ...] = ()
    circuits: tuple[TaskFile, ...] = ()
    network_tables: tuple[TaskFile, ...] = ()
    region_tables: tuple[TaskFile, ...] = ()
    seed_maps: tuple[TaskFile, ...] = ()

    @property
    def task_files(self) -> tuple[TaskFile, ...]:
        """Every file of a task whose runs are combined."""
        return (
            *(*self.maps, *self.matrices, *self.partial_matrices, *self.gppi_tables),
            *(*self.gppi_matrices, *self.dissimilarities, *self.reliabilities, *self.circuits),
            *(*self.network_tables, *self.region_tables, *self.seed_maps),
        )


@dataclass(frozen=True)
class ParticipantOutput:
    """Everything the tree holds of one participant.

    Attributes
    ----------
    participant : str
        ``sub-01``.
    sessions : tuple of SessionOutput
        Finished sessions in the order of the study.
    log : mapping
        The errors file: ``Errors``, ``Notices``, ``Sessions``, ``Missing``.
    unreadable : tuple of str
        Files that are there and cannot be read, with the reason.
    """

    participant: str
    sessions: tuple[SessionOutput, ...]
    log: Mapping[str, Any]
    unreadable: tuple[str, ...]


def read_participant(output_dir: Path, participant: str, *, spec: StudySpec) -> ParticipantOutput:
    """Find what the output tree holds of a participant.

    Parameters
    ----------
    output_dir : Path
        The output folder.
    participant : str
        Label, with or without ``sub-``.
    spec : StudySpec
        Gives the order of sessions.

    Raises
    ------
    InputMissingError
        If the tree holds neither results nor a log of this participant.
    """
    name = "sub-" + participant.removeprefix("sub-")
    folder, log_file = output_dir / name, output_dir / "logs" / f"{name}_errors.json"
    if not folder.is_dir() and not log_file.is_file():
        raise InputMissingError(
            f"The output folder holds nothing of {name}.",
            path=output_dir,
            cure="Run the participant level first.",
        )
    unreadable: list[str] = []
    log = read_json(log_file, unreadable)
    tables = [*folder.glob("*_measures.tsv"), *folder.glob("ses-*/*_measures.tsv")]
    found = [_session(table, spec, unreadable) for table in sorted(tables)]
    order = {session.name: position for position, session in enumerate(spec.sessions)}
    sessions = sorted(
        (session for session in found if session is not None),
        key=lambda session: (order.get(session.name, len(order)), session.label),
    )
    return ParticipantOutput(name, tuple(sessions), log, tuple(unreadable))


def _session(table: Path, spec: StudySpec, unreadable: list[str]) -> SessionOutput | None:
    try:
        measures = read_table(table, text=TEXT_COLUMNS)
    except BidsKetamineError as error:
        unreadable.append(f"{table.name} cannot be read: {error.message}")
        return None
    measures = measures.reindex(columns=list(MEASURE_COLUMNS))
    facts = read_json(table.with_suffix(".json"), unreadable)
    label = entities_of(table.name).get("ses", "")
    functional = table.parent / "func"
    return SessionOutput(
        name=_meaning(measures, label, spec),
        label=f"ses-{label}" if label else "",
        measures=measures,
        facts=facts,
        runs=_runs(functional, facts, spec),
        maps=_task_files(functional, "*_stat-[tF]_statmap.nii*"),
        matrices=_task_files(functional, "*_stat-pearsoncorrelation_relmat.tsv"),
        partial_matrices=_task_files(functional, "*_stat-partialcorrelation_relmat.tsv"),
        gppi_tables=_task_files(functional, "*_gppi.tsv"),
        gppi_matrices=_task_files(functional, "*_stat-gppi_relmat.tsv"),
        dissimilarities=_task_files(functional, "*_stat-ldc_dissimilarity.tsv"),
        reliabilities=_task_files(functional, "*_stat-ldc_reliability.tsv"),
        circuits=_task_files(functional, "*_desc-dcm_estimates.json"),
        network_tables=_task_files(functional, "*_networks.tsv"),
        region_tables=_task_files(functional, "*_regions.tsv"),
        seed_maps=_task_files(functional, "*_seed-*_stat-fisherz_statmap.*nii*"),
    )


def _meaning(measures: pd.DataFrame, label: str, spec: StudySpec) -> str:
    names = measures["session"].dropna().unique()
    if len(names):
        return str(names[0])
    matching = [session.name for session in spec.scanned_sessions if (session.label or "") == label]
    return matching[0] if matching else label or "session"


def _runs(folder: Path, facts: Mapping[str, Any], spec: StudySpec) -> tuple[RunOutput, ...]:
    kinds = {
        "quality": "_desc-quality_timeseries.tsv",
        "design": "_design.tsv",
        "series": "_timeseries.tsv",
    }
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("*.tsv")):
        kind = next((kind for kind, ending in kinds.items() if path.name.endswith(ending)), None)
        if kind is not None and "_desc-eigenvariate_" not in path.name:
            start = path.name.split("_desc-")[0].split("_space-")[0].split("_atlas-")[0]
            files.setdefault(start.removesuffix("_design.tsv"), {})[kind] = path
    unused = [entry for entry in facts.get("Runs", []) if isinstance(entry, Mapping)]
    runs = []
    for name in sorted(files):
        entities = entities_of(name)
        task, run = entities.get("task", ""), entities.get("run", "")
        entry = next((each for each in unused if _describes(each, task, run, spec)), None)
        if entry is not None:
            unused.remove(entry)
        found = files[name]
        runs.append(
            RunOutput(
                task=task,
                run=run,
                name=name,
                facts=entry or {},
                quality=found.get("quality"),
                design=found.get("design"),
                series=found.get("series"),
            )
        )
    without_files = [_recorded_run(entry, spec) for entry in unused]
    return tuple(sorted((*runs, *without_files), key=lambda run: (run.task, run.run)))


def _recorded_run(entry: Mapping[str, Any], spec: StudySpec) -> RunOutput:
    labels = {each.name: each.label for each in spec.tasks}
    task, run = str(entry.get("Task", "")), str(entry.get("Run") or "").removeprefix("run-")
    task = labels.get(task, task)
    return RunOutput(
        task=task, run=run, name="", facts=entry, quality=None, design=None, series=None
    )


def _describes(entry: Mapping[str, Any], task: str, run: str, spec: StudySpec) -> bool:
    # A run is recorded under the study's name of the task or under its label in the dataset.
    names = {task} | {each.name for each in spec.tasks if each.label == task}
    recorded = str(entry.get("Run") or "").removeprefix("run-").lstrip("0")
    return str(entry.get("Task", "")) in names and recorded == run.lstrip("0")


def _task_files(folder: Path, pattern: str) -> tuple[TaskFile, ...]:
    found = []
    for path in sorted(folder.glob(pattern)):
        entities = entities_of(path.name)
        found.append(TaskFile(entities.get("task", ""), path, entities))
    return tuple(found)


def entities_of(name: str) -> dict[str, str]:
    """Return the entities of a BIDS file name.

    >>> entities_of("sub-01_ses-pre_task-faces_run-1_design.tsv")
    {'sub': '01', 'ses': 'pre', 'task': 'faces', 'run': '1'}
    """
    parts = (part.partition("-") for part in name.split(".")[0].split("_") if "-" in part)
    return {key: value for key, _, value in parts}
