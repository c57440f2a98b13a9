"""One session of resting CIFTI series through the app's own step, beside a bare reading.

``python -m benchmarks.resting_session [--t-r SECONDS ...] [--repeats N]``

A session of two made runs of 6 minutes (float32, as fMRIPrep writes them, with confounds tables of
250 columns in which 10 % of the volumes are censored) goes through
:class:`~bids_ketamine.interfaces.connectivity.RestingConnectivity`: header checks, means of 333
parcels and 61 parts of the subcortex, two nuisance models with band-pass and censoring, runs
joined, correlations, means of networks, signal quality, all files written; and the same with seed
maps of two networks on all 91,282 grayordinates. Each way runs in a process of its own, several
times; the shortest time and the largest peak count. Bare reading is that of both arrays with
nibabel. Memory is that of the whole process with its imports. Targets: under 2 times the bare
reading, and under 1.5 GB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence

from benchmarks.measurement import (
    Measured,
    Target,
    best,
    load,
    module,
    module_work,
    print_conditions,
    print_targets,
)

T_RS = (2.0, 0.8)
MOST_TIMES, MOST_GB = 2.0, 1.5
READING, MEASURES, SEED_MAPS = "bare reading (nibabel)", "the step, measures", "with two seed maps"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.resting_session", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--t-r", type=float, nargs="+", default=T_RS, help="repetition times, s")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(argv)
    load_before, threads, met = load(), list[int](), True
    for t_r in options.t_r:
        with tempfile.TemporaryDirectory() as folder:
            print(module("benchmarks.resting_session_ways", "make", folder, str(t_r)), end="")
            found = measure(folder, options.repeats)
        print_ways(found)
        bare = found[READING].seconds
        own = {way: each for way, each in found.items() if way != READING}
        targets = [
            Target(f"{way}, times the reading", each.seconds / bare, MOST_TIMES)
            for way, each in own.items()
        ]
        targets.append(Target("peak, GB", max(each.peak_gb for each in own.values()), MOST_GB))
        met = print_targets(targets) and met
        threads += [each.threads for each in found.values()]
        print()
    print_conditions(threads, load_before)
    return 0 if met else 1


#: What is measured: the argument of :mod:`benchmarks.resting_session_ways`.
WAYS = {READING: "read", MEASURES: "measures", SEED_MAPS: "seed_maps"}


def measure(folder: str, repeats: int) -> dict[str, Measured]:
    """Measure all ways in turn, so that other work on the machine meets them alike."""
    measured: dict[str, list[Measured]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        for way, argument in WAYS.items():
            measured[way].append(module_work("benchmarks.resting_session_ways", argument, folder))
    return {way: best(each) for way, each in measured.items()}


def print_ways(found: dict[str, Measured]) -> None:
    """Print what each way takes."""
    bare = found[READING].seconds
    print(f"{'':28s}{'s':>8s}{'x reading':>12s}{'processor s':>14s}{'peak GB':>10s}")
    for way, each in found.items():
        print(
            f"{way:28s}{each.seconds:8.2f}{each.seconds / bare:12.2f}"
            f"{each.processor_seconds:14.2f}{each.peak_gb:10.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
