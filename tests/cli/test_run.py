"""The whole command line over stand-ins: what is called, what is told, which exit code."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.dataset.inputs import Missing, SessionInputs
from bids_ketamine.workflows.records import (
    ExecutionSettings,
    ProgressEvent,
    SessionOutcome,
    StepError,
)

COMPUTED = (SessionOutcome("01", "pre", "computed"),)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what standard error holds."""
    return lambda: capsys.readouterr().err


def errors_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("bids_ketamine: error: ")]


def record(dataset: SimpleNamespace, participant: str = "01") -> dict[str, Any]:
    path = dataset.out / "logs" / f"sub-{participant}_errors.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_what_the_rooms_below_are_given(dataset: SimpleNamespace, rooms: SimpleNamespace) -> None:
    rooms.outcomes = COMPUTED
    filters = dataset.root / "filters.json"
    filters.write_text('{"bold": {"acquisition": "mb"}}')
    plugin = dataset.root / "plugin.yml"
    plugin.write_text("plugin: Linear\n")
    code = main(
        [
            *dataset.participant,
            *("--participant-label", "sub-01", "--session-id", "pre", "--task-id", "faces"),
            *("--bids-filter-file", str(filters), "--bids-database-dir", "db"),
            *("--mem-mb", "2048", "--omp-nthreads", "3", "--use-plugin", str(plugin)),
            *("--stop-on-first-crash", "--clean-workdir", "--overwrite"),
        ]
    )
    assert code == 0
    names = [name for name, _ in rooms.calls]
    assert names == ["query", "participant", "report"]
    query, level, report = (arguments for _, arguments in rooms.calls)
    assert query.pop("study").name == "norbury2021"
    assert query == {
        "bids_dir": dataset.bids,
        "derivatives": {"fmriprep": dataset.prep},
        "participant_labels": ("01",),
        "session_labels": ("pre",),
        "task_labels": ("faces",),
        "filters": {"bold": {"acquisition": "mb"}},
        "database_dir": Path("db"),
        "check_descriptions": False,
    }
    assert level["execution"] == ExecutionSettings(
        n_procs=2,
        omp_n_threads=3,
        memory_gb=2.048,
        work_dir=dataset.work,
        plugin={"plugin": "Linear", "plugin_args": {}},
        stop_on_first_crash=True,
        clean_work_dir=True,
    )
    assert level["overwrite"] is True
    assert level["sessions"] == rooms.sessions
    assert report["participant"] == "01"
    assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "3"
    assert os.environ["NO_ET"] == "1"
    assert (dataset.out / "logs" / "CITATION.md").read_text() == "participant text, norbury2021\n"


def test_the_default_derivatives_lie_in_the_dataset(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    arguments = [each for each in dataset.participant if each not in ("-d",)]
    arguments.remove(f"fmriprep={dataset.prep}")
    folder = dataset.bids / "derivatives" / "fmriprep"
    assert main(arguments) == 66
    assert errors_of(told()) == [
        "bids_ketamine: error: The derivative dataset `fmriprep` does not exist. "
        f"[{folder}] Say where it is with `-d fmriprep=PATH`."
    ]
    folder.mkdir(parents=True)
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    rooms.outcomes = COMPUTED
    assert main(arguments) == 0
    assert rooms.calls[0][1]["derivatives"] == {"fmriprep": folder}


def test_notices_come_first_and_the_outcome_last(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    rooms.outcomes = COMPUTED
    rooms.events = (ProgressEvent("done", "01", "pre", "measures table", 2, 2),)
    study = dataset.root / "study.yml"
    study.write_text("extends: norbury2021\nglm: {noise_model: ar1, mask_threshold: 0.8}\n")
    arguments = [str(study) if each == "norbury2021" else each for each in dataset.participant]
    assert main(arguments) == 0
    lines = told().splitlines()
    notice = "the setting glm.mask_threshold is read by the noise model spm alone"
    assert lines[0].startswith(f"notice: {notice}")
    assert lines[-2:] == [
        "sub-01 pre: done; 1 of 1 session, 0 s",
        f"sessions: 1 computed; results and reports: {dataset.out}",
    ]
    assert record(dataset)["Notices"][0].startswith(notice)


def test_a_failed_session_leaves_the_others_and_the_reports_whole(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    make_session: Callable[..., SessionInputs],
    told: Callable[[], str],
) -> None:
    missing = (Missing("rest: bold", "expected x"),)
    rooms.sessions = (
        make_session(),
        make_session(session="post", missing=missing),
        make_session("02"),
    )
    crash = dataset.out / "logs" / "crash-1.txt"
    errors = (StepError("faces GLM", "The image ends too early.", crash),)
    rooms.outcomes = (
        SessionOutcome("01", "pre", "computed"),
        SessionOutcome("01", "post", "failed", errors),
        SessionOutcome("02", "pre", "reused"),
    )
    assert main(dataset.participant) == 1
    assert [a["participant"] for name, a in rooms.calls if name == "report"] == ["01", "02"]
    first, second = record(dataset), record(dataset, "02")
    assert first["Sessions"] == {"pre": "computed", "post": "failed"}
    assert first["Errors"] == [
        {
            "Session": "post",
            "Step": "faces GLM",
            "Message": "The image ends too early.",
            "CrashFile": "logs/crash-1.txt",
        }
    ]
    assert first["Missing"] == [{"Session": "post", "What": "rest: bold", "Reason": "expected x"}]
    assert (second["Sessions"], second["Errors"]) == ({"pre": "reused"}, [])
    text = told()
    assert errors_of(text) == [
        f"bids_ketamine: error: sub-01 post, faces GLM: The image ends too early. "
        f"Traceback: {crash}"
    ]
    assert "bids_ketamine: warning: sub-01 post, rest: bold: expected x" in text
    assert f"sessions: 1 computed, 1 reused, 1 failed; results and reports: {dataset.out}" in text


def test_a_run_over_one_session_keeps_what_is_recorded_of_the_other(
    dataset: SimpleNamespace, rooms: SimpleNamespace, make_session: Callable[..., SessionInputs]
) -> None:
    error = (StepError("rest FC", "why", None),)
    rooms.sessions = (make_session(), make_session(session="post"))
    rooms.outcomes = tuple(SessionOutcome("01", s, "failed", error) for s in ("pre", "post"))
    assert main(dataset.participant) == 1
    rooms.sessions, rooms.outcomes = (make_session(),), COMPUTED
    assert main(dataset.participant) == 0
    after = record(dataset)
    assert after["Sessions"] == {"pre": "computed", "post": "failed"}
    assert [each["Session"] for each in after["Errors"]] == ["post"]


def test_dry_run_computes_and_writes_nothing(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    make_session: Callable[..., SessionInputs],
    make_run: Callable[..., Any],
    write_header: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bold = write_header(dataset.prep / "bold.nii.gz", (10, 10, 10, 20))
    rooms.sessions = (make_session(runs=(make_run("faces", bold=bold),)),)
    before = sorted(dataset.root.rglob("*"))
    assert main([*dataset.participant, "--dry-run"]) == 0
    assert sorted(dataset.root.rglob("*")) == before
    assert [name for name, _ in rooms.calls] == ["query"]
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "1 of 3 analyses can run, in 1 session of 1 participant." in captured.out
    rooms.sessions = (make_session(runs=()),)
    assert main([*dataset.participant, "--dry-run"]) == 66


@pytest.mark.parametrize("flag", ["--participant-label", "--session-label", "--task-id"])
def test_the_group_level_takes_no_labels(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str], flag: str
) -> None:
    dataset.out.mkdir()
    assert main([*dataset.group, flag, "01"]) == 64
    assert "takes all participants" in told()
    assert rooms.calls == []


def test_the_group_level(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    assert main(dataset.group) == 66
    assert "Run the participant level first" in told()
    dataset.out.mkdir()
    assert main([*dataset.group, "--no-individual-data"]) == 0
    assert "participants in group statistics: 1 of 2; out: sub-02 (no arm)" in told()
    assert [name for name, _ in rooms.calls] == ["group", "group report"]
    level, report = (arguments for _, arguments in rooms.calls)
    assert (level["bids_dir"], level["output_dir"]) == (dataset.bids, dataset.out)
    assert (level["permutations"], level["random_seed"]) == (None, None)
    assert level["n_procs"] >= 1
    assert report["individual_data"] is False
    citation = dataset.out / "logs" / "CITATION.md"
    assert citation.read_text() == "text of both levels, norbury2021\n"


def test_permutations_are_the_group_levels(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    dataset.out.mkdir()
    flags = ["--permutations", "99", "--nprocs", "3", "--random-seed", "7"]
    assert main([*dataset.group, *flags]) == 0
    level = rooms.calls[0][1]
    assert (level["permutations"], level["n_procs"], level["random_seed"]) == (99, 3, 7)
    assert "changes nothing" not in told()
    rooms.calls.clear()
    assert main([*dataset.participant, "--permutations", "99"]) == 64
    assert "--permutations is about the group level" in told()
    without = [each.replace("norbury2021", "siegel2021") for each in dataset.group]
    assert main([*without, "--permutations", "99"]) == 0
    assert "--permutations changes nothing: the study has no `elastic_net`" in told()


def test_compiled_code_of_the_group_level_is_kept(
    dataset: SimpleNamespace, rooms: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(dataset.root / "caches"))
    dataset.out.mkdir()
    assert main(dataset.group) == 0
    assert os.environ["NUMBA_CACHE_DIR"] == str(dataset.root / "caches" / "bids_ketamine" / "numba")


def test_reports_only(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    (dataset.out / "sub-01").mkdir(parents=True)
    (dataset.out / "logs").mkdir()
    (dataset.out / "logs" / "sub-03_errors.json").write_text("{}")
    assert main([*dataset.participant, "--reports-only"]) == 0
    assert [(name, a["participant"]) for name, a in rooms.calls] == [
        ("report", "01"),
        ("report", "03"),
    ]
    rooms.calls.clear()
    assert main([*dataset.participant, "--reports-only", "--participant-label", "03"]) == 0
    assert [a["participant"] for _, a in rooms.calls] == ["03"]
    assert main([*dataset.participant, "--reports-only", "--participant-label", "02"]) == 18
    assert "The output folder holds nothing of sub-02." in told()
    rooms.calls.clear()
    assert main([*dataset.group, "--reports-only"]) == 0
    assert rooms.calls[0][1]["individual_data"] is True


def test_boilerplate_only(
    dataset: SimpleNamespace, rooms: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*dataset.participant, "--boilerplate-only"]) == 0
    assert capsys.readouterr().out == "participant text, norbury2021\n"
    assert main([*dataset.group, "--boilerplate-only"]) == 0
    assert capsys.readouterr().out == "text of both levels, norbury2021\n"
    assert rooms.calls == []


def test_the_log_is_as_before_after_a_run(dataset: SimpleNamespace, rooms: SimpleNamespace) -> None:
    logger = logging.getLogger("bids_ketamine")
    before = (list(logger.handlers), logger.level, logger.propagate)
    rooms.outcomes = COMPUTED
    main(dataset.participant)
    assert (list(logger.handlers), logger.level, logger.propagate) == before


def test_a_reader_that_leaves_is_no_error(dataset: SimpleNamespace) -> None:
    dataset.out.mkdir()
    arguments = [*dataset.group, "--dry-run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bids_ketamine", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    text = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 66
    assert text == b""
