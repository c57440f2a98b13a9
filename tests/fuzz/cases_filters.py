"""Damaged BIDS filter files."""

from __future__ import annotations

from typing import Any

from tests.fuzz.case import Case, Damage, Outcome, accepted, refused
from tests.fuzz.damage import dangling_link, folder_instead, remove, write

FILE = "../filter.json"


def filters(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    return Case(
        f"filter-{name}",
        "JSON",
        damage,
        apply,
        outcome,
        level="participant",
        arguments=("--bids-filter-file", "{folder}/filter.json"),
        **further,
    )


def content(name: str, damage: str, text: object, outcome: Outcome) -> Case:
    """Make a case of a filter file with some content."""
    return filters(name, damage, write(FILE, text), outcome)


CASES = [
    filters("removed", "not there", remove(FILE), refused(66, "is not there.*filter.json")),
    filters("folder", "a folder of its name", folder_instead(FILE),
            refused(65, "filter.json is a folder")),
    filters("dangling-link", "a link to nothing", dangling_link(FILE),
            refused(66, "filter.json")),
    content("empty", "0 bytes", b"", refused(65, "(not valid JSON|empty).*filter.json")),
    content("invalid", "a brace is missing", '{"bold": {"task": "faces"}',
            refused(65, "(?i)line 1.*not valid JSON.*filter.json")),
    content("list", "a list", [], refused(65, "(JSON object|object of objects).*filter.json")),
    content("text-for-kind", "a text for a kind of file", {"bold": "faces"},
            refused(65, "must be an object of objects")),
    content("utf-16", "UTF-16 with a mark", '{"bold": {}}'.encode("utf-16"), accepted()),
    content("nested", "100000 brackets", "[" * 100_000, refused(65, "not valid JSON")),
    content("unknown-kind", "an unknown kind of file", {"brain": {"task": "faces"}},
            refused(64, "unknown kind of file: `brain`")),
    content("unknown-entity", "an unknown entity", {"bold": {"colour": "red"}},
            refused(64, "unknown entity: `colour`")),
    content("nothing-left", "a value that no file has", {"bold": {"acquisition": "x"}},
            refused(18, "filters leave no run")),
    content("object-for-value", "an object for a value", {"bold": {"task": {"a": 1}}},
            refused(64, "(?i)task")),
    content("nested-list", "a list of lists for a value", {"bold": {"task": [["faces"]]}},
            refused(64, "(?i)task")),
    content("terminal-code", "an escape code in a key", {"bold": {"\x1b[2J": "x"}},
            refused(64, "unknown entity")),
    content("byte-order-mark", "byte order mark", b'\xef\xbb\xbf{"bold": {"task": "faces"}}',
            accepted()),
    content("other-kinds", "filters for files that are not read", {"t1w": {"session": "x"}},
            accepted()),
]  # fmt: skip
