"""Scores and improvements that are missing, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.plain_reasons import counted_words
from bids_ketamine.reports.rows import in_order
from bids_ketamine.reports.words import counted, listed

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


def missing_score_notes(
    missing: pd.DataFrame, sessions: Sequence[str], known: Mapping[tuple[str, str], int]
) -> list[str]:
    """Say how many scores are missing at each session, and why.

    Arms and sessions without any score are told once, not participant by participant.

    Parameters
    ----------
    missing : DataFrame
        ``missing_scores`` of one outcome.
    sessions : sequence of str
        Sessions in order.
    known : mapping of (str, str) to int
        Scores that are known by session and arm.
    """
    empty = set(empty_arms(missing, known))
    notes = [
        f"Nobody in {arm} has a score ({_size(missing, arm)})."
        for arm in in_order(missing["arm"], [])
        if arm in empty
    ]
    missing = missing[~missing["arm"].isin(empty)]
    without, partly = [], []
    for session in in_order(missing["session"], list(sessions)):
        here = missing[missing["session"] == session]
        if not any(n for (at, arm), n in known.items() if at == session) and any(known.values()):
            without.append(session)
            continue
        n = int(here["n"].sum())
        verb = "is" if n == 1 else "are"
        partly.append(f"{counted(n, 'score')} {verb} missing at {session}: {_reasons(here)}.")
    if without:
        notes.append(f"No score is known at {listed(without)}.")
    return [*notes, *partly]


def empty_arms(missing: pd.DataFrame, known: Mapping[tuple[str, str], int]) -> list[str]:
    """Return the arms of which nobody has a score at any session, where others have.

    Parameters
    ----------
    missing : DataFrame
        ``missing_scores`` of one outcome.
    known : mapping of (str, str) to int
        Scores that are known by session and arm.
    """
    if not any(known.values()):
        return []
    found = {arm for (_, arm), n in known.items() if n}
    return [str(arm) for arm in missing["arm"].dropna().unique() if arm not in found]


def _size(missing: pd.DataFrame, arm: str) -> str:
    """Count the participants of an arm that has no score: as many as miss one of a session."""
    own = missing[missing["arm"] == arm]
    return counted(int(own.groupby("session")["n"].sum().max()), "participant")


def missing_improvement_notes(
    clinical: ClinicalOutput, outcome: str, *, is_told: bool, empty: Sequence[str] = ()
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
    empty : sequence of str
        Arms without any score, which are told elsewhere.
    """
    if not is_told:
        known = clinical.outcomes[clinical.outcomes["outcome"] == outcome]["improvement"].notna()
        return [NO_IMPROVEMENT] if known.any() else []
    unknown = clinical.missing_improvements
    unknown = unknown[unknown["outcome"].eq(outcome) & ~unknown["arm"].isin(list(empty))]
    if unknown.empty:
        return []
    size = counted(int(unknown["n"].sum()), "participant")
    return [f"{size} whose change is not known: {_reasons(unknown)}."]


def _reasons(missing: pd.DataFrame) -> str:
    return counted_words(missing["reason"], missing["n"], most=MOST_REASONS)
