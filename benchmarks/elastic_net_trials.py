"""Whether a trial's elastic net finds what is planted, and claims nothing where nothing is.

``python -m benchmarks.elastic_net_trials [--seeds N] [--participants N] [--no-effect] [--claims]
[--jobs N]``

Trials of 21 participants with the 63 measures of ``norbury2021`` and the demo's covariates, drawn
from the demo's model without images (``benchmarks.elastic_net_simulation``). The preset's settings
hold, but for 199 permutations at most. Judged are the models of changes.

``planted``
    Which imaging measure the drug-agnostic model selects most often in 200 resamples of the
    participants. The contrast of vmPFC in the face task has the strongest planted relation: its
    change correlates with improvement by -0.93 without noise, and by -0.59 as measured. The
    coupling of amygdala and vmPFC at rest is planted too (0.55 with improvement within the
    ketamine arm, 0.5 over both), but noise of single runs leaves 0.17. Changes of the amygdala's
    contrast leave 0.14.
``nothing planted``
    How many trials claim a finding: in any of the three models imaging has p < .05 beside imaging
    of other participants, a nested R2 above 0, and above that of covariates alone. Where the R2 is
    not above 0 the test is not run, since there can be no finding.

Targets, of 20 trials: the contrast of vmPFC is the most often selected in at least 15; with nothing
planted at most 2 claim a finding. Findings in planted trials have no target; ``--claims`` runs
their tests too, which takes hours.

One JSON file a trial is kept in the results folder: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.elastic_net_simulation import (
    COUPLING,
    NOISE,
    PLANTED,
    VMPFC,
    prediction_settings,
    simulated_trial,
)
from benchmarks.measurement import Target, print_targets
from bids_ketamine.core.prediction.accuracy import accuracy
from bids_ketamine.core.prediction.bootstrap import bootstrap
from bids_ketamine.core.prediction.columns import usable_predictors
from bids_ketamine.core.prediction.fitting import fit_model
from bids_ketamine.core.prediction.preparation import IMAGING, design_stack
from bids_ketamine.core.prediction.procedure import Sample, nested_prediction, sample_of
from bids_ketamine.core.prediction.trial_data import CHANGE, MEASURES, MODELS

PLANTED_TRIALS, NULL_TRIALS = "planted", "no-effect"
N_TRIALS = 20
LEAST_FOUND, MOST_CLAIMED = 15, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing and print both tables; the exit code tells of the targets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.elastic_net_trials", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=N_TRIALS, metavar="N")
    parser.add_argument("--participants", type=int, default=21, metavar="N")
    parser.add_argument(
        "--no-effect", action="store_true", help="only the trials with nothing planted"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("benchmark-results/elastic_net_trials")
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument(
        "--claims", action="store_true", help="run the tests of planted trials too (hours)"
    )
    options = parser.parse_args(argv)
    kinds = (NULL_TRIALS,) if options.no_effect else (PLANTED_TRIALS, NULL_TRIALS)
    folder = options.results / f"{options.participants}-participants"
    run_missing(kinds, options.seeds, options.participants, folder, options.jobs, options.claims)
    told: list[Target] = []
    for kind in kinds:
        results = [read_result(folder, kind, seed, options.claims) for seed in range(options.seeds)]
        known = [each for each in results if each is not None]
        print_table(kind, options.participants, known)
        told.append(selected(known) if kind == PLANTED_TRIALS else claimed(known))
    print()
    return 0 if print_targets(told) else 1


def run_missing(
    kinds: Sequence[str], n_seeds: int, n_participants: int, folder: Path, jobs: int, claims: bool
) -> None:
    """Run the trials that have no result of these settings, telling how many there are."""
    missing = [
        (kind, seed)
        for kind in kinds
        for seed in range(n_seeds)
        if read_result(folder, kind, seed, claims) is None
    ]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    with get_context("spawn").Pool(jobs) as pool:
        finished = pool.imap_unordered(partial(run_one, folder, n_participants, claims), missing)
        for done, _ in enumerate(finished, start=1):
            took = time.perf_counter() - begin
            print(f"{done} of {len(missing)} trials, {took:.0f} s", file=sys.stderr, flush=True)


def run_one(folder: Path, n_participants: int, claims: bool, which: tuple[str, int]) -> None:
    """Run a trial and keep its result."""
    kind, seed = which
    with threadpool_limits(limits=1):
        result = run_trial(kind, seed, n_participants, tested=claims or kind == NULL_TRIALS)
    path = kept_file(folder, kind, seed)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(result | {"settings": settings_text()}, indent=1))
    unfinished.replace(path)


def run_trial(kind: str, seed: int, n_participants: int, *, tested: bool) -> dict[str, Any]:
    """Draw a trial and analyse its models of changes, with tests or without."""
    begin = time.perf_counter()
    data = simulated_trial(seed, n_participants=n_participants, effect=kind == PLANTED_TRIALS)
    settings = prediction_settings(seed)
    found: dict[str, Any] = {"models": {}, "tested": tested}
    for model in MODELS:
        usable = usable_predictors(data, timing=CHANGE, model=model, settings=settings)
        sample = sample_of(usable.data, timing=CHANGE, settings=settings)
        if model == MEASURES:
            found["frequencies"] = selection_frequencies(sample)
        outcome = sample.data.outcome
        nested = nested_prediction(sample, model, outcome=outcome)
        r2 = accuracy(prediction=nested.prediction, outcome=outcome).r2
        own: dict[str, Any] = {"r2": r2, "finding": False}
        if tested and r2 > 0.0:
            fit = fit_model(sample, model)
            alone = fit.covariates_alone
            own |= {
                "p": fit.imaging_test.p_value,
                "r2_covariates_alone": None if alone is None else alone.r2,
                "finding": fit.finding,
            }
        found["models"][model] = own
    return found | {"seconds": round(time.perf_counter() - begin, 1)}


def selection_frequencies(sample: Sample) -> dict[str, float]:
    """Return how often each imaging measure is selected in resamples, without arms."""
    settings = sample.settings
    design = design_stack(
        sample.blocks,
        arms_codes=sample.codes,
        levels=sample.data.levels,
        model=MEASURES,
        concurrent=sample.data.concurrent,
    )
    resampled = bootstrap(
        stack=design.stack,
        outcome=sample.data.outcome,
        groups=sample.codes,
        l1_ratios=settings.l1_ratios,
        n_penalties=settings.n_penalties,
        selection=settings.selection,
        n_resamples=settings.bootstraps,
        level=settings.level,
        seed=settings.seed,
        n_jobs=1,
    )
    return {
        name: float(frequency)
        for name, kind, frequency in zip(
            design.names, design.kinds, resampled.selection_frequency, strict=True
        )
        if kind == IMAGING
    }


def settings_text() -> str:
    """Say what a result depends on, beside the code and the seed."""
    return json.dumps([prediction_settings(0)._asdict(), NOISE], default=str)


def kept_file(folder: Path, kind: str, seed: int) -> Path:
    """Return where the result of a trial is kept."""
    return folder / f"seed-{seed:04d}_{kind}.json"


def read_result(folder: Path, kind: str, seed: int, claims: bool) -> dict[str, Any] | None:
    """Read the result of a trial; None where there is none of these settings."""
    path = kept_file(folder, kind, seed)
    if not path.exists():
        return None
    result: dict[str, Any] = json.loads(path.read_text())
    enough = result.get("tested", True) or (kind == PLANTED_TRIALS and not claims)
    return result if enough and result["settings"] == settings_text() else None


def print_table(kind: str, n_participants: int, results: Sequence[dict[str, Any]]) -> None:
    """Print what was selected and claimed in each trial."""
    print(f"\n{kind}: {len(results)} trials of {n_participants} participants")
    print(
        f"  {'seed':>4}{'vmPFC':>8}{'place':>7}{'coupling':>10}{'place':>7}  "
        + "".join(f"{'R2 ' + model:>26}" for model in MODELS)
        + "  most often selected"
    )
    for seed, result in enumerate(results):
        frequencies = result["frequencies"]
        chosen = "".join(
            f"{frequencies[name]:>{width}.2f}{place_of(name, frequencies):>7}"
            for name, width in ((VMPFC, 8), (COUPLING, 10))
        )
        models = "".join(f"{_model(result['models'][model]):>26}" for model in MODELS)
        first = max(frequencies, key=lambda name: frequencies[name])
        print(f"  {seed:>4}{chosen}  {models}  {first}")
    tops = [
        max(each["frequencies"], key=lambda name: each["frequencies"][name]) for each in results
    ]
    planted = sum(top in PLANTED for top in tops)
    tested = all(each.get("tested", True) for each in results)
    findings = [
        f"{sum(each['models'][model]['finding'] for each in results)} findings" if tested else "-"
        for model in MODELS
    ]
    means = [np.mean([each["models"][model]["r2"] for each in results]) for model in MODELS]
    print(
        f"  most often selected is one of {len(PLANTED)} with a planted change: {planted}; "
        + "; ".join(
            f"{model}: mean R2 {mean:.2f}, {count}"
            for model, mean, count in zip(MODELS, means, findings, strict=True)
        )
    )


def _model(own: dict[str, Any]) -> str:
    p = f", p {own['p']:.3f}" if "p" in own else ""
    return f"{own['r2']:.2f}{p}{' *' if own['finding'] else ''}"


def place_of(name: str, frequencies: dict[str, float]) -> int:
    """Return the place of a measure among all by how often it is selected, 1 for the first."""
    return 1 + sum(each > frequencies[name] for each in frequencies.values())


def selected(results: Sequence[dict[str, Any]]) -> Target:
    """Return in how many trials the contrast of vmPFC is the most often selected."""
    count = sum(place_of(VMPFC, each["frequencies"]) == 1 for each in results)
    least = LEAST_FOUND * len(results) / N_TRIALS
    return Target("planted: vmPFC the most often selected, trials", count, least, at_least=True)


def claimed(results: Sequence[dict[str, Any]]) -> Target:
    """Return how many trials claim a finding where there is none."""
    count = sum(any(own["finding"] for own in each["models"].values()) for each in results)
    most = MOST_CLAIMED * len(results) / N_TRIALS
    return Target("nothing planted: trials that claim a finding", count, most)


if __name__ == "__main__":
    sys.exit(main())
