"""How many participants reached each stage of a trial, and why others did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.core.group.measures import ObjectArray
from bids_ketamine.core.group.moments import BoolArray

#: Columns of the table.
FLOW_COLUMNS = ("stage", "arm", "n", "lost", "reasons")
#: Row of all arms together.
ALL = "all"
#: Why somebody is lost when nothing says so.
NO_REASON = "no reason is given"


@dataclass(frozen=True, kw_only=True)
class FlowStage:
    """A stage that participants reach or not.

    Attributes
    ----------
    name : str
        What it is called.
    reached : ndarray of bool, shape (n_participants,)
        Who meets its condition; only those of the stage before it count.
    reason : ndarray of object, shape (n_participants,)
        Why others do not; empty where nobody knows.
    after : str or None
        The stage it follows; ``None`` for the one before it in the list. Stages that follow the
        same one stand beside each other.
    """

    name: str
    reached: BoolArray
    reason: ObjectArray
    after: str | None = None


def participant_flow(
    *, arms: Sequence[str], levels: Sequence[str], stages: Sequence[FlowStage]
) -> pd.DataFrame:
    """Count participants by stage and arm, with what was lost on the way and why.

    Parameters
    ----------
    arms : sequence of str
        Arm of each participant; empty for none.
    levels : sequence of str
        Arms in order; rows of arms begin with the first stage after the first at which everybody
        has one.
    stages : sequence of FlowStage
        In order; nobody is lost at the first.

    Returns
    -------
    DataFrame
        :data:`FLOW_COLUMNS`: ``n`` participants at the stage, ``lost`` of those at the stage that
        it follows, and their ``reasons`` with counts, the commonest first.

    Raises
    ------
    ValueError
        If a stage follows one that is not before it.

    References
    ----------
    Schulz KF, Altman DG, Moher D (2010). CONSORT 2010 statement. BMJ 340, c332 (figure 1).

    Examples
    --------
    >>> import numpy as np
    >>> def stage(name, *reasons):
    ...     reason = np.array(reasons, dtype=object)
    ...     return FlowStage(name=name, reached=reason == "", reason=reason)
    >>> stages = [stage("in the dataset", "", "", ""), stage("imaging", "", "no images", "")]
    >>> flow = participant_flow(arms=["a", "a", "b"], levels=["a", "b"], stages=stages)
    >>> flow.loc[flow["arm"] == "a", ["stage", "n", "lost", "reasons"]].values.tolist()
    [['imaging', 1, 1, 'no images (1)']]
    """
    of_arm = np.asarray(arms, dtype=object)
    members = {ALL: np.ones(len(of_arm), dtype=np.bool_)}
    members |= {level: of_arm == level for level in levels}
    at: dict[str, BoolArray] = {}
    rows = []
    placed = False
    for number, stage in enumerate(stages):
        before = _before(stage, at, first=number == 0, n=len(of_arm))
        reached = before & stage.reached
        at[stage.name] = reached
        placed = placed or (number > 0 and bool(np.isin(of_arm[reached], list(levels)).all()))
        for arm, member in members.items():
            if arm != ALL and not placed:
                continue
            gone = before & ~reached & member if number else np.zeros_like(reached)
            reasons = Counter(str(each) or NO_REASON for each in stage.reason[gone])
            told = [f"{reason} ({n})" for reason, n in reasons.most_common()]
            counts = (int((reached & member).sum()), int(gone.sum()))
            rows.append((stage.name, arm, *counts, "; ".join(told)))
    return pd.DataFrame(rows, columns=list(FLOW_COLUMNS))


def _before(stage: FlowStage, at: dict[str, BoolArray], *, first: bool, n: int) -> BoolArray:
    """Return who was at the stage that this one follows."""
    if first:
        return np.ones(n, dtype=np.bool_)
    if stage.after is None:
        return list(at.values())[-1]
    if stage.after not in at:
        raise ValueError(f"the stage {stage.name} follows {stage.after}, which is not before it")
    return at[stage.after]
