"""The group folder of a small output tree, with hostile text in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from bids_ketamine.core.group.motion_summary import motion_summary
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from tests.reports.group.clinical_tables import improvement_rows, moments

HOSTILE = """<script>alert("x & y")</script>"""
REGIONS = ("amygdala", "anterior_insula", "vmPFC")
KEYS = ["measure", "task", "contrast", "regions", "unit"]
SESSIONS = ("pre", "post")
VERSION = "0.1.0"


@pytest.fixture(scope="session")
def make_group() -> Callable[..., Path]:
    return write_group_tree


@pytest.fixture(scope="session")
def group_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_group_tree(tmp_path_factory.mktemp("group"))


class GroupTree:
    """Values of some participants, and the tables made from them."""

    def __init__(
        self, arms: Mapping[str, int], outcomes: tuple[str, ...], keys: list[tuple[str, ...]]
    ) -> None:
        self.rng = np.random.default_rng(11)
        self.arms = arms
        self.outcomes = outcomes
        self.keys = keys
        self.people = [
            (f"sub-{'M' if place % 2 else 'K'}{number:02d}", arm)
            for place, (arm, size) in enumerate(arms.items())
            for number in range(1, size + 1)
        ] or [(f"sub-X{number:02d}", None) for number in range(1, 7)]
        self.values = {
            (who, session, key): 0.25 * self.rng.standard_normal() + 0.1
            for who, _ in self.people
            for session in SESSIONS
            for key in keys
        }

    def members(self) -> list[tuple[str, list[str]]]:
        everybody = [("all", [who for who, _ in self.people])]
        return everybody + [
            (arm, [who for who, other in self.people if other == arm]) for arm in self.arms
        ]

    def participants(self) -> list[dict[str, Any]]:
        last = self.people[-1][0]
        return [
            {
                "participant_id": who,
                "arm": arm,
                "session": session,
                "task": task,
                "included": (inside := who != last or task != "rest"),
                "reason": None if inside else f"mean FD 0.93 mm of {who} is above 0.5 mm {HOSTILE}",
            }
            for who, arm in self.people
            for session in SESSIONS
            for task in sorted({key[1] for key in self.keys})
        ]

    def measures(self) -> list[dict[str, Any]]:
        return [
            dict(zip(KEYS, key, strict=True))
            | {
                "participant_id": who,
                "arm": arm,
                "session": session,
                "value": self.values[who, session, key],
                "adjusted": self.values[who, session, key],
                "mean_fd": 0.1 + 0.01 * place,
                "included": True,
                "reason": None,
            }
            for place, (who, arm) in enumerate(self.people)
            for session in SESSIONS
            for key in self.keys
        ]

    def changes(self) -> list[dict[str, Any]]:
        return [
            dict(zip(KEYS, key, strict=True))
            | {
                "participant_id": who,
                "arm": arm,
                "change": "change",
                "first": self.values[who, "pre", key],
                "second": self.values[who, "post", key],
                "difference": self.values[who, "post", key] - self.values[who, "pre", key],
            }
            for who, arm in self.people
            for key in self.keys
        ]

    @cached_property
    def outcomes_rows(self) -> list[dict[str, Any]]:
        """Scores at the ends of the change, drawn once."""
        rows = []
        for place, (who, arm) in enumerate(self.people):
            for outcome in self.outcomes:
                first = 40 + 5 * self.rng.standard_normal()
                gain = 8 + 6 * (arm == "ketamine") + 4 * self.rng.standard_normal()
                if outcome == "madrs" and place == 0:
                    first, gain = np.nan, np.nan
                rows.append(
                    {
                        "participant_id": who,
                        "arm": arm,
                        "outcome": outcome,
                        "change": "change",
                        "first": first,
                        "second": first - gain,
                        "improvement": gain,
                        "reason": f"no score of {who} {HOSTILE}" if np.isnan(gain) else None,
                    }
                )
        return rows

    def scores(self) -> list[dict[str, Any]]:
        """Return the scores of both sessions, those of the ends of the change."""
        return [
            {name: row[name] for name in ("participant_id", "arm", "outcome", "reason")}
            | {"session": session, "score": row[end]}
            for row in self.outcomes_rows
            for session, end in zip(SESSIONS, ("first", "second"), strict=True)
        ]

    def course(self) -> list[dict[str, Any]]:
        """Return the means of scores."""
        known = {
            (row["outcome"], row["session"], row["participant_id"]): row["score"]
            for row in self.scores()
        }
        return [
            {"outcome": outcome, "session": session, "arm": arm}
            | moments([known[outcome, session, who] for who in members])
            for outcome in self.outcomes
            for session in SESSIONS
            for arm, members in self.members()
        ]

    def motion_summary(self) -> pd.DataFrame:
        """Return the means of displacement that the group level makes of the measures."""
        columns = ["participant_id", "arm", "session", "task", "mean_fd"]
        motion = pd.DataFrame(self.measures(), columns=columns).drop_duplicates()
        return motion_summary(
            motion,
            tasks=list(dict.fromkeys(motion["task"])),
            sessions=SESSIONS,
            levels=list(self.arms),
            confidence_level=0.95,
        )

    def summary(self) -> list[dict[str, Any]]:
        return [
            dict(zip(KEYS, key, strict=True))
            | {"session": session, "arm": arm}
            | _moments(np.array([self.values[who, session, key] for who in members]))
            for key in self.keys
            for arm, members in self.members()
            for session in SESSIONS
        ]

    def tests(self) -> list[dict[str, Any]]:
        return [row for key in self.keys for row in self._tests_of(key)]

    def _tests_of(self, key: tuple[str, ...]) -> list[dict[str, Any]]:
        base, rows, changes = dict(zip(KEYS, key, strict=True)), [], {}
        for arm, members in self.members():
            if arm == "all" and key[0] == "activation":
                for session in SESSIONS:
                    cell = np.array([self.values[who, session, key] for who in members])
                    scope = {"test": "one_sample", "session": session, "arm": arm}
                    rows.append(base | scope | _test_row(ttest_1samp(cell, 0), cell))
            cell = np.array(
                [self.values[who, "post", key] - self.values[who, "pre", key] for who in members]
            )
            changes[arm] = cell
            scope = {"change": "change", "arm": arm}
            rows.append(base | scope | {"test": "paired"} | _test_row(ttest_1samp(cell, 0), cell))
            for outcome in self.outcomes:
                rows.append(base | scope | {"outcome": outcome} | _correlation_row(len(cell)))
        if len(self.arms) == 2:
            first, second = (changes[arm] for arm in self.arms)
            result = ttest_ind(second, first, equal_var=False)
            scope = {"test": "welch", "change": "change", "arm": " - ".join(reversed(self.arms))}
            own = {"estimate": second.mean() - first.mean(), "n_second": len(first)}
            rows.append(base | scope | _test_row(result, second) | own)
        return rows


def write_group_tree(
    output: Path,
    *,
    arms: Mapping[str, int] | None = None,
    outcomes: tuple[str, ...] = ("caps5", "madrs"),
    activation: bool = True,
    regions: tuple[str, ...] = REGIONS,
    empty: bool = False,
    all_missing: bool = False,
    further: tuple[tuple[str, ...], ...] = (),
) -> Path:
    """Write group tables; arms of a size each, NaN or rows left out, measures on demand."""
    sizes = {"midazolam": 5, "ketamine": 6} if arms is None else dict(arms)
    tree = GroupTree(sizes, outcomes, [*_keys(regions, activation=activation), *further])
    if all_missing:
        tree.values = dict.fromkeys(tree.values, np.nan)
    motion = {"n": 22, "slope": 0.2, "applied": True, "reason": None}
    tables = {
        "participants": tree.participants(),
        "measures": tree.measures(),
        "motion": [dict(zip(KEYS, key, strict=True)) | motion for key in tree.keys],
        "changes": tree.changes(),
        "outcomes": tree.outcomes_rows,
        "summary": tree.summary(),
        "tests": tree.tests(),
    }
    tables["improvement"] = improvement_rows(tables["outcomes"], list(sizes))
    tables |= {
        name: pd.DataFrame(rows, columns=list(CLINICAL_TABLES[f"group_{name}"]))
        for name, rows in (
            ("scores", tree.scores()),
            ("course", tree.course()),
            ("motion_summary", tree.motion_summary()),
        )
    }
    folder = output / "group"
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        table = pd.DataFrame(rows)
        (table.iloc[:0] if empty else table).to_csv(
            folder / f"group_{name}.tsv", sep="\t", na_rep="n/a", index=False, quoting=3
        )
    record = {
        "StudyHash": "0123456789ab",
        "GroupStudy": "norbury2021",
        "SoftwareVersion": VERSION,
        "Notices": [f"elastic net of the preset (`elastic_net`) is left out {HOSTILE}"],
        "Participants": len(tree.people),
        "Arms": sizes,
        "MotionStep": "9 of 9 measures were regressed on mean framewise displacement.",
        "Notes": [f"{tree.people[0][0]} has no MADRS at the second session {HOSTILE}"],
    }
    (folder / "group.json").write_text(json.dumps(record), encoding="utf-8")
    return output


def _keys(regions: tuple[str, ...], *, activation: bool) -> list[tuple[str, ...]]:
    contrasts = {"faces": "facesGtShapes", "stroop": "incongruentGtCongruent"}
    keys: list[Any] = [
        ("activation", task, contrast, region, "percent of the grand mean")
        for task, contrast in contrasts.items()
        for region in regions
        if activation
    ]
    return keys + [
        ("resting_connectivity", "rest", None, f"{a}~{b}", "Fisher z")
        for place, a in enumerate(regions)
        for b in regions[place + 1 :]
    ]


def _moments(cell: np.ndarray) -> dict[str, float]:
    deviation = cell.std(ddof=1) if len(cell) > 1 else np.nan
    half = 2.2 * deviation / np.sqrt(len(cell))
    return {
        "n": int(np.isfinite(cell).sum()),
        "mean": cell.mean(),
        "sd": deviation,
        "ci_low": cell.mean() - half,
        "ci_high": cell.mean() + half,
    }


def _test_row(result: Any, cell: np.ndarray) -> dict[str, Any]:
    low, high = result.confidence_interval()
    return {
        "n": len(cell),
        "estimate": cell.mean(),
        "ci_low": low,
        "ci_high": high,
        "statistic": result.statistic,
        "df": result.df,
        "p_value": result.pvalue,
        "q_value": min(1.0, 6 * result.pvalue),
        "effect_size": 0.4,
        "reason": None if np.isfinite(result.pvalue) else "no values",
    }


def _correlation_row(n: int) -> dict[str, Any]:
    return {
        "test": "correlation",
        "n": n,
        "estimate": 0.35,
        "ci_low": -0.3,
        "ci_high": 0.77,
        "statistic": 1.1,
        "df": 8,
        "p_value": 0.303,
        "q_value": 0.9,
        "effect_size": 0.35,
        "reason": None,
    }
