"""Matrices of regions, read with care, and where their regions lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.reports.facts import mapping_of
from bids_ketamine.reports.tree import TaskFile
from bids_ketamine.reports.words import is_number

#: First region, second region, value, and whether it is surely not zero.
Edge = tuple[str, str, float, bool]
#: Values further from zero than this many standard errors are drawn as certain.
CERTAIN_FROM = 1.96
#: Centres of each region, mm.
Centres = Mapping[str, Sequence[Sequence[float]]]


def read_matrix(path: Path) -> pd.DataFrame:
    """Read a square matrix of regions.

    Parameters
    ----------
    path : Path
        Table with a column ``Node`` and one for each region.

    Raises
    ------
    ValueError
        If it is not square or holds other things than numbers.
    BidsKetamineError
        If it cannot be read.
    """
    table = read_table(path, text=("Node",))
    if "Node" not in table:
        raise ValueError(f"{path.name} has no column `Node`")
    matrix = table.set_index("Node")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{path.name} is not square")
    return matrix.astype("float64")


def readable_matrices(files: Iterable[TaskFile]) -> list[pd.DataFrame]:
    """Return the matrices that can be read, for a scale that serves all of them.

    Parameters
    ----------
    files : iterable of TaskFile
        Matrices.
    """
    found = []
    for file in files:
        with suppress(BidsKetamineError, ValueError):
            found.append(read_matrix(file.path))
    return found


def region_centres(facts: Mapping[str, Any]) -> dict[str, list[list[float]]]:
    """Return where regions lie, as a sidecar tells; what is no place is left out.

    Parameters
    ----------
    facts : mapping
        Sidecar with ``RegionCentres``, mm.

    Examples
    --------
    >>> region_centres({"RegionCentres": {"vmPFC": [[0, 50, -8]], "dACC": [[1, 2]], "x": 3}})
    {'vmPFC': [[0.0, 50.0, -8.0]]}
    """
    centres: dict[str, list[list[float]]] = {}
    for region, found in mapping_of(facts, "RegionCentres").items():
        points = [
            [float(each) for each in point]
            for point in (found if isinstance(found, list) else [])
            if isinstance(point, list) and len(point) == 3 and all(map(is_number, point))
        ]
        if points:
            centres[str(region)] = points
    return centres


def in_template_space(file: TaskFile) -> bool:
    """Tell whether places of a file are those of an MNI template."""
    return file.entities.get("space", "").startswith("MNI")
