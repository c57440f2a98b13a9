"""Descriptions that go with the simulated trial of resting networks."""

from __future__ import annotations

from bids_ketamine.demo.sidecars import derivative_description, preprocessed_bold, raw_bold
from bids_ketamine.demo.sidecars import raw_description as simulated_description
from bids_ketamine.demo.tasks import TASKS

README = """# A simulated trial of resting networks

Nobody was scanned: every number in this folder was drawn by
`bids_ketamine-demo --design siegel2021`. Patients with depression are scanned at rest twice before
a long infusion of ketamine (`pre1`, `pre2`) and once two weeks after (`post`), two runs each time;
controls are scanned once or twice. Some scans are missing, as in every real trial.

- `derivatives/fmriprep` holds the simulated images in the layout of fMRIPrep: volumes on a coarse
  MNI grid, or series on grayordinates (`den-91k`), or both. These are the data to analyse.
- `derivatives/fmriprep/sourcedata/freesurfer` holds volumes of brain structures (`aseg.stats`).
- The raw `*_bold.nii.gz` files are placeholders: a tiny grid of zeros with the right number of
  volumes, so that the folder is a complete BIDS dataset.
- `phenotype` holds the totals of the MADRS before treatment, the day after, and two and eight
  weeks after, and the rating of improvement (CGI-I).
- `code`, where there are series on grayordinates, holds the study file for them, with atlases
  and surfaces, all made up.
- `truth.json` states what was planted: the connectivity of networks in each session, its changes,
  who responds, and each number of the model with its range and source.
"""

RAW_IGNORED = "truth.json\nphenotype/\n"

#: BIDS does not have confounds yet; fMRIPrep ignores them in the same way. Nor has it the density
#: of series on grayordinates, with which fMRIPrep names them.
DERIVATIVE_IGNORED = "*_timeseries.tsv\n*_timeseries.json\n*_den-91k_bold.*\nsourcedata/\n"


def raw_description(seed: int, effect: bool) -> dict[str, object]:
    """Return ``dataset_description.json`` of the raw dataset."""
    kind = "with planted effects" if effect else "without any effect"
    name = f"Simulated trial of resting networks {kind}, seed {seed} (bids_ketamine demo)"
    return {**simulated_description(seed, effect), "Name": name}


def preprocessed_description() -> dict[str, object]:
    """Return ``dataset_description.json`` of the simulated preprocessed data."""
    name = "Simulated trial of resting networks, preprocessed (bids_ketamine demo)"
    return {**derivative_description(), "Name": name}


def raw_rest() -> dict[str, object]:
    """Return the sidecar of the raw series."""
    return raw_bold(TASKS["rest"])


def volume(source: str) -> dict[str, object]:
    """Return the sidecar of a series in volumes."""
    return preprocessed_bold(TASKS["rest"], source)


def grayordinates(source: str) -> dict[str, object]:
    """Return the sidecar of a series on grayordinates."""
    return {
        **preprocessed_bold(TASKS["rest"], source),
        "Density": "91,282 grayordinates corresponding to all of the grey matter sampled at a 2mm "
        "average vertex spacing on the surface and as 2mm voxels subcortically",
        "SpatialReference": {
            "VolumeReference": "the volume of the standard; simulated",
            "CIFTI_STRUCTURE_LEFT_CORTEX": "made up, see code/",
            "CIFTI_STRUCTURE_RIGHT_CORTEX": "made up, see code/",
        },
    }


def participants_columns() -> dict[str, object]:
    """Return ``participants.json``."""
    return {
        "group": {
            "Description": "Who receives ketamine, and who is compared with them",
            "Levels": {
                "control": "no depression, no treatment",
                "patient": "depression, 96-hour infusion of ketamine",
            },
        },
        "age": {"Description": "Age at the first scan", "Units": "year"},
        "sex": {"Description": "Sex", "Levels": {"female": "female", "male": "male"}},
        "race": {"Description": "Race as the participant told it"},
        "ethnicity": {"Description": "Ethnicity as the participant told it"},
        "education": {"Description": "Years of education", "Units": "year"},
        "earlier_trials": {"Description": "Antidepressants that did not help"},
        "dose": {"Description": "Final rate of the infusion", "Units": "mg/kg/h"},
    }


def madrs_columns() -> dict[str, object]:
    """Return the sidecar of ``phenotype/madrs.tsv``."""
    return {
        "MeasurementToolMetadata": {"Description": "Montgomery-Asberg Depression Rating Scale"},
        "session_id": {"Description": "Visit: pre1 before, day1, post and week8 after treatment"},
        "madrs_total": {"Description": "Total score, 0 to 60; more is worse"},
    }


def cgi_columns() -> dict[str, object]:
    """Return the sidecar of ``phenotype/cgi.tsv``."""
    words = (
        *("very much improved", "much improved", "minimally improved", "no change"),
        *("minimally worse", "much worse", "very much worse"),
    )
    return {
        "MeasurementToolMetadata": {"Description": "Clinical Global Impressions, improvement"},
        "session_id": {"Description": "Visit: day1, post and week8 after treatment"},
        "cgi_improvement": {
            "Description": "Improvement since before treatment",
            "Levels": {str(level): word for level, word in enumerate(words, start=1)},
        },
    }
