"""Equations of docs/methods in plain numbers, beside the functions that they name."""

import numpy as np
import pytest
from scipy import special, stats

from bids_ketamine.core.clinical.contingency import chi_square, fisher_exact
from bids_ketamine.core.clinical.sphericity import greenhouse_geisser_epsilon
from bids_ketamine.core.confounds import power_displacement
from bids_ketamine.core.connectivity.matrices import partial_correlation, pearson_correlation
from bids_ketamine.core.connectivity.residual_noise import parzen_window
from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.state_equation import state_derivative
from bids_ketamine.core.dcm.structure import DcmStructure, parameter_vector, unpack
from bids_ketamine.core.denoising import denoise_nonaggressively
from bids_ketamine.core.glm.convolution import microtime_input, sample_regressor
from bids_ketamine.core.glm.filtered_model import contrast_of, filter_design, fit_voxels
from bids_ketamine.core.glm.voxel_series import as_voxels
from bids_ketamine.core.group.t_tests import welch_t_test
from bids_ketamine.core.mixed.covariance import MixedData
from bids_ketamine.core.mixed.fit import fit_mixed_model
from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import estimate_peb
from bids_ketamine.core.peb.models import first_level_models
from bids_ketamine.core.peb.reduction import reduce_model
from bids_ketamine.core.peb.search import mixture
from bids_ketamine.core.prediction.elastic_net import elastic_net_at
from bids_ketamine.core.rsa.discriminant_contrast import discriminant_contrast
from bids_ketamine.core.rsa.noise_covariance import shrinkage_intensity
from bids_ketamine.core.rsa.pattern_weights import mean_weights
from bids_ketamine.core.smoothness import estimate_smoothness
from bids_ketamine.images.smoothing import gaussian_weights


def test_displacement():
    motion = np.random.default_rng(1).normal(size=(6, 6))
    change = np.abs(np.diff(motion, axis=0))
    expected = change[:, :3].sum(axis=1) + 50.0 * change[:, 3:].sum(axis=1)
    assert power_displacement(motion)[1:] == pytest.approx(expected)


def test_smoothing_and_smoothness():
    sigma = 6.0 / (2.0 * np.sqrt(8.0 * np.log(2.0)))
    k = np.arange(-5, 6)  # round(4 sigma)
    expected = np.exp(-(k**2) / (2.0 * sigma**2))
    assert gaussian_weights(sigma) == pytest.approx(expected / expected.sum())
    error = np.random.default_rng(2).normal(size=(5, 4, 3)).astype(np.float32)
    error -= error.mean()
    error[1:] += error[:-1] * 0.5
    error -= error.mean()
    r = (error[:-1] * error[1:]).sum() / (0.5 * (error[:-1] ** 2 + error[1:] ** 2).sum())
    found = estimate_smoothness(
        [error.ravel()], inside=np.ones(error.shape, bool), voxel_sizes=[2.0] * 3
    )
    assert found[0] == pytest.approx(2.0 * np.sqrt(-2.0 * np.log(2.0) / np.log(r)), rel=1e-4)


def test_components_without_aggression():
    source = np.random.default_rng(3)
    mixing, series = source.normal(size=(20, 3)), source.normal(size=(20, 2)) + 7.0
    centred = mixing - mixing.mean(axis=0)
    weights = np.linalg.pinv(centred) @ series
    expected = series - centred[:, [1]] @ weights[[1]]
    found = denoise_nonaggressively(series.copy(), mixing=mixing, noise=[1])
    assert found == pytest.approx(expected)


def test_input_and_drift():
    onsets, durations = np.array([1.0, 5.0]), np.array([2.0, 0.5])
    level = microtime_input(
        onsets=onsets, durations=durations, t_r=2.0, n_scans=5, microtime_resolution=16
    )
    u = np.zeros(80)
    u[8 : 8 + 16 + 1] += 1.0
    u[40 : 40 + 4 + 1] += 1.0
    assert level[32:] == pytest.approx(u)
    h = np.array([0.1, 0.5, 0.4])
    sampled = sample_regressor(level, h, n_scans=5, microtime_resolution=16, reference_bin=8)
    expected = [sum(h[k] * u[16 * j + 7 - k] for k in range(3)) for j in range(5)]
    assert sampled == pytest.approx(expected)
    n, period = 30, 20.0
    j, k = np.arange(n)[:, None], np.arange(1, int(2 * n * 2.0 / period) + 1)
    expected = np.sqrt(2.0 / n) * np.cos(np.pi * k * (2 * j + 1) / (2 * n))
    assert drift_basis(n_scans=n, t_r=2.0, high_pass_period=period) == pytest.approx(expected)


def test_estimates_and_contrasts():
    source = np.random.default_rng(4)
    n = 24
    x, y = np.column_stack([source.normal(size=(n, 2)), np.ones(n)]), source.normal(size=(n, 3))
    drift = drift_basis(n_scans=n, t_r=2.0, high_pass_period=30.0)
    v = 0.3 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    values, vectors = np.linalg.eigh(v * 1.1)
    w = (vectors / np.sqrt(values)) @ vectors.T
    filtered = np.eye(n) - drift @ drift.T
    a, vf = filtered @ w @ x, filtered @ w @ v @ w.T @ filtered
    plus = np.linalg.pinv(a)
    b, left = plus @ w @ y, np.eye(n) - a @ plus
    e, trace = left @ filtered @ w @ y, np.trace(left @ vf)
    sigma = (e**2).sum(axis=0) / trace
    covariance = plus @ vf @ plus.T
    model = filter_design(x, drift=drift, whitening=w, covariance=v)
    fit = fit_voxels(as_voxels(y), model)
    assert fit.estimates == pytest.approx(b)
    assert fit.residual_variance == pytest.approx(sigma)
    assert model.residual_df == pytest.approx(trace**2 / np.trace(left @ vf @ left @ vf))
    c = np.array([[1.0], [-1.0], [0.0]])
    contrast = contrast_of(fit, model, c)
    maps = type(contrast).combine([contrast], test="t")
    assert maps.statistic == pytest.approx(
        (c.T @ b)[0] / np.sqrt(sigma * (c.T @ covariance @ c)[0, 0])
    )
    several = np.eye(3)[:, :2]
    contrast = contrast_of(fit, model, several)
    maps = type(contrast).combine([contrast], test="F")
    g = several.T @ np.linalg.inv(a.T @ a) @ several
    s = np.linalg.inv(g) @ several.T @ covariance @ several
    top = np.einsum("iv,ij,jv->v", several.T @ b, np.linalg.inv(g), several.T @ b)
    assert maps.statistic == pytest.approx(top / (np.trace(s) * sigma))
    assert maps.effect_df == pytest.approx(np.trace(s) ** 2 / np.trace(s @ s))


def test_correlations_and_windows():
    series = np.random.default_rng(5).normal(size=(40, 4))
    r = np.corrcoef(series.T)
    assert pearson_correlation(series) == pytest.approx(r)
    p = np.linalg.inv(r)
    expected = -p[0, 1] / np.sqrt(p[0, 0] * p[1, 1])
    assert partial_correlation(r)[0, 1] == pytest.approx(expected)
    q = np.arange(6) / 6.0
    expected = np.where(q <= 0.5, 1 - 6 * q**2 + 6 * q**3, 2 * (1 - q) ** 3)
    assert parzen_window(5) == pytest.approx(expected)


def test_discriminant_contrast_and_shrinkage():
    source = np.random.default_rng(6)
    u = source.normal(size=(6, 5))  # a and b in three partitions
    d = u[::2] - u[1::2]
    expected = np.mean([d[m] @ np.delete(d, m, axis=0).mean(axis=0) / 5 for m in range(3)])
    weights = mean_weights(np.tile([1, 2], 3), np.repeat([1, 2, 3], 2), pair=(1, 2))
    assert float(discriminant_contrast(u, weights)) == pytest.approx(expected)
    r = source.normal(size=(12, 3)) @ np.array([[1.0, 1.2, 0.4], [0.0, 1.0, 0.7], [0.0, 0.0, 1.0]])
    r -= r.mean(axis=0)
    df = 9.0
    sample = r.T @ r / df
    variance = ((r**2).T @ r**2).sum() / df**2 - (sample**2).sum() / df
    expected = variance / ((sample**2).sum() - (np.diag(sample) ** 2).sum())
    assert 0.0 < expected < 1.0
    assert shrinkage_intensity(r, sample, df=df) == pytest.approx(expected)


def test_state_equation_and_priors():
    structure = DcmStructure(np.ones((2, 2)), np.ones((2, 2, 1)), np.ones((2, 1)))
    variances = np.diag(dcm_priors(structure).covariance)
    assert variances == pytest.approx([1 / 64] * 4 + [1.0] * 6 + [1 / 256] * 4)
    source = np.random.default_rng(7)
    a, b, c, transit = (
        source.normal(scale=0.3, size=shape) for shape in ((2, 2), (2, 2, 1), (2, 1), 2)
    )
    vector = parameter_vector(
        structure, connections=a, modulations=b, driving=c, transit=transit, decay=0.1
    )
    states, u = source.normal(scale=0.2, size=(2, 5)), np.array([1.0])
    coupling = a + b[..., 0]
    np.fill_diagonal(coupling, -0.5 * np.exp(np.diag(coupling)))
    z, s, f, v, q = states[:, 0], states[:, 1], *np.exp(states[:, 2:]).T
    tau = 2.0 * np.exp(transit)
    out = v ** (1 / 0.32)
    # The page has f, v and q; the states are their logarithms.
    expected = [
        coupling @ z + c[:, 0] / 16,
        z - 0.64 * np.exp(0.1) * s - 0.32 * (f - 1),
        s / f,
        (f - out) / tau / v,
        (f * (1 - 0.6 ** (1 / f)) / 0.4 - out * q / v) / tau / q,
    ]
    found = state_derivative(unpack(vector, structure), states, u)
    assert found == pytest.approx(np.column_stack(expected))


def test_reduction_and_average():
    source = np.random.default_rng(8)
    prior, data = np.diag([1.0, 2.0]), source.normal(size=(6, 2))
    taught = data.T @ data
    posterior = np.linalg.inv(np.linalg.inv(prior) + taught)
    eta, mu = np.zeros(2), posterior @ data.T @ source.normal(size=6)
    r, new = np.array([0.0, 0.3]), np.diag([0.5, 0.7])
    lq, lp = np.linalg.inv(posterior), np.linalg.inv(prior)
    k = lq @ (mu - r) - lp @ (eta - r)
    s = new @ np.linalg.inv(np.eye(2) + (lq - lp) @ new)
    logs = [np.linalg.slogdet(each)[1] for each in (lq, lp, np.eye(2) + (lq - lp) @ new)]
    change = (
        logs[0]
        - logs[1]
        - logs[2]
        - (mu - r) @ lq @ (mu - r)
        + (eta - r) @ lp @ (eta - r)
        + k @ s @ k
    )
    found = reduce_model(
        posterior_mean=mu, posterior_covariance=posterior, prior_mean=eta, prior_covariance=prior,
        reduced_mean=r, reduced_covariance=new,
    )  # fmt: skip
    assert float(found.free_energy_change) == pytest.approx(change / 2, rel=1e-6)
    assert found.mean == pytest.approx(r + s @ k, rel=1e-6)
    assert found.covariance == pytest.approx(s, rel=1e-6)
    mean, variance = mixture(
        np.array([0.25, 0.75]), np.array([[1.0], [3.0]]), np.array([[2.0], [1.0]])
    )
    assert (mean[0], variance[0]) == pytest.approx((2.5, 0.25 * (2 + 1.5**2) + 0.75 * (1 + 0.5**2)))


def test_priors_of_a_group():
    prior = np.diag([0.5, 1.0])
    models = first_level_models(
        posterior_mean=np.random.default_rng(9).normal(size=(5, 2)),
        posterior_covariance=[prior / 4] * 5,
        prior_mean=[np.array([0.1, 0.2])] * 5,
        prior_covariance=[prior] * 5,
        free_energy=np.zeros(5),
        parameters=["a", "b"],
        fields=["modulation"] * 2,
        labels=list("vwxyz"),
    )
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    design = group_design({"mean": np.ones(5), "improvement": x}, rows=list("vwxyz"))
    found = estimate_peb(models, design=design, fields=None, precision_components="single")
    assert found.prior_mean == pytest.approx([0.1, 0.2, 0.0, 0.0])
    expected = [*(np.diag(prior) * 5 / 5), *(np.diag(prior) * 5 / (x**2).sum())]
    assert np.diag(found.prior_covariance) == pytest.approx(expected)
    # The covariance between models at the log precision where it was evaluated.
    precision = (np.exp(-8.0) + np.exp(found.state.log_precision[0])) * 16.0 * np.linalg.inv(prior)
    assert found.between_covariance == pytest.approx(np.linalg.inv(precision))


def test_elastic_net():
    source = np.random.default_rng(10)
    x, n = source.normal(size=(12, 3)) * [1.0, 3.0, 0.2] + 4.0, 12
    y = x @ [1.0, -0.5, 0.0] + source.normal(size=n)
    alpha, penalty = 0.4, 0.3
    fit = elastic_net_at(design=x, outcome=y, l1_ratio=alpha, penalties=[penalty])
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    b = fit.slopes[0] * x.std(axis=0)
    left = y - y.mean() - z @ b
    # At the minimum the slope of the smooth part is the l1 part's.
    slope = z.T @ left / n - penalty * (1 - alpha) / y.std() * b
    kept = b != 0.0
    assert kept.any()
    assert slope[kept] == pytest.approx(penalty * alpha * np.sign(b[kept]))
    assert (np.abs(slope[~kept]) <= penalty * alpha).all()


def test_tests_of_counts_and_means():
    table = np.array([[4, 7], [8, 2]])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    corrected = ((np.abs(table - expected) - 0.5) ** 2 / expected).sum()
    assert chi_square(table, yates=True).statistic == pytest.approx(corrected)
    x = np.arange(2, 12)  # what the first cell can be, given 11, 10, 12 and 9
    chance = special.comb(11, x) * special.comb(10, 12 - x) / special.comb(21, 12)
    assert fisher_exact(table).p_value == pytest.approx(
        chance[chance <= chance[x == 4] * 1.0000001].sum()
    )
    one, two = np.array([4.0, 6.0, 9.0]), np.array([1.0, 2.0, 3.0, 2.5])
    v, n = np.array([one.var(ddof=1) / 3, two.var(ddof=1) / 4]), np.array([3, 4])
    nu = v.sum() ** 2 / (v**2 / (n - 1)).sum()
    found = welch_t_test(first=one, second=two, confidence_level=0.95)
    t = (one.mean() - two.mean()) / np.sqrt(v.sum())
    assert (float(found.statistic), float(found.df)) == pytest.approx((t, nu))
    assert float(found.p_value) == pytest.approx(2 * stats.t.sf(abs(t), nu))
    pooled = np.sqrt((2 * one.var(ddof=1) + 3 * two.var(ddof=1)) / 5)
    j = special.gamma(2.5) / (np.sqrt(2.5) * special.gamma(2.0))
    assert float(found.effect_size) == pytest.approx(j * (one.mean() - two.mean()) / pooled)
    e = np.array([[3.0, 1.0], [1.0, 2.0]])
    assert greenhouse_geisser_epsilon(e) == pytest.approx(np.trace(e) ** 2 / (2 * np.trace(e @ e)))


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_likelihood_of_mixed_models(method):
    source = np.random.default_rng(11)
    who = np.repeat(np.arange(8), 2)
    x = np.column_stack([np.ones(16), np.tile([-0.5, 0.5], 8)])
    y = x @ [5.0, 1.0] + source.normal(size=8)[who] + source.normal(scale=0.5, size=16)
    fit = fit_mixed_model(
        MixedData(values=y, design=x, random_design=np.ones((16, 1)), participants=who),
        method=method,
    )
    v = np.eye(16) + fit.factor[0, 0] ** 2 * (who[:, None] == who)
    information = x.T @ np.linalg.inv(v) @ x
    b = np.linalg.solve(information, x.T @ np.linalg.solve(v, y))
    r2 = (y - x @ b) @ np.linalg.solve(v, y - x @ b)
    m = 16 - 2 * (method == "reml")
    deviance = np.linalg.slogdet(v)[1] + m * (1 + np.log(2 * np.pi * r2 / m))
    deviance += np.linalg.slogdet(information)[1] * (method == "reml")
    assert fit.estimates == pytest.approx(b)
    assert fit.residual_variance == pytest.approx(r2 / m)
    assert fit.deviance == pytest.approx(deviance)
    assert fit.bic == pytest.approx(deviance + 4 * np.log(m))
