"""The reference page of the study file; made from the specification itself."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from bids_ketamine.study.spec import StudySpec

INTRODUCTION = """\
# The study file

One YAML file states what is computed, from what, and how. It may start from a preset
(`extends: norbury2021` or `extends: siegel2021`) and say only what differs: mappings merge key by
key, lists and single values replace, and `null` takes out a section or a named entry. Every key
that is not listed here is refused, and all problems of a file are told at once with their lines.
[study.schema.json](study.schema.json) lets an editor complete and check the file.

Paths are relative to the study file. Where a section is called *named*, it maps names of your
choice to settings, as in `sessions: {pre: {label: V1}}`.

Contrasts are formulas over names of regressors, such as `faces - shapes` or
`(happy + angry) / 2 - neutral`; a name with spaces or signs stands in back-quotes. These names are
the conditions; `CONDITION_by_COLUMN` for a condition's modulator; `error_trials` where the task has
them; and any of these with `_derivative` or `_dispersion` at its end where the haemodynamic
response has derivatives. `weights` tests one formula with t; `f_test` tests several together with
F, as in `f_test: [fearful - neutral, angry - neutral]`.

A dynamic causal model (`dcm.models.NAME`) writes connections as `FROM > TO`, both regions of the
model. Two regions with connections both ways, of which faces modulate one:

```yaml
dcm:
  models:
    circuit:
      task: faces
      regions: [vmPFC, amygdala]
      connections: ["vmPFC > amygdala", "amygdala > vmPFC"]
      inputs: {all_trials: [faces, shapes]}                # conditions of the task, summed
      driving: {all_trials: [amygdala]}                    # input: regions
      modulations: {"amygdala > vmPFC": [faces]}           # connection: inputs
```

The fixed effects of a mixed model (`mixed_models.NAME.formula`) are the right-hand side of a
formula: names joined by `+`, `:` (interaction) and `*` (both with their interaction), and
brackets; the intercept is always there, and so is one for each participant. The variables:

| variable | meaning |
|---|---|
| `time` | number: the model's sessions in the order of the study, evenly from -0.5 to +0.5 |
| `session` | category: the first session is the reference |
| `arm` | category, in the order of `arms.levels` |
| `treatment`, `period`, `sequence` | categories, with `crossover` |
| `response` | number: -0.5 responder, +0.5 non-responder, with `response` of the model |
| `baseline` | number: the outcome's score in the first session, centred; that session is then \
no row of the model, and two more are needed; in a crossover trial a session before all treatments |
| name of a covariate or of a variable of `table_one` | numbers and ranks are centred |

A crossover trial of two treatments, scores only (no imaging is needed):

```yaml
name: crossover
sessions: {ketamine: {label: d2}, placebo: {label: p2}}
changes: {ketamine_minus_placebo: {first: placebo, second: ketamine}}
outcomes: {madrs: {table: phenotype, column: MADRS_Total}}
crossover: {columns: [infusion_1, infusion_2], values: {d: ketamine, p: placebo}}
mixed_models: {drug: {outcomes: [madrs], formula: treatment + period}}
```

"""

WORDS: Mapping[type, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
}


def study_reference() -> str:
    """Return the reference page as Markdown."""
    return "".join([INTRODUCTION, *_section(StudySpec, "")])


def _section(kind: type, where: str, skip: tuple[str, ...] = ()) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    declared = [each for each in fields(kind) if each.name not in skip]
    title = f"## `{where}`" if where else "## Top level"
    rows = [_row(each, hints[each.name]) for each in declared]
    yield f"{title}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
    yield "".join(rows) + "\n"
    for each in declared:
        inner = _inner(hints[each.name])
        if inner is not None:
            path = f"{where}.{each.name}" if where else each.name
            named = typing.get_origin(hints[each.name]) is tuple
            own = ("name",) if named else ()
            yield from _section(inner, f"{path}.NAME" if named else path, skip=own)


def _row(declared: Field[Any], kind: Any) -> str:
    default = declared.default
    if default is MISSING:
        shown = "required"
    elif is_dataclass(default) or default is None or default in ((), ""):
        shown = ""
    elif isinstance(default, tuple):
        shown = f"`[{', '.join(map(str, default))}]`"
    else:
        shown = f"`{str(default).lower() if isinstance(default, bool) else default}`"
    meaning = str(declared.metadata["description"]).replace("|", "\\|")
    return f"| `{declared.name}` | {_words(kind, declared)} | {shown} | {meaning} |\n"


def _words(kind: Any, declared: Field[Any]) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = next(each for each in arguments if each is not type(None))
        return f"{_words(inner, declared)}, or null"
    if declared.metadata["choices"]:
        words = ", ".join(f"`{choice}`" for choice in declared.metadata["choices"])
        return f"list of {words}" if origin is tuple else words
    if is_dataclass(kind):
        return "section"
    if origin is tuple:
        inner = arguments[0]
        return "named sections" if is_dataclass(inner) else f"list of {_plural(inner)}"
    if kind in WORDS:
        return WORDS[kind]
    return "formula, or mapping" if arguments[1] is float else "mapping"


def _plural(kind: Any) -> str:
    if kind in WORDS:
        return f"{WORDS[kind]}s".replace("texts", "text")
    return "lists" if typing.get_origin(kind) is tuple else "formulas, or mappings"


def _inner(kind: Any) -> type | None:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _inner(next(each for each in arguments if each is not type(None)))
    if origin is tuple:
        return _inner(arguments[0])
    return kind if is_dataclass(kind) and isinstance(kind, type) else None
