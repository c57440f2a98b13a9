"""What the steps of a session say of a run's images."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.interfaces.runs import read_image, t_r_notes
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
    run = run_of(tmp_path, 2.0, "sec", description="smoothAROMAnonaggr")
    assert read_image(run, inputs(6.0))[1] is None
    assert read_image(run_of(tmp_path, 2.0, "sec"), inputs(6.0))[1] == 6.0


def test_times_that_are_not_known_or_differ_by_rounding_are_not_told():
    assert t_r_notes(None, 2.0) == t_r_notes(2.0, None) == ()
    assert t_r_notes(0.7199999, 0.72) == ()
    assert len(t_r_notes(0.73, 0.72)) == 1
