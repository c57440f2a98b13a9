"""A measure that cannot be had is missing with its reason, never a zero."""

import json

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.outputs.tables import read_table

ONLY = ["--participant-label", "01", "--session-label", "pre"]


def measures_of(bids, folder, study, *further):
    path = folder / "study.yml"
    path.write_text(study)
    where = [str(bids), str(folder / "out"), "participant", "--study", str(path)]
    code = main([*where, *ONLY, "-w", str(folder / "work"), *further])
    assert code == 0
    table = folder / "out" / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv"
    return read_table(table), json.loads(table.with_suffix(".json").read_text())


def test_regions_outside_the_view_and_designs_without_degrees_of_freedom(trial, tmp_path):
    study = (
        "extends: norbury2021\nname: mine\n"
        "regions: {definitions: {far: {spheres: [[0, 0, 300]], radius: 12}}}\n"
        "tasks: {stroop: null}\n"
        "rest: {minimum_residual_df: 500}\n"
    )
    table, _ = measures_of(trial, tmp_path, study)
    gppi = table[table["measure"] == "gppi"]
    of_far = gppi["regions"].str.contains("far")
    assert (gppi.loc[of_far, "reason"] == "far: it lies outside the field of view").all()
    assert of_far.sum() == 6
    assert (gppi.loc[~of_far, "value"] != 0.0).all()
    ldc = table[table["measure"] == "ldc"].set_index("regions")
    assert ldc.loc["far", "reason"] == "it lies outside the field of view"
    rest = table[table["task"] == "rest"]
    table = table[table["measure"] == "activation"].set_index("regions")
    assert table.loc["far", "reason"] == "it lies outside the field of view"
    assert table.loc["far"].isna()["value"]
    assert table.loc["far", "coverage"] == 0.0
    assert table.loc["vmPFC", "value"] != 0.0
    assert rest["value"].isna().all()
    assert rest["reason"].str.contains("residual degrees of freedom, fewer than 500").all()


def test_a_condition_without_trials_leaves_the_contrast_missing(copy_of_trial, tmp_path):
    events = copy_of_trial / "sub-01" / "ses-pre" / "func"
    path = events / "sub-01_ses-pre_task-faces_events.tsv"
    lines = [line for line in path.read_text().splitlines() if "\tshapes\t" not in line]
    path.write_text("\n".join(lines) + "\n")
    study = "extends: norbury2021\nname: mine\ntasks: {stroop: null}\nrest: null\n"
    table, sidecar = measures_of(copy_of_trial, tmp_path, study)
    patterns = table["measure"] == "ldc"  # of faces alone: nothing is missing
    assert table.loc[patterns, "value"].notna().all()
    table = table[~patterns]
    assert set(table["measure"]) == {"activation", "dcm", "gppi"}
    assert table["value"].isna().all()
    assert (table["reason"] == "condition `shapes` has no trials").all()
    assert "condition `shapes` has no trials" in sidecar["Runs"][0]["Notes"]
    assert not list((tmp_path / "out").rglob("*_statmap.nii.gz"))
    page = (tmp_path / "out" / "sub-01.html").read_text(encoding="utf-8")
    assert "has no trials" in page


@pytest.mark.parametrize("plugin", ["Linear", "MultiProc"])
def test_any_nipype_plugin_computes_the_same(trial, results, tmp_path, plugin):
    file = tmp_path / "plugin.yml"
    file.write_text(f"plugin: {plugin}\nplugin_args: {{n_procs: 1}}\n")
    study = "extends: norbury2021\nname: mine\ntasks: {stroop: null, faces: null}\n"
    table, _ = measures_of(trial, tmp_path, study, "--use-plugin", str(file))
    usual = read_table(results / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv")
    usual = usual[usual["task"] == "rest"]
    assert table["value"].tolist() == usual["value"].tolist()
