"""Dynamic causal models of a session: values of a direct estimation, reasons, notes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.dcm.estimation import estimate_dcm
from bids_ketamine.core.dcm.intervals import calibrated_errors, interval
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.structure import DcmStructure
from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.errors import ProcessingError
from bids_ketamine.interfaces import dcm as step_of_models
from bids_ketamine.outputs.measures import measures_table
from bids_ketamine.study.spec import (
    ContrastSpec,
    DcmModelSpec,
    DcmSpec,
    ErrorTrialsSpec,
    RegionSpec,
)
from tests.interfaces.circuit_session import MODEL, answering_run, model
from tests.interfaces.task_session import GLM, N_SCANS, REGIONS, T_R, TASK, blocks, write_run

STEP = T_R / 16
#: The middle of a volume is in bin 9 (from 1) of 16.
DELAY = 9 * STEP
BY_A = ("modulation by a", "left > right")


def inputs_by_hand(events: pd.DataFrame, names=(("a", "b"), ("a",))) -> np.ndarray:
    """Return sums of conditions: each event on in its bin and for its duration after it."""
    level = np.zeros((N_SCANS * 16, len(names)))
    for row in events.itertuples():
        first, length = round(row.onset / STEP), round(row.duration / STEP) + 1
        for number, conditions in enumerate(names):
            level[first : first + length, number] += row.trial_type in conditions
    return level


def confounds_by_hand() -> np.ndarray:
    """Return a constant and the cosines slower than 128 s."""
    order, n_cosines = np.arange(N_SCANS), int(2 * N_SCANS * T_R / 128)
    cosines = [np.cos(np.pi * (2 * order + 1) * k / (2 * N_SCANS)) for k in range(1, n_cosines + 1)]
    return np.column_stack([np.ones(N_SCANS), *(np.sqrt(2 / N_SCANS) * each for each in cosines)])


def recording_by_hand(found, run: str, events: pd.DataFrame) -> Recording:
    """Return a run from the written eigenvariates and the events."""
    pattern = f"task-faces{run}_space-*_desc-eigenvariate_timeseries"
    table = found.task.table(pattern)
    design = found.task.table(f"task-faces{run}_design")
    confounds = confounds_by_hand()
    # The series are not whitened: cosines taken out, then what is left of the other columns.
    high_pass = np.eye(len(design)) - confounds[:, 1:] @ confounds[:, 1:].T
    other = high_pass @ design.drop(columns=["a", "b"]).to_numpy()
    adjustment = np.eye(len(design)) - other @ np.linalg.pinv(other, rcond=1e-10)
    return Recording(
        table[["right", "left"]].to_numpy(),
        confounds,
        inputs_by_hand(events),
        T_R,
        adjustment @ high_pass,
    )


# The model of circuit_session: right is region 0, left 1; both drives left, a modulates both ways.
STRUCTURE = DcmStructure(
    connections=np.ones((2, 2)),
    modulations=np.stack([np.zeros((2, 2)), [[0, 1], [1, 0]]], axis=-1),
    driving=np.array([[0, 0], [1, 0]]),
)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """A model over two runs of different order."""
    folder = tmp_path_factory.mktemp("two runs")
    events = [blocks(), blocks(("b", "a"), first=10.0, number=13)]
    runs = [
        answering_run(folder / "in", number=str(number), seed=number, events=table)
        for number, table in enumerate(events, start=1)
    ]
    return model(folder / "out", *runs), events


@pytest.fixture(scope="module")
def by_hand(two_runs):
    """The same estimated directly, from written series and events."""
    found, events = two_runs
    recordings = [
        recording_by_hand(found, f"_run-{number}", table)
        for number, table in enumerate(events, start=1)
    ]
    estimate = estimate_dcm(
        recordings,
        structure=STRUCTURE,
        delays=np.full(2, DELAY),
        echo_time=0.04,
        centre_inputs=True,
        maximum_iterations=128,
        restart="stalled",
    )
    return estimate, recordings


def test_parameters_are_those_of_a_direct_estimation(two_runs, by_hand):
    found, _ = two_runs
    estimate, _ = by_hand
    facts = found.facts("pair")
    # Tables have ten digits.
    assert facts["FreeEnergy"] == pytest.approx(estimate.free_energy, abs=1e-4)
    assert facts["Iterations"] == estimate.n_iterations
    free = estimate.structure.free
    parameters = facts["Parameters"]
    assert len(parameters) == len(free) == 4 + 2 + 1 + 2 + 2
    errors = calibrated_errors(estimate)
    expected = {
        "PriorMean": estimate.prior_mean,
        "PriorStandardDeviation": np.sqrt(np.diag(estimate.prior_covariance)),
        "PosteriorMean": estimate.posterior_mean,
        "PosteriorStandardDeviation": np.sqrt(np.diag(estimate.posterior_covariance)),
        "CalibratedStandardDeviation": np.sqrt(np.diag(errors.covariance)),
        "Interval": interval(estimate.posterior_mean, estimate.posterior_covariance, level=0.9),
        "CalibratedMean": errors.mean,
        "CalibratedInterval": interval(errors.mean, errors.covariance, level=0.9),
    }
    for key, values in expected.items():
        np.testing.assert_allclose([each[key] for each in parameters], values[free], atol=1e-6)
    names = {each["Name"]: each for each in parameters}
    assert names["left > right by a"]["Unit"] == "Hz"
    assert names["left > left"]["Unit"] == "log scale"
    assert (names["both > left"]["Source"], names["both > left"]["Target"]) == ("both", "left")
    modulated = names["left > right by a"]
    assert [modulated[key] for key in ("Field", "Source", "Target", "Modulator")] == [
        *("modulation", "left", "right", "a")
    ]
    assert 0.5 <= modulated["PosteriorProbability"] <= 1.0


def test_the_file_says_what_was_estimated_from_what(two_runs, by_hand):
    found, _ = two_runs
    estimate, recordings = by_hand
    facts = found.facts("pair")
    assert facts["Regions"] == ["right", "left"]
    assert facts["Inputs"] == {"both": ["a", "b"], "a": ["a"]}
    assert facts["Connections"] == ["right > left", "left > right"]
    assert facts["Driving"] == {"both": ["left"]}
    assert facts["Modulations"] == {"left > right": ["a"], "right > left": ["a"]}
    assert (facts["EchoTime"], facts["CentreInputs"], facts["IntervalLevel"]) == (0.04, True, 0.9)
    assert (facts["Delay"], facts["MicrotimeResolution"], facts["RepetitionTime"]) == (
        *(DELAY, 16, T_R),
    )
    assert facts["Voxels"] == {"right": 7, "left": 7}
    assert [run["Run"] for run in facts["Runs"]] == ["1", "2"]
    assert facts["Runs"][0]["EigenvariateVoxels"] == {"right": 7, "left": 7}
    assert facts["Converged"] is bool(estimate.converged)
    assert facts["Flat"] is False
    assert facts["ExplainedVariance"] == pytest.approx(estimate.explained_variance, abs=1e-7)
    for key, values in (
        ("ExplainedVarianceByRegion", estimate.explained_variance_by_region),
        ("NoiseStandardDeviation", np.exp(-estimate.log_precision / 2)),
        ("CalibratedNoiseStandardDeviation", calibrated_errors(estimate).noise_standard_deviation),
        ("Autocorrelation", calibrated_errors(estimate).autocorrelation),
    ):
        assert list(facts[key]) == ["right", "left"]
        np.testing.assert_allclose(list(facts[key].values()), values, atol=1e-6)
    inputs = np.concatenate([each.inputs for each in recordings])
    assert facts["InputHashes"]["Inputs"] == hashlib.sha256(inputs.tobytes()).hexdigest()
    assert set(facts["InputHashes"]) == {"Series", "Inputs", "Confounds"}
    assert "bids:prep:run-2_bold.nii.gz" in facts["Sources"]
    assert len(facts["Sources"]) == 6


def test_arrays_are_those_of_a_direct_estimation(two_runs, by_hand):
    found, _ = two_runs
    estimate, recordings = by_hand
    arrays = found.arrays("pair")
    for name in ("posterior_mean", "posterior_covariance", "prior_mean", "prior_covariance"):
        np.testing.assert_allclose(arrays[name], getattr(estimate, name), atol=1e-6)
    np.testing.assert_array_equal(arrays["connections"], STRUCTURE.connections)
    np.testing.assert_array_equal(arrays["modulations"], STRUCTURE.modulations)
    np.testing.assert_array_equal(arrays["driving"], STRUCTURE.driving)
    np.testing.assert_array_equal(arrays["free"], STRUCTURE.free)
    assert arrays["regions"].tolist() == ["right", "left"]
    assert arrays["inputs_names"].tolist() == ["both", "a"]
    assert arrays["run_labels"].tolist() == ["1", "2"]
    assert len(arrays["parameter_names"]) == len(arrays["posterior_mean"])
    assert arrays["parameter_names"][arrays["free"]].tolist() == [
        each["Name"] for each in found.facts("pair")["Parameters"]
    ]
    assert arrays["trace"].shape == (estimate.n_iterations, 4)
    assert arrays["free_energy"].shape == ()
    for number in (1, 2):
        own = recordings[number - 1]
        np.testing.assert_array_equal(arrays[f"inputs_{number}"], own.inputs)
        np.testing.assert_allclose(arrays[f"confounds_{number}"], own.confounds, atol=1e-12)
        for name in ("series", "predicted", "residuals"):
            expected = getattr(estimate, name)[number - 1]
            np.testing.assert_allclose(arrays[f"{name}_{number}"], expected, atol=1e-6)
    digest = hashlib.sha256(
        np.concatenate([arrays["confounds_1"], arrays["confounds_2"]]).tobytes()
    )
    assert found.facts("pair")["InputHashes"]["Confounds"] == digest.hexdigest()


def test_rows_are_connections_modulations_and_drives(two_runs):
    found, _ = two_runs
    rows, facts = found.of_model("pair"), found.facts("pair")
    assert list(rows.index) == [
        ("connection", "right > left"),
        ("connection", "left > right"),
        ("modulation by a", "right > left"),
        ("modulation by a", "left > right"),
        ("driving by both", "left"),
    ]
    by_name = {each["Name"]: each for each in facts["Parameters"]}
    names = ["right > left", "left > right", "right > left by a", "left > right by a"]
    names.append("both > left")
    for (_, row), name in zip(rows.iterrows(), names, strict=True):
        assert row["value"] == by_name[name]["PosteriorMean"]
        assert row["standard_error"] == by_name[name]["PosteriorStandardDeviation"]
    assert (rows["unit"] == "Hz").all()
    assert (rows["measure"] == "dcm").all()
    assert (rows["task"] == "faces").all()
    assert (rows["reason"] == "").all()
    assert (rows["n_volumes"] == 2 * N_SCANS).all()
    # Constant and three cosines in each run.
    assert (rows["residual_df"] == 2 * (N_SCANS - 4)).all()
    assert rows["coverage"].tolist() == [1.0] * 5
    assert rows["coverage_second"].isna().tolist() == [False] * 4 + [True]
    assert rows["method"].iloc[0] == "DCM, posterior mean, echo time 0.04 s, inputs centred"
    assert set(rows.reset_index(drop=True).columns) - {"kind"} <= set(measures_table([]).columns)


def test_the_constant_is_whitened_as_the_series_are(tmp_path):
    glm = replace(GLM, noise_model="spm", mask_threshold=None)
    found = model(tmp_path, answering_run(tmp_path / "in"), glm=glm)
    weights = found.task.sidecar("_design")["Autocorrelation"]
    covariance = np.tensordot(weights, covariance_components(n_scans=N_SCANS), 1)
    whitening = whitening_matrix(covariance * N_SCANS / np.trace(covariance))
    drift = confounds_by_hand()[:, 1:]
    constant = whitening @ np.ones(N_SCANS)
    constant -= drift @ (drift.T @ constant)
    confounds = found.arrays("pair")["confounds_1"]
    np.testing.assert_allclose(confounds, np.column_stack([constant, drift]), atol=1e-8)
    series = found.task.table("_desc-eigenvariate_timeseries")[["right", "left"]].to_numpy()
    scale = found.facts("pair")["ScalingOfSeries"]
    used = found.arrays("pair")["series_1"]
    np.testing.assert_allclose(used, scale * (series - series.mean(axis=0)), atol=1e-8)


def test_several_models_have_files_of_their_own_and_one_failing_harms_no_other(
    tmp_path, monkeypatch
):
    far = RegionSpec(name="far", spheres=((10.0, 20.0, 300.0),), radius=11.0)
    single = DcmModelSpec(
        name="single",
        task="faces",
        regions=("left",),
        driving={"a": ("left",)},
        modulations={"left > left": ("b",)},
    )
    outside = replace(MODEL, name="outside", regions=("left", "far"), driving={"both": ("left",)})
    outside = replace(outside, modulations={"left > far": ("a",)})
    broken = replace(MODEL, name="broken")
    direct = step_of_models.estimate_dcm

    def failing(recordings, **arguments):
        if failing.next == "broken":
            raise ProcessingError("The prediction is not finite.", cure="Look at the series.")
        return direct(recordings, **arguments)

    gathered = step_of_models.model_data

    def remembered(spec, circuits, **settings):
        failing.next = spec.name
        return gathered(spec, circuits, **settings)

    monkeypatch.setattr(step_of_models, "estimate_dcm", failing)
    monkeypatch.setattr(step_of_models, "model_data", remembered)
    run = answering_run(tmp_path / "in")
    models = (outside, broken, MODEL, single)
    found = model(tmp_path, run, models=models, regions=(*REGIONS, far))
    stem = "sub-01_ses-pre_task-faces_space-MNI152NLin2009cAsym_atlas-three"
    assert found.files() == [
        f"{stem}_model-{name}_desc-dcm_estimates.{ending}"
        for name in ("pair", "single")
        for ending in ("json", "npz")
    ]
    assert found.rows["value"].notna().sum() == 5 + 2
    lost = found.of_model("outside")
    assert lost["value"].isna().all()
    assert lost["standard_error"].isna().all()
    assert (lost["reason"] == "far: it lies outside the field of view").all()
    assert list(lost.index) == [
        ("connection", "left > far"),
        ("connection", "far > left"),
        ("modulation by a", "left > far"),
        ("driving by both", "left"),
    ]
    told = "the prediction is not finite"  # the cure is for callers of the core
    assert (found.of_model("broken")["reason"] == told).all()
    own = found.of_model("single")
    assert own["unit"].to_dict() == {
        ("modulation by b", "left > left"): "log scale",
        ("driving by a", "left"): "Hz",
    }
    assert found.told()["broken"]["Reason"] == told
    assert found.told()["pair"]["FreeEnergy"] == found.facts("pair")["FreeEnergy"]
    alone = model(tmp_path / "alone", run)
    assert alone.of_model("pair").loc[BY_A, "value"] == pytest.approx(
        found.of_model("pair").loc[BY_A, "value"], rel=1e-9
    )


def test_a_region_of_low_coverage_is_the_reason_of_the_glm(tmp_path):
    run = answering_run(tmp_path / "in")
    low = RegionSpec(name="right", spheres=((60.0, 20.0, 20.0),), radius=21.0)
    found = model(tmp_path, run, regions=(REGIONS[0], low))
    (reason,) = set(found.rows["reason"])
    assert reason == f"right: {found.task.measures('activation').loc['right', 'reason']}"
    assert "coverage" in reason


def test_no_voxel_for_an_eigenvariate(tmp_path):
    task = replace(TASK, eigenvariate_contrast="aGtB", eigenvariate_p=1e-12)
    found = model(tmp_path, answering_run(tmp_path / "in"), task=task)
    told = "no eigenvariate, since no voxel passes `aGtB` at p < 1e-12"
    assert set(found.rows["reason"]) == {f"right: {told}; left: {told}"}


def test_a_glm_that_estimates_nothing_is_the_reason(tmp_path):
    run = answering_run(tmp_path / "in", events=blocks(("a",), number=7))
    found = model(tmp_path, run)
    assert set(found.rows["reason"]) == {"condition `b` has no trials"}
    assert found.rows["value"].isna().all()
    assert found.files() == []


def test_an_input_without_events_names_its_condition(tmp_path):
    task = replace(TASK, contrasts=(ContrastSpec(name="a", weights={"a": 1.0}),))
    run = answering_run(tmp_path / "in", events=blocks(("a",), number=7))
    driven = replace(MODEL, name="driven", driving={"both": ("left",), "b": ("right",)})
    found = model(tmp_path, run, task=task, models=(driven, MODEL))
    (reason,) = set(found.of_model("driven")["reason"])
    assert reason == "input `b` is never on: condition `b` has no trials"
    # Where another condition is there, the input is what it is.
    assert found.of_model("pair")["value"].notna().all()
    notes = found.facts("pair")["Notes"]
    assert notes[:2] == [
        "run 1: condition `b` has no trials",
        "inputs `both` and `a` are the same in this session",
    ]
    assert found.told()["pair"]["Notes"] == notes


def test_a_condition_without_events_in_one_run_is_zero_there(tmp_path):
    task = replace(TASK, contrasts=(*TASK.contrasts, ContrastSpec(name="a", weights={"a": 1.0})))
    events = [blocks(), blocks(("a",), number=7)]
    runs = [
        answering_run(tmp_path / "in", number=str(number), seed=number, events=table)
        for number, table in enumerate(events, start=1)
    ]
    driven = replace(MODEL, driving={"a": ("left",), "b": ("left",)}, inputs={}, modulations={})
    found = model(tmp_path, *runs, task=task, models=(driven,))
    arrays = found.arrays("pair")
    names = (("a",), ("b",))
    np.testing.assert_array_equal(arrays["inputs_1"], inputs_by_hand(events[0], names))
    np.testing.assert_array_equal(arrays["inputs_2"], inputs_by_hand(events[1], names))
    assert not arrays["inputs_2"][:, 1].any()
    assert "run 2: condition `b` has no trials" in found.facts("pair")["Notes"]
    assert found.rows["value"].notna().all()


def test_a_run_without_a_glm_is_left_out_and_named(tmp_path):
    events = [blocks(), blocks(("a",), number=7)]
    runs = [
        answering_run(tmp_path / "in", number=str(number), seed=number, events=table)
        for number, table in enumerate(events, start=1)
    ]
    both, alone = model(tmp_path / "both", *runs), model(tmp_path / "one", runs[0])
    assert both.facts("pair")["Notes"][0] == "run 2 is left out: condition `b` has no trials"
    assert (both.rows["n_volumes"] == N_SCANS).all()
    assert [run["Run"] for run in both.facts("pair")["Runs"]] == ["1"]
    assert "series_2" not in both.arrays("pair")
    np.testing.assert_allclose(both.rows["value"], alone.rows["value"], rtol=1e-9)


def test_an_input_that_is_on_all_the_time_needs_inputs_as_they_are(tmp_path):
    always = pd.DataFrame({"onset": [0.0], "duration": [N_SCANS * T_R], "trial_type": ["a"]})
    events = pd.concat([always, blocks(("b",), number=7)], ignore_index=True)
    task = replace(TASK, contrasts=(ContrastSpec(name="b", weights={"b": 1.0}),))
    driven = replace(
        MODEL, inputs={"on": ("a",)}, driving={"on": ("left",), "b": ("right",)}, modulations={}
    )
    run = answering_run(tmp_path / "in", events=events)
    found = model(tmp_path, run, task=task, models=(driven,))
    (reason,) = set(found.rows["reason"])
    assert reason == (
        "input `on` (condition `a`) is on all the time: nothing is left of it when its mean is "
        "taken out (`dcm.centre_inputs`)"
    )
    assert found.told()["pair"]["Reason"] == reason
    settings = DcmSpec(models=(driven,), centre_inputs=False, maximum_iterations=2)
    found = model(tmp_path / "as_is", run, task=task, models=(driven,), settings=settings)
    assert set(found.rows["reason"]) == {""}


def test_runs_sampled_at_different_times_are_not_joined(tmp_path):
    runs = [
        replace(answering_run(tmp_path / "in", number=number, seed=int(number)), start_time=start)
        for number, start in (("1", 1.0), ("2", 0.25))
    ]
    found = model(tmp_path, *runs)
    (reason,) = set(found.rows["reason"])
    assert reason == (
        "its runs are sampled at different times within a volume (run 1 at 1.125 s, run 2 at "
        "0.375 s), and a model has one delay for all"
    )


def test_noise_is_flat_and_told(tmp_path):
    found = model(tmp_path, write_run(tmp_path / "in", seed=5))
    facts = found.facts("pair")
    assert facts["ExplainedVariance"] < 0.1
    assert facts["Flat"] is True
    assert found.rows["value"].notna().all()
    assert found.told()["pair"]["Flat"] is True
    assert found.told()["pair"]["Stalled"] is facts["Stalled"]


def test_spent_iterations_are_told(tmp_path):
    settings = DcmSpec(models=(MODEL,), maximum_iterations=3)
    found = model(tmp_path, answering_run(tmp_path / "in"), settings=settings)
    facts = found.facts("pair")
    assert (facts["Converged"], facts["Iterations"]) == (False, 3)
    assert any("iterations" in note for note in facts["Notes"])
    assert found.rows["value"].notna().all()


def test_parameters_that_the_scheme_never_moved_are_told(tmp_path):
    """The first iteration evaluates the prior means, and the second moves the drive alone."""
    run = answering_run(tmp_path / "in")
    stuck = "right > left, left > right, right > left by a, left > right by a"
    told = "still at the prior mean, since the scheme took no step that could move them"
    for iterations, names in ((1, f"{stuck}, both > left"), (2, stuck), (6, None)):
        settings = DcmSpec(models=(MODEL,), maximum_iterations=iterations)
        found = model(tmp_path / str(iterations), run, settings=settings)
        notes = [note for note in found.facts("pair")["Notes"] if told in note]
        expected = [] if names is None else [f"{names}: {told}; the values are no finding"]
        assert notes == expected


def test_settings_of_the_study_reach_the_estimation(tmp_path):
    events = blocks()
    settings = DcmSpec(models=(MODEL,), echo_time=0.02, centre_inputs=False, interval_level=0.5)
    found = model(tmp_path, answering_run(tmp_path / "in", events=events), settings=settings)
    estimate = estimate_dcm(
        [recording_by_hand(found, "", events)],
        structure=STRUCTURE,
        delays=np.full(2, DELAY),
        echo_time=0.02,
        centre_inputs=False,
        maximum_iterations=128,
        restart="stalled",
    )
    facts = found.facts("pair")
    expected = interval(estimate.posterior_mean, estimate.posterior_covariance, level=0.5)
    got = [each["Interval"] for each in facts["Parameters"]]
    np.testing.assert_allclose(got, expected[STRUCTURE.free], atol=1e-6)
    told = found.rows["method"].iloc[0]
    assert told == "DCM, posterior mean, echo time 0.02 s, inputs not centred"


def test_impulses_beside_blocks_and_error_trials_are_told(tmp_path):
    events = blocks()
    events.loc[events["trial_type"] == "b", "duration"] = 0.0
    events["accuracy"] = ["1", "1", "0"] + ["1"] * (len(events) - 3)
    events["response_time"] = 1.0
    rule = ErrorTrialsSpec(column="accuracy", correct=("1",))
    task = replace(TASK, error_trials=rule)
    with_errors = replace(
        MODEL, inputs={"both": ("a", "b", "error_trials")}, modulations={"left > right": ("a",)}
    )
    found = model(
        tmp_path, answering_run(tmp_path / "in", events=events), task=task, models=(with_errors,)
    )
    notes = found.facts("pair")["Notes"]
    assert notes[:2] == [
        "run 1: input `both` sums conditions with and without duration; events of `b`, "
        "`error_trials` are impulses of unit area beside a height of one",
        "input `both` has the error trials, for whose response the series are adjusted",
    ]
    level = found.arrays("pair")["inputs_1"][:, 0]
    assert set(level) == {0.0, 1.0, 1.0 / STEP}
