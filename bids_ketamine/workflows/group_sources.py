"""Whom the group level is about, and which results it can take for what they say they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.core.group.exclusions import ListedExclusion
from bids_ketamine.dataset.clinical import read_clinical_table
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.names import natural_order
from bids_ketamine.dataset.participants import participant_arms
from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.collect import collect_outputs, require_known
from bids_ketamine.outputs.collected import CollectedOutputs, SessionOutput
from bids_ketamine.outputs.measures_files import NUMBERS, TEXTS
from bids_ketamine.study.spec import StudySpec

#: Why results of an earlier run are left out, by how the last run ended.
EARLIER_RUNS = {
    "failed": "the last run failed; its measures are of an earlier run",
    "missing": "the last run found no input for this session; its measures are of an earlier run",
}


@dataclass(frozen=True)
class People:
    """Participants of the dataset in order, with arms.

    Attributes
    ----------
    participants : tuple of str
        With ``sub-``.
    arms : tuple of str
        Arm of each; empty for none.
    without_arm : tuple of ListedExclusion
        Those whom the study cannot place in an arm.
    """

    participants: tuple[str, ...]
    arms: tuple[str, ...]
    without_arm: tuple[ListedExclusion, ...]


def find_outputs(output_dir: Path, spec: StudySpec) -> CollectedOutputs:
    """Read what the participant level left; a study of scores alone needs none of it.

    Parameters
    ----------
    output_dir : Path
        The output folder; it may not be there yet for a study without imaging.
    spec : StudySpec
        The study.

    Returns
    -------
    CollectedOutputs
        Without rows and sessions where a study without imaging finds none.

    Raises
    ------
    InputMissingError
        If there are no measures, and the study has imaging.
    InputDataError
        If measures come from different studies or versions, or from another study than this
        one, or if a table is damaged.
    """
    if spec.has_imaging or any(output_dir.glob("sub-*/**/sub-*_measures.tsv")):
        return collect_outputs(output_dir, spec)
    nothing = pd.Categorical([], categories=pd.Index([], dtype=str))
    columns = {**dict.fromkeys(TEXTS, nothing), **dict.fromkeys(NUMBERS, np.zeros(0))}
    return CollectedOutputs(rows=pd.DataFrame(columns), sessions=(), logs={})


def find_people(bids_dir: Path, spec: StudySpec, collected: CollectedOutputs) -> People:
    """List the dataset's participants with their arms; refuse outputs of anybody else.

    A dataset may do without participants.tsv if the study has no arms: then those with
    measures are the participants, or those with scores where there are no measures.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    spec : StudySpec
        The study.
    collected : CollectedOutputs
        The outputs.

    Returns
    -------
    People
        Participants in natural order.

    Raises
    ------
    InputMissingError
        If the study has arms and the table is not there.
    InputDataError
        If the table is damaged, or does not list somebody who has measures.
    """
    arms = arms_of_dataset(bids_dir, spec, with_measures=collected.participants)
    table = bids_dir / "participants.tsv"
    if table.exists():
        require_known(collected, arms.index, table)
    participants = tuple(natural_order(arms.index))
    reasons = arms["reason"].dropna()
    return People(
        participants=participants,
        arms=tuple(arms["arm"].astype(object).fillna("")[list(participants)]),
        without_arm=tuple(
            ListedExclusion(participant=str(name), session=None, task=None, reason=str(reason))
            for name, reason in reasons.items()
        ),
    )


def arms_of_dataset(
    bids_dir: Path, spec: StudySpec, *, with_measures: Sequence[str]
) -> pd.DataFrame:
    """Return the arm of each participant of the dataset, or why there is none.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    spec : StudySpec
        The study.
    with_measures : sequence of str
        Those with outputs, with ``sub-``, for a dataset without participants.tsv.

    Returns
    -------
    DataFrame
        Columns ``arm`` and ``reason``, by participant with ``sub-``.

    Raises
    ------
    InputMissingError, InputDataError
        As :func:`find_people`.
    """
    arms = participant_arms(bids_dir, spec)
    arms = arms[~arms.index.duplicated()]
    if (bids_dir / "participants.tsv").exists():
        return arms
    return arms.reindex(list(with_measures) or _with_scores(bids_dir, spec))


def unreliable_sessions(
    bids_dir: Path, spec: StudySpec, collected: CollectedOutputs
) -> tuple[ListedExclusion, ...]:
    """List sessions whose measures are not what the participant level would give now.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset: its participants.tsv may decide what a session label means.
    spec : StudySpec
        The study.
    collected : CollectedOutputs
        The outputs.

    Returns
    -------
    tuple of ListedExclusion
        Sessions whose last run failed or found nothing while measures of an earlier run are
        there, and sessions whose meaning cannot be told any more.

    Raises
    ------
    InputMissingError
        If the meaning of a session depends on participants.tsv and it is not there.
    InputDataError
        If a session was computed with another meaning than participants.tsv gives it now.
    """
    found = list(_without_meaning(bids_dir, spec, collected))
    for status, reason in EARLIER_RUNS.items():
        found += [_excluded(each, reason) for each in collected.of_earlier_runs(status)]
    return tuple(found)


def _with_scores(bids_dir: Path, spec: StudySpec) -> list[str]:
    """Return who stands in the tables of outcomes, with ``sub-``."""
    tables = dict.fromkeys(outcome.table for outcome in spec.outcomes)
    labels = [
        label for name in tables for label in read_clinical_table(bids_dir, name).participants
    ]
    return [f"sub-{label}" for label in dict.fromkeys(labels)]


def _without_meaning(
    bids_dir: Path, spec: StudySpec, collected: CollectedOutputs
) -> list[ListedExclusion]:
    """Compare the meaning of sessions when they were computed with the meaning they have now."""
    if not any(session.column for session in spec.scanned_sessions):
        return []
    rules = SessionRules(bids_dir, spec.scanned_sessions)
    excluded = []
    for each in collected.sessions:
        if each.session is None:
            continue
        participant = each.participant_id.removeprefix("sub-")
        expected = rules.label(spec.session(each.session), participant)
        if expected.reason is not None:
            reason = f"it was computed as `{each.session}`, but {expected.reason}"
            excluded.append(_excluded(each, reason))
        elif expected.label != _label(each):
            raise _other_meaning(bids_dir, spec, each, rules)
    return excluded


def _other_meaning(
    bids_dir: Path, spec: StudySpec, each: SessionOutput, rules: SessionRules
) -> InputDataError:
    participant = each.participant_id.removeprefix("sub-")
    meanings = [
        session.name
        for session in spec.scanned_sessions
        if rules.label(session, participant).label == _label(each)
    ]
    now = f"now says `{meanings[0]}`" if meanings else "now gives it no meaning in the study"
    again = f"un the participant level on {each.participant_id} again with --overwrite."
    return InputDataError(
        f"{each.name} was computed as `{each.session}`, participants.tsv {now}.",
        path=bids_dir / "participants.tsv",
        cure=f"R{again}" if meanings else f"Remove the outputs of {each.name} and r{again}",
    )


def _label(each: SessionOutput) -> str | None:
    return each.session_id.removeprefix("ses-") if each.session_id else None


def _excluded(each: SessionOutput, reason: str) -> ListedExclusion:
    return ListedExclusion(
        participant=each.participant_id, session=each.session, task=None, reason=reason
    )
