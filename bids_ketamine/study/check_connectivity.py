"""Rules on resting connectivity and generalized PPI that span several settings."""

from __future__ import annotations

from bids_ketamine.study.check_confounds import check_confounds
from bids_ketamine.study.check_tasks import no_such_task
from bids_ketamine.study.document import Problem
from bids_ketamine.study.spec import RestSpec, StudySpec, TaskSpec
from bids_ketamine.study.task_names import beyond_conditions, regressor_names


def check_connectivity(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `rest` and `gppi` break.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    if spec.rest is not None:
        _check_rest(spec.rest, problem)
    check_gppi(spec, problem)


def _check_rest(rest: RestSpec, problem: Problem) -> None:
    check_confounds(rest.confounds, ("rest", "confounds"), problem)
    _check_band("rest", rest.band_pass, problem)
    if not rest.correlations:
        problem(("rest", "correlations"), "rest.correlations names no correlation")
    if len(set(rest.correlations)) != len(rest.correlations):
        problem(("rest", "correlations"), "rest.correlations names a correlation twice")


def check_gppi(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `gppi` breaks.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    gppi = spec.gppi
    if gppi is None:
        return
    check_confounds(gppi.confounds, ("gppi", "confounds"), problem)
    _check_band("gppi", gppi.band_pass, problem)
    known = [task.name for task in spec.tasks]
    for number, name in enumerate(gppi.tasks):
        if name not in known:
            problem(("gppi", "tasks", number), no_such_task("gppi.tasks", name, known))
    if len(set(gppi.tasks)) != len(gppi.tasks):
        problem(("gppi", "tasks"), "gppi.tasks names a task twice")
    if not known:
        problem(("gppi",), "gppi needs `tasks`; `gppi: null` leaves the method out")
    if gppi.method == "spm" and spec.glm.noise_model != "spm":
        problem(
            ("gppi", "method"),
            "gppi.method `spm` takes whitening and filter of the GLM: it needs glm.noise_model "
            f"`spm`, not `{spec.glm.noise_model}`",
        )
    lacking = tasks_without_contrast(spec)
    alone = len(lacking) == sum(spec.gppi_of(task) is not None for task in spec.tasks)
    for task in lacking:
        if alone or task.name in gppi.tasks:
            problem(
                ("gppi",),
                f"gppi: task `{task.name}` has no t contrast of conditions alone; give it one, or "
                "name other tasks under gppi.tasks (`gppi: null` leaves the method out)",
            )
    _check_regions(spec, problem)


def tasks_without_contrast(spec: StudySpec) -> tuple[TaskSpec, ...]:
    """Return the tasks of which generalized PPI is asked for and gives no measure.

    Parameters
    ----------
    spec : StudySpec
        The study.

    Returns
    -------
    tuple of TaskSpec
        Those without a t contrast of conditions alone. A task with a contrast of a wrong name,
        which is told as such, is not among them.
    """
    found = []
    for task in spec.tasks:
        names = regressor_names(task, spec.glm.hrf_model)
        weighted = [name for each in task.contrasts for row in each.rows for name in row or {}]
        named = all(name in names for name in weighted)
        none = all(beyond_conditions(each, task) for each in task.contrasts)
        if spec.gppi_of(task) is not None and named and none:
            found.append(task)
    return tuple(found)


def _check_regions(spec: StudySpec, problem: Problem) -> None:
    regions = spec.regions
    if regions is None or regions.whole_atlases or len(regions.of_images) > 1:
        return
    if not regions.of_images:
        problem(
            ("gppi",),
            "gppi needs regions of images: name them under regions.definitions (`gppi: null` "
            "leaves the method out)",
        )
    else:
        problem(
            ("gppi",),
            f"gppi needs two regions at least: `{regions.of_images[0].name}` is the only one",
        )


def _check_band(section: str, band: tuple[float, ...] | None, problem: Problem) -> None:
    if band is not None and (len(band) != 2 or not 0 <= band[0] < band[1]):
        shown = ", ".join(f"{each:g}" for each in band)
        problem(
            (section, "band_pass"),
            f"{section}.band_pass is two rising frequencies in Hz, not [{shown}]",
        )
