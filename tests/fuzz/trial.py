"""The good dataset that every case damages: tiny, seeded, written in a second."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

SPACE = "MNI152NLin2009cAsym"
T_R = 2.0
N_VOLUMES = 60
SHAPE = (10, 12, 10)
VOXEL = 16.0
SESSIONS = ("pre", "post")

AFFINE = np.diag([VOXEL, VOXEL, VOXEL, 1.0])
AFFINE[:3, 3] = (-72.0, -104.0, -64.0)

_HEAD = """\
name: fuzz
sessions:
  pre: {label: pre}
  post: {label: post}
changes:
  change: {first: pre, second: post}
inputs: {smoothing_fwhm: 6.0}
regions:
  atlas: fuzz
  definitions:
    amygdala: {spheres: [[-24, -4, -20], [24, -4, -20]], radius: 14}
    insula: {spheres: [[-38, 14, -6], [38, 18, 2]], radius: 14}
    vmPFC: {spheres: [[-2, 50, -8]], radius: 14}
"""
_AROMA = _HEAD.replace("6.0}", "6.0, aroma: nonaggressive}")
_FACES = """\
tasks:
  faces:
    conditions: {faces: {}, shapes: {}}
    contrasts: {facesGtShapes: {weights: faces - shapes}}
glm:
  noise_model: ols
  minimum_residual_df: 10
  confounds: {compcor_components: 2, motion_without_aroma: "6"}
"""
_REST = """\
rest:
  minimum_residual_df: 5
  confounds: {compcor_components: 2, motion_without_aroma: "6"}
"""
_GROUP = """\
arms: {column: arm, levels: [midazolam, ketamine]}
outcomes:
  madrs: {table: madrs, column: madrs_total}
"""
#: Study files by the task they are about: one task makes a run half as long.
STUDIES = {"faces": _HEAD + _FACES + _GROUP, "rest": _AROMA + _REST + _GROUP}

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")


def write_trial(
    root: Path, participants: Sequence[str], *, sessions: Sequence[str], task: str
) -> Path:
    """Write a dataset of undamaged participants; the same label always gets the same files.

    Parameters
    ----------
    root : Path
        New folder.
    participants : sequence of str
        Labels without ``sub-``.
    sessions : sequence of str
        Labels without ``ses-``.
    task : str
        ``faces`` or ``rest``.
    """
    write_frame(root)
    for participant in participants:
        for session in sessions:
            write_session(root, participant, session, task)
    write_clinical_tables(root, participants)
    return root


def write_frame(root: Path) -> None:
    """Write what is not any participant's."""
    described = {"Name": "fuzz", "BIDSVersion": "1.9.0"}
    write_json(root / "dataset_description.json", described | {"DatasetType": "raw"})
    write_json(
        fmriprep(root) / "dataset_description.json",
        described
        | {"DatasetType": "derivative", "GeneratedBy": [{"Name": "fMRIPrep", "Version": "24.1.1"}]},
    )
    for task in ("faces", "rest"):
        write_json(root / f"task-{task}_bold.json", {"RepetitionTime": T_R, "TaskName": task})


def fmriprep(root: Path) -> Path:
    """Return the folder of the derivatives."""
    return root / "derivatives" / "fmriprep"


def write_clinical_tables(root: Path, participants: Sequence[str]) -> None:
    """Write participants.tsv and a phenotype table with one row a session."""
    arms = ("midazolam", "ketamine")
    people = ["participant_id\tarm\tage"]
    scores = ["participant_id\tsession_id\tmadrs_total"]
    for number, participant in enumerate(participants):
        people.append(f"sub-{participant}\t{arms[number % 2]}\t{30 + number}")
        scores.append(f"sub-{participant}\tses-pre\t{30 + number}")
        scores.append(f"sub-{participant}\tses-post\t{22 - 3 * (number % 4)}")
    write_text(root / "participants.tsv", "\n".join(people) + "\n")
    write_text(root / "phenotype" / "madrs.tsv", "\n".join(scores) + "\n")


def write_session(root: Path, participant: str, session: str, task: str) -> None:
    """Write the run of a participant-session, raw events and preprocessed files."""
    generator = np.random.default_rng([ord(each) for each in f"{participant} {session} {task}"])
    stem = session_stem(participant, session, task)
    if task == "faces":
        write_text(root / f"{stem}_events.tsv", events())
    _write_run(fmriprep(root) / stem, generator)


def session_stem(participant: str, session: str, task: str) -> str:
    """Return the start of the paths of a run, from the root of a dataset."""
    folder = f"sub-{participant}/ses-{session}/func"
    return f"{folder}/sub-{participant}_ses-{session}_task-{task}"


def events() -> str:
    """Return an events table: six blocks of 8 s, in turn."""
    rows = [
        f"{6 + 18 * number}\t8\t{('faces', 'shapes')[number % 2]}\t0.6\t1" for number in range(6)
    ]
    return "\n".join(["onset\tduration\ttrial_type\tresponse_time\taccuracy", *rows]) + "\n"


def _write_run(stem: Path, generator: np.random.Generator) -> None:
    brain = np.zeros(SHAPE, dtype=np.uint8)
    brain[1:-1, 1:-1, 1:-1] = 1
    noise = generator.normal(size=(*SHAPE, N_VOLUMES))
    drift = np.cumsum(generator.normal(size=N_VOLUMES)) / 10
    bold = (brain * 1000.0)[..., None] + brain[..., None] * 8.0 * (noise + drift)
    spatial = f"{stem}_space-{SPACE}"
    write_image(Path(f"{spatial}_desc-preproc_bold.nii.gz"), bold.astype(np.int16), t_r=T_R)
    write_json(
        Path(f"{spatial}_desc-preproc_bold.json"),
        {"RepetitionTime": T_R, "StartTime": 0.975, "SliceTimingCorrected": True},
    )
    write_image(Path(f"{spatial}_desc-brain_mask.nii.gz"), brain)
    _write_confounds(Path(f"{stem}_desc-confounds_timeseries.tsv"), generator)


def _write_confounds(path: Path, generator: np.random.Generator) -> None:
    names = [*MOTION, "csf", "white_matter", "a_comp_cor_00", "a_comp_cor_01"]
    names += ["a_comp_cor_02", "a_comp_cor_03", "framewise_displacement", "std_dvars"]
    values = np.round(generator.normal(size=(N_VOLUMES, len(names))) * 0.05, 6)
    values[:, names.index("framewise_displacement")] = np.round(
        generator.uniform(0.05, 0.2, N_VOLUMES), 6
    )
    values[:, names.index("std_dvars")] = np.round(generator.uniform(0.9, 1.1, N_VOLUMES), 6)
    rows = [[f"{value:g}" for value in row] for row in values]
    rows[0][-2:] = ["n/a", "n/a"]
    write_text(path, "\n".join("\t".join(row) for row in [names, *rows]) + "\n")
    masks = ("CSF", "CSF", "WM", "WM")
    write_json(
        path.with_suffix(".json"),
        {f"a_comp_cor_{n:02d}": {"Method": "aCompCor", "Mask": m} for n, m in enumerate(masks)},
    )


def write_image(
    path: Path,
    voxels: np.ndarray,
    *,
    affine: np.ndarray = AFFINE,
    t_r: float | None = None,
) -> None:
    """Write a NIfTI image whose bytes depend on its content alone."""
    image = nib.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm", "sec")
    if t_r is not None:
        image.header["pixdim"][4] = t_r
    data = image.to_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.name.endswith(".gz") else data)


def write_json(path: Path, content: object) -> None:
    """Write a JSON file."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, line ends as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
