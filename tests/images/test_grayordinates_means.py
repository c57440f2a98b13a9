"""Region means of a dense series against direct averages, and what is without signal."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.errors import InputDataError
from bids_ketamine.images import cifti_series
from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.images.grayordinate_means import read_region_means
from bids_ketamine.images.grayordinate_regions import (
    GrayordinateRegion,
    region_weights,
    voxel_region,
)
from bids_ketamine.images.grayordinates import read_grayordinates
from bids_ketamine.regions.locate import locate_regions
from bids_ketamine.regions.sources import RegionSource
from tests.cifti_files import CENTRES, STRUCTURES, structure_voxels, write_series, write_values

N, N_SCANS = 91_282, 6
SILENT = slice(100, 200)


def region(name, columns, n_grayordinates=None):
    columns = np.asarray(columns, dtype=np.intp)
    return GrayordinateRegion(name, columns, n_grayordinates or len(columns))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A series in which some grayordinates are zero, flat, or not finite in a volume."""
    rng = np.random.default_rng(1)
    data = rng.normal(1000, 10, (N_SCANS, N)).astype(np.float32)
    data[:, SILENT] = 0.0
    data[:, 50] = 1234.567
    data[2, 60] = np.nan
    data[3, 61] = np.inf
    path = write_series(tmp_path_factory.mktemp("made") / "a.dtseries.nii", data)
    return open_dense_series(path, t_r=2.0), data


def test_means_are_those_of_grayordinates_with_signal(made, monkeypatch):
    series, data = made
    # Regions lie over the edges of blocks, out of order of the file, and over each other.
    monkeypatch.setattr(cifti_series, "BLOCK_BYTES", 4 * N_SCANS * 1000)
    regions = [
        region("late", np.arange(90_000, 91_282)),
        region("over edges", np.arange(995, 3005, 2)),
        region("partly silent", np.arange(40, 120)),
        region("silent", np.arange(100, 150)),
        region("shared", np.arange(995, 1005)),
        region("nothing", [], 12),
    ]
    means = read_region_means(series, regions)
    usable = np.setdiff1d(np.arange(40, 100), [50, 60, 61])
    for place, columns in ((0, regions[0].columns), (1, regions[1].columns), (2, usable)):
        expected = data[:, columns].astype(np.float64).mean(axis=1)
        np.testing.assert_allclose(means.series[:, place], expected, rtol=1e-13)
    assert means.series.dtype == np.float64
    assert np.isnan(means.series[:, 3]).all()
    assert np.isnan(means.series[:, 5]).all()
    np.testing.assert_allclose(
        means.quality.coverage, [1.0, 1.0, 57 / 80, 0.0, 1.0, 0.0], rtol=1e-15
    )
    assert not means.usable[[50, 60, 61, 100, 199]].any()
    assert means.usable.sum() == N - 103
    assert means.notes == ("2 grayordinates are not finite in some volume: they are left out",)


def test_signal_quality_of_grayordinates_and_regions(made):
    series, data = made
    regions = [region("a", np.arange(30, 70)), region("silent", np.arange(100, 150))]
    means = read_region_means(series, regions)
    good = np.setdiff1d(np.arange(30, 70), [50, 60, 61])
    values = data[:, good].astype(np.float64)
    np.testing.assert_allclose(means.mean[good], values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(means.deviation[good], values.std(axis=0), rtol=1e-10)
    tsnr = values.mean(axis=0) / values.std(axis=0)
    np.testing.assert_allclose(means.tsnr[good], tsnr, rtol=1e-10)
    assert means.quality.tsnr[0] == pytest.approx(tsnr.mean(), rel=1e-10)
    assert np.isnan(means.quality.tsnr[1])
    assert np.isnan(means.tsnr[[50, 60, 150]]).all()
    assert np.isnan(means.mean[[60, 61]]).all()


def test_large_values_lose_no_digits(made, tmp_path):
    """Deviations of a millionth of the level: sums of squares would have no digit left."""
    data = made[1].copy()
    data[:, :3] = 1e6 + np.random.default_rng(2).normal(0, 100, (N_SCANS, 3))
    path = write_values(made[0].path, tmp_path / "a.dtseries.nii", data)
    means = read_region_means(open_dense_series(path, t_r=2.0), [region("a", [0, 1, 2])])
    values = data[:, :3].astype(np.float64)
    np.testing.assert_allclose(means.series[:, 0], values.mean(axis=1), rtol=1e-15)
    np.testing.assert_allclose(means.deviation[:3], values.std(axis=0), rtol=1e-12)


def test_series_of_chosen_grayordinates_are_kept(made, monkeypatch):
    series, data = made
    monkeypatch.setattr(cifti_series, "BLOCK_BYTES", 4 * N_SCANS * 1000)
    kept = np.array([3, 60, 150, 999, 1000, 91_281])
    means = read_region_means(series, [], kept=kept)
    expected = np.where(means.usable[kept], data[:, kept], 0)
    np.testing.assert_array_equal(means.kept, expected)
    assert means.kept.dtype == np.float32
    assert means.series.shape == (N_SCANS, 0)


def test_weights_are_one_where_a_region_is():
    weights = region_weights([region("a", [0, 2]), region("b", []), region("c", [2, 3])], 5)
    assert weights.toarray().tolist() == [[1, 0, 1, 0, 0], [0] * 5, [0, 0, 1, 1, 0]]


def test_memory_is_that_of_blocks_and_results(tmp_path, monkeypatch):
    monkeypatch.setattr(cifti_series, "BLOCK_BYTES", 200_000)
    n_scans = 24
    data = np.random.default_rng(3).normal(1000, 10, (n_scans, N)).astype(np.float32)
    series = open_dense_series(write_series(tmp_path / "a.dtseries.nii", data), t_r=2.0)
    regions = [region(str(at), np.arange(at, at + 200)) for at in range(0, 80_000, 200)]
    tracemalloc.start()
    read_region_means(series, regions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6e6  # the file has 9 MB; weights and moments of grayordinates take 4


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda data: data.__setitem__(2, np.nan), "1 of 6 volumes hold no finite value: 3 (count"),
        (lambda data: data.__setitem__(..., 0), "No grayordinate varies in time: every one is ze"),
        (lambda data: data.__setitem__(..., 7), "No grayordinate varies in time: every one does"),
    ],
)
def test_series_without_signal_are_refused(made, tmp_path, spoil, sentence):
    data = made[1].copy()
    spoil(data)
    path = write_values(made[0].path, tmp_path / "a.dtseries.nii", data)
    series = open_dense_series(path, t_r=2.0)
    with pytest.raises(InputDataError) as caught:
        read_region_means(series, [])
    assert sentence in str(caught.value)


def test_volumes_of_zeros_and_much_without_signal_are_noted(made, tmp_path):
    data = made[1].copy()
    data[4] = 0
    data[:, :60_000] = 0
    path = write_values(made[0].path, tmp_path / "a.dtseries.nii", data)
    series = open_dense_series(path, t_r=2.0)
    assert read_region_means(series, []).notes == (
        "1 of 6 volumes are zero everywhere",
        "66% of the grayordinates are not finite or do not vary in time: they are left out",
    )


class TestVolumeRegions:
    """Regions of voxels laid on the subcortical grayordinates by world coordinates."""

    def columns(self, name):
        names = list(STRUCTURES)
        start = sum(list(STRUCTURES.values())[: names.index(name)])
        return np.arange(start, start + STRUCTURES[name])

    def located(self, made, source):
        found = made[0].grayordinates
        region = locate_regions([source], found.grid, own_segmentation=None).regions[0]
        return voxel_region(
            region.name,
            region.voxels,
            region.n_voxels,
            found,
            sphere=bool(source.spheres),
            origin=region.origin,
            problem=region.problem,
        )

    def test_a_mask_on_the_grid_is_its_structure(self, made, tmp_path):
        found = made[0].grayordinates
        mask = np.zeros(found.shape, dtype=np.uint8)
        mask[tuple(structure_voxels()["HIPPOCAMPUS_LEFT"].T)] = 1
        nib.save(nib.Nifti1Image(mask, found.affine), tmp_path / "mask.nii.gz")
        located = self.located(made, RegionSource("hip", "mask", image=tmp_path / "mask.nii.gz"))
        np.testing.assert_array_equal(located.columns, self.columns("HIPPOCAMPUS_LEFT"))
        assert located.n_grayordinates == STRUCTURES["HIPPOCAMPUS_LEFT"]
        assert located.problem == ""

    def test_a_label_on_another_grid_finds_its_structure(self, made, tmp_path):
        """1-mm voxels that count x to the right."""
        found = made[0].grayordinates
        voxels = structure_voxels()["THALAMUS_RIGHT"]
        points = (voxels @ found.affine[:3, :3].T + found.affine[:3, 3]).astype(int)
        labels = np.zeros((182, 218, 182), dtype=np.uint8)
        for step in np.ndindex(2, 2, 2):
            labels[tuple((points + np.array([90, 126, 72]) + step).T)] = 5
        affine = np.eye(4)
        affine[:3, 3] = [-90.5, -126.5, -72.5]
        nib.save(nib.Nifti1Image(labels, affine), tmp_path / "dseg.nii.gz")
        source = RegionSource("thalamus", "label", image=tmp_path / "dseg.nii.gz", indices=(5,))
        located = self.located(made, source)
        np.testing.assert_array_equal(located.columns, self.columns("THALAMUS_RIGHT"))

    def test_a_sphere_inside_a_structure(self, made):
        located = self.located(
            made, RegionSource("s", "sphere", spheres=(CENTRES["CEREBELLUM"],), radius=5.0)
        )
        assert len(located.columns) == located.n_grayordinates == 81
        assert np.isin(located.columns, self.columns("CEREBELLUM_RIGHT")).all()

    def test_a_sphere_of_the_cortex_is_refused_with_the_reason(self, made):
        located = self.located(
            made, RegionSource("s", "sphere", spheres=((0.0, 52.0, -6.0),), radius=5.0)
        )
        assert len(located.columns) == 0
        assert located.problem == (
            "0 of its 81 voxels are subcortical grayordinates: the cortex is a surface in this "
            "series, where a sphere needs a midthickness surface"
        )

    def test_a_mask_of_the_cortex_is_refused_with_the_reason(self, made, tmp_path):
        found = made[0].grayordinates
        mask = np.zeros(found.shape, dtype=np.uint8)
        mask[40:50, 100:105, 40] = 1
        nib.save(nib.Nifti1Image(mask, found.affine), tmp_path / "mask.nii.gz")
        located = self.located(made, RegionSource("m", "mask", image=tmp_path / "mask.nii.gz"))
        assert located.problem.endswith("where labels are vertices (dlabel.nii)")

    def test_a_region_out_of_view_keeps_its_own_reason(self, made):
        found = made[0].grayordinates
        located = voxel_region(
            "r", np.empty(0, int), 9, found, sphere=True, problem="it lies outside the field"
        )
        assert located.problem == "it lies outside the field"
        assert located.coverage(np.ones(N, dtype=bool)) == 0.0


ATLASES = Path(__file__).parents[3] / "shared/data/atlases"


@pytest.mark.skipif(not ATLASES.is_dir(), reason="needs the reference data")
def test_whole_structures_of_tian_lie_on_the_real_subcortical_grayordinates():
    """Laid on in another template (2009c for 6Asym), still in their own structure."""
    path = ATLASES / "tian2020/Gordon333.32k_fs_LR_Tian_Subcortex_S2.dlabel.nii"
    found = read_grayordinates(nib.load(path).header.matrix.get_index_map(1), path)
    image = ATLASES / "tian2020/Tian_Subcortex_S1_3T_2009cAsym.nii.gz"
    names = (ATLASES / "tian2020/Tian_Subcortex_S1_3T_label.txt").read_text().split()
    hippocampus = names.index("HIP-lh") + 1
    source = RegionSource("hip", "Tian", image=image, indices=(hippocampus,))
    region = locate_regions([source], found.grid, own_segmentation=None).regions[0]
    located = voxel_region("hip", region.voxels, region.n_voxels, found, sphere=False)
    structure = next(each for each in found.structures if each.name == "HIPPOCAMPUS_LEFT")
    inside = (located.columns >= structure.columns.start) & (
        located.columns < structure.columns.stop
    )
    assert located.problem == ""
    assert inside.mean() > 0.9
    assert len(located.columns) > 0.7 * structure.size
