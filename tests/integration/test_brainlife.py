"""``brainlife/main``: a run over the demo trial, what a container is asked, and mistakes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.cli.descriptor import release_version
from bids_ketamine.outputs.tables import read_table

BRAINLIFE = Path(__file__).resolve().parents[2] / "brainlife"
MAIN = BRAINLIFE / "main"
PROGRAMS = Path(sys.executable).parent

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")

#: Prints its arguments, one on a line.
_ECHO = '#!/bin/bash\nprintf "%s\\n" "$@" > asked.txt\n'


def run(folder: Path, *, config: dict[str, Any] | str, **environment: str) -> tuple[int, str]:
    """Run the script in a folder; return exit code and what is printed."""
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "config.json").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [MAIN],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def product(folder: Path) -> dict[str, Any]:
    """Return what brainlife.io would show."""
    found: dict[str, Any] = json.loads((folder / "product.json").read_text(encoding="utf-8"))
    return found


def program(folder: Path, name: str) -> Path:
    """Write a program that notes what it is asked."""
    path = folder / "programs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(_ECHO, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A working folder beside empty staged datasets."""
    for name in ("task/bids", "task/my prep", "work"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "work"


CONFIG = {
    "bids": "../task/bids",
    "fmriprep": "../task/my prep",
    "level": "participant",
    "study": "norbury2021",
}


def test_a_participant_of_the_demo_trial(trial: Path, tmp_path: Path) -> None:
    config = {
        "bids": os.path.relpath(trial, tmp_path),
        "fmriprep": os.path.relpath(trial / "derivatives" / "fmriprep", tmp_path),
        **{"level": "participant", "study": "norbury2021", "nprocs": 2},
        **{"participant_label": "01", "session_label": ["pre"], "task_id": "rest"},
    }
    command = str(PROGRAMS / "bids_ketamine")
    code, text = run(tmp_path, config=config, BIDS_KETAMINE_COMMAND=command)
    assert code == 0, text
    assert product(tmp_path) == {
        "brainlife": [
            {"type": "success", "msg": "participant level: done. Reports: output/*.html"}
        ],
        **{"level": "participant", "study": "norbury2021", "participants": 1},
        "tags": ["participant"],
    }
    session = tmp_path / "output" / "sub-01" / "ses-pre"
    measures = read_table(session / "sub-01_ses-pre_measures.tsv")
    assert set(measures["measure"]) == {"resting_connectivity"}
    assert (tmp_path / "output" / "sub-01.html").is_file()
    assert "1 of 1 session" in (tmp_path / "bids_ketamine.log").read_text(encoding="utf-8")
    assert not (tmp_path / "work").exists()


def test_what_a_container_is_asked(staged: Path) -> None:
    engine = program(staged, "singularity")
    (staged / "my_study.yml").write_text("name: mine\n", encoding="utf-8")
    options = {
        **{"study": "my_study.yml", "participant_label": "01, 02", "task_id": ["rest", "faces"]},
        **{"session_label": "", "nprocs": 4, "mem_mb": None, "random_seed": 0},
        **{"skip_bids_validation": True, "dry_run": False, "_app": "added by the platform"},
    }
    path = f"{engine.parent}{os.pathsep}{os.environ['PATH']}"
    code, text = run(staged, config={**CONFIG, **options}, PATH=path, BIDS_KETAMINE_COMMAND="")
    assert code == 0, text
    bids, prep = staged.parent / "task" / "bids", staged.parent / "task" / "my prep"
    image = f"docker://bids/bids_ketamine:{release_version()}"
    assert (staged / "asked.txt").read_text(encoding="utf-8").splitlines() == [
        *("exec", "-e", "--bind", f"{staged}"),
        *("--bind", f"{bids}:{bids}:ro", "--bind", f"{prep}:{prep}:ro"),
        *("--bind", f"{staged}:{staged}:ro", image, "bids_ketamine"),
        *(f"{bids}", "output", "participant", "--derivatives", f"fmriprep={prep}"),
        *("--study", f"{staged / 'my_study.yml'}"),
        *("--participant-label", "01", "02", "--task-id", "rest", "faces"),
        *("--nprocs=4", "--random-seed=0", "--skip-bids-validation", "--work-dir", "work"),
    ]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of the few programs that the script needs, without container engines."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("jq", "dirname", "realpath", "mkdir", "tee", "grep", "tail", "rm"):
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    return folder


def test_apptainer_is_taken_where_there_is_no_singularity(staged: Path, bare: Path) -> None:
    engine = program(staged, "apptainer")
    path = f"{engine.parent}{os.pathsep}{bare}"
    code, text = run(staged, config=CONFIG, PATH=path, BIDS_KETAMINE_COMMAND="")
    assert code == 0, text
    asked = (staged / "asked.txt").read_text(encoding="utf-8").splitlines()
    assert asked[:3] == ["exec", "-e", "--bind"]
    assert asked[-5:] == ["fmriprep=" + str(staged.parent / "task" / "my prep"), "--study",
                          "norbury2021", "--work-dir", "work"]  # fmt: skip


def test_a_machine_without_an_engine(staged: Path, bare: Path) -> None:
    code, text = run(staged, config=CONFIG, PATH=str(bare), BIDS_KETAMINE_COMMAND="")
    assert code == 69
    assert text == ("brainlife/main: error: neither singularity nor apptainer is installed here.\n")
    assert product(staged)["brainlife"] == [
        {"type": "error", "msg": "neither singularity nor apptainer is installed here."}
    ]


def test_a_machine_without_jq_has_no_product(staged: Path, bare: Path) -> None:
    (bare / "jq").unlink()
    code, text = run(staged, config=CONFIG, PATH=str(bare))
    assert (code, text) == (69, "brainlife/main: error: jq is not installed.\n")
    assert not (staged / "product.json").exists()


def test_a_folder_without_a_configuration(staged: Path) -> None:
    done = subprocess.run([MAIN], cwd=staged, capture_output=True, text=True, check=False)
    assert done.returncode == 66
    told = f"there is no config.json in {staged}."
    assert done.stderr == f"brainlife/main: error: {told}\n"
    assert product(staged)["brainlife"] == [{"type": "error", "msg": told}]


def test_a_dry_run_does_not_claim_results(staged: Path) -> None:
    command = str(program(staged, "bids_ketamine"))
    code, text = run(staged, config={**CONFIG, "dry_run": True}, BIDS_KETAMINE_COMMAND=command)
    assert code == 0, text
    assert "--dry-run" in (staged / "asked.txt").read_text(encoding="utf-8").splitlines()
    told = "participant level: dry run, nothing was computed. What would be: bids_ketamine.log"
    assert product(staged)["brainlife"] == [{"type": "success", "msg": told}]
    assert product(staged)["participants"] == 0


def test_the_group_level_reads_all_results_that_are_given(staged: Path) -> None:
    command = str(program(staged, "bids_ketamine"))
    for label in ("01", "02"):
        (staged.parent / f"out{label}" / f"sub-{label}" / "ses-pre").mkdir(parents=True)
    config = {**CONFIG, "level": "group", "results": ["../out01", "../out02"]}
    code, text = run(staged, config=config, BIDS_KETAMINE_COMMAND=command)
    assert code == 0, text
    assert sorted(path.name for path in (staged / "output").iterdir()) == ["sub-01", "sub-02"]
    assert product(staged)["participants"] == 2
    asked = (staged / "asked.txt").read_text(encoding="utf-8").splitlines()
    assert asked[1:5] == ["output", "group", "--study", "norbury2021"]

    (staged.parent / "out02" / "sub-01").mkdir()
    code, text = run(staged, config=config, BIDS_KETAMINE_COMMAND=command)
    assert code == 65
    assert "sub-01 is in two folders of `results`" in text


@pytest.mark.parametrize(
    ("config", "code", "told"),
    [
        ("{not JSON", 65, "config.json is not a JSON object."),
        ("[1]", 65, "config.json is not a JSON object."),
        ({**CONFIG, "bids": None}, 64, "config.json lacks `bids`: the folder of the BIDS dataset."),
        ({**CONFIG, "fmriprep": ""}, 64, "config.json lacks `fmriprep`: the folder of its"),
        ({**CONFIG, "level": None}, 64, "config.json lacks `level`: participant or group."),
        ({**CONFIG, "study": None}, 64, "config.json lacks `study`: the name of a preset, or"),
        ({**CONFIG, "bids": "../gone"}, 66, "`bids` of config.json is no folder: ../gone"),
        ({**CONFIG, "level": "group", "results": "x"}, 66, "`results` of config.json is no folder"),
    ],
)
def test_mistakes_in_the_configuration(
    config: dict[str, Any] | str, code: int, told: str, staged: Path
) -> None:
    command = str(program(staged, "bids_ketamine"))
    found, text = run(staged, config=config, BIDS_KETAMINE_COMMAND=command)
    assert found == code, text
    assert text.startswith("brainlife/main: error: ")
    assert told in text
    (shown,) = product(staged)["brainlife"]
    assert shown["type"] == "error"
    assert told in shown["msg"]
    assert not (staged / "asked.txt").exists()


def test_an_error_of_the_app_is_shown_with_its_exit_code(staged: Path) -> None:
    command = str(PROGRAMS / "bids_ketamine")
    config = {**CONFIG, "level": "gruop"}
    code, _ = run(staged, config=config, BIDS_KETAMINE_COMMAND=command)
    assert code == 64
    (shown,) = product(staged)["brainlife"]
    assert shown["type"] == "error"
    assert "`gruop` is no level; did you mean `group`?" in shown["msg"]


def test_the_sample_has_the_keys_that_are_needed() -> None:
    sample = json.loads((BRAINLIFE / "config.json.sample").read_text(encoding="utf-8"))
    assert set(CONFIG) < set(sample)
    documented = (BRAINLIFE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in documented for key in sample)


def test_the_script_is_executable_and_clean() -> None:
    assert os.access(MAIN, os.X_OK)
    command = shutil.which("shellcheck", path=f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    if command is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([command, MAIN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
