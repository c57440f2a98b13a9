"""Files of the output folder as a whole: description, reports, logs, plan."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.outputs.documented.files import Key, OutputFile

_DESCRIPTION = (
    Key("Name", "bids_ketamine outputs, and the name of the study"),
    Key("BIDSVersion", "Version of BIDS that names follow"),
    Key("DatasetType", "`derivative`"),
    Key("GeneratedBy", "bids_ketamine, its version, and the study"),
    Key("SourceDatasets", "Raw dataset and derivatives, with version and DOI where they say them"),
    Key("DatasetLinks", "Where they are, from the output folder; those nearby only"),
    Key("HowToAcknowledge", "Points to `logs/CITATION.md`"),
)

_ERRORS = (
    Key("Errors", "What failed: steps of sessions, the report"),
    Key("Errors[].Session", "Session in the study; null for the report"),
    Key("Errors[].Step", "Step, such as `faces GLM`; `report`"),
    Key("Errors[].Message", "What is wrong, in which file, and what to do"),
    Key("Errors[].CrashFile", "Traceback, below the output folder; null where there is none"),
    Key("Notices", "What the study asks for and this version does not compute"),
    Key("Sessions", "How each session ended: `computed`, `reused`, `failed` or `missing`"),
    Key("Missing", "Input that is missing or cannot be used"),
    Key("Missing[].Session", "Session in the study"),
    Key("Missing[].What", "The task, or the task and the kind of file"),
    Key("Missing[].Reason", "Why"),
)

_PLAN = (
    Key("Study", "Name of the study"),
    Key("Source", "Preset, or name of the study file"),
    Key("Hash", "SHA-256 of `study.json`"),
    Key("TextHash", "SHA-256 of `study.yml`"),
    Key("Date", "When it was frozen, UTC"),
    Key("SoftwareVersion", "Version of bids_ketamine"),
    Key("ResultsBefore", "Results that were there: `none`, `participant` or `group`"),
    Key("Blinding", "Null for a study without two arms"),
    Key("Blinding.Salt", "Random number that the order of blinded arms follows from"),
    Key("Unblinding", "Null until `--unblind`"),
    Key("Unblinding.Date", "When labels of arms were asked for, UTC", "", "after `--unblind`"),
    Key("Unblinding.Differences", "What differed from the plan then", "", "after `--unblind`"),
    Key("Checksum", "SHA-256 of all of this: a file that was edited is refused"),
)

_FROZEN = "with `--plan`, once; never changed later"
_PLANS = "[clinical.md](clinical.md#a-plan-and-blinded-arms)"

#: By a short name.
WHOLE_FILES: Mapping[str, OutputFile] = {
    "dataset_description": OutputFile(
        name="dataset_description.json",
        when="by the participant level; by the group level and `--plan` where it is not there",
        content="what makes the folder a BIDS derivative dataset; another app's folder is refused",
        always=True,
        keys=_DESCRIPTION,
    ),
    "bidsignore": OutputFile(
        name=".bidsignore",
        when="with `dataset_description.json`",
        content="names that the BIDS validator passes over, since BIDS has no such suffix yet",
        always=True,
    ),
    "participant_report": OutputFile(
        name="{participant}.html",
        when="by the participant level for everybody selected, also after failures; drawn again "
        "where something in it has changed, and with `--reports-only`",
        content="report of a participant: inputs, motion, designs, maps, matrices, circuits, "
        "measures, errors, methods; one file that needs no network",
        always=True,
    ),
    "group_report": OutputFile(
        name="group.html",
        when="by the group level, and with `--reports-only`",
        content="report of the group: flow, table of participants, clinical statistics, measures, "
        "prediction, plan, methods; one file that needs no network",
        always=True,
    ),
    "citation": OutputFile(
        name="logs/CITATION.md",
        when="by both levels, and with `--boilerplate-only`, which prints it too",
        content="methods text of what was run, with references",
        always=True,
    ),
    "errors": OutputFile(
        name="logs/{participant}_errors.json",
        when="by the participant level for everybody selected, also if nothing failed",
        content="how each session ended, what failed and what was missing; folders have names "
        "there (`BIDS_DIR`)",
        always=True,
        keys=_ERRORS,
    ),
    "crash": OutputFile(
        name="logs/crash-{crash}.txt",
        when="when a step fails, or the app itself in a way that was not foreseen",
        content="traceback, without names of user, machine and folders. While the output folder "
        "is not known to be safe, or cannot be written, it goes to the system's temporary folder",
    ),
    "frozen_text": OutputFile(
        name="plan/study.yml", when=_FROZEN, content="the study file as it was given", more=_PLANS
    ),
    "frozen_study": OutputFile(
        name="plan/study.json",
        when=_FROZEN,
        content="the study with every default written, keys as in [study.md](study.md)",
        more=_PLANS,
    ),
    "plan": OutputFile(
        name="plan/plan.json",
        when="with `--plan`; `--unblind` adds its date",
        content="what makes the plan one: fingerprints and dates; until `--unblind` it names no "
        "arm",
        keys=_PLAN,
        more=_PLANS,
    ),
}
