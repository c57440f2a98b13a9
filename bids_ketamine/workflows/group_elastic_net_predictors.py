"""What improvement is predicted from: measures, covariates and arms, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.core.group.adjustment import MotionStep
from bids_ketamine.core.group.measures import KEY_COLUMNS, MeasureArrays
from bids_ketamine.core.prediction.columns import (
    NO_CONCURRENT,
    NO_IMAGING,
    NO_OUTCOME,
    usable_predictors,
)
from bids_ketamine.core.prediction.predictors import imaging_values
from bids_ketamine.core.prediction.preparation import COVARIATE, IMAGING
from bids_ketamine.core.prediction.trial_data import (
    MEASURES,
    NUMERIC,
    TIMINGS,
    Covariate,
    ImagingBlock,
    PredictionSettings,
    TrialPredictors,
)
from bids_ketamine.study.measure_names import is_chosen, measure_name
from bids_ketamine.study.spec import ElasticNetSpec, StudySpec
from bids_ketamine.workflows.group_elastic_net_covariates import read_covariates
from bids_ketamine.workflows.group_elastic_net_exclusions import (
    Told,
    reasons_without_arm,
    reasons_without_imaging,
)
from bids_ketamine.workflows.group_elastic_net_results import EnteringPredictors
from bids_ketamine.workflows.group_outcomes import (
    Scores,
    outcome_of,
    scores_of,
    sessions_of_improvement,
)
from bids_ketamine.workflows.group_sources import People


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A trial as the prediction of improvement takes it.

    Attributes
    ----------
    data : TrialPredictors
        Participants, improvement, measures and covariates.
    sessions : tuple of str
        First and second session of the outcome's change.
    without_improvement : tuple of str
        Why somebody's improvement is missing; empty where it is not.
    without_concurrent : tuple of str
        The same of the concurrent outcome; all empty where the study has none.
    left_out : dict of str to dict of str to str
        What the app knows of those without imaging measure or arm, by the analysis' own words.
    motion_applied : bool
        Whether head motion explains a part of any measure, and is taken out.
    notes : tuple of str
        Sentences on covariates that are not there.
    """

    data: TrialPredictors
    sessions: tuple[str, str]
    without_improvement: tuple[str, ...]
    without_concurrent: tuple[str, ...]
    left_out: Told
    motion_applied: bool
    notes: tuple[str, ...]

    def reasons(self, section: ElasticNetSpec) -> Told:
        """Return by the analysis' own words what is told instead to whom.

        Parameters
        ----------
        section : ElasticNetSpec
            Names the outcomes.
        """
        lacking = {
            NO_OUTCOME: (section.outcome, self.without_improvement),
            NO_CONCURRENT: (section.concurrent_outcome, self.without_concurrent),
        }
        return self.left_out | {
            words: {
                participant: f"no improvement of {outcome}: {why}"
                for participant, why in zip(self.data.participants, reasons, strict=True)
                if why
            }
            for words, (outcome, reasons) in lacking.items()
        }


def assembled_trial(
    spec: StudySpec,
    section: ElasticNetSpec,
    *,
    bids_dir: Path,
    people: People,
    outcomes: pd.DataFrame,
    measures: MeasureArrays,
    motion: MotionStep,
) -> Assembled:
    """Put the predictors of a trial side by side (methods rows A14b, A15).

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : ElasticNetSpec
        Its elastic net.
    bids_dir : Path
        Raw dataset, for covariates.
    people : People
        Participants and arms.
    outcomes : DataFrame
        Table of clinical improvement.
    measures : MeasureArrays
        All measures, not adjusted for motion.
    motion : MotionStep
        Which of them go into group statistics; others count as missing.

    Returns
    -------
    Assembled
        The trial.

    Raises
    ------
    InputMissingError
        If the table or the column of a covariate that is not optional is not there.
    InputDataError
        If a table of covariates is damaged, or a cell of such a column cannot be read.
    """
    sessions = sessions_of_improvement(spec, outcome_of(spec, section.outcome))
    scores = scores_of(outcomes, section.outcome, people.participants)
    concurrent = _concurrent(section, outcomes, people.participants)
    covariates, notes = read_covariates(spec, bids_dir, people.participants)
    if section.baseline_outcome:
        if np.isfinite(scores.first).any():
            covariates = [_baseline(section.outcome, scores), *covariates]
        else:
            notes.append(
                f"The first score of {section.outcome} is no covariate: the table holds none."
            )
    names = _names(measures.keys)
    chosen = [place for place, name in enumerate(names) if is_chosen(name, section.measures)]
    data = TrialPredictors(
        participants=people.participants,
        arms=people.arms,
        levels=spec.arms.levels if spec.arms is not None else (),
        outcome=scores.improvement,
        concurrent=None if concurrent is None else concurrent.improvement,
        imaging=_imaging(chosen, sessions, measures, motion),
        covariates=tuple(covariates),
    )
    nothing = ("",) * len(people.participants)
    return Assembled(
        data=data,
        sessions=sessions,
        without_improvement=scores.reasons,
        without_concurrent=nothing if concurrent is None else concurrent.reasons,
        left_out=reasons_without_arm(people)
        | reasons_without_imaging(
            data, chosen=chosen, sessions=sessions, measures=measures, motion=motion
        ),
        motion_applied=bool(motion.table["applied"].iloc[chosen].any()),
        notes=tuple(notes),
    )


def entering_predictors(
    data: TrialPredictors, settings: PredictionSettings
) -> tuple[EnteringPredictors, ...]:
    """Return the predictors of each timing, as measured, and which of them do not enter.

    Parameters
    ----------
    data : TrialPredictors
        The trial.
    settings : PredictionSettings
        Rules by which predictors enter.
    """
    found = []
    for timing in TIMINGS:
        usable = usable_predictors(data, timing=timing, model=MEASURES, settings=settings)
        entered = usable.data
        covariates = [np.asarray(each.values, dtype=np.float64) for each in entered.covariates]
        # Shares are over those too who lack a value where cases have to be complete.
        gone = sum(why in (NO_OUTCOME, NO_IMAGING[timing]) for _, why in usable.excluded)
        kinds = [IMAGING] * len(entered.imaging.names) + [COVARIATE] * len(covariates)
        found.append(
            EnteringPredictors(
                timing=timing,
                participants=entered.participants,
                arms=entered.arms,
                improvement=entered.outcome,
                names=(*entered.imaging.names, *(each.name for each in entered.covariates)),
                kinds=tuple(kinds),
                values=np.column_stack([imaging_values(entered, timing), *covariates]),
                shares=usable.missing_share,
                n_candidates=len(data.participants) - gone,
                imaging=frozenset(data.imaging.names),
                dropped=usable.dropped,
            )
        )
    return tuple(found)


def _concurrent(
    section: ElasticNetSpec, outcomes: pd.DataFrame, participants: Sequence[str]
) -> Scores | None:
    if section.concurrent_outcome is None:
        return None
    return scores_of(outcomes, section.concurrent_outcome, participants)


def _imaging(
    chosen: Sequence[int],
    sessions: tuple[str, str],
    measures: MeasureArrays,
    motion: MotionStep,
) -> ImagingBlock:
    """Return the measures that a study chooses; what is excluded is missing."""
    names = _names(measures.keys)
    values = np.where(motion.included, measures.value, np.nan)[:, :, list(chosen)]
    displacements = measures.mean_fd[:, :, list(chosen)]
    first, second = (measures.sessions.index(each) for each in sessions)
    units = measures.keys["unit"].iloc[list(chosen)].tolist()
    return ImagingBlock(
        names=_told_apart([names[place] for place in chosen], units),
        first=values[:, first],
        second=values[:, second],
        first_fd=displacements[:, first],
        second_fd=displacements[:, second],
    )


def _names(keys: pd.DataFrame) -> list[str]:
    parts = [each for each in KEY_COLUMNS if each != "unit"]
    return [measure_name(row) for row in keys[parts].astype(object).itertuples(index=False)]


def _told_apart(names: Sequence[str], units: Sequence[object]) -> tuple[str, ...]:
    """Add the unit to names that several measures have."""
    return tuple(
        f"{name} ({unit})" if names.count(name) > 1 else name
        for name, unit in zip(names, units, strict=True)
    )


def _baseline(outcome: str, scores: Scores) -> Covariate:
    """Return the first score as a covariate of all models."""
    return Covariate(f"baseline {outcome}", NUMERIC, scores.first, TIMINGS)
