"""What is done with volumes alone is refused of CIFTI series, or told."""

from pathlib import Path

import pytest

from bids_ketamine.study.load import load_study
from tests.study.resting_study import NETWORKS, RESTING, problems_of

TASKS = """\
tasks:
  faces:
    conditions: {angry: {trial_type: [angry]}}
    contrasts: {angry: {weights: {angry: 1}}}
"""


def test_tasks_need_volumes(tmp_path: Path) -> None:
    text = RESTING + NETWORKS + "inputs: {space: fsLR, smoothing_fwhm: null}\n" + TASKS
    assert problems_of(tmp_path, text) == [
        "tasks: models of tasks, and what is made of them, are fitted to volumes, and "
        "`inputs.space: fsLR` reads CIFTI series; name a template of volumes, or write "
        "`tasks: null`"
    ]


def test_a_preset_of_tasks_needs_them_left_out(tmp_path: Path) -> None:
    text = "extends: norbury2021\nname: mine\ninputs: {space: fsLR, aroma: none}\n"
    assert problems_of(tmp_path, text)[0].startswith("tasks: models of tasks")
    path = tmp_path / "study.yml"
    path.write_text(text + "tasks: null\n", encoding="utf-8")
    spec = load_study(str(path)).spec
    assert (spec.tasks, spec.gppi, spec.rsa, spec.dcm) == ((), None, None, None)


def test_components_are_not_taken_out(tmp_path: Path) -> None:
    text = RESTING + NETWORKS + "inputs: {space: fsLR, aroma: nonaggressive}\n"
    assert problems_of(tmp_path, text) == [
        "inputs.aroma: noise components are taken out of volumes, not of CIFTI series; write "
        "`aroma: none` and name the model AROMA under `cleaning.models`"
    ]


@pytest.mark.parametrize("space", ["fslr", "fsLR91k", "fsaverage", "fsaverage5", "fsnative"])
def test_other_surfaces(tmp_path: Path, space: str) -> None:
    assert problems_of(tmp_path, RESTING + NETWORKS + f"inputs: {{space: {space}}}\n") == [
        f"inputs.space: series of `{space}` are not read; `fsLR` reads fMRIPrep's CIFTI series "
        "(`den-91k`), the name of a template its volumes"
    ]


def test_smoothing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    path.write_text(
        RESTING + NETWORKS + "inputs: {space: fsLR, smoothing_fwhm: 4}\n", encoding="utf-8"
    )
    assert load_study(str(path)).notices == (
        "the setting inputs.smoothing_fwhm changes nothing: CIFTI series are not smoothed",
    )
