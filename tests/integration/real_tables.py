"""Every real table, sidecar and image of the shared folders: what is odd, and what becomes of it.

``python -m tests.integration.real_tables`` prints the table that docs/inputs.md carries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from bids_ketamine.dataset.tables import (
    read_confounds,
    read_events,
    read_json,
    read_participants,
    read_phenotype,
    read_timeseries,
)
from bids_ketamine.dataset.tsv import read_table, require_content

#: What is a table, a sidecar or an image; other files (texts, pages, transforms) are never read.
SUFFIXES = (".tsv", ".csv", ".json", ".nii.gz")


@dataclass(frozen=True)
class Real:
    """Files of a folder that have one outcome.

    Attributes
    ----------
    folder : str
        In the shared data.
    files : str
        Pattern below it.
    count : int
        Files that fit.
    kind : str
        How they are read, a key of :data:`READERS`.
    odd : str
        What is unusual.
    result : str
        What becomes of them, for the documentation.
    value : object
        What the reader gives; ``None`` for a refusal.
    values : mapping of str to object
        The same for single files, by a part of their path.
    refused : str
        The sentence, empty for accepted.
    """

    folder: str
    files: str
    count: int
    kind: str
    odd: str
    result: str = ""
    value: object = None
    values: Mapping[str, object] = field(default_factory=dict)
    refused: str = ""

    def expected(self, path: Path) -> object:
        """Return what is known of one of the files."""
        known = (value for part, value in self.values.items() if part in path.as_posix())
        return next(known, self.value)


def _events(column: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        events = read_events(path, required={column: "tasks.faces.trial_type_column"})
        return events[column].value_counts().to_dict()

    return read


def _confounds(path: Path) -> object:
    table = read_confounds(path)
    motion = table["framewise_displacement"].to_numpy()
    assert np.isnan(motion[0])
    return (*table.shape, round(float(motion[1]), 6))


def _series(path: Path) -> object:
    table = read_timeseries(path)
    return (*table.shape, round(float(table.iloc[0, 1]), 4))


def _participants(path: Path) -> object:
    table = read_participants(path)
    return (*table.shape, table.iloc[0, 1])


def _phenotype(path: Path) -> object:
    table = read_phenotype(path.parents[1], path.stem)
    return (*table.shape, int(table["MADRS_Total"].isna().sum()))


def _keyed(path: Path) -> object:
    return read_table(path).position("participant_id")


def _labels(path: Path) -> object:
    table = read_table(path)
    return len(table.rows), table.rows[1]


def _image(path: Path) -> object:
    require_content(path)
    return nib.load(path).shape


def _sidecar(key: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        return read_json(path).get(key)

    return read


def _size(path: Path) -> object:
    return len(read_json(path))


def _compcor(path: Path) -> object:
    """Count components by mask; an older or newer dialect has other keys."""
    masks = [
        about.get("Mask")
        for name, about in read_json(path).items()
        if "_comp_cor" in name and isinstance(about, dict)
    ]
    return {mask: masks.count(mask) for mask in ("CSF", "WM", "combined")}


READERS: Mapping[str, Callable[[Path], Any]] = {
    "events": _events("trial_type"),
    "events by stim_emotion": _events("stim_emotion"),
    "events by condition": _events("condition"),
    "confounds": _confounds,
    "series": _series,
    "participants": _participants,
    "phenotype": _phenotype,
    "keyed": _keyed,
    "labels": _labels,
    "image": _image,
    "components": _compcor,
    "sidecar": _size,
    "RepetitionTime": _sidecar("RepetitionTime"),
    "TaskName": _sidecar("TaskName"),
    "Name": _sidecar("Name"),
}

_FACES = {"angry": 2, "blank": 2, "end": 1, "happy": 2, "neutral": 2, "sad": 2, "scrambled": 2}
_SIX = {"angry": 3, "fearful": 3}
_BIDS = "bids-examples/ds000001-fmriprep"
_AOMIC = "derivatives/fmriprep/sub-*/func/*"
_EMPTY = "{name} is empty (0 bytes)."

REAL: tuple[Real, ...] = (
    # Events
    Real(
        "events-dialects/ds003548", "task-*_events.tsv", 5, "events",
        "at the root of the dataset alone, one per run; integers; `blank` and `end` rows",
        "2 blocks of each of six conditions; rows in no condition are recorded", _FACES,
    ),
    Real(
        "events-dialects/ds000144", "sub-*/func/*_events.tsv", 33, "events by stim_emotion",
        "conditions in `stim_emotion`, no `trial_type`; two of the task's conditions alone; runs "
        "of different length",
        "with `trial_type_column: stim_emotion`: 3 angry and 3 fearful blocks, one fewer in four "
        "runs", _SIX,
        {"sub-01_task-emotionalfaces_run-01": {"angry": 2, "fearful": 2},
         "sub-05_task-emotionalfaces_run-02": {"angry": 3, "fearful": 2},
         "sub-17_task-emotionalfaces_run-01": {"angry": 3, "fearful": 2},
         "sub-21_task-emotionalfaces_run-01": {"angry": 2, "fearful": 3}},
    ),
    Real(
        "events-dialects/ds000144", "sub-*/func/*_events.tsv", 33, "events",
        "the same without that key",
        refused="There is no column `trial_type`. Its columns: onset, duration, stim_emotion. "
        "Columns that look like conditions: `stim_emotion` (angry, fearful). Name the one to use "
        "with `tasks.faces.trial_type_column` in the study file.",
    ),
    Real(
        "events-dialects/ds000164", "sub-*/func/*_events.tsv", 3, "events by condition",
        "conditions in `condition`; `correct` is Y or N; a response time of 0 is a miss",
        "with `trial_type_column: condition`: about 40 trials of each condition",
        None,
        {"sub-001": {"congruent": 42, "incongruent": 36, "neutral": 42},
         "sub-002": {"congruent": 41, "incongruent": 36, "neutral": 42},
         "sub-003": {"congruent": 42, "incongruent": 35, "neutral": 42}},
    ),
    Real(
        "events-dialects/ds000164", "sub-*/func/*_events.tsv", 3, "events",
        "the same without that key",
        refused="There is no column `trial_type`. Its columns: onset, duration, correct, "
        "condition, response_time. Columns that look like conditions: `condition` (congruent, "
        "incongruent, neutral); `correct` (N, Y). Name the one to use with "
        "`tasks.faces.trial_type_column` in the study file.",
    ),
    Real(
        "aomic-piop2", "sub-*/func/*_events.tsv", 110, "events",
        "one row a trial of a blocked task; durations are response times; `n/a` where a trial was "
        "missed",
        "24 trials of either condition; 4 blocks of each with `blocks: true`",
        {"control": 24, "emotion": 24},
    ),
    # Participants and phenotype
    Real(
        "events-dialects/ds003548", "participants.tsv", 1, "participants",
        "one row for 16 participants; all scores n/a",
        "1 participant; the others have no row, which is recorded", (1, 3, np.nan),
    ),
    Real(
        "events-dialects/ds000144", "participants.tsv", 1, "participants",
        "Windows line ends", "45 participants", (45, 26, "0"),
    ),
    Real(
        "depression-ds003007", "participants.tsv", 1, "participants",
        "Windows line ends; scores of both sessions in wide columns (`BDI_ses-pre`); n/a cells",
        "29 participants; scores by `columns: {pre: BDI_ses-pre, post: BDI_ses-post}`",
        (29, 30, "44"),
    ),
    Real(
        "aomic-piop2", "participants.tsv", 1, "participants",
        "nothing", "113 participants", (113, 12, "25.5"),
    ),
    Real(
        "aomic-piop2", "derivatives/fs_stats/*.tsv", 1, "keyed",
        "participants in `Measure:volume`", refused="There is no column `participant_id`.",
    ),
    Real(
        "ketamine-moa-ds005917", "participants.tsv", 1, "participants",
        "the order of sessions stands in `infusion_1` and `infusion_2`",
        "58 participants; sessions by `column` and `labels`", (58, 7, "29"),
    ),
    Real(
        "ketamine-moa-ds005917", "phenotype/*.tsv", 1, "phenotype",
        "one row a session; 10 scores missing",
        "236 rows; missing scores are recorded by participant", (236, 5, 10),
    ),
    Real(
        "pumi-rest", "participants.tsv", 1, "participants",
        "one participant", "1 participant", (1, 3, "f"),
    ),
    # Confounds and series
    Real(
        "fmriprep-confounds-versions", "nilearn/*desc-confounds_*.tsv", 3, "confounds",
        "fMRIPrep 1.4 to 20.1 (`regressors`) and 21 (`timeseries`); n/a in first rows",
        "30 volumes, 84 to 189 columns", None,
        {"no_nonsteady": (30, 188, 0.204795), "test_desc": (30, 189, 0.204795),
         "test-v21": (30, 84, 3.25948)},
    ),
    Real(
        "fmriprep-confounds-versions", "nilearn/*ICA_mixing.tsv", 1, "series",
        "components of tedana, not AROMA", "30 volumes, 70 columns of numbers",
        (30, 70, 0.3776),
    ),
    Real(
        "fmriprep-confounds-versions", "nilearn/*tedana_metrics.tsv", 1, "confounds",
        "text in some columns", refused="Line 2, column `Component`: `ICA_00` is not a number; "
        "line 3, column `Component`: `ICA_01` is not a number; line 4, column `Component`: "
        "`ICA_02` is not a number; line 5, column `Component`: `ICA_03` is not a number; line 6, "
        "column `Component`: `ICA_04` is not a number; and 205 more.",
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/func/*.tsv", 6, "confounds",
        "no bytes: names of fMRIPrep 20.2 alone", refused=_EMPTY,
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/func/*.csv", 3, "labels",
        "no bytes", refused=_EMPTY,
    ),
    Real(
        "aomic-piop2", f"{_AOMIC}_desc-confounds_regressors.tsv", 8, "confounds",
        "fMRIPrep 1.4; more than 100 columns; n/a in first rows",
        "135 volumes of the task, 240 of rest", None,
        {"sub-0002_task-emo": (135, 123, 0.05401), "sub-0002_task-rest": (240, 168, 0.042645),
         "sub-0030_task-emo": (135, 141, 0.018137), "sub-0030_task-rest": (240, 188, 0.034158),
         "sub-0036_task-emo": (135, 136, 0.125243), "sub-0036_task-rest": (240, 185, 0.1038),
         "sub-0052_task-emo": (135, 110, 2.39768), "sub-0052_task-rest": (240, 183, 0.083679)},
    ),
    Real(
        "nitime-fmri", "fmri_timeseries.csv", 1, "series",
        "separated by commas; names in quotation marks",
        refused="There is one column, and its cells are no numbers. Its cells are not separated by "
        "tabs but by commas, it seems: save it as tab-separated text.",
    ),
    Real(
        "events-dialects/fitlins-design-matrix-ds000144", "*.tsv", 1, "series",
        "a design matrix of FitLins", "168 volumes, 31 columns", (168, 31, -0.0),
    ),
    # Labels
    Real(
        "aomic-piop2", "derivatives/fmriprep/desc-*_dseg.tsv", 2, "labels",
        "names in quotation marks", "1374 labels", None,
        {"dseg": (1374, ("1", "Left-Cerebral-Exterior", "#4682b4"))},
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "desc-aseg_dseg.tsv", 1, "labels",
        "names in quotation marks", "1374 labels",
        (1374, ("1", "Left-Cerebral-Exterior", "#4682b4")),
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/desc-*_dseg.tsv", 2, "labels",
        "cut short", "10 labels", (10, ("1", "Left-Cerebral-Exterior", "#4682b4")),
    ),
    Real(
        "ds003-sub01-tiny", "fsl_mcflirt_movpar.txt", 1, "series",
        "FSL's motion parameters: no header, separated by spaces",
        refused="There is one column, and its cells are no numbers. Its cells are not separated by "
        "tabs but by spaces, it seems: save it as tab-separated text.",
    ),
    # Sidecars
    Real(
        "events-dialects", "*/dataset_description.json", 3, "Name",
        "misspelt keys; a key with a zero-width character",
        "Name and BIDSVersion are there", None,
        {"ds000144": "Preschool Anxiety Disorders", "ds000164": "Stroop Task",
         "ds003548": "Emotion Category and Face Perception Task Optimized for Multivariate "
         "Pattern Analysis"},
    ),
    Real(
        "events-dialects", "*/task-*_bold.json", 4, "RepetitionTime",
        "task names with spaces; those of ds003548 state no repetition time",
        "2 s, 1.5 s, and for ds003548 that of the run's own sidecar", None,
        {"ds000144": 2, "ds000164": 1.5},
    ),
    Real(
        "events-dialects", "ds003548/sub-01/func/*_bold.json", 1, "RepetitionTime",
        "of one run alone", "2 s; other runs state none and are left out, recorded", 2,
    ),
    Real(
        "events-dialects", "*/participants.json", 2, "sidecar", "misspelt keys", "not needed", None,
        {"ds000144": 24, "ds003548": 2},
    ),
    Real(
        "events-dialects", "*/T1w.json", 2, "sidecar", "nothing", "not needed", None,
        {"ds000144": 5, "ds000164": 4},
    ),
    Real(
        "events-dialects", "ds000164/*_events.json", 1, "sidecar",
        "levels `y` and `n` where the tables say Y and N", "not needed", 2,
    ),
    Real(
        "events-dialects", "fitlins-*/*.json", 1, "sidecar", "a BIDS Stats Model", "not needed", 4,
    ),
    Real(
        "depression-ds003007", "*.json", 3, "sidecar", "letters beyond ASCII",
        "repetition time 2.5 s", None,
        {"dataset_description": 9, "participants": 30, "task-rest_bold": 5},
    ),
    Real(
        "aomic-piop2", "*.json", 5, "sidecar", "nothing", "merged with those of each run", None,
        {"dataset_description": 9, "participants": 12, "emomatching_acq-seq_bold": 3,
         "emomatching_acq-seq_events": 9, "restingstate": 3},
    ),
    Real(
        "aomic-piop2", "sub-*/func/*_bold.json", 8, "RepetitionTime", "nothing", "2 s", 2,
    ),
    Real(
        "aomic-piop2", "sub-*/anat/*.json", 4, "sidecar", "nothing", "not needed", 18,
    ),
    Real(
        "aomic-piop2", "derivatives/fmriprep/dataset_description.json", 1, "Name",
        "`PipelineDescription` instead of `GeneratedBy`; version `0+unknown`",
        "taken as fMRIPrep", "fMRIPrep - fMRI PREProcessing workflow",
    ),
    Real(
        "aomic-piop2", f"{_AOMIC}_desc-confounds_regressors.json", 8, "components",
        "hundreds of components in three numberings", "the first five of each mask, by number",
        None,
        {"sub-0002_task-emo": {"CSF": 5, "WM": 35, "combined": 35},
         "sub-0002_task-rest": {"CSF": 8, "WM": 54, "combined": 54},
         "sub-0030_task-emo": {"CSF": 15, "WM": 38, "combined": 38},
         "sub-0030_task-rest": {"CSF": 18, "WM": 57, "combined": 58},
         "sub-0036_task-emo": {"CSF": 10, "WM": 35, "combined": 35},
         "sub-0036_task-rest": {"CSF": 13, "WM": 53, "combined": 53},
         "sub-0052_task-emo": {"CSF": 5, "WM": 11, "combined": 11},
         "sub-0052_task-rest": {"CSF": 5, "WM": 58, "combined": 59}},
    ),
    Real(
        "aomic-piop2", f"{_AOMIC}_desc-preproc_bold.json", 16, "RepetitionTime",
        "no word on slice timing", "2 s", 2,
    ),
    Real(
        "aomic-piop2", f"{_AOMIC}_desc-brain_mask.json", 16, "sidecar",
        "names the source of another task", "not needed", 1,
    ),
    Real(
        "ketamine-moa-ds005917", "*.json", 3, "sidecar", "nothing", "merged with those of runs",
        None, {"dataset_description": 12, "participants": 7, "task-rest_bold": 3},
    ),
    Real(
        "ketamine-moa-ds005917", "phenotype/*.json", 1, "sidecar", "nothing", "not needed", 5,
    ),
    Real(
        "ketamine-moa-ds005917", "sub-*/ses-*/func/*_bold.json", 18, "RepetitionTime",
        "nothing", "2.5 s", 2.5,
    ),
    Real(
        "ketamine-moa-ds005917", "sub-*/ses-*/func/*_physio.json", 4, "sidecar",
        "nothing", "not needed", 3,
    ),
    Real(
        "pumi-rest", "*.json", 2, "sidecar", "nothing", "merged with those of the run", None,
        {"dataset_description": 9, "task-rest_bold": 1},
    ),
    Real(
        "pumi-rest", "sub-001/func/*.json", 1, "RepetitionTime", "nothing", "2.52 s", 2.52,
    ),
    Real(
        "pumi-rest", "sub-001/anat/*.json", 1, "sidecar", "nothing", "not needed", 20,
    ),
    Real(
        "pumi-rest", "sub-001/fmap/*.json", 6, "sidecar",
        "names of the scanner, not of BIDS", "passed over", 19,
    ),
    Real(
        "fmriprep-confounds-versions", "nilearn/*.json", 2, "components",
        "two numberings in fMRIPrep 1.4, letters by mask in 21",
        "the first five of each mask, by number", None,
        {"test-v21": {"CSF": 3, "WM": 4, "combined": 5},
         "test_desc": {"CSF": 13, "WM": 56, "combined": 57}},
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/dataset_description.json", 1, "Name",
        "nothing", "taken as fMRIPrep", "fMRIPrep - fMRI PREProcessing workflow",
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/func/*_timeseries.json", 3, "components",
        "describe tables without bytes; two are cut short", "readable",
        {"CSF": 7, "WM": 0, "combined": 0}, {"run-3": {"CSF": 15, "WM": 85, "combined": 84}},
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/func/*_bold.json", 3, "RepetitionTime",
        "task name with spaces", "2 s", 2.0,
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/func/*_mask.json", 3, "sidecar",
        "nothing", "not needed", 2,
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/anat/*.json", 4, "sidecar",
        "`RawSources` now a list, now text", "not needed", None,
        {"res-2_desc-brain": 3, "res-2_desc-preproc": 2, "_desc-brain": 2, "_desc-preproc": 1},
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "dataset_description.json", 1, "Name",
        "nothing", "taken as fMRIPrep", "ds000108-fmriprep",
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "sub-01/func/*_timeseries.json", 1, "components",
        "letters by mask; AROMA components", "the first five of each mask, by number",
        {"CSF": 11, "WM": 31, "combined": 34},
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "sub-01/func/*_bold.json", 7, "RepetitionTime",
        "of volumes, surfaces and CIFTI; slice timing not corrected, no StartTime",
        "2 s; half of it is taken as the time of a volume", 2.0,
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "sub-01/func/*_mask.json", 3, "sidecar",
        "nothing", "not needed", 1,
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "sub-01/func/*.dtseries.json", 1, "sidecar",
        "beside a `.json` of the same series", "read with CIFTI, passed over for volumes", 5,
    ),
    Real(
        "fmriprep-21.0.2-sidecars-ds000108", "sub-01/anat/*.json", 4, "sidecar",
        "nothing", "not needed", None, {"_mask": 2, "_T1w": 1},
    ),
    # Images
    Real(
        "pumi-rest", "sub-001/func/*.nii.gz", 1, "image",
        "20 volumes", "read; too few volumes for a measure, which is recorded", (46, 46, 26, 20),
    ),
    Real(
        "pumi-rest", "sub-001/anat/*.nii.gz", 1, "image", "nothing", "not needed", (96, 128, 128),
    ),
    Real(
        "pumi-rest", "sub-001/fmap/*.nii.gz", 6, "image",
        "names of the scanner, not of BIDS", "passed over", (46, 46, 26),
    ),
    Real(
        "nitime-fmri", "fmri1.nii.gz", 1, "image",
        "oblique, 40 volumes", "read; measures at rest without a filter", (10, 10, 18, 40),
    ),
    Real(
        "ds003-sub01-tiny", "ds003_sub-01_mc.nii.gz", 1, "image",
        "voxels of 12.5 mm, 20 volumes; the header does not say where it is in space",
        "opened; as a series refused: The header does not say where the image is in space (sform "
        "and qform codes are 0). With one, too few volumes for a measure, which is recorded",
        (16, 16, 9, 20),
    ),
    Real(
        "ds003-sub01-tiny", "*[0-9k].nii.gz", 3, "image",
        "another grid than the series", "not needed", (61, 73, 61),
    ),
    Real(
        "fmriprep-confounds-versions", f"{_BIDS}/sub-10/*/*.nii.gz", 32, "image",
        "no bytes: names of fMRIPrep 20.2 alone", refused=_EMPTY,
    ),
)  # fmt: skip


def path_of(folder: str) -> str:
    """Return the dataset's name for the documentation."""
    return folder.removeprefix("events-dialects/")


def markdown() -> str:
    """Return the table of docs/inputs.md."""
    lines = ["| dataset | files | what is odd | what becomes of them |", "|---|---|---|---|"]
    for real in REAL:
        files = f"`{real.files}`" + (f" ({real.count})" if real.count > 1 else "")
        refused = real.refused.replace("{name}", "...").replace("|", "\\|")
        result = f"refused: {refused}" if refused else f"accepted: {real.result}"
        lines.append(f"| {path_of(real.folder)} | {files} | {real.odd} | {result} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
