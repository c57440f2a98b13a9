"""Prediction of improvement by elastic nets, in the group report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.facts import mapping_of, sentences_of
from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.group_elastic_net_data import RECORD, NetOutput, setting_of, without_arms
from bids_ketamine.reports.group_elastic_net_figures import figures_words
from bids_ketamine.reports.group_elastic_net_models import model_view
from bids_ketamine.reports.group_elastic_net_names import MODELS, TIMINGS, PredictorNames
from bids_ketamine.reports.group_elastic_net_people import entered_tables, persons_table
from bids_ketamine.reports.group_elastic_net_pictures import NetContext, by_arm
from bids_ketamine.reports.group_elastic_net_predictors import (
    alike_sentence,
    dropped_table,
    missing_sentence,
    predictors_table,
)
from bids_ketamine.reports.group_elastic_net_raw import matrix_picture, raw_pictures
from bids_ketamine.reports.group_elastic_net_results import result_sentences
from bids_ketamine.reports.group_elastic_net_tables import (
    details_table,
    leakage_sentence,
    models_table,
)
from bids_ketamine.reports.group_elastic_net_views import NetTimingView, NetView
from bids_ketamine.reports.group_elastic_net_words import (
    NullComparison,
    chance_sentence,
    hindsight_sentence,
    summary_sentence,
)
from bids_ketamine.reports.group_legend import legend
from bids_ketamine.reports.methods_dcm import level_words
from bids_ketamine.reports.methods_elastic_net import motion_applied
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.words import capitalized, counted, is_number, listed, text
from bids_ketamine.study.spec import StudySpec

NOTHING = (
    "The study asks for elastic nets, but the group level has left no table of them: it is older "
    "than this method, or was cut short. Run the group level again."
)
#: A list of names where names are left out.
UNNAMED = re.compile(r": a participant(?:, a participant)*(?: and \d+ more)?(?=\.$)")


def elastic_net_problems(net: NetOutput, spec: StudySpec) -> list[str]:
    """Say which tables are not there though the study asks for them.

    Parameters
    ----------
    net : NetOutput
        The tables.
    spec : StudySpec
        What the study asks for.
    """
    if net.models.empty:
        return [NOTHING] if spec.elastic_net is not None and not net.unreadable else []
    needed = {"coefficients": net.models["r2_nested"].notna().any()}
    needed["null"] = net.models["p_imaging"].notna().any()
    optional = [f"group_elastic_net_{name}.tsv" for name, is_so in needed.items() if not is_so]
    missing = [each for each in net.missing if each not in optional]
    if not missing:
        return []
    verb = "is" if len(missing) == 1 else "are"
    return [f"{listed(missing)} {verb} not there or empty; what rests on it is left out."]


def elastic_net_view(
    net: NetOutput,
    record: Mapping[str, Any],
    spec: StudySpec,
    *,
    summary: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> NetView | None:
    """Return the section on prediction; None where there is no model.

    Parameters
    ----------
    net : NetOutput
        The tables; without individual data what tells of one person is out already.
    record : mapping
        ``group.json``.
    spec : StudySpec
        Outcomes and settings.
    summary : DataFrame
        ``group_summary``: names and units of measures.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    individual_data : bool
        Whether single participants may be shown.
    """
    net = without_arms(net)
    models = _ordered(net.models)
    if models.empty:
        return None
    styles = _all_styles(net, styles)
    context = _context(models, record, spec, summary, styles)
    missing = missing_sentence(net.predictors, context.names, imputed=context.imputed)
    leakage = leakage_sentence(models, context.concurrent)
    recorded = sentences_of(mapping_of(record, RECORD), "Warnings")
    folds = _setting(record, spec, "folds")
    return NetView(
        summary=summary_sentence(models, context.concurrent),
        words=_words(context),
        figures=figures_words(
            models,
            preparation=_setting(record, spec, "preparation"),
            selection=_setting(record, spec, "selection"),
        ),
        table=models_table(models, context.concurrent),
        details=details_table(models, context.concurrent, folds=text(folds, "k")),
        chance=chance_sentence(models),
        results=result_sentences(models, context.tested, concurrent=context.concurrent),
        warnings=tuple(filter(None, [leakage, missing, *(() if leakage or missing else recorded)])),
        entered=entered_tables(net.participants, arms=list(styles)),
        persons=persons_table(net.participants) if individual_data else None,
        timings=tuple(
            _timing(timing, net, models[models["timing"] == timing], context)
            for timing in in_order(models["timing"], list(TIMINGS))
        ),
        notes=_notes(record, individual_data),
    )


def _all_styles(net: NetOutput, styles: Mapping[str, ArmStyle]) -> dict[str, ArmStyle]:
    """Return how arms look, those too that no other table of the group has."""
    known = [arm for arm in styles if arm != "all"]
    found = dict.fromkeys([*known, *net.participants["arm"].dropna().map(str)])
    return {**arm_styles(list(found)), **styles}


def _ordered(models: pd.DataFrame) -> pd.DataFrame:
    """Return models by timing and kind."""
    places = {
        name: models[name].map(
            {each: at for at, each in enumerate(in_order(models[name], list(order)))}
        )
        for name, order in (("timing", TIMINGS), ("model", MODELS))
    }
    order = pd.DataFrame(places, index=models.index).sort_values(list(places), kind="stable")
    return models.loc[order.index].reset_index(drop=True)


def _setting(record: Mapping[str, Any], spec: StudySpec, name: str) -> Any:
    """Return a setting as recorded, else as the study has it."""
    found = setting_of(record, name)
    return getattr(spec.elastic_net, name, None) if found is None else found


def _context(
    models: pd.DataFrame,
    record: Mapping[str, Any],
    spec: StudySpec,
    summary: pd.DataFrame,
    styles: Mapping[str, ArmStyle],
) -> NetContext:
    told = mapping_of(record, RECORD)
    asked = getattr(spec.elastic_net, "concurrent_outcome", None)
    concurrent = text(told.get("ConcurrentOutcome"), text(asked, ""))
    outcome = next((text(each) for each in models["outcome"].dropna()), "the outcome")
    unit = next((each.unit for each in spec.outcomes if each.name == outcome), "")
    level = _setting(record, spec, "level")
    planned, stop_at = (_setting(record, spec, name) for name in ("permutations", "stop_at"))
    tested = NullComparison(
        planned=float(planned) if is_number(planned) else np.nan,
        stop_at=float(stop_at) if is_number(stop_at) else np.nan,
        has_arms=len([arm for arm in styles if arm != "all"]) > 1,
        unit=unit,
    )
    return NetContext(
        names=PredictorNames(summary, concurrent),
        styles=styles,
        outcome=outcome,
        concurrent=concurrent,
        level=level_words(level if is_number(level) else 0.95),
        tested=tested,
        motion=motion_applied(record, spec),
        imputed=_setting(record, spec, "imputation") != "complete_cases",
    )


def _notes(record: Mapping[str, Any], individual_data: bool) -> tuple[str, ...]:
    notes = sentences_of(mapping_of(record, RECORD), "Notes")
    if not individual_data:
        notes = [UNNAMED.sub("", each) for each in notes]
    return tuple(map(capitalized, notes))


def _words(context: NetContext) -> str:
    return (
        f"Elastic nets predict improvement in {context.outcome} from all measures at once, as "
        "changes between the sessions (correlates: they are measured when the improvement is) and "
        "as values of the first session (predictors proper)."
    )


def _timing(
    timing: str, net: NetOutput, models: pd.DataFrame, context: NetContext
) -> NetTimingView:
    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["timing"] == timing]

    predictors, predictions = own(net.predictors), own(net.predictions)
    raw, others = raw_pictures(timing, own(net.coefficients), own(net.values), context)
    pairs = own(net.correlations)
    pairs = pairs[pairs["predictor"] != pairs["other"]]
    matrix = matrix_picture(timing, pairs, predictors, context)
    has_arms = context.tested.has_arms
    besides = ", before arms and interactions" if has_arms else ""
    entered = int(predictors["entered"].astype(bool).sum())
    counts = f"{counted(entered, 'predictor')} entered{besides}." if entered else ""
    hindsight = hindsight_sentence(timing, models["model"], context.concurrent)
    sizes = [
        (arm, float(part["participant_id"].nunique()))
        for _, of_model in predictions.groupby("model", sort=False)
        for arm, part in by_arm(of_model, context.styles)
    ]
    return NetTimingView(
        title=TIMINGS.get(timing, timing),
        words=" ".join(filter(None, [counts, hindsight])),
        legend=legend(context.styles, sizes),
        models=tuple(model_view(row, net, context) for row in records(models)),
        raw_title=f"Raw values{' by arm' if has_arms else ''}",
        raw_words=_raw_words(others, context.before(predictors), has_arms) if raw else "",
        raw=tuple(raw),
        matrix=matrix,
        matrix_words=alike_sentence(pairs, predictors, context.names) if matrix else "",
        dropped=dropped_table(predictors, context.names),
        predictors=predictors_table(predictors, context.names),
    )


def _raw_words(others: int, before: str, has_arms: bool) -> str:
    more = (
        f" Another {counted(others, 'measure')} that models keep are not drawn." if others else ""
    )
    kept, lines = (", alone or in an arm", " in each arm") if has_arms else ("", "")
    return (
        f"Raw values{before and before + ','} of what models keep{kept}; the largest coefficients "
        f"first. Lines are least squares{lines}.{more}"
    )
