"""What a reader of the group level's tables should know."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine._version import __version__
from bids_ketamine.core.group.coverage import unchecked_coverage
from bids_ketamine.core.group.exclusions import unchecked_displacements
from bids_ketamine.core.group.measures import MeasureArrays
from bids_ketamine.outputs.collected import CollectedOutputs, named
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_sources import EARLIER_RUNS

#: Participants' tasks named in a note before the others are counted.
NAMED = 5


def group_notes(
    spec: StudySpec,
    collected: CollectedOutputs,
    *,
    measures: MeasureArrays,
    tasks: Sequence[str],
) -> list[str]:
    """Say what a reader of the tables should know.

    Parameters
    ----------
    spec : StudySpec
        The study.
    collected : CollectedOutputs
        Outputs of the participant level.
    measures : MeasureArrays
        Their measures.
    tasks : sequence of str
        Tasks of the study, and others found.
    """
    notes = []
    if collected.software_version != __version__:
        notes.append(
            f"The measures were computed with version {collected.software_version}, the group "
            f"statistics with version {__version__}."
        )
    for status, why in EARLIER_RUNS.items():
        sessions = collected.of_earlier_runs(status)
        if sessions:
            names = ", ".join(each.name for each in sessions)
            notes.append(f"Left out because {why}: {names}.")
    different = collected.processed_differently()
    if different:
        notes.append(
            "Sessions of a participant's task were not processed alike, so that a change may be "
            f"one of processing: {named(different, NAMED, '; ')}."
        )
    unchecked = unchecked_displacements(measures=measures, tasks=tasks)
    if spec.exclusions.maximum_mean_fd is not None and unchecked:
        notes.append(
            f"The largest mean framewise displacement could not be checked in {unchecked} "
            "session-tasks: none is known."
        )
    unchecked = unchecked_coverage(measures=measures)
    if spec.exclusions.minimum_coverage is not None and unchecked:
        notes.append(
            f"The smallest coverage could not be checked for {unchecked} values: none is known."
        )
    return notes
