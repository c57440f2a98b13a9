"""Pictures of symptom dimensions: forests of r, correlations among them, each by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.bivariate import bivariate_figure, fitted_line
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.forest import Estimate, forest_figure
from bids_ketamine.reports.figures.matrix import matrix_figure
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.picture_names import file_names
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import is_number, number, text

#: Fewest participants whose dimensions are correlated in the picture.
FEWEST = 4


@dataclass(frozen=True)
class DimensionContext:
    """What tables and pictures share.

    Attributes
    ----------
    dimensions : tuple of str
        In the order of the study.
    styles : mapping of str to ArmStyle
        ``all`` and the arms, in order.
    measure, measure_unit : str
        Name of the measure whose change is correlated, and its unit.
    outcome, unit : str
        The questionnaire, and the unit of its score.
    confidence_level : float
        Level of intervals and bands.
    """

    dimensions: tuple[str, ...]
    styles: Mapping[str, ArmStyle]
    measure: str
    measure_unit: str
    outcome: str
    unit: str
    confidence_level: float

    @property
    def level(self) -> str:
        """Level of intervals in words."""
        return f"{100 * self.confidence_level:g} %"


def correlation_forest(table: pd.DataFrame, context: DimensionContext) -> Picture | None:
    """Draw r with its interval for each dimension and arm; None where there is none.

    Parameters
    ----------
    table : DataFrame
        ``group_dimensions``.
    context : DimensionContext
        What pictures share.
    """
    caption = (
        f"Correlation of change of {context.measure} with improvement in each dimension, with "
        f"{context.level} intervals"
    )
    names = list(context.dimensions)
    return _forest(table, "dimension", names, "dimensions-forest", caption, context)


def covariate_forest(others: pd.DataFrame, context: DimensionContext) -> Picture | None:
    """Draw r with its interval for each covariate and arm; None where there is none.

    Parameters
    ----------
    others : DataFrame
        ``group_dimension_covariates``.
    context : DimensionContext
        What pictures share.
    """
    caption = (
        f"Correlation of change of {context.measure} with covariates, with {context.level} "
        "intervals of r"
    )
    names = in_order(others["covariate"], [])
    return _forest(others, "covariate", names, "dimensions-covariates", caption, context)


def _forest(
    table: pd.DataFrame,
    column: str,
    names: list[str],
    name: str,
    caption: str,
    context: DimensionContext,
) -> Picture | None:
    known = table[table["r"].notna()]
    if known.empty:
        return None
    rows = []
    for each in names:
        own = records(known[known[column] == each])
        found = {text(r["arm"]): Estimate(r["r"], r["ci_low"], r["ci_high"]) for r in own}
        if found:
            rows.append((each.replace("_", " "), found))
    draw = partial(
        forest_figure,
        rows,
        styles=context.styles,
        unit="Pearson r",
        limits=(-1.0, 1.0),
        legend=len({arm for _, found in rows for arm in found}) > 1,
        name=name,
        description=caption,
    )
    keep = [column, "arm", "n", "r", "ci_low", "ci_high", "p_value", "rho"]
    return picture(caption, draw, name=name, data=known[keep].reset_index(drop=True))


def dimension_matrix(pairs: pd.DataFrame, context: DimensionContext) -> Picture | None:
    """Draw how improvements in the dimensions and the measure's change go together.

    Parameters
    ----------
    pairs : DataFrame
        ``group_dimension_correlations``.
    context : DimensionContext
        What pictures share.

    Returns
    -------
    Picture or None
        None for fewer than two dimensions or four participants.
    """
    known = pairs[pairs["arm"].eq("all") & pairs["r"].notna() & pairs["n"].ge(FEWEST)]
    names = in_order(known["dimension"], [*context.dimensions])
    if len(names) < 3:
        return None
    matrix = known.pivot_table(index="dimension", columns="other", values="r", aggfunc="first")
    matrix = matrix.reindex(index=names, columns=names)
    # Rows and columns have one name each, which the axis of columns has too.
    matrix.columns.name = matrix.index.name = None
    caption = (
        f"Correlations (Pearson r) of improvements in the dimensions and of the change of "
        f"{context.measure}; n = {int(known['n'].max())}, all arms together"
    )
    name = "dimensions-correlations"
    draw = partial(
        matrix_figure, matrix, limit=1.0, name=name, description=caption, label="r",
        noun="dimensions",
    )  # fmt: skip
    data = (
        matrix.rename_axis("first").reset_index().melt("first", var_name="second", value_name="r")
    )
    return picture(unbroken(caption), draw, name=name, data=data)


def bivariate_pictures(
    scores: pd.DataFrame, table: pd.DataFrame, context: DimensionContext
) -> list[Picture]:
    """Draw improvement in each dimension against the measure's change, by arm.

    Parameters
    ----------
    scores : DataFrame
        ``group_dimension_scores``, with individual data.
    table : DataFrame
        ``group_dimensions``: r for captions.
    context : DimensionContext
        What pictures share.
    """
    names = file_names(context.dimensions)
    pictures = []
    for dimension in context.dimensions:
        own = scores[scores["dimension"] == dimension]
        own = own.dropna(subset=["improvement", "measure_change"])
        points = _points(own, context.styles, across="measure_change", up="improvement")
        if not points:
            continue
        words = dimension.replace("_", " ")
        caption = _caption(words, table[table["dimension"] == dimension], "r")
        unit = f", {context.measure_unit}" if context.measure_unit else ""
        name = f"dimensions-{names[dimension]}"
        draw = partial(
            bivariate_figure,
            points,
            styles=context.styles,
            labels=(f"change{unit}", f"improvement{', ' + context.unit if context.unit else ''}"),
            level=context.confidence_level,
            name=name,
            description=f"Improvement in {words} against change of {context.measure} of each "
            f"participant, with least-squares lines and {context.level} bands by arm",
        )
        data = _tidy(points, context, across="measure_change", up="improvement")
        pictures.append(picture(caption, draw, name=name, data=data))
    return pictures


def covariate_points(
    scores: pd.DataFrame, values: pd.DataFrame, others: pd.DataFrame, context: DimensionContext
) -> list[Picture]:
    """Draw the measure's change against each covariate, by arm.

    Parameters
    ----------
    scores : DataFrame
        ``group_dimension_scores``, with individual data: the change of each participant.
    values : DataFrame
        ``group_table_one_values``: the covariates; those that it lacks have no picture.
    others : DataFrame
        ``group_dimension_covariates``: names of covariates, and rho for captions.
    context : DimensionContext
        What pictures share.
    """
    changes = scores[["participant_id", "arm", "measure_change"]].drop_duplicates("participant_id")
    covariates = in_order(others["covariate"], [])
    names, pictures = file_names(covariates), []
    for covariate in covariates:
        own = values.loc[values["variable"] == covariate, ["participant_id", "score"]]
        own = changes.merge(own, on="participant_id").dropna(subset=["measure_change", "score"])
        points = _points(own, context.styles, across="score", up="measure_change")
        if not points:
            continue
        rows = others[others["covariate"] == covariate]
        words = covariate.replace("_", " ")
        name = f"dimensions-covariate-{names[covariate]}"
        unit = f", {context.measure_unit}" if context.measure_unit else ""
        draw = partial(
            bivariate_figure,
            points,
            styles=context.styles,
            labels=(words, f"change{unit}"),
            level=context.confidence_level,
            name=name,
            description=f"Change of {context.measure} of each participant against {words}, with "
            f"least-squares lines and {context.level} bands by arm",
        )
        data = _tidy(points, context, across="covariate", up="measure_change")
        caption = _caption(f"Change of {context.measure} and {words}", rows, "rho")
        pictures.append(picture(caption, draw, name=name, data=data))
    return pictures


def _caption(words: str, rows: pd.DataFrame, statistic: str) -> str:
    """Return words with a statistic over all participants and of each arm."""
    told = [
        f"{statistic if text(row['arm']) == 'all' else text(row['arm']) + ' ' + statistic} = "
        f"{number(row[statistic], 2)}"
        for row in records(rows)
        if is_number(row[statistic])
    ]
    return unbroken(f"{words}{': ' if told else ''}{', '.join(told)}")


def _points(
    own: pd.DataFrame, styles: Mapping[str, ArmStyle], *, across: str, up: str
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return two columns by arm; those of participants without a known arm as ``all``."""
    arms = own["arm"].where(own["arm"].isin([each for each in styles if each != "all"]), "all")
    parts: dict[str, Any] = dict(list(own.groupby(arms, sort=False)))
    return {
        arm: (
            parts[arm][across].to_numpy(dtype=np.float64),
            parts[arm][up].to_numpy(dtype=np.float64),
        )
        for arm in styles
        if arm in parts
    }


def _tidy(
    points: Mapping[str, tuple[np.ndarray, np.ndarray]],
    context: DimensionContext,
    *,
    across: str,
    up: str,
) -> pd.DataFrame:
    """Return what is drawn, named by axis: participants, lines and their bands."""
    parts = []
    for arm, (first, second) in points.items():
        own = {"mark": "participant", across: first, up: second}
        parts.append(pd.DataFrame({**own, "arm": arm}))
        line = fitted_line(first, second, level=context.confidence_level)
        if line is not None:
            fitted = {"mark": "line", across: line.across, up: line.middle}
            band = {"band_low": line.low, "band_high": line.high}
            parts.append(pd.DataFrame({**fitted, **band, "arm": arm}))
    return pd.concat(parts, ignore_index=True)
