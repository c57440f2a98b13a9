"""The demo trial through both levels: values, reuse, refusal, validity, untouched input."""

import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.outputs.tables import read_table


def digest(folder):
    """Content of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def validator(folder):
    command = shutil.which("bids-validator-deno", path=str(sys.prefix) + "/bin")
    assert command, "bids-validator-deno is a test dependency"
    done = subprocess.run(
        [command, "--format", "json", str(folder)], capture_output=True, text=True, check=False
    )
    issues = json.loads(done.stdout)["issues"]["issues"]
    return [issue for issue in issues if issue["severity"] == "error"]


def test_input_and_output_are_valid_bids(trial, results):
    assert validator(trial) == []
    assert validator(trial / "derivatives" / "fmriprep") == []
    assert validator(results) == []


def test_a_resting_measure_equals_its_own_series_and_matrix(results):
    folder = results / "sub-01" / "ses-pre"
    stem = "sub-01_ses-pre_task-rest_space-MNI152NLin2009cAsym_atlas-norbury2021"
    series = read_table(folder / "func" / f"{stem}_timeseries.tsv")
    matrix = read_table(folder / "func" / f"{stem}_stat-pearsoncorrelation_relmat.tsv")
    measures = read_table(folder / "sub-01_ses-pre_measures.tsv")
    r = np.corrcoef(series["vmPFC"], series["amygdala"])[0, 1]
    resting = measures[measures["measure"] == "resting_connectivity"].set_index("regions")
    row = resting.loc["amygdala~vmPFC"]
    assert row["value"] == pytest.approx(np.arctanh(r), abs=1e-8)
    assert matrix.set_index("Node").loc["vmPFC", "amygdala"] == pytest.approx(r, abs=1e-9)


def test_the_measure_is_the_mean_of_the_effect_map_over_the_region(results):
    import nibabel as nib

    from bids_ketamine.images.grid import Grid
    from bids_ketamine.regions.locate import locate_regions
    from bids_ketamine.regions.sources import resolve_regions
    from bids_ketamine.study.load import load_study

    folder = results / "sub-02" / "ses-post"
    stem = "sub-02_ses-post_task-faces_space-MNI152NLin2009cAsym_contrast-facesGtShapes"
    image = nib.load(folder / "func" / f"{stem}_stat-effect_statmap.nii.gz")
    effect = image.get_fdata()
    grid = Grid(effect != 0, image.affine)
    spec = load_study("norbury2021").spec
    sources = resolve_regions(spec.regions, space=spec.inputs.space)
    located = locate_regions(sources, grid, own_segmentation=None)
    (region,) = (each for each in located.regions if each.name == "amygdala")
    values = effect.reshape(-1)[region.voxels]
    expected = values[values != 0].mean()
    measures = read_table(folder / "sub-02_ses-post_measures.tsv")
    chosen = (measures["regions"] == "amygdala") & (measures["measure"] == "activation")
    chosen &= measures["task"] == "faces"
    assert measures.loc[chosen, "value"].item() == pytest.approx(expected, rel=1e-6)


def test_group_numbers_follow_from_the_measures(results):
    tables = [read_table(path) for path in sorted(results.glob("sub-*/ses-*/*_measures.tsv"))]
    measures = pd.concat(tables)
    measures = measures[measures["measure"] == "activation"]
    chosen = measures[(measures["task"] == "faces") & (measures["regions"] == "amygdala")]
    slope, intercept = np.polyfit(chosen["mean_fd"], chosen["value"], 1)
    residual = chosen["value"] - intercept - slope * chosen["mean_fd"] + chosen["value"].mean()
    wide = chosen.assign(adjusted=residual).pivot(
        index="participant_id", columns="session", values="adjusted"
    )
    changes = read_table(results / "group" / "group_changes.tsv")
    changes = changes[changes["measure"] == "activation"]
    own = changes[(changes["task"] == "faces") & (changes["regions"] == "amygdala")]
    np.testing.assert_allclose(
        own.set_index("participant_id")["difference"].sort_index(),
        (wide["post"] - wide["pre"]).sort_index(),
        atol=1e-8,
    )


def test_a_second_run_reuses_and_another_study_is_refused(trial, results, tmp_path, capsys):
    own = tmp_path / "output"
    shutil.copytree(results, own)
    before = digest(own / "sub-01")
    arguments = [str(trial), str(own), "participant", "-w", str(tmp_path / "work")]
    assert main([*arguments, "--study", "norbury2021"]) == 0
    assert "6 reused" in capsys.readouterr().err
    assert digest(own / "sub-01") == before
    study = tmp_path / "study.yml"
    study.write_text("extends: norbury2021\nname: other\nglm: {high_pass_period: 100}\n")
    assert main([*arguments, "--study", str(study)]) == 73
    told = capsys.readouterr().err
    assert "computed otherwise" in told
    assert "--overwrite" in told
    assert digest(own / "sub-01") == before
    assert main([str(trial), str(own), "group", "--study", str(study)]) == 65
    assert "Traceback (most recent" not in capsys.readouterr().err


def test_the_input_tree_is_as_it_was(trial, results, tmp_path):
    before = digest(trial)
    output, work = str(tmp_path / "out"), str(tmp_path / "work")
    arguments = [str(trial), output, "participant", "--participant-label", "02", "-w", work]
    assert main([*arguments, "--study", "norbury2021", "--session-label", "pre"]) == 0
    assert digest(trial) == before


def test_nothing_of_this_machine_is_in_the_output(trial, results):
    home = str(trial.parent)
    for path in results.rglob("*"):
        if path.suffix in (".tsv", ".json", ".html", ".md"):
            assert home not in path.read_text(encoding="utf-8"), path.name
