"""Dissimilarities of trial types in a session, read from the output tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.facts import sentences_of
from bids_ketamine.reports.participant_tables import read_estimates
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.tree import SessionOutput, TaskFile
from bids_ketamine.reports.words import unit_words

#: Columns of the table of dissimilarities that are text, and those that are numbers.
TEXTS = ("region", "trial_type_1", "trial_type_2", "reason")
NUMBERS = ("value", "raw", "predicted_bias", "standard_error", "n_voxels")
#: A predicted bias smaller than this in size is rounding.
SMALLEST_BIAS = 1e-9
#: Joins two trial types to the name of a contrast.
VERSUS = " vs "


@dataclass(frozen=True)
class RsaSession:
    """Dissimilarities of a task in one session.

    Attributes
    ----------
    name : str
        The session.
    file : TaskFile
        Table of dissimilarities.
    facts : mapping
        Its sidecar.
    table : DataFrame
        One row per region and pair of trial types.
    measures : DataFrame
        Rows of the measures table.
    reliability : TaskFile or None
        Agreement of halves of the partitions.
    runs : tuple of mapping
        Facts of the task's runs.
    """

    name: str
    file: TaskFile
    facts: Mapping[str, Any]
    table: pd.DataFrame
    measures: pd.DataFrame
    reliability: TaskFile | None
    runs: tuple[Mapping[str, Any], ...]

    @property
    def unit(self) -> str:
        """Unit of the dissimilarities, for the eye."""
        told = self.facts.get("Units")
        if not isinstance(told, str):
            told = next(iter(self.measures["unit"].dropna()), None)
        return unit_words(told, "no unit")

    @property
    def n_pairs(self) -> int:
        """Pairs of trial types with a dissimilarity in any region."""
        known = self.table.dropna(subset=["value"])
        pairs = zip(known["trial_type_1"], known["trial_type_2"], strict=True)
        return len({frozenset(pair) for pair in pairs})

    @property
    def biases(self) -> pd.Series:
        """Predicted bias of each row with a raw contrast; what is rounding is none."""
        known = self.table.dropna(subset=["raw", "predicted_bias"])["predicted_bias"]
        return known.mask(known.abs() < SMALLEST_BIAS, 0.0)

    @property
    def regions(self) -> list[str]:
        """Regions in order."""
        return list(dict.fromkeys(self.table["region"]))

    @property
    def contrasts(self) -> list[str]:
        """Pairs of trial types that are measures; every pair where the measures tell none."""
        told = list(dict.fromkeys(self.measures["contrast"].dropna()))
        return told or list(dict.fromkeys(_contrast(row) for row in records(self.table)))

    def estimates(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return the rows of the table by region and contrast, whichever trial type is first."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for row in records(self.table):
            for reverse in (True, False):
                found[row["region"], _contrast(row, reverse=reverse)] = row
        return found

    def measured(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return the rows of the measures table by region and contrast."""
        return {(row["regions"], row["contrast"]): row for row in records(self.measures)}

    def matrices(self) -> dict[str, pd.DataFrame]:
        """Return the dissimilarities of each region as a matrix of trial types."""
        types = dict.fromkeys(sentences_of(self.facts, "TrialTypes"))
        types |= dict.fromkeys([*self.table["trial_type_1"], *self.table["trial_type_2"]])
        names = list(types)
        matrices = {
            region: pd.DataFrame(np.nan, index=names, columns=names) for region in self.regions
        }
        for row in records(self.table):
            first, second = row["trial_type_1"], row["trial_type_2"]
            matrices[row["region"]].loc[first, second] = row["value"]
            matrices[row["region"]].loc[second, first] = row["value"]
        return matrices


def _contrast(row: Mapping[str, Any], *, reverse: bool = False) -> str:
    names = [str(row["trial_type_1"]), str(row["trial_type_2"])]
    return VERSUS.join(reversed(names) if reverse else names)


def read_rsa(session: SessionOutput, file: TaskFile, names: Collection[str]) -> RsaSession:
    """Read the dissimilarities of a session.

    Parameters
    ----------
    session : SessionOutput
        The session.
    file : TaskFile
        Its table of dissimilarities.
    names : collection of str
        Names under which the task's measures are recorded.

    Raises
    ------
    ValueError
        If a column is missing.
    BidsKetamineError
        If the table cannot be read.
    """
    table = read_estimates(
        file.path, texts=TEXTS, numbers=NUMBERS, keys=("region", "trial_type_1", "trial_type_2")
    )
    rows = session.measures
    rows = rows[(rows["measure"] == "ldc") & rows["task"].isin(list(names))]
    beside = file.path.name.replace("_dissimilarity.tsv", "_reliability.tsv")
    reliability = next((e for e in session.reliabilities if e.path.name == beside), None)
    runs = tuple(run.facts for run in session.runs if run.task == file.task and run.facts)
    return RsaSession(session.name, file, file.facts(), table, rows, reliability, runs)
