"""Reading, masking and regions, with known answers."""

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.images import Grid, load_image, locate_regions, read_data, read_run, save_map
from bids_ketamine.study.spec import RegionSpec

AFFINE = np.array([[4.0, 0, 0, -40], [0, 4.0, 0, -40], [0, 0, 4.0, -40], [0, 0, 0, 1]])
SHAPE = (20, 20, 20)


@pytest.fixture
def run(tmp_path):
    """A run of known mean and deviation, and its mask."""
    rng = np.random.default_rng(0)
    data = 100.0 + rng.normal(size=(*SHAPE, 50))
    data[5, 5, 5] = 1234.567  # a voxel that does not vary, but for rounding
    data[6, 6, 6, 3] = np.nan
    brain = np.zeros(SHAPE, dtype=np.uint8)
    brain[4:16, 4:16, 4:16] = 1
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(brain, AFFINE), mask)
    return bold, mask, data, brain


def test_voxels_that_are_flat_or_not_finite_are_left_out(run):
    bold, mask, data, brain = run
    image = read_run(bold, mask, smoothing_fwhm=None)
    assert image.usable.sum() == brain.sum() - 2
    assert not image.usable[5, 5, 5]
    assert not image.usable[6, 6, 6]
    np.testing.assert_allclose(image.series, data[image.usable].T, rtol=1e-6)
    expected = data[8, 8, 8].mean() / data[8, 8, 8].std()
    assert image.tsnr[8, 8, 8] == pytest.approx(expected, rel=1e-4)
    assert np.isnan(image.tsnr[0, 0, 0])


def test_smoothing_shrinks_white_noise_as_the_gaussian_says(tmp_path):
    rng = np.random.default_rng(1)
    data = 100.0 + rng.normal(size=(20, 20, 20, 60))
    brain = np.zeros((20, 20, 20), np.uint8)
    brain[6:14, 6:14, 6:14] = 1
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(brain, AFFINE), mask)
    smooth = read_run(bold, mask, smoothing_fwhm=8.0)
    # Sum of squared weights of a sampled Gaussian of that width, in three directions.
    sigma = 8.0 / 4.0 / np.sqrt(8 * np.log(2))
    weights = np.exp(-(np.arange(-8, 9) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    expected = np.sqrt((weights**2).sum() ** 3)
    assert smooth.series.std(axis=0).mean() == pytest.approx(expected, rel=0.03)
    assert smooth.tsnr[8, 8, 8] == pytest.approx(
        data[8, 8, 8].mean() / data[8, 8, 8].std(), rel=1e-4
    )


def test_a_sphere_has_the_voxels_within_its_radius_and_counts_those_outside_the_view():
    grid = Grid(np.ones(SHAPE, dtype=bool), AFFINE)
    inside, edge = locate_regions(
        [
            RegionSpec(name="inside", spheres=((0.0, 0.0, 0.0),), radius=4.0),
            RegionSpec(name="edge", spheres=((-40.0, 0.0, 0.0),), radius=4.0),
        ],
        grid,
    )
    assert inside.voxels.sum() == 7  # the centre and its six neighbours
    assert inside.coverage(grid.brain) == 1.0
    assert edge.n_voxels == 7
    assert edge.coverage(grid.brain) == pytest.approx(6 / 7)


def test_two_spheres_make_one_region_and_half_a_brain_half_its_coverage():
    brain = np.ones(SHAPE, dtype=bool)
    brain[:10] = False
    grid = Grid(brain, AFFINE)
    (region,) = locate_regions(
        [RegionSpec(name="two", spheres=((-20.0, 0, 0), (20.0, 0, 0)), radius=4.0)], grid
    )
    assert region.n_voxels == 14
    assert region.coverage(brain) == 0.5


def test_a_small_sphere_has_the_voxel_of_its_centre():
    grid = Grid(np.ones(SHAPE, dtype=bool), AFFINE)
    (region,) = locate_regions([RegionSpec(name="dot", spheres=((1.5, 1, 1),), radius=0.5)], grid)
    assert np.argwhere(region.voxels).tolist() == [[10, 10, 10]]


def test_labels_on_another_grid_are_resampled_and_noted(tmp_path):
    fine = np.diag([2.0, 2.0, 2.0, 1.0])
    fine[:3, 3] = -41.0
    labels = np.zeros((40, 40, 40), np.int16)
    labels[20:24, 20:24, 20:24] = 7
    path = tmp_path / "atlas.nii.gz"
    nib.save(nib.Nifti1Image(labels, fine), path)
    grid = Grid(np.ones(SHAPE, dtype=bool), AFFINE)
    (region,) = locate_regions([RegionSpec(name="r", dseg=str(path), labels=(7,))], grid)
    assert region.voxels.sum() == 8
    assert region.n_voxels == 8
    assert "resampled" in region.note
    with pytest.raises(InputDataError, match="Region `r`: the image has no label 8"):
        locate_regions([RegionSpec(name="r", dseg=str(path), labels=(8,))], grid)


def test_damaged_images_are_told_in_words(run, tmp_path):
    bold, mask, *_ = run
    truncated = tmp_path / "truncated.nii.gz"
    truncated.write_bytes(bold.read_bytes()[:5000])
    with pytest.raises(InputDataError, match="truncated or damaged"):
        read_run(truncated, mask, smoothing_fwhm=None)
    text = tmp_path / "text.nii.gz"
    text.write_text("not an image")
    with pytest.raises(InputDataError, match="not a readable NIfTI image"):
        read_run(text, mask, smoothing_fwhm=None)
    with pytest.raises(InputMissingError, match="does not exist"):
        load_image(tmp_path / "nowhere.nii.gz")
    with pytest.raises(InputDataError, match="four dimensions"):
        read_run(mask, mask, smoothing_fwhm=None)
    other = tmp_path / "other.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((5, 5, 5), np.uint8), AFFINE), other)
    with pytest.raises(InputDataError, match="different grids"):
        read_run(bold, other, smoothing_fwhm=None)
    empty = tmp_path / "empty.nii.gz"
    nib.save(nib.Nifti1Image(np.zeros(SHAPE, np.uint8), AFFINE), empty)
    with pytest.raises(InputDataError, match="mask is empty"):
        read_run(bold, empty, smoothing_fwhm=None)


def test_a_single_slice_is_an_image_too(tmp_path):
    rng = np.random.default_rng(2)
    data = 100 + rng.normal(size=(40, 20, 1, 30))
    bold, mask = tmp_path / "bold.nii.gz", tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), bold)
    nib.save(nib.Nifti1Image(np.ones((40, 20, 1), np.uint8), AFFINE), mask)
    assert read_run(bold, mask, smoothing_fwhm=6.0).series.shape == (30, 800)


def test_maps_are_float32_with_zero_for_missing(tmp_path):
    volume = np.full(SHAPE, np.nan)
    volume[3, 4, 5] = 1.5
    save_map(volume, AFFINE, tmp_path / "folder" / "map.nii.gz")
    image = load_image(tmp_path / "folder" / "map.nii.gz")
    assert image.get_data_dtype() == np.float32
    assert read_data(image, tmp_path)[3, 4, 5] == 1.5
    assert read_data(image, tmp_path).sum() == 1.5
    assert int(image.header["sform_code"]) == 4
