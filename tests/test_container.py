"""The Dockerfile keeps its promises, as far as they can be told without building it.

`make container-test` builds the image and runs the demo in it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
#: Instructions, continued lines joined, comments left out.
INSTRUCTIONS = [
    line
    for line in re.sub(r"\\\n\s*", " ", DOCKERFILE).splitlines()
    if line and not line.startswith("#")
]
SCRIPTS = sorted((ROOT / "container").glob("*.sh"))


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.is_file():
        pytest.skip("hadolint is not to be had for this kind of processor")
    done = subprocess.run(
        [hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_it_needs_no_particular_builder() -> None:
    assert "<<" not in DOCKERFILE
    assert "--link" not in DOCKERFILE
    assert "--mount" not in DOCKERFILE
    assert not DOCKERFILE.startswith("# syntax")


def test_base_image_and_templates_are_arguments() -> None:
    assert INSTRUCTIONS[0] == "ARG BASE=python:3.11-slim-bookworm"
    bases = [line.split()[1] for line in INSTRUCTIONS if line.startswith("FROM")]
    assert bases == ["${BASE}", "packages", "application", "${BASE}"]
    (fetching,) = [line for line in INSTRUCTIONS if "regions.fetch" in line]
    assert fetching.startswith('RUN if [ "${TEMPLATES}" != none ]')


def test_the_app_runs_as_a_number_from_an_absolute_path() -> None:
    assert "USER 4321:4321" in INSTRUCTIONS
    assert INSTRUCTIONS[-1] == 'ENTRYPOINT ["/opt/bids_ketamine/bin/bids_ketamine"]'
    # The check of what was installed is made as the user that runs it.
    last = [line.split()[0] for line in INSTRUCTIONS[-4:]]
    assert last == ["USER", "WORKDIR", "RUN", "ENTRYPOINT"]
    assert "bids_ketamine.cli.installation" in INSTRUCTIONS[-2]


def test_what_is_installed_is_pinned() -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in pinned.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ;.*)?", line) for line in lines)
    names = {normal(line.split("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["test"], *extras["docs"]]:
        assert normal(re.split(r"[>=<; ]", requirement)[0]) in names
    for installing in [line for line in INSTRUCTIONS if "pip install" in line]:
        assert "-c constraints.txt" in installing or "--no-deps" in installing
    (building,) = [line for line in INSTRUCTIONS if "pip wheel" in line]
    assert "--no-deps" in building


def normal(name: str) -> str:
    """Return the name of a package as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_build_context_is_what_is_installed() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert kept == {"LICENSE", "README.md", "bids_ketamine", "constraints.txt", "pyproject.toml"}
    assert all((ROOT / name).exists() for name in kept)


def test_the_image_says_what_it_is() -> None:
    (labels,) = [line for line in INSTRUCTIONS if line.startswith("LABEL")]
    found = dict(re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]*)"', labels))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert found["title"] == project["name"]
    assert found["licenses"] == project["license"]
    assert found["source"] == project["urls"]["Documentation"]
    assert (found["version"], found["revision"]) == ("${VERSION}", "${REVISION}")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_well_formed(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text(encoding="utf-8")
    if script.name != "engine.sh":  # which is sourced
        assert text.startswith("#!/usr/bin/env bash\n")
        assert "set -euo pipefail" in text


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    if not shellcheck.is_file():
        pytest.skip("shellcheck is not to be had for this kind of processor")
    done = subprocess.run(
        [shellcheck, "-x", *SCRIPTS], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_without_an_engine_the_scripts_say_what_to_install(tmp_path: Path) -> None:
    for tool in ("bash", "dirname", "realpath"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        ["bash", ROOT / "container" / "build.sh"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
        cwd=tmp_path,
    )
    assert done.returncode == 69
    assert done.stderr == (
        "error: neither a Docker daemon nor podman is here. Debian and Ubuntu: "
        "apt-get install --no-install-recommends podman buildah runc debootstrap\n"
    )


#: A Docker that notes what it is asked for and refuses what only podman knows.
DOCKER = """#!/usr/bin/env bash
echo "$*" >> "$NOTES"
case "$1 $*" in
    "--version "*) echo "${DOCKER_VERSION:-Docker version 28.2.2}" ;;
    *--passwd* | *--read-only-tmpfs* | *--layers* | *"--format docker"* | *--pull=never*)
        echo "unknown flag" >&2; exit 125 ;;
    "image "*--format*) echo 900000000 ;;
esac
"""


def test_docker_is_asked_for_nothing_that_it_does_not_know(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    docker = tmp_path / "docker"
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "container" / "test.sh"],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "NOTES": str(notes),
            "STORE": str(tmp_path / "store"),
            "VERSION": "1.2.3",
            "MEMORY": "1500",
        },
        cwd=tmp_path,
    )
    # Nothing was run, so that there is no report in the end.
    assert done.stderr.splitlines()[-1] == "FAILED: there is no group report"
    asked = notes.read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in asked] == [
        *("--version", "info", "image", "build", "image"),
        *["run"] * 5,
    ]
    assert "--build-arg VERSION=1.2.3" in asked[3]
    assert "--build-arg TEMPLATES=none" in asked[3]
    for line in asked[5:]:
        assert "--network=none --read-only " in line
        assert "--user 65533:65533 --memory 1500000000 --memory-swap 1500000000 " in line
        assert "--cap-drop ALL --security-opt no-new-privileges " in line
    assert all("/trial/demo:/data:ro" in line for line in asked[6:])
    assert asked[-1].endswith("bids/bids_ketamine:dev /data /results group --study norbury2021")


def test_podman_by_dockers_name_is_not_taken_for_docker(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    podman = tmp_path / "podman"
    podman.write_text("#!/usr/bin/env bash\nexit 0\n", encoding="utf-8")
    podman.chmod(0o755)
    source = f". {ROOT / 'container' / 'engine.sh'}; choose_engine; echo $ENGINE"
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "NOTES": str(tmp_path / "notes"),
        "STORE": str(tmp_path / "store"),
    }
    for version, engine in (("podman version 5.4", "podman"), ("Docker version 29", "docker")):
        done = subprocess.run(
            ["bash", "-c", source],
            capture_output=True,
            text=True,
            check=True,
            env={**env, "DOCKER_VERSION": version},
        )
        assert done.stdout.strip() == engine
