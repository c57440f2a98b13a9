"""Columns of an events table that may name its conditions."""

from __future__ import annotations

import re

from bids_ketamine.dataset.names import listed, natural_order
from bids_ketamine.dataset.spelling import shown
from bids_ketamine.dataset.tsv import Table

#: Columns of events that BIDS gives another meaning.
NOT_CONDITIONS = ("onset", "duration", "response_time", "sample", "value", "stim_file")
CONDITION_WORDS = re.compile(r"trial|cond|type|stim|emotion|block|event|task", re.IGNORECASE)

#: Distinct values of a column that can still be conditions.
MOST_CONDITIONS = 12


def condition_columns(table: Table, key: str) -> str:
    """Name the columns of an events table that look like conditions, and the key to set.

    Parameters
    ----------
    table : Table
        The events.
    key : str
        Key of the study file, such as ``tasks.faces.trial_type_column``; empty if not known.

    Returns
    -------
    str
        A sentence; without candidates, where to name the column.
    """
    likely = []
    for place, name in enumerate(table.columns):
        values = {cells[place] for cells in table.rows} - {"", "n/a"}
        few = 0 < len(values) <= max(MOST_CONDITIONS, len(table.rows) // 4)
        if (
            name not in NOT_CONDITIONS
            and few
            and (len(values) < len(table.rows) or len(values) < 2)
        ):
            likely.append((not CONDITION_WORDS.search(name), name, natural_order(values)))
    where = f"`{key or 'tasks.NAME.trial_type_column'}` in the study file"
    if not likely:
        return f"Name the column with {where}."
    named = "; ".join(
        f"`{shown(name)}` ({listed((shown(value) for value in values), most=4)})"
        for _, name, values in sorted(likely)[:3]
    )
    return f"Columns that look like conditions: {named}. Name the one to use with {where}."
