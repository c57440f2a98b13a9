"""Reports that need not be drawn again, because nothing that they show has changed.

Drawing takes seconds for each participant, more than finding out that every session of a trial
is computed already. A stamp in the work directory keeps what a page was made from; without it
the page is drawn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bids_ketamine._version import __version__
from bids_ketamine.cli.error_records import record_path

if TYPE_CHECKING:
    from bids_ketamine.cli.trial import Trial

#: What draws: a changed installation of the same version draws anew.
_PACKAGE = Path(__file__).parents[1]


class ReportStamps:
    """Stamps of the pages that an output folder holds.

    Parameters
    ----------
    trial : Trial
        Gives study and output folder.
    work_dir : Path
        Work directory; stamps of several output folders go beside each other.
    """

    def __init__(self, trial: Trial, work_dir: Path) -> None:
        self.trial = trial
        place = hashlib.sha256(str(trial.output_dir.absolute()).encode()).hexdigest()[:12]
        self.folder = work_dir / "reports" / place

    def up_to_date(self, participant: str) -> bool:
        """Tell whether a page is there, untouched, and would be drawn from the same again."""
        try:
            stamp = self._file(participant).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return stamp == self._stamp(participant)

    def remember(self, participant: str) -> None:
        """Keep what the page that has just been written was made from.

        A stamp that cannot be kept costs a drawing, not a result.
        """
        stamp = self._stamp(participant)
        if stamp is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file(participant).write_text(stamp, encoding="utf-8")
        except OSError:
            return

    def _file(self, participant: str) -> Path:
        return self.folder / f"sub-{participant}.txt"

    def _stamp(self, participant: str) -> str | None:
        """Return the fingerprint of a page and all that goes into it; None if it is not there."""
        from bids_ketamine.outputs.provenance import study_hash

        output_dir, study = self.trial.output_dir, self.trial.study
        page = output_dir / f"sub-{participant}.html"
        try:
            if not page.is_file():
                return None
            facts = [
                __version__,
                repr(study),
                study_hash(study.spec),  # files that the study names, by content
                _record(record_path(output_dir, participant)),
                _state(page),
                *_tree(output_dir / f"sub-{participant}"),
                *_tree(_PACKAGE),
            ]
        except (OSError, ValueError, RecursionError):
            return None
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


def _record(path: Path) -> object:
    """Return what is recorded of a participant; that a session is reused now is no difference."""
    if not path.is_file():
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    statuses = record.get("Sessions") if isinstance(record, dict) else None
    if isinstance(statuses, dict):
        same = {"reused": "computed"}
        record["Sessions"] = {name: same.get(each, each) for name, each in statuses.items()}
    return record


def _tree(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield _state(path)


def _state(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns
