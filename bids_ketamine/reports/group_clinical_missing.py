"""Scores and improvements that are missing, and why."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.rows import in_order
from bids_ketamine.reports.words import ABSENT, counted, listed

#: Reasons told one by one.
MOST_REASONS = 10
NO_COURSE = (
    "The course is not shown, for group_course.tsv is not there or has nothing of it: the group "
    "level was cut short. Run the group level again."
)
NO_IMPROVEMENT = (
    "Improvement is not shown, for group_improvement.tsv is not there: the group level is older "
    "than this table, or was cut short. Run the group level again."
)


def missing_course_notes(clinical: ClinicalOutput, outcome: str, *, is_told: bool) -> list[str]:
    """Say that there is no table of the course, where there are scores of its sessions.

    Parameters
    ----------
    clinical : ClinicalOutput
        Scores at the ends of changes; an outcome whose table holds the change itself has none.
    outcome : str
        Name of the outcome.
    is_told : bool
        Whether ``group_course`` knows it.
    """
    of_outcome = clinical.outcomes[clinical.outcomes["outcome"] == outcome]
    known = of_outcome[["first", "second"]].notna().any(axis=None)
    return [NO_COURSE] if known and not is_told else []


def missing_score_notes(missing: pd.DataFrame, sessions: Sequence[str]) -> list[str]:
    """Say how many scores are missing at each session, and why.

    Parameters
    ----------
    missing : DataFrame
        ``missing_scores`` of one outcome.
    sessions : sequence of str
        Sessions in order.
    """
    notes = []
    for session in in_order(missing["session"], list(sessions)):
        here = missing[missing["session"] == session]
        reasons = (
            here.groupby("reason", sort=False)["n"]
            .sum()
            .sort_values(ascending=False, kind="stable")
        )
        verb = "is" if here["n"].sum() == 1 else "are"
        notes.append(
            f"{counted(int(here['n'].sum()), 'score')} {verb} missing at {session}: "
            f"{_reasons(reasons)}."
        )
    return notes


def missing_improvement_notes(
    clinical: ClinicalOutput, outcome: str, *, is_told: bool
) -> list[str]:
    """Say how many have no improvement and why, or that there is no table of it.

    Parameters
    ----------
    clinical : ClinicalOutput
        Improvements that are missing.
    outcome : str
        Name of the outcome.
    is_told : bool
        Whether ``group_improvement`` knows it.
    """
    if not is_told:
        known = clinical.outcomes[clinical.outcomes["outcome"] == outcome]["improvement"].notna()
        return [NO_IMPROVEMENT] if known.any() else []
    unknown = clinical.missing_improvements
    unknown = unknown[unknown["outcome"] == outcome]
    if unknown.empty:
        return []
    reasons = (
        unknown.groupby("reason", sort=False)["n"].sum().sort_values(ascending=False, kind="stable")
    )
    size = counted(int(reasons.sum()), "participant")
    return [f"{size} whose change is not known: {_reasons(reasons)}."]


def _reasons(counts: pd.Series) -> str:
    told = [f"{reason} ({n})" for reason, n in counts.head(MOST_REASONS).items()]
    left = len(counts) - MOST_REASONS
    return listed(told) + (f", and {left} more reasons" if left > 0 else "") if told else ABSENT
