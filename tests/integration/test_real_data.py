"""Real data through the real command line; skipped where they are not at hand."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
import yaml

from bids_ketamine.cli.run import main
from bids_ketamine.core.events import model_events
from bids_ketamine.core.glm.estimability import contrast_matrix
from bids_ketamine.core.nuisance import select_nuisance
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.dataset.tables import read_confounds, read_events, read_json
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from tests.designs import MICROTIME, build
from tests.integration import trees

pytestmark = pytest.mark.skipif(
    not trees.SHARED.is_dir(), reason="the real data (../shared/data) are not here"
)

NO_CONFOUNDS = {
    "columns": [],
    "compcor_components": 0,
    "outliers": None,
    "non_steady_state": False,
}


def study_file(folder, content):
    path = folder / "study.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return str(path)


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize("noise_model", ["ar1", "spm"])
def test_haxby_six_runs_face_against_house(tmp_path, noise_model):
    bids = trees.haxby(tmp_path)
    masks = trees.SHARED / "haxby2001-lowres" / "sub-001" / "masks"
    conditions = ["face", "house", "cat", "shoe", "scissors", "bottle", "chair", "scrambledpix"]
    study = {
        "name": "haxby",
        "inputs": {"space": "scanner", "smoothing_fwhm": None},
        "sessions": {"only": {"unlabelled": True}},
        "regions": {
            "atlas": "masks",
            "definitions": {
                "gray": {"mask": str(masks / "sub-001_res-25mm_label-gray_mask.nii.gz")},
                "slice": {"spheres": [[0, 0, 0]], "radius": 200},
            },
        },
        "tasks": {
            "objects": {
                "task": "objectviewing",
                "conditions": {name: {} for name in conditions},
                "contrasts": {
                    "faceGtHouse": {"weights": "face - house"},
                    "objectsGtScrambled": {
                        "weights": "(face + house + cat + shoe + scissors + bottle + chair) / 7"
                        " - scrambledpix"
                    },
                },
            }
        },
        "glm": {
            "noise_model": noise_model,
            "confounds": {
                "columns": [],
                "compcor_components": 0,
                "motion": "6",
                "outliers": {"framewise_displacement": 0.5, "std_dvars": None},
            },
        },
    }
    largest = {}
    for acq in ("25mm", "slice"):
        filters = tmp_path / f"{acq}.json"
        chosen = {"acquisition": acq}
        filters.write_text(json.dumps(dict.fromkeys(("bold", "mask", "confounds"), chosen)))
        output = tmp_path / f"output {acq}"
        code = run(
            bids, output, "participant", "--study", study_file(tmp_path, study),
            "--bids-filter-file", filters, "-w", tmp_path / f"work {acq}", "--nprocs", 1,
        )  # fmt: skip
        assert code == 0
        stem = f"sub-001_task-objectviewing_acq-{acq}_space-scanner_contrast-faceGtHouse"
        image = nib.load(output / "sub-001" / "func" / f"{stem}_stat-z_statmap.nii.gz")
        largest[acq] = float(np.abs(image.get_fdata()).max())
        measures = read_table(output / "sub-001" / "sub-001_measures.tsv")
        assert measures["n_volumes"].eq(6 * 121).all()
        sidecar = json.loads((output / "sub-001" / "sub-001_measures.json").read_text())
        assert len(sidecar["Runs"]) == 6
        assert sidecar["Runs"][0]["ReferenceTime"] == 1.25
    # Fine voxels separate faces from houses; voxels of 25 mm mix both, and still pass the
    # Bonferroni threshold of the brain's 129 voxels, 3.55.
    assert largest["slice"] > 6.0
    assert largest["25mm"] > 3.55


@pytest.mark.parametrize("noise_model", ["ar1", "spm"])
def test_localizer_audio_against_video_in_both_temporal_regions(tmp_path, noise_model):
    bids = trees.localizer(tmp_path)
    source = trees.SHARED / "pyhrf-localizer-subj0" / "sub-01" / "func"
    atlas = str(source / "sub-01_task-localizer_space-MNI_label-2regions_dseg.nii.gz")
    study = {
        "name": "localizer",
        "inputs": {"space": "MNI", "smoothing_fwhm": None},
        "sessions": {"only": {"unlabelled": True}},
        "regions": {
            "atlas": "temporal",
            "definitions": {
                "right": {"dseg": atlas, "labels": [1]},
                "left": {"dseg": atlas, "labels": [2]},
            },
        },
        "tasks": {
            "localizer": {
                "conditions": {"audio": {}, "video": {}},
                "contrasts": {"audioGtVideo": {"weights": "audio - video"}},
            }
        },
        "glm": {"noise_model": noise_model, "confounds": NO_CONFOUNDS},
    }
    output = tmp_path / "output"
    code = run(
        bids, output, "participant", "--study", study_file(tmp_path, study),
        "-w", tmp_path / "work", "--nprocs", 1,
    )  # fmt: skip
    assert code == 0
    stem = "sub-01_task-localizer_space-MNI_contrast-audioGtVideo_stat-t_statmap.nii.gz"
    t = nib.load(output / "sub-01" / "func" / stem).get_fdata()
    labels = np.asarray(nib.load(atlas).dataobj)
    assert t[labels == 1].max() > 7.0
    assert t[labels == 2].max() > 7.0
    measures = read_table(output / "sub-01" / "sub-01_measures.tsv").set_index("regions")
    assert (measures["value"] > 0).all()
    assert measures["mean_fd"].isna().all()


def test_every_real_face_matching_run_gives_an_estimable_design(tmp_path):
    bids = trees.aomic(tmp_path)
    study = load_study(
        study_file(
            tmp_path,
            {
                "extends": "norbury2021",
                "name": "aomic",
                "sessions": {"pre": None, "post": None, "only": {"unlabelled": True}},
                "changes": {"change": None},
                "outcomes": {"caps5": None, "madrs": None},
                "rest": None,
                "tasks": {
                    "stroop": None,
                    "faces": {
                        "task": "emomatching",
                        "conditions": {
                            "faces": {"trial_type": ["emotion"]},
                            "shapes": {"trial_type": ["control"]},
                        },
                        "error_trials": None,
                    },
                },
            },
        )
    ).spec
    sessions = find_sessions(
        bids_dir=bids,
        derivatives={"fmriprep": bids / "derivatives" / "fmriprep"},
        study=study,
        participant_labels=None,
        session_labels=None,
        task_labels=None,
        filters=None,
        database_dir=None,
    )
    assert len(sessions) == 110
    (task,) = study.tasks
    for session in sessions:
        (found,) = session.runs
        assert (found.t_r, found.entities) == (2.0, (("acq", "seq"),))
        events = read_events(found.events, required=[task.trial_type_column])
        assert len(events) == 48
        confounds = study.glm.confounds
        nuisance = select_nuisance(
            read_confounds(found.confounds, n_volumes=135),
            metadata=read_json(found.confounds.with_suffix(".json")),
            columns=confounds.columns,
            derivatives=False,
            compcor_mask="split",
            compcor_components=5,
            compcor_variance=None,
            motion="none",
            outliers=confounds.outliers,
            non_steady_state=True,
        )
        compcor = [name for name in nuisance.regressors if "comp_cor" in name]
        assert len(compcor) == 10
        numbers = [int(name[-3:].lstrip("_")) for name in compcor]
        # The first five of either mask, by number: fMRIPrep numbers each mask in a row.
        assert numbers[:5] == list(range(numbers[0], numbers[0] + 5))
        assert numbers[5:] == list(range(numbers[5], numbers[5] + 5))
        modelled = model_events(
            events,
            trial_type_column=task.trial_type_column,
            conditions=task.conditions,
            error_trials=None,
            scan_duration=270.0,
        )
        # Four blocks of six trials of either kind, as the task was built.
        assert modelled.table["trial_type"].value_counts().to_dict() == {"faces": 4, "shapes": 4}
        for changed in ({}, MICROTIME):
            design = build(modelled.table, nuisance.regressors, n_scans=135, t_r=2.0, **changed)
            weights, reason = contrast_matrix(task.contrasts[0].rows, design)
            assert weights is not None, reason
            assert np.linalg.matrix_rank(design.matrix) == design.matrix.shape[1]
            assert design.residual_df > 20
    worst = next(session for session in sessions if session.participant == "0052")
    table = read_confounds(worst.runs[0].confounds, n_volumes=135)
    assert (table["framewise_displacement"] > 0.5).sum() > 30


def test_crossover_sessions_come_from_columns_in_a_dry_run(tmp_path, capsys):
    bids = trees.ketamine_moa(tmp_path)
    study = {
        "name": "crossover",
        "sessions": {
            "baseline": {"label": "b0"},
            "first": {"column": "infusion_1", "labels": {"d": "d2", "p": "p2"}},
            "second": {"column": "infusion_2", "labels": {"d": "d2", "p": "p2"}},
        },
        "changes": {"change": {"first": "first", "second": "second"}},
        "regions": {
            "atlas": "spheres",
            "definitions": {
                "a": {"spheres": [[0, 50, 0]]},
                "b": {"spheres": [[0, -50, 20]]},
            },
        },
        "rest": {"task": "rest"},
    }
    code = run(
        bids, tmp_path / "output", "participant", "--study", study_file(tmp_path, study),
        "--dry-run", "--participant-label", "MOA101", "MOA102", "MOA103",
    )  # fmt: skip
    assert code == 0
    text = " ".join(capsys.readouterr().out.split())
    for participant, first, second in (("MOA101", "d2", "p2"), ("MOA102", "p2", "d2")):
        assert f"sub-{participant} first=ses-{first} rest FC ready" in text
        assert f"sub-{participant} second=ses-{second} rest FC ready" in text
    assert "sub-MOA103 first=ses-p2 rest FC ready" in text
    # The second infusion was never given to MOA103: no second session, and why.
    assert "sub-MOA103 second rest FC missing" in text
    assert "`infusion_2` of sub-MOA103 in participants.tsv is n/a" in text
    assert not (tmp_path / "output").exists()


def test_two_sessions_of_region_series_give_change_per_arm(tmp_path):
    bids = trees.stages(tmp_path)
    regions = {
        "hippocampus": ["aHIP-lh", "aHIP-rh"],
        "amygdala": ["lAMY-lh", "mAMY-lh", "lAMY-rh", "mAMY-rh"],
        "caudate": ["aCAU-lh", "aCAU-rh"],
        "thalamus": ["THA-DA-lh", "THA-DA-rh"],
    }
    study = {
        "name": "stages",
        "inputs": {"timeseries_atlas": "Schaefer300TianS2"},
        "sessions": {"pre": {"label": "1"}, "post": {"label": "2"}},
        "changes": {"change": {"first": "pre", "second": "post"}},
        "regions": {
            "atlas": "TianS2",
            "definitions": {name: {"columns": columns} for name, columns in regions.items()},
        },
        "rest": {"task": "rest"},
        "arms": {"column": "arm", "levels": ["placebo", "medication"]},
        "outcomes": {"bprs": {"change_column": "bprs_change_t4", "change": "change"}},
    }
    path = study_file(tmp_path, study)
    output = tmp_path / "output"
    xcpd = f"xcpd={bids / 'derivatives' / 'xcpd'}"
    assert run(bids, output, "participant", "--study", path, "-d", xcpd, "-w", tmp_path / "w") == 0
    assert run(bids, output, "group", "--study", path) == 0
    changes = read_table(output / "group" / "group_changes.tsv")
    assert changes.groupby("arm")["participant_id"].nunique().sum() >= 15
    tests = read_table(output / "group" / "group_tests.tsv")
    pair = tests[tests["regions"] == "hippocampus~amygdala"]
    # The same number from the time series alone.
    z = {}
    for series in sorted((bids / "derivatives" / "xcpd").glob("sub-*/ses-*/func/*.tsv.gz")):
        import pandas as pd

        table = pd.read_csv(series, sep="\t")
        mean = {name: table[columns].mean(axis=1) for name, columns in regions.items()}
        z[series.parts[-4], series.parts[-3]] = np.arctanh(
            np.corrcoef(mean["hippocampus"], mean["amygdala"])[0, 1]
        )
    participants = sorted({participant for participant, _ in z})
    difference = np.array([z[each, "ses-2"] - z[each, "ses-1"] for each in participants])
    paired = pair[(pair["test"] == "paired") & (pair["arm"] == "all")].iloc[0]
    kept = changes[changes["regions"] == "hippocampus~amygdala"].dropna(subset=["difference"])
    inside = [each in set(kept["participant_id"]) for each in participants]
    assert paired["n"] == sum(inside)
    assert paired["estimate"] == pytest.approx(difference[inside].mean(), abs=1e-8)
    group = json.loads((output / "group" / "group.json").read_text())
    assert "nothing" in group["MotionStep"]
