"""Clinical improvement of everybody and of each arm, and arms compared."""

from __future__ import annotations

import pandas as pd

from bids_ketamine.core.group.improvement import improvement_statistics
from bids_ketamine.workflows.group_clinical_trial import ClinicalTrial
from bids_ketamine.workflows.group_outcomes import with_improvement

IMPROVEMENT = "group_improvement"


def improvement_table(trial: ClinicalTrial) -> pd.DataFrame:
    """Return means and tests of improvement in each outcome, of those in clinical statistics.

    Parameters
    ----------
    trial : ClinicalTrial
        The trial.

    Returns
    -------
    DataFrame
        Table ``group_improvement``; without rows where the study has no outcome that improves,
        as a rating of change does not.
    """
    outcomes = with_improvement(trial.outcomes, trial.spec)
    included = outcomes["participant_id"].isin(trial.people.included)
    return improvement_statistics(
        outcomes=outcomes[included].astype({"outcome": object, "change": object}),
        levels=trial.people.levels,
        confidence_level=trial.spec.group.confidence_level,
        minimum_participants=trial.spec.group.minimum_participants,
    )
