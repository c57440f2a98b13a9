"""nilearn's cleaning, where its settings mean the same, and where they do not."""

import warnings

import numpy as np
import pytest
from nilearn.signal import clean

from bids_ketamine.core.cleaning.frame_filter import frame_filter
from bids_ketamine.core.cleaning.projection import cleaning_projection
from bids_ketamine.core.cosines import cosine_basis

T_R = 2.0


@pytest.fixture
def run():
    rng = np.random.default_rng(0)
    kept = rng.random(200) > 0.15
    nuisance = rng.normal(size=(200, 6)).cumsum(axis=0)
    series = nuisance @ rng.normal(size=(6, 4)) + rng.normal(size=(200, 4)).cumsum(axis=0)
    return kept, nuisance, series


def ours(kept, nuisance, series, *, band_pass=None, trend=False, how="left_out"):
    shared = frame_filter(kept, t_r=T_R, band_pass=band_pass, censored_volumes=how)
    return cleaning_projection(nuisance, frame_filter=shared, linear_trend=trend).apply(series)


def theirs(series, nuisance, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clean(series, confounds=nuisance, standardize=None, t_r=T_R, **settings)


def test_regression_of_kept_volumes_is_the_same(run):
    kept, nuisance, series = run
    found = theirs(series, nuisance, detrend=False, filter=False, sample_mask=kept)
    # nilearn takes the mean of the regressors out, and not that of the series.
    found = found - found.mean(axis=0)
    np.testing.assert_allclose(found, ours(kept, nuisance, series), atol=1e-10)


def test_detrending_of_a_whole_run_is_the_same(run):
    _, nuisance, series = run
    every = np.ones(200, dtype=bool)
    found = theirs(series, nuisance, detrend=True, filter=False)
    np.testing.assert_allclose(found, ours(every, nuisance, series, trend=True), atol=1e-10)


def test_cosines_of_kept_volumes_are_the_same(run):
    kept, _, series = run
    nuisance = np.random.default_rng(1).normal(size=(200, 6))
    found = theirs(
        series, nuisance, detrend=False, filter="cosine", high_pass=0.01, sample_mask=kept
    )
    found = found - found.mean(axis=0)
    high_pass = ours(kept, nuisance, series, band_pass=(0.01 + 1e-9, np.inf))
    np.testing.assert_allclose(found, high_pass, atol=1e-10)


def test_cosines_beside_a_slow_regressor_differ(run):
    """Theirs takes a regressor that correlates above .9 with a cosine for the user's own drifts.

    It then adds none at all; ours filters whatever the regressors look like.
    """
    _, _, series = run
    every = np.ones(200, dtype=bool)
    basis, frequencies = cosine_basis(200, T_R)
    slow = basis[:, [1]] + 0.02 * np.random.default_rng(2).normal(size=(200, 1))
    found = theirs(series, slow, detrend=False, filter="cosine", high_pass=0.01)
    drifts = basis[:, (frequencies > 0) & (frequencies <= 0.01)]
    assert np.abs(drifts.T @ found).max() > 1.0
    own = ours(every, slow, series, band_pass=(0.01 + 1e-9, np.inf))
    assert np.abs(drifts.T @ own).max() < 1e-10


def test_detrending_of_kept_volumes_differs_by_what_the_trend_runs_over(run):
    kept, nuisance, series = run
    found = theirs(series, nuisance, detrend=True, filter=False, sample_mask=kept)
    assert np.abs(found - ours(kept, nuisance, series, trend=True)).max() > 0.01
    # theirs: over the number of the kept volume; ours: over time.
    order = np.zeros((200, 1))
    order[kept, 0] = np.arange(kept.sum())
    by_number = ours(kept, np.hstack([nuisance, order]), series)
    np.testing.assert_allclose(found, by_number, atol=1e-10)


def test_butterworth_differs_by_its_slopes(run):
    """Theirs lets a share of near frequencies pass; ours is a projection with sharp ends."""
    _, nuisance, series = run
    every = np.ones(200, dtype=bool)
    band = (0.009, 0.08)
    found = theirs(
        series, nuisance, detrend=True, filter="butterworth", high_pass=band[0], low_pass=band[1]
    )
    own = ours(every, nuisance, series, band_pass=band, trend=True, how="spectral")
    basis, frequencies = cosine_basis(200, T_R)
    outside = basis[:, (frequencies < band[0]) | (frequencies > band[1])]
    assert np.abs(outside.T @ own).max() < 1e-10
    assert np.abs(outside.T @ found).max() > 0.05
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(found.T, own.T, strict=True)]
    assert 0.8 < min(alike) < max(alike) < 0.999
