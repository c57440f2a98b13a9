"""Damaged JSON files: sidecars of series and confounds."""

from __future__ import annotations

from typing import Any

from tests.fuzz.case import Case, Damage, Outcome, accepted, missing, noted, refused
from tests.fuzz.damage import (
    annex_pointer,
    dangling_link,
    edit,
    empty,
    folder_instead,
    remove,
    write,
)

SERIES = r"desc-preproc_bold(\.json|\b)"
NOT_JSON = rf"(?s){SERIES}.*not (valid )?JSON|not (valid )?JSON.*{SERIES}"
TIMING = {"RepetitionTime": 2.0, "StartTime": 0.975, "SliceTimingCorrected": True}


def sidecar(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    return Case(f"sidecar-{name}", "JSON", damage, apply, outcome, **further)


def confounds(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    further = {"task": "rest", **further}
    return Case(f"confounds-json-{name}", "JSON", damage, apply, outcome, **further)


def time(name: str, damage: str, text: str, told: str = "") -> Case:
    """Make a case of a repetition time that is none."""
    pattern = told or rf"RepetitionTime .*{SERIES}|{SERIES}.*RepetitionTime"
    content = text if text.startswith("{") else f'{{"RepetitionTime": {text}}}'
    return sidecar(f"repetition-time-{name}", damage, write("bold.json", content), missing(pattern))


STRUCTURE = [
    sidecar("invalid", "a closing brace is missing",
            edit("bold.json", lambda d: d.rstrip()[:-1]), missing(NOT_JSON)),
    sidecar("comma", "a comma too many", write("bold.json", '{"RepetitionTime": 2.0,}'),
            missing(NOT_JSON)),
    sidecar("single-quotes", "Python instead of JSON", write("bold.json", str(TIMING)),
            missing(NOT_JSON)),
    sidecar("comment", "a comment", write("bold.json", '{"RepetitionTime": 2.0} // seconds'),
            missing(NOT_JSON)),
    sidecar("two-objects", "two objects", write("bold.json", '{"RepetitionTime": 2.0}\n{}'),
            missing(NOT_JSON)),
    sidecar("empty", "0 bytes", empty("bold.json"), missing("preproc_bold.json is empty")),
    sidecar("list", "a list", write("bold.json", [TIMING]),
            missing(f"(?i){SERIES}.*(JSON|object)")),
    sidecar("text", "a text", write("bold.json", '"RepetitionTime"'),
            missing(f"(?i){SERIES}.*(JSON|object)")),
    sidecar("nested", "100000 brackets", write("bold.json", "[" * 100_000), missing(NOT_JSON)),
    sidecar("nested-value", "a value of 20000 brackets",
            write("bold.json", f'{{"RepetitionTime": 2.0, "a": {"[" * 20000}{"]" * 20000}}}'),
            missing(NOT_JSON)),
    sidecar("latin-1", "Latin-1",
            write("bold.json", '{"RepetitionTime": 2.0, "Name": "é"}'.encode("latin-1")),
            missing(f"(?i){SERIES}.*(JSON|UTF)")),
    sidecar("nul-bytes", "NUL bytes", write("bold.json", bytes(600)),
            missing(f"{SERIES}.*(zero byte|JSON)")),
    sidecar("annex-pointer", "pointer of an unlocked annex file", annex_pointer("bold.json"),
            missing("annex link whose content is not here")),
    sidecar("dangling-link", "annex link without content", dangling_link("bold.json"),
            missing("annex link whose content is not here")),
    sidecar("long-number", "a number of 5000 digits",
            write("bold.json", f'{{"RepetitionTime": 2.0, "a": {"1" * 5000}}}'),
            missing(NOT_JSON)),
    sidecar("key-twice", "two repetition times",
            write("bold.json", '{"RepetitionTime": 2.0, "RepetitionTime": 3.0}'),
            missing("(?i)RepetitionTime.*(twice|more than once)|(twice|more than once)")),
]  # fmt: skip

TIMES = [
    time("text", "repetition time in words", '"2 s"'),
    time("zero", "repetition time 0", "0"),
    time("negative", "repetition time -2", "-2.0"),
    time("ms", "repetition time in milliseconds", "2000"),
    time("nan", "repetition time NaN", "NaN"),
    time("infinite", "repetition time Infinity", "Infinity"),
    time("huge", "repetition time 1e300", "1e300"),
    time("tiny", "repetition time of a nanosecond", "1e-9"),
    time("null", "repetition time null", "null"),
    time("true", "repetition time true", "true"),
    time("list", "a list of repetition times", "[2.0, 2.0]"),
    time("script", "a script for the repetition time", '"<script>alert(1)</script>"'),
    time("long-text", "a repetition time of 100000 letters", f'"{"x" * 100_000}"'),
    time("terminal-code", "a terminal's escape code", '"\\u001b[2J2.0"'),
    sidecar("start-time-absurd", "start time of a million seconds",
            write("bold.json", TIMING | {"StartTime": 1e6}),
            noted("(?i)StartTime|start time")),
    sidecar("start-time-negative", "start time -5 s",
            write("bold.json", TIMING | {"StartTime": -5.0}),
            noted("(?i)StartTime|start time")),
    sidecar("start-time-text", "start time in words",
            write("bold.json", TIMING | {"StartTime": "middle"}),
            noted("(?i)StartTime|start time")),
    sidecar("start-time-nan", "start time NaN",
            write("bold.json", '{"RepetitionTime": 2.0, "StartTime": NaN}'),
            noted("(?i)StartTime|start time")),
]  # fmt: skip

CONFOUNDS = [
    confounds("invalid", "a closing brace is missing",
              edit("confounds.json", lambda d: d.rstrip()[:-1]),
              refused(65, "not valid JSON.*confounds_timeseries.json")),
    confounds("list", "a list", write("confounds.json", []),
              refused(65, "not a JSON object.*confounds_timeseries.json")),
    confounds("empty", "0 bytes", empty("confounds.json"),
              refused(65, "confounds_timeseries.json is empty")),
    confounds("nested", "100000 brackets", write("confounds.json", "[" * 100_000),
              refused(65, "not valid JSON.*confounds_timeseries.json")),
    confounds("nul-bytes", "NUL bytes", write("confounds.json", bytes(300)),
              refused(65, "zero byte.*confounds_timeseries.json")),
    confounds("dangling-link", "annex link without content", dangling_link("confounds.json"),
              noted("annex link|unknown mask")),
    confounds("annex-pointer", "pointer of an unlocked annex file",
              annex_pointer("confounds.json"),
              refused(66, "annex link whose content is not here")),
    confounds("removed", "not there", remove("confounds.json"),
              noted("CompCor components of unknown mask")),
    confounds("folder", "a folder of its name", folder_instead("confounds.json"),
              noted("is a folder|unknown mask")),
    confounds("mask-number", "masks are numbers",
              write("confounds.json", {f"a_comp_cor_{n:02d}": {"Mask": n} for n in range(4)}),
              noted("CompCor components of unknown mask")),
    confounds("values", "texts instead of objects",
              write("confounds.json", {f"a_comp_cor_{n:02d}": "WM" for n in range(4)}),
              noted("CompCor components of unknown mask")),
]  # fmt: skip

DIALECTS = [
    sidecar("byte-order-mark", "byte order mark",
            edit("bold.json", lambda d: b"\xef\xbb\xbf" + d), accepted()),
    sidecar("utf-16", "UTF-16 with a mark",
            edit("bold.json", lambda d: d.decode().encode("utf-16")), accepted()),
    sidecar("crlf", "lines end as on Windows",
            edit("bold.json", lambda d: d.replace(b"\n", b"\r\n")), accepted()),
    sidecar("inherited", "repetition time in the raw dataset alone",
            write("bold.json", {"StartTime": 0.975, "SliceTimingCorrected": True}), accepted()),
    sidecar("further-keys", "keys of every kind",
            write("bold.json", TIMING | {"": None, "__proto__": {}, "../../etc": [1e999]}),
            accepted()),
    sidecar("mask-invalid", "sidecar of the mask is not JSON",
            write("mask.json", "{"), accepted()),
    confounds("utf-16", "UTF-16 with a mark",
              edit("confounds.json", lambda d: d.decode().encode("utf-16")), accepted()),
    confounds("byte-order-mark", "byte order mark",
              edit("confounds.json", lambda d: b"\xef\xbb\xbf" + d), accepted()),
]  # fmt: skip

CASES = [*STRUCTURE, *TIMES, *CONFOUNDS, *DIALECTS]
