"""Methods of a study that go over runs, in the words of a dry run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bids_ketamine.study.spec import StudySpec, TaskSpec

#: What is said where patterns of one run are divided by run.
ONE_RUN = "No LDC of patterns: there is one run, and partitions by run need two."


class Method(NamedTuple):
    """A method of the study: names and ``task`` entity, title, kind of cost, company.

    ``of_one_run`` says what a session of one run does not give.
    """

    names: tuple[str, ...]
    task: str
    title: str
    cost: str
    also: str = ""
    of_one_run: str = ""


def methods(spec: StudySpec) -> Iterator[Method]:
    """Yield the methods of a study that go over runs.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    for task in spec.tasks:
        rsa = spec.rsa_of(task)
        others = ["generalized PPI"] if spec.gppi_of(task) else []
        others += ["LDC of patterns"] if rsa is not None else []
        others += _models(spec, task)
        by_run = rsa is not None and rsa.partition == "run"
        yield Method(
            names=(task.name, task.label),
            task=task.label,
            title=f"{task.name} GLM",
            cost=spec.glm.noise_model,
            also=f"also {_together(others)}" if others else "",
            of_one_run=ONE_RUN if by_run else "",
        )
    if spec.rest is not None:
        label = spec.rest.task
        yield Method(
            names=("rest", label),
            task=label,
            title="rest FC",
            cost="rest",
            also=_of_networks(spec),
        )


def _of_networks(spec: StudySpec) -> str:
    """Say how resting series are cleaned, and what of networks is computed."""
    told = []
    if spec.cleaning is not None:
        as_is = spec.inputs.timeseries_atlas is not None and spec.cleaning.timeseries == "as_is"
        told.append("cleaned elsewhere" if as_is else f"cleaning {', '.join(spec.cleaning.models)}")
    networks = spec.networks
    if networks is not None:
        others = [f"networks {', '.join(networks.measures)}"] if networks.measures else []
        others += [f"seed maps of {', '.join(networks.seed_maps)}"] if networks.seed_maps else []
        told += [f"also {_together(others)}"] if others else []
    return "; ".join(told)


def _models(spec: StudySpec, task: TaskSpec) -> list[str]:
    """Name the dynamic causal models of a task, with their regions."""
    models = [f"`{each.name}` ({', '.join(each.regions)})" for each in spec.dcm_models_of(task)]
    return [f"{'DCM' if len(models) == 1 else 'DCMs'} {'; '.join(models)}"] if models else []


def _together(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])
