"""Sentences on task models tell the settings that were in force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bids_ketamine.reports.methods_tasks import task_paragraphs
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import ContrastSpec, ErrorTrialsSpec, GlmSpec

RUN: dict[str, Any] = {
    "Task": "faces",
    "NoiseModel": "spm",
    "ReferenceTime": 0.975,
    "SamplingTime": 0.875,
    "ResidualDegreesOfFreedom": 193.24,
}


def _text(study: Study, runs: list[dict[str, Any]], **glm: Any) -> tuple[str, set[str]]:
    spec = replace(study.spec, glm=replace(study.spec.glm, **glm))
    cited: set[str] = set()
    told = task_paragraphs(spec, spec.tasks, runs, versions={"nilearn": "9.9"}, cited=cited)
    return " ".join(told), cited


def test_pooled_model_with_its_settings(study: Study) -> None:
    text, cited = _text(study, [RUN, RUN | {"ResidualDegreesOfFreedom": 306.0}])
    for sentence in (
        "Each run was modelled as in SPM12 (Friston et al., 2002)",
        "on a grid of 16 bins a repetition time",
        "trials with a duration as blocks of height 1 and trials without as impulses of unit area",
        "the canonical haemodynamic response (difference of two gamma functions), and sampled at "
        "bin 8 of 16 of each volume (0.875 s after its start).",
        "scaled to a grand mean of 100",
        "the signal exceeded 0.8 of the volume's global mean in every volume",
        "one covariance for all voxels of a run",
        "restricted maximum likelihood (Friston et al., 2002)",
        "(F test, p < .001)",
        "whitened with it and then high-pass filtered by a discrete cosine set with a cut-off "
        "period of 128 s",
        "effective ones (Worsley and Friston, 1995) (193.2\u2013306.0)",
        "Effects of several runs of a task in a session were averaged, their residuals pooled.",
        "is the mean of the contrast map over its voxels that were modelled.",
    ):
        assert sentence in text
    assert {"spm", "worsley"} <= cited
    assert "nilearn" not in cited
    assert "nilearn" not in text
    assert "orthogonal" not in text
    assert "MarsBaR" not in text


def test_pooled_model_with_other_settings(study: Study) -> None:
    text, _ = _text(
        study,
        [],
        microtime_resolution=32,
        reference_bin=None,
        mask_threshold=None,
        high_pass_period=90.0,
        hrf_model="spm + derivative + dispersion",
    )
    assert "on a grid of 32 bins a repetition time" in text
    assert "at the bin of the slices' reference time of each volume." in text
    assert "All voxels inside the brain mask with a signal were modelled." in text
    assert (
        "cut-off period of 90 s. Degrees of freedom are effective ones (Worsley and Friston, "
        in (text)
    )
    assert "and its derivatives in time and in dispersion" in text
    assert "Each further regressor of a condition was made orthogonal to those before it." in text


def test_marsbar_by_name_and_with_its_reference(study: Study) -> None:
    text, cited = _text(study, [], region_methods=("mean", "marsbar"))
    assert "(`activation`) is the mean of the contrast map" in text
    assert "(`activation_marsbar`) is MarsBaR's (Brett et al., 2002)" in text
    assert "marsbar" in cited
    assert "A second measure (`activation_marsbar`)" in text
    assert text.count("standard error") == 2
    only, _ = _text(study, [], region_methods=("marsbar",))
    assert "mean of the contrast map" not in only
    assert "The measure of a region (`activation_marsbar`) is MarsBaR's" in only
    assert "Its standard error is that of this model." in only
    assert "second measure" not in only
    assert "same model" not in only


@pytest.mark.parametrize(
    ("model", "words"),
    [("ar1", "first-order autoregressive noise model estimated voxel by voxel"),
     ("ols", "ordinary least squares")],
)  # fmt: skip
def test_models_of_nilearn(study: Study, model: str, words: str) -> None:
    run = RUN | {"NoiseModel": model}
    text, cited = _text(study, [run, run])
    assert f"fitted with nilearn 9.9 (Nilearn contributors), with {'a ' * (model == 'ar1')}" in text
    assert words in text
    assert "reference time of each volume (0.975 s after the volume's start)" in text
    assert "cosines of periods above 128 s" in text
    assert "combined by fixed effects" in text
    assert "its voxels with signal inside the brain mask" in text
    assert "The first eigenvariate of each region and run, filtered and adjusted" in text
    assert "SPM12" not in text
    assert "nilearn" in cited
    assert not {"spm", "worsley"} & cited


def test_without_runs_the_study_decides(study: Study) -> None:
    assert "nilearn 9.9" in _text(study, [], noise_model="ar1")[0]
    assert "SPM12" in _text(study, [], noise_model="spm")[0]
    assert study.spec.glm.noise_model == "spm"


def test_modulators_and_f_contrasts(study: Study) -> None:
    task = study.spec.tasks[0]
    first = replace(task.conditions[0], blocks=False, modulators=("response_time", "load"))
    several = ContrastSpec(name="any", f_test=({"faces": 1.0}, {"shapes": 1.0, "faces": -0.5}))
    single = ContrastSpec(name="one", f_test=({"faces": 1.0},))
    changed = replace(
        task,
        conditions=(first, *task.conditions[1:]),
        contrasts=(*task.contrasts, several, single),
    )
    spec = replace(study.spec, tasks=(changed,), glm=GlmSpec(noise_model="spm"))
    text = " ".join(task_paragraphs(spec, spec.tasks, [], versions={"nilearn": "9.9"}, cited=set()))
    assert (
        "Parametric modulators, without their mean over trials: faces_by_response_time (trials of "
        "faces scaled by the column response_time) and faces_by_load"
    ) in text
    assert "made orthogonal to those before it" in text
    assert (
        "The F contrast any tests whether faces and shapes \u2212 0.5 faces are all zero." in text
    )
    assert "The F contrast one tests whether faces is zero." in text
    assert "Contrasts: facesGtShapes = faces \u2212 shapes." in text
    assert "F contrasts give maps and no measures." in text


def test_runs_are_combined_only_where_a_session_has_several(study: Study) -> None:
    pre, post = RUN | {"Session": "sub-01_ses-pre"}, RUN | {"Session": "sub-01_ses-post"}
    apart, _ = _text(study, [pre, post, pre | {"Task": "stroop"}])
    assert "several runs" not in apart
    together, _ = _text(study, [pre, post, post | {"Run": "2"}])
    assert "Effects of several runs of a task in a session were averaged" in together
    assert "several runs" in _text(study, [])[0]


def _told(study: Study, *, hrf_model: str = "spm", **changes: Any) -> str:
    task = replace(study.spec.tasks[0], **changes)
    spec = replace(study.spec, tasks=(task,), glm=replace(study.spec.glm, hrf_model=hrf_model))
    return " ".join(task_paragraphs(spec, spec.tasks, [], versions={"nilearn": "9.9"}, cited=set()))


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ((False, False), "where there was none) and left their condition."),
        ((True, False), "and left their condition, save that of faces."),
        ((True, True), "where there was none). "),
    ],
)
def test_error_trials_leave_conditions_that_are_no_blocks(
    study: Study, blocks: tuple[bool, bool], words: str
) -> None:
    conditions = tuple(
        replace(each, blocks=whole)
        for each, whole in zip(study.spec.tasks[0].conditions, blocks, strict=True)
    )
    text = _told(study, conditions=conditions, error_trials=ErrorTrialsSpec())
    assert words in text
    assert "unless" not in text


@pytest.mark.parametrize(
    ("hrf_model", "words"),
    [
        ("spm", "regressor of no interest at the time"),
        ("spm + derivative", "regressor of no interest, with its derivative, at the time"),
        ("spm + derivative + dispersion", "regressor of no interest, with its derivatives, at"),
    ],
)
def test_error_trials_have_derivatives_too(study: Study, hrf_model: str, words: str) -> None:
    assert words in _told(study, hrf_model=hrf_model, error_trials=ErrorTrialsSpec())


def test_eigenvariates_and_their_voxels(study: Study) -> None:
    opening = (
        "The first eigenvariate of each region and run, whitened, filtered and adjusted for all "
        "but the task, was written beside the measures: of "
    )
    assert f"{opening}all voxels of the region that were modelled." in _told(study)
    chosen = _told(study, eigenvariate_contrast="facesGtShapes", eigenvariate_p=0.01)
    assert f"{opening}the voxels that pass facesGtShapes at p < 0.01 (uncorrected)." in chosen
    first, *others = study.spec.tasks
    spec = replace(
        study.spec, tasks=(replace(first, eigenvariate_contrast="facesGtShapes"), *others)
    )
    text = " ".join(task_paragraphs(spec, spec.tasks, [], versions={"nilearn": "9"}, cited=set()))
    assert "at task faces of the voxels that pass facesGtShapes at p < 0.05 (uncorrected) " in text
    assert "at task stroop of all voxels of the region that were modelled." in text
