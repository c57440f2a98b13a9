"""Derivatives of every fMRIPrep: what is chosen from their names and columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.cleaning.nuisance_models import model_regressors
from bids_ketamine.core.nuisance import select_nuisance
from bids_ketamine.dataset.dialects import (
    AROMA_DENOISED,
    is_aroma_denoised,
    modern_confounds,
    modern_name,
)
from bids_ketamine.dataset.inputs import Missing, RunInputs
from bids_ketamine.dataset.names import parse_name
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.errors import InputDataError
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import (
    ConfoundsSpec,
    RegionSpec,
    RegionsSpec,
    RestSpec,
    SessionSpec,
    StudySpec,
)

HEADERS = Path(__file__).parent / "headers"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
MNI, SIX = "space-MNI152NLin2009cAsym", "space-MNI152NLin6Asym"
REST = StudySpec(
    name="rest",
    sessions=(SessionSpec(name="scan", unlabelled=True),),
    rest=RestSpec(task="rest"),
)
OWN = RegionsSpec(atlas="own", definitions=(RegionSpec(name="amygdala", atlas="aseg"),))


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "modern"),
    [
        # Names of real trees: ds001734 (fMRIPrep 1.1.4) and one with AROMA before 1.2.
        (
            "sub-001_task-MGT_run-01_bold_space-MNI152NLin2009cAsym_preproc.nii.gz",
            "sub-001_task-MGT_run-01_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz",
        ),
        (
            "sub-001_task-MGT_run-01_bold_space-MNI152NLin2009cAsym_brainmask.nii.gz",
            "sub-001_task-MGT_run-01_space-MNI152NLin2009cAsym_desc-brain_mask.nii.gz",
        ),
        (
            "sub-001_task-MGT_run-01_bold_confounds.tsv",
            "sub-001_task-MGT_run-01_desc-confounds_regressors.tsv",
        ),
        (
            "sub-001_task-MGT_run-01_bold_space-T1w_label-aseg_roi.nii.gz",
            "sub-001_task-MGT_run-01_space-T1w_desc-aseg_dseg.nii.gz",
        ),
        ("sub-001_T1w_label-aseg_roi.nii.gz", "sub-001_desc-aseg_dseg.nii.gz"),
        ("sub-001_T1w_preproc.nii.gz", "sub-001_desc-preproc_T1w.nii.gz"),
        (
            "sub-01_ses-pre_task-rest_bold_space-MNI152NLin2009cAsym_"
            "variant-smoothAROMAnonaggr_preproc.nii.gz",
            "sub-01_ses-pre_task-rest_space-MNI152NLin2009cAsym_"
            "desc-smoothAROMAnonaggr_bold.nii.gz",
        ),
        (
            "sub-01_ses-pre_task-rest_bold_space-T1w_variant-AROMAnonaggr_preproc.nii.gz",
            "sub-01_ses-pre_task-rest_space-T1w_desc-AROMAnonaggr_bold.nii.gz",
        ),
        ("sub-01_task-rest_bold_AROMAnoiseICs.csv", "sub-01_task-rest_AROMAnoiseICs.csv"),
        ("sub-01_task-rest_bold_MELODICmix.tsv", "sub-01_task-rest_desc-MELODIC_mixing.tsv"),
        (
            "sub-01_task-rest_bold_space-MNI152NLin2009cAsym_preproc.json",
            "sub-01_task-rest_space-MNI152NLin2009cAsym_desc-preproc_bold.json",
        ),
    ],
)
def test_old_names_are_translated(old: str, modern: str) -> None:
    assert modern_name(old) == modern
    assert modern_name(modern) == modern
    file = parse_name(Path("/d"), Path("/d/sub-01/func") / old, dataset="fmriprep")
    assert file.path.name == old
    assert "bold" not in file.entities
    # Raw data have no dialects.
    raw = parse_name(Path("/d"), Path("/d/sub-01/func") / old, dataset="raw")
    assert raw.suffix == old.partition(".")[0].rpartition("_")[2]


@pytest.mark.parametrize(
    "name",
    [
        "sub-01_task-rest_bold.nii.gz",
        "sub-01_task-rest_space-MNI152NLin2009cAsym_res-2_desc-preproc_bold.nii.gz",
        "sub-01_task-rest_bold_space-fsaverage5.L.func.gii",
        "sub-01_task-rest_bold_space-T1w_other.nii.gz",
        "sub-01_task-rest_bold_preproc_preproc.nii.gz",
        "sub-01_task-rest_AROMAnoiseICs.csv",
        "dataset_description.json",
        "",
    ],
)
def test_other_names_stay(name: str) -> None:
    assert modern_name(name) == name


def test_descriptions_of_denoised_series() -> None:
    assert {each for each in AROMA_DENOISED if is_aroma_denoised(each)} == AROMA_DENOISED
    assert not is_aroma_denoised("preproc")
    assert not is_aroma_denoised("denoised")


# --- columns -------------------------------------------------------------------------------------


def header(dialect: str) -> list[str]:
    return (HEADERS / f"{dialect}.tsv").read_text().split()


def masks(dialect: str) -> dict[str, dict[str, object]]:
    path = HEADERS / f"{'21' if dialect == '25' else dialect}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def test_columns_of_1_0_and_1_1_are_translated() -> None:
    renamed = modern_confounds(header("1.0-1.1"))
    assert [renamed.get(name, name) for name in header("1.0-1.1")] == [
        *("csf", "white_matter", "global_signal", "std_dvars", "dvars", "vx-wisestdDVARS"),
        "framewise_displacement",
        *(f"t_comp_cor_{k:02d}" for k in range(6)),
        *(f"a_comp_cor_{k:02d}" for k in range(6)),
        *(f"cosine{k:02d}" for k in range(5)),
        "non_steady_state_outlier00",
        *("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"),
    ]
    aroma = modern_confounds(header("1.0-rc"))
    assert aroma["AROMAAggrComp05"] == "aroma_motion_05"
    assert "CSF" not in aroma


@pytest.mark.parametrize("dialect", ["1.2", "1.4", "1.4-aroma", "20.2", "21", "25"])
def test_columns_since_1_2_stay(dialect: str) -> None:
    assert modern_confounds(header(dialect)) == {}


def test_old_names_are_translated_beside_new_ones_too() -> None:
    """Reading the table refuses two columns of one meaning."""
    assert modern_confounds(["CSF", "csf"]) == {"CSF": "csf"}
    assert modern_confounds(["X", "Y", "Z"]) == {}


def table(dialect: str) -> pd.DataFrame:
    """Made values under a header, as a table is read: quiet, one non-steady volume each."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=40) for name in header(dialect)})
    frame = frame.rename(columns=modern_confounds(frame.columns))
    for place, name in enumerate(n for n in frame if n.startswith("non_steady_state")):
        frame[name] = (np.arange(40) == place).astype(float)
    for name in frame:
        if name.endswith("dvars") or "derivative1" in name or "displacement" in name:
            frame.loc[0, name] = np.nan
    for name in ("std_dvars", "framewise_displacement"):
        frame[name] = frame[name] * 0 + 0.1
    return frame


def chosen(dialect: str, spec: ConfoundsSpec, motion: str) -> tuple[list[str], tuple[str, ...]]:
    assert spec.outliers is not None
    nuisance = select_nuisance(
        table(dialect),
        metadata=masks(dialect),
        columns=spec.columns,
        derivatives=spec.derivatives,
        compcor_mask=spec.compcor_mask,
        compcor_components=spec.compcor_components,
        compcor_variance=spec.compcor_variance,
        motion=motion,
        outliers=spec.outliers,
        non_steady_state=spec.non_steady_state,
    )
    assert nuisance.regressors.notna().all(axis=None)
    return list(nuisance.regressors), nuisance.notes


def components(prefix: str, *numbers: int) -> list[str]:
    return [f"{prefix}_comp_cor_{number:02d}" for number in numbers]


NON_STEADY = ["non_steady_state_0000"]
COMPCOR = {
    "1.0-1.1": components("a", *range(6)) + NON_STEADY,
    "1.2": components("a", *range(6)) + NON_STEADY,
    # By the sidecar's masks; numbers as in the real tables.
    "1.4": components("a", *range(40, 45), *range(35, 40)),
    "1.4-aroma": components("a", *range(70, 75), *range(57, 62)) + NON_STEADY,
    "20.2": components("a", *range(5)),
    "21": components("w", *range(4))
    + components("c", *range(3))
    + [f"non_steady_state_{k:04d}" for k in range(3)],
}
COMPCOR["25"] = COMPCOR["21"]
COMPCOR_NOTES = {
    "1.0-1.1": ("CompCor components of unknown mask: the first 6 are taken",),
    "1.2": ("CompCor components of unknown mask: the first 6 are taken",),
    "1.4": (),
    "1.4-aroma": (),
    "20.2": ("0 of 5 CompCor components in mask WM",),
    "21": (
        "4 of 5 CompCor components in mask WM",
        "3 of 5 CompCor components in mask CSF",
    ),
}
COMPCOR_NOTES["25"] = COMPCOR_NOTES["21"]


@pytest.mark.parametrize("dialect", COMPCOR)
def test_nuisance_columns_of_norbury2021(dialect: str) -> None:
    spec = load_study("norbury2021").spec.glm.confounds
    names, notes = chosen(dialect, spec, spec.motion)
    assert names == ["csf", "white_matter", *COMPCOR[dialect]]
    assert notes == COMPCOR_NOTES[dialect]


@pytest.mark.parametrize("dialect", COMPCOR)
def test_nuisance_columns_of_norbury2021_at_rest_without_aroma(dialect: str) -> None:
    rest = load_study("norbury2021").spec.rest
    assert rest is not None
    names, _ = chosen(dialect, rest.confounds, rest.confounds.motion_without_aroma)
    motion = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    twelve = motion + [f"{name}_derivative1" for name in motion]
    assert names == ["csf", "white_matter", *twelve, *COMPCOR[dialect]]


@pytest.mark.parametrize("dialect", COMPCOR)
def test_nuisance_columns_of_siegel2021(dialect: str) -> None:
    cleaning = load_study("siegel2021").spec.cleaning
    assert cleaning is not None
    assert cleaning.models == ("30P",)
    found = model_regressors(table(dialect), name="30P", metadata=masks(dialect), cosines=False)
    assert found.reason == ""
    names, notes = set(found.regressors), found.notes
    assert found.regressors.shape[1] == len(names)
    signals = ["white_matter", "csf", "global_signal"]
    motion = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    wanted = [
        *signals,
        *(f"{name}_derivative1" for name in signals),
        *(
            f"{n}{s}"
            for s in ("", "_derivative1", "_power2", "_derivative1_power2")
            for n in motion
        ),
    ]
    assert names == set(wanted)
    computed = "computed as fMRIPrep does, since the table lacks them: "
    lacking = {name for name in wanted if name.endswith(("_derivative1", "_power2"))}
    old = dialect in ("1.0-1.1", "1.2")
    told = [set(note.removeprefix(computed).split(", ")) for note in notes if computed in note]
    assert told == ([lacking] if old else [])


def test_a_table_of_a_release_candidate_has_no_csf_column_and_says_so() -> None:
    spec = load_study("norbury2021").spec.glm.confounds
    with pytest.raises(InputDataError, match=r"^The confounds table has no column `csf`\.$") as e:
        chosen("1.0-rc", spec, spec.motion)
    assert e.value.cure is None
    names, _ = chosen("1.0-rc", replace(spec, columns=("white_matter",)), "none")
    assert names == ["white_matter", *COMPCOR["1.0-1.1"]]


# --- trees ---------------------------------------------------------------------------------------


def tree(root: Path, names: Iterable[str], *, description: Any = None) -> Path:
    """Make derivatives of stub files; `description` is false for none."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}" if path.suffix == ".json" else "x")
    if description is not False:
        about = description or {"Name": "fMRIPrep", "BIDSVersion": "1.9.0"}
        (root / "dataset_description.json").write_text(json.dumps(about))
    return root


def raw_tree(root: Path, task: str = "rest") -> Path:
    sidecar = {f"task-{task}_bold.json": {"RepetitionTime": 2.0}}
    about = {"dataset_description.json": {"Name": "raw", "BIDSVersion": "1.9.0"}}
    root.mkdir(exist_ok=True)
    for name, content in {**sidecar, **about}.items():
        (root / name).write_text(json.dumps(content))
    return root


def find(
    tmp_path: Path, study: StudySpec = REST, *, database: bool = False, **derivatives: Path
) -> tuple[tuple[RunInputs, ...], tuple[Missing, ...]]:
    task = study.rest.task if study.rest else "rest"
    (session,) = find_sessions(
        bids_dir=raw_tree(tmp_path / "raw", task),
        derivatives=derivatives,
        study=study,
        participant_labels=None,
        session_labels=None,
        task_labels=None,
        filters=None,
        database_dir=tmp_path / "database" if database else None,
    )
    return session.runs, session.missing


def of(study: StudySpec, *, regions: RegionsSpec | None = None, **inputs: Any) -> StudySpec:
    changed = replace(study.inputs, **inputs)
    return replace(study, inputs=changed, regions=regions or study.regions)


def chosen_names(run: RunInputs) -> dict[str, str | None]:
    paths = {
        "bold": run.bold,
        "mask": run.mask,
        "confounds": run.confounds,
        "aseg": run.aseg,
        "mixing": run.aroma_mixing,
        "noise": run.aroma_noise,
    }
    return {
        kind: path and path.name.removeprefix("sub-01_task-rest_")
        for kind, path in paths.items()
        if path is not None
    }


STEM = "sub-01/func/sub-01_task-rest"
OLD_TREE = [
    "sub-01/anat/sub-01_T1w_label-aseg_roi.nii.gz",
    "sub-01/anat/sub-01_T1w_space-MNI152NLin2009cAsym_brainmask.nii.gz",
    *(f"{STEM}_bold_{MNI}_{what}.nii.gz" for what in ("preproc", "brainmask")),
    f"{STEM}_bold_{MNI}_variant-smoothAROMAnonaggr_preproc.nii.gz",
    f"{STEM}_bold_{MNI}_variant-AROMAnonaggr_preproc.nii.gz",
    *(f"{STEM}_bold_space-T1w_{what}.nii.gz" for what in ("preproc", "brainmask")),
    f"{STEM}_bold_space-T1w_label-aseg_roi.nii.gz",
    f"{STEM}_bold_space-T1w_label-aparcaseg_roi.nii.gz",
    f"{STEM}_bold_space-fsaverage5.L.func.gii",
    f"{STEM}_bold_confounds.tsv",
    f"{STEM}_bold_AROMAnoiseICs.csv",
    f"{STEM}_bold_MELODICmix.tsv",
]
OLD_FILES = {
    "confounds": "bold_confounds.tsv",
    "mixing": "bold_MELODICmix.tsv",
    "noise": "bold_AROMAnoiseICs.csv",
}


def test_a_tree_of_1_0_without_description(tmp_path: Path) -> None:
    fmriprep = tree(tmp_path / "old", OLD_TREE, description=False)
    (run,), missing = find(tmp_path, fmriprep=fmriprep)
    assert missing == ()
    assert run.description == "smoothAROMAnonaggr"
    assert chosen_names(run) == {
        "bold": f"bold_{MNI}_variant-smoothAROMAnonaggr_preproc.nii.gz",
        "mask": f"bold_{MNI}_brainmask.nii.gz",
        "confounds": "bold_confounds.tsv",
    }
    assert (run.t_r, run.space, run.entities) == (2.0, "MNI152NLin2009cAsym", ())
    assert (run.smoothed, run.stated_fwhm, run.aroma_denoised) == (True, 6.0, True)
    # The series is denoised already: its components are not asked for.
    asking = of(REST, aroma="nonaggressive")
    assert find(tmp_path, asking, fmriprep=fmriprep) == ((run,), ())


def test_the_own_segmentation_of_1_1_is_there_in_t1w_space_only(tmp_path: Path) -> None:
    about = {"Name": "fMRIPrep output", "BIDSVersion": "1.1.1", "PipelineDescription": {}}
    fmriprep = tree(tmp_path / "old", OLD_TREE, description=about)
    plain = of(REST, regions=OWN, bold_descriptions=("preproc",), aroma="nonaggressive")
    (run,), missing = find(tmp_path, plain, fmriprep=fmriprep)
    assert run.aseg is None
    reason = f"expected {STEM}_{MNI}_desc-aseg_dseg.nii.gz in fmriprep"
    assert missing == (Missing("rest: aseg", reason),)
    (run,), missing = find(tmp_path, of(plain, space="T1w"), fmriprep=fmriprep)
    assert missing == ()
    assert chosen_names(run) == {
        "bold": "bold_space-T1w_preproc.nii.gz",
        "mask": "bold_space-T1w_brainmask.nii.gz",
        "aseg": "bold_space-T1w_label-aseg_roi.nii.gz",
        **OLD_FILES,
    }
    assert run.aseg in run.files
    # A pybids database of the whole dataset knows the old names too.
    (indexed,), _ = find(tmp_path, of(plain, space="T1w"), database=True, fmriprep=fmriprep)
    assert indexed == run
    (fmriprep / f"{STEM}_bold_space-T1w_label-aseg_roi.nii.gz").unlink()
    (run,), _ = find(tmp_path, of(plain, space="T1w"), fmriprep=fmriprep)
    assert run.aseg == fmriprep / "sub-01/anat/sub-01_T1w_label-aseg_roi.nii.gz"


@pytest.mark.parametrize("confounds", ["regressors", "timeseries"])
def test_a_tree_since_1_2(tmp_path: Path, confounds: str) -> None:
    fmriprep = tree(
        tmp_path / "new",
        [
            "sub-01/anat/sub-01_desc-aseg_dseg.nii.gz",
            *(f"{STEM}_{MNI}_desc-{what}.nii.gz" for what in ("preproc_bold", "brain_mask")),
            *(f"{STEM}_{MNI}_desc-{what}_dseg.nii.gz" for what in ("aseg", "aparcaseg")),
            f"{STEM}_{SIX}_desc-smoothAROMAnonaggr_bold.nii.gz",
            f"{STEM}_space-fsaverage5_hemi-L.func.gii",
            f"{STEM}_desc-confounds_{confounds}.tsv",
            f"{STEM}_AROMAnoiseICs.csv",
            f"{STEM}_desc-MELODIC_mixing.tsv",
        ],
    )
    asking = of(REST, regions=OWN, aroma="nonaggressive")
    (run,), missing = find(tmp_path, asking, fmriprep=fmriprep)
    reason = "is in MNI152NLin6Asym, the study reads MNI152NLin2009cAsym; preproc is used"
    assert missing == (Missing("rest: smoothAROMAnonaggr", reason),)
    assert chosen_names(run) == {
        "bold": f"{MNI}_desc-preproc_bold.nii.gz",
        "mask": f"{MNI}_desc-brain_mask.nii.gz",
        "confounds": f"desc-confounds_{confounds}.tsv",
        "aseg": f"{MNI}_desc-aseg_dseg.nii.gz",
        "mixing": "desc-MELODIC_mixing.tsv",
        "noise": "AROMAnoiseICs.csv",
    }
    assert run.aroma_mixing in run.files
    assert run.aroma_noise in run.files
    assert (run.smoothed, run.aroma_denoised) == (False, True)
    (plain,), _ = find(tmp_path, of(REST, regions=OWN), fmriprep=fmriprep)
    assert plain == replace(run, aroma_mixing=None, aroma_noise=None)
    assert not plain.aroma_denoised


def test_the_smoothed_aroma_series_takes_the_mask_of_its_grid(tmp_path: Path) -> None:
    """fMRIPrep 20 to 23.0 leave `res-2` out of its name and write no mask for it alone."""
    series = f"{STEM}_{SIX}_desc-smoothAROMAnonaggr_bold.nii.gz"
    fmriprep = tree(tmp_path / "new", [series, f"{STEM}_desc-confounds_timeseries.tsv"])
    six = of(REST, space="MNI152NLin6Asym")
    runs, missing = find(tmp_path, six, fmriprep=fmriprep)
    reason = f"expected {STEM}_{SIX}_desc-brain_mask.nii.gz in fmriprep"
    assert (runs, missing) == ((), (Missing("rest: mask", reason),))
    tree(fmriprep, [f"{STEM}_{SIX}_res-{res}_desc-brain_mask.nii.gz" for res in ("1", "02")])
    (run,), missing = find(tmp_path, six, fmriprep=fmriprep)
    assert missing == ()
    assert run.bold == fmriprep / series
    assert run.mask is not None
    assert run.mask.name.endswith(f"{SIX}_res-02_desc-brain_mask.nii.gz")


def test_a_tree_of_fmripost_aroma_beside_fmriprep(tmp_path: Path) -> None:
    """Names of the app's own test of its outputs."""
    grid = f"{SIX}_res-2"
    fmriprep = tree(
        tmp_path / "fmriprep",
        [
            *(f"{STEM}_{grid}_desc-{what}.nii.gz" for what in ("preproc_bold", "brain_mask")),
            f"{STEM}_desc-confounds_timeseries.tsv",
        ],
    )
    aroma = tree(
        tmp_path / "aroma",
        [
            f"{STEM}_desc-aroma_metrics.tsv",
            f"{STEM}_desc-aroma_timeseries.tsv",
            *(f"{STEM}_{grid}_desc-{kind}Denoised_bold.nii.gz" for kind in ("aggr", "nonaggr")),
            f"{STEM}_{grid}_desc-melodic_mixing.tsv",
            f"{STEM}_{grid}_thresh-0p5_desc-melodic_components.nii.gz",
        ],
    )
    six = of(
        REST,
        space="MNI152NLin6Asym",
        bold_descriptions=("nonaggrDenoised", "preproc"),
        aroma="nonaggressive",
    )
    both = {"aroma": aroma, "fmriprep": fmriprep}
    files = {
        "mask": f"{grid}_desc-brain_mask.nii.gz",
        "confounds": "desc-confounds_timeseries.tsv",
    }
    components = {
        "mixing": f"{grid}_desc-melodic_mixing.tsv",
        "noise": "desc-aroma_metrics.tsv",
    }
    for derivatives in (both, dict(reversed(both.items()))):
        (run,), missing = find(tmp_path, six, **derivatives)
        assert (run.description, missing) == ("nonaggrDenoised", ())
        assert chosen_names(run) == {**files, "bold": f"{grid}_desc-nonaggrDenoised_bold.nii.gz"}
        assert is_aroma_denoised(run.description)
        assert (run.smoothed, run.denoised_here, run.aroma_denoised) == (False, False, True)
    # A study that does not name it reads the plain series and denoises it here.
    (run,), _ = find(tmp_path, of(six, bold_descriptions=("preproc",)), **both)
    bold = {"bold": f"{grid}_desc-preproc_bold.nii.gz"}
    assert chosen_names(run) == {**files, **components, **bold}
    assert run.denoised_here


def test_components_of_two_decompositions_are_never_put_together(tmp_path: Path) -> None:
    base = [f"{STEM}_{MNI}_desc-{what}.nii.gz" for what in ("preproc_bold", "brain_mask")]
    fmriprep = tree(tmp_path / "a", [*base, f"{STEM}_desc-confounds_timeseries.tsv"])
    tree(fmriprep, [f"{STEM}_AROMAnoiseICs.csv"])
    other = tree(tmp_path / "b", [f"{STEM}_{SIX}_res-2_desc-melodic_mixing.tsv"])
    asking = of(REST, aroma="nonaggressive")
    (run,), missing = find(tmp_path, asking, fmriprep=fmriprep, aroma=other)
    assert (run.aroma_mixing, run.aroma_noise, missing) == (None, None, ())
    reason = "not denoised with ICA-AROMA: there is no MELODIC mixing matrix"
    assert run.notes == (reason,)
    (run,), _ = find(tmp_path, fmriprep=fmriprep, aroma=other)
    assert run.notes == ()


def test_components_that_cannot_be_used_leave_the_run_out(tmp_path: Path) -> None:
    """The study asks for denoising, and there would be another result without."""
    base = [f"{STEM}_{MNI}_desc-{what}.nii.gz" for what in ("preproc_bold", "brain_mask")]
    fmriprep = tree(tmp_path / "a", [*base, f"{STEM}_desc-confounds_timeseries.tsv"])
    tree(fmriprep, [f"{STEM}_AROMAnoiseICs.csv", f"{STEM}_desc-MELODIC_mixing.tsv"])
    (fmriprep / f"{STEM}_desc-MELODIC_mixing.tsv").write_bytes(b"")
    runs, missing = find(tmp_path, of(REST, aroma="nonaggressive"), fmriprep=fmriprep)
    reason = "sub-01_task-rest_desc-MELODIC_mixing.tsv is empty (0 bytes)"
    assert runs == ()
    assert [each.what for each in missing] == ["rest: ICA-AROMA"]
    assert missing[0].reason.endswith(reason)
    runs, missing = find(tmp_path, fmriprep=fmriprep)
    assert (len(runs), missing) == (1, ())


def test_a_series_without_space_is_never_taken_for_a_template(tmp_path: Path) -> None:
    fmriprep = tree(
        tmp_path / "native",
        [
            f"{STEM}_desc-preproc_bold.nii.gz",
            f"{STEM}_desc-brain_mask.nii.gz",
            f"{STEM}_space-boldref_desc-preproc_bold.nii.gz",
            f"{STEM}_space-fsLR_den-91k_bold.dtseries.nii",
            f"{STEM}_space-fsLR_den-91k_bold.json",
            f"{STEM}_desc-confounds_timeseries.tsv",
        ],
    )
    runs, missing = find(tmp_path, fmriprep=fmriprep)
    assert runs == ()
    assert missing == (
        Missing(
            "rest: bold",
            f"expected {STEM}_{MNI}_desc-preproc_bold.nii.gz in fmriprep; there are "
            "desc-preproc, space-boldref_desc-preproc; there is a CIFTI series: set inputs.space "
            "to fsLR to read it",
        ),
    )


def test_resolution_native_and_cohorts(tmp_path: Path) -> None:
    grids = ["space-MNIPediatricAsym_cohort-1", "space-MNI152NLin2009cAsym_res-native"]
    names = [
        f"{STEM}_{grid}_desc-{what}.nii.gz"
        for grid in grids
        for what in ("preproc_bold", "brain_mask")
    ]
    fmriprep = tree(tmp_path / "f", [*names, f"{STEM}_desc-confounds_timeseries.tsv"])
    (run,), _ = find(tmp_path, fmriprep=fmriprep)
    assert chosen_names(run)["mask"] == f"{grids[1]}_desc-brain_mask.nii.gz"
    (run,), _ = find(tmp_path, of(REST, resolution="native"), fmriprep=fmriprep)
    assert chosen_names(run)["bold"] == f"{grids[1]}_desc-preproc_bold.nii.gz"
    (run,), _ = find(tmp_path, of(REST, space="MNIPediatricAsym"), fmriprep=fmriprep)
    assert chosen_names(run)["mask"] == f"{grids[0]}_desc-brain_mask.nii.gz"
    runs, missing = find(tmp_path, of(REST, space="MNIInfant"), fmriprep=fmriprep)
    assert runs == ()
    assert missing[0].reason.endswith(
        "there are space-MNI152NLin2009cAsym_res-native_desc-preproc, "
        "space-MNIPediatricAsym_cohort-1_desc-preproc"
    )


# --- real trees ----------------------------------------------------------------------------------


def published(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the reference data `{name}` are not beside the repository")
    return folder


def test_the_tree_of_ds000001(tmp_path: Path) -> None:
    folder = published("fmriprep-confounds-versions") / "bids-examples" / "ds000001-fmriprep"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("sub-10/*/*.*")]
    about = json.loads((folder / "dataset_description.json").read_text())
    fmriprep = tree(tmp_path / "f", names, description=about)
    rest = replace(REST, rest=RestSpec(task="balloonanalogrisktask"))
    study = of(rest, regions=OWN, aroma="nonaggressive")
    runs, missing = find(tmp_path, study, fmriprep=fmriprep)
    assert [run.run for run in runs] == ["1", "2", "3"]
    for run in runs:
        stem = f"sub-10_task-balloonanalogrisktask_run-{run.run}"
        grid = f"{stem}_{MNI}_res-2"
        assert [path.name for path in run.files] == [
            f"{grid}_desc-preproc_bold.nii.gz",
            f"{grid}_desc-brain_mask.nii.gz",
            f"{stem}_desc-confounds_timeseries.tsv",
            f"{grid}_desc-aseg_dseg.nii.gz",
            f"{stem}_desc-MELODIC_mixing.tsv",
            f"{stem}_AROMAnoiseICs.csv",
        ]
        assert run.aroma_mixing == fmriprep / f"sub-10/func/{stem}_desc-MELODIC_mixing.tsv"
        assert run.aroma_noise == fmriprep / f"sub-10/func/{stem}_AROMAnoiseICs.csv"
    assert [each.what for each in missing] == ["balloonanalogrisktask: smoothAROMAnonaggr"] * 3


def test_the_tree_of_ds000108(tmp_path: Path) -> None:
    folder = published("fmriprep-21.0.2-sidecars-ds000108")
    names = (folder / "file_list_sub-01.txt").read_text().split()
    fmriprep = tree(tmp_path / "f", [name for name in names if "/" in name])
    for path in folder.glob("sub-01/func/*.json"):
        (fmriprep / path.relative_to(folder)).write_bytes(path.read_bytes())
    rest = replace(REST, rest=RestSpec(task="Emotionregulation"))
    study = of(rest, regions=OWN, aroma="nonaggressive")
    runs, missing = find(tmp_path, study, fmriprep=fmriprep)
    assert len(runs) == len(missing) == 6
    reason = "is in MNI152NLin6Asym, the study reads MNI152NLin2009cAsym; preproc is used"
    assert {each.reason for each in missing} == {reason}
    stem = "sub-01_task-Emotionregulation_run-1"
    grid = f"{stem}_{MNI}_res-2"
    expected = [
        f"{grid}_desc-preproc_bold.nii.gz",
        f"{grid}_desc-brain_mask.nii.gz",
        f"{stem}_desc-confounds_timeseries.tsv",
        f"{grid}_desc-aseg_dseg.nii.gz",
        f"{stem}_desc-MELODIC_mixing.tsv",
        f"{stem}_AROMAnoiseICs.csv",
    ]
    assert [path.name for path in runs[0].files] == expected
    # Its own sidecars: the volume's, not those of the CIFTI and surface twins.
    assert (runs[0].t_r, runs[0].start_time, runs[0].slice_timing_corrected) == (2.0, None, False)
    assert runs[0].aroma_noise is not None
    assert runs[0].aroma_noise.name == f"{stem}_AROMAnoiseICs.csv"
    (run, *_), missing = find(tmp_path, of(study, space="T1w"), fmriprep=fmriprep)
    assert [path.name for path in run.files] == [
        name.replace(f"{MNI}_res-2", "space-T1w") for name in expected
    ]
    runs, missing = find(tmp_path, of(study, space="MNI152NLin6Asym"), fmriprep=fmriprep)
    assert runs == ()
    masks = [each for each in missing if each.what.endswith(": mask")]
    assert len(masks) == 6
    assert masks[0].reason == (
        f"expected sub-01/func/{stem}_{SIX}_desc-brain_mask.nii.gz in fmriprep"
    )
    runs, missing = find(tmp_path, of(study, space="fsLR"), fmriprep=fmriprep)
    assert runs == ()
    assert missing[0].what == "Emotionregulation: ICA-AROMA"
    assert missing[0].reason == (
        "noise components are taken out of volumes, not of CIFTI: set inputs.aroma to none"
    )
    study = of(study, space="fsLR", aroma="none")
    runs, missing = find(tmp_path, study, fmriprep=fmriprep)
    assert len(runs) == 6
    assert [path.name for path in runs[0].files] == [
        f"{stem}_space-fsLR_den-91k_bold.dtseries.nii",
        f"{stem}_desc-confounds_timeseries.tsv",
    ]
    assert (runs[0].is_grayordinates, runs[0].mask, runs[0].t_r) == (True, None, 2.0)
    assert {each.what for each in missing} == {"Emotionregulation: aseg"}
    assert missing[0].reason.startswith(
        f"expected sub-01/func/{stem}_space-MNI152NLin6Asym_desc-aseg_dseg.nii.gz in fmriprep"
    )
