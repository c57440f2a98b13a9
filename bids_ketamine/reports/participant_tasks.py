"""Sections of a participant's tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bids_ketamine.reports.figures.color_scale import OPAQUE_FROM
from bids_ketamine.reports.participant_cleaning import cleaning_groups
from bids_ketamine.reports.participant_collinearity import collinearity_group
from bids_ketamine.reports.participant_dcm import dcm_groups
from bids_ketamine.reports.participant_dropped import dropped_table
from bids_ketamine.reports.participant_gppi import gppi_groups
from bids_ketamine.reports.participant_maps import MapFiles, contrast_files, contrast_pictures
from bids_ketamine.reports.participant_networks import network_groups
from bids_ketamine.reports.participant_regions import region_means, task_rows
from bids_ketamine.reports.participant_rest import matrix_groups, series_groups
from bids_ketamine.reports.participant_rsa import rsa_groups
from bids_ketamine.reports.participant_runs import run_group
from bids_ketamine.reports.tree import ParticipantOutput
from bids_ketamine.reports.views import PictureGroup, TableView
from bids_ketamine.study.spec import StudySpec

_TASK_WORDS = (
    "Runs of a session are combined in its maps. Slices show all values: those below a t of "
    f"{OPAQUE_FROM:g} in size{{faded}} fade; glass brains show only those above. Nothing is "
    "corrected for the number of voxels; the maps are for looking, the measures are in the table "
    "below. Colours are the same in all sessions."
)
_CLEANING_WORDS = (
    "Volumes that are left out enter nothing; those that stay are filtered and freed of nuisance "
    "regressors in one projection, run by run, and runs are joined."
)
_REST_WORDS = (
    "Correlations of cleaned region series, runs of a session together: Pearson's, and partial "
    "ones where the study asks for them. Colours are the same in all sessions."
)


@dataclass(frozen=True)
class TaskView:
    """The section of a task.

    Attributes
    ----------
    anchor, title, words : str
        Identifier, heading, and what the pictures show.
    groups : tuple of PictureGroup
        Contrasts, design, runs.
    dropped : TableView or None
        What was dropped.
    """

    anchor: str
    title: str
    words: str
    groups: tuple[PictureGroup, ...]
    dropped: TableView | None


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
    for label, title in tasks_in_order(found, spec):
        at_rest = spec.rest is not None and label == spec.rest.task
        all_runs = [
            (session, run)
            for session in found.sessions
            for run in session.runs
            if run.task == label
        ]
        runs = [each for each in all_runs if each[1].design or each[1].series]
        rows = pd.DataFrame()
        if at_rest:
            words = _REST_WORDS
            groups = network_groups(found, spec, label)
            groups += matrix_groups(found, label) + series_groups(runs)
        else:
            names = {label} | {task.name for task in spec.tasks if task.label == label}
            rows = task_rows(found, names)
            files = contrast_files(found, label)
            words = _task_words(files)
            own = [task for task in spec.tasks if task.label == label]
            conditions = [each.name for task in own for each in task.conditions]
            asked = [each.name for task in own for each in task.contrasts]
            written = {each.name: each.weights or {} for task in own for each in task.contrasts}
            groups = _contrasts(files, rows, asked, label)
            groups += gppi_groups(found, label, names=names, contrasts=written)
            models = [each.name for task in own for each in spec.dcm_models_of(task)]
            groups += dcm_groups(found, label, names=names, models=models)
            groups += rsa_groups(found, label, names=names)
            groups += collinearity_group(runs, conditions)
            groups += [run_group(session, run) for session, run in runs]
        dropped = dropped_table(all_runs, rows)
        if groups or dropped:
            anchor = "task-" + re.sub(r"[^A-Za-z0-9]+", "-", label)
            views.append(TaskView(anchor, title, words, tuple(groups), dropped))
    return views


def cleaning_views(found: ParticipantOutput, spec: StudySpec) -> list[TaskView]:
    """Return the section on cleaning of resting series; none where there is none.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Thresholds.
    """
    groups = cleaning_groups(found, spec)
    title = "Cleaning of resting series"
    return [TaskView("cleaning", title, _CLEANING_WORDS, tuple(groups), None)] if groups else []


def tasks_in_order(found: ParticipantOutput, spec: StudySpec) -> list[tuple[str, str]]:
    """Return label and title of every task in the tree, those of the study first.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Names and order of tasks.
    """
    known = [(task.label, f"Task {task.name}") for task in spec.tasks]
    if spec.rest is not None:
        known.append((spec.rest.task, "Rest"))
    labels = {run.task for session in found.sessions for run in session.runs}
    labels |= {file.task for session in found.sessions for file in session.task_files}
    others = sorted(labels - {label for label, _ in known})
    return [each for each in known if each[0] in labels] + [
        (each, f"Task {each}") for each in others
    ]


def _task_words(files: Mapping[str, MapFiles]) -> str:
    maps = [file for own in files.values() for _, file in own]
    with_f = any(file.entities.get("stat") == "F" for file in maps)
    return _TASK_WORDS.format(faded=", and an F of p above .001," if with_f else "")


def _contrasts(
    files: Mapping[str, MapFiles], rows: pd.DataFrame, asked: Sequence[str], task: str
) -> list[PictureGroup]:
    """Return maps and region means of every contrast, also of those that have no map."""
    found = dict.fromkeys([*files, *rows["contrast"].dropna().astype(str)])
    groups = []
    for contrast in [name for name in asked if name in found] + [
        n for n in found if n not in asked
    ]:
        pictures = contrast_pictures(contrast, files.get(contrast, ()))
        means = region_means(rows, contrast, name=task)
        groups.append(
            PictureGroup(
                f"Contrast {contrast}",
                "",
                (*pictures, *means.pictures),
                sentences=means.sentences,
            )
        )
    return groups
