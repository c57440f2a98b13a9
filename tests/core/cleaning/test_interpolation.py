"""Filling of censored volumes: what is exact, what is bounded, and which way is nearer."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from bids_ketamine.core.cleaning.interpolation import interpolation_matrix
from bids_ketamine.core.cosines import cosine_basis

T_R, HIGH = 2.0, 0.08


def scattered(n_scans=180, step=7):
    kept = np.ones(n_scans, dtype=bool)
    kept[3::step] = False
    kept[-1] = True
    return kept


def fill(kept, values, method):
    matrix = interpolation_matrix(kept, method=method, t_r=T_R, highest_frequency=HIGH)
    return matrix @ values[kept]


def test_a_signal_of_the_passband_is_filled_in_exactly():
    kept = scattered()
    basis, frequencies = cosine_basis(180, T_R)
    rng = np.random.default_rng(0)
    slow = basis[:, frequencies <= HIGH]
    values = 1000.0 + 50 * slow @ rng.normal(size=(slow.shape[1], 5))
    np.testing.assert_allclose(fill(kept, values, "spectral"), values, atol=1e-10)
    # Straight lines miss it by much more.
    assert np.abs(fill(kept, values, "linear") - values).max() > 0.1


def test_well_seen_patterns_are_fitted_by_least_squares():
    kept = scattered()
    basis, frequencies = cosine_basis(180, T_R)
    slow = basis[:, frequencies <= HIGH]
    values = np.random.default_rng(1).normal(size=(180, 3))
    values -= values[kept].mean(axis=0)
    beta, *_ = np.linalg.lstsq(slow[kept], values[kept], rcond=None)
    assert np.linalg.svd(slow[kept], compute_uv=False).min() ** 2 > 0.5
    found = fill(kept, values, "spectral")
    # The mean of kept volumes is kept exactly; the fit's own constant differs by nothing here.
    np.testing.assert_allclose(found[~kept], (slow @ beta)[~kept], atol=1e-10)
    assert np.array_equal(found[kept], values[kept])


@pytest.mark.parametrize("method", ["spectral", "linear"])
def test_kept_volumes_and_constants_stay(method):
    rng = np.random.default_rng(2)
    kept = rng.random(100) > 0.3
    kept[[0, -1]] = True
    values = rng.normal(size=(100, 2))
    assert np.array_equal(fill(kept, values, method)[kept], values[kept])
    constant = np.full((100, 1), 12345.0)
    np.testing.assert_allclose(fill(kept, constant, method), constant, rtol=1e-12)


def test_lines_are_those_of_numpy():
    rng = np.random.default_rng(3)
    kept = rng.random(60) > 0.5
    kept[[0, -1]] = True
    values = rng.normal(size=60)
    found = fill(kept, values[:, None], "linear")[:, 0]
    time = np.arange(60)
    np.testing.assert_allclose(found, np.interp(time, time[kept], values[kept]), atol=1e-14)


def test_a_long_gap_does_not_blow_up():
    kept = np.ones(180, dtype=bool)
    kept[60:90] = False  # a minute: least squares over all patterns would be at 1e8
    values = np.random.default_rng(4).normal(size=(180, 20))
    basis, frequencies = cosine_basis(180, T_R)
    slow = basis[:, frequencies <= HIGH]
    plain = slow @ np.linalg.lstsq(slow[kept], values[kept], rcond=None)[0]
    assert np.abs(plain[~kept]).max() > 1e3
    filled = fill(kept, values, "spectral")
    assert np.abs(filled[~kept]).max() < 3.0
    # Far from its ends the gap has the mean of the kept volumes.
    np.testing.assert_allclose(filled[70:80], values[kept].mean(axis=0)[None].repeat(10, 0), atol=1)


def test_no_gap_needs_no_filling():
    for method in ("spectral", "linear"):
        matrix = interpolation_matrix(
            np.ones(20, dtype=bool), method=method, t_r=T_R, highest_frequency=HIGH
        )
        assert np.array_equal(matrix, np.eye(20))


def test_without_an_upper_frequency_gaps_get_the_mean():
    kept = scattered(60)
    values = np.random.default_rng(5).normal(10.0, 1.0, size=(60, 2))
    matrix = interpolation_matrix(kept, method="spectral", t_r=T_R, highest_frequency=np.inf)
    expected = np.broadcast_to(values[kept].mean(axis=0), ((~kept).sum(), 2))
    np.testing.assert_allclose((matrix @ values[kept])[~kept], expected, atol=1e-10)


def test_gaps_at_the_ends_and_unknown_ways_are_refused():
    for kept in ([False, True, True], [True, True, False], []):
        with pytest.raises(ValueError, match="first and last volume"):
            fill(np.array(kept, dtype=bool), np.zeros((len(kept), 1)), "linear")
    with pytest.raises(ValueError, match="spectral or linear, got 'cubic'"):
        fill(np.ones(3, dtype=bool), np.zeros((3, 1)), "cubic")


def mathias(time, known, values):
    """Fill in as Power et al. (2014): each frequency by itself, then one scale a series."""
    span = known[-1] - known[0]
    omega = 2 * np.pi * np.arange(1, 4 * len(known) + 1) / (8 * span)
    both = 2 * np.outer(omega, known)
    lag = np.arctan2(np.sin(both).sum(1), np.cos(both).sum(1)) / (2 * omega)
    total = np.zeros((len(time), values.shape[1]))
    for wave in (np.cos, np.sin):
        seen = wave(omega[:, None] * (known - lag[:, None]))
        share = (seen @ values) / (seen**2).sum(axis=1, keepdims=True)
        total += wave(omega[:, None] * (time - lag[:, None])).T @ share
    return total * values.std(axis=0) / total.std(axis=0)


def errors_at_kept_volumes(*, noise, censored, row, n_runs=30, n_series=10):
    """Error of the filtered kept volumes over their deviation, by way of filling in."""
    rng = np.random.default_rng(6)
    found = {name: [] for name in ("zeros", "mathias", "cubic", "spectral", "linear")}
    frequencies = cosine_basis(180, T_R)[1]
    size = 1 / np.maximum(frequencies, 0.01)
    size *= np.where(frequencies > 0.1, np.exp(-(frequencies - 0.1) / 0.05), 1.0)
    size[0] = 0.0
    for _ in range(n_runs):
        basis = cosine_basis(180, T_R)[0]
        values = basis @ (size[:, None] * rng.normal(size=(180, n_series)))
        values = values / values.std(axis=0) + noise * rng.normal(size=(180, n_series))
        bad = np.zeros(180, dtype=bool)
        while bad.mean() < censored:
            start = rng.integers(180)
            bad[start : start + 1 + rng.poisson(row - 1)] = True
        known = np.flatnonzero(~bad)
        values, kept = values[known[0] : known[-1] + 1], ~bad[known[0] : known[-1] + 1]
        values = values - values[kept].mean(axis=0)
        time, seen = np.arange(len(kept)) * T_R, np.flatnonzero(kept) * T_R
        basis, frequencies = cosine_basis(len(kept), T_R)
        band = basis[:, (frequencies >= 0.009) & (frequencies <= HIGH)]
        truth = band[kept] @ (band.T @ values)
        fills = {
            "zeros": np.zeros_like(values),
            "mathias": mathias(time, seen, values[kept]),
            "cubic": CubicSpline(seen, values[kept])(time),
            "spectral": fill(kept, values, "spectral"),
            "linear": fill(kept, values, "linear"),
        }
        for name, each in fills.items():
            each[kept] = values[kept]
            rest = band[kept] @ (band.T @ each) - truth
            found[name].append(np.sqrt((rest**2).sum() / (truth**2).sum()))
    return {name: float(np.mean(each)) for name, each in found.items()}


@pytest.mark.parametrize(
    ("noise", "censored", "row", "documented"),
    [
        (0.5, 0.2, 2, (0.30, 0.29, 0.28, 0.22, 0.17)),
        (1.0, 0.2, 2, (0.31, 0.30, 0.47, 0.28, 0.27)),
        (1.5, 0.3, 4, (0.36, 0.35, 1.09, 0.37, 0.40)),
    ],
)
def test_the_documented_errors(noise, censored, row, documented):
    # Documented from 300 draws; these are the first 30 of them.
    found = errors_at_kept_volumes(noise=noise, censored=censored, row=row)
    np.testing.assert_allclose(list(found.values()), documented, rtol=0.12)
