"""Generalized PPI on simulated sessions: false positives, and the recovery of planted differences.

``python -m benchmarks.coupling [--pairs N] [--sessions N] [--seed K]``

First table: six regions are coupled, all conditions alike, and the task's contrast of coupling is
tested in each of 15 pairs of a session: the mean of both directions over its standard error, by the
t distribution with the smaller degrees of freedom of the two seeds. In four set-ups, regions respond
to the task, motion leaks into them, both, or neither; in a fifth, for information, responses come a
second later than the model has it as well. 2 to 9 % of p values may be below .05. "t spread" is the
root mean square of t over that of the t distribution; 1 if standard errors are right.

Second table: coupling differs by a known amount between conditions, at the level of the BOLD signal
(a seed's noise-free series times condition regressors; methods conn and joint) or of neural activity
(times events, then convolved; method spm). Seeds are measured as they are, or with noise, responses
and motion. Where a seed has nothing of what cleaning takes out, the estimates of joint must average
the truth within two standard errors, and so must those of spm's model with the seed's true activity
in place of the deconvolved one. In all other rows the last column tells what measuring, cleaning
and deconvolution leave of the difference.

What a session contains: ``benchmarks.coupling_simulation``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from bids_ketamine.core.connectivity.deconvolution import convolved_interactions
from bids_ketamine.core.connectivity.gppi import PpiEstimates, PpiRun, generalized_ppi
from bids_ketamine.core.connectivity.ppi_runs import CONN, JOINT, SPM, conn_run, joint_run, spm_run
from bids_ketamine.core.glm.filtered_model import FilteredModel, adjusted_series
from bids_ketamine.core.glm.haemodynamic_response import RESPONSE_LENGTH, canonical_response
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import T_R
from benchmarks.coupling_simulation import (
    EARLY_BINS,
    N_REGIONS,
    STEP,
    Design,
    bold,
    coupled_activity,
    draw_design,
    evoked,
    glm_of,
    motion_artefact,
    neural_activity,
    own_noise,
    preset,
    response_heights,
)

TASK_NAMES = ("faces", "stroop")
METHODS = (CONN, JOINT, SPM)
MEASURES = ("correlation", "regression")
#: Lags over which residuals are correlated, volumes.
NOISE_REACH = 30
#: Of every so many sessions, one is analysed by the slow method spm too.
SPM_EVERY = 2

PLAIN, RESPONSES, MOTION, BOTH, LATE = "plain", "responses", "motion", "both", "both, 1 s late"
SETUPS = (PLAIN, RESPONSES, MOTION, BOTH, LATE)
DELAY = 1.0
LEVEL, TARGET = 0.05, (0.02, 0.09)

#: Seeds and the targets that follow them, places of regions.
SEEDS, TARGETS = np.array([0, 2, 4]), np.array([1, 3, 5])
#: How a target follows its seed in every condition, and the share of its own activity's SD.
FOLLOWS, OWN = 0.3, 0.8
#: Planted coefficients of the conditions' interactions: of BOLD signals (a Stroop regressor is
#: about 0.07 at most), and of neural activity.
PLANTED = {
    "BOLD": {"faces": (0.5, 0.1), "stroop": (1.0, 7.0, 1.0)},
    "neural": {"faces": (0.5, 0.1), "stroop": (0.1, 0.7, 0.1)},
}
EXACT, MEASURED, TRUE_ACTIVITY = "within the model", "as measured", "true activity"


class Tests(NamedTuple):
    """Tests of the pairs of sessions.

    Attributes
    ----------
    t, residual_df : ndarray of shape (n_sessions, n_pairs)
        Of the mean of both directions.
    """

    t: np.ndarray
    residual_df: np.ndarray

    @classmethod
    def of(cls, found: PpiEstimates) -> Tests:
        """Return the tests of a session's pairs."""
        first, second = np.triu_indices(len(found.residual_df), 1)
        t = (found.mean / found.mean_standard_error)[first, second, 0]
        return cls(t, np.minimum(found.residual_df[first], found.residual_df[second]))

    @property
    def positive(self) -> np.ndarray:
        """Which tests have p < .05, as 0 or 1."""
        p = 2.0 * stats.t.sf(np.abs(self.t), self.residual_df)
        return np.where(np.isfinite(p), p < LEVEL, np.nan)

    @property
    def spread(self) -> float:
        """Root mean square of t over what it is for calibrated tests."""
        expected = self.residual_df / (self.residual_df - 2.0)
        return float(np.sqrt(np.nanmean(self.t**2 / expected)))


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coupling", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--pairs", type=int, default=1050, metavar="N")
    parser.add_argument("--sessions", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="K")
    options = parser.parse_args(argv)
    n_pairs = N_REGIONS * (N_REGIONS - 1) // 2
    with threadpool_limits(limits=1):
        begin = time.perf_counter()
        met = print_false_positives(-(-options.pairs // n_pairs), options.seed)
        print(f"  {time.perf_counter() - begin:.0f} s\n")
        begin = time.perf_counter()
        met &= print_planted(-(-options.sessions // len(SEEDS)), options.seed)
        print(f"  {time.perf_counter() - begin:.0f} s")
    return 0 if met else 1


def make_run(
    method: str, series: np.ndarray, design: Design, model: FilteredModel | None
) -> PpiRun:
    """Make a session's series ready as the preset does, by any method."""
    if model is None:
        route = {CONN: conn_run, JOINT: joint_run}[method]
        low, high = preset().gppi.band_pass or (0.0, None)
        return route(
            series,
            regressors=design.regressors,
            nuisance=design.confounds,
            t_r=T_R,
            band_pass=(low, high),
        )
    conditions = range(design.inputs.shape[1])
    return spm_run(
        series,
        adjusted_series(series, model, kept=conditions),
        inputs=design.inputs,
        nuisance=design.other_columns,
        model=model,
        microtime_step=STEP,
        reference_bin=preset().glm.reference_bin,
    )


def estimates(run: PpiRun, design: Design, measure: str) -> PpiEstimates:
    """Estimate the task's contrast in all pairs."""
    return generalized_ppi(
        [run], effects=design.contrast, measure=measure, noise_reach=NOISE_REACH
    )


def print_false_positives(n_sessions: int, seed: int) -> bool:
    """Print the share of p < .05 without differences; whether the preset's method is within."""
    print(f"No difference of coupling: p < .05 in {n_sessions} sessions of 15 pairs (%)")
    print(
        f"  {'task':<8}{'set-up':<16}{'method':<8}{'pairs':>6}{'df':>7}"
        + "".join(f"{name:>13}{'SE':>5}{'t spread':>10}" for name in MEASURES)
        + "  target"
    )
    met = True
    for task_name in TASK_NAMES:
        tests = null_tests(task_name, n_sessions, seed)
        for (setup, method), by_measure in tests.items():
            row, within = "", True
            for measure in MEASURES:
                found = by_measure[measure]
                share = float(np.nanmean(found.positive))
                error = np.nanstd(np.nanmean(found.positive, axis=1)) / np.sqrt(len(found.t))
                row += f"{100 * share:13.1f}{100 * error:5.1f}{found.spread:10.2f}"
                within &= TARGET[0] <= share <= TARGET[1]
            verdict = "" if setup == LATE else "met" if within else "NOT MET"
            df = f"{np.nanmean(found.residual_df):7.1f}"
            size = int(np.isfinite(found.t).sum())
            print(f"  {task_name:<8}{setup:<16}{method:<8}{size:6d}{df}{row}  {verdict}")
            met &= within or method != CONN or setup == LATE
    print("  SE: of the share, from its spread over sessions (pairs of a session go together)")
    return met


def null_tests(
    task_name: str, n_sessions: int, seed: int
) -> dict[tuple[str, str], dict[str, Tests]]:
    """Test sessions without differences, by set-up and method, then measure."""
    found: dict[tuple[str, str], dict[str, list[Tests]]] = {
        (setup, method): {measure: [] for measure in MEASURES}
        for setup in SETUPS
        for method in METHODS
    }
    for number in range(n_sessions):
        source = generator(seed, task_name, str(number), "null")
        design = draw_design(task_name, source)
        series = null_series(design, source)
        slow = number % SPM_EVERY == 0
        model = glm_of(task_name, design) if slow else None
        for setup in SETUPS:
            for method in METHODS if slow else (CONN, JOINT):
                run = make_run(method, series[setup], design, model if method == SPM else None)
                for measure in MEASURES:
                    tests = Tests.of(estimates(run, design, measure))
                    found[setup, method][measure].append(tests)
    return {
        key: {
            measure: Tests(*(np.stack(each) for each in zip(*tests, strict=True)))
            for measure, tests in by_measure.items()
        }
        for key, by_measure in found.items()
    }


def null_series(design: Design, source: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the series of regions whose coupling does not change, by set-up."""
    plain = bold(coupled_activity(design.n_scans, source), early=EARLY_BINS)
    plain += own_noise(design.n_scans, N_REGIONS, source)
    heights = response_heights(design, N_REGIONS, source)
    artefact = motion_artefact(design, N_REGIONS, source)
    return {
        PLAIN: plain,
        RESPONSES: plain + evoked(design, heights),
        MOTION: plain + artefact,
        BOTH: plain + evoked(design, heights) + artefact,
        LATE: plain + evoked(design, heights, delay=DELAY) + artefact,
    }


class Recovered(NamedTuple):
    """Estimates of a planted difference.

    Attributes
    ----------
    value, standard_error : float
        From the seed to its target, in every couple, shape (n_couples,).
    positive : ndarray of shape (n_couples,)
        Whether the mean of both directions has p < .05, as 0 or 1.
    """

    value: np.ndarray
    standard_error: np.ndarray
    positive: np.ndarray

    @classmethod
    def of(cls, found: PpiEstimates) -> Recovered:
        """Return a session's couples."""
        t = (found.mean / found.mean_standard_error)[SEEDS, TARGETS, 0]
        df = np.minimum(found.residual_df[SEEDS], found.residual_df[TARGETS])
        value, error = found.value[SEEDS, TARGETS, 0], found.standard_error[SEEDS, TARGETS, 0]
        return cls(value, error, Tests(t, df).positive)


def print_planted(n_sessions: int, seed: int) -> bool:
    """Print what is estimated of planted differences; whether the exact rows are unbiased."""
    print(f"Planted difference of coupling: {n_sessions} sessions of {len(SEEDS)} couples")
    print(
        f"  {'task':<8}{'planted':<8}{'seed':<18}{'method':<8}{'measure':<12}{'truth':>7}"
        f"{'mean':>8}{'SE':>7}{'t spread':>10}{'p < .05':>9}  {'verdict'}"
    )
    met = True
    for task_name in TASK_NAMES:
        for (level, kind, method, measure), found in planted_tests(
            task_name, n_sessions, seed
        ).items():
            truth = float((contrast_of(task_name) @ PLANTED[level][task_name]).item())
            mean = float(np.nanmean(found.value))
            spread = np.nanstd(found.value, ddof=1)
            error = float(spread / np.sqrt(np.isfinite(found.value).sum()))
            within = abs(mean - truth) <= 2.0 * error
            must = measure == "regression" and (
                kind == TRUE_ACTIVITY or (kind == EXACT and method == JOINT)
            )
            if must:
                verdict = f"bias {(mean - truth) / error:+.1f} SE, {'met' if within else 'NOT MET'}"
                met &= within
            elif measure == "regression":
                verdict = f"{100 * mean / truth:.0f} % of the truth"
            else:
                truth, verdict = float("nan"), "Fisher z"
            calibration = spread / np.sqrt(np.nanmean(found.standard_error**2))
            print(
                f"  {task_name:<8}{level:<8}{kind:<18}{method:<8}{measure:<12}{truth:7.2f}"
                f"{mean:8.3f}{error:7.3f}{calibration:10.2f}"
                f"{100 * np.nanmean(found.positive):8.1f}%  {verdict}"
            )
    print("  t spread here: SD of estimates over the root mean square of their standard errors")
    return met


def contrast_of(task_name: str) -> np.ndarray:
    return draw_design(task_name, generator(0, task_name, "contrast")).contrast


Key = tuple[str, str, str, str]


def planted_tests(task_name: str, n_sessions: int, seed: int) -> dict[Key, Recovered]:
    """Estimate planted differences, by their level, the seed's measurement, method, measure."""
    found: dict[Key, list[Recovered]] = {}

    def keep(level: str, kind: str, method: str, run: PpiRun, *measures: str) -> None:
        for measure in measures:
            each = Recovered.of(estimates(run, design, measure))
            found.setdefault((level, kind, method, measure), []).append(each)

    for number in range(n_sessions):
        source = generator(seed, task_name, str(number), "planted")
        design = draw_design(task_name, source)
        planted = planted_bold(task_name, design, source)
        for kind, series in planted.items():
            measures = MEASURES if kind == MEASURED else ("regression",)
            for method in (CONN, JOINT):
                keep("BOLD", kind, method, make_run(method, series, design, None), *measures)
        if number % SPM_EVERY:
            continue
        model = glm_of(task_name, design)
        activity = planted_activity(task_name, design, source)
        pure = bold(activity, early=EARLY_BINS)
        disturbed = pure + disturbances(design, source)
        exact = disturbed.copy()
        exact[:, SEEDS] = pure[:, SEEDS]
        run = make_run(SPM, exact, design, model)
        keep("neural", TRUE_ACTIVITY, SPM, with_true_activity(run, activity, design, model),
             "regression")
        keep("neural", EXACT, SPM, run, "regression")
        keep("neural", MEASURED, SPM, make_run(SPM, disturbed, design, model), *MEASURES)
    return {
        key: Recovered(*(np.concatenate(each) for each in zip(*couples, strict=True)))
        for key, couples in found.items()
    }


def disturbances(design: Design, source: np.random.Generator) -> np.ndarray:
    """Return noise, responses and motion of regions."""
    noise = own_noise(design.n_scans, N_REGIONS, source)
    responses = evoked(design, response_heights(design, N_REGIONS, source))
    return noise + responses + motion_artefact(design, N_REGIONS, source)


def planted_bold(
    task_name: str, design: Design, source: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return series of couples: of a target that follows the seed's BOLD signal.

    Where the seed lies within the model, it has nothing of what method joint takes out, and it is
    measured as it is; else it has all that other regions have.
    """
    fluctuations = bold(neural_activity(design.n_scans, N_REGIONS, source), early=EARLY_BINS)
    cleaned = make_run(JOINT, fluctuations, design, None).targets
    others = disturbances(design, source)
    gain = FOLLOWS + design.regressors @ np.array(PLANTED["BOLD"][task_name])
    series = {}
    for kind, seeds in ((EXACT, cleaned), (MEASURED, fluctuations)):
        made = fluctuations * OWN
        made[:, TARGETS] += gain[:, None] * seeds[:, SEEDS]
        made[:, SEEDS] = seeds[:, SEEDS]
        made[:, TARGETS] += others[:, TARGETS]
        if kind == MEASURED:
            made[:, SEEDS] += others[:, SEEDS]
        series[kind] = made
    return series


def planted_activity(
    task_name: str, design: Design, source: np.random.Generator
) -> np.ndarray:
    """Return neural activity of couples: of a target that follows the seed's activity."""
    activity = neural_activity(design.n_scans, N_REGIONS, source)
    gain = np.full(len(activity), FOLLOWS)
    gain[EARLY_BINS:] += design.inputs @ np.array(PLANTED["neural"][task_name])
    activity[:, TARGETS] = OWN * activity[:, TARGETS] + gain[:, None] * activity[:, SEEDS]
    return activity


def with_true_activity(
    run: PpiRun, activity: np.ndarray, design: Design, model: FilteredModel
) -> PpiRun:
    """Return spm's model with the true activity and BOLD signal of seeds."""
    response = canonical_response(interval=STEP, length=RESPONSE_LENGTH)
    interactions = convolved_interactions(
        activity[EARLY_BINS:],
        design.inputs,
        response,
        microtime_resolution=round(T_R / STEP),
        reference_bin=preset().glm.reference_bin,
    )
    flat = model.filter(interactions.reshape(design.n_scans, -1))
    seeds = model.filter(bold(activity, early=EARLY_BINS))
    return run._replace(seeds=seeds, interactions=flat.reshape(interactions.shape))


if __name__ == "__main__":
    sys.exit(main())
