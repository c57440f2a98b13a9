"""Rules on representational similarity that span several settings."""

from __future__ import annotations

from collections import Counter

from bids_ketamine.core.trial_types import label_key
from bids_ketamine.study.check_tasks import no_such_task
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.similarity_sections import RsaSpec
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.task_names import trial_types_of


def check_similarity(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `rsa` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    rsa, regions = spec.rsa, spec.regions
    if rsa is None:
        return
    if regions is not None and not regions.whole_atlases and not regions.of_images:
        problem(
            ("rsa",),
            "rsa needs regions of images: name them under regions.definitions (`rsa: null` leaves "
            "the method out)",
        )
    task = next((task for task in spec.tasks if task.name == rsa.task), None)
    if task is None:
        told = no_such_task("rsa.task", rsa.task, [each.name for each in spec.tasks])
        problem(("rsa", "task"), f"{told}; `rsa: null` leaves the method out")
        return
    known = trial_types_of(task)
    _check_names(rsa, known, problem)
    listed = Counter(label_key(name) for name in rsa.trial_types)
    if listed and max(listed.values()) > 1:
        problem(("rsa", "trial_types"), "rsa.trial_types names a trial type twice")
    if len(listed) == 1 or (not listed and len(known) < 2):
        problem(("rsa", "trial_types"), "rsa needs two trial types at least")
    _check_pairs(rsa, known, problem)


def _check_names(rsa: RsaSpec, known: tuple[str, ...], problem: Problem) -> None:
    """Report names of no trial type of the task."""
    keys = [label_key(each) for each in known]
    given: list[tuple[KeyPath, str]] = [
        (("rsa", "trial_types", number), name) for number, name in enumerate(rsa.trial_types)
    ]
    given += [
        (("rsa", "pairs", number), name) for number, pair in enumerate(rsa.pairs) for name in pair
    ]
    for where, name in given:
        if label_key(name) not in keys:
            problem(
                where,
                f"{where[0]}.{where[1]} names no trial type of the task's conditions: `{name}`; "
                f"trial types: {', '.join(known)}",
            )


def _check_pairs(rsa: RsaSpec, known: tuple[str, ...], problem: Problem) -> None:
    there = {label_key(name) for name in known}
    listed = {label_key(name) for name in rsa.trial_types}
    seen: set[frozenset[str]] = set()
    for number, pair in enumerate(rsa.pairs):
        where = ("rsa", "pairs", number)
        keys = frozenset(label_key(name) for name in pair)
        if len(pair) != 2 or len(keys) != 2:
            problem(where, f"rsa.pairs, number {number + 1}: a pair is two different trial types")
        elif keys in seen:
            problem(where, f"rsa.pairs, number {number + 1} stands there twice")
        elif listed and keys <= there and not keys <= listed:
            problem(
                where, f"rsa.pairs, number {number + 1} is of a trial type not in rsa.trial_types"
            )
        seen.add(keys)
