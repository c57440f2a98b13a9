"""Signal of regions before and after cleaning: by region, and for networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine.core.cleaning.signal_quality import SignalQuality, group_ratio
from bids_ketamine.study.measure_names import RATIO, SIGNAL_QUALITY
from bids_ketamine.study.spec import NetworksSpec

REGION_COLUMNS: Mapping[str, Mapping[str, object]] = {
    "region": {"Description": "Region"},
    "networks": {"Description": "Networks that hold it, joined by `; `"},
    "coverage": {
        "Description": "Share of the region with signal, lowest over the runs that are used"
    },
    "mean": {"Description": "Mean before cleaning", "Units": "as in the images or the table"},
    "raw_temporal_sd": {
        "Description": "Temporal standard deviation before cleaning, of the volumes that are used",
        "Units": "percent of the region's mean; of tables as in the table",
    },
    "cleaned_temporal_sd": {
        "Description": "The same after cleaning",
        "Units": "percent of the region's mean; of tables as in the table",
    },
    "raw_tsnr": {"Description": "Mean over the standard deviation before cleaning"},
    "cleaned_tsnr": {"Description": "Mean over the standard deviation after cleaning"},
    "reason": {"Description": "Why the region has no value, or no signal-to-noise ratio"},
}


#: The measure that needs no series before cleaning.
CLEANED_ALONE = "cleaned_temporal_sd"

NO_RATIOS = (
    "the time series were cleaned elsewhere: their signal before cleaning, and with it their "
    "signal-to-noise ratio, is not known"
)


class RunSignal(NamedTuple):
    """Signal of the regions of a run.

    Attributes
    ----------
    quality : SignalQuality
        Before and after cleaning.
    level : ndarray of shape (n_regions,)
        Mean before cleaning in the unit of the images or of the table.
    """

    quality: SignalQuality
    level: np.ndarray


def region_table(
    names: Sequence[str],
    signals: Sequence[RunSignal],
    *,
    before: bool,
    coverage: np.ndarray,
    left_out: Mapping[str, str],
    members: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Return signal by region, mean over runs.

    Parameters
    ----------
    names : sequence of str
        Regions.
    signals : sequence of RunSignal
        Runs that are used; there may be none.
    before : bool
        Whether the series before cleaning are known.
    coverage : ndarray of shape (n_regions,)
        Share of each with signal.
    left_out : mapping of str to str
        Regions without a value, and why.
    members : mapping of str to sequence of str
        Regions of each network.

    Returns
    -------
    DataFrame
        :data:`REGION_COLUMNS`; a region without a value keeps its mean and deviations.
    """
    n_regions = len(names)
    qualities = [each.quality for each in signals]
    columns = {
        "mean": [each.level for each in signals],
        "raw_temporal_sd": [each.deviation_before for each in qualities] if before else [],
        "cleaned_temporal_sd": [each.deviation_after for each in qualities],
        "raw_tsnr": [each.snr_before for each in qualities] if before else [],
        "cleaned_tsnr": [each.snr_after for each in qualities] if before else [],
    }
    problems = [
        next((each.problems[place] for each in qualities if each.problems[place]), "")
        for place in range(n_regions)
    ]
    own: dict[str, list[str]] = {name: [] for name in names}
    for network, regions in members.items():
        for region in regions:
            own[region].append(network)
    return pd.DataFrame(
        {
            "region": list(names),
            "networks": ["; ".join(own[name]) for name in names],
            "coverage": coverage,
            **{name: _mean(values, n_regions) for name, values in columns.items()},
            "reason": [
                left_out.get(name, problem if before else "")
                for name, problem in zip(names, problems, strict=True)
            ],
        }
    )


def _mean(values: Sequence[np.ndarray], n_regions: int) -> np.ndarray:
    """Return the mean over runs of each region; missing where a run misses it."""
    return np.mean(values, axis=0) if len(values) else np.full(n_regions, np.nan)


def signal_rows(
    table: pd.DataFrame,
    networks: NetworksSpec,
    members: Mapping[str, Sequence[str]],
    *,
    left_out: Mapping[str, str],
    unit: str,
    reason: str,
    before: bool,
) -> list[dict[str, object]]:
    """Return signal of each network, and over that of the reference, as rows of measures.

    What series that were cleaned elsewhere cannot tell has no rows: it is not missing.

    Parameters
    ----------
    table : DataFrame
        Result of :func:`region_table`.
    networks : NetworksSpec
        Section of the study.
    members : mapping of str to sequence of str
        Regions of each network.
    left_out : mapping of str to str
        Regions that must not enter.
    unit : str
        Of the standard deviations.
    reason : str
        Why the session has no measures; empty if it has.
    before : bool
        Whether the series before cleaning are known.

    Returns
    -------
    list of dict
        ``measure``, ``regions``, ``value``, ``unit``, ``coverage``, ``method``, ``reason``;
        coverage is the share of the network's regions that have a value.
    """
    covered = ~table["region"].isin(list(left_out)).to_numpy()
    places = {
        network: table["region"].isin(list(regions)).to_numpy()
        for network, regions in members.items()
    }
    reference = networks.signal_reference
    rows: list[dict[str, object]] = []
    for measure in SIGNAL_QUALITY if before else (CLEANED_ALONE,):
        ratio_unit = "ratio" if measure.endswith("tsnr") else unit
        values = np.where(covered, table[measure].to_numpy(dtype=float), np.nan)
        for network, inside in places.items():
            known = np.isfinite(values[inside])
            median = float(np.median(values[inside][known])) if known.any() else np.nan
            why = reason or ("" if known.any() else "no region of it has a value")
            rows.append(
                {
                    "measure": measure,
                    "regions": network,
                    "value": np.nan if why else median,
                    "unit": ratio_unit,
                    "coverage": float(known.mean()),
                    "method": f"Median over {int(known.sum())} regions",
                    "reason": why,
                }
            )
        for network in places if reference else ():
            if reference is None or network == reference:
                continue
            found = group_ratio(values, first=places[network], second=places[reference])
            why = reason or found.reason
            rows.append(
                {
                    "measure": measure,
                    "regions": f"{network}{RATIO}{reference}",
                    "value": np.nan if why else found.ratio,
                    "unit": "ratio",
                    "coverage": found.n_first / max(int(places[network].sum()), 1),
                    "method": f"Ratio of medians over {found.n_first} and {found.n_second} regions",
                    "reason": why,
                }
            )
    return rows
