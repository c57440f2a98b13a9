"""Tables of parametric empirical Bayes, made up, with hostile text in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from bids_ketamine.reports.group_peb_data import PEB_COLUMNS

HOSTILE = """<script>alert("x & y")</script>"""
PAIR = ("vmPFC > amygdala by faces", "amygdala > vmPFC by faces")
DIFFERENCE = "ketamine - midazolam"
#: Effects of each analysis.
EFFECTS = {
    "baseline": ("mean",),
    "change": ("mean", "session", "improvement", "session x improvement"),
    "prediction": ("mean", "improvement"),
}
SESSIONS = ("pre", "post")
#: Estimate and standard deviation that cells of the table have unless others are given.
KNOWN: Mapping[tuple[str, str, str, int], tuple[float, float]] = {
    ("change", "session x improvement", "all", 0): (-0.052, 0.016),
    ("change", "session x improvement", "all", 1): (-0.022, 0.011),
    ("change", "session x improvement", "midazolam", 0): (0.004, 0.016),
    ("change", "session x improvement", "ketamine", 0): (-0.091, 0.02),
    ("change", "session x improvement", DIFFERENCE, 0): (-0.047, 0.0228),
    ("change", "session x improvement", DIFFERENCE, 1): (-0.012, 0.023),
    ("baseline", "mean", "all", 0): (-0.18, 0.205),
    ("baseline", "mean", "all", 1): (0.89, 0.21),
}
#: The same at the third level.
THIRD: Mapping[tuple[str, str, int], tuple[float, float]] = {
    ("change", "session x improvement", 0): (-0.04, 0.095),
    ("change", "session x improvement", 1): (-0.01, 0.093),
}
#: Probability of model comparison of some of them.
COMPARED = {
    ("change", DIFFERENCE, 0): 0.971,
    ("change", DIFFERENCE, 1): 0.0,
    ("baseline", "all", 1): 1.0,
}


@dataclass
class PebTables:
    """A group of two arms and its tables."""

    sizes: Mapping[str, int] = field(default_factory=lambda: {"midazolam": 10, "ketamine": 11})
    parameters: Sequence[str] = PAIR
    model: str = "faceCircuit"
    outcome: str = "caps5"
    has_differences: bool = True

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(5)
        self.people = [
            (f"sub-{'M' if place % 2 else 'K'}{number:02d}", arm)
            for place, (arm, size) in enumerate(self.sizes.items())
            for number in range(1, size + 1)
        ]
        self.improvement = {who: 12 + 9 * self.rng.standard_normal() for who, _ in self.people}
        self.base = {"model": self.model, "task": "faces"}

    def members(self, arm: str) -> list[str]:
        chosen = {"all": set(self.sizes), DIFFERENCE: set(self.sizes)}.get(arm, {arm})
        return [who for who, other in self.people if other in chosen]

    def arms(self, analysis: str) -> list[str]:
        if analysis == "baseline":
            return ["all"]
        differences = [DIFFERENCE] if self.has_differences and len(self.sizes) == 2 else []
        return ["all", *self.sizes, *differences]

    def scopes(self) -> list[dict[str, str]]:
        return [
            {**self.base, "analysis": analysis, "arm": arm, "level": level}
            | {"distribution": distribution}
            for analysis in EFFECTS
            for arm in self.arms(analysis)
            for level in (("second", "third") if arm == DIFFERENCE else ("second",))
            for distribution in ("gaussian", "student_t")
        ]

    def effects(self) -> list[dict[str, Any]]:
        rows = []
        for scope in self.scopes():
            for effect in EFFECTS[scope["analysis"]]:
                for place, parameter in enumerate(self.parameters):
                    rows.append(scope | self._effect(scope, effect, place, parameter))
        return rows

    def _effect(
        self, scope: Mapping[str, str], effect: str, place: int, parameter: str
    ) -> dict[str, Any]:
        per_point = "improvement" in effect
        size = 0.02 if per_point else 0.3
        analysis, arm = scope["analysis"], scope["arm"]
        drawn = (size * self.rng.standard_normal(), size * (0.6 + 0.4 * self.rng.random()))
        mean, deviation = KNOWN.get((analysis, effect, arm, place), drawn)
        if scope["level"] == "third":
            mean, deviation = THIRD.get((analysis, effect, place), (0.5 * size, 5.0 * size))
        gaussian = scope["distribution"] == "gaussian"
        if not gaussian:
            mean, deviation = 0.9 * mean, 1.05 * deviation
        ends, _, modulator = parameter.partition(" by ")
        source, _, target = ends.partition(" > ")
        p = norm.cdf(abs(mean) / deviation)
        members = self.members(arm)
        row = {
            **{"effect": effect, "parameter": parameter, "field": "modulation"},
            **{"source": source, "target": target, "modulator": modulator},
            **{"unit": "Hz per point" if per_point else "Hz", "n": len(members)},
            **{"estimate": mean, "standard_deviation": deviation, "posterior_probability": p},
            "interval_low": mean - 1.645 * deviation,
            "interval_high": mean + 1.645 * deviation,
        }
        if gaussian:
            row |= {
                "model_probability": COMPARED.get((analysis, arm, place), p**2),
                "averaged_estimate": 0.8 * mean,
                "averaged_standard_deviation": deviation,
                "log_bayes_factor": 3.0 * p - 1.0,
                "estimate_lowest": mean - 0.5 * deviation,
                "estimate_highest": mean + 0.4 * deviation,
                "probability_lowest": norm.cdf(abs(mean) / deviation - 0.4),
                "most_influential": members[-1],
            }
        return row

    def fits(self) -> list[dict[str, Any]]:
        rows = []
        for scope in self.scopes():
            members = self.members(scope["arm"])
            gains = np.array([self.improvement[who] for who in members])
            pair, third = scope["arm"] == DIFFERENCE, scope["level"] == "third"
            columns = EFFECTS[scope["analysis"]]
            if pair:
                columns = (*columns, *(f"{each} x arm" for each in columns))
            rows.append(
                scope
                | {
                    "n": len(members),
                    "n_models": 2
                    if third
                    else len(members) * (1 + (scope["analysis"] == "change")),
                    "columns": ", ".join(["mean", "arm"] if third else columns),
                    **{"free_energy": -1234.5, "iterations": 12, "converged": True},
                    "improvement_mean": np.nan if pair else gains.mean(),
                    "improvement_standard_deviation": np.nan if pair else gains.std(ddof=1),
                    **{"spread_p": 0.41, "outlier_p": 0.012, "session_correlation_p": 0.3},
                }
            )
        return rows

    def participants(self) -> list[dict[str, Any]]:
        last = self.people[-1][0]
        return [
            {
                **self.base,
                **{"participant_id": who, "arm": arm, "analysis": analysis},
                "included": who != last or analysis == "baseline",
                "reason": f"no model of {who} in post, FD 0.93 mm {HOSTILE}"
                if who == last and analysis != "baseline"
                else None,
                "improvement": self.improvement[who],
                "weight": 0.0625 + 0.9 * self.rng.random(),
                "explained_variance_first": 0.31,
                "explained_variance_second": 0.27 if analysis == "change" else np.nan,
                "doubts": f"flat in pre {HOSTILE}" if who == self.people[0][0] else None,
            }
            for who, arm in self.people
            for analysis in EFFECTS
        ]

    def estimates(self) -> list[dict[str, Any]]:
        rows = []
        for who, arm in self.people:
            gain = self.improvement[who] - 12
            for analysis in ("change", "prediction"):
                for session in SESSIONS if analysis == "change" else SESSIONS[:1]:
                    for place, parameter in enumerate(self.parameters):
                        slope = -0.05 * (session == "post") * (1 if arm == "ketamine" else 0.1)
                        value = (0.6 if place else -0.2) + slope * gain
                        noise = 0.3 * self.rng.standard_normal()
                        rows.append(
                            {
                                **self.base,
                                **{"participant_id": who, "arm": arm, "analysis": analysis},
                                **{"session": session, "parameter": parameter, "unit": "Hz"},
                                **{"estimate": value + 1.6 * noise, "standard_deviation": 0.3},
                                **{"reevaluated": value + noise},
                                "reevaluated_standard_deviation": 0.2,
                                "improvement": self.improvement[who],
                            }
                        )
        return rows

    def sensitivity(self) -> list[dict[str, Any]]:
        rows = []
        for row in self.effects_made:
            if row["distribution"] != "gaussian":
                continue
            members = self.members(row["arm"])
            places = np.linspace(row["estimate_lowest"], row["estimate_highest"], len(members))
            names = ("model", "task", "analysis", "arm", "level", "effect", "parameter")
            rows += [
                {name: row[name] for name in names}
                | {"left_out": who, "estimate": value}
                | {"standard_deviation": row["standard_deviation"], "posterior_probability": 0.9}
                for who, value in zip(members, places, strict=True)
            ]
        return rows

    def record(self) -> dict[str, Any]:
        return {
            "Model": self.model,
            "Task": "faces",
            "Outcome": self.outcome,
            "Fields": ["modulation"],
            "PrecisionComponents": "all",
            "Level": 0.9,
            "WithinParticipantFirst": False,
            "StudentDegreesOfFreedom": 4,
            "Included": {"baseline": 21, "change": 20, "prediction": 20},
            "Covariates": ["improvement: centred (mean 12.3) and divided by its SD (8.1)"],
            "Notes": [
                f"{self.people[-1][0]} has no second session {HOSTILE}",
                f"2 of 9 did not enter: {self.people[0][0]}, {self.people[-1][0]}.",
            ],
        }

    def write(self, output: Path) -> Path:
        """Add the tables to an output tree."""
        folder = output / "group"
        folder.mkdir(parents=True, exist_ok=True)
        self.effects_made = self.effects()
        tables = {
            "group_peb": self.effects_made,
            "group_peb_fits": self.fits(),
            "group_peb_participants": self.participants(),
            "group_peb_estimates": self.estimates(),
            "group_peb_sensitivity": self.sensitivity(),
        }
        for name, rows in tables.items():
            table = pd.DataFrame(rows)
            columns = list(dict.fromkeys([*PEB_COLUMNS[name], *table.columns]))
            table.reindex(columns=columns).to_csv(
                folder / f"{name}.tsv", sep="\t", na_rep="n/a", index=False, quoting=3
            )
        path = folder / "group.json"
        record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        record["ParametricEmpiricalBayes"] = [self.record()]
        path.write_text(json.dumps(record), encoding="utf-8")
        return output


def peb_tree(make_group: Callable[..., Path], output: Path, **options: Any) -> Path:
    """Write a small output tree with tables of PEB."""
    tables = PebTables(**options)
    make_group(output, arms=dict(tables.sizes), regions=(), activation=False, outcomes=())
    return tables.write(output)


def section_of(page: Any) -> str:
    """Return the words of the section on effective connectivity."""
    rest = str(page.text.partition(" Effective connectivity Pp is")[2])
    return rest.partition(" Sensitivity What")[0].partition(" Methods Participants")[0]
