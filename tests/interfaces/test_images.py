"""What the steps of a session say of a run's images."""

import re
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from bids_ketamine.core.denoising import denoise_nonaggressively
from bids_ketamine.dataset.aroma import read_aroma
from bids_ketamine.dataset.dialects import AROMA_DENOISED
from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.errors import InputDataError
from bids_ketamine.interfaces.images import (
    DENOISED_BY,
    image_facts,
    read_image,
    smoothed_by,
    smoothing_notes,
    t_r_notes,
)
from bids_ketamine.study.spec import InputsSpec

AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])


def run_of(folder: Path, header_t_r: float, unit: str, **changes: object) -> RunInputs:
    rng = np.random.default_rng(0)
    image = nib.Nifti1Image((100 + rng.normal(size=(5, 5, 5, 8))).astype(np.float32), AFFINE)
    image.header.set_zooms((4, 4, 4, header_t_r))
    image.header.set_xyzt_units("mm", unit)
    brain = np.ones((5, 5, 5), np.uint8)
    brain[0] = 0
    nib.save(image, folder / "bold.nii.gz")
    nib.save(nib.Nifti1Image(brain, AFFINE), folder / "mask.nii.gz")
    given = {
        "task": "faces",
        "run": None,
        "bold": folder / "bold.nii.gz",
        "mask": folder / "mask.nii.gz",
        "confounds": None,
        "events": None,
        "timeseries": None,
        "description": "preproc",
        "space": "MNI152NLin2009cAsym",
        "t_r": 2.0,
        "start_time": None,
        "slice_timing_corrected": None,
    }
    return RunInputs(**{**given, **changes})


def inputs(fwhm: float) -> InputsSpec:
    return InputsSpec(smoothing_fwhm=fwhm)


@pytest.mark.parametrize(
    ("stored", "unit", "notes"),
    [
        (2.0, "sec", ()),
        (2000, "msec", ()),
        (2000, "unknown", ()),
        (0.0, "sec", ()),
        (
            2.5,
            "sec",
            ("the image's header says a repetition time of 2.5 s, the sidecar 2 s, which is used",),
        ),
        (
            800,
            "msec",
            ("the image's header says a repetition time of 0.8 s, the sidecar 2 s, which is used",),
        ),
    ],
)
def test_the_sidecar_wins_over_the_header_and_it_is_noted(stored, unit, notes, tmp_path):
    image, fwhm = read_image(run_of(tmp_path, stored, unit), inputs(0.0))
    assert image.notes == notes
    assert fwhm is None


def test_a_series_that_is_smoothed_already_is_not_smoothed_again(tmp_path):
    plain, fwhm = read_image(run_of(tmp_path, 2.0, "sec"), inputs(0.0))
    assert fwhm is None
    run = run_of(tmp_path, 2.0, "sec", smoothed=True, stated_fwhm=6.0)
    image, fwhm = read_image(run, inputs(6.0))
    assert fwhm is None
    np.testing.assert_array_equal(image.series, plain.series)
    facts = image_facts(run, image, fwhm)
    assert (facts["SmoothedBy"], facts["StatedSmoothingFWHM"]) == ("before", 6.0)
    aroma = replace(run, description="smoothAROMAnonaggr")
    assert smoothed_by(aroma, None) == "fMRIPrep"
    run = run_of(tmp_path, 2.0, "sec")
    image, fwhm = read_image(run, inputs(6.0))
    assert fwhm == 6.0
    assert (np.abs(image.series - plain.series) > 1).any()
    assert image_facts(run, image, fwhm)["SmoothedBy"] == "here"
    assert smoothed_by(run, None) is None


def smooth_run(folder: Path, width: float, **changes: object) -> RunInputs:
    """A run of white noise smoothed with a Gaussian, mm, on a grid of 2 mm."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(30, 30, 30, 16))
    if width:
        sigma = width / 2 / np.sqrt(8 * np.log(2))
        noise = gaussian_filter(noise, (sigma, sigma, sigma, 0))
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    run = run_of(folder, 2.0, "sec", **changes)
    image = nib.Nifti1Image((100 + noise / noise.std()).astype(np.float32), affine)
    image.header.set_zooms((2, 2, 2, 2.0))
    nib.save(image, run.bold)
    brain = np.zeros((30, 30, 30), np.uint8)
    brain[6:24, 6:24, 6:24] = 1
    nib.save(nib.Nifti1Image(brain, affine), run.mask)
    return run


def test_smoothness_is_estimated_before_and_after(tmp_path):
    run = smooth_run(tmp_path, 4.0)
    image, fwhm = read_image(run, inputs(6.0))
    np.testing.assert_allclose(image.smoothness_before, 4.0, rtol=0.06)
    np.testing.assert_allclose(image.smoothness_after, np.hypot(4.0, 6.0), rtol=0.08)
    assert image.notes == ()
    facts = image_facts(run, image, fwhm)
    assert facts["SmoothnessBefore"] == [round(float(w), 2) for w in image.smoothness_before]
    assert facts["SmoothnessAfter"] == [round(float(w), 2) for w in image.smoothness_after]


def test_a_series_that_looks_smoothed_and_does_not_say_so_is_told(tmp_path):
    image, _ = read_image(smooth_run(tmp_path, 7.0), inputs(6.0))
    (note,) = image.notes
    words = (
        r"^nothing says .* looks smoothed with about (6|7)\.\d mm; .* once more with 6 mm, about"
    )
    assert re.match(words, note)
    assert read_image(smooth_run(tmp_path, 7.0), inputs(0.0))[0].notes == ()
    # Large voxels make every series look smooth.
    image = replace(image, grid=replace(image.grid, affine=np.diag([5.0, 5.0, 5.0, 1.0])))
    assert smoothing_notes(run_of(tmp_path, 2.0, "sec"), image, 6.0) == ()


def test_a_series_that_says_it_is_smoothed_and_is_not_is_told(tmp_path):
    said = {"smoothed": True, "stated_fwhm": 6.0, "description": "smoothAROMAnonaggr"}
    (note,) = read_image(smooth_run(tmp_path, 0.0, **said), inputs(6.0))[0].notes
    assert re.match("the series is said to be smoothed with 6 mm, but looks smoothed with", note)
    assert read_image(smooth_run(tmp_path, 5.0, **said), inputs(6.0))[0].notes == ()


def test_another_width_than_the_study_s_is_told_with_both(tmp_path):
    said = {"smoothed": True, "stated_fwhm": 6.0}
    (note,) = read_image(smooth_run(tmp_path, 6.0, **said), inputs(8.0))[0].notes
    assert note == (
        "the series was smoothed with 6 mm before and is not smoothed again; the study's "
        "smoothing_fwhm is 8 mm"
    )
    (note,) = read_image(smooth_run(tmp_path, 6.0, **said), inputs(0.0))[0].notes
    assert note.endswith("the study's smoothing_fwhm is none")


def with_components(folder: Path, noise: str = "1,3") -> tuple[np.ndarray, dict[str, Path]]:
    """Write ICA-AROMA's files of a run of 16 volumes."""
    mixing = np.random.default_rng(2).normal(size=(16, 5))
    mixing[:2] = 0  # before the steady state
    paths = {"aroma_mixing": folder / "mixing.tsv", "aroma_noise": folder / "noise.csv"}
    np.savetxt(paths["aroma_mixing"], mixing, delimiter="\t", fmt="%.17g")
    paths["aroma_noise"].write_text(noise)
    return mixing, paths


@pytest.mark.parametrize("fwhm", [0.0, 6.0])
def test_denoising_here_is_a_least_squares_fit_of_all_components(fwhm, tmp_path):
    mixing, paths = with_components(tmp_path)
    plain, _ = read_image(smooth_run(tmp_path, 3.0), inputs(fwhm))
    run = smooth_run(tmp_path, 3.0, **paths)
    image, _ = read_image(run, inputs(fwhm))
    design = np.column_stack([np.ones(14), mixing[2:]])
    series = plain.series.astype(float)
    weights = np.linalg.lstsq(design, series[2:], rcond=None)[0]
    away = mixing[2:, [0, 2]] - mixing[2:, [0, 2]].mean(axis=0)
    series[2:] -= away @ weights[[1, 3]]
    np.testing.assert_allclose(image.series, series, rtol=3e-7)
    assert np.abs(image.series - plain.series).max() > 0.1
    assert image.components == (2, 5)
    facts = image_facts(run, image, fwhm)
    assert facts["Denoising"] == "ICA-AROMA non-aggressive, here, 2 of 5 components"
    assert (facts["Components"], facts["NoiseComponents"]) == (5, 2)
    # Voxel means, and so the scaling, do not change.
    np.testing.assert_allclose(image.series[2:].mean(0), plain.series[2:].mean(0), rtol=1e-6)


def test_smoothing_and_denoising_may_change_places(tmp_path):
    _, paths = with_components(tmp_path)
    smoothed_first, _ = read_image(smooth_run(tmp_path, 0.0, **paths), inputs(6.0))
    run = smooth_run(tmp_path, 0.0, **paths)
    # Denoise all voxels of the file, then smooth.
    whole = nib.load(run.bold)
    data = np.asanyarray(whole.dataobj)
    found = read_aroma(run.aroma_mixing, run.aroma_noise)
    denoised = denoise_nonaggressively(
        data.reshape(-1, 16).T.astype(float), mixing=found.mixing, noise=found.noise
    )
    data = denoised.T.reshape(data.shape).astype(np.float32)
    nib.save(nib.Nifti1Image(data, whole.affine), run.bold)
    plain = replace(run, aroma_mixing=None, aroma_noise=None)
    denoised_first, _ = read_image(plain, inputs(6.0))
    np.testing.assert_allclose(smoothed_first.series, denoised_first.series, rtol=5e-7)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("preproc", "none"),
        ("smoothAROMAnonaggr", "ICA-AROMA non-aggressive, by fMRIPrep"),
        ("nonaggrDenoised", "ICA-AROMA non-aggressive, by fMRIPost-AROMA"),
        ("denoised", "none"),
    ],
)
def test_who_denoised_a_series(description, words, tmp_path):
    run = run_of(tmp_path, 2.0, "sec", description=description)
    image, fwhm = read_image(run, inputs(0.0))
    assert image_facts(run, image, fwhm)["Denoising"] == words
    assert set(DENOISED_BY) == AROMA_DENOISED


def test_components_that_do_not_fit_are_told_with_their_file(tmp_path):
    mixing, paths = with_components(tmp_path)
    np.savetxt(paths["aroma_mixing"], mixing[1:], delimiter="\t")
    with pytest.raises(InputDataError, match="has 15 rows and the series 16 volumes") as caught:
        read_image(smooth_run(tmp_path, 0.0, **paths), inputs(0.0))
    assert caught.value.path == paths["aroma_mixing"]
    _, paths = with_components(tmp_path, noise="2,6")
    with pytest.raises(InputDataError, match=r"names component 6; .* components 1 to 5") as caught:
        read_image(smooth_run(tmp_path, 0.0, **paths), inputs(0.0))
    assert caught.value.path == paths["aroma_noise"]
    np.savetxt(paths["aroma_mixing"], np.column_stack([mixing, mixing[:, 0]]), delimiter="\t")
    with pytest.raises(InputDataError, match="cannot be told apart") as caught:
        read_image(smooth_run(tmp_path, 0.0, **paths), inputs(0.0))
    assert caught.value.path == paths["aroma_mixing"]
    assert caught.value.cure


def test_times_that_are_not_known_or_differ_by_rounding_are_not_told():
    assert t_r_notes(None, 2.0) == t_r_notes(2.0, None) == ()
    assert t_r_notes(0.7199999, 0.72) == ()
    assert len(t_r_notes(0.73, 0.72)) == 1
