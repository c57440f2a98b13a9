"""Running the app on inputs that are broken, with the names of docs/troubleshooting.md."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from bids_ketamine.cli.run import main
from tests.fuzz.trial import (
    STUDIES,
    fmriprep,
    session_stem,
    write_clinical_tables,
    write_frame,
    write_text,
)

STUDY = STUDIES["faces"]
MNI = "space-MNI152NLin2009cAsym"
BOLD, CONFOUNDS = f"{MNI}_desc-preproc_bold", "desc-confounds_timeseries.tsv"


def words(text: str) -> str:
    """Return a text without line ends and indents."""
    return " ".join(text.split())


def run_app(folder: Path, *arguments: str, level: str = "participant", study: str = STUDY) -> str:
    """Run the app on ``folder/bids``; return what it prints, with the names of the page."""
    (folder / "study.yml").write_text(study, "utf-8")
    bids, out = folder / "bids", folder / "out"
    given = arguments or ("--study", str(folder / "study.yml"))
    # Steps run in this process: a pool of workers takes seconds to start.
    (folder / "plugin.yml").write_text("plugin: Linear\n", "utf-8")
    own = ("-w", str(folder / "work"), "--use-plugin", str(folder / "plugin.yml"))
    line = [str(bids), str(out), level, *(own if level == "participant" else ()), *given]
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told), without_reports():
        main(line)
    return with_names(told.getvalue(), folder)


@contextlib.contextmanager
def without_reports() -> Iterator[None]:
    """Leave reports out, which take most of the time."""
    with (
        mock.patch("bids_ketamine.cli.participant.write_reports", return_value=False),
        mock.patch("bids_ketamine.cli.reporting.group_report", return_value=Path("group.html")),
    ):
        yield


def with_names(text: str, folder: Path) -> str:
    """Return a text with the names of the page in place of paths."""
    names = {"bids": "BIDS_DIR", "out": "OUTPUT_DIR", "study.yml": "study.yml"}
    for name, shown in names.items():
        text = text.replace(str(folder / name), shown)
    return words(text)


def recorded(out: Path) -> str:
    """Return all tables and sidecars of an output folder."""
    files = [*sorted(out.rglob("*.tsv")), *sorted(out.rglob("*.json"))]
    return words("\n".join(each.read_text("utf-8") for each in files))


def run_of(bids: Path, label: str, ending: str) -> Path:
    """Return a preprocessed file of a participant's first session."""
    return Path(f"{fmriprep(bids) / session_stem(label, 'pre', 'faces')}_{ending}")


def events_of(bids: Path, label: str) -> Path:
    return bids / f"{session_stem(label, 'pre', 'faces')}_events.tsv"


def frame(folder: Path) -> Path:
    """Write a dataset of one participant whose series are names alone: enough for most errors."""
    bids = folder / "bids"
    write_frame(bids)
    for session in ("pre", "post"):
        stem = session_stem("01", session, "faces")
        write_text(bids / f"{stem}_events.tsv", "onset\tduration\ttrial_type\n")
        write_text(Path(f"{fmriprep(bids) / stem}_{BOLD}.nii.gz"), "series")
    write_clinical_tables(bids, ["01"])
    return bids
