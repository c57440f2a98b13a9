"""How fast a first-level model is: against nibabel's bare reading and against nilearn.

``python -m benchmarks.first_level [--session] [--profile] [--data FOLDER] [--repeats N]``

One run of the demo's face-matching task at 2 mm (215 volumes, 18 nuisance regressors), unsmoothed.
With ``--session`` a whole one (215, 331 and 360 volumes), smoothed by the app. The data are made in
the folder if they are not there, else in a temporary one. Every measurement has a process of its
own; times leave out its start and imports, memory takes in everything.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.measurement import (
    Measured,
    Target,
    best,
    command_work,
    load,
    module,
    module_work,
    print_conditions,
    print_targets,
)

READING, POOLED, NILEARN_AR1 = "reading", "ours-spm", "nilearn-ar1"
#: In the order in which they run: nilearn takes the design that ours-ar1 has written.
CANDIDATES = {
    READING: "nibabel, bare reading",
    "ours-ar1": "ours, ar1",
    POOLED: "ours, spm",
    "nilearn-ols": "nilearn, OLS",
    NILEARN_AR1: "nilearn, AR(1)",
}

#: Times the bare reading at most, times faster than nilearn's AR(1) at least, peak memory at most.
READINGS, TIMES_NILEARN, PEAK_GB = 1.6, 7.0, 1.0
#: The same of a whole session: the numerical part, and the command with start and report.
SESSION_READINGS, COMMAND_READINGS = 4.0, 6.0

#: Where maps of the same model may differ: single precision.
SAME_MODEL = 0.999
#: Least correlation of t maps of another noise model.
OTHER_MODEL = 0.85


class Agreement(NamedTuple):
    """How a candidate's maps compare with nilearn's AR(1)."""

    correlation: float
    n_voxels: int


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code tells whether all targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_level", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--session", action="store_true", help="a whole session")
    parser.add_argument("--profile", action="store_true", help="where our time goes")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder that keeps the data")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bids_ketamine-") as temporary:
        folder = options.data or Path(temporary)
        trial = folder / "trial"
        tasks = ("faces", "stroop", "rest") if options.session else ("faces",)
        module("benchmarks.full_resolution", str(trial), *tasks)
        measure = measure_session if options.session else measure_run
        if options.profile:
            name = "session-numerics" if options.session else POOLED
            print(f"{name}: seconds, and share of all")
            print(candidate("--profile", name, trial, folder / "maps"), end="")
            return 0
        return 0 if measure(trial, folder, options.repeats) else 1


def candidate(flag: str, name: str, trial: Path, maps: Path) -> str:
    """Let a candidate work in a process of its own, and return what it prints."""
    return module(*arguments(name, trial, maps), flag)


def arguments(name: str, trial: Path, maps: Path) -> tuple[str, ...]:
    """Return module and arguments of a candidate."""
    return ("benchmarks.first_level_candidates", name, str(trial), "--maps", str(maps))


def measure_run(trial: Path, folder: Path, repeats: int) -> bool:
    """Measure one run."""
    maps, load_before = folder / "maps", load()
    # Candidates take turns, so that a busy minute of the machine hits all of them.
    turns = [
        {name: module_work(*arguments(name, trial, maps)) for name in CANDIDATES}
        for _ in range(repeats)
    ]
    print(f"one run of 97 x 115 x 97 x 215 voxels, 18 nuisance regressors, best of {repeats}")
    print_conditions([each.threads for turn in turns for each in turn.values()], load_before)
    found = {name: best([turn[name] for turn in turns]) for name in CANDIDATES}
    agreements = {name: agreement(maps, name) for name in CANDIDATES if name != READING}
    print_table(found, agreements)
    ours, reading = found[POOLED], found[READING]
    met = print_targets(
        [
            Target("ours (spm), times the bare reading", ours.seconds / reading.seconds, READINGS),
            Target(
                "ours (spm), times faster than nilearn's AR(1)",
                found[NILEARN_AR1].seconds / ours.seconds,
                TIMES_NILEARN,
                at_least=True,
            ),
            Target("ours (spm), peak memory, GB", ours.peak_gb, PEAK_GB),
        ]
    )
    same = agreements["ours-ar1"].correlation >= SAME_MODEL
    alike = agreements[POOLED].correlation >= OTHER_MODEL
    print(f"  maps: {'those of one model agree' if same and alike else 'THEY DO NOT AGREE'}")
    return met and same and alike


def print_table(found: dict[str, Measured], agreements: dict[str, Agreement]) -> None:
    """Print a row for each candidate."""
    reading = found[READING].seconds
    print(
        f"  {'':<24}{'s':>7}{'x reading':>11}{'processor s':>13}{'peak GB':>9}{'voxels':>9}"
        "  r of t with nilearn AR(1)"
    )
    for name, words in CANDIDATES.items():
        each = found[name]
        row = f"  {words:<24}{each.seconds:7.2f}{each.seconds / reading:11.2f}"
        row += f"{each.processor_seconds:13.2f}{each.peak_gb:9.2f}"
        if name in agreements:
            row += f"{agreements[name].n_voxels:9d}  {agreements[name].correlation:.6f}"
        print(row)
    print("  every model gives maps of effect, variance, t and z of faces - shapes")


def agreement(maps: Path, name: str) -> Agreement:
    """Correlate a candidate's t map with nilearn's where both have a value."""
    with np.load(maps / f"{name}.npz") as own, np.load(maps / f"{NILEARN_AR1}.npz") as other:
        if sorted(own) != ["effect", "t", "variance", "z"]:
            raise SystemExit(f"{name} has made {', '.join(own)}")
        mine, theirs = own["t"].ravel(), other["t"].ravel()
    both = np.isfinite(mine) & np.isfinite(theirs) & (mine != 0) & (theirs != 0)
    return Agreement(float(np.corrcoef(mine[both], theirs[both])[0, 1]), int(both.sum()))


def measure_session(trial: Path, folder: Path, repeats: int) -> bool:
    """Measure a whole session."""
    reading, numerics, command, load_before = [], [], [], load()
    for _ in range(repeats):
        reading.append(module_work(*arguments("session-reading", trial, folder / "maps")))
        numerics.append(module_work(*arguments("session-numerics", trial, folder / "maps")))
        command.append(whole_command(trial, folder / "output", folder / "work"))
    bare, own, whole = best(reading), best(numerics), best(command)
    print(f"a session of 215 + 331 + 360 volumes, smoothed to 6 mm, best of {repeats}")
    print_conditions([each.threads for each in (*reading, *numerics)], load_before)
    print(f"  {'':<32}{'s':>7}{'x reading':>11}{'processor s':>13}{'peak GB':>9}")
    for words, each in (
        ("nibabel, bare reading", bare),
        ("numerical part, smoothing too", own),
        ("command with start and report", whole),
    ):
        ratio = each.seconds / bare.seconds
        row = f"{each.seconds:7.2f}{ratio:11.2f}{each.processor_seconds:13.2f}{each.peak_gb:9.2f}"
        print(f"  {words:<32}{row}")
    print("  memory of the command is that of its largest process, its linear algebra has 1 thread")
    return print_targets(
        [
            Target("numerical part, times reading", own.seconds / bare.seconds, SESSION_READINGS),
            Target("command, times reading", whole.seconds / bare.seconds, COMMAND_READINGS),
        ]
    )


def whole_command(trial: Path, output: Path, work: Path) -> Measured:
    """Run the command line on the session, from nothing."""
    for folder in (output, work):
        shutil.rmtree(folder, ignore_errors=True)
    return command_work(
        [
            *(sys.executable, "-m", "bids_ketamine", str(trial), str(output), "participant"),
            *("--participant-label", "01", "--session-label", "pre"),
            *("--study", "norbury2021", "-w", str(work)),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
