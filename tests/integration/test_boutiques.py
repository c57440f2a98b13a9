"""What Boutiques makes of the descriptor: valid, a command line, and runs over the demo trial."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.outputs.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTOR = ROOT / "boutiques.json"
TESTS: list[dict[str, Any]] = json.loads(DESCRIPTOR.read_text(encoding="utf-8"))["tests"]
PROGRAMS = Path(sys.executable).parent


def bosh(*arguments: str | Path, folder: Path) -> tuple[int, str]:
    """Return exit code and what is printed, without colours."""
    paths = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [PROGRAMS / "bosh", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def launch(invocation: dict[str, Any], *, folder: Path) -> tuple[int, str]:
    """Run an invocation with the installed app."""
    path = folder / "invocation.json"
    path.write_text(json.dumps(invocation), encoding="utf-8")
    local = ("--no-container", "--skip-data-collection")
    return bosh("exec", "launch", *local, DESCRIPTOR, path.name, folder=folder)


def simulated(invocation: dict[str, Any], *, folder: Path) -> str:
    """Return the command line of an invocation."""
    path = folder / "invocation.json"
    path.write_text(json.dumps(invocation), encoding="utf-8")
    code, text = bosh("exec", "simulate", DESCRIPTOR, "-i", path.name, folder=folder)
    assert code == 0, text
    return text.splitlines()[-1]


@pytest.fixture
def folder(trial: Path, tmp_path: Path) -> Path:
    """A folder with the demo trial, as the descriptor's own tests name it."""
    (tmp_path / "demo-trial").symlink_to(trial)
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--bids",)])
def test_it_is_valid(options: tuple[str, ...], tmp_path: Path) -> None:
    code, text = bosh("validate", *options, DESCRIPTOR, folder=tmp_path)
    assert (code, text.splitlines()[-1]) == (0, "OK")
    assert ("BIDS validation OK" in text) == bool(options)


def test_command_line_of_an_invocation(tmp_path: Path) -> None:
    given = {
        "bids_dir": "my data/bids",
        "output_dir": "my results",
        "analysis_level": "participant",
        "study": "my study.yml",
        "participant_label": ["01", "02"],
        "derivatives": ["fmriprep=my data/prep", "xcp_d=b"],
        "nprocs": 2,
        "mem_mb": "8G",
        "dry_run": True,
        "overwrite": False,
    }
    assert simulated(given, folder=tmp_path) == (
        "mkdir -p 'my results'; bids_ketamine 'my data/bids' 'my results' participant "
        "--participant-label 01 02 --study 'my study.yml' --derivatives 'fmriprep=my data/prep' "
        "xcp_d=b --nprocs 2 --mem-mb 8G --dry-run"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"existing_output_dir": "there"}, "existing_output_dir"),
        # bosh 0.5 refuses it, but stumbles over the sentence that would say why.
        ({"dry_run": True, "reports_only": True}, ""),
        ({"analysis_level": "session"}, "'session' is not one of ['participant', 'group']"),
        ({"nprocs": 0}, "0 is less than the minimum of 1"),
        ({"output_dir": None}, "output_dir"),
    ],
)
def test_invocations_that_the_app_would_refuse_are_refused(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    right = {"bids_dir": "a", "output_dir": "b", "analysis_level": "group", "study": "siegel2021"}
    assert simulated(right, folder=tmp_path) == (
        "mkdir -p b; bids_ketamine a b group --study siegel2021"
    )
    wrong = {key: value for key, value in {**right, **change}.items() if value is not None}
    path = tmp_path / "invocation.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    code, text = bosh("invocation", DESCRIPTOR, "-i", path.name, folder=tmp_path)
    assert code != 0
    assert told in text


@pytest.mark.parametrize("case", TESTS, ids=[case["name"] for case in TESTS])
def test_its_own_tests_pass(case: dict[str, Any], folder: Path) -> None:
    code, text = launch(case["invocation"], folder=folder)
    assert code == case["assertions"]["exit-code"], text
    for output in case["assertions"].get("output-files", ()):
        assert f"- demo-output ({output['id']}, Required)" in text
        sessions = sorted(path.name for path in folder.glob("demo-output/sub-*/ses-*"))
        assert sessions == ["ses-pre"]
        measures = read_table(
            folder / "demo-output" / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv"
        )
        assert set(measures["measure"]) == {"resting_connectivity"}
        # Six regions make fifteen pairs.
        assert measures["value"].notna().sum() == 15
    if code == 18:
        assert "Labels and filters leave nothing to do." in text


def test_paths_with_spaces_reach_the_app(trial: Path, tmp_path: Path) -> None:
    assert " " in trial.name
    given = {
        **{"bids_dir": str(trial), "output_dir": "my results", "analysis_level": "participant"},
        **{"study": "norbury2021", "participant_label": ["01"], "dry_run": True},
    }
    code, text = launch(given, folder=tmp_path)
    assert code == 0, text
    assert "6 of 6 analyses can run, in 2 sessions of 1 participant." in text
    assert "- my results (results, Required)" in text
