"""Seed maps of a session against cleaning every voxel, joining runs and Pearson."""

from __future__ import annotations

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.core.cleaning.frame_filter import frame_filter
from bids_ketamine.core.cleaning.projection import cleaning_projection
from bids_ketamine.core.cleaning.session import join_runs
from bids_ketamine.core.connectivity.matrices import fisher_z, pearson_correlation
from bids_ketamine.core.connectivity.seed_maps import residual_basis
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.images.grayordinate_means import read_region_means
from bids_ketamine.images.grid import Grid
from bids_ketamine.images.series import RunImage
from bids_ketamine.interfaces.resting_seed_maps import SeedRun, voxel_coordinates, write_seed_maps
from tests.cifti_files import standard_axis, write_series

N_SCANS, SHAPE, N = 120, (4, 5, 6), 91_282
GROUPS = {"default_mode": ["a", "b"], "limbic": ["c"]}
AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])


def projection_of(rng, *, n_censored=9, n_scans=N_SCANS):
    kept = np.ones(n_scans, dtype=bool)
    kept[rng.choice(n_scans, n_censored, replace=False)] = False
    shared = frame_filter(kept, t_r=2.0, band_pass=(0.009, 0.08), censored_volumes="spectral")
    nuisance = rng.standard_normal((n_scans, 4)).cumsum(axis=0)
    return cleaning_projection(nuisance, frame_filter=shared, linear_trend=True)


def series_of(rng, n_series, n_scans=N_SCANS):
    common = rng.standard_normal((n_scans, 2)).cumsum(axis=0)
    series = common @ rng.standard_normal((2, n_series))
    series += rng.standard_normal((n_scans, n_series))
    return (1000 + 5 * series).astype(np.float32)


def image_of(series, usable):
    nothing = np.zeros(3)
    volume = np.zeros(SHAPE)
    return RunImage(
        grid=Grid(np.ones(SHAPE, dtype=bool), AFFINE),
        usable=usable,
        series=series[:, usable.reshape(-1)],
        tsnr=volume,
        global_means=np.zeros(len(series)),
        smoothness_before=nothing,
        smoothness_after=nothing,
    )


def seeds_of(projection, series):
    cleaned = projection.apply(series)
    return np.column_stack([cleaned[:, :4].mean(axis=1), cleaned[:, 7:9].mean(axis=1)])


def by_hand(runs, seeds, *, unit_variance):
    cleaned = [projection.apply(series) for projection, series in runs]
    joined = join_runs(
        [np.column_stack(each) for each in zip(seeds, cleaned, strict=True)],
        unit_variance=unit_variance,
    )
    return fisher_z(pearson_correlation(joined.series)[:2, 2:])


def write(folder, runs, *, unit_variance=True, space="MNI"):
    return write_seed_maps(
        folder,
        runs,
        seed_names=list(GROUPS),
        regions=GROUPS,
        stem="sub-01_ses-pre_task-rest",
        space=space,
        sources=["bids:prep:sub-01/a.nii.gz"],
        unit_variance=unit_variance,
        extra={"Model": "30P"},
    )


@pytest.mark.parametrize("unit_variance", [True, False])
def test_maps_of_volumes(tmp_path, unit_variance):
    rng = np.random.default_rng(1)
    pairs, runs = [], []
    for number in range(2):
        projection, series = projection_of(rng), series_of(rng, 120)
        usable = np.ones(SHAPE, dtype=bool)
        usable[number, 0, 0] = False  # another voxel is without signal in each run
        pairs.append((projection, series))
        runs.append(SeedRun(image_of(series, usable), projection, seeds_of(projection, series)))
    # What is needed of a run does as well as the run.
    lighter = voxel_coordinates(runs[1].image, runs[1].projection)
    runs[1] = runs[1]._replace(image=lighter)
    censored = projection_of(rng, n_censored=N_SCANS)
    runs.append(SeedRun(runs[0].image, censored, np.empty((0, 2))))
    assert write(tmp_path, runs, unit_variance=unit_variance) == {}
    expected = by_hand(pairs, [run.seeds for run in runs[:2]], unit_variance=unit_variance)
    stem = "func/sub-01_ses-pre_task-rest_space-MNI_seed-"
    for values, name in zip(expected, ("defaultMode", "limbic"), strict=True):
        image = nib.load(tmp_path / f"{stem}{name}_stat-fisherz_statmap.nii.gz")
        volume = values.reshape(SHAPE).copy()
        volume[[0, 1], 0, 0] = 0.0
        np.testing.assert_allclose(np.asarray(image.dataobj), volume, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(image.affine, AFFINE)
    sidecar = json.loads((tmp_path / f"{stem}defaultMode_stat-fisherz_statmap.json").read_text())
    description = sidecar.pop("Description")
    assert description.startswith("Pearson correlation of the mean series of `default_mode` with")
    assert sidecar == {
        "Units": "Fisher z",
        "Seed": "default_mode",
        "SeedRegions": ["a", "b"],
        "NumberOfRuns": 2,
        "NumberOfValues": 118,
        "UnitVariance": unit_variance,
        "Sources": ["bids:prep:sub-01/a.nii.gz"],
        "Model": "30P",
    }


def test_maps_of_grayordinates_read_once_or_twice(tmp_path):
    rng = np.random.default_rng(2)
    runs, chosen, pairs = [], np.arange(0, N, 997), []
    for number in range(2):
        projection, few = projection_of(rng, n_scans=70), series_of(rng, len(chosen), 70)
        data = np.full((70, N), 500.0, dtype=np.float32)  # flat elsewhere
        few[:, 10 + number] = 500.0
        few[3, 20] = np.nan
        data[:, chosen] = few
        path = write_series(tmp_path / f"run-{number}.dtseries.nii", data)
        pairs.append((projection, few))
        series = open_dense_series(path, t_r=2.0)
        runs.append(SeedRun(series, projection, seeds_of(projection, few)))
    assert write(tmp_path / "twice", runs, space="fsLR") == {}
    once = [
        run._replace(means=read_region_means(run.image, (), basis=residual_basis(run.projection)))
        for run in runs
    ]
    assert write(tmp_path / "once", once, space="fsLR") == {}
    expected = by_hand(pairs, [run.seeds for run in runs], unit_variance=True)
    stem = "func/sub-01_ses-pre_task-rest_space-fsLR_seed-"
    for values, name in zip(expected, ("defaultMode", "limbic"), strict=True):
        values[[10, 11, 20]] = 0.0
        file = f"{stem}{name}_stat-fisherz_statmap.dscalar.nii"
        found = np.asarray(nib.load(tmp_path / "twice" / file).dataobj)[0]
        np.testing.assert_allclose(found[chosen], values, rtol=0, atol=1e-6)
        assert not np.delete(found, chosen).any()
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "twice" / file).read_bytes()
        sidecar = json.loads(
            (tmp_path / "once" / file).with_suffix("").with_suffix(".json").read_text()
        )
        assert sidecar["NumberOfValues"] == len(chosen) - 3


def test_a_seed_without_a_series_and_a_session_without_a_run_have_no_map(tmp_path):
    rng = np.random.default_rng(3)
    projection, series = projection_of(rng), series_of(rng, 120)
    image = image_of(series, np.ones(SHAPE, dtype=bool))
    seeds = seeds_of(projection, series)
    seeds[:, 1] = np.nan
    assert write(tmp_path, [SeedRun(image, projection, seeds)]) == {
        "limbic": "no region of the seed has a series that varies in every run"
    }
    assert len(list(tmp_path.rglob("*.nii.gz"))) == 1
    nothing = SeedRun(image, projection_of(rng, n_censored=N_SCANS), np.empty((0, 2)))
    assert write(tmp_path / "none", [nothing]) == dict.fromkeys(GROUPS, "no run could be cleaned")
    assert not (tmp_path / "none").exists()


def test_runs_of_different_grids_are_refused(tmp_path):
    rng = np.random.default_rng(4)
    projection, series = projection_of(rng), series_of(rng, 120)
    image = image_of(series, np.ones(SHAPE, dtype=bool))
    other = replace(image, grid=Grid(image.grid.brain, 2 * AFFINE))
    seeds = seeds_of(projection, series)
    with pytest.raises(InputDataError, match="Run 2 of the session has another grid than run 1"):
        write(tmp_path, [SeedRun(each, projection, seeds) for each in (image, other)])


def test_grayordinates_in_another_order_are_refused(tmp_path):
    rng = np.random.default_rng(5)
    axis = standard_axis()
    order = np.arange(N)
    order[[0, 1]] = [1, 0]  # two vertices of one structure
    projection, runs = projection_of(rng, n_scans=70), []
    data = np.full((70, N), 500.0, dtype=np.float32)
    data[:, :20] = series_of(rng, 20, 70)
    for number, own in enumerate((axis, axis[order])):
        path = write_series(tmp_path / f"run-{number}.dtseries.nii", data, own)
        seeds = seeds_of(projection, data[:, :20])
        runs.append(SeedRun(open_dense_series(path, t_r=2.0), projection, seeds))
    with pytest.raises(InputDataError, match=r"different orders.*not that of run-0") as caught:
        write(tmp_path, runs)
    assert caught.value.path == tmp_path / "run-1.dtseries.nii"
