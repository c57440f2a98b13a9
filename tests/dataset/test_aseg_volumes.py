"""Volumes of structures from aseg.stats, tables and segmentations."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bids_ketamine.dataset.aseg_files import find_aseg_image, find_aseg_stats
from bids_ketamine.dataset.aseg_rows import structure_rows
from bids_ketamine.dataset.aseg_volumes import (
    BrainVolumes,
    count_volumes,
    read_aseg_stats,
    read_aseg_table,
)
from bids_ketamine.dataset.names import parse_name
from bids_ketamine.dataset.session_files import SessionFiles
from bids_ketamine.errors import InputDataError, InputMissingError

SHARED = Path(__file__).parents[3] / "shared/data/aomic-piop2/derivatives/fs_stats"

STATS = """\
# Title Segmentation Statistics
#
# generating_program mri_segstats
# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1248820.000000, mm^3
# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1500000.5, mm^3
# NRows 4
# TableCol  5 ColHeader StructName
# ColHeaders Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax range
  1   4     4300     4245.9  Left-Lateral-Ventricle    31.2  12.1  10.0  80.0  70.0
  2  10     7300     7311.5  Left-Thalamus-Proper      91.0   8.0  50.0 120.0  70.0
  3  17     4280     4280.4  Left-Hippocampus          70.1   7.5  30.0 100.0  70.0
  4  72        0        0.0  5th-Ventricle              0.0   0.0   0.0   0.0   0.0
"""


def write(tmp_path: Path, text: str, name: str = "aseg.stats") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_volumes_of_aseg_stats(tmp_path: Path) -> None:
    volumes = read_aseg_stats(write(tmp_path, STATS))
    assert volumes.structures == {
        "Left-Lateral-Ventricle": 4245.9,
        "Left-Thalamus": 7311.5,
        "Left-Hippocampus": 4280.4,
        "5th-Ventricle": 0.0,
    }
    assert (volumes.intracranial, volumes.why_not, volumes.notes) == (1500000.5, "", ())


def test_rows_have_the_ratio_or_the_reason(tmp_path: Path) -> None:
    volumes = read_aseg_stats(write(tmp_path, STATS))
    wanted = ["Left-Hippocampus", "Left-Thalamus-Proper", "Right-Hippocampus", "5th-Ventricle"]
    left, thalamus, right, ventricle = structure_rows(volumes, wanted)
    assert left == ("Left-Hippocampus", 4280.4, 1500000.5, 4280.4 / 1500000.5, "")
    assert (thalamus.structure, thalamus.volume) == ("Left-Thalamus", 7311.5)
    assert math.isnan(right.volume)
    assert math.isnan(right.ratio)
    assert right.reason == "aseg.stats has no Right-Hippocampus (it has Left-Hippocampus)"
    assert math.isnan(ventricle.ratio)
    assert ventricle.reason == "aseg.stats: 5th-Ventricle has no voxel"


def test_rows_of_a_session_without_volumes() -> None:
    (row,) = structure_rows("expected x in fmriprep", ["Left-Amygdala"])
    assert row.structure == "Left-Amygdala"
    assert row.reason == "expected x in fmriprep"
    assert np.isnan([row.volume, row.intracranial, row.ratio]).all()


def test_the_intracranial_volume_of_freesurfer_5(tmp_path: Path) -> None:
    old = STATS.replace("EstimatedTotalIntraCranialVol, eTIV", "IntraCranialVol, ICV")
    assert read_aseg_stats(write(tmp_path, old)).intracranial == 1500000.5


def test_without_intracranial_volume_the_volumes_stay(tmp_path: Path) -> None:
    lines = [line for line in STATS.splitlines() if "eTIV" not in line]
    volumes = read_aseg_stats(write(tmp_path, "\n".join(lines)))
    assert volumes.why_not == "aseg.stats has no intracranial volume"
    (row,) = structure_rows(volumes, ["Left-Hippocampus"])
    assert row.volume == 4280.4
    assert math.isnan(row.ratio)
    assert row.reason == "aseg.stats has no intracranial volume"


def test_a_head_that_is_none_is_noted(tmp_path: Path) -> None:
    volumes = read_aseg_stats(write(tmp_path, STATS.replace("1500000.5", "150000.5")))
    assert volumes.notes == (
        "aseg.stats: an intracranial volume of 150000 mm^3 is not a person's: look at the "
        "registration to the atlas (talairach)",
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("# ColHeaders", "# Columns", "The file is no `aseg.stats` of FreeSurfer"),
        ("StructName normMean", "Name normMean", "The file is no `aseg.stats` of FreeSurfer"),
        ("100.0  70.0\n  4", "100.0\n  4", "Line 11 has 9 cells, the header 10."),
        ("4280.4", "42x0.4", "Line 11 holds `42x0.4`, which is no volume."),
        ("4280.4", "-4280.4", "Line 11 holds `-4280.4`, which is no volume."),
        ("4280.4", "nan", "Line 11 holds `nan`, which is no volume."),
        ("Left-Hippocampus", "Left-Thalamus   ", "Line 11 names Left-Thalamus a second time."),
        (", 1500000.5, mm^3", "", "Line 5 is cut off."),
        ("1500000.5", "many", "Line 5 holds `many`, which is no volume."),
    ],
)
def test_damaged_stats_are_told(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in STATS
    path = write(tmp_path, STATS.replace(old, new))
    with pytest.raises(InputDataError) as caught:
        read_aseg_stats(path)
    assert sentence in str(caught.value)
    assert caught.value.path == path


def test_a_header_alone_and_no_file(tmp_path: Path) -> None:
    header = "".join(line for line in STATS.splitlines(keepends=True) if line.startswith("#"))
    with pytest.raises(InputDataError, match="a header and no structures"):
        read_aseg_stats(write(tmp_path, header))
    with pytest.raises(InputDataError, match="empty"):
        read_aseg_stats(write(tmp_path, ""))
    with pytest.raises(InputMissingError):
        read_aseg_stats(tmp_path / "none")


class TestTable:
    """The table of asegstats2table."""

    COLUMNS = "Measure:volume\tLeft-Hippocampus\tRight-Thalamus-Proper\tEstimatedTotal"
    COLUMNS += "IntraCranialVol\n"

    def read(self, tmp_path: Path, text: str) -> dict[tuple[str, str | None], BrainVolumes]:
        return read_aseg_table(write(tmp_path, text, "aseg.tsv"))

    def test_by_participant_and_session(self, tmp_path: Path) -> None:
        rows = (
            "sub-01\t4000\t7000\t1.5e6\n"
            "sub-02_ses-pre\t4001\tn/a\t1.4e6\n"
            "sub-02_ses-post.long.sub-02\t4002\t7002\t1.4e6\n"
            "/data/fs/sub-03/\t4003\t7003\tn/a\n"
        )
        found = self.read(tmp_path, self.COLUMNS + rows)
        assert list(found) == [("01", None), ("02", "pre"), ("02", "post"), ("03", None)]
        assert found["01", None].structures == {"Left-Hippocampus": 4000, "Right-Thalamus": 7000}
        assert found["01", None].intracranial == 1.5e6
        assert found["02", "pre"].structures == {"Left-Hippocampus": 4001}
        assert found["03", None].why_not == "aseg.tsv has no intracranial volume"

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("Measure:mean\ta\nsub-01\t1\n", "The table holds mean, not volumes"),
            ("participant_id\ta\nsub-01\t1\n", "starts with the column `participant_id`"),
            ("Measure:volume\ta\nsub-01\t1\nsub-01\t2\n", "`sub-01` has a second row"),
            ("Measure:volume\ta\nmy brain\t1\n", "is not the name of a FreeSurfer folder"),
            ("Measure:volume\ta\nsub-01\t-1\n", "Line 2, column `a`: `-1` is no volume"),
            ("Measure:volume\ta\nsub-01\tx\n", "Line 2, column `a`: `x` is not a number"),
            ("Measure:volume\ta\n", "a header and no rows"),
        ],
    )
    def test_what_is_refused(self, tmp_path: Path, text: str, sentence: str) -> None:
        with pytest.raises(InputDataError) as caught:
            self.read(tmp_path, text)
        assert sentence in str(caught.value)

    @pytest.mark.skipif(not SHARED.is_dir(), reason="needs the reference data")
    def test_a_real_table(self) -> None:
        (path,) = SHARED.glob("*measure-volume*.tsv")
        found = read_aseg_table(path)
        assert len(found) == 113
        (row,) = structure_rows(found["0001", None], ["Left-Hippocampus"])
        assert row == ("Left-Hippocampus", 4280.4, 1560838.764254, 4280.4 / 1560838.764254, "")
        assert not any(volumes.notes or volumes.why_not for volumes in found.values())


def test_voxels_of_a_segmentation_are_counted() -> None:
    labels = np.zeros((10, 10, 10), dtype=np.int32)
    labels[:2, :2, :2] = 17
    labels[5, 5, :3] = 10
    affine = np.array([[-0.8, 0, 0, 90], [0, 0, 1.0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1]])
    names = {17: "Left-Hippocampus", 10: "Left-Thalamus-Proper", 53: "Right-Hippocampus"}
    volumes = count_volumes(labels, affine, names, source="sub-01_desc-aseg_dseg.nii.gz")
    assert volumes.structures == pytest.approx({"Left-Hippocampus": 6.4, "Left-Thalamus": 2.4})
    left, right = structure_rows(volumes, ["Left-Hippocampus", "Right-Hippocampus"])
    assert left.volume == pytest.approx(6.4)
    assert left.reason == (
        "a segmentation has no intracranial volume: give FreeSurfer's aseg.stats"
    )
    assert "has no Right-Hippocampus" in right.reason
    assert volumes.notes == ("voxels were counted: FreeSurfer's volumes differ by some percent",)


class TestPlaces:
    """Where files are looked for."""

    def stats(self, root: Path, folder: str) -> Path:
        return write(root, STATS, f"{folder}/stats/aseg.stats")

    @pytest.mark.parametrize(
        "place", ["fmriprep/sourcedata/freesurfer", "fmriprep/freesurfer", "fmriprep", "freesurfer"]
    )
    def test_layouts_of_fmriprep(self, tmp_path: Path, place: str) -> None:
        path = self.stats(tmp_path, f"{place}/sub-01")
        found = find_aseg_stats([tmp_path / "fmriprep"], "01", None)
        assert found.path is not None
        assert found.path.resolve() == path
        assert found.note is None

    def test_the_session_goes_before_the_participant(self, tmp_path: Path) -> None:
        root = tmp_path / "fmriprep"
        shared = self.stats(root, "sourcedata/freesurfer/sub-01")
        found = find_aseg_stats([root], "01", "pre")
        assert found.path == shared
        assert found.note == "of the participant's anatomy, which all sessions share"
        own = self.stats(root, "sourcedata/freesurfer/sub-01_ses-pre")
        found = find_aseg_stats([root], "01", "pre")
        assert (found.path, found.note) == (own, None)
        long = self.stats(root, "sourcedata/freesurfer/sub-01_ses-pre.long.sub-01")
        found = find_aseg_stats([root], "01", "pre")
        assert (found.path, found.note) == (long, "FreeSurfer's longitudinal stream")
        assert find_aseg_stats([root], "01", "post").path == shared

    def test_folders_of_sessions(self, tmp_path: Path) -> None:
        own = self.stats(tmp_path, "sourcedata/freesurfer/sub-01/ses-pre")
        assert find_aseg_stats([tmp_path], "01", "pre").path == own

    def test_nothing_and_too_much(self, tmp_path: Path) -> None:
        root = tmp_path / "fmriprep"
        found = find_aseg_stats([root], "01", "pre")
        assert found.absent
        assert found.reason == (
            "expected sourcedata/freesurfer/sub-01/stats/aseg.stats in fmriprep"
        )
        self.stats(root, "sourcedata/freesurfer/sub-01_ses-pre.long.a")
        self.stats(root, "sourcedata/freesurfer/sub-01_ses-pre.long.b")
        reason = find_aseg_stats([root], "01", "pre").reason
        assert reason is not None
        assert reason.startswith("several folders of FreeSurfer fit (sub-01_ses-pre.long.a, ")

    def test_an_empty_file_is_a_reason(self, tmp_path: Path) -> None:
        write(tmp_path, "", "freesurfer/sub-01/stats/aseg.stats")
        found = find_aseg_stats([tmp_path], "01", None)
        assert found.reason == "aseg.stats is empty (0 bytes)"

    def image(self, tmp_path: Path, label: str | None, *names: str) -> Any:
        root = tmp_path / "fmriprep"
        for name in names:
            write(root, "x", name)
        files = [parse_name(root, path, dataset="fmriprep") for path in sorted(root.rglob("*.gz"))]
        return find_aseg_image(SessionFiles("01", label, (), {"fmriprep": tuple(files)}))

    def test_a_segmentation_in_its_own_space(self, tmp_path: Path) -> None:
        name = "sub-01/anat/sub-01_desc-aseg_dseg.nii.gz"
        mni = "sub-01/anat/sub-01_space-MNI152NLin2009cAsym_desc-aseg_dseg.nii.gz"
        beside = "sub-01/func/sub-01_task-rest_space-T1w_desc-aseg_dseg.nii.gz"
        found = self.image(tmp_path, None, name, mni, beside)
        assert (found.path, found.note) == (tmp_path / "fmriprep" / name, None)
        found = self.image(tmp_path, "pre")
        assert found.path == tmp_path / "fmriprep" / name
        assert found.note == "of the participant's anatomy, which all sessions share"
        own = "sub-01/ses-pre/anat/sub-01_ses-pre_desc-aseg_dseg.nii.gz"
        found = self.image(tmp_path, "pre", own)
        assert (found.path, found.note) == (tmp_path / "fmriprep" / own, None)

    def test_what_was_brought_to_a_template_is_not_counted(self, tmp_path: Path) -> None:
        mni = "sub-01/anat/sub-01_space-MNI152NLin2009cAsym_desc-aseg_dseg.nii.gz"
        found = self.image(tmp_path, None, mni)
        assert found.path is None
        assert found.reason == (
            "expected sub-01/anat/sub-01_desc-aseg_dseg.nii.gz in fmriprep; "
            "sub-01_space-MNI152NLin2009cAsym_desc-aseg_dseg.nii.gz is deformed to a template"
        )

    def test_of_another_session_or_none(self, tmp_path: Path) -> None:
        other = "sub-01/ses-post/anat/sub-01_ses-post_desc-aseg_dseg.nii.gz"
        found = self.image(tmp_path, "pre", other)
        assert found.reason.endswith("sub-01_ses-post_desc-aseg_dseg.nii.gz is of another session")
        assert self.image(tmp_path / "empty", "pre").absent
