"""A run made ready: reference time, errors, own nuisance, and SPM's route by its equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.study.spec import ConditionSpec, ConfoundsSpec, ErrorTrialsSpec, GppiSpec
from tests import conn_by_hand
from tests.interfaces.task_session import GLM, GPPI, N_SCANS, T_R, TASK, blocks, compute, write_run

BAND = (0.008, 0.09)


def by_hand(results, conditions, nuisance=None, weights=(1, -1), band_pass=BAND):
    """Return the effect of `left` on `right` from the written series."""
    series = results.table("_atlas-three_timeseries").to_numpy()
    nuisance = np.empty((N_SCANS, 0)) if nuisance is None else nuisance
    cleaned = conn_by_hand.conn_cleaned(
        series, conditions, nuisance=nuisance, t_r=T_R, band_pass=band_pass
    )
    return conn_by_hand.conn_value([cleaned], [conditions], seed=0, target=1, weights=weights)


def regressors(events, names=("a", "b"), **changed):
    return conn_by_hand.regressors_of(events, names, n_scans=N_SCANS, t_r=T_R, **changed)


@pytest.mark.parametrize("start_time", [None, 0.3, 1.0, 1.7])
def test_regressors_are_of_the_slices_reference_time(tmp_path, start_time):
    """Slices of 1.7 s of a volume of 2 s are 0.7 s later than its middle."""
    events = blocks(first=5.0)
    run = write_run(tmp_path / "in", events=events, start_time=start_time)
    results = compute(tmp_path / "out", run, gppi=GPPI)
    shift = 0.0 if start_time is None else start_time - T_R / 2
    expected = by_hand(results, regressors(events, shift=shift))
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)
    if shift:
        other = by_hand(results, regressors(events, shift=-shift))
        assert abs(other - expected) > 1e-4


def test_events_without_duration_last_a_bin(tmp_path):
    events = blocks(duration=0.0, number=28).assign(onset=3.0 + 8.0 * np.arange(28))
    results = compute(tmp_path / "out", write_run(tmp_path / "in", events=events), gppi=GPPI)
    expected = by_hand(results, regressors(events))
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)


def test_no_filter(tmp_path):
    run = write_run(tmp_path / "in")
    results = compute(tmp_path / "out", run, gppi=replace(GPPI, band_pass=None))
    expected = by_hand(results, regressors(blocks()), band_pass=None)
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)
    assert results.sidecar("_gppi")["BandPass"] is None


def test_responses_to_errors_are_cleaned_away_with_their_derivative(tmp_path):
    events = blocks(duration=4.0).assign(
        accuracy=[0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1], response_time=0.7
    )
    task = replace(TASK, error_trials=ErrorTrialsSpec())
    results = compute(
        tmp_path / "out", write_run(tmp_path / "in", events=events), task=task, gppi=GPPI
    )
    right = events[events["accuracy"] == 1]
    wrong = events[events["accuracy"] == 0].assign(
        onset=lambda own: own["onset"] + 0.7, duration=0.0, trial_type="error"
    )
    errors = regressors(wrong, ("error",))
    nuisance = np.column_stack([errors, conn_by_hand.derivative(errors)])
    expected = by_hand(results, regressors(right), nuisance)
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)
    assert abs(by_hand(results, regressors(right)) - expected) > 1e-4


def test_nuisance_is_that_of_its_own_section(tmp_path):
    rng = np.random.default_rng(0)
    confounds = pd.DataFrame(
        {"csf": rng.normal(size=N_SCANS).cumsum(), "framewise_displacement": 0.1}
    )
    confounds.loc[[30, 31, 70], "framewise_displacement"] = 2.0
    run = write_run(tmp_path / "in", confounds=confounds.round(8))
    own = ConfoundsSpec(columns=("csf",), compcor_components=0, non_steady_state=False)
    spec = GppiSpec(confounds=own)
    results = compute(tmp_path / "out", run, gppi=spec)
    outliers = np.eye(N_SCANS)[:, [30, 31, 70]]
    nuisance = np.column_stack([confounds["csf"].round(8), outliers])
    expected = by_hand(results, regressors(blocks()), nuisance)
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)
    (names,) = results.sidecar("_gppi")["Confounds"]
    assert names[0] == "csf"
    assert len(names) == 4
    few = compute(tmp_path / "few", run, gppi=replace(spec, minimum_residual_df=200))
    reason = few.measures("gppi")["reason"].iloc[0]
    assert "fewer than 200: the band keeps 40 of 120 dimensions" in reason
    assert reason.endswith("; 3 of 120 volumes are outliers")
    # The GLM has none.
    assert results.run_facts()[0]["Confounds"] == []


def test_volumes_kept_are_those_of_the_own_section(tmp_path):
    confounds = pd.DataFrame({"framewise_displacement": np.full(N_SCANS, 0.1)})
    confounds.loc[[30, 31, 70], "framewise_displacement"] = 2.0
    own = ConfoundsSpec(columns=(), compcor_components=0, non_steady_state=False)
    run = write_run(tmp_path / "in", confounds=confounds)
    rows = compute(tmp_path / "out", run, gppi=GppiSpec(confounds=own)).measures("gppi")
    assert (rows["n_volumes_kept"] == N_SCANS - 3).all()


def test_conditions_of_several_trial_types_are_one_regressor(tmp_path):
    events = blocks(("a1", "b", "a2", "b"), number=14)
    task = replace(
        TASK, conditions=(ConditionSpec(name="a", trial_type=("a1", "a2")), ConditionSpec(name="b"))
    )
    results = compute(
        tmp_path / "out", write_run(tmp_path / "in", events=events), task=task, gppi=GPPI
    )
    joined = events.assign(trial_type=events["trial_type"].str[0])
    expected = by_hand(results, regressors(joined))
    assert results.directed("aGtB")["left", "right"] == pytest.approx(expected, abs=1e-7)


# As SPM ---------------------------------------------------------------------------------------

RESOLUTION = 16


def spm_response():
    """Return the canonical response on bins of an eighth of a second."""
    from scipy import stats

    time = np.arange(int(32 / T_R * RESOLUTION) + 1) * T_R / RESOLUTION
    response = stats.gamma.pdf(time, 6) - stats.gamma.pdf(time, 16) / 6
    return response / response.sum()


def spm_inputs(events, names):
    """Return events on the microtime grid: on in their bin and for their duration after it."""
    step = T_R / RESOLUTION
    level = np.zeros((N_SCANS * RESOLUTION, len(names)))
    for row in events.itertuples():
        first = round(row.onset / step)
        level[first : first + round(row.duration / step) + 1, names.index(row.trial_type)] += 1
    return level


def test_spm_by_its_equations(tmp_path):
    """Deconvolve, multiply, convolve, whiten and filter, and fit with the nuisance of the GLM."""
    events = blocks(first=5.0)
    run = write_run(tmp_path / "in", events=events, start_time=1.0)
    glm = replace(GLM, noise_model="spm", microtime_resolution=RESOLUTION, mask_threshold=None)
    spec = GppiSpec(method="spm", measure="regression", confounds=GPPI.confounds)
    results = compute(tmp_path / "out", run, glm=glm, gppi=spec)
    facts, design = results.sidecar("_design"), results.table("_design")
    covariance = np.tensordot(facts["Autocorrelation"], covariance_components(n_scans=N_SCANS), 1)
    whitening = whitening_matrix(covariance * N_SCANS / np.trace(covariance))
    drift = design.filter(like="drift_").to_numpy()
    drift = drift / np.linalg.norm(drift, axis=0)

    def filtered(columns):
        whitened = whitening @ columns
        return whitened - drift @ (drift.T @ whitened)

    response, names = spm_response(), ["a", "b"]
    assert facts["SamplingTime"] == 1.0
    bin_of_volume = np.arange(N_SCANS) * RESOLUTION + RESOLUTION // 2
    constant = filtered(np.ones((N_SCANS, 1)))
    confounds = np.column_stack([constant, drift])
    n_fine = N_SCANS * RESOLUTION + 128
    order = np.arange(n_fine)
    cosines = np.cos(np.pi * np.outer(2 * order + 1, np.arange(N_SCANS)) / (2 * n_fine))
    cosines /= np.linalg.norm(cosines, axis=0)
    convolved = np.apply_along_axis(lambda each: np.convolve(each, response)[:n_fine], 0, cosines)
    sampled = convolved[128 + np.arange(N_SCANS) * RESOLUTION]
    columns = np.column_stack([whitening @ sampled, confounds])
    small = 1e-6 + np.exp(-16)
    noise = 0.25 + small
    prior = (
        np.r_[
            np.full(N_SCANS, N_SCANS / np.trace(sampled.T @ sampled)),
            np.full(confounds.shape[1], 1e6),
        ]
        + small
    )
    inputs = spm_inputs(events, names)

    def activity(eigenvariate):
        weights = np.linalg.solve(
            columns.T @ columns / noise + np.diag(1 / prior), columns.T @ eigenvariate / noise
        )
        found = cosines[128:] @ weights[:N_SCANS]
        return found - found.mean()

    def sampled_response(level):
        return np.convolve(level, response)[bin_of_volume]

    eigenvariates = results.table("_desc-eigenvariate_timeseries")
    means = results.table("_atlas-three_timeseries")
    centred = inputs - inputs.mean(axis=0)
    tasks = np.apply_along_axis(sampled_response, 0, centred)
    for seed, target in (("left", "right"), ("front", "left")):
        neural = activity(eigenvariates[seed].to_numpy())
        products = np.apply_along_axis(sampled_response, 0, centred * neural[:, None])
        own = eigenvariates[seed].to_numpy()
        own = own - confounds @ np.linalg.lstsq(confounds, own, rcond=None)[0]
        model = filtered(np.column_stack([own, tasks, products, np.ones(N_SCANS)]))
        everything = np.column_stack([model, drift])
        found = np.linalg.lstsq(everything, filtered(means[[target]].to_numpy()), rcond=None)[0]
        expected = float(found[3, 0] - found[4, 0])
        value = results.directed("aGtB")[seed, target]
        # Means are taken besides: the whitened constant is nearly one.
        assert value == pytest.approx(expected, rel=1e-4, abs=1e-6)
