"""Pictures of a clinical outcome: its course, rainclouds, improvement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.distribution import distribution_figure
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.raincloud import raincloud_figure
from bids_ketamine.reports.figures.score_course import score_course_figure
from bids_ketamine.reports.group_clinical_distributions import by_arm
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Picture, picture


@dataclass(frozen=True)
class Scores:
    """What is known of one outcome.

    Attributes
    ----------
    outcome, unit, level : str
        Its name and unit; the level of intervals, such as ``95 %``.
    sessions : tuple of str
        Sessions with scores in order.
    file : str
        The outcome in names of files.
    course : DataFrame
        ``group_course`` of the outcome.
    scores : DataFrame
        ``group_scores`` of the outcome; empty without individual data.
    missing : DataFrame
        Counts of missing scores.
    """

    outcome: str
    unit: str
    level: str
    sessions: tuple[str, ...]
    file: str
    course: pd.DataFrame
    scores: pd.DataFrame
    missing: pd.DataFrame

    def known(self, arms: Mapping[str, ArmStyle]) -> pd.DataFrame:
        """Return the scores of some arms at its sessions; of everybody where there are no arms."""
        known = self.scores.dropna(subset="score")
        known = known[known["session"].isin(self.sessions)]
        if "all" in arms:
            return known.assign(arm="all")
        return known[known["arm"].isin(list(arms))]


def course_picture(scores: Scores, styles: Mapping[str, ArmStyle]) -> Picture | None:
    """Draw means with intervals over the sessions, and a line for each participant.

    Parameters
    ----------
    scores : Scores
        The outcome.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    """
    course = scores.course.dropna(subset="mean")
    course = course[course["arm"].isin(list(styles)) & course["session"].isin(scores.sessions)]
    if course.empty:
        return None
    means = {
        (row["session"], row["arm"]): Estimate(row["mean"], row["ci_low"], row["ci_high"])
        for row in records(course)
    }
    known = scores.known(styles)
    lines = {
        str(arm): own.pivot_table(index="participant_id", columns="session", values="score")
        .reindex(columns=list(scores.sessions))
        .to_numpy(dtype=np.float64)
        for arm, own in known.groupby("arm")
    }
    name = f"course-{scores.file}"
    draw = partial(
        score_course_figure, means, lines=lines, sessions=scores.sessions, styles=styles,
        unit=scores.unit, name=name,
        description=f"{scores.outcome} by session and arm: means with {scores.level} intervals",
    )  # fmt: skip
    shown = ["session", "arm", "n", "mean", "sd", "ci_low", "ci_high"]
    data = pd.concat(
        [
            course[shown].assign(mark="mean"),
            known[["session", "arm", "participant_id", "score"]].assign(mark="participant"),
        ]
        if len(known)
        else [course[shown].assign(mark="mean")],
        ignore_index=True,
    )
    thin = ", each thin line a participant" if len(known) else ""
    caption = f"Course: means with {scores.level} intervals{thin}"
    return picture(caption, draw, name=name, data=data[["mark", *data.columns.drop("mark")]])


def raincloud_picture(scores: Scores, styles: Mapping[str, ArmStyle]) -> Picture | None:
    """Draw the distribution of scores by session and arm; None where there are none.

    Parameters
    ----------
    scores : Scores
        The outcome, with scores of participants.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    """
    known = scores.known(styles)
    if known.empty:
        return None
    values = {
        (str(session), str(arm)): own["score"].to_numpy(dtype=np.float64)
        for (session, arm), own in known.groupby(["session", "arm"])
    }
    name = f"raincloud-{scores.file}"
    draw = partial(
        raincloud_figure, values, sessions=scores.sessions, styles=styles, unit=scores.unit,
        individual_data=True, name=name,
        description=f"Distribution of {scores.outcome} by session and arm",
    )  # fmt: skip
    data = known[["participant_id", "arm", "session", "score"]].reset_index(drop=True)
    caption = "Raincloud: density, range and quartiles with the median, each mark a participant"
    return picture(caption, draw, name=name, data=data)


def improvement_picture(
    outcomes: pd.DataFrame,
    effects: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
    *,
    file: str,
    title: str,
    unit: str,
    level: str,
) -> Picture | None:
    """Draw improvement in each arm: every participant, mean and interval.

    Parameters
    ----------
    outcomes : DataFrame
        ``group_outcomes`` of one outcome and change; empty without individual data.
    effects : DataFrame
        Means and differences, see
        :func:`~bids_ketamine.reports.group_clinical_improvement.improvement_effects`.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    file, title, unit, level : str
        What improves in names of files and in words, its unit, and the level of intervals.
    """
    rows = outcomes.dropna(subset="improvement").rename(columns={"improvement": "score"})
    rows = rows.assign(arm="all") if "all" in styles else rows[rows["arm"].isin(list(styles))]
    known = effects[effects["arm"].isin(list(styles))].dropna(subset="estimate")
    if known.empty:
        return None
    means = {
        row["arm"]: Estimate(row["estimate"], row["ci_low"], row["ci_high"])
        for row in records(known)
    }
    name = f"improvement-{file}"
    draw = partial(
        distribution_figure, by_arm(rows, list(styles)), styles=styles,
        label=f"improvement, {unit}", means=means, zero=True, name=name,
        description=f"Improvement in {title} by arm: means with {level} intervals",
    )  # fmt: skip
    is_difference = effects["n_second"].notna()
    parts = [effects.assign(mark=is_difference.map({True: "difference", False: "mean"}))]
    if len(rows):
        drawn = rows[["participant_id", "arm", "score"]].rename(columns={"score": "estimate"})
        parts.append(drawn.assign(mark="participant"))
    data = pd.concat(parts, ignore_index=True)
    marks = "each mark a participant, " if len(rows) else ""
    caption = f"Improvement in {title}: {marks}means with {level} intervals"
    return picture(caption, draw, name=name, data=data[["mark", *data.columns.drop("mark")]])
