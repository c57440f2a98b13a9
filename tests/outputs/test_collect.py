"""What the group level reads from the output tree, and what it refuses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.collect import collect_outputs, require_known
from bids_ketamine.outputs.measures import MEASURE_COLUMNS, measures_table
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.outputs.tables import write_json, write_table
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import SessionSpec

SPEC = load_study("norbury2021").spec


def _write(
    output: Path,
    participant: str,
    session: str | None,
    rows: Sequence[Mapping[str, object]],
    *,
    meaning: str | None = None,
    study: str | None = None,
    version: str = "0.1.0",
    missing: Sequence[Mapping[str, str]] = (),
    runs: Sequence[Mapping[str, object]] = (),
    models: object = (),
) -> Path:
    """Write the measures of one session, as the participant level does."""
    usual = {
        "participant_id": participant,
        "session_id": f"ses-{session}" if session else None,
        "session": meaning or session,
        "measure": "activation",
        "task": "faces",
        "contrast": "facesGtShapes",
        "regions": "amygdala",
        "value": 1.0,
        "unit": "percent",
        "mean_fd": 0.1,
        "n_volumes_kept": 100,
    }
    folder = output / participant / (f"ses-{session}" if session else "")
    stem = f"{participant}_ses-{session}" if session else participant
    path = folder / f"{stem}_measures.tsv"
    table = measures_table([pd.DataFrame([usual | dict(row) for row in rows])])
    extra = {
        "StudyHash": study or study_hash(SPEC),
        "SoftwareVersion": version,
        "Missing": list(missing),
        "Runs": list(runs),
        "DynamicCausalModels": models,
    }
    write_table(path, table, columns=MEASURE_COLUMNS, extra=extra)
    return path


def test_rows_come_by_participant_and_session_of_the_study(tmp_path: Path) -> None:
    _write(tmp_path, "sub-02", "pre", [{"value": 3.0}])
    _write(tmp_path, "sub-01", "post", [{"value": 2.0, "regions": "01"}])
    _write(
        tmp_path,
        "sub-01",
        "pre",
        [
            {"value": 1.0, "coverage": 0.9},
            {"value": np.nan, "regions": "insula", "coverage": 0.3, "reason": "covered 30 %"},
            {
                "measure": "resting_connectivity",
                "task": "rest",
                "contrast": None,
                "regions": "amygdala~insula",
                "unit": "Fisher z",
                "value": 0.5,
                "mean_fd": None,
            },
        ],
    )
    (tmp_path / "sub-01" / "ses-pre" / ".123.sub-01_ses-pre_measures.tsv").write_text("half")
    found = collect_outputs(tmp_path, SPEC)
    rows = found.rows
    assert rows["participant_id"].tolist() == ["sub-01"] * 4 + ["sub-02"]
    assert rows["session"].tolist() == ["pre"] * 3 + ["post", "pre"]
    assert rows["regions"].tolist() == ["amygdala", "insula", "amygdala~insula", "01", "amygdala"]
    assert rows["contrast"].tolist()[2] == "n/a"
    np.testing.assert_array_equal(rows["value"], [1.0, np.nan, 0.5, 2.0, 3.0])
    np.testing.assert_array_equal(rows["mean_fd"], [0.1, 0.1, np.nan, 0.1, 0.1])
    np.testing.assert_array_equal(rows["coverage"], [0.9, 0.3, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(rows["coverage_second"], [np.nan] * 5)
    assert rows["reason"].dropna().tolist() == ["covered 30 %"]
    assert found.participants == ("sub-01", "sub-02")
    assert found.software_version == "0.1.0"


def test_a_dataset_without_session_folders(tmp_path: Path) -> None:
    spec = replace(SPEC, sessions=(SessionSpec(name="only", unlabelled=True),), changes=())
    _write(tmp_path, "sub-01", None, [{}], meaning="only", study=study_hash(spec))
    found = collect_outputs(tmp_path, spec)
    assert [(each.session, each.session_id) for each in found.sessions] == [("only", None)]


def test_nothing_to_collect(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError) as caught:
        collect_outputs(tmp_path, SPEC)
    assert caught.value.cure == "Run the participant level first."
    assert caught.value.exit_code == 66


def test_mixed_studies_are_named(tmp_path: Path) -> None:
    for number in range(12):
        _write(tmp_path, f"sub-{number:02d}", "pre", [{}])
    _write(tmp_path, "sub-12", "post", [{}], study="0123456789ab")
    with pytest.raises(InputDataError) as caught:
        collect_outputs(tmp_path, SPEC)
    message = caught.value.message
    assert "different study settings" in message
    assert "0123456789ab: sub-12 ses-post" in message
    assert f"{study_hash(SPEC)}: sub-00 ses-pre, " in message
    assert "and 7 more" in message
    assert "--overwrite" in str(caught.value)


def test_mixed_versions_are_named(tmp_path: Path) -> None:
    _write(tmp_path, "sub-01", "pre", [{}])
    _write(tmp_path, "sub-02", "pre", [{}], version="0.2.0")
    with pytest.raises(InputDataError, match=r"0\.1\.0: sub-01 ses-pre; 0\.2\.0: sub-02 ses-pre"):
        collect_outputs(tmp_path, SPEC)


def test_outputs_of_another_study(tmp_path: Path) -> None:
    _write(tmp_path, "sub-01", "pre", [{}], study="0123456789ab")
    with pytest.raises(InputDataError) as caught:
        collect_outputs(tmp_path, SPEC)
    assert "0123456789ab" in caught.value.message
    assert study_hash(SPEC) in caught.value.message


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t2.5\t", "\t2,5\t", "Line 3, column `value`: `2,5` does not belong there."),
        ("\t2.5\t", "\t", "Line 3 has 20 cells, the header has 21."),
        ("\nsub-01\t", "\nsub-07\t", "Line 2, column `participant_id`: `sub-07` does"),
        ("\tpre\t", "\tduring\t", "Line 2, column `session`: `during` does not belong there."),
        ("\tinsula\t", "\tn/a\t", "Line 3, column `regions`: `n/a` does not belong there."),
        ("\tinsula\t", "\tamygdala\t", "Line 3 holds a measure that stands on an earlier line."),
        ("\tmean_fd\t", "\tfd\t", "There is no column `mean_fd`."),
    ],
)
def test_damaged_tables_are_told_with_the_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = _write(tmp_path, "sub-01", "pre", [{}, {"value": 2.5, "regions": "insula"}])
    _edit(path, old, new)
    with pytest.raises(InputDataError) as caught:
        collect_outputs(tmp_path, SPEC)
    assert caught.value.message.startswith(message)
    assert caught.value.path == path


def test_a_table_that_is_cut_off_in_its_last_cell(tmp_path: Path) -> None:
    path = _write(tmp_path, "sub-01", "pre", [{}, {"regions": "insula", "reason": "covered 30 %"}])
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputDataError, match=r"Line 3 is cut off\."):
        collect_outputs(tmp_path, SPEC)


def test_sidecars_must_be_there_and_whole(tmp_path: Path) -> None:
    sidecar = _write(tmp_path, "sub-01", "pre", [{}]).with_suffix(".json")
    sidecar.write_text('{\n  "StudyHash":\n')
    with pytest.raises(InputDataError, match="Line 3 is not JSON"):
        collect_outputs(tmp_path, SPEC)
    sidecar.write_text('{"StudyHash": null}')
    with pytest.raises(InputDataError, match="StudyHash, SoftwareVersion"):
        collect_outputs(tmp_path, SPEC)
    sidecar.unlink()
    with pytest.raises(InputMissingError) as caught:
        collect_outputs(tmp_path, SPEC)
    assert caught.value.path == sidecar


def test_two_sessions_of_one_meaning(tmp_path: Path) -> None:
    _write(tmp_path, "sub-01", "pre", [{}])
    _write(tmp_path, "sub-01", "baseline", [{}], meaning="pre")
    with pytest.raises(InputDataError, match="two sessions that mean `pre`"):
        collect_outputs(tmp_path, SPEC)


def test_reasons_of_what_is_not_there(tmp_path: Path) -> None:
    missing = [
        {"What": "stroop: events.tsv", "Reason": "not there."},
        {"What": "rest", "Reason": "no run"},
    ]
    _write(tmp_path, "sub-01", "pre", [{}], missing=missing)
    _write(tmp_path, "sub-02", "pre", [{}])
    log = {
        "Errors": [
            {"Session": "post", "Step": "faces GLM", "Message": "Cut off.", "CrashFile": None}
        ],
        "Notices": [],
        "Sessions": {"pre": "computed", "post": "failed"},
        "Missing": [],
    }
    write_json(tmp_path / "logs" / "sub-01_errors.json", log)
    log = {
        "Errors": [],
        "Sessions": {"pre": "failed", "post": "missing"},
        "Missing": [{"Session": "post", "What": "session", "Reason": "no folder ses-post"}],
    }
    write_json(tmp_path / "logs" / "sub-02_errors.json", log)
    found = collect_outputs(tmp_path, SPEC)

    def reason(participant: str, session: str, task: str) -> str:
        return found.reason_without_rows(participant, session, (task,))

    assert reason("sub-01", "pre", "stroop") == "stroop: events.tsv: not there"
    assert reason("sub-01", "pre", "rest") == "rest: no run"
    assert reason("sub-01", "post", "faces") == "session post failed: faces GLM: Cut off"
    assert reason("sub-02", "post", "faces") == "no session post: session: no folder ses-post"
    assert reason("sub-02", "pre", "rest") == "no measure of this task was computed"
    assert reason("sub-03", "pre", "rest") == (
        "no session pre: the participant level has no result of it"
    )
    assert [each.name for each in found.of_earlier_runs("failed")] == ["sub-02 ses-pre"]
    assert found.of_earlier_runs("missing") == ()


def _run(task: str, description: str | None, fwhm: float | None) -> dict[str, object]:
    return {"Task": task, "Description": description, "SmoothingFWHM": fwhm}


def test_sessions_that_were_not_processed_alike_are_named(tmp_path: Path) -> None:
    aroma, plain = ("smoothAROMAnonaggr", None), ("preproc", 6.0)
    of_sessions = {
        "sub-01": ([_run("faces", *aroma), _run("rest", *plain)], [_run("faces", *plain)]),
        "sub-02": ([_run("faces", *plain)], [_run("faces", *plain), _run("rest", *aroma)]),
        "sub-03": ([_run("faces", "preproc", 4.5)], [_run("faces", *plain)]),
        "sub-04": ([_run("faces", *aroma), _run("faces", *plain)], [_run("faces", *aroma)]),
        "sub-05": ([_run("rest", None, None)], []),
    }
    for participant, sessions in of_sessions.items():
        for session, runs in zip(("pre", "post"), sessions, strict=True):
            _write(tmp_path, participant, session, [{}], runs=runs)
    assert collect_outputs(tmp_path, SPEC).processed_differently() == (
        "sub-01 faces: pre smoothAROMAnonaggr, post preproc",
        "sub-03 faces: pre preproc (smoothing 4.5 mm), post preproc (smoothing 6 mm)",
        "sub-04 faces: pre preproc and smoothAROMAnonaggr, post smoothAROMAnonaggr",
    )


def test_a_damaged_log_is_told(tmp_path: Path) -> None:
    _write(tmp_path, "sub-01", "pre", [{}])
    path = tmp_path / "logs" / "sub-01_errors.json"
    path.parent.mkdir()
    path.write_text(json.dumps([1]))
    with pytest.raises(InputDataError) as caught:
        collect_outputs(tmp_path, SPEC)
    assert caught.value.path == path


def test_a_session_without_any_measure_is_known_by_its_label(tmp_path: Path) -> None:
    _write(tmp_path, "sub-02", "pre", [{}])
    missing = [{"What": "faces: bold", "Reason": "no file"}]
    path = _write(tmp_path, "sub-01", "post", [{}], missing=missing)
    path.write_text(path.read_text().splitlines()[0] + "\n")
    found = collect_outputs(tmp_path, SPEC)
    assert len(found.rows) == 1
    assert found.reason_without_rows("sub-01", "post", ("faces",)) == "faces: bold: no file"


def test_unknown_participants_are_named(tmp_path: Path) -> None:
    _write(tmp_path, "sub-01", "pre", [{}])
    _write(tmp_path, "sub-99", "pre", [{}])
    found = collect_outputs(tmp_path, SPEC)
    table = tmp_path / "participants.tsv"
    with pytest.raises(InputDataError) as caught:
        require_known(found, ["sub-01"], table)
    assert caught.value.message == (
        "The output folder has measures of sub-99, not listed in participants.tsv."
    )
    require_known(found, ["sub-01", "sub-99"], table)


def test_how_models_ended_is_read_from_the_sidecar(tmp_path: Path) -> None:
    usual = {"Model": "m", "Task": "faces", "Reason": ""}
    models = [
        usual | {"Converged": True, "Stalled": True, "Flat": False},
        usual | {"Model": "old", "Converged": False, "Flat": True},  # knows no stall
        usual | {"Model": "none", "Reason": "no series of vmPFC", "Converged": True},
        "damaged",
    ]
    _write(tmp_path, "sub-01", "pre", [{}], models=models)
    _write(tmp_path, "sub-01", "post", [{}], models="damaged")
    first, second = collect_outputs(tmp_path, SPEC).sessions
    told = [
        (each.model, each.task, each.estimated, each.converged, each.stalled, each.flat)
        for each in first.models
    ]
    assert told == [
        ("m", "faces", True, True, True, False),
        ("old", "faces", True, False, False, True),
        ("none", "faces", False, False, False, False),
    ]
    assert second.models == ()
