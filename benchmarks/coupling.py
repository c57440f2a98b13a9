"""Generalized PPI on simulated sessions: false positives, and recovery of planted differences.

``python -m benchmarks.coupling [--pairs N] [--sessions N] [--seed K]``

First table: six regions are coupled, in all conditions alike, and the task's contrast of coupling
is tested in each of a session's 15 pairs: the mean of both directions over its standard error, by
the t distribution with the smaller degrees of freedom of both seeds. In four set-ups, regions
respond to the task, motion leaks into them, both, or neither; in a fifth, for information,
responses come a second later than any model has it, too. 2 to 9 % of p values may be below .05.
"t spread" is the root mean square of t over that of its distribution: 1 if errors are right.

Second table: coupling differs by a known amount between conditions, at the level of the BOLD
signal (a seed's noise-free series times condition regressors; methods conn and joint) or of neural
activity (times events, then convolved; method spm). Seeds are measured as they are, or with noise,
responses and motion. Where a seed has nothing of what cleaning takes out, the estimates of joint
must average the truth within two standard errors, and so must those of spm's model with the seed's
true activity in place of the deconvolved one. Elsewhere the last column tells what measuring,
cleaning and deconvolution leave of the difference. "p < .05" there is power: how often the mean of
both directions is told from zero in one session.

What a session contains: ``benchmarks.coupling_simulation``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.coupling_models import (
    MEASURES,
    METHODS,
    SPM_EVERY,
    Tests,
    estimates,
    glm_of,
    make_run,
)
from benchmarks.coupling_recovery import SEEDS, print_planted
from benchmarks.coupling_simulation import (
    EARLY_BINS,
    N_REGIONS,
    TASK_NAMES,
    Design,
    bold,
    coupled_activity,
    draw_design,
    evoked,
    motion_artefact,
    own_noise,
    response_heights,
)
from bids_ketamine.core.connectivity.ppi_runs import CONN, JOINT, SPM
from bids_ketamine.demo.streams import generator

PLAIN, RESPONSES, MOTION, BOTH, LATE = "plain", "responses", "motion", "both", "both, 1 s late"
SETUPS = (PLAIN, RESPONSES, MOTION, BOTH, LATE)
DELAY = 1.0
#: Share of p < .05 that passes.
TARGET = (0.02, 0.09)


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coupling", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--pairs", type=int, default=1050, metavar="N")
    parser.add_argument("--sessions", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="K")
    options = parser.parse_args(argv)
    n_pairs = N_REGIONS * (N_REGIONS - 1) // 2
    with threadpool_limits(limits=1):
        begin = time.perf_counter()
        met = print_false_positives(-(-options.pairs // n_pairs), options.seed)
        print(f"  {time.perf_counter() - begin:.0f} s\n")
        begin = time.perf_counter()
        met &= print_planted(-(-options.sessions // len(SEEDS)), options.seed)
        print(f"  {time.perf_counter() - begin:.0f} s")
    return 0 if met else 1


def print_false_positives(n_sessions: int, seed: int) -> bool:
    """Print the share of p < .05 without differences; whether the preset's method is within."""
    print(f"No difference of coupling: p < .05 in {n_sessions} sessions of 15 pairs (%)")
    print(
        f"  {'task':<8}{'set-up':<16}{'method':<8}{'pairs':>6}{'df':>7}"
        + "".join(f"{name:>13}{'SE':>5}{'t spread':>10}" for name in MEASURES)
        + "  target"
    )
    met = True
    for task_name in TASK_NAMES:
        tests = null_tests(task_name, n_sessions, seed)
        for (setup, method), by_measure in tests.items():
            row, within = "", True
            for measure in MEASURES:
                found = by_measure[measure]
                share = float(np.nanmean(found.positive))
                error = np.nanstd(np.nanmean(found.positive, axis=1)) / np.sqrt(len(found.t))
                row += f"{100 * share:13.1f}{100 * error:5.1f}{found.spread:10.2f}"
                within &= TARGET[0] <= share <= TARGET[1]
            verdict = "" if setup == LATE else "met" if within else "NOT MET"
            df = f"{np.nanmean(found.residual_df):7.1f}"
            size = int(np.isfinite(found.t).sum())
            print(f"  {task_name:<8}{setup:<16}{method:<8}{size:6d}{df}{row}  {verdict}")
            met &= within or method != CONN or setup == LATE
    print("  SE: of the share, from its spread over sessions (pairs of a session go together)")
    return met


def null_tests(
    task_name: str, n_sessions: int, seed: int
) -> dict[tuple[str, str], dict[str, Tests]]:
    """Test sessions without differences, by set-up and method, then measure."""
    found: dict[tuple[str, str], dict[str, list[Tests]]] = {
        (setup, method): {measure: [] for measure in MEASURES}
        for setup in SETUPS
        for method in METHODS
    }
    for number in range(n_sessions):
        source = generator(seed, task_name, str(number), "null")
        design = draw_design(task_name, source)
        series = null_series(design, source)
        slow = number % SPM_EVERY == 0
        model = glm_of(task_name, design) if slow else None
        for setup in SETUPS:
            for method in METHODS if slow else (CONN, JOINT):
                run = make_run(method, series[setup], design, model if method == SPM else None)
                for measure in MEASURES:
                    tests = Tests.of(estimates(run, design, measure))
                    found[setup, method][measure].append(tests)
    return {
        key: {
            measure: Tests(*(np.stack(each) for each in zip(*tests, strict=True)))
            for measure, tests in by_measure.items()
        }
        for key, by_measure in found.items()
    }


def null_series(design: Design, source: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the series of regions whose coupling does not change, by set-up."""
    plain = bold(coupled_activity(design.n_scans, source), early=EARLY_BINS)
    plain += own_noise(design.n_scans, N_REGIONS, source)
    heights = response_heights(design, N_REGIONS, source)
    artefact = motion_artefact(design, N_REGIONS, source)
    return {
        PLAIN: plain,
        RESPONSES: plain + evoked(design, heights),
        MOTION: plain + artefact,
        BOTH: plain + evoked(design, heights) + artefact,
        LATE: plain + evoked(design, heights, delay=DELAY) + artefact,
    }


if __name__ == "__main__":
    sys.exit(main())
