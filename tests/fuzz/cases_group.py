"""Damaged inputs of the group level: clinical tables, exclusions, results of participants."""

from __future__ import annotations

import shutil

from tests.fuzz.case import Case, Damage, Outcome, Place, accepted, noted, refused
from tests.fuzz.damage import (
    annex_pointer,
    both,
    cell,
    column,
    dangling_link,
    edit,
    edit_text,
    empty,
    folder_instead,
    lines,
    recode,
    remove,
    replace,
    without_column,
    write,
)

PEOPLE = "participants.tsv"
SCORES = "phenotype/madrs.tsv"
EXCLUSIONS = "../exclusions.tsv"
RESULT = "out/sub-01/ses-pre/sub-01_ses-pre_measures.tsv"
SIDECAR = RESULT.replace(".tsv", ".json")


def group(name: str, damage: str, apply: Damage, outcome: Outcome, area: str = "TSV") -> Case:
    return Case(name, area, damage, apply, outcome, level="group")


def people(name: str, damage: str, apply: Damage, outcome: Outcome) -> Case:
    return group(f"participants-{name}", damage, apply, outcome)


def scores(name: str, damage: str, apply: Damage, outcome: Outcome) -> Case:
    return group(f"phenotype-{name}", damage, apply, outcome)


def exclusions(name: str, damage: str, content: str | bytes, outcome: Outcome) -> Case:
    """Make a case of a table of exclusions with some content."""
    apply = both(with_exclusions, write(EXCLUSIONS, content))
    return group(f"exclusions-{name}", damage, apply, outcome)


def result(name: str, damage: str, apply: Damage, outcome: Outcome, area: str = "TSV") -> Case:
    return group(f"measures-{name}", damage, apply, outcome, area)


def with_exclusions(at: Place) -> None:
    """Name the table of exclusions in the study."""
    edit_text("study", lambda text: text + "exclusions: {file: exclusions.tsv}\n")(at)


def wrong(sentence: str, file: str = PEOPLE, code: int = 65) -> Outcome:
    """Expect an error that names the file."""
    return refused(code, rf"(?s)(?i:{sentence}).*{file}|{file}.*(?i:{sentence})")


def wrong_score(sentence: str, code: int = 65) -> Outcome:
    return wrong(sentence, "madrs.tsv", code)


def wrong_row(sentence: str, code: int = 65) -> Outcome:
    return wrong(sentence, "exclusions.tsv", code)


def wrong_result(sentence: str, code: int = 65) -> Outcome:
    return wrong(sentence, "sub-01_ses-pre_measures.(tsv|json)", code)


def without_participant(*labels: str) -> Damage:
    """Take participants' results out of the output."""

    def apply(at: Place) -> None:
        for label in labels:
            shutil.rmtree(at(f"out/sub-{label}"))
            at(f"out/logs/sub-{label}_errors.json").unlink()

    return apply


ARMS = [
    people("removed", "not there", remove(PEOPLE), wrong("not there", code=66)),
    people("empty", "0 bytes", empty(PEOPLE), wrong("is empty")),
    people("header-only", "no rows", lines(PEOPLE, lambda rows: rows[:1]), wrong("no rows")),
    people("folder", "a folder of its name", folder_instead(PEOPLE),
           wrong("is a folder")),
    people("dangling-link", "annex link without content", dangling_link(PEOPLE),
           wrong("annex link whose content is not here", code=66)),
    people("annex-pointer", "pointer of an unlocked annex file", annex_pointer(PEOPLE),
           wrong("annex link whose content is not here", code=66)),
    people("no-participant-id", "no column participant_id",
           without_column(PEOPLE, "participant_id"), wrong("no column `participant_id`")),
    people("no-arm", "no column arm", without_column(PEOPLE, "arm"), wrong("no column `arm`")),
    people("commas", "separated by commas", replace(PEOPLE, "\t", ","), wrong("tabs")),
    people("row-short", "line 4 lacks a cell",
           lines(PEOPLE, lambda r: [*r[:3], r[3].rpartition("\t")[0], *r[4:]]),
           wrong("Line 4 has 2 cells where the header has 3")),
    people("column-twice", "two columns named arm", replace(PEOPLE, "age", "arm"),
           wrong("twice: arm")),
    people("twice", "a participant twice", lines(PEOPLE, lambda rows: [*rows, rows[1]]),
           wrong("more than one row of sub-01")),
    people("twice-without-prefix", "a participant twice, once without sub-",
           lines(PEOPLE, lambda rows: [*rows, "01\tketamine\t30"]),
           wrong("more than one row of sub-01")),
    people("no-label", "a row without a label", cell(PEOPLE, 3, "participant_id", "n/a"),
           wrong("line 3, column `participant_id`")),
    people("latin-1", "Latin-1", recode(PEOPLE, "latin-1", old="age", new="âge"),
           wrong("not UTF-8")),
    people("nul-bytes", "NUL bytes for a row",
           lines(PEOPLE, lambda r: [*r[:2], "\x00" * 30, *r[3:]]), wrong("line 3|NUL")),
    people("binary", "a spreadsheet of its name",
           write(PEOPLE, b"PK\x03\x04" + bytes(range(256)) * 4), wrong("not UTF-8|NUL")),
    people("arms-unknown", "no arm of the study", column(PEOPLE, "arm", "A"),
           wrong("No value of `arm` is an arm of the study.*values: A")),
    people("arms-capital", "arms in capitals", column(PEOPLE, "arm", str.upper),
           wrong("No value of `arm` is an arm.*KETAMINE")),
    people("arms-na", "n/a for all arms", column(PEOPLE, "arm", "n/a"),
           wrong("No value of `arm` is an arm")),
    people("arm-unknown", "one arm nobody knows", cell(PEOPLE, 3, "arm", "placebo"),
           noted("`arm` is `placebo` in participants.tsv, no arm of the study")),
    people("arm-script", "a script for an arm",
           cell(PEOPLE, 3, "arm", "<script>alert(1)</script>"), noted("no arm of the study")),
    people("arm-na", "one arm is n/a", cell(PEOPLE, 3, "arm", "n/a"),
           noted("`arm` is n/a in participants.tsv")),
    people("arm-empty", "everybody in one arm", column(PEOPLE, "arm", "ketamine"),
           noted("fewer than|too few")),
    people("arm-of-one", "one participant in an arm",
           edit_text(PEOPLE, lambda text: text.replace("midazolam", "ketamine", 2)),
           noted("fewer than|too few")),
    people("unlisted", "somebody with measures is not listed",
           lines(PEOPLE, lambda rows: rows[:-1]), wrong("measures of sub-06, not listed")),
    people("unknown", "somebody without measures is listed",
           lines(PEOPLE, lambda rows: [*rows, "sub-99\tketamine\t50"]),
           noted("(?i)no result|no session")),
    people("byte-order-mark", "byte order mark", edit(PEOPLE, lambda d: b"\xef\xbb\xbf" + d),
           accepted()),
    people("crlf", "lines end as on Windows", replace(PEOPLE, "\n", "\r\n"), accepted()),
    people("no-prefix", "labels without sub-", replace(PEOPLE, "sub-", ""), accepted()),
    people("unsorted", "rows in the other order",
           lines(PEOPLE, lambda rows: [rows[0], *reversed(rows[1:])]), accepted()),
    people("padded", "blanks around arms", replace(PEOPLE, "\tketamine", "\t ketamine "),
           accepted()),
]  # fmt: skip

OUTCOMES = [
    scores("removed", "not there", remove(SCORES), wrong_score("not there", 66)),
    scores("empty", "0 bytes", empty(SCORES), wrong_score("is empty")),
    scores("header-only", "no rows", lines(SCORES, lambda rows: rows[:1]),
           wrong_score("no rows")),
    scores("folder", "a folder of its name", folder_instead(SCORES),
           wrong_score("is a folder")),
    scores("dangling-link", "annex link without content", dangling_link(SCORES),
           wrong_score("annex link whose content is not here", 66)),
    scores("no-column", "the score's column has another name",
           replace(SCORES, "madrs_total", "madrs"), wrong_score("no column `madrs_total`")),
    scores("no-participant-id", "no column participant_id",
           without_column(SCORES, "participant_id"), wrong_score("no column `participant_id`")),
    scores("no-session-id", "no column session_id", without_column(SCORES, "session_id"),
           wrong_score("session_id|more than one row")),
    scores("text", "a score in words", cell(SCORES, 4, "madrs_total", "severe"),
           wrong_score("line 4, column `madrs_total`: `severe` is not a number")),
    scores("decimal-comma", "a decimal comma", cell(SCORES, 4, "madrs_total", "22,5"),
           wrong_score("line 4, column `madrs_total`: `22,5`")),
    scores("infinite", "an infinite score", cell(SCORES, 4, "madrs_total", "inf"),
           wrong_score("line 4, column `madrs_total`: `inf`")),
    scores("range", "a range for a score", cell(SCORES, 4, "madrs_total", "20-25"),
           wrong_score("line 4, column `madrs_total`: `20-25`")),
    scores("twice", "a session twice", lines(SCORES, lambda rows: [*rows, rows[1]]),
           wrong_score("more than one row of sub-01 ses-pre")),
    scores("utf-16", "UTF-16 without a mark",
           edit(SCORES, lambda d: d.decode().encode("utf-16-le")), wrong_score("UTF-8|NUL|UTF-16")),
    scores("ragged", "line 5 has a cell more",
           lines(SCORES, lambda r: [*r[:4], r[4] + "\t7", *r[5:]]),
           wrong_score("Line 5 has 4 cells where the header has 3")),
    scores("no-label", "a row without a label", cell(SCORES, 3, "participant_id", ""),
           wrong_score("line 3, column `participant_id`")),
    scores("na", "one score is n/a", cell(SCORES, 3, "madrs_total", "n/a"),
           noted("madrs_total` of .*post is n/a in phenotype/madrs.tsv")),
    scores("all-na", "all scores are n/a", column(SCORES, "madrs_total", "n/a"),
           noted("n/a in phenotype/madrs.tsv")),
    scores("other-sessions", "sessions labelled otherwise",
           column(SCORES, "session_id", lambda c: c.replace("ses-", "visit")),
           wrong_score("session")),
    scores("no-post", "no row of the second session",
           lines(SCORES, lambda rows: [each for each in rows if "ses-post" not in each]),
           noted("no row of sub-01 ses-post|has no row")),
    scores("unlisted", "no row of a participant",
           lines(SCORES, lambda rows: [each for each in rows if "sub-03" not in each]),
           noted("sub-03|no row")),
    scores("unknown", "rows of an unknown participant",
           lines(SCORES, lambda rows: [*rows, "sub-99\tses-pre\t30", "sub-99\tses-post\t10"]),
           noted("sub-99")),
    scores("constant", "everybody improves alike", column(SCORES, "madrs_total", "20"),
           noted("all values equal")),
    scores("byte-order-mark", "byte order mark", edit(SCORES, lambda d: b"\xef\xbb\xbf" + d),
           accepted()),
    scores("crlf", "lines end as on Windows", replace(SCORES, "\n", "\r\n"), accepted()),
    scores("no-prefix", "labels without sub- and ses-",
           both(replace(SCORES, "sub-", ""), replace(SCORES, "ses-", "")), accepted()),
    scores("decimal", "30.0 for 30", column(SCORES, "madrs_total", lambda c: f"{c}.0"),
           accepted()),
]  # fmt: skip

HEAD = "participant_id\tsession_id\ttask\treason\n"
LEFT_OUT = [
    group("exclusions-removed", "the table of the study is not there", with_exclusions,
          wrong_row("not there", 66)),
    group("exclusions-folder", "a folder of its name",
          both(with_exclusions, folder_instead(EXCLUSIONS)), wrong_row("is a folder")),
    exclusions("empty", "0 bytes", "", wrong_row("is empty")),
    exclusions("no-reason", "no column reason", "participant_id\nsub-01\n",
               wrong_row("no column `reason`")),
    exclusions("reason-empty", "a reason is missing", HEAD + "sub-01\tn/a\tn/a\tn/a\n",
               wrong_row("line 2, column `reason`")),
    exclusions("no-label", "a label is missing", HEAD + "n/a\tn/a\tn/a\tmoved\n",
               wrong_row("line 2, column `participant_id`")),
    exclusions("unknown-participant", "somebody unknown", HEAD + "sub-77\tn/a\tn/a\tmoved\n",
               wrong_row("sub-77.*not in the dataset")),
    exclusions("unknown-session", "an unknown session", HEAD + "sub-01\tses-x\tn/a\tmoved\n",
               wrong_row("ses-x.*no session")),
    exclusions("unknown-task", "an unknown task", HEAD + "sub-01\tn/a\tstroop\tmoved\n",
               wrong_row("`stroop`.*study")),
    exclusions("latin-1", "Latin-1", (HEAD + "sub-01\tn/a\tn/a\tbougé\n").encode("latin-1"),
               wrong_row("not UTF-8")),
    exclusions("ragged", "a row lacks cells", HEAD + "sub-01\tmoved\n",
               wrong_row("Line 2 has 2 cells where the header has 4")),
    exclusions("script", "a script for a reason",
               HEAD + "sub-01\tn/a\tn/a\t<script>alert(1)</script>\n", noted("script")),
    exclusions("everybody", "everybody is excluded",
               HEAD + "".join(f"sub-0{n}\tn/a\tn/a\tmoved\n" for n in range(1, 7)),
               noted("moved")),
    exclusions("header-only", "no rows", HEAD, accepted()),
]  # fmt: skip

RESULTS = [
    result("cut", "ends in the middle of a line", edit(RESULT, lambda d: d[: len(d) // 2]),
           wrong_result("cut off|cells|line")),
    result("line-end", "last line end cut off", edit(RESULT, lambda d: d[:-1]),
           wrong_result("cut off")),
    result("empty", "0 bytes", empty(RESULT), wrong_result("empty")),
    result("header-only", "no rows", lines(RESULT, lambda rows: rows[:1]),
           noted("no measure of this task was computed")),
    result("binary", "random bytes", edit(RESULT, lambda d: bytes(range(256)) * 4),
           wrong_result("UTF-8|text|line|column")),
    result("folder", "a folder of its name", folder_instead(RESULT),
           wrong_result("folder|directory", 74)),
    result("dangling-link", "a link to nothing", dangling_link(RESULT),
           wrong_result("not there|annex", 66)),
    result("text", "a value in words", cell(RESULT, 2, "value", "high"),
           wrong_result("Line 2, column `value`: `high`")),
    result("infinite", "an infinite value", cell(RESULT, 2, "value", "inf"),
           noted("missing value without a reason")),
    result("no-value", "no column value", without_column(RESULT, "value"),
           wrong_result("no column `value`")),
    result("twice", "a measure twice", lines(RESULT, lambda rows: [*rows, rows[1]]),
           wrong_result("Line 5 holds a measure that stands on an earlier line")),
    result("other-participant", "measures of somebody else",
           column(RESULT, "participant_id", "sub-02"),
           wrong_result("Line 2, column `participant_id`: `sub-02`")),
    result("other-session", "measures of an unknown session", column(RESULT, "session", "later"),
           wrong_result("Line 2, column `session`: `later`")),
    result("na", "a value is n/a",
           both(cell(RESULT, 2, "value", "n/a"), cell(RESULT, 2, "reason", "lost")),
           noted("lost")),
    result("sidecar-removed", "no sidecar", remove(SIDECAR), wrong_result("not there", 66), "JSON"),
    result("sidecar-empty", "sidecar of 0 bytes", empty(SIDECAR),
           wrong_result("JSON|empty"), "JSON"),
    result("sidecar-invalid", "sidecar is cut", edit(SIDECAR, lambda d: d[: len(d) // 2]),
           wrong_result("Line \\d+ is not JSON"), "JSON"),
    result("sidecar-list", "sidecar is a list", write(SIDECAR, []),
           wrong_result("not a JSON object"), "JSON"),
    result("sidecar-nested", "sidecar of 100000 brackets", write(SIDECAR, "[" * 100_000),
           wrong_result("JSON"), "JSON"),
    result("sidecar-no-hash", "sidecar without fingerprint", replace(SIDECAR, "StudyHash", "Hash"),
           wrong_result("does not say what computed them"), "JSON"),
    result("sidecar-other-study", "computed with another study",
           edit_text(SIDECAR, lambda t: t.replace('"StudyHash": "', '"StudyHash": "0')),
           refused(65, "different study settings.*sub-01"), "JSON"),
    result("sidecar-other-version", "computed with another version",
           edit_text(SIDECAR, lambda t: t.replace('"SoftwareVersion": "', '"SoftwareVersion": "9')),
           refused(65, "different versions of the software.*sub-01"), "JSON"),
    result("sidecar-runs", "runs are texts", edit_text(SIDECAR, lambda t: t.replace(
        '"Runs": [', '"Runs": ["x", ')), accepted(), "JSON"),
    result("all-removed", "no measures at all",
           without_participant("01", "02", "03", "04", "05", "06"),
           refused(66, "no measures in the output folder")),
    result("participant-removed", "no results of a participant", without_participant("02"),
           noted("no result")),
    result("two-participants", "results of two participants alone",
           without_participant("03", "04", "05", "06"), noted("fewer than|too few")),
    result("log-invalid", "the log of a participant is cut",
           write("out/logs/sub-01_errors.json", '{"Errors": ['),
           wrong("Line 1 is not JSON", "sub-01_errors.json"), "JSON"),
    result("log-nested", "the log of a participant has 100000 brackets",
           write("out/logs/sub-01_errors.json", "[" * 100_000),
           wrong("JSON", "sub-01_errors.json"), "JSON"),
]  # fmt: skip

CASES = [*ARMS, *OUTCOMES, *LEFT_OUT, *RESULTS]
