"""Treatment arms and covariates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bids_ketamine.dataset.exclusions import listed_exclusions
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.labels import SessionRules
from bids_ketamine.dataset.participants import covariate_table, participant_arms, variable_table
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.study.spec import ArmsSpec, CovariateSpec, StudySpec, TableOneSpec


def with_covariates(study: StudySpec, *covariates: CovariateSpec) -> StudySpec:
    return replace(study, covariates=covariates)


def test_arms_and_why_somebody_has_none(trial: Any, study: StudySpec) -> None:
    trial.participants(
        "participant_id arm", "sub-02 ketamine", "01 midazolam", "sub-03 n/a", "sub-04 other"
    )
    spec = replace(study, arms=ArmsSpec(levels=("midazolam", "ketamine")))
    arms = participant_arms(trial.root, spec)
    assert arms["arm"].to_dict() == {
        "sub-02": "ketamine",
        "sub-01": "midazolam",
        "sub-03": None,
        "sub-04": None,
    }
    assert arms["reason"].tolist() == [
        None,
        None,
        "`arm` is n/a in participants.tsv",
        "`arm` is `other` in participants.tsv, no arm of the study",
    ]
    assert participant_arms(trial.root, study)["arm"].tolist() == [None] * 4


def test_an_arm_in_another_spelling_is_named(trial: Any, study: StudySpec) -> None:
    trial.write(
        "participants.tsv", "participant_id\tarm\n01\tketamine \n02\tKetamine\n03\tplacebo\n"
    )
    spec = replace(study, arms=ArmsSpec(levels=("midazolam", "ketamine")))
    arms = participant_arms(trial.root, spec)
    assert arms["arm"].tolist() == ["ketamine", None, None]
    assert arms["reason"].tolist()[1:] == [
        "`arm` is `Ketamine` in participants.tsv, no arm of the study (there is `ketamine`)",
        "`arm` is `placebo` in participants.tsv, no arm of the study",
    ]
    trial.participants("participant_id arm", "01 KETAMINE", "02 Midazolam")
    with pytest.raises(InputDataError, match=r"Midazolam \(there is `midazolam`\)\."):
        participant_arms(trial.root, spec)


def test_session_rules_name_the_near_participant(
    trial: Any, sessions_from_columns: StudySpec
) -> None:
    trial.participants("participant_id infusion_1", "sub-1 d", "sub-02 D")
    rules = SessionRules(trial.root, sessions_from_columns.sessions)
    _, post = sessions_from_columns.sessions
    assert rules.label(post, "01").reason == (
        "sub-01 has no row in participants.tsv (there is `sub-1`)"
    )
    assert rules.label(post, "02").reason == (
        "`infusion_1` of sub-02 in participants.tsv is `D`; the study knows `d`, `p` (there is `d`)"
    )
    trial.participants("participant_id session_id infusion_1", "sub-01 b0 d", "sub-01 d2 d")
    with pytest.raises(InputDataError, match="one value a participant"):
        SessionRules(trial.root, sessions_from_columns.sessions)


def test_exclusions_name_the_near_participant(trial: Any, study: StudySpec) -> None:
    path = trial.table("exclusions.tsv", "participant_id reason", "sub-1 asleep")
    with pytest.raises(InputDataError, match=r"not in the dataset \(there is `sub-01`\)\."):
        listed_exclusions(path, bids_dir=trial.root, spec=study, participants=["sub-01", "sub-11"])


def test_arms_that_cannot_be_read(trial: Any, study: StudySpec) -> None:
    spec = replace(study, arms=ArmsSpec(column="drug", levels=("midazolam", "ketamine")))
    with pytest.raises(
        InputMissingError, match=r"`participants` is not there \(needed for the treatment arm"
    ):
        participant_arms(trial.root, spec)
    trial.participants("participant_id arm", "sub-01 a")
    with pytest.raises(InputDataError, match="no column `drug`, which holds the treatment arm"):
        participant_arms(trial.root, spec)
    trial.participants("participant_id drug", "sub-01 K", "sub-02 M")
    with pytest.raises(
        InputDataError, match=r"arm of the study \(midazolam, ketamine\); values: K"
    ):
        participant_arms(trial.root, spec)


def test_covariates_by_kind(trial: Any, study: StudySpec) -> None:
    trial.participants(
        "participant_id age gender school", "sub-01 30 f high", "sub-02 n/a m n/a", "03 41 n/a low"
    )
    trial.table(
        "phenotype/scales.tsv",
        "participant_id session_id cadss",
        "01 pre 4",
        "01 post 9",
        "04 pre 1",
    )
    spec = with_covariates(
        study,
        CovariateSpec(name="age"),
        CovariateSpec(name="sex", column="gender", kind="categorical"),
        CovariateSpec(name="school", kind="ordered", levels=("low", "high")),
        CovariateSpec(name="cadss", table="scales"),
        CovariateSpec(name="income", optional=True),
        CovariateSpec(name="ymrs", table="ymrs", optional=True),
    )
    table = covariate_table(trial.root, spec)
    assert table.values.index.tolist() == ["sub-01", "sub-02", "sub-03", "sub-04"]
    assert list(table.values) == ["age", "sex", "school", "cadss"]
    np.testing.assert_array_equal(table.values["age"], [30, np.nan, 41, np.nan])
    np.testing.assert_array_equal(table.values["school"], [1, np.nan, 0, np.nan])
    # Of a table with sessions, the row of the study's first session counts.
    np.testing.assert_array_equal(table.values["cadss"], [4, np.nan, np.nan, 1])
    assert table.values["sex"].tolist()[:2] == ["f", "m"]
    assert table.skipped == (
        Missing("covariate income", "participants.tsv has no column `income`"),
        Missing(
            "covariate ymrs", "The table `ymrs` is not there (needed for the covariate `ymrs`)."
        ),
    )


def test_covariates_that_are_not_optional(trial: Any, study: StudySpec) -> None:
    trial.participants("participant_id school age", "sub-01 middle old")
    with pytest.raises(InputDataError, match="no column `iq` "):
        covariate_table(trial.root, with_covariates(study, CovariateSpec(name="iq")))
    ordered = CovariateSpec(name="school", kind="ordered", levels=("low", "high"))
    with pytest.raises(InputDataError, match="Line 2, column `school`: `middle` is none of the le"):
        covariate_table(trial.root, with_covariates(study, ordered))
    trial.participants("participant_id age", *(f"{row} {row}y" for row in range(1, 9)))
    with pytest.raises(InputDataError, match=r"line 6, column `age`: `5y` is not .*; and 3 more"):
        covariate_table(trial.root, with_covariates(study, CovariateSpec(name="age")))
    trial.participants("participant_id school age", "sub-01 middle old")
    with pytest.raises(InputDataError, match="Line 2, column `age`: `old` is not a number"):
        covariate_table(trial.root, with_covariates(study, CovariateSpec(name="age")))
    with pytest.raises(InputMissingError, match="needed for the covariate `ymrs`"):
        covariate_table(
            trial.root, with_covariates(study, CovariateSpec(name="ymrs", table="ymrs"))
        )


def test_a_variable_of_table_one_is_called_so(trial: Any, study: StudySpec) -> None:
    trial.participants("participant_id age", "sub-01 30")
    further = CovariateSpec(name="raze")
    spec = replace(
        with_covariates(study, CovariateSpec(name="age")),
        table_one=TableOneSpec(variables=(further,)),
    )
    with pytest.raises(InputDataError, match="needed for the variable `raze` of table_one"):
        variable_table(trial.root, spec, spec.participant_variables)
    absent = replace(spec, table_one=TableOneSpec(variables=(replace(further, table="race"),)))
    with pytest.raises(InputMissingError, match="needed for the variable `raze` of table_one"):
        variable_table(trial.root, absent, absent.participant_variables)
