"""Change of network connectivity: every participant, beside what is normal without treatment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.spaghetti import NORMAL, SpaghettiData, spaghetti_figure
from bids_ketamine.reports.group_data import KEYS, read_long
from bids_ketamine.reports.group_elastic_net_names import PredictorNames
from bids_ketamine.reports.group_legend import legend
from bids_ketamine.reports.group_mixed_context import MixedContext, term_words
from bids_ketamine.reports.group_mixed_numbers import value_decimals
from bids_ketamine.reports.group_mixed_words import effect_sentence, main_rows
from bids_ketamine.reports.group_networks_change_table import change_table, shown_arms
from bids_ketamine.reports.group_networks_persons import (
    marks_table,
    normal_sd,
    response_groups,
    spaghetti_data,
)
from bids_ketamine.reports.group_networks_views import (
    NetworkContext,
    NetworkPart,
    network_title,
    network_words,
)
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.group_sentences import decimals_of_df, result_sentence
from bids_ketamine.reports.rows import matches, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import (
    decimals_for,
    equals_p,
    interval,
    listed,
    number,
    signed,
    text,
    unit_words,
)
from bids_ketamine.study.measure_names import measure_name
from bids_ketamine.study.spec import ChangeSpec

#: Networks whose results all stand at the top of the page.
MOST_TOLD = 5


def change_part(context: NetworkContext) -> NetworkPart | None:
    """Show each network measure before and after.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    change = context.change
    if change is None or not context.kinds:
        return None
    known = context.group.summary
    known = known[known["measure"].eq(context.kinds[0])]
    names = [name for name in context.names if name in set(known["regions"])]
    if not names:
        return None
    keys = known[known["regions"].isin(names)][KEYS].drop_duplicates()
    values = (
        read_long(context.group, "measures", keys=keys)
        if context.individual_data
        else pd.DataFrame()
    )
    groups = response_groups(context)
    pictures, results, notes = [], [], []
    styles: dict[str, ArmStyle] = {}
    sizes: list[tuple[str, float]] = []
    for key in records(keys):
        data, own = spaghetti_data(context, change, key, values, groups)
        if data is None:
            continue
        styles |= own
        sizes += [(group, _size(data, group)) for group in own]
        pictures.append(_picture(context, change, key, data, own))
        results += _results(context, change, key)
        note = _normal_sentence(data, key, change)
        notes += [note] if note else []
    if not pictures:
        return None
    summary = _summary(context, change, keys)
    table = change_table(context, change, names)
    return NetworkPart(
        anchor="networks-change",
        title="Change of networks",
        words=_words(context, change, has_normal=any(np.isfinite(normal_sd(context, key))
                                                     for key in records(keys))),
        results=tuple(results),
        legend=legend(styles, sizes) if styles else (),
        pictures=tuple(pictures),
        tables=(table,) if table is not None else (),
        notes=tuple(notes),
        summary=summary,
    )  # fmt: skip


def _words(context: NetworkContext, change: ChangeSpec, *, has_normal: bool) -> str:
    spec = context.spec
    first = spec.session(change.first)
    words = (
        "Mean Fisher z over the edges of each network. "
        f"Means of {change.first} and {change.second} with {context.level} intervals"
    )
    if context.individual_data:
        words += ", each thin line a participant"
        if first.mean_of:
            words += f" (dotted: {listed(list(first.mean_of))}, whose mean is {change.first})"
    words += f"; on the right the change, {change.second} minus {change.first}"
    if has_normal:
        words += (
            ", and in grey the differences of the sessions without treatment between them: their "
            "normal variability. The band holds 95 % of such differences"
        )
    if context.individual_data and context.response is not None:
        rule = context.response
        words += f". Responders: {rule.outcome} fell by {100 * rule.fall:g} % or more"
    return words + "."


def _size(data: SpaghettiData, group: str) -> float:
    """Return how many participants of a group have a change; 0 where they are not told."""
    return float(len(data.changes.get(group, ())))


def _picture(
    context: NetworkContext,
    change: ChangeSpec,
    key: Mapping[str, Any],
    data: SpaghettiData,
    styles: Mapping[str, ArmStyle],
) -> Picture:
    title = network_title(key["regions"])
    section = context.spec.reliability
    normal = " / ".join(section.sessions) if section is not None else "no treatment"
    draw = partial(
        spaghetti_figure,
        data,
        styles=styles,
        unit=unit_words(key["unit"]),
        change_label="change",
        normal_label=normal if len(normal) <= 14 else "no treatment",
        name=f"network-{key['regions']}",
        description=(
            f"{title} connectivity in {listed(list(data.columns))}, and its change beside normal "
            "variability"
        ),
    )
    name = file_name("network", key["measure"], key["regions"])
    return picture(title, draw, name=name, data=marks_table(data))


def _results(context: NetworkContext, change: ChangeSpec, key: Mapping[str, Any]) -> list[str]:
    """State the mixed model's effects of a measure, or its paired test without such a model."""
    told = _mixed(context, measure_name([key[part] for part in KEYS if part != "unit"]), key)
    if told:
        return told
    tests = context.group.tests
    own = tests[matches(tests, key) & (tests["test"] == "paired") & tests["p_value"].notna()]
    own = own[(own["change"] == change.name) & own["arm"].isin(shown_arms(context))]
    return [result_sentence(row, context.spec) for row in records(own)]


def _mixed(context: NetworkContext, value: str, key: Mapping[str, Any]) -> list[str]:
    """Return the sentences of the first mixed model that has the measure."""
    found = {
        name: context.clinical.tables[f"group_mixed_{name}"]
        for name in ("effects", "tests", "fits", "means", "data")
    }
    models = found["effects"].loc[found["effects"]["value"] == value, "model"]
    if models.empty:
        return []
    model = str(models.iloc[0])
    tables = {
        name: table[(table["model"] == model) & (table["value"] == value)]
        for name, table in found.items()
    }
    asked = next((each for each in context.spec.mixed_models if each.name == model), None)
    mixed = MixedContext(
        spec=context.spec,
        arms=context.group.arms,
        styles=context.styles,
        names=PredictorNames(context.group.summary),
        course=context.clinical.tables["group_course"],
        individual_data=context.individual_data,
    )
    words = term_words(tables, asked, mixed)
    effects = tables["effects"][tables["effects"]["term"].notna()]
    decimals = value_decimals(effects, tables["means"], mixed.course.iloc[:0])
    return [
        effect_sentence(
            row, words, value=network_title(key["regions"]),
            unit=unit_words(key["unit"]), level=context.level, decimals=decimals,
        )
        for row in sorted(records(main_rows(effects)), key=_of_time_first)
        if "time" in text(row["term"]).split(":")
    ]  # fmt: skip


def _of_time_first(row: Mapping[str, Any]) -> int:
    """Let the average change come before what it depends on."""
    return text(row["term"]).count(":")


def _normal_sentence(data: SpaghettiData, key: Mapping[str, Any], change: ChangeSpec) -> str:
    """Say how the change compares with the differences of sessions without treatment."""
    changes = np.concatenate([*data.changes.values(), np.empty(0)])
    if not np.isfinite(data.normal_sd) or not changes.size:
        return ""
    within, half = data.normal_sd / np.sqrt(2.0), NORMAL * data.normal_sd
    beyond = int((np.abs(changes) > half).sum())
    sentence = (
        f"{network_title(key['regions'])}: the standard deviation within participants "
        f"without treatment is {number(within, 3)}, so that 95 % of differences of two sessions "
        f"lie within \u00b1{number(half, 3)}; {beyond} of {len(changes)} changes lie beyond"
    )
    if data.mean_session:
        n_before = len(data.sessions) - 1
        chance = within * np.sqrt(1.0 + 1.0 / n_before)
        sentence += (
            f" (a session against the mean of {n_before} varies less by chance: standard deviation "
            f"{number(chance, 3)}, that of the changes is {number(_deviation(changes), 3)})"
        )
    return sentence + "."


def _deviation(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _summary(context: NetworkContext, change: ChangeSpec, keys: pd.DataFrame) -> str:
    """Return the change of every network in a line for each arm, after that between arms."""
    arms = shown_arms(context)
    lines = [_between_line(context, change, keys)] if len(arms) > 1 else []
    lines += [_arm_line(context, change, keys, arm) for arm in arms]
    return " ".join(each for each in lines if each)


def _between_line(context: NetworkContext, change: ChangeSpec, keys: pd.DataFrame) -> str:
    """Return the differences of change between arms."""
    tests = context.group.tests
    own = tests[(tests["test"] == "welch") & (tests["change"] == change.name)]
    lines = []
    for arms in own["arm"].dropna().unique():
        if told := _told(own[own["arm"] == arms], keys):
            lines.append(
                f"Change from {change.first} to {change.second} in "
                f"{str(arms).replace(' - ', ' minus in ')}, Fisher z with {context.level} "
                f"intervals: {told}."
            )
    return unbroken(" ".join(lines))


def _arm_line(context: NetworkContext, change: ChangeSpec, keys: pd.DataFrame, arm: str) -> str:
    """Return the mean change of one arm, or of everybody."""
    tests = context.group.tests
    own = tests[(tests["test"] == "paired") & (tests["change"] == change.name)]
    told = _told(own[own["arm"] == arm], keys)
    who = "all participants" if arm == "all" else arm
    opening = f"Mean change from {change.first} to {change.second} in {who}, Fisher z with "
    return unbroken(f"{opening}{context.level} intervals: {told}.") if told else ""


def _told(tests: pd.DataFrame, keys: pd.DataFrame) -> str:
    """Return the estimate of every network with its interval and test."""
    told = []
    for key in records(keys):
        for row in records(tests[matches(tests, key) & tests["p_value"].notna()]):
            decimals = decimals_for([row["ci_high"] - row["ci_low"]])
            told.append(
                f"{network_words(key['regions'])} {signed(row['estimate'], decimals)} "
                f"({interval(row['ci_low'], row['ci_high'], decimals)}; "
                f"t({number(row['df'], decimals_of_df(row))}) = {number(row['statistic'], 2)}, "
                f"{equals_p(row['p_value'], 'p')})"
            )
    more = f"; {len(told) - MOST_TOLD} others below" if len(told) > MOST_TOLD else ""
    return "; ".join(told[:MOST_TOLD]) + more
