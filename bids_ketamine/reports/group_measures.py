"""Measures of the group by arm and session, and associations with improvement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figure_data import cells_table, file_name
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.panels import Cell, association_panel, session_panel
from bids_ketamine.reports.group_data import KEYS, GroupOutput, read_long
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_measure_numbers import MOST_ROWS, numbers_table
from bids_ketamine.reports.group_people import session_order
from bids_ketamine.reports.rows import matches, records
from bids_ketamine.reports.session_axis import without_means
from bids_ketamine.reports.views import Picture, TableView, picture
from bids_ketamine.reports.words import (
    capitalized,
    counted,
    equals_p,
    is_absent,
    measure_words,
    number,
    region_words,
    text,
    unit_words,
)
from bids_ketamine.study.spec import StudySpec

#: More panels of one measure and task than this do not help.
MOST_PANELS = 24
#: Panels then shown.
FEWER_PANELS = 12
#: Associations drawn for each outcome.
MOST_ASSOCIATIONS = 3
FAMILY = ["measure", "task", "contrast", "unit"]


@dataclass(frozen=True)
class FamilyView:
    """One measure of one task and contrast."""

    title: str
    words: str
    pictures: tuple[Picture, ...]
    legend: tuple[LegendItem, ...]
    table: TableView | None


def measure_views(
    group: GroupOutput,
    spec: StudySpec,
    *,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> list[FamilyView]:
    """Return panels and numbers of each measure, task and contrast.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    spec : StudySpec
        Order of sessions, level of intervals.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    individual_data : bool
        Whether each participant may be shown.
    """
    summary = group.summary
    if summary.empty:
        return []
    sessions = session_order(group, spec)
    families = []
    for key, rows in summary.groupby(FAMILY, dropna=False, sort=False):
        regions = _by_change(group.tests, dict(zip(FAMILY, key, strict=True)), rows)
        families.append((key, rows, regions))
    wanted = [rows[rows["regions"].isin(_panels(regions)[0])] for _, rows, regions in families]
    keys = pd.concat(wanted)[KEYS].drop_duplicates()
    individual = read_long(group, "measures", keys=keys) if individual_data else pd.DataFrame()
    shown = [
        _family(
            dict(zip(FAMILY, key, strict=True)), rows, regions, sessions, individual, styles, spec
        )
        for key, rows, regions in families
        if rows["n"].gt(0).any()
    ]
    empty = [key for key, rows, _ in families if not rows["n"].gt(0).any()]
    return [*shown, *([_without_values(empty)] if empty else [])]


def _without_values(keys: Sequence[Sequence[Any]]) -> FamilyView:
    """Name the measures of which nobody has a value."""
    told = [_title(dict(zip(FAMILY, key, strict=True))) for key in keys]
    words = f"Nobody has a value of {counted(len(told), 'measure')}: {'; '.join(told)}."
    why = " Why each is missing stands in group_measures.tsv."
    return FamilyView("Without values", words + why, (), (), None)


def _title(family: Mapping[str, Any]) -> str:
    return f"{capitalized(measure_words(family['measure']))}: {_where(family)}"


def _where(family: Mapping[str, Any]) -> str:
    contrast = "" if is_absent(family["contrast"]) else f", {text(family['contrast'])}"
    return text(family["task"]) + contrast


def _by_change(tests: pd.DataFrame, family: Mapping[str, Any], rows: pd.DataFrame) -> list[str]:
    """Return the regions of a family: as they come if few, else by the p of their change."""
    regions = list(dict.fromkeys(rows["regions"]))
    if len(regions) <= MOST_PANELS:
        return regions
    own = tests[matches(tests, family) & tests["test"].isin(["paired", "welch"])]
    smallest = own.groupby("regions")["p_value"].min()
    return sorted(regions, key=lambda region: float(smallest.get(region, np.inf)))


def _panels(regions: list[str]) -> tuple[list[str], str]:
    if len(regions) <= MOST_PANELS:
        return regions, ""
    words = (
        f" Shown are {FEWER_PANELS} of {len(regions):,}: those whose change has the smallest p, "
        "which are extreme by selection. All are in group_summary.tsv."
    )
    return regions[:FEWER_PANELS], words


def _family(
    family: Mapping[str, Any],
    rows: pd.DataFrame,
    regions: list[str],
    sessions: list[str],
    individual: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
    spec: StudySpec,
) -> FamilyView:
    where, title = _where(family), _title(family)
    shown, selected = _panels(regions)
    unit, level = unit_words(family["unit"], "no unit"), f"{100 * spec.group.confidence_level:g} %"
    adjusted = " of motion-adjusted values" if spec.group.residualize_motion else ""
    words = f"Unit: {unit}. Means with {level} intervals{adjusted}"
    words += ", each small mark a participant." if len(individual) else "."
    words += " Every panel has its own scale."
    by_region = {
        (row["regions"], row["session"], row["arm"]): row
        for row in records(rows[rows["regions"].isin({*shown, *regions[:MOST_ROWS]})])
    }
    own = individual[matches(individual, family)] if len(individual) else individual
    points = without_means(sessions, spec)
    pictures = []
    for place, region in enumerate(shown):
        cells = _cells(region, by_region, own, points, styles)
        if not cells:
            pictures.append(Picture(region_words(region), problem="has nothing to show."))
            continue
        draw = partial(
            session_panel, cells, sessions=points, styles=styles, zero=True,
            # Ratios of a measure are a family of their own.
            name=f"panel-{text(family['measure'])}-{where}-{unit}-{place}",
            description=f"{region_words(region)} by session and arm: {title}",
        )  # fmt: skip
        name = file_name("measure", *(family[part] for part in FAMILY[:3]), region)
        pictures.append(picture(region_words(region), draw, name=name, data=cells_table(cells)))
    table = numbers_table(by_region, regions, sessions, list(styles), title)
    drawn = rows[rows["regions"].isin(shown)]
    marks = legend(styles, zip(drawn["arm"], drawn["n"], strict=True))
    return FamilyView(title, words + selected, tuple(pictures), marks, table)


def _cells(
    region: str,
    by_region: Mapping[tuple[str, str, str], Mapping[str, Any]],
    individual: pd.DataFrame,
    sessions: list[str],
    styles: Mapping[str, ArmStyle],
) -> dict[tuple[str, str], Cell]:
    here = individual[individual["regions"] == region] if len(individual) else individual
    cells = {}
    for session in sessions:
        for arm in styles:
            row = by_region.get((region, session, arm))
            if row is None or is_absent(row["mean"]):
                continue
            values = np.empty(0)
            if len(here):
                chosen = here[(here["session"] == session) & here["included"]]
                chosen = chosen if arm == "all" else chosen[chosen["arm"] == arm]
                values = chosen["adjusted"].to_numpy(dtype=np.float64)
            cells[session, arm] = Cell(row["mean"], row["ci_low"], row["ci_high"], values)
    return cells


def association_pictures(
    group: GroupOutput, *, styles: Mapping[str, ArmStyle], individual_data: bool
) -> tuple[list[Picture], tuple[LegendItem, ...]]:
    """Draw the associations of change and improvement with the smallest p of each outcome.

    Parameters
    ----------
    group : GroupOutput
        The tables, with individual rows.
    styles : mapping of str to ArmStyle
        Arms that are drawn.
    individual_data : bool
        Whether each participant may be shown; there is no picture otherwise.
    """
    if not individual_data:
        return [], ()
    tests = group.tests
    tests = tests[(tests["test"] == "correlation") & (tests["arm"] == "all")]
    tests = tests.dropna(subset="p_value").sort_values("p_value", kind="stable")
    chosen = tests.groupby("outcome", sort=False).head(MOST_ASSOCIATIONS)
    if chosen.empty:
        return [], ()
    changes = read_long(group, "changes", keys=chosen[KEYS].drop_duplicates())
    pictures: list[Picture] = []
    sizes: list[tuple[str, float]] = []
    for place, row in enumerate(records(chosen.sort_values(["outcome", "p_value"]))):
        key = {name: row[name] for name in KEYS}
        own = changes[matches(changes, key) & (changes["change"] == row["change"])]
        scores = group.outcomes[group.outcomes["outcome"] == row["outcome"]]
        pairs = own.merge(scores[["participant_id", "improvement"]], on="participant_id")
        pairs = pairs.dropna(subset=["difference", "improvement"])
        arms = pairs["arm"].where(pairs["arm"].isin(list(styles)), "all")
        points = {
            str(arm): (
                part["difference"].to_numpy(dtype=np.float64),
                part["improvement"].to_numpy(dtype=np.float64),
            )
            for arm, part in pairs.groupby(arms, sort=False)
        }
        sizes += [(arm, len(change)) for arm, (change, _) in points.items()]
        words = (
            f"{region_words(row['regions'])} ({measure_words(row['measure'])}, "
            f"{text(row['task'])}) and improvement in {text(row['outcome'])}: r = "
            f"{number(row['estimate'], 2)}, {equals_p(row['p_value'], 'p')}, "
            f"{equals_p(row['q_value'], 'q')}"
        )
        draw = partial(
            association_panel,
            points,
            styles=dict(styles),
            labels=(f"change, {unit_words(row['unit'])}", f"improvement, {text(row['outcome'])}"),
            name=f"association-{place}",
            description=f"Change against improvement of each participant: {words}",
        )
        name = file_name("association", row["outcome"], row["measure"], row["regions"])
        data = pairs[["participant_id", "arm", "difference", "improvement"]]
        pictures.append(picture(words, draw, name=name, data=data))
    return pictures, legend(styles, sizes)
