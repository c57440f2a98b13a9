"""Group maps of seeds: before, after, and their difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.group_networks_data import SEED_MAPS
from bids_ketamine.reports.group_networks_views import NetworkContext, NetworkPart, network_words
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.seed_maps import (
    NO_SURFACE,
    SeedMap,
    common_scale,
    read_seed_map,
    seed_pictures,
)
from bids_ketamine.reports.views import Picture
from bids_ketamine.reports.words import is_absent, text

DIFFERENCE = "difference"
WORDS = (
    "Correlation of the mean series of a seed's regions with the rest of the brain, Fisher z, mean "
    "over participants before and after, and the mean difference. Colours are the same before and "
    "after. No test was made: the maps say where connectivity is and how it moved, not where "
    "that is more than chance. Small values fade; glass brains show only larger ones. The cortex "
    "is nilearn's fsaverage5, inflated, a few millimetres away from the data's own template."
)


def maps_part(context: NetworkContext) -> NetworkPart | None:
    """Draw the maps that the group level left.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    listing = context.table(SEED_MAPS)
    if listing.empty:
        return None
    pictures: list[Picture] = []
    notes: list[str] = []
    for (seed, arm), rows in _shown(context, listing).groupby(
        ["seed", "arm"], sort=False, dropna=False
    ):
        found, problems = _read(context, rows)
        notes += problems
        pictures += _pictures(str(seed), text(arm, "all"), found)
        if any(each.of_grayordinates and each.surface is None for _, each in found):
            notes.append(NO_SURFACE)
    if not pictures and not notes:
        return None
    return NetworkPart(
        anchor="networks-maps",
        title="Seed maps",
        words=WORDS,
        pictures=tuple(pictures),
        notes=tuple(dict.fromkeys(notes)),
    )


def _shown(context: NetworkContext, listing: pd.DataFrame) -> pd.DataFrame:
    """Return the maps before and after the change that is shown, of those who are treated."""
    change, treated = context.change, [*context.treated, "all"]
    if change is None:
        return listing
    ends = listing["session"].isin([change.first, change.second])
    shown = listing[ends | listing["change"].eq(change.name)]
    of_treated = shown[shown["arm"].isin(treated) | shown["arm"].isna()]
    return next((each for each in (of_treated, shown) if len(each)), listing)


def _read(
    context: NetworkContext, rows: pd.DataFrame
) -> tuple[list[tuple[Mapping[str, Any], SeedMap]], list[str]]:
    """Return the maps that can be read, and a sentence on each of the others."""
    stated = context.spec.regions.midthickness if context.spec.regions is not None else ()
    found: list[tuple[Mapping[str, Any], SeedMap]] = []
    problems: list[str] = []
    for row in records(rows):
        what = _title(row)
        if is_absent(row["file"]):
            problems.append(f"{what}: no map: {text(row['reason'], 'no reason is given')}.")
            continue
        try:
            path = context.networks.folder / str(row["file"])
            found.append((row, read_seed_map(path, midthickness=stated)))
        except (BidsKetamineError, OSError, ValueError) as error:
            reason = getattr(error, "message", None) or str(error)
            problems.append(f"{what}: the map cannot be read: {reason}")
    return found, problems


def _title(row: Mapping[str, Any]) -> str:
    when = text(row["change"] if is_absent(row["session"]) else row["session"], "")
    arm = text(row["arm"], "all")
    who = "" if arm == "all" else f", {arm}"
    kind = " (difference)" if row["kind"] == DIFFERENCE else ""
    n = "" if is_absent(row["n"]) else f", n = {text(row['n'])}"
    return f"{network_words(row['seed'])}, {when}{kind}{who}{n}"


def _pictures(
    seed: str, arm: str, found: Sequence[tuple[Mapping[str, Any], SeedMap]]
) -> list[Picture]:
    """Draw means with one scale and differences with another."""
    pictures = []
    for is_difference in (False, True):
        own = [each for each in found if (each[0]["kind"] == DIFFERENCE) == is_difference]
        if not own:
            continue
        scale = common_scale((each for _, each in own), symbol="\u0394z" if is_difference else "z")
        for row, seed_map in own:
            when = text(row["change"] if is_absent(row["session"]) else row["session"], "")
            name = file_name("seed", seed, None if arm == "all" else arm, when)
            pictures += seed_pictures(seed_map, caption=_title(row), name=name, scale=scale)
    return pictures
