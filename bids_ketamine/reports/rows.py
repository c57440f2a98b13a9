"""Rows of tables as mappings, and the order of what they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd

from bids_ketamine.reports.words import is_absent


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one mapping for each row, by column name."""
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def in_order(found: pd.Series, order: Sequence[str]) -> list[str]:
    """Return the distinct values of a column, those of an order first.

    >>> in_order(pd.Series(["post", "extra", "pre", "post"]), ["pre", "post"])
    ['pre', 'post', 'extra']
    """
    present = [str(each) for each in dict.fromkeys(found.dropna())]
    return [each for each in order if each in present] + [e for e in present if e not in order]


def matches(table: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.Series:
    """Tell the rows that hold certain values; empty cells are equal to each other.

    Parameters
    ----------
    table : DataFrame
        Any table.
    wanted : mapping of str to object
        Value of each column.
    """
    result = pd.Series(True, index=table.index)
    for name, value in wanted.items():
        result &= table[name].isna() if is_absent(value) else table[name] == value
    return result
