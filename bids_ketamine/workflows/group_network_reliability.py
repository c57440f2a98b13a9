"""How reliable the connectivity of networks is over sessions without treatment (row B13)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.group.analysis import ALL, arm_members
from bids_ketamine.core.group.measures import KEY_COLUMNS
from bids_ketamine.core.group.moments import FloatArray
from bids_ketamine.core.reliability.intraclass_correlation import session_reliability
from bids_ketamine.outputs.collect_matrices import JOINT
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.study.measure_names import network_measures
from bids_ketamine.study.spec import ReliabilitySpec, StudySpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_sources import People

RELIABILITY = "group_reliability"

#: Signal quality whose reliability is told beside that of connectivity.
QUALITY = "cleaned_tsnr"


def reliability_table(
    spec: StudySpec, section: ReliabilitySpec, *, people: People, data: GroupData
) -> pd.DataFrame:
    """Compute intraclass correlations of every network, by arm where the study names arms.

    Parameters
    ----------
    spec : StudySpec
        The study.
    section : ReliabilitySpec
        Its section on reliability.
    people : People
        Participants of the dataset, with arms.
    data : GroupData
        Measures, adjusted, of what went in.

    Returns
    -------
    DataFrame
        Table ``group_reliability``.
    """
    members = arm_members(arms=people.arms, levels=spec.arms.levels if spec.arms else ())
    times = [data.measures.sessions.index(each) for each in section.sessions]
    kinds = data.measures.keys["measure"].astype(object).to_numpy()
    rows = [
        {
            **data.measures.keys.loc[column, list(KEY_COLUMNS)],
            "sessions": JOINT.join(section.sessions),
            "arm": arm,
            **_reliability(data.motion.adjusted[members[arm]][:, times, column], spec),
        }
        for kind in (*network_measures(spec), QUALITY)
        for column in np.flatnonzero(kinds == kind)
        for arm in section.arms or (ALL,)
    ]
    return pd.DataFrame(rows, columns=list(NETWORK_TABLES[RELIABILITY]))


def _reliability(values: FloatArray, spec: StudySpec) -> dict[str, object]:
    """Return the columns of one measure; few participants give a reason alone."""
    n = int(np.isfinite(values).all(axis=1).sum())
    if n < spec.group.minimum_participants:
        return {"n": n, "reason": f"fewer than {spec.group.minimum_participants} participants"}
    found = session_reliability(values, confidence_level=spec.group.confidence_level)
    agreement, consistency = found.agreement, found.consistency
    return {
        "n": found.n,
        "icc": agreement.estimate,
        "ci_low": agreement.ci_low,
        "ci_high": agreement.ci_high,
        "f_value": agreement.f_value,
        "df": agreement.df,
        "df_second": agreement.df_second,
        "p_value": agreement.p_value,
        "consistency": consistency.estimate,
        "consistency_low": consistency.ci_low,
        "consistency_high": consistency.ci_high,
        "within_sd": found.within_sd,
        "repeatability": found.repeatability,
        "mean_difference": float(found.session_means[-1] - found.session_means[0]),
        "reason": "; ".join(
            dict.fromkeys(each for each in (agreement.reason, consistency.reason) if each)
        ),
    }
