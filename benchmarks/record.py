"""Keeps what benchmarks and comparisons print, for the pages of docs.

``python -m benchmarks.record [--folder FOLDER] [--references FOLDER] NAME [NAME ...]``

``NAME`` is a benchmark (``coupling``), a benchmark with an option of its own
(``first_level-session``), or ``parity-`` and the name of a folder of reference results
(``parity-glm``), which ``python -m tests.parity`` compares; with ``-end_to_end`` behind it each
case takes its inputs from the cases before it. ``python -m benchmarks.record --list`` tells all
names. What is printed on the way is also written to ``docs/printed/NAME.txt``, below a line that
tells the command, and one that tells version, date, processors, duration and exit code.

A missed target (exit code 1) is recorded like a met one. What did not end is not recorded: a
command that was interrupted, refused its arguments, or ended with a traceback. Absolute paths into
the project become relative ones; nothing else is changed.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import IO, NamedTuple

from bids_ketamine import __version__

ROOT = Path(__file__).resolve().parents[1]
PARITY, END_TO_END = "parity-", "-end_to_end"
#: Modules and arguments; those not named here are modules of their own name without arguments.
WITH_ARGUMENTS = {
    "first_level-session": ("first_level", "--session"),
    "noise_only-complete": ("noise_only", "--complete"),
}
PLAIN = (
    *("start_up", "first_level", "noise_only", "coupling", "similarity", "connectivity_speed"),
    *("dcm", "dcm_recovery", "peb", "peb_trials", "elastic_net", "elastic_net_trials"),
    *("elastic_net_calibration", "mixed_model_calibration", "clinical_trials", "real_trial"),
    *("demo_trials", "grayordinates_reading", "network_trials"),
    *("real_networks", "real_rest", "resting_session"),
)
COMMANDS: Mapping[str, tuple[str, ...]] = {each: (each,) for each in PLAIN} | WITH_ARGUMENTS
#: Exit codes of benchmarks that ran to their end: targets met, and missed.
ENDED = (0, 1)
TRACEBACK = "Traceback (most recent call last)"


class Ended(NamedTuple):
    """A command that ended.

    Attributes
    ----------
    printed : str
        On its standard output.
    exit_code : int
    seconds : float
    failed : bool
        Whether it did not come to its end: there is nothing to record.
    """

    printed: str
    exit_code: int
    seconds: float
    failed: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run and record; the exit code tells whether every command came to its end."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.record", description=__doc__.splitlines()[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to run")
    parser.add_argument("--list", action="store_true", help="tell the names")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "printed", metavar="FOLDER")
    parser.add_argument(
        "--references", type=Path, default=ROOT.parent / "shared" / "reference", metavar="FOLDER"
    )
    options = parser.parse_args(argv)
    if options.list:
        print("\n".join(known_names(options.references)))
        return 0
    known = known_names(options.references)
    unknown = [each for each in options.names if each not in known]
    if unknown or not options.names:
        parser.error(f"unknown: {', '.join(unknown)} (see --list)" if unknown else "name one")
    return max([record(name, options.folder, options.references) for name in options.names])


def known_names(references: Path) -> list[str]:
    """Return what can be recorded: benchmarks, and the comparisons whose references are there."""
    parity = [f"{PARITY}{each.parent.name}" for each in sorted(references.glob("*/manifest.json"))]
    return [*COMMANDS, *(each + end for each in parity for end in ("", END_TO_END))]


def command_of(name: str, references: Path) -> tuple[list[str], Path]:
    """Return module and arguments of a name, and the folder in which they are run."""
    if name.startswith(PARITY):
        folder = name.removeprefix(PARITY).removesuffix(END_TO_END)
        option = ["--end-to-end"] if name.endswith(END_TO_END) else []
        return ["tests.parity", *option, folder], references
    module, *arguments = COMMANDS[name]
    return [f"benchmarks.{module}", *arguments], ROOT


def record(name: str, folder: Path, references: Path) -> int:
    """Run a command and write what it prints; return 1 if it did not come to its end."""
    command, place = command_of(name, references)
    ended = run(command, place)
    if ended.failed:
        print(f"{name}: exit code {ended.exit_code}; not recorded", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{heading(command, ended)}\n\n{within_project(ended.printed).rstrip()}\n"
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return 0


def run(command: Sequence[str], place: Path) -> Ended:
    """Run a module, showing what it prints on both streams."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", *command],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    errors: list[str] = []
    listener = threading.Thread(target=_pass_on, args=(process.stderr, sys.stderr, errors))
    listener.start()
    printed: list[str] = []
    _pass_on(process.stdout, sys.stdout, printed)
    listener.join()
    exit_code = process.wait()
    failed = exit_code not in ENDED or any(TRACEBACK in line for line in errors)
    return Ended("".join(printed), exit_code, time.perf_counter() - begin, failed)


def _pass_on(source: IO[str] | None, sink: IO[str], kept: list[str]) -> None:
    """Hand lines on as they come, and keep them."""
    for line in source or ():
        kept.append(line)
        sink.write(line)
        sink.flush()


def heading(command: Sequence[str], ended: Ended) -> str:
    """Return the command, and under what conditions it ran."""
    conditions = (
        f"bids_ketamine {__version__.partition('+')[0]}",
        datetime.date.today().isoformat(),
        f"{os.cpu_count()} processors",
        f"Python {platform.python_version()}",
        f"NumPy {version('numpy')}",
        duration(ended.seconds),
        f"exit code {ended.exit_code}",
    )
    return f"$ python -m {shlex.join(command)}\n# {', '.join(conditions)}"


def duration(seconds: float) -> str:
    """Say how long something took.

    >>> duration(4.6), duration(200.0), duration(9000.0)
    ('5 s', '3.3 min', '2.5 h')
    """
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.1f} min" if seconds < 6000.0 else f"{seconds / 3600.0:.1f} h"


def within_project(printed: str) -> str:
    """Return a text with absolute paths into the project made relative to it."""
    return printed.replace(f"{ROOT.as_uri()}/", "").replace(f"{ROOT}/", "")


if __name__ == "__main__":
    sys.exit(main())
