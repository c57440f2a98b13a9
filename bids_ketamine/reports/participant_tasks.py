"""Pictures of a participant's runs and tasks, sessions side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.figures.courses import course_figure
from bids_ketamine.reports.figures.design import design_figure
from bids_ketamine.reports.figures.maps import (
    OPAQUE_FROM,
    StatMap,
    color_limit,
    map_figure,
    read_map,
)
from bids_ketamine.reports.figures.matrix import common_limit, matrix_figure
from bids_ketamine.reports.figures.quality import quality_figure
from bids_ketamine.reports.methods_participant import route_words
from bids_ketamine.reports.tree import (
    ParticipantOutput,
    RunOutput,
    SessionOutput,
    TaskFile,
    read_json,
)
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import number, text
from bids_ketamine.study.spec import ConfoundsSpec, StudySpec


@dataclass(frozen=True)
class PictureGroup:
    """Pictures under one heading."""

    title: str
    words: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class TaskView:
    """The section of a task."""

    anchor: str
    title: str
    words: str
    groups: tuple[PictureGroup, ...]


def motion_words(spec: StudySpec) -> str:
    """Return what the motion pictures show."""
    words = (
        "Framewise displacement and standardized DVARS of every volume. Marked volumes have a "
        "regressor of their own; dashed lines are the study's thresholds."
    )
    if any(each.outliers is None for each in _confounds(spec)):
        words += " Where no threshold is drawn the study has none."
    return words


def _confounds(spec: StudySpec) -> list[ConfoundsSpec]:
    found = [spec.glm.confounds] if spec.tasks else []
    return found + ([spec.rest.confounds] if spec.rest is not None else [])


def motion_pictures(found: ParticipantOutput, spec: StudySpec) -> list[Picture]:
    """Draw motion and outliers of every run, tasks in turn and sessions beside each other.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Gives the thresholds.
    """
    runs = [(session, run) for session in found.sessions for run in session.runs if run.quality]
    order = list(dict.fromkeys(task for task, _ in _tasks(found, spec)))
    runs.sort(key=lambda each: (order.index(each[1].task), each[1].run))
    pictures = []
    for session, run in runs:
        facts = run.facts
        caption = f"{session.name}, {_run_name(run)}"
        if facts:
            caption += (
                f" \u2013 mean FD {number(facts.get('MeanFramewiseDisplacement'), 3)} mm, "
                f"{text(facts.get('VolumesKept'))} of {text(facts.get('Volumes'))} volumes kept, "
                f"{text(facts.get('OutlierVolumes'))} outliers"
            )
        pictures.append(picture(caption, partial(_draw_quality, run, spec, caption)))
    return pictures


def _draw_quality(run: RunOutput, spec: StudySpec, caption: str) -> Markup:
    assert run.quality is not None  # runs without are left out
    at_rest = spec.rest is not None and run.task == spec.rest.task
    confounds = spec.rest.confounds if spec.rest is not None and at_rest else spec.glm.confounds
    rule = confounds.outliers
    return quality_figure(
        read_table(run.quality),
        framewise_displacement=rule.framewise_displacement if rule else None,
        std_dvars=rule.std_dvars if rule else None,
        name=f"quality-{run.name}",
        description=f"Framewise displacement and standardized DVARS over volumes: {caption}",
    )


def task_views(found: ParticipantOutput, spec: StudySpec) -> list[TaskView]:
    """Return a section for each task with results, in the order of the study.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Names and order of tasks.
    """
    views = []
    for label, title in _tasks(found, spec):
        at_rest = spec.rest is not None and label == spec.rest.task
        runs = [
            (session, run)
            for session in found.sessions
            for run in session.runs
            if run.task == label and (run.design or run.series)
        ]
        if at_rest:
            groups = _matrices(found, label) + _cleaned_series(runs)
        else:
            groups = _maps(found, label) + [_run_group(session, run) for session, run in runs]
        if groups:
            words = _REST_WORDS if at_rest else _TASK_WORDS
            anchor = "task-" + re.sub(r"[^A-Za-z0-9]+", "-", label)
            views.append(TaskView(anchor, title, words, tuple(groups)))
    return views


_TASK_WORDS = (
    "Runs of a session are combined in its maps. All values are shown: those below a t of "
    f"{OPAQUE_FROM:g} in size fade. Nothing is corrected for the number of voxels; the maps are "
    "for looking, the measures are in the table below. Colours are the same in all sessions."
)
_REST_WORDS = (
    "Pearson correlations of cleaned region series, runs of a session together. Colours are the "
    "same in all sessions."
)


def _tasks(found: ParticipantOutput, spec: StudySpec) -> list[tuple[str, str]]:
    """Return label and title of every task in the tree, those of the study first."""
    known = [(task.label, f"Task {task.name}") for task in spec.tasks]
    if spec.rest is not None:
        known.append((spec.rest.task, "Rest"))
    labels = {run.task for session in found.sessions for run in session.runs}
    labels |= {
        file.task for session in found.sessions for file in (*session.maps, *session.matrices)
    }
    others = sorted(labels - {label for label, _ in known})
    return [each for each in known if each[0] in labels] + [
        (each, f"Task {each}") for each in others
    ]


def _run_name(run: RunOutput) -> str:
    return f"{run.task} run {run.run}" if run.run else run.task


def _maps(found: ParticipantOutput, task: str) -> list[PictureGroup]:
    groups: dict[str, list[tuple[SessionOutput, TaskFile]]] = {}
    for session in found.sessions:
        for file in session.maps:
            if file.task == task:
                groups.setdefault(file.entities.get("contrast", ""), []).append((session, file))
    return [
        PictureGroup(f"Contrast {contrast}", "", tuple(_contrast_pictures(contrast, files)))
        for contrast, files in groups.items()
    ]


def _contrast_pictures(
    contrast: str, files: Sequence[tuple[SessionOutput, TaskFile]]
) -> list[Picture]:
    maps: dict[Path, StatMap] = {}
    for _, file in files:
        # A damaged map is told in its own picture and takes no part in the common scale.
        with suppress(BidsKetamineError, ValueError):
            maps[file.path] = read_map(file.path)
    limit = color_limit(list(maps.values()))
    pictures = []
    for session, file in files:
        stat_map = maps.get(file.path)
        caption = f"{session.name}: t map of {contrast}"
        where = stat_map.largest() if stat_map is not None else None
        if where is not None and stat_map is not None:
            x, y, z = (number(each, 0) for each in where[1])
            caption += (
                f" \u2013 largest t {number(where[0], 1)} at ({x}, {y}, {z}) mm, "
                f"{stat_map.n_voxels:,} voxels"
            )
        pictures.append(picture(caption, partial(_draw_map, file, limit, caption)))
    return pictures


def _draw_map(file: TaskFile, limit: float, caption: str) -> Markup:
    return map_figure(
        read_map(file.path),
        mni=file.entities.get("space", "").startswith("MNI"),
        limit=limit,
        description=f"Axial slices of a brain, {caption}",
    )


def _matrices(found: ParticipantOutput, task: str) -> list[PictureGroup]:
    files = [
        (session, file)
        for session in found.sessions
        for file in session.matrices
        if file.task == task
    ]
    tables: list[pd.DataFrame] = []
    for _, file in files:
        with suppress(BidsKetamineError, ValueError):
            tables.append(_read_matrix(file.path))
    limit = common_limit(tables)
    pictures = [
        picture(f"{session.name}: correlation of regions", partial(_draw_matrix, file, limit))
        for session, file in files
    ]
    return [PictureGroup("Connectivity matrices", "", tuple(pictures))] if pictures else []


def _read_matrix(path: Path) -> pd.DataFrame:
    table = read_table(path, text=("Node",)).set_index("Node")
    if table.shape[0] != table.shape[1]:
        raise ValueError(f"{path.name} is not square")
    return table


def _draw_matrix(file: TaskFile, limit: float) -> Markup:
    matrix = _read_matrix(file.path)
    description = f"Matrix of correlations between {len(matrix)} regions"
    return matrix_figure(matrix, limit=limit, name=file.path.name, description=description)


def _cleaned_series(runs: Sequence[tuple[SessionOutput, RunOutput]]) -> list[PictureGroup]:
    pictures = []
    for session, run in runs:
        caption = f"{session.name}, {_run_name(run)}"
        caption += f" \u2013 {route_words(run.facts)}" if run.facts else ""
        pictures.append(picture(caption, partial(_draw_courses, run)))
    return [PictureGroup("Cleaned region series", "", tuple(pictures))] if pictures else []


def _run_group(session: SessionOutput, run: RunOutput) -> PictureGroup:
    pictures = [
        picture("Condition regressors and region series", partial(_draw_courses, run)),
    ]
    if run.design is not None:
        caption = "Design matrix, each column scaled to its largest size"
        pictures.append(picture(caption, partial(_draw_design, run)))
    words = route_words(run.facts) if run.facts else ""
    return PictureGroup(f"{session.name}, {_run_name(run)}", words, tuple(pictures))


def _draw_courses(run: RunOutput) -> Markup:
    design = None if run.design is None else read_table(run.design)
    facts = {} if run.design is None else read_json(run.design.with_suffix(".json"), [])
    series, unit, t_r = None, "", facts.get("RepetitionTime") or run.facts.get("RepetitionTime")
    if run.series is not None:
        series = read_table(run.series)
        sidecar = read_json(run.series.with_suffix(".json"), [])
        units = {each.get("Units") for each in sidecar.values() if isinstance(each, dict)}
        unit = str(sidecar.get("Units") or next((each for each in units if each), ""))
    return course_figure(
        design=design,
        conditions=[str(name) for name in facts.get("Conditions") or ()],
        series=series,
        t_r=t_r,
        unit="%" if unit.startswith("percent") else "" if unit == "arbitrary" else unit,
        name=f"course-{run.name}",
        description=f"Time courses of {run.name}",
    )


def _draw_design(run: RunOutput) -> Markup:
    assert run.design is not None  # asked for by the caller
    design = read_table(run.design)
    facts = read_json(run.design.with_suffix(".json"), [])
    conditions = [str(name) for name in facts.get("Conditions") or ()]
    return design_figure(
        design,
        conditions=conditions,
        name=f"design-{run.name}",
        description=f"Design matrix of {run.name}: {', '.join(map(str, design.columns))}",
    )
