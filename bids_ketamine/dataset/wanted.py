"""What a study asks of a session: its tasks and what each run of them must have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bids_ketamine.dataset.names import listed, strip_prefix
from bids_ketamine.dataset.session_files import SURFACE_SPACE
from bids_ketamine.errors import NothingSelectedError
from bids_ketamine.study.spec import ConfoundsSpec, StudySpec


@dataclass(frozen=True)
class WantedTask:
    """A `task` entity and what its runs must have.

    Attributes
    ----------
    name : str
        Name of the task in the study; the `task` entity for the resting run.
    label : str
        `task` entity in the dataset.
    events : bool
        Whether an events table is needed.
    confounds : tuple of ConfoundsSpec
        Nuisance models that the runs enter: without what they read, a run is not used.
    interactions : tuple of (str, ConfoundsSpec)
        Tasks of the study, by name, whose generalized PPI has a nuisance model of its own:
        without what it reads, the run has none, and the other methods go on.
    timeseries : bool
        Whether region time series are used instead of images.
    aseg : bool
        Whether a region is made of the participant's own FreeSurfer segmentation.
    cortex : bool
        Whether that segmentation tells the cortex around regions, where there is one.
    censored : bool
        Whether the series is cleaned with volumes left out, by columns of the confounds table.
    """

    name: str
    label: str
    events: bool
    confounds: tuple[ConfoundsSpec, ...]
    timeseries: bool = False
    aseg: bool = False
    interactions: tuple[tuple[str, ConfoundsSpec], ...] = ()
    cortex: bool = False
    censored: bool = False


def wanted_tasks(study: StudySpec, task_labels: Sequence[str] | None) -> tuple[WantedTask, ...]:
    """List the tasks of a study, each `task` entity once.

    Parameters
    ----------
    study : StudySpec
        The study.
    task_labels : sequence of str or None
        Names of tasks, or `task` entities, to keep; all where ``None``.

    Raises
    ------
    NothingSelectedError
        If the study has no task of that name.
    """
    wanted: dict[str, WantedTask] = {}
    names: dict[str, str] = {}
    aseg = study.regions is not None and study.regions.wants_aseg
    for task in study.tasks:
        names[task.name] = names[task.label] = task.label
        wanted.setdefault(
            task.label,
            WantedTask(
                name=task.name,
                label=task.label,
                events=True,
                confounds=(study.glm.confounds,),
                aseg=aseg,
                interactions=_interactions(study, task.label),
            ),
        )
    if study.rest is not None:
        label = study.rest.task
        names["rest"] = names[label] = label
        shared = wanted.get(label)
        timeseries = shared is None and study.inputs.timeseries_atlas is not None
        wanted[label] = WantedTask(
            name=label if shared is None else shared.name,
            label=label,
            events=shared is not None,
            confounds=(() if shared is None else shared.confounds) + _of_rest(study),
            timeseries=timeseries,
            aseg=aseg and not timeseries,
            cortex=_around_regions(study) and not timeseries,
            interactions=() if shared is None else shared.interactions,
            censored=study.cleaning is not None,
        )
    if task_labels is None:
        return tuple(wanted.values())
    asked = [strip_prefix(label, "task") for label in task_labels]
    unknown = [label for label in asked if label not in names]
    if unknown:
        raise NothingSelectedError(
            f"The study has no task {listed(f'`{label}`' for label in unknown)}; "
            f"tasks: {listed(wanted)}."
        )
    kept = {names[label] for label in asked}
    return tuple(task for label, task in wanted.items() if label in kept)


def _around_regions(study: StudySpec) -> bool:
    """Tell whether the cortex around regions is looked for in volumes; CIFTI has it apart."""
    cleaning = study.cleaning
    return (
        cleaning is not None
        and bool(cleaning.local_neighbourhood)
        and study.inputs.space != SURFACE_SPACE
    )


def _of_rest(study: StudySpec) -> tuple[ConfoundsSpec, ...]:
    """Return the nuisance model of rest; `cleaning` stands in its place."""
    if study.rest is None or study.cleaning is not None:
        return ()
    return (study.rest.confounds,)


def _interactions(study: StudySpec, label: str) -> tuple[tuple[str, ConfoundsSpec], ...]:
    """Return the own nuisance models of generalized PPI; tasks may share a ``task`` entity."""
    sections = {each.name: study.gppi_of(each) for each in study.tasks if each.label == label}
    return tuple(
        (name, gppi.own_confounds)
        for name, gppi in sections.items()
        if gppi is not None and gppi.own_confounds is not None
    )


def needs_confounds(task: WantedTask, *, aroma_denoised: bool) -> bool:
    """Tell whether a nuisance model of a task reads columns of the confounds table.

    Parameters
    ----------
    task : WantedTask
        The task.
    aroma_denoised : bool
        Whether the series is denoised with ICA-AROMA, before or here: without, motion terms of
        their own may enter.
    """
    if task.censored:
        return True  # motion decides which volumes are left out
    return any(reads_columns(spec, aroma_denoised=aroma_denoised) for spec in task.confounds)


def interactions_need_confounds(task: WantedTask, *, aroma_denoised: bool) -> tuple[str, ...]:
    """Name the tasks whose generalized PPI reads columns of the confounds table.

    Parameters
    ----------
    task : WantedTask
        The task.
    aroma_denoised : bool
        As for :func:`needs_confounds`.
    """
    return tuple(
        name
        for name, spec in task.interactions
        if reads_columns(spec, aroma_denoised=aroma_denoised)
    )


def reads_columns(spec: ConfoundsSpec, *, aroma_denoised: bool) -> bool:
    """Tell whether a nuisance model reads columns of the confounds table.

    Parameters
    ----------
    spec : ConfoundsSpec
        The nuisance model.
    aroma_denoised : bool
        As for :func:`needs_confounds`.
    """
    motion = spec.motion if aroma_denoised else spec.motion_without_aroma
    outliers = spec.outliers is not None and spec.outliers.reads_columns
    return bool(
        spec.columns
        or spec.compcor_components
        or spec.motion != "none"
        or motion != "none"
        or outliers
        or spec.non_steady_state
    )
