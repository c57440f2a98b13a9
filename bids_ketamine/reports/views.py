"""What templates show: words, tables and pictures, ready made."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup, escape

LOGGER = logging.getLogger("bids_ketamine")


@dataclass(frozen=True)
class Tile:
    """One figure of the summary strip."""

    label: str
    value: str
    note: str = ""
    alarming: bool = False


@dataclass(frozen=True)
class Column:
    """Head of a column; numbers stand on the right, long text gets room."""

    name: str
    numeric: bool = False
    group: str = ""
    wide: bool = False

    @property
    def kind(self) -> str:
        """Class of its cells in the page."""
        return "n" if self.numeric else "wide" if self.wide else ""


@dataclass(frozen=True)
class TableView:
    """A table of words.

    Attributes
    ----------
    caption : str
        What it shows.
    columns : tuple of Column
        Heads; neighbours of one ``group`` share a head above.
    rows : tuple of tuple of str
        Cells; the first heads its row.
    note : str
        Stands below.
    alarms : frozenset of (int, int)
        Row and column of cells that stand out.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    alarms: frozenset[tuple[int, int]] = frozenset()

    def cell_class(self, row: int, column: int) -> str:
        """Return the classes of a cell."""
        alarm = "alarm" if (row, column) in self.alarms else ""
        return f"{self.kinds[column]} {alarm}".strip()

    @property
    def kinds(self) -> list[str]:
        """Classes of the cells of each column; the first of a group keeps a distance."""
        before = ["", *(column.group for column in self.columns)]
        return [
            f"{column.kind} start".strip()
            if column.group and column.group != previous
            else column.kind
            for column, previous in zip(self.columns, before, strict=False)
        ]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Heads above the heads with the number of columns each spans; none if all are empty."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group and column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans if any(name for name, _ in spans) else []


@dataclass(frozen=True)
class Picture:
    """A picture with its caption, or the reason why there is none.

    Attributes
    ----------
    caption : str
        What it shows.
    markup : Markup or None
        The element of the page.
    problem : str
        Why there is none.
    name : str
        Name of its own file, ``figures/<name>.svg``; without one there is no such file.
    data : DataFrame or None
        What is drawn, one row a mark, for ``figures/<name>.tsv``.
    """

    caption: str
    markup: Markup | None = None
    problem: str = ""
    name: str = ""
    data: pd.DataFrame | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class PictureGroup:
    """Pictures and tables under one heading.

    Attributes
    ----------
    title, words : str
        Heading, and what is shown.
    pictures : tuple of Picture
        Beside and below each other.
    tables : tuple of TableView
        Below the pictures.
    sentences : tuple of str
        Below them.
    warnings : tuple of str
        Stand out, above all pictures.
    lead : tuple of str
        Paragraphs that stand first.
    """

    title: str
    words: str
    pictures: tuple[Picture, ...]
    tables: tuple[TableView, ...] = ()
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()


def picture(
    caption: str,
    draw: Callable[[], Markup],
    *,
    name: str = "",
    data: pd.DataFrame | None = None,
) -> Picture:
    """Draw a picture; one that fails leaves its reason, and the page goes on.

    Parameters
    ----------
    caption : str
        What it shows.
    draw : callable
        Reads the files it needs and returns the markup.
    name : str, optional
        Name of its own file beside the page (``a-z0-9_-``).
    data : DataFrame, optional
        What is drawn, one row a mark. Where the page holds nothing of single participants,
        neither may the data.

    Examples
    --------
    >>> shown = picture("Two arms", lambda: Markup("<svg></svg>"), name="course-madrs")
    >>> shown.name, shown.problem
    ('course-madrs', '')
    """
    try:
        return Picture(caption, draw(), name=name, data=data)
    # A report must come out whatever a damaged file does to the libraries that read it.
    except Exception as error:
        LOGGER.warning("report: %s could not be drawn: %s", caption, error, exc_info=True)
        words = getattr(error, "message", None) or str(error) or type(error).__name__
        return Picture(caption, problem=f"could not be drawn: {words}", name=name, data=data)


def marked(sentence: object) -> Markup:
    """Return a sentence, escaped, with what stands between backticks as code.

    >>> str(marked("elastic net (`elastic_net`) & <more>"))
    'elastic net (<code>elastic_net</code>) &amp; &lt;more&gt;'
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))


def relative_link(target: object) -> str | None:
    """Return an address inside the output folder, or None if it is not one.

    Parameters
    ----------
    target : object
        Path as a log names it.

    >>> relative_link("logs/crash-1.txt"), relative_link("javascript:x"), relative_link("/etc")
    ('logs/crash-1.txt', None, None)
    """
    if not isinstance(target, str) or not target:
        return None
    path = Path(target)
    if path.is_absolute() or ".." in path.parts or ":" in target or target.startswith("\\"):
        return None
    return quote(target)
