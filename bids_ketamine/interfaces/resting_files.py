"""Files of the resting series of a session: series and quality of runs, matrices, regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.dataset.inputs import RunInputs
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.resting_signal import REGION_COLUMNS
from bids_ketamine.outputs.patterns import output_name, run_stem, task_stem
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import write_table


class SessionPlace(NamedTuple):
    """Where the files of a session's resting series go.

    Attributes
    ----------
    folder : Path
        In the layout of the session's output folder.
    prefix : str
        Start of file names.
    runs : tuple of RunInputs
        All runs.
    settings : RestSettings
        For the names of regions and datasets.
    """

    folder: Path
    prefix: str
    runs: tuple[RunInputs, ...]
    settings: RestSettings

    @property
    def stem(self) -> str:
        """Start of the names of files of all runs."""
        first = self.runs[0]
        return task_stem(self.prefix, self.settings.rest.task, first.entities)

    @property
    def sources(self) -> list[str]:
        """BIDS URIs of the files of all runs."""
        return bids_uris([path for run in self.runs for path in run.files], self.settings.datasets)

    def path(self, kind: str) -> Path:
        """Return the path of a file of all runs."""
        name = output_name(
            kind, task=self.stem, space=self.runs[0].space, atlas=self.settings.atlas
        )
        return self.folder / name

    def run_path(self, kind: str, run: RunInputs) -> Path:
        """Return the path of a file of one run; that of motion has neither space nor regions."""
        where = {} if kind == "quality" else {"space": run.space, "atlas": self.settings.atlas}
        stem = run_stem(self.prefix, run.task, run.entities, run.run)
        return self.folder / output_name(kind, run=stem, **where)

    def run_sources(self, run: RunInputs) -> list[str]:
        """BIDS URIs of the files of a run."""
        return bids_uris(run.files, self.settings.datasets)


def write_series(
    place: SessionPlace,
    run: RunInputs,
    series: np.ndarray,
    *,
    names: Sequence[str],
    origins: Mapping[str, str],
    unit: str,
) -> None:
    """Write the cleaned series of a run.

    Parameters
    ----------
    place : SessionPlace
        Where it goes.
    run : RunInputs
        The run.
    series : ndarray of shape (n_volumes, n_regions)
        Cleaned series.
    names : sequence of str
        Regions.
    origins : mapping of str to str
        What each is made of, where it is known.
    unit : str
        Unit of the series.
    """
    described = {
        name: {"Description": f"Mean over {origins.get(name, 'the region')}", "Units": unit}
        for name in names
    }
    write_table(
        place.run_path("timeseries", run),
        pd.DataFrame(series, columns=list(names)),
        columns=described,
        extra={"RepetitionTime": run.t_r, "Sources": place.run_sources(run)},
    )


def write_matrix(
    path: Path,
    correlation: np.ndarray,
    names: Sequence[str],
    *,
    words: str,
    extra: Mapping[str, Any],
) -> None:
    """Write a matrix of correlations.

    Parameters
    ----------
    path : Path
        The table.
    correlation : ndarray of shape (n_regions, n_regions)
        Correlations.
    names : sequence of str
        Regions.
    words : str
        What the correlations are.
    extra : mapping
        Further keys of the sidecar.
    """
    table = pd.DataFrame(correlation, columns=list(names))
    table.insert(0, "Node", list(names))
    described = {name: {"Description": f"{words} with the region"} for name in names}
    write_table(path, table, columns={"Node": {"Description": "Region"}} | described, extra=extra)


def write_regions(place: SessionPlace, table: pd.DataFrame) -> None:
    """Write the signal of each region."""
    write_table(
        place.path("region_quality"),
        table,
        columns=REGION_COLUMNS,
        extra={"Sources": place.sources},
    )
