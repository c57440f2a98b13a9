"""A study of one's own: its commands, its study file in pieces, what is said of mistakes, numbers.

The localizer run is no part of the project (its licence is pyhrf's): where it is not at hand, small
images stand in for it, and the numbers are not compared.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from bids_ketamine.study.measure_names import possible_measures
from tests.localizer_stand_in import LOCALIZER, MAKE, PYHRF, REAL, Place, pyhrf_folder, trial
from tests.page_commands import blocks, commands, plain

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "own_study.md").read_text("utf-8")
FLAT = " ".join(PAGE.split())
STUDY = (LOCALIZER / "study.yml").read_text("utf-8")
(NETWORKS,) = blocks(PAGE[PAGE.index("## 7.") :], "yaml")
needs_the_run = pytest.mark.skipif(not REAL.is_dir(), reason="the localizer run is not here")

#: Those of the localizer, and those of the trial.
FIRST, SECOND = (
    [each for each in commands(PAGE) if ("trial" in each) is of_trial] for of_trial in (False, True)
)


@pytest.fixture(scope="module")
def localizer(tmp_path_factory) -> Place:
    """The page's commands up to the trial."""
    place = Place(tmp_path_factory.mktemp("own_study").resolve())
    if REAL.is_dir():
        shutil.copytree(REAL, place.folder / PYHRF)
    else:
        pyhrf_folder(place.folder / PYHRF)
    for command in FIRST:
        printed = place.run(command)
        assert printed.code == 0, (command, printed.text)
    return place


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> Place:
    """Small images under pyhrf's names, arranged as the page says."""
    place = Place(tmp_path_factory.mktemp("stand-in").resolve())
    pyhrf_folder(place.folder / PYHRF)
    assert place.run(f"{MAKE} {PYHRF} localizer").code == 0
    return place


@pytest.fixture(scope="module")
def listening(tmp_path_factory) -> Place:
    """The page's commands of the trial, on four made-up participants."""
    place = Place(tmp_path_factory.mktemp("trial").resolve())
    trial(place.folder, participants=4)
    for command in SECOND:
        printed = place.run(command)
        assert printed.code == 0, (command, printed.text)
    return place


def test_every_command_is_run():
    assert len(FIRST) == 5
    assert len(SECOND) == 7


# The study file ---------------------------------------------------------------------------------


def test_the_pieces_are_the_file():
    start = PAGE.index("## 3. The study file")
    pieces = blocks(PAGE[start : PAGE.index("## 4.")], "yaml")
    assert "\n".join(pieces) == STUDY
    assert len(pieces) == 7


def test_every_beginning_with_a_task_is_a_study(tmp_path):
    pieces = STUDY.split("\n\n")
    for number in range(4, len(pieces) + 1):
        path = tmp_path / "study.yml"
        path.write_text("\n\n".join(pieces[:number]), encoding="utf-8")
        assert load_study(str(path)).spec.tasks[0].contrasts[0].weights == {"audio": 1, "video": -1}


def test_pieces_of_the_trial_are_those_of_its_file():
    text = (LOCALIZER / "trial.yml").read_text("utf-8")
    first, last = blocks(PAGE[PAGE.index("## 6.") : PAGE.index("## 7.")], "yaml")
    assert text.startswith(first)
    assert text.endswith(last)
    spec = load_study(str(LOCALIZER / "trial.yml")).spec
    assert (spec.inputs.space, spec.inputs.smoothing_fwhm) == ("MNI152NLin2009cAsym", 6.0)
    assert [each.name for each in spec.mixed_models] == ["scores", "hearing"]


def mistakes() -> list[tuple[str, ...]]:
    """Return the rows of the tables of mistakes: written, instead of, exit code, what is said."""
    rows = [line.strip("|").split(" | ") for line in PAGE.splitlines()]
    wanted = [row for row in rows if len(row) == 4 and re.fullmatch(r"\d+", row[2])]
    return [tuple(cell.strip() for cell in row) for row in wanted]


def test_a_study_of_networks_is_whole(tmp_path):
    path = tmp_path / "study.yml"
    path.write_text(NETWORKS, encoding="utf-8")
    study = load_study(str(path))
    spec = study.spec
    assert study.notices == ()
    assert [each.name for each in spec.scanned_sessions] == ["screening", "day0", "day14"]
    assert spec.session_means == {"baseline": ("screening", "day0")}
    assert spec.networks.measures == ("default_mode", "salience", "visual", "sgACC_default_mode")
    assert spec.networks.shared == "first"
    names = possible_measures(spec)
    assert "network_connectivity rest salience" in names
    assert "network_connectivity_24P rest salience" in names


def network_mistakes() -> list[tuple[str, ...]]:
    """Return the rows of the section on networks: written, instead of, what is said."""
    rows = [line.strip("|").split(" | ") for line in PAGE[PAGE.index("## 7.") :].splitlines()]
    wanted = [row for row in rows if len(row) == 3 and row[0].startswith(" `")]
    return [tuple(cell.strip() for cell in row) for row in wanted]


@pytest.mark.parametrize(("written", "instead", "said"), network_mistakes())
def test_mistakes_in_a_study_of_networks(tmp_path, written, instead, said):
    instead = instead.strip("`")
    assert NETWORKS.count(instead) == 1
    path = tmp_path / "study.yml"
    path.write_text(NETWORKS.replace(instead, written.strip("`")), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_study(str(path))
    assert plain(said) in plain(str(caught.value))


def test_there_are_mistakes_to_look_at():
    assert len(network_mistakes()) == 7


@pytest.mark.parametrize(("written", "instead", "code", "said"), mistakes())
def test_mistakes(stand_in, written, instead, code, said):
    instead = instead.strip("`")
    assert STUDY.count(instead) == 1
    text = STUDY.replace(instead, written.strip("`"))
    (stand_in.folder / "localizer" / "wrong.yml").write_text(text, encoding="utf-8")
    start = "bids_ketamine localizer/bids localizer/output participant"
    printed = stand_in.run(f"{start} --study localizer/wrong.yml --dry-run")
    assert plain(said) in plain(printed.text)
    assert printed.code == int(code)


def test_a_condition_without_trials_has_the_reason_of_the_page(stand_in):
    assert "``condition `auditory` has no trials``" in FLAT
    text = STUDY.replace("audio: {}", "auditory: {}").replace("audio - video", "auditory - video")
    (stand_in.folder / "localizer" / "wrong.yml").write_text(text, encoding="utf-8")
    start = "bids_ketamine localizer/bids localizer/wrong participant --study localizer/wrong.yml"
    assert "ready" in stand_in.run(f"{start} --dry-run").text
    assert stand_in.run(start).code == 0
    measures = read_table(
        stand_in.folder / "localizer" / "wrong" / "sub-01" / "sub-01_measures.tsv"
    )
    assert measures["value"].isna().all()
    assert set(measures["reason"]) == {"condition `auditory` has no trials"}


# What is printed --------------------------------------------------------------------------------


def test_what_is_quoted_is_printed(localizer):
    text = STUDY.replace("minimum_volumes: 100", "minimum_volumes: 200")
    (localizer.folder / "localizer" / "strict.yml").write_text(text, encoding="utf-8")
    start = "bids_ketamine localizer/bids localizer/output group"
    localizer.run(f"{start} --study localizer/strict.yml")
    quoted = blocks(PAGE[: PAGE.index("but statistics begin")], "text")
    assert len(quoted) == 5
    for block in quoted:
        lines = [block] if "participant  session" in block else block.splitlines()
        for each in lines:
            assert plain(each) in localizer.text, each


def test_files_that_are_listed_are_all(localizer):
    (listed,) = [each for each in blocks(PAGE, "text") if each.startswith("localizer/bids")]
    assert localizer.printed[0].text == listed


def test_what_is_quoted_of_the_trial_is_printed(listening):
    tree, *quoted = blocks(PAGE[PAGE.index("but statistics begin") :], "text")
    for line in tree.splitlines():
        name, *columns = line.removesuffix("...").split()
        assert (listening.folder / name).exists()
        if columns:
            assert list(pd.read_table(listening.folder / name)) == columns
    for block in quoted:
        assert all(plain(line) in listening.text for line in block.splitlines())
    assert len(quoted) == 2


def test_the_trial_has_results_of_everybody(listening):
    group = listening.folder / "results" / "group"
    effects = pd.read_table(group / "group_mixed_effects.tsv")
    assert set(effects["model"]) == {"scores", "hearing"}
    summary = pd.read_table(group / "group_summary.tsv")
    activation = summary[(summary["measure"] == "activation") & (summary["arm"] == "all")]
    assert len(activation) == 4  # two regions, two sessions
    assert activation["n"].eq(4).all()
    assert (activation["ci_low"] > 0).all()
    assert {"placebo", "ketamine"} <= set(summary["arm"])


# Numbers ----------------------------------------------------------------------------------------


@needs_the_run
def test_numbers_are_those_of_the_run(localizer):
    table = PAGE[PAGE.index("| measure | regions |") : PAGE.index("How to read them:")]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:] if row
    ]
    output = localizer.folder / "localizer" / "output" / "sub-01"
    measures = read_table(output / "sub-01_measures.tsv")
    assert len(rows) == len(measures) == 5
    for row, (_, found) in zip(rows, measures.iterrows(), strict=True):
        assert row[:2] == [found["measure"], found["regions"]]
        assert row[4] == found["unit"]
        for cell, column in zip(
            (row[2], row[3], row[5]), ("value", "standard_error", "coverage"), strict=True
        ):
            decimals = len(cell.partition(".")[2])
            assert cell == f"{found[column]:.{decimals}f}"
    assert measures["reason"].isna().all()
    errors = measures["value"] / measures["standard_error"]
    assert errors[:4].between(7, 9).all()
    (path,) = output.glob("func/*_stat-t_statmap.nii.gz")
    t = nib.load(path).get_fdata()
    assert "the largest t is 8.5, and 610 of 1,090 voxels have a t of 3.1 or more" in FLAT
    assert round(float(t.max()), 1) == 8.5
    assert (int((np.abs(t) >= 3.1).sum()), int((t != 0).sum())) == (610, 1090)


@needs_the_run
def test_facts_of_the_run(localizer):
    raw = localizer.folder / "localizer" / "bids"
    (events,) = raw.glob("sub-01/func/*_events.tsv")
    counts = pd.read_table(events)["trial_type"].value_counts()
    assert (counts["audio"], counts["video"]) == (20, 40)
    (bold,) = raw.rglob("*_desc-preproc_bold.nii.gz")
    image = nib.load(bold)
    assert image.shape == (53, 63, 46, 125)
    (mask,) = raw.rglob("*_desc-brain_mask.nii.gz")
    assert int(np.asarray(nib.load(mask).dataobj).sum()) == 1272
