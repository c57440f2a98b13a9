"""What must hold before anything is computed: folders that are there, apart, and writable."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bids_ketamine.errors import (
    CannotCreateError,
    InputMissingError,
    ReadWriteError,
    UsageError,
)

APP = "bids_ketamine"


def check_input(bids_dir: Path, *, derivatives: Mapping[str, Path], skip_validation: bool) -> None:
    """Check that the raw dataset and its derivatives are there and say what they are.

    Parameters
    ----------
    bids_dir : Path
        The raw dataset.
    derivatives : mapping of str to Path
        Derivative datasets that will be read; empty at the group level.
    skip_validation : bool
        Check only that the folders are there.

    Raises
    ------
    InputMissingError
        If a folder is not there.
    ReadWriteError
        If a folder may not be read.
    InvalidBidsError
        If a ``dataset_description.json`` is missing, unreadable, or lacks what BIDS demands.
    """
    from bids_ketamine.dataset.description import check_derivatives, check_raw_dataset

    _check_folder(bids_dir, name="BIDS dataset", cure="Give the dataset's folder as BIDS_DIR.")
    for name, folder in derivatives.items():
        _check_folder(
            folder,
            name=f"derivative dataset `{name}`",
            cure=f"Say where it is with `-d {name}=PATH`.",
        )
    if skip_validation:
        return
    check_raw_dataset(bids_dir)
    if derivatives:
        check_derivatives(derivatives)


def _check_folder(folder: Path, *, name: str, cure: str) -> None:
    try:
        kind = folder.stat().st_mode
    except PermissionError as error:
        raise ReadWriteError(
            f"The {name} cannot be reached: permission denied.",
            path=folder,
            cure="Check the permissions of the folders above it.",
        ) from error
    except OSError as error:
        loops = error.errno == errno.ELOOP
        what = "is a link that leads back to itself" if loops else "does not exist"
        raise InputMissingError(f"The {name} {what}.", path=folder, cure=cure) from error
    if not stat.S_ISDIR(kind):
        what = "file" if stat.S_ISREG(kind) else "device or pipe"
        raise InputMissingError(f"The {name} is a {what}, not a folder.", path=folder, cure=cure)
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ReadWriteError(
            f"The {name} cannot be read: permission denied.",
            path=folder,
            cure="Check the folder's permissions.",
        )


def _resolved(folder: Path) -> Path:
    """Follow links; unlike ``Path.resolve`` it does not fail on one that leads to itself."""
    return Path(os.path.realpath(folder))


def check_output(output_dir: Path, *, bids_dir: Path, derivatives: Mapping[str, Path]) -> None:
    """Check that the output folder is neither input nor another app's; nothing is written.

    Parameters
    ----------
    output_dir : Path
        Folder of results; it may not exist yet.
    bids_dir : Path
        The raw dataset. A folder of its own inside ``BIDS_DIR/derivatives`` is fine.
    derivatives : mapping of str to Path
        Derivative datasets that are read.

    Raises
    ------
    UsageError
        If it is, contains, or lies within an input.
    CannotCreateError
        If it is not a folder, or holds another app's results.
    """
    output, raw = _resolved(output_dir), _resolved(bids_dir)
    cure = f"Choose a folder of its own, such as `{bids_dir / 'derivatives' / APP}`."
    if output == raw:
        raise UsageError("The output folder is the input.", path=output_dir, cure=cure)
    if output in raw.parents:
        raise UsageError("The output folder contains the input.", path=output_dir, cure=cure)
    if raw in output.parents and raw / "derivatives" not in output.parents:
        raise UsageError(
            "The output folder is inside the input and not inside its derivatives folder.",
            path=output_dir,
            cure=cure,
        )
    for name, folder in derivatives.items():
        relation = _relation(output, _resolved(folder), raw)
        if relation is not None:
            raise UsageError(
                f"The output folder {relation} the derivative dataset `{name}`.",
                path=output_dir,
                cure=cure,
            )
    if os.path.lexists(output_dir) and not output_dir.is_dir():
        what = "a link to nothing" if output_dir.is_symlink() else "a file"
        raise CannotCreateError(
            f"The output is {what}, not a folder.", path=output_dir, cure="Choose a folder."
        )
    _check_owner(output_dir / "dataset_description.json")


def _relation(output: Path, derivative: Path, raw: Path) -> str | None:
    if output == derivative:
        return "is"
    if output in derivative.parents:
        return "contains"
    # Derivatives that lie in BIDS_DIR/derivatives itself leave room for a folder beside sub-*.
    shared = raw / "derivatives"
    if derivative in output.parents and derivative not in (shared, *shared.parents):
        return "is inside"
    return None


def _check_owner(description: Path) -> None:
    """Refuse another app's folder; the outputs room checks again, but loading it takes a second."""
    if description.exists() and not description.is_file():
        # A named pipe would be waited on for ever.
        raise CannotCreateError(
            "The description of the output folder is not a file.",
            path=description,
            cure="Choose a folder of its own.",
        )
    try:
        generators = json.loads(description.read_text(encoding="utf-8-sig"))["GeneratedBy"]
        name = generators[0]["Name"]
    except (FileNotFoundError, NotADirectoryError):
        return
    except (ValueError, LookupError, TypeError, RecursionError):
        name = None
    if name != APP:
        raise CannotCreateError(
            f"The output folder holds a dataset of {name or 'unknown origin'}.",
            path=description,
            cure="Choose a folder of its own.",
        )


def check_work_dir(
    work_dir: Path,
    *,
    bids_dir: Path,
    derivatives: Mapping[str, Path],
    output_dir: Path,
    clean: bool,
) -> None:
    """Check that intermediate files will not land among the inputs; nothing is written.

    Parameters
    ----------
    work_dir : Path
        Folder of intermediate files; it may not exist yet.
    bids_dir, output_dir : Path
        The raw dataset and the folder of results.
    derivatives : mapping of str to Path
        Derivative datasets that are read.
    clean : bool
        Whether files will be removed from it: then it may not contain inputs or results.

    Raises
    ------
    UsageError
        If it is or lies within an input, or would be cleaned and contains inputs or results.
    """
    work = _resolved(work_dir)
    inputs = {"input": bids_dir, **{f"derivative dataset `{k}`": v for k, v in derivatives.items()}}
    for name, folder in inputs.items():
        if work == _resolved(folder) or _resolved(folder) in work.parents:
            raise UsageError(
                f"The work directory is inside the {name}.",
                path=work_dir,
                cure="Give a folder elsewhere with -w, such as `-w /tmp/work`.",
            )
    if work == _resolved(output_dir):
        raise UsageError(
            "The work directory is the output folder.",
            path=work_dir,
            cure="Give a folder of its own with -w.",
        )
    for folder in [bids_dir, output_dir, *derivatives.values()] if clean else []:
        if work in _resolved(folder).parents:
            raise UsageError(
                f"The work directory is to be cleaned and contains `{folder}`.",
                path=work_dir,
                cure="Give a folder of its own with -w, or leave out --clean-workdir.",
            )


def make_writable(folder: Path, *, what: str) -> None:
    """Make a folder and prove that files can be written to it.

    Parameters
    ----------
    folder : Path
        The folder.
    what : str
        What it is called in the message: ``output folder``.

    Raises
    ------
    CannotCreateError
        If it cannot be made, or nothing can be written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        who = _who_writes() if error.errno in (errno.EACCES, errno.EPERM) else ""
        raise CannotCreateError(
            f"The {what} cannot be written to: {error.strerror or error}.",
            path=folder,
            cure=f"Choose another folder, or check the permissions and the space left.{who}",
        ) from error


def check_creatable(folder: Path, *, what: str) -> None:
    """Check, without writing, that a folder could be made.

    Parameters
    ----------
    folder : Path
        The folder.
    what : str
        What it is called in the message.

    Raises
    ------
    CannotCreateError
        If its closest existing parent is not a folder that this user may write to.
    """
    there = folder.absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    reason, who = "is a link to nothing" if there.is_symlink() else "is a file", ""
    if there.is_dir():
        reason = "may not be written to"
        who = "" if os.statvfs(there).f_flag & os.ST_RDONLY else _who_writes()
    raise CannotCreateError(
        f"The {what} cannot be created: `{there}` {reason}.",
        path=folder,
        cure=f"Choose another folder, or check the permissions.{who}",
    )


def _who_writes() -> str:
    """Say as whom the process runs, which in a container is not who started it."""
    cure = "in a container give `--user $(id -u):$(id -g)`"
    return f" This process runs as user {os.geteuid()}; {cure}."
