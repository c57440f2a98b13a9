"""The folder of TemplateFlow's files, also where there is no place for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bids_ketamine.errors import InputMissingError
from bids_ketamine.regions import templateflow


@pytest.fixture(autouse=True)
def _nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEMPLATEFLOW_HOME", "XDG_CACHE_HOME", templateflow.SECOND_PLACE):
        monkeypatch.delenv(name, raising=False)
    templateflow._fetch.cache_clear()


def test_what_is_stated_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert templateflow.home() == Path("/home/me/.cache/templateflow")
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")  # a relative one is to be ignored
    assert templateflow.home() == Path("/home/me/.cache/templateflow")
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/caches")
    assert templateflow.home() == Path("/scratch/caches/templateflow")
    monkeypatch.setenv("TEMPLATEFLOW_HOME", " ")
    assert templateflow.home() == Path("/scratch/caches/templateflow")
    monkeypatch.setenv("TEMPLATEFLOW_HOME", "/templates")
    assert templateflow.home() == Path("/templates")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(InputMissingError, match="this user has no home folder") as told:
        templateflow.template_file("MNI152NLin6Asym", "T1w.nii.gz", purpose="A test")
    assert "Set TEMPLATEFLOW_HOME to a folder." in str(told.value)


def test_a_copy_that_is_closed_and_empty_is_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    closed = tmp_path / "file" / "templateflow"
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(closed))
    with pytest.raises(InputMissingError, match="is not here and cannot be fetched") as told:
        templateflow.template_file("MNI152NLin6Asym", "T1w.nii.gz", purpose="A test")
    assert told.value.path == closed / "tpl-MNI152NLin6Asym" / "tpl-MNI152NLin6Asym_T1w.nii.gz"
    assert (
        f"cannot be fetched. Reason: NotADirectoryError: [Errno 20] Not a directory: '{closed}'."
        in (str(told.value))
    )
    assert isinstance(told.value.__cause__, NotADirectoryError)


def put(home: Path, text: str) -> Path:
    path = home / "tpl-MNI152NLin6Asym" / "tpl-MNI152NLin6Asym_T1w.nii.gz"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


class TestSecondPlace:
    """A folder that is read where the user's own has no such file."""

    @pytest.fixture(autouse=True)
    def second(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(
            templateflow, "_fetch", lambda *_: pytest.fail("it need not be fetched")
        )
        monkeypatch.setenv("BIDS_KETAMINE_TEMPLATES", str(tmp_path / "image"))
        return put(tmp_path / "image", "of the image")

    def test_is_not_hidden_by_the_first(
        self, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "host"))
        assert self.found() == second
        # TemplateFlow's local copy holds empty files where nothing was fetched yet.
        first = put(tmp_path / "host", "")
        assert self.found() == second
        first.write_text("of the host")
        assert self.found() == first

    def test_is_read_without_a_home_folder(
        self, second: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)
        assert self.found() == second

    def test_without_the_file_the_first_is_named(
        self, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        second.unlink()
        monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "host"))
        monkeypatch.setattr(templateflow, "_fetch", lambda *_: None)
        with pytest.raises(InputMissingError, match=r"cannot be fetched\. \[") as told:
            self.found()
        assert told.value.path == tmp_path / "host" / second.relative_to(tmp_path / "image")

    @staticmethod
    def found() -> Path:
        return templateflow.template_file("MNI152NLin6Asym", "T1w.nii.gz", purpose="A test")


def test_the_reason_is_what_lies_behind_in_one_short_line() -> None:
    def wrapped(error: Exception) -> Exception:
        try:
            try:
                raise error
            except Exception as cause:
                raise ValueError("max retries exceeded\nwith url") from cause
        except ValueError:
            try:
                raise RuntimeError("no connection")
            except RuntimeError as outer:
                return outer

    assert templateflow.reason(wrapped(OSError(-2, "Name or service not known"))) == (
        "OSError: [Errno -2] Name or service not known"
    )
    assert templateflow.reason(wrapped(TimeoutError())) == "TimeoutError"
    told = templateflow.reason(RuntimeError("Failed to\ndownload. " + "x" * 500))
    assert told.startswith("RuntimeError: Failed to download. xxx")
    assert (len(told), told[-3:]) == (160, "...")
