"""Dynamic causal models within the participant level: graph, output, reuse, memory."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
from bids_ketamine.errors import CannotCreateError, UsageError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import (
    DcmModelSpec,
    DcmSpec,
    InputsSpec,
    RegionsSpec,
    SessionSpec,
    StudySpec,
)
from bids_ketamine.workflows import session as steps
from bids_ketamine.workflows import step_memory
from bids_ketamine.workflows.model_regions import require_model_regions
from bids_ketamine.workflows.participant import run_participant_level
from bids_ketamine.workflows.records import ExecutionSettings
from tests.interfaces.circuit_session import MODEL, answering_run, model
from tests.interfaces.task_session import GLM, REGIONS, TASK

OTHER = replace(MODEL, name="other", task="shapes")
SPEC = StudySpec(
    name="small",
    inputs=InputsSpec(smoothing_fwhm=None),
    sessions=(SessionSpec(name="pre"),),
    regions=RegionsSpec(atlas="three", definitions=REGIONS),
    tasks=(TASK, replace(TASK, name="shapes")),
    glm=GLM,
    dcm=DcmSpec(models=(MODEL, OTHER)),
)


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> SessionInputs:
    folder = tmp_path_factory.mktemp("runs")
    runs = [
        replace(answering_run(folder / task, seed=seed), task=task)
        for seed, task in enumerate(("faces", "shapes"))
    ]
    return SessionInputs("01", "pre", "pre", tuple(runs), ())


def compute(folder: Path, session: SessionInputs, spec: StudySpec = SPEC, *, overwrite=False):
    (outcome,) = run_participant_level(
        sessions=[session],
        study=Study(spec=spec, source="small", notices=()),
        bids_dir=folder,
        derivatives={},
        output_dir=folder / "out",
        execution=ExecutionSettings(
            n_procs=1,
            omp_n_threads=1,
            memory_gb=2.0,
            work_dir=folder / "work",
            plugin={"plugin": "Linear"},
            stop_on_first_crash=False,
            clean_work_dir=False,
        ),
        overwrite=overwrite,
        report=lambda event: None,
    )
    return outcome


def output(folder: Path) -> Path:
    return folder / "out" / "sub-01" / "ses-pre"


def models_in(folder: Path) -> list[str]:
    names = [path.name for path in (output(folder) / "func").glob("*_estimates.*")]
    return sorted({name.partition("_model-")[2].partition("_")[0] for name in names})


@pytest.fixture(scope="module")
def computed(session, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("computed")
    outcome = compute(folder, session)
    assert (outcome.status, outcome.errors) == ("computed", ())
    return folder


def test_models_of_two_tasks_are_in_one_output(computed, session, tmp_path):
    table = read_table(output(computed) / "sub-01_ses-pre_measures.tsv").query("measure == 'dcm'")
    assert table.groupby("task", sort=False).size().to_dict() == {"faces": 5, "shapes": 5}
    assert np.isfinite(table["value"]).all()
    direct = model(tmp_path, session.runs[0]).rows
    np.testing.assert_allclose(table["value"][:5], direct["value"], rtol=1e-8)
    assert models_in(computed) == ["other", "pair"]
    sidecar = json.loads((output(computed) / "sub-01_ses-pre_measures.json").read_text())
    assert [run["Task"] for run in sidecar["Runs"]] == ["faces", "shapes"]
    told = sidecar["DynamicCausalModels"]
    assert [(each["Model"], each["Task"], each["Reason"]) for each in told] == [
        ("pair", "faces", ""),
        ("other", "shapes", ""),
    ]
    assert all(each["Flat"] is False for each in told)
    assert not list(output(computed).rglob("*.pkl"))
    ignored = (computed / "out" / ".bidsignore").read_text().splitlines()
    assert {"*_estimates.json", "*_estimates.npz"} <= set(ignored)


def test_the_same_models_are_reused_and_others_refused_or_put_in_their_place(session, tmp_path):
    one = replace(SPEC, dcm=DcmSpec(models=(MODEL,)))
    compute(tmp_path, session, one)
    assert compute(tmp_path, session, one).status == "reused"
    slower = replace(one, dcm=replace(one.dcm, echo_time=0.03))
    with pytest.raises(CannotCreateError, match="study"):
        compute(tmp_path, session, slower)
    renamed = replace(one, dcm=DcmSpec(models=(replace(MODEL, name="renamed"),)))
    assert compute(tmp_path, session, renamed, overwrite=True).status == "computed"
    assert models_in(tmp_path) == ["renamed"]
    assert compute(tmp_path, session, replace(one, dcm=None), overwrite=True).status == "computed"
    assert models_in(tmp_path) == []
    table = read_table(output(tmp_path) / "sub-01_ses-pre_measures.tsv")
    assert "dcm" not in set(table["measure"])


def test_a_task_that_fails_is_the_error_not_its_models(session, tmp_path):
    faces, shapes = session.runs
    broken = tmp_path / "broken_bold.nii.gz"
    broken.write_bytes(Path(shapes.bold).read_bytes()[:2000])
    bad = replace(session, runs=(faces, replace(shapes, bold=broken)))
    outcome = compute(tmp_path, bad)
    assert outcome.status == "failed"
    assert [error.step for error in outcome.errors] == ["shapes GLM"]
    assert not output(tmp_path).exists()


def graph(session: SessionInputs, spec: StudySpec, tmp_path: Path):
    return steps.init_session_wf(
        session=session,
        study=spec,
        region_sources=(),
        inputs_hash="x",
        output_dir=tmp_path,
        sources={},
        notices=(),
        error_dir=tmp_path,
        omp_n_threads=1,
        memory_gb=2.0,
    )


def test_a_node_of_models_follows_the_tasks_that_have_models(session, tmp_path):
    def before(spec, own=session):
        workflow, labels = graph(own, spec, tmp_path)
        node = workflow.get_node("dcm")
        if node is None:
            assert all(label.step != "dynamic causal models" for label in labels.values())
            return None
        assert labels["sub_01_ses_pre.dcm"].step == "dynamic causal models"
        flat = workflow._graph
        gathered = next(iter(flat.predecessors(node)))
        assert node in flat.predecessors(workflow.get_node("folders"))
        return [each.name for each in flat.predecessors(gathered)]

    assert before(SPEC) == ["faces_glm", "shapes_glm"]
    assert before(replace(SPEC, dcm=DcmSpec(models=(OTHER,)))) == ["shapes_glm"]
    faces = replace(session, runs=session.runs_of("faces"))
    assert before(SPEC, faces) == ["faces_glm"]
    assert before(replace(SPEC, dcm=DcmSpec(models=(OTHER,))), faces) is None
    assert before(replace(SPEC, dcm=None)) is None


def test_models_of_tasks_without_runs_are_passed_over(session, tmp_path):
    faces = replace(session, runs=session.runs_of("faces"))
    compute(tmp_path, faces)
    assert models_in(tmp_path) == ["pair"]


def test_memory_grows_with_regions_and_volumes(monkeypatch, session):
    def claimed(n_regions: int, n_volumes: int) -> float:
        image = SimpleNamespace(shape=(9, 9, 9, n_volumes))
        monkeypatch.setattr(step_memory, "load_image", lambda path: image)
        regions = tuple(f"r{number}" for number in range(n_regions))
        every = {f"{one} > {other}": ("a", "b") for one in regions for other in regions}
        driving = dict.fromkeys(("a", "b", "c"), regions)
        large = DcmModelSpec(
            name="large", task="faces", regions=regions, driving=driving, modulations=every
        )
        spec = replace(SPEC, dcm=DcmSpec(models=(MODEL, large)))
        return step_memory.dcm_memory_gb(session, spec, TASK)

    # Measured: 0.12 GB over that of the process, which has loaded the libraries.
    assert claimed(10, 400) - step_memory.BASE_GB == pytest.approx(0.18, abs=0.03)
    assert claimed(10, 800) > claimed(10, 400) > claimed(2, 400)
    unread: list[RunInputs] = [replace(run, bold=None) for run in session.runs]
    nothing = replace(session, runs=tuple(unread))
    least = step_memory.BASE_GB + step_memory.DCM_BLOCKS_GB
    assert step_memory.dcm_memory_gb(nothing, SPEC, TASK) == least


def test_regions_of_models_are_regions_of_images():
    sources = [
        RegionSource("left", "sphere"),
        RegionSource("Right-Amygdala", "atlas"),
        RegionSource("right", "columns", columns=("x",)),
    ]
    wanted = replace(MODEL, regions=("left", "right_amygdala", "right"))
    with pytest.raises(UsageError) as caught:
        require_model_regions(replace(SPEC, dcm=DcmSpec(models=(wanted,))), sources)
    assert "2 problems with the regions of the models" in str(caught.value)
    assert (
        "dcm.models.pair: `right_amygdala` is no region of images of the study "
        "(there is `Right-Amygdala`)." in str(caught.value)
    )
    known = replace(MODEL, regions=("left", "Right-Amygdala"))
    require_model_regions(replace(SPEC, dcm=DcmSpec(models=(known,))), sources)
    require_model_regions(replace(SPEC, dcm=None), sources)
