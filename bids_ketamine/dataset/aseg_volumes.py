"""Volumes of brain structures: FreeSurfer's ``aseg.stats``, a table of many, a segmentation.

FreeSurfer's volumes correct for voxels that a structure fills in part; voxels of a segmentation
that are counted do not, so that the two differ by some percent and must not be mixed in a group.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bids_ketamine.dataset.decoding import read_text
from bids_ketamine.dataset.spelling import shown
from bids_ketamine.dataset.tsv import Table, read_table
from bids_ketamine.errors import InputDataError

#: FreeSurfer's names before version 7, and today's.
OLD_NAMES: Mapping[str, str] = {
    "Left-Thalamus-Proper": "Left-Thalamus",
    "Right-Thalamus-Proper": "Right-Thalamus",
}
#: Names of the estimated total intracranial volume: today's, and that of FreeSurfer 5.
INTRACRANIAL = ("EstimatedTotalIntraCranialVol", "IntraCranialVol")
#: Intracranial volumes of people, mm^3; what lies outside is told.
SMALLEST_HEAD, LARGEST_HEAD = 0.8e6, 2.5e6
#: Most bytes of an ``aseg.stats``, which has about 10 kB.
LARGEST_STATS = 2**20

#: First column of the table that FreeSurfer's ``asegstats2table`` writes.
TABLE_COLUMN = "Measure:volume"
#: A participant, and perhaps a session, in the name of a FreeSurfer folder.
FOLDER = re.compile(
    r"(?:.*/)?(?:sub-)?([A-Za-z0-9]+)(?:_ses-([A-Za-z0-9]+))?(?:\.(?:long|cross)\..+)?/?"
)
AGAIN = "Copy it again, or run FreeSurfer's `mri_segstats` again."


@dataclass(frozen=True)
class BrainVolumes:
    """Volumes of the structures of one anatomy.

    Attributes
    ----------
    source : str
        What they come from, in words.
    structures : mapping of str to float
        mm^3, by FreeSurfer's name (``Left-Hippocampus``).
    intracranial : float
        Estimated total intracranial volume, mm^3; NaN where it is not known.
    why_not : str
        Why it is not known.
    notes : tuple of str
        What is odd.
    """

    source: str
    structures: Mapping[str, float]
    intracranial: float
    why_not: str = ""
    notes: tuple[str, ...] = ()


def todays_name(name: str) -> str:
    """Return the name that FreeSurfer gives a structure today."""
    return OLD_NAMES.get(name, name)


def read_aseg_stats(path: Path) -> BrainVolumes:
    """Read the volumes of FreeSurfer's ``aseg.stats``.

    Parameters
    ----------
    path : Path
        ``stats/aseg.stats`` of a participant's FreeSurfer folder.

    Raises
    ------
    InputMissingError, ReadWriteError
        If the file is not there or cannot be read.
    InputDataError
        If it is no such file, or is damaged: a line with another number of cells than the
        header, a volume that is no number or below zero, a structure twice.
    """
    lines = read_text(path, most_bytes=LARGEST_STATS).splitlines()
    columns = next((line.split()[2:] for line in lines if line.startswith("# ColHeaders")), None)
    if columns is None or "StructName" not in columns or "Volume_mm3" not in columns:
        raise InputDataError(
            "The file is no `aseg.stats` of FreeSurfer: it has no line `# ColHeaders` with "
            "StructName and Volume_mm3.",
            path=path,
            cure=AGAIN,
        )
    structures: dict[str, float] = {}
    for number, line in enumerate(lines, start=1):
        cells = line.split()
        if not cells or cells[0].startswith("#"):
            continue
        if len(cells) != len(columns):
            raise _bad_line(path, number, f"has {len(cells)} cells, the header {len(columns)}")
        name = todays_name(cells[columns.index("StructName")])
        if name in structures:
            raise _bad_line(path, number, f"names {name} a second time")
        structures[name] = _volume(cells[columns.index("Volume_mm3")], path, number)
    if not structures:
        raise InputDataError("The file has a header and no structures.", path=path, cure=AGAIN)
    source = path.name
    return _with_head(source, structures, _intracranial(lines, path))


def _volume(cell: str, path: Path, number: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or "_" in cell:
        raise _bad_line(path, number, f"holds `{shown(cell)}`, which is no volume")
    return value


def _bad_line(path: Path, number: int, problem: str) -> InputDataError:
    return InputDataError(f"Line {number} {problem}.", path=path, cure=AGAIN)


def _intracranial(lines: Sequence[str], path: Path) -> float:
    """Return the intracranial volume of ``# Measure`` lines; NaN without one."""
    for number, line in enumerate(lines, start=1):
        if not line.startswith("# Measure"):
            continue
        cells = [cell.strip() for cell in line.removeprefix("# Measure").split(",")]
        if cells[0] not in INTRACRANIAL:
            continue
        if len(cells) < 5:
            raise _bad_line(path, number, "is cut off")
        return _volume(cells[3], path, number)
    return math.nan


def _with_head(source: str, structures: Mapping[str, float], head: float) -> BrainVolumes:
    if math.isnan(head) or head == 0:
        return BrainVolumes(
            source, structures, math.nan, why_not=f"{source} has no intracranial volume"
        )
    notes: tuple[str, ...] = ()
    if not SMALLEST_HEAD <= head <= LARGEST_HEAD:
        notes = (
            f"{source}: an intracranial volume of {head:.0f} mm^3 is not a person's: look at the "
            "registration to the atlas (talairach)",
        )
    return BrainVolumes(source, structures, head, notes=notes)


def read_aseg_table(path: Path) -> dict[tuple[str, str | None], BrainVolumes]:
    """Read the volumes of many participants, as ``asegstats2table`` writes them.

    Parameters
    ----------
    path : Path
        Table with a row for each FreeSurfer folder and a column for each structure.

    Returns
    -------
    dict of (str, str or None) to BrainVolumes
        By participant and session, both without prefix; the session is ``None`` where the
        folder's name has none.

    Raises
    ------
    InputMissingError
        If the table is not there.
    InputDataError
        If it holds another measure, a cell is no volume, or an anatomy has two rows.
    """
    table = read_table(path)
    first = table.columns[0]
    if first != TABLE_COLUMN:
        told = f"holds {first.removeprefix('Measure:')}" if first.startswith("Measure:") else ""
        raise InputDataError(
            f"The table {told or f'starts with the column `{shown(first)}`'}, not volumes "
            f"(`{TABLE_COLUMN}`).",
            path=path,
            cure=table.separator
            or "Write it with `asegstats2table --meas volume`, one row a participant.",
        )
    rows: dict[tuple[str, str | None], BrainVolumes] = {}
    for row, cells in enumerate(table.rows):
        match = FOLDER.fullmatch(cells[0])
        if match is None:
            raise table.cell_error(
                row,
                0,
                f"`{shown(cells[0])}` is not the name of a FreeSurfer folder such as sub-01 or "
                "sub-01_ses-pre",
            )
        key = (match[1], match[2])
        if key in rows:
            raise table.cell_error(row, 0, f"`{shown(cells[0])}` has a second row")
        rows[key] = _of_row(table, row)
    if not rows:
        raise InputDataError("The table has a header and no rows.", path=path)
    return rows


def _of_row(table: Table, row: int) -> BrainVolumes:
    values = {}
    for place, name in enumerate(table.columns[1:], start=1):
        value = table.number(row, place)
        if value < 0:
            raise table.cell_error(row, place, f"`{table.rows[row][place]}` is no volume")
        values[todays_name(name)] = value
    head = next((values[name] for name in INTRACRANIAL if name in values), math.nan)
    known = {
        name: value
        for name, value in values.items()
        if not math.isnan(value) and name not in INTRACRANIAL
    }
    return _with_head(table.path.name, known, head)


def count_volumes(
    labels: np.ndarray, affine: np.ndarray, names: Mapping[int, str], *, source: str
) -> BrainVolumes:
    """Count the voxels of a participant's segmentation in their own space.

    Parameters
    ----------
    labels : ndarray of int, shape (x, y, z)
        ``desc-aseg_dseg``, not brought to a template.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.
    names : mapping of int to str
        Structures by label.
    source : str
        What it is, in words.

    Returns
    -------
    BrainVolumes
        Voxels times the volume of one, mm^3; no intracranial volume.
    """
    voxel = abs(float(np.linalg.det(np.asarray(affine, dtype=float)[:3, :3])))
    found, counts = np.unique(labels, return_counts=True)
    there = dict(zip(found.tolist(), counts.tolist(), strict=True))
    structures = {
        todays_name(name): there[label] * voxel for label, name in names.items() if label in there
    }
    return BrainVolumes(
        source,
        structures,
        math.nan,
        why_not="a segmentation has no intracranial volume: give FreeSurfer's aseg.stats",
        notes=("voxels were counted: FreeSurfer's volumes differ by some percent",),
    )
