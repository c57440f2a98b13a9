"""How often a prediction is called significant, with nothing to predict from and with something.

``python -m benchmarks.elastic_net_calibration [--trials N] [--power-trials N] [--jobs N]``

``null``
    21 participants in arms of 11 and 10, 12 measures of independent normal noise, and an outcome
    that knows nothing of them. The statistic is the R2 of the nested leave-one-out procedure.
``r = 0.54``
    20, 40 and 80 participants in arms of one size. The first of 12 measures correlates with the
    outcome by 0.54 in the population. The statistic is the R2 of 10-fold cross-validation with 10
    folds inside each.

Models have no arm, as the app's drug-agnostic one. The test is the app's: participants' measures
are permuted within arm, mixing parameter (11) and penalty (100) are chosen anew in every fold of
every permutation, and of 199 permutations the test stops at 10 that reach the observed R2.

The tables tell the share of trials with p < .05, the mean of the tested R2 beside those of the
same trials in the sample and left out with a choice that is not nested (what is usually published),
and the mean of the permutations needed. In brackets are Monte-Carlo standard errors.

Targets: p < .05 in 2 to 9 % of the null trials (200 trials at exactly 4.5 % have a standard error
of 1.5 %), and there a nested R2 that is not above 0 on average.

One JSON file a trial is kept in the results folder: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.measurement import Target, print_targets
from bids_ketamine.core.prediction.accuracy import accuracy
from bids_ketamine.core.prediction.grid import leave_one_out_grid
from bids_ketamine.core.prediction.nested import (
    balanced_folds,
    nested_k_fold,
    nested_leave_one_out,
)
from bids_ketamine.core.prediction.permutation import permutation_test, permuted_rows
from bids_ketamine.core.prediction.sets import left_out_sets

N_MEASURES, CORRELATION = 12, 0.54
L1_RATIOS = tuple(step / 10.0 for step in range(11))
N_PENALTIES, SELECTION = 100, "minimum_mse"
N_PERMUTATIONS, STOP_AT, N_FOLDS = 199, 10, 10
SIGNIFICANT = 0.05
LEAST_FALSE, MOST_FALSE = 2.0, 9.0


class Condition(NamedTuple):
    """A kind of trial.

    Attributes
    ----------
    name : str
        Folder of its results.
    n_participants : int
        In arms that differ by one at most.
    correlation : float
        Of the first measure with the outcome, in the population.
    folds : int or None
        Of cross-validation; None leaves out one participant at a time.
    """

    name: str
    n_participants: int
    correlation: float
    folds: int | None


NULL = Condition("null", 21, 0.0, None)
POWER = tuple(Condition(f"power-{n}", n, CORRELATION, N_FOLDS) for n in (20, 40, 80))


class Trial(NamedTuple):
    """Measures (n, 12), outcome (n,), arm (n,), and folds (n,) where there are some."""

    design: np.ndarray
    outcome: np.ndarray
    arms: np.ndarray
    folds: np.ndarray


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing and print the table; the exit code tells of the targets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.elastic_net_calibration", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--trials", type=int, default=200, metavar="N", help="null trials")
    parser.add_argument("--power-trials", type=int, default=100, metavar="N", help="of each size")
    parser.add_argument(
        "--results", type=Path, default=Path("benchmark-results/elastic_net_calibration")
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    options = parser.parse_args(argv)
    wanted = [(NULL, options.trials), *((each, options.power_trials) for each in POWER)]
    run_missing(wanted, options.results, options.jobs)
    print(
        f"{N_MEASURES} measures, at most {N_PERMUTATIONS} permutations, stopping at {STOP_AT}; "
        "Monte-Carlo standard errors in brackets"
    )
    print(
        f"  {'trials':<26}{'n':>5}{'p < .05, %':>15}{'R2 tested':>16}{'left out':>16}"
        f"{'in sample':>16}{'permutations':>14}"
    )
    found = {}
    for condition, n_trials in wanted:
        kept = [read_result(options.results, condition, seed) for seed in range(n_trials)]
        found[condition] = [each for each in kept if each is not None]
    for condition, results in found.items():
        if results:
            print_row(condition, results)
    return 0 if not found[NULL] or print_targets(targets(found[NULL])) else 1


def run_missing(wanted: Sequence[tuple[Condition, int]], folder: Path, jobs: int) -> None:
    """Run the trials that have no result of these settings, telling how many there are."""
    missing = [
        (condition, seed)
        for condition, n_trials in wanted
        for seed in range(n_trials)
        if read_result(folder, condition, seed) is None
    ]
    if not missing:
        return
    begin = time.perf_counter()
    with get_context("spawn").Pool(jobs) as pool:
        finished = pool.imap_unordered(partial(run_one, folder), missing)
        for done, _ in enumerate(finished, start=1):
            if done % 10 == 0 or done == len(missing):
                took = time.perf_counter() - begin
                print(f"{done} of {len(missing)} trials, {took:.0f} s", file=sys.stderr, flush=True)


def run_one(folder: Path, which: tuple[Condition, int]) -> None:
    """Run a trial and keep its result."""
    condition, seed = which
    with threadpool_limits(limits=1):
        result = run_trial(condition, seed)
    path = kept_file(folder, condition, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(result | {"settings": settings(condition)}, indent=1))
    unfinished.replace(path)


def run_trial(condition: Condition, seed: int) -> dict[str, float]:
    """Draw a trial and test its prediction."""
    begin = time.perf_counter()
    trial = draw(condition, seed)
    grid = leave_one_out_grid(
        stack=_stack(trial.design, pairs=False),
        outcome=trial.outcome,
        l1_ratios=L1_RATIOS,
        n_penalties=N_PENALTIES,
        selection=SELECTION,
    )

    def permuted(number: int) -> float:
        rows = permuted_rows(number, groups=trial.arms, seed=seed)
        return predicted_r2(trial, trial.design[rows], condition, seed)

    test = permutation_test(
        permuted,
        observed=predicted_r2(trial, trial.design, condition, seed),
        n_permutations=N_PERMUTATIONS,
        stop_at=STOP_AT,
        n_jobs=1,
    )
    return {
        "p": test.p_value,
        "r2": test.observed,
        "r2_left_out": grid.r2_left_out,
        "r2_in_sample": grid.r2,
        "n_permutations": test.n_permutations,
        "first_selected": bool(grid.slopes[0] != 0.0),
        "seconds": round(time.perf_counter() - begin, 2),
    }


def draw(condition: Condition, seed: int) -> Trial:
    """Draw the participants of a trial."""
    n, r = condition.n_participants, condition.correlation
    source = np.random.default_rng([seed, n, round(1000 * r)])
    design = source.normal(size=(n, N_MEASURES))
    outcome = r * design[:, 0] + np.sqrt(1.0 - r**2) * source.normal(size=n)
    arms = source.permutation(np.arange(n) % 2)
    n_folds = n if condition.folds is None else condition.folds
    return Trial(design, outcome, arms, balanced_folds(n_folds, groups=arms, source=source))


def predicted_r2(trial: Trial, design: np.ndarray, condition: Condition, seed: int) -> float:
    """Return the R2 of nested predictions; folds are the same in all permutations."""
    chosen: dict[str, Any] = {
        "outcome": trial.outcome,
        "l1_ratios": L1_RATIOS,
        "n_penalties": N_PENALTIES,
        "selection": SELECTION,
    }
    if condition.folds is None:
        found = nested_leave_one_out(stack=_stack(design, pairs=True), **chosen, n_jobs=1)
    else:
        found = nested_k_fold(
            design_without=lambda _: design,
            **chosen,
            folds=trial.folds,
            inner_folds=condition.folds,
            seed=seed,
        )
    return accuracy(prediction=found.prediction, outcome=trial.outcome).r2


def _stack(design: np.ndarray, *, pairs: bool) -> np.ndarray:
    n_sets = len(left_out_sets(len(design), pairs=pairs))
    return np.ascontiguousarray(np.broadcast_to(design, (n_sets, *design.shape)))


def settings(condition: Condition) -> list[Any]:
    """Say what a result depends on, beside the code."""
    limits = [N_MEASURES, N_PENALTIES, N_PERMUTATIONS, STOP_AT]
    return [*condition, *limits, SELECTION, list(L1_RATIOS)]


def kept_file(folder: Path, condition: Condition, seed: int) -> Path:
    """Return where the result of a trial is kept."""
    return folder / condition.name / f"trial-{seed:04d}.json"


def read_result(folder: Path, condition: Condition, seed: int) -> dict[str, Any] | None:
    """Read the result of a trial; None where there is none of these settings."""
    path = kept_file(folder, condition, seed)
    if not path.exists():
        return None
    result: dict[str, Any] = json.loads(path.read_text())
    return result if result["settings"] == settings(condition) else None


def print_row(condition: Condition, results: Sequence[dict[str, Any]]) -> None:
    """Print what came out of the trials of a kind."""
    cells = [f"{false_share(results):.1f} ({share_error(results):.1f})"]
    for name in ("r2", "r2_left_out", "r2_in_sample"):
        values = np.array([each[name] for each in results])
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        cells.append(f"{values.mean():.3f} ({error:.3f})")
    needed = np.mean([each["n_permutations"] for each in results])
    what = "null" if condition.correlation == 0.0 else f"r = {condition.correlation:g}"
    how = "leave-one-out" if condition.folds is None else f"{condition.folds}-fold"
    label = f"{len(results)} {what}, {how}"
    print(
        f"  {label:<26}{condition.n_participants:>5}{cells[0]:>15}"
        + "".join(f"{cell:>16}" for cell in cells[1:])
        + f"{needed:>14.0f}"
    )


def false_share(results: Sequence[dict[str, Any]]) -> float:
    """Return in how many percent of the trials p is below .05."""
    return 100.0 * float(np.mean([each["p"] < SIGNIFICANT for each in results]))


def share_error(results: Sequence[dict[str, Any]]) -> float:
    """Return the Monte-Carlo standard error of that share, percent."""
    share = false_share(results)
    return float(np.sqrt(share * (100.0 - share) / len(results)))


def targets(results: Sequence[dict[str, Any]]) -> list[Target]:
    """Return what null trials are to show."""
    share = false_share(results)
    mean = float(np.mean([each["r2"] for each in results]))
    return [
        Target("null: p < .05, %, not too rarely", share, LEAST_FALSE, at_least=True),
        Target("null: p < .05, %, not too often", share, MOST_FALSE),
        Target("null: mean nested R2", mean, 0.0),
    ]


if __name__ == "__main__":
    sys.exit(main())
