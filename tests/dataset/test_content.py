"""Files that are named and have no content, or are no files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bids_ketamine.dataset.content import content_error, content_problem
from bids_ketamine.errors import (
    BidsKetamineError,
    InputDataError,
    InputMissingError,
    ReadWriteError,
)


def told(path: Path, kind: type[BidsKetamineError]) -> str:
    error = content_error(path)
    assert type(error) is kind
    assert error.path == path
    problem = content_problem(path)
    assert f"{problem}." == error.message
    assert str(path.parent) not in error.message
    return error.message


def test_a_file_with_content_has_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("onset\n")
    link = tmp_path / "link.tsv"
    link.symlink_to(path)
    assert content_problem(path) is None
    assert content_error(link) is None


def test_links_and_pointers_without_content(tmp_path: Path) -> None:
    annex = tmp_path / "bold.nii.gz"
    annex.symlink_to("../.git/annex/objects/xx/yy/MD5E-s1--1.nii.gz")
    words = "bold.nii.gz is an annex link whose content is not here (get it with datalad get)."
    assert told(annex, InputMissingError) == words
    pointer = tmp_path / "unlocked.nii.gz"
    pointer.write_text("/annex/objects/MD5E-s1--1.nii.gz\n")
    assert "is an annex link" in told(pointer, InputMissingError)
    lfs = tmp_path / "lfs.nii.gz"
    lfs.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")
    assert "is a Git LFS pointer" in told(lfs, InputMissingError)
    dangling = tmp_path / "dangling.tsv"
    dangling.symlink_to("nowhere")
    words = "dangling.tsv is a link to a file that is not there."
    assert told(dangling, InputMissingError) == words
    loop = tmp_path / "loop.tsv"
    loop.symlink_to(loop)
    assert told(loop, InputMissingError) == "loop.tsv is a link that leads back to itself."
    assert told(tmp_path / "none.tsv", InputMissingError) == "none.tsv is not there."
    (tmp_path / "file").write_text("x")
    assert told(tmp_path / "file" / "x.tsv", InputMissingError) == "x.tsv is not there."


def test_what_is_no_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    os.mkfifo(tmp_path / "pipe.tsv")
    assert told(tmp_path / "pipe.tsv", InputDataError) == "pipe.tsv is a named pipe, not a file."
    (tmp_path / "folder.tsv").mkdir()
    assert told(tmp_path / "folder.tsv", InputDataError) == "folder.tsv is a folder, not a file."
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert told(tmp_path / "s", InputDataError) == "s is a socket, not a file."
    link = tmp_path / "null.tsv"
    link.symlink_to(os.devnull)
    assert told(link, InputDataError) == "null.tsv is a device, not a file."
    (tmp_path / "empty.tsv").touch()
    assert told(tmp_path / "empty.tsv", InputDataError) == "empty.tsv is empty (0 bytes)."


def test_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("onset\n")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert told(path, ReadWriteError) == "x.tsv cannot be read (permission denied)."


def test_a_folder_above_that_may_not_be_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bids_ketamine.dataset.content.os.stat", refuse)
    error = content_error(tmp_path / "x.tsv")
    assert isinstance(error, ReadWriteError)
    assert error.exit_code == 74


def test_a_name_that_is_not_utf8_can_be_told(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/sub-\xff\xe4.tsv"))
    path.touch()
    problem = content_problem(path)
    assert problem == r"sub-\xff\xe4.tsv is empty (0 bytes)"
    assert problem.encode("utf-8")
