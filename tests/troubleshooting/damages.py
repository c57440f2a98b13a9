"""Participants who are damaged in one way each, all met in one run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np

from tests.fuzz.trial import (
    fmriprep,
    write_frame,
    write_image,
    write_json,
    write_session,
    write_text,
)
from tests.troubleshooting.app import BOLD, CONFOUNDS, MNI, events_of, recorded, run_app, run_of


def renamed(path: Path, old: str, new: str) -> None:
    path.rename(str(path).replace(old, new))


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new, 1), "utf-8")


def annexed(path: Path) -> None:
    path.unlink()
    path.symlink_to("../../../.git/annex/objects/aa/bb/MD5E-s1--0.nii.gz/MD5E-s1--0.nii.gz")


def without_repetition_time(bids: Path, label: str) -> None:
    edited(run_of(bids, label, f"{MNI}_desc-preproc_bold.json"), '"RepetitionTime": 2.0,', "")


def in_two_resolutions(bids: Path, label: str) -> None:
    bold = run_of(bids, label, f"{MNI}_desc-preproc_bold.nii.gz")
    shutil.copy(bold, str(bold).replace("_desc", "_res-2_desc"))
    renamed(bold, "_desc", "_res-1_desc")


def in_other_space(bids: Path, label: str) -> None:
    for path in sorted((fmriprep(bids) / f"sub-{label}").rglob(f"*{MNI}*")):
        renamed(path, MNI, "space-MNI152NLin6Asym")


def with_other_header(bids: Path, label: str) -> None:
    bold = run_of(bids, label, f"{MNI}_desc-preproc_bold.nii.gz")
    write_image(bold, np.asarray(nib.load(bold).dataobj), t_r=1.0)


def with_smaller_mask(bids: Path, label: str) -> None:
    mask = run_of(bids, label, f"{MNI}_desc-brain_mask.nii.gz")
    write_image(mask, np.ones((10, 12, 9), dtype=np.uint8))


def in_milliseconds(bids: Path, label: str) -> None:
    rows = [f"{(6 + 18 * n) * 1000}\t8000\t{('faces', 'shapes')[n % 2]}" for n in range(6)]
    write_text(events_of(bids, label), "\n".join(["onset\tduration\ttrial_type", *rows, ""]))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def without_last_line(path: Path) -> None:
    write_text(path, "".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]))


#: Damages of one participant each, all met in one run.
DAMAGES: dict[str, Callable[[Path, str], object]] = {
    "nospace": in_other_space,
    "resolutions": in_two_resolutions,
    "annex": lambda bids, label: annexed(run_of(bids, label, f"{BOLD}.nii.gz")),
    "empty": lambda bids, label: run_of(bids, label, f"{BOLD}.nii.gz").write_bytes(b""),
    "cut": lambda bids, label: cut(run_of(bids, label, f"{BOLD}.nii.gz")),
    "badjson": lambda bids, label: edited(run_of(bids, label, f"{BOLD}.json"), "}", ",}"),
    "notr": without_repetition_time,
    "trms": lambda bids, label: edited(run_of(bids, label, f"{BOLD}.json"), "2.0", "2000"),
    "trhead": with_other_header,
    "onsets": in_milliseconds,
    "noconfounds": lambda bids, label: run_of(bids, label, CONFOUNDS).unlink(),
    "nocolumn": lambda bids, label: edited(run_of(bids, label, CONFOUNDS), "csf\t", "cfs\t"),
    "rows": lambda bids, label: without_last_line(run_of(bids, label, CONFOUNDS)),
    "grids": with_smaller_mask,
    "noevents": lambda bids, label: events_of(bids, label).unlink(),
    "trialtype": lambda bids, label: edited(events_of(bids, label), "trial_type", "condition"),
    "spelling": lambda bids, label: write_text(
        events_of(bids, label), events_of(bids, label).read_text("utf-8").replace("\tf", "\tF")
    ),
    "onesession": lambda bids, label: None,
}


def told_of_damaged(folder: Path) -> str:
    """Return what is told and recorded of all of them."""
    bids = folder / "bids"
    write_frame(bids)
    # Sidecars of runs state it; that of the task would hold for all of them.
    write_json(bids / "task-faces_bold.json", {"TaskName": "faces"})
    for label, damage in DAMAGES.items():
        write_session(bids, label, "pre", "faces")
        damage(bids, label)
    return run_app(folder) + recorded(folder / "out")
