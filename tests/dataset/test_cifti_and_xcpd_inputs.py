"""CIFTI series, XCP-D's tables and FreeSurfer's volumes, found among the files of a trial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bids_ketamine.dataset.inputs import VolumesInputs
from bids_ketamine.dataset.runs import VOLUMES_ONLY
from bids_ketamine.study.spec import (
    CleaningSpec,
    InputsSpec,
    RegionSpec,
    RegionsSpec,
    RestSpec,
    StudySpec,
    VolumesSpec,
)

FUNC = "sub-01/ses-pre/func"
STEM = f"{FUNC}/sub-01_ses-pre_task-rest"
DENSE = "space-fsLR_den-91k_bold"
WHAT = "rest: bold"


@pytest.fixture
def surfaces(study) -> StudySpec:
    return replace(study, tasks=(), inputs=InputsSpec(space="fsLR"), rest=RestSpec())


def write_dense(trial, *, run="", den="91k", sidecar=".json", t_r: float | None = 2.0):
    """Write a run's CIFTI series with its sidecar and confounds; return the series."""
    stem = trial.fmriprep / f"{STEM}{run}"
    trial.write(f"{stem}_desc-confounds_timeseries.tsv")
    about = {} if t_r is None else {"RepetitionTime": t_r}
    if sidecar:
        trial.write(f"{stem}_space-fsLR_den-{den}_bold{sidecar}", about)
    return trial.write(f"{stem}_space-fsLR_den-{den}_bold.dtseries.nii")


def find(trial, study, **options):
    (session,) = trial.find(study, participant_labels=["01"], session_labels=["pre"], **options)
    return session


def told(session):
    return {each.what: each.reason for each in session.missing}


# -- CIFTI -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sidecar", [".json", ".dtseries.json"])
def test_a_cifti_series_needs_no_mask(trial, surfaces, sidecar):
    trial.run("01", "pre", "rest")
    path = write_dense(trial, sidecar=sidecar, t_r=1.1)
    session = find(trial, surfaces)
    (run,) = session.runs
    assert (run.bold, run.mask, run.space, run.description) == (path, None, "fsLR", "")
    assert run.is_grayordinates
    assert run.t_r == 1.1
    assert [each.name for each in run.files] == [
        path.name,
        "sub-01_ses-pre_task-rest_desc-confounds_timeseries.tsv",
    ]
    assert session.missing == ()
    # The volume beside it is that of a study of volumes, which does not see the CIFTI series.
    volumes = replace(surfaces, inputs=InputsSpec(smoothing_fwhm=None))
    (run,) = find(trial, volumes).runs
    assert run.bold is not None
    assert run.bold.name.endswith("_desc-preproc_bold.nii.gz")
    assert not run.is_grayordinates
    assert run.t_r == 2.0


def test_the_density_that_is_read(trial, surfaces):
    path = write_dense(trial)
    write_dense(trial, den="170k")
    (run,) = find(trial, surfaces).runs
    assert run.bold == path
    dense = replace(surfaces, inputs=InputsSpec(space="fsLR", resolution="170k"))
    (run,) = find(trial, dense).runs
    assert run.bold is not None
    assert "den-170k" in run.bold.name
    path.unlink()
    assert told(find(trial, surfaces)) == {
        WHAT: f"expected {STEM}_{DENSE}.dtseries.nii in fmriprep; there are space-fsLR_den-170k"
    }


def test_series_that_xcp_d_cleaned_are_not_cleaned_again(trial, surfaces):
    trial.write(trial.fmriprep / f"{STEM}_space-fsLR_den-91k_desc-denoised_bold.dtseries.nii")
    assert told(find(trial, surfaces)) == {
        WHAT: f"expected {STEM}_{DENSE}.dtseries.nii in fmriprep; there are "
        "space-fsLR_den-91k_desc-denoised"
    }


def test_each_kind_says_that_the_other_is_there(trial, surfaces, study):
    trial.run("01", "pre", "rest")
    assert told(find(trial, surfaces)) == {
        WHAT: f"expected {STEM}_{DENSE}.dtseries.nii in fmriprep; there are volumes in "
        "MNI152NLin2009cAsym: set inputs.space to read those"
    }
    write_dense(trial)
    elsewhere = replace(study, tasks=(), inputs=InputsSpec(space="MNI152NLin6Asym"))
    assert told(find(trial, elsewhere))[WHAT].endswith(
        "; there are space-MNI152NLin2009cAsym_desc-preproc; there is a CIFTI series: set "
        "inputs.space to fsLR to read it"
    )


def test_an_annexed_and_an_empty_series(trial, surfaces):
    path = write_dense(trial)
    path.unlink()
    path.symlink_to("../../../.git/annex/objects/aa/x.dtseries.nii")
    assert told(find(trial, surfaces)) == {
        WHAT: f"{path.name} is an annex link whose content is not here (get it with datalad get)"
    }
    path.unlink()
    path.write_bytes(b"")
    assert told(find(trial, surfaces)) == {WHAT: f"{path.name} is empty (0 bytes)"}


def test_a_series_without_a_sidecar_or_confounds(trial, surfaces):
    path = write_dense(trial, sidecar="")
    (trial.root / "task-rest_bold.json").unlink()
    assert told(find(trial, surfaces)) == {
        "rest: RepetitionTime": f"neither {path.name.removesuffix('.dtseries.nii')}.json nor a "
        "sidecar of the raw dataset states RepetitionTime (the image's header is not trusted)"
    }
    write_dense(trial)
    (trial.fmriprep / f"{STEM}_desc-confounds_timeseries.tsv").unlink()
    session = find(trial, surfaces)
    assert session.runs == ()
    assert "desc-confounds_timeseries.tsv" in told(session)["rest: confounds"]


def test_cleaning_with_volumes_left_out_needs_the_confounds_table(trial, surfaces):
    none = replace(
        surfaces.rest.confounds,
        columns=(),
        compcor_components=0,
        motion="none",
        motion_without_aroma="none",
        outliers=None,
        non_steady_state=False,
    )
    alone = replace(surfaces, rest=RestSpec(confounds=none))
    write_dense(trial)
    (trial.fmriprep / f"{STEM}_desc-confounds_timeseries.tsv").unlink()
    assert len(find(trial, alone).runs) == 1
    cleaned = find(trial, replace(alone, cleaning=CleaningSpec()))
    assert cleaned.runs == ()
    assert "rest: confounds" in told(cleaned)


def test_models_of_tasks_are_fitted_to_volumes(trial, study):
    trial.session("01", "pre")
    write_dense(trial)
    session = find(trial, replace(study, inputs=InputsSpec(space="fsLR")))
    assert [run.task for run in session.runs] == ["rest"]
    assert told(session) == {"faces: bold": VOLUMES_ONLY}


def test_series_are_not_denoised_on_surfaces(trial, surfaces):
    write_dense(trial)
    aroma = replace(surfaces, inputs=InputsSpec(space="fsLR", aroma="nonaggressive"))
    assert told(find(trial, aroma)) == {
        "rest: ICA-AROMA": "noise components are taken out of volumes, not of CIFTI: set "
        "inputs.aroma to none"
    }


def test_the_segmentation_of_a_cifti_series_lies_in_the_template_of_its_voxels(trial, surfaces):
    own = RegionsSpec(atlas="a", definitions=(RegionSpec(name="Hippocampus", atlas="aseg"),))
    write_dense(trial)
    name = f"{STEM}_space-MNI152NLin6Asym_res-2_desc-aseg_dseg.nii.gz"
    trial.write(trial.fmriprep / name.replace("NLin6", "NLin2009c"))
    study = replace(surfaces, regions=own)
    session = find(trial, study)
    assert session.runs[0].aseg is None
    assert told(session)["rest: aseg"].startswith(
        f"expected {STEM}_space-MNI152NLin6Asym_desc-aseg_dseg.nii.gz in fmriprep"
    )
    path = trial.write(trial.fmriprep / name)
    session = find(trial, study)
    assert session.runs[0].aseg == path
    assert session.missing == ()


def test_the_cortex_around_regions_is_that_of_the_segmentation_where_there_is_one(trial, study):
    around = CleaningSpec(local_neighbourhood=("*",))
    rest = replace(study, tasks=(), cleaning=around)
    trial.run("01", "pre", "rest")
    session = find(trial, rest)
    assert session.runs[0].aseg is None
    assert session.missing == ()
    name = f"{STEM}_space-MNI152NLin2009cAsym_desc-aseg_dseg.nii.gz"
    path = trial.write(trial.fmriprep / name)
    assert find(trial, rest).runs[0].aseg == path
    assert find(trial, replace(rest, cleaning=CleaningSpec())).runs[0].aseg is None
    path.write_bytes(b"")
    assert told(find(trial, rest)) == {"rest: aseg": f"{path.name} is empty (0 bytes)"}


# -- XCP-D -------------------------------------------------------------------------------------


def write_xcpd(trial, *names):
    folder = trial.root / "derivatives" / "xcp_d"
    trial.describe_derivative(folder)
    for name in names:
        trial.write(folder / f"{STEM}{name}", "a\n1\n")
    return {"derivatives": {"xcp_d": folder}}


SERIES = "_space-fsLR_seg-Gordon_den-91k_stat-mean_timeseries.tsv"


@pytest.fixture
def tables(study) -> StudySpec:
    return replace(study, tasks=(), inputs=InputsSpec(space="fsLR", timeseries_atlas="Gordon"))


def test_the_tables_of_xcp_d_go_with_their_run(trial, tables):
    where = write_xcpd(
        trial,
        *(f"_run-{n}{SERIES}" for n in (1, 2)),
        *(f"_run-{n}_{what}.tsv" for n in (1, 2) for what in ("motion", "outliers")),
        "_run-1_space-fsLR_seg-Gordon_den-91k_stat-coverage_bold.tsv",
        SERIES,  # all runs joined
        "_outliers.tsv",
    )
    trial.write(trial.root / f"{STEM}_bold.nii.gz")
    session = find(trial, tables, **where)
    assert [run.run for run in session.runs] == ["1", "2"]
    names = [each.name.removeprefix("sub-01_ses-pre_task-rest") for each in session.runs[0].files]
    assert names == [
        f"_run-1{SERIES}",
        "_run-1_motion.tsv",
        "_run-1_outliers.tsv",
        "_run-1_space-fsLR_seg-Gordon_den-91k_stat-coverage_bold.tsv",
    ]
    second = session.runs[1].xcpd
    assert second is not None
    assert second.coverage.path is None
    assert session.missing == ()
    assert session.files == (*session.runs[0].files, *session.runs[1].files)


def test_series_without_readable_outliers_are_not_used(trial, tables):
    where = write_xcpd(trial, SERIES, "_motion.tsv", "_outliers.tsv")
    folder = where["derivatives"]["xcp_d"]
    (folder / f"{STEM}_motion.tsv").write_bytes(b"")
    session = find(trial, tables, **where)
    assert len(session.runs) == 1
    assert told(session) == {
        "rest: motion of XCP-D": "sub-01_ses-pre_task-rest_motion.tsv is empty (0 bytes)"
    }
    (folder / f"{STEM}_outliers.tsv").write_bytes(b"")
    session = find(trial, tables, **where)
    assert session.runs == ()
    assert "rest: outliers of XCP-D" in told(session)


# -- volumes of structures ---------------------------------------------------------------------

VOLUMES = VolumesSpec(structures=("Left-Hippocampus",))


def test_volumes_come_from_freesurfer_else_from_a_segmentation(trial, study):
    trial.session("01", "pre")
    asked = replace(study, volumes=VOLUMES)
    assert find(trial, study).volumes is None
    session = find(trial, asked)
    assert session.volumes is not None
    assert session.volumes.files == ()
    assert told(session) == {
        "anat: volumes": "expected sourcedata/freesurfer/sub-01/stats/aseg.stats in fmriprep; "
        "expected sub-01/ses-pre/anat/sub-01_ses-pre_desc-aseg_dseg.nii.gz in fmriprep"
    }
    image = trial.write(trial.fmriprep / "sub-01/anat/sub-01_desc-aseg_dseg.nii.gz")
    shared = "of the participant's anatomy, which all sessions share"
    assert find(trial, asked).volumes == VolumesInputs(segmentation=image, note=shared)
    stats = trial.write(trial.fmriprep / "sourcedata/freesurfer/sub-01/stats/aseg.stats")
    session = find(trial, asked)
    assert session.volumes == VolumesInputs(stats=stats, note=shared)
    assert session.files[-1] == stats
    stats.write_bytes(b"")
    assert told(find(trial, asked)) == {"anat: volumes": "aseg.stats is empty (0 bytes)"}


def test_a_study_of_volumes_alone(trial, study):
    trial.write("sub-01/ses-pre/anat/sub-01_ses-pre_T1w.nii.gz")
    stats = trial.write(trial.fmriprep / "sourcedata/freesurfer/sub-01_ses-pre/stats/aseg.stats")
    (trial.fmriprep / "sub-01").mkdir()
    alone = replace(study, tasks=(), rest=None, volumes=VOLUMES)
    session = find(trial, alone)
    assert (session.runs, session.missing) == ((), ())
    assert session.volumes == VolumesInputs(stats=stats)
    assert session.has_data
    assert session.located
