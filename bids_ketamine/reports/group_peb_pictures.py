"""Pictures of parametric empirical Bayes: circuits, effects, participants, leaving out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.colors import to_hex

from bids_ketamine.reports.figures.canvas import INK, QUIET, ArmStyle, shortened
from bids_ketamine.reports.figures.circuit_arms import (
    LONGEST,
    CircuitEffect,
    circuit_arms_figure,
)
from bids_ketamine.reports.figures.circuit_plan import LOG_SCALE
from bids_ketamine.reports.figures.effect_forest import effect_forest_figure
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.value_scale import COLORS
from bids_ketamine.reports.group_legend import LegendItem
from bids_ketamine.reports.group_peb_data import compared_arms
from bids_ketamine.reports.group_peb_rows import ranked
from bids_ketamine.reports.group_peb_words import (
    SPEAKS,
    arm_words,
    coupling_words,
    decimals_of,
    equals,
)
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import interval, is_number, number, text, unit_words
from bids_ketamine.study.dcm_names import connections_of
from bids_ketamine.study.spec import StudySpec

#: Parameters of a forest.
MOST_PARAMETERS = 12
#: How differences of arms look beside the arms.
DIFFERENCE = "*"
#: What a circuit and a forest show of each effect.
FOREST_DATA = [
    *("analysis", "arm", "level", "distribution", "effect", "parameter", "unit", "n", "estimate"),
    *("interval_low", "interval_high", "posterior_probability", "model_probability"),
]
CIRCUIT_DATA = [*FOREST_DATA, "field", "source", "target", "modulator"]
LEVELS = ("Gaussian level", "Student-t level", "third level")


@dataclass(frozen=True)
class PebContext:
    """What all pictures of a model share.

    Attributes
    ----------
    model, task : str
        The model.
    arms : tuple of str
        Arms of the study in order.
    styles : mapping of str to ArmStyle
        How ``all``, arms and differences of arms look, in the order of drawing.
    level : str
        Level of the intervals.
    outcome : str
        Whose improvement enters.
    spec : StudySpec
        Gives regions and connections.
    """

    model: str
    task: str
    arms: tuple[str, ...]
    styles: Mapping[str, ArmStyle]
    level: str
    outcome: str
    spec: StudySpec

    def name(self, *parts: Any) -> str:
        """Return an identifier within the page."""
        return "-".join(map(str, ("peb", self.model, self.task, *parts)))


def all_styles(found: pd.Series, styles: Mapping[str, ArmStyle]) -> dict[str, ArmStyle]:
    """Return how every arm of a table looks: all, arms, then differences of arms.

    Parameters
    ----------
    found : Series
        Arms of the table.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    """
    names = in_order(found, ["all", *styles])
    differences = [name for name in names if name not in styles]
    result = {name: styles[name] for name in names if name in styles}
    for name in differences:
        pair = compared_arms(name, styles)
        color = INK if len(differences) == 1 or pair is None else styles[pair[0]].color
        result[name] = ArmStyle(color, DIFFERENCE)
    return result


def circuits(rows: pd.DataFrame, context: PebContext) -> list[Picture]:
    """Draw a circuit of one effect for each arm, all to one scale.

    Parameters
    ----------
    rows : DataFrame
        Main rows of ``group_peb`` of one effect.
    context : PebContext
        What pictures share.
    """
    if rows.empty:
        return []
    regions, connections = _structure(rows, context)
    sizes = rows.loc[~_logarithmic(rows), "estimate"].abs().dropna()
    limit = float(sizes.max()) if len(sizes) else 1.0
    effect = text(rows["effect"].iloc[0])
    pictures = []
    for arm in context.styles:
        own = rows[rows["arm"] == arm]
        if own.empty:
            continue
        caption = arm_words(arm, context.arms)
        known = own[own["estimate"].notna()]
        if known.empty:
            reason = next((text(each) for each in own["reason"].dropna()), "no reason is given")
            pictures.append(Picture(caption, problem=f"has nothing to show: {reason}."))
            continue
        n = known["n"].max()
        caption += f" (n = {text(n)})" if is_number(n) else ""
        found = [_circuit_effect(row) for row in records(known)]
        told = [f"{coupling_words(row)} {number(row['estimate'])}" for row in records(known)][:8]
        draw = partial(
            circuit_arms_figure,
            regions,
            connections,
            found,
            limit=limit,
            name=context.name("circuit", effect, arm),
            description=f"Circuit of {context.model}, {caption}: {', '.join(told)}",
        )
        pictures.append(
            picture(
                caption, draw, name=context.name("circuit", effect, arm), data=known[CIRCUIT_DATA]
            )
        )
    return pictures


def _logarithmic(rows: pd.DataFrame) -> pd.Series:
    return rows["unit"].map(lambda unit: text(unit).startswith(LOG_SCALE)).astype(bool)


def _structure(
    rows: pd.DataFrame, context: PebContext
) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Return regions and connections of the study's model, else those that the table knows."""
    models = context.spec.dcm.models if context.spec.dcm is not None else ()
    for model in models:
        if model.name == context.model:
            return list(model.regions), connections_of(model)
    pairs = rows[rows["field"] != "driving"][["source", "target"]].dropna()
    return list(dict.fromkeys([*pairs["source"], *rows["target"].dropna()])), ()


def _circuit_effect(row: Mapping[str, Any]) -> CircuitEffect:
    speaking = [row["posterior_probability"], row["model_probability"]]
    value = number(row["estimate"], decimals_of(row))
    modulator = text(row["modulator"], "")
    told = shortened(modulator.replace("_", " "), LONGEST)
    probable = f"{told}, {equals(speaking[0])}" if told else equals(speaking[0])
    within = interval(row["interval_low"], row["interval_high"], decimals_of(row))
    return CircuitEffect(
        source=text(row["source"]),
        target=text(row["target"]),
        modulator=modulator,
        driving=row["field"] == "driving",
        value=float(row["estimate"]),
        short=value,
        words=(f"{value} {unit_words(row['unit'])}".strip(), probable, within),
        certainty=sum(is_number(each) and each > SPEAKS for each in speaking),
        logarithmic=text(row["unit"]).startswith(LOG_SCALE),
    )


def circuit_legend() -> tuple[LegendItem, ...]:
    """Return what colours and ends of a circuit mean."""
    full, ring = '<circle cx="5" cy="5" r="4.2"/>', '<circle cx="5" cy="5" r="3.6" fill="#fff" '
    ring += f'stroke="{QUIET}" stroke-width="1.4"/>'
    arrow = '<path d="M1 1l8.4 4L1 9z"/>'
    signs = {"positive": 0.96, "negative": 0.04}
    items = [LegendItem("connection", QUIET, Markup(arrow), "")]
    for words, place in signs.items():
        color = to_hex(colormaps[COLORS](place))
        items.append(LegendItem(words, color, Markup(full), ""))
    full_words = "full: Pp and model comparison above .95"
    items.append(LegendItem(full_words, QUIET, Markup(full), ""))
    words = "hollow: one of them (broken line) or neither (thin line)"
    return (*items, LegendItem(words, QUIET, Markup(ring), ""))


def forest(
    rows: pd.DataFrame, students: pd.DataFrame, third: pd.DataFrame, context: PebContext
) -> list[Picture]:
    """Draw estimates of one effect by arm, with what stands beside them.

    Parameters
    ----------
    rows, students, third : DataFrame
        Rows of ``group_peb`` of one effect: main ones, of the Student-t level, of the third level.
    context : PebContext
        What pictures share.
    """
    pictures: list[Picture] = []
    labels = {arm: arm_words(arm, context.arms) for arm in context.styles}
    for unit, own in rows[rows["estimate"].notna()].groupby("unit", sort=False, dropna=False):
        order = ranked(own, context.arms)
        shown = order[:MOST_PARAMETERS]
        lines = []
        for parameter in shown:
            here = records(own[own["parameter"] == parameter])
            levels = [_by_arm(each, parameter) for each in (own, students, third)]
            found = {
                labels[row["arm"]]: [level.get(row["arm"]) for level in levels] for row in here
            }
            lines.append((coupling_words(here[0]), found))
        words = f"Estimates with {context.level} intervals"
        words += f"; the {len(shown)} with the largest Pp" if len(shown) < len(order) else ""
        effect = text(own["effect"].iloc[0])
        styles = {labels[arm]: style for arm, style in context.styles.items()}
        draw = partial(
            effect_forest_figure,
            lines,
            styles=styles,
            names=LEVELS,
            unit=unit_words(unit),
            name=context.name("forest", effect, len(pictures)),
            description=f"{words} of {context.model}, {effect}, by arm",
        )
        data = pd.concat([each[each["parameter"].isin(shown)] for each in (own, students, third)])
        name = context.name("forest", effect, *([len(pictures)] if pictures else []))
        data = data.loc[data["estimate"].notna(), FOREST_DATA]
        pictures.append(picture(words, draw, name=name, data=data))
    return pictures


def _by_arm(rows: pd.DataFrame, parameter: str) -> dict[str, Estimate]:
    """Return the estimates of a parameter by arm."""
    own = rows[(rows["parameter"] == parameter) & rows["estimate"].notna()]
    return {row["arm"]: estimate_of(row) for row in records(own)}


def estimate_of(row: Mapping[str, Any]) -> Estimate:
    """Return the estimate of a row with its interval."""
    return Estimate(row["estimate"], row["interval_low"], row["interval_high"])
