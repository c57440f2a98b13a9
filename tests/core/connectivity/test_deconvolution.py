"""Neural activity from BOLD series, and interactions formed of it."""

import numpy as np
from scipy import signal

from bids_ketamine.core.connectivity.deconvolution import (
    adjusted_for,
    convolved_inputs,
    convolved_interactions,
    deconvolve,
    neural_basis,
)
from bids_ketamine.core.glm.haemodynamic_response import canonical_response
from tests.core.connectivity.task_series import REFERENCE

T_R, RESOLUTION, N_SCANS = 2.0, 16, 120
STEP = T_R / RESOLUTION
RESPONSE = canonical_response(interval=STEP, length=32.0)
BASIS = neural_basis(RESPONSE, n_scans=N_SCANS, microtime_resolution=RESOLUTION)
CONSTANT = np.full((N_SCANS, 1), 1.0 / np.sqrt(N_SCANS))


def smooth_activity(rng, n_series):
    """Return activity smoothed by a Gaussian of 3 s, of variance one."""
    width = 3.0 / STEP
    kernel = signal.windows.gaussian(int(8 * width) | 1, width)
    noise = rng.normal(size=(N_SCANS * RESOLUTION + len(kernel), n_series))
    smooth = signal.fftconvolve(noise, kernel[:, None], axes=0, mode="valid")
    smooth = smooth[: N_SCANS * RESOLUTION]
    return smooth / smooth.std(axis=0)


def bold(activity):
    return signal.fftconvolve(activity, RESPONSE[:, None], axes=0)[: len(activity) : RESOLUTION]


def test_basis_is_of_orthonormal_cosines_that_reach_before_the_run():
    n_scans, resolution, lead_in = 12, 4, 128
    basis = neural_basis(
        canonical_response(interval=0.5, length=32.0),
        n_scans=n_scans,
        microtime_resolution=resolution,
        lead_in_bins=lead_in,
    )
    n_bins = n_scans * resolution + lead_in
    time = (np.arange(n_bins) + 0.5) / n_bins
    cosines = np.column_stack([np.cos(np.pi * k * time) for k in range(n_scans)])
    cosines /= np.linalg.norm(cosines, axis=0)
    np.testing.assert_allclose(basis.activity, cosines[lead_in:], atol=1e-14)
    response = canonical_response(interval=0.5, length=32.0)
    for column, series in zip(cosines.T, basis.response.T, strict=True):
        convolved = np.convolve(column, response)[lead_in:n_bins:resolution]
        np.testing.assert_allclose(series, convolved, atol=1e-13)


def test_activity_is_the_ridge_regression_of_the_stated_variances():
    rng = np.random.default_rng(0)
    whitening = np.eye(N_SCANS) + np.diag(np.full(N_SCANS - 1, -0.2), 1)
    confounds = np.column_stack([CONSTANT, rng.normal(size=(N_SCANS, 2)) * 0.1])
    series = rng.normal(size=(N_SCANS, 3))
    found = deconvolve(series, basis=BASIS, whitening=whitening, confounds=confounds)
    # The same as least squares with a row for each prior.
    prior = np.concatenate([np.full(N_SCANS, N_SCANS / np.sum(BASIS.response**2)), np.full(3, 1e6)])
    design = np.column_stack([whitening @ BASIS.response, confounds])
    rows = np.vstack([design / np.sqrt(0.25), np.diag(1.0 / np.sqrt(prior))])
    wanted = np.vstack([series / np.sqrt(0.25), np.zeros((len(prior), 3))])
    coefficients = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    activity = BASIS.activity @ coefficients[:N_SCANS]
    activity -= activity.mean(axis=0)
    # Apart from the small constants that SPM adds.
    assert np.abs(found - activity).max() < 1e-4 * np.abs(activity).max()


def test_smooth_activity_comes_back_from_a_series_without_noise():
    activity = smooth_activity(np.random.default_rng(1), 20)
    found = deconvolve(bold(activity), basis=BASIS, whitening=np.eye(N_SCANS), confounds=CONSTANT)
    # The last 12 s have had no time to show in the series.
    found, activity = found[:-96] - found[:-96].mean(axis=0), activity[:-96]
    centred = activity - activity.mean(axis=0)
    r = np.sum(found * centred, axis=0)
    r /= np.linalg.norm(found, axis=0) * np.linalg.norm(centred, axis=0)
    assert r.min() > 0.97
    # The prior draws it towards zero by about a tenth.
    scale = np.sum(found * centred, axis=0) / np.sum(centred**2, axis=0)
    assert 0.8 < scale.min() < scale.max() < 1.0


def test_deconvolution_is_linear_and_gives_no_activity_for_confounds():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, N_SCANS, 1))
    drift = np.linspace(-1.0, 1.0, N_SCANS)[:, None]
    settings = {
        "basis": BASIS,
        "whitening": np.eye(N_SCANS),
        "confounds": np.column_stack([CONSTANT, drift]),
    }
    found = deconvolve(np.column_stack([first, second, 3 * first - second]), **settings)
    np.testing.assert_allclose(found[:, 2], 3 * found[:, 0] - found[:, 1], atol=1e-9)
    flat = deconvolve(5.0 + 40.0 * drift, **settings)
    assert np.abs(flat).max() < 1e-3 * np.abs(found[:, 0]).max()
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-12)


def test_adjustment_takes_the_projection_on_confounds():
    rng = np.random.default_rng(3)
    series, confounds = rng.normal(size=(40, 2)), rng.normal(size=(40, 3))
    rest = adjusted_for(series, confounds)
    np.testing.assert_allclose(confounds.T @ rest, 0.0, atol=1e-12)
    np.testing.assert_allclose(adjusted_for(series + confounds @ np.ones((3, 2)), confounds), rest)


def test_an_interaction_without_response_is_the_product_with_a_centred_input():
    rng = np.random.default_rng(4)
    activity = rng.normal(size=(40, 2))
    inputs = np.column_stack([np.repeat([0.0, 1.0, 0.0, 1.0], 10), rng.normal(size=40)])
    for reference_bin in (1, 3, 4):
        found = convolved_interactions(
            activity, inputs, np.ones(1), microtime_resolution=4, reference_bin=reference_bin
        )
        products = activity[:, :, None] * (inputs - inputs.mean(axis=0))[:, None, :]
        sampled = products[reference_bin - 1 :: 4]
        np.testing.assert_allclose(found, sampled - sampled.mean(axis=0), atol=1e-13)


def test_interactions_do_not_depend_on_the_level_of_the_input():
    rng = np.random.default_rng(5)
    activity, inputs = rng.normal(size=(N_SCANS * RESOLUTION, 1)), np.zeros((1920, 1))
    inputs[300:700] = inputs[1100:1500] = 1.0
    sampling = {"microtime_resolution": RESOLUTION, "reference_bin": 8}
    found = convolved_interactions(activity, inputs, RESPONSE, **sampling)
    np.testing.assert_allclose(
        convolved_interactions(activity, inputs - 4.0, RESPONSE, **sampling), found, atol=1e-12
    )
    # The response begins with the run: the sum of the centred input before does not count.
    convolved = np.convolve(inputs[:, 0] - inputs.mean(), RESPONSE)[7:1920:16]
    np.testing.assert_allclose(
        convolved_inputs(inputs, RESPONSE, **sampling)[:, 0], convolved, atol=1e-12
    )


def test_activity_and_interactions_are_those_of_spm():
    with np.load(REFERENCE / "spm_ppi_face.npz") as stored:
        series, response = stored["seed_u"].reshape(-1, 1), stored["hrf"].ravel()
        basis = neural_basis(response, n_scans=len(series), microtime_resolution=RESOLUTION)
        activity = deconvolve(
            series, basis=basis, whitening=stored["W"], confounds=stored["seed_X0"]
        )
        np.testing.assert_allclose(activity[:, 0], stored["xn_1"].ravel(), atol=1e-9)
        sampling = {"microtime_resolution": RESOLUTION, "reference_bin": 8}
        for contrast in ("1", "2"):
            weighted = stored[f"psyu_{contrast}"] @ stored[f"psyw_{contrast}"].reshape(-1, 1)
            found = convolved_interactions(activity, weighted, response, **sampling)
            np.testing.assert_allclose(found[:, 0, 0], stored[f"ppi_{contrast}"].ravel(), atol=1e-9)
            np.testing.assert_allclose(
                convolved_inputs(weighted, response, **sampling)[:, 0],
                stored[f"P_{contrast}"].ravel(),
                atol=1e-9,
            )
