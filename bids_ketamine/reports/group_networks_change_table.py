"""Paired tests of networks as a table."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.reports.group_networks_views import (
    NetworkContext,
    model_words,
    network_title,
)
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import interval, number, p_value, signed, text
from bids_ketamine.study.spec import ChangeSpec


def change_table(
    context: NetworkContext, change: ChangeSpec, names: Sequence[str]
) -> TableView | None:
    """Return paired tests of every network under every nuisance model.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    change : ChangeSpec
        The change that is shown.
    names : sequence of str
        Networks in order.
    """
    tests, summary = context.group.tests, context.group.summary
    own = tests[tests["measure"].isin(list(context.kinds)) & (tests["test"] == "paired")]
    own = own[(own["change"] == change.name) & own["arm"].isin(shown_arms(context))]
    several = len(context.kinds) > 1
    means = {
        (row["measure"], row["regions"], row["arm"], row["session"]): row["mean"]
        for row in records(summary[summary["measure"].isin(list(context.kinds))])
    }
    rows = []
    for name in names:
        for row in records(own[own["regions"] == name]):
            at = (row["measure"], name, text(row["arm"]))
            decimals = 3
            rows.append(
                (
                    network_title(name),
                    *([model_words(row["measure"], context.spec)] if several else []),
                    text(row["arm"]),
                    text(row["n"]),
                    number(means.get((*at, change.first)), decimals),
                    number(means.get((*at, change.second)), decimals),
                    signed(row["estimate"], decimals),
                    interval(row["ci_low"], row["ci_high"], decimals),
                    number(row["statistic"], 2),
                    p_value(row["p_value"]),
                    number(row["effect_size"], 2),
                )
            )
    if not rows:
        return None
    columns = [Column("Network"), *([Column("Nuisance model")] if several else []), Column("Arm")]
    columns += [
        Column(name, numeric=True)
        for name in ("n", change.first, change.second, "change", "interval", "t", "p", "g")
    ]
    note = (
        f"Paired t tests of those who have both sessions; means of all who have the session. "
        f"{context.level} intervals, Fisher z; p not corrected."
    )
    return TableView(
        f"Change of networks, {change.second} minus {change.first}",
        tuple(columns),
        tuple(rows),
        note=note,
    )


def shown_arms(context: NetworkContext) -> list[str]:
    """Return the arms whose change is shown, or everybody.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    return list(context.treated) or ["all"]
