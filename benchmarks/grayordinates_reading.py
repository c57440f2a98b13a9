"""Reading of a session of two 6-minute runs on 91,282 grayordinates, beside a bare reading.

``python -m benchmarks.grayordinates_reading [--t-r SECONDS] [--repeats N]``

Two made runs are written as fMRIPrep writes them (float32). Each way of reading runs in a process
of its own, several times, the fastest counts: the bytes alone; nibabel's array of both runs; region
means of 333 parcels and 61 parts of the subcortex, with coverage and signal-to-noise ratio; and
those with the series of all subcortical grayordinates kept. Memory is the most that the process
takes beyond what it had after its imports (Linux). Targets: under 2 times nibabel's reading, and
under 500 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np

from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.images.grayordinate_means import read_region_means
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion
from tests.cifti_files import write_series

MINUTES, N_RUNS = 6.0, 2
N_GRAYORDINATES, N_CORTEX = 91_282, 59_412
N_PARCELS, N_PARTS = 333, 61
MOST_TIMES, MOST_MEMORY = 2.0, 500e6


def regions() -> list[GrayordinateRegion]:
    """Return parcels of the cortex and parts of the subcortex that cover them."""
    cortex = np.array_split(np.arange(N_CORTEX), N_PARCELS)
    subcortex = np.array_split(np.arange(N_CORTEX, N_GRAYORDINATES), N_PARTS)
    return [
        GrayordinateRegion(f"region {number}", columns, len(columns))
        for number, columns in enumerate([*cortex, *subcortex])
    ]


def read_bytes(paths: list[Path]) -> None:
    """Read the files, a few MB at a time."""
    for path in paths:
        with path.open("rb") as stream:
            while stream.read(1 << 22):
                pass


def read_arrays(paths: list[Path]) -> None:
    """Read the arrays of all runs with nibabel, as a script would."""
    arrays = [np.array(nib.load(path).dataobj, dtype=np.float32) for path in paths]
    if sum(array.shape[1] for array in arrays) != N_RUNS * N_GRAYORDINATES:
        raise ValueError("other arrays")


def read_means(paths: list[Path]) -> None:
    """Check and read all runs, region means only."""
    _read(paths, None)


def read_means_and_subcortex(paths: list[Path]) -> None:
    """Read region means, and the series of the subcortical grayordinates."""
    _read(paths, np.arange(N_CORTEX, N_GRAYORDINATES))


def _read(paths: list[Path], kept: np.ndarray | None) -> None:
    every = regions()
    runs = [
        read_region_means(open_dense_series(path, t_r=None), every, kept=kept) for path in paths
    ]
    if not all(np.isfinite(run.series).all() and run.usable.all() for run in runs):
        raise ValueError("other means")


WAYS: dict[str, Callable[[list[Path]], None]] = {
    "bytes alone": read_bytes,
    "nibabel, arrays": read_arrays,
    "region means": read_means,
    "region means, subcortex kept": read_means_and_subcortex,
}


def measure(way: str, paths: list[Path], results: multiprocessing.SimpleQueue) -> None:
    """Put the seconds and the bytes that a way of reading takes."""
    # A process starts with its parent's peak: set back to what it holds now.
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_memory()
    begin = time.perf_counter()
    WAYS[way](paths)
    seconds = time.perf_counter() - begin
    results.put((seconds, peak_memory() - before))


def peak_memory() -> float:
    """Return the most memory that this process has held, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * float(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def in_a_process(way: str, paths: list[Path]) -> tuple[float, float]:
    """Measure a way of reading in a fresh process."""
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    process = context.Process(target=measure, args=(way, paths, results))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{way}: exit code {process.exitcode}")
    return results.get()


def main() -> int:
    """Print the table; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grayordinates_reading")
    parser.add_argument("--t-r", type=float, default=0.8, help="repetition time, s")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    n_scans = round(60 * MINUTES / options.t_r)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for run in range(N_RUNS):
            data = rng.standard_normal((n_scans, N_GRAYORDINATES), dtype=np.float32)
            data *= 10
            data += 1000
            paths.append(
                write_series(Path(folder) / f"run-{run + 1}.dtseries.nii", data, t_r=options.t_r)
            )
        size = sum(path.stat().st_size for path in paths)
        print(
            f"{N_RUNS} runs of {n_scans} volumes ({options.t_r:g} s), {N_GRAYORDINATES:,} "
            f"grayordinates, {size / 1e6:.0f} MB; the fastest of {options.repeats}\n"
        )
        found = {}
        for way in WAYS:
            seconds, memory = zip(
                *(in_a_process(way, paths) for _ in range(options.repeats)), strict=True
            )
            found[way] = min(seconds), max(memory)
    bare = found["nibabel, arrays"][0]
    print(f"{'':30s}{'s':>8s}{'x nibabel':>12s}{'MB extra':>11s}")
    for way, (taken, extra) in found.items():
        print(f"{way:30s}{taken:8.2f}{taken / bare:12.2f}{extra / 1e6:11.0f}")
    own = [found["region means"], found["region means, subcortex kept"]]
    met = all(taken < MOST_TIMES * bare and extra < MOST_MEMORY for taken, extra in own)
    print(
        f"\nunder {MOST_TIMES:g} times nibabel's reading and under {MOST_MEMORY / 1e6:.0f} MB: "
        f"{'yes' if met else 'NO'}"
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
