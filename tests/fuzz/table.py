"""The table of damaged inputs and what the app said of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

COLUMNS = ("id", "area", "damage", "code", "told", "result")
LONGEST = 110


def row(*, case_id: str, area: str, damage: str, kind: str, code: int, told: str) -> dict[str, str]:
    """Return a row of the table without its result."""
    return {
        "id": case_id,
        "area": area,
        "damage": damage,
        "kind": kind,
        "code": str(code),
        "told": shortened(told),
    }


def shortened(sentence: str) -> str:
    """Return a sentence on one line, without folders that are the test's own."""
    text = re.sub(r"/\S*/fuzz/[\w.-]+/", "", " ".join(sentence.split()))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def lines(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the table as lines of text, the counts last."""
    order = sorted(rows, key=lambda each: (each["area"], each["kind"] == "accepted", each["id"]))
    head = dict(zip(COLUMNS, COLUMNS, strict=True))
    widths = {name: max(len(each[name]) for each in [head, *order]) for name in COLUMNS}
    text = [
        "  ".join(each[name].ljust(widths[name]) for name in COLUMNS).rstrip()
        for each in [head, *order]
    ]
    accepted = sum(each["kind"] == "accepted" for each in rows)
    passed = Counter(each["result"] for each in rows)["passed"]
    areas = Counter(each["area"] for each in rows)
    listing = ", ".join(f"{area} {number}" for area, number in sorted(areas.items()))
    text.append(
        f"{len(rows)} cases ({listing}): {len(rows) - accepted} damaged inputs and {accepted} "
        f"accepted dialects; {passed} as they should be, {len(rows) - passed} not"
    )
    return text
