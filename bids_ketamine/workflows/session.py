"""The graph of one participant-session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nipype import Node, Workflow
from nipype.interfaces.utility import Merge

from bids_ketamine._version import __version__
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.interfaces.connectivity import RestingConnectivity
from bids_ketamine.interfaces.dcm import EffectiveConnectivity
from bids_ketamine.interfaces.glm import TaskModel
from bids_ketamine.interfaces.measures import SessionMeasures
from bids_ketamine.interfaces.step import Step
from bids_ketamine.interfaces.volumes import StructureVolumes
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import StudySpec, TaskSpec
from bids_ketamine.workflows.memory import BASE_GB
from bids_ketamine.workflows.reuse import left_out_tasks
from bids_ketamine.workflows.step_memory import dcm_memory_gb, memory_gb_of, rest_memory_gb


@dataclass(frozen=True)
class StepLabel:
    """Whose step a node is, and where it tells its error in words."""

    participant: str
    session: str
    step: str
    error_file: Path


def workflow_name(session: SessionInputs) -> str:
    """Return the name of a session's graph, and of its folder of intermediate files."""
    return "_".join(["sub", session.participant, "ses", session.session])


def init_session_wf(
    *,
    session: SessionInputs,
    study: StudySpec,
    region_sources: tuple[RegionSource, ...],
    inputs_hash: str,
    output_dir: Path,
    sources: Mapping[str, str],
    notices: Sequence[str],
    error_dir: Path,
    omp_n_threads: int,
    memory_gb: float,
) -> tuple[Workflow, dict[str, StepLabel]]:
    """Build the graph of a participant-session.

    A node per task GLM, one for rest, one for the dynamic causal models of all tasks, one for the
    volumes of brain structures, one that joins the measures and moves everything into the output.

    Parameters
    ----------
    session : SessionInputs
        Runs and what is missing.
    study : StudySpec
        The study.
    region_sources : tuple of RegionSource
        What its regions are made of.
    inputs_hash : str
        Fingerprint of the session's files.
    output_dir : Path
        Output dataset.
    sources : mapping of str to str
        Dataset name of each input folder.
    notices : sequence of str
        What the study asks for and is not computed, and settings that change nothing.
    error_dir : Path
        Folder in which failing steps leave a word.
    omp_n_threads : int
        Threads of numerical libraries in a node.
    memory_gb : float
        Memory that can be claimed at most.

    Returns
    -------
    workflow : Workflow
        Named after participant and session.
    labels : dict of str to StepLabel
        Participant, session and step of each node by its full name.
    """
    name = workflow_name(session)
    workflow = Workflow(name=name)
    common = {
        "session": session,
        "fingerprint": f"{study_hash(study)} {inputs_hash} {__version__}",
        "sources": dict(sources),
        "omp_n_threads": omp_n_threads,
    }
    methods = _methods(session, study, region_sources, common)
    labels: dict[str, StepLabel] = {}
    nodes: dict[str, Node] = {}
    for method in methods:
        error_file = error_dir / f"{name}.{method.node}.json"
        method.interface.inputs.error_file = str(error_file)
        nodes[method.node] = Node(
            method.interface,
            name=method.node,
            mem_gb=min(method.memory_gb, memory_gb),
            n_procs=1,
        )
        if method.after:
            sources_of = _folders(
                workflow, f"{method.node}_folders", [nodes[n] for n in method.after]
            )
            workflow.connect(sources_of, "out", nodes[method.node], "folders")
        labels[method.node] = StepLabel(
            session.participant, session.session, method.step, error_file
        )
    folders = _folders(workflow, "folders", list(nodes.values()))
    error_file = error_dir / f"{name}.measures.json"
    measures = Node(
        SessionMeasures(
            study_name=study.name,
            study_hash=study_hash(study),
            inputs_hash=inputs_hash,
            output_dir=str(output_dir),
            notices=list(notices),
            left_out=list(left_out_tasks(session, study)),
            error_file=str(error_file),
            **common,
        ),
        name="measures",
        mem_gb=min(BASE_GB, memory_gb),
    )
    workflow.connect(folders, "out", measures, "folders")
    labels["measures"] = StepLabel(
        session.participant, session.session, "measures table", error_file
    )
    return workflow, {f"{name}.{node}": label for node, label in labels.items()}


def _folders(workflow: Workflow, name: str, nodes: Sequence[Node]) -> Node:
    """Gather the folders of some steps in the order given."""
    merge = Node(Merge(max(len(nodes), 1)), name=name, run_without_submitting=True)
    for position, node in enumerate(nodes, start=1):
        workflow.connect(node, "folder", merge, f"in{position}")
    return merge


class _Method(NamedTuple):
    """A method that runs in a session, after the nodes whose folders it reads."""

    node: str
    step: str
    interface: Step
    memory_gb: float
    after: tuple[str, ...] = ()


def _methods(
    session: SessionInputs,
    study: StudySpec,
    region_sources: tuple[RegionSource, ...],
    common: Mapping[str, object],
) -> list[_Method]:
    """Return the methods that a session has data for."""
    volumes = []
    if study.volumes is not None and session.volumes is not None:
        step = StructureVolumes(volumes=study.volumes, **common)
        volumes.append(_Method("volumes", "volumes of brain structures", step, BASE_GB))
    return [*_methods_of_runs(session, study, region_sources, common), *volumes]


def _methods_of_runs(
    session: SessionInputs,
    study: StudySpec,
    region_sources: tuple[RegionSource, ...],
    common: Mapping[str, object],
) -> list[_Method]:
    """Return the methods that have runs in a session."""
    if study.regions is None:
        return []
    where = {
        "regions": study.regions,
        "region_sources": region_sources,
        "inputs": study.inputs,
        **common,
    }
    methods = [
        _Method(
            _glm_node(task),
            f"{task.name} GLM",
            TaskModel(
                task=task,
                glm=study.glm,
                gppi=study.gppi_of(task),
                rsa=study.rsa_of(task),
                models=study.dcm_models_of(task),
                **where,
            ),
            memory_gb_of(session, task.label, region_sources),
        )
        for task in study.tasks
        if session.runs_of(task.label)
    ]
    if study.rest is not None and session.runs_of(study.rest.task):
        rest = RestingConnectivity(
            rest=study.rest, cleaning=study.cleaning, networks=study.networks, **where
        )
        memory_gb = rest_memory_gb(session, study, region_sources)
        methods.append(_Method("rest_connectivity", "resting connectivity", rest, memory_gb))
    modelled = [
        task for task in study.tasks if study.dcm_models_of(task) and session.runs_of(task.label)
    ]
    if study.dcm is not None and modelled:
        methods.append(
            _Method(
                "dcm",
                "dynamic causal models",
                EffectiveConnectivity(dcm=study.dcm, **common),
                max(dcm_memory_gb(session, study, task) for task in modelled),
                after=tuple(_glm_node(task) for task in modelled),
            )
        )
    return methods


def _glm_node(task: TaskSpec) -> str:
    return f"{task.name}_glm"
