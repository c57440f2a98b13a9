"""What a mixed model is about first: one effect or one F test of each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from bids_ketamine.reports.group_mixed_numbers import (
    ValueDecimals,
    fixed_interval,
    fixed_signed,
)
from bids_ketamine.reports.group_mixed_terms import TermWords, by_interest
from bids_ketamine.reports.group_mixed_words import (
    count_sentence,
    df_words,
    effect_sentence,
    f_words,
    joint_sentence,
    main_rows,
)
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import ABSENT, counted, is_number, listed, number, p_value, text

EFFECTS_FILE, TESTS_FILE = "group_mixed_effects.tsv", "group_mixed_tests.tsv"
#: Values whose headlines all stand at the top of the report.
MOST_TOLD = 4
DIFFERENT = (
    "What is compared differs between values, so that their p values are neither counted nor "
    "ranked."
)


class Headline(NamedTuple):
    """The effect of a value that the model is about first.

    Attributes
    ----------
    title, unit : str
        Name of the value, and its unit.
    row : mapping
        Of ``group_mixed_tests`` where the term has several effects, else of
        ``group_mixed_effects``.
    is_test : bool
        Whether it is the test of several effects.
    label, compared : str
        The term in few words, and what it compares: the same for values that can be set side by
        side.
    sentence : str
        The result.
    decimals : ValueDecimals
        Of the value.
    """

    title: str
    unit: str
    row: Mapping[str, Any]
    is_test: bool
    label: str
    compared: str
    sentence: str
    decimals: ValueDecimals

    @property
    def p(self) -> float:
        """The p value; 2 where there is none."""
        return float(self.row["p_value"]) if is_number(self.row["p_value"]) else 2.0


def headline(
    effects: pd.DataFrame,
    tests: pd.DataFrame,
    words: TermWords,
    *,
    title: str,
    unit: str,
    level: str,
    decimals: ValueDecimals,
) -> Headline | None:
    """Return what a value's model is about first; None where it could not be fitted.

    Parameters
    ----------
    effects, tests : DataFrame
        ``group_mixed_effects`` and ``group_mixed_tests`` of one model and value.
    words : TermWords
        Words for its terms.
    title, unit : str
        What is modelled, and its unit.
    level : str
        Level of intervals.
    decimals : ValueDecimals
        Of the value.
    """
    rows = records(main_rows(effects[effects["term"].notna()]).head(1))
    if not rows:
        return None
    first = rows[0]
    whole = _test_of_several(first, tests, words)
    if whole is not None:
        compared = "; ".join(map(words.of, words.columns(text(whole["term"]))))
        label = text(whole["term"]).replace(":", " × ")
        told = joint_sentence(whole, value=title)
        return Headline(title, unit, whole, True, label, compared, told, decimals)
    term = text(first["term"])
    told = effect_sentence(first, words, value=title, unit=unit, level=level, decimals=decimals)
    return Headline(title, unit, first, False, words.label(term), words.of(term), told, decimals)


def _test_of_several(
    effect: Mapping[str, Any], tests: pd.DataFrame, words: TermWords
) -> Mapping[str, Any] | None:
    """Return the test of the term that an effect is one of several of."""
    own = tests[
        tests["term"].notna()
        & (tests["method"] == effect["method"])
        & (tests["df_rule"] == effect["df_rule"])
    ]
    for term in by_interest(own["term"].astype(str)):
        columns = words.columns(term)
        if text(effect["term"]) in columns:
            return records(own[own["term"] == term])[0] if len(columns) > 1 else None
    return None


def are_comparable(headlines: Sequence[Headline]) -> bool:
    """Tell whether all values are asked the same, so that p can be ranked."""
    return len({(each.is_test, each.compared) for each in headlines}) < 2


def count_words(headlines: Sequence[Headline]) -> str:
    """Count values with a small p, or say why they are not counted; empty for one value.

    Parameters
    ----------
    headlines : sequence of Headline
        Of all values of a model.
    """
    if not are_comparable(headlines):
        return DIFFERENT
    rows = pd.DataFrame([each.row for each in headlines])
    return count_sentence(rows, headlines[0].label) if headlines else ""


def summary_words(
    headlines: Mapping[str, Headline | None], failures: Mapping[str, tuple[str, str]]
) -> str:
    """Return what came of a model, for the top of the report.

    Parameters
    ----------
    headlines : mapping of str to Headline or None
        Of each value, in order.
    failures : mapping of str to (str, str)
        Title, and why there is no fit, of each value without a headline.
    """
    found = [each for each in headlines.values() if each is not None]
    failed = _failed_words([failures[value] for value in failures])
    if len(found) <= MOST_TOLD:
        return " ".join([*(each.sentence for each in found), *failed])
    told = [count_words(found)]
    if are_comparable(found):
        told.append(f"Smallest p: {min(found, key=lambda each: each.p).sentence}")
    else:
        told.insert(0, f"{counted(len(found), 'value')}: see the table.")
    return " ".join([*told, *failed])


def _failed_words(failures: Sequence[tuple[str, str]]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for title, reason in failures:
        reasons.setdefault(reason.rstrip("."), []).append(title)
    return [
        f"{listed(titles) if len(titles) <= MOST_TOLD else counted(len(titles), 'value')}: the "
        f"model could not be fitted: {reason}."
        for reason, titles in reasons.items()
    ]


def overview_table(headlines: Sequence[Headline], *, level: str) -> TableView:
    """Return the headline of every value: by p where they are asked the same.

    Parameters
    ----------
    headlines : sequence of Headline
        In order; by p where they are to be ranked.
    level : str
        Level of intervals.
    """
    if not are_comparable(headlines):
        return _table_of_different(headlines)
    if headlines[0].is_test:
        return _table_of_tests(headlines)
    shared = {
        unit: max(each.decimals.of(each.row) for each in headlines if each.unit == unit)
        for unit in {each.unit for each in headlines}
    }
    cells = []
    for each in headlines:
        row, decimals = each.row, shared[each.unit]
        shown = fixed_signed(row["estimate"], decimals)
        limits = fixed_interval(row["ci_low"], row["ci_high"], decimals)
        df = df_words(row["df"], row["df_rule"])
        cells.append((each.title, shown, limits, number(row["t"], 2), df, p_value(row["p_value"])))
    names = ("estimate", f"{level} interval", "t", "df", "p")
    columns = (Column("Value", wide=True), *(Column(name, numeric=True) for name in names))
    return table_view("Every value, by p", columns, cells, len(cells), "", EFFECTS_FILE)


def _table_of_tests(headlines: Sequence[Headline]) -> TableView:
    cells = [(each.title, _tested(each), p_value(each.row["p_value"])) for each in headlines]
    columns = (Column("Value", wide=True), Column("F", numeric=True), Column("p", numeric=True))
    note = f"{headlines[0].label}, all levels together."
    return table_view("Every value, by p", columns, cells, len(cells), note, TESTS_FILE)


def _table_of_different(headlines: Sequence[Headline]) -> TableView:
    cells = []
    for each in headlines:
        estimate = limits = ABSENT
        if not each.is_test:
            decimals = each.decimals.of(each.row)
            estimate = fixed_signed(each.row["estimate"], decimals)
            limits = fixed_interval(each.row["ci_low"], each.row["ci_high"], decimals)
        what = each.compared
        if each.is_test:
            what = f"{each.label}, all levels together ({what})"
        tested = (_tested(each), p_value(each.row["p_value"]))
        cells.append((each.title, what, *tested, estimate, limits))
    columns = (
        *(Column("Value"), Column("What it compares", wide=True)),
        *(Column(name, numeric=True) for name in ("test", "p", "estimate", "interval")),
    )
    return table_view("Every value", columns, cells, len(cells), "", EFFECTS_FILE)


def _tested(each: Headline) -> str:
    row = each.row
    if each.is_test:
        return f_words(row) if is_number(row["f_value"]) else ABSENT
    if not is_number(row["t"]):
        return ABSENT
    return f"t({df_words(row['df'], row['df_rule'])}) = {number(row['t'], 2)}"
