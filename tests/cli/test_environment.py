"""Processors, threads, and what other packages may say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bids_ketamine.cli.environment import (
    available_processors,
    configure_nipype,
    keep_compiled_code,
    set_threads,
)


def test_threads_are_set_for_every_library() -> None:
    environment = {"OMP_NUM_THREADS": "16"}
    set_threads(2, environment)
    assert environment["OMP_NUM_THREADS"] == "2"
    assert environment["OPENBLAS_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "2"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "300000 100000\n"}, 3),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({}, 8),
    ],
)
def test_a_containers_quota_limits_the_processors(
    files: dict[str, str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    assert available_processors(tmp_path) == expected


def test_nipype_is_quiet_in_workers_too_unless_asked(tmp_path: Path) -> None:
    for verbosity, level in ((0, "CRITICAL"), (2, "INFO")):
        environment: dict[str, str] = {}
        configure_nipype(tmp_path, verbosity=verbosity, environment=environment)
        text = (Path(environment["NIPYPE_CONFIG_DIR"]) / "nipype.cfg").read_text()
        assert f"workflow_level = {level}\n" in text


def test_the_users_own_nipype_configuration_stays(tmp_path: Path) -> None:
    environment = {"NIPYPE_CONFIG_DIR": "mine"}
    configure_nipype(tmp_path, verbosity=0, environment=environment)
    assert environment == {"NIPYPE_CONFIG_DIR": "mine"}
    assert list(tmp_path.iterdir()) == []


def test_compiled_code_is_kept_among_the_users_caches(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    keep_compiled_code(environment)
    folder = tmp_path / "bids_ketamine" / "numba"
    assert environment["NUMBA_CACHE_DIR"] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    keep_compiled_code(environment | {"XDG_CACHE_HOME": "elsewhere"})
    assert environment["NUMBA_CACHE_DIR"] == str(folder)


def test_the_users_own_cache_of_numba_stays(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path), "NUMBA_CACHE_DIR": "mine"}
    keep_compiled_code(environment)
    assert environment["NUMBA_CACHE_DIR"] == "mine"
    assert list(tmp_path.iterdir()) == []


def test_without_a_writable_home_the_temporary_folder_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    environment = {"XDG_CACHE_HOME": str(tmp_path / "file")}
    keep_compiled_code(environment)
    own = tmp_path / f"bids_ketamine-{os.getuid()}"
    assert environment["NUMBA_CACHE_DIR"] == str(own)
    # Code that somebody else may have put there is not run.
    own.chmod(0o777)
    environment = {"XDG_CACHE_HOME": str(tmp_path / "file")}
    keep_compiled_code(environment)
    assert "NUMBA_CACHE_DIR" not in environment
