"""Recovery of planted differences of coupling, the second table of ``benchmarks.coupling``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.coupling_models import (
    MEASURES,
    REGRESSION,
    SPM_EVERY,
    Tests,
    estimates,
    glm_of,
    make_run,
)
from benchmarks.coupling_simulation import (
    EARLY_BINS,
    N_REGIONS,
    STEP,
    TASK_NAMES,
    Design,
    bold,
    disturbances,
    draw_design,
    neural_activity,
    reference_bin,
)
from bids_ketamine.core.connectivity.deconvolution import convolved_interactions
from bids_ketamine.core.connectivity.gppi import PpiEstimates, PpiRun
from bids_ketamine.core.connectivity.ppi_runs import CONN, JOINT, SPM
from bids_ketamine.core.glm.filtered_model import FilteredModel
from bids_ketamine.core.glm.haemodynamic_response import RESPONSE_LENGTH, canonical_response
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import T_R

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


class Recovered(NamedTuple):
    """Estimates of a planted difference.

    Attributes
    ----------
    value, standard_error : ndarray of shape (n_couples,)
        From the seed to its target.
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
            must = measure == REGRESSION and (
                kind == TRUE_ACTIVITY or (kind == EXACT and method == JOINT)
            )
            if must:
                verdict = f"bias {(mean - truth) / error:+.1f} SE, {'met' if within else 'NOT MET'}"
                met &= within
            elif measure == REGRESSION:
                verdict = f"{100 * mean / truth:.0f} % of the truth"
            else:
                verdict = "Fisher z"
            known = f"{truth:.2f}" if measure == REGRESSION else "-"
            calibration = spread / np.sqrt(np.nanmean(found.standard_error**2))
            print(
                f"  {task_name:<8}{level:<8}{kind:<18}{method:<8}{measure:<12}{known:>7}"
                f"{mean:8.3f}{error:7.3f}{calibration:10.2f}"
                f"{100 * np.nanmean(found.positive):8.1f}%  {verdict}"
            )
    print("  t spread here: SD of estimates over the root mean square of their standard errors")
    return met


def contrast_of(task_name: str) -> np.ndarray:
    """Return the weights of a task's contrast."""
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
            measures = MEASURES if kind == MEASURED else (REGRESSION,)
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
        keep(
            "neural",
            TRUE_ACTIVITY,
            SPM,
            with_true_activity(run, activity, design, model),
            REGRESSION,
        )
        keep("neural", EXACT, SPM, run, REGRESSION)
        keep("neural", MEASURED, SPM, make_run(SPM, disturbed, design, model), *MEASURES)
    return {
        key: Recovered(*(np.concatenate(each) for each in zip(*couples, strict=True)))
        for key, couples in found.items()
    }


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


def planted_activity(task_name: str, design: Design, source: np.random.Generator) -> np.ndarray:
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
        reference_bin=reference_bin(),
    )
    flat = model.filter(interactions.reshape(design.n_scans, -1))
    seeds = model.filter(bold(activity, early=EARLY_BINS))
    return run._replace(seeds=seeds, interactions=flat.reshape(interactions.shape))
