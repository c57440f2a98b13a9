"""Periods of a crossover trial: made tables, and the published one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.dataset.crossover import PERIOD_COLUMNS, period_table
from bids_ketamine.dataset.outcomes import session_scores
from bids_ketamine.dataset.participants import participant_arms
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.study.spec import (
    ArmsSpec,
    CrossoverSpec,
    OutcomeSpec,
    SessionSpec,
    StudySpec,
)

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "ketamine-moa-ds005917"
SPEC = StudySpec(
    name="crossover",
    sessions=(
        SessionSpec(name="base", label="b0"),
        SessionSpec(name="ketamine", label="d2"),
        SessionSpec(name="placebo", label="p2"),
    ),
    crossover=CrossoverSpec(
        columns=("infusion_1", "infusion_2"), values={"p": "placebo", "d": "ketamine"}
    ),
)


def rows(trial: Any, spec: StudySpec = SPEC) -> dict[tuple[str, str], tuple[Any, Any, Any]]:
    table = period_table(trial.root, spec)
    assert tuple(table) == PERIOD_COLUMNS
    return {
        (each.participant_id, each.session): (each.period, each.sequence, each.reason)
        for each in table.itertuples()
    }


def test_periods_and_sequences(trial: Any) -> None:
    trial.participants("participant_id infusion_1 infusion_2", "sub-01 d p", "02 p d")
    assert rows(trial) == {
        ("sub-01", "ketamine"): ("1", "ketamine-placebo", None),
        ("sub-01", "placebo"): ("2", "ketamine-placebo", None),
        ("sub-02", "ketamine"): ("2", "placebo-ketamine", None),
        ("sub-02", "placebo"): ("1", "placebo-ketamine", None),
    }


def test_a_period_that_never_happened_leaves_the_other_and_the_plan(trial: Any) -> None:
    trial.participants("participant_id infusion_1 infusion_2", "sub-01 d n/a", "sub-02 p d")
    found = rows(trial)
    assert found["sub-01", "ketamine"] == ("1", "ketamine-placebo", None)
    assert found["sub-01", "placebo"] == (
        "2",
        "ketamine-placebo",
        "`infusion_2` of sub-01 in participants.tsv is n/a: this period never happened",
    )


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            "n/a d",
            "`infusion_1` of sub-01 in participants.tsv is n/a and `infusion_2` is not: visits are "
            "out of order",
        ),
        (
            "d d",
            "`infusion_1`, `infusion_2` of sub-01 in participants.tsv are the same treatment, "
            "`ketamine`",
        ),
        (
            "n/a n/a",
            "`infusion_1`, `infusion_2` of sub-01 in participants.tsv are n/a: no period happened",
        ),
        (
            "d D",
            "`infusion_2` of sub-01 in participants.tsv is `D`; the study knows `p`, `d` (there "
            "is `d`)",
        ),
    ],
)
def test_periods_that_contradict_each_other_are_recorded(
    trial: Any, cells: str, reason: str
) -> None:
    trial.participants("participant_id infusion_1 infusion_2", f"sub-01 {cells}", "sub-02 p d")
    found = rows(trial)
    assert found["sub-01", "ketamine"] == (None, None, reason)
    assert found["sub-01", "placebo"] == (None, None, reason)
    assert found["sub-02", "placebo"] == ("1", "placebo-ketamine", None)


def test_a_table_of_scores_may_say_the_period_too(trial: Any) -> None:
    trial.participants("participant_id infusion_1 infusion_2", "sub-01 d p", "sub-02 p d")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id period total",
        *("01 d2 1 10", "01 p2 1 20", "01 b0 n/a 30", "02 p2 1.0 9", "02 d2 second 9"),
    )
    outcome = OutcomeSpec(name="madrs", table="madrs", column="total")
    found = rows(trial, replace(SPEC, outcomes=(outcome,)))
    assert found["sub-01", "placebo"] == (
        "2",
        "ketamine-placebo",
        "phenotype/madrs.tsv says period 1 of `placebo`, participants.tsv period 2",
    )
    assert [each[2] for each in found.values()].count(None) == 3


def test_more_treatments_than_periods(trial: Any) -> None:
    crossover = CrossoverSpec(
        columns=("p1", "p2"), values={"a": "base", "b": "ketamine", "c": "placebo"}
    )
    trial.participants("participant_id p1 p2", "sub-01 c a", "sub-02 b n/a")
    found = rows(trial, replace(SPEC, crossover=crossover))
    assert found["sub-01", "base"] == ("2", "placebo-base", None)
    assert found["sub-01", "ketamine"] == (
        None,
        "placebo-base",
        "sub-01 had no period of `ketamine`",
    )
    assert found["sub-02", "ketamine"] == ("1", None, None)
    assert found["sub-02", "base"][2].endswith("`p2` of sub-02 in participants.tsv is n/a: this "
                                               "period never happened")  # fmt: skip


def test_tables_without_periods(trial: Any) -> None:
    assert period_table(trial.root, replace(SPEC, crossover=None)).empty
    with pytest.raises(InputMissingError, match=r"stand in participants\.tsv, which is not there"):
        period_table(trial.root, SPEC)
    trial.participants("participant_id infusion_1", "sub-01 d")
    with pytest.raises(InputDataError, match="no column `infusion_2`, which holds a period"):
        period_table(trial.root, SPEC)
    trial.participants("participant_id infusion_1 infusion_2", "sub-01 drug n/a")
    with pytest.raises(InputDataError, match=r"No period holds a treatment .* values: drug"):
        period_table(trial.root, SPEC)
    trial.participants("participant_id session_id infusion_1 infusion_2", "sub-01 d2 d p")
    with pytest.raises(InputDataError, match="one row a participant"):
        period_table(trial.root, SPEC)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published trial is not beside the project")
def test_the_published_trial() -> None:
    """Of the 24 depressed participants with both visits, 24.5 points after ketamine, 31.3 not."""
    outcome = OutcomeSpec(name="madrs", table="phenotype", column="MADRS_Total")
    spec = replace(SPEC, outcomes=(outcome,), arms=ArmsSpec(column="group", levels=("MDD", "HC")))
    periods = period_table(PUBLISHED, spec)
    assert periods["reason"].isna().sum() == 97
    assert periods.groupby("sequence")["participant_id"].nunique().to_dict() == {
        "ketamine-placebo": 28,
        "placebo-ketamine": 24,
    }
    scores = session_scores(PUBLISHED, spec)
    assert (len(scores), int(scores["score"].notna().sum())) == (58 * 3, 147)
    arms = participant_arms(PUBLISHED, spec)["arm"]
    merged: pd.DataFrame = scores.drop(columns="reason").merge(
        periods[periods["reason"].isna()], on=["participant_id", "session"]
    )
    depressed = merged[merged["participant_id"].map(arms) == "MDD"]
    both = depressed.pivot(index="participant_id", columns="session", values="score").dropna()
    assert len(both) == 24
    assert both["ketamine"].mean() == pytest.approx(24.5, abs=0.05)
    assert both["placebo"].mean() == pytest.approx(31.3, abs=0.05)
