"""Damaged tables of events."""

from __future__ import annotations

from typing import Any

from tests.fuzz.case import Case, Damage, Outcome, accepted, missing, noted, refused
from tests.fuzz.damage import (
    both,
    cell,
    column,
    dangling_link,
    edit,
    empty,
    folder_instead,
    lines,
    recode,
    remove,
    replace,
    without_column,
    write,
)

FILE = "task-faces_events.tsv"


def table(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    return Case(f"events-{name}", "TSV", damage, apply, outcome, **further)


def wrong(sentence: str) -> Outcome:
    """Expect an error about the table."""
    return refused(65, rf"(?s){sentence}.*{FILE}")


def at(line: int, name: str) -> str:
    """Return a pattern of the place of a cell."""
    return rf"(?i)line {line}.*`{name}`"


STRUCTURE = [
    table("removed", "not there", remove("events"), missing(f"expected .*{FILE}")),
    table("empty", "0 bytes", empty("events"), missing(f"{FILE} is empty")),
    table("folder", "a folder of its name", folder_instead("events"), missing("is a folder")),
    table("dangling-link", "annex link without content", dangling_link("events"),
          missing("annex link whose content is not here")),
    table("header-only", "no trials", lines("events", lambda rows: rows[:1]),
          wrong("no trials|no rows")),
    table("no-onset", "no column onset", without_column("events", "onset"),
          wrong("no column `onset`")),
    table("no-duration", "no column duration", without_column("events", "duration"),
          wrong("no column `duration`")),
    table("no-trial-type", "no column trial_type", without_column("events", "trial_type"),
          wrong("trial_type")),
    table("capital-onset", "column named Onset, in seconds?",
          replace("events", "onset\tduration", "START\tSTOP"), wrong("no column `onset`")),
    table("onset-twice", "two columns named onset", replace("events", "duration", "onset"),
          wrong("twice: onset")),
    table("commas", "separated by commas", replace("events", "\t", ","),
          wrong("no column|not separated by tabs")),
    table("spaces", "separated by spaces", replace("events", "\t", "   "),
          wrong("no column|not separated by tabs")),
    table("row-short", "line 4 lacks a cell",
          lines("events", lambda r: [*r[:3], r[3].rpartition("\t")[0], *r[4:]]),
          wrong("Line 4 has 4 cells where the header has 5")),
    table("no-header", "header taken out", lines("events", lambda rows: rows[1:]),
          wrong("(?i)no column|header|twice")),
    table("utf-16-unmarked", "UTF-16 without a mark", recode("events", "utf-16-le"),
          wrong("UTF-8|UTF-16|NUL")),
    table("nul-bytes", "NUL bytes for a row",
          lines("events", lambda r: [*r[:2], "\x00" * 30, *r[3:]]),
          wrong("(?i)line 3|NUL|not text")),
    table("spm-mat", "a MATLAB file of its name",
          write("events", b"MATLAB 5.0 MAT-file" + bytes(range(256)) * 4),
          wrong("not UTF-8|NUL|MATLAB")),
]  # fmt: skip

CELLS = [
    table("onset-text", "an onset that is a word", cell("events", 3, "onset", "soon"),
          wrong(at(3, "onset") + ".*`soon` is not a number")),
    table("onset-infinite", "an onset of inf", cell("events", 3, "onset", "inf"),
          wrong(at(3, "onset") + ".*`inf`")),
    table("onset-decimal-comma", "onset 24,5", cell("events", 3, "onset", "24,5"),
          wrong(at(3, "onset") + ".*`24,5`")),
    table("onset-clock", "onset as a time of day", cell("events", 3, "onset", "00:00:24"),
          wrong(at(3, "onset") + ".*00:00:24")),
    table("onset-script", "a script in a cell",
          cell("events", 3, "onset", "<script>alert(1)</script>"), wrong(at(3, "onset"))),
    table("duration-negative", "duration -8", cell("events", 5, "duration", "-8"),
          wrong(at(5, "duration") + ".*negative")),
    table("duration-text", "a duration that is a word", cell("events", 5, "duration", "long"),
          wrong(at(5, "duration") + ".*`long` is not a number")),
    table("onset-unknown", "n/a in one onset", cell("events", 3, "onset", "n/a"),
          noted("1 (event|trial)s? without an onset")),
    table("onsets-unknown", "n/a in all onsets", column("events", "onset", "n/a"),
          noted("6 (event|trial)s without an onset|no usable onset|no regressor")),
    table("onsets-beyond", "all onsets after the end of the run",
          column("events", "onset", lambda c: str(float(c) + 200)),
          noted("6 (event|trial)s after the end|beyond|no regressor")),
    table("onsets-of-another-clock", "onsets as seconds since midnight",
          column("events", "onset", lambda c: str(float(c) + 36000)),
          wrong("onsets reach to 36096 s in a run of 120 s")),
    table("onset-beyond", "one onset after the end of the run",
          cell("events", 7, "onset", "500"), noted("1 (event|trial)s? after the end")),
    table("milliseconds", "onsets and durations in milliseconds",
          both(column("events", "onset", lambda c: str(float(c) * 1000)),
               column("events", "duration", lambda c: str(float(c) * 1000))),
          wrong("(?i)milliseconds")),
    table("onset-early", "an onset long before the run", cell("events", 2, "onset", "-900"),
          noted("(?i)before the (start|run|first|begin)")),
    table("durations-unknown", "n/a in all durations", column("events", "duration", "n/a"),
          noted("(?i)without a duration|no duration")),
    table("duration-beyond", "a duration of an hour", cell("events", 7, "duration", "3600"),
          noted("(?i)beyond|after the end|end of the run|longer")),
    table("trial-types-unknown", "conditions of another task",
          both(replace("events", "faces", "congruent"), replace("events", "shapes", "other")),
          noted("congruent \\(3\\)|no regressor|no trials")),
    table("condition-missing", "no trials of one condition",
          lines("events", lambda rows: [each for each in rows if "shapes" not in each]),
          noted("no regressor for `shapes`|condition `shapes` has no trials")),
    table("trial-types-na", "n/a in all trial types", column("events", "trial_type", "n/a"),
          noted("n/a|no trials|no regressor")),
    table("same-trials", "both conditions at the same onsets",
          column("events", "onset", "30"), noted("(?i)same|estimable|collinear|duplicate|overlap")),
    table("one-trial", "one trial alone", lines("events", lambda rows: rows[:2]),
          noted("no regressor for `shapes`|condition `shapes` has no trials")),
    table("trial-type-script", "a script as an unknown condition",
          cell("events", 3, "trial_type", "<script>alert(1)</script>"),
          noted("(?s)script.*|in no condition")),
    table("latin-1", "Latin-1 in a trial type",
          recode("events", "latin-1", old="shapes", new="formes carrées"),
          Outcome("refused", 65, f"not UTF-8.*{FILE}")),
]  # fmt: skip

DIALECTS = [
    table("utf-16", "UTF-16 with a mark", recode("events", "utf-16"), accepted()),
    table("response-time-text", "a word in a column that nothing needs",
          cell("events", 5, "response_time", "none"), accepted()),
    table("byte-order-mark", "byte order mark", edit("events", lambda d: b"\xef\xbb\xbf" + d),
          accepted()),
    table("crlf", "lines end as on Windows", replace("events", "\n", "\r\n"), accepted()),
    table("cr", "lines end as on an old Mac", replace("events", "\n", "\r"), accepted()),
    table("unsorted", "trials in the other order",
          lines("events", lambda rows: [rows[0], *reversed(rows[1:])]), accepted()),
    table("padded", "blanks around trial types", replace("events", "\tfaces", "\t faces "),
          accepted()),
    table("columns-moved", "columns in another order",
          lines("events", lambda rows: [
              "\t".join(reversed(each.split("\t"))) for each in rows]), accepted()),
    table("further-column", "a column with unicode and signs",
          lines("events", lambda rows: [
              f"{each}\t{'näme ± $HOME' if n == 0 else '; rm -rf /'}"
              for n, each in enumerate(rows)]), accepted()),
]  # fmt: skip


def with_study(name: str, damage: str, old: str, new: str, apply: Damage, outcome: Outcome) -> Case:
    """Make a case of a table that does not fit a study file in which one thing differs."""
    change = both(replace("study", old, new, count=1), apply)
    return table(name, damage, change, outcome, level="participant")


def modulated(name: str, damage: str, apply: Damage, outcome: Outcome) -> Case:
    return with_study(
        f"modulator-{name}", damage, "faces: {}", "faces: {modulators: [response_time]}",
        apply, outcome,
    )  # fmt: skip


def judged(name: str, damage: str, apply: Damage, outcome: Outcome) -> Case:
    return with_study(
        f"answers-{name}", damage, "    contrasts:",
        "    error_trials: {not_applicable: [shapes]}\n    contrasts:", apply, outcome,
    )  # fmt: skip


FURTHER_COLUMNS = [
    modulated("absent", "no column of the modulator", without_column("events", "response_time"),
              refused(65, f"no column `response_time`.*{FILE}.*conditions.faces.modulators")),
    modulated("text", "a word for a modulator's value",
              cell("events", 4, "response_time", "fast"),
              wrong(at(4, "response_time") + ".*`fast` is not a number")),
    modulated("constant", "a modulator with one value", column("events", "response_time", "0.6"),
              noted("modulator `response_time` of `faces` left out: 0.6 in every trial")),
    modulated("unknown", "n/a in all values of a modulator",
              column("events", "response_time", "n/a"),
              noted("modulator `response_time` of `faces` left out: no trial has a value")),
    modulated("unknown-once", "n/a in one value of a modulator",
              lines("events", lambda rows: [
                  *(each.replace("\t0.6\t", f"\t0.{n}\t") for n, each in enumerate(rows[:-2])),
                  rows[-2].replace("\t0.6\t", "\tn/a\t"), *rows[-1:]]),
              noted("1 of 3 trials of `faces` without `response_time`: taken at the mean")),
    judged("absent", "no column of answers", without_column("events", "accuracy"),
           refused(65, f"no column `accuracy`.*{FILE}.*tasks.faces.error_trials.column")),
    judged("other-words", "answers in words of another study",
           column("events", "accuracy", "hit"),
           noted("no right answer in 3 trials: `accuracy` holds hit \\(3\\), and right ones are")),
    judged("all-wrong", "all answers wrong", column("events", "accuracy", "0"),
           noted("condition `faces` has no trials: all 3 are errors")),
    judged("unknown", "n/a in all answers", column("events", "accuracy", "n/a"),
           noted("no right answer in 3 trials: `accuracy` holds n/a \\(3\\)")),
]  # fmt: skip

CASES = [*STRUCTURE, *CELLS, *DIALECTS, *FURTHER_COLUMNS]
