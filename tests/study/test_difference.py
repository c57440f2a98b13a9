"""Where two studies differ: values, names, order, new keys; and a study as plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bids_ketamine.study.difference import Difference, differences, normalised_study
from bids_ketamine.study.load import load_study, preset_names

PLANNED: dict[str, Any] = {
    "name": "trial",
    "sessions": {"pre": {"label": "pre"}, "post": {"label": "post"}},
    "glm": {"high_pass": 128.0, "mask": None, "whiten": True},
    "arms": {"column": "arm", "levels": ["placebo", "drug"]},
    "outcomes": {"caps5": {"table": "caps5"}, "madrs": {"table": "madrs"}},
    "weights": [0.5, 1.0],
    "exclusions": None,
}


def changed(**keys: Any) -> dict[str, Any]:
    return {**PLANNED, **keys}


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (PLANNED, []),
        (json.loads(json.dumps(PLANNED)), []),
        (changed(name="other"), [("name", "trial", "other")]),
        (changed(glm={**PLANNED["glm"], "high_pass": 128}), []),
        (changed(glm={**PLANNED["glm"], "high_pass": 100.0}), [("glm.high_pass", 128.0, 100.0)]),
        (changed(glm={**PLANNED["glm"], "whiten": 1}), [("glm.whiten", True, 1)]),
        (changed(glm={**PLANNED["glm"], "mask": ""}), [("glm.mask", None, "")]),
        (
            changed(arms={"column": "arm", "levels": ["drug", "placebo"]}),
            [("arms.levels", ["placebo", "drug"], ["drug", "placebo"])],
        ),
        (changed(arms=None), [("arms", PLANNED["arms"], None)]),
        # Matched by name: the order of outcomes says nothing, that of sessions does.
        (changed(outcomes=dict(reversed(PLANNED["outcomes"].items()))), []),
        (
            changed(sessions=dict(reversed(PLANNED["sessions"].items()))),
            [("sessions", ["pre", "post"], ["post", "pre"])],
        ),
        (
            changed(outcomes={"madrs": {"table": "madrs"}, "phq": {"table": "phq9"}}),
            [
                ("outcomes.phq", None, {"table": "phq9"}),
                ("outcomes.caps5", {"table": "caps5"}, None),
            ],
        ),
        (changed(weights=(0.5, 1)), []),
        (changed(weights=[0.5]), [("weights", [0.5, 1.0], [0.5])]),
        # A key that came with a newer version of the app counts if it asks for something.
        (changed(crossover=None, mixed_models=[], title=""), []),
        (changed(table_one={"yates": True}), [("table_one", None, {"yates": True})]),
        (changed(n_draws=1000), [("n_draws", None, 1000)]),
        ({k: v for k, v in PLANNED.items() if k != "exclusions"}, []),
        ({k: v for k, v in PLANNED.items() if k != "weights"}, [("weights", [0.5, 1.0], None)]),
    ],
)
def test_differences(present: dict[str, Any], expected: list[tuple[str, Any, Any]]) -> None:
    assert differences(PLANNED, present) == tuple(Difference(*each) for each in expected)


def test_lists_of_named_entries_are_matched_by_name_too() -> None:
    planned = {"tasks": [{"name": "faces", "task": "emotion"}, {"name": "rest", "task": "rest"}]}
    present = {"tasks": [{"name": "rest", "task": "rest"}, {"name": "faces", "task": "faces"}]}
    assert differences(planned, present) == (Difference("tasks.faces.task", "emotion", "faces"),)


def test_differences_are_told_from_both_sides() -> None:
    present = changed(weights=[2.0], arms=None, crossover={"columns": ["a"]})
    there = differences(PLANNED, present)
    back = differences(present, PLANNED)
    assert {(e.path, str(e.planned), str(e.present)) for e in there} == {
        (e.path, str(e.present), str(e.planned)) for e in back
    }


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_as_plain_data(preset: str) -> None:
    spec = load_study(preset).spec
    plain = normalised_study(spec, file_words=str.upper)
    assert differences(plain, json.loads(json.dumps(plain))) == ()
    assert plain["name"] == preset
    assert plain["reliability"] == (
        None
        if spec.reliability is None
        else {"sessions": list(spec.reliability.sessions), "arms": []}
    )
    assert list(plain["sessions"]) == [each.name for each in spec.sessions]
    assert plain["group"]["confidence_level"] == 0.95


def test_named_entries_mappings_and_files_as_plain_data(tmp_path: Any) -> None:
    file = tmp_path / "study.yml"
    file.write_text(
        "extends: norbury2021\n"
        "exclusions: {file: out.tsv}\n"
        "outcomes: {hdrs: {table: wide, columns: {pre: a, post: b}}}\n"
    )
    plain = normalised_study(load_study(str(file)).spec, file_words=lambda path: f"<{path[-7:]}>")
    assert plain["exclusions"]["file"] == "<out.tsv>"
    assert plain["outcomes"]["hdrs"]["columns"] == {"pre": "a", "post": "b"}
    assert "name" not in plain["outcomes"]["hdrs"]
    weights = plain["tasks"]["faces"]["contrasts"]["facesGtShapes"]["weights"]
    assert weights == {"faces": 1.0, "shapes": -1.0}
