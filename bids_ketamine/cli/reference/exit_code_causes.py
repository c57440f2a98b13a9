"""Typical causes of each exit code: what is seen, and what helps.

What is seen is quoted from the code; ``…`` stands for what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Cause(NamedTuple):
    """A typical cause.

    Attributes
    ----------
    words : str
        The cause.
    seen : str
        Part of the message, ``…`` for what differs.
    cure : str
        What helps, as Markdown.
    """

    words: str
    seen: str
    cure: str


CAUSES: Mapping[int, tuple[Cause, ...]] = {
    1: (
        Cause(
            "memory ran out, and the system ended a worker",
            "The worker process ended from outside, most often because memory ran out.",
            "more memory, or a lower `--nprocs` or `--mem-mb`",
        ),
        Cause(
            "a series that is dark in part, or masked too tightly",
            "No voxel inside the brain mask exceeds … of the global mean in every volume.",
            "look at the series, or lower `glm.mask_threshold` in the study file",
        ),
        Cause(
            "series that were filtered in time before",
            "The serial correlations of the run could not be estimated: their covariance is not "
            "positive definite.",
            "`noise_model: ar1`",
        ),
        Cause(
            "a page could not be drawn",
            "The report of sub-… was not written: …",
            "the traceback that `logs/sub-P_errors.json` names; results are as they were",
        ),
        Cause("a mistake in the app", "unexpected …: … …", "report it, with `crash-*.txt`"),
    ),
    16: (
        Cause(
            "BIDS_DIR is not the top folder of a dataset",
            "Not a BIDS dataset: …",
            "give the folder that holds `dataset_description.json`",
        ),
        Cause(
            "the derivatives were given first",
            "This folder holds derivatives, not the raw dataset.",
            "the raw dataset as BIDS_DIR, derivatives with `-d`",
        ),
        Cause(
            "an incomplete description",
            "The dataset's description lacks ….",
            "add `Name` and `BIDSVersion`, or `--skip-bids-validation`",
        ),
    ),
    18: (
        Cause(
            "a label that nobody has",
            "There is no participant …; participants: ….",
            "labels as the folders have them",
        ),
        Cause(
            "sessions are called otherwise than the study says",
            "None of the participants has a session of the study: expected …, the dataset has ….",
            "`sessions` of the study file: state each `label`",
        ),
        Cause(
            "filters that fit nothing",
            "The BIDS filters leave no run",
            "the filter file; `--dry-run` without it shows what is there",
        ),
        Cause(
            "reports of somebody who was never computed",
            "The output folder holds nothing of ….",
            "the participant level first",
        ),
    ),
    64: (
        Cause("a flag is misspelt", "`…` is no option of bids_ketamine.", "the hint; `--help`"),
        Cause(
            "labels at the group level",
            "The group level takes all participants, sessions and tasks of the output folder.",
            "`exclusions.file` of the study",
        ),
        Cause(
            "results would land among the data",
            "The output folder is inside the input and not inside its derivatives folder.",
            "a folder of its own, or one in `derivatives/`",
        ),
        Cause(
            "problems of the study file, all told at once",
            "… … in the study file",
            "the lines it names; [study.md](study.md)",
        ),
        Cause(
            "several series of one run",
            "Several series of one run of sub-… differ in `…` (…): ….",
            "`--bids-filter-file`, or `inputs` of the study",
        ),
        Cause(
            "a region in another space than the series",
            "… lies in …, the series in …: these do not lie on each other.",
            "an image in the space of the series; [regions.md](regions.md)",
        ),
    ),
    65: (
        Cause(
            "confounds and series are not of one run",
            "The table has … rows and the series … volumes.",
            "the same version of the preprocessing for both",
        ),
        Cause(
            "a truncated image",
            "The image is truncated or damaged: its voxels cannot be read.",
            "copy or make it again",
        ),
        Cause(
            "events whose conditions stand in another column",
            "There is no column `…`",
            "`tasks.NAME.trial_type_column`; [inputs.md](inputs.md)",
        ),
        Cause(
            "onsets in milliseconds",
            "The onsets reach to … s in a run of … s: they seem to be in milliseconds.",
            "seconds, as BIDS wants them",
        ),
        Cause(
            "the group level with another study than the participant level",
            "The measures were computed with other study settings (hash …) than those of the "
            "study `…` given now (hash …).",
            "the study they were computed with, or the participant level with `--overwrite`",
        ),
        Cause(
            "sessions of different versions of the app",
            "The measures were computed with different … (…).",
            "the participant level on the odd sessions with `--overwrite`",
        ),
        Cause(
            "a plan that was edited",
            "The plan was changed: … does not fit its own checksum.",
            "put `plan/` back as it was",
        ),
    ),
    66: (
        Cause(
            "a folder that is not there, or not mounted in a container",
            "The … is a …, not a folder.",
            "BIDS_DIR, or `-d NAME=PATH`",
        ),
        Cause(
            "series without mask, confounds, events or repetition time; all others were computed",
            "… could not be used, as told above; all others were.",
            "add what is missing and run these sessions again with `--overwrite`",
        ),
        Cause(
            "nothing that the study asks for is there",
            "No session had anything to compute from",
            "`--dry-run`, which names the files that were expected",
        ),
        Cause(
            "volumes of brain structures alone, and no run in the space that the study reads",
            "No session had a run that the study reads",
            "`inputs.space`: `fsLR` reads CIFTI series, a template of volumes the others",
        ),
        Cause(
            "the group level before the participant level",
            "There are no measures in the output folder.",
            "the participant level first",
        ),
        Cause(
            "files that git-annex has not fetched",
            "… is an annex link whose content is not here (get it with datalad get).",
            "`datalad get`",
        ),
        Cause(
            "a template without a network",
            "… needs a file of TemplateFlow that is not here and cannot be fetched.",
            "a network, or `TEMPLATEFLOW_HOME` with the file",
        ),
    ),
    73: (
        Cause(
            "another study, other input or another version than the results that are there",
            "The output holds results that were computed otherwise: ….",
            "another output folder, or `--overwrite`",
        ),
        Cause(
            "`--overwrite` of one task of several",
            "Replacing these results would lose tasks: ….",
            "leave out `--task-id`",
        ),
        Cause(
            "the output folder is another app's",
            "The output folder holds a dataset of ….",
            "a folder of its own",
        ),
        Cause(
            "no permission, or a read-only disk",
            "The … cannot be created: `…` ….",
            "the folder's permissions; `-w` too",
        ),
        Cause(
            "`--plan` with a study that differs from the plan",
            "Another study was frozen as the plan on …; this one differs in ….",
            "leave out `--plan`: the report lists what differs",
        ),
    ),
    74: (
        Cause("the disk is full", "Writing the file failed: ….", "space"),
        Cause(
            "files that may not be read",
            "The … cannot be read: permission denied.",
            "permissions",
        ),
    ),
    130: (
        Cause(
            "Ctrl-C, or a termination by a scheduler or a container engine",
            "interrupted. Sessions that are finished are reused by the same command.",
            "the same command again",
        ),
    ),
}

#: One sentence or two for each code.
WHAT_TO_DO: Mapping[int, str] = {
    0: "",
    1: "Read the errors on the console, in the reports or in `logs/`; run the same command again "
    "when the cause is gone: finished sessions are reused.",
    16: "Give the root folder of the raw dataset as BIDS_DIR.",
    18: "Use labels and filters that the dataset has; `--dry-run` shows what is there.",
    64: "Correct the command line or the study file as the message says.",
    65: "Correct the file that the message names.",
    66: "Supply the file or folder that the message names; `--dry-run` lists what is missing.",
    73: "Choose another output folder, check its permissions, or replace results with "
    "`--overwrite`.",
    74: "Check permissions, the space left, and the disk or network share.",
    130: "Run the same command again.",
}

BEFORE = """\
# Exit codes

Every run ends with one of these numbers, and says on standard error what is wrong, in which file,
what was expected and what to do. A user's mistake never gives a traceback; `-vv` prints one all
the same. In the messages below `…` stands for what differs. [command_line.md](command_line.md)
has the flags.
"""

COMBINED = """\
## Several failures in one run

A failing session leaves the others whole, and reports are written all the same. At the end of the
participant level counts, in this order:

1. A step or a session failed: the code that all their errors share; 1 if they have different
   ones, one of them was unforeseen, or a report failed too.
2. No session had anything to compute from, or any run that the study reads: 66.
3. A series is there and cannot be used, since its mask, confounds, events or repetition time are
   missing: 66, after all others were computed. A session or a task that was not acquired is no
   failure.
4. Else 0.

Before anything is computed the first problem ends the run: command line, study file, folders,
plan, selection, regions, results that are in the way. Problems of the study file, of regions and
of files of models are told together, with the code that they share, else 64.

The group level ends with the code of the error that ended it, and leaves earlier results as they
are. A statistic that cannot be computed says why in its table (`reason`) and is no failure.

`--dry-run` ends as the run itself would, as far as headers and tables tell: at the participant
level with 0 if any method can run in any session, else 66 (18 if nothing is selected).
`--reports-only` ends with 1 if a report failed.

`bids_ketamine-demo` ends with 0, 64, 73 or 74.

Other codes come from outside: 137 means that the system or a container engine killed the whole
app, most often for memory; 126 and 127 that the shell could not start it.
"""

TREE = """\
## Classes of errors

In Python (`bids_ketamine.errors`) each error carries its code as `exit_code`, and `message`,
`path` and `cure`:
"""
