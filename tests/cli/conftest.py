"""A dataset of one participant, and stand-ins for the rooms below the command line."""

from __future__ import annotations

import gzip
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bids_ketamine.dataset.inputs import RunInputs, SessionInputs


@pytest.fixture(autouse=True)
def _same_surroundings() -> Iterator[None]:
    """Take back what a run does to the process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def nifti_header(shape: tuple[int, ...], *, order: str = "<") -> bytes:
    """Return a NIfTI-1 header and nothing behind it."""
    extents = (len(shape), *shape, *[1] * (7 - len(shape)))
    return (
        struct.pack(f"{order}i", 348)
        + bytes(36)
        + struct.pack(f"{order}8h", *extents)
        + bytes(348 - 56)
    )


@pytest.fixture
def write_header() -> Callable[..., Path]:
    def write(path: Path, shape: tuple[int, ...], *, order: str = "<") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = nifti_header(shape, order=order)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    return write


@pytest.fixture
def dataset(tmp_path: Path) -> SimpleNamespace:
    """Folders and the start of a command line, in an empty current folder."""
    bids, prep = tmp_path / "bids", tmp_path / "fmriprep"
    for folder, name in ((bids, "raw"), (prep, "prep")):
        folder.mkdir()
        description = {"Name": name, "BIDSVersion": "1.9.0"}
        (folder / "dataset_description.json").write_text(json.dumps(description))
    out, work = tmp_path / "out", tmp_path / "scratch"
    return SimpleNamespace(
        bids=bids,
        prep=prep,
        out=out,
        work=work,
        root=tmp_path,
        participant=[
            *(str(bids), str(out), "participant", "--study", "norbury2021"),
            *("-d", f"fmriprep={prep}", "-w", str(work), "--nprocs", "2"),
        ],
        group=[str(bids), str(out), "group", "--study", "norbury2021"],
    )


@pytest.fixture
def write_tables(dataset: SimpleNamespace) -> Callable[..., None]:
    """Write the tables that the group level of a study reads: an arm and scores of everybody."""

    def write(arms: Sequence[str], *, sessions: Sequence[str] = ("pre", "post")) -> None:
        people = [f"sub-{place:02d}" for place in range(1, len(arms) + 1)]
        rows = [f"{each}\t{arm}" for each, arm in zip(people, arms, strict=True)]
        path = dataset.bids / "participants.tsv"
        path.write_text("\n".join(["participant_id\tarm", *rows, ""]))
        (dataset.bids / "phenotype").mkdir(exist_ok=True)
        items = [f"caps5_{place:02d}" for place in range(1, 21)]
        for name, columns in {"caps5": items, "madrs": ["madrs_total", "total"]}.items():
            lines = ["\t".join(["participant_id", "session_id", *columns])]
            lines += [
                "\t".join([each, f"ses-{session}", *["2"] * len(columns)])
                for each in people
                for session in sessions
            ]
            (dataset.bids / "phenotype" / f"{name}.tsv").write_text("\n".join([*lines, ""]))

    return write


@pytest.fixture
def make_run() -> Callable[..., RunInputs]:
    def make(task: str, **changes: Any) -> RunInputs:
        values: dict[str, Any] = {
            "task": task,
            "run": None,
            "bold": None,
            "mask": None,
            "confounds": None,
            "events": None,
            "timeseries": None,
            "description": "preproc",
            "space": "MNI152NLin2009cAsym",
            "t_r": 2.0,
            "start_time": None,
            "slice_timing_corrected": None,
        }
        return RunInputs(**(values | changes))

    return make


@pytest.fixture
def make_session(make_run: Callable[..., RunInputs]) -> Callable[..., SessionInputs]:
    def make(participant: str = "01", session: str = "pre", **changes: Any) -> SessionInputs:
        values: dict[str, Any] = {
            "label": session,
            "runs": (make_run("faces"),),
            "missing": (),
        }
        return SessionInputs(participant=participant, session=session, **(values | changes))

    return make


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put functions in the place of a module that the command line imports when it needs it."""

    def put(module: str, **functions: Any) -> None:
        monkeypatch.setitem(sys.modules, module, SimpleNamespace(**functions))

    return put


@pytest.fixture
def rooms(
    stand_in: Callable[..., None], make_session: Callable[..., SessionInputs]
) -> SimpleNamespace:
    """Stand-ins that do nothing and keep what they were called with.

    Set ``sessions`` and ``outcomes`` (or an exception) before the run; read ``calls`` after.
    """
    state = SimpleNamespace(
        sessions=(make_session(),), outcomes=None, group=None, report=None, calls=[], events=()
    )

    def called(name: str, arguments: Mapping[str, Any]) -> None:
        state.calls.append((name, dict(arguments)))

    def find_sessions(**arguments: Any) -> Any:
        called("query", arguments)
        return raised(state.sessions)

    def run_participant_level(**arguments: Any) -> Any:
        called("participant", arguments)
        for event in state.events:
            arguments["report"](event)
        return raised(state.outcomes)

    def write_participant_report(output_dir: Path, participant: str, **arguments: Any) -> Path:
        called("report", {"participant": participant, **arguments})
        if state.report is not None:
            raise state.report
        return output_dir / f"sub-{participant}.html"

    def run_group_level(output_dir: Path, **arguments: Any) -> None:
        called("group", {"output_dir": output_dir, **arguments})
        raised(state.group)
        manifest = output_dir / "group" / "group_participants.tsv"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(
            "participant_id\tincluded\treason\nsub-01\ttrue\tn/a\nsub-02\tfalse\tno arm\n"
        )

    def write_group_report(output_dir: Path, **arguments: Any) -> Path:
        called("group report", arguments)
        return output_dir / "group.html"

    stand_in("bids_ketamine.dataset.query", find_sessions=find_sessions)
    stand_in("bids_ketamine.workflows.participant", run_participant_level=run_participant_level)
    stand_in("bids_ketamine.workflows.group", run_group_level=run_group_level)
    stand_in("bids_ketamine.reports.participant", write_participant_report=write_participant_report)
    stand_in("bids_ketamine.reports.group", write_group_report=write_group_report)
    stand_in(
        "bids_ketamine.reports.methods_text",
        participant_methods=lambda study, output_dir: f"participant text, {study.source}\n",
        boilerplate=lambda study, output_dir: f"text of both levels, {study.source}\n",
    )
    return state


def raised(value: Any) -> Any:
    """Return a value, or raise it if it is an exception."""
    if isinstance(value, BaseException):
        raise value
    return value
