"""Tables of who entered parametric empirical Bayes, and why others did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import pandas as pd

from bids_ketamine.reports.figures.series_fit import explained_words
from bids_ketamine.reports.group_peb_data import NUMBER
from bids_ketamine.reports.group_peb_questions import ANALYSES
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import ABSENT, is_absent, number, text, without_labels


def entered_words(*, adjusted: bool) -> str:
    """Say what of each participant enters.

    Parameters
    ----------
    adjusted : bool
        Whether the other measures of the group are adjusted for head motion.
    """
    unlike = ", unlike the other measures of the group" if adjusted else ""
    return (
        "What enters of each session is SPM12's posterior, not the calibrated estimate of the "
        f"participant's report. It is not adjusted for head motion{unlike}; excluded sessions do "
        "not enter."
    )


def entered_tables(people: pd.DataFrame, *, arms: Sequence[str]) -> tuple[TableView, ...]:
    """Count who entered each analysis, and the reasons of those who did not; nobody is named.

    Parameters
    ----------
    people : DataFrame
        ``group_peb_participants`` of one model.
    arms : sequence of str
        Arms of the study.
    """
    if people.empty:
        return ()
    analyses = in_order(people["analysis"], list(ANALYSES))
    names = [arm for arm in arms if (people["arm"] == arm).any()]
    rows = []
    for analysis in analyses:
        own = people[people["analysis"] == analysis]
        parts = [own, *(own[own["arm"] == arm] for arm in names)]
        title = ANALYSES.get(analysis, analysis)
        rows.append((title, *(f"{int(part['included'].sum())} of {len(part)}" for part in parts)))
    columns = (Column("Analysis"), *(Column(name, numeric=True) for name in ["all", *names]))
    tables = [TableView("Participants who entered", columns, tuple(rows))]
    out = people[~people["included"].astype(bool)]
    if len(out):
        labels = set(people["participant_id"].dropna())
        reasons = out["reason"].where(out["reason"].notna(), "no reason is given").astype(str)
        reasons = reasons.map(lambda reason: without_labels(reason, labels))
        alike = reasons.map(lambda reason: NUMBER.sub("", reason))
        counts = reasons.groupby([out["analysis"], alike], sort=False)
        cells = [
            (ANALYSES.get(str(analysis), str(analysis)), _together(own), str(len(own)))
            for (analysis, _), own in counts
        ]
        heads = (Column("Analysis"), Column("Reason", wide=True), Column("n", numeric=True))
        file = "group_peb_participants.tsv"
        tables.append(table_view("Why others did not enter", heads, cells, len(cells), file=file))
    return tuple(tables)


def _together(reasons: Iterable[str]) -> str:
    """Return reasons that differ by numbers alone as one, with the range of each number.

    >>> _together(["FD 0.9 mm is above 0.5 mm", "FD 0.7 mm is above 0.5 mm"])
    'FD 0.7 to 0.9 mm is above 0.5 mm'
    """
    told = list(reasons)
    numbers = [NUMBER.findall(each) for each in told]
    words = NUMBER.split(told[0])
    ends = [(min(own, key=float), max(own, key=float)) for own in zip(*numbers, strict=True)]
    ranges = [low if float(low) == float(high) else f"{low} to {high}" for low, high in ends]
    return "".join(chain(*zip(words, [*ranges, ""], strict=True)))


def _distinct(reasons: Iterable[str]) -> list[str]:
    """Return parts of reasons once, without those of one session that hold for both.

    >>> _distinct(["pre: excluded: asleep", "excluded: asleep; no improvement: left the study"])
    ['excluded: asleep', 'no improvement: left the study']
    """
    parts = dict.fromkeys(part for reason in reasons for part in reason.split("; "))
    return [each for each in parts if not any(each.endswith(f": {other}") for other in parts)]


def persons_table(people: pd.DataFrame) -> TableView | None:
    """Return a row for each participant: what they entered, and why not the rest.

    Parameters
    ----------
    people : DataFrame
        ``group_peb_participants`` of one model, with individual data.
    """
    if people.empty:
        return None
    cells = []
    for who, own in people.groupby("participant_id", sort=True):
        inside = in_order(own[own["included"]]["analysis"], list(ANALYSES))
        reasons = _distinct(text(each) for each in own["reason"] if not is_absent(each))
        # Both sessions are known to the change, the first alone to the others.
        order = {"change": 0, "prediction": 1, "baseline": 2}
        first = records(own.sort_values("analysis", key=lambda each: each.map(order)))

        def of(name: str, rows: Sequence[Mapping[str, Any]] = first) -> Any:
            return next((row[name] for row in rows if not is_absent(row[name])), None)

        shares = [explained_words(of(f"explained_variance_{which}")) for which in _SESSIONS]
        cells.append(
            (
                str(who),
                text(of("arm")),
                "all" if own["included"].all() else ", ".join(inside) or "none",
                number(of("improvement")),
                number(of("weight"), 2),
                *shares,
                "; ".join(filter(None, [*reasons, text(of("doubts"), "")])) or ABSENT,
            )
        )
    columns = (
        *(Column(name) for name in ("Participant", "Arm", "Entered")),
        *(Column(name, numeric=True) for name in ("improvement", "weight")),
        *(Column(name, numeric=True, group="explained variance") for name in _SESSIONS),
        Column("Why not in the rest, and doubts", wide=True),
    )
    note = "Weight: that of the Student-t level of the change over all; small for outlying ones."
    file = "group_peb_participants.tsv"
    return table_view("Participant by participant", columns, cells, len(cells), note, file)


_SESSIONS = ("first", "second")
