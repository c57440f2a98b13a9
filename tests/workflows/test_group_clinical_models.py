"""Mixed models of trials whose effects are known without a mixed model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.workflows.clinical_trial import (
    AFTER,
    ARMS,
    BEFORE,
    MEASURE,
    NAN,
    STUDY,
    ClinicalFolder,
    only,
    six,
)

CHANGES = np.subtract(AFTER, BEFORE)


def model(**settings: Any) -> str:
    """Return the study with one mixed model of the scores."""
    said = {"outcomes": "[caps]", "formula": "time * arm"} | settings
    return STUDY + f"mixed_models: {{m: {{{', '.join(f'{a}: {b}' for a, b in said.items())}}}}}\n"


def rows_of(trial: ClinicalFolder, name: str, **imaging: Any) -> pd.DataFrame:
    return trial.results(**imaging).tables[f"group_mixed_{name}"]


def test_time_by_arm_is_the_difference_of_changes(tmp_path: Path) -> None:
    effects = rows_of(six(tmp_path, model()), "effects")
    expected = stats.ttest_ind(CHANGES[1::2], CHANGES[::2])
    row = only(effects, term="time:arm[drug]", df_rule="satterthwaite")
    assert (row["model"], row["value"], row["method"]) == ("m", "caps", "reml")
    assert row["estimate"] == pytest.approx(CHANGES[1::2].mean() - CHANGES[::2].mean())
    assert row["t"] == pytest.approx(expected.statistic, rel=1e-5)
    assert row["df"] == pytest.approx(4, rel=1e-4)
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-4)
    ends = expected.confidence_interval(0.95)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((ends.low, ends.high), rel=1e-4)
    residual = only(effects, term="time:arm[drug]", df_rule="residual")
    assert residual["df"] == 12 - 4


def test_tables_of_a_model_agree(tmp_path: Path) -> None:
    tables = six(tmp_path, model(methods="[reml, ml]")).results().tables
    fits = tables["group_mixed_fits"]
    assert fits["method"].tolist() == ["reml", "ml"]
    assert fits[["n_observations", "n_participants"]].to_numpy().tolist() == [[12, 6]] * 2
    assert fits["formula"].tolist() == ["time * arm"] * 2
    test = only(
        tables["group_mixed_tests"], method="reml", df_rule="satterthwaite", term="time:arm"
    )
    expected = stats.ttest_ind(CHANGES[1::2], CHANGES[::2])
    assert test["f_value"] == pytest.approx(expected.statistic**2, rel=1e-4)
    mean = only(tables["group_mixed_means"], session="post", arm="drug")
    assert (mean["n"], mean["mean"], mean["sd"]) == (3, 31.0, pytest.approx(np.sqrt(21.0)))
    data = tables["group_mixed_data"]
    assert data["included"].all()
    assert data["score"].tolist() == [
        each for pair in zip(BEFORE, AFTER, strict=True) for each in pair
    ]


def test_who_does_not_enter_is_accounted_for(tmp_path: Path) -> None:
    listed = tmp_path / "out.tsv"
    listed.write_text("participant_id\treason\nsub-07\twithdrew\n")
    trial = ClinicalFolder(tmp_path, model() + f"exclusions: {{file: {listed}}}\n")
    trial.participants(8, arm=[*ARMS, "drug", "other"])
    trial.scores({"pre": [*BEFORE, 50.0, 60.0], "post": [*AFTER[:5], NAN, 20.0, 10.0]})
    results = trial.results()
    data = results.tables["group_mixed_data"].set_index(["participant_id", "session"])
    out = data[~data["included"].astype(bool)]["reason"].to_dict()
    no_arm = "no arm: `arm` is `other` in participants.tsv, no arm of the study"
    assert out == {
        ("sub-06", "post"): "`total` of sub-06 ses-post is n/a in phenotype/caps.tsv",
        ("sub-07", "pre"): "excluded: withdrew",
        ("sub-07", "post"): "excluded: withdrew",
        ("sub-08", "pre"): no_arm,
        ("sub-08", "post"): no_arm,
    }
    fits = results.tables["group_mixed_fits"]
    assert fits[["n_observations", "n_participants"]].to_numpy().tolist() == [[11, 6]]
    assert (
        "Mixed model m of caps: sessions that do not enter, of participants who enter with "
        "others: 1." in results.record["Clinical"]["Notes"]
    )


def test_complete_takes_both_sessions_or_none(tmp_path: Path) -> None:
    trial = ClinicalFolder(tmp_path, model(complete="true", formula="time"))
    trial.participants()
    trial.scores({"pre": BEFORE, "post": [NAN, *AFTER[1:]]})
    results = trial.results()
    data = results.tables["group_mixed_data"].set_index(["participant_id", "session"])
    missing = "`total` of sub-01 ses-post is n/a in phenotype/caps.tsv"
    assert data.loc[("sub-01", "post"), "reason"] == missing
    assert data.loc[("sub-01", "pre"), "reason"] == f"not in all sessions (post: {missing})"
    row = only(results.tables["group_mixed_effects"], term="time", df_rule="satterthwaite")
    expected = stats.ttest_1samp(CHANGES[1:], 0)
    assert (row["estimate"], row["t"]) == pytest.approx((CHANGES[1:].mean(), expected.statistic))
    assert only(results.tables["group_mixed_means"], session="pre", arm="all")["n"] == 5
    notes = results.record["Clinical"]["Notes"]
    assert any("participants who do not enter: 1 of 6" in each for each in notes)


def test_only_the_arms_of_a_model_enter(tmp_path: Path) -> None:
    results = six(tmp_path, model(arms="[drug]", formula="time")).results()
    row = only(results.tables["group_mixed_effects"], term="time", df_rule="satterthwaite")
    assert row["estimate"] == pytest.approx(CHANGES[1::2].mean())
    reasons = results.tables["group_mixed_data"].groupby("arm")["reason"].unique()
    assert reasons["placebo"].tolist() == ["the arm is not in the model"]


def test_covariates_and_baseline_are_centred_over_participants(tmp_path: Path) -> None:
    study = model(formula="time + age + sex + baseline") + (
        "covariates: {age: {}, sex: {kind: categorical}}\n"
    )
    study = study.replace("pre: {label: pre}, ", "pre: {label: pre}, mid: {label: mid}, ")
    trial = ClinicalFolder(tmp_path, study)
    rng = np.random.default_rng(3)
    n = 12
    age, sex = rng.integers(20, 60, n).astype(float), ["m", "f"] * 6
    first = rng.normal(40, 6, n).round(1)
    second = (first - rng.normal(8, 3, n) + age / 10).round(1)
    third = (second - rng.normal(3, 3, n)).round(1)
    age[2] = NAN
    trial.participants(n, age=age, sex=sex)
    trial.scores({"pre": first, "mid": second, "post": third})
    results = trial.results()
    effects = results.tables["group_mixed_effects"]
    # The baseline is no response; everybody has both other sessions: between-participant effects
    # are a regression of their means.
    kept = np.flatnonzero(np.isfinite(age))
    columns = np.column_stack(
        [
            np.ones(len(kept)),
            age[kept] - age[kept].mean(),
            [sex[each] == "m" for each in kept],
            first[kept] - first[kept].mean(),
        ]
    )
    means = (second[kept] + third[kept]) / 2
    expected = np.linalg.lstsq(columns, means, rcond=None)[0]
    for term, value in zip(("1", "age", "sex[m]", "baseline"), expected, strict=True):
        row = only(effects, term=term, df_rule="satterthwaite")
        assert row["estimate"] == pytest.approx(value, rel=1e-6), term
    # Time is of the two sessions that are left.
    time = only(effects, term="time", df_rule="satterthwaite")
    assert time["estimate"] == pytest.approx((third - second)[kept].mean())
    assert time["df"] == pytest.approx(10, rel=1e-4)
    data = results.tables["group_mixed_data"].set_index(["participant_id", "session"])
    row = data.loc[("sub-01", "pre")]
    assert (row["included"], row["score"]) == (False, first[0])
    assert row["reason"] == "the score of this session is the variable `baseline`"
    assert data.loc[("sub-03", "mid"), "reason"] == "the covariate age is not known"
    assert results.tables["group_mixed_fits"]["n_observations"].unique().tolist() == [22]
    assert set(results.tables["group_mixed_means"]["session"]) == {"mid", "post"}
    told = "the session of the variable `baseline` is no row of the model."
    assert f"Mixed model m of caps: {told}" in results.record["Clinical"]["Notes"]


def test_complete_does_not_miss_the_baseline(tmp_path: Path) -> None:
    study = model(formula="time + baseline", complete="true")
    study = study.replace("pre: {label: pre}, ", "pre: {label: pre}, mid: {label: mid}, ")
    trial = ClinicalFolder(tmp_path, study)
    trial.participants()
    trial.scores({"pre": BEFORE, "mid": (39.0, 35.0, 36.0, 30.0, NAN, 40.0), "post": AFTER})
    fits = rows_of(trial, "fits")
    assert fits[["n_observations", "n_participants"]].to_numpy().tolist() == [[10, 5]]


def test_responders_are_minus_a_half(tmp_path: Path) -> None:
    study = model(formula="time + time:response", response="{outcome: caps, fall: 0.25}")
    results = six(tmp_path, study).results()
    # Falls: 2/40, 14/44, 1/36, 11/38, 5/41, 11/47: two of them at or above a quarter.
    responders = np.array([False, True, False, True, False, False])
    effects = results.tables["group_mixed_effects"]
    time = only(effects, term="time", df_rule="residual")
    both = [CHANGES[responders].mean(), CHANGES[~responders].mean()]
    assert time["estimate"] == pytest.approx(np.mean(both), rel=0.05)
    assert only(effects, term="time:response", df_rule="residual")["estimate"] > 0
    told = "responders (a fall of caps by 25 % or more): 2 of 6."
    assert f"Mixed model m of caps: {told}" in results.record["Clinical"]["Notes"]


def test_responders_are_counted_among_those_who_enter(tmp_path: Path) -> None:
    study = model(formula="time + response + age", response="{outcome: caps, fall: 0.25}") + (
        "covariates: {age: {}}\n"
    )
    trial = ClinicalFolder(tmp_path, study)
    trial.participants(age=[20.0, 30.0, 50.0, NAN, 60.0, 41.0])
    trial.scores({"pre": BEFORE, "post": AFTER})
    notes = trial.results().record["Clinical"]["Notes"]
    # Of the two responders one has no age.
    assert "Mixed model m of caps: responders (a fall of caps by 25 % or more): 1 of 5." in notes


@pytest.mark.parametrize(
    ("fall", "reason"),
    [
        (0.01, "all who enter are responders (6 participants)"),
        (0.9, "nobody who enters is a responder (6 participants)"),
    ],
)
def test_responders_alone_are_no_model(tmp_path: Path, fall: float, reason: str) -> None:
    study = model(formula="time * response", response=f"{{outcome: caps, fall: {fall}}}")
    assert rows_of(six(tmp_path, study), "fits")["reason"].tolist() == [reason]


def test_a_fall_of_exactly_the_share_is_a_response(tmp_path: Path) -> None:
    study = model(formula="time + response", response="{outcome: caps, fall: 0.3}")
    trial = ClinicalFolder(tmp_path, study)
    trial.participants()
    trial.scores({"pre": [10.0, 20.0, 30.0, 0.0, 30.0, 20.0], "post": [7.0, 15.0, 22, 1, 21, 17]})
    results = trial.results()
    notes = results.record["Clinical"]["Notes"]
    assert any(each.endswith("30 % or more): 2 of 5.") for each in notes)
    reasons = results.tables["group_mixed_data"].set_index("participant_id")["reason"]
    assert set(reasons["sub-04"]) == {"no relative fall of caps from 0"}


IMAGING = (
    STUDY
    + """
regions:
  atlas: tiny
  definitions:
    amygdala: {spheres: [[-24, -4, -20]], radius: 8}
    insula: {spheres: [[38, 18, 2]], radius: 8}
rest: {task: rest}
mixed_models: {fc: {measures: ["resting_connectivity *"], formula: time * arm}}
"""
)
FIRST = (0.10, 0.20, 0.15, 0.30, 0.12, 0.22)
SECOND = (0.20, 0.15, 0.18, 0.21, NAN, 0.20)


def test_measures_enter_adjusted_and_missing_ones_say_why(tmp_path: Path) -> None:
    trial = six(tmp_path, IMAGING)
    tables = trial.results({"pre": FIRST, "post": SECOND}).tables
    data = tables["group_mixed_data"].set_index(["participant_id", "session"])
    assert set(data["value"]) == {MEASURE}
    assert data.loc[("sub-05", "post"), "reason"] == "no voxels"
    assert data.loc[("sub-04", "post"), "score"] == pytest.approx(0.21)
    means = tables["group_mixed_means"]
    assert only(means, session="pre", arm="drug")["mean"] == pytest.approx(0.24)
    assert tables["group_mixed_fits"]["n_observations"].tolist() == [11]
    effects = tables["group_mixed_effects"]
    drug = only(effects, term="time:arm[drug]", df_rule="residual")["estimate"]
    # The participant without a second value tells something of the placebo arm's change too.
    placebo = only(effects, term="time", df_rule="residual")["estimate"]
    assert placebo + drug == pytest.approx(np.mean(np.subtract(SECOND, FIRST)[1::2]))


def test_a_measure_that_is_not_there_has_a_reason(tmp_path: Path) -> None:
    results = six(tmp_path, IMAGING).results()
    fits = results.tables["group_mixed_fits"]
    assert fits["reason"].tolist() == ["no measure of this name in the results"]
    assert fits["value"].tolist() == ["resting_connectivity *"]
    assert results.tables["group_mixed_data"].empty
    assert (
        "The mixed model fc of resting_connectivity * has no result: no measure of this name in "
        "the results." in results.record["Clinical"]["Notes"]
    )


@pytest.mark.parametrize(
    ("arms", "after", "reason"),
    [
        (["drug", *["placebo"] * 5], AFTER, "an arm has too few participants (drug: 1; 3 needed)"),
        (["drug"] * 6, AFTER, "`arm` is `drug` in all rows, so that nothing can be compared"),
        (None, [NAN] * 6, "nobody has more than one value"),
        (["drug", "drug", *["n/a"] * 4], AFTER, "too few participants enter (2; 3 needed)"),
        (None, None, "all values are equal"),
    ],
)
def test_an_impossible_model_says_why_and_others_go_on(
    arms: list[str] | None, after: list[float] | None, reason: str, tmp_path: Path
) -> None:
    study = model() + "table_one: {}\n"
    trial = ClinicalFolder(tmp_path, study)
    trial.participants(**({} if arms is None else {"arm": arms}))
    same = [20.0] * 6
    trial.scores({"pre": same if after is None else BEFORE, "post": after or same})
    results = trial.results()
    for name in ("effects", "tests", "fits"):
        table = results.tables[f"group_mixed_{name}"]
        assert all(reason in each for each in table["reason"]), table["reason"].tolist()
        assert table["model"].tolist() == ["m"] * len(table)
    assert len(results.tables["group_mixed_effects"]) == 2
    notes = results.record["Clinical"]["Notes"]
    assert any(f"The mixed model m of caps has no result: {reason}" in each for each in notes)
    assert not results.tables["group_course"].empty
    assert len(results.tables["group_mixed_means"]) == 6


def test_a_level_of_one_participant_is_told(tmp_path: Path) -> None:
    study = model(formula="time + sex") + "covariates: {sex: {kind: categorical}}\n"
    trial = six(tmp_path, study)
    trial.participants(sex=["f", "f", "f", "f", "x", "f"])
    results = trial.results()
    notes = results.record["Clinical"]["Notes"]
    assert any("the level x of `sex` is a single participant" in each for each in notes)
    effects = results.tables["group_mixed_effects"]
    assert np.isfinite(only(effects, term="sex[x]", df_rule="residual")["estimate"])


def test_bootstrap_follows_its_seed(tmp_path: Path) -> None:
    study = model(intervals="bootstrap", bootstrap_draws="40", degrees_of_freedom="[residual]")
    trial = six(tmp_path, study)
    one, two = (rows_of(trial, "effects") for _ in range(2))
    assert one["interval"].tolist() == ["bootstrap"] * 4
    assert one["ci_low"].tolist() == two["ci_low"].tolist()
    assert (one["ci_low"] < one["estimate"]).all()


def test_a_response_that_everybody_has_warns_of_nothing(tmp_path: Path) -> None:
    """A text in the place of missing numbers is no cell of numbers: pandas 4 refuses it."""
    study = model(formula="time + time:response", response="{outcome: caps, fall: 0.25}")
    trial = six(tmp_path, study)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = trial.results().tables
    assert tables["group_mixed_data"]["included"].all()
