"""Inputs, command lines and studies that end a run before anything is computed."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.voxels import refuse_too_large
from bids_ketamine.regions import templateflow
from bids_ketamine.workflows.plugin import KILLED
from tests.fuzz.trial import fmriprep, write_json, write_text
from tests.troubleshooting.app import BOLD, STUDY, frame, run_app, run_of, with_names, words
from tests.troubleshooting.damages import renamed


def told_of_two_series(folder: Path) -> str:
    bold = run_of(frame(folder), "01", f"{BOLD}.nii.gz")
    shutil.copy(bold, str(bold).replace("_space", "_acq-a_space"))
    renamed(bold, "_space", "_acq-b_space")
    return run_app(folder)


def told_after(damage: Callable[[Path], object], *arguments: str, **more: str) -> Callable:
    """Return what runs the app on a frame after some damage; ``{}`` is the folder."""

    def tell(folder: Path) -> str:
        frame(folder)
        damage(folder)
        return run_app(folder, *(each.format(folder) for each in arguments), **more)

    return tell


def told_of_regions(folder: Path) -> str:
    frame(folder)
    wanted = "visual: {atlas: Schaefer2018_100Parcels7Networks, labels: [LH_Vis_1]}"
    study = STUDY.replace("definitions:", f"definitions:\n    {wanted}")
    with (
        mock.patch.dict("os.environ", {"TEMPLATEFLOW_HOME": str(folder)}),
        mock.patch.object(templateflow, "_fetch", return_value=None),
    ):
        return run_app(folder, study=study)


def remove(name: str) -> Callable[[Path], object]:
    def apply(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return apply


def nothing(folder: Path) -> None:
    """Damage nothing."""


def without_participants(folder: Path) -> None:
    shutil.rmtree(folder / "bids" / "sub-01")
    shutil.rmtree(fmriprep(folder / "bids") / "sub-01")


def other_owner(folder: Path) -> None:
    content = {"Name": "x", "BIDSVersion": "1.9.0", "GeneratedBy": [{"Name": "fMRIPrep"}]}
    write_json(folder / "out" / "dataset_description.json", content)


def told_of_size(_: Path) -> str:
    with pytest.raises(InputDataError) as caught:
        refuse_too_large(160e9, Path("bold.nii.gz"))
    return words(str(caught.value))


def told_in_file(folder: Path) -> str:
    """A dry run checks what can be made before anything is written."""
    frame(folder)
    write_text(folder / "file", "")
    line = [str(folder / "bids"), str(folder / "file" / "out"), "participant", "--study"]
    (folder / "study.yml").write_text(STUDY, "utf-8")
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        main([*line, str(folder / "study.yml"), "--dry-run"])
    return words(told.getvalue().replace(str(folder / "file" / "out"), "OUTPUT_DIR"))


def told_inside(folder: Path) -> str:
    bids = frame(folder)
    (folder / "study.yml").write_text(STUDY, "utf-8")
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        main([str(bids), str(bids / "out"), "participant", "--study", str(folder / "study.yml")])
    return with_names(told.getvalue(), folder)


STATED = ("--study", "{}/study.yml")
LABELS = STUDY.replace("{label: pre}", "{label: V1}").replace("{label: post}", "{label: V4}")
#: What runs the app and returns what it tells, by case.
RUNS: dict[str, Callable[[Path], str]] = {
    "no_study": told_after(nothing, "-v"),
    "other_flag": told_after(nothing, *STATED, "--fs-license-file", "x"),
    "padded_label": told_after(nothing, *STATED, "--participant-label", "1"),
    "unknown_key": told_after(nothing, study=STUDY.replace("outcomes:", "outcome:")),
    "tabs": told_after(nothing, study=STUDY.replace("tasks:\n", "tasks:\n\tfaces: 1\n")),
    "unknown_preset": told_after(nothing, "--study", "norbury"),
    "no_dataset": told_after(remove("bids")),
    "no_description": told_after(remove("bids/dataset_description.json")),
    "no_derivatives": told_after(remove("bids/derivatives")),
    "no_participants": told_after(without_participants),
    "odd_label": told_after(
        lambda folder: (fmriprep(folder / "bids") / "sub-01_x").mkdir(), *STATED, "--dry-run"
    ),
    "two_series": told_of_two_series,
    "session_labels": told_after(nothing, study=LABELS),
    "no_such_session": told_after(nothing, *STATED, "--session-label", "V1"),
    "output_of_another": told_after(other_owner),
    "work_inside": told_after(nothing, *STATED, "-w", "{}/bids/work"),
    "work_file": told_after(
        lambda folder: write_text(folder / "file", ""), *STATED, "-w", "{}/file"
    ),
    "templateflow": told_of_regions,
    "no_results": told_after(nothing, level="group"),
    "no_reports": told_after(nothing, *STATED, "--reports-only"),
    "not_planned": told_after(
        lambda folder: (folder / "out").mkdir(), *STATED, "--unblind", level="group"
    ),
    "killed": lambda _: KILLED,
    "too_large": told_of_size,
    "output_file": told_in_file,
    "output_inside": told_inside,
}
