"""Measures of networks of a session, and the tables of networks and regions beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.interfaces.resting_files import SessionPlace, write_regions
from bids_ketamine.interfaces.resting_network_members import (
    network_measure_list,
    network_members,
    region_groups,
)
from bids_ketamine.interfaces.resting_networks import (
    ModelMatrix,
    network_results,
    write_networks,
)
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.resting_signal import RunSignal, region_table, signal_rows


class NetworkFiles(NamedTuple):
    """What networks of a session are made of.

    Attributes
    ----------
    place : SessionPlace
        Where files go.
    names : list of str
        Regions.
    signals : list of RunSignal
        Of the runs that are used.
    unit : str
        Of the standard deviations.
    before : bool
        Whether the series before cleaning are known.
    """

    place: SessionPlace
    names: list[str]
    signals: list[RunSignal]
    unit: str
    before: bool


def members_of(
    settings: RestSettings, place: SessionPlace, names: list[str]
) -> dict[str, tuple[str, ...]]:
    """Return the regions of each network of the study; none without networks.

    Parameters
    ----------
    settings : RestSettings
        Networks, and what regions are made of.
    place : SessionPlace
        For the file that an error names.
    names : list of str
        Regions of the series.
    """
    if settings.networks is None:
        return {}
    try:
        return network_members(settings.networks, names, region_groups(settings.region_sources))
    except BidsKetamineError as error:
        error.path = error.path or place.runs[0].timeseries
        raise


def network_rows(
    files: NetworkFiles,
    matrices: Sequence[ModelMatrix],
    *,
    members: Mapping[str, tuple[str, ...]],
    coverage: np.ndarray,
) -> list[pd.DataFrame]:
    """Write the tables of networks and regions, and return the measures of networks.

    Parameters
    ----------
    files : NetworkFiles
        Regions and their signal.
    matrices : sequence of ModelMatrix
        Of each nuisance model, the first first.
    members : mapping of str to tuple of str
        Result of :func:`members_of`.
    coverage : ndarray of shape (n_regions,)
        Share of each region with signal.

    Returns
    -------
    list of DataFrame
        Rows of the measures table; none without networks.
    """
    place = files.place
    settings, first = place.settings, matrices[0]
    regions = region_table(
        files.names,
        files.signals,
        before=files.before,
        coverage=coverage,
        left_out=first.left_out,
        members=members,
    )
    write_regions(place, regions)
    networks = settings.networks
    if networks is None:
        return []
    measures = network_measure_list(networks, members)
    found = [
        network_results(
            each, measures, names=files.names, minimum_fraction=networks.minimum_fraction
        )
        for each in matrices
    ]
    write_networks(
        place.path("networks"),
        [table for table, _ in found],
        members=members,
        sources=place.sources,
    )
    signal = pd.DataFrame(
        signal_rows(
            regions,
            networks,
            members,
            left_out=first.left_out,
            unit=files.unit,
            reason=first.summary.reason or first.summary.few(),
            before=files.before,
        )
    ).assign(task=first.summary.task, **first.summary.columns, version=__version__)
    return [*(rows for _, rows in found if len(rows)), signal]
