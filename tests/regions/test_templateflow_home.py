"""The folder of TemplateFlow's files, also where there is no place for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bids_ketamine.errors import InputMissingError
from bids_ketamine.regions import templateflow


@pytest.fixture(autouse=True)
def _nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEMPLATEFLOW_HOME", "XDG_CACHE_HOME"):
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
