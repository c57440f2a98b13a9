"""Figures of a report as files of their own: an SVG for print and its data beside it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.tables import write_text
from bids_ketamine.reports.views import Picture

#: Folder of figures beside the tables of the group.
FOLDER = "figures"
#: Lists figures with their captions.
LISTING = "figures.tsv"
#: Between headings and captions in it.
JOINT = " | "
#: Longest name of a figure, so that any file system takes it.
LONGEST_NAME = 120
#: Pixels of a page per unit of matplotlib's drawings, which are in points.
PIXELS_PER_POINT = 96 / 72
FONTS = "'DejaVu Sans', Verdana, Arial, Helvetica, sans-serif"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" viewBox="{2}"'


@dataclass(frozen=True)
class Titled:
    """Views under a heading, which then stands before the captions of their figures.

    Attributes
    ----------
    title : str
        The heading; empty for none.
    held : object
        The views.
    """

    title: str
    held: object


def write_figure_files(folder: Path, *views: object) -> list[Path]:
    """Write every named picture of some views as ``<name>.svg``, and its data as ``<name>.tsv``.

    In the listing, headings of the page stand before captions, so that each tells what it shows.
    The folder is the report's own: SVG files and tables that are there go first, for they may
    show single participants where the page now does not.

    Parameters
    ----------
    folder : Path
        Where they go; made when there is a figure.
    *views : object
        Data classes, mappings and sequences that hold :class:`~.views.Picture` at any depth.

    Returns
    -------
    list of Path
        The SVG files in the order of the page.

    Raises
    ------
    CannotCreateError, ReadWriteError
        If a file cannot be written or an old one not removed.
    """
    _remove_earlier(folder)
    files: dict[str, Picture] = {}
    captions: dict[str, str] = {}
    for headings, each in _pictures(views):
        if each.name and each.markup is not None:
            name = _unique(safe_name(each.name), files)
            files[name] = each
            captions[name] = JOINT.join(dict.fromkeys([*headings, each.caption]))
    often = Counter(captions.values())
    rows = []
    for name, each in files.items():
        write_text(folder / f"{name}.svg", standalone_svg(each))
        if each.data is not None:
            _write_data(folder / f"{name}.tsv", each.data)
        caption = captions[name]
        caption += f" ({name})" if often[caption] > 1 else ""
        rows.append((name, caption, "" if each.data is None else f"{name}.tsv"))
    if rows:
        _write_data(folder / LISTING, pd.DataFrame(rows, columns=["figure", "caption", "data"]))
    return [folder / f"{name}.svg" for name in files]


def safe_name(name: str) -> str:
    """Return a name that any file system takes: ``a`` to ``z``, digits, ``_`` and ``-``.

    >>> safe_name("Course of MADRS (day 2)"), safe_name("../..")
    ('course-of-madrs-day-2', 'figure')
    """
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    plain = plain[:LONGEST_NAME].strip("-")
    # A name that the listing has already would write over it.
    return plain if plain and f"{plain}.tsv" != LISTING else "figure"


def _unique(name: str, taken: Mapping[str, object]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _pictures(
    value: object, headings: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Picture]]:
    """Yield the pictures of views, however deep they stand, each with the headings above it."""
    if isinstance(value, Picture):
        yield headings, value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        title = getattr(value, "title", "")
        below = (*headings, title) if isinstance(title, str) and title else headings
        for field in dataclasses.fields(value):
            yield from _pictures(getattr(value, field.name), below)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _pictures(each, headings)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _pictures(each, headings)


def standalone_svg(picture: Picture) -> str:
    """Return a picture as an SVG document with its size, a white ground and its fonts.

    Parameters
    ----------
    picture : Picture
        With markup: an ``<svg>`` element, or an ``<img>`` that holds its own pixels.

    Raises
    ------
    ValueError
        If the markup is neither.
    """
    markup = str(picture.markup or "")
    start, end = markup.find("<svg"), markup.rfind("</svg>")
    if start >= 0 and end >= 0:
        content = _of_svg(markup[start:end])
    elif (image := re.search(r"<img\b[^>]*>", markup)) is not None:
        content = _of_image(image.group())
    else:
        raise ValueError(f"{picture.name} is neither an svg nor an img element")
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{content}\n'
    # XML has no place for control characters, UTF-8 none for the surrogates of a broken file name.
    return _CONTROLS.sub(" ", document).encode("utf-8", "replace").decode("utf-8")


def _of_svg(element: str) -> str:
    head, body = element.split(">", 1)
    box = _attribute(head, "viewBox") or "0 0 1 1"
    x, y, width, height = (float(each) for each in box.split())
    label = _attribute(head, "aria-label")
    size = (width * PIXELS_PER_POINT, height * PIXELS_PER_POINT)
    title = f"<title>{label}</title>" if label else ""
    return (
        f'{_SVG.format(*size, box)} stroke-linejoin="round">{title}'
        f"<style>text {{ font-family: {FONTS} !important; }}</style>"
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="#ffffff"/>'
        f"{body}</svg>"
    )


def _of_image(element: str) -> str:
    width, height = (float(_attribute(element, name) or 1.0) for name in ("width", "height"))
    label, source = _attribute(element, "alt"), _attribute(element, "src")
    title = f"<title>{label}</title>" if label else ""
    return (
        f"{_SVG.format(width, height, f'0 0 {width:g} {height:g}')}>{title}"
        f'<image width="{width:g}" height="{height:g}" href="{source}"/></svg>'
    )


def _attribute(element: str, name: str) -> str:
    """Return an attribute as it stands, escaped."""
    found = re.search(rf'\b{name}="([^"]*)"', element)
    return found.group(1) if found else ""


def _write_data(path: Path, data: pd.DataFrame) -> None:
    """Write a table whole; its columns are told by the figure's caption."""
    lines = ["\t".join(_cell(name) for name in data.columns)]
    lines += ["\t".join(map(_cell, row)) for row in data.itertuples(index=False, name=None)]
    write_text(path, ("\n".join(lines) + "\n").encode("utf-8", "replace").decode("utf-8"))


def _cell(value: Any) -> str:
    """Return a cell as the tables of the group have it.

    >>> [_cell(value) for value in (1 / 3, float("nan"), True, None, 2)]
    ['0.3333333333', 'n/a', 'true', 'n/a', '2']
    """
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return "n/a" if np.isnan(value) else f"{value:.10g}"
    if value is None or value is pd.NA or value is pd.NaT:
        return "n/a"
    return re.sub(r"[\t\r\n]", " ", str(value)) or "n/a"


def _remove_earlier(folder: Path) -> None:
    """Remove the figures of an earlier run."""
    try:
        for pattern in ("*.svg", "*.tsv"):
            for stale in sorted(folder.glob(pattern)):
                stale.unlink(missing_ok=True)
    except OSError as error:
        raise CannotCreateError(
            f"A figure of an earlier run cannot be removed: {error.strerror}.",
            path=folder,
            cure="Check the folder's permissions or choose another output folder.",
        ) from error
