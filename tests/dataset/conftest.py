"""Small made trials: a raw dataset and fMRIPrep-like derivatives of tiny files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.dataset.filters import compile_filters
from bids_ketamine.dataset.inputs import Missing, RunInputs, SessionInputs
from bids_ketamine.dataset.names import parse_name
from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.dataset.runs import find_runs
from bids_ketamine.dataset.session_files import SessionFiles
from bids_ketamine.dataset.wanted import wanted_tasks
from bids_ketamine.study.spec import (
    ChangeSpec,
    ConditionSpec,
    ContrastSpec,
    RestSpec,
    SessionSpec,
    StudySpec,
    TaskSpec,
)

SPACE = "MNI152NLin2009cAsym"
EVENTS = "onset\tduration\ttrial_type\n0\t5\tfaces\n10\t5\tshapes\n"
FACES = TaskSpec(
    name="faces",
    conditions=(ConditionSpec(name="faces"), ConditionSpec(name="shapes")),
    contrasts=(ContrastSpec(name="facesGtShapes", weights={"faces": 1.0, "shapes": -1.0}),),
)
STUDY = StudySpec(
    name="made",
    sessions=(SessionSpec(name="pre"), SessionSpec(name="post")),
    changes=(ChangeSpec(name="change", first="pre", second="post"),),
    tasks=(FACES,),
    rest=RestSpec(),
)


class Trial:
    """A trial under construction; every method writes files or queries them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fmriprep = root / "derivatives" / "fmriprep"
        self.write("dataset_description.json", {"Name": "made", "BIDSVersion": "1.9.0"})
        self.describe_derivative(self.fmriprep)
        self.write("task-faces_bold.json", {"RepetitionTime": 2.0})
        self.write("task-rest_bold.json", {"RepetitionTime": 2.0})

    def write(self, name: str | Path, content: str | bytes | Mapping[str, Any] = "x") -> Path:
        """Write a file relative to the raw dataset (or absolute)."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Mapping):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def describe_derivative(self, folder: Path) -> None:
        """Make a folder a derivative dataset."""
        name = folder.name
        self.write(
            folder / "dataset_description.json",
            {"Name": name, "BIDSVersion": "1.9.0", "GeneratedBy": [{"Name": name}]},
        )

    def session(self, participant: str, label: str | None) -> None:
        """Write a complete session: one run of faces, one of rest."""
        for task in ("faces", "rest"):
            self.run(participant, label, task)

    def run(
        self,
        participant: str,
        label: str | None,
        task: str,
        *,
        entities: str = "",
        desc: str = "preproc",
        space: str = SPACE,
        res: str = "",
        without: tuple[str, ...] = (),
        into: Path | None = None,
        sidecar: Mapping[str, Any] | None = None,
    ) -> str:
        """Write a run (`entities` such as `_run-1`); return the start of its derived names."""
        folder = f"sub-{participant}" + ("" if label is None else f"/ses-{label}") + "/func"
        stem = folder.removesuffix("/func").replace("/", "_") + f"_task-{task}{entities}"
        derived = (into or self.fmriprep) / folder
        grid = f"{stem}_space-{space}{res}"
        self.write(f"{folder}/{stem}_bold.nii.gz")
        files: dict[str, Path | str] = {
            "bold": derived / f"{grid}_desc-{desc}_bold.nii.gz",
            "mask": derived / f"{grid}_desc-brain_mask.nii.gz",
            "confounds": derived / f"{stem}_desc-confounds_timeseries.tsv",
        }
        if task == "faces":
            files["events"] = f"{folder}/{stem}_events.tsv"
        for kind, path in files.items():
            if kind not in without:
                self.write(path, EVENTS if kind == "events" else "x")
        if "json" not in without:
            about = {"RepetitionTime": 2.0, "StartTime": 0.95, "SliceTimingCorrected": True}
            content = about if sidecar is None else sidecar
            self.write(derived / f"{grid}_desc-{desc}_bold.json", content)
        return f"{derived}/{stem}"

    def participants(self, *lines: str) -> Path:
        """Write participants.tsv; cells of a line are separated by white space."""
        return self.table("participants.tsv", *lines)

    def table(self, name: str, *lines: str) -> Path:
        """Write a table; cells of a line are separated by white space."""
        return self.write(name, "".join("\t".join(line.split()) + "\n" for line in lines))

    def find(self, study: StudySpec = STUDY, **options: Any) -> tuple[SessionInputs, ...]:
        """Query the trial."""
        given: dict[str, Any] = {
            "derivatives": {"fmriprep": self.fmriprep},
            "participant_labels": None,
            "session_labels": None,
            "task_labels": None,
            "filters": None,
            "database_dir": None,
        }
        return find_sessions(bids_dir=self.root, study=study, **{**given, **options})

    def runs(
        self,
        participant: str = "01",
        label: str | None = "pre",
        *,
        study: StudySpec = STUDY,
        filters: Any = None,
        derivatives: Mapping[str, Path] | None = None,
        task: str | None = "faces",
    ) -> tuple[tuple[RunInputs, ...], tuple[Missing, ...]]:
        """Find the runs of one session among all files, without pybids."""
        places = derivatives or {"fmriprep": self.fmriprep}
        files = SessionFiles(
            participant=participant,
            label=label,
            raw=tuple(
                parse_name(self.root, path, dataset="raw")
                for path in sorted(self.root.rglob("*"))
                if "derivatives" not in path.parts and not path.is_dir()
            ),
            derivatives={
                name: tuple(
                    parse_name(root, path, dataset=name)
                    for path in sorted(root.rglob("*"))
                    if not path.is_dir()
                )
                for name, root in places.items()
            },
        )
        return find_runs(
            files,
            tasks=wanted_tasks(study, None if task is None else [task]),
            inputs=study.inputs,
            filters=compile_filters(filters),
        )


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path / "trial")


@pytest.fixture
def study() -> StudySpec:
    return STUDY


@pytest.fixture
def sessions_from_columns() -> StudySpec:
    """A crossover trial: the first infusion is drug or placebo."""
    after = SessionSpec(name="post", column="infusion_1", labels={"d": "d2", "p": "p2"})
    return replace(STUDY, sessions=(SessionSpec(name="pre", label="b0"), after))
