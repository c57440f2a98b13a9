"""Tables of a study with two baselines and their mean: scores, items, variables, exclusions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bids_ketamine.dataset.behaviour_events import session_events
from bids_ketamine.dataset.crossover import unusable_sessions
from bids_ketamine.dataset.exclusions import listed_exclusions
from bids_ketamine.dataset.outcomes import item_scores, outcome_scores, session_scores
from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.spec import (
    ChangeSpec,
    ClinicalCourseSpec,
    CovariateSpec,
    CrossoverSpec,
    OutcomeSpec,
    SessionSpec,
    StudySpec,
)

LONG = OutcomeSpec(name="madrs", table="madrs", column="total")


@pytest.fixture
def two(study: StudySpec) -> StudySpec:
    """Two baselines, their mean, a visit without images, and a scan after treatment."""
    return replace(
        study,
        sessions=(
            SessionSpec(name="pre1"),
            SessionSpec(name="pre2"),
            SessionSpec(name="baseline", mean_of=("pre1", "pre2")),
            SessionSpec(name="day1", scanned=False),
            SessionSpec(name="post"),
        ),
        changes=(ChangeSpec(name="change", first="baseline", second="post"),),
        outcomes=(LONG,),
    )


def madrs(trial: Any) -> None:
    trial.participants("participant_id", "sub-01", "sub-02", "sub-03")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id total",
        "sub-01 ses-pre1 30",
        "sub-01 ses-pre2 33",
        "sub-01 ses-day1 20",
        "sub-01 ses-post 10",
        "sub-02 ses-pre2 28",
        "sub-02 ses-post 14",
        "sub-03 ses-pre1 n/a",
        "sub-03 ses-post 12",
    )


def test_the_mean_of_the_scores_that_are_there(trial: Any, two: StudySpec) -> None:
    madrs(trial)
    table = session_scores(trial.root, two)
    assert table["session"].tolist() == ["pre1", "pre2", "baseline", "day1", "post"] * 3
    scores = table["score"].to_numpy().reshape(3, 5)
    np.testing.assert_array_equal(
        scores,
        [
            [30, 33, 31.5, 20, 10],
            [np.nan, 28, 28, np.nan, 14],
            [np.nan, np.nan, np.nan, np.nan, 12],
        ],
    )
    reasons = table["reason"].to_numpy(dtype=object).reshape(3, 5)
    assert reasons[0].tolist() == [None] * 5
    assert reasons[1, 2] is None
    assert reasons[2, 2] == (
        "`total` of sub-03 ses-pre1 is n/a in phenotype/madrs.tsv; phenotype/madrs.tsv has no row "
        "of sub-03 ses-pre2"
    )


def test_improvement_starts_at_the_mean(trial: Any, two: StudySpec) -> None:
    madrs(trial)
    table = outcome_scores(trial.root, two)
    np.testing.assert_array_equal(table["first"], [31.5, 28, np.nan])
    np.testing.assert_array_equal(table["improvement"], [21.5, 14, np.nan])
    assert table["reason"].tolist()[:2] == [None, None]
    assert "ses-pre1 is n/a" in table["reason"].tolist()[2]


def test_a_score_written_for_the_mean_comes_first(trial: Any, two: StudySpec) -> None:
    madrs(trial)
    with (trial.root / "phenotype" / "madrs.tsv").open("a") as stream:
        stream.write("sub-02\tses-baseline\t26\n")
    table = session_scores(trial.root, two)
    baseline = table[table["session"] == "baseline"]
    np.testing.assert_array_equal(baseline["score"], [31.5, 26, np.nan])


def test_wide_tables(trial: Any, two: StudySpec) -> None:
    trial.participants("participant_id pre1 pre2 post", "sub-01 30 33 10", "sub-02 n/a 28 14")
    columns = {"pre1": "pre1", "pre2": "pre2", "post": "post"}
    wide = OutcomeSpec(name="madrs", columns=columns)
    table = session_scores(trial.root, replace(two, outcomes=(wide,)))
    assert table["session"].tolist() == ["pre1", "pre2", "baseline", "post"] * 2
    np.testing.assert_array_equal(table["score"], [30, 33, 31.5, 10, np.nan, 28, 28, 14])
    one = OutcomeSpec(name="madrs", columns={"baseline": "pre2", "post": "post"})
    table = session_scores(trial.root, replace(two, outcomes=(one,)))
    assert table["session"].tolist() == ["baseline", "post"] * 2
    np.testing.assert_array_equal(table["score"], [33, 10, 28, 14])
    alone = OutcomeSpec(name="madrs", columns={"pre2": "pre2", "post": "post"})
    table = session_scores(trial.root, replace(two, outcomes=(alone,)))
    np.testing.assert_array_equal(table["score"], [33, 33, 10, 28, 28, 14])


def test_items_are_averaged_one_by_one(trial: Any, two: StudySpec) -> None:
    trial.participants("participant_id", "sub-01")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id i1 i2",
        "sub-01 ses-pre1 1 n/a",
        "sub-01 ses-pre2 2 6",
        "sub-01 ses-post 0 1",
    )
    items = OutcomeSpec(name="madrs", table="madrs", items=("i1", "i2"))
    spec = replace(two, outcomes=(items,))
    found = item_scores(trial.root, spec, "madrs")
    np.testing.assert_array_equal(found.loc[("sub-01", "baseline")], [1.5, 6])
    # The score needs all items of a session.
    scores = session_scores(trial.root, spec).set_index("session")["score"]
    np.testing.assert_array_equal(scores[["pre1", "pre2", "baseline"]], [np.nan, 8, 8])


def test_variables_are_of_the_first_baseline_that_has_a_row(trial: Any, two: StudySpec) -> None:
    trial.participants("participant_id", "sub-01", "sub-02")
    trial.table(
        "phenotype/body.tsv",
        "participant_id session_id weight",
        "sub-01 ses-pre1 70",
        "sub-01 ses-pre2 71",
        "sub-02 ses-pre2 80",
        "sub-02 ses-post 79",
    )
    weight = CovariateSpec(name="weight", table="body")
    found = variable_table(trial.root, replace(two, covariates=(weight,)), (weight,))
    np.testing.assert_array_equal(found.values["weight"], [70, 80])


def test_who_is_excluded_at_a_baseline(trial: Any, two: StudySpec) -> None:
    path = trial.table(
        "out.tsv",
        "participant_id session_id reason",
        "sub-01 ses-pre1 asleep",
        "sub-01 baseline restless",
        "sub-01 day1 ill",
    )
    found = listed_exclusions(path, bids_dir=trial.root, spec=two, participants=["sub-01"])
    assert [each.session for each in found] == ["pre1", "baseline", "day1"]
    trial.table("out.tsv", "participant_id session_id reason", "sub-01 ses-pre3 asleep")
    with pytest.raises(InputDataError, match="sub-01 ses-pre3, which is no session"):
        listed_exclusions(path, bids_dir=trial.root, spec=two, participants=["sub-01"])


def test_an_empty_cell_of_a_mean_hides_no_scores(trial: Any, two: StudySpec) -> None:
    trial.participants("participant_id", "sub-01", "sub-02")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id total",
        "sub-01 ses-pre1 30",
        "sub-01 ses-baseline n/a",
        "sub-02 ses-baseline n/a",
    )
    scores = session_scores(trial.root, two).set_index(["participant_id", "session"])
    assert scores.loc[("sub-01", "baseline"), "score"] == 30
    assert scores.loc[("sub-01", "baseline"), "reason"] is None
    assert np.isnan(scores.loc[("sub-02", "baseline"), "score"])
    assert "n/a" in scores.loc[("sub-02", "baseline"), "reason"]


def test_a_rating_of_0_is_not_assessed(trial: Any, two: StudySpec) -> None:
    """And a mean is of the ratings that there are; in another outcome 0 is a score."""
    trial.participants("participant_id", "sub-01", "sub-02")
    trial.table(
        "phenotype/cgi.tsv",
        "participant_id session_id total",
        "sub-01 ses-pre1 0",
        "sub-01 ses-pre2 3",
        "sub-01 ses-post 0",
        "sub-02 ses-pre1 0",
        "sub-02 ses-post 2",
    )
    cgi = OutcomeSpec(name="cgi", table="cgi", column="total")
    plain = replace(two, outcomes=(cgi,))
    spec = replace(plain, clinical_course=ClinicalCourseSpec(outcome="madrs", rating="cgi"))
    scores = session_scores(trial.root, spec).set_index(["participant_id", "session"])
    assert scores["score"].dropna().to_dict() == {
        ("sub-01", "pre2"): 3,
        ("sub-01", "baseline"): 3,
        ("sub-02", "post"): 2,
    }
    assert scores.loc[("sub-01", "post"), "reason"] == (
        "0 of sub-01 at post is `not assessed` in phenotype/cgi.tsv"
    )
    assert "`not assessed`" in scores.loc[("sub-02", "baseline"), "reason"]
    change = outcome_scores(trial.root, spec).set_index("participant_id")
    assert change["improvement"].isna().all()
    assert "not assessed" in change.loc["sub-01", "reason"]
    assert (session_scores(trial.root, plain)["score"] == 0).sum() == 4


def test_events_are_of_sessions_with_images(trial: Any, two: StudySpec) -> None:
    trial.session("01", "pre1")
    found = list(session_events(trial.root, two, participants=["sub-01"], tasks=two.tasks))
    assert [each.session for each in found] == ["pre1", "pre2", "post"]
    assert len(found[0].tables) == 1


def test_a_treatment_that_did_not_happen_gives_no_baseline(trial: Any, two: StudySpec) -> None:
    """One of the baselines follows a placebo that was never given."""
    madrs(trial)
    trial.participants("participant_id p1 p2", "sub-01 s d", "sub-02 d n/a", "sub-03 s d")
    crossover = CrossoverSpec(columns=("p1", "p2"), values={"s": "pre2", "d": "post"})
    spec = replace(two, crossover=crossover)
    assert set(unusable_sessions(trial.root, spec)) == {("02", "pre2")}
    scores = session_scores(trial.root, spec)
    baseline = scores[scores["session"] == "baseline"]
    np.testing.assert_array_equal(baseline["score"], [31.5, np.nan, np.nan])
    assert "this period never happened" in baseline["reason"].tolist()[1]
