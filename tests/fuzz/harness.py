"""How the app is run on damaged inputs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from bids_ketamine.cli.run import main
from tests.fuzz.case import Case, Place
from tests.fuzz.trial import SESSIONS, SPACE, STUDIES, fmriprep, session_stem, write_trial

#: Undamaged participants beside the damaged ones; every damaged one is a copy of the first.
GOOD = ("good1", "good2")
SESSION = "pre"
#: Participants of the group level.
PARTICIPANTS = tuple(f"{number:02d}" for number in range(1, 7))
#: Participants of one run of the app.
BATCH = 20
#: Address space of the app where an input tries to fill the memory.
MEMORY_LIMIT = 4 * 1024**3
PATIENCE = 45.0


@dataclass(frozen=True)
class Run:
    """A finished run of the app.

    Attributes
    ----------
    folder : Path
        Holds ``bids``, ``out``, ``work``, ``study.yml``.
    code : int
        Exit code.
    told : str
        Standard output and standard error.
    touched : bool
        Whether the input is another one afterwards.
    """

    folder: Path
    code: int
    told: str
    touched: bool

    @property
    def out(self) -> Path:
        """Output folder."""
        return self.folder / "out"

    def save(self) -> None:
        """Keep the run for other processes."""
        record = {"code": self.code, "told": self.told, "touched": self.touched}
        (self.folder / "run.json").write_text(json.dumps(record), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Read a run that was kept."""
        return cls(folder, **json.loads((folder / "run.json").read_text(encoding="utf-8")))


@contextlib.contextmanager
def only_once(folder: Path) -> Iterator[bool]:
    """Yield whether this process is the one to make a folder; others wait until it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not (folder / "run.json").exists()


def batches(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Group the cases that damage one participant by task and exit code, a run each."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        if case.level != "session":
            continue
        kind = f"{case.task}-{case.outcome.code}"
        # Reports take most of the time, and nothing is to be seen in those of accepted input.
        kind += "-unreported" if case.outcome.kind == "accepted" else ""
        kind += "-process" if case.process else ""
        number = 0
        while len(found.get(key := f"{kind}-{number}", ())) >= BATCH:
            number += 1
        found.setdefault(key, []).append(case)
    return found


def run_batch(folder: Path, task: str, cases: Sequence[Case]) -> Run:
    """Run the participant level once over undamaged participants and one for each case."""
    bids = write_trial(folder / "bids", GOOD, sessions=[SESSION], task=task)
    (folder / "study.yml").write_text(STUDIES[task], encoding="utf-8")
    for case in cases:
        copy_participant(bids, GOOD[0], case.label)
        case.apply(session_place(bids, case.label, task))
    words = ["--session-label", SESSION]
    if any(case.outcome.kind == "accepted" for case in cases):
        with without_reports():
            return run_app(folder, "participant", arguments=words)
    process = any(case.process for case in cases)
    return run_app(folder, "participant", arguments=words, process=process)


def without_reports() -> contextlib.AbstractContextManager[object]:
    """Leave the participants' reports out, which take most of the time of a run."""
    return mock.patch("bids_ketamine.cli.participant.write_reports", return_value=False)


def run_alone(folder: Path, case: Case, *, group: Path | None = None) -> Run:
    """Run the app on a dataset of its own for one case.

    Parameters
    ----------
    folder : Path
        New folder.
    case : Case
        The case.
    group : Path or None
        A finished participant level, on a copy of which the group level is run.
    """
    bids = folder / "bids"
    if group is not None:
        copy_trial(group, folder)
    else:
        write_trial(bids, GOOD[:1], sessions=[SESSION], task=case.task)
    (folder / "study.yml").write_text(STUDIES[case.task], encoding="utf-8")
    names = dict(session_place(bids, GOOD[0], case.task).names)
    names |= {"study": folder / "study.yml", "out": folder / "out", "folder": folder}
    case.apply(Place(names, bids))
    return run_app(
        folder,
        "participant" if group is None else "group",
        arguments=case.arguments,
        process=case.process,
    )


def run_trial(inputs: Path, folder: Path) -> Run:
    """Run both levels over an undamaged trial.

    Parameters
    ----------
    inputs : Path
        New folder for the dataset and the participant level.
    folder : Path
        New folder for the group level.
    """
    write_trial(inputs / "bids", PARTICIPANTS, sessions=SESSIONS, task="faces")
    (inputs / "study.yml").write_text(STUDIES["faces"], encoding="utf-8")
    with without_reports():
        participant = run_app(inputs, "participant")
    if participant.code:
        failed = Run(folder, participant.code, participant.told, participant.touched)
        failed.save()
        return failed
    copy_trial(inputs, folder)
    (folder / "study.yml").write_text(STUDIES["faces"], encoding="utf-8")
    return run_app(folder, "group")


def copy_trial(source: Path, target: Path) -> None:
    """Copy what the group level reads of a trial."""
    images = shutil.ignore_patterns("sub-*", "derivatives")
    results = shutil.ignore_patterns("func", "*.html")
    shutil.copytree(source / "bids", target / "bids", ignore=images)
    shutil.copytree(source / "out", target / "out", ignore=results)


def session_place(bids: Path, label: str, task: str) -> Place:
    """Name the files of a participant's run."""
    stem = session_stem(label, SESSION, task)
    derived = fmriprep(bids) / stem
    spatial = f"{derived}_space-{SPACE}"
    names = {
        "bold": Path(f"{spatial}_desc-preproc_bold.nii.gz"),
        "bold.json": Path(f"{spatial}_desc-preproc_bold.json"),
        "mask": Path(f"{spatial}_desc-brain_mask.nii.gz"),
        "mask.json": Path(f"{spatial}_desc-brain_mask.json"),
        "confounds": Path(f"{derived}_desc-confounds_timeseries.tsv"),
        "confounds.json": Path(f"{derived}_desc-confounds_timeseries.json"),
        "events": bids / f"{stem}_events.tsv",
        "mixing": Path(f"{derived}_desc-MELODIC_mixing.tsv"),
        "noise": Path(f"{derived}_AROMAnoiseICs.csv"),
        "aroma": Path(f"{spatial}_desc-smoothAROMAnonaggr_bold.nii.gz"),
        "func": derived.parent,
        "raw func": (bids / stem).parent,
        "session": derived.parent.parent,
        "raw session": (bids / stem).parent.parent,
        "raw participant": bids / f"sub-{label}",
        "participant": fmriprep(bids) / f"sub-{label}",
    }
    return Place(names, bids)


def copy_participant(bids: Path, source: str, target: str) -> None:
    """Copy a participant's files under another label."""
    for root in (bids, fmriprep(bids)):
        for path in sorted((root / f"sub-{source}").rglob("*")):
            if path.is_file():
                own = root / str(path.relative_to(root)).replace(f"sub-{source}", f"sub-{target}")
                own.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, own)


def run_app(
    folder: Path, level: str, *, arguments: Sequence[str] = (), process: bool = False
) -> Run:
    """Run the app on a folder's ``bids`` and keep what it said."""
    plugin = folder / "linear.yml"
    words = [str(folder / "bids"), str(folder / "out"), level]
    if "--study" not in arguments:
        words += ["--study", str(folder / "study.yml")]
    if level == "participant":
        plugin.write_text("plugin: Linear\n", encoding="utf-8")
        words += ["-w", str(folder / "work"), "--nprocs", "1"]
        if "--use-plugin" not in arguments:
            words += ["--use-plugin", str(plugin)]
    words += [each.replace("{folder}", str(folder)) for each in arguments]
    before = fingerprint(folder / "bids")
    code, told = _in_a_process(words, folder) if process else _in_this_process(words, folder)
    run = Run(folder, code, told, touched=fingerprint(folder / "bids") != before)
    run.save()
    return run


def _in_this_process(words: Sequence[str], folder: Path) -> tuple[int, str]:
    here, stream = Path.cwd(), io.StringIO()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            code = main(words)
    finally:
        os.chdir(here)
    return code, stream.getvalue()


def _in_a_process(words: Sequence[str], folder: Path) -> tuple[int, str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))

    # A pipe would wait for a worker that outlives the app; a file does not.
    with (folder / "told.txt").open("w+", encoding="utf-8") as stream:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bids_ketamine", *words],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                preexec_fn=limit,
                timeout=PATIENCE,
                check=False,
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = -1
        stream.seek(0)
        return code, stream.read()


def fingerprint(root: Path) -> str:
    """Return a digest of the names and contents below a folder."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted([*files, *folders]):
            path = Path(folder) / name
            digest.update(os.fsencode(path.relative_to(root)))
            if path.is_symlink():
                digest.update(os.fsencode(os.readlink(path)))
            elif path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()
