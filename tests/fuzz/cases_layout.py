"""Damaged datasets: descriptions, names and places of files."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.case import Case, Damage, Outcome, accepted, missing, noted, refused
from tests.fuzz.damage import (
    both,
    copy,
    dangling_link,
    edit,
    empty,
    folder_instead,
    link_instead,
    move_to,
    remove,
    rename,
    with_participant,
    write,
)

RAW = "dataset_description.json"
DERIVED = f"derivatives/fmriprep/{RAW}"
EARLIER = "../out/sub-good1/ses-pre/sub-good1_ses-pre_measures"
NAMES = {"Name": "fuzz", "BIDSVersion": "1.9.0"}
GENERATED = {**NAMES, "DatasetType": "derivative"}


def session(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    return Case(f"layout-{name}", "BIDS", damage, apply, outcome, **further)


def dataset(name: str, damage: str, apply: Damage, outcome: Outcome, **further: Any) -> Case:
    further = {"level": "participant", **further}
    return Case(f"dataset-{name}", "BIDS", damage, apply, outcome, **further)


def description(name: str, damage: str, apply: Damage, told: str, **further: Any) -> Case:
    outcome = refused(16, rf"(?s){told}")
    return Case(
        f"description-{name}", "JSON", damage, apply, outcome, level="participant", **further
    )


def unused(told: str) -> Outcome:
    """Expect that a series is not found, and that the file which was expected is named."""
    return missing(rf"expected .*{told}", code=0)


NAMES_OF_FILES = [
    session("other-space", "images in another template alone",
            both(rename("bold", "2009cAsym", "6Asym"), rename("mask", "2009cAsym", "6Asym")),
            unused("there are space-MNI152NLin6Asym")),
    session("no-space", "images without a space",
            both(rename("bold", "_space-MNI152NLin2009cAsym", ""),
                 rename("mask", "_space-MNI152NLin2009cAsym", "")), unused("desc-preproc")),
    session("no-description", "series without desc", rename("bold", "_desc-preproc", ""),
            unused("there are space-MNI152NLin2009cAsym")),
    session("two-resolutions", "res-1 and res-2",
            both(copy("bold", "_desc", "_res-1_desc"), rename("bold", "_desc", "_res-2_desc")),
            missing("several resolutions are there")),
    session("upper-case", "_BOLD in capitals", rename("bold", "_bold", "_BOLD"),
            unused("desc-preproc_bold")),
    session("upper-case-extension", ".NII.GZ", rename("bold", ".nii.gz", ".NII.GZ"),
            unused("desc-preproc_bold")),
    session("unfinished-download", ".nii.gz.part", rename("bold", ".nii.gz", ".nii.gz.part"),
            unused("desc-preproc_bold")),
    session("other-participant", "a file of another participant in the folder",
            rename("bold", "sub-layout", "sub-else"), unused("desc-preproc_bold")),
    session("other-session", "a file of another session in the folder",
            rename("bold", "ses-pre", "ses-post"), unused("desc-preproc_bold")),
    session("no-task", "series without a task", rename("bold", "_task-faces", ""),
            unused("desc-preproc_bold")),
    session("other-task", "series of another task", rename("bold", "task-faces", "task-face"),
            unused("desc-preproc_bold")),
    session("mask-of-other-space", "mask of another template alone",
            rename("mask", "2009cAsym", "6Asym"), missing("mask: expected .*brain_mask")),
    session("events-of-other-run", "events of run 2 alone",
            rename("events", "_events", "_run-2_events"), missing("events: expected")),
    session("preferred-empty", "the denoised series, which is preferred, has 0 bytes",
            both(copy("bold", "preproc", "smoothAROMAnonaggr"),
                 empty("aroma")), missing("smoothAROMAnonaggr_bold.nii.gz is empty")),
    session("no-func", "no func folder", remove("func"), unused("desc-preproc_bold")),
    session("no-session", "no such session", both(remove("raw session"), remove("session")),
            missing("has no ses-pre", code=0)),
    session("other-label", "session labelled ses-1",
            both(move_to("session", "ses-1"), remove("raw session")),
            missing("has no ses-pre; it has ses-1", code=0)),
    session("no-raw", "nothing in the raw dataset", remove("raw participant"),
            missing("events: expected")),
    session("no-derivatives", "nothing in the derivatives", remove("participant"),
            unused("desc-preproc_bold")),
    session("flat", "files beside func", move_to("func", "../fMRI"),
            unused("desc-preproc_bold")),
    session("session-is-a-file", "a file of the session's name",
            both(remove("session"), write("session", "x"), remove("raw session")),
            missing("has no ses-pre", code=0)),
]  # fmt: skip

JUNK = [
    session("junk", ".DS_Store, Thumbs.db, a copy and a lock file",
            both(write("func/.DS_Store", b"\x00\x00\x00\x01Bud1"), write("func/Thumbs.db", "x"),
                 write("func/bold (1).nii.gz", "x"), write("raw func/~lock.tsv#", "x")),
            accepted()),
    session("apple-double", "._ companions of each file",
            both(copy("bold", "sub-", "._sub-"), copy("events", "sub-", "._sub-"),
                 copy("bold.json", "sub-", "._sub-")), accepted()),
    session("cifti-beside", "CIFTI beside the volumes",
            both(write("func/x_space-fsLR_den-91k_bold.dtseries.nii", b"x" * 600)), accepted()),
    session("loop", "a link to the folder itself",
            link_instead("func/loop", "."), accepted()),
]  # fmt: skip

DESCRIPTIONS = [
    description("removed", "not there", remove(RAW), "dataset_description.json is not there"),
    description("empty", "0 bytes", empty(RAW), "dataset_description.json is empty"),
    description("invalid", "a closing brace is missing",
                edit(RAW, lambda d: d.rstrip()[:-1]), "not valid JSON"),
    description("list", "a list", write(RAW, [NAMES]), "not a JSON object"),
    description("number", "a number", write(RAW, "17"), "not a JSON object"),
    description("no-name", "no Name", write(RAW, {"BIDSVersion": "1.9.0"}), "lacks Name"),
    description("no-version", "no BIDSVersion", write(RAW, {"Name": "x"}), "lacks BIDSVersion"),
    description("of-derivatives", "DatasetType derivative",
                write(RAW, {**NAMES, "DatasetType": "derivative"}), "holds derivatives"),
    description("nested", "100000 brackets", write(RAW, "[" * 100_000), "not valid JSON"),
    description("latin-1", "Latin-1", write(RAW, json.dumps({**NAMES, "Name": "\xe9tude"},
                ensure_ascii=False).encode("latin-1")), "dataset_description.json|not.*UTF-8"),
    description("folder", "a folder of its name", folder_instead(RAW), "is a folder"),
    description("dangling-link", "annex link without content", dangling_link(RAW),
                "annex link whose content is not here"),
    description("web-page", "an error page", write(RAW, "<html>404</html>"), "not valid JSON"),
    description("derived-empty", "0 bytes in the derivatives", empty(DERIVED),
                "dataset_description.json is empty"),
    description("derived-invalid", "not JSON in the derivatives", write(DERIVED, "{Name: x}"),
                "not valid JSON"),
    description("derived-list", "a list in the derivatives", write(DERIVED, []),
                "not a JSON object"),
    description("derived-nested", "100000 brackets in the derivatives",
                write(DERIVED, "[" * 100_000), "not valid JSON"),
    Case("description-derived-removed", "JSON", "none in the derivatives", remove(DERIVED),
         noted("have no dataset_description.json", same=True), level="participant"),
    description("generated-by-number", "GeneratedBy is a list of numbers",
                write(DERIVED, {**GENERATED, "GeneratedBy": [1, 2]}), "GeneratedBy"),
]  # fmt: skip

GENERATORS = [
    Case(f"description-generated-by-{name}", "JSON", damage, write(DERIVED, content), accepted(),
         level="participant")
    for name, damage, content in (
        ("missing", "derivatives of unknown origin", GENERATED),
        ("text", "GeneratedBy is a text", {**GENERATED, "GeneratedBy": "fMRIPrep"}),
        ("odd-version", "the version is no version",
         {**GENERATED, "GeneratedBy": [{"Name": "fMRIPrep", "Version": ["x", None]}]}),
    )
]  # fmt: skip

ODD_LABELS = [
    dataset(f"label-{name}", f"a participant {shown}", with_participant(label), outcome)
    for name, shown, label, outcome in (
        ("blank", "`sub-a b`", "a b", noted("(?i)sub-a b|letters and digits")),
        ("umlaut", "`sub-ü`", "ü", noted("(?i)sub-ü|letters and digits")),
        ("shell", "`sub-a;touch x`", "a;touch x", noted("(?i)sub-a;|letters and digits")),
        ("script", "`sub-<script>`", "<script>alert(1)", noted("(?i)script|letters and digits")),
        ("dots", "`sub-..`", "..", noted(r"(?i)sub-\.\.|letters and digits")),
        ("underscore", "`sub-01_x`", "01_x", noted("(?i)sub-01_x|letters and digits")),
        ("line-end", "with a line end in its label", "a\nb", noted("(?i)letters and digits")),
        ("nothing", "`sub-`", "", noted("(?i)sub-|letters and digits")),
        ("terminal-code", "with an escape code in its label", "a\x1b[2J",
         noted("(?i)letters and digits")),
    )
]  # fmt: skip

DATASETS = [
    dataset("removed", "the folder is not there", remove("."), refused(66, "does not exist")),
    dataset("file", "a file of its name", both(remove("."), write(".", "x")),
            refused(66, "is a file, not a folder")),
    dataset("no-derivatives", "no derivatives", remove("derivatives"),
            refused(66, "`fmriprep` does not exist")),
    dataset("derivatives-file", "derivatives are a file",
            both(remove("derivatives/fmriprep"), write("derivatives/fmriprep", "x")),
            refused(66, "is a file, not a folder")),
    dataset("no-participants", "no participant's folder",
            both(remove("sub-good1"), remove("derivatives/fmriprep/sub-good1")),
            refused(18, "no participants: no folder starts with `sub-`")),
    dataset("participant-is-a-file", "a file named as a participant",
            write("sub-file", "x"), accepted()),
    dataset("empty-participant", "a participant's empty folder",
            write("sub-empty/.keep", ""), noted("sub-empty|has no ses-pre")),
    dataset("format-twice", "series as .nii and as .nii.gz",
            copy("bold", ".nii.gz", ".nii"), refused(64, "Several files are there for one run")),
    dataset("run-twice", "run-1 and run-01",
            both(copy("bold", "_space", "_run-1_space"), rename("bold", "_space", "_run-01_space")),
            refused(64, "Several .* one run")),
    dataset("two-echoes", "series that differ in an entity nobody chose",
            both(copy("bold", "_space", "_acq-a_space"), rename("bold", "_space", "_acq-b_space")),
            refused(64, "differ in `acq`")),
    dataset("sessions-otherwise", "all sessions labelled otherwise",
            both(move_to("session", "ses-1"), move_to("raw session", "ses-1")),
            refused(18, "expected ses-p.*, ses-p.*, the dataset has ses-1")),
    dataset("all-missing", "no series of the only participant", remove("bold"),
            Outcome("refused", 66, "No session had anything to compute from")),
    dataset("unknown-participant", "a label nobody has", both(), refused(18, "no participant `x`"),
            arguments=("--participant-label", "x")),
    dataset("unknown-session", "a session nobody has", both(), refused(18, "no session `x`"),
            arguments=("--session-label", "x")),
    dataset("unknown-task", "a task the study does not have", both(),
            refused(18, "(?i)task.*`?x`?"), arguments=("--task-id", "x")),
    dataset("database", "the pybids database is text",
            write("../db/layout_index.sqlite", "not a database\n" * 100),
            refused(64, "not a pybids database"), arguments=("--bids-database-dir", "{folder}/db")),
    dataset("database-cut", "the pybids database ends early",
            write("../db/layout_index.sqlite", b"SQLite format 3\x00" + bytes(200)),
            refused(64, "not a pybids database"), arguments=("--bids-database-dir", "{folder}/db")),
    dataset("output-is-a-file", "a file in place of the output", write("../out", "x"),
            refused(73, "The output is a file, not a folder")),
    dataset("output-of-another", "another app's results in the output",
            write("../out/dataset_description.json",
                  {**NAMES, "GeneratedBy": [{"Name": "fMRIPrep"}]}),
            refused(73, "holds a dataset of fMRIPrep")),
    dataset("output-unknown", "an output whose description is damaged",
            write("../out/dataset_description.json", "{"),
            refused(73, "holds a dataset of unknown origin")),
    dataset("output-nested", "an output whose description has 100000 brackets",
            write("../out/dataset_description.json", "[" * 100_000),
            refused(73, "holds a dataset of unknown origin")),
    dataset("log-nested", "the log of an earlier run has 100000 brackets",
            write("../out/logs/sub-good1_errors.json", "[" * 100_000), accepted()),
    dataset("results-nested", "an earlier result whose sidecar has 100000 brackets",
            both(write(f"{EARLIER}.tsv", "x"), write(f"{EARLIER}.json", "[" * 100_000)),
            refused(73, "results that were computed otherwise: sub-good1_ses-pre")),
    dataset("results-invalid", "an earlier result whose sidecar is cut",
            both(write(f"{EARLIER}.tsv", "x"), write(f"{EARLIER}.json", "{")),
            refused(73, "results that were computed otherwise: sub-good1_ses-pre")),
    dataset("work-is-a-file", "a file in place of the work folder", write("../work", "x"),
            refused(73, "work directory cannot be written to")),
]  # fmt: skip

CASES = [*NAMES_OF_FILES, *JUNK, *DESCRIPTIONS, *GENERATORS, *ODD_LABELS, *DATASETS]
