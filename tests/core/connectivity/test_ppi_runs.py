"""A run's series made ready: CONN's results, one big regression, planted effects, errors."""

import numpy as np
import pytest
from scipy import signal

from bids_ketamine.core.connectivity.interaction_model import PpiRun
from bids_ketamine.core.connectivity.ppi_runs import conn_run, joint_run, selected, spm_run
from bids_ketamine.core.connectivity.task_cleaning import temporal_derivative
from bids_ketamine.core.cosines import cosine_basis, drift_basis
from bids_ketamine.core.glm.autocorrelation import whitening_matrix
from bids_ketamine.core.glm.filtered_model import adjusted_series, filter_design
from bids_ketamine.core.glm.haemodynamic_response import canonical_response
from tests.core.connectivity.task_series import REFERENCE, block_regressors, estimated

BAND = (0.008, 0.09)
DIFFERENCE = [[1, 0], [0, 1], [1, -1]]


def made(route, series, regressors, nuisance=None, band_pass=BAND, t_r=2.0):
    nuisance = np.empty((len(series), 0)) if nuisance is None else nuisance
    return route(series, regressors=regressors, nuisance=nuisance, t_r=t_r, band_pass=band_pass)


def residuals_of(series, model):
    return series - model @ np.linalg.lstsq(model, series, rcond=None)[0]


def surroundings(regressors, nuisance, band_pass, t_r=2.0):
    """Return the columns that `joint` fits besides regressors and interactions."""
    n_scans = len(regressors)
    basis, frequencies = cosine_basis(n_scans, t_r)
    trend = np.linspace(-1.0, 1.0, n_scans)
    columns = [np.ones(n_scans), trend, nuisance, temporal_derivative(regressors)]
    if band_pass is not None:
        low, high = band_pass
        outside = (frequencies < low) | (frequencies >= (np.inf if high is None else high))
        columns.append(basis[:, outside])
    return np.column_stack(columns)


# As CONN --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "high"), [("bp", 0.09), ("hp", None)])
@pytest.mark.parametrize(("measure", "number"), [("correlation", 1), ("regression", 3)])
def test_conn_from_raw_series_to_its_results(name, high, measure, number):
    with np.load(REFERENCE / "conn_faces_shapes.npz") as stored:
        motion = stored["motion"]
        nuisance = np.column_stack(
            [stored["wm"], stored["csf"], motion, temporal_derivative(motion), stored["scrub"]]
        )
        run = made(conn_run, stored["raw"], stored["weights"], nuisance, (0.008, high))
        expected = stored[f"Z_{name}_mod1_meas{number}"]
    found = estimated(run, effects=DIFFERENCE, measure=measure, noise_reach=30)
    np.testing.assert_allclose(found.value[..., :2], expected, atol=1e-9)
    difference = expected[..., 0] - expected[..., 1]
    np.testing.assert_allclose(found.value[..., 2], difference, atol=1e-9)


# Joint ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("band_pass", [BAND, (0.01, None), None])
@pytest.mark.parametrize("t_r", [2.0, 0.72])
def test_joint_is_one_regression_on_everything(band_pass, t_r):
    rng = np.random.default_rng(0)
    n_scans = 400 if t_r < 1 else 180
    series = rng.normal(size=(n_scans, 3)) + 50.0
    regressors = block_regressors(n_scans, t_r=t_r)
    nuisance = rng.normal(size=(n_scans, 7)).cumsum(axis=0)
    run = made(joint_run, series, regressors, nuisance, band_pass, t_r)
    found = estimated(run, effects=DIFFERENCE)
    around = np.column_stack([surroundings(regressors, nuisance, band_pass, t_r), regressors])
    around /= np.linalg.norm(around, axis=0)
    cleaned = residuals_of(residuals_of(series, around), around)
    for seed, target in ((0, 1), (2, 0)):
        products = cleaned[:, [seed]] * regressors
        model = np.column_stack([around, cleaned[:, seed], products])
        size = np.linalg.norm(model, axis=0)
        coefficients = np.linalg.lstsq(model / size, series[:, target], rcond=1e-12)[0] / size
        first, second = coefficients[-2:]
        np.testing.assert_allclose(
            found.value[seed, target], [first, second, first - second], atol=1e-9
        )


def test_joint_recovers_a_planted_difference_without_noise():
    rng = np.random.default_rng(1)
    regressors, nuisance = block_regressors(200), rng.normal(size=(200, 6))
    around = np.column_stack([surroundings(regressors, nuisance, BAND), regressors])
    seed = rng.normal(size=200)
    clean = residuals_of(seed, around)
    target = 0.3 * clean + (clean[:, None] * regressors) @ [0.7, 0.2]
    target += around @ rng.normal(size=around.shape[1])  # all that is taken out
    run = made(joint_run, np.column_stack([seed, target]), regressors, nuisance)
    found = estimated(run, effects=DIFFERENCE)
    np.testing.assert_allclose(found.value[0, 1], [0.7, 0.2, 0.5], atol=1e-9)


def test_joint_counts_what_is_left():
    rng = np.random.default_rng(2)
    regressors, nuisance = block_regressors(200), rng.normal(size=(200, 6))
    run = made(joint_run, rng.normal(size=(200, 2)), regressors, nuisance)
    model = surroundings(regressors, nuisance, BAND)
    assert run.residual_df == 200 - np.linalg.matrix_rank(model / np.linalg.norm(model, axis=0))
    assert run.filtered_df == 65.0  # cosines 7 to 71 of 1 / 800 Hz
    assert made(joint_run, run.seeds, regressors, nuisance, None).filtered_df == 199.0


def test_the_mean_is_not_among_what_the_filter_leaves():
    rng = np.random.default_rng(3)
    run = made(joint_run, rng.normal(size=(200, 2)), block_regressors(200), None, (0.0, 0.09))
    assert run.filtered_df == 71.0


@pytest.mark.parametrize("measure", ["regression", "correlation"])
@pytest.mark.parametrize(
    ("route", "band_pass"), [(joint_run, BAND), (joint_run, None), (conn_run, None)]
)
def test_a_condition_of_which_all_volumes_are_left_out_has_no_value(route, measure, band_pass):
    rng = np.random.default_rng(4)
    short = np.zeros(200)
    short[100:106] = [0.2, 0.8, 1.0, 1.0, 0.7, 0.3]
    regressors = np.column_stack([block_regressors(200, n_conditions=1), short])
    outliers = np.eye(200)[:, 100:106]
    run = made(route, rng.normal(size=(200, 2)), regressors, outliers, band_pass)
    found = estimated(run, effects=DIFFERENCE, measure=measure)
    assert np.isnan(found.value[0, 1, 1:]).all()
    assert np.isfinite(found.value[0, 1, 0])


@pytest.mark.parametrize("route", [conn_run, joint_run])
def test_a_condition_without_events_changes_nothing_for_the_others(route):
    rng = np.random.default_rng(5)
    series, regressors = rng.normal(size=(200, 3)), block_regressors(200)
    empty = np.column_stack([regressors, np.zeros(200)])
    found = estimated(made(route, series, empty), measure="correlation", noise_reach=10)
    present = estimated(made(route, series, regressors), measure="correlation", noise_reach=10)
    np.testing.assert_allclose(found.value[..., :2], present.value, atol=1e-10)
    np.testing.assert_allclose(found.standard_error[..., :2], present.standard_error, atol=1e-10)
    assert np.isnan(found.value[..., 2]).all()


# Both -----------------------------------------------------------------------------------------


def pairs_of(run):
    """Return runs of two regions each: 0 and 1, 2 and 3, ..."""
    return [selected(run, [first, first + 1]) for first in range(0, run.targets.shape[1], 2)]


def test_what_conn_leaves_uncleaned_makes_its_coefficients_smaller():
    rng = np.random.default_rng(6)
    regressors, nuisance = block_regressors(200), 0.2 * rng.normal(size=(200, 12)).cumsum(axis=0)
    seeds = rng.normal(size=(200, 60))
    targets = seeds * (0.3 + 0.6 * regressors[:, [0]]) + 0.3 * rng.normal(size=(200, 60))
    series = np.stack([seeds, targets], axis=2).reshape(200, 120)
    found = {
        route: [
            estimated(pair, effects=DIFFERENCE).value[0, 1, 2]
            for pair in pairs_of(made(route, series, regressors, nuisance))
        ]
        for route in (conn_run, joint_run)
    }
    # Planted: 0.6. Standard errors of these means: 0.013 and 0.02.
    assert np.mean(found[conn_run]) == pytest.approx(0.42, abs=0.05)
    assert np.mean(found[joint_run]) == pytest.approx(0.60, abs=0.05)


@pytest.mark.parametrize("route", [conn_run, joint_run])
@pytest.mark.parametrize("measure", ["regression", "correlation"])
def test_a_region_that_is_scaled_and_shifted(route, measure):
    rng = np.random.default_rng(7)
    series, regressors = rng.normal(size=(150, 2)), block_regressors(150)
    nuisance = rng.normal(size=(150, 4))
    first = estimated(made(route, series, regressors, nuisance), measure=measure, noise_reach=5)
    moved = series * [1.0, 250.0] + [4000.0, -3.0] + nuisance[:, [0]]
    second = estimated(made(route, moved, regressors, nuisance), measure=measure, noise_reach=5)
    scale = 250.0 if measure == "regression" else 1.0
    np.testing.assert_allclose(second.value[0, 1], scale * first.value[0, 1], rtol=1e-7)
    np.testing.assert_allclose(
        second.standard_error[0, 1], scale * first.standard_error[0, 1], rtol=1e-7
    )


@pytest.mark.parametrize("route", [conn_run, joint_run])
def test_the_task_response_that_regions_share_is_no_interaction(route):
    rng = np.random.default_rng(8)
    series, regressors = rng.normal(size=(200, 2)), block_regressors(200)
    shared = 30.0 * regressors @ [[1.0, 2.0], [-1.0, 0.5]]
    shared += 5.0 * temporal_derivative(regressors) @ [[1.0, 1.0], [0.0, 2.0]]
    alone = estimated(made(route, series, regressors))
    together = estimated(made(route, series + shared, regressors))
    np.testing.assert_allclose(together.value[0, 1], alone.value[0, 1], atol=1e-10)


def test_selected_regions_have_the_values_that_they_have_among_all():
    rng = np.random.default_rng(9)
    run = made(conn_run, rng.normal(size=(150, 5)), block_regressors(150))
    found = estimated(run, measure="correlation", noise_reach=10)
    some = estimated(selected(run, [3, 1]), measure="correlation", noise_reach=10)
    for one, other in zip(found[:4], some[:4], strict=True):
        np.testing.assert_allclose(other, one[np.ix_([3, 1], [3, 1])], atol=1e-11)


@pytest.mark.parametrize(
    ("route", "measure"), [(conn_run, "correlation"), (joint_run, "regression")]
)
def test_standard_errors_are_the_deviation_of_estimates(route, measure):
    rng = np.random.default_rng(10)
    regressors = block_regressors(180)
    nuisance = 0.1 * rng.normal(size=(180, 8)).cumsum(axis=0)
    drawn = rng.normal(size=(180, 200, 2)) + 0.6 * rng.normal(size=(180, 200, 1))
    run = made(route, drawn.reshape(180, 400), regressors, nuisance)
    found = [
        estimated(pair, effects=[[1, -1]], measure=measure, noise_reach=30)
        for pair in pairs_of(run)
    ]
    values = np.array([[each.value[0, 1, 0], each.value[1, 0, 0]] for each in found])
    errors = np.array(
        [[each.standard_error[0, 1, 0], each.standard_error[1, 0, 0]] for each in found]
    )
    assert 0.9 < values.std() / errors.mean() < 1.12
    assert np.abs(values.mean()) < 3 * values.std() / np.sqrt(200)
    mean = np.array([each.mean[0, 1, 0] for each in found])
    mean_error = np.array([each.mean_standard_error[0, 1, 0] for each in found])
    assert 0.88 < mean.std() / mean_error.mean() < 1.15


# As SPM ---------------------------------------------------------------------------------------

T_R, RESOLUTION, STEP = 2.0, 16, 0.125
RESPONSE = canonical_response(interval=STEP, length=32.0)


def inputs_of_blocks(n_scans):
    inputs = np.zeros((n_scans * RESOLUTION, 2))
    for condition in range(2):
        for start in range(condition * 192, len(inputs) - 144, 384):
            inputs[start : start + 144, condition] = 1.0
    return inputs


def sampled(activity):
    return signal.fftconvolve(activity, RESPONSE[:, None], axes=0)[7 : len(activity) : RESOLUTION]


def neural_series(rng, inputs, effects, *, n_pairs):
    """Return BOLD of seeds, and of targets whose activity hangs on them more in some blocks."""
    kernel = signal.windows.gaussian(193, 24)  # 3 s
    noise = rng.normal(size=(len(inputs) + 192, n_pairs))
    seeds = signal.fftconvolve(noise, kernel[:, None], axes=0, mode="valid")
    seeds /= seeds.std(axis=0)
    targets = (0.3 + inputs @ np.array(effects))[:, None] * seeds
    series = sampled(np.stack([seeds, targets], axis=2).reshape(len(inputs), -1))
    return series + 0.1 * series.std(axis=0) * rng.normal(size=series.shape)


def spm_made(series, inputs, nuisance, *, autocorrelation=0.0) -> tuple[PpiRun, object]:
    n_scans = len(series)
    lag = np.abs(np.subtract.outer(np.arange(n_scans), np.arange(n_scans)))
    covariance = autocorrelation**lag
    model = filter_design(
        np.column_stack([sampled(inputs), nuisance]),
        drift=drift_basis(n_scans=n_scans, t_r=T_R, high_pass_period=128.0),
        whitening=whitening_matrix(covariance) if autocorrelation else np.eye(n_scans),
        covariance=covariance,
    )
    run = spm_run(
        series,
        adjusted_series(series, model, kept=[0, 1]),
        inputs=inputs,
        nuisance=nuisance,
        model=model,
        microtime_step=STEP,
        reference_bin=8,
    )
    return run, model


@pytest.mark.parametrize("autocorrelation", [0.0, 0.4])
def test_spm_filters_everything_and_fits_it_with_nuisance(autocorrelation):
    rng = np.random.default_rng(11)
    series, inputs = rng.normal(size=(160, 3)) + 100.0, inputs_of_blocks(160)
    nuisance = np.column_stack([rng.normal(size=(160, 4)), np.ones(160)])
    run, model = spm_made(series, inputs, nuisance, autocorrelation=autocorrelation)
    shapes = [run.targets.shape, run.seeds.shape, run.conditions.shape, run.interactions.shape]
    assert shapes == [(160, 3), (160, 3), (160, 2), (160, 3, 2)]
    assert (run.filtered_df, run.residual_df) == (155.0, 150.0)  # 5 cosines, 5 of nuisance
    np.testing.assert_allclose(model.filter(nuisance).T @ run.targets, 0.0, atol=1e-9)
    found = estimated(run)
    filtered = model.filter(series)
    for seed, target in ((0, 1), (2, 1)):
        own = np.column_stack([run.seeds[:, seed], run.conditions, run.interactions[:, seed]])
        everything = np.column_stack([own, model.filter(nuisance), model.drift])
        coefficients = np.linalg.lstsq(everything, filtered[:, target], rcond=None)[0]
        # A mean is taken besides: the whitened constant is not quite one.
        np.testing.assert_allclose(
            found.value[seed, target], coefficients[3:5], rtol=0.01, atol=1e-4
        )


def test_spm_finds_an_interaction_of_neural_activity():
    rng = np.random.default_rng(12)
    inputs = inputs_of_blocks(200)
    for effects in ((0.8, 0.2), (0.2, 0.8), (0.5, 0.5)):
        series = neural_series(rng, inputs, effects, n_pairs=20)
        run, _ = spm_made(series, inputs, np.ones((200, 1)))
        found = [estimated(each, effects=DIFFERENCE, noise_reach=30) for each in pairs_of(run)]
        values = np.array([each.value[0, 1] for each in found])
        # Deconvolution makes activity a tenth smaller, coefficients larger; the deviation of a
        # single estimate is about 0.08.
        planted = effects[0] - effects[1]
        assert values.mean(axis=0) == pytest.approx([*effects, planted], abs=0.08)
        assert np.all(values[:, 2] * planted >= 0.0)
        assert np.max([each.variance_inflation[0] for each in found]) < 5.0
