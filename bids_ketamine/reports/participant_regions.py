"""Region means of a contrast with intervals, sessions beside each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup
from scipy.stats import t as t_distribution

from bids_ketamine.outputs.measures import PAIR
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.forest import Estimate, forest_figure
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.tree import ParticipantOutput
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import (
    is_number,
    listed,
    measure_words,
    region_words,
    text,
    unit_words,
)

#: More regions than this are not readable in one picture.
MOST_REGIONS = 60
#: Measures that stand in the picture of a contrast begin with this word.
ACTIVATION = "activation"
#: What all regions, or all pairs of them, are called.
ALL = ("all regions", "all pairs")


@dataclass(frozen=True)
class RegionMeans:
    """Region means of one contrast.

    Attributes
    ----------
    pictures : tuple of Picture
        One for each way to compute them.
    sentences : tuple of str
        Regions without a value and why.
    """

    pictures: tuple[Picture, ...]
    sentences: tuple[str, ...]


def task_rows(found: ParticipantOutput, names: Collection[str]) -> pd.DataFrame:
    """Return the rows of region means of a task, with the session's name.

    Parameters
    ----------
    found : ParticipantOutput
        What the output tree holds.
    names : collection of str
        Names under which the task is recorded.
    """
    parts = [session.measures.assign(session=session.name) for session in found.sessions]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=["measure", "task", "contrast"])
    rows = pd.concat(parts, ignore_index=True)
    of_regions = rows["measure"].astype(str).str.startswith(ACTIVATION)
    return rows[of_regions & rows["task"].isin(list(names))]


def region_means(rows: pd.DataFrame, contrast: str, *, name: str) -> RegionMeans:
    """Draw the region means of a contrast.

    Parameters
    ----------
    rows : DataFrame
        Region means of its task.
    contrast : str
        Name of the contrast.
    name : str
        Starts the identifiers of the pictures.
    """
    own = rows[rows["contrast"] == contrast]
    pictures, sentences = [], []
    for measure, part in own.groupby("measure", sort=False):
        unit = unit_words(next(iter(part["unit"].dropna()), ""))
        if part["value"].notna().any():
            caption = _caption(str(measure), contrast, part)
            draw = partial(_draw, part, unit, f"regions-{name}-{contrast}-{measure}", caption)
            pictures.append(picture(caption, draw))
        prefix = "No value" if measure == ACTIVATION else f"No value ({measure_words(measure)})"
        sentences += without_value(part, prefix=prefix)
    return RegionMeans(tuple(pictures), tuple(dict.fromkeys(sentences)))


def estimate_of(row: Mapping[str, Any]) -> Estimate:
    """Return a value and its 95 % interval, value +- t(.975, df) times its standard error.

    Parameters
    ----------
    row : mapping
        ``value``, ``standard_error`` and ``residual_df``; without the last two there is no
        interval.

    Examples
    --------
    >>> found = estimate_of({"value": 1.0, "standard_error": 0.5, "residual_df": 1e9})
    >>> round(found.low, 4), round(found.high, 4)
    (0.02, 1.98)
    """
    nothing = float("nan")
    value, error, degrees = (
        float(row[key]) if is_number(row.get(key)) else nothing
        for key in ("value", "standard_error", "residual_df")
    )
    half = float(t_distribution.ppf(0.975, degrees)) * error if degrees > 0 else nothing
    return Estimate(value, value - half, value + half)


def _caption(measure: str, contrast: str, part: pd.DataFrame) -> str:
    words = measure_words(measure)
    valued = part[part["value"].notna()]
    known = valued["standard_error"].notna() & valued["residual_df"].notna()
    caption = f"Region means of {contrast}: {words}"
    if known.all():
        caption += ", with 95 % intervals within each session"
    elif known.any():
        caption += ", with 95 % intervals within each session where they are known"
    else:
        caption += "; intervals are not known"
    n_regions = part["regions"].nunique()
    if n_regions > MOST_REGIONS:
        caption += f"; the {MOST_REGIONS} of {n_regions:,} regions with the largest size"
    return caption


def _draw(part: pd.DataFrame, unit: str, name: str, caption: str) -> Markup:
    valued = part[part["value"].notna()]
    sessions = list(dict.fromkeys(part["session"]))
    regions = list(dict.fromkeys(valued["regions"]))
    if len(regions) > MOST_REGIONS:
        sizes = valued.assign(size=valued["value"].abs()).groupby("regions", sort=False)["size"]
        kept = set(sizes.max().nlargest(MOST_REGIONS).index)
        regions = [region for region in regions if region in kept]
    estimates: dict[str, dict[str, Estimate]] = {region: {} for region in regions}
    for row in records(valued):
        if row["regions"] in estimates:
            estimates[row["regions"]][row["session"]] = estimate_of(row)
    # The style of `all` is that of all arms together; a session may bear that name.
    styles = dict(zip(sessions, arm_styles([f"-{s}" for s in sessions]).values(), strict=False))
    return forest_figure(
        [(region_words(region), found) for region, found in estimates.items()],
        styles=styles,
        unit=unit,
        limits=None,
        legend=len(sessions) > 1,
        name=name,
        description=caption,
    )


def without_value(part: pd.DataFrame, *, prefix: str = "No value") -> list[str]:
    """Return who has no value and why, one sentence for each reason.

    Parameters
    ----------
    part : DataFrame
        Rows of the measures tables of sessions, of one measure; contrasts are named where a
        reason does not hold in all of them alike.
    prefix : str
        How each sentence begins.
    """
    contrasts = part["contrast"].map(lambda each: text(each, ""))
    reasons = part["reason"].map(lambda each: text(each, "no reason is given"))
    missing = part["value"].isna()
    sentences = []
    for reason, rows in part[missing].groupby(reasons[missing], sort=False):
        where: dict[str, list[str]] = {}
        for contrast, own in rows.groupby(contrasts[rows.index], sort=False):
            where.setdefault(_who(own, part), []).append(str(contrast))
        told = [
            who if len(names) == contrasts.nunique() else f"{who} ({listed(names)})"
            for who, names in where.items()
        ]
        sentences.append(f"{prefix}: {'; '.join(told)}: {reason}")
    return sentences


def _who(rows: pd.DataFrame, part: pd.DataFrame) -> str:
    """Return regions with their sessions, sessions that lack the same regions together."""
    places: dict[str, list[str]] = {}
    for session, own in rows.groupby("session", sort=False):
        whole = part[part["session"] == session]["regions"].nunique()
        missing = [region_words(region) for region in own["regions"]]
        everywhere = len(missing) == whole > 1
        who = ALL[PAIR in str(own["regions"].iloc[0])] if everywhere else _some(missing)
        places.setdefault(who, []).append(str(session))
    return "; ".join(f"{who}, {listed(sessions)}" for who, sessions in places.items())


def _some(names: Sequence[str], most: int = 12) -> str:
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} others"
