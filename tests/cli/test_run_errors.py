"""Mistakes and failures through the whole command line: the sentence and the exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.dataset.inputs import Missing, SessionInputs
from bids_ketamine.errors import (
    CannotCreateError,
    InputDataError,
    NothingSelectedError,
    ProcessingError,
)
from bids_ketamine.workflows.records import (
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


@pytest.mark.parametrize(("codes", "expected"), [((65, 65), 65), ((65, 1), 1), ((), 1)])
def test_the_exit_code_that_all_errors_share(
    dataset: SimpleNamespace, rooms: SimpleNamespace, codes: tuple[int, ...], expected: int
) -> None:
    errors = tuple(StepError("faces GLM", "why", None, code) for code in codes)
    rooms.outcomes = (SessionOutcome("01", "pre", "failed", errors),)
    assert main(dataset.participant) == expected


def test_nothing_to_compute_from_is_a_missing_input(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    make_session: Callable[..., SessionInputs],
    told: Callable[[], str],
) -> None:
    missing = (Missing("faces: confounds", "x_timeseries.tsv is not there."),)
    rooms.sessions = (make_session(runs=(), missing=missing),)
    rooms.outcomes = (SessionOutcome("01", "pre", "missing"),)
    assert main(dataset.participant) == 66
    assert [name for name, _ in rooms.calls][-1] == "report"
    assert errors_of(told()) == [
        "bids_ketamine: error: No session had anything to compute from. First: faces: confounds: "
        f"x_timeseries.tsv is not there. [{dataset.bids}] "
        "`--dry-run` lists what is missing and why."
    ]


@pytest.mark.parametrize(
    ("what", "reason", "code"),
    [
        ("session", "sub-01 has no ses-post", 0),
        ("stroop: bold", "expected sub-01_bold.nii.gz in fmriprep", 0),
        ("faces: smoothAROMAnonaggr", "expected x; preproc is used", 0),
        ("stroop: events", "expected sub-01_events.tsv in the raw dataset", 66),
        ("stroop: confounds", "sub-01_timeseries.tsv is empty (0 bytes)", 66),
        ("stroop: RepetitionTime", "no sidecar states it", 66),
        ("stroop: bold", "sub-01_bold.nii.gz is empty (0 bytes)", 66),
    ],
)
def test_a_series_that_lacks_something_is_told_by_the_exit_code(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    make_session: Callable[..., SessionInputs],
    told: Callable[[], str],
    what: str,
    reason: str,
    code: int,
) -> None:
    rooms.sessions = (make_session(missing=(Missing(what, reason),)),)
    rooms.outcomes = COMPUTED
    assert main(dataset.participant) == code
    assert record(dataset)["Sessions"] == {"pre": "computed"}
    text = told()
    assert (f"bids_ketamine: warning: sub-01 pre, {what}: {reason}" in text) == (
        "is used" not in reason
    )
    assert [line.split(" [")[0] for line in errors_of(text)] == (
        ["bids_ketamine: error: 1 run could not be used, as told above; all others were."]
        if code
        else []
    )


@pytest.mark.parametrize("error", [ProcessingError("no map"), ValueError("odd")])
def test_a_failing_report_does_not_hide_results(
    dataset: SimpleNamespace, rooms: SimpleNamespace, error: Exception
) -> None:
    rooms.outcomes, rooms.report = COMPUTED, error
    assert main(dataset.participant) == 1
    found = record(dataset)
    assert found["Sessions"] == {"pre": "computed"}
    (entry,) = found["Errors"]
    assert (entry["Session"], entry["Step"]) == (None, "report")
    if isinstance(error, ProcessingError):
        assert (entry["Message"], entry["CrashFile"]) == ("no map", None)
    else:
        assert entry["Message"] == "ValueError: odd"
        assert "ValueError: odd" in (dataset.out / entry["CrashFile"]).read_text()
    assert (dataset.out / "logs" / "CITATION.md").exists()
    rooms.report = None
    assert main(dataset.participant) == 0
    assert record(dataset)["Errors"] == []


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (
            NothingSelectedError("no participant `9`.", cure="Try 01."),
            18,
            "no participant `9`. Try",
        ),
        (InputDataError("bad cell", path="a.tsv"), 65, "bad cell [a.tsv]"),
        (CannotCreateError("results of another study"), 73, "results of another study"),
        (
            OSError(28, "No space left on device", "/data/x"),
            74,
            "Reading or writing failed: No space left on device. [/data/x]",
        ),
        (KeyboardInterrupt(), 130, "interrupted."),
    ],
)
def test_errors_are_a_sentence_and_a_code(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    told: Callable[[], str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    rooms.sessions = error
    assert main(dataset.participant) == code
    text = told()
    assert len(errors_of(text)) == 1
    assert f"bids_ketamine: error: {sentence}" in text
    assert "Traceback" not in text
    assert not dataset.work.exists()


def test_an_unexpected_error_leaves_its_traceback_in_a_file(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    rooms.outcomes = ZeroDivisionError("by zero\nsecond line")
    assert main([*dataset.participant, "-v"]) == 1
    (line,) = errors_of(told())
    found = re.fullmatch(
        r"bids_ketamine: error: unexpected ZeroDivisionError: by zero Traceback: (\S+)", line
    )
    assert found is not None
    path = Path(found[1])
    assert path.parent == dataset.out / "logs"
    assert re.fullmatch(r"crash-\d{8}-\d{6}-\d+\.txt", path.name)
    text = path.read_text()
    assert text.startswith("bids_ketamine ")
    assert "Traceback (most recent call last)" in text
    assert "ZeroDivisionError: by zero" in text


def test_twice_verbose_shows_the_traceback(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    rooms.outcomes = ZeroDivisionError("by zero")
    assert main([*dataset.participant, "-vv"]) == 1
    assert "Traceback (most recent call last)" in told()


def test_guards_stand_before_the_query(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    lines = {
        64: [str(dataset.bids), str(dataset.bids), *dataset.participant[2:]],
        66: [str(dataset.root / "none"), *dataset.participant[1:]],
    }
    for code, arguments in lines.items():
        assert main(arguments) == code
    inside = [*dataset.participant, "-w", str(dataset.bids / "work")]
    assert main(inside) == 64
    assert main([*inside, "--dry-run"]) == 64
    (dataset.root / "file").write_text("")
    assert main([str(dataset.bids), str(dataset.root / "file"), *dataset.participant[2:]]) == 73
    assert rooms.calls == []
    assert len(errors_of(told())) == 5


def test_an_output_that_cannot_be_made(
    dataset: SimpleNamespace, rooms: SimpleNamespace, told: Callable[[], str]
) -> None:
    (dataset.root / "file").write_text("")
    output = dataset.root / "file" / "out"
    for extra in ([], ["--dry-run"]):
        code = main([str(dataset.bids), str(output), *dataset.participant[2:], *extra])
        assert code == 73
    assert all(f"[{output}]" in line for line in errors_of(told()))


@pytest.mark.parametrize(
    ("study", "code", "sentence"),
    [
        ("norbury", 64, "`norbury` is neither a preset nor a study file. Did you mean"),
        ("none.yml", 66, ""),
    ],
)
def test_a_study_that_is_not_there(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    told: Callable[[], str],
    study: str,
    code: int,
    sentence: str,
) -> None:
    assert main([*dataset.participant, "--study", study]) == code
    assert f"bids_ketamine: error: {sentence}" in told()


@pytest.mark.parametrize(
    ("content", "code"), [(None, 66), ("{", 65), ("plugin_args: {}", 65), ("plugin: [1]", 65)]
)
def test_plugin_files_that_cannot_be_used(
    dataset: SimpleNamespace,
    rooms: SimpleNamespace,
    told: Callable[[], str],
    content: str | None,
    code: int,
) -> None:
    path = dataset.root / "plugin.yml"
    if content is not None:
        path.write_text(content)
    assert main([*dataset.participant, "--use-plugin", str(path)]) == code
    (line,) = errors_of(told())
    assert f"[{path}]" in line
    assert rooms.calls == []


def test_usage_errors_and_help_go_through_main(
    told: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["a", "b", "participnat"]) == 64
    assert errors_of(told()) == [
        "bids_ketamine: error: `participnat` is no level; did you mean `participant`? "
        "See `bids_ketamine --help`."
    ]
    assert main(["--version"]) == 0
    assert re.fullmatch(r"bids_ketamine \d+\.\d+\S*\n", capsys.readouterr().out)
