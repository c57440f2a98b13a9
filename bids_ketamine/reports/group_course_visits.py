"""Scores, response, remission and improvement by visit in the group report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.core.clinical.response_rates import EVERYBODY, SEEN
from bids_ketamine.outputs.group_course_tables import RATES, VISITS
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_clinical_names import clinical_decimals, mean_sd
from bids_ketamine.reports.group_course_data import CourseOutput
from bids_ketamine.reports.group_course_pictures import RATE_NAMES, visits_picture
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.group_summaries import WITHHELD
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, PictureGroup, TableView
from bids_ketamine.reports.words import (
    ABSENT,
    capitalized,
    equals_p,
    interval,
    is_absent,
    listed,
    number,
    p_value,
    signed,
    text,
)
from bids_ketamine.study.spec import ClinicalCourseSpec, StudySpec

TITLE = "Visits, response and remission"
ONE_ARM = (
    "There is no arm to compare with: a change between visits holds, beside the treatment, all "
    "that would have changed without it."
)
CROSSOVER = (
    "Visits after the second treatment have no baseline of their own: they are compared with the "
    "one before the first. Treatments are compared by the mixed model, within participants."
)
NOTE = (
    "Change: visit minus the first visit, of those seen at both, with a paired t test; p is not "
    "corrected for the number of visits. d_z: mean change over the standard deviation of changes; "
    "d_av: over that of scores at both visits."
)
RATES_NOTE = (
    "Intervals: Wilson. Everybody: whoever has a first visit, with those in whom it is not known "
    "as failures. The truth for the whole group lies between worst and best case of those not "
    "seen; the rate among those seen takes them to be like the others."
)


def visits_view(
    course: CourseOutput, spec: StudySpec, *, styles: Mapping[str, ArmStyle]
) -> PictureGroup | None:
    """Return figure, tables and sentences on visits; None where the study has no such table.

    Parameters
    ----------
    course : CourseOutput
        The tables.
    spec : StudySpec
        What was asked for.
    styles : mapping of str to ArmStyle
        How ``all`` and arms look.
    """
    section, visits = spec.clinical_course, course.tables[VISITS]
    if section is None or visits.empty:
        return None
    rates = course.tables[RATES]
    level = f"{100 * spec.group.confidence_level:g} %"
    unit = next((each.unit for each in spec.outcomes if each.name == section.outcome), "points")
    arms = in_order(visits["arm"], [])
    drawn = visits_picture(visits, rates, section, unit=unit, level=level, arms=arms, styles=styles)
    return PictureGroup(
        title=f"{TITLE}: {section.outcome}",
        words=_words(section, visits),
        pictures=(drawn,) if drawn is not None else (),
        tables=(
            _visits_table(visits, section.outcome, unit, level, arms),
            *((_rates_table(rates, level, arms),) if len(rates) else ()),
        ),
        sentences=(*_changes(visits, unit, level, arms), *_rate_sentences(rates, level, arms)),
        warnings=_warnings(visits, arms, is_crossover=spec.crossover is not None),
    )


def _words(section: ClinicalCourseSpec, visits: pd.DataFrame) -> str:
    told = [
        f"Everybody with a score at {visits['session'].iloc[0]}, the first visit, is followed.",
        f"Response: a fall by {100 * section.response_fall:g} % or more of the first score.",
    ]
    if section.remission_below is not None:
        told.append(f"Remission: a score below {section.remission_below:g}.")
    if section.rating is not None:
        told.append(
            f"Improvement: {section.rating} of {section.rating_at_most} or less (1 very much "
            "improved, 4 no change, 7 very much worse; 0, not assessed, is missing)."
        )
    return " ".join(told)


def _warnings(visits: pd.DataFrame, arms: Sequence[str], *, is_crossover: bool) -> tuple[str, ...]:
    told = [ONE_ARM] if len(arms) == 1 else []
    if is_crossover:
        told = [CROSSOVER]
    lost = []
    for row in records(visits[visits["arm"] == arms[0]]):
        if row["n_missing"] > 0:
            total = row["n"] + row["n_missing"]
            lost.append(f"{row['n_missing']:.0f} of {total:.0f} at {row['session']}")
    if lost:
        told.append(
            f"Not seen: {listed(lost)}. Who stays away is seldom a matter of chance; means and "
            "tests are of those who came."
        )
    return tuple(told)


def _who(arm: Any, arms: Sequence[str]) -> str:
    """Return what is said of an arm before its numbers; nothing where there is no other."""
    if len(arms) == 1:
        return ""
    return "all participants, " if arm == "all" else f"{arm}, "


def _changes(visits: pd.DataFrame, unit: str, level: str, arms: Sequence[str]) -> list[str]:
    decimals = clinical_decimals(visits["sd_visit"], visits["mean_visit"])
    first, told = visits["session"].iloc[0], []
    for row in records(visits.dropna(subset=["estimate", "p_value"])):
        numbers = (
            f"{number(row['mean_first'], decimals)} to {number(row['mean_visit'], decimals)}, "
            f"change {signed(row['estimate'], decimals)} {unit} ({level} interval "
            f"{interval(row['ci_low'], row['ci_high'], decimals)}), "
            f"t({number(row['df'], 0)}) = {number(row['statistic'], 2)}, "
            f"{equals_p(row['p_value'], 'p')}, d_z = {number(row['d_z'], 2)}, "
            f"d_av = {number(row['d_av'], 2)}, n = {text(row['n'])}"
        )
        lost = f", {text(row['n_missing'])} not seen" if row["n_missing"] > 0 else ""
        who = _who(row["arm"], arms)
        told.append(
            f"{row['outcome']}, {who}{first} to {row['session']}: {unbroken(numbers)}{lost}."
        )
    return told


def _rate_sentences(rates: pd.DataFrame, level: str, arms: Sequence[str]) -> list[str]:
    told = []
    pairs = rates.drop_duplicates(["rate", "arm", "session"])
    for row in records(pairs):
        own = rates
        for name in ("rate", "arm", "session"):
            own = own[own[name] == row[name]]
        shares = {each["counted"]: each for each in records(own.dropna(subset="proportion"))}
        if SEEN not in shares or EVERYBODY not in shares:
            continue
        seen, everybody = shares[SEEN], shares[EVERYBODY]
        sentence = f"{_share(seen)} ({level} interval {_ends(seen)})"
        if seen["n"] != everybody["n"]:
            sentence = (
                f"{sentence} of those seen, {_share(everybody)} ({_ends(everybody)}) with "
                "dropouts as failures"
            )
        who = _who(row["arm"], arms)
        told.append(f"{capitalized(row['rate'])} at {who}{row['session']}: {sentence}.")
    return told


def _share(row: Mapping[str, Any]) -> str:
    percent = number(100 * row["proportion"], 0)
    return unbroken(f"{text(row['count'])} of {text(row['n'])}, {percent} %")


def _ends(row: Mapping[str, Any]) -> str:
    return unbroken(f"{interval(100 * row['ci_low'], 100 * row['ci_high'], 0)} %")


def _visits_table(
    visits: pd.DataFrame, outcome: str, unit: str, level: str, arms: Sequence[str]
) -> TableView:
    decimals = clinical_decimals(visits["sd_visit"], visits["mean_visit"])
    rows = []
    for row in records(visits):
        mean = mean_sd(row["mean_visit"], row["sd_visit"], decimals)
        statistic = ABSENT
        if not is_absent(row["statistic"]):
            statistic = f"{number(row['statistic'], 2)} ({number(row['df'], 0)})"
        rows.append(
            (
                *(row["session"], row["arm"], text(row["n"]), text(row["n_missing"])),
                WITHHELD if row["reason"] == FEW else mean,
                signed(row["estimate"], decimals),
                interval(row["ci_low"], row["ci_high"], decimals),
                *(statistic, p_value(row["p_value"])),
                *(number(row["d_z"], 2), number(row["d_av"], 2)),
            )
        )
    heads = (
        *("n", "not seen", "mean (SD)", "change", f"{level} interval", "t (df)", "p"),
        *("d_z", "d_av"),
    )
    columns = (Column("Visit"), Column("Arm"), *(Column(each, numeric=True) for each in heads))
    return _without_arm(TableView(f"{outcome} by visit, {unit}", columns, tuple(rows), NOTE), arms)


def _rates_table(rates: pd.DataFrame, level: str, arms: Sequence[str]) -> TableView:
    rows = []
    for row in records(rates.drop_duplicates(["rate", "arm", "session"])):
        cells = [row["session"], row["arm"], row["rate"]]
        for counted_as in (SEEN, EVERYBODY):
            own = rates[rates["counted"] == counted_as]
            for name in ("rate", "arm", "session"):
                own = own[own[name] == row[name]]
            found = next(iter(records(own)), None)
            if found is None or is_absent(found["proportion"]):
                withheld = found is not None and found["reason"] == FEW
                cells += [WITHHELD if withheld else ABSENT, ABSENT]
            else:
                cells += [_share(found), _ends(found)]
        rows.append(tuple(cells))
    columns = (
        *(Column("Visit"), Column("Arm"), Column("")),
        Column("n, %", numeric=True, group="among those seen"),
        Column(f"{level} interval", numeric=True, group="among those seen"),
        Column("n, %", numeric=True, group="everybody, dropouts as failures"),
        Column(f"{level} interval", numeric=True, group="everybody, dropouts as failures"),
    )
    names = ", ".join(in_order(rates["rate"], RATE_NAMES))
    table = TableView(f"Rates by visit: {names}", columns, tuple(rows), RATES_NOTE)
    return _without_arm(table, arms)


def _without_arm(table: TableView, arms: Sequence[str]) -> TableView:
    """Take the column of arms out where there is one alone."""
    if len(arms) > 1:
        return table
    columns = (*table.columns[:1], *table.columns[2:])
    rows = tuple((*row[:1], *row[2:]) for row in table.rows)
    return TableView(table.caption, columns, rows, note=table.note)
