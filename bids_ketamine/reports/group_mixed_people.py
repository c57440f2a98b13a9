"""Who entered a mixed model, and why others did not."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import ABSENT, is_absent, text, without_labels, without_numbers

DATA_FILE = "group_mixed_data.tsv"
NO_REASON = "no reason is given"


def sizes_of(data: pd.DataFrame, means: pd.DataFrame, arms: Sequence[str]) -> dict[str, int]:
    """Return the participants of each arm that entered; of ``all`` where there are no arms.

    Parameters
    ----------
    data, means : DataFrame
        ``group_mixed_data`` and ``group_mixed_means`` of one model and value; where single
        participants are kept out the second alone tells.
    arms : sequence of str
        Arms in order.
    """
    inside = data[data["included"].astype(bool)]
    if len(inside):
        found = inside.groupby("arm")["participant_id"].nunique().to_dict()
        everybody = int(inside["participant_id"].nunique())
    else:
        # The fullest session is the best that means tell.
        found = means.groupby("arm")["n"].max().dropna().to_dict()
        everybody = int(found.get("all", 0))
    sizes = {arm: int(found[arm]) for arm in arms if found.get(arm)}
    return sizes or ({"all": everybody} if everybody else {})


def entered_tables(
    data: pd.DataFrame, *, arms: Sequence[str], sessions: Sequence[str]
) -> tuple[TableView, ...]:
    """Count who entered, and the reasons of those who did not; nobody is named.

    Parameters
    ----------
    data : DataFrame
        ``group_mixed_data`` of one model and value.
    arms, sessions : sequence of str
        In order.
    """
    if data.empty:
        return ()
    inside = data["included"].astype(bool)
    shown = [arm for arm in arms if (data["arm"] == arm).any()]
    groups = [pd.Series(True, index=data.index), *((data["arm"] == arm) for arm in shown)]
    rows = [("participants", *(_share(data, inside, group, people=True) for group in groups))]
    for session in in_order(data["session"], list(sessions)):
        here = data["session"] == session
        values = (_share(data, inside, group & here, people=False) for group in groups)
        rows.append((f"values, {session}", *values))
    columns = (Column("Entered"), *(Column(name, numeric=True) for name in ["all", *shown]))
    tables = [TableView("Who entered", columns, tuple(rows))]
    out = data[~inside]
    if len(out):
        labels = set(data["participant_id"].dropna().map(str))
        reasons = out["reason"].where(out["reason"].notna(), NO_REASON).astype(str)
        reasons = reasons.map(lambda each: without_numbers(without_labels(each, labels)))
        told = out.assign(reason=reasons).groupby(["session", "reason"], sort=False).size()
        cells = [
            (text(row["session"]), text(row["reason"]), str(row["n"]))
            for row in records(told.rename("n").reset_index())
        ]
        heads = (Column("Session"), Column("Reason", wide=True), Column("values", numeric=True))
        caption = "Why others did not enter"
        tables.append(table_view(caption, heads, cells, len(cells), file=DATA_FILE))
    return tuple(tables)


def _share(data: pd.DataFrame, inside: pd.Series, group: pd.Series, *, people: bool) -> str:
    if people:
        known, every = (data[mask]["participant_id"].nunique() for mask in (inside & group, group))
    else:
        known, every = int((inside & group).sum()), int(group.sum())
    return f"{known} of {every}"


def persons_table(data: pd.DataFrame, *, sessions: Sequence[str]) -> TableView | None:
    """Return a row for each participant: in which sessions they entered, and why not in others.

    Parameters
    ----------
    data : DataFrame
        ``group_mixed_data`` of one model and value, with individual data.
    sessions : sequence of str
        In order.
    """
    if data.empty:
        return None
    crossed, armed = (bool(data[name].notna().any()) for name in ("sequence", "arm"))
    cells = []
    for who, own in data.groupby("participant_id", sort=True):
        inside = own[own["included"].astype(bool)]
        entered = in_order(inside["session"], list(sessions))
        reasons = dict.fromkeys(
            f"{text(row['session'])}: {text(row['reason'])}"
            for row in records(own)
            if not row["included"] and not is_absent(row["reason"])
        )
        sequence = next((text(each) for each in own["sequence"].dropna()), ABSENT)
        arm = next((text(each) for each in own["arm"].dropna()), ABSENT)
        told = ", ".join(entered) or "none"
        middle = [arm] * armed + [sequence] * crossed
        cells.append((str(who), *middle, told, "; ".join(reasons) or ABSENT))
    names = ["Participant", *["Arm"] * armed, *["Sequence"] * crossed, "Entered with"]
    columns = (*map(Column, names), Column("Why not the rest", wide=True))
    caption = "Participant by participant"
    return table_view(caption, columns, cells, len(cells), file=DATA_FILE)
