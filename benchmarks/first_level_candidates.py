"""What is compared: each does its work once in this process and tells time and memory.

``python -m benchmarks.first_level_candidates NAME TRIAL [--maps FOLDER] [--profile]``

What a candidate needs is imported before the clock starts, and nothing that another needs.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measurement import measured_here, tell
from benchmarks.profiling import profile

if TYPE_CHECKING:
    from bids_ketamine.dataset.inputs import RunInputs, SessionInputs
    from bids_ketamine.study.spec import StudySpec

#: What the measured run is: task, contrast, nuisance regressors of the model.
TASK, CONTRAST, N_NUISANCE = "faces", "facesGtShapes", 18

#: Our names of nilearn's maps.
NILEARN_MAPS = {
    "effect": "effect_size",
    "variance": "effect_variance",
    "t": "stat",
    "z": "z_score",
}

#: A candidate's work; it returns maps by statistic, if it makes any.
Work = Callable[[], dict[str, np.ndarray]]


def bare_reading(trial: Path, tasks: tuple[str, ...], maps: Path) -> Work:
    """Read series with nibabel, one after the other."""
    import nibabel as nib

    def work() -> dict[str, np.ndarray]:
        for task in tasks:
            np.asanyarray(nib.load(_series(trial, task)).dataobj)
        return {}

    return work


def nilearn_model(trial: Path, noise_model: str, maps: Path) -> Work:
    """Fit nilearn's model to the file, with the design that ours has written."""
    import pandas as pd
    from nilearn.glm.first_level import FirstLevelModel

    bold = _series(trial, TASK)
    mask = bold.with_name(bold.name.replace("desc-preproc_bold", "desc-brain_mask"))
    design = pd.read_csv(maps / "design.tsv", sep="\t")
    weights = json.loads((maps / "weights.json").read_text())
    vector = np.array([weights.get(name, 0.0) for name in design])

    def work() -> dict[str, np.ndarray]:
        model = FirstLevelModel(
            t_r=2.0,
            mask_img=str(mask),
            smoothing_fwhm=None,
            signal_scaling=False,
            noise_model=noise_model,
            minimize_memory=True,
            n_jobs=1,
        )
        with warnings.catch_warnings():
            # Told each time: the repetition time is not needed beside a design, the mask is given.
            warnings.simplefilter("ignore")
            model.fit(str(bold), design_matrices=[design])
        made = model.compute_contrast(vector, output_type="all")
        names = {
            "effect": "effect_size",
            "variance": "effect_variance",
            "t": "stat",
            "z": "z_score",
        }
        return {stat: np.asanyarray(made[name].dataobj) for stat, name in names.items()}

    return work


def our_model(trial: Path, noise_model: str, maps: Path) -> Work:
    """Read, fit and combine with the app's own functions, without regions."""
    from bids_ketamine.study.confound_sections import ConfoundsSpec

    study = _study()
    confounds = ConfoundsSpec(
        motion="6", motion_without_aroma="6", outliers=None, non_steady_state=False
    )
    study = replace(
        study,
        inputs=replace(study.inputs, smoothing_fwhm=0.0),
        glm=replace(study.glm, noise_model=noise_model, confounds=confounds),
        regions=None,
    )
    (run,) = _session(trial, study, TASK).runs
    fit = _task_fitter(study)

    def work() -> dict[str, np.ndarray]:
        result, volumes = fit(run, TASK)
        names = result.design.matrix.columns
        if len(set(names) - set(result.design.task_columns)) - 1 != N_NUISANCE + len(
            result.design.drift_columns
        ):
            raise SystemExit(f"{N_NUISANCE} nuisance regressors are meant: {list(names)}")
        if noise_model == "ar1":
            maps.mkdir(parents=True, exist_ok=True)
            result.design.matrix.to_csv(maps / "design.tsv", sep="\t", index=False)
            (task,) = (each for each in study.tasks if each.name == TASK)
            (contrast,) = task.contrasts
            (maps / "weights.json").write_text(json.dumps(dict(contrast.rows[0])))
        return volumes[CONTRAST]

    return work


def session_numerics(trial: Path, maps: Path) -> Work:
    """Compute what the preset computes of a session, smoothing and regions too; write nothing."""
    from bids_ketamine.core.connectivity.cleaning import clean_series
    from bids_ketamine.core.connectivity.matrices import pearson_correlation
    from bids_ketamine.interfaces.images import read_image
    from bids_ketamine.interfaces.runs import read_nuisance, region_series
    from bids_ketamine.regions.locate import locate_regions
    from bids_ketamine.regions.sources import resolve_regions

    study = _study()
    session = _session(trial, study, None)
    fit = _task_fitter(study)

    def work() -> dict[str, np.ndarray]:
        volumes: dict[str, np.ndarray] = {}
        for task in study.tasks:
            for run in session.runs_of(task.label):
                _, made = fit(run, task.name)
                volumes |= {name: each["t"] for name, each in made.items()}
        rest = study.rest
        if rest is None:
            raise ValueError("a study without rest")
        band = rest.band_pass
        for run in session.runs_of(rest.task):
            image, _ = read_image(run, study.inputs)
            sources = resolve_regions(study.regions, space=study.inputs.space)
            located = locate_regions(sources, image.grid, own_segmentation=None)
            cleaned = clean_series(
                region_series(image, image.series, located.regions),
                nuisance=read_nuisance(
                    run, rest.confounds, len(image.series)
                ).regressors.to_numpy(),
                t_r=run.t_r,
                band_pass=None if band is None else (band[0], band[1]),
            )
            pearson_correlation(cleaned.series)
        return volumes

    return work


def _study() -> StudySpec:
    from bids_ketamine.study.load import load_study

    return load_study("norbury2021").spec


def _series(trial: Path, task: str) -> Path:
    (found,) = trial.rglob(f"*_task-{task}_*desc-preproc_bold.nii.gz")
    return found


def _session(trial: Path, study: StudySpec, task: str | None) -> SessionInputs:
    from bids_ketamine.dataset.query import find_sessions

    (session,) = find_sessions(
        bids_dir=trial,
        derivatives={"fmriprep": trial / "derivatives" / "fmriprep"},
        study=study,
        participant_labels=None,
        session_labels=["pre"],
        task_labels=None if task is None else [task],
        filters=None,
        database_dir=None,
    )
    return session


def _task_fitter(study: StudySpec) -> Callable[[RunInputs, str], Any]:
    """Return a function of a run and its task that returns the fit and maps by contrast."""
    from bids_ketamine.core.glm.first_level import fit_task_run
    from bids_ketamine.core.glm.task_fit import RunData
    from bids_ketamine.dataset.tables import read_events
    from bids_ketamine.interfaces.contrasts import combine, fitted_run
    from bids_ketamine.interfaces.images import read_image
    from bids_ketamine.interfaces.runs import read_nuisance, reference_time, region_columns
    from bids_ketamine.regions.locate import locate_regions
    from bids_ketamine.regions.sources import resolve_regions

    def fit(run: RunInputs, name: str) -> Any:
        (task,) = (each for each in study.tasks if each.name == name)
        if run.events is None or run.t_r is None:
            raise ValueError("a task run without events or repetition time")
        image, _ = read_image(run, study.inputs)
        sources = resolve_regions(study.regions, space=study.inputs.space)
        located = locate_regions(sources, image.grid, own_segmentation=None)
        result = fit_task_run(
            data=RunData(image.series, image.global_means, region_columns(image, located.regions)),
            events=read_events(run.events, required={task.trial_type_column: ""}),
            nuisance=read_nuisance(run, study.glm.confounds, len(image.series)),
            t_r=run.t_r,
            reference_time=reference_time(run)[0],
            trial_type_column=task.trial_type_column,
            conditions=task.conditions,
            error_trials=task.error_trials,
            contrasts=task.contrasts,
            eigenvariates=task,
            model=study.glm,
        )
        fitted = fitted_run(run, image, result, facts={}, impulses=frozenset())
        combined = [
            combine(contrast, [fitted], {}, conditions=frozenset()) for contrast in task.contrasts
        ]
        return result, {each.contrast.name: each.volumes for each in combined}

    return fit


CANDIDATES: dict[str, Callable[[Path, Path], Work]] = {
    "reading": lambda trial, maps: bare_reading(trial, (TASK,), maps),
    "ours-ar1": lambda trial, maps: our_model(trial, "ar1", maps),
    "ours-spm": lambda trial, maps: our_model(trial, "spm", maps),
    "nilearn-ols": lambda trial, maps: nilearn_model(trial, "ols", maps),
    "nilearn-ar1": lambda trial, maps: nilearn_model(trial, "ar1", maps),
    "session-reading": lambda trial, maps: bare_reading(trial, ("faces", "stroop", "rest"), maps),
    "session-numerics": session_numerics,
}


def main() -> None:
    """Do a candidate's work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CANDIDATES)
    parser.add_argument("trial", type=Path)
    parser.add_argument("--maps", type=Path, default=Path("maps"), help="folder of maps")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    work = CANDIDATES[options.name](options.trial, options.maps)
    if options.profile:
        profile(work)
        return
    measured, maps = measured_here(work)
    tell(measured)
    if maps:
        options.maps.mkdir(parents=True, exist_ok=True)
        np.savez(options.maps / f"{options.name}.npz", **maps)


if __name__ == "__main__":
    main()
