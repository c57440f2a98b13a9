"""Writing the demo's files so that the same numbers always give the same bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

#: Fast compression: noise hardly gets smaller with more effort.
COMPRESSION_LEVEL = 1


def write_text(path: Path, text: str) -> None:
    """Write text, with the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def cell(value: object) -> str:
    """Return a value as a cell of a BIDS table: ``n/a`` where there is none.

    Examples
    --------
    >>> [cell(None), cell(float("nan")), cell(0.1 + 0.2), cell(3), cell("yes")]
    ['n/a', 'n/a', '0.3', '3', 'yes']
    """
    if value is None:
        return "n/a"
    if isinstance(value, float):
        return "n/a" if value != value else f"{value:.8g}"
    return str(value)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a tab-separated table."""
    lines = ["\t".join(header), *("\t".join(map(cell, row)) for row in rows)]
    write_text(path, "\n".join(lines) + "\n")


def write_columns(
    start: str,
    columns: Mapping[str, NDArray[np.floating]],
    described: Mapping[str, Mapping[str, object]],
) -> None:
    """Write columns as a table, and what describes them beside it.

    Parameters
    ----------
    start : str
        Path without ``.tsv`` and ``.json``.
    columns : mapping of str to ndarray of shape (n_rows,)
        In the order of the file; missing values are NaN.
    described : mapping of str to mapping
        Sidecar entries.
    """
    rows = np.column_stack(list(columns.values())).tolist()
    write_table(Path(f"{start}.tsv"), list(columns), rows)
    write_json(Path(f"{start}.json"), described)


def write_image(
    path: Path,
    voxels: NDArray[np.integer],
    *,
    affine: NDArray[np.floating],
    t_r: float | None,
    slope: float,
    template_space: bool,
) -> None:
    """Write a compressed NIfTI image of scaled integers.

    Parameters
    ----------
    path : Path
        Ends in ``.nii.gz``.
    voxels : integer ndarray of shape ([n_volumes,] n_z, n_y, n_x)
        Stored values.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    t_r : float or None
        Repetition time, s; ``None`` for one volume.
    slope : float
        Intensity of one step of the stored values.
    template_space : bool
        Whether coordinates are those of MNI space, or of the scanner.
    """
    image = nib.Nifti1Image(voxels.T, affine, dtype=voxels.dtype)
    image.header.set_slope_inter(slope, 0.0)
    code = "mni" if template_space else "scanner"
    image.set_sform(affine, code=code)
    image.set_qform(affine, code=code)
    image.header.set_xyzt_units("mm", "sec")
    if t_r is not None:
        image.header["pixdim"][4] = t_r
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(image.to_bytes(), COMPRESSION_LEVEL, mtime=0))
