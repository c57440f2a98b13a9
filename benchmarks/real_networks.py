"""Networks of a real trial from its region series to the group report, by the command line.

``python -m benchmarks.real_networks [--data FOLDER] [--output FOLDER]``

STAGES: antipsychotic against placebo in first-episode psychosis (Pope et al., 2025,
doi:10.1016/j.bpsgos.2025.100589), half of the patients, rest at baseline and after three months,
332 regions (Schaefer's 300 parcels, Tian's subcortex S2). The tables are what both levels read:
default mode, limbic structures, visual network; edge statistics; a mixed model of time and arm.

Another computation stands beside the app's: numpy and scipy on the same tables, without its
code, give the network means of all sessions, the paired t over time and the t between the arms'
changes.

Targets: both levels succeed; network means and t agree with the other computation; the regions
that the trial's own table says are without signal are left out, by name, and no others.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats

from benchmarks.measurement import Target, print_targets
from benchmarks.real_trial import ARM, ARMS, FIRST_LABELS, N_CORTICAL, SESSIONS
from bids_ketamine.cli.run import main as bids_ketamine
from bids_ketamine.outputs.tables import read_table, write_json, write_text

ATLAS = "Schaefer300TianS2"

#: Share of the regions' median deviation under which the other computation calls one silent.
SILENT = 0.01

#: Fewest edges of a network's, as the study says.
MINIMUM_FRACTION = 0.5

LIMBIC = ("lAMY", "mAMY", "aHIP", "pHIP", "NAc-shell", "NAc-core", "THA-DA", "THA-VA")


def main(argv: Sequence[str] | None = None) -> int:
    """Arrange the trial, run both levels and compare."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real_networks", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data/stages-psychosis-rest"), metavar="FOLDER"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("benchmark-results/real_networks"), metavar="FOLDER"
    )
    options = parser.parse_args(argv)
    if not (options.data / "participants.tsv").exists():
        parser.error(f"no trial in {options.data}")
    bids, output, study = (options.output / name for name in ("bids", "output", "study.yml"))
    for folder in (bids, output):
        shutil.rmtree(folder, ignore_errors=True)
    write_dataset(options.data, bids)
    write_study(study)
    for level in ("participant", "group"):
        code = bids_ketamine(
            [
                str(bids),
                str(output),
                level,
                "--study",
                str(study),
                "-d",
                f"series={bids / 'derivatives' / 'series'}",
            ]
        )
        if code:
            return code
    return 0 if print_targets(compare(options.data, output)) else 1


def write_dataset(data: Path, bids: Path) -> None:
    """Arrange the tables as a derivative of a dataset that holds the participants alone."""
    derivative = bids / "derivatives" / "series"
    write_json(
        bids / "dataset_description.json",
        {"Name": "STAGES, half of the patients", "BIDSVersion": "1.9.0"},
    )
    write_json(
        derivative / "dataset_description.json",
        {
            "Name": "Region series",
            "BIDSVersion": "1.9.0",
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": "psychosis-FC-prediction"}],
        },
    )
    patients = read_table(data / "participants.tsv", text=("participant_id", ARM))
    patients[["participant_id", ARM]].to_csv(
        bids / "participants.tsv", sep="\t", index=False, na_rep="n/a"
    )
    for path in sorted(data.glob("sub-*/ses-*/func/*_timeseries.tsv.gz")):
        target = derivative / path.relative_to(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def networks() -> dict[str, list[str]]:
    """Return the regions of each network."""
    starts = [first for side in (0, 1) for first in (each[side] for each in FIRST_LABELS.values())]
    ends = dict(zip(starts, [*starts[1:], N_CORTICAL + 1], strict=True))
    cortical = {
        name: [
            f"Schaefer{N_CORTICAL}_{label:03d}"
            for first in FIRST_LABELS[network]
            for label in range(first, ends[first])
        ]
        for name, network in (("default_mode", "default"), ("visual", "visual"))
    }
    return cortical | {"limbic": [f"{part}-{side}" for side in ("rh", "lh") for part in LIMBIC]}


def write_study(path: Path) -> None:
    """Write the study: all columns, networks, edges, a mixed model of time and arm."""
    study = {
        "name": "stages",
        "title": "Resting networks in first-episode psychosis, antipsychotic against placebo",
        "inputs": {"timeseries_atlas": ATLAS},
        "sessions": {name: {"label": label} for name, label in SESSIONS.items()},
        "changes": {"change": dict(zip(("first", "second"), SESSIONS, strict=True))},
        "regions": {"atlas": ATLAS, "all_columns": True},
        "rest": {"task": "rest", "pairs": False},
        "networks": {
            "regions": networks(),
            "within": ["default_mode", "limbic", "visual"],
            "between": {"limbic_default_mode": ["limbic", "default_mode"]},
            "minimum_fraction": MINIMUM_FRACTION,
        },
        "arms": {"column": ARM, "levels": list(ARMS)},
        "mixed_models": {
            "connectivity": {
                "measures": ["network_connectivity rest *"],
                "formula": "time * arm",
                "sessions": list(SESSIONS),
            }
        },
        "edge_statistics": {"permutations": 1000},
        "group": {"residualize_motion": False},
    }
    write_text(path, yaml.safe_dump(study, sort_keys=False, width=100))


def other_means(series: pd.DataFrame) -> tuple[dict[str, float], set[str]]:
    """Compute network means without the app's code, and name the regions without signal."""
    values = series.to_numpy(dtype=np.float64)
    deviation = values.std(axis=0)
    silent = set(series.columns[deviation < SILENT * np.median(deviation[deviation > 0])])
    correlation = series.corr()
    found = {}
    members = networks()
    pairs = {name: list(combinations(each, 2)) for name, each in members.items()}
    pairs["limbic_default_mode"] = [
        (one, other) for one in members["limbic"] for other in members["default_mode"]
    ]
    for name, edges in pairs.items():
        heard = [each for each in edges if silent.isdisjoint(each)]
        mean = np.mean([np.arctanh(correlation.at[each]) for each in heard])
        found[name] = float(mean) if len(heard) >= MINIMUM_FRACTION * len(edges) else np.nan
    return found, silent


def compare(data: Path, output: Path) -> list[Target]:
    """Print what the group level found beside the other computation."""
    measures = read_table(output / "group" / "group_measures.tsv")
    measures = measures[measures["measure"] == "network_connectivity"]
    names = {label: name for name, label in SESSIONS.items()}
    rows = []
    named = wanted = 0
    for path in sorted(data.glob("sub-*/ses-*/func/*_timeseries.tsv.gz")):
        participant, session = path.name.split("_")[:2]
        means, silent = other_means(pd.read_csv(path, sep="\t", na_values="n/a"))
        session = session.removeprefix("ses-")
        rows += [(participant, names[session], name, mean) for name, mean in means.items()]
        (regions,) = (output / participant / f"ses-{session}").glob("func/*_regions.tsv")
        table = read_table(regions)
        left_out = set(table.loc[table["reason"].notna(), "region"])
        if silent:
            print(f"{participant} ses-{session}: {len(silent)} regions without signal")
        wanted += len(silent ^ left_out)
        named += len(silent)
    other = pd.DataFrame(rows, columns=["participant_id", "session", "regions", "other"])
    joined = other.merge(measures, how="left", on=["participant_id", "session", "regions"])
    gap = (joined["value"] - joined["other"]).abs()
    unequal = int((joined["value"].isna() != joined["other"].isna()).sum())
    print(f"\nnetwork means: {len(joined)}, missing {int(joined['value'].isna().sum())}")
    tests = read_table(output / "group" / "group_tests.tsv")
    worst = _compare_t(other, tests, read_table(data / "participants.tsv"))
    return [
        Target("largest difference of a network mean, Fisher z", float(gap.max()), 1e-10),
        Target("network means missing in one computation alone", unequal, 0),
        Target("largest difference of a t", worst, 1e-8),
        Target(f"regions left out wrongly, of {named} without signal", wanted, 0),
    ]


def _compare_t(other: pd.DataFrame, tests: pd.DataFrame, patients: pd.DataFrame) -> float:
    """Print t over time and between arms of both computations; return the largest difference."""
    wide = other.pivot_table(index=["regions", "participant_id"], columns="session", values="other")
    before, after = SESSIONS
    wide["change"] = wide[after] - wide[before]
    arms = patients.set_index("participant_id")[ARM]
    worst = 0.0
    for name, own in wide.groupby("regions"):
        change = own.droplevel("regions")["change"].dropna()
        change = change[arms.reindex(change.index).isin(ARMS)]
        sides = [change[arms.reindex(change.index) == arm] for arm in ARMS]
        expected = {
            ("paired", "all"): stats.ttest_1samp(change, 0.0),
            ("welch", None): stats.ttest_ind(*reversed(sides), equal_var=False),
        }
        rows = tests[(tests["measure"] == "network_connectivity") & (tests["regions"] == name)]
        for (kind, arm), (t, p) in expected.items():
            (row,) = rows[
                (rows["test"] == kind) & ((rows["arm"] == arm) if arm else True)
            ].itertuples()
            worst = max(worst, abs(row.statistic - t))
            print(
                f"{name:20} {kind:7} n {row.n}: t {t:6.3f}, p {p:.3f}; the app {row.statistic:6.3f}"
            )
    return worst


if __name__ == "__main__":
    sys.exit(main())
