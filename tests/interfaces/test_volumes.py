"""Volumes of brain structures: measures of a session, with the reason where there are none."""

from __future__ import annotations

import math

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.dataset.inputs import SessionInputs, VolumesInputs
from bids_ketamine.errors import InputDataError
from bids_ketamine.interfaces.step import read_step
from bids_ketamine.interfaces.volumes import StructureVolumes
from bids_ketamine.study.spec import VolumesSpec

STRUCTURES = ("Left-Hippocampus", "Right-Hippocampus", "Left-Thalamus-Proper")
STATS = """\
# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1500000.0, mm^3
# ColHeaders Index SegId NVoxels Volume_mm3 StructName
  1  17     4280     4200.0  Left-Hippocampus
  2  10     7300     7500.0  Left-Thalamus
"""


@pytest.fixture
def derivatives(tmp_path):
    folder = tmp_path / "fmriprep"
    folder.mkdir()
    return folder


def compute(derivatives, found):
    step = StructureVolumes(
        volumes=VolumesSpec(structures=STRUCTURES),
        session=SessionInputs("01", "pre", "pre", (), (), found),
        fingerprint="x",
        sources={str(derivatives): "fmriprep"},
    )
    folder = derivatives.parent / "staged"
    folder.mkdir(exist_ok=True)
    step.compute(folder)
    return pd.read_pickle(folder / "rows.pkl"), read_step(folder)


def write_stats(derivatives, text=STATS):
    path = derivatives / "sourcedata/freesurfer/sub-01/stats/aseg.stats"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_volumes_of_freesurfer_over_intracranial_volume(derivatives):
    shared = "of the participant's anatomy, which all sessions share"
    path = write_stats(derivatives)
    rows, told = compute(derivatives, VolumesInputs(stats=path, note=shared))
    assert rows["regions"].tolist() == ["Left-Hippocampus", "Right-Hippocampus", "Left-Thalamus"]
    assert rows["value"].tolist()[::2] == [4200 / 1.5e6, 7500 / 1.5e6]
    assert math.isnan(rows["value"][1])
    assert rows["reason"].tolist() == [
        "",
        "aseg.stats has no Right-Hippocampus (it has Left-Hippocampus)",
        "",
    ]
    assert set(rows["measure"]) == {"volume"}
    assert set(rows["task"]) == {"anat"}
    assert set(rows["unit"]) == {"share of intracranial volume"}
    assert told == {
        "Runs": [],
        "Volumes": {
            "Source": "aseg.stats",
            "Intracranial": 1_500_000.0,
            "Structures": {
                "Left-Hippocampus": 4200.0,
                "Right-Hippocampus": None,
                "Left-Thalamus": 7500.0,
            },
            "Units": "mm^3",
            "Reason": "",
            "Notes": [f"aseg.stats: {shared}"],
            "Sources": ["bids:fmriprep:sourcedata/freesurfer/sub-01/stats/aseg.stats"],
        },
    }


def test_voxels_of_a_segmentation_have_no_intracranial_volume(derivatives):
    labels = np.zeros((10, 10, 10), dtype=np.int16)
    labels[:2, :2, :3] = 17
    path = derivatives / "sub-01_desc-aseg_dseg.nii.gz"
    nib.save(nib.Nifti1Image(labels, np.diag([1.0, 1.0, 2.0, 1.0])), path)
    rows, told = compute(derivatives, VolumesInputs(segmentation=path))
    assert rows["value"].isna().all()
    assert rows["reason"][0] == (
        "a segmentation has no intracranial volume: give FreeSurfer's aseg.stats"
    )
    assert set(rows["method"]) == {"voxels of the segmentation, counted"}
    volumes = told["Volumes"]
    assert volumes["Structures"]["Left-Hippocampus"] == 24.0
    assert volumes["Intracranial"] is None
    assert volumes["Notes"] == ["voxels were counted: FreeSurfer's volumes differ by some percent"]


def test_a_session_without_either_has_the_reason(derivatives):
    rows, told = compute(derivatives, VolumesInputs(reason="expected aseg.stats in fmriprep"))
    assert rows["value"].isna().all()
    assert set(rows["reason"]) == {"expected aseg.stats in fmriprep"}
    assert told["Volumes"]["Source"] is None
    assert told["Volumes"]["Reason"] == "expected aseg.stats in fmriprep"


def test_damaged_stats_stop_the_step_and_name_the_line(derivatives):
    path = write_stats(derivatives, STATS.replace("4200.0", "-3"))
    with pytest.raises(InputDataError, match="Line 3 holds `-3`, which is no volume"):
        compute(derivatives, VolumesInputs(stats=path))
