"""Clinical scores: long, summed, wide, and change columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.outcomes import OUTCOME_COLUMNS, outcome_scores, unmatched_rows
from bids_ketamine.errors import InputDataError, InputMissingError, UsageError
from bids_ketamine.study.spec import OutcomeSpec, StudySpec


def scores(trial: Any, study: StudySpec, **outcome: Any) -> pd.DataFrame:
    spec = replace(study, outcomes=(OutcomeSpec(name="madrs", **outcome),))
    table = outcome_scores(trial.root, spec)
    assert tuple(table) == OUTCOME_COLUMNS
    return table.set_index("participant_id")


def test_long_table(trial: Any, study: StudySpec) -> None:
    trial.participants("participant_id", "sub-01", "sub-02", "sub-03")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id total",
        "sub-01 ses-pre 30",
        "sub-01 ses-post 12",
        "02 pre 28",
        "02 post n/a",
        "sub-04 ses-pre 20",
        "sub-04 ses-post 25",
    )
    table = scores(trial, study, table="madrs", column="total")
    assert table.index.tolist() == ["sub-01", "sub-02", "sub-03", "sub-04"]
    np.testing.assert_array_equal(table["first"], [30, 28, np.nan, 20])
    np.testing.assert_array_equal(table["second"], [12, np.nan, np.nan, 25])
    np.testing.assert_array_equal(table["improvement"], [18, np.nan, np.nan, -5])
    assert table["reason"].tolist() == [
        None,
        "`total` of sub-02 ses-post is n/a in phenotype/madrs.tsv",
        "phenotype/madrs.tsv has no row of sub-03 ses-pre; "
        "phenotype/madrs.tsv has no row of sub-03 ses-post",
        None,
    ]
    assert set(table["change"]) == {"change"}
    better = scores(trial, study, table="madrs", column="total", improvement="increase")
    np.testing.assert_array_equal(better["improvement"], [-18, np.nan, np.nan, 5])


def test_items_are_summed_and_one_missing_makes_the_score_missing(
    trial: Any, study: StudySpec
) -> None:
    trial.table(
        "phenotype/caps5.tsv",
        "participant_id session_id item1 item2 item3",
        "01 pre 2 3 1",
        "01 post 1 0 0",
        "02 pre 4 n/a n/a",
        "02 post 1 1 1",
    )
    table = scores(trial, study, table="caps5", items=("item1", "item2", "item3"))
    np.testing.assert_array_equal(table["first"], [6, np.nan])
    np.testing.assert_array_equal(table["second"], [1, 3])
    np.testing.assert_array_equal(table["improvement"], [5, np.nan])
    assert table["reason"]["sub-02"] == (
        "`item2`, `item3` of sub-02 ses-pre are n/a in phenotype/caps5.tsv"
    )


def test_wide_columns(trial: Any, study: StudySpec) -> None:
    trial.participants("participant_id m_pre m_post", "sub-01 30 10", "sub-02 25 n/a")
    table = scores(trial, study, columns={"pre": "m_pre", "post": "m_post"})
    np.testing.assert_array_equal(table["improvement"], [20, np.nan])
    assert table["reason"]["sub-02"] == "`m_post` of sub-02 is n/a in participants.tsv"
    with pytest.raises(UsageError, match="no column for the session `post` of its change"):
        scores(trial, study, columns={"pre": "m_pre"})


def test_change_column_holds_second_minus_first(trial: Any, study: StudySpec) -> None:
    trial.participants("participant_id delta", "sub-01 -12.5", "sub-02 n/a", "sub-03 0")
    table = scores(trial, study, change_column="delta")
    np.testing.assert_array_equal(table["improvement"], [12.5, np.nan, 0.0])
    assert table[["first", "second"]].isna().all(axis=None)
    table = scores(trial, study, change_column="delta", improvement="increase")
    np.testing.assert_array_equal(table["improvement"], [-12.5, np.nan, 0.0])


def test_crossover_columns_decide_the_session(trial: Any, sessions_from_columns: StudySpec) -> None:
    trial.participants("participant_id infusion_1", "sub-01 d", "sub-02 p", "sub-03 n/a")
    trial.table(
        "phenotype/madrs.tsv",
        "participant_id session_id total",
        *(
            f"0{who} {label} {who}{value}"
            for who in (1, 2, 3)
            for label, value in (("b0", 9), ("d2", 1), ("p2", 5))
        ),
    )
    table = scores(trial, sessions_from_columns, table="madrs", column="total")
    np.testing.assert_array_equal(table["second"], [11, 25, np.nan])
    np.testing.assert_array_equal(table["improvement"], [8, 4, np.nan])
    assert table["reason"]["sub-03"] == "`infusion_1` of sub-03 in participants.tsv is n/a"


def test_what_is_missing_is_named(trial: Any, study: StudySpec) -> None:
    with pytest.raises(InputMissingError) as missing:
        scores(trial, study, table="madrs", column="total")
    assert "The table `madrs` is not there (needed for the outcome `madrs`)." in str(missing.value)
    trial.table("phenotype/madrs.tsv", "participant_id session_id sum", "01 pre 3")
    with pytest.raises(InputDataError) as error:
        scores(trial, study, table="madrs", column="total")
    assert "no column `total` (needed for the outcome `madrs`)." in str(error.value)
    assert "Its columns: participant_id, session_id, sum." in str(error.value)
    trial.table("phenotype/madrs.tsv", "participant_id total", "01 3")
    with pytest.raises(InputDataError, match="no column `session_id`"):
        scores(trial, study, table="madrs", column="total")
    trial.table("phenotype/madrs.tsv", "participant_id session_id total", "01 week2 3")
    with pytest.raises(InputDataError, match=r"expected post, pre; the table has week2"):
        scores(trial, study, table="madrs", column="total")
    trial.table("phenotype/madrs.tsv", "participant_id session_id total", "01 pre low")
    with pytest.raises(InputDataError, match="Line 2, column `total`: `low` is not a number"):
        scores(trial, study, table="madrs", column="total")
    with pytest.raises(InputDataError, match="wants one row a participant"):
        scores(trial, study, table="madrs", change_column="total")


def test_labels_in_another_spelling_are_unmatched_and_named(trial: Any, study: StudySpec) -> None:
    trial.participants("participant_id", "sub-01", "sub-02")
    trial.table(
        "phenotype/madrs.tsv", "participant_id session_id total",
        "sub-1 ses-pre 30", "sub-1 ses-post 20", "sub-02 ses-pre 9", "sub-02 ses-Post 9",
    )  # fmt: skip
    table = scores(trial, study, table="madrs", column="total")
    assert table.index.tolist() == ["sub-01", "sub-02", "sub-1"]
    assert table["reason"]["sub-01"].startswith(
        "phenotype/madrs.tsv has no row of sub-01 ses-pre (there is `sub-1`); "
    )
    assert table["reason"]["sub-02"] == (
        "phenotype/madrs.tsv has no row of sub-02 ses-post (there is `ses-Post`)"
    )
    spec = replace(study, outcomes=(OutcomeSpec(name="madrs", table="madrs", column="total"),))
    assert unmatched_rows(trial.root, spec, ["sub-01", "sub-02"]) == (
        "The table phenotype/madrs.tsv has rows of nobody in the study, which are not used: "
        "sub-1 (there is `sub-01`).",
    )
    assert unmatched_rows(trial.root, spec, ["sub-1", "sub-02"]) == ()


def test_scores_that_are_no_numbers_are_all_told(trial: Any, study: StudySpec) -> None:
    cells = ["30", ">30", "23*", "50%", "12,5", ".", "-", "NA", "n/a", '"8"', "-999"]
    trial.table(
        "phenotype/madrs.tsv", "participant_id session_id total",
        *(f"{who:02d} {at} {cell}" for who, cell in enumerate(cells) for at in ("pre", "post")),
    )  # fmt: skip
    with pytest.raises(InputDataError) as error:
        scores(trial, study, table="madrs", column="total")
    assert error.value.message.startswith("Line 4, column `total`: `>30` is not a number; line 5,")
    assert error.value.message.endswith("; and 7 more.")
    assert error.value.cure == "Write the number alone, without signs or units, or n/a."
    good = [cell for cell in cells if cell in ("30", "NA", "n/a", '"8"', "-999")]
    trial.table(
        "phenotype/madrs.tsv", "participant_id session_id total",
        *(f"{who:02d} {at} {cell}" for who, cell in enumerate(good) for at in ("pre", "post")),
    )  # fmt: skip
    # -999 is a number like any other: what it stands for cannot be known.
    first = scores(trial, study, table="madrs", column="total")["first"]
    np.testing.assert_array_equal(first, [30, np.nan, np.nan, 8, -999])


def test_a_longitudinal_score_without_sessions_says_what_to_do(
    trial: Any, study: StudySpec
) -> None:
    trial.table("phenotype/madrs.tsv", "participant_id total", "01 3")
    with pytest.raises(InputDataError) as error:
        scores(trial, study, table="madrs", column="total")
    assert error.value.cure == (
        "Its columns: participant_id, total. Add it, or name a column for each session "
        "(`columns`) or one that holds the change (`change_column`)."
    )


def test_a_title_above_the_header(trial: Any, study: StudySpec) -> None:
    trial.write("phenotype/madrs.tsv", "MADRS\t\t\nparticipant_id\tsession_id\ttotal\n01\tpre\t3\n")
    with pytest.raises(InputDataError, match="The first line must name every column"):
        scores(trial, study, table="madrs", column="total")
