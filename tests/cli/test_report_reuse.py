"""Reports are drawn again when anything that they show has changed, and only then."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.cli import report_reuse
from bids_ketamine.cli.report_reuse import ReportStamps
from bids_ketamine.cli.run import main
from bids_ketamine.cli.trial import Trial
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.records import SessionOutcome


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """An output folder with a page, a table and a record of participant 01."""
    out = tmp_path / "out"
    (out / "logs").mkdir(parents=True)
    (out / "sub-01" / "ses-pre").mkdir(parents=True)
    (out / "sub-01" / "ses-pre" / "measures.tsv").write_text("value\n1\n")
    (out / "sub-01.html").write_text("<html></html>")
    record(out, "computed")
    return Trial(bids_dir=tmp_path, output_dir=out, derivatives={}, study=load_study("norbury2021"))


def record(out: Path, status: str, missing: tuple[str, ...] = ()) -> None:
    facts = {"Errors": [], "Sessions": {"pre": status}, "Missing": list(missing)}
    (out / "logs" / "sub-01_errors.json").write_text(json.dumps(facts))


def later(path: Path) -> None:
    """Give a file a later time and leave its content."""
    time = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(time, time))


def test_a_page_is_kept_until_something_changes(trial: Trial, tmp_path: Path) -> None:
    stamps = ReportStamps(trial, tmp_path / "work")
    assert not stamps.up_to_date("01")
    stamps.remember("01")
    assert stamps.up_to_date("01")
    record(trial.output_dir, "reused")
    assert stamps.up_to_date("01")
    assert not stamps.up_to_date("02")
    assert not ReportStamps(trial, tmp_path / "other").up_to_date("01")


def gone(out: Path) -> None:
    (out / "sub-01.html").unlink()


def damaged(out: Path) -> None:
    (out / "logs" / "sub-01_errors.json").write_text("{")


@pytest.mark.parametrize(
    "change",
    [
        gone,
        damaged,
        lambda out: later(out / "sub-01.html"),
        lambda out: later(out / "sub-01" / "ses-pre" / "measures.tsv"),
        lambda out: (out / "sub-01" / "ses-pre" / "more.tsv").write_text(""),
        lambda out: (out / "sub-01" / "ses-pre" / "measures.tsv").unlink(),
        lambda out: record(out, "failed"),
        lambda out: record(out, "reused", ("faces",)),
    ],
    ids=["no page", "record", "page", "table", "new file", "file gone", "failed", "missing"],
)
def test_what_makes_a_page_old(
    trial: Trial, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    stamps = ReportStamps(trial, tmp_path / "work")
    stamps.remember("01")
    change(trial.output_dir)
    assert not stamps.up_to_date("01")


def test_another_study_version_or_output_makes_a_page_old(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    ReportStamps(trial, work).remember("01")
    for changed in (
        replace(trial.study, notices=("a notice",)),
        replace(trial.study, spec=replace(trial.study.spec, title="another")),
    ):
        assert not ReportStamps(replace(trial, study=changed), work).up_to_date("01")
    copied = tmp_path / "copy"
    trial.output_dir.rename(copied)
    assert not ReportStamps(replace(trial, output_dir=copied), work).up_to_date("01")
    copied.rename(trial.output_dir)
    assert ReportStamps(trial, work).up_to_date("01")
    monkeypatch.setattr(report_reuse, "__version__", "99.0")
    assert not ReportStamps(trial, work).up_to_date("01")


def test_a_stamp_that_cannot_be_kept_is_no_error(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    stamps = ReportStamps(trial, tmp_path / "work")
    stamps.remember("01")
    assert not stamps.up_to_date("01")


def test_a_run_with_nothing_to_compute_draws_nothing(
    dataset: SimpleNamespace, rooms: SimpleNamespace, stand_in: Callable[..., None]
) -> None:
    drawn = []

    def write_participant_report(output_dir: Path, participant: str, **_: object) -> Path:
        drawn.append(participant)
        page = output_dir / f"sub-{participant}.html"
        page.write_text("page")
        return page

    stand_in("bids_ketamine.reports.participant", write_participant_report=write_participant_report)
    rooms.outcomes = (SessionOutcome("01", "pre", "computed"),)
    assert main(dataset.participant) == 0
    rooms.outcomes = (SessionOutcome("01", "pre", "reused"),)
    assert main(dataset.participant) == 0
    assert drawn == ["01"]
    (dataset.out / "sub-01").mkdir()  # what --reports-only looks for
    assert main([*dataset.participant, "--reports-only"]) == 0
    assert drawn == ["01", "01"]
    (dataset.out / "sub-01.html").unlink()
    assert main(dataset.participant) == 0
    assert drawn == ["01", "01", "01"]
