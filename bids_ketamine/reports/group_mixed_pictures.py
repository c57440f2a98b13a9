"""Pictures of mixed models: fixed effects by rule, and what entered by session and arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.mixed_effects import mixed_effects_figure
from bids_ketamine.reports.figures.mixed_means import mixed_means_figure
from bids_ketamine.reports.figures.panels import Cell
from bids_ketamine.reports.group_mixed_terms import TermWords, by_interest
from bids_ketamine.reports.group_mixed_words import method_words, ordered_rules, rule_words
from bids_ketamine.reports.group_summaries import FEWEST_WITHOUT_INDIVIDUALS
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import is_number, text

#: How all participants look where styles tell of arms alone.
ALL = ArmStyle("#4a545d", "o")
EFFECT_COLUMNS = ["term", "method", "df_rule", "estimate", "ci_low", "ci_high", "df", "p_value"]


def effects_picture(
    effects: pd.DataFrame,
    words: TermWords,
    *,
    value: str,
    model: str,
    unit: str,
    level: str,
    name: str,
) -> Picture | None:
    """Draw fixed effects with intervals under each method and rule; None where there are none.

    Parameters
    ----------
    effects : DataFrame
        ``group_mixed_effects`` of one model and value.
    words : TermWords
        Words for terms.
    value, model, unit : str
        What is modelled, by which model, and its unit.
    level : str
        Level of intervals.
    name : str
        Name of the picture's file.
    """
    drawn = effects[effects["estimate"].notna()]
    order = {way: place for place, way in enumerate(ordered_rules(drawn))}
    rows = []
    for term in by_interest(drawn["term"].astype(str)):
        own = records(drawn[drawn["term"].astype(str) == term])
        own.sort(key=lambda row: order[row["method"], row["df_rule"]])
        found = {
            (method_words(row["method"]), rule_words(row["df_rule"])): Estimate(
                row["estimate"], row["ci_low"], row["ci_high"]
            )
            for row in own
        }
        rows.append((words.label(term), found))
    if not rows:
        return None
    title = f"{value}, model {model}"
    caption = f"{title}: fixed effects with {level} intervals"
    draw = partial(
        mixed_effects_figure,
        rows,
        title=title,
        unit=f"effect on {value}, {unit or 'in its unit'}",
        name=name,
        description=f"{caption}, by method and rule of degrees of freedom",
    )
    shown = drawn["term"].astype(str).isin(by_interest(drawn["term"].astype(str)))
    data = drawn.loc[shown, EFFECT_COLUMNS].reset_index(drop=True)
    return picture(caption, draw, name=name, data=data)


def means_picture(
    means: pd.DataFrame,
    data: pd.DataFrame,
    *,
    sessions: Sequence[str],
    styles: Mapping[str, ArmStyle],
    value: str,
    model: str,
    unit: str,
    level: str,
    individual_data: bool,
    name: str,
) -> Picture | None:
    """Draw means by session and arm of what entered; None where there are none.

    Parameters
    ----------
    means, data : DataFrame
        ``group_mixed_means`` and ``group_mixed_data`` of one model and value.
    sessions : sequence of str
        From left to right.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``, which is drawn where there are no arms.
    value, model, unit : str
        What is modelled, by which model, and its unit.
    level : str
        Level of intervals.
    individual_data : bool
        Whether each participant may be shown.
    name : str
        Name of the picture's file.
    """
    arms = [arm for arm in styles if arm != "all" and (means["arm"] == arm).any()] or ["all"]
    shown = means[means["arm"].isin(arms) & means["mean"].notna()]
    if not individual_data:
        shown = shown[shown["n"] >= FEWEST_WITHOUT_INDIVIDUALS]
    if shown.empty:
        return None
    inside = data[data["included"].astype(bool)] if individual_data else data.iloc[:0]
    cells, tidy = {}, []
    for row in records(shown):
        session, arm = text(row["session"]), text(row["arm"])
        own = inside[inside["session"] == session]
        own = own if arm == "all" else own[own["arm"] == arm]
        scores = own["score"].to_numpy(dtype=np.float64)
        cells[session, arm] = Cell(row["mean"], row["ci_low"], row["ci_high"], scores)
        tidy.append(
            {"mark": "mean", "session": session, "arm": arm, "n": row["n"], "score": row["mean"]}
            | {end: row[end] for end in ("ci_low", "ci_high")}
        )
        tidy += [
            {"mark": "participant", "session": session, "arm": arm, "score": score, "n": 1}
            for score in scores
            if is_number(score)
        ]
    dots = "each participant, and " if len(inside) else ""
    title = f"{value}, model {model}"
    caption = f"{title}{', ' + unit if unit else ''}: {dots}means with {level} intervals"
    draw = partial(
        mixed_means_figure,
        cells,
        title=title,
        unit=f"{value}{', ' + unit if unit else ''}",
        sessions=sessions,
        styles={arm: styles.get(arm, ALL) for arm in arms},
        name=name,
        description=f"{caption}, by session and arm, of what entered the model",
    )
    return picture(caption, draw, name=name, data=pd.DataFrame(tidy))
