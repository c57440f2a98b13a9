"""What enters a mixed model: complete rows, and an account of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.dataset.names import listed
from bids_ketamine.study.formula_variables import variables_of
from bids_ketamine.study.spec import MixedModelSpec
from bids_ketamine.workflows.group_clinical_measures import ModelledValue
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial
from bids_ketamine.workflows.group_clinical_variables import (
    RESPONDER,
    Variable,
    formula_values,
    with_periods,
)

#: Why the first session does not enter a model that names it as a variable.
IS_BASELINE = "the score of this session is the variable `baseline`"


@dataclass(frozen=True, kw_only=True)
class ModelData:
    """Rows of a mixed model.

    Attributes
    ----------
    value : ModelledValue
        What is modelled, without the session that is the variable `baseline`.
    complete : DataFrame
        ``participant_id``, ``value`` and the variables of the formula: what enters.
    account : list of dict
        Cells of ``group_mixed_data`` for everybody and every session.
    notes : tuple of str
        Sentences on who was left out.
    absent : tuple of str
        Variables that are not in the dataset.
    reason : str
        Why there can be no model; empty if there can.
    """

    value: ModelledValue
    complete: pd.DataFrame
    account: list[dict[str, Any]]
    notes: tuple[str, ...]
    absent: tuple[str, ...]
    reason: str


def model_data(trial: ClinicalTrial, model: MixedModelSpec, value: ModelledValue) -> ModelData:
    """Arrange values and variables by participant and session; tell who does not enter and why.

    A session whose score is the variable `baseline` is no row of the model: the same number would
    stand on both sides of it.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    model : MixedModelSpec
        The model.
    value : ModelledValue
        What is modelled.

    Returns
    -------
    ModelData
        Rows.

    Raises
    ------
    InputDataError
        If a table that a variable comes from is damaged.
    """
    rows = with_periods(trial, _rows(trial, value))
    names = variables_of(model.formula)
    baseline = trial.baseline_session(value.name) if "baseline" in names else None
    entering = _without_session(value, baseline)
    variables, absent = formula_values(trial, model, entering, names=names, rows=rows)
    rows["reason"] = _reasons(trial, model, rows, variables, baseline)
    if model.complete:
        rows["reason"] = _of_complete(rows)
    rows["included"] = rows["reason"] == ""
    complete = _complete(rows, variables)
    columns = ["participant_id", "session", "arm", "period", "sequence", "score", "included"]
    account = rows[[*columns, "reason"]].to_dict("records")
    return ModelData(
        value=entering,
        complete=complete,
        account=[{str(name): cell for name, cell in row.items()} for row in account],
        notes=(
            *_responders(model, complete),
            *_left_out(rows, trial),
            *_lone_levels(complete, variables),
            *_empty_levels(complete, variables),
        ),
        absent=absent,
        reason=_why_not(complete, variables, trial.spec.group.minimum_participants),
    )


def _rows(trial: ClinicalTrial, value: ModelledValue) -> pd.DataFrame:
    """Return one row for each participant and session."""
    people = trial.people
    rows = [
        {
            "participant_id": participant,
            "session": session,
            "arm": people.arm_of[participant] or None,
            "score": value.values[one, two],
            "missing": value.reasons[one, two],
        }
        for one, participant in enumerate(people.everybody)
        for two, session in enumerate(value.sessions)
    ]
    return pd.DataFrame(rows, columns=["participant_id", "session", "arm", "score", "missing"])


def _without_session(value: ModelledValue, session: str | None) -> ModelledValue:
    kept = [place for place, name in enumerate(value.sessions) if name != session]
    return replace(
        value,
        sessions=tuple(value.sessions[place] for place in kept),
        values=value.values[:, kept],
        reasons=value.reasons[:, kept],
    )


def _reasons(
    trial: ClinicalTrial,
    model: MixedModelSpec,
    rows: pd.DataFrame,
    variables: Mapping[str, Variable],
    baseline: str | None,
) -> list[str]:
    """Return why each row does not enter; what concerns the participant comes first."""
    reasons = []
    for at, row in zip(rows.index, rows.to_dict("records"), strict=True):
        found = [str(trial.people.left_out.get(row["participant_id"], ""))]
        if model.arms and row["arm"] not in model.arms:
            found.append("the arm is not in the model")
        if row["session"] == baseline:
            found.append(IS_BASELINE)
        found.append(str(row["unusable"]))
        if not np.isfinite(row["score"]):
            found.append(str(row["missing"]))
        found += [str(each.reasons[at]) for each in variables.values() if pd.isna(each.values[at])]
        reasons.append(next((each for each in found if each), ""))
    return reasons


def _of_complete(rows: pd.DataFrame) -> pd.Series:
    """Take out those too who lack a session, with the reason of the first one they lack."""
    lacking = rows[~rows["reason"].isin(["", IS_BASELINE])].drop_duplicates("participant_id")
    told = {
        row.participant_id: f"not in all sessions ({row.session}: {row.reason})"
        for row in lacking.itertuples()
    }
    of_person = rows["participant_id"].map(told).fillna("")
    return rows["reason"].where(rows["reason"] != "", of_person)


def _complete(rows: pd.DataFrame, variables: Mapping[str, Variable]) -> pd.DataFrame:
    """Return what enters: numbers centred over participants, categories with their levels."""
    chosen = rows[rows["included"]]
    table = pd.DataFrame(
        {
            "participant_id": chosen["participant_id"],
            "value": chosen["score"].astype(np.float64),
        }
    )
    first = chosen.drop_duplicates("participant_id").index
    for name, variable in variables.items():
        values = variable.values.loc[chosen.index]
        if variable.levels is not None:
            present = [each for each in variable.levels if (values == each).any()]
            table[name] = pd.Categorical(values.astype(object), categories=present)
            continue
        numbers = values.astype(np.float64)
        centre = numbers.loc[first].mean() if variable.centred and len(first) else 0.0
        table[name] = numbers - centre
    return table.reset_index(drop=True)


def _left_out(rows: pd.DataFrame, trial: ClinicalTrial) -> list[str]:
    """Say how many do not enter though clinical statistics have them."""
    own = rows[~rows["participant_id"].isin(set(trial.people.left_out))]
    entered = set(own.loc[own["included"], "participant_id"])
    everybody = own["participant_id"].nunique()
    is_lost = ~own["included"] & (own["reason"] != IS_BASELINE)
    n_rows = int((is_lost & own["participant_id"].isin(entered)).sum())
    notes = []
    if (own["reason"] == IS_BASELINE).any():
        notes.append("the session of the variable `baseline` is no row of the model.")
    if len(entered) < everybody:
        notes.append(
            f"participants who do not enter: {everybody - len(entered)} of {everybody}, for "
            "reasons in group_mixed_data.tsv."
        )
    if n_rows:
        notes.append(
            f"sessions that do not enter, of participants who enter with others: {n_rows}."
        )
    return notes


def _responders(model: MixedModelSpec, complete: pd.DataFrame) -> list[str]:
    """Say how many of those who enter are responders."""
    if model.response is None or "response" not in complete or complete.empty:
        return []
    codes = complete.drop_duplicates("participant_id")["response"]
    return [
        f"responders (a fall of {model.response.outcome} by {100 * model.response.fall:g} % or "
        f"more): {int((codes == RESPONDER).sum())} of {len(codes)}."
    ]


def _people_of_levels(complete: pd.DataFrame, name: str) -> dict[str, int]:
    """Return how many participants each level of a category, or each number, has."""
    people = complete.groupby(name, observed=True)["participant_id"].nunique()
    return {str(level): int(n) for level, n in people.items()}


def _lone_levels(complete: pd.DataFrame, variables: Mapping[str, Variable]) -> list[str]:
    """Warn of levels, and of responders or others, that are one participant."""
    notes = []
    for name, variable in variables.items():
        if variable.of_participant and (variable.levels is not None or name == "response"):
            lone = [each for each, n in _people_of_levels(complete, name).items() if n == 1]
            notes += [
                f"the level {level} of `{name}` is a single participant, whose peculiarities "
                "cannot be told from it."
                for level in lone
            ]
    return notes


def _empty_levels(complete: pd.DataFrame, variables: Mapping[str, Variable]) -> list[str]:
    notes = []
    for name, variable in variables.items():
        gone = [each for each in variable.levels or () if not (complete[name] == each).any()]
        if gone and len(complete):
            notes.append(f"nobody who enters has {listed(gone)} as `{name}`.")
    return notes


def _why_not(complete: pd.DataFrame, variables: Mapping[str, Variable], needed: int) -> str:
    """Return why there can be no model; empty if there can."""
    n = complete["participant_id"].nunique()
    if n < needed:
        return f"too few participants enter ({n}; {needed} needed)"
    few = _too_few(complete, needed) if "arm" in variables else ()
    if few:
        return f"an arm has too few participants ({', '.join(few)}; {needed} needed)"
    if complete["value"].nunique() == 1:
        return "all values are equal"
    if "response" in variables and complete["response"].nunique() == 1:
        all_respond = complete["response"].iloc[0] == RESPONDER
        who = "all who enter are responders" if all_respond else "nobody who enters is a responder"
        return f"{who} ({n} participants)"
    return ""


def _too_few(complete: pd.DataFrame, needed: int) -> Sequence[str]:
    people = _people_of_levels(complete, "arm")
    return [f"{arm}: {n}" for arm, n in people.items() if n < needed]
