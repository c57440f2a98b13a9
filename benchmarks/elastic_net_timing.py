"""What elastic nets take, in this process and in R, for ``benchmarks.elastic_net``."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.prediction.accuracy import accuracy
from bids_ketamine.core.prediction.grid import GridFit, leave_one_out_grid
from bids_ketamine.core.prediction.nested import nested_leave_one_out
from bids_ketamine.core.prediction.permutation import (
    PermutationTest,
    permutation_test,
    permuted_rows,
)
from bids_ketamine.core.prediction.sets import left_out_sets

ROOT = Path(__file__).resolve().parents[1]
#: The reference data; the copy in the repository lacks one set.
FOLDERS = (
    ROOT.parent / "shared" / "reference" / "elastic_net",
    ROOT / "tests" / "reference" / "elastic_net",
)
NAMES = ("d24", "d45", "d62")
SCRIPT = Path(__file__).with_name("elastic_net.R")
THRESHOLD = 1e-12
#: glmnet 4.1-6 in R 4.2.2 at that threshold on another machine, processor seconds.
RECORDED = {"d24": 2.01, "d45": 1.90, "d62": 2.82}

L1_RATIOS = np.arange(11) / 10.0
N_PENALTIES, SELECTION = 100, "minimum_mse"
#: Arms of the paper's size; columns of the timed procedure, and of the null model.
ARMS = np.repeat(["midazolam", "ketamine"], [11, 10])
N_COLUMNS, N_NULL_COLUMNS = 60, 80
SEED = 0


class DataSet(NamedTuple):
    """Predictors (n, p) and outcome (n,)."""

    design: np.ndarray
    outcome: np.ndarray


class Grid(NamedTuple):
    """A leave-one-out grid: processor seconds, and what was chosen."""

    seconds: float
    l1_ratio: float
    penalty: float
    error: float


class Permutations(NamedTuple):
    """A permutation test and what it took.

    Attributes
    ----------
    seconds, processor_seconds : float
        Wall time, and processor time of all threads.
    test : PermutationTest
        The test.
    """

    seconds: float
    processor_seconds: float
    test: PermutationTest


def data_sets() -> dict[str, DataSet]:
    """Read the reference data that there are."""
    found = {}
    for name in NAMES:
        path = next(
            (each / f"{name}.npz" for each in FOLDERS if (each / f"{name}.npz").exists()), None
        )
        if path is None:
            print(f"{name} is not beside the repository", file=sys.stderr)
            continue
        with np.load(path) as arrays:
            found[name] = DataSet(arrays["X"], arrays["y"])
    return found


def stack_of(design: np.ndarray, *, pairs: bool) -> np.ndarray:
    """Return one design a set of participants left out, as if it had been prepared without them."""
    n_sets = len(left_out_sets(len(design), pairs=pairs))
    return np.ascontiguousarray(np.broadcast_to(design, (n_sets, *design.shape)))


def compile_seconds(data: DataSet) -> float:
    """Return what the first grid and the first nested procedure take beyond the second ones."""
    small = DataSet(data.design[:8, :4], data.outcome[:8])
    taken = []
    for _ in range(2):
        begin = time.perf_counter()
        grid_of(small)
        nested_r2(small.design, small.outcome)
        taken.append(time.perf_counter() - begin)
    return taken[0] - taken[1]


def grid_of(data: DataSet) -> GridFit:
    """Choose among the grid, leaving out one participant at a time."""
    return leave_one_out_grid(
        stack=stack_of(data.design, pairs=False),
        outcome=data.outcome,
        l1_ratios=L1_RATIOS,
        n_penalties=N_PENALTIES,
        selection=SELECTION,
    )


def timed_grid(data: DataSet, repeats: int) -> Grid:
    """Return the median processor time of a grid whose code has run before."""
    taken = []
    for _ in range(repeats):
        begin = time.process_time()
        found = grid_of(data)
        taken.append(time.process_time() - begin)
    return Grid(statistics.median(taken), found.l1_ratio, found.penalty, found.error)


def timed_grids_in_r(sets: Mapping[str, DataSet], repeats: int) -> tuple[str, dict[str, Grid]]:
    """Run the same grids in R; return its version, and an empty mapping where there is no R."""
    program = shutil.which("Rscript")
    if program is None:
        return "", {}
    with tempfile.TemporaryDirectory(prefix="bids_ketamine-") as folder:
        for name, data in sets.items():
            np.savetxt(f"{folder}/{name}_design.csv", data.design, delimiter=",", fmt="%.17g")
            np.savetxt(f"{folder}/{name}_outcome.csv", data.outcome, fmt="%.17g")
        command = [program, str(SCRIPT), folder, str(repeats), str(THRESHOLD), *sets]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"R cannot run glmnet: {done.stderr.strip()}", file=sys.stderr)
        return "", {}
    heading, *lines = done.stdout.splitlines()
    grids = {}
    for line in lines:
        name, *numbers = line.split()
        l1_ratio, penalty, error, *seconds = map(float, numbers)
        grids[name] = Grid(statistics.median(seconds), l1_ratio, penalty, error)
    _, language, package = heading.split()
    return f"R {language}, glmnet {package}", grids


def nested_r2(design: np.ndarray, outcome: np.ndarray) -> float:
    """Return the R2 of the nested procedure."""
    found = nested_leave_one_out(
        stack=stack_of(design, pairs=True),
        outcome=outcome,
        l1_ratios=L1_RATIOS,
        n_penalties=N_PENALTIES,
        selection=SELECTION,
        n_jobs=1,
    )
    return accuracy(prediction=found.prediction, outcome=outcome).r2


def permuted_r2(data: DataSet, number: int) -> float:
    """Return the nested R2 with the predictors of others, within arms."""
    groups = ARMS if len(ARMS) == len(data.outcome) else np.zeros(len(data.outcome))
    rows = permuted_rows(number, groups=groups, seed=SEED)
    return nested_r2(data.design[rows], data.outcome)


def timed_permutations(
    data: DataSet,
    *,
    n_permutations: int,
    stop_at: int | None,
    n_jobs: int,
    progress: Callable[[int, int], None] | None,
) -> Permutations:
    """Time a permutation test of the nested procedure, the observed one included."""
    begin, used = time.perf_counter(), time.process_time()
    test = permutation_test(
        partial(permuted_r2, data),
        observed=nested_r2(data.design, data.outcome),
        n_permutations=n_permutations,
        stop_at=stop_at,
        n_jobs=n_jobs,
        progress=progress,
    )
    return Permutations(time.perf_counter() - begin, time.process_time() - used, test)


def null_data(n_columns: int, seed: int) -> DataSet:
    """Draw predictors that share a component, and an outcome that knows nothing of them."""
    source = np.random.default_rng([seed, n_columns])
    shared = source.normal(size=(len(ARMS), 4)) @ source.normal(size=(4, n_columns)) / 2.0
    design = 0.5 * shared + source.normal(size=(len(ARMS), n_columns))
    return DataSet(design, 10.0 + 10.0 * source.normal(size=len(ARMS)))
