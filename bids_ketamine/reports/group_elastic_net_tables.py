"""Tables of the elastic net: figures of merit, coefficients, predictors left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bids_ketamine.reports.group_elastic_net_figures import K_FOLD
from bids_ketamine.reports.group_elastic_net_names import (
    KINDS,
    SHORT_TIMINGS,
    PredictorNames,
    in_words,
    model_words,
    share_words,
)
from bids_ketamine.reports.group_elastic_net_words import SHORT_VERDICTS, r2_number, verdict
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.rows import records
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import ABSENT, capitalized, interval, number, p_value, text

#: Share of missing values above which a predictor is warned of.
MUCH_MISSING = 0.1
PREDICTORS_FILE = "group_elastic_net_predictors.tsv"
#: Two predictors are told for alike above this size of r.
ALIKE = 0.8
INTERVAL_NOTE = (
    "Bootstrap intervals are percentiles over resamples, those included in which a predictor is "
    "not kept: a coefficient may lie outside its own interval."
)
#: Participants left out at a time, by scheme.
LEFT_OUT = {"leave_one_out": "one", K_FOLD: "a fold"}
#: Results of the leakage test that are told in other words.
LEAKAGE = {"not_tested": "not tested (whole sample)"}
#: Predictors named in one sentence.
MOST_NAMED = 6


def models_table(models: pd.DataFrame, concurrent: str) -> TableView:
    """Return in-sample, leave-one-out and nested figures of each model side by side.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    concurrent : str
        Outcome whose improvement enters the third model.
    """
    holds, published = "for new participants", "as published: optimistic"
    columns = (
        *(Column(name) for name in ("Timing", "Model", "Result")),
        Column("n", numeric=True),
        *(Column(name, numeric=True, group=holds) for name in ("nested", "covariates alone", "p")),
        *(Column(name, numeric=True, group=published) for name in ("leave-one-out", "in-sample")),
    )
    rows = [
        (
            *_names(row, concurrent),
            SHORT_VERDICTS.get(verdict(row), verdict(row)),
            text(row["n"]),
            *(r2_number(row[name]) for name in ("r2_nested", "r2_covariates_alone")),
            p_value(row["p_imaging"]),
            *(r2_number(row[name]) for name in ("r2_leave_one_out", "r2_in_sample")),
        )
        for row in records(models)
    ]
    note = (
        "p: share of permutations of the imaging measures among participants (of the same arm, "
        "where there are arms) whose nested R² is as high."
    )
    return TableView("R² of each model", columns, tuple(rows), note=note)


def _names(row: Mapping[str, Any], concurrent: str) -> tuple[str, str]:
    timing = SHORT_TIMINGS.get(text(row["timing"]), text(row["timing"]))
    return capitalized(timing), model_words(row["model"], concurrent)


def details_table(models: pd.DataFrame, concurrent: str, *, folds: str) -> TableView:
    """Return how each model was chosen and checked.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    concurrent : str
        Outcome whose improvement enters the third model.
    folds : str
        Number of folds of the repeated cross-validation.
    """
    k_fold = f"{folds}-fold, nested".strip("-")
    heads = (
        *(("predictors", ""), ("kept", ""), ("alpha", ""), ("lambda", "")),
        *(("MAE", "nested"), ("r", "nested")),
        *(("R²", k_fold), ("repeats", k_fold)),
        *(("median", "null, R²"), ("95 %", "null, R²"), ("permutations", "null, R²")),
        *(("p", "outcome permuted"), ("permutations", "outcome permuted")),
    )
    columns = (
        *(Column("Timing"), Column("Model", wide=True), Column("Left out")),
        *(Column(name, numeric=True, group=group) for name, group in heads),
        Column("Leakage test"),
    )
    rows, alarms = [], set()
    for place, row in enumerate(records(models)):
        if text(row["leakage"]) == "failed":
            alarms.add((place, len(columns) - 1))
        left_out = LEFT_OUT.get(text(row["scheme"]), ABSENT)
        rows.append((*_names(row, concurrent), left_out, *_details(row)))
    note = (
        "alpha: mixing parameter (0 ridge, 1 lasso); lambda: penalty; MAE: mean absolute error. "
        "Left out: participants at a time, in nested figures and permutations. "
        "Repeats: lowest and highest of the repeats of cross-validation. Leakage test: outcome and "
        "measures of participants who are left out are changed; what predicts them may not change."
    )
    caption = "How models were chosen and checked"
    return TableView(caption, columns, tuple(rows), note=note, alarms=frozenset(alarms))


def _details(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        text(row["n_predictors"]),
        text(row["n_selected"]),
        number(row["l1_ratio"]),
        number(row["penalty"]),
        number(row["mae_nested"], 1),
        number(row["r_nested"], 2),
        number(row["r2_k_fold"], 2),
        interval(row["r2_k_fold_low"], row["r2_k_fold_high"], 2),
        number(row["null_median"], 2),
        number(row["null_high"], 2),
        number(row["n_permutations_imaging"], 0),
        p_value(row["p_outcome"]),
        number(row["n_permutations_outcome"], 0),
        LEAKAGE.get(text(row["leakage"]), text(row["leakage"])),
    )


def coefficients_table(
    rows: pd.DataFrame, names: PredictorNames, *, unit: str, level: str
) -> TableView:
    """Return the coefficients of a model, those it keeps first.

    Parameters
    ----------
    rows : DataFrame
        ``group_elastic_net_coefficients`` of one model, in the order of telling.
    names : PredictorNames
        Names for the eye.
    unit : str
        Of the outcome.
    level : str
        Level of the intervals.
    """
    cells = []
    for row in records(rows):
        cells.append(
            (
                names.of(row["predictor"], row["kind"]).words,
                KINDS.get(text(row["kind"]), text(row["kind"])),
                number(row["standardised"], 2),
                interval(row["ci_low"], row["ci_high"], 2),
                share_words(row["selection_frequency"]),
                number(row["coefficient"]),
            )
        )
    per = f"{unit} per SD"
    columns = (
        *(Column("Predictor", wide=True), Column("Kind")),
        *(Column(per, numeric=True), Column(f"{level} bootstrap", numeric=True)),
        *(Column("selected", numeric=True), Column("per unit of the predictor", numeric=True)),
    )
    file = "group_elastic_net_coefficients.tsv"
    return table_view("Coefficients", columns, cells, len(cells), INTERVAL_NOTE, file)


def leakage_sentence(models: pd.DataFrame, concurrent: str) -> str:
    """Warn of models whose leakage test failed; empty where there are none.

    Parameters
    ----------
    models : DataFrame
        ``group_elastic_net``.
    concurrent : str
        Outcome whose improvement enters the third model.
    """
    failed = [", ".join(_names(row, concurrent)) for row in records(models)
              if text(row["leakage"]) == "failed"]  # fmt: skip
    if not failed:
        return ""
    return (
        f"The leakage test failed ({in_words(failed, MOST_NAMED)}): outcome or measures "
        "of participants who are left out change what predicts them. Do not use the nested figures "
        "of these models; please report this as an error of the software."
    )
