"""Checks that a folder is a BIDS dataset, before anything is read from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bids_ketamine.dataset.content import content_problem
from bids_ketamine.errors import InputMissingError, InvalidBidsError

FILE_NAME = "dataset_description.json"


def check_raw_dataset(bids_dir: Path) -> None:
    """Check that a folder is a raw BIDS dataset.

    Parameters
    ----------
    bids_dir : Path
        The folder.

    Raises
    ------
    InputMissingError
        If the folder is not there.
    InvalidBidsError
        If its ``dataset_description.json`` is missing or unreadable, lacks ``Name`` or
        ``BIDSVersion``, or is that of a derivative.
    """
    if not bids_dir.is_dir():
        raise InputMissingError("The BIDS dataset is not there.", path=bids_dir)
    description = _read(
        bids_dir / FILE_NAME,
        cure='Give the root folder of a BIDS dataset, or add the file: {"Name": "My trial", '
        '"BIDSVersion": "1.9.0"}',
    )
    absent = [key for key in ("Name", "BIDSVersion") if not description.get(key)]
    if absent:
        raise InvalidBidsError(
            f"The dataset's description lacks {' and '.join(absent)}.",
            path=bids_dir / FILE_NAME,
            cure="BIDS requires both.",
        )
    if description.get("DatasetType") == "derivative":
        raise InvalidBidsError(
            "This folder holds derivatives, not the raw dataset.",
            path=bids_dir / FILE_NAME,
            cure=f"Give the raw dataset first, and this folder with `-d fmriprep={bids_dir}`.",
        )


def check_derivatives(derivatives: Mapping[str, Path]) -> None:
    """Check that every derivatives folder can be used.

    Parameters
    ----------
    derivatives : mapping of str to Path
        Folders by name.

    Raises
    ------
    InputMissingError
        If none is given, or one is not there.
    InvalidBidsError
        If one has no readable ``dataset_description.json``.
    """
    if not derivatives:
        raise InputMissingError(
            "No derivatives are given.", cure="Give them with `-d fmriprep=PATH`."
        )
    for name, folder in derivatives.items():
        if not folder.is_dir():
            raise InputMissingError(
                f"The derivatives `{name}` are not there.",
                path=folder,
                cure=f"Give their folder with `-d {name}=PATH`.",
            )
        _read(
            folder / FILE_NAME,
            cure=f'Add the file: {{"Name": "{name}", "BIDSVersion": "1.9.0", '
            f'"DatasetType": "derivative", "GeneratedBy": [{{"Name": "{name}"}}]}}',
        )


def _read(path: Path, *, cure: str) -> Mapping[str, object]:
    problem = content_problem(path)
    if problem is not None:
        raise InvalidBidsError(f"Not a BIDS dataset: {problem}.", path=path.parent, cure=cure)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InvalidBidsError(
            f"The dataset's description is not valid JSON ({error}).", path=path, cure=cure
        ) from None
    if not isinstance(content, dict):
        raise InvalidBidsError(
            "The dataset's description is not a JSON object.", path=path, cure=cure
        )
    return content
