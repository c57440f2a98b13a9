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
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.images.files import load_image
from bids_ketamine.interfaces.connectivity import RestingConnectivity
from bids_ketamine.interfaces.glm import TaskModel
from bids_ketamine.interfaces.measures import SessionMeasures
from bids_ketamine.interfaces.step import Step
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.regions.transform import FIELD_GB
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.reuse import left_out_tasks

#: A step holds as much as this many times the whole grid in single precision at its peak: the
#: brain's series, about a quarter of the grid, and blocks of voxels in double precision. A process
#: of 0.6 GB was measured for 233 million values of the grid, of which the libraries take a base.
COPIES = 0.43
BASE_GB = 0.35


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

    A node per task GLM, one for rest, one that joins the measures and moves everything into
    the output.

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
    folders = Node(Merge(max(len(methods), 1)), name="folders", run_without_submitting=True)
    for position, (node_name, step, interface, task) in enumerate(methods, start=1):
        error_file = error_dir / f"{name}.{node_name}.json"
        interface.inputs.error_file = str(error_file)
        node = Node(
            interface,
            name=node_name,
            mem_gb=min(_memory_gb(session, task, region_sources), memory_gb),
            n_procs=1,
        )
        workflow.connect(node, "folder", folders, f"in{position}")
        labels[node_name] = StepLabel(session.participant, session.session, step, error_file)
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


class _Method(NamedTuple):
    """A method that runs in a session."""

    node: str
    step: str
    interface: Step
    task: str


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
            f"{task.name}_glm",
            f"{task.name} GLM",
            TaskModel(
                task=task,
                glm=study.glm,
                gppi=study.gppi_of(task),
                rsa=study.rsa_of(task),
                **where,
            ),
            task.label,
        )
        for task in study.tasks
        if session.runs_of(task.label)
    ]
    if study.rest is not None and session.runs_of(study.rest.task):
        rest = RestingConnectivity(rest=study.rest, **where)
        methods.append(_Method("rest_connectivity", "resting connectivity", rest, study.rest.task))
    return methods


def _memory_gb(session: SessionInputs, task: str, region_sources: Sequence[RegionSource]) -> float:
    """Estimate the memory of a step from the headers of its runs; one run is read at a time."""
    largest = 0.0
    for run in session.runs_of(task):
        if run.bold is None:
            continue
        try:
            shape = load_image(run.bold).shape
        except BidsKetamineError:
            continue  # the step itself says what is wrong with the image
        voxels = 1.0
        for size in shape:
            voxels *= size
        largest = max(largest, voxels * 4.0 / 1e9)
    # Regions are brought from another template before the series is read, not beside it.
    moved = any(source.transform is not None for source in region_sources)
    return BASE_GB + max(COPIES * largest, FIELD_GB if moved else 0.0)
