"""Participants through the trial, in the group report: the CONSORT diagram and its table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
from markupsafe import Markup

from bids_ketamine.core.group.flow import ALL
from bids_ketamine.reports.figure_files import PIXELS_PER_POINT
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.participant_flow import FlowBox, participant_flow_figure
from bids_ketamine.reports.group_flow_reasons import counted_reasons, short_reasons
from bids_ketamine.reports.group_flow_stages import (
    FlowStage,
    Kind,
    flow_stages,
    outcomes_follow,
)
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import (
    ABSENT,
    capitalized,
    counted,
    is_absent,
    is_number,
    listed,
    text,
)

FILE = "group_flow.tsv"
#: A line must not end between a symbol and its number.
EQUALS = "\u00a0=\u00a0"
#: Below this share of their size the words of the diagram are too small: it is scrolled.
SMALLEST = 0.72
NOTE = (
    "Lost: of the stage that it follows. A stage holds those of the stage that it follows alone, "
    "but changes of scores are counted over everybody in an arm, with or without imaging; a "
    "session counts with a score of any outcome."
)


@dataclass(frozen=True)
class FlowView:
    """The way of participants.

    Attributes
    ----------
    picture : Picture
        The diagram.
    table : TableView
        The same in numbers.
    sentence : str
        How many came in and how many are analysed.
    """

    picture: Picture
    table: TableView
    sentence: str


def flow_view(
    flow: pd.DataFrame,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    counted_words: str = "",
) -> FlowView | None:
    """Return the diagram and its table; None where there is no table of stages.

    Parameters
    ----------
    flow : DataFrame
        ``group_flow``; without individual data reasons name nobody already.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    counted_words : str
        Whom statistics count, in a sentence.
    """
    flow = flow[flow["n"].notna()]
    if flow.empty:
        return None
    columns = _columns(flow, arms)
    stages = flow_stages(flow)
    stem, rows, endings = _boxes(flow, stages, columns)
    follow = outcomes_follow(flow, stages)
    last = _last_words(flow, stages)
    draw = partial(
        participant_flow_figure,
        stem,
        rows,
        endings,
        endings_follow=follow,
        styles={arm: styles.get(arm, styles[ALL]) for arm in columns},
        name="participant-flow",
        description=f"Flow of participants: {last}",
    )
    caption = "Flow of participants, with who is lost and why"
    if endings and not follow:
        caption += "; boxes without an arrow to them count everybody in an arm"
    elif len(endings) > 1:
        caption += "; boxes without an arrow between them are counted side by side"
    return FlowView(
        picture=picture(
            caption,
            lambda: _fitted(draw()),
            name="participant-flow",
            data=flow.reset_index(drop=True),
        ),
        table=_table(flow, stages, columns),
        sentence=" ".join(each for each in (last, counted_words) if each),
    )


def _fitted(element: Markup) -> Markup:
    """Let a wide drawing shrink to the page as far as its words can be read, then scroll."""
    found = re.search(r'viewBox="\S+ \S+ (\S+) ', element)
    width = float(found.group(1)) * PIXELS_PER_POINT if found else 0.0
    return Markup(
        f'<div class="scroll" role="region" aria-label="Flow of participants" tabindex="0">'
        f'<div style="min-width:{SMALLEST * width:.0f}px;max-width:{width:.0f}px">{element}</div>'
        "</div>"
    )


def _columns(flow: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    """Return the arms that the table knows, or all participants as one column."""
    found = [str(each) for each in dict.fromkeys(flow["arm"].dropna()) if each != ALL]
    ordered = [arm for arm in arms if arm in found]
    return [*ordered, *(arm for arm in found if arm not in ordered)] or [ALL]


def _boxes(
    flow: pd.DataFrame, stages: Sequence[FlowStage], columns: list[str]
) -> tuple[list[FlowBox], list[dict[str, FlowBox]], list[dict[str, FlowBox]]]:
    """Return the stages before arms part, those after, and what is counted side by side."""
    cells = {(row["stage"], row["arm"]): row for row in records(flow)}
    stem: list[FlowBox] = []
    rows: list[dict[str, FlowBox]] = []
    endings: dict[str, dict[str, FlowBox]] = {}
    joint = {each.outcome: each for each in stages if each.kind is Kind.JOINT}
    for stage in stages:
        name = stage.name
        if stage.kind is Kind.OUTCOME:
            both = joint.get(stage.outcome)
            endings[stage.outcome] = {
                arm: _outcome_box(
                    cells.get((name, arm)), stage, cells.get((both.name, arm)) if both else None
                )
                for arm in columns
            }
        elif stage.kind is Kind.JOINT:
            continue
        elif columns != [ALL] and (name, columns[0]) not in cells:
            stem.append(_box(cells.get((name, ALL)), capitalized(stage.words)))
        else:
            of_arms = stage.kind is Kind.ARM and columns != [ALL]
            own = {
                arm: _box(cells.get((name, arm)), arm if of_arms else capitalized(stage.words))
                for arm in columns
            }
            if stem and not rows:
                own[ALL] = _box(cells.get((name, ALL)), capitalized(stage.words))
            rows.append(own)
    return stem, rows, list(endings.values())


def _box(row: Mapping[str, object] | None, title: str) -> FlowBox:
    if row is None:
        return FlowBox((title, f"n{EQUALS}{ABSENT}"))
    return FlowBox((title, f"n{EQUALS}{text(row['n'])}"), _lost(row, "Lost"))


def _outcome_box(
    row: Mapping[str, object] | None, stage: FlowStage, both: Mapping[str, object] | None
) -> FlowBox:
    """Return the box of an outcome: whose change is known, alone and with the imaging change."""
    title = capitalized(stage.words)
    if row is None:
        return FlowBox((title, f"n{EQUALS}{ABSENT}"))
    lines = [title, f"n{EQUALS}{text(row['n'])}"]
    if both is not None:
        lines.append(f"with imaging: n{EQUALS}{text(both['n'])}")
    return FlowBox(tuple(lines), _lost(row, "Unknown"))


def _lost(row: Mapping[str, object], word: str) -> tuple[str, ...]:
    if not is_number(row["lost"]) or row["lost"] == 0:
        return ()
    head = f"{word} (n{EQUALS}{text(row['lost'])})"
    return (head, *map(str, short_reasons(str(row["reasons"])))) if _is_told(row) else (head,)


def _is_told(row: Mapping[str, object]) -> bool:
    return not is_absent(row["reasons"])


def _last_words(flow: pd.DataFrame, stages: Sequence[FlowStage]) -> str:
    """Say how many came in and how many are analysed, over all arms."""
    everybody = flow[flow["arm"] == ALL]
    if everybody.empty:
        return ""
    sizes = {row["stage"]: row["n"] for row in records(everybody)}
    told = [f"{counted(int(sizes[stages[0].name]), 'participant')} in the dataset"]
    for stage in stages[1:]:
        n = text(sizes.get(stage.name))
        if stage.kind is Kind.IMAGING_CHANGE:
            told.append(f"{n} with an imaging change")
        elif stage.kind is Kind.SCORE:
            told.append(f"{n} with {stage.words}")
        elif stage.kind is Kind.OUTCOME:
            told.append(f"{n} with a known change in {stage.outcome}")
        elif stage.kind is Kind.ARM:
            told.append(f"{n} in an arm")
    return f"{listed(told)}."


def _table(flow: pd.DataFrame, stages: Sequence[FlowStage], columns: list[str]) -> TableView:
    shown = [ALL, *(each for each in columns if each != ALL)]
    cells = {(row["stage"], row["arm"]): row for row in records(flow)}
    rows = []
    for stage in stages:
        own = [cells.get((stage.name, arm)) for arm in shown]
        counts = [ABSENT if row is None else _count(row) for row in own]
        reasons = [
            f"{arm}: {_reasons(row)}" if len(shown) > 1 else _reasons(row)
            for arm, row in zip(shown, own, strict=True)
            if row is not None and _is_told(row) and (arm != ALL or not _by_arm(cells, stage.name))
        ]
        rows.append((capitalized(stage.words), *counts, "; ".join(reasons)))
    heads = (Column("Stage"), *(Column(arm, numeric=True) for arm in shown))
    return TableView(
        "Participants by stage: n (lost or unknown)",
        (*heads, Column("Why", wide=True)),
        tuple(rows),
        note=f"{NOTE} The same is in {FILE}.",
    )


def _reasons(row: Mapping[str, object]) -> str:
    return listed([str(each) for each in counted_reasons(str(row["reasons"]))])


def _by_arm(cells: Mapping[tuple[str, str], Mapping[str, object]], stage: str) -> bool:
    """Tell whether the losses of a stage stand in the rows of arms already."""
    lost = [row["lost"] for (at, arm), row in cells.items() if at == stage and arm != ALL]
    total = cells.get((stage, ALL), {}).get("lost")
    return bool(lost) and sum(float(str(each)) for each in lost) == total


def _count(row: Mapping[str, object]) -> str:
    lost = row["lost"]
    return text(row["n"]) + (f" ({text(lost)})" if is_number(lost) and lost != 0 else "")
