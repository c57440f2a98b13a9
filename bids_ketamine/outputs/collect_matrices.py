"""Collect the correlation matrices of resting sessions, and how well their regions are covered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from bids_ketamine.core.connectivity.matrices import fisher_z
from bids_ketamine.core.group.moments import BoolArray, FloatArray
from bids_ketamine.core.networks.edges import edges_of_matrices
from bids_ketamine.dataset.names import listed
from bids_ketamine.errors import InputDataError
from bids_ketamine.outputs.collected import SessionOutput
from bids_ketamine.outputs.measures_files import REMAKE
from bids_ketamine.outputs.patterns import PATTERNS
from bids_ketamine.outputs.tables import read_table

NODE = "Node"

#: Joins the names of networks in one cell.
JOINT = "; "

#: Correlations may pass 1 by this much: rounding of the file's digits.
ROUNDING = 1e-8

NO_MATRIX = "the participant level left no correlation matrix"


@dataclass(frozen=True, kw_only=True)
class ConnectivityEdges:
    """Fisher z of every edge in every session that has a matrix.

    Attributes
    ----------
    regions : tuple of str
        Regions of any session, by network, then in the order of the files.
    edges : ndarray of shape (n_matrices, n_edges)
        Edges row by row of the upper triangle; NaN for a region that is not covered, or that a
        session does not have.
    place : mapping of (str, str) to int
        Row of each participant (with ``sub-``) and session (its meaning).
    reasons : mapping of (str, str) to str
        Why others have none.
    quality : DataFrame
        One row a region: ``region``, ``networks``, ``n_sessions`` (that have it), ``n_covered``
        and ``mean_coverage`` (share, 0 to 1).
    notes : tuple of str
        What a reader should know.
    """

    regions: tuple[str, ...]
    edges: FloatArray
    place: Mapping[tuple[str, str], int]
    reasons: Mapping[tuple[str, str], str]
    quality: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.regions)


@dataclass(frozen=True)
class _Session:
    """A session's files: regions in their order, and what its table of regions says of them."""

    key: tuple[str, str]
    path: Path
    regions: tuple[str, ...]
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    not_covered: frozenset[str] = frozenset()


def collect_matrices(
    sessions: Sequence[SessionOutput],
    *,
    task: str,
    networks: Sequence[str],
    minimum_coverage: float,
) -> ConnectivityEdges:
    """Read the Pearson matrices of resting sessions once, as Fisher z.

    Parameters
    ----------
    sessions : sequence of SessionOutput
        Sessions that go in.
    task : str
        ``task`` entity of the resting runs.
    networks : sequence of str
        Networks in the order in which their regions are to stand.
    minimum_coverage : float
        Smallest share of a region for which its edges have a value.

    Returns
    -------
    ConnectivityEdges
        Without regions where no session has a matrix.

    Raises
    ------
    InputDataError
        If a file is damaged, a session has two matrices, or sessions have no region in common.
    """
    found: list[_Session] = []
    reasons: dict[tuple[str, str], str] = {}
    for each in sessions:
        if each.session is None:
            continue
        key = (each.participant_id, each.session)
        path = _only(each.path.parent, "relmat", task)
        if path is None:
            reasons[key] = NO_MATRIX
        else:
            found.append(_described(key, path, task, minimum_coverage))
    regions = _in_order(found, networks)
    if found and not set.intersection(*(set(each.regions) for each in found)):
        raise InputDataError(
            f"{found[0].path.name} and others have no region in common.",
            path=found[0].path,
            cure="Run the participant level on all sessions with the same regions.",
        )
    place = {name: one for one, name in enumerate(regions)}
    edges = np.full((len(found), len(regions) * (len(regions) - 1) // 2), np.nan)
    covered = np.zeros((len(found), len(regions)), dtype=np.bool_)
    for row, session in enumerate(found):
        own = np.array([place[name] for name in session.regions], dtype=np.intp)
        covered[row, own] = [name not in session.not_covered for name in session.regions]
        matrix = np.full((len(regions), len(regions)), np.nan)
        matrix[np.ix_(own, own)] = _matrix(session)
        matrix[~covered[row]] = np.nan
        matrix[:, ~covered[row]] = np.nan
        edges[row] = _edges(matrix, session.path)
    return ConnectivityEdges(
        regions=regions,
        edges=edges,
        place={each.key: row for row, each in enumerate(found)},
        reasons=reasons,
        quality=_quality(found, regions, covered),
        notes=tuple(_notes(found, regions)),
    )


def _only(folder: Path, kind: str, task: str) -> Path | None:
    """Return the one file of a kind that a session has of a task."""
    ending = PATTERNS[kind].rpartition("_atlas-{atlas}")[2]
    paths = sorted((folder / "func").glob(f"*_task-{task}_*{ending}"))
    if len(paths) > 1:
        raise InputDataError(
            f"The session has {len(paths)} files of the same kind: "
            f"{listed(path.name for path in paths)}.",
            path=paths[0],
            cure="Remove those of an earlier run.",
        )
    return paths[0] if paths else None


def _described(key: tuple[str, str], path: Path, task: str, minimum_coverage: float) -> _Session:
    with path.open(encoding="utf-8-sig") as stream:
        names = tuple(stream.readline().rstrip("\r\n").split("\t"))
        n_rows = sum(1 for line in stream if line.strip())
    regions = names[1:]
    if names[0] != NODE or not regions or len(set(regions)) < len(regions):
        raise InputDataError(
            f"The matrix must have a column `{NODE}`, then one for each region, each name once.",
            path=path,
            cure=REMAKE,
        )
    if n_rows != len(regions):
        raise InputDataError(
            f"The matrix is cut off: {len(regions)} regions in columns, {n_rows} in rows.",
            path=path,
            cure=REMAKE,
        )
    described = _only(path.parents[1], "region_quality", task)
    if described is None:
        return _Session(key, path, regions)
    table = read_table(described, text=("region", "networks", "reason"))
    columns = set(table.columns)
    if not {"region", "coverage"} <= columns or not is_numeric_dtype(table["coverage"]):
        raise InputDataError(
            "The table has no column `region`, or none of numbers `coverage`.",
            path=described,
            cure=REMAKE,
        )
    rows = table.set_index("region")
    absent = [name for name in regions if name not in rows.index]
    if absent or rows.index.has_duplicates:
        what = f"does not have {listed(absent)}" if absent else "has a region twice"
        raise InputDataError(f"The table of regions {what}.", path=described, cure=REMAKE)
    rows = rows.loc[list(regions)]
    coverage = rows["coverage"].astype(np.float64)
    without = rows["reason"].notna() if "reason" in rows else pd.Series(False, rows.index)
    cells = rows["networks"] if "networks" in rows else pd.Series(np.nan, rows.index)
    return _Session(
        key,
        path,
        regions,
        networks={
            str(name): tuple(cell.split(JOINT)) for name, cell in cells.items() if pd.notna(cell)
        },
        coverage={str(name): float(share) for name, share in coverage.items()},
        not_covered=frozenset(rows.index[without | (coverage < minimum_coverage)]),
    )


def _in_order(found: Sequence[_Session], networks: Sequence[str]) -> tuple[str, ...]:
    """Return the regions of all sessions by the first of the networks that has them."""
    known = list(dict.fromkeys(name for each in found for name in each.regions))
    rank = {name: one for one, name in enumerate(networks)}
    of_region = _networks(found)
    after = len(networks)
    places = {
        name: min((rank.get(one, after) for one in of_region.get(name, ())), default=after)
        for name in known
    }
    return tuple(sorted(known, key=lambda name: places[name]))


def _networks(found: Sequence[_Session]) -> dict[str, tuple[str, ...]]:
    """Return the networks of each region, those of any session."""
    joint: dict[str, dict[str, None]] = {}
    for each in found:
        for name, networks in each.networks.items():
            joint.setdefault(name, {}).update(dict.fromkeys(networks))
    return {name: tuple(networks) for name, networks in joint.items()}


def _matrix(session: _Session) -> FloatArray:
    """Return the correlations of a session, as its file has them."""
    table = read_table(session.path, text=(NODE,))
    numbers = table.drop(columns=NODE)
    if tuple(table[NODE]) != session.regions:
        raise InputDataError(
            "Rows and columns of the matrix are not the same regions in the same order.",
            path=session.path,
            cure=REMAKE,
        )
    if not all(map(is_numeric_dtype, numbers.dtypes)):
        raise InputDataError(
            "The matrix holds something else than numbers.", path=session.path, cure=REMAKE
        )
    return numbers.to_numpy(dtype=np.float64)


def _edges(correlation: FloatArray, path: Path) -> FloatArray:
    """Return Fisher z of the edges of a matrix."""
    largest = np.nanmax(np.abs(correlation), initial=0.0)
    if largest > 1.0 + ROUNDING:
        raise InputDataError(
            f"{largest:g} in the matrix is no correlation: they lie between -1 and 1.",
            path=path,
            cure=REMAKE,
        )
    try:
        return fisher_z(edges_of_matrices(correlation))
    except ValueError as error:
        raise InputDataError("The matrix is not symmetric.", path=path, cure=REMAKE) from error


def _quality(found: Sequence[_Session], regions: Sequence[str], covered: BoolArray) -> pd.DataFrame:
    networks = _networks(found)
    shares = {name: [each.coverage.get(name, np.nan) for each in found] for name in regions}
    known = {name: [one for one in cells if np.isfinite(one)] for name, cells in shares.items()}
    n_sessions = [sum(name in each.regions for each in found) for name in regions]
    return pd.DataFrame(
        {
            "region": list(regions),
            "networks": [JOINT.join(networks.get(name, ())) for name in regions],
            "n_sessions": n_sessions,
            "n_covered": covered.sum(axis=0).astype(np.int64),
            "mean_coverage": [
                float(np.mean(known[name])) if known[name] else np.nan for name in regions
            ],
        }
    )


def _notes(found: Sequence[_Session], regions: Sequence[str]) -> Iterator[str]:
    """Say where sessions differ in their regions."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for each in found:
        absent = tuple(name for name in regions if name not in set(each.regions))
        if absent:
            lacking.setdefault(absent, []).append(" ".join(each.key))
    for absent, names in lacking.items():
        yield (
            f"The matrices of {len(names)} session{'s' if len(names) > 1 else ''} "
            f"({listed(names, most=5)}) do not have the regions {listed(absent, most=5)}: their "
            "edges are tested over the others."
        )
