"""CIFTI series: what is taken, and what is refused with which sentence, before it is read."""

from __future__ import annotations

import struct

import nibabel as nib
import numpy as np
import pytest
from nibabel.cifti2 import ScalarAxis, SeriesAxis

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.images import cifti_series
from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.images.grayordinates_91k import STRUCTURES
from tests.cifti_files import (
    structure_voxels,
    tiny_axis,
    write_series,
)

N = 91_282


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A good series of five volumes and its values."""
    data = np.random.default_rng(0).normal(1000, 10, (5, N)).astype(np.float32)
    return write_series(tmp_path_factory.mktemp("made") / "a.dtseries.nii", data), data


def changed(path, tmp_path, *edits):
    """Copy a file with some bytes replaced, given as (offset, bytes)."""
    content = bytearray(path.read_bytes())
    for offset, new in edits:
        content[offset : offset + len(new)] = new
    copy = tmp_path / "changed.dtseries.nii"
    copy.write_bytes(content)
    return copy


def told(path, *, t_r=2.0):
    with pytest.raises(InputDataError) as caught:
        open_dense_series(path, t_r=t_r)
    assert caught.value.path == path
    return str(caught.value)


def written(tmp_path, axis, n_scans=3):
    return write_series(tmp_path / "a.dtseries.nii", np.ones((n_scans, len(axis))), axis)


def test_a_series_of_fmriprep_is_opened(made):
    series = open_dense_series(made[0], t_r=2.0)
    assert series.n_scans == 5
    assert series.header_t_r == 2.0
    assert series.notes == ()
    found = series.grayordinates
    assert [(each.name, each.size) for each in found.structures] == list(STRUCTURES.items())
    assert len(found) == N
    thalamus = found.structures[-2]
    np.testing.assert_array_equal(
        found.voxels[thalamus.columns], structure_voxels()["THALAMUS_LEFT"]
    )
    assert found.vertices[29_696:29_699].tolist() == [0, 1, 2]


def test_blocks_are_the_whole_file_in_its_order(made, monkeypatch):
    path, data = made
    monkeypatch.setattr(cifti_series, "BLOCK_BYTES", 4 * 5 * 10_000)
    blocks = list(open_dense_series(path, t_r=None).blocks())
    assert [block.columns.start for block in blocks] == list(range(0, N, 10_000))
    assert blocks[0].values.dtype == np.float32
    np.testing.assert_array_equal(np.concatenate([each.values for each in blocks]), data.T)


def test_scaled_whole_numbers_are_read_as_real_values(tmp_path, made):
    stored = (np.arange(5 * N) % 30_000).astype("<i2").reshape(N, 5)
    content = made[0].read_bytes()[: -4 * 5 * N] + stored.tobytes()
    (tmp_path / "b.dtseries.nii").write_bytes(content)
    # datatype and bitpix, scl_slope and scl_inter of a NIfTI-2 header.
    whole, factors = struct.pack("<hh", 4, 16), struct.pack("<dd", 0.5, 10.0)
    copy = changed(tmp_path / "b.dtseries.nii", tmp_path, (12, whole), (176, factors))
    blocks = open_dense_series(copy, t_r=2.0).blocks()
    values = np.concatenate([block.values for block in blocks])
    np.testing.assert_array_equal(values, stored * np.float32(0.5) + 10)


def test_a_file_that_is_cut_off_is_refused_by_its_size(made, tmp_path):
    path, _ = made
    copy = tmp_path / "cut.dtseries.nii"
    copy.write_bytes(path.read_bytes()[:-1_000_000])
    message = told(copy)
    assert "The CIFTI file is cut off: its header claims 2.45 MB (5 x 91282 values)" in message
    assert "the file has 1.45 MB." in message
    copy.write_bytes(path.read_bytes()[:10_000])
    assert "cut off: its header has" in told(copy)


def test_a_forged_number_of_volumes_allocates_nothing(made, tmp_path):
    copy = changed(made[0], tmp_path, (16 + 5 * 8, struct.pack("<q", 10**12)))
    assert "The CIFTI file is cut off: its header claims 365 PB" in told(copy)


@pytest.mark.parametrize(
    ("offset", "new", "sentence"),
    [
        (0, b"\x1f\x8b", "The CIFTI file is compressed"),
        (0, b"abcd", "The file is not a readable CIFTI-2 file."),
        (0, (348).to_bytes(4, "little"), "The file is a NIfTI-1 image, not CIFTI-2."),
        (4, b"ni2\0", "The file is not one NIfTI-2 file, not CIFTI-2."),
        (16, struct.pack("<q", 4), "its matrix should have two axes, the header claims"),
        (12, struct.pack("<h", 32), "The values of the CIFTI file are complex numbers"),
        (168, struct.pack("<q", 100), "its header says that values start at byte 100"),
        (544, struct.pack("<i", 2**30), "an extension of its header claims 1073741824 bytes"),
        (548, struct.pack("<i", 6), "a NIfTI-2 image without CIFTI's description of its axes"),
        (560, b"<<<<", "the description of its axes (XML) cannot be read"),
        (176, struct.pack("<d", 1e300), "its header scales values by 1e+300"),
    ],
)
def test_damaged_headers_are_told(made, tmp_path, offset, new, sentence):
    assert sentence in told(changed(made[0], tmp_path, (offset, new)))


def test_files_that_are_not_there_or_hold_nothing(tmp_path):
    with pytest.raises(InputMissingError, match="The CIFTI file does not exist"):
        open_dense_series(tmp_path / "none.dtseries.nii", t_r=2.0)
    (tmp_path / "empty.dtseries.nii").touch()
    assert "is empty (0 bytes)" in told(tmp_path / "empty.dtseries.nii")
    assert "is a folder, not a file" in told(tmp_path)


def test_swapped_axes_are_told(tmp_path):
    axis = tiny_axis()
    image = nib.Cifti2Image(np.ones((len(axis), 3), np.float32), header=(axis, SeriesAxis(0, 2, 3)))
    nib.save(image, tmp_path / "a.dtseries.nii")
    message = told(tmp_path / "a.dtseries.nii")
    assert "The axes of the CIFTI file are swapped" in message
    assert "wb_command -cifti-transpose" in message


def test_a_matrix_that_lies_the_other_way_than_its_axes(made, tmp_path):
    copy = changed(made[0], tmp_path, (16 + 5 * 8, struct.pack("<qq", N, 5)))
    assert (
        "The matrix of the CIFTI file has 91282 x 5 values, its description 5 volumes x 91282 "
        "grayordinates: its axes are swapped."
    ) in told(copy)


def test_maps_are_no_series(tmp_path):
    axis = tiny_axis()
    image = nib.Cifti2Image(
        np.ones((2, len(axis)), np.float32), header=(ScalarAxis(["a", "b"]), axis)
    )
    nib.save(image, tmp_path / "a.dscalar.nii")
    assert (
        "The CIFTI file is no dense series: its axes hold maps of numbers and grayordinates, not "
        "a series and grayordinates."
    ) in told(tmp_path / "a.dscalar.nii")


def test_one_volume_is_no_series(tmp_path):
    assert "has several volumes; this file has one" in told(written(tmp_path, tiny_axis(), 1))


class TestRepetitionTime:
    """Of header and sidecar."""

    def with_step(self, made, tmp_path, step, unit="SECOND"):
        content = made[0].read_bytes()
        old = b'SeriesStep="2.0"'
        assert old in content
        copy = tmp_path / "step.dtseries.nii"
        # The XML keeps its length: what is behind it must not move.
        new = f'SeriesStep="{step}"'.encode().ljust(len(old))
        content = content.replace(old, new)
        copy.write_bytes(content.replace(b'SeriesUnit="SECOND"', f'SeriesUnit="{unit}"'.encode()))
        return copy

    def test_at_odds_is_refused(self, made, tmp_path):
        assert (
            "The header of the series says a repetition time of 2.5 s, its sidecar 2 s."
        ) in told(self.with_step(made, tmp_path, "2.5"))

    def test_unknown_in_the_sidecar_is_no_reason(self, made, tmp_path):
        series = open_dense_series(self.with_step(made, tmp_path, "2.5"), t_r=None)
        assert (series.header_t_r, series.notes) == (2.5, ())

    def test_zero_is_none(self, made, tmp_path):
        series = open_dense_series(self.with_step(made, tmp_path, "0.0"), t_r=2.0)
        assert series.header_t_r is None
        assert series.notes == ("the header of the series states no repetition time",)

    def test_absent_is_none(self, made, tmp_path):
        path = self.with_step(made, tmp_path, "2.0")
        path.write_bytes(path.read_bytes().replace(b'SeriesStep="2.0"', b" " * 16))
        series = open_dense_series(path, t_r=2.0)
        assert series.notes == ("the header of the series states no repetition time",)

    def test_milliseconds_are_noted(self, made, tmp_path):
        series = open_dense_series(self.with_step(made, tmp_path, "2e3"), t_r=2.0)
        assert series.header_t_r == 2000.0
        assert series.notes == (
            "the header of the series counts its repetition time (2000) in milliseconds",
        )

    def test_steps_in_hertz_are_no_time(self, made, tmp_path):
        path = self.with_step(made, tmp_path, "2.0", "HERTZ ")
        assert "The steps of the series are in hertz" in told(path)
