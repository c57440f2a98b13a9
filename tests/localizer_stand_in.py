"""Small images that stand in for the localizer run, as pyhrf has it and as a trial with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np

from tests.page_commands import Printed, plain, run

ROOT = Path(__file__).parents[1]
#: Where the page's script and study files are, and where the run itself is, if it is.
LOCALIZER = ROOT / "docs" / "localizer"
REAL = ROOT.parent / "shared" / "data" / "pyhrf-localizer-subj0"
#: Where the page has pyhrf's files, and how it arranges them.
PYHRF = Path("pyhrf", "python", "pyhrf", "datafiles")
MAKE = "python docs/localizer/make_dataset.py"

REPETITION_TIME = 2.4
VOLUMES = 125
SHAPE = (18, 20, 14)
AFFINE = np.array([[-9.0, 0, 0, 76], [0, 9, 0, -100], [0, 0, 9, -60], [0, 0, 0, 1]])
#: Centres of both regions, mm, by label: right and left.
CENTRES = {1: (55, -15, 8), 2: (-55, -15, 8)}
RADIUS = 18.0
#: Seconds; audio raises both regions, video does not.
ONSETS = {
    "audio": np.arange(15.0, 290.0, 14.4),
    "video": np.arange(3.0, 290.0, 7.2),
}


class Place:
    """A folder with the documentation's files, in which commands are given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(LOCALIZER, folder / "docs" / "localizer")
        self.printed: list[Printed] = []

    def run(self, command: str) -> Printed:
        """Run a command of the page, and keep what it prints."""
        if command.startswith("cp "):
            _, source, target = command.split()
            shutil.copyfile(self.folder / source, self.folder / target)
            return Printed("", 0)
        self.printed.append(run(command, self.folder))
        return self.printed[-1]

    @property
    def text(self) -> str:
        """All that was printed."""
        return plain("\n".join(each.text for each in self.printed))


def labels() -> np.ndarray:
    """Return the two regions on the grid."""
    voxels = np.moveaxis(np.indices(SHAPE), 0, -1)
    places = nib.affines.apply_affine(AFFINE, voxels)
    found = np.zeros(SHAPE, dtype=np.int16)
    for label, centre in CENTRES.items():
        found[np.linalg.norm(places - centre, axis=-1) < RADIUS] = label
    return found


def brain() -> np.ndarray:
    """Return an ellipsoid, and the regions."""
    middle = (np.array(SHAPE) - 1) / 2
    voxels = np.moveaxis(np.indices(SHAPE), 0, -1)
    inside = (((voxels - middle) / middle) ** 2).sum(axis=-1) < 1
    return inside | (labels() > 0)


def series(seed: int) -> np.ndarray:
    """Return noise around 100 in the brain, with responses to audio in the regions."""
    after = REPETITION_TIME * np.arange(VOLUMES) - ONSETS["audio"][:, None]
    response = np.where(after > 0, (after / 5) ** 5 * np.exp(5 - after), 0).sum(axis=0)
    data = np.random.default_rng(seed).normal(100, 1, (*SHAPE, VOLUMES))
    data[labels() > 0] += response
    data[~brain()] = 0
    return data.astype(np.float32)


def pyhrf_folder(folder: Path) -> Path:
    """Write the three files under pyhrf's names: headers without a place, spaces, no header."""
    folder.mkdir(parents=True)
    for name, data in (("bold_session0", series(0)), ("parcellation", labels())):
        image = nib.Nifti1Image(data, AFFINE)
        image.set_sform(AFFINE, code=0)
        image.set_qform(AFFINE, code=0)
        nib.save(image, folder / f"subj0_{name}.nii.gz")
    lines = [
        f'0 "{condition}" {onset:f} {0:f}\n'
        for condition, onsets in ONSETS.items()
        for onset in onsets
    ]
    (folder / "paradigm_loc_av.csv").write_text("".join(lines))
    return folder


def place(data: np.ndarray, path: Path) -> None:
    """Write an image that lies where it should."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(data, AFFINE)
    image.set_sform(AFFINE, code="mni")
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)


def describe(folder: Path) -> None:
    """Write a dataset's description."""
    folder.mkdir(parents=True, exist_ok=True)
    description = {"Name": "stand-in", "BIDSVersion": "1.10.0"}
    if folder.name == "fmriprep":
        description["DatasetType"] = "derivative"
    (folder / "dataset_description.json").write_text(json.dumps(description))


def session(root: Path, participant: str, label: str, seed: int) -> None:
    """Write one session: events, and what fMRIPrep would have made."""
    func = Path(f"sub-{participant}", f"ses-{label}", "func")
    stem = f"sub-{participant}_ses-{label}_task-localizer"
    (root / func).mkdir(parents=True)
    rows = sorted((onset, name) for name, onsets in ONSETS.items() for onset in onsets)
    events = "".join(f"{onset:.1f}\t0\t{name}\n" for onset, name in rows)
    (root / func / f"{stem}_events.tsv").write_text(f"onset\tduration\ttrial_type\n{events}")
    target = root / "derivatives" / "fmriprep" / func
    space = f"{stem}_space-MNI152NLin2009cAsym"
    place(series(seed), target / f"{space}_desc-preproc_bold.nii.gz")
    place(brain().astype(np.uint8), target / f"{space}_desc-brain_mask.nii.gz")
    about = {"RepetitionTime": REPETITION_TIME, "SliceTimingCorrected": False}
    (target / f"{space}_desc-preproc_bold.json").write_text(json.dumps(about))
    columns = ["csf", "white_matter", "framewise_displacement", "std_dvars"]
    columns += [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    names = [f"a_comp_cor_{number:02d}" for number in range(10)]
    values = 0.01 * np.random.default_rng(seed).normal(size=(VOLUMES, len(columns) + len(names)))
    values[:, 2:4] = (0.1, 1.0)
    table = [columns + names, *([f"{value:.6f}" for value in row] for row in values)]
    confounds = target / f"{stem}_desc-confounds_timeseries.tsv"
    confounds.write_text("".join("\t".join(row) + "\n" for row in table))
    components = {
        name: {"Method": "aCompCor", "Mask": ("CSF", "WM")[number // 5], "Retained": True}
        for number, name in enumerate(names)
    }
    confounds.with_suffix(".json").write_text(json.dumps(components))


def trial(folder: Path, *, participants: int) -> Path:
    """Write a trial, and beside it the region image and the exclusions that the study names."""
    root = folder / "trial"
    describe(root)
    describe(root / "derivatives" / "fmriprep")
    people = ["participant_id\tarm\tage\tgender\n"]
    scores = ["participant_id\tsession_id\tmadrs_total\n"]
    for number in range(1, participants + 1):
        arm = "ketamine" if number % 2 else "placebo"
        people.append(f"sub-{number:02d}\t{arm}\t{30 + number}\t{'fm'[number // 2 % 2]}\n")
        for visit, label in enumerate(("V1", "V4")):
            session(root, f"{number:02d}", label, seed=10 * number + visit)
            score = 30 + number - visit * (12 if arm == "ketamine" else 4 + number)
            scores.append(f"sub-{number:02d}\tses-{label}\t{score}\n")
    (root / "participants.tsv").write_text("".join(people))
    (root / "phenotype").mkdir()
    (root / "phenotype" / "madrs.tsv").write_text("".join(scores))
    place(labels(), folder / "regions" / "temporal_space-MNI152NLin2009cAsym_dseg.nii.gz")
    (folder / "exclusions.tsv").write_text("participant_id\treason\n")
    return root
