"""Mixed models in the group report: each model, each value, told and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_elastic_net_names import PredictorNames
from bids_ketamine.reports.group_legend import legend
from bids_ketamine.reports.group_mixed_context import MixedContext, Tables, term_words
from bids_ketamine.reports.group_mixed_formula import model_sentences
from bids_ketamine.reports.group_mixed_headlines import (
    Headline,
    are_comparable,
    count_words,
    headline,
    overview_table,
    summary_words,
)
from bids_ketamine.reports.group_mixed_numbers import ValueDecimals, value_decimals
from bids_ketamine.reports.group_mixed_people import entered_tables, persons_table, sizes_of
from bids_ketamine.reports.group_mixed_pictures import effects_picture, means_picture
from bids_ketamine.reports.group_mixed_tables import (
    effects_table,
    fits_table,
    means_table,
    tests_table,
)
from bids_ketamine.reports.group_mixed_terms import TermWords
from bids_ketamine.reports.group_mixed_troubles import fit_sentences, is_fitted, size_sentences
from bids_ketamine.reports.group_mixed_views import MixedModelView, MixedValueView
from bids_ketamine.reports.group_mixed_words import (
    disagreement_sentences,
    effect_sentence,
    main_rows,
)
from bids_ketamine.reports.picture_names import file_names
from bids_ketamine.reports.rows import in_order, records
from bids_ketamine.reports.views import Picture, TableView
from bids_ketamine.reports.words import text
from bids_ketamine.study.spec import MixedModelSpec, StudySpec

#: Values of a model that are shown in full, those with the smallest p where they can be ranked.
MOST_VALUES = 12
TABLES = ("effects", "tests", "fits", "means", "data")
NOTHING = (
    "The study asks for mixed models, but the group level has left no table of them: it is older "
    "than this method, or was cut short. Run the group level again."
)


def mixed_problems(clinical: ClinicalOutput, spec: StudySpec) -> list[str]:
    """Say that mixed models are asked for and not there.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables.
    spec : StudySpec
        What the study asks for.
    """
    is_missing = clinical.tables["group_mixed_fits"].empty and not clinical.unreadable
    return [NOTHING] if spec.mixed_models and is_missing else []


def mixed_views(
    clinical: ClinicalOutput,
    spec: StudySpec,
    *,
    arms: Sequence[str],
    styles: Mapping[str, ArmStyle],
    summary: pd.DataFrame,
    individual_data: bool,
) -> list[MixedModelView]:
    """Return one view for each mixed model.

    Parameters
    ----------
    clinical : ClinicalOutput
        The tables; without individual data what tells of one person is out already.
    spec : StudySpec
        Models, outcomes and sessions of the study.
    arms : sequence of str
        Arms in order; the first is the reference.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    summary : DataFrame
        ``group_summary``: names and units of measures.
    individual_data : bool
        Whether single participants may be shown.
    """
    tables = {name: clinical.tables[f"group_mixed_{name}"] for name in TABLES}
    context = MixedContext(
        spec=spec,
        arms=arms,
        styles=styles,
        names=PredictorNames(summary),
        course=clinical.tables["group_course"],
        individual_data=individual_data,
    )
    models = in_order(tables["fits"]["model"], [each.name for each in spec.mixed_models])
    anchors = file_names(models)
    return [
        _model(
            model,
            {name: table[table["model"] == model] for name, table in tables.items()},
            anchors[model],
            context,
        )
        for model in models
    ]


@dataclass(frozen=True)
class _Value:
    """One value of a model."""

    key: str
    title: str
    unit: str
    tables: Tables
    words: TermWords
    decimals: ValueDecimals
    headline: Headline | None

    @property
    def effects(self) -> pd.DataFrame:
        """Effects; a model that could not be fitted has rows without terms."""
        return self.tables["effects"][self.tables["effects"]["term"].notna()]

    @property
    def failure(self) -> tuple[str, str]:
        """Title, and why there is no fit."""
        reasons = self.tables["fits"]["reason"].dropna()
        return self.title, text(next(iter(reasons), None), "no reason is given")


def _one(key: str, tables: Tables, asked: MixedModelSpec | None, context: MixedContext) -> _Value:
    title, unit = context.value(key)
    words = term_words(tables, asked, context)
    course = context.course[context.course["outcome"] == key]
    effects = tables["effects"][tables["effects"]["term"].notna()]
    decimals = value_decimals(effects, tables["means"], course)
    first = headline(
        effects,
        tables["tests"],
        words,
        title=title,
        unit=unit,
        level=context.level,
        decimals=decimals,
    )
    return _Value(key, title, unit, tables, words, decimals, first)


def _model(model: str, tables: Tables, anchor: str, context: MixedContext) -> MixedModelView:
    asked = next((each for each in context.spec.mixed_models if each.name == model), None)
    keys = in_order(tables["fits"]["value"], list(asked.outcomes) if asked is not None else [])
    values = {
        key: _one(
            key,
            {name: table[table["value"] == key] for name, table in tables.items()},
            asked,
            context,
        )
        for key in keys
    }
    found = {key: each.headline for key, each in values.items()}
    told = [each for each in found.values() if each is not None]
    is_ranked = are_comparable(told)
    order = keys
    if is_ranked:
        told.sort(key=lambda each: each.p)
        places = {key: each.p if each is not None else 3.0 for key, each in found.items()}
        order = sorted(keys, key=places.__getitem__)
    shown = order[:MOST_VALUES] if len(keys) > MOST_VALUES else keys
    names = file_names(keys)
    words = term_words(tables, asked, context)
    return MixedModelView(
        anchor=f"mixed-{anchor}",
        title=model,
        summary=summary_words(
            found, {key: each.failure for key, each in values.items() if each.headline is None}
        ),
        words=tuple(
            model_sentences(
                next((text(each) for each in tables["fits"]["formula"].dropna()), ""),
                slope=asked.slope if asked is not None else None,
                words=words,
                values={each.title: each.words for each in values.values()},
                response=_response(asked),
                crossover=context.treatments,
            )
        ),
        count=count_words(told) if told else "",
        overview=overview_table(told, level=context.level) if len(keys) > 1 and told else None,
        values=tuple(
            _value(values[key], model, f"mixed-{anchor}-{names[key]}", context) for key in shown
        ),
        left_out=_left_out(len(shown), len(keys), told[0].label if is_ranked and told else ""),
    )


def _left_out(n_shown: int, n: int, label: str) -> str:
    if n_shown == n:
        return ""
    which = f"with the smallest p of {label}" if label else "that come first"
    return f"In full stand the {n_shown} of {n} values {which}; all are in group_mixed_effects.tsv."


def _response(asked: MixedModelSpec | None) -> tuple[str, float] | None:
    if asked is None or asked.response is None:
        return None
    return asked.response.outcome, asked.response.fall


def _value(value: _Value, model: str, name: str, context: MixedContext) -> MixedValueView:
    fits, data, means = (value.tables[each] for each in ("fits", "data", "means"))
    effects, sizes = value.effects, sizes_of(data, means, context.arms)
    pictures = _pictures(value, model, name, context)
    warnings = fit_sentences(fits, set(effects["df_rule"]))
    if any(map(is_fitted, records(fits))):
        warnings += size_sentences(sizes, effects["df_rule"])
    table = effects_table(
        effects, value.words, unit=value.unit, level=context.level, decimals=value.decimals
    )
    has_arms = set(sizes) != {"all"}
    return MixedValueView(
        title=value.title,
        results=_results(value, context),
        warnings=tuple(warnings),
        remarks=tuple(disagreement_sentences(effects, value.words)),
        pictures=tuple(each for each in pictures if each is not None),
        tables=(table,) if table is not None else (),
        details=_details(value, context),
        persons=persons_table(data, sessions=value.words.sessions)
        if context.individual_data
        else None,
        legend=legend(context.styles, sizes.items() if has_arms else ())
        if pictures[1] is not None
        else (),
    )


def _results(value: _Value, context: MixedContext) -> tuple[str, ...]:
    """State the test of all levels together, where there are several, then each effect."""
    top = value.headline
    first = [top.sentence] if top is not None and top.is_test else []
    effects = (
        effect_sentence(
            row,
            value.words,
            value=value.title,
            unit=value.unit,
            level=context.level,
            decimals=value.decimals,
        )
        for row in records(main_rows(value.effects))
    )
    return (*first, *effects)


def _pictures(
    value: _Value, model: str, name: str, context: MixedContext
) -> tuple[Picture | None, Picture | None]:
    shared = {"value": value.title, "model": model, "unit": value.unit, "level": context.level}
    return (
        effects_picture(value.effects, value.words, name=f"{name}-effects", **shared),
        means_picture(
            value.tables["means"],
            value.tables["data"],
            sessions=value.words.sessions,
            styles=context.styles,
            individual_data=context.individual_data,
            name=f"{name}-means",
            **shared,
        ),
    )


def _details(value: _Value, context: MixedContext) -> tuple[TableView, ...]:
    data, sessions = value.tables["data"], value.words.sessions
    tables = (
        tests_table(value.tables["tests"]),
        fits_table(value.tables["fits"], value.decimals),
        means_table(
            value.tables["means"],
            sessions=sessions,
            arms=context.arms,
            unit=value.unit,
            level=context.level,
            decimals=value.decimals,
            individual_data=context.individual_data,
        ),
        *entered_tables(data, arms=context.arms, sessions=sessions),
    )
    return tuple(each for each in tables if each is not None)
