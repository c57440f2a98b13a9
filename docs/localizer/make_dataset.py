"""Arrange the localizer run of pyhrf as a BIDS dataset with an fMRIPrep-like derivative.

Usage: python make_dataset.py FOLDER OUT

FOLDER is ``python/pyhrf/datafiles`` of https://github.com/pyhrf/pyhrf, of which three files are
read (`LAYOUTS`), or holds the same run as it was arranged as BIDS before. OUT is a new or empty
folder.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError

#: Seconds: pyhrf's own examples say so, the header of the series says 1.
REPETITION_TIME = 2.4
#: No template is stated; this is a name, and the study file repeats it.
SPACE = "MNI"
REGIONS = {1: "right", 2: "left"}
STEM = "sub-01_task-localizer"


class Found(NamedTuple):
    """The three files that are needed."""

    bold: Path
    labels: Path
    events: Path


class ArrangementError(Exception):
    """What is wrong with FOLDER or OUT, and what to do."""


#: Names in pyhrf's repository, and in a folder that has been arranged as BIDS before.
LAYOUTS = (
    Found(
        Path("subj0_bold_session0.nii.gz"),
        Path("subj0_parcellation.nii.gz"),
        Path("paradigm_loc_av.csv"),
    ),
    Found(
        Path(f"sub-01/func/{STEM}_space-MNI_desc-preproc_bold.nii.gz"),
        Path(f"sub-01/func/{STEM}_space-MNI_label-2regions_dseg.nii.gz"),
        Path(f"sub-01/func/{STEM}_events.tsv"),
    ),
)


def find(folder: Path) -> Found:
    """Return the three files of one of the layouts.

    Parameters
    ----------
    folder
        Where to look.

    Returns
    -------
    Found
        Paths of series, label image and events.

    Raises
    ------
    ArrangementError
        A file is not there.
    """
    if not folder.is_dir():
        raise ArrangementError(
            f"{folder} is not a folder. It should be the folder python/pyhrf/datafiles of a copy "
            "of https://github.com/pyhrf/pyhrf."
        )
    lacking = []
    for layout in LAYOUTS:
        found = Found(*(folder / name for name in layout))
        missing = [path.relative_to(folder) for path in found if not path.is_file()]
        if not missing:
            return found
        lacking.append(missing)
    names = ", ".join(str(path) for path in min(lacking, key=len))
    raise ArrangementError(
        f"{folder} lacks {names}. It should hold the files of the folder python/pyhrf/datafiles of "
        "https://github.com/pyhrf/pyhrf."
    )


def read_events(path: Path) -> list[tuple[float, float, str]]:
    """Return onset and duration in seconds and condition of each event, in order of time.

    Parameters
    ----------
    path
        A table as BIDS has it (``.tsv``), or as pyhrf: session, condition, onset, duration (and
        an amplitude that may follow), separated by spaces, without a header.

    Returns
    -------
    list of tuple
        Onset, duration, condition.

    Raises
    ------
    ArrangementError
        A line does not hold what it should.
    """
    events = []
    with path.open(encoding="utf-8", newline="") as lines:
        bids = path.suffix == ".tsv"
        for number, cells in enumerate(csv.reader(lines, delimiter="\t" if bids else " "), 1):
            if not cells or (bids and number == 1):
                continue
            try:
                onset, duration, condition = cells[:3] if bids else (*cells[2:4], cells[1])
                events.append((float(onset), float(duration), condition))
            except (ValueError, IndexError):
                raise ArrangementError(
                    f"{path}, line {number}: expected session, condition, onset and duration, "
                    f'such as `0 "audio" 15.0 0.0`; found `{" ".join(cells)}`.'
                ) from None
    if not events:
        raise ArrangementError(f"{path} holds no events.")
    return sorted(events)


def load(path: Path, dimensions: int) -> Any:
    """Return an image of three or four dimensions.

    Parameters
    ----------
    path
        NIfTI file.
    dimensions
        How many it should have.

    Returns
    -------
    nibabel.Nifti1Image
        The image; voxels are not read yet.

    Raises
    ------
    ArrangementError
        The file is no such image.
    """
    try:
        image = nib.load(path)
    except ImageFileError:
        raise ArrangementError(
            f"{path} is no NIfTI image. If it is a few lines of text, git has left the content "
            "elsewhere: fetch the file itself."
        ) from None
    if len(image.shape) != dimensions:
        raise ArrangementError(f"{path} has {len(image.shape)} dimensions, expected {dimensions}.")
    return image


def save(path: Path, voxels: np.ndarray, affine: np.ndarray) -> None:
    """Write an image whose header says where it is, in mm and s.

    Parameters
    ----------
    path
        New file.
    voxels
        Three dimensions, or four where the last is time.
    affine
        Voxels to mm.
    """
    image = nib.Nifti1Image(voxels, affine)
    # Readers refuse an image whose header says nothing of its place (both codes 0).
    image.set_sform(affine, code="mni")
    image.set_qform(affine, code="mni")
    image.header.set_xyzt_units("mm", "sec")
    if voxels.ndim == 4:
        image.header["pixdim"][4] = REPETITION_TIME
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table separated by tabs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(str(cell) for cell in row) for row in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def arrange(folder: Path, out: Path) -> None:
    """Write ``bids`` (with its derivative) and ``regions`` into a new folder.

    Parameters
    ----------
    folder
        Where pyhrf's files are.
    out
        New or empty folder.

    Raises
    ------
    ArrangementError
        Files are missing, or are not what they should be; or `out` is not empty.
    """
    found = find(folder)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArrangementError(f"{out} is there already. Name a new or empty folder.")
    events = read_events(found.events)
    series, parcels = load(found.bold, 4), load(found.labels, 3)
    labels = np.asarray(parcels.dataobj)
    if labels.shape != series.shape[:3]:
        raise ArrangementError(
            f"{found.labels} has {labels.shape} voxels, the series has {series.shape[:3]}."
        )
    if set(np.unique(labels)) != {0, *REGIONS}:
        raise ArrangementError(f"{found.labels} should hold the labels 0, 1 and 2.")

    bids = out / "bids"
    write_json(bids / "dataset_description.json", {"Name": "localizer", "BIDSVersion": "1.10.0"})
    write_table(bids / "participants.tsv", ["participant_id"], [["sub-01"]])
    raw = bids / "sub-01" / "func"
    write_table(raw / f"{STEM}_events.tsv", ["onset", "duration", "trial_type"], events)
    timing = {"TaskName": "localizer", "RepetitionTime": REPETITION_TIME}
    write_json(raw / f"{STEM}_bold.json", timing)

    derivative = bids / "derivatives" / "fmriprep"
    description = {
        "Name": "localizer",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "make_dataset.py"}],
    }
    write_json(derivative / "dataset_description.json", description)
    target = derivative / "sub-01" / "func"
    stem = f"{STEM}_space-{SPACE}"
    voxels = np.asarray(series.dataobj, dtype=np.float32)
    save(target / f"{stem}_desc-preproc_bold.nii.gz", voxels, series.affine)
    # Nobody has said whether slice timing was corrected.
    about = {"RepetitionTime": REPETITION_TIME}
    write_json(target / f"{stem}_desc-preproc_bold.json", about)
    inside = (labels > 0).astype(np.uint8)
    save(target / f"{stem}_desc-brain_mask.nii.gz", inside, series.affine)

    regions = out / "regions"
    whole = labels.astype(np.int16)
    save(regions / f"temporal_space-{SPACE}_dseg.nii.gz", whole, series.affine)
    write_table(
        regions / f"temporal_space-{SPACE}_dseg.tsv", ["index", "name"], list(REGIONS.items())
    )


def main(arguments: Sequence[str]) -> int:
    """Arrange the dataset and say what was written.

    Parameters
    ----------
    arguments
        FOLDER and OUT.

    Returns
    -------
    int
        Exit code.
    """
    if len(arguments) != 2:
        print("usage: python make_dataset.py FOLDER_OF_PYHRF OUT", file=sys.stderr)
        return 2
    folder, out = (Path(each) for each in arguments)
    try:
        arrange(folder, out)
    except ArrangementError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    for path in sorted(out.rglob("*")):
        if path.is_file():
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
