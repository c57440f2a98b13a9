"""Descriptions that go with the demo's data: sidecars, README, dataset descriptions."""

from __future__ import annotations

from bids_ketamine._version import __version__
from bids_ketamine.demo.covariates import EDUCATION
from bids_ketamine.demo.participants import N_CAPS5_ITEMS
from bids_ketamine.demo.tasks import ECHO_TIME, SLICE_TIMES, START_TIME, T_R, Task

GENERATOR = "bids_ketamine-demo"
CODE = "https://github.com/bids-apps/bids_ketamine"
BIDS_VERSION = "1.10.0"

README = """# A simulated drug trial

Nobody was scanned: every number in this folder was drawn by `bids_ketamine-demo`. It is a small
trial of ketamine against midazolam with two sessions (`pre`, `post`) and three tasks (face
matching, face Stroop, rest), made to try and to test analyses.

- `derivatives/fmriprep` holds the simulated images, in the layout of fMRIPrep, on a coarse MNI
  grid. These are the data to analyse.
- The raw `*_bold.nii.gz` files are placeholders: a tiny grid of zeros with the right number of
  volumes, so that the folder is a complete BIDS dataset.
- `phenotype` holds the items of the CAPS-5 and the total of the MADRS at both sessions.
- `truth.json` states what was planted: activation, coupling changes, the circuit of vmPFC and
  amygdala in the face task (parameters of a dynamic causal model), their relation to
  improvement, motion, and each parameter of the noise with its plausible range and source.
"""

DERIVATIVE_README = """# Simulated preprocessed data

Written by `bids_ketamine-demo` in the layout of fMRIPrep: images in MNI space on a coarse grid,
brain masks and confounds. Nobody was scanned and nothing was preprocessed.
"""

#: BIDS knows one row per participant in `phenotype`; here each session has its row.
RAW_IGNORED = "truth.json\nphenotype/\n"

#: BIDS does not have confounds yet; fMRIPrep ignores them in the same way.
DERIVATIVE_IGNORED = "*_timeseries.tsv\n*_timeseries.json\n"


def raw_description(seed: int, effect: bool) -> dict[str, object]:
    """Return ``dataset_description.json`` of the raw dataset."""
    kind = "with planted effects" if effect else "without any effect"
    return {
        "Name": f"Simulated ketamine trial {kind}, seed {seed} (bids_ketamine demo)",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["bids_ketamine developers"],
        "GeneratedBy": [
            {
                "Name": GENERATOR,
                "Version": __version__,
                "Description": "Forward simulation; no participant was scanned.",
                "CodeURL": CODE,
            }
        ],
    }


def derivative_description() -> dict[str, object]:
    """Return ``dataset_description.json`` of the simulated preprocessed data."""
    return {
        "Name": "Simulated ketamine trial, preprocessed (bids_ketamine demo)",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "License": "CC0",
        "Authors": ["bids_ketamine developers"],
        "GeneratedBy": [
            {
                "Name": GENERATOR,
                "Version": __version__,
                "Description": "fMRIPrep-like layout, simulated",
                "CodeURL": CODE,
            }
        ],
        "DatasetLinks": {"raw": "../.."},
        "SourceDatasets": [{"URL": "../.."}],
    }


def participants_columns() -> dict[str, object]:
    """Return ``participants.json``."""
    return {
        "arm": {
            "Description": "Drug received",
            "Levels": {"midazolam": "0.045 mg/kg midazolam", "ketamine": "0.5 mg/kg ketamine"},
        },
        "age": {"Description": "Age at the first scan", "Units": "year"},
        "gender": {
            "Description": "Gender",
            "Levels": {"female": "female", "male": "male"},
        },
        "education": {
            "Description": "Highest education, in ascending order of the levels",
            "Levels": dict(
                zip(
                    EDUCATION,
                    (
                        "High school graduate",
                        "Some college or trade school",
                        "Graduated 4-year college",
                        "More than 4 years of college, or professional school",
                    ),
                    strict=True,
                )
            ),
        },
        "psychotropic_medication": {
            "Description": "Psychotropic medication at a stable dose",
            "Levels": {"no": "none", "yes": "at least one"},
        },
        "days_between_scans": {"Description": "Days between the scans", "Units": "day"},
        "infusions": {"Description": "Infusions received before the second scan"},
        "race": {"Description": "Race as the participant told it"},
        "ethnicity": {"Description": "Ethnicity as the participant told it"},
        "ptsd_duration": {"Description": "Time since the symptoms began", "Units": "year"},
        "index_trauma": {"Description": "Trauma that the symptoms are about"},
        "cannabis": {
            "Description": "Cannabis in the past month",
            "Levels": {"no": "none", "yes": "any"},
        },
        "therapy": {
            "Description": "Psychotherapy during the trial",
            "Levels": {"no": "none", "yes": "unchanged for three months"},
        },
    }


def caps5_columns() -> dict[str, object]:
    """Return the sidecar of ``phenotype/caps5.tsv``."""
    items = {
        f"caps5_{i:02d}": {
            "Description": f"Severity of symptom {i} of {N_CAPS5_ITEMS} over the past week",
            "Levels": {
                "0": "absent",
                "1": "mild",
                "2": "moderate",
                "3": "severe",
                "4": "extreme",
            },
        }
        for i in range(1, N_CAPS5_ITEMS + 1)
    }
    return {
        "MeasurementToolMetadata": {
            "Description": "Clinician-Administered PTSD Scale for DSM-5, past week; the total is "
            "the sum of the items (0 to 80)"
        },
        "session_id": {"Description": "Imaging session to which the scores belong"},
        **items,
    }


def madrs_columns() -> dict[str, object]:
    """Return the sidecar of ``phenotype/madrs.tsv``."""
    return {
        "MeasurementToolMetadata": {"Description": "Montgomery-Asberg Depression Rating Scale"},
        "session_id": {"Description": "Imaging session to which the score belongs"},
        "madrs_total": {"Description": "Total score, 0 to 60; more is worse"},
    }


def raw_bold(task: Task) -> dict[str, object]:
    """Return the sidecar of a task's raw series."""
    return {
        "TaskName": task.name,
        "TaskDescription": task.description,
        "RepetitionTime": T_R,
        "EchoTime": ECHO_TIME,
        "SliceTiming": list(SLICE_TIMES),
    }


def events_columns(task: Task) -> dict[str, object]:
    """Return the sidecar of a task's events."""
    return {
        "onset": {"Description": "Start of the trial after the first volume", "Units": "s"},
        "duration": {"Description": "Duration of the picture", "Units": "s"},
        "trial_type": {
            "Description": "Condition",
            "Levels": {condition: f"{condition} trial" for condition in task.sides},
        },
        "response_time": {
            "Description": "Time from onset to answer; n/a if there was none in time",
            "Units": "s",
        },
        "accuracy": {
            "Description": "Whether the answer was right; a missed answer is wrong",
            "Levels": {"0": "wrong or missed", "1": "right"},
        },
    }


def preprocessed_bold(task: Task, source: str) -> dict[str, object]:
    """Return the sidecar of a preprocessed series."""
    return {
        "RepetitionTime": T_R,
        "SkullStripped": False,
        "SliceTimingCorrected": True,
        "StartTime": START_TIME,
        "TaskName": task.name,
        "Sources": [f"bids:raw:{source}"],
    }


def brain_mask(source: str) -> dict[str, object]:
    """Return the sidecar of a brain mask."""
    return {"Type": "Brain", "Sources": [f"bids:raw:{source}"]}
