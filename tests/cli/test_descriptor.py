"""The Boutiques descriptor is that of the parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bids_ketamine.cli.descriptor import boutiques_descriptor, descriptor_text
from bids_ketamine.cli.flags import build_parser

ROOT = Path(__file__).resolve().parents[2]


def inputs() -> dict[str, dict[str, Any]]:
    listed: Any = boutiques_descriptor()["inputs"]
    return {each["id"]: each for each in listed}


def test_the_file_is_fresh() -> None:
    assert (ROOT / "boutiques.json").read_text(encoding="utf-8") == descriptor_text(), (
        "stale: run `python -m bids_ketamine.cli.descriptor`"
    )


def test_every_option_has_an_input_and_a_place_in_the_command_line() -> None:
    options = {each.dest for each in build_parser()._actions} - {"help", "version", "verbosity"}
    assert set(inputs()) == options
    line = str(boutiques_descriptor()["command-line"])
    assert line.startswith(
        "mkdir -p [OUTPUT_DIR]; bids_ketamine [BIDS_DIR] [OUTPUT_DIR] [ANALYSIS_LEVEL] [STUDY]"
    )
    for each in inputs().values():
        assert each["value-key"] in line


def test_kinds_of_inputs() -> None:
    found = inputs()
    assert found["analysis_level"]["value-choices"] == ["participant", "group"]
    assert found["study"]["optional"] is False
    assert found["study"]["command-line-flag"] == "--study"
    assert found["participant_labels"]["list"] is True
    assert found["participant_labels"]["command-line-flag"] == "--participant-label"
    assert (found["n_procs"]["type"], found["n_procs"]["integer"]) == ("Number", True)
    assert found["dry_run"]["type"] == "Flag"
    assert found["bids_filter_file"]["type"] == "File"
    assert found["bids_dir"].get("command-line-flag") is None
