"""Whether the tables of a dataset can be read as the group level will, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine.cli.words import counted, wrapped
from bids_ketamine.errors import BidsKetamineError

if TYPE_CHECKING:
    import pandas as pd

    from bids_ketamine.study.spec import OutcomeSpec, SessionSpec, StudySpec


@dataclass(frozen=True)
class Readiness:
    """What reading the tables of a dataset gave.

    Attributes
    ----------
    problems : tuple of BidsKetamineError
        What the group level would stop at, the first one first.
    scores : tuple of str
        A line for each outcome: participants with a score, by session.
    empty : tuple of str
        Sentences on sessions of which no participant has a score.
    """

    problems: tuple[BidsKetamineError, ...] = ()
    scores: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def readiness(bids_dir: Path, spec: StudySpec, *, with_measures: Sequence[str] = ()) -> Readiness:
    """Read arms, scores, variables and exclusions as the group level will; nothing is written.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    spec : StudySpec
        The study, with its own labels of arms.
    with_measures : sequence of str, optional
        Participants with results, with ``sub-``: those of a dataset without participants.tsv.
    """
    from bids_ketamine.dataset.clinical_cells import require_clinical_cells
    from bids_ketamine.dataset.outcomes import outcome_scores, session_scores
    from bids_ketamine.dataset.participants import participant_arms

    problems: list[BidsKetamineError] = []
    readers: tuple[Callable[[Path, StudySpec], object], ...] = (
        participant_arms,
        require_clinical_cells,
        outcome_scores,
        partial(_read_exclusions, with_measures=with_measures),
    )
    for read in readers:
        try:
            read(bids_dir, spec)
        except BidsKetamineError as error:
            if str(error) not in map(str, problems):
                problems.append(error)
    with suppress(BidsKetamineError):
        scores = session_scores(bids_dir, spec)
        changes = outcome_scores(bids_dir, spec)
        return Readiness(
            problems=tuple(problems),
            scores=tuple(_counts(each, spec, scores, changes) for each in spec.outcomes),
            empty=tuple(_empty(bids_dir, spec, scores)),
        )
    return Readiness(problems=tuple(problems))


def _read_exclusions(bids_dir: Path, spec: StudySpec, *, with_measures: Sequence[str]) -> None:
    if spec.exclusions.file is None:
        return
    from bids_ketamine.dataset.exclusions import listed_exclusions
    from bids_ketamine.dataset.tables import read_exclusions
    from bids_ketamine.workflows.group_sources import arms_of_dataset

    path = Path(spec.exclusions.file)
    read_exclusions(path)  # told even where participants.tsv is damaged
    people = arms_of_dataset(bids_dir, spec, with_measures=with_measures).index
    if len(people):
        listed_exclusions(path, bids_dir=bids_dir, spec=spec, participants=tuple(people))


def exclusions_warning(spec: StudySpec) -> str:
    """Say that the group level would stop at the table of exclusions; nothing if it would not.

    For the participant level, which does not read the table: whether it knows whom the table
    names is not looked at.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    if spec.exclusions.file is None:
        return ""
    from bids_ketamine.dataset.tables import read_exclusions

    try:
        read_exclusions(Path(spec.exclusions.file))
    except BidsKetamineError as error:
        text = f"warning: the group level would stop at `exclusions.file` of the study: {error}"
        return "\n".join(wrapped("", text))
    return ""


def _counts(
    outcome: OutcomeSpec, spec: StudySpec, scores: pd.DataFrame, changes: pd.DataFrame
) -> str:
    """Say of how many participants an outcome is known, in each session and over the change."""
    of_outcome = scores[scores["outcome"] == outcome.name]
    known = of_outcome.groupby("session")["score"].count()
    from bids_ketamine.study.rating import changing_outcomes

    names = [session.name for session in spec.sessions if session.name in known]
    parts = [f"{name} {known[name]}" for name in names]
    changing = outcome in changing_outcomes(spec)
    if changing and (spec.changes or outcome.change_column):
        both = int(changes.loc[changes["outcome"] == outcome.name, "improvement"].count())
        parts.append(f"improvement {both}")
    return f"{outcome.name}: {', '.join(parts)}"


def _empty(bids_dir: Path, spec: StudySpec, scores: pd.DataFrame) -> Iterator[str]:
    """Say which sessions have no score of anybody, and whether a table knows them.

    Of a mean of sessions these are told, unless one of them has scores.
    """
    from bids_ketamine.study.rating import changing_outcomes

    known = scores.groupby(["outcome", "session"])["score"].count()
    changing = changing_outcomes(spec)
    for outcome in spec.outcomes:
        averaged = {
            part
            for mean, parts in spec.session_means.items()
            if known.get((outcome.name, mean), 0)
            for part in parts
        }
        # Before treatment there is no change to rate.
        for change in () if outcome in changing else spec.changes[:1]:
            averaged |= {change.first, *spec.session_means.get(change.first, ())}
        for session in spec.own_sessions:
            if session.name in averaged:
                continue
            if known.get((outcome.name, session.name), 1) == 0:
                yield (
                    f"{outcome.name} has no score in the session {session.name}"
                    f"{_why(bids_dir, outcome, session)}: what needs it will be empty"
                )


def _why(bids_dir: Path, outcome: OutcomeSpec, session: SessionSpec) -> str:
    from bids_ketamine.dataset.clinical import read_clinical_table

    if session.column or session.unlabelled or outcome.columns:
        return ""
    label = session.label or session.name
    table = read_clinical_table(bids_dir, outcome.table)
    n_rows = sum(each == label for _, each in table.rows)
    if n_rows:
        return f", in {counted(n_rows, 'row')} of ses-{label} in {table.name}"
    there = ", ".join(f"ses-{each}" for each in table.sessions)
    return f", for {table.name} has no row of ses-{label} (it has {there})"
