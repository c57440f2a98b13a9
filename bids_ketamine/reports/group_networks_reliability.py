"""Reliability of sessions without treatment between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_networks_views import (
    NetworkContext,
    NetworkPart,
    model_words,
    network_title,
    network_words,
)
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    capitalized,
    interval,
    is_number,
    listed,
    measure_words,
    number,
    signed,
    spread,
    text,
)

#: More rows than this are left to the table file.
MOST_ROWS = 60


def reliability_part(context: NetworkContext) -> NetworkPart | None:
    """Tell ICC(2,1) of every network measure.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    table = context.table("group_reliability")
    if table.empty:
        return None
    own = table[table["measure"].isin(list(context.kinds))]
    others = table[~table.index.isin(own.index)]
    shown = own if len(own) else others.head(MOST_ROWS)
    sessions = [each.strip() for each in text(shown["sessions"].iloc[0], "").split(";")]
    first = own[own["measure"].eq(context.kinds[0])] if context.kinds else own.iloc[:0]
    return NetworkPart(
        anchor="networks-reliability",
        title="Reliability",
        words=(
            f"{capitalized(listed(sessions))} have no treatment between them. ICC(2,1) is the "
            "share of variance that is due to stable differences between participants, a shift of "
            "all between sessions counted as error; ICC(3,1) does not count it. It is low where "
            "participants are alike, however exact a session is: the standard deviation within "
            "participants tells that."
        ),
        results=tuple(_sentence(row, context.level) for row in records(first)),
        tables=(_table(shown, context, "Reliability of networks" if len(own) else "Reliability"),),
        details=(_table(others.head(MOST_ROWS), context, "Reliability of other measures"),)
        if len(own) and len(others)
        else (),
        summary=_summary(first, sessions),
    )


def _sentence(row: Mapping[str, Any], level: str) -> str:
    name = network_title(row["regions"])
    if not is_number(row["icc"]):
        return f"{name}: no ICC: {text(row['reason'], 'no reason is given')}."
    told = f"{name}: ICC(2,1) = {number(row['icc'], 2)}"
    limits = interval(row["ci_low"], row["ci_high"], 2)
    told += f" ({level} interval {limits})" if limits != ABSENT else ""
    told += f", standard deviation within participants {number(row['within_sd'], 3)} Fisher z"
    return f"{told}, n = {text(row['n'])}.".replace(" = ", "\u00a0=\u00a0")


def _summary(rows: pd.DataFrame, sessions: Sequence[str]) -> str:
    known = rows.dropna(subset="icc")
    if known.empty:
        return ""
    ordered = records(known.sort_values("icc", kind="stable"))
    low, high = ordered[0], ordered[-1]
    words = (
        f"ICC(2,1) of {listed(list(sessions))} is {spread(known['icc'], 2)} over "
        f"{len(known)} networks"
    )
    if len(known) > 1:
        words += (
            f" (lowest {network_words(low['regions'])}, highest {network_words(high['regions'])})"
        )
    return f"{words}, n = {spread(known['n'], 0)}."


def _table(rows: pd.DataFrame, context: NetworkContext, caption: str) -> TableView:
    of_networks = rows["measure"].isin(list(context.kinds)).all()
    several = rows["measure"].nunique() > 1
    what = "Nuisance model" if of_networks else "Measure"
    columns = [Column("Network" if of_networks else "Regions")]
    columns += [Column(what)] if several else []
    columns += [Column("Arm")] if rows["arm"].nunique() > 1 else []
    columns += [
        Column(name, numeric=True)
        for name in ("n", "ICC(2,1)", "interval", "ICC(3,1)", "SD within", "95 % of differences",
                     "mean shift")
    ]  # fmt: skip
    cells = [_cells(row, context, several=several, with_arm=rows["arm"].nunique() > 1)
             for row in records(rows)]  # fmt: skip
    noted = rows[rows["icc"].isna() & rows["reason"].notna()]
    note = "; ".join(
        f"{network_words(row['regions'])}: {row['reason']}" for row in records(noted.head(5))
    )
    return TableView(caption, tuple(columns), tuple(cells), note=note and f"Missing: {note}.")


def _cells(
    row: Mapping[str, Any], context: NetworkContext, *, several: bool, with_arm: bool
) -> tuple[str, ...]:
    kind = row["measure"]
    words = model_words(kind, context.spec) if kind in context.kinds else measure_words(kind)
    return (
        network_title(row["regions"]),
        *([words] if several else []),
        *([text(row["arm"])] if with_arm else []),
        text(row["n"]),
        number(row["icc"], 2),
        interval(row["ci_low"], row["ci_high"], 2),
        number(row["consistency"], 2),
        number(row["within_sd"]),
        f"\u00b1{number(row['repeatability'])}" if is_number(row["repeatability"]) else ABSENT,
        signed(row["mean_difference"]),
    )
