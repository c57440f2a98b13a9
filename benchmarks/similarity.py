"""How representational similarity of single runs averages, and what its error is.

``python -m benchmarks.similarity [--sessions N] [--seed K] [--covariance NAME]
[--autocorrelation R] [--smoothness MM]``

Sessions of one face-matching run each. With partitions by ``half_block`` it is the demo's, one
block of each emotion; with ``block`` there are two of each, half as long. Every voxel responds to
faces and to shapes, each in a pattern of its own. Noise is a first-order autoregression of 1
percent with Gaussian smoothness, by default that of the demo's noise after the preset's smoothing.
The model has 12 nuisance series and four single volumes. The app does the rest, from events and
series to dissimilarities, as the preset has it.

Two regions of 203 voxels. In the first all emotions have the same pattern: raw contrasts must
average the predicted bias, and the measure 0, within two standard errors (SE, from the spread over
sessions), for fearful against neutral and for the mean of all pairs. Of the other rows one in 20 is
beyond by chance. "of true noise" is the bias by the noise's true covariances in time and space
(of the same estimates of whitening and normalisation).

In the second region, the pattern of fearful differs by one that is drawn as the noise of a volume,
0.1 in squared Mahalanobis distance / voxel. Patterns are normalised by an estimate of the noise
covariance, which makes distances kappa times as large: the measure must average 0.1 kappa, kappa by
the true covariance, and "raw" tells by how much the bias would put the contrast off. "drawn" is the
mean distance of the patterns that were drawn.

"sd" is the spread over sessions of the measure minus the distance that was drawn.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import linalg
from threadpoolctl import threadpool_limits

from benchmarks.similarity_simulation import (
    NOISE,
    PLANTED,
    RUNS,
    VOXEL_SIZE,
    Simulated,
    Space,
    simulate,
)
from bids_ketamine.core.glm.first_level import fit_task_run
from bids_ketamine.core.rsa.contrast_errors import error_terms, predicted_bias
from bids_ketamine.core.rsa.noise_covariance import COVARIANCE_ESTIMATORS, noise_covariance
from bids_ketamine.core.rsa.region_similarity import region_similarity, similarity_model
from bids_ketamine.demo.parameters import ForwardModel
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import (
    EMOTIONS,
    START_TIME,
    T_R,
)
from bids_ketamine.interfaces.rsa_runs import PatternRun, pattern_run
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec, TaskSpec

PAIRS = tuple(combinations(range(1, len(EMOTIONS) + 1), 2))
FEARFUL = EMOTIONS.index("fearful") + 1
#: Place of fearful against neutral among the pairs.
TARGET = PAIRS.index((EMOTIONS.index("neutral") + 1, FEARFUL))

#: Standard errors within which averages must agree.
WITHIN = 2.0
EQUAL, DIFFERENT = "equal patterns", "planted difference"


class Found(NamedTuple):
    """What a region of a session gives; of several sessions, arrays have one more axis before.

    Attributes
    ----------
    raw, predicted, value, standard_error : ndarray of shape (n_pairs,)
        The app's dissimilarities.
    true_bias : ndarray of shape (n_pairs,)
        Bias by the true covariances of the noise.
    distance : ndarray of shape (n_pairs,)
        Squared distance / voxel of the true patterns, normalised as the app does.
    level, true_level : ndarray of shape ()
        kappa as the app estimates it, and by the true covariance.
    """

    raw: np.ndarray
    predicted: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray
    true_bias: np.ndarray
    distance: np.ndarray
    level: np.ndarray
    true_level: np.ndarray


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code tells whether the targets are met."""
    model = ForwardModel()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.similarity", description=__doc__.splitlines()[0]
    )
    study = load_study("norbury2021").spec
    smoothing = study.inputs.smoothing_fwhm or 0.0
    parser.add_argument("--sessions", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="K")
    parser.add_argument(
        "--covariance", choices=COVARIANCE_ESTIMATORS, default="shrinkage_to_diagonal"
    )
    parser.add_argument(
        "--autocorrelation", type=float, default=model.autocorrelation.value, metavar="R"
    )
    parser.add_argument(
        "--smoothness",
        type=float,
        default=float(np.hypot(model.noise_fwhm.value, smoothing)),
        metavar="MM",
    )
    options = parser.parse_args(argv)
    space = Space.of(
        smoothness=options.smoothness / VOXEL_SIZE, autocorrelation=options.autocorrelation
    )
    print(
        f"{options.sessions} sessions of one run, seed {options.seed}, "
        f"{len(space.regions[0])} voxels, covariance {options.covariance}; noise: lag-1 "
        f"correlation {options.autocorrelation:g}, {options.smoothness:.1f} mm"
    )
    met = True
    for partition in RUNS:
        begin = time.perf_counter()
        found = run_sessions(
            partition,
            options.sessions,
            seed=options.seed,
            space=space,
            study=of_preset(study, partition, options.covariance),
        )
        print(f"\n{partition}, {RUNS[partition][1]} volumes")
        met &= print_equal(found[EQUAL])
        met &= print_different(found[DIFFERENT])
        print(f"  {time.perf_counter() - begin:.0f} s")
    return 0 if met else 1


def of_preset(study: StudySpec, partition: str, covariance: str) -> StudySpec:
    """Return the preset with the partition and covariance that are looked at."""
    if study.rsa is None:
        raise ValueError("a preset without representational similarity")
    return replace(study, rsa=replace(study.rsa, partition=partition, covariance=covariance))


def run_sessions(
    partition: str, n_sessions: int, *, seed: int, space: Space, study: StudySpec
) -> dict[str, Found]:
    """Simulate and analyse sessions; the arrays of each region are stacked."""
    found: list[list[Found]] = []
    with threadpool_limits(limits=1):
        for number in range(n_sessions):
            source = generator(seed, partition, str(number), "similarity")
            found.append(analyse(simulate(partition, space, study, source), space, study))
    return {
        name: Found(*(np.stack(each) for each in zip(*own, strict=True)))
        for name, own in zip((EQUAL, DIFFERENT), zip(*found, strict=True), strict=True)
    }


def analyse(run: Simulated, space: Space, study: StudySpec) -> list[Found]:
    """Let the app model a run, and return what its two regions give."""
    (task,) = (each for each in study.tasks if each.name == "faces")
    rsa = study.rsa
    patterns = patterns_of(run, task, study)
    if patterns.patterns is None or rsa is None:
        raise SystemExit(patterns.reason)
    model = similarity_model([patterns.patterns], pairs=PAIRS, training=rsa.training)
    filtered = patterns.patterns.model
    estimator = filtered.inverse @ filtered.whitening
    serial = linalg.toeplitz(space.autocorrelation ** np.arange(estimator.shape[1]))
    true_covariance = (estimator @ serial @ estimator.T)[np.ix_(model.columns, model.columns)]
    true_terms = error_terms(model.weights, estimates_covariances=[true_covariance])
    found = []
    for part, spatial in zip(patterns.regions, space.covariances, strict=True):
        own = region_similarity(
            part.estimates,
            part.residuals,
            [patterns.basis.T @ part.residuals],
            model=model,
            covariance=rsa.covariance,
        )
        noise = noise_covariance(part.residuals, df=model.trace_rv, estimator=rsa.covariance)
        factor = (noise.factor, True)
        true_level = NOISE**2 * np.trace(linalg.cho_solve(factor, spatial)) / len(spatial)
        true_bias = predicted_bias(true_terms, levels=np.array([true_level]))
        difference = run.difference[part.voxels]
        distance = difference @ linalg.cho_solve(factor, difference) / len(difference)
        each = own.dissimilarities
        found.append(
            Found(
                *(each.raw, each.predicted_bias, each.value, each.standard_error, true_bias),
                distance * np.array([FEARFUL in pair for pair in PAIRS]),
                *(own.level.levels[0], np.array(true_level)),
            )
        )
    return found


def patterns_of(run: Simulated, task: TaskSpec, study: StudySpec) -> PatternRun:
    """Fit a run's GLM and model its patterns, as the app's step does."""
    if study.rsa is None:
        raise ValueError("a study without representational similarity")
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
        model=study.glm,
    )
    return pattern_run(
        data=run.data,
        voxels=run.data.regions,
        events=run.events,
        fit=fit,
        nuisance=run.nuisance,
        task=task,
        rsa=study.rsa,
        glm=study.glm,
        trial_types=EMOTIONS,
    )


class Average(NamedTuple):
    """A mean over sessions and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: np.ndarray) -> Average:
        """Average the values of sessions, shape (n_sessions,)."""
        return cls(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))

    @property
    def errors(self) -> float:
        """How many standard errors the mean is from 0."""
        return self.mean / self.error


def rows_of(pairs: Sequence[int], together: str) -> list[tuple[str, list[int]]]:
    """Return name and pairs of each row: the target, all pairs together, the other pairs."""
    names = {pair: " - ".join(EMOTIONS[each - 1] for each in PAIRS[pair][::-1]) for pair in pairs}
    others = [(names[pair], [pair]) for pair in pairs if pair != TARGET]
    return [(names[TARGET], [TARGET]), (together, list(pairs)), *others]


def print_equal(found: Found) -> bool:
    """Print how raw contrasts and measures average where patterns are equal."""
    print(f"  {EQUAL}; {level_words(found)}")
    print(
        f"  {'':<21}{'raw':>8}{'SE':>7}{'predicted':>11}{'of true noise':>15}{'raw off by':>12}"
        f"{'measure':>10}{'SE':>7}{'off by':>9}{'sd / mean SE':>14}"
    )
    met = True
    for name, pairs in rows_of(range(len(PAIRS)), "mean of all pairs"):
        raw, value = (Average.of(each[:, pairs].mean(axis=1)) for each in (found.raw, found.value))
        predicted, true = (each[:, pairs].mean() for each in (found.predicted, found.true_bias))
        off = (raw.mean - predicted) / raw.error
        target = len(pairs) > 1 or pairs == [TARGET]
        met &= not target or within(off, value.errors)
        print(
            f"  {name:<21}{raw.mean:8.4f}{raw.error:7.4f}{predicted:11.4f}{true:15.4f}"
            f"{off:9.1f} SE{value.mean:10.4f}{value.error:7.4f}{value.errors:6.1f} SE"
            f"{calibration(found, pairs)}  {verdict(target, off, value.errors)}"
        )
    return met


def print_different(found: Found) -> bool:
    """Print how measures average where the pattern of fearful differs."""
    truth = PLANTED * found.true_level[:, None]
    print(f"  {DIFFERENT}; {level_words(found)}")
    print(
        f"  {'':<21}{'0.1 kappa':>10}{'drawn':>8}{'measure':>10}{'SE':>8}{'off by':>9}"
        f"{'raw':>10}{'off by':>10}{'sd / mean SE':>14}"
    )
    met = True
    fearful = [number for number, pair in enumerate(PAIRS) if FEARFUL in pair]
    for name, pairs in rows_of(fearful, "mean of these pairs"):
        off, raw_off = (
            Average.of((each - truth)[:, pairs].mean(axis=1)) for each in (found.value, found.raw)
        )
        target = len(pairs) > 1 or pairs == [TARGET]
        met &= not target or within(off.errors)
        print(
            f"  {name:<21}{truth.mean():10.4f}{found.distance[:, pairs].mean():8.4f}"
            f"{found.value[:, pairs].mean():10.4f}{off.error:8.4f}"
            f"{off.errors:6.1f} SE{found.raw[:, pairs].mean():10.4f}{raw_off.errors:7.1f} SE"
            f"{calibration(found, pairs)}  {verdict(target, off.errors)}"
        )
    return met


def level_words(found: Found) -> str:
    """Tell how well the level of the noise is estimated."""
    return f"kappa {found.level.mean():.4f}, by the true covariance {found.true_level.mean():.4f}"


def calibration(found: Found, pairs: list[int]) -> str:
    """Tell the spread of a measure over sessions beside its mean standard error."""
    if len(pairs) > 1:
        return " " * 14
    spread = (found.value - found.distance)[:, pairs[0]].std(ddof=1)
    error = found.standard_error[:, pairs[0]].mean()
    return f"{spread:7.4f}/{error:.4f}"


def within(*errors: float) -> bool:
    return max(map(abs, errors)) <= WITHIN


def verdict(target: bool, *errors: float) -> str:
    """Say whether a target is met; of other rows, whether they are within by themselves."""
    good = within(*errors)
    return ("met" if good else "NOT MET") if target else ("within" if good else "beyond")


if __name__ == "__main__":
    sys.exit(main())
