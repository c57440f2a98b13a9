"""A confounds table that is not there is told for every method that asks for columns of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bids_ketamine.cli.missing_inputs import Shortfall, shortfall
from bids_ketamine.study.spec import ConfoundsSpec, DcmSpec, GlmSpec, GppiSpec, RsaSpec, StudySpec
from tests.dataset.conftest import FACES

NOTHING = ConfoundsSpec(columns=(), compcor_components=0, outliers=None, non_steady_state=False)
TABLE = "sub-01/ses-pre/func/sub-01_ses-pre_task-faces_desc-confounds_timeseries.tsv"
EXPECTED = f"expected {TABLE} in fmriprep"
OF_GPPI = "confounds of generalized PPI"


@pytest.fixture
def bare(study: StudySpec) -> StudySpec:
    """A study whose GLM reads no confounds."""
    return replace(study, glm=GlmSpec(confounds=NOTHING))


@pytest.mark.parametrize("method", ["conn", "joint"])
def test_generalized_ppi_tells_it_and_the_other_methods_go_on(
    trial: Any, bare: StudySpec, method: str
) -> None:
    trial.run("01", "pre", "faces", without=("confounds",))
    (run,), (missing,) = trial.runs(study=replace(bare, gppi=GppiSpec(method=method)))
    assert run.confounds is None
    assert (missing.what, missing.reason) == (f"faces: {OF_GPPI}", EXPECTED)
    assert shortfall(missing) is Shortfall.PARTIAL


@pytest.mark.parametrize(
    "gppi",
    [
        GppiSpec(method="spm"),  # it takes those of the GLM
        GppiSpec(confounds=NOTHING),
        GppiSpec(tasks=("stroop",)),
    ],
)
def test_nothing_is_told_where_nothing_is_asked_for(
    trial: Any, bare: StudySpec, gppi: GppiSpec
) -> None:
    trial.run("01", "pre", "faces", without=("confounds",))
    (run,), missing = trial.runs(study=replace(bare, gppi=gppi))
    assert (run.confounds, missing) == (None, ())


def test_motion_terms_that_stand_in_for_aroma_are_asked_for_without_it(
    trial: Any, bare: StudySpec
) -> None:
    gppi = GppiSpec(confounds=replace(NOTHING, motion_without_aroma="12"))
    asking = replace(bare, gppi=gppi)
    trial.run("01", "pre", "faces", without=("confounds",))
    assert [each.what for each in trial.runs(study=asking)[1]] == [f"faces: {OF_GPPI}"]
    named = replace(asking, inputs=replace(asking.inputs, bold_descriptions=("nonaggrDenoised",)))
    trial.run("02", "pre", "faces", desc="nonaggrDenoised", without=("confounds",))
    assert trial.runs("02", study=named)[1] == ()


@pytest.mark.parametrize(
    "sections",
    [
        {"gppi": GppiSpec()},
        {"rsa": RsaSpec(task="faces")},
        {"dcm": DcmSpec(models=())},
    ],
    ids=["gppi", "rsa", "dcm"],
)
def test_a_run_that_the_glm_cannot_use_is_told_once(
    trial: Any, study: StudySpec, sections: dict[str, Any]
) -> None:
    """Patterns and dynamic causal models take the nuisance regressors of the GLM."""
    trial.run("01", "pre", "faces", without=("confounds",))
    runs, missing = trial.runs(study=replace(study, **sections))
    assert runs == ()
    assert [(each.what, each.reason) for each in missing] == [("faces: confounds", EXPECTED)]
    assert shortfall(missing[0]) is Shortfall.UNUSABLE


def test_rest_without_confounds_is_told_whatever_the_tasks_ask_for(
    trial: Any, bare: StudySpec
) -> None:
    trial.run("01", "pre", "rest", without=("confounds",))
    runs, missing = trial.runs(study=bare, task="rest")
    assert runs == ()
    assert [each.what for each in missing] == ["rest: confounds"]


def test_every_task_of_a_shared_label_is_told(trial: Any, bare: StudySpec) -> None:
    """Two tasks of the study model one `task` entity; the second alone has generalized PPI."""
    other = replace(FACES, name="shapes", task="faces")
    both = replace(bare, tasks=(FACES, other), gppi=GppiSpec(tasks=("shapes",)))
    trial.run("01", "pre", "faces", without=("confounds",))
    (_,), missing = trial.runs(study=both)
    assert [each.what for each in missing] == [f"shapes: {OF_GPPI}"]
    # A resting run that is a run of a task as well.
    rest = replace(study_rest(both), confounds=NOTHING)
    (_,), missing = trial.runs(study=replace(both, rest=rest))
    assert [each.what for each in missing] == [f"shapes: {OF_GPPI}"]


def study_rest(study: StudySpec) -> Any:
    """Return the resting section of a study, of the runs of the task."""
    assert study.rest is not None
    return replace(study.rest, task="faces")
