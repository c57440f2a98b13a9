"""The published schema is the specification's, and accepts what the loader accepts."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from bids_ketamine.study.load import preset_names
from bids_ketamine.study.reference import study_reference
from bids_ketamine.study.schema import study_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "study.schema.json"


def test_published_schema_is_current():
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert published == study_schema(), "run `make reference` and commit docs/study.schema.json"


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_valid(name):
    text = (resources.files("bids_ketamine.study") / "presets" / f"{name}.yml").read_text()
    jsonschema.validate(yaml.safe_load(text), study_schema())


@pytest.mark.parametrize(
    "study",
    [
        {"name": "x", "sessions": {"pre": {}}, "unknown": 1},
        {"name": "x", "sessions": {"pre": {}}, "glm": {"noise_model": "arma"}},
        {"name": "no spaces", "sessions": {"pre": {}}},
        {"name": "x"},
        {"name": "x", "sessions": {"pre": {}}, "dcm": {"models": {"m": {"task": "faces"}}}},
        {"name": "x", "sessions": {"pre": {}}, "dcm": {"task": "faces"}},
    ],
)
def test_mistakes_are_seen_by_the_schema_too(study):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(study, study_schema())


def test_published_reference_is_current():
    published = PUBLISHED.with_name("study.md").read_text(encoding="utf-8")
    assert published == study_reference(), "run `make reference` and commit docs/study.md"
    assert "| `noise_model` | `ar1`, `ols`, `spm` | `ar1` |" in published


def test_entries_of_mappings_may_be_taken_out():
    model = {"task": "faces", "regions": ["a"], "driving": {"faces": ["a"], "shapes": None}}
    study = {"name": "x", "extends": "norbury2021", "dcm": {"models": {"m": model, "n": None}}}
    jsonschema.validate(study, study_schema())
