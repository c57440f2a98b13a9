"""Three sets of real resting data through reading and cleaning, by the command line.

``python -m benchmarks.real_rest [--data FOLDER] [--output FOLDER]``

====== =====================================================================================
nitime 250 volumes of 28 regions with the mean signals of white matter, ventricles and brain
       (Rokem et al., 2009): the table is cleaned, with its own means as nuisance regressors
pumi   20 volumes of 5 mm (Spisak et al., 2020): an image without a confounds table of its own;
       its global signal is made here, and the band is filtered
aomic  four confounds tables of fMRIPrep 1.4, 240 volumes of 2 s (Snoek et al., 2021): motion,
       CompCor and tissue signals are real; the region series, of which there are none, are noise
       into which these signals leak
====== =====================================================================================

Prints what was kept of each session, with which degrees of freedom, and why a session was left
out; the reports are there to be looked at. For nitime and aomic the correlations stand beside
those of a least-squares fit by numpy on the kept volumes (no band, so that both are the same).

Targets: the participant level succeeds; correlations agree; a session with less than five minutes
has no value and a reason.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import yaml

from benchmarks.measurement import Target, print_targets
from bids_ketamine.cli.run import main as bids_ketamine
from bids_ketamine.core.confounds import power_displacement
from bids_ketamine.outputs.tables import read_table, write_json, write_text

DISPLACEMENT, MINUTES = 0.25, 5.0

MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
N_REGIONS = 12


def main(argv: Sequence[str] | None = None) -> int:
    """Arrange the three sets, run the participant level on each, and compare."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real_rest", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), metavar="FOLDER")
    parser.add_argument(
        "--output", type=Path, default=Path("benchmark-results/real_rest"), metavar="FOLDER"
    )
    options = parser.parse_args(argv)
    shutil.rmtree(options.output, ignore_errors=True)
    targets: list[Target] = []
    for name, arrange in (("nitime", nitime), ("pumi", pumi), ("aomic", aomic)):
        if not (options.data / FOLDERS[name]).is_dir():
            print(f"{name}: not there")
            continue
        folder = options.output / name
        study = arrange(options.data / FOLDERS[name], folder)
        write_text(folder / "study.yml", yaml.safe_dump(study, sort_keys=False, width=100))
        bids, output = folder / "bids", folder / "output"
        arguments = [str(bids), str(output), "participant", "--study", str(folder / "study.yml")]
        code = bids_ketamine(arguments)
        if code:
            return code
        targets += results(name, bids, output)
    return 0 if print_targets(targets) else 1


FOLDERS = {"nitime": "nitime-fmri", "pumi": "pumi-rest", "aomic": "aomic-piop2"}


def describe(folder: Path) -> Path:
    """Write the descriptions of a dataset and of its derivative; return the derivative."""
    derivative = folder / "bids" / "derivatives" / "fmriprep"
    write_json(
        folder / "bids" / "dataset_description.json", {"Name": "rest", "BIDSVersion": "1.9.0"}
    )
    write_json(
        derivative / "dataset_description.json",
        {
            "Name": "rest",
            "BIDSVersion": "1.9.0",
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "fMRIPrep"}],
        },
    )
    return derivative


def study_of(name: str, cleaning: dict[str, Any] | None, **rest: object) -> dict[str, Any]:
    """Return a study of time series, of which every column is a region."""
    return {
        "name": name,
        "inputs": {"timeseries_atlas": name},
        "sessions": {"only": {"unlabelled": True}},
        "regions": {"atlas": name, "all_columns": True},
        "rest": {"band_pass": None, "pairs": False, **rest},
        "cleaning": cleaning,
    }


def nitime(data: Path, folder: Path) -> dict[str, Any]:
    """Arrange the table: mean signals become the confounds table."""
    table = pd.read_csv(data / "fmri_timeseries.csv")
    means = {"WM": "white_matter", "Vent": "csf", "Brain": "global_signal"}
    stem = "sub-01/func/sub-01_task-rest"
    write_series(describe(folder), stem, "nitime", table.drop(columns=list(means)), t_r=1.89)
    confounds = table[list(means)].rename(columns=means)
    write_confounds(folder, stem, confounds)
    cleaning = {
        "models": ["3P", "2P"],
        "framewise_displacement": None,
        "timeseries": "clean",
    }
    return study_of("nitime", cleaning)


def pumi(data: Path, folder: Path) -> dict[str, Any]:
    """Arrange the image with a mask by its mean and its global signal."""
    derivative = describe(folder)
    image = nib.load(data / "sub-001" / "func" / "sub-001_task-rest_bold.nii.gz")
    series = np.asarray(image.dataobj, dtype=np.float64)
    mean = series.mean(axis=3)
    mask = mean > 0.3 * np.quantile(mean, 0.98)
    target = derivative / "sub-001" / "func"
    target.mkdir(parents=True)
    stem = "sub-001_task-rest"
    in_space = f"{stem}_space-scanner"
    shutil.copyfile(image.get_filename(), target / f"{in_space}_desc-preproc_bold.nii.gz")
    write_json(target / f"{in_space}_desc-preproc_bold.json", {"RepetitionTime": 2.52})
    nib.save(
        nib.Nifti1Image(mask.astype(np.uint8), image.affine),
        target / f"{in_space}_desc-brain_mask.nii.gz",
    )
    write_confounds(
        folder,
        f"sub-001/func/{stem}",
        pd.DataFrame({"global_signal": series[mask].mean(axis=0)}),
    )
    middle = nib.affines.apply_affine(image.affine, np.argwhere(mask).mean(axis=0))
    study = study_of("pumi", None, correlations=["pearson", "partial"])
    study["inputs"] = {"space": "scanner", "bold_descriptions": ["preproc"], "smoothing_fwhm": None}
    study["regions"] = {
        "atlas": "pumi",
        "definitions": {
            name: {"spheres": [[float(each) for each in middle + np.array(shift)]], "radius": 12}
            for name, shift in (
                ("left", (-35, 0, 0)),
                ("right", (35, 0, 0)),
                ("front", (0, 45, 0)),
                ("outside", (0, 300, 0)),
            )
        },
    }
    study["rest"] = {
        "band_pass": [0.009, 0.15],
        "minimum_residual_df": 3,
        "correlations": ["pearson", "partial"],
        "confounds": {
            "columns": ["global_signal"],
            "compcor_components": 0,
            "motion": "none",
            "motion_without_aroma": "none",
            "outliers": None,
            "non_steady_state": False,
        },
    }
    return study


def aomic(data: Path, folder: Path) -> dict[str, Any]:
    """Arrange the confounds tables, and series of noise into which they leak."""
    derivative = describe(folder)
    for number, path in enumerate(sorted(data.glob("derivatives/fmriprep/sub-*/func/*rest*.tsv"))):
        participant = path.name.split("_")[0]
        table = pd.read_csv(path, sep="\t", na_values="n/a")
        generator = np.random.default_rng(number)
        leaks = table[["global_signal", "csf", "framewise_displacement", *MOTION]].fillna(0.0)
        leaks = (leaks - leaks.mean()) / leaks.std()
        noise = generator.normal(size=(len(table), N_REGIONS))
        noise += 0.5 * generator.normal(size=(len(table), 1))
        series = 1000.0 + 5.0 * (noise + leaks.to_numpy() @ generator.normal(size=(9, N_REGIONS)))
        names = [f"region{one:02d}" for one in range(N_REGIONS)]
        stem = f"{participant}/func/{participant}_task-rest"
        write_series(derivative, stem, "aomic", pd.DataFrame(series, columns=names), t_r=2.0)
        target = derivative / f"{stem}_desc-confounds_regressors.tsv"
        shutil.copyfile(path, target)
        shutil.copyfile(path.with_suffix(".json"), target.with_suffix(".json"))
    cleaning = {
        "models": ["36P", "24P", "aCompCor"],
        "framewise_displacement": DISPLACEMENT,
        "minimum_minutes": MINUTES,
        "timeseries": "clean",
    }
    return study_of("aomic", cleaning)


def write_series(
    derivative: Path, stem: str, atlas: str, table: pd.DataFrame, *, t_r: float
) -> None:
    """Write region series and their sidecar."""
    path = derivative / f"{stem}_atlas-{atlas}_timeseries.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, float_format="%.9g")
    write_json(path.with_suffix(".json"), {"RepetitionTime": t_r})


def write_confounds(folder: Path, stem: str, table: pd.DataFrame) -> None:
    """Write a confounds table beside the series."""
    path = folder / "bids" / "derivatives" / "fmriprep" / f"{stem}_desc-confounds_timeseries.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, float_format="%.9g")


def results(name: str, bids: Path, output: Path) -> list[Target]:
    """Print what was kept of each session; compare with a fit by numpy where there is one."""
    targets = []
    print(f"\n{name}: reports in {output.resolve()}")
    for path in sorted(output.glob("sub-*/sub-*_measures.json")):
        participant = path.name.split("_")[0]
        sidecar = json.loads(path.read_text("utf-8"))
        (run,) = sidecar["Runs"]
        kept = f"{run['VolumesKept']} of {run['Volumes']} volumes kept"
        told = run.get("Cleaning", {}).get("ResidualDegreesOfFreedom")
        reason = sidecar.get("Cleaning", {}).get("Reason") or ""
        df = told or run["ResidualDegreesOfFreedom"]
        print(f"  {participant}: {kept}, degrees of freedom {df}. {reason}")
        if name == "pumi":
            continue
        (matrix,) = (output / participant).glob("func/*_relmat.tsv")
        found = read_table(matrix).set_index("Node").to_numpy(dtype=np.float64)
        expected, minutes = by_numpy(name, bids, participant)
        enough = name == "nitime" or minutes >= MINUTES
        if not enough:
            targets.append(
                Target(f"{name} {participant}: too short without a reason", int(not reason), 0)
            )
            continue
        gap = float(np.nanmax(np.abs(found - expected)))
        targets.append(Target(f"{name} {participant}: largest difference of r", gap, 1e-8))
    return targets


def by_numpy(name: str, bids: Path, participant: str) -> tuple[np.ndarray, float]:
    """Correlate the residuals of a least-squares fit on the kept volumes; tell their minutes."""
    folder = bids / "derivatives" / "fmriprep" / participant / "func"
    (series_path,) = folder.glob("*_timeseries.tsv" if name == "aomic" else "*_atlas-*.tsv")
    (confounds_path,) = folder.glob("*_desc-confounds_*.tsv")
    series = pd.read_csv(series_path, sep="\t").to_numpy()
    table = pd.read_csv(confounds_path, sep="\t", na_values="n/a")
    kept = np.ones(len(series), dtype=bool)
    t_r = 1.89
    if name == "aomic":
        t_r = 2.0
        displacement = power_displacement(table[list(MOTION)].to_numpy())
        steady = ~table.filter(regex="^non_steady_state").any(axis=1).to_numpy(dtype=bool)
        kept = steady & ~(np.nan_to_num(displacement) > DISPLACEMENT)
        columns = [*MOTION, "csf", "white_matter", "global_signal"]
        changes = table[columns].diff().bfill()
        changes.columns = [f"{each}_derivative1" for each in columns]
        given = [each for each in changes if each in table]
        changes[given] = table[given].bfill()
        model = pd.concat([table[columns], changes], axis=1)
        model = np.column_stack([model, model**2])
    else:
        model = table[["csf", "white_matter", "global_signal"]].to_numpy()
    trend = np.linspace(-1.0, 1.0, len(series))
    design = np.column_stack([np.ones(len(series)), trend, model])[kept]
    size = np.linalg.norm(design, axis=0)
    residual = series[kept] - design / size @ np.linalg.lstsq(design / size, series[kept])[0]
    return np.corrcoef(residual.T), float(kept.sum() * t_r / 60.0)


if __name__ == "__main__":
    sys.exit(main())
