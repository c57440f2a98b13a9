"""Models that were not estimated, as the console tells them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bids_ketamine.cli.models_left_out import models_left_out
from bids_ketamine.cli.participant import tell_outcomes
from bids_ketamine.cli.progress import Progress
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.workflows.records import SessionOutcome

SESSION = SessionInputs("01", "pre", "pre", (), ())
MODELS = [
    {"Model": "three", "Task": "faces", "Reason": "dACC: coverage 31 % is under 50 %."},
    {"Model": "two", "Task": "faces", "Reason": ""},
]


def _write(output: Path, content: Any) -> None:
    folder = output / SESSION.folder
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / f"{SESSION.prefix}_measures.json").write_text(text, encoding="utf-8")


def test_models_and_reasons_are_those_of_the_sidecar(tmp_path: Path) -> None:
    _write(tmp_path, {"DynamicCausalModels": MODELS})
    assert models_left_out(tmp_path, SESSION) == [("three", "dACC: coverage 31 % is under 50 %")]


@pytest.mark.parametrize(
    "content", ["", "[]", {}, {"DynamicCausalModels": 3}, {"DynamicCausalModels": [3]}]
)
def test_foreign_sidecars_tell_nothing(tmp_path: Path, content: Any) -> None:
    assert models_left_out(tmp_path, SESSION) == []
    _write(tmp_path, content)
    assert models_left_out(tmp_path, SESSION) == []


@pytest.mark.parametrize("status", ["computed", "reused", "failed"])
def test_console_warns_of_computed_sessions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: Any, status: Any
) -> None:
    import sys

    _write(tmp_path, {"DynamicCausalModels": MODELS})
    with caplog.at_level(logging.WARNING, logger="bids_ketamine"):
        tell_outcomes(
            SimpleNamespace(output_dir=tmp_path),  # type: ignore[arg-type]
            sessions=[SESSION],
            outcomes=[SessionOutcome("01", "pre", status)],
            progress=Progress(sys.stderr),
        )
    told = "sub-01 pre, DCM `three` not estimated: dACC: coverage 31 % is under 50 %"
    assert caplog.messages == ([told] if status == "computed" else [])
