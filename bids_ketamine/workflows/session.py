"""The graph of one participant-session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nipype import Node, Workflow
from nipype.interfaces.utility import Merge

from bids_ketamine._version import __version__
from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.images.files import load_image
from bids_ketamine.interfaces.connectivity import RestingConnectivity
from bids_ketamine.interfaces.dcm import EffectiveConnectivity
from bids_ketamine.interfaces.dcm_model import structure_of
from bids_ketamine.interfaces.glm import TaskModel
from bids_ketamine.interfaces.measures import SessionMeasures
from bids_ketamine.interfaces.step import Step
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.regions.transform import FIELD_GB
from bids_ketamine.study.spec import StudySpec, TaskSpec
from bids_ketamine.workflows.memory import BASE_GB
from bids_ketamine.workflows.reuse import left_out_tasks

#: A step holds as much as this many times the whole grid in single precision at its peak: the
#: brain's series, about a quarter of the grid, and blocks of voxels in double precision. A process
#: of 0.6 GB was measured for 233 million values of the grid, of which the libraries take a base.
COPIES = 0.43

#: A dynamic causal model holds this many arrays of the size of all its regions' designs, and of
#: volumes by volumes, and blocks of matrix exponentials beside them. Measured with 2 and 10
#: regions and 200 to 1600 volumes, which took 0.01 to 0.54 GB.
DCM_DESIGNS, DCM_SQUARES, DCM_BLOCKS_GB = 5, 7, 0.1


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

    A node per task GLM, one for rest, one for the dynamic causal models of all tasks, one that
    joins the measures and moves everything into the output.

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
            _memory_gb(session, task.label, region_sources),
        )
        for task in study.tasks
        if session.runs_of(task.label)
    ]
    if study.rest is not None and session.runs_of(study.rest.task):
        rest = RestingConnectivity(rest=study.rest, **where)
        memory_gb = _memory_gb(session, study.rest.task, region_sources)
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
                max(_dcm_memory_gb(session, study, task) for task in modelled),
                after=tuple(_glm_node(task) for task in modelled),
            )
        )
    return methods


def _glm_node(task: TaskSpec) -> str:
    return f"{task.name}_glm"


def _dcm_memory_gb(session: SessionInputs, study: StudySpec, task: TaskSpec) -> float:
    """Estimate the memory of a task's models, of which one is estimated at a time.

    The gradients of all regions with the effects of confounds, and the noise of all volumes with
    each other, in double precision.
    """
    n_volumes = n_confounds = 0
    for run, shape in _shapes(session.runs_of(task.label)):
        n_own = shape[3] if len(shape) == 4 else 1
        n_volumes += n_own
        n_confounds += 1 + int(2.0 * n_own * (run.t_r or 0.0) / study.glm.high_pass_period)
    largest = 0
    for model in study.dcm_models_of(task):
        n_regions = len(model.regions)
        n_columns = len(structure_of(model).free) + n_regions * n_confounds
        largest = max(largest, n_regions * n_volumes * n_columns)
    n_values = DCM_DESIGNS * largest + DCM_SQUARES * n_volumes**2
    return BASE_GB + DCM_BLOCKS_GB + n_values * 8.0 / 1e9


def _memory_gb(session: SessionInputs, task: str, region_sources: Sequence[RegionSource]) -> float:
    """Estimate the memory of a step from the headers of its runs; one run is read at a time."""
    largest = 0.0
    for _, shape in _shapes(session.runs_of(task)):
        voxels = 1.0
        for size in shape:
            voxels *= size
        largest = max(largest, voxels * 4.0 / 1e9)
    # Regions are brought from another template before the series is read, not beside it.
    moved = any(source.transform is not None for source in region_sources)
    return BASE_GB + max(COPIES * largest, FIELD_GB if moved else 0.0)


def _shapes(runs: Sequence[RunInputs]) -> Iterator[tuple[RunInputs, tuple[int, ...]]]:
    """Yield runs that have images, with the shapes that their headers state."""
    for run in runs:
        if run.bold is None:
            continue
        try:
            yield run, load_image(run.bold).shape
        except BidsKetamineError:
            continue  # the step itself says what is wrong with the image
