"""Nothing heavy is loaded before it is needed; told by imports, not by the clock."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

HEAVY = (
    *("numpy", "pandas", "nibabel", "nipype", "bids", "matplotlib", "scipy", "yaml", "nilearn"),
    *("numba", "sklearn"),
)

_SCRIPT = """
import sys
from bids_ketamine.cli.run import main
code = main(sys.argv[1:])
print("LOADED", *sorted(set(sys.modules) & {modules!r}), file=sys.stderr)
sys.exit(code)
"""


def loaded(*arguments: str) -> tuple[int, set[str], str]:
    """Return exit code, heavy modules that were loaded, and standard output."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(modules=set(HEAVY)), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    return done.returncode, set(last.split()[1:]), done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "start"),
    [
        (("--help",), 0, "usage: bids_ketamine BIDS_DIR OUTPUT_DIR"),
        (("--version",), 0, "bids_ketamine "),
        (("a", "b", "gruop"), 64, ""),
    ],
)
def test_help_version_and_usage_errors_load_nothing_heavy(
    arguments: tuple[str, ...], code: int, start: str
) -> None:
    found, modules, text = loaded(*arguments)
    assert (found, modules) == (code, set())
    assert text.startswith(start)


def test_a_dry_run_reads_regions_and_loads_no_analysis(dataset: SimpleNamespace) -> None:
    (dataset.bids / "sub-01" / "ses-pre" / "func").mkdir(parents=True)
    (dataset.prep / "sub-01" / "ses-pre" / "func").mkdir(parents=True)
    code, modules, text = loaded(*dataset.participant, "--dry-run")
    assert code == 66
    assert "0 of " in text
    assert modules & {"nilearn", "sklearn", "nipype", "matplotlib", "pandas", "numba"} == set()


def test_sessions_that_are_all_done_load_no_analysis() -> None:
    heavy = {"nilearn", "sklearn", "nipype", "matplotlib", "numba"}
    script = f"import sys, bids_ketamine.workflows.participant; print(sys.modules.keys() & {heavy})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
