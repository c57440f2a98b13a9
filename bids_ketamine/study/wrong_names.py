"""Sentences about names in a study that name nothing, or stand twice."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TypeVar

from bids_ketamine.study.measure_names import ANY

Value = TypeVar("Value", str, float)


def unknown_name(what: str, name: str, known: Sequence[str]) -> str:
    """Say that a setting names nothing of the study, and what was probably meant.

    Parameters
    ----------
    what : str
        Kind of thing, in the singular.
    name : str
        The name.
    known : sequence of str
        Names that there are.

    Returns
    -------
    str
        Rest of a sentence that starts with the setting.

    Examples
    --------
    >>> unknown_name("outcome", "cap5", ["caps5", "madrs"])
    ' names no outcome of the study: `cap5`; did you mean `caps5`? outcomes: caps5, madrs'
    """
    close = difflib.get_close_matches(name, known, n=1)
    guess = f"did you mean `{close[0]}`? " if close else ""
    offer = f"{what}s: {', '.join(known)}" if known else f"the study has no {what}s"
    return f" names no {what} of the study: `{name}`; {guess}{offer}"


def nearest_measure(pattern: str, possible: Sequence[str]) -> str:
    """Return the measure that was probably meant, or how names of measures are made.

    Parameters
    ----------
    pattern : str
        What a study asks for.
    possible : sequence of str
        Result of :func:`~bids_ketamine.study.measure_names.possible_measures`.
    """
    before, _, pair = pattern.rpartition(" ")
    turned = f"{before} {'~'.join(reversed(pair.split('~')))}".strip()
    close = [turned] if turned in possible else difflib.get_close_matches(pattern, possible, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    start = list(dict.fromkeys(" ".join(name.split(" ")[:2]) for name in possible))
    kinds = ", ".join(f"`{each} {ANY}`" for each in start)
    return f"names are made of measure, task, contrast and regions: {kinds}"


def named_twice(values: Sequence[Value]) -> list[Value]:
    """Return what stands more than once, each once.

    Examples
    --------
    >>> named_twice(["a", "b", "a"])
    ['a']
    """
    return [value for value in dict.fromkeys(values) if values.count(value) > 1]
