"""Volumes of brain structures beside the change of a clinical score (methods row B10)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.group.association import pearson_correlation
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.study.baseline import first_session
from bids_ketamine.study.measure_names import VOLUME
from bids_ketamine.study.spec import StudySpec, VolumesSpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_outcomes import outcome_of, scores_of
from bids_ketamine.workflows.group_sources import People

VOLUMES = "group_volumes"

NOT_READ = "no session has the volume of this structure"


def volume_table(
    spec: StudySpec,
    section: VolumesSpec,
    *,
    people: People,
    outcomes: pd.DataFrame,
    data: GroupData,
) -> pd.DataFrame | None:
    """Correlate each structure's volume before treatment with the change of the score.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : VolumesSpec
        Its section on volumes.
    people : People
        Participants of the dataset, with arms; controls do not enter.
    outcomes : DataFrame
        Table of clinical improvement.
    data : GroupData
        Measures of what went in.

    Returns
    -------
    DataFrame or None
        Table ``group_volumes``; None where the study names no outcome.
    """
    if section.outcome is None:
        return None
    outcome = outcome_of(spec, section.outcome)
    session = section.session or _start(spec, section.outcome)
    control = spec.controls.level if spec.controls is not None else None
    enters = np.array([arm != control for arm in people.arms], dtype=np.bool_)
    better = scores_of(outcomes, section.outcome, people.participants).improvement
    # Second minus first session, whichever of them is better.
    change = -better if outcome.improvement == "decrease" else better
    change = np.where(enters, change, np.nan)
    names = outcomes.loc[outcomes["outcome"] == section.outcome, "change"].dropna()
    rows = [
        {
            "structure": structure,
            "outcome": section.outcome,
            "change": str(names.iloc[0]) if len(names) else "",
            "session": session,
            **_correlation(_volumes(data, structure, session), change, spec),
        }
        for structure in section.structures
    ]
    return pd.DataFrame(rows, columns=list(NETWORK_TABLES[VOLUMES]))


def _start(spec: StudySpec, name: str) -> str:
    """Return the session where an outcome's change starts; the study's first for a change alone."""
    outcome = outcome_of(spec, name)
    starts = [each.first for each in spec.changes if outcome.change in (None, each.name)]
    return (*starts, first_session(spec, outcome), spec.sessions[0].name)[0] or ""


def _volumes(data: GroupData, structure: str, session: str) -> FloatArray | None:
    """Return the volume of a structure, by participant; None where nobody was measured."""
    keys = data.measures.keys
    wanted = (keys["measure"] == VOLUME) & (keys["regions"] == structure)
    columns = np.flatnonzero(wanted.to_numpy())
    if not columns.size:
        return None
    return data.motion.adjusted[:, data.measures.sessions.index(session), columns[0]]


def _correlation(
    volumes: FloatArray | None, change: FloatArray, spec: StudySpec
) -> dict[str, object]:
    if volumes is None:
        return {"n": 0, "reason": NOT_READ}
    n = int((np.isfinite(volumes) & np.isfinite(change)).sum())
    if n < spec.group.minimum_participants:
        return {"n": n, "reason": f"fewer than {spec.group.minimum_participants} participants"}
    found = pearson_correlation(
        first=volumes, second=change, confidence_level=spec.group.confidence_level
    )
    numbers = {
        name: float(getattr(found, field))
        for name, field in {"r": "estimate", "df": "df", "p_value": "p_value"}.items()
    }
    interval = {"ci_low": float(found.ci_low), "ci_high": float(found.ci_high)}
    return {"n": int(found.n), **numbers, **interval, "reason": str(found.reason)}
