"""Checks that a folder is a BIDS dataset, before anything is read from it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from bids_ketamine.dataset.content import content_problem
from bids_ketamine.dataset.dialects import modern_name
from bids_ketamine.dataset.labels import folder_labels
from bids_ketamine.dataset.sidecars import read_json
from bids_ketamine.errors import InputDataError, InputMissingError, InvalidBidsError

FILE_NAME = "dataset_description.json"
#: Names that fMRIPrep gives to what it makes of a BOLD series, in today's terms.
FMRIPREP_FILE = re.compile(
    r"sub-[^/]+_task-[^/]+_desc-(?:preproc_bold|brain_mask|confounds_(?:timeseries|regressors))\."
)
#: Known faults of fMRIPrep versions in what is read here: start of the version, sentence.
KNOWN_FAULTS = (
    (
        "23.2.0",
        "it resampled brain masks to template spaces with the transforms in the wrong order; "
        "23.2.1 does not",
    ),
)

logger = logging.getLogger("bids_ketamine")


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

    A folder without a description that plainly holds files of fMRIPrep is used, with a warning:
    fMRIPrep wrote no description before version 1.1.5.

    Parameters
    ----------
    derivatives : mapping of str to Path
        Folders by name.

    Raises
    ------
    InputMissingError
        If none is given, or one is not there.
    InvalidBidsError
        If one has an unreadable ``dataset_description.json``, or none and no files of fMRIPrep.
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
        path = folder / FILE_NAME
        if not os.path.lexists(path) and _holds_fmriprep(folder):
            logger.warning(
                "The derivatives `%s` have no %s (fMRIPrep wrote none before 1.1.5); their file "
                "names are those of fMRIPrep, so they are read.",
                *(name, FILE_NAME),
            )
            continue
        inner = folder / "fmriprep"
        cure = (
            f'Add the file: {{"Name": "{name}", "BIDSVersion": "1.9.0", '
            f'"DatasetType": "derivative", "GeneratedBy": [{{"Name": "{name}"}}]}}'
        )
        if not folder_labels(folder, "sub") and folder_labels(inner, "sub"):
            cure = f"Give the folder that holds `sub-` folders: `-d {name}={inner}`."
        _warn_of_faults(name, _read(path, cure=cure))


def _holds_fmriprep(folder: Path) -> bool:
    """Tell whether any participant has a file of fMRIPrep; stop at the first."""
    for participant in sorted(folder_labels(folder, "sub")):
        subject = folder / f"sub-{participant}"
        sessions = sorted(folder_labels(subject, "ses"))
        for place in (subject, *(subject / f"ses-{label}" for label in sessions)):
            try:
                with os.scandir(place / "func") as entries:
                    if any(_is_fmriprep(entry.name) for entry in entries):
                        return True
            except OSError:
                continue
    return False


def _is_fmriprep(name: str) -> bool:
    # Spaces and resolutions stand between task and desc.
    return FMRIPREP_FILE.match(modern_name(name)) is not None


def _warn_of_faults(name: str, description: Mapping[str, object]) -> None:
    made_by = description.get("GeneratedBy", description.get("PipelineDescription"))
    for each in made_by if isinstance(made_by, list) else [made_by]:
        if not isinstance(each, dict) or str(each.get("Name")).lower() != "fmriprep":
            continue
        version = str(each.get("Version"))
        for start, fault in KNOWN_FAULTS:
            if version.startswith(start):
                logger.warning(
                    "The derivatives `%s` are of fMRIPrep %s: %s. Make them again, or check the "
                    "masks.",
                    *(name, version, fault),
                )


def _read(path: Path, *, cure: str) -> Mapping[str, object]:
    problem = content_problem(path)
    if problem is not None:
        raise InvalidBidsError(f"Not a BIDS dataset: {problem}.", path=path.parent, cure=cure)
    try:
        description = read_json(path)
    except InputDataError as error:
        raise InvalidBidsError(
            f"Not a BIDS dataset: {path.name}: {error.message}", path=path, cure=cure
        ) from None
    generators = description.get("GeneratedBy", [])
    if isinstance(generators, list) and not all(isinstance(each, dict) for each in generators):
        raise InvalidBidsError(
            "`GeneratedBy` of the dataset's description is not a list of objects.",
            path=path,
            cure='Such as "GeneratedBy": [{"Name": "fMRIPrep"}].',
        )
    return description
