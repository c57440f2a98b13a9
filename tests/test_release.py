"""What a release states of itself: one version everywhere, licences of everything that ships."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import bids_ketamine
from bids_ketamine._version import __version__

ROOT = Path(__file__).parents[1]
DATA = ROOT / "bids_ketamine" / "regions" / "data"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_gits() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert bids_ketamine.__version__ == __version__
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(\.dev\d+)?(\+[a-z0-9.]+)?", __version__)


def test_citation_and_changes_name_the_same_release() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGES.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+)", changes, flags=re.MULTILINE)
    assert newest is not None
    assert str(citation["version"]) == newest[1]
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["cff-version"] == "1.2.0"


def test_the_citation_is_as_its_schema_asks() -> None:
    done = subprocess.run(
        [
            Path(sys.executable).with_name("check-jsonschema"),
            *("--builtin-schema", "vendor.citation-file-format"),
            ROOT / "CITATION.cff",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_file_of_an_atlas_that_ships_has_a_licence_notice() -> None:
    notices = (DATA / "LICENSES.md").read_text(encoding="utf-8")
    files = [path.name for path in DATA.iterdir() if path.name.startswith("atlas-")]
    atlases = {re.match(r"atlas-([A-Za-z0-9]+)", name)[1] for name in files}  # type: ignore[index]
    assert atlases == {"FearCircuit", "Schaefer2018", "Seitzman300", "TianS1", "TianS2"}
    for atlas in atlases:
        stem = re.sub(r"(S\d|\d+)$", "", atlas)
        assert stem.lower() in notices.lower(), f"no licence notice of {atlas}"


def test_licence_files_are_in_the_distribution() -> None:
    for name in PROJECT["project"]["license-files"]:
        assert (ROOT / name).is_file()
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").lstrip().startswith("Apache License")


def test_an_archive_of_a_release_knows_its_version(tmp_path: Path) -> None:
    """What is downloaded without git's history states commit and tag (.git_archival.txt)."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        ["git", "archive", "HEAD", ".git_archival.txt", ".gitattributes"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("git does not read this checkout")
    assert b"node: $Format" not in done.stdout
    assert re.search(rb"node: [0-9a-f]{40}", done.stdout)
