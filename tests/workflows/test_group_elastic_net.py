"""The elastic net at the group level, on measures and covariates that are made up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.prediction.columns import NO_CONCURRENT, NO_IMAGING, NO_OUTCOME, Dropped
from bids_ketamine.core.prediction.predictors import imaging_values
from bids_ketamine.core.prediction.results import ModelResult, Progress
from bids_ketamine.core.prediction.trial import analyse_models, models_of
from bids_ketamine.core.prediction.trial_data import (
    MODELS,
    TIMINGS,
    Covariate,
    ImagingBlock,
    PredictionSettings,
    TrialPredictors,
)
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.errors import InputDataError, ProcessingError
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.workflows import group_elastic_net
from bids_ketamine.workflows.group import run_group_level
from bids_ketamine.workflows.group_elastic_net_covariates import _absent_notes
from bids_ketamine.workflows.group_elastic_net_exclusions import reasons_without_imaging
from bids_ketamine.workflows.group_elastic_net_record import _of_models
from bids_ketamine.workflows.group_elastic_net_results import NetTrial as Results
from bids_ketamine.workflows.group_elastic_net_results import (
    asked_models,
    participant_reason,
    without_results,
)
from tests.workflows.elastic_net_trial import (
    COVARIATES,
    IN_ARMS,
    NAMES,
    NET,
    OUTCOMES,
    PEOPLE,
    QUICK,
    WHOLE,
    NetTrial,
)
from tests.workflows.test_group import ARMS, STUDY

SETTINGS = PredictionSettings(
    l1_ratios=(1.0,),
    n_penalties=8,
    selection="minimum_mse",
    threshold=0.0,
    imputation="chained_equations",
    preparation="training_folds",
    residualize_motion=True,
    maximum_missing=0.5,
    folds=4,
    repeats=2,
    permutations=5,
    stop_at=2,
    bootstraps=3,
    level=0.95,
    seed=group_elastic_net.SEED,
    n_jobs=1,
    minimum_participants=3,
)


def chosen(table: pd.DataFrame, **labels: str) -> pd.DataFrame:
    for name, label in labels.items():
        table = table[table[name] == label]
    return table


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> NetTrial:
    """Sixteen participants in two arms, nobody missing, all that is computed."""
    trial = NetTrial(tmp_path_factory.mktemp("whole"))
    trial.tables()
    trial.everybody()
    trial.run()
    return trial


@pytest.fixture(scope="module")
def direct(whole: NetTrial) -> list[ModelResult]:
    """Models of the same trial, from arrays."""
    return list(analyse_models(by_hand(whole), settings=SETTINGS))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TrialPredictors, PredictionSettings]]:
    """Stand in for the analysis; keep what it was given."""
    kept: list[tuple[TrialPredictors, PredictionSettings]] = []

    def fake(
        data: TrialPredictors, *, settings: PredictionSettings, progress: Callable[..., None]
    ) -> Iterator[ModelResult]:
        kept.append((data, settings))
        for timing in TIMINGS:
            for model in models_of(data):
                progress(Progress(timing, model, "imaging", 1, 0))
                yield nothing(data, timing, model)

    monkeypatch.setattr(group_elastic_net, "analyse_models", fake)
    return kept


def nothing(data: TrialPredictors, timing: str, model: str) -> ModelResult:
    """Return a model that excludes who lacks improvement and has no result."""
    why: dict[str, str] = {}
    for name, outcome in zip(data.participants, data.outcome, strict=True):
        if np.isnan(outcome):
            why[name] = NO_OUTCOME
    lacking = ~np.isfinite(imaging_values(data, timing)).any(axis=1)
    why |= dict.fromkeys(np.array(data.participants)[lacking].tolist(), NO_IMAGING[timing])
    if model == "by_arm_and_concurrent" and data.concurrent is not None:
        for name, outcome in zip(data.participants, data.concurrent, strict=True):
            if np.isnan(outcome):
                why.setdefault(name, NO_CONCURRENT)
    excluded = tuple(Dropped(*each) for each in why.items())
    return ModelResult(timing, model, "made up", (), (), np.empty(0), excluded, (), (), None)


def by_hand(trial: NetTrial) -> TrialPredictors:
    """Return what the app should read from the files."""
    n = len(trial.people)
    covariates = (
        Covariate("baseline caps5", "numeric", 60.0 - np.arange(n), TIMINGS),
        Covariate("age", "numeric", trial.age, TIMINGS),
        Covariate("gender", "categorical", tuple(trial.gender), TIMINGS),
        Covariate("income", "ordered", np.arange(n) % 3.0, ("baseline",)),
    )
    return TrialPredictors(
        participants=tuple(trial.people),
        arms=tuple(IN_ARMS[name] for name in trial.people),
        levels=("midazolam", "ketamine"),
        outcome=trial.improvement,
        concurrent=trial.madrs,
        imaging=ImagingBlock(
            NAMES,
            trial.values[:, 0, :3],
            trial.values[:, 1, :3],
            trial.fd[:, 0, :3],
            trial.fd[:, 1, :3],
        ),
        covariates=covariates,
    )


def test_figures_are_those_of_a_direct_call(whole: NetTrial, direct: list[ModelResult]) -> None:
    table = whole.net()
    assert list(zip(table["timing"], table["model"], strict=True)) == [
        (timing, model) for timing in ("change", "baseline") for model in MODELS
    ]
    assert set(table["outcome"]) == {"caps5"}
    assert table["reason"].isna().all()
    assert set(table["scheme"]) == {"leave_one_out"}
    assert table["n"].tolist() == [16] * 6
    assert table["n_predictors"].tolist() == [6, 10, 11, 7, 11, 12]
    for row, result in zip(table.itertuples(), direct, strict=True):
        fit = result.fit
        assert fit is not None
        k_fold = [each.r2 for each in fit.k_fold]
        expected = {
            "n_selected": fit.grid.n_selected,
            "l1_ratio": fit.grid.l1_ratio,
            "penalty": fit.grid.penalty,
            "r2_in_sample": fit.grid.r2,
            "r2_leave_one_out": fit.grid.r2_left_out,
            "r2_nested": fit.nested_accuracy.r2,
            "mae_nested": fit.nested_accuracy.mae,
            "r2_covariates_alone": fit.covariates_alone.r2 if fit.covariates_alone else np.nan,
            "r2_k_fold": np.mean(k_fold),
            "r2_k_fold_low": min(k_fold),
            "r2_k_fold_high": max(k_fold),
            "p_imaging": fit.imaging_test.p_value,
            "n_permutations_imaging": len(fit.imaging_test.null),
            "p_outcome": fit.outcome_test.p_value,
            "n_permutations_outcome": len(fit.outcome_test.null),
            "null_median": np.median(fit.imaging_test.null),
            "null_high": np.percentile(fit.imaging_test.null, 95),
        }
        told = [getattr(row, name) for name in expected]
        np.testing.assert_allclose(told, list(expected.values()), rtol=1e-8, atol=1e-9)
        assert row.leakage == "passed"
        assert bool(row.finding) is fit.finding
    first = direct[0].fit
    assert first is not None
    predictions = chosen(whole.net("predictions"), timing="change", model="measures")
    assert predictions["participant_id"].tolist() == PEOPLE
    assert predictions["arm"].tolist() == list(IN_ARMS.values())
    np.testing.assert_allclose(predictions["observed"], whole.improvement)
    np.testing.assert_allclose(predictions["nested"], first.nested.prediction, rtol=1e-8)
    np.testing.assert_allclose(predictions["fitted"], first.grid.fitted, rtol=1e-8)
    np.testing.assert_allclose(predictions["left_out"], first.grid.left_out_prediction, rtol=1e-8)
    np.testing.assert_allclose(
        predictions["k_fold"], first.k_fold_prediction.mean(axis=0), rtol=1e-8
    )
    null = chosen(whole.net("null"), timing="change", model="measures", permuted="outcome")
    np.testing.assert_allclose(null["r2"], first.outcome_test.null, rtol=1e-8)
    assert null["permutation"].tolist() == list(range(1, len(null) + 1))


def test_coefficients_name_predictors_of_each_kind(whole: NetTrial) -> None:
    table = chosen(whole.net("coefficients"), timing="change", model="by_arm_and_concurrent")
    kinds = ["imaging"] * 3 + ["covariate"] * 3 + ["arm"] + ["interaction"] * 3 + ["concurrent"]
    assert table["kind"].tolist() == kinds
    covariates = ["baseline caps5", "age", "gender=male"]
    assert table["predictor"].tolist()[:6] == [*NAMES, *covariates]
    held = table.set_index("predictor")["n_level"].dropna()
    assert held.to_dict() == {"gender=male": 5, "arm=ketamine": 8}
    assert (table["selected"] == (table["coefficient"] != 0.0)).all()
    own = chosen(whole.net("coefficients"), timing="change", model="measures").iloc[0]
    assert own["selected"]
    assert own["coefficient"] < 0  # the measure falls with improvement
    assert own["ci_low"] <= own["standardised"] <= own["ci_high"]
    assert own["selection_frequency"] == 1.0
    baseline = chosen(whole.net("coefficients"), timing="baseline", model="measures")
    assert baseline["predictor"].tolist() == [*NAMES, *covariates, "income"]


def test_predictors_raw_values_and_correlations(whole: NetTrial) -> None:
    predictors = chosen(whole.net("predictors"), timing="baseline")
    assert predictors["kind"].tolist() == ["imaging"] * 3 + ["covariate"] * 4
    assert predictors["n"].tolist() == [16] * 7
    assert (predictors["missing"] == 0).all()
    assert predictors["entered"].all()
    change = whole.values[:, 1, :3] - whole.values[:, 0, :3]
    values = chosen(whole.net("values"), timing="change", predictor=NAMES[1])
    np.testing.assert_allclose(values["value"], change[:, 1], rtol=1e-8)
    np.testing.assert_allclose(values["improvement"], whole.improvement)
    first = chosen(whole.net("values"), timing="baseline", predictor=NAMES[2])
    np.testing.assert_allclose(first["value"], whole.values[:, 0, 2], rtol=1e-8)
    assert len(whole.net("values")) == 2 * 3 * 16
    table = whole.net("correlations")
    assert len(chosen(table, timing="change")) == 6 * 5 / 2
    pair = chosen(table, timing="change", predictor=NAMES[0], other="age").iloc[0]
    assert pair["r"] == pytest.approx(stats.pearsonr(change[:, 0], whole.age).statistic)
    assert pair["n"] == 16
    people = whole.net("participants")
    assert people["included"].all()
    assert people["reason"].isna().all()
    assert len(people) == 32


def test_the_record_tells_settings_and_what_is_not_there(
    whole: NetTrial, direct: list[ModelResult]
) -> None:
    record = whole.net_record
    assert (record["Outcome"], record["ConcurrentOutcome"]) == ("caps5", "madrs")
    settings = record["Settings"]
    assert settings["L1Ratios"] == [1.0]
    assert (settings["Permutations"], settings["StopAt"], settings["Folds"]) == (5, 2, 4)
    assert (settings["Seed"], settings["ResidualizeMotion"]) == (20210401, True)
    assert record["Notes"] == [
        "The covariate thc is not there and does not enter: participants.tsv has no column `thc`.",
        "The test of the imaging measures has only 6 different outcomes, so that its p cannot "
        "fall below 0.05 (all models).",
    ]
    assert {len(each.notes) for each in direct} == {1}
    assert record["Warnings"] == []
    assert record["MotionApplied"] is True
    assert record["MissingValues"] == {"change": 0, "baseline": 0}


def test_absent_columns_are_one_sentence() -> None:
    skipped = (
        Missing("covariate thc", "participants.tsv has no column `thc`"),
        Missing("covariate pain", "The table pain.tsv is not there."),
        Missing("covariate income", "participants.tsv has no column `Income`"),
    )
    assert _absent_notes(skipped) == [
        "The covariates thc, income are not there and do not enter: participants.tsv has no such "
        "columns.",
        "The covariate pain is not there and does not enter: The table pain.tsv is not there.",
    ]


def test_notes_name_the_models_that_they_are_about(direct: list[ModelResult]) -> None:
    few, nobody = "No 10-fold cross-validation: there are 9 participants.", "Nobody is there."
    notes = [(few,), (few, nobody), (), (few,), (nobody,), ()]
    trial = Results(
        outcome="caps5",
        participants=(),
        arms=(),
        results=tuple(each._replace(notes=own) for each, own in zip(direct, notes, strict=True)),
        entering=(),
    )
    assert _of_models(trial) == [
        f"{few[:-1]} (change: measures, by_arm; baseline: measures).",
        "Nobody is there (change: by_arm; baseline: by_arm).",
    ]


def test_it_can_be_repeated_and_leaves_with_its_section(whole: NetTrial) -> None:
    group = whole.output / "group"
    first = {path.name: path.read_bytes() for path in group.glob("group_elastic_net*")}
    assert len(first) == 2 * len(ELASTIC_NET_TABLES)
    run_group_level(bids_dir=whole.bids, output_dir=whole.output, study=whole.study, n_procs=2)
    assert {path.name: path.read_bytes() for path in group.glob("group_elastic_net*")} == first
    text = whole.study_file.read_text(encoding="utf-8")
    whole.study_file.write_text(text.replace(NET, ""), encoding="utf-8")
    whole.run()
    assert list(group.glob("group_elastic_net*")) == []
    assert "ElasticNet" not in whole.record
    whole.study_file.write_text(text, encoding="utf-8")


def test_what_the_analysis_is_given(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(tmp_path / "trial", n=4)
    trial.tables()
    trial.everybody(without={"sub-03": 1})
    trial.run()
    ((data, settings),) = calls
    assert settings == SETTINGS
    wanted = by_hand(trial)
    for name in ("participants", "arms", "levels"):
        assert getattr(data, name) == getattr(wanted, name)
    np.testing.assert_allclose(data.outcome, wanted.outcome)
    np.testing.assert_allclose(data.concurrent, wanted.concurrent)
    wanted.imaging.first[2, 1] = wanted.imaging.second[2, 1] = np.nan
    assert data.imaging.names == NAMES
    for own, other in zip(data.imaging[1:], wanted.imaging[1:], strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-9)
    for own, other in zip(data.covariates, wanted.covariates, strict=True):
        assert (own.name, own.kind, own.timings) == (other.name, other.kind, other.timings)
        if own.kind == "categorical":
            assert own.values == other.values
        else:
            np.testing.assert_array_equal(own.values, other.values)


def test_the_command_line_sets_permutations_threads_and_seed(
    tmp_path: Path, calls: list[Any]
) -> None:
    trial = NetTrial(tmp_path / "trial", n=4)
    trial.tables()
    trial.everybody()
    lines: list[str] = []
    run_group_level(
        bids_dir=trial.bids,
        output_dir=trial.output,
        study=trial.study,
        n_procs=3,
        permutations=50,
        random_seed=8,
        show=lines.append,
    )
    settings = calls[0][1]
    assert (settings.permutations, settings.stop_at) == (50, None)
    assert (settings.n_jobs, settings.seed) == (3, 8)
    stated = trial.net_record["Settings"]
    assert (stated["Permutations"], stated["StopAt"], stated["Seed"]) == (50, 0, 8)
    assert lines == ["elastic net: predictors are prepared for each fold"]


def test_a_study_without_early_stop(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(tmp_path / "trial", WHOLE.replace("stop_at: 2", "stop_at: 0"), n=4)
    trial.tables()
    trial.everybody()
    trial.run()
    assert calls[0][1].stop_at is None


def test_progress_is_told_now_and_then() -> None:
    lines: list[str] = []
    times = iter([0.0, 1.0, 10.0, 12.0, 21.0])
    tell = group_elastic_net.told_progress(lines.append, SETTINGS, clock=lambda: next(times))
    for done in range(1, 5):
        tell(Progress("change", "by_arm", "imaging", done, 1))
    assert lines == [
        f"elastic net, change, by_arm: {done} of 5 permutations of imaging, 1 as good as the data "
        "(the test ends at 2)"
        for done in (2, 4)
    ]


def test_a_line_tells_what_a_model_gave(direct: list[ModelResult]) -> None:
    fit = direct[0].fit
    assert fit is not None
    test = fit.imaging_test
    assert group_elastic_net.result_line(direct[0]) == (
        f"elastic net, change, measures: nested R2 {fit.nested_accuracy.r2:.3f}, p "
        f"{test.p_value:.3g} of the imaging measures ({len(test.null)} permutations), "
        "16 participants"
    )
    without = direct[0]._replace(fit=None, reason="made up")
    told = "elastic net, change, measures: no result: made up"
    assert group_elastic_net.result_line(without) == told


def test_excluded_values_are_missing(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(tmp_path / "trial", WHOLE + "exclusions: {file: excluded.tsv}\n", n=8)
    (tmp_path / "trial" / "excluded.tsv").write_text(
        "participant_id\treason\tsession_id\ttask\n"
        "sub-02\tfell asleep\tses-post\temotion\n"
        "sub-05\tfell asleep\tses-post\tn/a\n"
        "sub-06\tmoved\tn/a\tn/a\n"
    )
    arms = [IN_ARMS[name] for name in trial.people]
    trial.tables(arm=[*arms[:6], "n/a", arms[7]])
    trial.everybody(without={"sub-04": 1})
    trial.run()
    imaging = calls[0][0].imaging
    # Both sessions of a change are left out, and the other task stays.
    assert np.isnan(imaging.first[1, :2]).all()
    assert np.isnan(imaging.second[1, :2]).all()
    np.testing.assert_allclose(imaging.first[1, 2], trial.values[1, 0, 2])
    assert np.isnan(imaging.first).sum() == 2 + 3 * 3 + 1
    people = trial.net("participants").set_index(["timing", "participant_id"])["reason"]
    assert people["change", "sub-05"] == "post: excluded: fell asleep"
    assert people["baseline", "sub-05"] == "excluded with session post: fell asleep"
    for timing in TIMINGS:
        assert people[timing, "sub-06"] == "excluded: moved"
        assert people[timing, "sub-07"] == "excluded: `arm` is n/a in participants.tsv"
        assert people[timing, "sub-02"] == "no model: made up"


def test_measures_are_chosen_by_name(tmp_path: Path, calls: list[Any]) -> None:
    patterns = "measures: ['* amygdala', 'dcm faces circuit *'], "
    circuit = (
        "dcm: {models: {circuit: {task: faces, regions: [amygdala, insula], "
        "driving: {faces: [amygdala]}}}}\n"
    )
    study = WHOLE.replace("{outcome: caps5, ", "{outcome: caps5, " + patterns) + circuit
    trial = NetTrial(tmp_path / "trial", study, n=4)
    trial.tables()
    trial.everybody()
    trial.run()
    assert calls[0][0].imaging.names == (
        NAMES[0],
        "dcm faces circuit connection amygdala > insula",
    )


def test_who_lacks_improvement_is_told_why(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(tmp_path / "trial", n=8)
    trial.improvement[3] = np.nan
    trial.madrs[5] = np.nan
    trial.tables()
    trial.everybody()
    trial.run()
    assert np.isnan(calls[0][0].outcome[3])
    why = "no improvement of caps5: `total` of sub-04 ses-post is n/a in phenotype/caps5.tsv"
    people = chosen(trial.net("participants"), timing="change").set_index("participant_id")
    assert people.loc["sub-04", "reason"] == why
    assert people.loc["sub-06", "reason"] == (
        "no improvement of madrs: `madrs_change` of sub-06 is n/a in participants.tsv"
    )
    assert people.loc["sub-01", "reason"] == "no model: made up"
    assert not people["included"].any()
    assert trial.net()["reason"].tolist() == ["made up"] * 6
    assert "The model by_arm (change) has no result: made up." in trial.net_record["Notes"]


def test_who_enters_some_models_alone_is_told(direct: list[ModelResult]) -> None:
    results = list(direct)
    results[2] = results[2]._replace(
        participants=tuple(PEOPLE[1:]), excluded=(Dropped("sub-01", "no improvement of madrs"),)
    )
    trial = Results(
        outcome="caps5",
        participants=tuple(PEOPLE),
        arms=tuple(IN_ARMS.values()),
        results=tuple(results),
        entering=(),
    )
    why = "not in by_arm_and_concurrent: no improvement of madrs"
    assert participant_reason(trial, "change", "sub-01") == (True, why)
    assert participant_reason(trial, "change", "sub-02") == (True, "")
    assert participant_reason(trial, "baseline", "sub-01") == (True, "")


def test_a_covariate_that_has_to_be_there_leaves_the_group_level_whole(
    tmp_path: Path, calls: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    trial = NetTrial(tmp_path / "trial", n=4)
    trial.tables(age=None)
    trial.everybody()
    trial.run()
    assert calls == []
    reasons = trial.net()["reason"].tolist()
    assert len(reasons) == 6
    assert "`age`" in reasons[0]
    assert len(set(reasons)) == 1
    assert "no model of the elastic net has a result" in caplog.text
    assert len(trial.net("predictors")) == 0
    people = trial.net("participants")
    assert people["reason"].tolist() == [f"no model: {reasons[0]}"] * 8
    assert len(trial.table("tests")) > 0


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"age": [30, "forty", 50, 60]}, "Line 3, column `age`: `forty` is not a number"),
        ({"income": ["low", "lots", "low", "high"]}, "`lots` is none of the levels"),
        ({"income": ["low", "lots", "low", "high"], "age": None}, "`lots` is none of the levels"),
    ],
)
def test_a_cell_that_cannot_be_read_ends_the_group_level(
    tmp_path: Path, calls: list[Any], columns: dict[str, Any], told: str
) -> None:
    """As one of an outcome does; a column that is not there does not."""
    trial = NetTrial(tmp_path / "trial", n=4)
    trial.tables(**columns)
    trial.everybody()
    with pytest.raises(InputDataError, match=re.escape(told)) as caught:
        trial.run()
    assert (caught.value.exit_code, caught.value.path) == (65, trial.bids / "participants.tsv")
    assert calls == []
    assert not (trial.output / "group").exists()


@pytest.mark.parametrize("optional", [False, True])
def test_a_table_that_is_not_there_leaves_the_group_level_whole(
    tmp_path: Path, calls: list[Any], optional: bool
) -> None:
    age = f"age: {{table: demographics, optional: {str(optional).lower()}}}"
    trial = NetTrial(tmp_path / "trial", WHOLE.replace("age: {}", age), n=4)
    trial.tables()
    trial.everybody()
    trial.run()
    assert len(calls) == optional
    told = trial.net()["reason"] if not optional else pd.Series(trial.net_record["Notes"][:1])
    assert told.str.contains("demographics").all()


def test_only_covariates_that_enter_are_read(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(
        tmp_path / "trial", WHOLE.replace("{outcome", "{covariates: [gender], outcome"), n=4
    )
    trial.tables(age=None)
    trial.everybody()
    trial.run()
    names = [each.name for each in calls[0][0].covariates]
    assert names == ["baseline caps5", "gender", "income"]


def test_a_change_without_scores_gives_no_baseline_covariate(
    tmp_path: Path, calls: list[Any]
) -> None:
    net = f"elastic_net: {{outcome: madrs, covariates: [], {QUICK}}}\n"
    trial = NetTrial(tmp_path / "trial", STUDY + OUTCOMES + COVARIATES + net, n=4)
    trial.tables()
    trial.everybody()
    trial.run()
    data = calls[0][0]
    assert (data.covariates, data.levels, data.concurrent) == ((), (), None)
    assert trial.net()["model"].tolist() == ["measures"] * 2
    assert sum("has no result" in each for each in trial.net_record["Notes"]) == 2
    assert trial.net_record["Notes"][0] == (
        "The first score of madrs is no covariate: the table holds none."
    )


def test_measures_that_are_imputed_often_are_warned_of(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(tmp_path / "trial", n=4)
    trial.tables()
    trial.everybody(without={"sub-01": 1})
    trial.run()
    assert trial.net_record["Warnings"][:-1] == [
        f"Imputed in more than 10% of participants (models of {words}): {NAMES[1]} (25%)."
        for words in ("change", "baseline values")
    ]
    assert trial.net_record["MissingValues"] == {"change": 1, "baseline": 1}
    row = chosen(trial.net("predictors"), timing="change", predictor=NAMES[1]).iloc[0]
    assert (row["n"], row["missing"]) == (3, 0.25)
    values = chosen(trial.net("values"), timing="change", predictor=NAMES[1])
    assert values["value"].isna().tolist() == [True] + [False] * 3


def test_complete_cases_are_counted_among_those_who_could_enter(
    tmp_path: Path, calls: list[Any]
) -> None:
    study = WHOLE.replace("{outcome", "{imputation: complete_cases, outcome")
    trial = NetTrial(tmp_path / "trial", study, n=4)
    trial.tables()
    trial.everybody(without={"sub-01": 1})
    trial.run()
    assert trial.net_record["Warnings"] == ["No model has a result: made up."]
    row = chosen(trial.net("predictors"), timing="change", predictor=NAMES[1]).iloc[0]
    assert (row["n"], row["missing"]) == (3, 0.25)
    assert len(chosen(trial.net("values"), timing="change", predictor=NAMES[1])) == 3


def test_predictors_that_cannot_enter_are_told(tmp_path: Path, calls: list[Any]) -> None:
    trial = NetTrial(tmp_path / "trial", n=8)
    trial.values[:, :, 1] = 0.3
    trial.tables(income=["low"] * 8)
    trial.everybody()
    trial.run()
    predictors = trial.net("predictors").set_index(["timing", "predictor"])
    assert predictors.loc[("change", NAMES[1]), "reason"] == "all values equal"
    assert not predictors.loc[("change", NAMES[1]), "entered"]
    assert predictors.loc[("baseline", "income"), "reason"] == "all values equal"
    assert (
        "2 of 7 predictors did not enter the models of baseline values, for reasons in "
        f"group_elastic_net_predictors.tsv: {NAMES[1]}, income."
    ) in trial.net_record["Notes"]


@pytest.mark.parametrize("n", [1, 2])
def test_a_group_of_one_or_two_has_too_few_participants_and_no_other_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, n: int
) -> None:
    trial = NetTrial(tmp_path / "trial", n=n)
    trial.tables()
    trial.everybody()
    with caplog.at_level("WARNING", logger="bids_ketamine"):
        trial.run()
    told = [each for each in caplog.messages if "elastic net" in each]
    assert told == [f"no model of the elastic net has a result: {n} participants, fewer than 8"]
    assert set(trial.net()["reason"]) == {f"{n} participants, fewer than 8"}
    assert set(trial.net("predictors")["reason"]) == {f"{n} values, fewer than 3"}


def test_too_many_measures_are_not_computed(
    tmp_path: Path, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_elastic_net, "MOST_MEASURES", 2)
    study = WHOLE.replace("concurrent_outcome: madrs, ", "")
    trial = NetTrial(tmp_path / "trial", study, n=4)
    trial.tables()
    trial.everybody()
    trial.run()
    assert calls == []
    assert trial.net()["model"].tolist() == ["measures", "by_arm"] * 2
    assert set(trial.net()["reason"]) == {
        "3 imaging measures, more than 2: choose among them (`elastic_net.measures`)"
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ProcessingError("No solution."), "no solution"),
        (np.linalg.LinAlgError("singular"), "the computation has no solution in numbers: singular"),
        (MemoryError(), "the computation does not fit into memory"),
    ],
)
def test_a_failure_takes_models_along_and_not_the_group_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def failing(data: TrialPredictors, **_: Any) -> Iterator[ModelResult]:
        yield nothing(data, "change", "measures")
        raise error

    monkeypatch.setattr(group_elastic_net, "analyse_models", failing)
    trial = NetTrial(
        tmp_path / "trial", STUDY + ARMS + OUTCOMES + NET.replace("[income]", "[]"), n=4
    )
    trial.tables()
    trial.everybody()
    trial.run()
    assert trial.net()["reason"].tolist() == ["made up", *[told] * 5]
    assert trial.record["Participants"] == 4


@pytest.mark.parametrize("levels", [(), ("ketamine",), ("midazolam", "ketamine")])
@pytest.mark.parametrize("concurrent", [None, "madrs"])
def test_models_without_data_are_those_of_the_analysis(
    whole: NetTrial, levels: tuple[str, ...], concurrent: str | None
) -> None:
    spec = whole.study.spec
    assert spec.arms is not None
    assert spec.elastic_net is not None
    spec = replace(spec, arms=replace(spec.arms, levels=levels) if levels else None)
    assert spec.elastic_net is not None
    section = replace(spec.elastic_net, concurrent_outcome=concurrent)
    nothing = np.empty((0, 0))
    data = TrialPredictors(
        participants=(),
        arms=(),
        levels=levels,
        outcome=np.empty(0),
        concurrent=None if concurrent is None else np.empty(0),
        imaging=ImagingBlock((), nothing, nothing, nothing, nothing),
        covariates=(),
    )
    assert asked_models(spec, section) == models_of(data)
    models = [each.model for each in without_results("made up", asked_models(spec, section))]
    assert models == [*models_of(data)] * 2


def test_values_of_measures_that_do_not_enter_are_told_apart() -> None:
    block = ImagingBlock(("a", "b"), *np.ones((4, 3, 2)))
    block.first[1:] = np.nan
    people = ("sub-01", "sub-02", "sub-03")
    data = TrialPredictors(people, ("",) * 3, (), np.ones(3), None, block, ())
    value = np.ones((3, 2, 3))
    value[2, 1] = np.nan
    included = np.zeros((3, 2, 3), dtype=bool)
    included[0] = True
    reason = np.where(included, "", "mean FD 0.6 mm > 0.5 mm").astype(object)
    reason[1, :, 1] = "moved"
    reason[1, 1, 1] = "excluded with session pre: moved"
    shape = SimpleNamespace(sessions=("pre", "post"), value=value)
    step = SimpleNamespace(included=included, reason=reason)
    told = reasons_without_imaging(
        data, chosen=[0, 1], sessions=("pre", "post"), measures=shape, motion=step
    )
    fd = "excluded: mean FD 0.6 mm > 0.5 mm"
    assert told == {
        NO_IMAGING["change"]: {
            "sub-01": "no imaging measure in both sessions that enters: others have values",
            "sub-02": f"pre: {fd}; moved; post: {fd}",
        },
        NO_IMAGING["baseline"]: {
            "sub-01": "no imaging measure in the first session that enters: others have values",
            "sub-02": f"{fd}; moved",
            "sub-03": fd,
        },
    }
