"""The clinical course of a crossover trial beside pandas and SciPy; see `clinical_trials`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.measurement import Target
from bids_ketamine.outputs.tables import read_table

#: Visits of the course and their labels in the dataset.
LABELS = {
    "baseline": "ses-b0",
    "placebo": "ses-p2",
    "placebo10": "ses-p10",
    "ketamine": "ses-d2",
    "ketamine10": "ses-d10",
}
FALL, REMISSION = 0.5, 10.0

#: Other scores, and their columns.
SCORES = {"hamd6": "HAMD_Bech", "hamd17": "HAM17_Total"}

SECTIONS: Mapping[str, Any] = {
    "clinical_course": {
        "outcome": "madrs",
        "sessions": list(LABELS),
        "arms": ["MDD"],
        "response_fall": FALL,
        "remission_below": REMISSION,
    },
    "score_correlations": {
        "outcome": "madrs_fall",
        "arms": ["MDD"],
        "scores": {name: ["baseline", "placebo"] for name in SCORES},
    },
    "primary_outcomes": {
        "scores": ["madrs", "madrs_fall"],
        "mixed_model": "madrs",
        "terms": ["treatment"],
    },
}


def course_targets(bids: Path, group: Path) -> list[Target]:
    """Print what the group level found of the course; return what is judged.

    Parameters
    ----------
    bids : Path
        Dataset.
    group : Path
        Folder of the group level's tables.
    """
    wide = _wide(bids, "MADRS_Total")
    wide = wide[wide["ses-b0"].notna()]
    visits = read_table(group / "group_visits.tsv").set_index("session")
    rates = read_table(group / "group_response_rates.tsv")
    correlations = read_table(group / "group_score_correlations.tsv")
    primary = read_table(group / "group_primary_outcomes.tsv")
    shown = ["n", "n_missing", "mean_visit", "estimate", "ci_low", "ci_high", "statistic"]
    print(visits[[*shown, "p_value", "d_z", "d_av"]].to_string(float_format="%.3f"), "\n")
    columns = ["rate", "session", "counted", "n", "count", "proportion", "ci_low", "ci_high"]
    print(rates[columns].to_string(index=False, float_format="%.3f"), "\n")
    columns = ["score", "session", "n", "r", "ci_low", "ci_high", "p_value"]
    print(correlations[columns].to_string(index=False, float_format="%.3f"), "\n")
    columns = ["kind", "name", "term", "n", "statistic", "df", "p_value", "threshold"]
    print(primary[[*columns, "below_threshold"]].to_string(index=False, float_format="%.5f"), "\n")
    away = {
        "change, t, d_z and d_av by visit": _visits_away(visits, wide),
        "rates and Wilson's intervals": _rates_away(rates, wide),
        "correlations and intervals": _correlations_away(correlations, bids),
    }
    last = primary.iloc[-1]
    return [
        *(
            Target(f"course: {what} beside SciPy", distance, 1e-8)
            for what, distance in away.items()
        ),
        Target("course: threshold of 3 primary outcomes", abs(last["threshold"] - 0.05 / 3), 1e-9),
        Target("course: rates with dropouts above those without", _dropouts_above(rates), 0),
    ]


def _wide(bids: Path, column: str) -> pd.DataFrame:
    """Return a score of the patients by session."""
    people = pd.read_csv(bids / "participants.tsv", sep="\t", na_values="n/a")
    scores = pd.read_csv(bids / "phenotype" / "phenotype.tsv", sep="\t", na_values="n/a")
    wide = scores.pivot(index="participant_id", columns="session_id", values=column)
    return wide.reindex(people.loc[people["group"] == "MDD", "participant_id"])


def _visits_away(visits: pd.DataFrame, wide: pd.DataFrame) -> float:
    away = []
    for visit, label in list(LABELS.items())[1:]:
        own = wide[["ses-b0", label]].dropna()
        change = own[label] - own["ses-b0"]
        test = stats.ttest_rel(own[label], own["ses-b0"])
        low, high = test.confidence_interval(0.95)
        d_av = change.mean() / np.sqrt(own.var(ddof=1).mean())
        expected = {
            "n": len(own),
            "n_missing": len(wide) - len(own),
            "mean_visit": own[label].mean(),
            "estimate": change.mean(),
            "ci_low": low,
            "ci_high": high,
            "statistic": test.statistic,
            "p_value": test.pvalue,
            "d_z": change.mean() / change.std(ddof=1),
            "d_av": d_av,
        }
        away += [abs(visits.loc[visit, name] - value) for name, value in expected.items()]
    return float(max(away))


def _rates_away(rates: pd.DataFrame, wide: pd.DataFrame) -> float:
    away = []
    for row in rates.to_dict("records"):
        score = wide[LABELS[row["session"]]]
        hit = score < REMISSION
        if row["rate"] == "response":
            hit = (wide["ses-b0"] - score) / wide["ses-b0"] >= FALL
        n = int(score.notna().sum()) if row["counted"] == "seen" else len(wide)
        count = int(hit[score.notna()].sum())
        interval = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
        expected = {"n": n, "count": count, "proportion": count / n}
        expected |= {"ci_low": interval.low, "ci_high": interval.high}
        away += [abs(row[name] - value) for name, value in expected.items()]
    return float(max(away))


def _correlations_away(correlations: pd.DataFrame, bids: Path) -> float:
    madrs, away = _wide(bids, "MADRS_Total"), []
    change = madrs["ses-d2"] - madrs["ses-b0"]
    for row in correlations.to_dict("records"):
        scores = _wide(bids, SCORES[row["score"]])[LABELS[row["session"]]]
        both = pd.concat([scores, change], axis=1).dropna().to_numpy()
        found = stats.pearsonr(both[:, 0], both[:, 1])
        low, high = found.confidence_interval(0.95)
        expected = {"n": len(both), "r": found.statistic, "p_value": found.pvalue}
        expected |= {"ci_low": low, "ci_high": high}
        away += [abs(row[name] - value) for name, value in expected.items()]
    return float(max(away))


def _dropouts_above(rates: pd.DataFrame) -> int:
    """Count the rates that dropouts as failures would raise."""
    by = rates.pivot(index=["rate", "session"], columns="counted", values="proportion")
    return int((by["everybody"] > by["seen"]).sum())
