"""How fast Bayesian model reduction and parametric empirical Bayes are, beside SPM12.

``python -m benchmarks.peb [--repeats N]``

Processor seconds on one core, in one process whose code has run before: the fastest of N
repetitions. Other work on the machine still makes them longer.

Second levels are of a trial's size: 21 participants in two sessions, models of two regions
(``benchmarks.peb_simulation``, seed 0), estimated before the clock starts. SPM12's times are of
a simulated trial of the same size, medians of three. Leave-one-out is of the data that SPM12 had,
where the reference results lie beside the repository; their times are single runs. SPM12 (r7771 in
GNU Octave 7.3, one thread) ran on another machine: ratios tell the order of magnitude. Its second
levels were timed without participants estimated again, which have a row of their own here. Rows
without SPM12's time have no counterpart there, or were not timed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from benchmarks.measurement import Target, blas_threads, load, print_conditions, print_targets
from benchmarks.peb_timing import LEAVE_ONE_OUT, SEARCH, Row, leave_one_out_rows, trial_rows

PEB_TARGET, RATIO_TARGET = 0.03, 20.0


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peb", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    repeats = parser.parse_args(argv).repeats
    load_before = load()
    with threadpool_limits(limits=1):
        threads = blas_threads()
        rows = [*trial_rows(repeats), *leave_one_out_rows(repeats)]
    print(f"Second levels, processor seconds on one core, fastest of {repeats}")
    print(f"  {'':<64}{'s':>9}{'SPM12 s':>10}{'ratio':>8}")
    for row in rows:
        beside = "" if row.spm is None else f"{row.spm:10.3f}{row.spm / row.seconds:8.0f}"
        print(f"  {row.name:<64}{row.seconds:9.4f}{beside}")
    print_conditions([threads], load_before)
    return 0 if print_targets(targets(rows)) else 1


def targets(rows: Sequence[Row]) -> list[Target]:
    """Return the time of the stacked second level, and the lowest ratios, beside targets."""
    told = [Target("21 x 2 models, field B, s", rows[0].seconds, PEB_TARGET)]
    for kind in (SEARCH, LEAVE_ONE_OUT):
        ratios = [row.spm / row.seconds for row in rows if row.kind == kind and row.spm is not None]
        if ratios:
            what = f"{kind}: times as fast as SPM12, lowest"
            told.append(Target(what, min(ratios), RATIO_TARGET, at_least=True))
    return told


if __name__ == "__main__":
    sys.exit(main())
