"""How much time generalized PPI and pattern similarity add to a session whose series are read.

``python -m benchmarks.connectivity_speed [--method conn|joint|spm] [--repeats N] [--profile]``

A session of face matching and Stroop (215 and 331 volumes, TR 2 s), with the events and confounds
of the demo, confounds tables as wide as fMRIPrep's, noise in every brain voxel at 2 mm, and the
preset's six regions on the grid of fMRIPrep. What is timed is what the step of a task calls after
the GLM: series made ready, estimated, written and put into measures, of 15 pairs of regions x 2
tasks (gPPI, both directions) and of 6 regions (LDC). Each repetition has a process of its own, so
that nothing is warm, and works with one thread, as the step does; imports and GLM are left out.

"memory" is what a part takes beside the series and the GLM, measured in a further run.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.connectivity_session import (
    N_CONFOUNDS,
    SEED,
    Prepared,
    Sections,
    interactions_of,
    patterns_of,
    prepare,
    sections_of,
    session_of,
)
from benchmarks.full_resolution import whole_grid
from benchmarks.measurement import (
    PEAK_UNIT,
    Target,
    load,
    module,
    print_conditions,
    print_targets,
)
from bids_ketamine.demo.brain import load_brain
from bids_ketamine.demo.dataset import write_demo_trial
from bids_ketamine.images.grid import Grid
from bids_ketamine.interfaces.gppi import gppi_rows
from bids_ketamine.interfaces.rsa import rsa_rows
from bids_ketamine.regions.locate import Region, locate_regions
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.spec import TaskSpec

SECONDS = 2.0
METHODS = ("conn", "joint", "spm")
#: Functions of the profile that are printed.
N_SHOWN = 18


class Parts:
    """Times of the parts of the work, or the memory that each takes.

    Parameters
    ----------
    profiler : cProfile.Profile or None
        Profiles the work.
    memory : bool
        Whether memory is measured, and not time.

    Attributes
    ----------
    figures : dict of str to float
        Seconds, or 10^6 bytes, by part.
    processor_seconds : float
        Of all parts.
    """

    def __init__(self, *, profiler: cProfile.Profile | None, memory: bool) -> None:
        self.figures: dict[str, float] = {}
        self.processor_seconds = 0.0
        self._profiler, self._memory = profiler, memory

    def do(self, part: str, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do a part of the work."""
        if self._memory:
            tracemalloc.start()
            result = work(*arguments, **named)
            self.figures[part] = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            return result
        if self._profiler is not None:
            return self._profiler.runcall(work, *arguments, **named)
        begin, used = time.perf_counter(), time.process_time()
        result = work(*arguments, **named)
        self.figures[part] = time.perf_counter() - begin
        self.processor_seconds += time.process_time() - used
        return result


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code tells whether the target is met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.connectivity_speed", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--method", choices=METHODS, default="conn", help="of gPPI")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    parser.add_argument("--once", choices=("time", "memory", "profile"), help=argparse.SUPPRESS)
    parser.add_argument("--trial", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.once:
        work_once(options.trial, options.method, options.once)
        return 0
    load_before = load()
    with tempfile.TemporaryDirectory(prefix="bids_ketamine-") as temporary:
        trial = Path(temporary) / "trial"
        make_trial(trial)

        def once(kind: str) -> str:
            options_of_one = ("--once", kind, "--trial", str(trial), "--method", options.method)
            return module("benchmarks.connectivity_speed", *options_of_one)

        if options.profile:
            print(once("profile"), end="")
            return 0
        timed = [json.loads(once("time").splitlines()[-1]) for _ in range(options.repeats)]
        memory = json.loads(once("memory").splitlines()[-1])
    return 0 if report(timed, memory, options.method, load_before) else 1


def report(
    timed: Sequence[dict[str, Any]], memory: dict[str, Any], method: str, load_before: float
) -> bool:
    """Print the fastest repetition; whether the target is met."""
    totals = [sum(each["figures"].values()) for each in timed]
    best = timed[int(np.argmin(totals))]
    voxels = ", ".join(f"{name} {count}" for name, count in best["voxels"].items())
    print(f"gPPI ({method}) and LDC of a session, fastest of {len(timed)}; voxels: {voxels}")
    print_conditions([1], load_before)
    print(f"  {'':<32}{'s':>7}{'memory MB':>12}")
    for part, seconds in best["figures"].items():
        print(f"  {part:<32}{seconds:7.3f}{memory['figures'][part]:12.1f}")
    every = ", ".join(f"{total:.2f}" for total in sorted(totals))
    processor = min(each["processor_seconds"] for each in timed)
    print(f"  {'all':<32}{min(totals):7.3f}  of {every}; processor time {processor:.2f} s")
    print(f"  peak of the process with series and GLM {best['peak_gb']:.2f} GB")
    return print_targets([Target("gPPI and LDC of a session, s", min(totals), SECONDS)])


def make_trial(trial: Path) -> None:
    """Write a demo trial of one participant, with wide confounds tables."""
    write_demo_trial(
        trial,
        n_participants=1,
        seed=SEED,
        effect=True,
        resolution=8,
        tasks=("faces", "stroop"),
    )
    for path in trial.rglob("*_desc-confounds_timeseries.tsv"):
        table = pd.read_csv(path, sep="\t", na_values="n/a")
        further = [f"edge_comp_{number:03d}" for number in range(N_CONFOUNDS - table.shape[1])]
        values = np.random.default_rng(SEED).standard_normal((len(table), len(further)))
        table = pd.concat([table, pd.DataFrame(values, columns=further)], axis=1)
        table.to_csv(path, sep="\t", na_rep="n/a", index=False)


def work_once(trial: Path, method: str, kind: str) -> None:
    """Do the work in this process and print what it took."""
    profiler = cProfile.Profile() if kind == "profile" else None
    parts = Parts(profiler=profiler, memory=kind == "memory")
    with threadpool_limits(limits=1), tempfile.TemporaryDirectory() as folder:
        regions = do_session(trial, Path(folder), method, parts)
    if profiler is not None:
        print_profile(profiler)
        return
    told = {
        "figures": parts.figures,
        "processor_seconds": parts.processor_seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / 1e9,
        "voxels": {region.name: len(region.voxels) for region in regions},
    }
    print(json.dumps(told))


def do_session(trial: Path, folder: Path, method: str, parts: Parts) -> tuple[Region, ...]:
    """Do what the steps of both tasks do after their GLMs."""
    sections = sections_of(method)
    session = session_of(trial, sections.study)
    brain = whole_grid(load_brain(2))
    # The demo's vectors run with x fastest, the app's with z.
    grid = Grid(brain.volume(brain.mask).transpose(2, 1, 0), brain.affine)
    sources = resolve_regions(sections.study.regions, space=sections.study.inputs.space)
    regions = locate_regions(sources, grid, own_segmentation=None).regions
    for task in sections.study.tasks:
        prepared = prepare(session, task, grid, regions, sections.study)
        do_task(prepared, folder, session.prefix, task, sections, regions, parts)
    return regions


def do_task(
    prepared: Prepared,
    folder: Path,
    prefix: str,
    task: TaskSpec,
    sections: Sections,
    regions: tuple[Region, ...],
    parts: Parts,
) -> None:
    """Do what the step of a task does after its GLM."""
    common = {
        "fitted": [prepared.fitted],
        "regions": regions,
        "task": task,
        "atlas": sections.regions.atlas,
        "minimum_coverage": sections.regions.minimum_coverage,
        "datasets": {},
    }
    name = task.name
    run = parts.do(f"{name}: series for gPPI", interactions_of, prepared, task, sections)
    both = name == sections.rsa.task
    patterns = (
        parts.do(f"{name}: patterns", patterns_of, prepared, task, sections) if both else None
    )
    estimating = {"gppi": sections.gppi, "empty": prepared.fit.events.empty, **common}
    rows = parts.do(f"{name}: gPPI, written", gppi_rows, folder, prefix, [run], **estimating)
    require_values(rows)
    if both:
        estimating = {"rsa": sections.rsa, **common}
        rows = parts.do(f"{name}: LDC, written", rsa_rows, folder, prefix, [patterns], **estimating)
        require_values(rows)


def require_values(rows: pd.DataFrame) -> None:
    """Stop if a measure is missing: what was not computed took no time."""
    if not rows["value"].notna().all():
        raise SystemExit(f"missing: {sorted(set(rows['reason']))}")


def print_profile(profiler: cProfile.Profile) -> None:
    """Print the app's functions by the time spent in them and below, and the slowest by far."""
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    own = {name: each for name, each in found.items() if "bids_ketamine" in each.file_name}
    for words, functions, key in (
        ("the app's functions, with what they call", own, "cumtime"),
        ("functions in which most time is spent themselves", found, "tottime"),
    ):
        print(f"{words}:")
        order = sorted(functions.items(), key=lambda item: -getattr(item[1], key))
        for name, each in order[:N_SHOWN]:
            place = f"{Path(each.file_name).name}:{each.line_number}"
            print(f"  {getattr(each, key):7.3f} s  {each.ncalls:>9} calls  {name} ({place})")


if __name__ == "__main__":
    sys.exit(main())
