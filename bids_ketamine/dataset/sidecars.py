"""JSON sidecars."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bids_ketamine.dataset.decoding import read_text
from bids_ketamine.dataset.spelling import shown
from bids_ketamine.errors import InputDataError

#: Largest JSON sidecar, bytes; those of confounds tables reach a few hundred kB.
LARGEST_SIDECAR = 32 * 2**20

#: `desc` of smoothed BOLD series and the width of the Gaussian, mm, where it is always the same:
#: fMRIPrep's AROMA series, and XCP-D's, whose sidecar has `FWHM`.
SMOOTHED_SERIES: Mapping[str, float | None] = {
    "smoothAROMAnonaggr": 6.0,
    "denoisedSmoothed": None,
}
#: Keys of sidecars that tell the width, mm (XCP-D; other programs), or whether there was smoothing.
WIDTH_KEYS = ("FWHM", "SmoothingFWHM", "Smoothed")
#: Largest width that is believed, mm.
LARGEST_FWHM = 50.0


class Smoothing(NamedTuple):
    """What description and sidecar say of a series' smoothing.

    Attributes
    ----------
    smoothed : bool
        Whether it was.
    fwhm : float or None
        Full width at half maximum, mm, where it is told.
    notes : tuple of str
        What is odd about it.
    """

    smoothed: bool
    fwhm: float | None
    notes: tuple[str, ...] = ()


def stated_smoothing(description: str, values: Mapping[str, object]) -> Smoothing:
    """Tell whether a series was smoothed before, by its description and its sidecar.

    Parameters
    ----------
    description : str
        `desc` entity in today's terms.
    values : mapping of str to object
        Of its sidecars.

    Examples
    --------
    >>> stated_smoothing("smoothAROMAnonaggr", {})
    Smoothing(smoothed=True, fwhm=6.0, notes=())
    >>> stated_smoothing("denoisedSmoothed", {"FWHM": 4})
    Smoothing(smoothed=True, fwhm=4.0, notes=())
    >>> stated_smoothing("preproc", {"Smoothed": True}), stated_smoothing("preproc", {"FWHM": 0})
    (Smoothing(smoothed=True, fwhm=None, notes=()), Smoothing(smoothed=False, fwhm=None, notes=()))
    """
    smoothed, fwhm = description in SMOOTHED_SERIES, SMOOTHED_SERIES.get(description)
    notes = []
    for key in WIDTH_KEYS:
        value = values.get(key)
        if value is None or value is False:
            continue
        if value is True and key == "Smoothed":
            smoothed = True
            continue
        width = float(value) if isinstance(value, int | float) and value is not True else math.nan
        if width == 0:
            continue
        if not 0 < width <= LARGEST_FWHM:
            told = shown(repr(value))
            notes.append(f"{key} of the sidecar is {told}, no width of a Gaussian in mm: not used")
            continue
        return Smoothing(True, width, tuple(notes))
    return Smoothing(smoothed, fwhm, tuple(notes))


class _TwoValuesError(ValueError):
    """A key has two values."""


def _without_contradiction(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content and content[key] != value:
            raise _TwoValuesError(key)
        content[key] = value
    return content


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON sidecar.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its keys and values.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    InputDataError
        If it is not a JSON object; the error names the line.
    """
    text = read_text(path, most_bytes=LARGEST_SIDECAR)
    try:
        content = json.loads(text, object_pairs_hook=_without_contradiction)
    except json.JSONDecodeError as error:
        raise InputDataError(
            f"Line {error.lineno}: the file is not valid JSON ({error.msg}, column {error.colno}).",
            path=path,
            cure="Correct the line, or make the file again.",
        ) from None
    except _TwoValuesError as error:
        raise InputDataError(
            f"The key `{error}` stands there twice, with two values.",
            path=path,
            cure="Remove the wrong one.",
        ) from None
    except (ValueError, RecursionError):
        raise InputDataError("The file is not valid JSON.", path=path) from None
    if not isinstance(content, dict):
        raise InputDataError(
            "The file is not a JSON object.",
            path=path,
            cure="A sidecar starts with { and ends with }.",
        )
    return content
