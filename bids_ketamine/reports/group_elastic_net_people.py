"""Who entered the elastic nets, and why others did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.reports import group_peb_people
from bids_ketamine.reports.group_elastic_net_names import MODELS, SHORT_TIMINGS, model_words
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import ABSENT, capitalized, text


def entered_tables(people: pd.DataFrame, *, arms: Sequence[str]) -> tuple[TableView, ...]:
    """Count who entered by timing, and the reasons of those who did not; nobody is named.

    Parameters
    ----------
    people : DataFrame
        ``group_elastic_net_participants``.
    arms : sequence of str
        Arms of the study.
    """
    timings = in_order(people["timing"], list(SHORT_TIMINGS))
    people = people.assign(analysis=people["timing"].map(_title))
    # Participants stand timing by timing.
    people = pd.concat([people[people["timing"] == each] for each in timings] or [people])
    names = [arm for arm in arms if arm != "all"]
    return group_peb_people.entered_tables(people, arms=names)


def _title(timing: str) -> str:
    return capitalized(SHORT_TIMINGS.get(timing, timing))


def persons_table(people: pd.DataFrame) -> TableView | None:
    """Return a row for each participant: whether they entered, and why not.

    Parameters
    ----------
    people : DataFrame
        ``group_elastic_net_participants``, with individual data.
    """
    if people.empty:
        return None
    timings = in_order(people["timing"], list(SHORT_TIMINGS))
    cells = []
    for who, own in people.groupby("participant_id", sort=True):
        found = {row["timing"]: row for row in records(own)}
        told = [_told(found[timing]) if timing in found else ABSENT for timing in timings]
        arm = next((text(each) for each in own["arm"].dropna()), ABSENT)
        cells.append((str(who), arm, *told))
    columns = (
        *(Column("Participant"), Column("Arm")),
        *(Column(_title(timing), wide=True) for timing in timings),
    )
    file = "group_elastic_net_participants.tsv"
    return table_view("Participant by participant", columns, cells, len(cells), file=file)


def _told(row: Mapping[str, Any]) -> str:
    """Say whether a participant entered, and why not, or in which models not."""
    reason = text(row["reason"], "")
    for model in MODELS:
        words = model_words(model, "another outcome")
        reason = reason.replace(f"not in {model}: ", f"not in the model \u201c{words}\u201d: ")
    if row["included"]:
        return f"in; {reason}" if reason else "in"
    return reason or "no reason is given"
