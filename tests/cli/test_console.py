"""A crash file is written where that can be done; where it cannot, nothing hides the error."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from bids_ketamine.cli.console import write_crash_file

ERROR = ValueError("the sum is negative")


def test_a_crash_file_holds_command_and_traceback(tmp_path: Path) -> None:
    path = write_crash_file(ERROR, arguments=["--nprocs=2"], log_folder=tmp_path / "logs")
    assert path is not None
    assert path.parent == tmp_path / "logs"
    text = path.read_text(encoding="utf-8")
    assert "bids_ketamine --nprocs='2'\n" in text
    assert text.endswith("ValueError: the sum is negative\n")


def test_without_any_place_there_is_no_file_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    (tmp_path / "file").touch()
    assert write_crash_file(ERROR, arguments=[], log_folder=None) is None
    assert write_crash_file(ERROR, arguments=[], log_folder=tmp_path / "file") is None
    # A place that can be written to is taken without asking for another.
    assert write_crash_file(ERROR, arguments=[], log_folder=tmp_path) is not None
