"""Correlations of scores with an outcome's change, and logistic regressions (methods row B12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.clinical.logistic_regression import INTERCEPT, logistic_regression
from bids_ketamine.core.group.association import pearson_correlation
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.outputs.group_course_tables import CORRELATIONS, COURSE_TABLES, LOGISTIC
from bids_ketamine.study.spec import LogisticRegressionSpec, OutcomeSpec, StudySpec
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial, Part
from bids_ketamine.workflows.group_course_people import course_members, entering
from bids_ketamine.workflows.group_outcomes import outcome_of, scores_of


def outcome_change(trial: ClinicalTrial, outcome: str) -> FloatArray:
    """Return the change of an outcome of the included: second minus first session.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    outcome : str
        Its name.

    Returns
    -------
    ndarray of shape (n_included,)
        Unit of the outcome, NaN where missing.
    """
    better = scores_of(trial.outcomes, outcome, trial.people.included).improvement
    falls = outcome_of(trial.spec, outcome).improvement == "decrease"
    # 0 minus it: no negative zero in tables.
    return np.asarray(0.0 - better if falls else better, dtype=np.float64)


def change_name(spec: StudySpec, outcome: OutcomeSpec) -> str | None:
    """Return the change that an outcome belongs to.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes.
    """
    found = (each.name for each in spec.changes if outcome.change in (None, each.name))
    return next(found, None)


def session_values(trial: ClinicalTrial, outcome: str, session: str) -> FloatArray:
    """Return the scores of the included at a session, NaN where missing.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    outcome, session : str
        Their names.
    """
    return trial.scores_of(outcome, trial.people.included, (session,))[0][:, 0]


def score_correlations(trial: ClinicalTrial) -> Part:
    """Correlate scores at their sessions with the change of an outcome.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        Table ``group_score_correlations``; none where the study has no `score_correlations`.
    """
    section = trial.spec.score_correlations
    if section is None:
        return Part(tables={})
    change = outcome_change(trial, section.outcome)
    keys = {
        "outcome": section.outcome,
        "change": change_name(trial.spec, outcome_of(trial.spec, section.outcome)),
    }
    members = course_members(trial, section.arms)
    rows: list[dict[str, Any]] = []
    for score, sessions in section.scores.items():
        for session in sessions:
            values = session_values(trial, score, session)
            for arm, own in members.items():
                row = keys | {"score": score, "session": session, "arm": arm}
                rows.append(row | _correlation(trial, values[own], change[own]))
    return Part(
        tables={CORRELATIONS: pd.DataFrame(rows, columns=list(COURSE_TABLES[CORRELATIONS]))}
    )


def _correlation(trial: ClinicalTrial, values: FloatArray, change: FloatArray) -> dict[str, Any]:
    group = trial.spec.group
    found = pearson_correlation(
        first=values, second=change, confidence_level=group.confidence_level
    )
    n = int(found.n)
    if n < group.minimum_participants:
        return {"n": n, "reason": f"fewer than {group.minimum_participants} participants"}
    names = ("ci_low", "ci_high", "df", "p_value")
    told = {name: float(getattr(found, name)) for name in names}
    return {"n": n, "r": float(found.estimate), **told, "reason": str(found.reason)}


def logistic_regressions(trial: ClinicalTrial) -> Part:
    """Fit the logistic regressions of a study, each session by itself.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    Part
        Table ``group_logistic``; none where the study has no `logistic_regressions`.
    """
    sections = trial.spec.logistic_regressions
    if not sections:
        return Part(tables={})
    rows = [
        row
        for section in sections
        for session in _sessions(trial, section)
        for row in _regression(trial, section, session)
    ]
    notes = tuple(
        f"The logistic regression {section.name} has no session that all its scores have."
        for section in sections
        if not _sessions(trial, section)
    )
    table = pd.DataFrame(rows, columns=list(COURSE_TABLES[LOGISTIC]))
    return Part(tables={LOGISTIC: table}, notes=notes)


def _sessions(trial: ClinicalTrial, section: LogisticRegressionSpec) -> Sequence[str]:
    if section.sessions:
        return section.sessions
    names = (section.outcome, *section.predictors)
    every = [trial.sessions_of(each) for each in names]
    return [each for each in every[0] if all(each in other for other in every)]


def _regression(
    trial: ClinicalTrial, section: LogisticRegressionSpec, session: str
) -> list[dict[str, Any]]:
    label, members = entering(trial, section.arms)
    keys = {
        "regression": section.name,
        "outcome": section.outcome,
        "session": session,
        "arm": label,
    }
    names = (section.outcome, *section.predictors)
    score, *predictors = (session_values(trial, each, session)[members] for each in names)
    terms = (INTERCEPT, *section.predictors)
    group = trial.spec.group
    found = logistic_regression(
        outcome=np.where(np.isfinite(score), score >= section.at_least, np.nan),
        predictors=np.column_stack(predictors),
        names=section.predictors,
        method="firth_if_separated",
        confidence_level=group.confidence_level,
    )
    counts = {"n": found.n, "n_events": found.n_events, "method": found.method}
    if found.n < group.minimum_participants:
        reason = f"fewer than {group.minimum_participants} participants"
        return [keys | counts | {"term": term, "reason": reason} for term in terms]
    table = found.table().rename(
        columns={
            "se": "standard_error",
            "profile_low": "ci_low",
            "profile_high": "ci_high",
            "chi_square": "statistic",
            "p_likelihood_ratio": "p_value",
        }
    )
    wanted = [name for name in COURSE_TABLES[LOGISTIC] if name in table]
    return [
        keys | {str(name): cell for name, cell in row.items()}
        for row in table[wanted].to_dict("records")
    ]
