"""How fast dynamic causal models are estimated, beside SPM12.

``python -m benchmarks.dcm [--repeats N]``

All times but that of the first call are processor seconds on one core, the fastest of N
repetitions in a process whose code has run before; other work on the machine still makes them
longer. The scheme is SPM12's (``restart: never``), so iterations are the same. SPM12's times were
recorded with the reference results (SPM12 r7771 in GNU Octave 7.3, one thread, medians of 62 and
24 models), on another machine: ratios tell the order of magnitude.

Two regions: the 20 reference simulations (200 scans, 11 free parameters). Four regions: the real
data of the reference (198 scans, 30 free parameters). Where these are not beside the repository,
data are simulated. "calibrated" is what the calibrated interval costs beside an estimation.

Costs against size are those of random stable networks with all connections, one modulation and
one driving input, at SNR 2: medians of three. Each row has a process of its own, whose peak
memory, imports and all, is that of the last column; "work" is what it grows by.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measurement import Target, load, module, print_conditions, print_targets

# Nothing heavy is imported here: memory of this process would count as the first peak of others.
TIMINGS = Path(__file__).resolve().parents[2] / "shared/reference/dcm_peb/timings.json"
#: Keys of SPM12's record, and its medians: processor seconds of an estimation and an iteration.
SPM_KEYS = {
    "two": "spm_dcm_estimate 2-node simulated (200 scans, 11 free parameters)",
    "four": "spm_dcm_estimate 4-node real (198 scans, 30 free parameters)",
}
SPM_SECONDS = {"two": (11.31, 0.679), "four": (51.25, 2.709)}
TWO_TARGET, FOUR_TARGET, FIRST_TARGET = 50.0, 12.0, 10.0
REGION_COUNTS = (2, 3, 4, 6, 8, 10)
SCAN_COUNTS = (100, 200, 400, 800)
SCANS_OF_REGIONS, REGIONS_OF_SCANS = 200, (2, 4)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dcm", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    repeats = parser.parse_args(argv).repeats
    load_before = load()
    two, four = (timed(work, "--repeats", str(repeats)) for work in ("two", "four"))
    print(f"Dynamic causal models, processor seconds on one core, fastest of {repeats}")
    targets = [report_two(two["rows"]), report_four(four["rows"]), report_first()]
    report_costs()
    print_conditions([two["threads"], four["threads"]], load_before)
    return 0 if print_targets(targets) else 1


def timed(*arguments: str) -> dict[str, Any]:
    """Return the figures of ``benchmarks.dcm_timing`` in a process of its own."""
    return json.loads(module("benchmarks.dcm_timing", *arguments).splitlines()[-1])


def spm_seconds(work: str) -> tuple[float, float]:
    """Return SPM12's median processor seconds of an estimation and of an iteration."""
    if not TIMINGS.exists():
        return SPM_SECONDS[work]
    record = json.loads(TIMINGS.read_text())[SPM_KEYS[work]]
    return record["median_cpu_s"], record["median_cpu_s_per_iteration"]


def report_two(rows: Sequence[dict[str, Any]]) -> Target:
    """Print the times of two regions and return the median beside its target."""
    spm, spm_iteration = spm_seconds("two")
    kind = "reference" if "spm_seconds" in rows[0] else "simulated"
    print(
        f"Two regions, 200 scans, {rows[0]['free']} free parameters: {len(rows)} {kind} data sets"
    )
    print(f"  {'':<28}{'median':>9}{'least':>9}{'most':>9}{'SPM12':>10}{'ratio':>8}")
    seconds = [each["seconds"] for each in rows]
    each_iteration = [each["seconds"] / each["iterations"] for each in rows]
    calibrated = [each["calibrated_seconds"] for each in rows]
    for what, values, of_spm in (
        ("estimation, ms", seconds, spm),
        ("iteration, ms", each_iteration, spm_iteration),
        ("calibrated interval, ms", calibrated, None),
    ):
        middle = statistics.median(values)
        beside = "" if of_spm is None else f"{1e3 * of_spm:10.0f}{of_spm / middle:8.0f}"
        figures = (middle, min(values), max(values))
        print(f"  {what:<28}" + "".join(f"{1e3 * each:9.1f}" for each in figures) + beside)
    counts = [each["iterations"] for each in rows]
    print(f"  iterations {min(counts)} to {max(counts)}, median {statistics.median(counts):g}")
    median = 1e3 * statistics.median(seconds)
    return Target("two regions, an estimation, ms (median)", median, TWO_TARGET)


def report_four(rows: Sequence[dict[str, Any]]) -> Target:
    """Print the times of four regions and return the median iteration beside its target."""
    spm, spm_iteration = spm_seconds("four")
    print(f"\nFour regions, {rows[0]['free']} free parameters")
    print(
        f"  {'data':<14}{'iterations':>11}{'s':>8}{'ms/iter.':>10}{'calibrated s':>14}"
        f"{'SPM12 s':>9}{'s/iter.':>9}{'ratio':>7}{'of iter.':>9}"
    )
    for each in rows:
        of_spm = each.get("spm_seconds")
        own = None if of_spm is None else of_spm / each["spm_iterations"]
        _print_four(each["name"], each, each["seconds"] / each["iterations"], of_spm, own)
    middle = {
        key: statistics.median(each[key] for each in rows)
        for key in ("iterations", "seconds", "calibrated_seconds")
    }
    iteration = statistics.median(each["seconds"] / each["iterations"] for each in rows)
    recorded = [each for each in rows if "spm_seconds" in each]
    own = (spm, spm_iteration)
    if recorded:
        own = (
            statistics.median(each["spm_seconds"] for each in recorded),
            statistics.median(each["spm_seconds"] / each["spm_iterations"] for each in recorded),
        )
    _print_four("median", middle, iteration, *own)
    print(
        f"  SPM12's median of 24 real models: {spm:.1f} s, {spm_iteration:.2f} s an iteration, "
        f"{spm_iteration / iteration:.0f} times as long"
    )
    return Target("four regions, an iteration, ms (median)", 1e3 * iteration, FOUR_TARGET)


def _print_four(
    name: str, row: dict[str, Any], iteration: float, spm: float | None, spm_iteration: float | None
) -> None:
    beside = ""
    if spm is not None and spm_iteration is not None:
        beside = f"{spm:9.1f}{spm_iteration:9.2f}{spm / row['seconds']:7.0f}"
        beside += f"{spm_iteration / iteration:9.0f}"
    print(
        f"  {name:<14}{row['iterations']:>11g}{row['seconds']:8.3f}{1e3 * iteration:10.1f}"
        f"{row['calibrated_seconds']:14.3f}{beside}"
    )


def report_first() -> Target:
    """Print what a fresh process takes, imports and all, and return it beside its target."""
    command = [sys.executable, "-m", "benchmarks.dcm_timing", "first"]
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - begin
    print(f"\nFirst call in a fresh process, imports and all: {seconds:.2f} s by the clock")
    return Target("first call in a fresh process, s", seconds, FIRST_TARGET)


def report_costs() -> None:
    """Print the costs against regions and scans."""
    print("\nRandom networks, all connections; SNR 2, medians of three")
    print(
        f"  {'regions':>7}{'scans':>7}{'free':>6}{'iterations':>12}{'s':>9}{'ms/iter.':>10}"
        f"{'calibrated s':>14}{'peak MB':>9}{'work MB':>9}"
    )
    sizes = [(n, SCANS_OF_REGIONS) for n in REGION_COUNTS]
    sizes += [(n, scans) for n in REGIONS_OF_SCANS for scans in SCAN_COUNTS]
    for n_regions, n_scans in dict.fromkeys(sizes):
        told = timed("network", "--regions", str(n_regions), "--scans", str(n_scans))
        rows = told["rows"]
        seconds, calibrated, count = (
            statistics.median(each[key] for each in rows)
            for key in ("seconds", "calibrated_seconds", "iterations")
        )
        iteration = statistics.median(each["seconds"] / each["iterations"] for each in rows)
        grown = told["peak_mb"] - told["peak_before_mb"]
        print(
            f"  {n_regions:>7}{n_scans:>7}{rows[0]['free']:>6}{count:>12g}{seconds:9.3f}"
            f"{1e3 * iteration:10.1f}{calibrated:14.3f}{told['peak_mb']:9.0f}{grown:9.0f}"
        )


if __name__ == "__main__":
    sys.exit(main())
