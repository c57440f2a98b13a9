"""Motion and outliers of a participant's runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from markupsafe import Markup

from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.figures.quality import quality_figure
from bids_ketamine.reports.tree import ParticipantOutput, RunOutput
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import number, text
from bids_ketamine.study.spec import ConfoundsSpec, StudySpec


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


def motion_pictures(
    found: ParticipantOutput, spec: StudySpec, tasks: Sequence[str]
) -> list[Picture]:
    """Draw motion and outliers of every run, tasks in turn and sessions beside each other.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Gives the thresholds.
    tasks : sequence of str
        Labels of all tasks in the order of the page.
    """
    runs = [(session, run) for session in found.sessions for run in session.runs if run.quality]
    runs.sort(key=lambda each: (tasks.index(each[1].task), each[1].run))
    pictures = []
    for session, run in runs:
        facts = run.facts
        caption = f"{session.name}, {run.title}"
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
    thresholds = confounds.outliers.thresholds if confounds.outliers else {}
    return quality_figure(
        read_table(run.quality),
        framewise_displacement=thresholds.get("framewise_displacement"),
        std_dvars=thresholds.get("std_dvars"),
        name=f"quality-{run.name}",
        description=f"Framewise displacement and standardized DVARS over volumes: {caption}",
    )
