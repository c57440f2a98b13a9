"""Change of every edge: the matrix of t as papers show it, beside what correction leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.matrix import common_limit
from bids_ketamine.reports.figures.network_matrix import network_matrix_figure
from bids_ketamine.reports.group_networks_views import NetworkContext, NetworkPart, network_words
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, Picture, TableView, picture
from bids_ketamine.reports.words import (
    counted,
    interval,
    is_number,
    listed,
    number,
    p_value,
    percent,
    region_words,
    signed,
    text,
)
from bids_ketamine.study.spec import EdgeStatisticsSpec

FloatArray = NDArray[np.float64]

#: A corrected p below this is marked.
SIGNIFICANCE = 0.05
#: Edges, components and regions that are told one by one.
MOST_EDGES, MOST_COMPONENTS, MOST_REGIONS = 15, 10, 12
SCOPE = ["change", "arm"]


def edges_part(context: NetworkContext) -> NetworkPart | None:
    """Show the tests of all edges of each change and arm.

    Parameters
    ----------
    context : NetworkContext
        The tables.
    """
    edges = context.table("group_edges")
    section = context.spec.edge_statistics
    if edges.empty or section is None:
        return None
    components = context.table("group_edge_components")
    regions = _regions(context.table("group_regions"), edges)
    results, pictures, tables, details, notes = [], [], [], [], []
    for (change, arm), own in edges.groupby(SCOPE, sort=False, dropna=False):
        parts = components[(components["change"] == change) & (components["arm"] == arm)]
        told = _scope_words(context, str(change), str(arm))
        results += _sentences(own, parts, told, section)
        if own["p_value"].notna().any():
            pictures.append(_picture(own, parts, regions, told, section))
        table = _component_table(parts, told)
        tables += [table] if table is not None else []
        smallest = _edge_table(own, told, context.level)
        details += [smallest] if smallest is not None else []
        notes += _notes(own, parts, told)
    return NetworkPart(
        anchor="networks-edges",
        title="Change of every edge",
        words=_words(section),
        results=tuple(results),
        pictures=tuple(pictures),
        tables=tuple(tables),
        details=tuple(details),
        notes=(*notes, *_coverage_note(context.table("group_regions"))),
        summary=results[0] if results else "",
    )


def _scope_words(context: NetworkContext, change: str, arm: str) -> str:
    found = next((each for each in context.spec.changes if each.name == change), None)
    words = change if found is None else f"{found.first} to {found.second}"
    if arm != "all":
        return f"{words}, {arm}"
    controls = context.spec.controls
    # Everybody together is everybody but the controls.
    arms = [each for each in context.group.arms if controls is None or each != controls.level]
    return f"{words}, {listed(list(arms))} together" if len(arms) > 1 else words


def _words(section: EdgeStatisticsSpec) -> str:
    words = (
        "A paired t test of each pair of regions; regions are ordered by network. Below the "
        f"diagonal stands t where p < {_plain(section.shown_p)} without any correction, as such "
        "matrices are usually shown: most of it may be chance. Above it stands what is left at "
        "q < .05 (false discovery rate over all edges)"
    )
    if section.permutations:
        words += (
            " or in a component of the network-based statistic with a p below .05 (components of "
            f"edges with p < {_plain(section.component_p)}). A component is found as a whole; its "
            "single edges are not"
        )
    return words + "."


def _plain(p: float) -> str:
    return f"{p:g}".removeprefix("0")


def _regions(listing: pd.DataFrame, edges: pd.DataFrame) -> dict[str, str]:
    """Return the first network of each region, in the order of the matrix."""
    networks = {
        str(row["region"]): text(row["networks"], "").split(";")[0].strip()
        for row in records(listing)
    }
    found = pd.unique(edges[["first_region", "second_region"]].to_numpy().T.ravel())
    order = [name for name in networks if name in set(found)]
    return {
        **{name: networks[name] for name in order},
        **{str(name): "" for name in found if name not in networks},
    }


def _significant(own: pd.DataFrame, parts: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell the edges that a correction leaves."""
    strong = parts[(parts["p_extent"] < SIGNIFICANCE) | (parts["p_intensity"] < SIGNIFICANCE)]
    kept = own["q_value"].lt(SIGNIFICANCE) | own["component"].isin(strong["component"].dropna())
    return np.asarray(kept, dtype=np.bool_)


def _sentences(
    own: pd.DataFrame, parts: pd.DataFrame, told: str, section: EdgeStatisticsSpec
) -> list[str]:
    p = own["p_value"].dropna()
    if p.empty:
        return [f"{told}: no edge could be tested."]
    sign = own.loc[own["p_value"] < section.shown_p, "estimate"]
    expected = section.shown_p * len(p)
    n_false = int(own["q_value"].lt(SIGNIFICANCE).sum())
    sentence = (
        f"{told}: {len(sign):,} of {counted(len(p), 'edge')} ({percent(len(sign) / len(p))}) have "
        f"p < {_plain(section.shown_p)}, where {number(expected, 0)} would be expected by chance "
        f"if no edge changed; {int(sign.gt(0).sum()):,} of them rise and "
        f"{int(sign.lt(0).sum()):,} fall. {n_false:,} {'has' if n_false == 1 else 'have'} q < .05"
    )
    known = parts.dropna(subset="p_extent")
    if len(known):
        strong = known[(known["p_extent"] < SIGNIFICANCE) | (known["p_intensity"] < SIGNIFICANCE)]
        first = records(known)[0]
        sentence += (
            f". The network-based statistic has {counted(len(known), 'component')}, {len(strong)} "
            f"with p < .05; the largest has {counted(int(first['n_edges']), 'edge')} of "
            f"{counted(int(first['n_regions']), 'region')} (p = {p_value(first['p_extent'])} by "
            f"extent, {p_value(first['p_intensity'])} by intensity, "
            f"{int(first['n_permutations']):,} permutations)"
        )
    elif len(parts):
        sentence += f". Network-based statistic: {text(parts['reason'].iloc[0], 'no component')}"
    return [unbroken(f"{sentence}.").replace("= <", "<")]


def _picture(
    own: pd.DataFrame,
    parts: pd.DataFrame,
    regions: Mapping[str, str],
    told: str,
    section: EdgeStatisticsSpec,
) -> Picture:
    values = _matrix(own, parts, list(regions), section)
    limit = common_limit([pd.DataFrame(values)], bounded=False)
    caption = f"{told}: t of {len(regions)} regions"
    draw = partial(
        network_matrix_figure,
        values,
        networks=[network_words(each) if each else "" for each in regions.values()],
        limit=limit,
        label="t",
        description=f"Matrix of t of the change of edges between {len(regions)} regions, {told}",
        triangles=(f"p < {_plain(section.shown_p)}, not corrected", "after correction"),
    )
    scope = file_name(*own[SCOPE].iloc[0])
    return picture(caption, draw, name=f"edges-{scope}")


def _matrix(
    own: pd.DataFrame, parts: pd.DataFrame, regions: Sequence[str], section: EdgeStatisticsSpec
) -> FloatArray:
    """Return t: uncorrected ones in the lower triangle, corrected ones in the upper."""
    place = {name: at for at, name in enumerate(regions)}
    first = own["first_region"].map(place).to_numpy(dtype=np.int64)
    second = own["second_region"].map(place).to_numpy(dtype=np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    statistic = own["statistic"].to_numpy(dtype=np.float64)
    values = np.full((len(regions), len(regions)), np.nan)
    values[high, low] = np.where(own["p_value"] < section.shown_p, statistic, np.nan)
    values[low, high] = np.where(_significant(own, parts), statistic, np.nan)
    return values


def _component_table(parts: pd.DataFrame, told: str) -> TableView | None:
    known = parts.dropna(subset="component")
    if known.empty:
        return None
    columns = [Column("Component")]
    columns += [
        Column(name, numeric=True)
        for name in ("edges", "regions", "rise", "fall", "intensity", "p, extent", "p, intensity")
    ]
    columns.append(Column("Regions", wide=True))
    rows = tuple(
        (
            text(row["component"]),
            text(row["n_edges"]),
            text(row["n_regions"]),
            text(row["n_positive"]),
            text(row["n_negative"]),
            number(row["intensity"], 1),
            p_value(row["p_extent"]),
            p_value(row["p_intensity"]),
            _some(text(row["regions"], "")),
        )
        for row in records(known.head(MOST_COMPONENTS))
    )
    more = len(known) - len(rows)
    note = "p corrected for all components that there could be, by flipping signs of participants."
    note += f" {more} smaller ones are in group_edge_components.tsv." if more else ""
    return TableView(f"Components, {told}", tuple(columns), rows, note=note)


def _some(regions: str) -> str:
    names = [region_words(each.strip()) for each in regions.split(";") if each.strip()]
    more = len(names) - MOST_REGIONS
    return ", ".join(names[:MOST_REGIONS]) + (f" and {more} others" if more > 0 else "")


def _edge_table(own: pd.DataFrame, told: str, level: str) -> TableView | None:
    known = own.dropna(subset="p_value").sort_values("p_value", kind="stable").head(MOST_EDGES)
    if known.empty:
        return None
    columns = [Column("Edge")]
    columns += [
        Column(name, numeric=True)
        for name in ("n", "before", "after", "change", "interval", "t", "p", "q")
    ]
    rows = tuple(
        (
            f"{region_words(row['first_region'])} \u2013 {region_words(row['second_region'])}",
            text(row["n"]),
            number(row["mean_first"], 3),
            number(row["mean_second"], 3),
            signed(row["estimate"], 3),
            interval(row["ci_low"], row["ci_high"], 3),
            number(row["statistic"], 2),
            p_value(row["p_value"]),
            p_value(row["q_value"]),
        )
        for row in records(known)
    )
    note = (
        f"The {len(rows)} with the smallest p, which are extreme by selection; Fisher z, {level} "
        "intervals. All are in group_edges.tsv."
    )
    return TableView(f"Edges with the smallest p, {told}", tuple(columns), rows, note=note)


def _notes(own: pd.DataFrame, parts: pd.DataFrame, told: str) -> list[str]:
    notes = []
    untested = own[own["p_value"].isna()]
    if len(untested) and own["p_value"].notna().any():
        reasons = untested["reason"].fillna("no reason is given").value_counts().head(3)
        why = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.items())
        notes.append(f"{told}: {counted(len(untested), 'edge')} could not be tested: {why}.")
    n = own["n"].dropna()
    if len(n) and n.nunique() > 1:
        notes.append(
            f"{told}: edges have {number(n.min(), 0)} to {number(n.max(), 0)} participants, for "
            "regions are not covered in all of them."
        )
    return notes


def _coverage_note(listing: pd.DataFrame) -> tuple[str, ...]:
    """Name the regions that many sessions lack."""
    listing = listing.assign(share=listing["n_covered"] / listing["n_sessions"])
    lacking = listing[listing["share"] < 1.0]
    if lacking.empty:
        return ()
    worst = records(lacking.sort_values("share", kind="stable").head(MOST_REGIONS))
    told = ", ".join(
        f"{region_words(row['region'])} ({text(row['n_covered'])} of {text(row['n_sessions'])})"
        for row in worst
        if is_number(row["n_covered"])
    )
    more = len(lacking) - len(worst)
    others = f" and {counted(more, 'other')}" if more > 0 else ""
    return (
        f"Regions that are not covered in every session, with the sessions in which they are: "
        f"{told}{others}.",
    )
