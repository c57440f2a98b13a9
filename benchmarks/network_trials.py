"""Trials of resting networks over seeds, as region series: what was planted is found.

``python -m benchmarks.network_trials [--seeds 0-19] [--null-seeds 0-99] [--results FOLDER]``

Each trial draws the patients of ``bids_ketamine-demo --design siegel2021`` and their runs as
region series, without images. They go through what the app computes: censoring, nuisance model and
band, runs joined, Fisher z of each edge, means of networks, the mean of both sessions before
treatment, and the mixed model of the study with its first method and rule (maximum likelihood,
residual degrees of freedom). One JSON file per trial is kept, so that an interrupted benchmark goes
on where it stopped. A patient without enough usable volumes is left out, and counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from bids_ketamine.core.cleaning.censoring import censor_volumes, usable_time
from bids_ketamine.core.cleaning.frame_filter import frame_filter
from bids_ketamine.core.cleaning.nuisance_models import model_regressors
from bids_ketamine.core.cleaning.projection import cleaning_projection
from bids_ketamine.core.cleaning.session import join_runs
from bids_ketamine.core.connectivity.matrices import fisher_z, pearson_correlation
from bids_ketamine.core.mixed.analysis import analyse_mixed_model
from bids_ketamine.core.networks.network_means import NetworkMeasure, network_table
from bids_ketamine.demo.network_groups import MEASURES, region_groups
from bids_ketamine.demo.network_model import NetworkModel, noise_model
from bids_ketamine.demo.network_participants import BASELINES, PATIENT, RUNS, plan_participant
from bids_ketamine.demo.network_series import RegionRun, simulate_region_run
from bids_ketamine.demo.streams import generator
from bids_ketamine.demo.tasks import T_R
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec

ALPHA = 0.05
#: Tests that must be found in at least so many of 20 trials, and in at most so many.
FOUND = {("sgACC_default_mode", "time:response"): 16, ("limbic", "time"): 16}
NOT_FOUND = {("visual", "time"): 3}
NULL_RANGE = (0.02, 0.09)


def network_measures(spec: StudySpec) -> list[NetworkMeasure]:
    """Return the measures of the study over the regions of the model."""
    networks = spec.networks
    names = list(region_groups())
    members = {
        network: tuple(
            name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)
        )
        for network, patterns in networks.regions.items()
    }
    measures = [NetworkMeasure(name=name, first=members[name]) for name in networks.within]
    for name, (first, second) in networks.between.items():
        measures.append(
            NetworkMeasure(
                name=name, first=members[first], second=members[second], shared=networks.shared
            )
        )
    return measures


def cleaned(run: RegionRun, spec: StudySpec) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the cleaned series of a run, its kept volumes, and why there are none."""
    cleaning, rest = spec.cleaning, spec.rest
    table = pd.DataFrame(dict(run.confounds))
    kept = censor_volumes(
        framewise_displacement=table["framewise_displacement"].to_numpy(),
        dvars=np.full(len(table), np.nan),
        non_steady_state=np.zeros(len(table), dtype=bool),
        displacement_threshold=cleaning.framewise_displacement,
        dvars_threshold=None,
        minimum_segment=cleaning.minimum_segment,
    ).kept
    shared = frame_filter(
        kept,
        t_r=T_R,
        band_pass=rest.band_pass,
        censored_volumes=cleaning.censored_volumes,
    )
    regressors = model_regressors(table, name=cleaning.models[0], metadata={}, cosines=False)
    projection = cleaning_projection(
        regressors.regressors.to_numpy(), frame_filter=shared, linear_trend=cleaning.linear_trend
    )
    reason = projection.reason
    if not reason and projection.residual_df < rest.minimum_residual_df:
        reason = f"{projection.residual_df} degrees of freedom"
    series = np.empty((0, run.series.shape[1])) if reason else projection.apply(run.series)
    return series, kept, reason


def session_measures(
    runs: list[RegionRun], spec: StudySpec, measures: list[NetworkMeasure]
) -> tuple[dict[str, float], str]:
    """Return the network means of a session, or why there are none."""
    parts = [cleaned(run, spec) for run in runs]
    good = [(series, kept) for series, kept, reason in parts if not reason]
    time_left = usable_time(
        [kept for _, kept in good],
        t_r=[T_R] * len(good),
        minimum_minutes=spec.cleaning.minimum_minutes,
    )
    if time_left.reason:
        return {}, "; ".join([time_left.reason, *(reason for *_, reason in parts if reason)])
    joined = join_runs([series for series, _ in good], unit_variance=spec.cleaning.unit_variance)
    table = network_table(
        fisher_z(pearson_correlation(joined.series)),
        measures,
        region_names=list(region_groups()),
        not_covered={},
        minimum_fraction=spec.networks.minimum_fraction,
    )
    return dict(zip(table["measure"], table["mean"], strict=True)), ""


def run_trial(seed: int, *, effect: bool, participants: int) -> dict[str, object]:
    """Draw and analyse one trial; return estimates and tests of every network."""
    spec = load_study("siegel2021").spec
    measures = network_measures(spec)
    model, noise = NetworkModel(), noise_model()
    rows, lost = [], []
    responders = 0
    for index in range(participants):
        person = plan_participant(
            index, PATIENT, seed=seed, effect=effect, model=model, noise=noise
        )
        values = {}
        for scan in person.scans:
            runs = [
                simulate_region_run(
                    person.truth[scan],
                    mean_fd=person.mean_fd[scan, run],
                    model=model,
                    noise=noise,
                    generator=generator(seed, person.label, f"ses-{scan}", f"run-{run}", "series"),
                )
                for run in RUNS
            ]
            values[scan], reason = session_measures(runs, spec, measures)
            lost += [f"{person.label} {scan}: {reason}"] if reason else []
        responders += bool(person.responder)
        rows += observations(person.label, person.responder, values)
    table = pd.DataFrame(rows)
    tests = {name: tested(table, name, spec) for name in MEASURES}
    return {"seed": seed, "effect": effect, "responders": responders, "left_out": lost,
            "tests": tests}  # fmt: skip


def observations(
    label: str, responder: bool | None, values: dict[str, dict[str, float]]
) -> list[dict[str, object]]:
    """Return a row before and after treatment, as the model codes them; none without a score."""
    if responder is None:
        return []
    before = [values[name] for name in BASELINES if values.get(name)]
    common = {"participant_id": label, "response": -0.5 if responder else 0.5}
    rows: list[dict[str, object]] = []
    if before:
        rows.append(common | {"time": -0.5} | pd.DataFrame(before).mean().to_dict())
    if values.get("post"):
        rows.append(common | {"time": 0.5} | values["post"])
    return rows


def tested(table: pd.DataFrame, name: str, spec: StudySpec) -> dict[str, dict[str, float]]:
    """Return estimate, t and p of the terms of the study's mixed model of a network."""
    model = spec.mixed_models[0]
    data = table[["participant_id", "time", "response"]].assign(value=table[name])
    result = analyse_mixed_model(
        data,
        formula=model.formula,
        slope=None,
        methods=model.methods[:1],
        rules=model.degrees_of_freedom[:1],
        level=0.95,
        intervals="t",
        n_draws=0,
        seed=0,
    )
    effects = result.effects.set_index("term")
    return {
        term: {key: float(effects.loc[term, key]) for key in ("estimate", "t", "df", "p_value")}
        for term in ("time", "time:response")
    }


def report(effects: list[dict], nulls: list[dict]) -> bool:
    """Print counts against the targets; return whether all are met."""
    met = True
    print("\nPlanted: trials with p < .05, mean estimate (Fisher z), mean t")
    for name in MEASURES:
        for term in ("time", "time:response"):
            own = [trial["tests"][name][term] for trial in effects]
            count = sum(test["p_value"] < ALPHA for test in own)
            target = ""
            if (name, term) in FOUND:
                least = FOUND[name, term] * len(effects) / 20
                target, met = f"target at least {least:g}", met and count >= least
            if (name, term) in NOT_FOUND:
                most = NOT_FOUND[name, term] * len(effects) / 20
                target, met = f"target at most {most:g}", met and count <= most
            estimate, t = (np.mean([test[key] for test in own]) for key in ("estimate", "t"))
            numbers = f"{count:4d}/{len(effects)} {estimate:8.3f} {t:7.2f}"
            print(f"  {name:20} {term:14} {numbers}  {target}")
    print("\nNothing planted: tests with p < .05")
    total = small = 0
    for name in MEASURES:
        for term in ("time", "time:response"):
            own = [trial["tests"][name][term]["p_value"] for trial in nulls]
            hits = sum(p < ALPHA for p in own)
            total, small = total + len(own), small + hits
            print(f"  {name:20} {term:14} {hits:4d}/{len(own)}")
    rate = small / total if total else float("nan")
    low, high = NULL_RANGE
    print(f"  all {small} of {total}: {rate:.1%}, target {low:.0%} to {high:.0%}")
    trials = [*effects, *nulls]
    left_out = sum(len(trial["left_out"]) for trial in trials)
    responders = np.mean([trial["responders"] for trial in trials])
    print(f"\n{responders:.1f} responders a trial; {left_out} sessions left out in {len(trials)}")
    return met and low <= rate <= high


def seeds_of(text: str) -> range:
    """Return seeds from ``first-last``."""
    first, last = map(int, text.split("-"))
    return range(first, last + 1)


def main() -> int:
    """Run what is missing, then print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="0-19", type=seeds_of, help="with effects, first-last")
    parser.add_argument("--null-seeds", default="0-199", type=seeds_of, help="without effects")
    parser.add_argument("--participants", type=int, default=20)
    parser.add_argument("--results", type=Path, default=Path("benchmark-results/network_trials"))
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    found: dict[bool, list[dict]] = {True: [], False: []}
    started = time.perf_counter()
    for effect, seeds in ((True, arguments.seeds), (False, arguments.null_seeds)):
        for seed in seeds:
            kept = arguments.results / f"seed-{seed}_{'effect' if effect else 'null'}.json"
            if not kept.exists():
                with threadpool_limits(limits=1, user_api="blas"):
                    trial = run_trial(seed, effect=effect, participants=arguments.participants)
                kept.write_text(json.dumps(trial, indent=1))
            found[effect].append(json.loads(kept.read_text()))
    print(f"{time.perf_counter() - started:.0f} s")
    return 0 if report(found[True], found[False]) else 1


if __name__ == "__main__":
    sys.exit(main())
