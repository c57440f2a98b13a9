"""How often a trial finds what is planted, and what is not there, by parametric empirical Bayes.

``python -m benchmarks.peb_trials [--seeds N] [--cache FOLDER] [--jobs N]``

Trials of region series with the demo's participants and changes (arms of 11 and 10, two sessions),
at two levels of noise: that of the demo's eigenvariates, and that of the 20 reference simulations
(``benchmarks.peb_simulation``). Judged is the effect session x improvement of the analysis
`change` on both modulations by faces, in Hz for one standard deviation of improvement:

``arms as fixed``
    One second level over all participants with the arm in the design: ketamine minus midazolam.
``SPM12's third level``
    The same difference from a PEB over the PEBs of both arms. Its random effects between arms have
    a prior alone, since two arms and two columns leave nothing to estimate them from. It is shown,
    and has no target.
``midazolam``, ``ketamine``
    Each arm.

"found" is the share of trials in which the posterior probability of the sign, Phi(|mean| / SD), is
above 0.95; "less" the share in which it is and the effect is negative, as planted: the target
counts these. Then the mean over the trials, its standard deviation (SD), and the mean posterior
SD. Standard errors (SE) of shares are below each table.

Targets: with nothing planted, the difference between arms is found in at most 15 % (the larger
share of the two modulations and of two kinds of trial); the planted change of vmPFC > amygdala by
faces in at least 80 %, in the ketamine arm and as a difference between arms. For the Gaussian and
the Student-t level, and for the latter with one participant an outlier too.

Outlier: one random participant's first-level posterior means of both modulations in the second
session are moved by 10 standard deviations of the change between participants (of the trial's own
estimates, within arms), up or down at random; their posterior covariance stays, so the
estimation is as sure of them as of others. It is not the true modulations that are moved: planted
changes vary by 0.2 and 0.3 Hz, and ten times that makes the circuit unstable in half of all
directions.

First levels are estimated once and kept in the cache folder; an interrupted run goes on where it
stopped. With 200 seeds they take an hour of processor time, the second levels half of that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special
from threadpoolctl import threadpool_limits

from benchmarks.measurement import Target, print_targets
from benchmarks.peb_effects import (
    FIXED,
    MODULATIONS,
    OUTLIER,
    PLACES,
    PLAIN,
    THIRD_LEVEL,
    Key,
    check_analysis,
    judge,
)
from benchmarks.peb_simulation import (
    NO_FACES,
    NOISE,
    PLANTED,
    TRIALS,
    UNCHANGED,
    estimate_block,
    missing_blocks,
    read_trial,
)
from bids_ketamine.core.peb.trial_data import GAUSSIAN, STUDENT_T
from bids_ketamine.demo.participants import ARMS, SESSIONS

ROWS = (FIXED, THIRD_LEVEL, *ARMS)
#: The arm in which the slope of vmPFC > amygdala by faces is planted.
TREATED = ARMS[1]
#: Probability of its sign above which an effect is found.
CERTAIN = 0.95
MOST_FALSE, LEAST_FOUND = 15.0, 80.0
#: What is told of estimations.
CHECKED = ("explained", "stalled", "converged")


def main(argv: Sequence[str] | None = None) -> int:
    """Estimate what is missing, and print the tables; the exit code tells of the targets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peb_trials", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=200, metavar="N")
    parser.add_argument("--cache", type=Path, default=Path("benchmark-results/peb_trials"))
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    options = parser.parse_args(argv)
    met = []
    for noise in NOISE:
        cache = options.cache / noise.replace(" ", "-")
        cache.mkdir(parents=True, exist_ok=True)
        found = simulated(cache, noise, options.seeds, options.jobs)
        print(f"NOISE {noise}: {options.seeds} seeds")
        print_first_level(cache, range(options.seeds))
        print_shares(found)
        print_errors(options.seeds)
        met.append(print_targets(targets(found)))
        print(flush=True)
    return 0 if all(met) else 1


def simulated(cache: Path, noise: str, n_seeds: int, jobs: int) -> dict[Key, np.ndarray]:
    """Estimate what is missing and judge all trials: means and deviations, (n_seeds, 2, 2)."""
    missing = missing_blocks(cache, TRIALS, range(n_seeds), noise)
    with get_context("spawn").Pool(jobs) as pool:
        _done(pool.imap(_estimate, missing), len(missing), "blocks of 21 sessions estimated")
        judged = _done(pool.imap(partial(judge, cache), range(n_seeds)), n_seeds, "seeds judged")
    check_analysis(cache, judged[0])
    return {key: np.stack([each[key] for each in judged]) for key in judged[0]}


def _done(results: Iterable[Any], total: int, what: str) -> list[Any]:
    """Wait for results, telling on the error stream how many there are."""
    kept = []
    for result in results:
        kept.append(result)
        if len(kept) % 50 == 0 or len(kept) == total:
            print(f"{len(kept)} of {total} {what}", file=sys.stderr, flush=True)
    return kept


def _estimate(block: tuple[Path, str, int, str]) -> None:
    with threadpool_limits(limits=1):
        estimate_block(*block)


def print_first_level(cache: Path, seeds: Sequence[int]) -> None:
    """Print how well the first level does."""
    print("First level: vmPFC > amygdala by faces (1), amygdala > vmPFC by faces (2); Hz")
    print(
        f"  {'trial':<12}{'session':<9}{'explained':>10}{'stalled':>9}{'not conv.':>11}"
        f"{'bias 1':>9}{'2':>7}{'RMSE 1':>9}{'2':>7}{'SD 1':>9}{'2':>7}"
    )
    for name in TRIALS:
        trials = [read_trial(cache, name, seed) for seed in seeds]
        for session in SESSIONS:
            own = [each.first if session == SESSIONS[0] else each.second for each in trials]
            error = np.concatenate([(each.mean - each.truth)[:, PLACES] for each in own])
            variance = np.concatenate(
                [np.diagonal(each.covariance, axis1=1, axis2=2)[:, PLACES] for each in own]
            )
            columns = (
                error.mean(axis=0),
                np.sqrt(np.mean(error**2, axis=0)),
                np.sqrt(variance).mean(axis=0),
            )
            told = "".join(f"{one:9.2f}{two:7.2f}" for one, two in columns)
            shares = [np.mean([getattr(each, what) for each in own]) for what in CHECKED]
            print(
                f"  {name:<12}{session:<9}{shares[0]:10.2f}{shares[1]:9.1%}"
                f"{1.0 - shares[2]:11.1%}{told}"
            )


def print_shares(found: dict[Key, np.ndarray]) -> None:
    """Print both levels side by side, with and without an outlier."""
    for place, modulation in enumerate(MODULATIONS):
        print(f"\n{modulation}: session x improvement, Hz per SD")
        print(f"  {'':<42}" + "".join(f"{each:>37}" for each in (GAUSSIAN, STUDENT_T)))
        head = f"{'found':>8}{'less':>7}{'mean':>8}{'SD':>7}{'post.':>7}"
        print(f"  {'trial':<12}{'':<22}{'':<8}" + head * 2)
        for trial in TRIALS:
            for condition in (PLAIN, OUTLIER):
                print(f"  {trial}, {condition}")
                for row in ROWS:
                    told = "".join(
                        _told(found[Key(trial, condition, distribution, row)][:, :, place])
                        for distribution in (GAUSSIAN, STUDENT_T)
                    )
                    print(f"    {row:<38}{told}")


def _told(effect: np.ndarray) -> str:
    """Say what came out over trials, from means and standard deviations, (n_trials, 2)."""
    shares = f"{share(effect):7.1f}%{share(effect, less=True):6.1f}%"
    mean, deviation = effect.T
    return f"{shares}{mean.mean():8.2f}{mean.std(ddof=1):7.2f}{deviation.mean():7.2f}"


def share(effect: np.ndarray, *, less: bool = False) -> float:
    """Return in how many percent of the trials an effect is found, or found to be negative."""
    certain = special.ndtr(np.abs(effect[:, 0]) / effect[:, 1]) > CERTAIN
    return 100.0 * float(np.mean(certain & ((effect[:, 0] < 0.0) | (not less))))


def print_errors(n_trials: int) -> None:
    """Print standard errors of shares."""
    shares = np.array([1.0, 5.0, 10.0, 15.0, 20.0, 50.0, 80.0, 95.0])
    errors = np.sqrt(shares * (100.0 - shares) / n_trials)
    print(f"\nMonte-Carlo standard errors of {n_trials} trials, percent")
    print("  share " + "".join(f"{each:7.0f}" for each in shares))
    print("  SE    " + "".join(f"{each:7.1f}" for each in errors))


def targets(found: dict[Key, np.ndarray]) -> list[Target]:
    """Return the shares that are to be met."""
    told = []
    for condition, distribution in ((PLAIN, GAUSSIAN), (PLAIN, STUDENT_T), (OUTLIER, STUDENT_T)):
        what = distribution if condition == PLAIN else f"{distribution}, outlier"
        false = [
            share(found[Key(trial, condition, distribution, FIXED)][:, :, place])
            for trial in (UNCHANGED, NO_FACES)
            for place in range(len(MODULATIONS))
        ]
        told.append(Target(f"{what}: nothing planted, difference, %", max(false), MOST_FALSE))
        for row, name in ((TREATED, "planted, arm"), (FIXED, "planted, difference")):
            effect = found[Key(PLANTED, condition, distribution, row)][:, :, 0]
            power = share(effect, less=True)
            told.append(Target(f"{what}: {name}, %", power, LEAST_FOUND, at_least=True))
    return told


if __name__ == "__main__":
    sys.exit(main())
