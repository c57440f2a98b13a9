"""File names of the wanted participants, from pybids layouts that look nowhere else."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bids_ketamine.dataset.dialects import OLD_SUFFIXES
from bids_ketamine.dataset.index_paths import (
    ANATOMICAL_SUFFIXES,
    DERIVED_SUFFIXES,
    SUFFIXES,
    outside,
)
from bids_ketamine.dataset.names import DatasetFile, listed, parse_name
from bids_ketamine.errors import InvalidBidsError, ReadWriteError, UsageError

DATABASE_FILE = "layout_index.sqlite"
#: Participants in one layout: bounds the memory that pybids takes (1 ms and 15 kB a file).
BATCH = 200

logger = logging.getLogger("bids_ketamine")

_CONFIG = {
    "name": "names",
    "entities": [
        {"name": "subject", "pattern": r"/sub-([a-zA-Z0-9+]+)"},
        {"name": "suffix", "pattern": r"[_/]([a-zA-Z0-9+]+)\.[^/]+$"},
    ],
}


@dataclass(frozen=True)
class DatasetIndex:
    """Files of one dataset by participant.

    Attributes
    ----------
    name : str
        Name of the derivative, or ``raw``.
    root : Path
        Root folder.
    shared : tuple of DatasetFile
        Files at the root, which every participant inherits.
    by_participant : mapping of str to tuple of DatasetFile
        Files of each participant.
    """

    name: str
    root: Path
    shared: tuple[DatasetFile, ...]
    by_participant: dict[str, tuple[DatasetFile, ...]]

    def files(self, participant: str, session: str | None) -> tuple[DatasetFile, ...]:
        """Return the files of a participant-session and those it inherits."""
        folder = f"sub-{participant}" + ("" if session is None else f"/ses-{session}")
        own = tuple(
            file
            for file in self.by_participant.get(participant, ())
            if file.folder in (f"sub-{participant}", folder, f"{folder}/func")
            # A participant's anatomy may lie in another session, or in none.
            or file.folder.endswith("/anat")
        )
        return self.shared + own


def index_dataset(
    root: Path,
    *,
    name: str,
    participants: Sequence[str],
    sessions: Collection[str | None],
    database_dir: Path | None,
    aseg: bool = False,
) -> DatasetIndex:
    """List the functional files of some participants.

    Parameters
    ----------
    root : Path
        Root folder of a raw dataset or of derivatives.
    name : str
        Name of the derivative, or ``raw``.
    participants : sequence of str
        Labels without ``sub-``; no other participant's folder is entered.
    sessions : collection of (str or None)
        Labels without ``ses-``; ``None`` for files outside session folders.
    database_dir : Path or None
        Folder of a pybids database of the whole dataset, made where it is absent.
    aseg : bool, optional
        Whether FreeSurfer's segmentations of a derivative are listed, those of anat/ too.

    Returns
    -------
    DatasetIndex
        The files.

    Raises
    ------
    InvalidBidsError
        If pybids refuses the dataset.
    UsageError
        If the database is that of another dataset, or none at all.
    ReadWriteError
        If the database cannot be written.
    """
    derivative = name != "raw"
    aseg = aseg and derivative
    if database_dir is None:
        paths = _from_layouts(root, participants, sessions, derivative=derivative, aseg=aseg)
    else:
        # The raw dataset's database stands where fMRIPrep puts it.
        folder = database_dir / name if derivative else database_dir
        paths = _from_database(
            root, folder, participants, sessions, derivative=derivative, aseg=aseg
        )
    absolute = Path(os.path.abspath(root))
    wanted = frozenset(participants)
    shared: list[DatasetFile] = []
    own: dict[str, list[DatasetFile]] = defaultdict(list)
    for path in sorted(paths):
        file = parse_name(root, root / path.relative_to(absolute), dataset=name)
        if not _is_read(file, aseg=aseg):
            continue
        if not file.folder:
            shared.append(file)
        elif file.get("sub") in wanted:
            own[file.entities["sub"]].append(file)
    return DatasetIndex(
        name=name,
        root=root,
        shared=tuple(shared),
        by_participant={label: tuple(files) for label, files in own.items()},
    )


def _is_read(file: DatasetFile, *, aseg: bool) -> bool:
    if file.suffix == "dseg":
        return aseg and file.get("desc") == "aseg"
    if file.suffix in ANATOMICAL_SUFFIXES:
        return aseg and file.get("desc") == "preproc"
    return file.suffix in SUFFIXES or file.suffix in DERIVED_SUFFIXES


def _from_layouts(
    root: Path,
    participants: Sequence[str],
    sessions: Collection[str | None],
    *,
    derivative: bool,
    aseg: bool,
) -> set[Path]:
    paths: set[Path] = set()
    for start in range(0, len(participants), BATCH):
        batch = participants[start : start + BATCH]
        pattern = outside(batch, sessions, derivative=derivative, aseg=aseg)
        layout = _layout(root, derivative=derivative, ignore=re.compile(pattern))
        paths.update(Path(path) for path in layout.files)
    return paths


def _layout(
    root: Path,
    *,
    derivative: bool,
    ignore: re.Pattern[str] | None = None,
    database: Path | None = None,
) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # pybids costs a second to import: only a run that queries a dataset pays for it.
        from bids.layout import BIDSLayout, BIDSLayoutIndexer

        try:
            return BIDSLayout(
                os.path.abspath(root),
                validate=False,
                is_derivative=derivative,
                # Names are taken apart by names.py; a whole database has pybids' own entities.
                config=None if database is not None else _CONFIG,
                database_path=None if database is None else str(database),
                indexer=BIDSLayoutIndexer(
                    validate=False,
                    index_metadata=False,
                    ignore=None if ignore is None else [ignore],
                ),
            )
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise InvalidBidsError(f"pybids cannot read the dataset ({error}).", path=root) from (
                error
            )


def _from_database(
    root: Path,
    folder: Path,
    participants: Sequence[str],
    sessions: Collection[str | None],
    *,
    derivative: bool,
    aseg: bool,
) -> set[Path]:
    if not (folder / DATABASE_FILE).exists():
        _make_database(root, folder, derivative=derivative)
    _check_database(root, folder)
    layout = _layout(root, derivative=derivative, database=folder)
    indexed = _query(layout, None)
    for start in range(0, len(participants), BATCH):
        indexed |= _query(layout, participants[start : start + BATCH])
    absolute = Path(os.path.abspath(root))
    paths = {absolute / path.relative_to(str(layout.root)) for path in indexed}
    seen = {path.relative_to(absolute).parts[0] for path in paths}
    unknown = [
        label
        for label in participants
        if f"sub-{label}" not in seen and (root / f"sub-{label}").is_dir()
    ]
    if unknown:
        logger.warning(
            "The pybids database %s has no functional files of %s; their folders are read.",
            folder / DATABASE_FILE,
            listed(f"sub-{label}" for label in unknown),
        )
        paths |= _from_layouts(root, unknown, sessions, derivative=derivative, aseg=aseg)
    return paths


def _check_database(root: Path, folder: Path) -> None:
    from bids.layout.db import ConnectionManager
    from sqlalchemy.exc import SQLAlchemyError

    path = folder / DATABASE_FILE
    try:
        indexed = ConnectionManager(str(folder)).layout_info.root
    except (SQLAlchemyError, AttributeError):
        raise UsageError(
            "The file is not a pybids database.",
            path=path,
            cure="Delete it, or give another folder with `--bids-database-dir`.",
        ) from None
    if os.path.realpath(indexed) != os.path.realpath(root):
        raise UsageError(
            f"The pybids database is that of another dataset, {indexed}.",
            path=path,
            cure="Give another folder with `--bids-database-dir`.",
        )


def _query(layout: Any, participants: Sequence[str] | None) -> set[Path]:
    """Return the files of participants, or those of nobody."""
    from bids.layout import Query

    subject = Query.NONE if participants is None else list(participants)
    suffixes = sorted({*SUFFIXES, *DERIVED_SUFFIXES, *ANATOMICAL_SUFFIXES, *OLD_SUFFIXES})
    files = layout.get(suffix=suffixes, subject=subject, return_type="filename")
    return {Path(path) for path in files}


def _make_database(root: Path, folder: Path, *, derivative: bool) -> None:
    """Index a whole dataset; the file appears at once, so that readers never see half of it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="making-") as scratch:
            layout = _layout(root, derivative=derivative, database=Path(scratch))
            layout.connection_manager.session.close()
            layout.connection_manager.engine.dispose()
            os.replace(Path(scratch) / DATABASE_FILE, folder / DATABASE_FILE)
    except OSError as error:
        raise ReadWriteError(
            f"The pybids database cannot be written: {error.strerror}.", path=folder
        ) from None
