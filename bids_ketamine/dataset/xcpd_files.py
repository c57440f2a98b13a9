"""Which files XCP-D wrote beside region time series; names in xcpd_series.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bids_ketamine.dataset.companions import Companion, the_one
from bids_ketamine.dataset.names import DatasetFile
from bids_ketamine.dataset.session_files import DERIVED_ENTITIES, SessionFiles, belongs, run_key


@dataclass(frozen=True)
class XcpdFiles:
    """What goes with the region time series of a run.

    Attributes
    ----------
    motion, outliers, coverage : Companion
        The tables; without a path and a reason where XCP-D wrote none.
    """

    motion: Companion
    outliers: Companion
    coverage: Companion

    @property
    def paths(self) -> tuple[Path, ...]:
        """The tables that are there."""
        return tuple(each.path for each in self._tables if each.path is not None)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why tables that are there cannot be used."""
        return tuple(each.reason for each in self._tables if each.reason is not None)

    @property
    def _tables(self) -> tuple[Companion, ...]:
        return self.motion, self.outliers, self.coverage


def without_joined_runs(files: Sequence[DatasetFile]) -> tuple[DatasetFile, ...]:
    """Leave out the table of all runs joined, which XCP-D writes beside those of each run.

    Parameters
    ----------
    files : sequence of DatasetFile
        Region time series of one task in a session.

    Returns
    -------
    tuple of DatasetFile
        Those of runs where there are any: a run must not count twice.
    """
    of_runs = tuple(file for file in files if run_key(file) is not None)
    return of_runs or tuple(files)


def find_xcpd_files(session: SessionFiles, series: DatasetFile) -> XcpdFiles:
    """Find what goes with region time series, in the derivative they are of.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    series : DatasetFile
        The region time series.
    """
    files = [
        file
        for file in session.derivatives.get(series.dataset, ())
        if session.own(file) and file.extension in (".tsv", ".tsv.gz")
    ]
    of_run = [file for file in files if belongs(file, series, apart_from=DERIVED_ENTITIES)]
    motion = _first(of_run, "motion", ({"desc": "filtered"}, {"desc": None}))
    outliers = _first(of_run, "outliers", ({"desc": None},))
    same = [file for file in of_run if belongs(file, series, apart_from={"stat", "desc", "den"})]
    coverage = _first(same, "coverage", ({},))
    if coverage.path is None and coverage.reason is None:
        coverage = _first(same, "bold", ({"stat": "coverage"},))
    return XcpdFiles(motion, outliers, coverage)


def _first(
    files: Collection[DatasetFile], suffix: str, wanted: Sequence[Mapping[str, str | None]]
) -> Companion:
    """Return the file of a suffix with the first entities that any has."""
    for entities in wanted:
        found = [
            file
            for file in files
            if file.suffix == suffix
            and all(file.get(key) == value for key, value in entities.items())
        ]
        if found:
            return the_one(found)
    return Companion(None)
