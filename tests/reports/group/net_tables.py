"""Tables of elastic nets, made up, with hostile text in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HOSTILE = """<script>alert("x & y")</script>"""
REGIONS = ("amygdala", "anterior_insula", "vmPFC", "rACC", "dACC", "anterior_hippocampus")
TASKS = {"faces": "facesGtShapes", "stroop": "incongruentGtCongruent"}
COVARIATES = ("baseline caps5", "age", "gender=male", "education")
MODELS = ("measures", "by_arm", "by_arm_and_concurrent")
TIMINGS = ("change", "baseline")
FIGURES = ("r2_in_sample", "r2_leave_one_out", "r2_nested", "r2_covariates_alone", "p_imaging")
#: Figures of models; of others they are drawn.
KNOWN: Mapping[tuple[str, str], Sequence[Any]] = {
    ("change", "measures"): (0.71, 0.21, -0.121, -0.16, 0.357, 28),
    ("change", "by_arm"): (0.83, 0.44, 0.234, -0.02, 0.012, 1000),
    ("change", "by_arm_and_concurrent"): (0.94, 0.38, 0.11, 0.145, 0.031, 1000),
    ("baseline", "measures"): (0.32, 0.02, -0.305, -0.1, 0.714, 14),
    ("baseline", "by_arm"): (0.99, 0.17, -0.07, -0.33, 0.044, 1000),
}
SETTINGS = {"permutations": 1000, "stop_at": 10, "level": 0.95, "folds": 10, "repeats": 10}
PLANTED = "gppi faces facesGtShapes amygdala~vmPFC"


def measures() -> list[tuple[str, str, str | None, str, str]]:
    """Return the keys of 63 measures."""
    pairs = [f"{one}~{other}" for one, other in combinations(REGIONS, 2)]
    keys: list[Any] = []
    for task, contrast in TASKS.items():
        unit = "percent of the grand mean"
        keys += [("activation", task, contrast, region, unit) for region in REGIONS]
        keys += [("gppi", task, contrast, pair, "Fisher z") for pair in pairs]
    keys += [("resting_connectivity", "rest", None, pair, "Fisher z") for pair in pairs]
    distance = "squared distance / voxel"
    return keys + [("ldc", "faces", "fearful vs neutral", region, distance) for region in REGIONS]


def name_of(key: Sequence[str | None]) -> str:
    return " ".join(part for part in key[:4] if part)


@dataclass
class NetTables:
    """A trial of two arms and its tables of elastic nets."""

    sizes: Mapping[str, int] = field(default_factory=lambda: {"midazolam": 10, "ketamine": 11})
    covariates: Sequence[str] = COVARIATES
    scopes: Sequence[tuple[str, str]] = tuple(product(TIMINGS, MODELS))
    n_measures: int = 63
    n_null: int = 400
    notes: Sequence[str] = ()
    n_level: float = 9
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(8)
        self.people = [
            (f"sub-{'M' if place % 2 else 'K'}{number:02d}", arm)
            for place, (arm, size) in enumerate(self.sizes.items())
            for number in range(1, size + 1)
        ] or [(f"sub-X{number:02d}", None) for number in range(1, 13)]
        self.arms = np.array([arm for _, arm in self.people])
        n = len(self.people)
        self.keys = measures()[: self.n_measures]
        self.names = [name_of(key) for key in self.keys]
        self.known = {scope: KNOWN[scope] for scope in self.scopes if scope in KNOWN}
        self.timings = [each for each in TIMINGS if each in dict(self.scopes)]
        common = self.rng.standard_normal((n, 1))
        own = 0.2 * (0.4 * common + self.rng.standard_normal((n, len(self.names))))
        self.values = dict(zip(self.names, own.T, strict=True))
        noise = self.rng.standard_normal(n)
        in_last = np.where(self.arms == self.arms[-1], 1.0, 0.2)
        self.improvement = 14 - 45 * in_last * self.values[PLANTED] + 8 * noise
        self.dropped = (self.names[-1], "gender=male")

    def models(self) -> list[dict[str, Any]]:
        rows = []
        for timing, model in self.scopes:
            base = {"timing": timing, "model": model, "outcome": "caps5"}
            if (timing, model) not in self.known:
                why = f"no improvement of madrs for {self.people[0][0]} {HOSTILE}"
                rows.append(base | {"finding": False, "reason": why, "leakage": None})
                continue
            rows.append(base | self._figures(self.known[timing, model], timing, model))
        return rows

    def _figures(self, known: Sequence[Any], timing: str, model: str) -> dict[str, Any]:
        kept = [each for each in self._coefficients(timing, model) if each["selected"]]
        nested = known[2]
        return dict(zip(FIGURES, known, strict=False)) | {
            "scheme": "leave_one_out",
            "n": len(self.people),
            "n_predictors": 65 if model == "measures" else 130,
            "n_selected": len(kept),
            "l1_ratio": 0.3 if timing == "change" else 0.0,
            "penalty": 4.317,
            "mae_nested": 11.42,
            "r_nested": 0.31,
            "r2_k_fold": nested - 0.02,
            "r2_k_fold_low": nested - 0.2,
            "r2_k_fold_high": nested + 0.13,
            "n_permutations_imaging": known[5],
            "p_outcome": 0.2,
            "n_permutations_outcome": 50,
            "null_median": -0.31,
            "null_high": 0.05,
            "leakage": "passed",
            "finding": (timing, model) == ("change", "by_arm"),
            "reason": None,
        }

    def coefficients(self) -> list[dict[str, Any]]:
        return [row for scope in self.known for row in self._coefficients(*scope)]

    def _coefficients(self, timing: str, model: str) -> list[dict[str, Any]]:
        rng = np.random.default_rng([TIMINGS.index(timing), MODELS.index(model)])
        entered = [(name, "imaging") for name in self.names if name not in self.dropped]
        entered += [(name, "covariate") for name in self.covariates if name not in self.dropped]
        if model != "measures":
            arm = [*self.sizes, "nobody"][min(1, len(self.sizes))]
            entered += [(f"arm={arm}", "arm")]
            entered += [(f"{name} x {arm}", "interaction") for name, kind in entered
                        if kind == "imaging"]  # fmt: skip
        if model == "by_arm_and_concurrent":
            entered.append(("concurrent improvement", "concurrent"))
        rows = []
        for name, kind in entered:
            frequency = rng.beta(1, 3)
            kept = timing == "baseline" or frequency > 0.35 or PLANTED in name
            size = (2.6 * rng.standard_normal() * frequency) if kept else 0.0
            if PLANTED in name:
                size, frequency = (-4.2, 0.93) if kind == "interaction" else (-1.7, 0.71)
            spread = 0.8 + 2.5 * frequency * rng.random()
            rows.append(
                {
                    **{"timing": timing, "model": model, "predictor": name, "kind": kind},
                    "n_level": self.n_level if "=" in name else np.nan,
                    **{"coefficient": size / 0.2, "standardised": size, "selected": size != 0.0},
                    "selection_frequency": 1.0 if timing == "baseline" else frequency,
                    "ci_low": min(0.0, size - spread) if size > -3 else size - spread,
                    "ci_high": max(0.0, size + 0.7 * spread) if size > -3 else -0.31,
                }
            )
        return rows

    def predictions(self) -> Iterator[dict[str, Any]]:
        for (timing, model), known in self.known.items():
            n, mean = len(self.people), self.improvement.mean()
            shares = np.array([known[0], known[1], max(known[2], 0.0), max(known[2], 0.0)])
            noise = 6 * np.sqrt(1 - shares**2)[:, None] * self.rng.standard_normal((4, n))
            predicted = mean + shares[:, None] * (self.improvement - mean) + noise
            for place, (who, arm) in enumerate(self.people):
                yield {
                    **{"participant_id": who, "arm": arm, "timing": timing, "model": model},
                    "observed": self.improvement[place],
                    **dict(zip(("fitted", "left_out", "nested", "k_fold"), predicted[:, place],
                               strict=True)),
                }  # fmt: skip

    def null(self) -> Iterator[dict[str, Any]]:
        for (timing, model), known in self.known.items():
            for permuted, n in (("imaging", min(known[5], self.n_null)), ("outcome", 50)):
                values = 0.12 - 0.18 * self.rng.gamma(2.2, 1.1, n)
                for place, value in enumerate(values):
                    yield {
                        **{"timing": timing, "model": model, "permuted": permuted},
                        **{"permutation": place + 1, "r2": value},
                    }

    def predictors(self) -> Iterator[dict[str, Any]]:
        n = len(self.people)
        for timing in self.timings:
            for name in [*self.names, *self.covariates]:
                share = (4 / 21 if "stroop" in name else 0.0) if timing == "change" else 1 / 21
                reason = f"no values of {self.people[0][0]} {HOSTILE}" if (
                    name in self.dropped) else None  # fmt: skip
                yield {
                    **{"timing": timing, "predictor": name},
                    "kind": "covariate" if name in self.covariates else "imaging",
                    **{"n": round(n * (1 - share)), "missing": share},
                    **{"entered": reason is None, "reason": reason},
                }

    def raw(self) -> Iterator[dict[str, Any]]:
        for timing in self.timings:
            for name, values in self.values.items():
                for place, (who, arm) in enumerate(self.people):
                    gone = timing == "change" and "stroop" in name and place < 4
                    yield {
                        **{"participant_id": who, "arm": arm, "timing": timing},
                        **{"predictor": name, "value": np.nan if gone else values[place]},
                        "improvement": self.improvement[place],
                    }

    def correlations(self) -> Iterator[dict[str, Any]]:
        table = pd.DataFrame(self.values)
        for name in self.covariates:
            table[name] = self.rng.standard_normal(len(table))
        table = table.drop(columns=[each for each in self.dropped if each in table])
        found = table.corr()
        for timing in self.timings:
            for one, other in combinations(found.columns, 2):
                pair = {"timing": timing, "predictor": one, "other": other}
                yield pair | {"r": found.loc[one, other], "n": len(table)}

    def participants(self) -> Iterator[dict[str, Any]]:
        for timing in self.timings:
            for who, arm in self.people:
                base = {"participant_id": who, "arm": arm, "timing": timing}
                yield base | {"included": True, "reason": None}
            why = f"no improvement of caps5: sub-K99 scored 31.5 and left {HOSTILE}"
            arm = next(iter(self.sizes), None)
            left = {"participant_id": "sub-K99", "arm": arm, "timing": timing}
            yield left | {"included": False, "reason": why}

    def write(self, output: Path) -> Path:
        """Write all tables beside those of the group, and what the record tells of them."""
        tables = {
            "": self.models(),
            "_coefficients": self.coefficients(),
            "_predictions": self.predictions(),
            "_null": self.null(),
            "_predictors": self.predictors(),
            "_values": self.raw(),
            "_correlations": self.correlations(),
            "_participants": self.participants(),
        }
        folder = output / "group"
        for name, rows in tables.items():
            pd.DataFrame(list(rows)).to_csv(
                folder / f"group_elastic_net{name}.tsv",
                sep="\t", na_rep="n/a", index=False, quoting=3,
            )  # fmt: skip
        summary = pd.DataFrame(
            [
                dict(zip(("measure", "task", "contrast", "regions", "unit"), key, strict=True))
                | {"session": session, "arm": "all", "n": len(self.people), "mean": 0.1, "sd": 0.2}
                for key in self.keys
                for session in ("pre", "post")
            ]
        )
        path = folder / "group_summary.tsv"
        summary.to_csv(path, sep="\t", na_rep="n/a", index=False, quoting=3)
        record = json.loads((folder / "group.json").read_text(encoding="utf-8"))
        record["ElasticNet"] = {
            "Outcome": "caps5",
            "ConcurrentOutcome": "madrs",
            "Settings": SETTINGS,
            "Notes": [f"{self.people[0][0]} has no MADRS {HOSTILE}", *self.notes],
            "Warnings": ["told only where the table of predictors is not there"],
            **self.record,
        }
        (folder / "group.json").write_text(json.dumps(record), encoding="utf-8")
        return output


def net_tree(make_group: Callable[..., Path], output: Path, **options: Any) -> Path:
    """Write a small output tree with tables of elastic nets."""
    tables = NetTables(**options)
    make_group(output, arms=dict(tables.sizes), regions=(), activation=False, outcomes=())
    return tables.write(output)


def section_of(page: Any) -> str:
    """Return the words of the section on prediction."""
    rest = str(page.text.partition(" Elastic nets predict")[2])
    following = (
        r" Effective connectivity (?:Pp is|The study)| Sensitivity What| Methods Participants"
    )
    return re.split(following, rest, maxsplit=1)[0]
