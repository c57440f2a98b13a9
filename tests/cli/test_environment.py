"""Processors, threads, caches, and what other packages may say."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.cli import run
from bids_ketamine.cli.environment import (
    available_processors,
    configure_nipype,
    set_threads,
    use_caches,
)


def test_threads_are_set_for_every_library() -> None:
    environment = {"OMP_NUM_THREADS": "16"}
    set_threads(2, environment)
    assert environment["OMP_NUM_THREADS"] == "2"
    assert environment["OPENBLAS_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "2"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/app", {"v2/app/cpu.max": "300000 100000\n"}, 3),
        ("0::/app", {"v2/app/cpu.max": "50000 100000\n"}, 1),
        ("0::/app", {"v2/app/cpu.max": "max 100000\n"}, 8),
        ("0::/job/app", {"v2/job/cpu.max": "250000 100000", "v2/job/app/cpu.max": "max 100000"}, 2),
        (
            "3:cpu,cpuacct:/app",
            {"v1/app/cpu.cfs_quota_us": "200000", "v1/app/cpu.cfs_period_us": "100000"},
            2,
        ),
        (
            "3:cpu,cpuacct:/app",
            {"v1/app/cpu.cfs_quota_us": "-1", "v1/app/cpu.cfs_period_us": "100000"},
            8,
        ),
        ("", {}, 8),
    ],
)
def test_a_containers_quota_limits_the_processors(
    groups: str,
    files: dict[str, str],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    mounts = f"1 0 0:1 / {tmp_path}/v2 rw - cgroup2 cgroup2 rw\n"
    mounts += f"2 0 0:2 / {tmp_path}/v1 rw - cgroup cgroup rw,cpu,cpuacct\n"
    files = {**files, "process/cgroup": f"{groups}\n", "process/mountinfo": mounts}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert available_processors(tmp_path / "process") == expected


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
    environment = {"NIPYPE_CONFIG_DIR": ""}
    configure_nipype(tmp_path, verbosity=0, environment=environment)
    assert environment == {"NIPYPE_CONFIG_DIR": str(tmp_path / "nipype")}


def test_caches_against_the_users_word_are_told_at_v(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bids_ketamine"), "propagate", True)
    (tmp_path / "file").touch()
    stated = str(tmp_path / "file" / "numba")
    environment = {"XDG_CACHE_HOME": str(tmp_path), "NUMBA_CACHE_DIR": stated}
    with caplog.at_level(logging.INFO, logger="bids_ketamine"):
        use_caches(environment)
    own = str(tmp_path / "bids_ketamine" / "numba")
    assert environment["NUMBA_CACHE_DIR"] == own
    assert (
        "bids_ketamine",
        logging.INFO,
        f"NUMBA_CACHE_DIR={stated} cannot be written to; {own} is taken instead",
    ) in caplog.record_tuples


def test_levels_that_show_results_keep_no_caches_beside_them(
    dataset: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.out.mkdir()
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(run, "use_caches", lambda _, **options: asked.append(options))
    monkeypatch.setattr(run, "_reports_only", lambda *_, **__: 0)
    assert run.main([*dataset.group, "--reports-only"]) == 0
    assert asked == [{}, {"last_resort": dataset.out / ".caches", "keep": False}]
