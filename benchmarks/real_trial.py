"""Whether the app claims a finding in a real trial in which nothing was found.

``python -m benchmarks.real_trial [--data FOLDER] [--output FOLDER] [--permutations N] [--jobs N]``

STAGES: antipsychotic against placebo in first-episode psychosis (Pope et al., 2025,
doi:10.1016/j.bpsgos.2025.100589), half of the patients, rest at baseline and after three months.
The paper tried several predictions of clinical change from resting connectivity, in more patients
and from all connections, and found none. Here 21 resting measures (Fisher z of all pairs of seven
regions), as changes and at baseline, predict the later change of the BPRS (baseline to six months);
the third model has the improvement of the SOFAS in the same time beside the arm.

Regions are means over the columns that have signal, which the participant level does not choose by
itself: so this file does its part, and measures are written as the participant level writes them.
The group level is the command line itself. Motion is not known: the trial's tables have no
framewise displacement.

Labels of the 300 cortical columns are the order of Schaefer's 7 networks. The data bear it out: in
each of the networks the mean correlation with the other hemisphere is highest in the same network.

Targets: no model claims a finding and the report says so of each; everybody with an arm and an
outcome enters, and nobody else.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.measurement import Target, print_targets
from bids_ketamine._version import __version__
from bids_ketamine.cli.run import main as bids_ketamine
from bids_ketamine.core.connectivity.matrices import fisher_z, pair_indices
from bids_ketamine.core.connectivity.regions import RegionQuality, weak_regions
from bids_ketamine.interfaces.resting_pairs import found_correlations
from bids_ketamine.outputs.measures import MEASURE_COLUMNS, PAIR, measures_table
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.outputs.tables import read_table, write_json, write_table, write_text
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import RegionsSpec, StudySpec

#: First label of each network in Schaefer's order of 300 parcels, left and then right hemisphere.
FIRST_LABELS = {
    "visual": (1, 151),
    "somatomotor": (25, 174),
    "dorsal_attention": (54, 202),
    "salience": (70, 220),
    "limbic": (86, 238),
    "control": (96, 248),
    "default": (113, 271),
}
N_CORTICAL = 300

#: Networks that become regions.
NETWORKS = ("default", "control", "limbic", "visual")

#: Subcortical regions, and the names of their columns but for the side.
SUBCORTICAL = {
    "amygdala": ("lAMY", "mAMY"),
    "hippocampus": ("aHIP", "pHIP"),
    "accumbens": ("NAc-shell", "NAc-core"),
}

ATLAS = "Schaefer300TianS2"
SESSIONS = {"baseline": "1", "month3": "2"}
OUTCOME, CONCURRENT, ARM = "bprs_change_t4", "sofas_change_t4", "arm"
ARMS = ("placebo", "medication")

#: Words of the report's verdicts on models that found nothing.
NOTHING = (": not shown to be better than ", ": no better than ", ": not decided")

SHOWN = (
    "timing",
    "model",
    "n",
    "n_predictors",
    "n_selected",
    "r2_in_sample",
    "r2_leave_one_out",
    "r2_nested",
    "r2_covariates_alone",
    "p_imaging",
    "n_permutations_imaging",
    "p_outcome",
    "finding",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the trial, run the group level and print what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real_trial", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data/stages-psychosis-rest"), metavar="FOLDER"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("benchmark-results/real_trial"), metavar="FOLDER"
    )
    parser.add_argument("--permutations", type=int, default=200, metavar="N", help="at most")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    options = parser.parse_args(argv)
    if not (options.data / "participants.tsv").exists():
        parser.error(f"no trial in {options.data}")
    bids, output, study = (options.output / name for name in ("bids", "output", "study.yml"))
    for folder in (bids, output):
        shutil.rmtree(folder, ignore_errors=True)
    patients = write_dataset(options.data, bids)
    write_study(study, permutations=options.permutations)
    write_sessions(options.data, output, load_study(str(study)).spec)
    command = [*map(str, (bids, output)), "group", "--study", str(study)]
    code = bids_ketamine([*command, "--n-procs", str(options.jobs)])
    if code:
        return code
    return 0 if print_targets(print_results(patients, output)) else 1


def write_dataset(data: Path, bids: Path) -> pd.DataFrame:
    """Write the raw dataset, which is a table of participants; return the table."""
    patients = read_table(data / "participants.tsv", text=("participant_id", ARM))
    write_json(
        bids / "dataset_description.json",
        {"Name": "STAGES, half of the patients", "BIDSVersion": "1.9.0"},
    )
    table = patients[["participant_id", ARM, OUTCOME, CONCURRENT]]
    table.to_csv(bids / "participants.tsv", sep="\t", index=False, na_rep="n/a")
    return patients


def write_study(path: Path, *, permutations: int) -> None:
    """Write the study: regions by columns, rest, arms, the outcome and the elastic net."""
    study = {
        "name": "stages",
        "title": "Resting connectivity and later clinical change in first-episode psychosis",
        "inputs": {"timeseries_atlas": ATLAS},
        "sessions": {name: {"label": label} for name, label in SESSIONS.items()},
        "changes": {"change": dict(zip(("first", "second"), SESSIONS, strict=True))},
        "regions": {
            "atlas": ATLAS,
            "definitions": {name: {"columns": each} for name, each in region_columns().items()},
        },
        "rest": {"task": "rest", "band_pass": [0.008, 0.08]},
        "arms": {"column": ARM, "levels": list(ARMS)},
        "outcomes": {
            "bprs": {"change_column": OUTCOME, "improvement": "decrease", "unit": "SD"},
            "sofas": {"change_column": CONCURRENT, "improvement": "increase", "unit": "SD"},
        },
        "group": {"residualize_motion": False},
        "elastic_net": {
            "outcome": "bprs",
            "concurrent_outcome": "sofas",
            "baseline_outcome": False,
            "permutations": permutations,
        },
    }
    write_text(path, yaml.safe_dump(study, sort_keys=False, width=100))


def region_columns() -> dict[str, list[str]]:
    """Return the columns of each region."""
    starts = [first for side in (0, 1) for first in (each[side] for each in FIRST_LABELS.values())]
    ends = dict(zip(starts, [*starts[1:], N_CORTICAL + 1], strict=True))
    columns = {
        network: [
            f"Schaefer{N_CORTICAL}_{label:03d}"
            for first in FIRST_LABELS[network]
            for label in range(first, ends[first])
        ]
        for network in NETWORKS
    }
    return columns | {
        name: [f"{part}-{side}" for side in ("rh", "lh") for part in parts]
        for name, parts in SUBCORTICAL.items()
    }


def write_sessions(data: Path, output: Path, spec: StudySpec) -> None:
    """Write the measures of all sessions, and print where columns had no signal."""
    if spec.regions is None:
        raise SystemExit("the study has no regions")
    paths = sorted(data.glob("sub-*/ses-*/func/*_timeseries.tsv.gz"))
    names = {session.label: session.name for session in spec.sessions}
    for path in paths:
        participant, session = path.name.split("_")[:2]
        series = pd.read_csv(path, sep="\t", na_values="n/a").astype(np.float64)
        rows, silent = session_measures(series, spec.regions)
        told = {
            "participant_id": participant,
            "session_id": session,
            "session": names[session.removeprefix("ses-")],
        }
        write_table(
            output / participant / session / f"{participant}_{session}_measures.tsv",
            measures_table([rows.assign(**told)]),
            columns=MEASURE_COLUMNS,
            extra={
                "StudyHash": study_hash(spec),
                "SoftwareVersion": __version__,
                "Missing": [],
                "Runs": [],
            },
        )
        if silent:
            left_out = ", ".join(f"{name} {share}" for name, share in silent.items())
            gone = int(rows["value"].isna().sum())
            print(
                f"{participant} {session}: columns without signal left out: {left_out}; "
                f"measures without a value: {gone}"
            )
    print(f"{len(paths)} sessions, {len(rows)} measures each\n", flush=True)


def session_measures(
    series: pd.DataFrame, spec: RegionsSpec
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the measures of a session, and of how many columns regions lack signal.

    Parameters
    ----------
    series : DataFrame of shape (n_volumes, n_columns)
        Series of all columns of the table.
    spec : RegionsSpec
        Which columns the regions are the mean of.

    Returns
    -------
    rows : DataFrame
        Rows of a table of measures.
    silent : dict of str to str
        Columns without signal and all columns of a region, ``16 of 68``; by region.
    """
    without = dict(zip(series.columns, weak_regions(series.to_numpy()), strict=True))
    regions = spec.definitions
    names = [each.name for each in regions]
    heard = [[name for name in each.columns if not without[name]] for each in regions]
    coverage = np.array([len(a) / len(b.columns) for a, b in zip(heard, regions, strict=True)])
    means = np.column_stack([series[each].mean(axis=1) for each in heard])
    found = found_correlations(
        names,
        means,
        quality=RegionQuality.unknown(len(names))._replace(coverage=coverage),
        minimum_coverage=spec.minimum_coverage,
    )
    first, second = pair_indices(len(names))
    reasons = found.reasons(first, second)
    rows = pd.DataFrame(
        {
            "measure": "resting_connectivity",
            "task": "rest",
            "regions": [f"{names[a]}{PAIR}{names[b]}" for a, b in zip(first, second, strict=True)],
            "value": np.where(reasons == "", fisher_z(found.pearson[first, second]), np.nan),
            "unit": "Fisher z",
            "n_volumes": len(series),
            "n_volumes_kept": len(series),
            "coverage": coverage[first],
            "coverage_second": coverage[second],
            "method": "resting connectivity of region time series",
            "version": __version__,
            "reason": [each or None for each in reasons],
        }
    )
    silent = {
        each.name: f"{len(each.columns) - len(kept)} of {len(each.columns)}"
        for each, kept in zip(regions, heard, strict=True)
        if len(kept) < len(each.columns)
    }
    return rows, silent


def print_results(patients: pd.DataFrame, output: Path) -> list[Target]:
    """Print models, participants and what the report says; return what is judged."""
    models = read_table(output / "group" / "group_elastic_net.tsv")
    people = read_table(output / "group" / "group_elastic_net_participants.tsv")
    reasons = models["reason"].dropna()
    left_out = people[~people["included"].astype(bool)]
    counts = [name for name in SHOWN if name.startswith("n")]
    shown = models[list(SHOWN)].astype(dict.fromkeys(counts, "Int64"))
    print("\n" + shown.to_string(index=False, float_format="%.3f"))
    print(*(f"no result: {each}" for each in reasons), sep="\n")
    print("left out:\n" + left_out.to_string(index=False))
    report = output / "group.html"
    said = report_results(report)
    print("\nreport:", report.resolve().as_uri() + "#prediction", *said, sep="\n  ")
    expected = set(patients.dropna(subset=[ARM, OUTCOME])["participant_id"])
    went_in = _included(people)
    wrong = {each for own in went_in.values() for each in own ^ expected}
    silent = len(models) - sum(models_told(each) for each in said if is_nothing(each))
    unexplained = int(left_out["reason"].isna().sum())
    return [
        Target("models that claim a finding", int(models["finding"].astype(bool).sum()), 0),
        Target("models of which the report does not say that nothing is found", silent, 0),
        Target("models without a result", len(reasons), 0),
        Target("participants who enter wrongly, or wrongly do not", len(wrong), 0),
        Target("participants left out without a reason", unexplained, 0),
    ]


def _included(people: pd.DataFrame) -> Mapping[str, set[str]]:
    """Return who entered, by timing."""
    entered = people[people["included"].astype(bool)]
    return {str(timing): set(own["participant_id"]) for timing, own in entered.groupby("timing")}


def is_nothing(sentence: str) -> bool:
    """Return whether a sentence says that nothing was found."""
    return any(words in sentence for words in NOTHING)


def models_told(sentence: str) -> int:
    """Return of how many models a sentence is: their number stands first if there are several."""
    several = re.match(r"(\d+) models: ", sentence)
    return int(several.group(1)) if several else 1


def report_results(report: Path) -> list[str]:
    """Return what a report says in its section on prediction, a sentence for each verdict."""
    _, _, section = report.read_text(encoding="utf-8").partition('<section id="prediction"')
    section = section.partition("</section>")[0]
    _, _, results = section.partition('<ol class="results">')
    items = re.findall(r"<li>(.*?)</li>", results.partition("</ol>")[0], flags=re.DOTALL)
    if not items:
        # One verdict for all models is a paragraph.
        items = re.findall(r"<p>(<b>[^<]*: [^<]*</b>.*?)</p>", section, flags=re.DOTALL)[:1]
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", each)).split()) for each in items]


if __name__ == "__main__":
    sys.exit(main())
