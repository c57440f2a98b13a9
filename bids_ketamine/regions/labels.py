"""Label tables of atlases: which number is which structure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.decoding import read_text
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.tsv import Table, read_table
from bids_ketamine.errors import InputDataError, UsageError

INDEX_COLUMNS = ("index", "value", "id")
NAME_COLUMNS = ("name", "label", "abbreviation")
#: Values that stand for no group (`None` is a community of Gordon's), and columns that never group.
NO_GROUP = frozenset({"", "n/a"})
COLOUR_COLUMNS = frozenset({"color", "colour", "cifti_label", "r", "g", "b", "a"})

#: A line of a colour table: number, name, and three or four numbers of the colour.
NUMBERED = re.compile(r"(\d{1,8})\s+([^\s,]+)(?:\s+\d{1,3}){0,5}", re.ASCII)
#: A line that is a name and nothing else.
NAME_ALONE = re.compile(r"[^\s,;#]+")
SCHAEFER_NAME = re.compile(r"(?:7|17)Networks_([LR]H)_([A-Za-z]+)")


@dataclass(frozen=True)
class Label:
    """One label of an atlas.

    Attributes
    ----------
    index : int
        Value of its voxels.
    name : str
        Name of the structure.
    groups : tuple of str
        Values of the table's grouping columns: a bilateral structure, a network, a side.
    """

    index: int
    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelTable:
    """The labels of an atlas.

    Attributes
    ----------
    source : str
        Name of the atlas or table, for sentences.
    labels : tuple of Label
        In the order of the table.
    """

    source: str
    labels: tuple[Label, ...]

    @property
    def indices(self) -> tuple[int, ...]:
        """Values of the voxels."""
        return tuple(label.index for label in self.labels)

    def chosen(self, wanted: str) -> tuple[Label, ...]:
        """Return the labels that a number, a name or a group stands for.

        A name goes before a group of the same word; case is ignored where nothing fits as
        written.

        Raises
        ------
        UsageError
            If nothing fits; near names are told.

        Examples
        --------
        >>> pair = (Label(1, "AMY_left", ("AMY",)), Label(2, "AMY_right", ("AMY",)))
        >>> table = LabelTable("an atlas", pair)
        >>> [label.index for label in table.chosen("AMY")], table.chosen("2")[0].name
        ([1, 2], 'AMY_right')
        """
        for same in (lambda word: word, str.casefold):
            for words in (_number, _name, _groups):
                found = tuple(
                    label for label in self.labels if same(wanted) in map(same, words(label))
                )
                if found:
                    return found
        known = dict.fromkeys([each.name for each in self.labels])
        known |= dict.fromkeys(group for each in self.labels for group in each.groups)
        close = difflib.get_close_matches(wanted, known, n=3)
        hint = f"Did you mean {listed(f'`{name}`' for name in close)}?" if close else None
        raise UsageError(
            f"`{wanted}` is no label of {self.source}.",
            cure=hint or f"Its labels: {listed(known, most=12)}.",
        )


def _number(label: Label) -> tuple[str, ...]:
    return (str(label.index),)


def _name(label: Label) -> tuple[str, ...]:
    return (label.name,)


def _groups(label: Label) -> tuple[str, ...]:
    return label.groups


def read_label_table(path: Path, *, source: str | None = None) -> LabelTable:
    """Read a label table.

    BIDS tables (columns ``index`` and ``name``, or ``label``) are understood, lists of
    ``number name ...`` (FreeSurfer's colour tables, Schaefer's orders), and lists of names, one a
    line, whose numbers are their lines.

    Parameters
    ----------
    path : Path
        The table.
    source : str, optional
        Name of the atlas for sentences; the file's name when absent.

    Returns
    -------
    LabelTable
        Its labels; the background (0) is left out.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If it cannot be understood, or a number stands for two names.
    """
    tabular = path.name.endswith((".tsv", ".tsv.gz"))
    labels = _from_columns(read_table(path)) if tabular else _from_lines(path)
    labels = tuple(label for label in labels if label.index != 0)
    if not labels:
        raise InputDataError("The label table has no labels.", path=path)
    seen: dict[int, str] = {}
    for label in labels:
        if seen.setdefault(label.index, label.name) != label.name:
            raise InputDataError(
                f"Label {label.index} has two names, `{seen[label.index]}` and `{label.name}`.",
                path=path,
            )
    return LabelTable(source or path.name, tuple({each.index: each for each in labels}.values()))


def _from_columns(table: Table) -> tuple[Label, ...]:
    lower = [name.lower() for name in table.columns]
    index = next((lower.index(name) for name in INDEX_COLUMNS if name in lower), None)
    name = next((lower.index(name) for name in NAME_COLUMNS if name in lower), None)
    if index is None or name is None:
        raise InputDataError(
            "A label table has a column `index` and a column `name`.",
            path=table.path,
            cure=f"Its columns: {listed(table.columns)}.",
        )
    grouping = [
        place
        for place, column in enumerate(lower)
        if place not in (index, name) and column not in COLOUR_COLUMNS and _is_text(table, place)
    ]
    return tuple(
        Label(
            _whole_number(table, row, index),
            cells[name],
            tuple(cells[place] for place in grouping if cells[place].lower() not in NO_GROUP),
        )
        for row, cells in enumerate(table.rows)
    )


def _whole_number(table: Table, row: int, place: int) -> int:
    value = table.number(row, place)
    if value != value or value != round(value) or value < 0:
        raise table.cell_error(row, place, f"`{table.rows[row][place]}` is no label number")
    return round(value)


def _is_text(table: Table, place: int) -> bool:
    cells = [cells[place] for cells in table.rows if cells[place].lower() not in NO_GROUP]
    return bool(cells) and not any(re.fullmatch(r"[-+.\de#]+", cell, re.I) for cell in cells)


def _from_lines(path: Path) -> tuple[Label, ...]:
    every = [line.strip() for line in read_text(path).splitlines()]
    lines = [line for line in every if line and not line.startswith("#")]
    numbered = [NUMBERED.fullmatch(line) for line in lines]
    if lines and all(numbered):
        return tuple(Label(int(each[1]), each[2]) for each in numbered if each is not None)
    # Numbers that are lines must not shift: no line may be left out, nor hold anything else.
    names = "\n".join(every).strip("\n").split("\n")
    if not all(NAME_ALONE.fullmatch(line) for line in names):
        raise InputDataError(
            "The label table is neither a table with a header, nor lines of number and name, nor "
            "one name a line.",
            path=path,
            cure="Write a tab-separated `.tsv` with the columns `index` and `name`.",
        )
    return tuple(Label(number, line) for number, line in enumerate(names, start=1))


def grouped_by_name(table: LabelTable) -> LabelTable:
    """Add network and side to Schaefer's labels, whose names hold them.

    Examples
    --------
    >>> table = LabelTable("Schaefer", (Label(1, "7Networks_LH_Default_Temp_1"),))
    >>> grouped_by_name(table).labels[0].groups
    ('Default', 'left')
    """
    labels = []
    for label in table.labels:
        match = SCHAEFER_NAME.match(label.name)
        groups = label.groups
        if match is not None:
            groups = (match[2], "left" if match[1] == "LH" else "right")
        labels.append(Label(label.index, label.name, groups))
    return LabelTable(table.source, tuple(labels))
