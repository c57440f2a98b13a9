"""How fast the app answers: ``--help``, and ``--dry-run`` for one of many participants.

Run as ``python -m benchmarks.start_up``. The tree is made in a temporary folder: a raw dataset
and fMRIPrep-like derivatives of three runs a session, files empty except those of the one
participant that is asked for.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HELP_TARGET = 0.6
DRY_RUN_TARGET = 3.0
MEMORY_TARGET = 300.0
SESSIONS = ("pre", "post")
TASKS = ("faces", "stroop", "rest")
SPACE = "MNI152NLin2009cAsym"
APP = [sys.executable, "-m", "bids_ketamine"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code tells whether all targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start_up", description=__doc__)
    parser.add_argument("--participants", type=int, default=1000, metavar="N")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    options = parser.parse_args(argv)
    helps = [measure([*APP, "--help"])[0] for _ in range(options.repeats)]
    rows = [("--help, s (median)", statistics.median(helps), HELP_TARGET)]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        n_files = make_trial(root, options.participants)
        command = dry_run_command(root, participant=label(options.participants // 2))
        runs = [measure(command) for _ in range(options.repeats)]
    rows += [
        ("--dry-run, s (median)", statistics.median(run[0] for run in runs), DRY_RUN_TARGET),
        ("--dry-run, peak MB", max(run[1] for run in runs), MEMORY_TARGET),
    ]
    print(f"{options.participants} participants x {len(SESSIONS)} sessions, {n_files} files")
    print(f"{'quantity':<24}{'measured':>10}{'target':>10}  verdict")
    for quantity, measured, target in rows:
        verdict = "met" if measured < target else "MISSED"
        print(f"{quantity:<24}{measured:>10.2f}{target:>10.1f}  {verdict}")
    return 0 if all(measured < target for _, measured, target in rows) else 1


def dry_run_command(root: Path, *, participant: str) -> list[str]:
    """Return the command line of the dry run."""
    return [
        *APP,
        *(str(root / "bids"), str(root / "out"), "participant", "--study", "norbury2021"),
        *("--participant-label", participant, "--dry-run"),
    ]


def measure(command: Sequence[str]) -> tuple[float, float]:
    """Run a command; return wall time (s) and peak resident memory (MB).

    Parameters
    ----------
    command : sequence of str
        Program and arguments; it must end with code 0.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    # Kilobytes on Linux, bytes on macOS.
    return seconds, usage.ru_maxrss / (1024.0 if sys.platform.startswith("linux") else 1024.0**2)


def label(number: int) -> str:
    """Return the label of a participant."""
    return f"{number:04d}"


def make_trial(root: Path, n_participants: int) -> int:
    """Make raw dataset and derivatives; return the number of files."""
    bids, prep = root / "bids", root / "bids" / "derivatives" / "fmriprep"
    for folder, name in ((bids, "trial"), (prep, "fMRIPrep")):
        folder.mkdir(parents=True)
        description = {"Name": name, "BIDSVersion": "1.9.0", "GeneratedBy": [{"Name": name}]}
        (folder / "dataset_description.json").write_text(json.dumps(description))
    labels = [label(number) for number in range(n_participants)]
    rows = [f"sub-{each}\t{'ketamine' if i % 2 else 'midazolam'}" for i, each in enumerate(labels)]
    (bids / "participants.tsv").write_text("\n".join(["participant_id\tarm", *rows]) + "\n")
    for task in TASKS:
        (bids / f"task-{task}_bold.json").write_text('{"RepetitionTime": 2.0}')
    return sum(
        make_session(bids, prep, each, session, filled=i == n_participants // 2)
        for i, each in enumerate(labels)
        for session in SESSIONS
    )


def make_session(bids: Path, prep: Path, participant: str, session: str, *, filled: bool) -> int:
    """Make the files of a participant-session; return their number."""
    contents: dict[Path, bytes] = {}
    within = Path(f"sub-{participant}") / f"ses-{session}"
    for task in TASKS:
        stem = f"sub-{participant}_ses-{session}_task-{task}"
        raw, derived = bids / within / "func", prep / within / "func"
        spaced = f"{stem}_space-{SPACE}"
        contents |= {
            raw / f"{stem}_bold.nii.gz": image((64, 64, 36, 215)),
            derived / f"{stem}_desc-confounds_timeseries.tsv": b"csf\twhite_matter\n0\t0\n",
            derived / f"{stem}_desc-confounds_timeseries.json": b"{}",
            derived / f"{spaced}_desc-preproc_bold.nii.gz": image((97, 115, 97, 215)),
            derived / f"{spaced}_desc-preproc_bold.json": b'{"StartTime": 1.0}',
            derived / f"{spaced}_desc-brain_mask.nii.gz": image((97, 115, 97)),
            derived / f"{spaced}_desc-brain_mask.json": b"{}",
        }
        if task != "rest":
            contents[raw / f"{stem}_events.tsv"] = b"onset\tduration\ttrial_type\n0\t1\tface\n"
    anatomical = bids / within / "anat" / f"sub-{participant}_ses-{session}_T1w.nii.gz"
    contents[anatomical] = image((192, 256, 256))
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if filled else b"")
    return len(contents)


def image(shape: Sequence[int]) -> bytes:
    """Return a compressed NIfTI-1 header, which is all that a dry run reads."""
    extents = (len(shape), *shape, *[1] * (7 - len(shape)))
    header = struct.pack("<i", 348) + bytes(36) + struct.pack("<8h", *extents) + bytes(292)
    return gzip.compress(header)


if __name__ == "__main__":
    sys.exit(main())
