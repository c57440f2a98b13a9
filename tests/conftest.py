"""What is printed at the end of a test run."""

from __future__ import annotations

import pytest

from tests.fuzz.table import lines


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
