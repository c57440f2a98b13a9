"""The plan in the group report: when it was frozen, what differs now, and what that makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bids_ketamine.reports.plan_keys import (
    IMAGING,
    NETWORK_KEYS,
    OF_NETWORKS,
    SECTION_KEYS,
    SECTION_WORDS,
)
from bids_ketamine.reports.views import Column, TableView
from bids_ketamine.reports.words import ABSENT, counted
from bids_ketamine.study.spec import StudySpec

#: Names of what the plan is about; a change of these changes no result.
NAMES = ("name", "title", "references")

#: Longest value of a setting that the table shows, characters.
LONGEST = 120

#: Paths that a mark names.
MOST_PATHS = 4

PLANNED = "planned"

WORDS = (
    "A section is marked `planned` where nothing that it rests on differs from the plan, and "
    "`exploratory` where something does: its p values and intervals then belong to a choice that "
    "may have been made with results in sight."
)

ARBITRARY = (
    "While arms are blinded, which of them is the reference was drawn at random, and so the sign "
    "and the direction of every comparison of arms are arbitrary; after --unblind the order of the "
    "study's `arms.levels` decides."
)


@dataclass(frozen=True)
class PlanView:
    """The section on the plan.

    Attributes
    ----------
    lead : tuple of str
        Paragraphs that stand first.
    warnings : tuple of str
        Stand out.
    facts : TableView
        Date, fingerprint, version, blinding.
    differences : TableView or None
        What differs; ``None`` where nothing does.
    notes : tuple of str
        Variables that are withheld, and what blinding cannot hide.
    """

    lead: tuple[str, ...]
    warnings: tuple[str, ...]
    facts: TableView
    differences: TableView | None
    notes: tuple[str, ...]


def plan_view(record: Mapping[str, Any]) -> PlanView | None:
    """Return the section on the plan.

    Parameters
    ----------
    record : mapping
        ``group.json``.

    Returns
    -------
    PlanView or None
        ``None`` without a plan.
    """
    plan = _plan(record)
    if plan is None:
        return None
    found = _differences(plan)
    return PlanView(
        lead=(
            _frozen_words(plan),
            _difference_words(found),
            _mark_words(plan),
            *((ARBITRARY,) if record.get("Blinded") is True else ()),
        ),
        warnings=_warnings(plan),
        facts=_facts(record, plan),
        differences=_difference_table(found) if found else None,
        notes=(*_withheld_words(plan), *(str(each) for each in _list(plan.get("Visible")))),
    )


def marks(record: Mapping[str, Any], spec: StudySpec) -> dict[str, str]:
    """Say of each section whether its results were planned.

    Parameters
    ----------
    record : mapping
        ``group.json``.
    spec : StudySpec
        The study: a mixed model of imaging measures rests on what these rest on.

    Returns
    -------
    dict of str to str
        By the section's anchor: ``planned``, or ``exploratory: PATHS differ from the plan``;
        empty without a plan.
    """
    plan = _plan(record)
    if plan is None:
        return {}
    if plan.get("ResultsBefore") == "group":
        reason = "exploratory: the plan was frozen after results of the group level"
        return dict.fromkeys(SECTION_KEYS, reason)
    paths = [_path(each) for each in _differences(plan)]
    with_measures = any(model.measures for model in spec.mixed_models)
    primary = spec.primary_outcomes
    of_models = primary is not None and primary.mixed_model is not None
    more = {
        "mixed": IMAGING if with_measures else (),
        "course": ("mixed_models", *(IMAGING if with_measures else ())) if of_models else (),
    }
    told = {}
    has_networks = spec.networks is not None or spec.volumes is not None
    further = {"networks": NETWORK_KEYS} if has_networks else {}
    for anchor, keys in {**SECTION_KEYS, **further}.items():
        rests_on = (*keys, *more.get(anchor, ()))
        told[anchor] = _mark([path for path in paths if _key(path) in rests_on])
    return told


def plan_sentences(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the methods text says of the plan; nothing without one.

    Parameters
    ----------
    record : mapping
        ``group.json``.
    """
    plan = _plan(record)
    if plan is None:
        return ()
    blinding = _blinding_words(record, plan)
    told = (_frozen_words(plan), _difference_words(_differences(plan)))
    if blinding == ABSENT:
        return told
    return (*told, f"{blinding}.", *_withheld_words(plan))


def _plan(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    plan = record.get("Plan")
    return plan if isinstance(plan, Mapping) else None


def _differences(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in _list(plan.get("Differences")) if isinstance(each, Mapping)]


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _path(difference: Mapping[str, Any]) -> str:
    return str(difference.get("Path", ""))


def _key(path: str) -> str:
    return path.partition(".")[0]


def _mark(paths: Sequence[str]) -> str:
    if not paths:
        return PLANNED
    shown = [f"`{path}`" for path in paths[:MOST_PATHS]]
    more = len(paths) - len(shown)
    if more:
        shown.append(counted(more, "other setting"))
    listing = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"exploratory: {listing} {'differs' if len(paths) == 1 else 'differ'} from the plan"


def _day(moment: Any) -> str:
    """Return a moment of the record as a reader wants to see it.

    >>> _day("2025-03-01T09:05:00Z")
    '1 March 2025, 09:05 UTC'
    """
    try:
        when = datetime.fromisoformat(str(moment))
    except ValueError:
        return str(moment)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def _frozen_words(plan: Mapping[str, Any]) -> str:
    when = {
        "none": "before there were any results",
        "participant": "when measures of the participant level were there already, and no "
        "statistics over participants",
        "group": "when statistics over participants were there already",
    }.get(str(plan.get("ResultsBefore")), "")
    words = f"The study was frozen as a plan on {_day(plan.get('Date'))}"
    return f"{words}, {when}." if when else f"{words}."


def _difference_words(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return "The study that gave these results is the planned one: no setting differs."
    words = (
        "The study that gave these results differs from the plan in "
        f"{counted(len(found), 'setting')}."
    )
    names = [path for path in map(_path, found) if _key(path) in NAMES]
    if not names:
        return words
    if len(found) == 1:
        return f"{words} It is a name or text, and changes no result."
    which = "They" if len(names) == len(found) else f"{len(names)} of them"
    if len(names) == 1:
        return f"{words} One of them is a name or text, and changes no result."
    return f"{words} {which} are names or texts, and change no result."


def _mark_words(plan: Mapping[str, Any]) -> str:
    if plan.get("ResultsBefore") == "group":
        return "Every section is marked exploratory, for results were there before the plan."
    return WORDS


def _warnings(plan: Mapping[str, Any]) -> tuple[str, ...]:
    if plan.get("ResultsBefore") != "group":
        return ()
    return (
        "Statistics over participants were in the output folder before the plan was frozen: "
        "it cannot show that anything was decided before results were seen.",
    )


def _blinding_words(record: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    if plan.get("Unblinded"):
        return f"Arms were blinded until {_day(plan['Unblinded'])}"
    if record.get("Blinded"):
        return "Arms are blinded: their labels are hidden, and their order was drawn at random"
    return ABSENT


def _withheld_words(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the variables that are in no table, by reason."""
    names: dict[str, list[str]] = {}
    for each in _list(plan.get("Withheld")):
        if isinstance(each, Mapping):
            names.setdefault(str(each.get("Reason")), []).append(f"`{each.get('Variable')}`")
    return tuple(
        f"Variables of participants that are {why}: {', '.join(found)}."
        for why, found in names.items()
    )


def _facts(record: Mapping[str, Any], plan: Mapping[str, Any]) -> TableView:
    blinding = _blinding_words(record, plan)
    if blinding == ABSENT:
        blinding = "Nothing was blinded: the plan has no two arms"
    rows = (
        ("Frozen", _day(plan.get("Date"))),
        ("SHA-256 of plan/study.json", str(plan.get("Hash", ABSENT))),
        ("Version that froze it", str(plan.get("SoftwareVersion", ABSENT))),
        ("Version of these results", str(record.get("SoftwareVersion", ABSENT))),
        ("Blinding", blinding),
    )
    return TableView("The plan", (Column("What"), Column("Value", wide=True)), rows)


def _difference_table(found: Sequence[Mapping[str, Any]]) -> TableView:
    dated = any(each.get("AfterUnblinding") is not None for each in found)
    columns = [Column("Setting"), Column("Planned", wide=True), Column("Now", wide=True)]
    columns += [Column("Decided")] if dated else []
    rows = []
    for each in found:
        cells = [_path(each), _value_words(each.get("Planned")), _value_words(each.get("Present"))]
        if dated:
            cells.append(f"{'after' if each.get('AfterUnblinding') else 'before'} unblinding")
        rows.append((*cells, _concerned(_key(_path(each)))))
    return TableView(
        "Differences from the plan",
        (*columns, Column("Concerns", wide=True)),
        tuple(rows),
        note="A dash: there is no such setting. Files that the study names count by their content.",
    )


def _concerned(key: str) -> str:
    """Name the sections that rest on a key of the study."""
    anchors = [anchor for anchor, keys in SECTION_KEYS.items() if key in keys]
    if len(anchors) == len(SECTION_KEYS):
        return "all results"
    words = [SECTION_WORDS.get(each, each) for each in anchors]
    words += ["resting networks"] if key in OF_NETWORKS else []
    return ", ".join(words) or "no result"


def _value_words(value: Any) -> str:
    """Return a setting as a cell.

    >>> _value_words(["placebo", "drug"]), _value_words(True), _value_words("")
    ('placebo, drug', 'true', '–')
    """
    if value is None or value == "" or value == []:
        return ABSENT
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        text = ", ".join(_value_words(each) for each in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
