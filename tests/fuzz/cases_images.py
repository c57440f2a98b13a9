"""Damaged images: the BOLD series and its brain mask."""

from __future__ import annotations

import gzip
from typing import Any

import nibabel as nib
import numpy as np

from tests.fuzz.case import Case, Damage, Outcome, accepted, missing, noted, refused
from tests.fuzz.damage import (
    annex_pointer,
    both,
    column,
    dangling_link,
    edit,
    empty,
    folder_instead,
    header,
    image_instead,
    link_loop,
    remove,
    unzipped,
    voxels,
    write,
)
from tests.fuzz.trial import AFFINE, VOXEL

DAMAGED = r"desc-preproc_bold.*"
#: Voxels of the vmPFC, around (-2, 50, -8).
REGION = np.s_[3:7, 8:12, 2:6]


def bold(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    return Case(f"bold-{name}", "NIfTI", damage, apply, outcome, **further)


def mask(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    return Case(f"mask-{name}", "NIfTI", damage, apply, outcome, **further)


def some(values: np.ndarray, where: Any, value: float) -> np.ndarray:
    """Set some voxels."""
    values[where] = value
    return values


def shifted(millimetres: float) -> np.ndarray:
    """Return the affine moved along x."""
    affine = AFFINE.copy()
    affine[0, 3] += millimetres
    return affine


def named(sentence: str, file: str = "desc-preproc_bold") -> str:
    """Return a pattern of a sentence that names its file."""
    return rf"(?s)(?i:{sentence}).*{file}|{file}.*(?i:{sentence})"


UNREADABLE = named("not a readable NIfTI|truncated|damaged|cut|not compressed|gzip")
DIMENSIONS = named("dimension|shape|voxels|volumes")
HEADER = named("header|dimension|not a readable NIfTI|damaged|shape|NIfTI")

BYTES = [
    bold("empty", "0 bytes", empty("bold"), missing("bold.nii.gz is empty")),
    bold("header-cut", "ends within the header", unzipped("bold", lambda d: d[:200]),
         refused(65, UNREADABLE)),
    bold("header-only", "ends after the header", unzipped("bold", lambda d: d[:352]),
         refused(65, UNREADABLE)),
    bold("half", "half of the compressed file", edit("bold", lambda d: d[: len(d) // 2]),
         refused(65, UNREADABLE)),
    bold("last-voxel", "lacks its last byte", unzipped("bold", lambda d: d[:-1]),
         refused(65, UNREADABLE)),
    bold("trailer", "gzip trailer cut off", edit("bold", lambda d: d[:-8]),
         refused(65, UNREADABLE)),
    bold("checksum", "gzip checksum wrong",
         edit("bold", lambda d: d[:-8] + bytes([d[-8] ^ 255]) + d[-7:]), refused(65, UNREADABLE)),
    bold("bit-rot", "bytes in the middle overwritten",
         edit("bold", lambda d: d[: len(d) // 2] + b"\x00" * 64 + d[len(d) // 2 + 64 :]),
         refused(65, UNREADABLE)),
    bold("text", "a text file", write("bold", "not an image\n" * 40), refused(65, UNREADABLE)),
    bold("web-page", "an error page saved as the image",
         write("bold", "<html><script>alert(1)</script>404 Not Found</html>\n" * 30),
         refused(65, UNREADABLE)),
    bold("zip", "a zip archive", write("bold", b"PK\x03\x04" + bytes(2000)),
         refused(65, UNREADABLE)),
    bold("random", "random bytes",
         edit("bold", lambda d: np.random.default_rng(1).bytes(len(d))), refused(65, UNREADABLE)),
    bold("gzip-of-nothing", "compressed, and empty inside",
         write("bold", gzip.compress(b"", mtime=0)), refused(65, UNREADABLE)),
    bold("twice-compressed", "compressed twice",
         edit("bold", lambda d: gzip.compress(d, 1, mtime=0)), refused(65, UNREADABLE)),
    bold("folder", "a folder of its name", folder_instead("bold"), missing("is a folder")),
    bold("dangling-annex-link", "annex link without content", dangling_link("bold"),
         missing("annex link whose content is not here")),
    bold("annex-pointer", "pointer of an unlocked annex file", annex_pointer("bold"),
         missing("annex link whose content is not here")),
    bold("link-loop", "symbolic link to itself", link_loop("bold"),
         missing("(?i)link|loop|not there")),
    bold("removed", "the preprocessed series is gone", remove("bold"),
         missing("expected .*desc-preproc_bold", code=0)),
]  # fmt: skip

HEADERS = [
    bold("no-dimensions", "header: 0 dimensions", header("bold", dim={0: 0}), refused(65, HEADER)),
    bold("nine-dimensions", "header: 9 dimensions", header("bold", dim={0: 9}),
         refused(65, HEADER)),
    bold("negative-size", "header: size -10", header("bold", dim={1: -10}), refused(65, HEADER)),
    bold("zero-size", "header: size 0", header("bold", dim={1: 0}), refused(65, DIMENSIONS)),
    bold("more-volumes", "header: 6000 volumes where 60 are", header("bold", dim={4: 6000}),
         refused(65, UNREADABLE)),
    bold("three-dimensional", "a single volume", header("bold", dim={0: 3, 4: 1}),
         refused(65, DIMENSIONS)),
    bold("one-volume", "four dimensions, one volume",
         voxels("bold", lambda v: v[..., :1]), refused(65, DIMENSIONS)),
    bold("five-dimensional", "five dimensions",
         voxels("bold", lambda v: v.reshape(*v.shape[:3], 30, 2)), refused(65, DIMENSIONS)),
    bold("complex", "complex voxels",
         image_instead("bold", lambda i: nib.Nifti1Image(
             np.asarray(i.dataobj).astype(np.complex64), i.affine)),
         refused(65, named("complex|data type|numbers"))),
    bold("rgb", "colours instead of numbers", header("bold", datatype=128, bitpix=24),
         refused(65, named("RGB|colou?r|type|damaged|numbers"))),
    bold("unknown-type", "header: data type 9999", header("bold", datatype=9999),
         refused(65, named("type 9999|not a readable|damaged|header"))),
    bold("magic", "header: magic word overwritten",
         header("bold", magic=b"xxxx", sizeof_hdr=99), refused(65, UNREADABLE)),
    bold("offset-beyond", "header: voxels begin beyond the end", header("bold", vox_offset=1e7),
         refused(65, UNREADABLE)),
    bold("offset-not-a-number", "header: offset is NaN",
         header("bold", vox_offset=float("nan")), refused(65, HEADER)),
    bold("intercept-not-a-number", "header: intercept is NaN",
         header("bold", scl_slope=1.0, scl_inter=float("nan")),
         refused(65, named("header|scal|intercept|damaged|NIfTI"))),
    bold("slope-not-a-number", "header: slope is NaN, which means none",
         header("bold", scl_slope=float("nan")), accepted()),
    bold("affine-not-a-number", "header: coordinates are NaN",
         header("bold", srow=dict.fromkeys(range(12), float("nan"))),
         refused(65, named("affine|coordinates|grid"))),
    bold("affine-singular", "header: coordinates are all 0",
         header("bold", srow=dict.fromkeys(range(12), 0.0)),
         refused(65, named("affine|no size|grid", "desc-(preproc_bold|brain_mask)"))),
    bold("both-affines-singular", "coordinates of series and mask are all 0",
         both(header("bold", srow=dict.fromkeys(range(12), 0.0)),
              header("mask", srow=dict.fromkeys(range(12), 0.0))),
         refused(65, named("affine|no size|grid", "desc-(preproc_bold|brain_mask)"))),
    bold("both-affines-unknown", "series and mask without coordinates",
         both(header("bold", sform_code=0, qform_code=0),
              header("mask", sform_code=0, qform_code=0)),
         refused(65, named("coordinates|space|form"))),
    bold("repetition-time-at-odds", "header: 3 s, sidecar: 2 s",
         header("bold", pixdim={4: 3.0}), noted("(?i)header.*3|3.*header", same=True)),
    bold("repetition-time-zero", "header: repetition time 0", header("bold", pixdim={4: 0.0}),
         accepted()),
    bold("repetition-time-ms", "header: 2000 ms, sidecar: 2 s",
         header("bold", pixdim={4: 2000.0}, xyzt_units=2 | 16), accepted()),
    bold("repetition-time-not-a-number", "header: repetition time NaN",
         header("bold", pixdim={4: float("nan")}), accepted()),
    bold("cifti", "CIFTI content under a NIfTI name",
         image_instead("bold", lambda i: nib.Nifti2Image(
             np.ones((1, 1, 1, 1, 60, 40), dtype=np.float32), np.eye(4))),
         refused(65, named("dimension|CIFTI"))),
    bold("mgh", "FreeSurfer MGH under a NIfTI name",
         image_instead("bold", lambda i: nib.MGHImage(
             np.ones((4, 4, 4, 6), dtype=np.float32), np.eye(4))),
         refused(65, UNREADABLE)),
]  # fmt: skip

VOXELS = [
    bold("nan-volume", "volume 31 is all NaN",
         voxels("bold", lambda v: some(v, np.s_[..., 30], np.nan)),
         refused(65, named("volume.*(NaN|finite|31|30)"))),
    bold("nan-everywhere", "all NaN", voxels("bold", lambda v: v * np.nan),
         refused(65, named("NaN|finite|varies"))),
    bold("infinite-region", "infinity in one region",
         voxels("bold", lambda v: some(v, REGION, np.inf)), noted("(?i)coverage|finite")),
    bold("nan-region", "NaN in one region",
         voxels("bold", lambda v: some(v, REGION, np.nan)), noted("(?i)coverage|finite")),
    bold("constant-region", "one region does not vary",
         voxels("bold", lambda v: some(v, REGION, 1000.0)), noted("coverage|vary|are modelled")),
    bold("constant", "no voxel varies", voxels("bold", lambda v: v * 0 + 7, dtype=np.int16),
         refused(65, named("varies|vary|constant"))),
    bold("zero", "all 0", voxels("bold", lambda v: v * 0, dtype=np.int16),
         refused(65, named("varies|vary|constant|zero"))),
    bold("half-zero", "volumes 31 to 60 are 0",
         voxels("bold", lambda v: some(v, np.s_[..., 30:], 0.0), dtype=np.int16),
         noted("(?i)volume|zero|constant|empty")),
    bold("fewer-volumes", "40 volumes, confounds of 60",
         voxels("bold", lambda v: v[..., :40], dtype=np.int16),
         refused(65, "60 rows and the series 40 volumes.*desc-confounds")),
    bold("other-grid", "moved by a voxel against its mask",
         voxels("bold", lambda v: v, dtype=np.int16, affine=shifted(VOXEL)),
         refused(65, named("grid", "desc-brain_mask"))),
    bold("other-shape", "one slice less than its mask",
         voxels("bold", lambda v: v[:, :, 1:], dtype=np.int16),
         refused(65, named("grid", "desc-brain_mask"))),
    bold("transposed", "x and y exchanged",
         voxels("bold", lambda v: v.transpose(1, 0, 2, 3), dtype=np.int16),
         refused(65, named("grid", "desc-brain_mask"))),
]  # fmt: skip

DIALECTS = [
    bold("double-precision", "64-bit voxels", voxels("bold", lambda v: v, dtype=np.float64),
         accepted()),
    bold("nifti-2", "NIfTI-2",
         image_instead("bold", lambda i: nib.Nifti2Image(np.asarray(i.dataobj), i.affine)),
         accepted()),
    bold("big-endian", "bytes in the other order",
         image_instead("bold", lambda i: nib.Nifti1Image(
             np.asarray(i.dataobj), i.affine, header=i.header.as_byteswapped(">"))),
         accepted()),
    bold("trailing-bytes", "zeros behind the voxels",
         unzipped("bold", lambda d: d + bytes(512)), accepted()),
]  # fmt: skip

MASKS = [
    mask("removed", "not there", remove("mask"), missing("mask: expected .*desc-brain_mask")),
    mask("empty-file", "0 bytes", empty("mask"), missing("brain_mask.nii.gz is empty")),
    mask("folder", "a folder of its name", folder_instead("mask"), missing("is a folder")),
    mask("dangling-link", "annex link without content", dangling_link("mask"),
         missing("annex link whose content is not here")),
    mask("text", "a text file", write("mask", "brain\n" * 100),
         refused(65, named("not a readable NIfTI|damaged", "desc-brain_mask"))),
    mask("half", "half of the compressed file", edit("mask", lambda d: d[: len(d) // 2]),
         refused(65, named("truncated|damaged", "desc-brain_mask"))),
    mask("zero", "no voxel in the brain", voxels("mask", lambda v: v * 0, dtype=np.uint8),
         refused(65, named("mask is empty|no voxel", "desc-brain_mask"))),
    mask("nan", "all NaN", voxels("mask", lambda v: v * np.nan),
         refused(65, named("mask is empty|no voxel|NaN", "desc-brain_mask"))),
    mask("four-dimensional", "two volumes",
         voxels("mask", lambda v: np.stack([v, v], axis=-1), dtype=np.uint8),
         refused(65, named("dimension", "desc-brain_mask"))),
    mask("other-shape", "one slice less", voxels("mask", lambda v: v[:, :, 1:], dtype=np.uint8),
         refused(65, named("grid", "desc-brain_mask"))),
    mask("moved", "moved by a voxel",
         voxels("mask", lambda v: v, dtype=np.uint8, affine=shifted(VOXEL)),
         refused(65, named("grid", "desc-brain_mask"))),
    mask("other-resolution", "voxels half as large",
         voxels("mask", lambda v: v.repeat(2, 0).repeat(2, 1).repeat(2, 2), dtype=np.uint8,
                affine=AFFINE @ np.diag([0.5, 0.5, 0.5, 1.0])),
         refused(65, named("grid", "desc-brain_mask"))),
    mask("one-voxel", "a single voxel",
         voxels("mask", lambda v: some(v * 0, np.s_[5, 5, 5], 1), dtype=np.uint8),
         noted("no voxel of the region has signal inside the brain mask")),
    mask("outside-the-head", "covers the corner outside the head alone",
         voxels("mask", lambda v: some(v * 0, np.s_[0, 0, 0], 1), dtype=np.uint8),
         refused(65, named("varies|vary|constant"))),
    mask("inverted", "0 in the brain, 1 around it",
         voxels("mask", lambda v: 1 - v, dtype=np.uint8), refused(65, named("varies|constant"))),
    mask("complex", "complex voxels",
         image_instead("mask", lambda i: nib.Nifti1Image(
             np.asarray(i.dataobj).astype(np.complex64), i.affine)),
         refused(65, named("complex|data type|numbers", "desc-brain_mask"))),
    mask("rgb", "colours instead of numbers", header("mask", datatype=128, bitpix=24),
         refused(65, named("RGB|colou?r|data type|truncated|damaged", "desc-brain_mask"))),
    mask("probabilities", "0.9 in the brain, 0.1 around it",
         voxels("mask", lambda v: 0.1 + 0.8 * v), accepted()),
    mask("one-more-dimension", "a fourth dimension of 1",
         voxels("mask", lambda v: v[..., None], dtype=np.uint8), accepted()),
    mask("nan-around", "NaN around the brain",
         voxels("mask", lambda v: np.where(v > 0, v, np.nan)), accepted()),
]  # fmt: skip

MOTION = [
    bold("all-volumes-moved", "every volume is an outlier",
         column("confounds", "framewise_displacement", "2.5"),
         noted("residual degrees of freedom|outlier")),
]  # fmt: skip

CASES = [*BYTES, *HEADERS, *VOXELS, *DIALECTS, *MASKS, *MOTION]
