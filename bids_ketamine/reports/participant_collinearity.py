"""Correlations and variance inflation of regressors, efficiency of contrasts, by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from markupsafe import Markup

from bids_ketamine.reports.facts import mapping_of, sentences_of
from bids_ketamine.reports.figures.collinearity import collinearity_figure
from bids_ketamine.reports.inflation import (
    INFINITE,
    INFLATION_WORDS,
    LIMITS_WORDS,
    REGRESSOR_LIMIT,
)
from bids_ketamine.reports.tree import RunOutput, SessionOutput
from bids_ketamine.reports.views import Column, PictureGroup, TableView, picture
from bids_ketamine.reports.words import ABSENT, is_absent, is_number, listed, number, text

WORDS = (
    "Regressors are shown as they are fitted, high-passed and, for the noise model spm, whitened; "
    f"apart stands each one's largest correlation with a nuisance regressor. {INFLATION_WORDS} "
    f"Here 1 is the smallest, and above {REGRESSOR_LIMIT:g} an effect can hardly be told from the "
    f"others. {LIMITS_WORDS} Efficiency is one over the variance of a contrast, in units of the "
    "noise's variance; it compares runs and sessions of one contrast and has no scale of its own. "
    "Colours run from blue, \u22121, to red, 1."
)

Runs = Sequence[tuple[SessionOutput, RunOutput]]


def collinearity_group(runs: Runs, conditions: Sequence[str]) -> list[PictureGroup]:
    """Return correlations, variance inflation and efficiency; nothing where none is recorded.

    Parameters
    ----------
    runs : sequence of (SessionOutput, RunOutput)
        Runs of a task.
    conditions : sequence of str
        Conditions in the study's order; a regressor stands beside its condition.
    """
    known, pictures = [], []
    for session, run in runs:
        diagnostics = mapping_of(run.design_facts(), "Diagnostics")
        if diagnostics:
            name = f"{session.name} run {run.run}" if run.run else session.name
            known.append((name, diagnostics))
        if mapping_of(diagnostics, "ConditionCorrelation").get("names"):
            caption = f"{session.name}, {run.title}: correlations of task regressors"
            pictures.append(picture(caption, partial(_draw, run, diagnostics, conditions)))
    if not known:
        return []
    inflation, high = _inflation(known, conditions)
    tables = [table for table in (inflation, _efficiency(known)) if table is not None]
    warnings: tuple[str, ...] = ()
    if high:
        told = "; ".join(f"{condition} ({', '.join(where)})" for condition, where in high.items())
        warnings = (f"Variance inflation of regressors above {REGRESSOR_LIMIT:g}: {told}.",)
    return [
        PictureGroup(
            "Collinearity and efficiency",
            WORDS,
            tuple(pictures),
            tables=tuple(tables),
            warnings=warnings,
        )
    ]


Known = Sequence[tuple[str, Mapping[str, Any]]]


def _in_order(names: Sequence[str], conditions: Sequence[str]) -> list[str]:
    """Return regressors in the order of their conditions; runs differ in what comes first.

    >>> _in_order(["b", "error_trials", "a", "a_derivative"], ["a", "b"])
    ['a', 'a_derivative', 'b', 'error_trials']
    """

    def place(name: str) -> int:
        own = [each for each in conditions if name == each or name.startswith(f"{each}_")]
        return list(conditions).index(max(own, key=len)) if own else len(conditions)

    return sorted(names, key=place)


def _inflation(
    known: Known, conditions: Sequence[str]
) -> tuple[TableView | None, dict[str, list[str]]]:
    """Return a row for each condition, and where its inflation is high."""
    names = dict.fromkeys(
        str(name) for _, each in known for name in mapping_of(each, "VarianceInflation")
    )
    if not names:
        return None, {}
    rows: list[tuple[str, ...]] = []
    alarms: set[tuple[int, int]] = set()
    high: dict[str, list[str]] = {}
    for condition in _in_order(list(names), conditions):
        cells = [condition]
        for where, diagnostics in known:
            shown, is_high = _shown_inflation(diagnostics, condition)
            if is_high:
                alarms.add((len(rows), len(cells)))
                high.setdefault(condition, []).append(f"{where} {shown}")
            cells.append(shown)
        rows.append(tuple(cells))
    columns = (Column("Regressor"), *(Column(where, numeric=True) for where, _ in known))
    return TableView("Variance inflation", columns, tuple(rows), alarms=frozenset(alarms)), high


def _shown_inflation(diagnostics: Mapping[str, Any], condition: str) -> tuple[str, bool]:
    factors = mapping_of(diagnostics, "VarianceInflation")
    if condition not in factors:
        return ABSENT, False
    value = factors[condition]
    if not is_number(value):
        # Infinite, unless the regressor does not vary and has no correlation with itself either.
        varies = not is_absent(_with_itself(diagnostics, condition))
        return (INFINITE, True) if varies else (ABSENT, False)
    return number(value, 1), value > REGRESSOR_LIMIT


def _with_itself(diagnostics: Mapping[str, Any], condition: str) -> Any:
    correlation = mapping_of(diagnostics, "ConditionCorrelation")
    names = sentences_of(correlation, "names")
    try:
        at = names.index(condition)
        return correlation["values"][at][at]
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def _efficiency(known: Known) -> TableView | None:
    names = dict.fromkeys(str(name) for _, each in known for name in mapping_of(each, "Efficiency"))
    if not names:
        return None
    rows = tuple(
        (contrast, *(number(mapping_of(each, "Efficiency").get(contrast)) for _, each in known))
        for contrast in names
    )
    columns = (Column("Contrast"), *(Column(where, numeric=True) for where, _ in known))
    without = [row[0] for row in rows if ABSENT in row[1:]]
    note = f"Where there is none, {listed(without)} could not be estimated." if without else ""
    return TableView("Efficiency of contrasts", columns, rows, note=note)


def _draw(run: RunOutput, diagnostics: Mapping[str, Any], conditions: Sequence[str]) -> Markup:
    correlation = mapping_of(diagnostics, "ConditionCorrelation")
    names = [str(name) for name in correlation["names"]]
    values = np.array(correlation["values"], dtype=np.float64)
    if values.shape != (len(names), len(names)):
        raise ValueError(f"{len(names)} conditions with correlations of shape {values.shape}")
    ordered = _in_order(names, conditions)
    places = [names.index(name) for name in ordered]
    names, values = ordered, values[np.ix_(places, places)]
    largest = mapping_of(diagnostics, "LargestNuisanceCorrelation")
    nuisance = {
        name: (text(largest[name].get("with")), float(largest[name]["r"]))
        for name in names
        if isinstance(largest.get(name), Mapping) and not is_absent(largest[name].get("r"))
    }
    told = [
        f"{first} and {second} {number(values[row, column], 2)}"
        for row, first in enumerate(names)
        for column, second in enumerate(names)
        if row < column
    ]
    return collinearity_figure(
        values,
        conditions=names,
        nuisance=nuisance,
        name=f"collinearity-{run.name}",
        description=f"Correlations of conditions of {run.name}: {', '.join(told[:20])}",
    )
