"""Demo trials over seeds: what was planted is found, and nothing where nothing was planted.

``python -m benchmarks.demo_trials [--seeds 0-9] [--participants 10] [--results FOLDER]``

Each trial is generated, analysed with what the two commands call (without reports), and thrown
away; what is kept is one JSON file per trial in the results folder, so that an interrupted
benchmark goes on where it stopped.

Contrasts with a planted amplitude are found if p < .001 in every region. Those of vmPFC and
amygdala in the face task emerge from a simulated circuit and differ between participants and
sessions as their connections do: they, and the connections, are compared with the truth.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.dataset.query import find_sessions
from bids_ketamine.demo.dataset import write_demo_trial
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group import run_group_level
from bids_ketamine.workflows.participant import run_participant_level
from bids_ketamine.workflows.records import ExecutionSettings

#: A planted activation counts as found below this p value in every planted region.
FOUND = 0.001
NULL_RANGE = (0.02, 0.09)
LEAST_FOUND = 9


def run_trial(seed: int, *, effect: bool, participants: int, nprocs: int) -> dict[str, object]:
    """Generate and analyse one trial and return what is kept of it."""
    started = time.perf_counter()
    study = load_study("norbury2021")
    with tempfile.TemporaryDirectory(prefix="bids_ketamine-") as folder:
        trial, output, work = (Path(folder) / name for name in ("trial", "output", "work"))
        truth = write_demo_trial(
            trial, n_participants=participants, seed=seed, effect=effect, resolution=6.0
        )
        generated = time.perf_counter()
        derivatives = {"fmriprep": trial / "derivatives" / "fmriprep"}
        sessions = find_sessions(
            bids_dir=trial,
            derivatives=derivatives,
            study=study.spec,
            participant_labels=None,
            session_labels=None,
            task_labels=None,
            filters=None,
            database_dir=None,
        )
        outcomes = run_participant_level(
            sessions=sessions,
            study=study,
            bids_dir=trial,
            derivatives=derivatives,
            output_dir=output,
            execution=ExecutionSettings(
                n_procs=nprocs,
                omp_n_threads=1,
                memory_gb=None,
                work_dir=work,
                plugin=None,
                stop_on_first_crash=False,
                clean_work_dir=True,
            ),
            overwrite=False,
            report=lambda event: None,
        )
        failed = [each for each in outcomes if each.status != "computed"]
        if failed:
            sys.exit(f"seed {seed}: {failed}")
        run_group_level(bids_dir=trial, output_dir=output, study=study)
        finished = time.perf_counter()
        tests = read_table(output / "group" / "group_tests.tsv")
        tables = sorted(output.glob("sub-*/ses-*/*_measures.tsv"))
        measures = pd.concat([read_table(path) for path in tables])
    return {
        "seed": seed,
        "effect": effect,
        "planted": planted_p_values(tests, planted_regions(truth)) if effect else [],
        "circuit": circuit_values(measures, truth),
        "tests": test_counts(tests),
        "seconds_generate": round(generated - started, 1),
        "seconds_analyse": round(finished - generated, 1),
    }


def planted_regions(truth: dict) -> dict[str, dict[str, list[str]]]:
    """Return the regions with a planted amplitude by task and contrast; not the circuit's."""
    circuit = truth["circuit"]
    return {
        task: {
            contrast: [
                region
                for region in regions
                if not (task == circuit["task"] and region in circuit["regions"])
            ]
            for contrast, regions in contrasts.items()
        }
        for task, contrasts in truth["activation"].items()
    }


def circuit_values(measures: pd.DataFrame, truth: dict) -> list[dict[str, object]]:
    """Return measured beside true contrasts and modulations of the circuit; those that exist."""
    task = truth["circuit"]["task"]
    found = []
    for participant, planted in truth["participants"].items():
        for session in ("pre", "post"):
            own = measures[
                (measures["participant_id"] == participant)
                & (measures["session"] == session)
                & (measures["task"] == task)
            ].dropna(subset=["value"])
            true = []
            for contrast, sessions in planted["activation"][task].items():
                true += [
                    ("activation", contrast, region, sessions[f"ses-{session}"][region])
                    for region in truth["circuit"]["regions"]
                ]
            for name, value in planted["circuit"][f"ses-{session}"].items():
                connection, modulates, modulator = name.partition(" by ")
                if modulates:
                    true.append(("dcm", f"modulation by {modulator}", connection, value))
            for measure, contrast, place, value in true:
                row = own[
                    (own["measure"] == measure)
                    & own["contrast"].str.endswith(contrast)
                    & (own["regions"] == place)
                ]
                found += [
                    {
                        "participant": participant,
                        "arm": planted["arm"],
                        "session": session,
                        "quantity": f"{measure} {place}",
                        "measured": measured,
                        "true": value,
                    }
                    for measured in row["value"]
                ]
    return found


def planted_p_values(
    tests: pd.DataFrame, planted: dict[str, dict[str, list[str]]]
) -> list[dict[str, object]]:
    """Return p of the one-sample test of every planted contrast, each session."""
    found = []
    for task, contrasts in planted.items():
        for contrast, regions in contrasts.items():
            for region in regions:
                rows = tests[
                    (tests["test"] == "one_sample")
                    & (tests["arm"] == "all")
                    & (tests["task"] == task)
                    & (tests["contrast"] == contrast)
                    & (tests["regions"] == region)
                ]
                found += [
                    {
                        "task": task,
                        "region": region,
                        "session": row["session"],
                        "estimate": row["estimate"],
                        "p": row["p_value"],
                    }
                    for _, row in rows.iterrows()
                ]
    return found


def test_counts(tests: pd.DataFrame) -> dict[str, list[int]]:
    """Return how many tests of each kind there are, and how many have p < .05."""
    given = tests.dropna(subset=["p_value"])
    return {
        str(kind): [len(own), int((own["p_value"] < 0.05).sum())]
        for kind, own in given.groupby("test")
    }


def report_circuit(results: list[dict]) -> None:
    """Print how measured contrasts and modulations of the circuit agree with the truth."""
    rows = [{"seed": result["seed"], **row} for result in results for row in result["circuit"]]
    if not rows:
        return
    table = pd.DataFrame(rows)
    print("\nCircuit of vmPFC and amygdala: measured beside true, and their changes (post - pre)")
    print(f"{'':32} {'n':>5} {'true':>7} {'bias':>7} {'r':>6} {'r of changes':>13}")
    for quantity, own in table.groupby("quantity"):
        wide = own.pivot(
            index=["seed", "participant"], columns="session", values=["measured", "true"]
        ).dropna()
        changes = wide.xs("post", axis=1, level=1) - wide.xs("pre", axis=1, level=1)
        bias = (own["measured"] - own["true"]).mean()
        r = np.corrcoef(own["measured"], own["true"])[0, 1]
        r_changes = np.corrcoef(changes["measured"], changes["true"])[0, 1]
        print(
            f"  {quantity:30} {len(own):5d} {own['true'].mean():7.3f} {bias:7.3f} {r:6.2f} "
            f"{r_changes:13.2f}"
        )


def report(results: list[dict], sessions: tuple[str, ...] = ("pre", "post")) -> bool:
    """Print both tables and return whether the targets are met."""
    print("\nPlanted activation: largest p of the planted regions (one-sample, all participants)")
    print(f"{'seed':>4} " + " ".join(f"{f'faces {s}':>12} {f'stroop {s}':>12}" for s in sessions))
    found = dict.fromkeys(((t, s) for s in sessions for t in ("faces", "stroop")), 0)
    effects = [result for result in results if result["effect"]]
    for result in effects:
        cells = []
        for session in sessions:
            for task in ("faces", "stroop"):
                p = [
                    each["p"]
                    for each in result["planted"]
                    if (each["task"], each["session"]) == (task, session)
                ]
                largest = max(p) if p else float("nan")
                found[task, session] += largest < FOUND
                cells.append(f"{largest:12.2g}")
        print(f"{result['seed']:>4} " + " ".join(cells))
    for (task, session), count in found.items():
        print(f"  {task} {session}: p < {FOUND} in every planted region in {count}/{len(effects)}")
    report_circuit(effects)
    nulls = [result for result in results if not result["effect"]]
    print("\nNothing planted: share of tests with p < .05")
    total, small = 0, 0
    kinds = sorted({kind for result in nulls for kind in result["tests"]})
    for kind in kinds:
        n = sum(result["tests"].get(kind, [0, 0])[0] for result in nulls)
        hits = sum(result["tests"].get(kind, [0, 0])[1] for result in nulls)
        total, small = total + n, small + hits
        print(f"  {kind:12} {hits:5d} of {n:6d}  {hits / n:6.1%}")
    rate = small / total if total else float("nan")
    low, high = NULL_RANGE
    print(f"  {'all':12} {small:5d} of {total:6d}  {rate:6.1%}   target {low:.0%} to {high:.0%}")
    faces = min(found["faces", session] for session in sessions)
    print(f"\nfaces found in {faces} of {len(effects)} trials, target {LEAST_FOUND}")
    return faces >= LEAST_FOUND and low <= rate <= high


def main() -> int:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="0-9", help="first-last")
    parser.add_argument("--participants", type=int, default=10)
    parser.add_argument("--nprocs", type=int, default=2)
    parser.add_argument("--results", type=Path, default=Path("benchmark-results/demo_trials"))
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    first, last = map(int, arguments.seeds.split("-"))
    arguments.results.mkdir(parents=True, exist_ok=True)
    results = []
    for seed in range(first, last + 1):
        for effect in (True, False):
            kept = arguments.results / f"seed-{seed}_{'effect' if effect else 'null'}.json"
            if not kept.exists():
                result = run_trial(
                    seed,
                    effect=effect,
                    participants=arguments.participants,
                    nprocs=arguments.nprocs,
                )
                kept.write_text(json.dumps(result, indent=1))
                seconds = result["seconds_generate"], result["seconds_analyse"]
                print(f"{kept.stem}: generated in {seconds[0]} s, analysed in {seconds[1]} s")
            results.append(json.loads(kept.read_text()))
    return 0 if report(results) else 1


if __name__ == "__main__":
    sys.exit(main())
