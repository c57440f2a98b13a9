"""What memory allows: processes, steps, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bids_ketamine.cli import memory
from bids_ketamine.cli.dry_run import Analysis
from bids_ketamine.cli.estimates import Cost
from bids_ketamine.cli.memory import claimable_gb, processes, shortage
from bids_ketamine.cli.options import RunOptions


@pytest.fixture
def options() -> RunOptions:
    return RunOptions(
        bids_dir=Path("bids"),
        output_dir=Path("out"),
        analysis_level="participant",
        study="norbury2021",
        memory_mb=2000,
    )


@pytest.fixture(autouse=True)
def granted(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine of 8 GB without a container."""
    found = SimpleNamespace(limit=None)
    monkeypatch.setattr(memory, "memory_limit", lambda: found.limit)
    monkeypatch.setattr(memory, "available_memory_gb", lambda: 7.2)
    return found


def changed(options: RunOptions, **changes: object) -> RunOptions:
    return RunOptions(**(vars(options) | changes))  # type: ignore[arg-type]


def test_what_is_stated_holds_up_to_the_limit_of_the_container(
    options: RunOptions, granted: SimpleNamespace
) -> None:
    assert claimable_gb(changed(options, memory_mb=None)) == 7.2
    assert claimable_gb(options) == 2.0
    granted.limit = 1e9
    assert claimable_gb(options) == pytest.approx(0.9)
    granted.limit = 100e9
    assert claimable_gb(options) == 2.0


@pytest.mark.parametrize(("asked", "used"), [(64, 5), (6, 5), (5, 5), (1, 1)])
def test_as_many_processes_as_fit_and_one_line_if_fewer(
    asked: int, used: int, options: RunOptions
) -> None:
    told: list[str] = []
    assert processes(asked, options, tell=told.append) == used
    expected = f"notice: 5 of {asked} processes are used: no more fit into 2 GB of memory"
    assert told == ([] if asked == used else [expected])


def test_what_is_stated_is_counted_as_it_is_printed(options: RunOptions) -> None:
    """A megabyte is a million bytes, and nothing beyond what was stated is claimed."""
    assert claimable_gb(changed(options, memory_mb=2048)) == pytest.approx(2.048)
    assert claimable_gb(changed(options, memory_mb=100)) == pytest.approx(0.1)


def test_one_process_works_however_little_there_is(options: RunOptions) -> None:
    told: list[str] = []
    assert processes(2, changed(options, memory_mb=100), tell=told.append) == 1
    assert told == ["notice: 1 of 2 processes are used: no more fit into 100 MB of memory"]


def test_a_plugin_of_the_users_shares_the_work_out(options: RunOptions) -> None:
    told: list[str] = []
    plugin = changed(options, use_plugin=Path("plugin.yml"))
    assert processes(64, plugin, tell=told.append) == 64
    assert told == []


def test_a_step_that_may_not_fit_is_told_before_the_run(options: RunOptions) -> None:
    def analysis(memory_gb: float, status: str = "ready") -> Analysis:
        return Analysis("01", "pre", "faces GLM", status, "", (), Cost(1.0, memory_gb), False)

    assert shortage([analysis(0.5), analysis(9.0, "missing")], options) == ""
    told = shortage([analysis(2.5), analysis(3.0)], options)
    assert " ".join(told.splitlines()) == (
        "warning: the largest step needs about 3 GB of memory, and 2 GB can be used: the system "
        "may end it. Give more memory."
    )
    assert all(len(line) <= 100 for line in told.splitlines())
