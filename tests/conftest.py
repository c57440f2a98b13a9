"""What holds for a test run as a whole."""

from __future__ import annotations

import gc

import pytest

from tests.fuzz.table import lines


def pytest_collection_finish() -> None:
    """Look for garbage more rarely: libraries and tests, which stay, are looked through no more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of damaged inputs."""
    rows = [
        {**dict(report.user_properties)["fuzz"], "result": result}
        for result in ("passed", "failed")
        for report in terminalreporter.stats.get(result, ())
        if "fuzz" in dict(report.user_properties)
    ]
    if rows:
        terminalreporter.section("damaged inputs")
        for line in lines(rows):
            terminalreporter.write_line(line)
