"""Counts of participants by stage."""

from __future__ import annotations

import numpy as np
import pytest

from bids_ketamine.core.group.flow import FlowStage, participant_flow

ARMS = ["a", "a", "a", "b", "b", ""]


def _stage(
    name: str, reached: list[int], reasons: dict[int, str], after: str | None = None
) -> FlowStage:
    reason = np.array([reasons.get(number, "") for number in range(len(ARMS))], dtype=object)
    return FlowStage(
        name=name,
        reached=np.isin(np.arange(len(ARMS)), reached),
        reason=reason,
        after=after,
    )


def _flow() -> dict[tuple[str, str], tuple[int, int, str]]:
    stages = [
        _stage("in the dataset", [0, 1, 2, 3, 4, 5], {}),
        _stage("in an arm", [0, 1, 2, 3, 4], {5: "no arm"}),
        _stage("imaging at pre", [0, 1, 3, 4], {2: "no images"}),
        # Participant 2 has images of the second session alone.
        _stage("imaging at post", [0, 2, 3], {1: "motion", 4: "motion"}),
        _stage("outcome known: madrs", [1, 2, 3, 4], {0: "no score"}, after="in an arm"),
        _stage("both", [1, 2, 3, 4], {0: "no score"}, after="imaging at post"),
    ]
    table = participant_flow(arms=ARMS, levels=["a", "b"], stages=stages)
    rows = table.itertuples(index=False, name=None)
    return {(stage, arm): (n, lost, reasons) for stage, arm, n, lost, reasons in rows}


def test_stages_follow_each_other() -> None:
    flow = _flow()
    assert flow["in the dataset", "all"] == (6, 0, "")
    assert flow["in an arm", "all"] == (5, 1, "no arm (1)")
    assert flow["imaging at pre", "a"] == (2, 1, "no images (1)")
    # Who was lost before does not come back, and is not lost again.
    assert flow["imaging at post", "a"] == (1, 1, "motion (1)")
    assert flow["imaging at post", "b"] == (1, 1, "motion (1)")
    assert flow["imaging at post", "all"] == (2, 2, "motion (2)")


def test_stages_may_stand_beside_each_other() -> None:
    flow = _flow()
    # Scores count without imaging too.
    assert flow["outcome known: madrs", "a"] == (2, 1, "no score (1)")
    assert flow["outcome known: madrs", "all"] == (4, 1, "no score (1)")
    assert flow["both", "all"] == (1, 1, "no score (1)")


def test_arms_stand_where_everybody_has_one() -> None:
    flow = _flow()
    assert ("in the dataset", "a") not in flow
    assert flow["in an arm", "a"] == (3, 0, "")
    assert flow["in an arm", "b"] == (2, 0, "")


def test_arms_add_up() -> None:
    flow = _flow()
    for stage in {stage for stage, arm in flow if arm == "a"}:
        everybody, first, second = (flow[stage, arm] for arm in ("all", "a", "b"))
        assert everybody[0] == first[0] + second[0]


def test_without_arms_and_without_reasons() -> None:
    stages = [
        _stage("in the dataset", [0, 1, 2, 3, 4, 5], {}),
        _stage("score at pre", [0, 1], {2: "late", 3: "late"}),
    ]
    table = participant_flow(arms=[""] * 6, levels=[], stages=stages)
    assert table["arm"].unique().tolist() == ["all"]
    assert table.iloc[1].tolist()[2:] == [2, 4, "late (2); no reason is given (2)"]


def test_stage_must_follow_one_before_it() -> None:
    stages = [
        _stage("first", [0], {}),
        _stage("second", [0], {}, after="third"),
    ]
    with pytest.raises(ValueError, match="second follows third"):
        participant_flow(arms=ARMS, levels=["a", "b"], stages=stages)
