"""Which files make a run, and why one cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.cli.missing_inputs import Shortfall, shortfall
from bids_ketamine.dataset.content import content_problem
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.names import natural_order
from bids_ketamine.errors import UsageError
from bids_ketamine.study.spec import (
    ConfoundsSpec,
    GlmSpec,
    InputsSpec,
    RegionSpec,
    RegionsSpec,
    RestSpec,
    StudySpec,
)

FUNC = "sub-01/ses-pre/func/sub-01_ses-pre_task-faces"
GRID = "space-MNI152NLin2009cAsym"


def with_inputs(study: StudySpec, **changes: Any) -> StudySpec:
    return replace(study, inputs=replace(study.inputs, **changes))


def test_runs_in_order_with_their_own_files(trial: Any) -> None:
    for run in ("10", "2", "01"):
        trial.run("01", "pre", "faces", entities=f"_acq-seq_dir-AP_run-{run}")
    runs, missing = trial.runs()
    assert [run.run for run in runs] == ["01", "2", "10"]
    assert missing == ()
    assert [run.events.name.split("run-")[1] for run in runs] == [
        "01_events.tsv",
        "2_events.tsv",
        "10_events.tsv",
    ]
    assert runs[0].confounds.name.endswith("dir-AP_run-01_desc-confounds_timeseries.tsv")
    assert runs[0].entities == (("acq", "seq"), ("dir", "AP"))
    assert len(runs[0].files) == 4


def test_a_padded_run_number_is_the_same_run(trial: Any) -> None:
    stem = trial.run("01", "pre", "faces", entities="_run-1", without=("events",))
    assert "run-1" in stem
    (trial.root / f"{FUNC}_run-1_bold.nii.gz").rename(trial.root / f"{FUNC}_run-01_bold.nii.gz")
    trial.write(f"{FUNC}_run-01_events.tsv")
    runs, missing = trial.runs()
    assert [run.events.name for run in runs] == ["sub-01_ses-pre_task-faces_run-01_events.tsv"]
    assert missing == ()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("bold", f"expected {FUNC}_{GRID}_desc-preproc_bold.nii.gz in fmriprep"),
        ("mask", f"expected {FUNC}_{GRID}_desc-brain_mask.nii.gz in fmriprep"),
        ("confounds", f"expected {FUNC}_desc-confounds_timeseries.tsv in fmriprep"),
        ("events", f"expected {FUNC}_events.tsv in the raw dataset"),
    ],
)
def test_a_missing_file_is_named(trial: Any, kind: str, reason: str) -> None:
    trial.run("01", "pre", "faces", without=(kind,))
    runs, missing = trial.runs()
    assert runs == ()
    assert missing == (Missing(f"faces: {kind}", reason),)


def test_a_run_without_derivatives_is_not_overlooked(trial: Any) -> None:
    trial.run("01", "pre", "faces", entities="_run-1")
    trial.run("01", "pre", "faces", entities="_run-2", without=("bold", "mask", "confounds"))
    runs, missing = trial.runs()
    assert [run.run for run in runs] == ["1"]
    assert [each.what for each in missing] == ["faces: bold"]
    assert "_run-2_space-" in missing[0].reason


def test_tasks_and_spaces_that_are_there_are_named(trial: Any) -> None:
    trial.run("01", "pre", "emotions")
    assert trial.runs()[1][0].reason.endswith("; other tasks are there: emotions")
    trial.run("01", "pre", "faces", space="T1w")
    assert trial.runs()[1][0].reason.endswith("; there are space-T1w_desc-preproc")


def test_denoised_series_come_first_and_the_study_decides(trial: Any, study: StudySpec) -> None:
    trial.run("01", "pre", "faces")
    trial.run("01", "pre", "faces", desc="smoothAROMAnonaggr")
    assert [run.description for run in trial.runs()[0]] == ["smoothAROMAnonaggr"]
    plain = with_inputs(study, bold_descriptions=("preproc",))
    assert [run.description for run in trial.runs(study=plain)[0]] == ["preproc"]


def test_denoised_series_in_another_space_are_named_not_used(trial: Any) -> None:
    trial.run("01", "pre", "faces")
    trial.run("01", "pre", "faces", desc="smoothAROMAnonaggr", space="MNI152NLin6Asym")
    (run,), missing = trial.runs()
    assert (run.description, run.space) == ("preproc", "MNI152NLin2009cAsym")
    reason = "is in MNI152NLin6Asym, the study reads MNI152NLin2009cAsym; preproc is used"
    assert missing == (Missing("faces: smoothAROMAnonaggr", reason),)


def test_the_mask_is_that_of_the_space_of_the_series(trial: Any, study: StudySpec) -> None:
    trial.run("01", "pre", "faces")
    trial.run("01", "pre", "faces", desc="smoothAROMAnonaggr", space="MNI152NLin6Asym")
    six = with_inputs(study, space="MNI152NLin6Asym")
    (run,), missing = trial.runs(study=six)
    assert run.mask.name == (
        "sub-01_ses-pre_task-faces_space-MNI152NLin6Asym_desc-brain_mask.nii.gz"
    )
    assert missing == ()
    run.mask.unlink()
    runs, missing = trial.runs(study=six)
    assert (runs, missing[0].what) == ((), "faces: mask")


def test_resolutions(trial: Any, study: StudySpec) -> None:
    trial.run("01", "pre", "faces", res="_res-2")
    trial.run("01", "pre", "faces", res="_res-1")
    runs, missing = trial.runs()
    assert runs == ()
    assert missing == (
        Missing(
            "faces: bold",
            "several resolutions are there (`1`, `2`): set inputs.resolution in the study file",
        ),
    )
    (run,), _ = trial.runs(study=with_inputs(study, resolution="02"))
    assert run.bold.name.endswith(f"{GRID}_res-2_desc-preproc_bold.nii.gz")
    assert run.mask.name.endswith(f"{GRID}_res-2_desc-brain_mask.nii.gz")
    runs, missing = trial.runs(study=with_inputs(study, resolution="3"))
    assert runs == ()
    assert f"{GRID}_res-3_desc-preproc_bold.nii.gz in fmriprep; there are {GRID}_res-1" in (
        missing[0].reason
    )


def test_only_volumes_are_series(trial: Any) -> None:
    stem = trial.run("01", "pre", "faces", without=("bold",))
    trial.write(f"{stem}_{GRID}_desc-preproc_bold.dtseries.nii")
    trial.write(f"{stem}_{GRID}_desc-preproc_bold.func.gii")
    assert [each.what for each in trial.runs()[1]] == ["faces: bold"]
    trial.write(f"{stem}_{GRID}_desc-preproc_bold.nii")
    assert trial.runs()[0][0].bold.suffix == ".nii"


def test_older_names_of_confounds(trial: Any) -> None:
    stem = trial.run("01", "pre", "faces", without=("confounds",))
    trial.write(f"{stem}_desc-confounds_regressors.tsv")
    (run,), _ = trial.runs()
    assert run.confounds.name.endswith("desc-confounds_regressors.tsv")
    trial.write(f"{stem}_desc-confounds_timeseries.tsv")
    (run,), _ = trial.runs()
    assert run.confounds.name.endswith("desc-confounds_timeseries.tsv")


NOTHING = ConfoundsSpec(columns=(), compcor_components=0, outliers=None, non_steady_state=False)


def test_confounds_that_no_model_reads_may_be_absent(trial: Any, study: StudySpec) -> None:
    trial.run("01", "pre", "faces", without=("confounds",))
    bare = replace(study, glm=GlmSpec(confounds=NOTHING))
    (run,), missing = trial.runs(study=bare)
    assert run.confounds is None
    assert missing == ()
    motion = replace(study, glm=GlmSpec(confounds=replace(NOTHING, motion_without_aroma="6")))
    assert [each.what for each in trial.runs(study=motion)[1]] == ["faces: confounds"]


def test_events_are_inherited_and_the_nearest_wins(trial: Any) -> None:
    trial.run("01", "pre", "faces", entities="_run-1", without=("events",))
    names = [
        "task-faces_events.tsv",
        "task-faces_run-1_events.tsv",
        "sub-01/sub-01_task-faces_events.tsv",
        "sub-01/ses-pre/sub-01_ses-pre_task-faces_events.tsv",
        f"{FUNC}_run-1_events.tsv",
    ]
    for name in names:
        path = trial.write(name)
        assert trial.runs()[0][0].events == path
    trial.write(f"{FUNC}_run-2_events.tsv")
    trial.write(f"{FUNC}_acq-other_events.tsv")
    trial.write(f"{FUNC}_desc-other_events.tsv")
    assert trial.runs()[0][0].events == trial.root / names[-1]
    filters = {"events": {"desc": "other"}}
    assert trial.runs(filters=filters)[0][0].events.name.endswith("desc-other_events.tsv")


def test_repetition_time_falls_back_on_the_raw_sidecars(trial: Any) -> None:
    trial.run("01", "pre", "faces", sidecar={"SkullStripped": False})
    trial.write("sub-01/ses-pre/sub-01_ses-pre_task-faces_bold.json", {"RepetitionTime": 1.5})
    (run,), _ = trial.runs()
    assert (run.t_r, run.start_time, run.slice_timing_corrected) == (1.5, None, None)
    trial.write(f"{FUNC}_bold.json", {"RepetitionTime": 0.8})
    assert trial.runs()[0][0].t_r == 0.8


def test_derived_sidecars_are_inherited_too(trial: Any) -> None:
    trial.run("01", "pre", "faces", sidecar={"StartTime": 0.5})
    trial.write(trial.fmriprep / "task-faces_bold.json", {"RepetitionTime": 2.5, "StartTime": 9})
    trial.write(trial.fmriprep / "task-faces_space-T1w_bold.json", {"RepetitionTime": 7})
    (run,), _ = trial.runs()
    assert (run.t_r, run.start_time) == (2.5, 0.5)


@pytest.mark.parametrize(
    ("sidecar", "reason"),
    [
        (None, "nor a sidecar of the raw dataset states RepetitionTime (the image's header is not"),
        ({"RepetitionTime": 2000}, "desc-preproc_bold is 2000; BIDS wants seconds"),
        ({"RepetitionTime": "2 s"}, "desc-preproc_bold is '2 s'; BIDS wants seconds"),
        ({"RepetitionTime": 0}, "desc-preproc_bold is 0; BIDS wants seconds"),
    ],
)
def test_no_repetition_time(trial: Any, sidecar: Any, reason: str) -> None:
    trial.run("01", "pre", "faces", without=("json",) if sidecar is None else (), sidecar=sidecar)
    (trial.root / "task-faces_bold.json").unlink()
    runs, missing = trial.runs()
    assert runs == ()
    assert missing[0].what == "faces: RepetitionTime"
    assert reason in missing[0].reason


def test_a_damaged_sidecar_is_named(trial: Any) -> None:
    stem = trial.run("01", "pre", "faces")
    trial.write(f"{stem}_{GRID}_desc-preproc_bold.json", '{"RepetitionTime": 2')
    runs, missing = trial.runs()
    assert runs == ()
    assert "desc-preproc_bold.json: Line 1: the file is not valid JSON" in missing[0].reason


@pytest.mark.parametrize("kind", ["bold", "mask", "confounds", "events"])
def test_links_without_content_and_empty_files(trial: Any, kind: str) -> None:
    trial.run("01", "pre", "faces")
    path: Path = getattr(trial.runs()[0][0], kind)
    path.write_bytes(b"")
    runs, missing = trial.runs()
    assert (runs, missing) == ((), (Missing(f"faces: {kind}", f"{path.name} is empty (0 bytes)"),))
    path.unlink()
    path.symlink_to("../../.git/annex/objects/xx/MD5E-s1--1.gz")
    reason = content_problem(path)
    assert f"{path.name} is an annex link whose content is not here" in reason
    assert trial.runs() == ((), (Missing(f"faces: {kind}", reason),))
    path.unlink()
    path.write_bytes(b"/annex/objects/MD5E-s100--1.gz\n")
    assert trial.runs() == ((), (Missing(f"faces: {kind}", reason),))


def test_a_damaged_denoised_series_is_not_replaced(trial: Any) -> None:
    trial.run("01", "pre", "faces")
    stem = trial.run("01", "pre", "faces", desc="smoothAROMAnonaggr")
    Path(f"{stem}_{GRID}_desc-smoothAROMAnonaggr_bold.nii.gz").write_bytes(b"")
    runs, missing = trial.runs()
    assert runs == ()
    assert missing[0].reason.endswith("desc-smoothAROMAnonaggr_bold.nii.gz is empty (0 bytes)")


def test_several_derivatives_are_searched_in_order(trial: Any) -> None:
    other = trial.root / "derivatives" / "other"
    trial.run("01", "pre", "faces", without=("mask", "confounds"), into=other)
    stem = trial.run("01", "pre", "faces")
    both = {"other": other, "fmriprep": trial.fmriprep}
    (run,), _ = trial.runs(derivatives=both)
    assert run.bold.is_relative_to(other)
    assert run.mask == Path(f"{stem}_{GRID}_desc-brain_mask.nii.gz")
    (run,), _ = trial.runs(derivatives=dict(reversed(both.items())))
    assert run.bold.is_relative_to(trial.fmriprep)


def test_two_tasks_of_one_run_are_found_once(trial: Any, study: StudySpec) -> None:
    trial.run("01", "pre", "faces")
    twice = replace(
        study, tasks=(*study.tasks, replace(study.tasks[0], name="again", task="faces"))
    )
    runs, _ = trial.runs(study=twice)
    assert [run.task for run in runs] == ["faces"]
    assert len(trial.runs(study=twice, task="again")[0]) == 1


def test_masks_that_cannot_be_told_apart(trial: Any) -> None:
    stem = trial.run("01", "pre", "faces")
    trial.write(f"{stem}_{GRID}_desc-brain_mask.nii")
    runs, missing = trial.runs()
    assert runs == ()
    assert "several files fit (" in missing[0].reason
    filters = {"mask": {"extension": ".nii"}}
    assert trial.runs(filters=filters)[0][0].mask.suffix == ".nii"


def test_multi_echo_companions_lack_the_echo(trial: Any) -> None:
    stem = trial.run("01", "pre", "faces", entities="_echo-1", without=("mask", "confounds"))
    combined = stem.replace("_echo-1", "")
    trial.write(f"{combined}_{GRID}_desc-brain_mask.nii.gz")
    trial.write(f"{combined}_desc-confounds_timeseries.tsv")
    (run,), missing = trial.runs()
    assert missing == ()
    assert run.entities == (("echo", "1"),)
    trial.run("01", "pre", "faces", entities="_echo-2")
    with pytest.raises(UsageError, match="differ in `echo`"):
        trial.runs()


SERIES = "sub-01/ses-pre/func/sub-01_ses-pre_task-rest"


@pytest.fixture
def series_study(study: StudySpec) -> StudySpec:
    return replace(with_inputs(study, timeseries_atlas="Gordon"), tasks=(), rest=RestSpec())


def test_region_time_series_in_both_namings(trial: Any, series_study: StudySpec) -> None:
    xcpd = trial.root / "derivatives" / "xcpd"
    places = {"fmriprep": trial.fmriprep, "xcpd": xcpd}
    old = trial.write(xcpd / f"{SERIES}_run-1_atlas-Gordon_timeseries.tsv.gz")
    new = trial.write(xcpd / f"{SERIES}_run-2_{GRID}_seg-Gordon_stat-mean_timeseries.tsv")
    trial.write(xcpd / f"{SERIES}_run-1_atlas-Glasser_timeseries.tsv")
    trial.write(xcpd / f"{SERIES}_run-2_{GRID}_seg-Gordon_stat-alff_timeseries.tsv")
    trial.write(xcpd / f"{SERIES}_run-2_seg-Gordon_stat-mean_timeseries.json", {})
    runs, missing = trial.runs(study=series_study, task="rest", derivatives=places)
    assert [run.timeseries for run in runs] == [old, new]
    assert [(run.bold, run.mask, run.events) for run in runs] == [(None, None, None)] * 2
    assert [run.t_r for run in runs] == [2.0, 2.0]
    assert [run.space for run in runs] == ["", "MNI152NLin2009cAsym"]
    assert [run.entities for run in runs] == [(), ()]
    assert missing == ()


def test_time_series_need_no_repetition_time(trial: Any, series_study: StudySpec) -> None:
    (trial.root / "task-rest_bold.json").unlink()
    trial.write(trial.fmriprep / f"{SERIES}_atlas-Gordon_timeseries.tsv")
    (run,), missing = trial.runs(study=series_study, task="rest")
    assert (run.t_r, run.confounds, missing) == (None, None, ())
    tsv = trial.write(trial.fmriprep / f"{SERIES}_desc-confounds_timeseries.tsv")
    (run,), _ = trial.runs(study=series_study, task="rest")
    assert run.confounds == tsv


def test_missing_time_series(trial: Any, series_study: StudySpec) -> None:
    trial.run("01", "pre", "rest")
    runs, missing = trial.runs(study=series_study, task="rest")
    assert runs == ()
    assert missing == (
        Missing("rest: timeseries", f"expected {SERIES}_seg-Gordon_timeseries.tsv in fmriprep"),
    )


def test_time_series_of_the_studys_space_are_preferred(trial: Any, series_study: StudySpec) -> None:
    for space in ("MNI152NLin2009cAsym", "fsLR_den-91k"):
        trial.write(trial.fmriprep / f"{SERIES}_space-{space}_seg-Gordon_timeseries.tsv")
    (run,), _ = trial.runs(study=series_study, task="rest")
    assert run.space == "MNI152NLin2009cAsym"
    other = replace(series_study, inputs=InputsSpec(space="T1w", timeseries_atlas="Gordon"))
    with pytest.raises(UsageError, match=r'differ in `den`.*"timeseries": \{"den": "91k"\}'):
        trial.runs(study=other, task="rest")


OWN = RegionsSpec(atlas="own", definitions=(RegionSpec(name="amygdala", atlas="aseg"),))


@pytest.fixture
def own(study: StudySpec) -> StudySpec:
    """A study with a region of the participant's own segmentation, in T1w space."""
    return replace(with_inputs(study, space="T1w"), regions=OWN)


def test_the_own_segmentation_is_looked_for_only_when_wanted(trial: Any, study: StudySpec) -> None:
    stem = trial.run("01", "pre", "faces")
    own = replace(study, regions=OWN)
    (run,), missing = trial.runs(study=own)
    assert run.aseg is None
    assert missing == (
        Missing("faces: aseg", f"expected {FUNC}_{GRID}_desc-aseg_dseg.nii.gz in fmriprep"),
    )
    path = trial.write(f"{stem}_{GRID}_desc-aseg_dseg.nii.gz")
    trial.write(f"{stem}_{GRID}_desc-aparcaseg_dseg.nii.gz")
    trial.write(f"{stem}_{GRID}_res-2_desc-aseg_dseg.nii.gz")
    (run,), missing = trial.runs(study=own)
    assert (run.aseg, run.files[-1], missing) == (path, path, ())
    (run,), missing = trial.runs()
    assert (run.aseg, missing) == (None, ())
    path.write_bytes(b"")
    (run,), missing = trial.runs(study=own)
    assert run.aseg is None
    assert missing == (Missing("faces: aseg", f"{path.name} is empty (0 bytes)"),)


def test_anatomy_serves_series_in_t1w_space(trial: Any, own: StudySpec) -> None:
    trial.run("01", "pre", "faces", space="T1w")
    trial.run("01", "post", "faces", space="T1w")
    # The nearest first: another session's, the participant's, the session's own, the series'.
    for name in (
        "sub-01/ses-post/anat/sub-01_ses-post_desc-aseg_dseg.nii.gz",
        "sub-01/anat/sub-01_desc-aseg_dseg.nii.gz",
        "sub-01/ses-pre/anat/sub-01_ses-pre_desc-aseg_dseg.nii.gz",
        f"{FUNC}_space-T1w_desc-aseg_dseg.nii.gz",
    ):
        path = trial.write(trial.fmriprep / name)
        (run,), missing = trial.runs(study=own)
        assert run.aseg == path
        reason = f"{path.name} is used: the session has no anatomy of its own"
        kind = "faces: aseg of another session"
        second = (Missing(kind, reason),) if "ses-post" in name else ()
        assert missing == second
        assert [shortfall(each) for each in missing] == [Shortfall.NOTE] * len(second)
        pre, _ = trial.find(own, task_labels=["faces"])
        assert [run.aseg for run in pre.runs] == [path]


@pytest.mark.parametrize(
    ("segmentation", "anatomy", "database"),
    [
        ("ses-post/anat/sub-01_ses-post", "ses-pre/anat/sub-01_ses-pre_desc-preproc_T1w", True),
        ("ses-post/anat/sub-01_ses-post", "ses-pre/anat/sub-01_ses-pre_desc-brain_mask", False),
        ("ses-post/anat/sub-01_ses-post", "ses-pre/anat/sub-01_ses-pre_T1w_preproc", False),
        ("ses-post/anat/sub-01_ses-post", "anat/sub-01_desc-preproc_T1w", False),
        ("anat/sub-01", "ses-pre/anat/sub-01_ses-pre_acq-mprage_desc-preproc_T1w", False),
    ],
)
def test_the_segmentation_of_another_anatomy_is_not_taken(
    trial: Any, own: StudySpec, segmentation: str, anatomy: str, database: bool
) -> None:
    trial.run("01", "pre", "faces", space="T1w")
    path = trial.write(trial.fmriprep / f"sub-01/{segmentation}_desc-aseg_dseg.nii.gz")
    # An anatomy in a template's space says nothing about the reference.
    trial.write(trial.fmriprep / f"sub-01/ses-pre/anat/sub-01_ses-pre_{GRID}_desc-brain_mask.nii")
    folder = trial.root.parent / "database" if database else None
    before, after = folder and folder / "before", folder and folder / "after"
    (run,) = trial.find(own, task_labels=["faces"], database_dir=before)[0].runs
    assert run.aseg == path
    trial.write(trial.fmriprep / f"sub-01/{anatomy}.nii.gz")
    pre = trial.find(own, task_labels=["faces"], database_dir=after)[0]
    assert [run.aseg for run in pre.runs] == [None]
    expected = f"expected {FUNC}_space-T1w_desc-aseg_dseg.nii.gz in fmriprep"
    assert pre.missing == (
        Missing("faces: aseg", f"{expected}; {path.name} is of another anatomy"),
    )


def test_anatomy_serves_no_other_space(trial: Any, own: StudySpec) -> None:
    trial.run("01", "pre", "faces")
    trial.write(trial.fmriprep / "sub-01/anat/sub-01_desc-aseg_dseg.nii.gz")
    trial.write(trial.fmriprep / f"sub-01/anat/sub-01_{GRID}_desc-aseg_dseg.nii.gz")
    (run,), missing = trial.runs(study=with_inputs(own, space="MNI152NLin2009cAsym"))
    assert (run.aseg, [each.what for each in missing]) == (None, ["faces: aseg"])


def test_several_segmentations_are_told_apart_with_a_filter(trial: Any, own: StudySpec) -> None:
    trial.run("01", "pre", "faces", space="T1w")
    for acq in ("mprage", "space"):
        trial.write(trial.fmriprep / f"sub-01/anat/sub-01_acq-{acq}_desc-aseg_dseg.nii.gz")
    (run,), missing = trial.runs(study=own)
    assert run.aseg is None
    assert "several files fit (sub-01_acq-mprage_desc-aseg_dseg.nii.gz" in missing[0].reason
    (run,), missing = trial.runs(study=own, filters={"aseg": {"acq": "space"}})
    assert run.aseg.name == "sub-01_acq-space_desc-aseg_dseg.nii.gz"
    assert missing == ()


def test_denoised_series_of_fmripost_aroma_need_no_motion_terms(
    trial: Any, study: StudySpec
) -> None:
    """Motion terms that stand in for AROMA do not make confounds necessary."""
    nothing = replace(NOTHING, motion_without_aroma="6")
    bare = replace(study, glm=GlmSpec(confounds=nothing))
    trial.run("01", "pre", "faces", desc="nonaggrDenoised", without=("confounds",))
    named = with_inputs(bare, bold_descriptions=("nonaggrDenoised",))
    (run,), missing = trial.runs(study=named)
    assert (run.description, run.confounds, missing) == ("nonaggrDenoised", None, ())


@pytest.mark.parametrize("value", [10**400, float("inf"), float("nan"), True, "2"])
def test_a_repetition_time_that_is_no_number(trial: Any, value: object) -> None:
    trial.run("01", "pre", "faces", sidecar={"RepetitionTime": value})
    runs, missing = trial.runs()
    assert runs == ()
    (reason,) = [each.reason for each in missing if each.what == "faces: RepetitionTime"]
    assert reason.startswith(f"RepetitionTime of sub-01_ses-pre_task-faces_{GRID}_desc-preproc_")
    assert reason.endswith("; BIDS wants seconds")
    assert len(reason) < 200


def test_a_run_that_is_numbered_with_another_sign(trial: Any) -> None:
    for run in ("2", "\u00b2", "1", "\u0661"):
        trial.run("01", "pre", "faces", entities=f"_run-{run}")
    runs, missing = trial.runs()
    assert sorted(run.run for run in runs) == ["1", "2", "\u00b2", "\u0661"]
    assert [run.run for run in runs if run.run.isascii()] == ["1", "2"]
    assert missing == ()
    assert natural_order(["10", "\u00b2", "2"]) == ["2", "10", "\u00b2"]
