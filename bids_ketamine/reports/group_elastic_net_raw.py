"""Pictures of the predictors of the elastic net: raw values by arm, correlations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.figure_data import file_name
from bids_ketamine.reports.figures.matrix import common_limit
from bids_ketamine.reports.figures.predictor_matrix import LONGEST, predictor_matrix_figure
from bids_ketamine.reports.figures.raw_values import raw_values_figure
from bids_ketamine.reports.group_elastic_net_names import (
    KINDS,
    SHORT_TIMINGS,
    PredictorNames,
    shortened_at_words,
)
from bids_ketamine.reports.group_elastic_net_pictures import (
    NetContext,
    by_arm,
    ordered_coefficients,
)
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Picture, picture
from bids_ketamine.reports.words import counted, text

#: Measures drawn for a timing.
MOST_RAW = 12


def raw_pictures(
    timing: str,
    coefficients: pd.DataFrame,
    values: pd.DataFrame,
    context: NetContext,
) -> tuple[list[Picture], int]:
    """Draw raw values against improvement of what models of a timing keep.

    Parameters
    ----------
    timing : str
        ``change`` or ``baseline``.
    coefficients : DataFrame
        Coefficients of the models of the timing.
    values : DataFrame
        ``group_elastic_net_values`` of the timing, with individual data.
    context : NetContext
        What pictures share.

    Returns
    -------
    list of Picture, int
        Pictures, and the number of kept predictors that are not drawn.
    """
    kept = kept_predictors(coefficients, context.names)
    known = set(values.dropna(subset=["value", "improvement"])["predictor"])
    kept = {name: kind for name, kind in kept.items() if name in known}
    pictures: list[Picture] = []
    n_models = coefficients["model"].nunique()
    for place, (predictor, kind) in enumerate(list(kept.items())[:MOST_RAW]):
        own = values[values["predictor"] == predictor].dropna(subset=["value", "improvement"])
        points = {
            arm: (
                part["value"].to_numpy(dtype=np.float64),
                part["improvement"].to_numpy(dtype=np.float64),
            )
            for arm, part in by_arm(own, context.styles)
        }
        name = context.names.of(predictor, kind)
        mine = coefficients["predictor"].map(lambda each, p=predictor: context.names.is_of(each, p))
        keeping = coefficients[mine & coefficients["standardised"].abs().gt(0.0)]["model"].nunique()
        caption = f"{name.words}: kept by {keeping} of {counted(n_models, 'model')}"
        across_label = "change" if timing == "change" and kind == "imaging" else "value"
        if name.unit:
            across_label = f"{'change, ' if timing == 'change' else ''}{name.unit}"
        draw = partial(
            raw_values_figure,
            points,
            styles=context.styles,
            labels=(across_label, context.improvement),
            name=f"net-{timing}-raw-{place}",
            description=f"Raw values ({SHORT_TIMINGS.get(timing, timing)}) against "
            f"{context.improvement} of each participant: {name.words}",
        )
        data = own[["participant_id", "arm", "predictor", "value", "improvement"]]
        file = file_name("net", timing, "raw", predictor)
        pictures.append(picture(caption, draw, name=file, data=data))
    return pictures, max(0, len(kept) - MOST_RAW)


def kept_predictors(coefficients: pd.DataFrame, names: PredictorNames) -> dict[str, str]:
    """Return what models keep, alone or in an arm, with its kind; the largest first.

    Parameters
    ----------
    coefficients : DataFrame
        Coefficients of some models.
    names : PredictorNames
        Knows the measure of an interaction.
    """
    kept = coefficients[coefficients["standardised"].abs().gt(0.0)]
    found: dict[str, str] = {}
    for row in records(ordered_coefficients(kept)):
        kind = text(row["kind"])
        base = names.base(row["predictor"], kind)
        found.setdefault(base, "imaging" if kind == "interaction" else kind)
    return found


def matrix_picture(
    timing: str, correlations: pd.DataFrame, predictors: pd.DataFrame, context: NetContext
) -> Picture | None:
    """Draw the correlations of the predictors of a timing; None where there are none.

    Parameters
    ----------
    timing : str
        ``change`` or ``baseline``.
    correlations : DataFrame
        ``group_elastic_net_correlations`` of the timing.
    predictors : DataFrame
        ``group_elastic_net_predictors`` of the timing: order and kinds.
    context : NetContext
        What pictures share.
    """
    found = dict.fromkeys([*correlations["predictor"], *correlations["other"]])
    kinds = dict(zip(predictors["predictor"], predictors["kind"], strict=True))
    known = [name for name in kinds if name in found] + [n for n in found if n not in kinds]
    if len(known) < 2 or correlations["r"].notna().sum() == 0:
        return None
    family = {name: _family(name, kinds.get(name, ""), context.names) for name in known}
    order = list(dict.fromkeys(family.values()))
    known.sort(key=lambda name: order.index(family[name]))
    matrix = pd.DataFrame(np.nan, index=known, columns=known, dtype=np.float64)
    places = {name: place for place, name in enumerate(known)}
    across = correlations["predictor"].map(places).to_numpy()
    down = correlations["other"].map(places).to_numpy()
    values = matrix.to_numpy().copy()
    values[across, down] = values[down, across] = correlations["r"].to_numpy()
    matrix = pd.DataFrame(values, index=known, columns=known)
    labels = _family_labels(order)
    caption = f"Correlations of {len(known)} predictors{context.before(predictors)}"
    draw = partial(
        predictor_matrix_figure,
        matrix,
        [labels[family[name]] for name in known],
        limit=common_limit([matrix]),
        name=f"net-{timing}-correlations",
        description=f"{caption}: {SHORT_TIMINGS.get(timing, timing)}, families {', '.join(order)}",
    )
    data = correlations[["predictor", "other", "r", "n"]]
    name = file_name("net", timing, "correlations")
    return picture(caption, draw, name=name, data=data)


def _family_labels(families: Sequence[str]) -> dict[str, str]:
    """Return names of families of the length that a figure has room for, as long as they differ."""
    labels = {
        family: ", ".join(shortened_at_words(part, LONGEST) for part in family.split(", ", 1))
        for family in families
    }
    differ = len(set(labels.values())) == len(labels)
    return labels if differ else {family: family for family in families}


def _family(name: Any, kind: Any, names: PredictorNames) -> str:
    words = names.of(name, kind)
    return words.second or f"{KINDS.get(text(kind), 'other')}s"
