"""Ways to damage a file; each returns a function that does it to the files of a place."""

from __future__ import annotations

import gzip
import json
import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from tests.fuzz.case import Damage, Place
from tests.fuzz.harness import GOOD, copy_participant
from tests.fuzz.trial import write_image

Edit = Callable[[bytes], bytes]

#: Where a NIfTI-1 header keeps its fields, and how.
FIELDS = {
    "sizeof_hdr": (0, "<i"),
    "dim": (40, "<8h"),
    "datatype": (70, "<h"),
    "bitpix": (72, "<h"),
    "pixdim": (76, "<8f"),
    "vox_offset": (108, "<f"),
    "scl_slope": (112, "<f"),
    "scl_inter": (116, "<f"),
    "xyzt_units": (123, "<B"),
    "qform_code": (252, "<h"),
    "sform_code": (254, "<h"),
    "srow": (280, "<12f"),
    "magic": (344, "4s"),
}


def both(*damages: Damage) -> Damage:
    """Do several things."""

    def apply(at: Place) -> None:
        for each in damages:
            each(at)

    return apply


def write(name: str, content: str | bytes | object) -> Damage:
    """Write bytes, text, or anything else as JSON."""

    def apply(at: Place) -> None:
        path = at(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_bytes(as_text(content).encode("utf-8"))

    return apply


def as_text(content: object) -> str:
    """Return text as it is, anything else as JSON."""
    return content if isinstance(content, str) else json.dumps(content)


def empty(name: str) -> Damage:
    """Leave 0 bytes."""
    return write(name, b"")


def edit(name: str, change: Edit) -> Damage:
    """Change the bytes of a file."""

    def apply(at: Place) -> None:
        at(name).write_bytes(change(at(name).read_bytes()))

    return apply


def edit_text(name: str, change: Callable[[str], str]) -> Damage:
    """Change the text of a file."""
    return edit(name, lambda data: change(data.decode("utf-8")).encode("utf-8"))


def replace(name: str, old: str, new: str, *, count: int = -1) -> Damage:
    """Replace text that must be there."""

    def change(text: str) -> str:
        if old not in text:
            raise ValueError(f"{name} does not contain {old!r}")
        return text.replace(old, new, count)

    return edit_text(name, change)


def recode(name: str, encoding: str, *, old: str = "", new: str = "") -> Damage:
    """Write a text file in another encoding."""
    return edit(name, lambda data: data.decode("utf-8").replace(old, new, 1).encode(encoding))


def cell(name: str, line: int, column: str, value: str) -> Damage:
    """Set a cell of a table; the header is line 1."""

    def change(text: str) -> str:
        rows = [row.split("\t") for row in text.split("\n")]
        rows[line - 1][rows[0].index(column)] = value
        return "\n".join("\t".join(row) for row in rows)

    return edit_text(name, change)


def column(name: str, which: str, value: str | Callable[[str], str]) -> Damage:
    """Set all cells of a column, or change each."""

    def change(text: str) -> str:
        header, *rows = (row.split("\t") for row in text.rstrip("\n").split("\n"))
        place = header.index(which)
        for row in rows:
            row[place] = value(row[place]) if callable(value) else value
        return "\n".join("\t".join(row) for row in [header, *rows]) + "\n"

    return edit_text(name, change)


def without_column(name: str, *which: str) -> Damage:
    """Take columns out of a table."""

    def change(text: str) -> str:
        rows = [row.split("\t") for row in text.rstrip("\n").split("\n")]
        keep = [place for place, each in enumerate(rows[0]) if each not in which]
        return "\n".join("\t".join(row[place] for place in keep) for row in rows) + "\n"

    return edit_text(name, change)


def lines(name: str, change: Callable[[list[str]], Sequence[str]]) -> Damage:
    """Change the lines of a text file."""
    return edit_text(name, lambda text: "\n".join([*change(text.rstrip("\n").split("\n")), ""]))


def remove(name: str) -> Damage:
    """Take a file or a folder away."""

    def apply(at: Place) -> None:
        _remove(at(name))

    return apply


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for each in path.iterdir():
            _remove(each)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def folder_instead(name: str) -> Damage:
    """Put a folder in the place of a file."""

    def apply(at: Place) -> None:
        _remove(at(name))
        at(name).mkdir(parents=True)

    return apply


def link_instead(name: str, target: str) -> Damage:
    """Put a symbolic link in the place of a file."""

    def apply(at: Place) -> None:
        _remove(at(name))
        at(name).parent.mkdir(parents=True, exist_ok=True)
        at(name).symlink_to(target)

    return apply


def dangling_link(name: str) -> Damage:
    """Put a link to annexed content that is not there."""
    return link_instead(name, "../../.git/annex/objects/xX/Yy/SHA256E-s123--abc/SHA256E-s123--abc")


def link_loop(name: str) -> Damage:
    """Put a link to itself."""

    def apply(at: Place) -> None:
        link_instead(name, at(name).name)(at)

    return apply


def annex_pointer(name: str) -> Damage:
    """Put the line of text that git-annex leaves in an unlocked file."""
    return write(name, "/annex/objects/SHA256E-s12345--0123456789abcdef.nii.gz\n")


def pipe_instead(name: str) -> Damage:
    """Put a named pipe, which nobody ever writes to."""

    def apply(at: Place) -> None:
        _remove(at(name))
        os.mkfifo(at(name))

    return apply


def move_to(name: str, target: str) -> Damage:
    """Give a file or folder another place, relative to the folder it is in."""

    def apply(at: Place) -> None:
        at(name).rename(at(name).parent / target)

    return apply


def with_participant(label: str) -> Damage:
    """Add a participant with a label of any kind, a copy of the undamaged one."""

    def apply(at: Place) -> None:
        copy_participant(at("."), GOOD[0], label)

    return apply


def copy(name: str, old: str, new: str) -> Damage:
    """Copy a file beside itself with another name."""

    def apply(at: Place) -> None:
        path = at(name)
        (path.parent / path.name.replace(old, new)).write_bytes(path.read_bytes())

    return apply


def rename(name: str, old: str, new: str) -> Damage:
    """Change a part of a file's name."""

    def apply(at: Place) -> None:
        at(name).rename(at(name).with_name(at(name).name.replace(old, new)))

    return apply


# Images -----------------------------------------------------------------------------------------


def unzipped(name: str, change: Edit) -> Damage:
    """Change the bytes of a compressed image inside its compression."""
    return edit(name, lambda data: gzip.compress(change(gzip.decompress(data)), 1, mtime=0))


def header(name: str, **values: Any) -> Damage:
    """Set fields of a NIfTI header, whatever they do to the image.

    A field with several numbers takes a mapping of positions to values.
    """

    def change(data: bytes) -> bytes:
        raw = bytearray(data)
        for field, value in values.items():
            offset, form = FIELDS[field]
            if isinstance(value, dict):
                numbers = list(struct.unpack_from(form, raw, offset))
                for place, number in value.items():
                    numbers[place] = number
                struct.pack_into(form, raw, offset, *numbers)
            else:
                struct.pack_into(form, raw, offset, value)
        return bytes(raw)

    return unzipped(name, change)


def voxels(
    name: str,
    change: Callable[[np.ndarray], np.ndarray],
    *,
    dtype: type = np.float32,
    affine: np.ndarray | None = None,
) -> Damage:
    """Change the voxels of an image, which is written anew."""

    def apply(at: Place) -> None:
        image = nib.load(at(name))
        values = change(np.asanyarray(image.dataobj).astype(np.float64))
        t_r = float(image.header["pixdim"][4]) if values.ndim == 4 else None
        grid = image.affine if affine is None else affine
        write_image(at(name), values.astype(dtype), affine=grid, t_r=t_r)

    return apply


def image_instead(name: str, make: Callable[[Any], Any]) -> Damage:
    """Write another kind of image under the same name, compressed."""

    def apply(at: Place) -> None:
        at(name).write_bytes(gzip.compress(make(nib.load(at(name))).to_bytes(), 1, mtime=0))

    return apply
