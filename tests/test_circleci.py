"""The configuration of continuous integration: as its schema asks, and of targets that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / ".circleci" / "config.yml"


def configuration() -> dict[str, Any]:
    """Return the configuration."""
    read: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return read


def commands(job: str) -> list[str]:
    """Return the commands of a job, in order."""
    steps = configuration()["jobs"][job]["steps"]
    runs = [step["run"] for step in steps if isinstance(step, dict) and "run" in step]
    return [run["command"] for run in runs]


def test_it_is_as_its_schema_asks() -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.circle-ci", CONFIG],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_is_a_target_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, flags=re.MULTILINE)) | {".venv/.ready"}
    assert "READY := $(VENV)/.ready" in makefile
    for job in configuration()["jobs"]:
        for command in commands(job):
            program, target = command.splitlines()[-1].split()
            assert program == "make"
            assert target in targets, f"{job}: {command}"


def test_what_is_run_on_every_change_and_release() -> None:
    jobs = {
        name: options
        for each in configuration()["workflows"]["every_change"]["jobs"]
        for name, options in each.items()
    }
    assert jobs["test"]["matrix"]["parameters"]["python"] == ["3.11", "3.12", "3.13"]
    assert commands("test")[-1] == "make test"
    assert commands("demo") == ["make demo"]
    assert commands("docs") == ["make docs"]
    (container,) = commands("container")
    assert 'if [ -n "${CIRCLE_TAG:-}" ]; then export TEMPLATES=fetch; fi' in container
    assert container.splitlines()[-1] == "make container-test"
    assert set(jobs) == {"test", "demo", "docs", "container"}
    assert all(each["filters"]["tags"]["only"] == "/^v[0-9].*/" for each in jobs.values())
