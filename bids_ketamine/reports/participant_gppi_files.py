"""Generalized PPI of a task in a session, read from the output tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.facts import mapping_of
from bids_ketamine.reports.inflation import CORRELATION_LIMIT, INTERACTION_LIMIT
from bids_ketamine.reports.participant_tables import read_estimates
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.tree import SessionOutput, TaskFile
from bids_ketamine.reports.words import is_number, unit_words

#: Columns of the table of estimates that are text, and those that are numbers.
TEXTS = ("seed", "target", "effect", "kind", "reason")
NUMBERS = ("value", "standard_error", "residual_df", "variance_inflation", "task_correlation")


@dataclass(frozen=True)
class GppiSession:
    """Generalized PPI of a task in one session.

    Attributes
    ----------
    name : str
        The session.
    file : TaskFile
        Table of estimates.
    facts : mapping
        Its sidecar.
    table : DataFrame
        One row per seed, target and effect.
    measures : DataFrame
        Rows of the measures table: means of both directions.
    matrices : mapping of str to TaskFile
        Matrix of each contrast.
    """

    name: str
    file: TaskFile
    facts: Mapping[str, Any]
    table: pd.DataFrame
    measures: pd.DataFrame
    matrices: Mapping[str, TaskFile]

    @property
    def unit(self) -> str:
        """Unit of the estimates, for the eye."""
        return unit_words(self.facts.get("Units"), "no unit")

    @property
    def inflation_limit(self) -> float:
        """Variance inflation above which an interaction is called nearly collinear."""
        return self._limit("VarianceInflationLimit", INTERACTION_LIMIT)

    @property
    def correlation_limit(self) -> float:
        """Size of the correlation with the task above which it is called so, too."""
        return self._limit("TaskCorrelationLimit", CORRELATION_LIMIT)

    def _limit(self, key: str, absent: float) -> float:
        limit = self.facts.get(key)
        return float(limit) if limit is not None and is_number(limit) else absent

    def directed(self, contrast: str) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return the estimates of a contrast by seed and target."""
        own = self.table[(self.table["kind"] == "contrast") & (self.table["effect"] == contrast)]
        return {(str(row["seed"]), str(row["target"])): row for row in records(own)}

    def weights(self, contrast: str) -> dict[str, float]:
        """Return the weights of a contrast that are not zero; none where no sidecar tells."""
        found = mapping_of(mapping_of(self.facts, "Contrasts"), contrast)
        if not all(is_number(each) for each in found.values()):
            return {}
        return {str(name): float(each) for name, each in found.items() if float(each) != 0.0}

    def pairs(self, contrast: str) -> dict[frozenset[str], Mapping[str, Any]]:
        """Return the measures of a contrast by their two regions."""
        own = self.measures[self.measures["contrast"] == contrast]
        return {frozenset(str(row["regions"]).split(PAIR)): row for row in records(own)}


def read_gppi(session: SessionOutput, file: TaskFile, names: Collection[str]) -> GppiSession:
    """Read the estimates of a session.

    Parameters
    ----------
    session : SessionOutput
        The session.
    file : TaskFile
        Its table of estimates.
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
        file.path, texts=TEXTS, numbers=NUMBERS, keys=("seed", "target", "effect")
    )
    rows = session.measures
    rows = rows[(rows["measure"] == "gppi") & rows["task"].isin(list(names))]
    stem = file.path.name.removesuffix("_gppi.tsv")
    matrices = {
        each.entities.get("contrast", ""): each
        for each in session.gppi_matrices
        if each.path.name.startswith(f"{stem}_contrast-")
    }
    return GppiSession(session.name, file, file.facts(), table, rows, matrices)
