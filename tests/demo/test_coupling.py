import itertools

import numpy as np
import pytest

from bids_ketamine.demo.coupling import (
    BASELINE_COUPLING,
    CHANGED_PAIR,
    band_limited_noise,
    correlation_matrix,
    coupled_fluctuations,
)
from bids_ketamine.demo.regions import REGIONS

BAND = {"t_r": 2.0, "low": 0.01, "high": 0.1}


def test_every_pair_of_regions_has_a_coupling():
    pairs = {frozenset(pair) for pair in itertools.combinations(REGIONS, 2)}
    assert {frozenset(pair) for pair in BASELINE_COUPLING} == pairs
    assert CHANGED_PAIR in BASELINE_COUPLING


def test_matrix_holds_the_correlations():
    matrix = correlation_matrix(BASELINE_COUPLING)
    order = list(REGIONS)
    for (first, second), coupling in BASELINE_COUPLING.items():
        value = matrix[order.index(first), order.index(second)]
        assert np.arctanh(value) == pytest.approx(coupling)
    np.testing.assert_array_equal(matrix, matrix.T)
    # Positive definite with room for differences between participants and sessions.
    assert np.linalg.eigvalsh(matrix).min() > 0.3


def test_band_limited_noise_has_unit_variance_and_no_power_outside():
    noise = band_limited_noise(
        n_series=400, n_volumes=360, generator=np.random.default_rng(0), **BAND
    )
    assert noise.var() == pytest.approx(1.0, abs=0.03)
    power = (np.abs(np.fft.rfft(noise * np.hanning(360)[:, None], axis=0)) ** 2).mean(axis=1)
    frequencies = np.fft.rfftfreq(360, 2.0)
    inside = power[(frequencies > 0.02) & (frequencies < 0.09)].mean()
    assert power[frequencies > 0.11].max() < 1e-3 * inside


def test_planted_change_is_recovered_on_average():
    change = 0.15
    order = list(REGIONS)
    i, j = (order.index(name) for name in CHANGED_PAIR)
    generator = np.random.default_rng(5)

    def mean_coupling(added: float) -> float:
        couplings = dict(BASELINE_COUPLING)
        couplings[CHANGED_PAIR] += added
        matrix = correlation_matrix(couplings)
        values = []
        for _ in range(500):
            series = coupled_fluctuations(
                correlation=matrix, n_volumes=360, generator=generator, **BAND
            )
            values.append(np.arctanh(np.corrcoef(series[:, i], series[:, j])[0, 1]))
        return float(np.mean(values))

    before, after = mean_coupling(0.0), mean_coupling(change)
    assert before == pytest.approx(BASELINE_COUPLING[CHANGED_PAIR], abs=0.02)
    assert after - before == pytest.approx(change, abs=0.025)
