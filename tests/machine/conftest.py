"""Places that can and cannot be written to."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder that nobody can make, root neither."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "inside"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder of temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def no_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of temporary files at all."""

    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def unknown_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a name, as ``docker run --user 4321`` makes one."""
    real = os.path.expanduser
    monkeypatch.setattr(os.path, "expanduser", lambda path: path if path == "~" else real(path))


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that everybody can come to, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
