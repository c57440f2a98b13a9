"""Cleaning: a direct least-squares fit, the existing cleaning, nothing put back, reasons."""

import numpy as np
import pytest

from bids_ketamine.core.cleaning.frame_filter import CENSORED_VOLUMES, frame_filter
from bids_ketamine.core.cleaning.interpolation import interpolation_matrix
from bids_ketamine.core.cleaning.nuisance_models import NUISANCE_MODELS, model_regressors
from bids_ketamine.core.cleaning.projection import clean_variants, cleaning_projection
from bids_ketamine.core.cleaning.session import join_runs
from bids_ketamine.core.connectivity.cleaning import clean_series
from bids_ketamine.core.cosines import cosine_basis
from bids_ketamine.errors import InputDataError, ProcessingError
from tests.core.cleaning.real_confounds import (
    SUBJECTS,
    confounds_metadata,
    confounds_table,
    needs_real_confounds,
)

T_R, BAND = 2.0, (0.009, 0.08)


def prepare(kept, nuisance, how="spectral", *, band_pass=BAND, linear_trend=False):
    shared = frame_filter(kept, t_r=T_R, band_pass=band_pass, censored_volumes=how)
    return cleaning_projection(nuisance, frame_filter=shared, linear_trend=linear_trend)


def run(seed, *, n_scans=240, n_regressors=9, n_series=5, share=0.15):
    rng = np.random.default_rng(seed)
    kept = rng.random(n_scans) >= share
    nuisance = rng.normal(size=(n_scans, n_regressors)).cumsum(axis=0)
    weights = rng.normal(size=(n_regressors, n_series))
    series = 1000 + nuisance @ weights + 3 * rng.normal(size=(n_scans, n_series))
    return kept, nuisance, series


def least_squares(model, series):
    size = np.linalg.norm(model, axis=0)
    model = model[:, size > 0] / size[size > 0]
    beta = np.linalg.lstsq(model, series, rcond=1e-12)[0]
    rest = series - model @ beta
    return rest - model @ np.linalg.lstsq(model, rest, rcond=1e-12)[0]


def outside(n_scans):
    basis, frequencies = cosine_basis(n_scans, T_R)
    return basis[:, (frequencies < BAND[0]) | (frequencies > BAND[1])]


def spikes(kept):
    return np.eye(len(kept))[:, ~kept]


@pytest.mark.parametrize("how", CENSORED_VOLUMES)
def test_without_censoring_it_equals_the_existing_cleaning(how):
    _, nuisance, series = run(0)
    projection = prepare(np.ones(240, dtype=bool), nuisance, how)
    expected = clean_series(series, nuisance=nuisance, t_r=T_R, band_pass=BAND)
    np.testing.assert_allclose(projection.apply(series), expected.series, atol=1e-10)
    assert projection.residual_df == expected.residual_df
    assert projection.effective_df == pytest.approx(expected.residual_df)
    direct = least_squares(np.column_stack([np.ones(240), nuisance, outside(240)]), series)
    np.testing.assert_allclose(projection.apply(series), direct, atol=1e-10)


@pytest.mark.parametrize("band_pass", [BAND, None])
def test_left_out_volumes_equal_regressors_of_single_volumes(band_pass):
    kept, nuisance, series = run(1, share=0.1)
    projection = prepare(kept, nuisance, "left_out", band_pass=band_pass)
    expected = clean_series(
        series, nuisance=np.column_stack([nuisance, spikes(kept)]), t_r=T_R, band_pass=band_pass
    )
    np.testing.assert_allclose(projection.apply(series), expected.series[kept], atol=1e-10)
    np.testing.assert_allclose(expected.series[~kept], 0.0, atol=1e-10)
    assert projection.residual_df == expected.residual_df > 5


@pytest.mark.parametrize("how", ["spectral", "linear"])
def test_filled_volumes_equal_a_least_squares_fit_of_filtered_kept_volumes(how):
    kept, nuisance, series = run(2)
    kept[[0, -1]] = True
    filled = interpolation_matrix(kept, method=how, t_r=T_R, highest_frequency=BAND[1])
    band = np.eye(240) - outside(240) @ outside(240).T
    whole = (band @ filled)[kept]
    centred = series[kept] - series[kept].mean(axis=0)
    model = np.column_stack([np.ones(kept.sum()), whole @ nuisance[kept]])
    projection = prepare(kept, nuisance, how)
    np.testing.assert_allclose(
        projection.apply(series), least_squares(model, whole @ centred), atol=1e-10
    )
    assert (
        projection.residual_df
        == np.sum(
            ~((np.arange(240) / (480 * T_R) < BAND[0]) | (np.arange(240) / (480 * T_R) > BAND[1]))
        )
        - 9
    )
    assert projection.residual_df - 3 < projection.effective_df < projection.residual_df


@pytest.mark.parametrize("how", CENSORED_VOLUMES)
def test_nothing_taken_out_is_put_back(how):
    kept, nuisance, series = run(3, share=0.1)
    projection = prepare(kept, nuisance, how)
    cleaned = projection.apply(series)
    np.testing.assert_allclose(cleaned.mean(axis=0), 0.0, atol=1e-10)
    # Series made of nuisance regressors alone are taken out altogether, filled in or not.
    assert np.array_equal(
        projection.apply(7.0 + nuisance @ np.ones((9, 2))), np.zeros((kept.sum(), 2))
    )
    if how == "left_out":
        assert np.abs(outside(240)[kept].T @ cleaned).max() < 1e-9
        assert np.abs((nuisance[kept] - nuisance[kept].mean(0)).T @ cleaned).max() < 1e-7
    else:
        inside_band = projection.frame_filter.apply(nuisance)
        assert np.abs(inside_band.T @ cleaned).max() < 1e-7


def test_the_order_of_steps_matters_and_ours_leaves_no_nuisance():
    """Regression before the filter, fitted to unfiltered series, leaves nuisance in the band."""
    _, nuisance, series = run(4)
    kept = np.ones(240, dtype=bool)
    projection = prepare(kept, nuisance)
    after = projection.frame_filter.apply(
        least_squares(np.column_stack([np.ones(240), nuisance]), series)
    )
    inside_band = projection.frame_filter.apply(nuisance)
    unit = inside_band / np.linalg.norm(inside_band, axis=0)
    assert np.abs(unit.T @ after).max() > 0.1
    assert np.abs(unit.T @ projection.apply(series)).max() < 1e-10


def test_a_signal_beside_nuisance_and_motion_is_recovered_from_kept_volumes():
    rng = np.random.default_rng(5)
    basis, frequencies = cosine_basis(180, T_R)
    inside = np.flatnonzero((frequencies >= BAND[0]) & (frequencies <= BAND[1]))
    kept = np.ones(180, dtype=bool)
    kept[4:176:9] = False
    # Signal and nuisance of different frequencies: orthogonal but for the censored volumes.
    signal = basis[:, inside[::2]] @ rng.normal(size=(len(inside[::2]), 3))
    nuisance = basis[:, inside[1::8]] @ rng.normal(size=(len(inside[1::8]), 4))
    series = (
        500 + signal + nuisance @ rng.normal(size=(4, 3)) + 2 * basis[:, [2, 100]].sum(1)[:, None]
    )
    series[~kept] += 100 * rng.normal(size=((~kept).sum(), 3))
    cleaned = prepare(kept, nuisance).apply(series)
    for found, true in zip(cleaned.T, signal[kept].T, strict=True):
        assert np.corrcoef(found, true)[0, 1] > 0.97


def test_blocks_and_variants_equal_the_whole():
    kept, nuisance, series = run(6, n_series=11)
    shared = frame_filter(kept, t_r=T_R, band_pass=BAND, censored_volumes="spectral")
    other = frame_filter(kept, t_r=T_R, band_pass=None, censored_volumes="left_out")
    projections = {
        "few": cleaning_projection(nuisance[:, :3], frame_filter=shared, linear_trend=True),
        "all": cleaning_projection(nuisance, frame_filter=shared, linear_trend=True),
        "unfiltered": cleaning_projection(nuisance, frame_filter=other, linear_trend=False),
        "hopeless": cleaning_projection(np.eye(240), frame_filter=other, linear_trend=False),
    }
    cleaned = clean_variants(series.astype(np.float32), projections)
    assert list(cleaned) == ["few", "all", "unfiltered"]
    for name, found in cleaned.items():
        whole = projections[name].apply(series.astype(np.float32))
        np.testing.assert_allclose(found, whole, atol=1e-12)
        blocks = [projections[name].apply(series[:, i : i + 4]) for i in range(0, 11, 4)]
        np.testing.assert_allclose(np.hstack(blocks), projections[name].apply(series), atol=1e-12)


def test_a_linear_trend_is_taken_out_over_time_and_not_over_kept_volumes():
    kept = np.ones(60, dtype=bool)
    kept[10:30] = False
    line = np.arange(60.0)[:, None] * [1.0, -3.0] + 4
    for how in CENSORED_VOLUMES:
        projection = prepare(kept, np.empty((60, 0)), how, linear_trend=True, band_pass=None)
        assert np.array_equal(projection.apply(line), np.zeros((40, 2)))
        assert projection.residual_df == 38


def test_collinear_and_empty_columns_cost_nothing():
    kept, nuisance, series = run(7)
    own = prepare(kept, nuisance)
    basis = cosine_basis(240, T_R)[0]
    only_censored = np.where(kept, 0.0, 5.0)[:, None]
    extra = np.column_stack(
        [nuisance, np.zeros(240), np.full(240, 1e6), only_censored, nuisance[:, :2] @ [1, 2]]
    )
    more = prepare(kept, extra)
    assert more.empty_columns == (9, 10, 11)
    assert more.residual_df == own.residual_df
    np.testing.assert_allclose(more.apply(series), own.apply(series), atol=1e-9)
    # A regressor beyond the band is none in an uncensored run.
    every = np.ones(240, dtype=bool)
    fast = prepare(every, basis[:, [200]])
    assert fast.empty_columns == (0,)
    assert fast.residual_df == prepare(every, np.empty((240, 0))).residual_df


def test_too_many_columns_and_no_volumes_are_reasons():
    rng = np.random.default_rng(8)
    kept = np.arange(180) < 40
    projection = prepare(kept, rng.normal(size=(180, 36)), "left_out")
    assert (projection.residual_df, projection.effective_df) == (0, 0.0)
    assert projection.reason == (
        "no degree of freedom is left by 36 nuisance regressors and 129 frequencies outside the "
        "band in 40 volumes"
    )
    with pytest.raises(ProcessingError, match="cannot be cleaned: no degree of freedom"):
        projection.apply(rng.normal(size=(180, 2)))
    filled = prepare(kept, rng.normal(size=(180, 36)), "spectral")
    assert filled.reason == (
        "no degree of freedom is left by 36 nuisance regressors in 40 volumes and 11 frequencies "
        "of the band"
    )
    empty = prepare(np.zeros(180, dtype=bool), rng.normal(size=(180, 6)))
    assert empty.reason == "all 180 volumes are censored"
    with pytest.raises(ProcessingError, match="all 180 volumes are censored"):
        empty.apply(rng.normal(size=(180, 2)))


def test_missing_values():
    kept, nuisance, series = run(9)
    kept[0], kept[5] = False, True
    nuisance[0] = np.nan  # a difference has no first value; the volume is censored
    projection = prepare(kept, nuisance)
    series[7 if kept[7] else 5, 2] = np.nan
    cleaned = projection.apply(series)
    assert np.isnan(cleaned).all(axis=0).tolist() == [False, False, True, False, False]
    assert np.isfinite(cleaned[:, [0, 1, 3, 4]]).all()
    nuisance[5, 3] = np.nan
    with pytest.raises(InputDataError, match="Nuisance regressor 3 has no value at volume 5"):
        prepare(kept, nuisance)


def test_constant_series_are_zero_and_not_rounding():
    kept, nuisance, _ = run(10)
    flat = np.full((240, 2), 1234.567)
    for how in CENSORED_VOLUMES:
        assert np.array_equal(prepare(kept, nuisance, how).apply(flat), np.zeros((kept.sum(), 2)))


def test_shapes_that_do_not_belong_together_are_refused():
    kept, nuisance, _ = run(11)
    for wrong in (nuisance[:-1], nuisance[:, 0]):
        with pytest.raises(ValueError, match="do not belong to 240 volumes"):
            prepare(kept, wrong)


def test_runs_are_cleaned_by_themselves_and_joined():
    parts = [run(seed) for seed in (12, 13)]
    cleaned = [prepare(kept, nuisance).apply(series) for kept, nuisance, series in parts]
    joined = join_runs(cleaned, unit_variance=False)
    n_first = len(cleaned[0])
    assert np.array_equal(joined.series[:n_first], cleaned[0])
    assert np.array_equal(joined.series[n_first:], cleaned[1])
    assert joined.run.tolist() == [0] * n_first + [1] * len(cleaned[1])
    scaled = join_runs([cleaned[0], 50 * cleaned[1]], unit_variance=True)
    np.testing.assert_allclose(scaled.series[:n_first].std(axis=0), 1.0)
    np.testing.assert_allclose(scaled.series[n_first:].std(axis=0), 1.0)
    flat = join_runs([np.zeros((4, 1)), np.zeros((3, 1))], unit_variance=True)
    assert np.array_equal(flat.series, np.zeros((7, 1)))
    for wrong in ([], [np.zeros((4, 1)), np.zeros((4, 2))]):
        with pytest.raises(ValueError, match="same series"):
            join_runs(wrong, unit_variance=False)


@needs_real_confounds
@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("name", [each for each in NUISANCE_MODELS if "AROMA" not in each])
def test_real_confounds_equal_a_direct_fit(subject, name):
    table = confounds_table(subject)
    chosen = model_regressors(table, name=name, metadata=confounds_metadata(subject), cosines=False)
    nuisance = chosen.regressors.to_numpy()
    rng = np.random.default_rng(int(subject))
    scaled = (nuisance - nuisance.mean(0)) / nuisance.std(0)
    series = 900 + scaled @ rng.normal(size=(nuisance.shape[1], 4)) + rng.normal(size=(240, 4))
    fd = table["framewise_displacement"].to_numpy()
    kept = ~(fd > 0.5)
    # All volumes: the whole model, in units that lstsq can rank.
    every = prepare(np.ones(240, dtype=bool), nuisance)
    model = np.column_stack([np.ones(240), scaled, outside(240)])
    np.testing.assert_allclose(every.apply(series), least_squares(model, series), atol=1e-10)
    # Without censored volumes: the same fit of the kept ones.
    left_out = prepare(kept, nuisance, "left_out", band_pass=None)
    model = np.column_stack([np.ones(kept.sum()), scaled[kept]])
    np.testing.assert_allclose(
        left_out.apply(series), least_squares(model, series[kept]), atol=1e-10
    )
    assert left_out.residual_df == kept.sum() - np.linalg.matrix_rank(model)
