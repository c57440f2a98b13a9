"""Symptom dimensions and the change of a measure, in the group report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_dimensions_pictures import (
    DimensionContext,
    bivariate_pictures,
    correlation_forest,
    covariate_forest,
    covariate_points,
    dimension_matrix,
)
from bids_ketamine.reports.group_dimensions_words import (
    chance_sentence,
    covariate_sentences,
    dimension_sentence,
    item_notes,
    size_warnings,
    summary_sentence,
)
from bids_ketamine.reports.group_elastic_net_names import PredictorNames
from bids_ketamine.reports.group_legend import LegendItem, legend
from bids_ketamine.reports.group_peb_tables import table_view
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Column, Picture, TableView
from bids_ketamine.reports.words import interval, number, p_value, text, unit_words
from bids_ketamine.study.spec import StudySpec

NOTHING = (
    "The study asks for symptom dimensions, but the group level has left no table of them: it is "
    "older than this method, or was cut short. Run the group level again."
)


@dataclass(frozen=True)
class DimensionView:
    """Correlations of a measure's change with dimensions of a questionnaire.

    Attributes
    ----------
    summary : str
        What came of it, in a line for the top of the report.
    words, count : str
        What is correlated, and how many small p there are.
    results : tuple of str
        A sentence for each dimension, over all participants.
    warnings : tuple of str
        What stands out.
    notes : tuple of str
        Pro-rated items, and participants without a score.
    legend, points_legend : tuple of LegendItem
        Arms in forests, and in pictures with participants.
    table, covariates : TableView or None
        Correlations with dimensions, and with covariates.
    covariate_results : tuple of str
        A sentence for each covariate.
    pictures, points, covariate_pictures : tuple of Picture
        Forest and matrix; each dimension by arm; forest of covariates, and each by arm.
    """

    summary: str
    words: str
    count: str
    results: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    legend: tuple[LegendItem, ...]
    points_legend: tuple[LegendItem, ...]
    table: TableView | None
    covariates: TableView | None
    covariate_results: tuple[str, ...]
    pictures: tuple[Picture, ...]
    points: tuple[Picture, ...]
    covariate_pictures: tuple[Picture, ...]


def dimension_problems(clinical: ClinicalOutput, spec: StudySpec) -> list[str]:
    """Say that symptom dimensions are asked for and not there.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables.
    spec : StudySpec
        What the study asks for.
    """
    is_missing = clinical.tables["group_dimensions"].empty and not clinical.unreadable
    return [NOTHING] if spec.symptom_dimensions is not None and is_missing else []


def dimension_views(
    clinical: ClinicalOutput,
    spec: StudySpec,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    summary: pd.DataFrame,
    individual_data: bool,
) -> DimensionView | None:
    """Return the section on symptom dimensions; None where there is no table.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables; without individual data what tells of one person is out already.
    spec : StudySpec
        Outcome, measure and dimensions.
    arms : sequence of str
        Arms in order.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    summary : DataFrame
        ``group_summary``: names and units of measures.
    individual_data : bool
        Whether single participants may be shown.
    """
    table, scores, others = (
        clinical.tables[f"group_{name}"]
        for name in ("dimensions", "dimension_scores", "dimension_covariates")
    )
    if table.empty:
        return None
    asked = spec.symptom_dimensions
    names = in_order(table["dimension"], list(asked.dimensions) if asked is not None else [])
    shown = {arm: styles[arm] for arm in ["all", *arms] if arm in styles}
    measure = PredictorNames(summary).of(asked.measure if asked else "the measure", "imaging")
    context = DimensionContext(
        dimensions=tuple(names),
        styles=shown,
        measure=measure.words,
        measure_unit=unit_words(measure.unit),
        outcome=asked.outcome if asked is not None else "the questionnaire",
        unit=next((o.unit for o in spec.outcomes if asked and o.name == asked.outcome), ""),
        confidence_level=spec.group.confidence_level,
    )
    first = table[table["arm"] == "all"]
    first = first if len(first) else table
    results = [
        dimension_sentence(row, context, text(row["dimension"])) for row in _by(first, names)
    ]
    matrix = dimension_matrix(clinical.tables["group_dimension_correlations"], context)
    forest = correlation_forest(table, context)
    values = clinical.tables["group_table_one_values"]
    of_covariates = [covariate_forest(others, context)]
    if individual_data:
        of_covariates += covariate_points(scores, values, others, context)
    sizes = [(text(row["arm"]), row["n"]) for row in records(table)]
    return DimensionView(
        summary=summary_sentence(first, context),
        words=_words(context),
        count=chance_sentence(table, "dimension"),
        results=tuple(results),
        warnings=tuple(size_warnings(table, arms)),
        notes=tuple(item_notes(scores, spec)),
        legend=legend(shown, sizes),
        points_legend=legend(shown, [each for each in sizes if each[0] != "all"]),
        table=_table(table, names, context),
        covariates=_covariates_table(others, context),
        covariate_results=tuple(covariate_sentences(others, context)),
        pictures=tuple(each for each in (forest, matrix) if each is not None),
        points=tuple(bivariate_pictures(scores, table, context)) if individual_data else (),
        covariate_pictures=tuple(each for each in of_covariates if each is not None),
    )


def _by(rows: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    order = {name: place for place, name in enumerate(names)}
    return sorted(records(rows), key=lambda row: order.get(text(row["dimension"]), len(order)))


def _words(context: DimensionContext) -> str:
    return (
        f"The change of {context.measure} (second session minus first) is correlated with the "
        f"improvement in each dimension of {context.outcome}: r above zero where participants "
        "whose measure rose more got better."
    )


def _table(table: pd.DataFrame, names: Sequence[str], context: DimensionContext) -> TableView:
    arms = in_order(table["arm"], list(context.styles))
    cells = []
    for name in names:
        own = {text(row["arm"]): row for row in records(table[table["dimension"] == name])}
        cells += [(name.replace("_", " "), arm, *_cells(own[arm])) for arm in arms if arm in own]
    heads = ("n", "r", f"{context.level} interval", "p", "rho", "p of rho")
    columns = (Column("Dimension"), Column("Arm"), *(Column(each, numeric=True) for each in heads))
    caption = "Change of the measure and improvement in each dimension"
    note = (
        "r: Pearson, interval by Fisher's z; rho: Spearman. p of rho: exact up to 12 participants "
        "(8 with ties), for more by Edgeworth's series, or by t where values are tied."
    )
    return table_view(caption, columns, cells, len(cells), note, "group_dimensions.tsv")


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        number(row["n"], 0),
        number(row["r"], 2),
        interval(row["ci_low"], row["ci_high"], 2),
        p_value(row["p_value"]),
        number(row["rho"], 2),
        p_value(row["rho_p_value"]),
    )


def _covariates_table(others: pd.DataFrame, context: DimensionContext) -> TableView | None:
    if others.empty:
        return None
    arms = in_order(others["arm"], list(context.styles))
    cells = []
    for name in in_order(others["covariate"], []):
        own = {text(row["arm"]): row for row in records(others[others["covariate"] == name])}
        for arm in arms:
            if arm in own:
                row = own[arm]
                cells.append(
                    (
                        name.replace("_", " "),
                        arm,
                        number(row["n"], 0),
                        number(row["rho"], 2),
                        p_value(row["p_value"]),
                        number(row["r"], 2),
                        interval(row["ci_low"], row["ci_high"], 2),
                    )
                )
    heads = ("n", "rho", "p of rho", "r", f"{context.level} interval of r")
    columns = (Column("Covariate"), Column("Arm"), *(Column(each, numeric=True) for each in heads))
    file = "group_dimension_covariates.tsv"
    return table_view("Change of the measure and covariates", columns, cells, len(cells), "", file)
