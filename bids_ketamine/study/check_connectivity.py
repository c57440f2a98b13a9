"""Rules on connectivity and representational similarity that span several settings."""

from __future__ import annotations

from collections import Counter

from bids_ketamine.core.trial_types import label_key
from bids_ketamine.study.check_confounds import check_confounds
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.similarity_sections import RsaSpec
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.task_names import trial_types_of


def check_connectivity(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `rest`, `gppi` and `rsa` break.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    rest, gppi = spec.rest, spec.gppi
    if rest is not None:
        check_confounds(rest.confounds, ("rest", "confounds"), problem)
        _check_band("rest", rest.band_pass, problem)
        if not rest.correlations:
            problem(("rest", "correlations"), "rest.correlations names no correlation")
        if len(set(rest.correlations)) != len(rest.correlations):
            problem(("rest", "correlations"), "rest.correlations names a correlation twice")
    if gppi is not None:
        check_confounds(gppi.confounds, ("gppi", "confounds"), problem)
        _check_band("gppi", gppi.band_pass, problem)
        known = [task.name for task in spec.tasks]
        for number, name in enumerate(gppi.tasks):
            if name not in known:
                problem(("gppi", "tasks", number), _no_task("gppi.tasks", name, known))
        if len(set(gppi.tasks)) != len(gppi.tasks):
            problem(("gppi", "tasks"), "gppi.tasks names a task twice")
        if not known:
            problem(("gppi",), "gppi needs `tasks`")
        if gppi.method == "spm" and spec.glm.noise_model != "spm":
            problem(
                ("gppi", "method"),
                "gppi.method `spm` takes whitening and filter of the GLM: it needs glm.noise_model "
                f"`spm`, not `{spec.glm.noise_model}`",
            )
    if spec.rsa is not None:
        _check_rsa(spec, spec.rsa, problem)


def _no_task(setting: str, name: str, known: list[str]) -> str:
    tasks = f"tasks: {', '.join(known)}" if known else "the study has no tasks"
    return f"{setting} names no task of the study: `{name}`; {tasks}"


def _check_band(section: str, band: tuple[float, ...] | None, problem: Problem) -> None:
    if band is not None and (len(band) != 2 or not 0 <= band[0] < band[1]):
        problem((section, "band_pass"), f"{section}.band_pass is two rising frequencies in Hz")


def _check_rsa(spec: StudySpec, rsa: RsaSpec, problem: Problem) -> None:
    task = next((task for task in spec.tasks if task.name == rsa.task), None)
    if task is None:
        told = _no_task("rsa.task", rsa.task, [each.name for each in spec.tasks])
        problem(("rsa", "task"), f"{told}; `rsa: null` leaves the method out")
        return
    known = trial_types_of(task)
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
    listed = Counter(label_key(name) for name in rsa.trial_types)
    if listed and max(listed.values()) > 1:
        problem(("rsa", "trial_types"), "rsa.trial_types names a trial type twice")
    if len(listed) == 1 or (not listed and len(known) < 2):
        problem(("rsa", "trial_types"), "rsa needs two trial types at least")
    _check_pairs(rsa, problem)


def _check_pairs(rsa: RsaSpec, problem: Problem) -> None:
    listed = {label_key(name) for name in rsa.trial_types}
    seen: set[frozenset[str]] = set()
    for number, pair in enumerate(rsa.pairs):
        where = ("rsa", "pairs", number)
        keys = frozenset(label_key(name) for name in pair)
        if len(pair) != 2 or len(keys) != 2:
            problem(where, f"rsa.pairs, number {number + 1}: a pair is two different trial types")
        elif keys in seen:
            problem(where, f"rsa.pairs, number {number + 1} stands there twice")
        elif listed and not keys <= listed:
            problem(
                where, f"rsa.pairs, number {number + 1} is of a trial type not in rsa.trial_types"
            )
        seen.add(keys)
