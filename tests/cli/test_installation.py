"""The check of an installation finds what is missing and names it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import pytest

from bids_ketamine._version import __version__
from bids_ketamine.cli import installation


def test_a_whole_installation(tmp_path: Path) -> None:
    """Neither the home folder nor what variables name is touched."""
    for name in ("current", "home", "temporary", "templates"):
        (tmp_path / name).mkdir()
    stated = {"HOME": "home", "TMPDIR": "temporary", "TEMPLATEFLOW_HOME": "templates"}
    environment = {
        name: word for name, word in os.environ.items() if name not in installation.PLACES
    } | {name: str(tmp_path / place) for name, place in stated.items()}
    done = subprocess.run(
        [sys.executable, "-m", "bids_ketamine.cli.installation"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path / "current",
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, packages, last = done.stdout.splitlines()
    assert first.startswith(f"bids_ketamine {__version__}, Python 3.")
    names = [each.split()[0] for each in packages.split(", ")]
    assert names[:3] == ["formulaic", "h5py", "isal"]
    assert {"numpy", "nilearn", "nipype", "pybids"} < set(names)
    assert "pytest" not in names
    assert last == "the installation is whole"
    assert [list(each.iterdir()) for each in tmp_path.iterdir()] == [[]] * 4


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
    monkeypatch.setattr(installation, "requirement_problems", lambda: ([], ["h5py: broken"]))
    before = dict(os.environ)
    assert installation.main() == 1
    assert {name: os.environ.get(name) for name in installation.PLACES} == {
        name: before.get(name) for name in installation.PLACES
    }
    told = capsys.readouterr()
    assert told.err == "error: h5py: broken\nerror: bids_ketamine.core: broken\n"
    assert told.out.endswith("the installation is not whole\n")


def test_packages_that_the_app_loads_late_are_imported_too(monkeypatch) -> None:
    imported: list[str] = []

    def fail(name: str) -> None:
        imported.append(name)
        if name == "h5py":
            raise OSError("libhdf5.so: no such file")

    monkeypatch.setattr(installation.importlib, "import_module", fail)
    versions, problems = installation.requirement_problems()
    assert problems == ["h5py: OSError: libhdf5.so: no such file"]
    assert {"formulaic", "templateflow", "bids", "sklearn", "PIL", "yaml"} < set(imported)
    assert {"pylab", "_yaml", "pytest"}.isdisjoint(imported)
    assert f"h5py {metadata.version('h5py')}" in versions


def test_packages_that_are_not_there_are_named(monkeypatch) -> None:
    monkeypatch.setattr(installation, "required_packages", lambda: ("numpy", "no-such_package"))
    assert installation.requirement_problems() == (
        [f"numpy {metadata.version('numpy')}"],
        ["no-such_package: it is not installed"],
    )


def test_an_app_that_only_lies_on_the_path_is_told(monkeypatch) -> None:
    def nothing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installation.metadata, "requires", nothing)
    assert installation.requirement_problems() == (
        [],
        ["bids_ketamine: it is not installed, its requirements are not known"],
    )


@pytest.mark.parametrize("error", ["ImportError", "ValueError"])
def test_a_package_that_fails_does_not_end_the_walk(error: str, tmp_path, monkeypatch) -> None:
    for name, text in (("bad", f"raise {error}('broken')"), ("good", "")):
        (tmp_path / "bids_ketamine_parts" / name).mkdir(parents=True)
        (tmp_path / "bids_ketamine_parts" / name / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installation, "APP", "bids_ketamine_parts")
    monkeypatch.setattr(
        installation.bids_ketamine, "__path__", [str(tmp_path / "bids_ketamine_parts")]
    )
    assert installation.module_problems() == [f"bids_ketamine_parts.bad: {error}: broken"]


def test_without_a_temporary_folder_it_is_told(monkeypatch, capsys) -> None:
    def none(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", none)
    assert installation.main() == 1
    assert capsys.readouterr().err.startswith("error: no temporary folder can be made: ")
