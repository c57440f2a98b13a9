"""Clinical tables: participants.tsv and phenotype/, one row a participant or a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.names import listed, natural_order, strip_prefix
from bids_ketamine.dataset.spelling import near_text, nearest_label, shown
from bids_ketamine.dataset.tsv import CellProblems, Table, read_table
from bids_ketamine.errors import InputDataError, InputMissingError

PARTICIPANTS = "participants"


@dataclass(frozen=True)
class ClinicalTable:
    """A table keyed by participant, and by session where it has a column `session_id`.

    Attributes
    ----------
    table : Table
        The cells.
    name : str
        Path relative to the dataset, for sentences.
    rows : mapping of (str, str or None) to int
        Row of each participant (without ``sub-``) and session (without ``ses-``; ``None``
        in a table without sessions).
    has_sessions : bool
        Whether there is a column ``session_id``.
    """

    table: Table
    name: str
    rows: Mapping[tuple[str, str | None], int]
    has_sessions: bool

    @property
    def participants(self) -> tuple[str, ...]:
        """Participants in order of their first rows, without ``sub-``."""
        return tuple(dict.fromkeys(participant for participant, _ in self.rows))

    def near(self, participant: str, session: str | None) -> str:
        """Say which row differs from a wanted one in padding or case alone, empty for none."""
        if participant not in self.participants:
            return near_text(nearest_label(participant, self.participants), prefix="sub-")
        labels = [label for who, label in self.rows if who == participant and label is not None]
        return near_text(nearest_label(session or "", labels), prefix="ses-")

    @property
    def sessions(self) -> tuple[str, ...]:
        """Session labels of the table, without ``ses-``."""
        return tuple(natural_order({label for _, label in self.rows if label is not None}))


def table_path(bids_dir: Path, name: str) -> Path:
    """Return the file of a clinical table by the name it has in a study."""
    if name == PARTICIPANTS:
        return bids_dir / "participants.tsv"
    return bids_dir / "phenotype" / f"{name.removesuffix('.tsv')}.tsv"


def read_clinical_table(bids_dir: Path, name: str, *, purpose: str = "") -> ClinicalTable:
    """Read a clinical table and find each participant's rows.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset.
    name : str
        ``participants``, or the name of a table in ``phenotype/``.
    purpose : str, optional
        What needs the table, such as ``the outcome `caps5```, for the error.

    Returns
    -------
    ClinicalTable
        The table.

    Raises
    ------
    InputMissingError
        If it is not there.
    InputDataError
        If it has no column ``participant_id``, or two rows for one participant (and session).
    """
    path = table_path(bids_dir, name)
    if not path.exists() and not path.is_symlink():
        needed = f" (needed for {purpose})" if purpose else ""
        there = sorted(each.stem for each in (bids_dir / "phenotype").glob("*.tsv"))
        raise InputMissingError(
            f"The table `{name}` is not there{needed}.",
            path=path,
            cure=f"Tables in phenotype/: {listed(there)}; participants.tsv is `participants`.",
        )
    table = read_table(path)
    id_column = table.position("participant_id")
    has_sessions = "session_id" in table.columns
    rows: dict[tuple[str, str | None], int] = {}
    twice: dict[str, list[int]] = {}
    problems = CellProblems(table)
    for row, line in enumerate(table.lines):
        participant = table.text(row, id_column)
        if participant is None:
            problems.add(row, id_column, "the participant's label is missing")
            continue
        session = table.text(row, table.position("session_id")) if has_sessions else None
        key = (
            strip_prefix(participant, "sub"),
            None if session is None else strip_prefix(session, "ses"),
        )
        if key in rows:
            name = f"sub-{shown(key[0])}" + (f" ses-{shown(key[1])}" if key[1] else "")
            twice.setdefault(name, [table.lines[rows[key]]]).append(line)
        else:
            rows[key] = row
    problems.tell()
    if twice:
        named = (f"{name} (lines {listed(map(str, at))})" for name, at in twice.items())
        raise InputDataError(
            f"There is more than one row of {listed(named, most=5)}.",
            path=path,
            cure="Keep one row for each participant" + (" and session." if has_sessions else "."),
        )
    if not rows:
        raise InputDataError("The table has a header and no rows.", path=path)
    place = path.relative_to(bids_dir).as_posix()
    return ClinicalTable(table=table, name=place, rows=rows, has_sessions=has_sessions)


def everybody(bids_dir: Path, others: Iterable[str]) -> list[str]:
    """Return everybody in participants.tsv, then those who stand in other tables alone.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset; it may have no participants.tsv.
    others : iterable of str
        Labels found elsewhere, without ``sub-``.
    """
    first: tuple[str, ...] = ()
    if table_path(bids_dir, PARTICIPANTS).exists():
        first = read_clinical_table(bids_dir, PARTICIPANTS).participants
    return list(dict.fromkeys([*first, *others]))
