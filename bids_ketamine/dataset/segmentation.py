"""FreeSurfer's segmentation that goes with a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bids_ketamine.dataset.companions import Companion, absent, the_one
from bids_ketamine.dataset.filters import FileFilter
from bids_ketamine.dataset.names import DatasetFile, listed
from bids_ketamine.dataset.session_files import (
    COMBINED_ENTITIES,
    DENSE_EXTENSION,
    IMAGE_EXTENSIONS,
    SessionFiles,
    belongs,
)

#: Template of the voxels of CIFTI series.
VOXELS_OF_CIFTI = "MNI152NLin6Asym"

#: `desc` and suffix of images that show an anatomy of its own.
ANATOMY = frozenset({("preproc", "T1w"), ("preproc", "T2w"), ("brain", "mask")})


def find_aseg(session: SessionFiles, bold: DatasetFile, chosen: FileFilter) -> Companion:
    """Find FreeSurfer's segmentation on the grid of a series, or in its space.

    fMRIPrep writes it beside the series; where it does not, the segmentation in anat/ lies in
    the same space as a series in `space-T1w`: the session's own, else that of the participant,
    else the only one of another session. The last is taken only where neither the session nor
    the participant has an anatomy (such as `desc-preproc_T1w`), since sessions share one
    anatomical reference then; it is noted. The segmentation of another reference would lie
    beside the brain.

    Parameters
    ----------
    session : SessionFiles
        Files of the session.
    bold : DatasetFile
        The series.
    chosen : FileFilter
        Conditions of the user's.
    """
    chosen = chosen.with_defaults(desc="aseg", suffix="dseg")
    bold = _in_volume(bold)
    referred = bold.get("space") == "T1w"
    apart = {"desc", "res"} if bold.extension == DENSE_EXTENSION else {"desc"}
    others: list[DatasetFile] = []
    for files in session.searched(bold.dataset):
        found = [
            file
            for file in files
            if file.extension in IMAGE_EXTENSIONS
            and file.get("sub") == session.participant
            and chosen.accepts(file)
        ]
        beside = [
            file
            for file in found
            if session.own(file) and belongs(file, bold, apart_from=apart | chosen.keys)
        ]
        if beside:
            return the_one(beside)
        anatomy = [file for file in found if referred and _is_anatomy(file)]
        nearest = _nearest(anatomy, session)
        if nearest:
            return the_one(nearest)
        others = others or anatomy
    entities = {key: each for key, each in bold.entities.items() if key not in COMBINED_ENTITIES}
    expected = session.expected(entities | {"desc": "aseg"}, "dseg", ".nii.gz")
    if not others:
        return absent(expected, session.places)
    names = listed(file.path.name for file in others)
    if _has_anatomy(session):
        lacking = absent(expected, session.places)
        return replace(lacking, reason=f"{lacking.reason}; {names} is of another anatomy")
    note = f"{names} is used: the session has no anatomy of its own"
    found_there = the_one(others)
    return replace(found_there, note=note) if found_there.path is not None else found_there


def _in_volume(bold: DatasetFile) -> DatasetFile:
    """Return a series by the space of its voxels: those of CIFTI series have a template's."""
    if bold.extension != DENSE_EXTENSION:
        return bold
    entities = {key: each for key, each in bold.entities.items() if key != "den"}
    return replace(bold, entities=entities | {"space": VOXELS_OF_CIFTI})


def _is_anatomy(file: DatasetFile) -> bool:
    return "task" not in file.entities and not file.get("space")


def _nearest(anatomy: Sequence[DatasetFile], session: SessionFiles) -> list[DatasetFile]:
    """Return the session's segmentations, else the participant's if no anatomy is nearer."""
    own = [file for file in anatomy if file.get("ses") == session.label]
    if own or _shows(session, session.label):
        return own
    return [file for file in anatomy if file.get("ses") is None]


def _has_anatomy(session: SessionFiles) -> bool:
    return _shows(session, session.label) or _shows(session, None)


def _shows(session: SessionFiles, label: str | None) -> bool:
    """Tell whether there is an anatomical image of a session, or of none."""
    return any(
        _is_anatomy(file)
        and (file.get("desc"), file.suffix) in ANATOMY
        and file.extension in IMAGE_EXTENSIONS
        and file.get("ses") == label
        for files in session.derivatives.values()
        for file in files
    )
