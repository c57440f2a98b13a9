"""What the page of output files says beside its tables."""

from __future__ import annotations

INTRODUCTION = """\
# Output files

The output folder is a BIDS derivative dataset. This page names every file that the participant
level, the group level, `--plan`, reports, logs and failures write: its name, when it is written,
what it holds, and what its columns and keys mean. Descriptions of columns are those of the
sidecars.

How to read it:

- In names `P`, `S`, `T`, `N`, `X`, `A`, `C`, `M` stand for the labels of participant, session,
  task, run, space, regions (the study's `regions.atlas`), contrast and model. `*` is
  `sub-P_ses-S`. `ses-S`, `_run-N` and `_space-X` are there only where the input has them; further
  entities of the input (`acq-`, `dir-`, ...) come after the task.
- `+ .json`: a sidecar of the same name describes each column (`Description`, `Units`, `Levels`).
- Tables are tab separated, UTF-8, with a header. `n/a` is a missing cell, `true` and `false` are
  truth values, numbers have ten significant digits. In JSON `null` is missing.
- Every file is written whole or not at all, under a name that begins with a dot until it is
  complete.
- What is missing has a reason: in the column `reason`, in `Missing`, or in `logs/`.

## All files

*Every study* is every study that comes to that level. Studies without images have a group level
alone.
"""

BEFORE_WHOLE = """\
## The folder as a whole
"""

BEFORE_PARTICIPANT = """\
## Participant level

In `sub-P/ses-S/` (`sub-P/` without sessions). A session that is computed again replaces all its
files; its measures table comes last, so that a session without one is not finished.
"""

BEFORE_GROUP = """\
## Group level

In `group/`. A run first takes away `group.json`, and the tables of parts that the study no longer
has; `group.json` comes last. While arms are blinded, tables call them `arm A`, `arm B`, ...
([clinical.md](clinical.md#a-plan-and-blinded-arms)).

### Columns of several tables
"""

BEFORE_ELSEWHERE = """\
## Files elsewhere

Nothing here is a result. What is deleted between runs is made again, templates of TemplateFlow are
fetched again.
"""

#: Where, what, when.
ELSEWHERE = (
    (
        "`WORK/participant_level/`",
        "intermediate files of each session, by Nipype (`WORK`: `-w`, `./work` without)",
        "participant level; those of finished sessions go with `--clean-workdir`",
    ),
    (
        "`WORK/errors/`, `WORK/crashes/`",
        "what a failing step said, and its traceback until it is moved to `logs/`",
        "participant level",
    ),
    (
        "`WORK/nipype/`",
        "configuration that keeps Nipype quiet",
        "participant level, unless `NIPYPE_CONFIG_DIR` is set",
    ),
    (
        "`WORK/reports/`",
        "fingerprints by which a report is not drawn again",
        "participant level",
    ),
    ("folder of `--bids-database-dir`", "pybids' index of the dataset", "with the flag"),
    (
        "user's caches (`XDG_CACHE_HOME`, `~/.cache`), else a private folder among temporary "
        "files, else `WORK/caches/` or `OUTPUT_DIR/.caches-*/`, which goes again",
        "what libraries keep: machine code, fonts, templates",
        "both levels, where the user's own variables name no place",
    ),
    ("system's temporary folder", "`crash-*.txt`", "where it cannot go to `logs/`"),
)
