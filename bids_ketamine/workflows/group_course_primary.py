"""Primary outcomes of a study, each beside the Bonferroni threshold (methods row B12)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import ALL
from bids_ketamine.core.group.results import TestResult
from bids_ketamine.core.group.t_tests import one_sample_t_test, paired_t_test
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES, PRIMARY
from bids_ketamine.outputs.group_mixed_tables import MIXED
from bids_ketamine.study.measure_names import is_chosen
from bids_ketamine.study.spec import MixedModelSpec, PrimaryOutcomesSpec, StudySpec
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part
from bids_ketamine.workflows.group_course_people import chosen_levels, entering
from bids_ketamine.workflows.group_course_scores import change_name, outcome_change
from bids_ketamine.workflows.group_outcomes import outcome_of, sessions_of_improvement

SCORE, MIXED_MODEL = "score", "mixed_model"

#: Rating of global improvement that says that nothing changed.
NO_CHANGE = 4.0

NO_VALUE = "the mixed model has nothing of this name"
NO_TERM = "the mixed model has no such term"
NO_FIRST = (
    "no score of the first session; a rating of change is tested against 4 where "
    "`clinical_course.rating` names it"
)

#: Relative distance of t squared and F of the same test.
SAME = 1e-6


def primary_outcomes(trial: ClinicalTrial, mixed_tables: Mapping[str, pd.DataFrame]) -> Part:
    """Test the primary outcomes of a study, and divide the level by their number.

    An outcome that could not be tested counts in that number all the same: it was planned.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    mixed_tables : mapping of str to DataFrame
        ``group_mixed_effects``, ``group_mixed_tests`` and ``group_mixed_fits``; others are not
        looked at.

    Returns
    -------
    Part
        Table ``group_primary_outcomes``; none where the study has no `primary_outcomes`.
    """
    section = trial.spec.primary_outcomes
    if section is None:
        return Part(tables={})
    rows = [_score_row(trial, each) for each in section.scores]
    rows += _model_rows(trial, section, mixed_tables)
    threshold = section.level / len(rows) if rows else np.nan
    for row in rows:
        p_value = row.get("p_value", np.nan)
        row["threshold"] = threshold
        row["below_threshold"] = bool(p_value < threshold) if np.isfinite(p_value) else None
    return Part(tables={PRIMARY: pd.DataFrame(rows, columns=list(COURSE_TABLES[PRIMARY]))})


def arms_of_scores(spec: StudySpec) -> tuple[str, ...]:
    """Return the arms whose scores are primary outcomes: those of the course, else of the model.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    if spec.clinical_course is not None:
        return spec.clinical_course.arms
    model = _model(spec)
    return model.arms if model is not None else ()


def _model(spec: StudySpec) -> MixedModelSpec | None:
    section = spec.primary_outcomes
    name = section.mixed_model if section is not None else None
    return next((each for each in spec.mixed_models if each.name == name), None)


def _score_row(trial: ClinicalTrial, name: str) -> dict[str, Any]:
    """Test the change of an outcome, or a rating of change against 4."""
    spec = trial.spec
    arms = arms_of_scores(spec)
    _, members = entering(trial, arms)
    outcome = outcome_of(spec, name)
    row: dict[str, Any] = {
        "kind": SCORE,
        "name": name,
        "arm": _arms(trial, chosen_levels(trial, arms)),
    }
    course = spec.clinical_course
    if course is not None and course.rating == name:
        session = sessions_of_improvement(spec, outcome)[1]
        ratings = trial.scores_of(name, trial.people.included, (session,))[0][members, 0]
        found = one_sample_t_test(
            values=ratings,
            population_mean=NO_CHANGE,
            confidence_level=spec.group.confidence_level,
        )
        return row | {"term": session} | _tested(trial, found)
    row |= {"term": change_name(spec, outcome)}
    row |= _tested(trial, _change_test(trial, name, members))
    if not row["n"] and _is_after_alone(trial, name, members):
        row["reason"] = NO_FIRST
    return row


def _arms(trial: ClinicalTrial, arms: Sequence[str]) -> str:
    """Return the arms that enter, in the order of the study; ``all`` for everybody."""
    levels = [each for each in trial.people.levels if each in arms]
    return "+".join(levels) if levels and len(arms) < len(trial.people.levels) else ALL


def _is_after_alone(trial: ClinicalTrial, name: str, members: np.ndarray) -> bool:
    """Tell whether an outcome has scores of the second session and none of the first."""
    who = set(np.array(trial.people.included, dtype=object)[members])
    rows = trial.outcomes[trial.outcomes["outcome"] == name]
    rows = rows[rows["participant_id"].astype(object).isin(who)]
    return bool(rows["second"].notna().any() and rows["first"].isna().all())


def _change_test(trial: ClinicalTrial, name: str, members: np.ndarray) -> TestResult:
    """Return the paired t test of an outcome, of the change itself where no scores are known."""
    level = trial.spec.group.confidence_level
    rows = trial.outcomes[trial.outcomes["outcome"] == name]
    rows = rows.assign(participant_id=rows["participant_id"].astype(object))
    rows = rows.set_index("participant_id").reindex(list(trial.people.included))
    first, second = (rows[each].to_numpy(dtype=np.float64)[members] for each in ("first", "second"))
    if outcome_of(trial.spec, name).change_column is None:
        return paired_t_test(first=second, second=first, confidence_level=level)
    change = outcome_change(trial, name)[members]
    return one_sample_t_test(values=change, population_mean=0.0, confidence_level=level)


def _tested(trial: ClinicalTrial, found: TestResult) -> dict[str, Any]:
    n, needed = int(found.n), trial.spec.group.minimum_participants
    if n < needed:
        return {"n": n, "reason": f"fewer than {needed} participants"}
    names = ("estimate", "statistic", "df", "p_value")
    told = {name: float(getattr(found, name)) for name in names}
    return {"n": n, "test": "t", **told, "reason": str(found.reason)}


def _model_rows(
    trial: ClinicalTrial, section: PrimaryOutcomesSpec, tables: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Return the terms of the mixed model, by the first of its methods and rules."""
    model = _model(trial.spec)
    if model is None:
        return []
    method, rule = model.methods[0], model.degrees_of_freedom[0]
    own = {}
    for name in ("effects", "tests", "fits"):
        table = tables.get(f"{MIXED}_{name}", pd.DataFrame(columns=["model", "method", "value"]))
        table = table[table["model"].eq(model.name) & table["method"].eq(method)]
        own[name] = table[table["df_rule"].eq(rule)] if "df_rule" in table else table
    shared = {"kind": MIXED_MODEL, "arm": _arms(trial, model.arms)}
    return [
        shared | {"name": value, "term": term} | _term(own, value, term)
        for value in _values(own["fits"], section.measures)
        for term in section.terms
    ]


def _values(fits: pd.DataFrame, patterns: Sequence[str]) -> list[str]:
    """Return what the model is of; a pattern that nothing fits stands for itself."""
    every = [str(each) for each in dict.fromkeys(fits["value"])]
    if not patterns:
        return every
    chosen: list[str] = []
    for pattern in patterns:
        chosen += [each for each in every if is_chosen(each, (pattern,))] or [pattern]
    return list(dict.fromkeys(chosen))


def _term(own: Mapping[str, pd.DataFrame], value: str, term: str) -> dict[str, Any]:
    """Return the test of a term (type III): t where one coefficient is all of it, else F."""
    fits, effects, tests = (
        own[name][own[name]["value"] == value] for name in ("fits", "effects", "tests")
    )
    if fits.empty:
        return {"n": 0, "reason": NO_VALUE}
    n = {"n": int(fits["n_participants"].iloc[0])}
    test = tests[tests["term"] == term]
    if test.empty:
        failed = next((each for each in map(_reason, (fits.iloc[0], *_first(effects))) if each), "")
        return n | {"reason": failed or NO_TERM}
    row = test.iloc[0]
    effect = _own_coefficient(effects, term, row["f_value"])
    if effect is not None:
        names = {"estimate": "estimate", "t": "statistic", "df": "df", "p_value": "p_value"}
        return n | {"test": "t", "reason": ""} | {to: effect[name] for name, to in names.items()}
    told = {"statistic": row["f_value"], "df": row["den_df"], "df_first": row["num_df"]}
    return n | {"test": "F", **told, "p_value": row["p_value"], "reason": _reason(row)}


def _own_coefficient(effects: pd.DataFrame, term: str, f_value: float) -> pd.Series | None:
    """Return the one coefficient whose t is the test of a term; None where there is none.

    A coefficient of a model with categories is often of one arm, while the term is over all.
    """
    named = effects[effects["term"].map(_without_levels) == term]
    if len(named) != 1:
        return None
    row = named.iloc[0]
    same = np.isclose(row["t"] ** 2, f_value, rtol=SAME, atol=0.0)
    return row if same else None


def _without_levels(coefficient: str) -> str:
    """Return the term that a coefficient belongs to.

    >>> _without_levels("time:arm[ketamine]")
    'time:arm'
    """
    return re.sub(r"\[[^\]]*\]", "", coefficient)


def _first(table: pd.DataFrame) -> list[pd.Series]:
    return [table.iloc[0]] if len(table) else []


def _reason(row: pd.Series) -> str:
    told = row["reason"]
    return str(told) if isinstance(told, str) else ""
