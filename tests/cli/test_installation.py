"""The check of an installation finds what is missing and names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bids_ketamine._version import __version__
from bids_ketamine.cli import installation


def test_a_whole_installation(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bids_ketamine.cli.installation"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, packages, last = done.stdout.splitlines()
    assert first.startswith(f"bids_ketamine {__version__}, Python 3.")
    names = [each.split()[0] for each in packages.split(", ")]
    assert names[:3] == ["formulaic", "h5py", "isal"]
    assert {"numpy", "nilearn", "nipype", "pybids"} < set(names)
    assert "pytest" not in names
    assert last == "the installation is whole"
    assert list(tmp_path.iterdir()) == []


def test_a_module_that_cannot_be_imported_is_named(monkeypatch) -> None:
    def fail(name: str) -> None:
        if name == "bids_ketamine.core.rsa":
            raise ImportError("no such library")

    monkeypatch.setattr(installation.importlib, "import_module", fail)
    assert installation.module_problems() == [
        "bids_ketamine.core.rsa: ImportError: no such library"
    ]


def test_shipped_files_that_are_not_there_are_named(monkeypatch, capsys) -> None:
    missing = (("bids_ketamine.study", "presents"),)
    (line,) = installation.shipped_problems(missing)
    assert line.startswith("bids_ketamine.study/presents: ")
    assert installation.shipped_problems() == []
    monkeypatch.setattr(installation, "module_problems", lambda: ["bids_ketamine.core: broken"])
    monkeypatch.setattr(installation, "use_caches", lambda environment: None)
    assert installation.main() == 1
    told = capsys.readouterr()
    assert told.err == "error: bids_ketamine.core: broken\n"
    assert told.out.endswith("the installation is not whole\n")
