"""Methods that a preset hands down and that a study of the user's own has nothing for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from bids_ketamine.study.check_connectivity import check_gppi
from bids_ketamine.study.check_similarity import check_similarity
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.spec import StudySpec

#: Methods that rest on a study's tasks and regions: what they are called, and their rules.
METHODS = {
    "gppi": ("generalized PPI", check_gppi),
    "rsa": ("representational similarity", check_similarity),
}


def without_misfits(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out inherited methods that do not fit the user's tasks and regions.

    A study that takes the tasks out of a preset means no method on them. What the user's own
    file says of a method stays, and is told as a problem.

    Parameters
    ----------
    spec : StudySpec
        The study, each value of its declared type.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    spec : StudySpec
        Without them.
    notices : tuple of str
        A sentence without full stop for each that was left out, with its reason.
    """
    notices = []
    for name, (words, check) in METHODS.items():
        if (name,) in written or getattr(spec, name) is None:
            continue
        problems = _problems(spec, check)
        if problems:
            reason = problems[0].replace(f" (`{name}: null` leaves the method out)", "")
            reason = reason.replace(f"; `{name}: null` leaves the method out", "")
            notices.append(f"{words} of the preset (`{name}`) is left out: {reason}")
            without: dict[str, Any] = {name: None}
            spec = replace(spec, **without)
    return spec, tuple(notices)


def _problems(spec: StudySpec, check: Callable[[StudySpec, Problem], None]) -> list[str]:
    """Return the sentences of a check."""
    found: list[str] = []

    def problem(_: KeyPath, sentence: str) -> None:
        found.append(sentence)

    check(spec, problem)
    return found
