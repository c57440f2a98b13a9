"""Real data wrapped as BIDS datasets with fMRIPrep-like derivatives, by links and copies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np

SHARED = Path(__file__).parents[3] / "shared" / "data"


def describe(folder: Path, *, derivative: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    description = {"Name": folder.name, "BIDSVersion": "1.10.0"}
    if derivative:
        description |= {"DatasetType": "derivative", "GeneratedBy": [{"Name": "fMRIPrep"}]}
    (folder / "dataset_description.json").write_text(json.dumps(description))


def put_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def haxby(root: Path) -> Path:
    """Six runs in two resolutions (`acq`), told apart by a filter file."""
    source = SHARED / "haxby2001-lowres" / "sub-001"
    bids, derivative = root / "haxby raw", root / "haxby raw" / "derivatives" / "fmriprep"
    describe(bids)
    describe(derivative, derivative=True)
    (bids / "participants.tsv").write_text("participant_id\nsub-001\n")
    for run in range(1, 7):
        stem = f"sub-001_task-objectviewing_run-{run:02d}"
        copy(
            source / "func" / f"{stem}_events.tsv",
            bids / "sub-001" / "func" / f"{stem}_events.tsv",
        )
        for acq in ("25mm", "slice"):
            named = f"sub-001_task-objectviewing_acq-{acq}_run-{run:02d}"
            bold = source / "func" / f"{named}_bold.nii.gz"
            target = derivative / "sub-001" / "func"
            copy(bold, target / f"{named}_space-scanner_desc-preproc_bold.nii.gz")
            put_json(
                target / f"{named}_space-scanner_desc-preproc_bold.json",
                {"RepetitionTime": 2.5, "SliceTimingCorrected": False},
            )
            copy(
                source / "func" / f"{stem}_desc-confounds_timeseries.tsv",
                target / f"{named}_desc-confounds_timeseries.tsv",
            )
            mask = target / f"{named}_space-scanner_desc-brain_mask.nii.gz"
            if acq == "25mm":
                copy(source / "masks" / "sub-001_res-25mm_label-brain_mask.nii.gz", mask)
            else:
                image = nib.load(bold)
                mean = np.asarray(image.dataobj, dtype=float).mean(axis=3)
                inside = (mean > 0.3 * mean.max()).astype(np.uint8)
                nib.save(nib.Nifti1Image(inside, image.affine), mask)
    return bids


def localizer(root: Path) -> Path:
    """One run of 20 audio and 40 video events; no motion is known."""
    source = SHARED / "pyhrf-localizer-subj0" / "sub-01" / "func"
    bids, derivative = root / "localizer", root / "localizer" / "derivatives" / "fmriprep"
    describe(bids)
    describe(derivative, derivative=True)
    stem = "sub-01_task-localizer"
    copy(source / f"{stem}_events.tsv", bids / "sub-01" / "func" / f"{stem}_events.tsv")
    target = derivative / "sub-01" / "func"
    for kind in ("desc-preproc_bold.nii.gz", "desc-brain_mask.nii.gz"):
        copy(source / f"{stem}_space-MNI_{kind}", target / f"{stem}_space-MNI_{kind}")
    put_json(
        target / f"{stem}_space-MNI_desc-preproc_bold.json",
        {"RepetitionTime": 2.4, "SliceTimingCorrected": False},
    )
    return bids


def aomic(root: Path) -> Path:
    """The real tables of 110 participants; images of 2 x 2 x 2 voxels stand in for theirs."""
    source = SHARED / "aomic-piop2"
    bids, derivative = root / "aomic", root / "aomic" / "derivatives" / "fmriprep"
    describe(bids)
    describe(derivative, derivative=True)
    copy(source / "participants.tsv", bids / "participants.tsv")
    rng = np.random.default_rng(0)
    bold = root / "stand-in_bold.nii.gz"
    data = 100 + rng.normal(size=(2, 2, 2, 135))
    nib.save(nib.Nifti1Image(data.astype(np.float32), np.eye(4)), bold)
    mask = root / "stand-in_mask.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((2, 2, 2), np.uint8), np.eye(4)), mask)
    for events in sorted(source.glob("sub-*/func/*task-emomatching*_events.tsv")):
        participant = events.name.split("_")[0]
        stem = f"{participant}_task-emomatching_acq-seq"
        copy(events, bids / participant / "func" / events.name)
        target = derivative / participant / "func"
        space = "space-MNI152NLin2009cAsym"
        copy(bold, target / f"{stem}_{space}_desc-preproc_bold.nii.gz")
        put_json(target / f"{stem}_{space}_desc-preproc_bold.json", {"RepetitionTime": 2.0})
        copy(mask, target / f"{stem}_{space}_desc-brain_mask.nii.gz")
        real = source / "derivatives" / "fmriprep" / participant / "func"
        for name in (f"{stem}_desc-confounds_regressors.{kind}" for kind in ("tsv", "json")):
            # Four participants have their real confounds; they stand in for the others' too.
            given = real / name
            if not given.is_file():
                other = name.replace(participant, "sub-0002")
                given = source / "derivatives" / "fmriprep" / "sub-0002" / "func" / other
            copy(given, target / name)
    return bids


def ketamine_moa(root: Path) -> Path:
    """The crossover trial: real tables, and every rest run it published as a stand-in file."""
    source = SHARED / "ketamine-moa-ds005917"
    bids, derivative = root / "moa", root / "moa" / "derivatives" / "fmriprep"
    shutil.copytree(source, bids, ignore=shutil.ignore_patterns("README.md"))
    describe(derivative, derivative=True)
    bold, mask = root / "stand-in_bold.nii.gz", root / "stand-in_mask.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((2, 2, 2, 3), np.int16), np.eye(4)), bold)
    nib.save(nib.Nifti1Image(np.ones((2, 2, 2), np.uint8), np.eye(4)), mask)
    for line in (source / "file_list.txt").read_text().splitlines():
        if not line.endswith("task-rest_run-01_bold.nii.gz"):
            continue
        stem = Path(line).name.removesuffix("_bold.nii.gz")
        target = derivative / Path(line).parent
        space = "space-MNI152NLin2009cAsym"
        put_json(target / f"{stem}_{space}_desc-preproc_bold.json", {"RepetitionTime": 2.5})
        copy(bold, target / f"{stem}_{space}_desc-preproc_bold.nii.gz")
        copy(mask, target / f"{stem}_{space}_desc-brain_mask.nii.gz")
        (target / f"{stem}_desc-confounds_timeseries.tsv").write_text("csf\n1\n2\n3\n")
    return bids


def stages(root: Path) -> Path:
    """Two sessions of region time series of 19 patients, in XCP-D's naming."""
    source = SHARED / "stages-psychosis-rest"
    bids, derivative = root / "stages", root / "stages" / "derivatives" / "xcpd"
    describe(bids)
    describe(derivative, derivative=True)
    copy(source / "participants.tsv", bids / "participants.tsv")
    for series in sorted(source.glob("sub-*/ses-*/func/*_timeseries.tsv.gz")):
        copy(series, derivative / series.relative_to(source))
        (bids / series.relative_to(source).parents[1]).mkdir(parents=True, exist_ok=True)
    return bids


def emotional_faces(root: Path, *, t_r: float | None = 2.0) -> Path:
    """Five runs of ds003548: events at the root, one run with a sidecar of its own."""
    source = SHARED / "events-dialects" / "ds003548"
    bids, derivative = root / "faces", root / "faces" / "derivatives" / "fmriprep"
    shutil.copytree(source, bids)
    describe(derivative, derivative=True)
    rng = np.random.default_rng(0)
    bold, mask = root / "stand-in_bold.nii.gz", root / "stand-in_mask.nii.gz"
    data = 100 + rng.normal(size=(2, 2, 2, 185))
    nib.save(nib.Nifti1Image(data.astype(np.float32), np.eye(4)), bold)
    nib.save(nib.Nifti1Image(np.ones((2, 2, 2), np.uint8), np.eye(4)), mask)
    target = derivative / "sub-01" / "func"
    for run in range(1, 6):
        stem = f"sub-01_task-emotionalfaces_run-{run}_space-MNI152NLin2009cAsym"
        copy(bold, target / f"{stem}_desc-preproc_bold.nii.gz")
        copy(mask, target / f"{stem}_desc-brain_mask.nii.gz")
        about = {"SkullStripped": False} if t_r is None else {"RepetitionTime": t_r}
        put_json(target / f"{stem}_desc-preproc_bold.json", about)
    return bids


def short_runs(root: Path, *, placed: tuple[str, ...] = ()) -> Path:
    """Three real resting series of 20 and 40 volumes; one comes with its untidy raw folder.

    The header of the series of `ds003` does not say where it is in space; it does for those
    who are `placed`.
    """
    bids, derivative = root / "short", root / "short" / "derivatives" / "fmriprep"
    shutil.copytree(SHARED / "pumi-rest", bids, ignore=shutil.ignore_patterns("README.md"))
    describe(derivative, derivative=True)
    series = {
        "001": (bids / "sub-001" / "func" / "sub-001_task-rest_bold.nii.gz", None),
        "ds003": (SHARED / "ds003-sub01-tiny" / "ds003_sub-01_mc.nii.gz", 2.0),
        "nitime": (SHARED / "nitime-fmri" / "fmri1.nii.gz", 1.35),
    }
    for participant, (bold, t_r) in series.items():
        (bids / f"sub-{participant}").mkdir(exist_ok=True)
        stem = f"sub-{participant}_task-rest_space-scanner"
        target = derivative / f"sub-{participant}" / "func"
        copy(bold, target / f"{stem}_desc-preproc_bold.nii.gz")
        if participant in placed:
            image = nib.load(bold)
            image.set_sform(image.affine, code=1)
            nib.save(image, target / f"{stem}_desc-preproc_bold.nii.gz")
        about = {"SliceTimingCorrected": False} | ({} if t_r is None else {"RepetitionTime": t_r})
        put_json(target / f"{stem}_desc-preproc_bold.json", about)
        image = nib.load(bold)
        mean = np.asarray(image.dataobj, dtype=float).mean(axis=3)
        inside = (mean > 0.3 * mean.max()).astype(np.uint8)
        mask = nib.Nifti1Image(inside, image.affine)
        nib.save(mask, target / f"{stem}_desc-brain_mask.nii.gz")
    return bids


def nitime_series(root: Path) -> Path:
    """The regional series of one participant, its commas made tabs, in XCP-D's naming."""
    bids, derivative = root / "nitime", root / "nitime" / "derivatives" / "xcpd"
    describe(bids)
    describe(derivative, derivative=True)
    (bids / "sub-01").mkdir()
    text = (SHARED / "nitime-fmri" / "fmri_timeseries.csv").read_text()
    target = derivative / "sub-01" / "func" / "sub-01_task-rest_seg-nitime_timeseries.tsv"
    target.parent.mkdir(parents=True)
    target.write_text(text.replace(",", "\t"))
    put_json(target.with_suffix(".json"), {"RepetitionTime": 1.89})
    return bids
