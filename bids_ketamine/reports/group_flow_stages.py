"""Stages of the flow of participants, as ``group_flow`` names them and as a reader does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import pandas as pd

from bids_ketamine.core.group.flow import ALL
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.words import is_number, listed


class Kind(Enum):
    """What a stage asks for."""

    ARM = "in an arm"
    IMAGING = "imaging at"
    JOINT = "imaging change and change known:"
    IMAGING_CHANGE = "imaging change"
    SCORE = "score at"
    OUTCOME = "change known:"
    OTHER = ""


@dataclass(frozen=True)
class FlowStage:
    """A stage.

    Attributes
    ----------
    name : str
        As the table has it.
    kind : Kind
        What it asks for.
    words : str
        For a reader; of sessions that follow each other all of them, since each stage holds those
        of the one before it alone.
    outcome : str
        Whose change; empty for other stages.
    """

    name: str
    kind: Kind
    words: str
    outcome: str = ""


def flow_stages(flow: pd.DataFrame) -> list[FlowStage]:
    """Return the stages of a table in order.

    Parameters
    ----------
    flow : DataFrame
        ``group_flow``.

    Examples
    --------
    >>> rows = [("in the dataset", 9, 0), ("score at pre", 8, 1), ("score at post", 6, 2),
    ...     ("change known: madrs", 5, 1)]
    >>> flow = pd.DataFrame(rows, columns=["stage", "n", "lost"]).assign(arm="all")
    >>> [stage.words for stage in flow_stages(flow)][1:]
    ['a score at pre', 'scores at pre and post', 'change in madrs known']
    """
    sizes = {row["stage"]: row for row in records(flow[flow["arm"] == ALL])}
    stages: list[FlowStage] = []
    sessions: list[str] = []
    for name in map(str, dict.fromkeys(flow["stage"])):
        kind, rest = _kind(name)
        if kind in (Kind.IMAGING, Kind.SCORE):
            follows = stages and stages[-1].kind is kind
            previous = sizes.get(stages[-1].name) if follows else None
            sessions = [*sessions, rest] if _follows(sizes.get(name), previous) else [rest]
        stages.append(FlowStage(name, kind, _words(name, kind, rest, sessions), _of(kind, rest)))
    return stages


def outcomes_follow(flow: pd.DataFrame, stages: Sequence[FlowStage]) -> bool:
    """Tell whether outcomes are counted over those of the last stage before them.

    Parameters
    ----------
    flow : DataFrame
        ``group_flow``.
    stages : sequence of FlowStage
        Its stages.
    """
    sizes = {row["stage"]: row for row in records(flow[flow["arm"] == ALL])}
    last = next((each for each in reversed(stages) if not each.outcome), None)
    if last is None:
        return True
    outcomes = [sizes.get(each.name) for each in stages if each.kind is Kind.OUTCOME]
    return all(_follows(row, sizes.get(last.name)) for row in outcomes)


def _kind(name: str) -> tuple[Kind, str]:
    for kind in Kind:
        if kind is not Kind.OTHER and (name == kind.value or name.startswith(f"{kind.value} ")):
            return kind, name.removeprefix(kind.value).strip()
    return Kind.OTHER, ""


def _of(kind: Kind, rest: str) -> str:
    return rest if kind in (Kind.OUTCOME, Kind.JOINT) else ""


def _follows(row: Mapping[str, object] | None, previous: Mapping[str, object] | None) -> bool:
    """Tell whether a stage is of those of the one before it: what it keeps and loses is theirs."""
    if row is None or previous is None:
        return False
    counts = [row["n"], row["lost"], previous["n"]]
    if not all(is_number(each) for each in counts):
        return False
    n, lost, before = (int(float(str(each))) for each in counts)
    return n + lost == before


def _words(name: str, kind: Kind, rest: str, sessions: list[str]) -> str:
    if kind is Kind.SCORE:
        return f"scores at {listed(sessions)}" if len(sessions) > 1 else f"a score at {rest}"
    if kind is Kind.IMAGING:
        return f"imaging at {listed(sessions)}"
    if kind is Kind.IMAGING_CHANGE:
        return "imaging change"
    if kind is Kind.OUTCOME:
        return f"change in {rest} known"
    if kind is Kind.JOINT:
        return f"imaging change, and change in {rest} known"
    return re.sub(r"\s+", " ", name)
