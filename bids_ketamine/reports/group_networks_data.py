"""Tables of networks as the report reads them, with or without individual rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.reports.group_data import FEW
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.words import without_labels, without_numbers
from bids_ketamine.reports.written_tables import read_written_table

SEED_MAPS = "group_seed_maps"
#: What the report reads of the listing of group maps; other columns may be there.
SEED_MAP_COLUMNS = ("seed", "arm", "session", "change", "kind", "n", "file", "reason")

_TEXTS = (
    *("measure", "task", "contrast", "regions", "unit", "session", "sessions", "arm", "change"),
    *("first_region", "second_region", "region", "networks", "compared", "patient", "control"),
    *("covariate", "kind", "level", "stage", "structure", "outcome", "seed", "file", "reason"),
)
_STATISTICS = (
    *("mean_first", "mean_second", "estimate", "ci_low", "ci_high", "statistic", "df"),
    *("p_value", "q_value", "mean_patients", "mean_controls", "sd_patients", "sd_controls"),
    *("hedges_g", "icc", "f_value", "df_second", "consistency", "consistency_low"),
    *("consistency_high", "within_sd", "repeatability", "mean_difference", "r"),
    *("patients", "controls", "standardized_difference", "variance_ratio"),
)
_COUNTS = ("n", "n_patients", "n_controls")


@dataclass(frozen=True)
class NetworkOutput:
    """Tables of networks in ``group/``; one that is missing is empty.

    Attributes
    ----------
    folder : Path
        Where they are.
    tables : mapping of str to DataFrame
        One for each of ``NETWORK_TABLES``, and ``group_seed_maps``.
    unreadable : tuple of str
        Files that are there and cannot be read, with the reason.
    """

    folder: Path
    tables: Mapping[str, pd.DataFrame]
    unreadable: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """Every participant that a table names."""
        pairs = self.tables["group_matching"]
        found = (who for name in ("patient", "control") for who in pairs[name].dropna())
        return sorted({str(who) for who in found})


def read_networks(output_dir: Path) -> NetworkOutput:
    """Read what the group level wrote about networks and volumes.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    """
    unreadable: list[str] = []
    folder = output_dir / "group"
    wanted = {stem: tuple(columns) for stem, columns in NETWORK_TABLES.items()}
    wanted[SEED_MAPS] = SEED_MAP_COLUMNS
    tables = {
        stem: _read(folder / f"{stem}.tsv", columns, columns[0], unreadable)
        for stem, columns in wanted.items()
    }
    # A row of the pairs may lack the patient: then it tells of a control in no pair.
    controls = _read(
        folder / "group_matching.tsv", wanted["group_matching"], "control", list[str]()
    )
    pairs = [tables["group_matching"], controls[controls["patient"].isna()]]
    tables["group_matching"] = pd.concat(pairs, ignore_index=True)
    return NetworkOutput(folder, tables, tuple(unreadable))


def _read(path: Path, columns: Sequence[str], key: str, unreadable: list[str]) -> pd.DataFrame:
    texts = [each for each in _TEXTS if each in columns]
    return read_written_table(
        path, columns=columns, texts=texts, truths=(), key=key, unreadable=unreadable
    )


def without_network_persons(networks: NetworkOutput, *, labels: Collection[str]) -> NetworkOutput:
    """Take out who was paired with whom, labels, and what rests on fewer than three.

    Parameters
    ----------
    networks : NetworkOutput
        The tables as they are.
    labels : collection of str
        Participants that other tables name.
    """
    known = sorted({*labels, *networks.labels})
    tables = {stem: _plain(table, known) for stem, table in networks.tables.items()}
    tables["group_matching"] = tables["group_matching"].iloc[:0]
    unreadable = tuple(without_labels(each, known) for each in networks.unreadable)
    return replace(networks, tables=tables, unreadable=unreadable)


def _plain(table: pd.DataFrame, labels: Collection[str]) -> pd.DataFrame:
    table = table.copy()
    if "reason" in table and table["reason"].notna().any():
        reasons = [_masked(each, labels) for each in table["reason"]]
        table["reason"] = pd.Series(reasons, index=table.index, dtype=object)
    few = pd.Series(False, index=table.index)
    for name in _COUNTS:
        if name in table:
            few |= table[name].gt(0) & table[name].lt(FEWEST_WITHOUT_INDIVIDUALS)
    if few.any():
        table.loc[few, [each for each in _STATISTICS if each in table]] = np.nan
        if "reason" in table:
            table.loc[few & table["reason"].isna(), "reason"] = FEW
        if "file" in table:  # a mean of two is next to their own maps
            table.loc[few, "file"] = None
    return table


def _masked(told: Any, labels: Collection[str]) -> str | None:
    return without_numbers(without_labels(told, labels)) if isinstance(told, str) else None
