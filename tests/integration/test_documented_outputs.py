"""Every file of a real output folder is one that docs/outputs.md describes, and its content too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bids_ketamine.cli.reference.outputs import PARTICIPANT_COLUMNS
from bids_ketamine.cli.run import main
from bids_ketamine.outputs.documented.files import OutputFile, key_names, sidecar_name
from bids_ketamine.outputs.documented.group import GROUP_COLUMNS, GROUP_FILES
from bids_ketamine.outputs.documented.participant import PARTICIPANT_FILES
from bids_ketamine.outputs.documented.whole import WHOLE_FILES
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.group_seed_tables import SEED_TABLES
from bids_ketamine.outputs.plan import read_plan, record_unblinding
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.blinding import open_blinding
from bids_ketamine.workflows.group_peb_rows import KEPT

FILES: Mapping[str, OutputFile] = {**WHOLE_FILES, **PARTICIPANT_FILES, **GROUP_FILES}
COLUMNS = {**PARTICIPANT_COLUMNS, **GROUP_COLUMNS}

#: What the study of the demo does not ask for, or what did not happen.
NOT_HERE = {
    *("crash", "frozen_text", "frozen_study", "plan"),
    *("partial_relmat", "reliability"),
    *("networks", "region_quality", "seed_map", "seed_map_grayordinates"),
    *("group_seed_map", "group_seed_map_grayordinates"),
    *NETWORK_TABLES,
    *COURSE_TABLES,
    *SEED_TABLES,
}

#: When keys of measures are there that the demo's study does not have.
OTHER_STUDIES = {
    "for rest, with `cleaning`",
    "with `cleaning.local_neighbourhood`",
    "if the study has `volumes`",
}


def paths(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def described(path: str) -> list[str]:
    return [name for name, each in FILES.items() if each.matches(path)]


@pytest.fixture(scope="module")
def by_name(results: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in FILES}
    for path in paths(results):
        (name,) = described(path)
        found[name].append(path)
    return found


def require_keys(name: str, content: Any, columns: set[str]) -> None:
    """Require that keys are described, and that those described without a condition are there."""
    keys = FILES[name].keys
    found = set(key_names(content, [key.name for key in keys])) - columns
    assert found <= {key.name for key in keys}, (name, found)
    needed = {key.name for key in keys if not key.only}
    # An empty list has no inner keys.
    filled = {key.split("[].")[0] for key in found if "[]." in key}
    needed = {key for key in needed if "[]." not in key or key.split("[].")[0] in filled}
    assert needed <= found, (name, needed - found)


def test_every_file_is_described_exactly_once(results: Path) -> None:
    for path in paths(results):
        assert len(described(path)) == 1, (path, described(path))


def test_what_is_always_written_is_there(by_name: dict[str, list[str]]) -> None:
    assert {name for name, found in by_name.items() if not found} == NOT_HERE
    assert not any(FILES[name].always for name in NOT_HERE)
    for name, found in by_name.items():
        if FILES[name].sidecar:
            main_files = {path for path in found if not path.endswith(".json")}
            assert {sidecar_name(path) for path in main_files} == set(found) - main_files
    # Of three participants, two sessions, three tasks.
    assert len(by_name["measures"]) == 2 * 6
    assert len(by_name["quality"]) == 2 * 6 * 3
    assert len(by_name["participant_report"]) == len(by_name["errors"]) == 3


def test_columns_are_described_by_the_sidecar_in_the_words_of_the_page(
    results: Path, by_name: dict[str, list[str]]
) -> None:
    n_tables = 0
    for name, found in by_name.items():
        for path in (each for each in found if each.endswith(".tsv")):
            if not FILES[name].sidecar:
                assert name in ("figure_data", "figures")
                continue
            n_tables += 1
            header = (results / path).open(encoding="utf-8").readline().rstrip("\n").split("\t")
            sidecar = json.loads((results / sidecar_name(path)).read_text(encoding="utf-8"))
            for column in header:
                assert sidecar[column]["Description"], (path, column)
            if name in COLUMNS:
                assert header == list(COLUMNS[name])
                for column in header:
                    told = COLUMNS[name][column]
                    assert sidecar[column]["Description"] == told["Description"]
                    assert ("Units" in sidecar[column]) == ("Units" in told), (path, column)
            else:
                assert FILES[name].column_words, name
    assert n_tables > 100


def test_keys_are_described(results: Path, by_name: dict[str, list[str]]) -> None:
    n_files = 0
    for name, found in by_name.items():
        for path in (each for each in found if each.endswith(".json")):
            if name == "dcm":  # told on another page, with a test of its own
                continue
            content = json.loads((results / path).read_text(encoding="utf-8"))
            table = results / path.replace(".json", ".tsv")
            columns = set()
            if FILES[name].sidecar and table.exists():
                columns = set(table.open(encoding="utf-8").readline().rstrip("\n").split("\t"))
                content = {key: value for key, value in content.items() if key not in columns}
            require_keys(name, content, columns)
            n_files += 1
    assert n_files > 100


def test_conditional_keys_of_what_the_demo_has_are_there(results: Path) -> None:
    record = json.loads((results / "group" / "group.json").read_text(encoding="utf-8"))
    known = {key.name: key.only for key in FILES["group"].keys}
    absent = set(known) - set(key_names(record, known))
    assert "if there is a plan" in {known[name] for name in absent}
    assert {name.split(".")[0] for name in absent if known[name] != "if there is a plan"} <= {
        *("Networks", "Course"),
    }
    sidecar = json.loads(
        next(results.glob("sub-01/ses-pre/*_measures.json")).read_text(encoding="utf-8")
    )
    known = {key.name: key.only for key in FILES["measures"].keys}
    absent = set(known) - set(key_names(sidecar, known))
    assert {known[name] for name in absent} >= OTHER_STUDIES
    absent = {name for name in absent if known[name] not in OTHER_STUDIES}
    assert {name for name in absent if not name.startswith("Missing")} == {
        "Runs[].Components",
        "Runs[].NoiseComponents",
    }


def test_arrays_of_the_group_are_named_as_described(results: Path) -> None:
    words = FILES["peb_arrays"].content
    with np.load(results / "group" / "peb_faceCircuit.npz") as stored:
        parts = [name.split("|") for name in stored.files]
    assert {len(each) for each in parts} == {5}
    names = {each[4] for each in parts}
    assert names == {*KEPT, "design", "columns", "rows", "parameters"}
    assert all(f"`{name}`" in words for name in names)


def test_figures_are_listed(results: Path, by_name: dict[str, list[str]]) -> None:
    listing = read_table(results / "group" / "figures" / "figures.tsv")
    assert all(f"`{column}`" in FILES["figures"].column_words for column in listing.columns)
    assert sorted(f"group/figures/{name}.svg" for name in listing["figure"]) == by_name["figure"]
    data = listing["data"].dropna()
    assert sorted(f"group/figures/{name}" for name in data) == by_name["figure_data"]


def test_a_plan_is_described(trial: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    assert main([str(trial), str(output), "group", "--study", "norbury2021", "--plan"]) == 0
    assert {name for path in paths(output) for name in described(path)} == {
        *("frozen_text", "frozen_study", "plan"),
        *("dataset_description", "bidsignore"),
    }
    record = json.loads((output / "plan" / "plan.json").read_text(encoding="utf-8"))
    require_keys("plan", record, set())
    study = load_study("norbury2021")
    told = open_blinding(output, study).record({})
    known = {key.name for key in FILES["group"].keys if key.only == "if there is a plan"}
    assert set(key_names(told, known)) == known
    plan = read_plan(output)
    assert plan is not None
    record_unblinding(output, plan, study.spec, date="2026-01-02T03:04:05Z")
    record = json.loads((output / "plan" / "plan.json").read_text(encoding="utf-8"))
    assert set(key_names(record, [key.name for key in FILES["plan"].keys])) == {
        key.name for key in FILES["plan"].keys
    }
