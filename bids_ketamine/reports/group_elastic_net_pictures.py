"""Pictures of the elastic net: coefficients, predictions, null, raw values, correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.coefficients import (
    LONGEST,
    LONGEST_BELOW,
    CoefficientRow,
    coefficient_figure,
)
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.null_distribution import n_outside, null_figure
from bids_ketamine.reports.figures.predicted import Predictions, predicted_figure
from bids_ketamine.reports.group_elastic_net_names import (
    KINDS,
    PredictorName,
    PredictorNames,
    shortened_at_words,
    title_of,
)
from bids_ketamine.reports.group_elastic_net_words import NullComparison, r2_words
from bids_ketamine.reports.group_peb_words import unbroken
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import counted, equals_p, is_number, listed, text

#: Coefficients drawn for a model.
MOST_COEFFICIENTS = 25
#: What is drawn of coefficients and of predictions.
COEFFICIENT_DATA = [
    *("timing", "model", "predictor", "kind", "standardised", "ci_low", "ci_high"),
    "selection_frequency",
]
PREDICTION_DATA = ["participant_id", "arm", "observed", "nested", "fitted"]
#: What is permuted, in the order of drawing.
PERMUTED = {"imaging": "measures permuted", "outcome": "outcome permuted"}


@dataclass(frozen=True)
class NetContext:
    """What all pictures share.

    Attributes
    ----------
    names : PredictorNames
        Names of predictors.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    outcome, concurrent : str
        Whose improvement is predicted, and whose enters the third model.
    level : str
        Level of the intervals.
    tested : NullComparison
        How models were compared with their null.
    motion : bool
        Whether head motion was taken out of measures.
    imputed : bool
        Whether missing values are imputed.
    """

    names: PredictorNames
    styles: Mapping[str, ArmStyle]
    outcome: str
    concurrent: str
    level: str
    tested: NullComparison
    motion: bool = True
    imputed: bool = True

    @property
    def improvement(self) -> str:
        """Name of what is predicted, with its unit where it is known."""
        unit = f" ({self.tested.unit})" if self.tested.unit else ""
        return f"improvement, {self.outcome}{unit}"

    def before(self, predictors: pd.DataFrame) -> str:
        """Say before which steps values are raw; empty where there were none.

        Parameters
        ----------
        predictors : DataFrame
            ``group_elastic_net_predictors`` of one timing.
        """
        entered = predictors[predictors["entered"].astype(bool)]
        steps = {
            "motion": self.motion,
            "imputation": self.imputed and entered["missing"].gt(0.0).any(),
        }
        told = [step for step, is_done in steps.items() if is_done]
        return f", before {listed(told)}" if told else ""

    @property
    def unit(self) -> str:
        """Unit of what is predicted."""
        return self.tested.unit or "unit of the outcome"


def _identifier(row: Mapping[str, Any], *parts: Any) -> str:
    return "-".join(map(str, ("net", row["timing"], row["model"], *parts)))


def ordered_coefficients(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coefficients by size, then those of 0 by how often they are selected.

    Parameters
    ----------
    rows : DataFrame
        ``group_elastic_net_coefficients`` of one model.
    """
    places = pd.DataFrame(
        {"size": -rows["standardised"].abs(), "frequency": -rows["selection_frequency"]}
    )
    return rows.loc[places.sort_values(["size", "frequency"], kind="stable").index]


def coefficient_picture(
    row: Mapping[str, Any], rows: pd.DataFrame, context: NetContext
) -> Picture | None:
    """Draw the largest coefficients of a model; None where it keeps none.

    Parameters
    ----------
    row : mapping
        A row of ``group_elastic_net``.
    rows : DataFrame
        Its coefficients.
    context : NetContext
        What pictures share.
    """
    kept = ordered_coefficients(rows[rows["standardised"].notna() & rows["standardised"].ne(0.0)])
    if kept.empty:
        return None
    shown = kept.head(MOST_COEFFICIENTS)
    lines = []
    for each in records(shown):
        name = context.names.of(each["predictor"], each["kind"])
        estimate = Estimate(each["standardised"], each["ci_low"], each["ci_high"])
        second = name.second or KINDS.get(text(each["kind"]), "")
        lines.append(
            CoefficientRow(
                _first_words(name),
                shortened_at_words(second, LONGEST_BELOW),
                text(each["kind"]),
                name.arm,
                estimate,
                each["selection_frequency"],
            )
        )
    which = f"The {len(shown)} largest coefficients" if len(shown) < len(kept) else "Coefficients"
    caption = f"{which} with {context.level} bootstrap intervals"
    if shown["selection_frequency"].notna().any():
        caption += "; selected: share of bootstrap samples"
    draw = partial(
        coefficient_figure,
        lines,
        unit=f"{context.unit} of improvement per SD of the predictor",
        name=_identifier(row, "coefficients"),
        description=f"{caption}: {title_of(row, context.concurrent)}",
    )
    data = shown[COEFFICIENT_DATA]
    return picture(caption, draw, name=_identifier(row, "coefficients"), data=data)


def _first_words(name: PredictorName) -> str:
    """Return the name of a predictor at the length for which a figure has room beside its arm."""
    beside = f" × {name.arm}" if name.arm else ""
    return shortened_at_words(name.first, LONGEST - len(beside))


def prediction_picture(
    row: Mapping[str, Any], rows: pd.DataFrame, context: NetContext
) -> Picture | None:
    """Draw predicted against observed improvement; None without participants.

    Parameters
    ----------
    row : mapping
        A row of ``group_elastic_net``.
    rows : DataFrame
        ``group_elastic_net_predictions`` of the model, with individual data.
    context : NetContext
        What pictures share.
    """
    rows = rows.dropna(subset=["observed", "nested"])
    if rows.empty:
        return None
    predictions = {
        arm: Predictions(
            *(part[name].to_numpy(dtype=np.float64) for name in ("observed", "nested", "fitted"))
        )
        for arm, part in by_arm(rows, context.styles)
    }
    told = r2_words(row["r2_nested"], "nested R²"), r2_words(row["r2_in_sample"], "in-sample R²")
    caption = unbroken(f"Each participant: {', '.join(told)}")
    draw = partial(
        predicted_figure,
        predictions,
        styles=context.styles,
        unit=context.improvement,
        name=_identifier(row, "predicted"),
        description=f"Predicted against observed {context.improvement}: "
        f"{title_of(row, context.concurrent)}. {caption}",
    )
    data = rows[PREDICTION_DATA]
    return picture(caption, draw, name=_identifier(row, "predicted"), data=data)


def by_arm(rows: pd.DataFrame, styles: Mapping[str, ArmStyle]) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each arm, in the order of styles; of others as ``all``."""
    arms = rows["arm"].where(rows["arm"].isin(list(styles)), "all")
    parts = {str(arm): part for arm, part in rows.groupby(arms, sort=False)}
    return [(arm, parts[arm]) for arm in styles if arm in parts]


def null_picture(row: Mapping[str, Any], rows: pd.DataFrame, context: NetContext) -> Picture | None:
    """Draw nested R² of permuted data, and the model's; None where nothing was permuted.

    Parameters
    ----------
    row : mapping
        A row of ``group_elastic_net``.
    rows : DataFrame
        ``group_elastic_net_null`` of the model.
    context : NetContext
        What pictures share.
    """
    nulls = {
        words: rows.loc[rows["permuted"] == key, "r2"].to_numpy(dtype=np.float64)
        for key, words in PERMUTED.items()
    }
    nulls = {words: each for words, each in nulls.items() if np.isfinite(each).any()}
    if not nulls or not is_number(row["r2_nested"]):
        return None
    told = [
        f"{words} {times(row[f'n_permutations_{key}'])}: {equals_p(row[f'p_{key}'], 'p')}"
        for key, words in PERMUTED.items()
        if words in nulls and is_number(row[f"p_{key}"])
    ]
    caption = unbroken(f"Nested R² and its null ({'; '.join(told)})".replace(" ()", ""))
    outside = n_outside(nulls, observed=float(row["r2_nested"]))
    if outside:
        verb = "lies" if outside == 1 else "lie"
        caption += f"; {counted(outside, 'permutation')} {verb} below the axis, in its first bar"
    draw = partial(
        null_figure,
        nulls,
        observed=float(row["r2_nested"]),
        label="this model",
        unit="nested R²",
        name=_identifier(row, "null"),
        description=f"{caption}: {title_of(row, context.concurrent)}",
    )
    data = rows[["permuted", "r2"]]
    return picture(caption, draw, name=_identifier(row, "null"), data=data)


def times(n: Any) -> str:
    """Return how often something was done.

    >>> times(1.0), times(28.0), times(None)
    ('once', '28 times', 'an unknown number of times')
    """
    if not is_number(n):
        return "an unknown number of times"
    return "once" if n == 1 else f"{int(n):,} times"
