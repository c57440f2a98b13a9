"""Dense series (``*_bold.dtseries.nii``): what the header says, and the values in blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_files import (
    AGAIN,
    AXES,
    BRAIN_MODELS,
    SERIES,
    CiftiFile,
    read_cifti,
)
from bids_ketamine.images.grayordinates import Grayordinates, read_grayordinates
from bids_ketamine.images.grayordinates_91k import require_91k
from bids_ketamine.images.voxels import refuse_too_large

#: Two repetition times are one if they differ by less than this share, as elsewhere.
T_R_TOLERANCE = 1e-3

#: Bytes of single precision in a block of grayordinates.
BLOCK_BYTES = 2_000_000
#: What a block holds at most beside itself: the next one, and its values in double precision.
BLOCKS_HELD = 6


class Block(NamedTuple):
    """The whole series of some grayordinates.

    Attributes
    ----------
    columns : slice
        The grayordinates.
    values : ndarray of float32, shape (n_columns, n_scans)
        Their series, row by row; not finite where the file is not.
    """

    columns: slice
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class DenseSeries:
    """A dense series whose header was checked; its values are read later.

    Attributes
    ----------
    file : CiftiFile
        The file.
    grayordinates : Grayordinates
        The standard 91,282.
    header_t_r : float or None
        Repetition time of the header, s; ``None`` for none.
    notes : tuple of str
        What is odd about the header and does not forbid its use.
    """

    file: CiftiFile
    grayordinates: Grayordinates
    header_t_r: float | None
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def n_scans(self) -> int:
        """Number of volumes."""
        return self.file.shape[0]

    def blocks(self) -> Iterator[Block]:
        """Read the file once from its first to its last grayordinate.

        A CIFTI file holds the series of one grayordinate after the other: blocks of
        grayordinates are read in the order of the file, blocks of volumes would jump through
        it. The next block is read while one is looked at.

        Yields
        ------
        Block
            All volumes of some grayordinates.

        Raises
        ------
        ReadWriteError
            If the file system fails.
        InputDataError
            If the file is cut off, or memory runs out.
        """
        n_columns = self.file.shape[1]
        size = max(1, BLOCK_BYTES // (4 * self.n_scans))
        bounds = [(at, min(at + size, n_columns)) for at in range(0, n_columns, size)]
        refuse_too_large(BLOCKS_HELD * 4 * size * self.n_scans, self.path)
        with ThreadPoolExecutor(1, "read") as reader:
            coming = reader.submit(self.file.rows, *bounds[0])
            for place, (first, last) in enumerate(bounds):
                values = coming.result()
                if place + 1 < len(bounds):
                    coming = reader.submit(self.file.rows, *bounds[place + 1])
                yield Block(slice(first, last), values)


def open_dense_series(path: Path, *, t_r: float | None) -> DenseSeries:
    """Open a dense series and check all that its header says; no value is read.

    Parameters
    ----------
    path : Path
        Such as ``*_space-fsLR_den-91k_bold.dtseries.nii``.
    t_r : float or None
        Repetition time of the sidecar, s; ``None`` where it is not known.

    Returns
    -------
    DenseSeries
        The series.

    Raises
    ------
    InputMissingError, ReadWriteError
        If the file is not there or cannot be read.
    InputDataError
        If it is no CIFTI-2 file, is cut off, holds no series of grayordinates, its axes are
        swapped, its grayordinates are not the standard 91,282, or its repetition time is
        another than the sidecar's.
    """
    file = read_cifti(path)
    _require_series(file)
    series, models = file.maps
    _require_lengths(file, series, models)
    if file.shape[0] < 2:
        raise InputDataError("A series has several volumes; this file has one.", path=path)
    grayordinates = read_grayordinates(models, path)
    if len(grayordinates) != file.shape[1]:
        raise _lengths_differ(file, file.shape[0], len(grayordinates))
    require_91k(grayordinates, path)
    header_t_r, notes = _header_t_r(series, path)
    notes += _compared(header_t_r, t_r, path)
    return DenseSeries(file, grayordinates, header_t_r, tuple(notes))


def _require_series(file: CiftiFile) -> None:
    if file.kinds == (SERIES, BRAIN_MODELS):
        return
    cure = "Give a dense series such as `*_space-fsLR_den-91k_bold.dtseries.nii`."
    if file.kinds == (BRAIN_MODELS, SERIES):
        raise InputDataError(
            "The axes of the CIFTI file are swapped: the first holds grayordinates and the second "
            "the series.",
            path=file.path,
            cure="Turn it round with `wb_command -cifti-transpose`.",
        )
    first, second = (AXES.get(kind, f"`{kind}`") for kind in file.kinds)
    if "CIFTI_INDEX_TYPE_PARCELS" in file.kinds and SERIES in file.kinds:
        cure = "Series of parcels are read as tables: give XCP-D's `*_timeseries.tsv`."
    raise InputDataError(
        f"The CIFTI file is no dense series: its axes hold {first} and {second}, not a series "
        "and grayordinates.",
        path=file.path,
        cure=cure,
    )


def _require_lengths(file: CiftiFile, series: Any, models: Any) -> None:
    """Refuse a matrix that is not as long as its axes."""
    n_scans = series.number_of_series_points
    n_columns = sum(model.index_count or 0 for model in models.brain_models)
    if n_scans != file.shape[0] or n_columns != file.shape[1]:
        raise _lengths_differ(file, n_scans, n_columns)


def _lengths_differ(file: CiftiFile, n_scans: object, n_columns: int) -> InputDataError:
    swapped = ": its axes are swapped" if file.shape == (n_columns, n_scans) else ""
    return InputDataError(
        f"The matrix of the CIFTI file has {file.shape[0]} x {file.shape[1]} values, its "
        f"description {n_scans} volumes x {n_columns} grayordinates{swapped}.",
        path=file.path,
        cure=AGAIN,
    )


def _header_t_r(series: Any, path: Path) -> tuple[float | None, list[str]]:
    """Return the repetition time of the header, s, and what is odd about it."""
    unit = series.series_unit
    if unit not in (None, "SECOND"):
        raise InputDataError(
            f"The steps of the series are in {str(unit).lower()}, not in seconds.", path=path
        )
    step, exponent = series.series_step, series.series_exponent or 0
    if step is None or not math.isfinite(step) or step <= 0 or abs(exponent) > 30:
        return None, ["the header of the series states no repetition time"]
    return float(step) * 10.0**exponent, []


def _compared(header: float | None, sidecar: float | None, path: Path) -> list[str]:
    """Refuse two repetition times; milliseconds without a unit are common and noted."""
    if header is None or sidecar is None or abs(header - sidecar) <= T_R_TOLERANCE * sidecar:
        return []
    if abs(header / 1000 - sidecar) <= T_R_TOLERANCE * sidecar:
        return [f"the header of the series counts its repetition time ({header:g}) in milliseconds"]
    raise InputDataError(
        f"The header of the series says a repetition time of {header:g} s, its sidecar "
        f"{sidecar:g} s.",
        path=path,
        cure="Filters and minutes of data rest on it: correct the sidecar, or make the series "
        "again.",
    )
