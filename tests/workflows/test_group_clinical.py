"""Clinical course, Table 1 and analysis of variance of trials worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.errors import InputDataError, InputMissingError
from tests.workflows.clinical_trial import AFTER, BEFORE, NAN, STUDY, ClinicalFolder, only, six
from tests.workflows.test_group import STUDY as IMAGING

ANOVA = "repeated_measures: {outcomes: [caps]}\n"


ABSENT = "Variables of participants that are not in the dataset, and enter nothing"


def test_course_by_session_and_arm(tmp_path: Path) -> None:
    course = six(tmp_path).results().tables["group_course"]
    assert course[["session", "arm", "n"]].to_numpy().tolist() == [
        [session, arm, n]
        for session in ("pre", "post")
        for arm, n in (("all", 6), ("placebo", 3), ("drug", 3))
    ]
    drug = only(course, session="post", arm="drug")
    assert (drug["mean"], drug["sd"]) == (31.0, pytest.approx(np.sqrt(21.0)))
    margin = stats.t.ppf(0.975, 2) * np.sqrt(21.0 / 3.0)
    assert drug["ci_low"] == pytest.approx(31.0 - margin)
    assert drug["ci_high"] == pytest.approx(31.0 + margin)


def test_improvement_of_everybody_and_of_each_arm(tmp_path: Path) -> None:
    table = six(tmp_path).results().tables["group_improvement"]
    gains = np.subtract(BEFORE, AFTER)
    assert table[["outcome", "change", "arm", "n"]].to_numpy().tolist() == [
        ["caps", "change", arm, n]
        for arm, n in (("all", 6), ("placebo", 3), ("drug", 3), ("drug - placebo", 3))
    ]
    assert only(table, arm="all")["estimate"] == pytest.approx(gains.mean())
    assert only(table, arm="drug")["sd"] == pytest.approx(gains[1::2].std(ddof=1))
    row = only(table, arm="drug - placebo")
    expected = stats.ttest_ind(gains[1::2], gains[::2], equal_var=False)
    assert row["n_second"] == 3
    assert row["estimate"] == pytest.approx(gains[1::2].mean() - gains[::2].mean())
    assert (row["statistic"], row["df"]) == (
        pytest.approx(expected.statistic), pytest.approx(expected.df)
    )  # fmt: skip
    assert row["p_value"] == pytest.approx(expected.pvalue)


def test_who_has_no_arm_or_is_excluded_is_not_told_with_a_score(tmp_path: Path) -> None:
    listed = tmp_path / "out.tsv"
    listed.write_text(
        "participant_id\treason\tsession_id\n"
        "sub-01\twithdrew\tn/a\n"
        "sub-02\tasleep\tses-post\n"  # images of a session: scores stay
    )
    trial = six(tmp_path, f"{STUDY}exclusions: {{file: {listed}}}\n")
    trial.participants(arm=["placebo", "drug", "placebo", "drug", "n/a", "drug"])
    results = trial.results()
    scores = results.tables["group_scores"].set_index(["participant_id", "session"])
    assert np.isnan(scores.loc[("sub-01", "pre"), "score"])
    assert scores.loc[("sub-01", "pre"), "reason"] == "excluded: withdrew"
    assert scores.loc[("sub-05", "post"), "reason"] == "no arm: `arm` is n/a in participants.tsv"
    assert scores.loc[("sub-02", "post"), "score"] == AFTER[1]
    course = results.tables["group_course"]
    assert only(course, session="pre", arm="all")["n"] == 4
    assert only(course, session="pre", arm="placebo")["mean"] == BEFORE[2]
    improvement = results.tables["group_improvement"]
    assert only(improvement, arm="all")["n"] == 4
    placebo = only(improvement, arm="placebo")
    assert (placebo["estimate"], placebo["reason"]) == (
        BEFORE[2] - AFTER[2], "fewer than 3 participants"
    )  # fmt: skip
    record = results.record["Clinical"]
    assert record["Participants"] == 4
    assert record["Arms"] == {"placebo": 1, "drug": 3}
    assert record["LeftOut"] == {
        "sub-05": "no arm: `arm` is n/a in participants.tsv",
        "sub-01": "excluded: withdrew",
    }
    assert (
        "Participants who are not in clinical statistics: 2; no arm: 1, excluded: 1."
        in record["Notes"]
    )


def test_missing_scores_have_a_reason(tmp_path: Path) -> None:
    trial = ClinicalFolder(tmp_path)
    trial.participants()
    trial.scores({"pre": BEFORE, "post": (38.0, NAN, 35.0, 27.0, 36.0)})
    scores = trial.results().tables["group_scores"]
    missing = scores[scores["score"].isna()].set_index("participant_id")["reason"]
    assert missing.to_dict() == {
        "sub-02": "`total` of sub-02 ses-post is n/a in phenotype/caps.tsv",
        "sub-06": "phenotype/caps.tsv has no row of sub-06 ses-post",
    }


def test_an_outcome_that_holds_the_change_has_no_course(tmp_path: Path) -> None:
    study = STUDY + "  mood: {change_column: mood_change}\ntable_one: {}\n"
    trial = six(tmp_path, study)
    trial.participants(mood_change=[1, 2, 3, 4, 5, 6])
    results = trial.results()
    assert set(results.tables["group_course"]["outcome"]) == {"caps"}
    mood = only(results.tables["group_improvement"], outcome="mood", arm="all")
    assert (mood["n"], abs(mood["estimate"])) == (6, 3.5)
    assert set(results.tables["group_table_one"]["variable"]) == {"caps"}
    notes = results.record["Clinical"]["Notes"]
    assert "The outcome mood has no course: its table holds the change itself." in notes
    assert "Table 1 has no first score of mood: its table holds the change." in notes


TABLE_ONE = """
covariates:
  age: {}
  income: {kind: ordered, levels: [low, middle, high]}
  weight: {optional: true}
table_one:
  covariates: [age, weight]
  variables: {sex: {kind: categorical}, school: {kind: ordered, levels: [none, some, all]}}
"""


def test_table_one_describes_and_compares(tmp_path: Path) -> None:
    trial = six(tmp_path, STUDY + TABLE_ONE)
    age = [30.0, 35.0, 33.0, 41.0, NAN, 44.0]
    trial.participants(
        age=age,
        sex=["f", "m", "f", "m", "m", "f"],
        income=["low"] * 6,
        school=["all", "some", "some", "n/a", "all", "some"],
    )
    results = trial.results()
    rows = results.tables["group_table_one"]
    assert list(dict.fromkeys(rows["variable"])) == ["age", "sex", "school", "caps"]
    placebo = only(rows, variable="age", arm="placebo")
    assert (placebo["n"], placebo["missing"], placebo["mean"]) == (2, 1, 31.5)
    assert list(rows[(rows["variable"] == "school") & (rows["arm"] == "all")]["level"]) == [
        *("none", "some", "all")
    ]
    some = only(rows, variable="school", level="some", arm="drug")
    assert (some["count"], some["n"], some["percent"]) == (2, 2, 100.0)
    first = only(rows, variable="caps", arm="drug")
    assert (first["kind"], first["mean"]) == ("outcome", 43.0)
    values = results.tables["group_table_one_values"]
    assert values["variable"].tolist() == ["age"] * 6
    assert values[["participant_id", "arm"]].iloc[1].tolist() == ["sub-02", "drug"]
    np.testing.assert_array_equal(values["score"], age)
    tests = results.tables["group_table_one_tests"].set_index("variable")
    expected = stats.ttest_ind([35.0, 41.0, 44.0], [30.0, 33.0], equal_var=False)
    assert tests.loc["age", "statistic"] == pytest.approx(expected.statistic)
    assert tests.loc["age", "p_value"] == pytest.approx(expected.pvalue)
    assert tests.loc["sex", "test"] == "chi_square_yates"
    notes = results.record["Clinical"]["Notes"]
    assert f"{ABSENT}: weight." in notes


def test_variables_that_are_not_there_are_one_sentence(tmp_path: Path) -> None:
    study = STUDY + (
        "covariates: {age: {optional: true}, thc: {optional: true}}\n"
        "table_one: {variables: {race: {kind: categorical, optional: true}}}\n"
        "mixed_models: {m: {outcomes: [caps], formula: time + thc}}\n"
    )
    results = six(tmp_path, study).results()
    told = [each for each in results.record["Clinical"]["Notes"] if "not in the dataset" in each]
    assert told == [f"{ABSENT}: age, thc, race."]


def test_a_table_of_a_variable_that_is_not_there_leaves_the_others(tmp_path: Path) -> None:
    trial = six(tmp_path, STUDY + "table_one: {variables: {pain: {table: pain}}}\n")
    results = trial.results()
    assert set(results.tables["group_table_one"]["variable"]) == {"caps"}
    notes = results.record["Clinical"]["Notes"]
    assert f"{ABSENT}: pain." in notes


def test_arm_by_session_is_the_t_test_of_changes(tmp_path: Path) -> None:
    table = six(tmp_path, STUDY + ANOVA).results().tables["group_anova"]
    changes = np.subtract(AFTER, BEFORE)
    expected = stats.ttest_ind(changes[1::2], changes[::2])
    for form, stratum in (("participant", "within"), ("stratified", "participant:session")):
        row = only(table, error_strata=form, term="arm:session")
        assert (row["outcomes"], row["n_participants"]) == ("caps", 6)
        assert (row["stratum"], row["df"], row["df_residual"]) == (stratum, 1, 4)
        assert row["f_value"] == pytest.approx(expected.statistic**2)
        assert row["p_value"] == pytest.approx(expected.pvalue)


def test_two_outcomes_are_a_factor_of_those_with_all_scores(tmp_path: Path) -> None:
    study = STUDY + (
        "  mood: {table: mood, column: total}\n"
        "repeated_measures: {outcomes: [caps, mood], error_strata: [participant]}\n"
    )
    trial = ClinicalFolder(tmp_path, study)
    trial.participants(8)
    first = np.array([*BEFORE, 50.0, 30.0])
    second = np.array([*AFTER, 44.0, 28.0])
    trial.scores({"pre": first, "post": second})
    mood = {"pre": first / 2 + 1, "post": [*(second[:6] / 3), NAN, 9.0]}
    trial.scores(mood, table="mood")
    results = trial.results()
    table = results.tables["group_anova"]
    assert set(table["outcomes"]) == {"caps+mood"}
    assert set(table["n_participants"]) == {7}
    within = table[table["stratum"] == "within"].set_index("term")
    # 7 x 4 scores - 1 - 6 participants' (with the arm) - 6 within terms
    assert within.loc["Residuals", "df"] == 15
    assert within.loc["arm:session:measure", "df_residual"] == 15
    assert (
        "Participants who are not in the analysis of variance for lack of a score: 1 of 8."
        in results.record["Clinical"]["Notes"]
    )


@pytest.mark.parametrize(
    ("arms", "scores", "reason"),
    [
        (["drug", *["placebo"] * 5], AFTER, "an arm has too few participants (drug: 1; 3 needed)"),
        (None, [NAN] * 4 + [1.0, 2.0], "too few participants have all scores (2; 3 needed)"),
        (None, None, "all scores are equal"),
    ],
)
def test_an_impossible_anova_says_why_and_the_rest_goes_on(
    arms: list[str] | None, scores: list[float] | None, reason: str, tmp_path: Path
) -> None:
    trial = ClinicalFolder(tmp_path, STUDY + ANOVA + "table_one: {}\n")
    trial.participants(**({} if arms is None else {"arm": arms}))
    same = [20.0] * 6
    trial.scores({"pre": BEFORE if scores else same, "post": scores or same})
    results = trial.results()
    table = results.tables["group_anova"]
    assert table["reason"].tolist() == [reason] * 2
    assert table["f_value"].isna().all()
    assert f"There is no analysis of variance: {reason}." in results.record["Clinical"]["Notes"]
    assert only(results.tables["group_course"], session="pre", arm="all")["n"] == 6
    tests = results.tables["group_table_one_tests"]
    expected = "all values equal in each group" if scores is None else ""
    if arms is None:
        assert tests["reason"].tolist() == [expected]
    else:
        assert tests["p_value"].isna().all()


def test_an_arm_without_anybody_is_left_out_and_said(tmp_path: Path) -> None:
    study = STUDY.replace("[placebo, drug]", "[placebo, drug, none]") + ANOVA + "table_one: {}\n"
    results = six(tmp_path, study).results()
    row = only(results.tables["group_anova"], error_strata="stratified", term="arm:session")
    assert (row["df"], row["df_residual"]) == (1, 4)
    assert only(results.tables["group_course"], session="pre", arm="none")["n"] == 0
    notes = results.record["Clinical"]["Notes"]
    assert "The arm none is not in the analysis of variance: nobody in it has all scores." in notes
    assert "Table 1 has nobody in the arm none." in notes
    assert results.tables["group_table_one_tests"]["reason"].tolist() != [""]


def test_a_study_without_arms_has_one_group(tmp_path: Path) -> None:
    study = STUDY.replace("arms: {column: arm, levels: [placebo, drug]}\n", "") + ANOVA
    results = six(tmp_path, study).results()
    assert set(results.tables["group_course"]["arm"]) == {"all"}
    row = only(results.tables["group_anova"], error_strata="stratified", term="session")
    expected = stats.ttest_rel(AFTER, BEFORE)
    assert row["f_value"] == pytest.approx(expected.statistic**2)


def test_damaged_tables_are_errors(tmp_path: Path) -> None:
    trial = ClinicalFolder(tmp_path, STUDY + "table_one: {variables: {age: {}}}\n")
    trial.participants(age=[1, 2, 3, "old", 5, 6])
    trial.scores({"pre": BEFORE, "post": AFTER})
    with pytest.raises(InputDataError, match="old"):
        trial.results()
    trial.scores({"pre": BEFORE, "post": [*AFTER[:5], "bad"]})
    with pytest.raises(InputDataError, match="bad"):
        trial.results()
    (trial.bids / "phenotype" / "caps.tsv").unlink()
    with pytest.raises(InputMissingError, match="caps"):
        trial.results()


def test_nothing_to_say_gives_nothing(tmp_path: Path) -> None:
    trial = ClinicalFolder(tmp_path, IMAGING)
    trial.participants()
    results = trial.results({"pre": BEFORE, "post": AFTER})
    assert (dict(results.tables), dict(results.record)) == ({}, {})


def test_a_study_of_table_one_alone(tmp_path: Path) -> None:
    study = STUDY[: STUDY.index("outcomes:")] + "table_one: {variables: {age: {}}}\n"
    trial = ClinicalFolder(tmp_path, study)
    trial.participants(age=[30.0, 35.0, 33.0, 41.0, 36.0, 44.0])
    tables = trial.results().tables
    assert only(tables["group_table_one"], arm="drug")["mean"] == 40.0
    assert tables["group_scores"].empty
    assert tables["group_course"].empty
    assert tables["group_improvement"].empty
