"""Variables of the formulas of mixed models, row by row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.dataset.crossover import period_table
from bids_ketamine.dataset.names import natural_order
from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.errors import InputMissingError
from bids_ketamine.study.blinded_arms import WITHHELD, WithheldVariable
from bids_ketamine.study.formula_variables import OF_CROSSOVER
from bids_ketamine.study.spec import CovariateSpec, MixedModelSpec, ResponseSpec
from bids_ketamine.workflows.group_clinical_measures import ModelledValue
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial
from bids_ketamine.workflows.group_outcomes import scores_of

#: Codes of responders and of others.
RESPONDER, NON_RESPONDER = -0.5, 0.5


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of a formula.

    Attributes
    ----------
    values : Series
        By row; missing where unknown.
    reasons : Series of str
        Why; told for missing values alone.
    levels : tuple of str or None
        Levels of a category in order, the first is the reference; None for numbers.
    centred : bool
        Whether the mean over participants that enter is taken off.
    of_participant : bool
        Whether all rows of a participant have the same value.
    """

    values: pd.Series
    reasons: pd.Series
    levels: tuple[str, ...] | None = None
    centred: bool = False
    of_participant: bool = True


def formula_values(
    trial: ClinicalTrial,
    model: MixedModelSpec,
    value: ModelledValue,
    *,
    names: Sequence[str],
    rows: pd.DataFrame,
) -> tuple[dict[str, Variable], tuple[str, ...]]:
    """Return the variables of a formula, and which of them are not in the dataset.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    model : MixedModelSpec
        The model.
    value : ModelledValue
        What is modelled.
    names : sequence of str
        Variables that the formula names.
    rows : DataFrame
        ``participant_id``, ``session``, ``arm``, ``period`` and ``sequence``.

    Returns
    -------
    dict of str to Variable, tuple of str
        Variables by name. A covariate that is not there is missing in all rows.

    Raises
    ------
    InputDataError
        If the table of a covariate is damaged.
    """
    covariates = {each.name: each for each in trial.spec.participant_variables}
    found: dict[str, Variable] = {}
    absent: list[str] = []
    for name in names:
        if name == "response" and model.response is not None:
            found[name] = _response(trial, model.response, rows)
        elif name == "baseline":
            found[name] = _baseline(trial, value.name, rows)
        elif name in covariates:
            found[name], is_absent = _covariate(trial, covariates[name], rows)
            absent += [name] if is_absent else []
        else:
            found[name] = _of_design(trial, model, value, name, rows)
    return found, tuple(absent)


def with_periods(trial: ClinicalTrial, rows: pd.DataFrame) -> pd.DataFrame:
    """Add period and sequence of each row, and why a session is unusable, in a crossover trial.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    rows : DataFrame
        ``participant_id`` and ``session``.

    Raises
    ------
    InputDataError, InputMissingError
        If the table of participants is damaged or not there.
    """
    if trial.spec.crossover is None:
        return rows.assign(period=None, sequence=None, unusable="")
    keys = ["participant_id", "session"]
    periods = period_table(trial.bids_dir, trial.spec).set_index(keys)
    found = periods.reindex(pd.MultiIndex.from_frame(rows[keys]))
    told = found["reason"].to_numpy(dtype=object)
    return rows.assign(
        period=found["period"].to_numpy(dtype=object),
        sequence=found["sequence"].to_numpy(dtype=object),
        unusable=np.where(pd.isna(told), "", told),
    )


def _of_design(
    trial: ClinicalTrial,
    model: MixedModelSpec,
    value: ModelledValue,
    name: str,
    rows: pd.DataFrame,
) -> Variable:
    """Return a variable that the design of the trial tells."""
    nothing = pd.Series("", index=rows.index)
    if name == "time":
        places = np.linspace(-0.5, 0.5, len(value.sessions))
        of_session = dict(zip(value.sessions, places, strict=True))
        times = rows["session"].map(of_session)
        return Variable(values=times, reasons=nothing, of_participant=False)
    if name == "session":
        return Variable(
            values=rows["session"], reasons=nothing, levels=value.sessions, of_participant=False
        )
    if name == "arm":
        levels = trial.people.levels
        chosen = tuple(each for each in levels if each in (model.arms or levels))
        return Variable(values=rows["arm"], reasons=nothing, levels=chosen)
    order = [each.name for each in trial.spec.sessions]
    if name not in OF_CROSSOVER:
        raise ValueError(f"no variable `{name}`")
    if name == "treatment":
        values = rows["session"].where(rows["period"].notna())
        levels = tuple(each for each in order if (values == each).any())
    else:
        values = rows[name]
        known = {str(each) for each in values.dropna()}
        levels = tuple(natural_order(known) if name == "period" else _in_order(known, order))
    told = np.where(
        rows["period"].notna(),
        f"{name} is not known: only part of the planned order is known",
        f"{name} is not known: the session follows no treatment",
    )
    return Variable(
        values=values,
        reasons=pd.Series(told, rows.index),
        levels=levels,
        of_participant=name == "sequence",
    )


def _in_order(sequences: set[str], sessions: Sequence[str]) -> list[str]:
    """Sort sequences of treatments by their first treatment's place in the study."""

    def place(sequence: str) -> tuple[int, str]:
        starts = [at for at, name in enumerate(sessions) if sequence.startswith(name)]
        return (min(starts, default=len(sessions)), sequence)

    return sorted(sequences, key=place)


def _response(trial: ClinicalTrial, response: ResponseSpec, rows: pd.DataFrame) -> Variable:
    """Return -.5 for responders and .5 for others."""
    people = trial.people.included
    scores = scores_of(trial.outcomes, response.outcome, people)
    codes: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for participant, first, better, why in zip(
        people, scores.first, scores.improvement, scores.reasons, strict=True
    ):
        if not (math.isfinite(first) and math.isfinite(better)):
            reasons[participant] = f"no response of {response.outcome}: {why or 'not known'}"
        elif first <= 0:
            reasons[participant] = f"no relative fall of {response.outcome} from {first:g}"
        else:
            # A fall of exactly the share counts, whatever the rounding of a division.
            responded = better >= response.fall * first - 1e-9 * abs(first)
            codes[participant] = RESPONDER if responded else NON_RESPONDER
    return _by_participant(codes, reasons, rows)


def _baseline(trial: ClinicalTrial, outcome: str, rows: pd.DataFrame) -> Variable:
    """Return the score of an outcome before all treatment."""
    session = trial.baseline_session(outcome)
    people = trial.people.included
    known: dict[str, float] = {}
    reasons: dict[str, str] = {}
    if session is not None:
        scores, why = trial.scores_of(outcome, people, [session])
        for one, participant in enumerate(people):
            if math.isfinite(scores[one, 0]):
                known[participant] = float(scores[one, 0])
            else:
                reasons[participant] = f"no first score: {why[one, 0]}"
    variable = _by_participant(known, reasons, rows)
    return Variable(values=variable.values, reasons=variable.reasons, centred=True)


def _covariate(
    trial: ClinicalTrial, covariate: CovariateSpec, rows: pd.DataFrame
) -> tuple[Variable, bool]:
    """Return a covariate of the dataset, and whether it is not there or withheld."""
    values, why = read_variable(trial, covariate)
    unknown = f"the covariate {covariate.name} is not known"
    is_absent = bool(why)
    if isinstance(covariate, WithheldVariable):
        unknown = f"the covariate {covariate.name} is {WITHHELD}"
    found = {str(who): cell for who, cell in values.items() if not pd.isna(cell)}
    variable = _by_participant(found, {}, rows, otherwise=unknown)
    if covariate.kind != "categorical":
        numbers = variable.values.astype(np.float64)
        return Variable(values=numbers, reasons=variable.reasons, centred=True), is_absent
    texts = {str(each) for each in variable.values.dropna()}
    levels = [each for each in covariate.levels if each in texts]
    levels += natural_order(texts - set(levels))
    told = variable.reasons
    return Variable(values=variable.values, reasons=told, levels=tuple(levels)), is_absent


def read_variable(trial: ClinicalTrial, covariate: CovariateSpec) -> tuple[pd.Series, str]:
    """Read a variable of participants; one that is not there is missing everywhere.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.
    covariate : CovariateSpec
        The variable.

    Returns
    -------
    Series, str
        By participant (those of clinical statistics), and a sentence if it is not there.

    Raises
    ------
    InputDataError
        If its table is damaged.
    """
    people = list(trial.people.included)
    try:
        table = variable_table(trial.bids_dir, trial.spec, (covariate,))
    except InputMissingError as error:
        nobody = pd.Series(math.nan, index=people, dtype=object)
        return nobody, f"The variable {covariate.name} is not there: {error.message}"
    if covariate.name not in table.values:
        why = "; ".join(each.reason.rstrip(".") for each in table.skipped)
        nobody = pd.Series(math.nan, index=people, dtype=object)
        if isinstance(covariate, WithheldVariable):
            return nobody, f"The variable {covariate.name} is {why}."
        return nobody, f"The variable {covariate.name} is not there: {why}."
    return table.values[covariate.name].reindex(people), ""


def _by_participant(
    values: Mapping[str, object],
    reasons: Mapping[str, str],
    rows: pd.DataFrame,
    *,
    otherwise: str = "not known",
) -> Variable:
    people = rows["participant_id"]
    # As objects: a map that is empty would give numbers, which cannot hold a text.
    told = people.astype(object).map(lambda who: reasons.get(who, otherwise))
    return Variable(values=people.map(dict(values)), reasons=told)
