"""Sentences on what is wrong with the fits of mixed models, and on small samples."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_mixed_words import method_words
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import is_absent, is_number, listed, text

#: Arms below this size are called small.
SMALLEST_SAFE = 20
#: Deviations below this share of that of the residuals are zero.
ZERO = 1e-4
_LOST_DRAWS = re.compile(r"\d+ of \d+ drawn trials could not be fitted")
_REGRESSION = (
    "estimates are those of ordinary regression, in which the sessions of a participant are "
    "independent"
)


def fit_sentences(fits: pd.DataFrame, rules: Collection[str] = ()) -> list[str]:
    """Say what is wrong with fits: not made, not converged, or at a boundary.

    Parameters
    ----------
    fits : DataFrame
        ``group_mixed_fits`` of one model and value.
    rules : collection of str
        Rules of degrees of freedom that are told.
    """
    told: dict[str, list[str]] = {}
    for row in records(fits):
        for sentence in _fit_problems(row, rules):
            told.setdefault(sentence, []).append(method_words(row["method"]))
    return [unbroken(f"{listed(methods)}: {sentence}") for sentence, methods in told.items()]


def is_fitted(row: Mapping[str, Any]) -> bool:
    """Tell whether a row of ``group_mixed_fits`` is of a model that could be fitted."""
    return is_absent(row["reason"]) or is_number(row["log_likelihood"])


def zero_variances(row: Mapping[str, Any]) -> tuple[bool, bool]:
    """Tell whether the variances of intercepts and of slopes are estimated at zero.

    Parameters
    ----------
    row : mapping
        A row of ``group_mixed_fits``; a model without slopes has none at zero.
    """
    scale = row["sd_residual"] if is_number(row["sd_residual"]) else 1.0
    intercepts, slopes = (
        is_number(row[name]) and row[name] < ZERO * max(scale, 1e-12)
        for name in ("sd_participant", "sd_slope")
    )
    return intercepts, slopes


def _fit_problems(row: Mapping[str, Any], rules: Collection[str]) -> list[str]:
    if not is_fitted(row):
        return [f"the model could not be fitted: {text(row['reason']).rstrip('.')}."]
    problems = []
    note = text(row["note"], "")
    if not row["converged"]:
        problems.append(
            "the fit did not converge. What is told is where the search stopped; do not rely on it."
        )
    if row["boundary"]:
        problems.append(_boundary(row, rules))
    if not problems and note:
        return [f"{note.rstrip('.')}."]
    lost = _LOST_DRAWS.search(note)
    return [*problems, f"{lost.group()}."] if lost else problems


def _boundary(row: Mapping[str, Any], rules: Collection[str]) -> str:
    intercepts, slopes = zero_variances(row)
    has_slopes = is_number(row["sd_slope"])
    edge = "is estimated at zero, at the edge of what is possible"
    if intercepts and not has_slopes:
        return (
            f"the variance between participants is estimated at zero: {_REGRESSION}."
            f"{_degrees(row, rules)}"
        )
    if intercepts and slopes:
        return (
            "the variances of participants\u2019 intercepts and of their slopes are estimated at "
            f"zero: {_REGRESSION}.{_degrees(row, rules)}"
        )
    if intercepts:
        return f"the variance of participants\u2019 intercepts {edge}; that of their slopes is not."
    if slopes:
        return f"the variance of participants\u2019 slopes {edge}; that of their intercepts is not."
    if is_number(row["correlation"]) and abs(row["correlation"]) > 0.999:
        return (
            "intercepts and slopes of participants are estimated as perfectly correlated: the data "
            "do not tell them apart."
        )
    return f"a variance lies at the edge of what is possible: {text(row['note'], 'singular fit')}."


def _degrees(row: Mapping[str, Any], rules: Collection[str]) -> str:
    """Say what becomes of degrees of freedom where no variance of participants is left."""
    if text(row["method"]) != "reml" or "satterthwaite" not in rules:
        return ""
    other = "; Kenward and Roger\u2019s are not" if "kenward_roger" in rules else ""
    return f" Satterthwaite\u2019s degrees of freedom are then n − p{other}."


def size_sentences(sizes: Mapping[str, int], rules: Iterable[str]) -> list[str]:
    """Warn of small samples, and of rules that count observations as participants.

    Parameters
    ----------
    sizes : mapping of str to int
        Participants of each arm, or of ``all``.
    rules : iterable of str
        Rules of degrees of freedom that are told.
    """
    small = [(arm, n) for arm, n in sizes.items() if n < SMALLEST_SAFE]
    if not small:
        return []
    told = listed([f"{'n' if arm == 'all' else arm + ' n'} = {n}" for arm, n in small])
    sentence = (
        f"Few participants ({told}): intervals are wide, and variances, on which standard errors "
        "rest, are themselves uncertain. An effect that stands out here is probably overestimated."
    )
    if "residual" in set(rules):
        sentence += (
            " The residual rule counts observations as if they came from different participants; "
            "for what differs between participants (arm, sequence, response) its p is too small."
        )
    return [unbroken(sentence)]
