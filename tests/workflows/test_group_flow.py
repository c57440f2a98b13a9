"""The way of participants through a trial, from what goes into group statistics."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.group.exclusions import ListedExclusion
from bids_ketamine.study.load import load_study
from bids_ketamine.study.rating import changing_outcomes
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_flow import group_flow
from bids_ketamine.workflows.group_outcomes import with_improvement
from bids_ketamine.workflows.group_sources import People

WHO = ("sub-A1", "sub-A2", "sub-A3", "sub-B1", "sub-B2", "sub-X")
ARMS = ("midazolam", "midazolam", "midazolam", "ketamine", "ketamine", "")
SHAPE = (6, 2, 1)


@pytest.fixture(scope="module")
def spec() -> StudySpec:
    return load_study("norbury2021").spec


@pytest.fixture(scope="module")
def people() -> People:
    gone = ListedExclusion(
        participant="sub-X", session=None, task=None, reason="sub-X has no arm of the study"
    )
    return People(participants=WHO, arms=ARMS, without_arm=(gone,))


def _texts(told: dict[tuple[int, int, int], str]) -> np.ndarray:
    array = np.full(SHAPE, "", dtype=object)
    for place, text in told.items():
        array[place] = text
    return array


def _data() -> Any:
    value = np.ones(SHAPE)
    value[1, 1] = np.nan  # A2 has no second session
    value[4, 0] = np.nan
    exclusions = _texts(
        {
            (1, 1, 0): "",
            (3, 0, 0): "excluded with session post: mean FD 0.913 mm > 0.5 mm",
            (3, 1, 0): "mean FD 0.913 mm > 0.5 mm",
        }
    )
    included = np.isfinite(value) & (exclusions == "")
    reasons = _texts({(4, 0, 0): "sub-B2: 12 volumes kept < 100"})
    measures = SimpleNamespace(sessions=("pre", "post"), value=value, reason=reasons)
    motion = SimpleNamespace(included=included, reason=reasons)
    return SimpleNamespace(
        measures=measures, tasks=("faces",), exclusions=exclusions, motion=motion
    )


def _outcomes() -> pd.DataFrame:
    rows = []
    for place, (who, arm) in enumerate(zip(WHO, ARMS, strict=True)):
        for name in ("caps5", "madrs"):
            gone = name == "madrs" and place == 0
            rows.append(
                {
                    "participant_id": who,
                    "arm": arm,
                    "outcome": name,
                    "change": "change",
                    "first": 30.0,
                    "second": np.nan if gone else 20.0,
                    "improvement": np.nan if gone else 10.0,
                    "reason": f"{who} has no score at post" if gone else None,
                }
            )
    return pd.DataFrame(rows)


def _by_cell(table: pd.DataFrame) -> dict[tuple[str, str], tuple[int, int, str]]:
    rows = table.itertuples(index=False, name=None)
    return {(stage, arm): (n, lost, reasons) for stage, arm, n, lost, reasons in rows}


def test_stages_of_a_trial_with_imaging(spec: StudySpec, people: People) -> None:
    table = group_flow(spec, people=people, left_out={}, data=_data(), outcomes=_outcomes())
    assert list(dict.fromkeys(table["stage"])) == [
        *("in the dataset", "in an arm", "imaging at pre", "imaging at post", "imaging change"),
        *("change known: caps5", "change known: madrs"),
        *("imaging change and change known: caps5", "imaging change and change known: madrs"),
    ]
    flow = _by_cell(table)
    assert flow["in the dataset", "all"] == (6, 0, "")
    assert flow["in an arm", "all"] == (5, 1, "the participant has no arm of the study (1)")
    # Neither name nor own number of a participant is in a reason.
    reason = "the participant: fewer than 100 volumes kept (1)"
    assert flow["imaging at pre", "ketamine"] == (1, 1, reason)
    assert flow["imaging at post", "midazolam"] == (2, 1, "no imaging results (1)")
    assert flow["imaging change", "ketamine"][:2] == (0, 1)
    assert "mean FD above 0.5 mm" in flow["imaging change", "ketamine"][2]
    assert flow["imaging change", "all"][0] == 2
    # Scores count over everybody in an arm.
    assert flow["change known: caps5", "all"] == (5, 0, "")
    assert flow["change known: madrs", "midazolam"] == (
        *(2, 1),
        "the participant has no score at post (1)",
    )
    assert flow["imaging change and change known: madrs", "all"][0] == 1


def test_scores_of_those_left_out_do_not_count(spec: StudySpec, people: People) -> None:
    left_out = {"sub-X": "no arm: gone", "sub-B1": "excluded: sub-B1 withdrew consent"}
    shared = {"people": people, "left_out": left_out, "outcomes": _outcomes()}
    flow = _by_cell(group_flow(spec, data=_data(), **shared))
    told = "excluded: the participant withdrew consent (1)"
    assert flow["in an arm", "all"][0] == 5
    assert flow["change known: caps5", "ketamine"] == (1, 1, told)
    assert flow["change known: caps5", "all"] == (4, 1, told)
    assert flow["imaging change and change known: caps5", "ketamine"] == (0, 0, "")
    alone = _by_cell(group_flow(spec, data=None, **shared))
    assert alone["score at pre", "all"] == (4, 1, told)
    assert alone["change known: madrs", "all"][0] == 3


def test_study_of_scores_alone(spec: StudySpec, people: People) -> None:
    table = group_flow(spec, people=people, left_out={}, data=None, outcomes=_outcomes())
    assert list(dict.fromkeys(table["stage"])) == [
        *("in the dataset", "in an arm", "score at pre", "score at post"),
        *("change known: caps5", "change known: madrs"),
    ]
    flow = _by_cell(table)
    # One score of a session is enough; why others are missing stands with their outcome.
    assert flow["score at post", "all"] == (5, 0, "")
    assert flow["change known: madrs", "all"][:2] == (4, 1)


def test_lost_scores_have_their_reasons(spec: StudySpec, people: People) -> None:
    one = replace(spec, outcomes=tuple(each for each in spec.outcomes if each.name == "madrs"))
    flow = _by_cell(group_flow(one, people=people, left_out={}, data=None, outcomes=_outcomes()))
    assert flow["score at pre", "all"] == (5, 0, "")
    assert flow["score at post", "midazolam"] == (
        *(2, 1),
        "the participant has no score at post (1)",
    )
    # Lost at the session, and not again at the outcome.
    assert flow["change known: madrs", "all"] == (4, 0, "")


def test_scores_that_come_as_a_difference(spec: StudySpec, people: People) -> None:
    outcomes = _outcomes().assign(first=np.nan, second=np.nan)
    table = group_flow(spec, people=people, left_out={}, data=None, outcomes=outcomes)
    assert list(dict.fromkeys(table["stage"])) == [
        *("in the dataset", "in an arm", "change known: caps5", "change known: madrs"),
    ]


def test_no_arms_and_no_outcomes(spec: StudySpec, people: People) -> None:
    bare = replace(spec, arms=None, outcomes=())
    alone = replace(people, arms=("",) * 6, without_arm=())
    nothing = _outcomes().iloc[:0]
    table = group_flow(bare, people=alone, left_out={}, data=_data(), outcomes=nothing)
    assert table["arm"].unique().tolist() == ["all"]
    assert table["stage"].tolist()[-1] == "imaging change"
    assert table["n"].tolist() == [6, 5, 4, 3]


def _siegel(**changes: Any) -> StudySpec:
    return replace(load_study("siegel2021").spec, **changes)


def _trial_of_controls() -> tuple[People, Any, pd.DataFrame]:
    """Return two patients and two controls, who have no session after treatment."""
    who, arms = ("sub-1", "sub-2", "sub-3", "sub-4"), ("patient", "patient", "control", "control")
    sessions = ("pre1", "pre2", "baseline", "day1", "post", "week8")
    value = np.full((4, len(sessions), 1), np.nan)
    value[:, [0, 1, 2]] = 1.0
    value[:2, 4] = 1.0
    nothing = np.full(value.shape, "", dtype=object)
    measures = SimpleNamespace(sessions=sessions, value=value, reason=nothing)
    motion = SimpleNamespace(included=np.isfinite(value), reason=nothing)
    data = SimpleNamespace(measures=measures, tasks=("rest",), exclusions=nothing, motion=motion)
    rows = [
        {
            "participant_id": name,
            "arm": arm,
            "outcome": outcome,
            "change": "change",
            "first": 30.0 if arm == "patient" and outcome == "madrs" else np.nan,
            "second": 10.0 if name == "sub-1" and outcome == "madrs" else np.nan,
            "improvement": 20.0 if name == "sub-1" and outcome == "madrs" else np.nan,
            "reason": None if name == "sub-1" else f"phenotype/x.tsv has no row of {name} ses-post",
        }
        for name, arm in zip(who, arms, strict=True)
        for outcome in ("madrs", "cgi_i")
    ]
    return People(participants=who, arms=arms, without_arm=()), data, pd.DataFrame(rows)


def test_the_change_is_followed_and_not_how_values_vary_without_treatment() -> None:
    people, data, outcomes = _trial_of_controls()
    table = group_flow(_siegel(), people=people, left_out={}, data=data, outcomes=outcomes)
    assert list(dict.fromkeys(table["stage"])) == [
        *("in the dataset", "in an arm", "imaging at baseline", "imaging at post"),
        *("imaging change", "change known: madrs", "imaging change and change known: madrs"),
    ]
    flow = _by_cell(table)
    assert flow["imaging at baseline", "control"] == (2, 0, "")
    # A whole arm without a session is told as such; no reason is left out.
    assert flow["imaging at post", "control"] == (0, 2, "nobody in control has imaging at post (2)")
    assert flow["imaging change", "patient"] == (2, 0, "")
    assert flow["change known: madrs", "control"] == (0, 2, "nobody in control has a score (2)")
    told = "phenotype/x.tsv has no row of the participant ses-post (1)"
    assert flow["change known: madrs", "patient"] == (1, 1, told)
    assert not table["reasons"].str.contains("no reason is given").any()


def test_a_rating_of_change_has_no_improvement() -> None:
    people, data, outcomes = _trial_of_controls()
    assert list(with_improvement(outcomes, _siegel())["outcome"].unique()) == ["madrs"]
    plain = _siegel(clinical_course=None)
    assert list(with_improvement(outcomes, plain)["outcome"].unique()) == ["madrs", "cgi_i"]
    assert [each.name for each in changing_outcomes(_siegel())] == ["madrs"]
    assert [each.name for each in changing_outcomes(plain)] == ["madrs", "cgi_i"]
    table = group_flow(plain, people=people, left_out={}, data=data, outcomes=outcomes)
    assert "change known: cgi_i" in set(table["stage"])
