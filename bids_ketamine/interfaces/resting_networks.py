"""Means over the edges of networks: rows of measures, and the table of a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.networks.network_means import (
    NETWORK_COLUMNS,
    NetworkMeasure,
    network_table,
)
from bids_ketamine.interfaces.resting_pairs import SessionSummary
from bids_ketamine.outputs.tables import write_table

TABLE_COLUMNS: Mapping[str, Mapping[str, object]] = {
    "network": {"Description": "Network, or pair of networks, as the study names the measure"},
    "model": {"Description": "Nuisance model; n/a without `cleaning`"},
    "mean": {"Description": "Mean over the edges that have a value", "Units": "Fisher z"},
    "n_edges": {"Description": "Edges with a value"},
    "n_edges_defined": {"Description": "Edges if every region had a value"},
    "fraction": {"Description": "Share of the edges that have a value"},
    "n_regions": {"Description": "Regions with at least one of these edges"},
    "left_out": {"Description": "Regions without any, and why, joined by `; `"},
    "reason": {"Description": "Why there is no mean"},
}


class ModelMatrix(NamedTuple):
    """Correlations of a session with a nuisance model.

    Attributes
    ----------
    measure : str
        Name of the measure of network means.
    model : str
        Nuisance model; empty without `cleaning`.
    z : ndarray of shape (n_regions, n_regions)
        Fisher z; NaN where there is no value.
    left_out : mapping of str to str
        Regions without a value, and why.
    summary : SessionSummary
        What the measures have in common.
    """

    measure: str
    model: str
    z: np.ndarray
    left_out: Mapping[str, str]
    summary: SessionSummary


def network_results(
    matrix: ModelMatrix,
    measures: Sequence[NetworkMeasure],
    *,
    names: Sequence[str],
    minimum_fraction: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Average over the edges of networks.

    Parameters
    ----------
    matrix : ModelMatrix
        Correlations.
    measures : sequence of NetworkMeasure
        Which edges.
    names : sequence of str
        Regions of the matrix.
    minimum_fraction : float
        Share of the edges that must have a value.

    Returns
    -------
    table : DataFrame
        :data:`TABLE_COLUMNS`.
    rows : DataFrame
        Rows of the measures table.
    """
    found = network_table(
        matrix.z,
        measures,
        region_names=names,
        not_covered=matrix.left_out,
        minimum_fraction=minimum_fraction,
    )
    summary = matrix.summary
    reason = summary.reason or summary.few()
    if reason:
        found = found.assign(mean=np.nan, reason=reason)
    table = found.rename(columns={"measure": "network"})
    table.insert(1, "model", matrix.model)
    cost = dict(zip(names, summary.cost.tolist(), strict=True))
    df = int(summary.columns["residual_df"])
    taken = [
        max(cost[region] for region in (*each.first, *(each.second or ()))) for each in measures
    ]
    model = f", {matrix.model}" if matrix.model else ""
    rows = pd.DataFrame(
        {
            "measure": matrix.measure,
            "task": summary.task,
            "regions": found["measure"],
            "value": found["mean"],
            "unit": "Fisher z",
            **summary.columns,
            "residual_df": [max(df - each, 0) for each in taken],
            "coverage": found["fraction"],
            "method": [f"Mean Fisher z of {count} edges{model}" for count in found["n_edges"]],
            "version": __version__,
            "reason": found["reason"],
        }
    )
    return table, rows


def write_networks(
    path: Path,
    tables: Sequence[pd.DataFrame],
    *,
    members: Mapping[str, Sequence[str]],
    sources: Sequence[str],
) -> None:
    """Write the means of all nuisance models.

    Parameters
    ----------
    path : Path
        The table.
    tables : sequence of DataFrame
        Of each model.
    members : mapping of str to sequence of str
        Regions of each network.
    sources : sequence of str
        BIDS URIs of the runs' files.
    """
    columns = ["network", "model", *NETWORK_COLUMNS[1:]]
    write_table(
        path,
        pd.concat(tables, ignore_index=True)[columns],
        columns=TABLE_COLUMNS,
        extra={
            "Networks": {network: list(regions) for network, regions in members.items()},
            "Sources": list(sources),
        },
    )
