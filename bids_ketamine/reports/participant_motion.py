"""Motion and outliers of a participant's runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.figures.quality import motion_is_known, quality_figure
from bids_ketamine.reports.tree import ParticipantOutput, RunOutput
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import counted, is_number, listed, number, text
from bids_ketamine.study.spec import CleaningSpec, ConfoundsSpec, OutliersSpec, StudySpec

#: The criterion that no picture shows, and the words for those that are drawn.
GLOBAL_SIGNAL = "global_signal"
DRAWN = {
    "framewise_displacement": "framewise displacement",
    "std_dvars": "standardized DVARS",
}


def motion_words(spec: StudySpec) -> str:
    """Return what the motion pictures show, and what marks a volume."""
    rules: dict[str, list[str]] = {}
    for where, confounds in _confounds(spec).items():
        rules.setdefault(_marks(confounds.outliers), []).append(where)
    if spec.cleaning is not None and spec.cleaning.std_dvars:
        rules.setdefault(f"{_cleaning_marks(spec.cleaning)}.", []).append("rest")
    told = [
        rule if len(rules) == 1 else f"{listed(names)}: {rule[:1].lower()}{rule[1:]}"
        for rule, names in rules.items()
    ]
    told = [f"{each[:1].upper()}{each[1:]}" for each in told]
    return " ".join(["Framewise displacement and standardized DVARS of every volume.", *told])


def _confounds(spec: StudySpec) -> dict[str, ConfoundsSpec]:
    found = {"tasks": spec.glm.confounds} if spec.tasks else {}
    at_rest = spec.rest is not None and spec.cleaning is None
    return found | ({"rest": spec.rest.confounds} if spec.rest is not None and at_rest else {})


def _cleaning_marks(cleaning: CleaningSpec) -> str:
    """Tell what marks a volume of a resting run that is cleaned without it."""
    filtered = ", of motion without breathing" if cleaning.motion_filter != "none" else ""
    return (
        "marked volumes are left out; dashed lines are the study's thresholds (that of "
        f"displacement{filtered}: see the cleaning)"
    )


def _marks(outliers: OutliersSpec | None) -> str:
    """Tell by what criterion volumes are marked, and which thresholds are drawn.

    >>> _marks(None)
    'No volume is marked as an outlier: the study has no rule.'
    """
    marked = "Marked volumes have a regressor of their own"
    if outliers is None or not outliers.reads_columns:
        return "No volume is marked as an outlier: the study has no rule."
    if outliers.rule == "fmriprep":
        return (
            f"{marked}: they are those that fMRIPrep itself marks, by thresholds that are not "
            "known here and not drawn."
        )
    thresholds = outliers.thresholds
    drawn = [name for name in thresholds if name != GLOBAL_SIGNAL]
    lines = "dashed lines are the study's thresholds"
    if len(drawn) == 1:
        lines = f"the dashed line is the study's threshold of {DRAWN[drawn[0]]}"
    if GLOBAL_SIGNAL not in thresholds:
        return f"{marked}; {lines}."
    own = (
        "volumes are also marked where the change of the global signal is more than "
        f"{number(thresholds[GLOBAL_SIGNAL])} standard deviations from its mean, which is not drawn"
    )
    if not drawn:
        return f"{marked}; {own.replace(' also', '')}."
    return f"{marked}; {lines}; {own}."


def motion_pictures(
    found: ParticipantOutput, spec: StudySpec, tasks: Sequence[str]
) -> tuple[list[Picture], str]:
    """Draw motion and outliers of every run, tasks in turn and sessions beside each other.

    A run of which neither displacement nor DVARS is known, for it has no confounds table, has no
    picture.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    spec : StudySpec
        Gives the thresholds.
    tasks : sequence of str
        Labels of all tasks in the order of the page.

    Returns
    -------
    pictures : list of Picture
        Of the runs whose motion is known.
    absent : str
        A sentence on the others; empty if there are none.
    """
    runs = [
        (session, run)
        for session in found.sessions
        for run in session.runs
        if run.quality and not _is_with_cleaning(run, spec)
    ]
    runs.sort(key=lambda each: (tasks.index(each[1].task), each[1].run))
    pictures, unknown = [], []
    for session, run in runs:
        facts = run.facts
        caption = f"{session.name}, {run.title}"
        if not _is_known(run):
            unknown.append(caption)
            continue
        if facts:
            caption += (
                f" \u2013 mean FD {number(facts.get('MeanFramewiseDisplacement'), 3)} mm, "
                f"{text(facts.get('VolumesKept'))} of {text(facts.get('Volumes'))} volumes kept, "
                f"{_outliers(facts.get('OutlierVolumes'))}"
            )
        pictures.append(picture(caption, partial(_draw_quality, run, spec, caption)))
    return pictures, _absent(unknown, any_known=bool(pictures))


def _is_with_cleaning(run: RunOutput, spec: StudySpec) -> bool:
    """Tell whether the section on cleaning shows the run; it has no DVARS."""
    cleaning = spec.cleaning
    return cleaning is not None and not cleaning.std_dvars and bool(run.facts.get("Cleaning"))


def _is_known(run: RunOutput) -> bool:
    try:
        return run.quality is None or motion_is_known(read_table(run.quality))
    except Exception:  # the picture says what is wrong with the table
        return True


def _absent(runs: Sequence[str], *, any_known: bool) -> str:
    """Say of which runs there is no picture of motion.

    >>> _absent(["pre, rest"], any_known=True)
    'There is no figure of motion of pre, rest: neither framewise displacement nor DVARS is known.'
    """
    if not runs:
        return ""
    of = f" of {'; '.join(runs)}" if any_known else ""
    return f"There is no figure of motion{of}: neither framewise displacement nor DVARS is known."


def _outliers(count: Any) -> str:
    """Return a number of outliers.

    >>> _outliers(1), _outliers(0), _outliers(None)
    ('1 outlier', '0 outliers', '– outliers')
    """
    return counted(int(count), "outlier") if is_number(count) else f"{text(count)} outliers"


def _draw_quality(run: RunOutput, spec: StudySpec, caption: str) -> Markup:
    assert run.quality is not None  # runs without are left out
    at_rest = spec.rest is not None and run.task == spec.rest.task
    confounds = spec.rest.confounds if spec.rest is not None and at_rest else spec.glm.confounds
    thresholds = confounds.outliers.thresholds if confounds.outliers else {}
    displacement = thresholds.get("framewise_displacement")
    dvars = thresholds.get("std_dvars")
    if spec.cleaning is not None and at_rest:
        # That of filtered motion would be drawn beside motion that is not.
        filtered = spec.cleaning.motion_filter != "none"
        displacement = None if filtered else spec.cleaning.framewise_displacement
        dvars = spec.cleaning.std_dvars
    return quality_figure(
        read_table(run.quality),
        framewise_displacement=displacement or None,
        std_dvars=dvars or None,
        name=f"quality-{run.name}",
        description=f"Framewise displacement and standardized DVARS over volumes: {caption}",
    )
