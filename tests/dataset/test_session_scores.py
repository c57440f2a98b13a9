"""Scores of every session, items, and wrong cells told at once."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bids_ketamine.dataset.clinical_cells import require_clinical_cells
from bids_ketamine.dataset.outcomes import (
    SCORE_COLUMNS,
    item_scores,
    outcome_scores,
    session_scores,
)
from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.spec import (
    CovariateSpec,
    OutcomeSpec,
    SessionSpec,
    StudySpec,
    TableOneSpec,
)

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "depression-ds003007"
ITEMS = ("i1", "i2", "i3")


@pytest.fixture
def three(study: StudySpec) -> StudySpec:
    """A study of three sessions; the change is about the first and the last."""
    sessions = (SessionSpec(name="pre"), SessionSpec(name="mid"), SessionSpec(name="post"))
    return replace(study, tasks=(), rest=None, sessions=sessions)


def with_outcomes(study: StudySpec, *outcomes: OutcomeSpec) -> StudySpec:
    return replace(study, outcomes=outcomes)


def test_long_tables_give_all_sessions_whatever_the_order_of_rows(
    trial: Any, three: StudySpec
) -> None:
    trial.participants("participant_id", "sub-01", "sub-02")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id total",
        "02 ses-post 12",
        "sub-01 post 10",
        "sub-01 ses-pre 30",
        "sub-01 mid n/a",
        "02 pre 28.5",
    )
    spec = with_outcomes(three, OutcomeSpec(name="madrs", table="madrs", column="total"))
    table = session_scores(trial.root, spec)
    assert tuple(table) == SCORE_COLUMNS
    assert table["participant_id"].tolist() == ["sub-01"] * 3 + ["sub-02"] * 3
    assert table["session"].tolist() == ["pre", "mid", "post"] * 2
    np.testing.assert_array_equal(table["score"], [30, np.nan, 10, 28.5, np.nan, 12])
    assert table["reason"].tolist() == [
        None,
        "`total` of sub-01 ses-mid is n/a in phenotype/madrs.tsv",
        None,
        None,
        "phenotype/madrs.tsv has no row of sub-02 ses-mid",
        None,
    ]


def test_wide_tables_give_their_columns_and_changes_give_no_score(
    trial: Any, three: StudySpec
) -> None:
    # Line ends of another system, one of them within the header's last cell.
    trial.write(
        "participants.tsv",
        b"participant_id\tBDI_ses-pre\tBDI_ses-post\tdelta\t\r\n"
        b"sub-01\t20\t11\t-9\t\r\nsub-02\tn/a\t7\t3\t\r\n",
    )
    bdi = OutcomeSpec(name="bdi", columns={"pre": "BDI_ses-pre", "post": "BDI_ses-post"})
    spec = with_outcomes(three, bdi, OutcomeSpec(name="delta", change_column="delta"))
    table = session_scores(trial.root, spec)
    assert set(table["outcome"]) == {"bdi"}
    assert table["session"].tolist() == ["pre", "post"] * 2
    np.testing.assert_array_equal(table["score"], [20, 11, np.nan, 7])
    assert session_scores(trial.root, with_outcomes(three)).empty


def test_items_of_every_session(trial: Any, three: StudySpec) -> None:
    trial.participants("participant_id", "sub-01", "sub-02")
    trial.table(
        "phenotype/caps5.tsv",
        "participant_id session_id i3 i1 i2",
        "01 pre 3 1 2",
        "01 post 0 n/a 1",
        "02 mid 1 1 1",
    )
    caps5 = OutcomeSpec(name="caps5", table="caps5", items=ITEMS)
    spec = with_outcomes(three, caps5)
    table = item_scores(trial.root, spec, "caps5")
    assert list(table) == list(ITEMS)
    assert table.index.names == ["participant_id", "session"]
    assert table.index.tolist() == [
        (who, session) for who in ("sub-01", "sub-02") for session in ("pre", "mid", "post")
    ]
    nothing = [np.nan] * 3
    np.testing.assert_array_equal(
        table, [[1, 2, 3], nothing, [np.nan, 1, 0], nothing, [1, 1, 1], nothing]
    )
    assert item_scores(trial.root, spec, caps5).equals(table)
    scores = session_scores(trial.root, spec).set_index(["participant_id", "session"])["score"]
    whole = table.dropna().sum(axis=1)
    np.testing.assert_array_equal(scores[whole.index], whole)


def test_wrong_cells_of_a_table_are_told_at_once_and_once(trial: Any, three: StudySpec) -> None:
    trial.participants("participant_id", "sub-01")
    trial.table(
        "phenotype/scales.tsv",
        "participant_id session_id madrs hamd",
        "01 pre 3O 12",
        "01 mid 25 low",
        "01 post 20 9,5",
    )
    madrs = OutcomeSpec(name="madrs", table="scales", column="madrs")
    hamd = OutcomeSpec(name="hamd", table="scales", column="hamd")
    both = OutcomeSpec(name="both", table="scales", items=("madrs", "hamd"))
    spec = with_outcomes(three, madrs, hamd, both)
    expected = (
        "Line 2, column `madrs`: `3O` is not a number; line 3, column `hamd`: `low` is not a "
        "number; line 4, column `hamd`: `9,5` is not a number."
    )
    with pytest.raises(InputDataError) as caught:
        session_scores(trial.root, spec)
    assert caught.value.message == expected
    assert caught.value.exit_code == 65
    with pytest.raises(InputDataError) as caught:
        outcome_scores(trial.root, spec)
    assert "; line 4, column `hamd`" in caught.value.message
    assert "`low`" not in caught.value.message  # of a session that belongs to no change


def test_scores_and_variables_of_one_table_are_told_together(trial: Any, three: StudySpec) -> None:
    trial.participants("participant_id pre age education", "01 low old college", "02 3 30 nursery")
    spec = replace(
        with_outcomes(three, OutcomeSpec(name="bdi", columns={"pre": "pre"}, change="none")),
        covariates=(
            CovariateSpec(name="age"),
            CovariateSpec(name="education", kind="ordered", levels=("school", "college")),
            CovariateSpec(name="unread", column="pre"),
        ),
    )
    with pytest.raises(InputDataError) as caught:
        require_clinical_cells(trial.root, spec)
    assert caught.value.message == "Line 2, column `pre`: `low` is not a number."
    shown = replace(spec, table_one=TableOneSpec(covariates=("age", "education")))
    with pytest.raises(InputDataError) as caught:
        require_clinical_cells(trial.root, shown)
    assert caught.value.message == (
        "Line 2, column `pre`: `low` is not a number; line 2, column `age`: `old` is not a number; "
        "line 3, column `education`: `nursery` is none of the levels school, college."
    )


def test_unicode_labels_columns_and_cells(trial: Any, three: StudySpec) -> None:
    """One letter in two spellings: composed in the study, decomposed in the table."""
    trial.write(
        "participants.tsv",
        unicodedata.normalize("NFD", "participant_id\tGröße\tville\nsub-01\t1.8\tMálaga\n")
        + "sub-02\tn/a\t東京\n",
    )
    spec = with_outcomes(three, OutcomeSpec(name="größe", columns={"pre": "Größe"}))
    np.testing.assert_array_equal(session_scores(trial.root, spec)["score"], [1.8, np.nan])
    city = CovariateSpec(name="city", column="ville", kind="categorical")
    assert variable_table(trial.root, spec, (city,)).values["city"].tolist() == ["Málaga", "東京"]
    trial.write("participants.tsv", "participant_id\tGröße\nsub-01\teins\n".encode())
    with pytest.raises(InputDataError, match="column `Größe`: `eins` is not a number"):
        session_scores(trial.root, spec)


def test_a_table_that_is_no_phenotype_of_bids(trial: Any, three: StudySpec) -> None:
    outcome = OutcomeSpec(name="madrs", table="madrs", column="total")
    spec = with_outcomes(three, outcome)
    trial.participants("participant_id", "sub-01")
    trial.table("phenotype/madrs.tsv", "subject session_id total", "01 pre 3")
    with pytest.raises(InputDataError, match="no column `participant_id`"):
        session_scores(trial.root, spec)
    trial.write("phenotype/madrs.tsv", "participant_id;session_id;total\n01;pre;3\n")
    with pytest.raises(InputDataError, match="no column `participant_id`") as caught:
        session_scores(trial.root, spec)
    assert "semicolons" in str(caught.value)
    trial.table("phenotype/madrs.tsv", "participant_id session_id total", "01 pre 3", "01 pre 4")
    with pytest.raises(InputDataError, match=r"more than one row of sub-01 ses-pre \(lines 2, 3\)"):
        session_scores(trial.root, spec)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published trial is not beside the project")
def test_the_published_trial_of_wide_columns(three: StudySpec) -> None:
    columns = {"pre": "BDI_ses-pre", "post": "BDI_ses-post"}
    spec = with_outcomes(three, OutcomeSpec(name="bdi", columns=columns))
    scores = session_scores(PUBLISHED, spec).groupby("session")["score"]
    assert scores.count().to_dict() == {"post": 26, "pre": 28}
    assert scores.mean()["pre"] == pytest.approx(620 / 28)
    last = CovariateSpec(name="handedness", column="Edinburgh")  # the header's last cell
    assert variable_table(PUBLISHED, spec, (last,)).values["handedness"].notna().any()
