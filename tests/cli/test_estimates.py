"""Sizes from headers, and the costs that follow."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from bids_ketamine.cli.estimates import ImageSize, estimate, read_image_size


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_size_of_both_byte_orders(
    write_header: Callable[..., Path], tmp_path: Path, name: str, order: str
) -> None:
    path = write_header(tmp_path / name, (97, 115, 97, 215), order=order)
    assert read_image_size(path) == ImageSize(n_voxels=97 * 115 * 97, n_volumes=215)


def test_size_of_a_single_volume(write_header: Callable[..., Path], tmp_path: Path) -> None:
    size = read_image_size(write_header(tmp_path / "a.nii", (4, 5, 6)))
    assert (size.n_voxels, size.n_volumes, size.n_values) == (120, 1, 120)


def test_size_of_nifti_2(tmp_path: Path) -> None:
    content = struct.pack("<i", 540) + bytes(12) + struct.pack("<8q", 4, 2, 3, 4, 50_000, 1, 1, 1)
    path = tmp_path / "a.nii"
    path.write_bytes(content.ljust(540, b"\0"))
    assert read_image_size(path) == ImageSize(n_voxels=24, n_volumes=50_000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (gzip.compress(bytes(100)), "the file ends too early"),
        (gzip.compress(bytes(4000))[:15], "the file ends too early"),
        (gzip.compress(b"x" * 348), "the file is not NIfTI"),
        (gzip.compress(struct.pack("<i", 348) + bytes(344)), "no sensible extents"),
    ],
    ids=["empty", "no header", "truncated", "text", "no extents"],
)
def test_what_is_no_image_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_image_size(path)


def test_a_file_that_is_not_compressed(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"text")
    with pytest.raises(OSError, match="gzip"):
        read_image_size(path)


@pytest.mark.parametrize(
    ("method", "seconds", "memory_gb"),
    [("spm", 1.9, 0.6), ("ols", 1.9, 0.6), ("ar1", 15.0, 0.6), ("rest", 1.0, 0.45)],
)
def test_costs_of_a_series_at_full_resolution(
    method: str, seconds: float, memory_gb: float
) -> None:
    size = ImageSize(1_082_035, 215)
    plain = estimate(size, method=method, smooth=False)
    assert plain.seconds == pytest.approx(1 + 1.65 + seconds, rel=0.01)
    assert plain.memory_gb == pytest.approx(memory_gb, rel=0.01)
    smoothed = estimate(size, method=method, smooth=True)
    assert smoothed.seconds - plain.seconds == pytest.approx(1.8, rel=0.01)
    assert smoothed.memory_gb == plain.memory_gb


def test_costs_grow_with_the_series() -> None:
    small = estimate(ImageSize(1000, 100), method="ar1", smooth=False)
    assert small.seconds == pytest.approx(1.0, rel=0.02)
    assert small.memory_gb == pytest.approx(0.3, rel=0.01)
    assert estimate(None, method="rest", smooth=False).seconds == 1.0
