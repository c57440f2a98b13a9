"""Every real table, sidecar and image passes or is refused with the sentence that fits."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace as Rule

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml

from bids_ketamine.cli.run import main
from bids_ketamine.core.events import model_events
from bids_ketamine.core.glm.estimability import contrast_matrix
from bids_ketamine.dataset.outcomes import outcome_scores
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.dataset.tables import read_events, read_timeseries
from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from tests.designs import MICROTIME, build
from tests.integration import trees
from tests.integration.real_tables import READERS, REAL, SUFFIXES, Real, markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "inputs.md"
DIALECTS = trees.SHARED / "events-dialects"

here = pytest.mark.skipif(
    not trees.SHARED.is_dir(), reason="the real data (../shared/data) are not here"
)
CASES = [
    pytest.param(real, path, id=f"{path.parent.name}/{path.name}")
    for real in REAL
    for path in sorted((trees.SHARED / real.folder).glob(real.files))
]


def test_the_documentation_carries_the_table():
    assert markdown() in DOCUMENT.read_text(encoding="utf-8")


@here
@pytest.mark.parametrize(("real", "path"), CASES)
def test_a_real_file(real: Real, path: Path):
    read = READERS[real.kind]
    if not real.refused:
        np.testing.assert_equal(read(path), real.expected(path))
        return
    with pytest.raises(BidsKetamineError) as error:
        read(path)
    told = f"{error.value.message} {error.value.cure or ''}"
    assert told.startswith(real.refused.replace("{name}", path.name))
    assert error.value.path == path


@here
def test_no_real_file_is_left_out():
    known: set[Path] = set()
    for real in REAL:
        found = set((trees.SHARED / real.folder).glob(real.files))
        assert len(found) == real.count, (real.folder, real.files)
        known |= found
    for folder in {real.folder.split("/")[0] for real in REAL}:
        for path in (trees.SHARED / folder).rglob("*"):
            if path.name.endswith(SUFFIXES):
                assert path in known, path


def condition(name, *trial_type, blocks=False):
    return Rule(
        name=name,
        trial_type=trial_type,
        duration=None,
        blocks=blocks,
        longest_gap=10.0,
        modulators=(),
    )


def study(folder, **sections):
    path = folder / "study.yml"
    content = {"name": "real", "sessions": {"only": {"unlabelled": True}}, **sections}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def find(bids, spec):
    return find_sessions(
        bids_dir=bids,
        derivatives={"fmriprep": bids / "derivatives" / "fmriprep"},
        study=spec,
        participant_labels=None,
        session_labels=None,
        task_labels=None,
        filters=None,
        database_dir=None,
    )


SPHERES = {
    "atlas": "spheres",
    "definitions": {
        "left": {"spheres": [[-25, 0, 0]], "radius": 12},
        "right": {"spheres": [[25, 0, 0]], "radius": 12},
    },
}
FACES = {
    "conditions": {
        "faces": {"trial_type": ["happy", "sad", "angry", "neutral"]},
        "scrambled": {},
    },
    "contrasts": {"facesGtScrambled": {"weights": "faces / 4 - scrambled"}},
}


@here
def test_ds003548_events_at_the_root_give_five_designs(tmp_path):
    bids = trees.emotional_faces(tmp_path)
    spec = load_study(
        str(
            study(
                tmp_path,
                regions=SPHERES,
                tasks={"faces": {"task": "emotionalfaces", **FACES}},
                glm={"confounds": {"columns": [], "compcor_components": 0, "outliers": None,
                                   "non_steady_state": False}},
            )
        )
    ).spec  # fmt: skip
    (session,) = find(bids, spec)
    assert [run.events.name for run in session.runs] == [
        f"task-emotionalfaces_run-{run}_events.tsv" for run in range(1, 6)
    ]
    assert {run.events.parent for run in session.runs} == {bids}
    (task,) = spec.tasks
    for run in session.runs:
        modelled = model_events(
            read_events(run.events, required=[task.trial_type_column]),
            trial_type_column=task.trial_type_column,
            conditions=task.conditions,
            error_trials=None,
            scan_duration=185 * run.t_r,
        )
        assert modelled.dropped == ("trial types in no condition: blank (2), end (1)",)
        counts = modelled.table["trial_type"].value_counts().to_dict()
        assert counts == {"faces": 8, "scrambled": 2}
        assert set(modelled.table["duration"]) == {30.0}
        design = build(modelled.table, n_scans=185, t_r=run.t_r, high_pass_period=256.0)
        weights, reason = contrast_matrix(task.contrasts[0].rows, design)
        assert weights is not None, reason
    assert session.runs[0].t_r == 2.0
    first = read_events(session.runs[0].events)
    assert first["onset"][first["trial_type"] == "happy"].tolist()[0] == 60.0


@here
def test_ds003548_runs_without_a_repetition_time_are_left_out(tmp_path):
    bids = trees.emotional_faces(tmp_path, t_r=None)
    spec = load_study(
        str(study(tmp_path, regions=SPHERES, tasks={"faces": {"task": "emotionalfaces", **FACES}},
                  glm={"confounds": {"columns": [], "compcor_components": 0, "outliers": None,
                                     "non_steady_state": False}}))
    ).spec  # fmt: skip
    (session,) = find(bids, spec)
    assert [run.run for run in session.runs] == ["1"]
    assert session.runs[0].t_r == 2.0
    reasons = [each.reason for each in session.missing]
    assert len(reasons) == 4
    assert all("states RepetitionTime" in reason for reason in reasons)


@here
@pytest.mark.parametrize("changed", [{}, MICROTIME], ids=["nilearn", "spm"])
def test_ds000144_design_agrees_with_that_of_fitlins(changed):
    path = (
        DIALECTS / "ds000144" / "sub-20" / "func" / "sub-20_task-emotionalfaces_run-01_events.tsv"
    )
    modelled = model_events(
        read_events(path, required=["stim_emotion"]),
        trial_type_column="stim_emotion",
        conditions=[condition("angry"), condition("fearful")],
        error_trials=None,
        scan_duration=336.0,
    )
    assert modelled.dropped == ()
    design = build(modelled.table, n_scans=168, t_r=2.0, **changed).matrix
    folder = DIALECTS / "fitlins-design-matrix-ds000144"
    fitlins = read_timeseries(folder / "ds000144_task-emotionalfaces_design-matrix.tsv")
    for name in ("angry", "fearful"):
        theirs = fitlins[f"trial_type.{name}"]
        assert np.corrcoef(design[name], theirs)[0, 1] > 0.995
        # Another time of the volumes fits worse: the origin of time is the same.
        for shift in (-1, 1):
            assert np.corrcoef(np.roll(design[name], shift), theirs)[0, 1] < 0.97


@here
@pytest.mark.parametrize(
    ("participant", "wrong", "missed", "rows"), [("001", 10, 2, 120), ("003", 6, 2, 119)]
)
def test_ds000164_errors_and_misses_leave_their_condition(participant, wrong, missed, rows):
    path = DIALECTS / "ds000164" / f"sub-{participant}" / "func"
    events = read_events(path / f"sub-{participant}_task-stroop_events.tsv", required=["condition"])
    assert len(events) == rows
    names = ("congruent", "incongruent", "neutral")
    modelled = model_events(
        events,
        trial_type_column="condition",
        conditions=[condition(name) for name in names],
        error_trials=Rule(
            column="correct",
            correct=("Y",),
            response_time_column="response_time",
            delay_if_no_response=1.25,
            not_applicable=(),
            remove_from_conditions=True,
        ),
        scan_duration=540.0,
    )
    assert modelled.n_errors == wrong
    counts = modelled.table["trial_type"].value_counts()
    assert counts.sum() == rows
    errors = modelled.table.loc[modelled.table["trial_type"] == "error_trials", "onset"]
    no_answer = events.loc[(events["correct"] == "N") & (events["response_time"] == 0), "onset"]
    assert len(no_answer) == missed
    assert set((no_answer + 1.25).round(6)) <= set(errors.round(6))
    design = build(modelled.table, n_scans=360, t_r=1.5)
    weights, reason = contrast_matrix([{"incongruent": 1.0, "congruent": -1.0}], design)
    assert weights is not None, reason


@here
def test_ds003007_wide_scores_with_windows_line_ends(tmp_path):
    path = study(
        tmp_path,
        sessions={"pre": {}, "post": {}},
        changes={"change": {"first": "pre", "second": "post"}},
        outcomes={"bdi": {"columns": {"pre": "BDI_ses-pre", "post": "BDI_ses-post"}}},
    )
    table = outcome_scores(trees.SHARED / "depression-ds003007", load_study(str(path)).spec)
    table = table.set_index("participant_id")
    assert len(table) == 29
    assert table.loc["sub-01", ["first", "second", "improvement"]].tolist() == [14.0, 10.0, 4.0]
    assert table.loc["sub-02", "reason"] == "`BDI_ses-pre` of sub-02 is n/a in participants.tsv"


@here
def test_ds005917_long_scores_of_a_crossover(tmp_path):
    first = {"column": "infusion_1", "labels": {"d": "d2", "p": "p2"}}
    path = study(
        tmp_path,
        sessions={"baseline": {"label": "b0"}, "first": first},
        changes={"change": {"first": "baseline", "second": "first"}},
        outcomes={"madrs": {"table": "phenotype", "column": "MADRS_Total"}},
    )
    table = outcome_scores(trees.SHARED / "ketamine-moa-ds005917", load_study(str(path)).spec)
    table = table.set_index("participant_id")
    # Ketamine came first for this participant: 35 before, 24 two days after.
    assert table.loc["sub-MOA101", ["first", "second", "improvement"]].tolist() == [35, 24, 11]


def measures(output, participant):
    folder = output / f"sub-{participant}"
    table = read_table(folder / f"sub-{participant}_measures.tsv", text=("reason",))
    return table.iloc[0], json.loads((folder / f"sub-{participant}_measures.json").read_text())


NOTHING = {"columns": [], "compcor_components": 0, "outliers": None, "non_steady_state": False,
           "motion_without_aroma": "none"}  # fmt: skip


@here
def test_a_series_that_does_not_say_where_it_is_spoils_its_session_alone(tmp_path, capsys):
    bids = trees.short_runs(tmp_path)
    path = study(
        tmp_path,
        inputs={"space": "scanner", "smoothing_fwhm": None},
        regions=SPHERES,
        rest={"task": "rest", "confounds": NOTHING},
    )
    output = tmp_path / "output"
    only = ["--participant-label", "ds003", "--nprocs", "1"]
    run = [str(bids), str(output), "participant", "--study", str(path), "-w", str(tmp_path / "w")]
    assert main([*run, *only]) == 65
    told = " ".join(capsys.readouterr().err.split())
    assert "The header does not say where the image is in space" in told


@here
def test_short_runs_beside_untidy_folders_give_a_reason(tmp_path):
    bids = trees.short_runs(tmp_path, placed=("ds003",))
    assert len(list((bids / "sub-001" / "fmap").iterdir())) == 12
    path = study(
        tmp_path,
        inputs={"space": "scanner", "smoothing_fwhm": None},
        regions=SPHERES,
        rest={"task": "rest", "confounds": NOTHING},
    )
    output = tmp_path / "output"
    only = ["--participant-label", "001", "ds003", "--nprocs", "1"]
    run = [str(bids), str(output), "participant", "--study", str(path), "-w", str(tmp_path / "w")]
    assert main([*run, *only]) == 0
    for participant in ("001", "ds003"):
        row, sidecar = measures(output, participant)
        assert row["n_volumes"] == 20
        assert np.isnan(row["value"])
        assert row["reason"].endswith("residual degrees of freedom, fewer than 20")
    assert sidecar["Runs"][0]["RepetitionTime"] == 2.0
    assert measures(output, "001")[1]["Runs"][0]["RepetitionTime"] == 2.52


@here
def test_forty_volumes_without_a_filter_give_the_plain_correlation(tmp_path):
    bids = trees.short_runs(tmp_path)
    centres = {"one": [86.0, -48.0, -66.0], "two": [88.0, -48.0, -50.0]}
    path = study(
        tmp_path,
        inputs={"space": "scanner", "smoothing_fwhm": None},
        regions={
            "atlas": "spheres",
            "definitions": {
                name: {"spheres": [centre], "radius": 5} for name, centre in centres.items()
            },
        },
        rest={"task": "rest", "band_pass": None, "confounds": NOTHING},
    )
    output = tmp_path / "output"
    run = [str(bids), str(output), "participant", "--study", str(path), "-w", str(tmp_path / "w")]
    assert main([*run, "--participant-label", "nitime", "--nprocs", "1"]) == 0
    row, _ = measures(output, "nitime")
    folder = bids / "derivatives" / "fmriprep" / "sub-nitime" / "func"
    image = nib.load(folder / "sub-nitime_task-rest_space-scanner_desc-preproc_bold.nii.gz")
    mask = nib.load(folder / "sub-nitime_task-rest_space-scanner_desc-brain_mask.nii.gz")
    places = nib.affines.apply_affine(
        image.affine, np.moveaxis(np.indices(image.shape[:3]), 0, -1).astype(float)
    )
    brain, data = np.asarray(mask.dataobj) > 0, np.asarray(image.dataobj, dtype=np.float64)
    series = [
        data[brain & (np.linalg.norm(places - centre, axis=-1) <= 5.0)].mean(axis=0)
        for centre in centres.values()
    ]
    assert row["value"] == pytest.approx(np.arctanh(np.corrcoef(series)[0, 1]), abs=1e-4)


@here
def test_the_series_of_a_csv_made_tabs_give_their_correlation(tmp_path):
    bids = trees.nitime_series(tmp_path)
    path = study(
        tmp_path,
        inputs={"timeseries_atlas": "nitime"},
        regions={
            "atlas": "nitime",
            "definitions": {
                "amygdala": {"columns": ["LAmy", "RAmy"]},
                "hippocampus": {"columns": ["LHip", "RHip"]},
            },
        },
        rest={"task": "rest"},
    )
    output = tmp_path / "output"
    run = [str(bids), str(output), "participant", "--study", str(path), "-w", str(tmp_path / "w")]
    xcpd = f"xcpd={bids / 'derivatives' / 'xcpd'}"
    assert main([*run, "-d", xcpd, "--nprocs", "1"]) == 0
    row, _ = measures(output, "01")
    table = pd.read_csv(trees.SHARED / "nitime-fmri" / "fmri_timeseries.csv")
    pair = [table[["LAmy", "RAmy"]].mean(axis=1), table[["LHip", "RHip"]].mean(axis=1)]
    assert len(table) == row["n_volumes"] == 250
    assert row["value"] == pytest.approx(np.arctanh(np.corrcoef(pair)[0, 1]), abs=1e-8)
