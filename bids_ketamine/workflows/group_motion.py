"""How much participants moved, by task, session and arm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bids_ketamine.core.group.motion_summary import motion_summary
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData
from bids_ketamine.workflows.group_sources import People

MOTION_SUMMARY = "group_motion_summary"


def group_motion(spec: StudySpec, *, people: People, data: GroupData) -> dict[str, pd.DataFrame]:
    """Summarize mean framewise displacement of all sessions with results, included or not.

    Parameters
    ----------
    spec : StudySpec
        Arms and level of intervals.
    people : People
        Participants of the dataset, with arms.
    data : GroupData
        Measures, each with the displacement of its task in the session.

    Returns
    -------
    dict of str to DataFrame
        Table ``group_motion_summary``; none for a study without imaging.
    """
    if not spec.has_imaging:
        return {}
    measures = data.measures
    imaged = [measures.sessions[place] for place in measures.imaged]
    arm_of = dict(zip(people.participants, people.arms, strict=True))
    rows = []
    for task in data.tasks:
        of_task = measures.mean_fd[:, :, measures.of_task(task)]
        worst = np.fmax.reduce(of_task, axis=2, initial=np.nan)
        rows += [
            (arm_of[who], session, task, worst[one, two])
            for one, who in enumerate(measures.participants)
            for two, session in enumerate(measures.sessions)
            if session in imaged
        ]
    table = motion_summary(
        pd.DataFrame(rows, columns=["arm", "session", "task", "mean_fd"]),
        tasks=data.tasks,
        sessions=imaged,
        levels=spec.arms.levels if spec.arms is not None else (),
        confidence_level=spec.group.confidence_level,
    )
    return {MOTION_SUMMARY: table}
