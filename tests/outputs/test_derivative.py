"""The description of the output dataset: links that name no folder on the way."""

import json

import pytest

from bids_ketamine.outputs.derivative import write_description


@pytest.mark.parametrize(
    ("raw", "fmriprep", "output", "expected"),
    [
        (
            "trial",
            "trial/derivatives/fmriprep",
            "out",
            {"raw": "../trial", "fmriprep": "../trial/derivatives/fmriprep"},
        ),
        (
            "trial",
            "trial/derivatives/fmriprep",
            "trial/derivatives/ours",
            {"raw": "../..", "fmriprep": "../fmriprep"},
        ),
        ("home/jane.doe/secret/trial", "home/jane.doe/secret/prep", "out", {}),
        ("home/jane.doe/trial", "prep", "out", {"fmriprep": "../prep"}),
    ],
)
def test_links_name_the_dataset_and_nothing_on_the_way(raw, fmriprep, output, expected, tmp_path):
    folders = [tmp_path / each for each in (raw, fmriprep, output)]
    for folder in folders:
        folder.mkdir(parents=True)
    bids_dir, derivative, output_dir = folders
    write_description(
        output_dir, bids_dir=bids_dir, derivatives={"fmriprep": derivative}, study_name="x"
    )
    text = (output_dir / "dataset_description.json").read_text(encoding="utf-8")
    assert json.loads(text)["DatasetLinks"] == expected
    assert "jane" not in text
