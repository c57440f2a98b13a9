"""Seed maps against cleaning every series, joining runs and Pearson."""

import numpy as np
import pytest

from bids_ketamine.core.cleaning.frame_filter import frame_filter
from bids_ketamine.core.cleaning.projection import CleaningProjection, cleaning_projection
from bids_ketamine.core.cleaning.session import join_runs
from bids_ketamine.core.connectivity.matrices import fisher_z, pearson_correlation
from bids_ketamine.core.connectivity.seed_maps import SeedSeries, residual_basis, seed_maps

BANDS = pytest.mark.parametrize(
    ("band_pass", "censored_volumes"),
    [
        (None, "spectral"),
        ((0.009, 0.08), "spectral"),
        ((0.009, 0.08), "linear"),
        ((0.009, 0.08), "left_out"),
    ],
)


def made_projection(
    rng: np.random.Generator,
    *,
    n_scans: int = 180,
    band_pass: tuple[float, float] | None = (0.009, 0.08),
    censored_volumes: str = "spectral",
    n_censored: int = 12,
) -> CleaningProjection:
    kept = np.ones(n_scans, dtype=bool)
    kept[rng.choice(n_scans, n_censored, replace=False)] = False
    shared = frame_filter(kept, t_r=2.0, band_pass=band_pass, censored_volumes=censored_volumes)
    nuisance = rng.standard_normal((n_scans, 8)).cumsum(axis=0)
    nuisance[~kept] = np.nan
    return cleaning_projection(nuisance, frame_filter=shared, linear_trend=True)


def made_series(rng: np.random.Generator, n_scans: int, n_series: int) -> np.ndarray:
    """Return series as a scanner gives them: large means, drifts, something in common."""
    common = rng.standard_normal((n_scans, 3)).cumsum(axis=0)
    series = common @ rng.standard_normal((3, n_series))
    series += 10 * rng.standard_normal((n_scans, n_series))
    series += np.linspace(0, 1, n_scans)[:, None] * rng.uniform(-40, 40, n_series)
    return (series + rng.uniform(500, 3000, n_series)).astype(np.float32)


def seeds_of(cleaned: np.ndarray) -> np.ndarray:
    """Return the mean of the first five series, and of the next four."""
    return np.column_stack([cleaned[:, :5].mean(axis=1), cleaned[:, 5:9].mean(axis=1)])


def by_hand(
    cleaned: list[np.ndarray], seeds: list[np.ndarray], *, unit_variance: bool
) -> np.ndarray:
    every = [np.column_stack(each) for each in zip(seeds, cleaned, strict=True)]
    joined = join_runs(every, unit_variance=unit_variance)
    return fisher_z(pearson_correlation(joined.series)[:2, 2:])


@BANDS
@pytest.mark.parametrize("unit_variance", [True, False])
def test_seed_maps_equal_cleaned_and_joined_series(band_pass, censored_volumes, unit_variance):
    rng = np.random.default_rng(1)
    runs, cleaned = [], []
    for n_scans, factor in ((180, 1), (150, 3)):
        projection = made_projection(
            rng, n_scans=n_scans, band_pass=band_pass, censored_volumes=censored_volumes
        )
        series = factor * made_series(rng, n_scans, 60)
        cleaned.append(projection.apply(series))
        basis = residual_basis(projection)
        runs.append(SeedSeries(basis, seeds_of(cleaned[-1]), basis.coordinates_of(series)))
    expected = by_hand(cleaned, [run.seeds for run in runs], unit_variance=unit_variance)
    found = seed_maps(runs, unit_variance=unit_variance)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-7)


@BANDS
def test_basis_gives_back_the_residuals(band_pass, censored_volumes):
    rng = np.random.default_rng(2)
    projection = made_projection(rng, band_pass=band_pass, censored_volumes=censored_volumes)
    basis = residual_basis(projection)
    n_basis = basis.directions.shape[1]
    assert n_basis == projection.residual_df
    np.testing.assert_allclose(basis.directions.T @ basis.directions, np.eye(n_basis), atol=1e-12)
    assert not basis.weights[~basis.kept].any()
    series = made_series(rng, 180, 7).astype(float)
    residuals = projection.apply(series)
    np.testing.assert_allclose(
        basis.directions @ (basis.weights.T @ (series - series.mean(axis=0))),
        residuals,
        atol=1e-10 * np.abs(residuals).max(),
    )


def test_series_without_a_value_have_no_correlation():
    rng = np.random.default_rng(3)
    runs, cleaned = [], []
    for number in range(2):
        projection = made_projection(rng)
        basis = residual_basis(projection)
        series = made_series(rng, 180, 20)
        kept, left_out = np.flatnonzero(basis.kept), np.flatnonzero(~basis.kept)
        series[left_out[0], 10] = np.nan  # not looked at
        series[:, 11] = 700.0  # flat in both runs
        series[:, 12] = 700 + 3 * np.arange(180)  # nothing but the trend in both
        if number == 1:
            series[kept[4], 13] = np.inf
            series[:, 14] = 0.0  # flat in one
        cleaned.append(projection.apply(series))
        runs.append(SeedSeries(basis, seeds_of(cleaned[-1]), basis.coordinates_of(series)))
    found = seed_maps(runs, unit_variance=True)
    assert [place for place in range(20) if np.isnan(found[0, place])] == [11, 12, 13]
    expected = by_hand(cleaned, [run.seeds for run in runs], unit_variance=True)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-7)


def test_a_seed_that_is_missing_or_flat_has_no_map():
    rng = np.random.default_rng(4)
    projection = made_projection(rng)
    basis = residual_basis(projection)
    series = made_series(rng, 180, 20)
    seeds = seeds_of(projection.apply(series))
    coordinates = basis.coordinates_of(series)
    alone = seed_maps([SeedSeries(basis, seeds, coordinates)], unit_variance=True)
    for nothing in (np.nan, 0.0):
        other = np.column_stack([np.full(len(seeds), nothing), seeds[:, 1]])
        found = seed_maps([SeedSeries(basis, other, coordinates)], unit_variance=True)
        assert np.isnan(found[0]).all()
        np.testing.assert_array_equal(found[1], alone[1])


def test_a_voxel_that_is_the_seed_has_no_fisher_z():
    rng = np.random.default_rng(5)
    projection = made_projection(rng)
    basis = residual_basis(projection)
    series = made_series(rng, 180, 6)
    seeds = projection.apply(series)[:, :1]
    found = seed_maps([SeedSeries(basis, seeds, basis.coordinates_of(series))], unit_variance=False)
    assert np.isnan(found[0]).tolist() == [True] + 5 * [False]


def test_runs_that_do_not_fit_are_refused():
    rng = np.random.default_rng(6)
    projection = made_projection(rng)
    basis = residual_basis(projection)
    with pytest.raises(ValueError, match="Series of 150 volumes do not belong to a run of 180"):
        basis.coordinates_of(made_series(rng, 150, 3))
    seeds = np.zeros((projection.frame_filter.n_kept, 1))
    runs = [SeedSeries(basis, seeds, np.zeros((n, 3), dtype=np.float32)) for n in (5, 6)]
    with pytest.raises(ValueError, match="same seeds and series"):
        seed_maps(runs, unit_variance=True)
    with pytest.raises(ValueError, match="same seeds and series"):
        seed_maps([], unit_variance=True)
    nothing = made_projection(rng, n_censored=180)
    with pytest.raises(ValueError, match="cannot be cleaned: all 180 volumes are censored"):
        residual_basis(nothing)
