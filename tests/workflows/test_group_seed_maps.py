"""Group maps of seeds: means of means, paired differences, who is left out, both kinds of files."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.images.cifti_scalars import ScalarWriter
from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.outputs.collect import collect_outputs
from bids_ketamine.outputs.group_seed_tables import SEED_MAPS_COLUMNS
from bids_ketamine.outputs.seed_map_files import SeedMapReader
from bids_ketamine.workflows.group_seed_maps import group_seed_maps
from bids_ketamine.workflows.group_sources import find_people
from tests.cifti_files import write_series
from tests.workflows.network_trial import NAN, STUDY, NetworkTrial, patients_and_controls

WITH_SEEDS = STUDY.replace(
    "  within: [limbic]\n", "  within: [limbic]\n  seed_maps: [default_mode]\n"
).replace("regions: {visual: [c]", "regions: {default_mode: [a, c], visual: [c]")
SHAPE, AFFINE = (2, 3, 2), np.diag([2.0, 2.0, 2.0, 1.0])
SESSIONS = ("pre1", "pre2", "post")


def map_path(trial: NetworkTrial, who: str, session: str, ending: str) -> Path:
    name = f"{who}_ses-{session}_task-rest_space-MNI_seed-defaultMode_stat-fisherz_statmap{ending}"
    return trial.output / who / f"ses-{session}" / "func" / name


def write_volume(trial, who, session, values, affine=AFFINE) -> Path:
    path = map_path(trial, who, session, ".nii.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = np.asarray(values, dtype=np.float32).reshape(SHAPE)
    nib.save(nib.Nifti1Image(volume, affine), path)
    return path


def results(trial: NetworkTrial):
    """Return the listing by arm, kind and session or change, and what writes the files."""
    spec = trial.spec
    collected = collect_outputs(trial.output, spec)
    people = find_people(trial.bids, spec, collected)
    found = group_seed_maps(spec, people=people, data=trial.data(people), collected=collected)
    rows = {}
    for row in found.tables["group_seed_maps"].to_dict("records"):
        of = row["session"] if row["kind"] == "mean" else row["change"]
        rows[row["arm"], row["kind"], of] = row
    return rows, found


def written(found, name: str, folder: Path) -> np.ndarray:
    path = folder / name
    found.images[name](path)
    return SeedMapReader().values(path)


@pytest.fixture
def trial(tmp_path):
    """Four patients with all sessions but one, and a control; a map has 12 voxels."""
    trial = NetworkTrial(tmp_path, WITH_SEEDS)
    trial.participants(patients_and_controls(4, 1))
    rng = np.random.default_rng(0)
    trial.maps = {}
    for who in ("sub-01", "sub-02", "sub-03", "sub-04", "sub-51"):
        for session in SESSIONS:
            if (who, session) in (("sub-02", "pre2"), ("sub-51", "post")):
                continue
            trial.session(who, session)
            values = rng.normal(0.2, 0.1, 12)
            trial.maps[who, session] = values
            write_volume(trial, who, session, values)
    return trial


def test_means_and_paired_differences(trial, tmp_path):
    rows, found = results(trial)
    assert list(found.tables["group_seed_maps"]) == list(SEED_MAPS_COLUMNS)
    assert {key: row["n"] for key, row in rows.items()} == {
        **{("patient", "mean", session): 4 for session in ("pre1", "baseline", "post")},
        ("patient", "mean", "pre2"): 3,
        ("patient", "difference", "change"): 4,
        ("patient", "difference", "normal_variability"): 3,
        **{("control", "mean", session): 1 for session in ("pre1", "pre2", "baseline")},
        ("control", "mean", "post"): 0,
        ("control", "difference", "change"): 0,
        ("control", "difference", "normal_variability"): 1,
    }
    own = trial.maps
    baseline = [
        np.mean([own[who, session] for session in SESSIONS[:2] if (who, session) in own], axis=0)
        for who in ("sub-01", "sub-02", "sub-03", "sub-04")
    ]
    post = [own[f"sub-0{one}", "post"] for one in (1, 2, 3, 4)]
    stem = "seed-defaultMode_arm-patient"
    row = rows["patient", "difference", "change"]
    assert row["file"] == f"{stem}_change-change_stat-fisherz_statmap.nii.gz"
    assert row["reason"] == ""
    np.testing.assert_allclose(
        written(found, row["file"], tmp_path),
        np.mean(post, axis=0) - np.mean(baseline, axis=0),
        atol=1e-7,
    )
    assert rows["patient", "mean", "baseline"]["file"] == (
        f"{stem}_ses-baseline_stat-fisherz_statmap.nii.gz"
    )
    np.testing.assert_allclose(
        written(found, rows["patient", "mean", "baseline"]["file"], tmp_path),
        np.mean(baseline, axis=0),
        atol=1e-7,
    )
    others = [own[who, "pre2"] - own[who, "pre1"] for who in ("sub-01", "sub-03", "sub-04")]
    np.testing.assert_allclose(
        written(found, rows["patient", "difference", "normal_variability"]["file"], tmp_path),
        np.mean(others, axis=0),
        atol=1e-7,
    )
    np.testing.assert_array_equal(
        nib.load(tmp_path / rows["patient", "mean", "baseline"]["file"]).affine, AFFINE
    )
    assert rows["control", "mean", "pre1"]["file"] == ""
    assert rows["control", "mean", "pre1"]["reason"] == "1 participant, fewer than 3"
    assert rows["control", "mean", "post"]["reason"] == "no participant has a map"
    sidecar = row["file"].replace(".nii.gz", ".json")
    assert {name for name in found.images if "_change-change_" in name} == {row["file"], sidecar}
    found.images[sidecar](tmp_path / sidecar)
    content = json.loads((tmp_path / sidecar).read_text())
    assert content.pop("Description").endswith("0 where fewer than 3 participants have a value")
    assert content == {
        "Units": "Fisher z",
        "Seed": "default_mode",
        "Arm": "patient",
        "Change": "change",
        "NumberOfParticipants": 4,
        "MinimumParticipants": 3,
    }


def test_a_voxel_counts_those_who_have_it(trial, tmp_path):
    for number, who in enumerate(("sub-01", "sub-02", "sub-03"), start=1):
        values = trial.maps[who, "post"].copy()
        values[:number] = 0.0  # voxel 0 is missing in three, 1 in two, 2 in one
        write_volume(trial, who, "post", values)
    rows, found = results(trial)
    mean = written(found, rows["patient", "mean", "post"]["file"], tmp_path)
    own = [trial.maps[f"sub-0{one}", "post"] for one in (1, 2, 3, 4)]
    assert np.isnan(mean[:2]).all()
    expected = np.mean([own[0][2], own[1][2], own[3][2]])
    np.testing.assert_allclose(mean[2], expected, atol=1e-7)
    np.testing.assert_allclose(mean[3:], np.mean(own, axis=0)[3:], atol=1e-7)


def test_who_is_excluded_or_has_no_map_that_fits_is_left_out(trial):
    trial.session("sub-01", "post", {"limbic": NAN}, reason="1 minute of data, fewer than 5")
    map_path(trial, "sub-02", "post", ".nii.gz").unlink()
    write_volume(trial, "sub-03", "post", np.full(12, 9.0), affine=2 * AFFINE)
    rows, _ = results(trial)
    row = rows["patient", "mean", "post"]
    assert (row["n"], row["file"]) == (1, "")
    assert row["reason"] == (
        "1 participant, fewer than 3; left out, without a map: sub-02; "
        "left out, on another grid (2 x 3 x 2 voxels of 4 x 4 x 4 mm): sub-03"
    )
    # Excluded sessions take out those that are compared with them alone.
    assert rows["patient", "difference", "change"]["n"] == 1


def test_everybody_is_one_group_in_a_study_without_arms(trial):
    text = trial.study_file.read_text().replace(
        "arms: {column: group, levels: [control, patient]}", ""
    )
    trial.study_file.write_text(text)
    for who, session in trial.maps:
        trial.session(who, session)
    rows, found = results(trial)
    assert {arm for arm, _, _ in rows} == {"all"}
    assert rows["all", "mean", "pre1"]["n"] == 5
    assert "seed-defaultMode_arm-all_ses-pre1_stat-fisherz_statmap.nii.gz" in found.images


def test_maps_of_grayordinates(tmp_path):
    trial = NetworkTrial(tmp_path, WITH_SEEDS)
    trial.participants(patients_and_controls(3, 0))
    made = open_dense_series(write_series(tmp_path / "a.dtseries.nii", np.ones((2, 91_282))), t_r=2)
    rng, maps = np.random.default_rng(0), []
    writer = ScalarWriter(made.file.maps[1])
    for who in ("sub-01", "sub-02", "sub-03"):
        trial.session(who, "post")
        maps.append(rng.normal(0.2, 0.1, 91_282).astype(np.float32))
        writer.save(maps[-1], map_path(trial, who, "post", ".dscalar.nii"), name=who)
    rows, found = results(trial)
    row = rows["patient", "mean", "post"]
    assert row["file"] == "seed-defaultMode_arm-patient_ses-post_stat-fisherz_statmap.dscalar.nii"
    np.testing.assert_allclose(
        written(found, row["file"], tmp_path), np.mean(maps, axis=0), atol=1e-6
    )
    image = nib.load(tmp_path / row["file"])
    assert image.header.get_axis(0).name.tolist() == ["default_mode, post, patient"]


def test_no_seed_maps_asked_for(tmp_path):
    trial = NetworkTrial(tmp_path, STUDY)
    trial.participants(patients_and_controls(1, 0))
    trial.session("sub-01", "post")
    spec = trial.spec
    collected = collect_outputs(trial.output, spec)
    people = find_people(trial.bids, spec, collected)
    found = group_seed_maps(spec, people=people, data=trial.data(people), collected=collected)
    assert found == ({}, {})
