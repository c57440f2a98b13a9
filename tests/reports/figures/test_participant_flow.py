"""The CONSORT diagram: words fit, boxes do not overlap."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures import participant_flow
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.participant_flow import participant_flow_figure
from bids_ketamine.reports.figures.participant_flow_words import (
    FlowBox,
    box_lines,
    wrapped_reason,
)
from bids_ketamine.reports.group_flow import flow_view
from bids_ketamine.reports.group_flow_reasons import short_reason
from bids_ketamine.reports.group_flow_stages import flow_stages

LONG = "mean FD above 0.5 mm, and a_word_without_any_place_to_break_it_in_the_whole_of_the_reason"


def _table(arms: list[str], reason: str = LONG) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [("in the dataset", "all", 30, 0, None)]
    if arms:
        rows.append(("in an arm", "all", 28, 2, "no arm (2)"))
        rows += [("in an arm", arm, 28 // len(arms), 0, None) for arm in arms]
    for stage, lost in (("imaging at pre", 0), ("imaging at post", 3), ("imaging change", 0)):
        told = f"{reason} (2); second; with semicolon (1)" if lost else None
        rows += [(stage, arm, 9 if lost or "change" in stage else 12, lost, told)
                 for arm in ["all", *arms]]  # fmt: skip
    for stage in ("change known: caps5", "imaging change and change known: caps5"):
        n = 8 if stage.startswith("imaging") else 27
        rows += [(stage, arm, n, 1, "no score (1)") for arm in ["all", *arms]]
    return pd.DataFrame(rows, columns=["stage", "arm", "n", "lost", "reasons"])


def _words(markup: object) -> list[str]:
    found = re.findall(r"<text[^>]*>([^<]*)</text>", str(markup))
    return [each.replace("\u00a0", " ") for each in found]


@pytest.mark.parametrize("arms", [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "<d>"]])
def test_every_number_of_arms(arms: list[str]) -> None:
    view = flow_view(_table(arms), arms=arms, styles=arm_styles(arms))
    assert view is not None
    assert view.picture.problem == ""
    words = _words(view.picture.markup)
    columns = max(len(arms), 1)
    assert words.count("Lost (n = 3)") == columns
    assert words.count("Change in caps5 known") == columns
    assert words.count("with imaging: n = 8") == words.count("n = 27") == columns
    assert words.count("Unknown (n = 1)") == words.count("– no score (1)") == columns
    assert words.count("Lost (n = 2)") == (1 if arms else 0)
    # Those with a score are not those with imaging.
    assert view.picture.caption.endswith("boxes without an arrow to them count everybody in an arm")
    assert view.picture.data is not None
    assert len(view.picture.data) == len(_table(arms))


@pytest.mark.parametrize(("n_arms", "width"), [(1, 322), (2, 436), (3, 656), (4, 876)])
def test_three_columns_fit_a_printed_page(n_arms: int, width: int) -> None:
    arms = [f"arm{number}" for number in range(n_arms)]
    view = flow_view(_table(arms), arms=arms, styles=arm_styles(arms))
    assert view is not None
    # 182 mm of paper are 688 pixels; the page shrinks it to its width, and scrolls below 72 %.
    shown = re.search(r"min-width:(\d+)px;max-width:(\d+)px", str(view.picture.markup))
    assert shown is not None
    assert [int(each) for each in shown.groups()] == pytest.approx([0.72 * width, width], abs=12)


@pytest.mark.parametrize("arms", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_words_fit_their_boxes(arms: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: list[tuple[float, float, float, float]] = []
    texts: list[tuple[float, float, float]] = []
    rectangle = participant_flow.Rectangle

    def recorded(corner: tuple[float, float], width: float, height: float, **more: Any) -> Any:
        boxes.append((*corner, corner[0] + width, corner[1] + height))
        return rectangle(corner, width, height, **more)

    write = participant_flow._write

    def written(axis: Any, left: float, top: float, lines: Any, size: float) -> None:
        # 0.62 em is a wide letter on average; a point is 4 / 3 pixels.
        wide = max(len(line.words) for line in lines) * 0.62 * size * 4 / 3
        texts.append((left, left + wide, top + len(lines) * participant_flow.LINE))
        write(axis, left, top, lines, size)

    monkeypatch.setattr(participant_flow, "Rectangle", recorded)
    monkeypatch.setattr(participant_flow, "_write", written)
    flow_view(_table(arms), arms=arms, styles=arm_styles(arms))
    # Dataset and who has no arm; five stages of each arm, and who is lost at two of them.
    assert len(boxes) == len(texts) == 1 + 1 + len(arms) * (5 + 2)
    for box, (left, right, bottom) in zip(boxes, texts, strict=True):
        assert box[0] < left
        assert right < box[2] + 1
        assert bottom < box[3]
    places = np.array(boxes)
    for one in range(len(places)):
        for other in range(one):
            apart = (places[one, :2] >= places[other, 2:]) | (places[other, :2] >= places[one, 2:])
            assert apart.any(), (one, other)


def test_outcomes_that_follow_have_a_box_each() -> None:
    missing = "`MADRS_pre` of the participant is n/a in participants.tsv (2)"
    rows = [
        ("in the dataset", "all", 12, 0, None),
        ("score at pre", "all", 10, 2, "p.tsv has no row of the participant ses-p2 (2)"),
        ("score at post", "all", 9, 1, "late; and then lost (1)"),
        ("change known: madrs", "all", 7, 2, missing),
        ("change known: bdi", "all", 9, 0, None),
    ]
    flow = pd.DataFrame(rows, columns=["stage", "arm", "n", "lost", "reasons"])
    view = flow_view(flow, arms=[], styles=arm_styles([]), counted_words="All 9.")
    assert view is not None
    words = _words(view.picture.markup)
    start = words.index("Change in madrs known")
    assert words[start : start + 6] == [
        *("Change in madrs known", "n = 7", "Unknown (n = 2)", "– MADRS_pre n/a (2)"),
        *("Change in bdi known", "n = 9"),
    ]
    # Sessions are cumulative, and say so.
    assert "A score at pre" in words
    assert "Scores at pre and post" in words
    assert "– no row of p2 (2)" in words
    assert view.picture.caption.endswith("without an arrow between them are counted side by side")
    assert view.sentence == (
        "12 participants in the dataset, 10 with a score at pre, 9 with scores at pre and post, 7 "
        "with a known change in madrs and 9 with a known change in bdi. All 9."
    )
    assert view.table.rows[3][2] == "MADRS_pre is n/a in participants.tsv (2)"


def test_sessions_of_several_changes_are_not_cumulative() -> None:
    rows = [("in the dataset", 9, 0), ("imaging at a", 6, 3), ("imaging at b", 8, 1)]
    flow = pd.DataFrame(rows, columns=["stage", "n", "lost"]).assign(arm="all")
    assert [stage.words for stage in flow_stages(flow)][1:] == ["imaging at a", "imaging at b"]


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        (
            "`A` of the participant ses-d2 is n/a in x/y.tsv, `B` of the participant ses-d2 is n/a "
            "in x/y.tsv and 2 more",
            "A at d2 and B at d2 n/a; others too",
        ),
        ("`q1`, `q2` and 1 more of the participant are n/a in x.tsv", "q1, q2 and 1 more n/a"),
        ("x.tsv has no row of the participant (there is `sub-A`)", "no row in the table"),
        ("the participant has no score at post", "no score at post"),
        ("the participant: fewer than 100 volumes kept", "fewer than 100 volumes kept"),
        ("<b>a; b (3) c, d", "<b>a; b (3) c, d"),
    ],
)
def test_reasons_in_few_words(reason: str, short: str) -> None:
    assert short_reason(reason) == short


def test_a_long_reason_keeps_its_count_and_whole_words() -> None:
    reason = "the field map was lost, so that " + "distortion was not corrected " * 9 + "(12)"
    assert wrapped_reason(reason) == ["the field map was lost …", "(12)"]
    lines = wrapped_reason("again " * 60 + "(3)")
    assert (len(lines), lines[-1][-5:]) == (6, "… (3)")
    box = FlowBox(("waiting_list_without_treatment", "n = 3"))
    assert [line.words for line in box_lines(box)] == [
        *("waiting_list_", "without_treatment", "n = 3"),
    ]


def test_many_reasons_are_counted() -> None:
    box = FlowBox(("Imaging", "n = 3"), ("Lost (n = 9)", *(f"reason {n} (1)" for n in range(9))))
    first = FlowBox(("In the dataset", "n = 12"))
    markup = participant_flow_figure(
        [], [{"all": first}, {"all": box}], styles=arm_styles([]), name="n", description="d"
    )
    words = _words(markup)
    assert [each for each in words if "reason" in each] == [f"– reason {n} (1)" for n in range(4)]
    assert "and 5 more (see table)" in words


def test_table_tells_reasons_by_arm() -> None:
    view = flow_view(_table(["a", "b"], "late"), arms=["a", "b"], styles=arm_styles(["a", "b"]))
    assert view is not None
    rows = {row[0]: row[1:] for row in view.table.rows}
    assert rows["In the dataset"] == ("30", "\u2013", "\u2013", "")
    assert rows["In an arm"] == ("28 (2)", "14", "14", "all: no arm (2)")
    assert rows["Change in caps5 known"][:3] == ("27 (1)", "27 (1)", "27 (1)")
    # A reason may hold a semicolon.
    assert "late (2) and second; with semicolon (1)" in rows["Imaging at pre and post"][3]
    assert view.sentence == (
        "30 participants in the dataset, 28 in an arm, 9 with an imaging change and 27 with a "
        "known change in caps5."
    )


def test_nothing_without_a_table() -> None:
    empty = _table([]).iloc[:0]
    assert flow_view(empty, arms=[], styles=arm_styles([])) is None
