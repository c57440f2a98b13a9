"""Values that go into group statistics: arranged, excluded, residualized, averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bids_ketamine.core.group.adjustment import MotionStep, adjust_for_motion
from bids_ketamine.core.group.exclusions import (
    ListedExclusion,
    exclusion_reasons,
    included_values,
)
from bids_ketamine.core.group.measures import MeasureArrays, ObjectArray, arrange_measures
from bids_ketamine.core.group.session_means import with_session_means
from bids_ketamine.dataset.exclusions import listed_exclusions, study_task_names
from bids_ketamine.outputs.collected import CollectedOutputs
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_sources import People


@dataclass(frozen=True)
class GroupData:
    """Values that go into group statistics.

    Attributes
    ----------
    measures : MeasureArrays
        All values; sessions are all of the study, those too that are the mean of others, and
        visits without images, which have none.
    tasks : tuple of str
        Tasks of the study, and others found.
    exclusions : ndarray of object, shape (n_participants, n_sessions, n_tasks)
        Why something is excluded.
    motion : MotionStep
        Values after the motion step: those that go in, and why others do not.
    """

    measures: MeasureArrays
    tasks: tuple[str, ...]
    exclusions: ObjectArray
    motion: MotionStep


def select_data(
    bids_dir: Path,
    spec: StudySpec,
    collected: CollectedOutputs,
    people: People,
    unreliable: Sequence[ListedExclusion],
) -> GroupData:
    """Arrange measures, exclude, residualize, average sessions.

    Parameters
    ----------
    bids_dir : Path
        Raw dataset, against which listed exclusions are read.
    spec : StudySpec
        The study.
    collected : CollectedOutputs
        Outputs of the participant level.
    people : People
        Participants and arms.
    unreliable : sequence of ListedExclusion
        Sessions that cannot be relied on.

    Returns
    -------
    GroupData
        Values, and what is left out.

    Raises
    ------
    InputDataError, InputMissingError
        If the table of exclusions is damaged or not there.
    """
    imaged = [session.name for session in spec.imaged_sessions]
    names = [session.name for session in spec.sessions]
    means = {name: parts for name, parts in spec.session_means.items() if name in imaged}
    measures = replace(
        arrange_measures(rows=collected.rows, participants=people.participants, sessions=names),
        means=means,
        without_images=tuple(name for name in names if name not in imaged),
    )
    tasks = tuple(dict.fromkeys([*study_task_names(spec), *measures.keys["task"]]))
    rules = spec.exclusions
    listed = (
        listed_exclusions(
            Path(rules.file), bids_dir=bids_dir, spec=spec, participants=people.participants
        )
        if rules.file is not None
        else ()
    )
    exclusions = exclusion_reasons(
        measures=measures,
        tasks=tasks,
        maximum_mean_fd=rules.maximum_mean_fd,
        minimum_volumes=rules.minimum_volumes,
        listed=(*people.without_arm, *unreliable, *listed),
        changes=ends_of_changes(spec),
        means=means,
    )
    included, reason = included_values(
        measures=measures,
        tasks=tasks,
        exclusions=exclusions,
        minimum_coverage=rules.minimum_coverage,
        changes=ends_of_changes(spec),
        means=means,
    )
    motion = adjust_for_motion(
        measures=measures,
        included=included,
        reason=reason,
        residualize=spec.group.residualize_motion,
    )
    measures, motion = with_session_means(measures=measures, motion=motion)
    return GroupData(
        measures=measures,
        tasks=tasks,
        exclusions=exclusions,
        motion=motion,
    )


def ends_of_changes(spec: StudySpec) -> dict[str, tuple[str, str]]:
    """Return the first and the second session of each change between sessions with images.

    In a study without imaging all changes are.
    """
    changes = spec.imaged_changes if spec.has_imaging else spec.changes
    return {change.name: (change.first, change.second) for change in changes}
