"""Values of networks before and after, by group: what the pictures of change are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.spaghetti import SpaghettiData
from bids_ketamine.reports.group_data import KEYS
from bids_ketamine.reports.group_networks_views import (
    OTHERS,
    RESPONDERS,
    RESPONSE_STYLES,
    UNKNOWN,
    NetworkContext,
    as_array,
    mean_estimate,
    wide,
)
from bids_ketamine.reports.rows import matches, records
from bids_ketamine.reports.words import is_number, text
from bids_ketamine.study.spec import ChangeSpec


def response_groups(context: NetworkContext) -> Mapping[str, str]:
    """Return the group of each participant by response; empty without a rule or the scores.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    rule = context.response
    if rule is None or not context.individual_data:
        return {}
    scores = context.group.outcomes
    own = scores[(scores["outcome"] == rule.outcome) & scores["first"].gt(0)]
    own = own.dropna(subset=["first", "improvement"])
    # A fall of exactly the share counts, whatever the rounding of a division.
    enough = own["improvement"] >= rule.fall * own["first"] - 1e-9 * own["first"].abs()
    return {
        str(who): RESPONDERS if responds else OTHERS
        for who, responds in zip(own["participant_id"], enough, strict=True)
    }


def _sessions(context: NetworkContext, change: ChangeSpec) -> tuple[tuple[str, ...], str]:
    """Return the sessions that are drawn, and which is the mean of those before."""
    before = context.spec.session(change.first).mean_of
    if before:
        return (*before, change.second), change.first
    return (change.first, change.second), ""


def spaghetti_data(
    context: NetworkContext,
    change: ChangeSpec,
    key: Mapping[str, Any],
    values: pd.DataFrame,
    groups: Mapping[str, str],
) -> tuple[SpaghettiData | None, dict[str, ArmStyle]]:
    """Return what a picture of a measure shows, and how its groups look.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    change : ChangeSpec
        The change that is shown.
    key : mapping
        Measure, task, contrast, regions and unit.
    values : DataFrame
        Rows of ``group_measures``; none without individual data.
    groups : mapping of str to str
        Result of :func:`response_groups`.
    """
    if context.individual_data:
        return _of_participants(context, change, key, values, groups)
    return _of_summary(context, change, key)


def _of_participants(
    context: NetworkContext,
    change: ChangeSpec,
    key: Mapping[str, Any],
    values: pd.DataFrame,
    groups: Mapping[str, str],
) -> tuple[SpaghettiData | None, dict[str, ArmStyle]]:
    rows = values[matches(values, key)]
    treated = context.treated
    if treated:
        rows = rows[rows["arm"].isin(list(treated))]
    sessions, mean = _sessions(context, change)
    columns = (*sessions[:-1], *([mean] if mean else []), sessions[-1])
    table = wide(rows, columns)
    # Whoever has neither end of the change has no place in the picture.
    table = table[table[[change.first, change.second]].notna().any(axis=1)]
    if table.empty:
        return None, {}
    arms = rows.drop_duplicates("participant_id").set_index("participant_id")["arm"]
    if groups:
        member = [groups.get(str(who), UNKNOWN) for who in table.index]
        unknown = pd.Series([each == UNKNOWN for each in member], index=table.index)
        both = table[[change.first, change.second]].notna().all(axis=1)
        if not (unknown & both).any():  # a group without a change says nothing
            table = table[~unknown]
            member = [each for each in member if each != UNKNOWN]
        styles = {name: style for name, style in RESPONSE_STYLES.items() if name in member}
    else:
        member = [str(arms[who]) if treated else "all" for who in table.index]
        styles = {name: context.styles[name] for name in (treated or ("all",)) if name in member}
    level = context.spec.group.confidence_level
    of = {name: table[[each == name for each in member]] for name in styles}
    changes = {name: as_array(own[change.second] - own[change.first]) for name, own in of.items()}
    normal = np.empty(0)
    if len(sessions) > 2:
        normal = as_array(table[sessions[-2]] - table[sessions[0]])
    return SpaghettiData(
        sessions=sessions,
        mean_session=mean,
        lines={name: own.to_numpy() for name, own in of.items()},
        means={
            name: [mean_estimate(own[end], level) for end in (change.first, change.second)]
            for name, own in of.items()
        },
        changes=changes,
        mean_changes={name: mean_estimate(own, level) for name, own in changes.items()},
        normal=normal,
        normal_sd=normal_sd(context, key),
    ), styles


def _of_summary(
    context: NetworkContext, change: ChangeSpec, key: Mapping[str, Any]
) -> tuple[SpaghettiData | None, dict[str, ArmStyle]]:
    """Return means alone: nothing of single participants."""
    summary, tests = context.group.summary, context.group.tests
    own = {
        (row["arm"], row["session"]): row
        for row in records(summary[matches(summary, key)])
        if is_number(row["mean"])
    }
    paired = tests[matches(tests, key) & (tests["test"] == "paired")]
    paired = paired[paired["change"] == change.name].dropna(subset="estimate")
    by_arm = {text(row["arm"]): row for row in records(paired)}
    ends = (change.first, change.second)
    arms = [arm for arm in (context.treated or ("all",)) if all((arm, end) in own for end in ends)]
    if not arms:
        return None, {}

    def estimate(row: Mapping[str, Any], name: str) -> Estimate:
        return Estimate(row[name], row["ci_low"], row["ci_high"])

    return SpaghettiData(
        sessions=ends,
        mean_session="",
        lines={},
        means={arm: [estimate(own[arm, end], "mean") for end in ends] for arm in arms},
        changes={},
        mean_changes={arm: estimate(by_arm[arm], "estimate") for arm in arms if arm in by_arm},
        normal=np.empty(0),
        normal_sd=normal_sd(context, key),
    ), {arm: context.styles[arm] for arm in arms}


def normal_sd(context: NetworkContext, key: Mapping[str, Any]) -> float:
    """Return the standard deviation of differences of sessions without treatment between them.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    key : mapping
        Measure, task, contrast, regions and unit.
    """
    table = context.table("group_reliability")
    own = table[matches(table, {name: key[name] for name in KEYS if name != "unit"})]
    own = own.dropna(subset="within_sd")
    return float(np.sqrt(2.0) * own["within_sd"].iloc[0]) if len(own) else float("nan")


def marks_table(data: SpaghettiData) -> pd.DataFrame:
    """Return every mark of a picture as a row.

    Parameters
    ----------
    data : SpaghettiData
        What it shows.
    """
    columns = ["group", "what", "session", "mark", "value", "ci_low", "ci_high"]
    rows: list[tuple[Any, ...]] = []
    for group, lines in data.lines.items():
        rows += [
            (group, "value", session, f"participant {place + 1}", value, None, None)
            for place, line in enumerate(lines)
            for session, value in zip(data.columns, line, strict=True)
        ]
    for group, means in data.means.items():
        rows += [
            (group, "value", session, "mean", mean.value, mean.low, mean.high)
            for session, mean in zip(data.columns[-2:], means, strict=True)
        ]
    for group, changes in data.changes.items():
        rows += [(group, "change", None, "participant", each, None, None) for each in changes]
    for group, mean in data.mean_changes.items():
        rows.append((group, "change", None, "mean", mean.value, mean.low, mean.high))
    rows += [(None, "without treatment", None, "participant", each, None, None)
             for each in data.normal]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
