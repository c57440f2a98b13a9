"""BIDS filter files in fMRIPrep's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.dataset.filters import compile_filters, read_filter_file
from bids_ketamine.dataset.names import parse_name
from bids_ketamine.errors import InputDataError, InputMissingError, UsageError

FILE = parse_name(
    Path("/data"),
    Path("/data/sub-01/ses-pre/func/sub-01_ses-pre_task-rest_acq-mb_run-02_bold.nii.gz"),
    dataset="raw",
)


@pytest.mark.parametrize(
    ("conditions", "accepted"),
    [
        ({}, True),
        ({"acquisition": "mb"}, True),
        ({"acq": ["seq", "mb"]}, True),
        ({"acq": "seq"}, False),
        ({"run": 2}, True),
        ({"run": ["1", "02"]}, True),
        ({"run": "3"}, False),
        ({"direction": None}, True),
        ({"direction": "Query.NONE"}, True),
        ({"acquisition": None}, False),
        ({"acquisition": "*"}, True),
        ({"direction": "Query.ANY"}, False),
        ({"direction": "Query.OPTIONAL"}, True),
        ({"datatype": "func", "suffix": "bold", "extension": "nii.gz"}, True),
        ({"suffix": "sbref"}, False),
        ({"session": ["ses-pre"], "subject": "01"}, True),
    ],
)
def test_conditions(conditions: dict[str, Any], accepted: bool) -> None:
    assert compile_filters({"bold": conditions})["bold"].accepts(FILE) is accepted


def test_unknown_kinds_and_entities_are_named() -> None:
    with pytest.raises(UsageError, match=r"unknown kind of file: `bolt`.*Kinds: bold, mask"):
        compile_filters({"bolt": {}})
    with pytest.raises(UsageError, match=r"filter for `mask` names an unknown entity: `aqc`"):
        compile_filters({"mask": {"aqc": "mb"}})


def test_the_segmentation_has_conditions_of_its_own() -> None:
    chosen = compile_filters({"aseg": {"acquisition": "mprage"}})["aseg"]
    names = ("sub-01_acq-mprage_desc-aseg_dseg", "sub-01_desc-aseg_dseg")
    files = [
        parse_name(Path("/data"), Path(f"/data/sub-01/anat/{name}.nii.gz"), dataset="fmriprep")
        for name in names
    ]
    assert [chosen.accepts(file) for file in files] == [True, False]


def test_conditions_speak_of_todays_names() -> None:
    path = Path("/data/sub-01/func/sub-01_task-rest_bold_space-T1w_preproc.nii.gz")
    file = parse_name(Path("/data"), path, dataset="fmriprep")
    chosen = compile_filters({"bold": {"space": "T1w", "desc": "preproc", "suffix": "bold"}})
    assert chosen["bold"].accepts(file)


def test_fmripreps_own_kinds_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    filters = compile_filters({"t1w": {"acquisition": "mprage"}})
    assert filters["bold"].accepts(FILE)
    assert "filter for `t1w`" in caplog.text


def test_a_filter_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "filter.json"
    with pytest.raises(InputMissingError, match=r"filter\.json is not there"):
        read_filter_file(path)
    path.write_text('{"bold": {"acquisition": "mb"}}')
    assert read_filter_file(path) == {"bold": {"acquisition": "mb"}}
    path.write_text('{"bold": ')
    with pytest.raises(InputDataError, match="not valid JSON"):
        read_filter_file(path)
    path.write_text('{"bold": "mb"}')
    with pytest.raises(InputDataError, match="an object of objects"):
        read_filter_file(path)
