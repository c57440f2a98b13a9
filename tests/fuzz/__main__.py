"""Meet every damaged input and print the table: ``python -m tests.fuzz [pytest options]``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest


def main(argv: Sequence[str]) -> int:
    """Run the tests of this folder; the table stands at their end.

    Parameters
    ----------
    argv : sequence of str
        Options of pytest, such as ``-k bold``.

    Returns
    -------
    int
        0 if every damaged input ends as it should.
    """
    processes = str(os.cpu_count() or 1)
    fixed = ["-q", "--no-header", "--tb=short", "-n", processes, "--dist", "worksteal"]
    return int(pytest.main([str(Path(__file__).parent), *fixed, *argv]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
