"""How fast elastic nets, nested predictions and their permutation tests are, beside R.

``python -m benchmarks.elastic_net [--repeats N] [--permutations N] [--null-models N]``

Leave-one-out grids of 11 mixing parameters and 100 penalties over the reference data (21
participants; 24, 45 and 62 predictors) in processor seconds, median of N repeats. R's glmnet runs
beside (``benchmarks/elastic_net.R``) with ``thresh`` 1e-12: ours are exact, so its default, a loose
stop, would not be the same work. That the same mixing parameter and penalty are chosen, with the
same error, is printed too. Where there is no R its recorded times of another machine stand in the
table and nothing is judged.

Then permutations of the whole nested procedure (mixing parameter and penalty chosen anew for each
of 21 participants left out) on two threads, wall time: 60 predictors of the reference data without
stopping; with fewer than 1,000 permutations the time is scaled. And null models of 80 columns with
sequential stopping at 10 exceedances and at most 1,000 permutations: the longest counts.

What compiling takes, the first time after an installation, is told apart.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from threadpoolctl import threadpool_limits

from benchmarks.elastic_net_timing import (
    L1_RATIOS,
    N_COLUMNS,
    N_NULL_COLUMNS,
    N_PENALTIES,
    RECORDED,
    THRESHOLD,
    DataSet,
    Grid,
    Permutations,
    compile_seconds,
    data_sets,
    null_data,
    timed_grid,
    timed_grids_in_r,
    timed_permutations,
)
from benchmarks.measurement import Target, blas_threads, load, print_conditions, print_targets

RATIO_TARGET, PERMUTED_TARGET, NULL_TARGET = 3.0, 20.0, 10.0
N_PERMUTATIONS, STOP_AT, N_THREADS = 1000, 10, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.elastic_net", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    parser.add_argument(
        "--permutations",
        type=int,
        default=N_PERMUTATIONS,
        metavar="N",
        help="measured, then scaled",
    )
    parser.add_argument("--null-models", type=int, default=5, metavar="N")
    options = parser.parse_args(argv)
    load_before = load()
    with threadpool_limits(limits=1):
        threads = blas_threads()
        sets = data_sets()
        data = sets["d62"]
        print(f"Compiling, or reading what was compiled: {compile_seconds(data):.1f} s, once")
        told = grids(sets, options.repeats)
        told.append(permuted(data, options.permutations))
        if options.null_models:
            told.append(null_models(options.null_models))
    print_conditions([threads], load_before)
    return 0 if print_targets(told) else 1


def grids(sets: Mapping[str, DataSet], repeats: int) -> list[Target]:
    """Print times of leave-one-out grids beside R's, and return the ratios."""
    ours = {name: timed_grid(data, repeats) for name, data in sets.items()}
    version, theirs = timed_grids_in_r(sets, repeats)
    beside = (
        f"{version}, thresh {THRESHOLD:g}" if theirs else "glmnet on another machine (no R here)"
    )
    print(
        f"\nLeave-one-out grid, {len(L1_RATIOS)} mixing parameters x {N_PENALTIES} penalties, "
        f"processor seconds, median of {repeats}; beside it {beside}"
    )
    print(f"  {'':<8}{'n x p':>10}{'s':>9}{'R s':>9}{'ratio':>8}  chosen")
    told = []
    for name, own in ours.items():
        shape = " x ".join(map(str, sets[name].design.shape))
        seconds = theirs[name].seconds if theirs else RECORDED[name]
        ratio = seconds / own.seconds
        choice = _choice(own, theirs.get(name))
        print(f"  {name:<8}{shape:>10}{own.seconds:9.3f}{seconds:9.2f}{ratio:8.1f}  {choice}")
        if theirs:
            told.append(Target(f"{name}: times as fast as R", ratio, RATIO_TARGET, at_least=True))
    return told


def _choice(own: Grid, other: Grid | None) -> str:
    """Say what was chosen, and how near R came."""
    told = f"alpha {own.l1_ratio:.1f}, lambda {own.penalty:.4f}, error {own.error:.3f}"
    if other is None:
        return told
    away = max(
        abs(own.l1_ratio - other.l1_ratio),
        abs(own.penalty / other.penalty - 1.0),
        abs(own.error / other.error - 1.0),
    )
    return f"{told}; R's within {away:.0e}"


def permuted(data: DataSet, n_permutations: int) -> Target:
    """Print the time of permutations without stopping, and return that of 1,000."""
    chosen = DataSet(data.design[:, :N_COLUMNS], data.outcome)
    found = timed_permutations(
        chosen,
        n_permutations=n_permutations,
        stop_at=None,
        n_jobs=N_THREADS,
        progress=_progress(n_permutations),
    )
    minutes = found.seconds / 60.0 * (N_PERMUTATIONS + 1) / (n_permutations + 1)
    scaled = "" if n_permutations == N_PERMUTATIONS else f", scaled from {n_permutations}"
    print(
        f"\n{N_PERMUTATIONS} permutations of the nested procedure, 21 x {N_COLUMNS}, "
        f"{N_THREADS} threads{scaled}"
    )
    print(f"  {_told(found)}")
    what = f"21 x {N_COLUMNS}, {N_PERMUTATIONS} permutations, minutes"
    return Target(what, minutes, PERMUTED_TARGET)


def null_models(n_models: int) -> Target:
    """Print the times of null models with sequential stopping, and return the longest."""
    print(
        f"\nNull models, 21 x {N_NULL_COLUMNS}, at most {N_PERMUTATIONS} permutations, stopping at "
        f"{STOP_AT} exceedances, {N_THREADS} threads"
    )
    longest = 0.0
    for seed in range(n_models):
        found = timed_permutations(
            null_data(N_NULL_COLUMNS, seed),
            n_permutations=N_PERMUTATIONS,
            stop_at=STOP_AT,
            n_jobs=N_THREADS,
            progress=_progress(N_PERMUTATIONS),
        )
        print(f"  seed {seed}: {_told(found)}", flush=True)
        longest = max(longest, found.seconds / 60.0)
    return Target(f"21 x {N_NULL_COLUMNS}, null model, minutes", longest, NULL_TARGET)


def _told(found: Permutations) -> str:
    test = found.test
    each = found.seconds / (test.n_permutations + 1)
    return (
        f"{test.n_permutations} permutations in {found.seconds:.0f} s ({each:.2f} s each; "
        f"processor {found.processor_seconds:.0f} s), nested R2 {test.observed:.2f}, "
        f"p {test.p_value:.3f}"
    )


def _progress(total: int) -> Callable[[int, int], None]:
    """Tell on the error stream, every minute, how far a test is."""
    begin = last = time.perf_counter()

    def tell(done: int, exceeding: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= 60.0:
            last = now
            print(
                f"{done} of {total} permutations, {exceeding} exceeding, {now - begin:.0f} s",
                file=sys.stderr,
                flush=True,
            )

    return tell


if __name__ == "__main__":
    sys.exit(main())
