"""Damaged tables of confounds."""

from __future__ import annotations

import gzip
from typing import Any

from tests.fuzz.case import Case, Damage, Outcome, accepted, missing, noted, refused
from tests.fuzz.damage import (
    annex_pointer,
    both,
    cell,
    column,
    copy,
    dangling_link,
    edit,
    edit_text,
    empty,
    folder_instead,
    lines,
    recode,
    remove,
    rename,
    replace,
    without_column,
    write,
)

FILE = "desc-confounds_timeseries.tsv"


def table(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    further = {"task": "rest", **further}
    return Case(f"confounds-{name}", "TSV", damage, apply, outcome, **further)


def wrong(sentence: str) -> Outcome:
    """Expect an error about the table."""
    return refused(65, rf"(?s){sentence}.*{FILE}")


def at(line: int, name: str) -> str:
    """Return a pattern of the place of a cell."""
    return rf"(?i)line {line}.*`{name}`"


STRUCTURE = [
    table("removed", "not there", remove("confounds"), missing(f"expected .*{FILE}")),
    table("empty", "0 bytes", empty("confounds"), missing(f"{FILE} is empty")),
    table("header-only", "no rows", lines("confounds", lambda rows: rows[:1]),
          wrong("header and no rows")),
    table("blank", "blank lines alone", write("confounds", "\n\n\n"), wrong("(?i)empty|blank|no")),
    table("row-less", "59 rows", lines("confounds", lambda rows: rows[:-1]),
          wrong("59 rows .* 60 volumes")),
    table("row-more", "61 rows", lines("confounds", lambda rows: [*rows, rows[-1]]),
          wrong("61 rows .* 60 volumes")),
    table("cut", "ends in the middle of a line", edit("confounds", lambda d: d[: len(d) * 2 // 3]),
          wrong("Line .* cells|rows and the series|cut")),
    table("row-short", "line 11 lacks a cell",
          lines("confounds", lambda r: [*r[:10], r[10].rpartition("\t")[0], *r[11:]]),
          wrong("Line 11 has 13 cells where the header has 14")),
    table("row-long", "line 11 has a cell more",
          lines("confounds", lambda r: [*r[:10], r[10] + "\t1.5", *r[11:]]),
          wrong("Line 11 has 15 cells where the header has 14")),
    table("no-csf", "column csf taken out", without_column("confounds", "csf"),
          wrong("no column `csf`")),
    table("renamed-csf", "column csf renamed", replace("confounds", "csf\t", "CSF signal\t"),
          wrong("no column `csf`")),
    table("no-rotation", "column rot_z taken out", without_column("confounds", "rot_z"),
          wrong("no column `rot_z`")),
    table("column-twice", "two columns named csf",
          replace("confounds", "white_matter", "csf"), wrong("twice: csf")),
    table("no-header", "header taken out", lines("confounds", lambda rows: rows[1:]),
          wrong("(?i)no column|header|twice")),
    table("commas", "separated by commas", replace("confounds", "\t", ","),
          wrong("no column|not separated by tabs|one column")),
    table("semicolons", "separated by semicolons", replace("confounds", "\t", ";"),
          wrong("no column|not separated by tabs|one column")),
    table("spaces", "separated by spaces", replace("confounds", "\t", "  "),
          wrong("no column|not separated by tabs|one column")),
    table("transposed", "columns written as rows",
          edit_text("confounds", lambda text: "\n".join(
              "\t".join(row) for row in zip(*(r.split("\t") for r in text.split("\n")[:-1]),
                                            strict=True)) + "\n"),
          wrong("(?i)no column|rows and the series|twice|not a number")),
    table("folder", "a folder of its name", folder_instead("confounds"), missing("is a folder")),
    table("dangling-link", "annex link without content", dangling_link("confounds"),
          missing("annex link whose content is not here")),
    table("annex-pointer", "pointer of an unlocked annex file", annex_pointer("confounds"),
          missing("annex link whose content is not here")),
    table("two-tables", "a table for another acquisition beside it",
          both(rename("confounds", "_desc", "_acq-b_desc")),
          missing(f"expected .*{FILE}")),
]  # fmt: skip

ENCODING = [
    table("utf-16-unmarked", "UTF-16 without a mark", recode("confounds", "utf-16-le"),
          wrong("UTF-8|UTF-16|NUL")),
    table("utf-16-cut", "UTF-16, cut within a character",
          both(recode("confounds", "utf-16"), edit("confounds", lambda d: d[:-1])),
          wrong("UTF-8|UTF-16")),
    table("latin-1", "Latin-1 in the header",
          recode("confounds", "latin-1", old="std_dvars", new="std_dvars_é"), wrong("not UTF-8")),
    table("nul-bytes", "NUL bytes in line 5",
          lines("confounds", lambda r: [*r[:4], "\x00" * 20, *r[5:]]),
          wrong("(?i)line 5|NUL|not text")),
    table("compressed", "gzip under a plain name",
          edit("confounds", lambda d: gzip.compress(d, mtime=0)), wrong("not UTF-8|gzip|compress")),
    table("web-page", "an error page saved as the table",
          write("confounds", "<html><script>alert(1)</script>\n<b>403</b>\n</html>\n"),
          wrong("(?i)no column|rows|line")),
    table("json", "its own sidecar saved as the table", write("confounds", {"csf": [1, 2, 3]}),
          wrong("(?i)no rows|no column|line")),
    table("binary", "random bytes", edit("confounds", lambda d: bytes(range(256)) * 40),
          wrong("not UTF-8|NUL")),
]  # fmt: skip

CELLS = [
    table("text", "a word among the numbers", cell("confounds", 8, "csf", "oops"),
          wrong(at(8, "csf") + ".*`oops` is not a number")),
    table("decimal-comma", "0,25 instead of 0.25", cell("confounds", 9, "white_matter", "0,25"),
          wrong(at(9, "white_matter") + ".*`0,25` is not a number")),
    table("decimal-commas", "decimal commas everywhere", replace("confounds", ".", ","),
          wrong("(?i)line [23],.*is not a number")),
    table("infinite", "inf", cell("confounds", 7, "csf", "inf"), wrong(at(7, "csf") + ".*`inf`")),
    table("too-large", "1e999", cell("confounds", 7, "csf", "1e999"),
          wrong(at(7, "csf") + ".*`1e999`")),
    table("underscore", "1_000", cell("confounds", 7, "csf", "1_000"),
          wrong(at(7, "csf") + ".*`1_000`")),
    table("hexadecimal", "0x1F", cell("confounds", 7, "csf", "0x1F"),
          wrong(at(7, "csf") + ".*`0x1F`")),
    table("formula", "a spreadsheet formula", cell("confounds", 7, "csf", "=SUM(A1:A6)"),
          wrong(at(7, "csf") + ".*SUM")),
    table("spreadsheet-error", "#REF!", cell("confounds", 7, "csf", "#REF!"),
          wrong(at(7, "csf") + ".*#REF!")),
    table("script", "a script in a cell",
          cell("confounds", 7, "csf", "<script>alert(1)</script>"), wrong(at(7, "csf"))),
    table("terminal-code", "a terminal's escape code in a cell",
          cell("confounds", 7, "csf", "\x1b[2Jgone"), wrong(at(7, "csf"))),
    table("endless-cell", "a cell of a million characters",
          cell("confounds", 7, "csf", "9" * 1_000_000 + "x"), wrong(at(7, "csf"))),
    table("unknown-column", "n/a in every row of csf", column("confounds", "csf", "n/a"),
          wrong("no value in `csf`")),
    table("constant-column", "0 in every row of csf", column("confounds", "csf", "0"),
          noted("constant confounds left out: csf")),
    table("gap", "n/a in line 31", cell("confounds", 31, "csf", "n/a"),
          noted("1 missing values? of `csf` filled")),
    table("no-displacement", "no framewise displacement",
          without_column("confounds", "framewise_displacement"),
          noted("no column `framewise_displacement`")),
    table("no-compcor", "no CompCor components",
          without_column("confounds", *(f"a_comp_cor_{n:02d}" for n in range(4))),
          noted("no anatomical CompCor components")),
    table("one-compcor", "one CompCor component of white matter",
          without_column("confounds", "a_comp_cor_03"),
          noted("1 of 2 CompCor components in mask WM")),
    table("negative-displacement", "framewise displacement is negative",
          column("confounds", "framewise_displacement", lambda c: f"-{c}" if c != "n/a" else c),
          noted("(?i)displacement.*negative|negative.*displacement")),
    table("degrees-of-freedom", "every volume is an outlier",
          column("confounds", "std_dvars", "9.5"),
          noted("residual degrees of freedom, fewer than")),
]  # fmt: skip

DIALECTS = [
    table("utf-16", "UTF-16 with a mark", recode("confounds", "utf-16"), accepted()),
    table("quoted", "numbers in quotation marks",
          column("confounds", "csf", lambda c: f'"{c}"'), accepted()),
    table("byte-order-mark", "byte order mark", edit("confounds", lambda d: b"\xef\xbb\xbf" + d),
          accepted()),
    table("crlf", "lines end as on Windows", replace("confounds", "\n", "\r\n"), accepted()),
    table("cr", "lines end as on an old Mac", replace("confounds", "\n", "\r"), accepted()),
    table("no-last-line-end", "last line without its end",
          edit("confounds", lambda d: d.rstrip(b"\n")), accepted()),
    table("blank-lines", "blank lines at the end", edit("confounds", lambda d: d + b"\n\n\n"),
          accepted()),
    table("trailing-tabs", "a tab at the end of each row",
          lines("confounds", lambda rows: [rows[0], *(f"{each}\t" for each in rows[1:])]),
          accepted()),
    table("padded", "blanks around cells", replace("confounds", "\t", " \t "), accepted()),
    table("nan", "NaN for n/a", replace("confounds", "n/a", "NaN"), accepted()),
    table("regressors", "named as by fMRIPrep 1.2 to 20.1",
          both(rename("confounds", "_timeseries", "_regressors"),
               rename("confounds.json", "_timeseries", "_regressors")), accepted()),
    table("both-names", "named as by fMRIPrep 20.1 and 20.2, with a copy",
          both(copy("confounds", "_timeseries", "_regressors"),
               copy("confounds.json", "_timeseries", "_regressors")), accepted()),
]  # fmt: skip

CASES = [*STRUCTURE, *ENCODING, *CELLS, *DIALECTS]
