"""Tables of estimates of a task, read session by session, and what is told of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.tree import SessionOutput, TaskFile
from bids_ketamine.reports.words import listed


class Named(Protocol):
    """What bears the name of a session."""

    @property
    def name(self) -> str:
        """The session."""


Table = TypeVar("Table")
Told = TypeVar("Told", bound=Named)


def read_sessions(
    files: Iterable[tuple[SessionOutput, TaskFile]],
    read: Callable[[SessionOutput, TaskFile], Table],
) -> tuple[list[Table], list[str]]:
    """Read the tables of sessions, and tell those that cannot be read.

    Parameters
    ----------
    files : iterable of (SessionOutput, TaskFile)
        Tables of one task.
    read : callable
        Reads one of them.

    Returns
    -------
    (list, list of str)
        What was read, and a sentence for each of the others.
    """
    tables, unreadable = [], []
    for session, file in files:
        try:
            tables.append(read(session, file))
        except (BidsKetamineError, ValueError) as error:
            reason = getattr(error, "message", None) or str(error)
            unreadable.append(f"{file.path.name} cannot be read: {reason}")
    return tables, unreadable


def read_estimates(
    path: Path, *, texts: Sequence[str], numbers: Sequence[str], keys: Sequence[str]
) -> pd.DataFrame:
    """Read a table of estimates; cells that should hold numbers and do not are empty.

    Parameters
    ----------
    path : Path
        The table.
    texts, numbers : sequence of str
        Columns that must be there, by what they hold.
    keys : sequence of str
        Columns without which a row says nothing.

    Raises
    ------
    ValueError
        If a column is missing.
    BidsKetamineError
        If the table cannot be read.
    """
    table = read_table(path, text=tuple(texts))
    absent = [f"`{name}`" for name in (*texts, *numbers) if name not in table]
    if absent:
        raise ValueError(f"there is no column {', '.join(absent)}.")
    for name in numbers:
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table.dropna(subset=list(keys))


def told_once(sessions: Sequence[Told], *tells: Callable[[Told], Iterable[str]]) -> list[str]:
    """Return what sessions tell, each sentence once and after the names of its sessions.

    Parameters
    ----------
    sessions : sequence
        Sessions in order.
    *tells : callable
        Each gives the sentences of a session; those of the first come first.
    """
    sentences = []
    for tell in tells:
        places: dict[str, list[str]] = {}
        for session in sessions:
            for sentence in dict.fromkeys(tell(session)):
                places.setdefault(sentence, []).append(session.name)
        sentences += [f"{listed(names)}: {sentence}" for sentence, names in places.items()]
    return sentences
