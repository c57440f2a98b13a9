"""The dry run through the real query, on the tree of the start-up benchmark."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bids_ketamine.cli.missing_inputs import Shortfall, shortfall
from bids_ketamine.cli.run import main
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.study.load import load_study

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = ROOT / "benchmarks" / "start_up.py"
    spec = importlib.util.spec_from_file_location("start_up", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def trial(benchmark: ModuleType, tmp_path: Path) -> Path:
    benchmark.make_trial(tmp_path, 3)
    return tmp_path


def lines(
    trial: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    code: int = 0,
    study: str | Path = "norbury2021",
) -> list[str]:
    arguments = [str(trial / "bids"), str(trial / "out"), "participant", "--study", str(study)]
    assert main([*arguments, "--participant-label", "0001", "--dry-run", "--nprocs", "1"]) == code
    return capsys.readouterr().out.splitlines()


def test_a_whole_participant(trial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(trial, capsys)
    rows = [line for line in found if line.startswith("sub-0001")]
    assert [tuple(row.split()[1:3]) for row in rows] == [
        (session, method) for session in ("pre", "post") for method in ("faces", "stroop", "rest")
    ]
    assert all("  ready  " in row and "of 215 volumes" in row for row in rows)
    assert "6 of 6 analyses can run, in 2 sessions of 1 participant." in found
    assert not (trial / "out").exists()


def test_what_lacks_is_named(trial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, derived = (
        root / "sub-0001" / "ses-pre" / "func"
        for root in (trial / "bids", trial / "bids" / "derivatives" / "fmriprep")
    )
    (raw / "sub-0001_ses-pre_task-faces_events.tsv").unlink()
    for path in derived.glob("*task-stroop*"):
        path.unlink()
    next(derived.glob("*task-rest*desc-preproc_bold.nii.gz")).write_bytes(b"")
    text = " ".join(" ".join(lines(trial, capsys)).split())
    assert (
        "faces: events: expected sub-0001/ses-pre/func/sub-0001_ses-pre_task-faces_events.tsv"
        in text
    )
    assert "stroop: bold: expected" in text
    assert "rest: bold:" in text
    assert "is empty (0 bytes)" in text
    assert "3 of 6 analyses can run, in 1 session of 1 participant." in text
    sessions = find_sessions(
        bids_dir=trial / "bids",
        derivatives={"fmriprep": derived.parents[2]},
        study=load_study("norbury2021").spec,
        participant_labels=["0001"],
        session_labels=None,
        task_labels=None,
        filters=None,
        database_dir=None,
    )
    missing = {each.what: shortfall(each) for session in sessions for each in session.missing}
    expected = {
        "faces: events": Shortfall.UNUSABLE,
        "stroop: bold": Shortfall.NOT_ACQUIRED,
        "rest: bold": Shortfall.UNUSABLE,
    }
    assert missing | expected == missing
    rest = {missing[what] for what in set(missing) - set(expected)}
    assert rest <= {Shortfall.NOTE}


BARE = """
extends: norbury2021
glm:
  confounds:
    {columns: [], compcor_components: 0, motion: none, motion_without_aroma: none, outliers: null,
     non_steady_state: false}
"""


def test_confounds_that_generalized_ppi_alone_asks_for(
    trial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = trial / "bare.yml"
    study.write_text(BARE)
    derived = trial / "bids" / "derivatives" / "fmriprep" / "sub-0001" / "ses-pre" / "func"
    for path in derived.glob("*task-faces*desc-confounds*"):
        path.unlink()
    found = lines(trial, capsys, study=study)
    status = {tuple(row.split()[1:3]): row.split()[4] for row in found if row.startswith("sub-")}
    assert status["pre", "faces"] == "partial"
    assert status["post", "faces"] == "ready"
    name = "sub-0001_ses-pre_task-faces_desc-confounds_timeseries.tsv"
    assert (
        "faces: confounds of generalized PPI: expected sub-0001/ses-pre/func/"
        f"{name} in fmriprep." in " ".join(" ".join(found).split())
    )
    assert "6 of 6 analyses can run, in 2 sessions of 1 participant." in found


def test_exclusions_that_the_group_level_will_miss_are_warned_of(
    trial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, table = trial / "own.yml", trial / "excluded.tsv"
    study.write_text("extends: norbury2021\nexclusions: {file: excluded.tsv}\n")
    start = "warning: the group level would stop at `exclusions.file` of the study:"
    told = " ".join(" ".join(lines(trial, capsys, study=study)).split())
    assert f"{start} excluded.tsv is not there. [{table}]" in told
    table.write_text("participant_id\treason\nsub-0001\tn/a\n")
    told = " ".join(" ".join(lines(trial, capsys, study=study)).split())
    assert start in told
    assert "the cell is empty" in told
    table.write_text("participant_id\treason\nsub-0001\twithdrew\n")
    assert "warning:" not in "\n".join(lines(trial, capsys, study=study))


def test_a_session_that_is_not_there_is_no_mistake(
    trial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for root in (trial / "bids", trial / "bids" / "derivatives" / "fmriprep"):
        (root / "sub-0001" / "ses-post").rename(root / "sub-0001" / "ses-other")
    found = " ".join(" ".join(lines(trial, capsys)).split())
    assert "session: sub-0001 has no ses-post; it has ses-other and ses-pre" in found.replace(
        "ses-other, ses-pre", "ses-other and ses-pre"
    )
    assert "3 of 6 analyses can run" in found


def test_nothing_usable_ends_as_the_run_would(
    trial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in trial.rglob("*desc-preproc_bold.nii.gz"):
        path.unlink()
    assert "0 of 6 analyses can run, in 0 sessions of 0 participants." in lines(
        trial, capsys, code=66
    )
