"""Measuring in processes of their own: time of the work alone, memory of the whole process.

The process that starts others must stay small. Linux counts the memory of the starting process as
the first peak of the started one, so nothing heavy is imported or held there.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

#: ``ru_maxrss`` is in kilobytes on Linux, in bytes on macOS.
PEAK_UNIT = 1024.0 if sys.platform.startswith("linux") else 1.0

#: Option of Linux's ``prctl``: orphaned descendants become children of this process.
PR_SET_CHILD_SUBREAPER = 36


class Measured(NamedTuple):
    """What a piece of work took.

    Attributes
    ----------
    seconds : float
        Wall time of the work, without start and imports; of a command with both.
    processor_seconds : float
        Processor time of all its threads in the meantime, which other work on the machine
        touches less.
    peak_gb : float
        Peak resident memory of the largest process, imports and all, 10^9 bytes.
    threads : int
        Threads of the linear algebra library; 0 if none is loaded, or unknown.
    """

    seconds: float
    processor_seconds: float
    peak_gb: float
    threads: int = 0


class Target(NamedTuple):
    """A figure and what it should be."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as it should be."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def best(measured: Sequence[Measured]) -> Measured:
    """Return the shortest times and the largest peak of repeated measurements."""
    return Measured(
        min(each.seconds for each in measured),
        min(each.processor_seconds for each in measured),
        max(each.peak_gb for each in measured),
        measured[0].threads,
    )


def module(*arguments: str) -> str:
    """Run a module in a process of its own and return what it prints.

    Parameters
    ----------
    *arguments : str
        Name of the module, and its arguments.
    """
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"exit code {done.returncode}: {' '.join(command)}")
    return done.stdout


def module_work(*arguments: str) -> Measured:
    """Run a module that prints the result of :func:`tell` in its last line."""
    return Measured(**json.loads(module(*arguments).splitlines()[-1]))


def measured_here(work: Callable[[], Any]) -> tuple[Measured, Any]:
    """Do work in this process; return what it took, and its result."""
    begin, used = time.perf_counter(), time.process_time()
    result = work()
    seconds, processor = time.perf_counter() - begin, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / 1e9
    return Measured(seconds, processor, peak, blas_threads()), result


def tell(measured: Measured) -> None:
    """Print what this process took, for the process that started it."""
    print(json.dumps(measured._asdict()))


def command_work(command: Sequence[str]) -> Measured:
    """Run a command; all of its processes count, in memory the largest of them.

    Workers may belong to a server that the command leaves behind and never waits for, so that
    their usage is not in its own. Linux hands such processes over to this one.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; it must end with code 0.
    """
    if not sys.platform.startswith("linux"):
        raise SystemExit("The memory of a command's workers can be measured on Linux only.")
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("The system does not hand over orphaned processes.")
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    usages = [usage]
    with contextlib.suppress(ChildProcessError):  # until there is none left
        while True:
            usages.append(os.wait4(-1, 0)[2])
    if process.returncode != 0:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return Measured(
        seconds,
        sum(each.ru_utime + each.ru_stime for each in usages),
        max(each.ru_maxrss for each in usages) * PEAK_UNIT / 1e9,
    )


def blas_threads() -> int:
    """Return the threads of the linear algebra libraries that are loaded; 0 for none."""
    from threadpoolctl import threadpool_info

    counts = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return max(counts, default=0)


def print_targets(targets: Sequence[Target]) -> bool:
    """Print figures beside their targets and return whether all are met."""
    for each in targets:
        sign = ">=" if each.at_least else "<="
        verdict = "met" if each.met else "NOT MET"
        print(f"  {each.what:<52}{each.value:7.2f}  target {sign} {each.limit:g}  {verdict}")
    return all(each.met for each in targets)


def load() -> float:
    """Return how many processes wanted a processor in the last minute."""
    return os.getloadavg()[0]


def print_conditions(threads: Sequence[int], load_before: float) -> None:
    """Print what a reader must know of the machine: processors, load, threads."""
    used = "/".join(str(each) for each in sorted(set(threads) - {0}))
    told = os.environ.get("OMP_NUM_THREADS", "unset")
    print(
        f"{os.cpu_count()} processors, load {load_before:.1f} before and {load():.1f} after; "
        f"threads of linear algebra: {used or 'unknown'} (OMP_NUM_THREADS {told})"
    )
