"""Damaged region images."""

from __future__ import annotations

from typing import Any

import nibabel as nib
import numpy as np

from tests.fuzz.case import Case, Damage, Outcome, Place, noted, refused
from tests.fuzz.damage import (
    annex_pointer,
    both,
    dangling_link,
    edit,
    empty,
    folder_instead,
    header,
    image_instead,
    link_loop,
    remove,
    replace,
    unzipped,
    voxels,
    write,
)
from tests.fuzz.trial import AFFINE, SHAPE, write_image

FILE = "../region.nii.gz"
SPHERE = "{spheres: [[-2, 50, -8]], radius: 14}"
#: Voxels of the region of the undamaged image: around (-2, 50, -8).
INSIDE = np.s_[4:6, 9:11, 3:5]


def make(at: Place) -> None:
    """Write an undamaged image with the labels 1 and 2."""
    labels = np.zeros(SHAPE, dtype=np.int16)
    labels[INSIDE] = 1
    labels[2, 2, 2] = 2
    write_image(at(FILE), labels)


def region(
    name: str, damage: str, apply: Damage, outcome: Outcome, *, source: str = "", **further: Any
) -> Case:
    """Make a case of a study whose vmPFC is an image."""
    source = source or "{mask: region.nii.gz, space: MNI152NLin2009cAsym}"
    prepared = both(make, replace("study", SPHERE, source), apply)
    return Case(
        f"region-{name}", "region", damage, prepared, outcome, level="participant", **further
    )


def labels(name: str, damage: str, apply: Damage, outcome: Outcome, wanted: str = "[1]") -> Case:
    """Make a case of a region of labels."""
    source = f"{{dseg: region.nii.gz, labels: {wanted}, space: MNI152NLin2009cAsym}}"
    return region(f"labels-{name}", damage, apply, outcome, source=source)


def damaged(sentence: str, code: int = 65) -> Outcome:
    """Expect an error that names the image."""
    return refused(code, rf"(?is){sentence}.*region\.nii\.gz|region\.nii\.gz.*{sentence}")


def table(content: str | bytes) -> Damage:
    """Write a table of labels beside the image."""
    return write("../region.tsv", content)


UNREADABLE = "(not a readable NIfTI|truncated|damaged|cut|empty|gzip)"

IMAGES = [
    region("removed", "not there", remove(FILE), damaged("(not exist|not there)", 66)),
    region("empty", "0 bytes", empty(FILE), damaged("(empty|readable)")),
    region("text", "a text file", write(FILE, "vmPFC\n" * 100), damaged(UNREADABLE)),
    region("half", "half of the compressed file", edit(FILE, lambda d: d[: len(d) // 2]),
           damaged(UNREADABLE)),
    region("last-voxel", "lacks its last byte", unzipped(FILE, lambda d: d[:-1]),
           damaged(UNREADABLE)),
    region("folder", "a folder of its name", folder_instead(FILE),
           damaged("folder")),
    region("dangling-link", "annex link without content", dangling_link(FILE),
           damaged("(annex|not exist|not there)", 66)),
    region("annex-pointer", "pointer of an unlocked annex file", annex_pointer(FILE),
           damaged("annex", 66)),
    region("link-loop", "a link to itself", link_loop(FILE),
           refused(66, "(?i)region.nii.gz")),
    region("zero", "no voxel", voxels(FILE, lambda v: v * 0), damaged("no voxel")),
    region("nan", "all NaN", voxels(FILE, lambda v: v * np.nan), damaged("(no voxel|NaN)")),
    region("negative", "negative values alone", voxels(FILE, lambda v: -v),
           damaged("(no voxel|negative)")),
    region("two-volumes", "two volumes",
           voxels(FILE, lambda v: np.stack([v, v], axis=-1)), damaged("(dimensions|volumes)")),
    region("two-dimensional", "two dimensions", voxels(FILE, lambda v: v[:, :, 4]),
           damaged("dimensions")),
    region("complex", "complex voxels", image_instead(FILE, lambda i: nib.Nifti1Image(
           np.asarray(i.dataobj).astype(np.complex64), i.affine)),
           damaged("(complex|type|number)")),
    region("rgb", "colours instead of numbers", header(FILE, datatype=128, bitpix=24),
           damaged("(RGB|type|damaged|truncated|number)")),
    region("affine-singular", "coordinates are all 0",
           header(FILE, srow=dict.fromkeys(range(12), 0.0)), damaged("(affine|no size)")),
    region("affine-nan", "coordinates are NaN",
           header(FILE, srow=dict.fromkeys(range(12), float("nan"))),
           damaged("(affine|coordinates|space|no size)")),
    region("header-size", "header: size -1", header(FILE, dim={1: -1}),
           damaged(f"({UNREADABLE}|header|dimension)")),
    region("outside-the-brain", "far outside the brain",
           voxels(FILE, lambda v: v, affine=np.array(
               AFFINE + np.outer([1, 0, 0, 0], [0, 0, 0, 4000.0]))),
           noted("coverage 0%|outside the field of view")),
    region("at-the-edge", "half outside the field of view",
           voxels(FILE, lambda v: v, affine=np.array(
               AFFINE + np.outer([0, 1, 0, 0], [0, 0, 0, 32.0]))),
           noted("coverage .* is under 50%|resampled")),
    region("other-grid", "voxels half as large",
           voxels(FILE, lambda v: v.repeat(2, 0).repeat(2, 1).repeat(2, 2),
                  affine=AFFINE @ np.diag([0.5, 0.5, 0.5, 1.0])), noted("(?i)resampled")),
    region("rotated", "axes in another order",
           voxels(FILE, lambda v: v.transpose(2, 0, 1), affine=AFFINE[:, [2, 0, 1, 3]]),
           noted("(?i)resampled")),
    region("tiny-voxels", "a region of one voxel of 1 mm",
           lambda at: write_image(at(FILE), np.ones((1, 1, 1), dtype=np.uint8), affine=np.array(
               [[1, 0, 0, -2.0], [0, 1, 0, 50], [0, 0, 1, -8], [0, 0, 0, 1]])),
           noted("(?i)resampled|coverage")),
    region("claims-100-gigabytes", "a kilobyte that claims 100 GB",
           header(FILE, dim={1: 5000, 2: 5000, 3: 2000}),
           damaged("(memory|GB|truncated|damaged|claims)"), process=True),
    region("other-template", "an image of another template",
           both(), refused(66, "(?i)MNI152NLin6Asym"),
           source="{mask: region.nii.gz, space: MNI152NLin6Asym}"),
    region("space-unknown", "a template nobody knows", both(), refused(64, "(?i)Talairach"),
           source="{mask: region.nii.gz, space: Talairach}"),
]  # fmt: skip

LABELS = [
    labels("absent", "a label that no voxel has", both(), damaged("label 7"), "[1, 7]"),
    labels("fractions", "labels 1.5 and 2.5", voxels(FILE, lambda v: np.where(v > 0, v + 0.5, 0)),
           damaged("(label|integer|whole)")),
    labels("zero", "no label at all", voxels(FILE, lambda v: v * 0), damaged("(label|voxel)")),
    labels("background", "the background for a label", both(), damaged("(label 0|background)"),
           "[0]"),
    labels("nan", "all NaN", voxels(FILE, lambda v: v * np.nan), damaged("(label|NaN)")),
    labels("words", "label names without a table of names", both(),
           refused(64, "(?i)label.*table|table.*label|region.tsv"), "[vmPFC]"),
    labels("table-empty", "a label table of 0 bytes", table(b""),
           refused(65, r"(?i)region\.tsv.*empty|empty.*region\.tsv"), "[vmPFC]"),
    labels("table-no-name", "a label table without names",
           table("index\tcolour\n1\tred\n2\tblue\n"),
           refused(65, r"(?is)name.*region\.tsv"), "[vmPFC]"),
    labels("table-other-names", "a label table with other names",
           table("index\tname\n1\tleft\n2\tright\n"),
           refused(64, "`vmPFC` is no label of region.tsv"), "[vmPFC]"),
    labels("table-text-index", "a label table whose index is a word",
           table("index\tname\none\tvmPFC\n2\tright\n"),
           refused(65, r"(?is)line 2.*`one`.*region\.tsv"), "[vmPFC]"),
    labels("table-latin-1", "a label table in Latin-1",
           table("index\tname\n1\tvmPFC\n2\té\n".encode("latin-1")),
           refused(65, r"(?is)UTF-8.*region\.tsv"), "[vmPFC]"),
]  # fmt: skip

CASES = [*IMAGES, *LABELS]
