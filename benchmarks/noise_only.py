"""Noise-only runs: p values of regions and voxels should be uniform.

``python -m benchmarks.noise_only [--runs N] [--seed K] [--resolution MM] [--complete]``

Runs of the demo's face matching and Stroop in turn, with its events, confounds and noise and no
response to any picture. A region's test is that of its mean series. The model is the preset's, with
motion regressors: the demo's series are not denoised, and head position is not what a model of
serial correlations can describe. The regions' own slow fluctuations, a signal that the demo plants,
are off. nilearn's voxel-wise model stands beside the pooled one, for comparison.

``--complete`` leaves both as the preset and the demo have them: p values are then too small, with
either noise model, and the table says by how much. ``--without`` switches further parts off,
``--motion`` chooses other motion regressors, to tell which part does what.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from bids_ketamine.core.glm.estimates import RunContrast
from bids_ketamine.core.glm.first_level import fit_task_run
from bids_ketamine.core.glm.model_rules import POOLED
from bids_ketamine.core.glm.scaling import global_mean
from bids_ketamine.core.glm.task_fit import RunData
from bids_ketamine.core.nuisance import MOTION_SUFFIXES, Nuisance, select_nuisance
from bids_ketamine.demo.brain import Brain
from bids_ketamine.demo.confounds import confounds_table
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.participants import plan_participant
from bids_ketamine.demo.regions import MARGIN, REGIONS, circuit_pieces
from bids_ketamine.demo.session import INTENSITY_STEP, SessionWriter
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import START_TIME, T_R, TASKS, Trial
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec

NOISE_MODELS = (POOLED, "ar1")
TASK_NAMES = ("faces", "stroop")

#: Kolmogorov-Smirnov p above which p values count as uniform, and the fewest region tests.
UNIFORM, LEAST_TESTS = 0.01, 1000
LEVELS = (0.05, 0.01, 0.001)

#: Voxels of a run that are tested, and how far they are from each other, mm.
N_VOXELS, APART = 12, 35.0

#: Parts of the noise by the parameters whose zero switches them off.
PARTS = {
    "fluctuations": ("fluctuation_task",),
    "physiology": ("physiology_share",),
    "drift": ("drift_share",),
    "position": ("motion_sensitivity",),
    "spikes": ("spike_drop",),
    "saturation": ("saturated_runs",),
    "autocorrelation": ("autocorrelation",),
}
RESPONSES = ("common_response", "visual_response")


class Simulated(NamedTuple):
    """A noise-only run as the app would read it."""

    data: RunData
    events: pd.DataFrame
    nuisance: Nuisance


class Tests(NamedTuple):
    """Tests of one run with one noise model: t of regions and of voxels, and their df."""

    regions: np.ndarray
    voxels: np.ndarray
    residual_df: float

    def p_values(self, t: np.ndarray) -> np.ndarray:
        """Return two-sided p of t."""
        return np.asarray(2.0 * stats.t.sf(np.abs(t), self.residual_df))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code tells whether all p values are uniform."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.noise_only", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--runs", type=int, default=120, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="K")
    parser.add_argument("--resolution", type=int, default=6, metavar="MM")
    parser.add_argument("--complete", action="store_true")
    parser.add_argument("--motion", choices=MOTION_SUFFIXES, default="24")
    parser.add_argument("--without", nargs="+", default=[], choices=PARTS, metavar="PART")
    options = parser.parse_args(argv)
    if options.complete:
        options.motion = "none"
    else:
        options.without = sorted({*options.without, "fluctuations"})
    begin = time.perf_counter()
    model = noise_model_of(options.without)
    with threadpool_limits(limits=1):
        tests = run_tests(
            options.runs,
            seed=options.seed,
            mm=options.resolution,
            model=model,
            motion=options.motion,
        )
    off = f", without {', '.join(options.without)}" if options.without else ""
    off += f", motion regressors: {options.motion}"
    print(
        f"{options.runs} noise-only runs of {' and '.join(TASK_NAMES)}, {options.resolution} mm, "
        f"seed {options.seed}{off}; {time.perf_counter() - begin:.0f} s"
    )
    return 0 if report(tests) else 1


def noise_model_of(without: Sequence[str]) -> ForwardModel:
    """Return the demo's forward model without responses, and without parts of its noise."""
    model = ForwardModel()
    off = [*RESPONSES, *itertools.chain.from_iterable(PARTS[part] for part in without)]
    return model._replace(**{name: getattr(model, name)._replace(value=0.0) for name in off})


def run_tests(
    n_runs: int, *, seed: int, mm: int, model: ForwardModel, motion: str
) -> dict[str, list[Tests]]:
    """Simulate runs and test each with every noise model."""
    study = load_study("norbury2021").spec
    confounds = replace(study.glm.confounds, motion_without_aroma=motion)
    study = replace(study, glm=replace(study.glm, confounds=confounds))
    writer = SessionWriter(Path(), seed=seed, resolution=mm, model=model)
    regions = region_columns(writer.brain)
    tests: dict[str, list[Tests]] = {name: [] for name in NOISE_MODELS}
    for number in range(n_runs):
        task = TASK_NAMES[number % len(TASK_NAMES)]
        run = simulate(writer, number, task, study, regions)
        chosen = far_voxels(writer.brain, generator(seed, str(number), "voxels"))
        for name in NOISE_MODELS:
            tests[name].append(test_run(run, task, study, noise_model=name, voxels=chosen))
    return tests


def simulate(
    writer: SessionWriter,
    number: int,
    task_name: str,
    study: StudySpec,
    regions: Sequence[np.ndarray],
) -> Simulated:
    """Make one run of one participant, as the demo would write it, and choose its nuisance."""
    task, brain = TASKS[task_name], writer.brain
    participant = plan_participant(number, seed=writer.seed, effect=False, model=writer.model)
    if task.make_trials is None:
        raise ValueError(f"{task_name} has no trials")
    trials = task.make_trials(generator(writer.seed, participant.label, task_name, "trials"))
    run = writer.simulate(participant, "pre", task, trials)
    stored = np.rint(run.intensity / INTENSITY_STEP).astype(np.float32) * np.float32(INTENSITY_STEP)
    columns, metadata = confounds_table(
        intensity=stored,
        motion=run.motion,
        displacement=run.displacement,
        n_saturated=run.n_saturated,
        t_r=T_R,
        brain=brain,
    )
    rules = study.glm.confounds
    nuisance = select_nuisance(
        pd.DataFrame(columns),
        metadata=metadata,
        columns=rules.columns,
        derivatives=rules.derivatives,
        compcor_mask=rules.compcor_mask,
        compcor_components=rules.compcor_components,
        compcor_variance=rules.compcor_variance,
        motion=rules.motion_without_aroma,
        outliers=rules.outliers,
        non_steady_state=rules.non_steady_state,
    )
    global_means = np.array([global_mean(brain.volume(volume)) for volume in stored])
    events = pd.DataFrame(trials, columns=list(Trial._fields))
    return Simulated(RunData(stored[:, brain.mask], global_means, regions), events, nuisance)


def test_run(
    run: Simulated, task_name: str, study: StudySpec, *, noise_model: str, voxels: np.ndarray
) -> Tests:
    """Fit the task's contrast and return the tests of regions and of some voxels."""
    (task,) = (each for each in study.tasks if each.name == task_name)
    (contrast,) = task.contrasts
    fit = fit_task_run(
        data=run.data,
        events=run.events,
        nuisance=run.nuisance,
        t_r=T_R,
        reference_time=START_TIME,
        trial_type_column=task.trial_type_column,
        conditions=task.conditions,
        error_trials=task.error_trials,
        contrasts=task.contrasts,
        eigenvariates=task,
        model=replace(study.glm, noise_model=noise_model),
    )
    if contrast.name not in fit.contrasts:
        raise SystemExit(f"{contrast.name}: {fit.not_estimable[contrast.name]}")
    regions, residual_df = t_values(fit.regions.contrasts[contrast.name])
    every = np.full(len(fit.kept), np.nan)
    every[fit.kept], _ = t_values(fit.contrasts[contrast.name])
    return Tests(regions, every[voxels], residual_df)


def t_values(contrast: RunContrast) -> tuple[np.ndarray, float]:
    """Return t and its degrees of freedom."""
    maps = type(contrast).combine([contrast], test="t")
    return maps.statistic, maps.residual_df


def region_columns(brain: Brain) -> list[np.ndarray]:
    """Return the brain voxels of each region's left and right part."""
    coordinates = brain.coordinates[brain.mask]
    pieces = [piece for name in REGIONS for piece in circuit_pieces()[name]]
    distances = [cKDTree(piece).query(coordinates)[0] for piece in pieces]
    return [np.flatnonzero(each <= max(MARGIN, each.min())) for each in distances]


def far_voxels(brain: Brain, source: np.random.Generator) -> np.ndarray:
    """Draw grey-matter voxels that are far from each other, places among brain voxels."""
    coordinates = brain.coordinates[brain.mask]
    grey = np.flatnonzero(brain.grey_matter[brain.mask] > 0.5)
    chosen: list[int] = []
    for voxel in source.permutation(grey):
        away = np.linalg.norm(coordinates[chosen] - coordinates[voxel], axis=1)
        if (away >= APART).all():
            chosen.append(int(voxel))
        if len(chosen) == N_VOXELS:
            break
    return np.array(chosen)


def report(tests: dict[str, list[Tests]]) -> bool:
    """Print how uniform p values are and return whether the targets are met."""
    shares = "".join(f"{f'p < {level:g}':>10}" for level in LEVELS)
    print(f"  {'':<14}{'tests':>7}{'KS p':>8}{shares}{'sd of z':>9}{'r within':>10}{'df':>8}")
    met = True
    for name, runs in tests.items():
        for what in ("regions", "voxels"):
            p = np.concatenate([run.p_values(getattr(run, what)) for run in runs])
            p = p[np.isfinite(p)]
            uniform = float(stats.kstest(p, "uniform").pvalue)
            rates = "".join(f"{np.mean(p < level):10.4f}" for level in LEVELS)
            z = np.array([z_values(run, what) for run in runs])
            df = np.mean([run.residual_df for run in runs])
            row = f"{len(p):7d}{uniform:8.3f}{rates}{np.nanstd(z):9.3f}{correlation(z):10.3f}"
            print(f"  {f'{name}, {what}':<14}{row}{df:8.1f}")
            if name == POOLED:
                met &= uniform > UNIFORM and (what == "voxels" or len(p) >= LEAST_TESTS)
    print("  sd of z: 1 if tests are calibrated; r within: mean correlation of z in one run")
    print(
        f"  target of {POOLED}: KS p > {UNIFORM:g}, {LEAST_TESTS} region tests: "
        f"{'met' if met else 'NOT MET'} (ar1 is nilearn's, shown beside it)"
    )
    return met


def z_values(run: Tests, what: str) -> np.ndarray:
    """Return tests of a run as normal deviates."""
    t = getattr(run, what)
    return np.asarray(np.sign(t) * stats.norm.isf(run.p_values(t) / 2.0))


def correlation(z: np.ndarray) -> float:
    """Return the mean correlation over runs of two tests of a run, shape (n_runs, n_tests).

    Tests of a run that go together make the Kolmogorov-Smirnov test reject too often.
    """
    matrix = np.ma.corrcoef(np.ma.masked_invalid(z), rowvar=False).filled(np.nan)
    return float(np.nanmean(matrix[np.triu_indices(len(matrix), 1)]))


if __name__ == "__main__":
    sys.exit(main())
