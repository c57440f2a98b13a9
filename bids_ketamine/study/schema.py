"""JSON schema of the study file, for editors; made from the specification itself."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from bids_ketamine.study.build import ENTITY
from bids_ketamine.study.load import preset_names
from bids_ketamine.study.spec import StudySpec

SCALARS = {str: ["string", "number"], int: "integer", float: "number", bool: "boolean"}


def study_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a study file."""
    schema = _section(StudySpec)
    schema["properties"]["extends"] = {
        "description": "Preset this study starts from",
        "enum": list(preset_names()),
    }
    # A study that extends a preset inherits what is required.
    required = schema.pop("required")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Study file of bids_ketamine",
        **schema,
        "anyOf": [{"required": required}, {"required": ["extends"]}],
    }


def _section(kind: type, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    declared = [each for each in fields(kind) if each.name not in skip]
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.name: _value(hints[each.name], each) for each in declared},
    }
    required = [each.name for each in declared if each.default is MISSING]
    if required:
        schema["required"] = required
    return schema


def _value(kind: Any, declared: Field[Any]) -> dict[str, Any]:
    schema = _typed(kind, declared)
    schema["description"] = declared.metadata["description"]
    default = declared.default
    if default is not MISSING and (default is None or isinstance(default, str | int | float)):
        schema["default"] = default
    return schema


def _typed(kind: Any, declared: Field[Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = next(each for each in arguments if each is not type(None))
        return {"anyOf": [_typed(inner, declared), {"type": "null"}]}
    if is_dataclass(kind) and isinstance(kind, type):
        return _section(kind)
    if origin is tuple:
        item = arguments[0]
        if is_dataclass(item) and isinstance(item, type):
            body = _section(item, skip=("name",))
            return {
                "type": "object",
                "additionalProperties": {"anyOf": [body, {"type": "null"}]},
            }
        return {"type": "array", "items": _typed(item, declared)}
    if origin is Mapping or origin is typing.get_origin(Mapping[str, str]):
        entry = {"anyOf": [_typed(arguments[1], declared), {"type": "null"}]}
        mapping = {"type": "object", "additionalProperties": entry}
        formula = {"type": "string", "description": "Formula over names of regressors"}
        return {"anyOf": [mapping, formula]} if arguments[1] is float else mapping
    return _scalar(kind, declared)


def _scalar(kind: type, declared: Field[Any]) -> dict[str, Any]:
    settings = declared.metadata
    if settings["choices"]:
        return {"enum": list(settings["choices"])}
    schema: dict[str, Any] = {"type": SCALARS[kind]}
    if settings["minimum"] is not None:
        schema["minimum"] = settings["minimum"]
    if settings["maximum"] is not None:
        schema["maximum"] = settings["maximum"]
    if settings["entity"] and kind is str:
        schema["pattern"] = ENTITY.pattern
    return schema
