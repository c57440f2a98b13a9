"""A group folder with clinical tables, made from scores of a few participants."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.core.group.improvement import improvement_statistics
from bids_ketamine.reports.group_clinical_data import CLINICAL_COLUMNS
from bids_ketamine.study.data_sections import ChangeSpec, SessionSpec
from bids_ketamine.study.group_sections import ArmsSpec, OutcomeSpec
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec

HOSTILE = "<b onclick=x>&`</b>"
OUTCOMES = ("caps5", "madrs")
INTERVAL = 0.95
OUTCOME_COLUMNS = (
    *("participant_id", "arm", "outcome", "change", "first", "second", "improvement", "reason"),
)


def clinical_spec(arms: Sequence[str], sessions: Sequence[str]) -> StudySpec:
    """Return the preset with other arms and sessions."""
    changes = (ChangeSpec(name="change", first=sessions[0], second=sessions[-1]),)
    return replace(
        load_study("norbury2021").spec,
        sessions=tuple(SessionSpec(name=each) for each in sessions),
        changes=changes if len(sessions) > 1 else (),
        arms=ArmsSpec(levels=tuple(arms)) if arms else None,
        outcomes=tuple(OutcomeSpec(name=each) for each in OUTCOMES),
    )


def moments(values: Any) -> dict[str, float]:
    """Return n, mean, SD and the t interval of the mean."""
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    n = array.size
    mean = float(array.mean()) if n else np.nan
    sd = float(array.std(ddof=1)) if n > 1 else np.nan
    margin = stats.t.ppf(0.5 + INTERVAL / 2, n - 1) * sd / np.sqrt(n) if n > 1 else np.nan
    return {"n": n, "mean": mean, "sd": sd, "ci_low": mean - margin, "ci_high": mean + margin}


def improvement_rows(outcomes: list[dict[str, Any]], levels: list[str]) -> list[dict[str, Any]]:
    """Return the rows of ``group_improvement``."""
    if not outcomes:
        return []
    table = improvement_statistics(
        outcomes=pd.DataFrame(outcomes),
        levels=levels,
        confidence_level=INTERVAL,
        minimum_participants=3,
    )
    return [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")]


class ClinicalTree:
    """Participants of some arms with scores, variables and behaviour."""

    def __init__(self, arms: Mapping[str, int], sessions: Sequence[str], seed: int = 5) -> None:
        self.rng = np.random.default_rng(seed)
        self.arms, self.sessions = list(arms), list(sessions)
        self.people = [
            (f"sub-P{place}{number:02d}", arm)
            for place, (arm, size) in enumerate(arms.items())
            for number in range(1, size + 1)
        ]
        self.labels = [arm for arm in self.arms if arm]

    def members(self) -> list[tuple[str, list[str]]]:
        """Return everybody, and the participants of each arm."""
        everybody = [("all", [who for who, _ in self.people])]
        return everybody + [(arm, [who for who, own in self.people if own == arm])
                            for arm in self.labels]  # fmt: skip

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Return rows of each table by its stem."""
        scores = self._scores()
        known = {(r["participant_id"], r["outcome"], r["session"]): r["score"] for r in scores}
        course = [
            {"outcome": outcome, "session": session, "arm": arm}
            | moments([known[who, outcome, session] for who in members])
            for outcome in OUTCOMES
            for session in self.sessions
            for arm, members in self.members()
        ]
        rows, tests, values = self._table_one(known)
        return {
            "group_scores": scores,
            "group_course": course,
            "group_outcomes": (outcomes := self._outcomes(known)),
            "group_improvement": improvement_rows(outcomes, self.labels),
            "group_table_one": rows,
            "group_table_one_tests": tests if len(self.labels) > 1 else [],
            "group_table_one_values": values,
            **self._behaviour(),
        }

    def _scores(self) -> list[dict[str, Any]]:
        rows = []
        for place, (who, arm) in enumerate(self.people):
            for outcome, start in zip(OUTCOMES, (40.0, 29.0), strict=True):
                level = start + 5 * self.rng.standard_normal()
                for at, session in enumerate(self.sessions):
                    gain = (4.0 + 5.0 * (arm == self.arms[-1])) * (1 - 0.5**at)
                    score = round(level - gain + 3.5 * self.rng.standard_normal())
                    missing = place == 1 and outcome == "madrs" and at == len(self.sessions) - 1
                    rows.append(
                        {"participant_id": who, "arm": arm, "outcome": outcome,
                         "session": session, "score": np.nan if missing else float(score),
                         "reason": f"no row of {who} {HOSTILE}" if missing else None}
                    )  # fmt: skip
        return rows

    def _outcomes(self, known: Mapping[tuple[str, str, str], float]) -> list[dict[str, Any]]:
        if len(self.sessions) < 2:
            return []
        rows = []
        for who, arm in self.people:
            for outcome in OUTCOMES:
                first = known[who, outcome, self.sessions[0]]
                second = known[who, outcome, self.sessions[-1]]
                lacks = np.isnan(first - second)
                rows.append(
                    {"participant_id": who, "arm": arm, "outcome": outcome, "change": "change",
                     "first": first, "second": second, "improvement": first - second,
                     "reason": f"no score of {who} {HOSTILE}" if lacks else None}
                )  # fmt: skip
        return rows

    def _table_one(self, known: Mapping[tuple[str, str, str], float]) -> tuple[Any, Any, Any]:
        people = [who for who, _ in self.people]
        age = {who: float(round(38 + 9 * self.rng.standard_normal())) for who in people}
        cadss = {who: float(self.rng.gamma(1.5, 4.0)) for who in people}
        cadss[people[0]] = np.nan
        levels = {
            "gender": ["female", "male"],
            "urine_thc": ["no", "yes"],
            "education": ["high_school", f"college {HOSTILE}", "graduate"],
        }
        held = {
            name: {who: of[place * 7 % 3 % len(of)] for place, who in enumerate(people)}
            for name, of in levels.items()
        }
        rows: list[dict[str, Any]] = []
        numeric = {"age": age, "cadss": cadss}
        kinds = {**dict.fromkeys(numeric, "numeric"), **dict.fromkeys(levels, "categorical")}
        for name in ("age", "gender", "education", "urine_thc", "cadss"):
            for arm, members in self.members():
                cell = {"variable": name, "kind": kinds[name], "arm": arm}
                if name in numeric:
                    of = moments([numeric[name][who] for who in members])
                    rows.append(cell | {"n": of["n"], "missing": len(members) - of["n"],
                                        "mean": of["mean"], "sd": of["sd"]})  # fmt: skip
                    continue
                for level in levels[name]:
                    count, n = sum(held[name][who] == level for who in members), len(members)
                    rows.append(cell | {"level": level, "n": n, "missing": 0, "count": count,
                                        "percent": 100 * count / n})  # fmt: skip
        for arm, members in self.members():
            of = moments([known[who, "caps5", self.sessions[0]] for who in members])
            rows.append({"variable": "caps5", "kind": "outcome", "arm": arm, "n": of["n"],
                         "missing": 0, "mean": of["mean"], "sd": of["sd"]})  # fmt: skip
        three = len(self.labels) > 2
        number = {"test": "welch_anova" if three else "welch", "statistic": 0.5, "df": 2.0,
                  "df_second": 11.3 if three else np.nan, "p_value": 0.62}  # fmt: skip
        tests = [
            {"variable": "age"} | number,
            {"variable": "gender", "test": "chi_square_yates", "statistic": 0.1, "df": 1,
             "p_value": 0.75, "reason": "2 of 4 expected counts are below 5; Fisher's exact test: "
             "p = 0.66"},
            {"variable": "education", "test": "chi_square", "statistic": 1.2, "df": 2,
             "p_value": 0.55},
            {"variable": "urine_thc", "test": "chi_square", "reason": "all values equal"},
            {"variable": "cadss"} | number,
            {"variable": "caps5"} | number | {"p_value": 0.0004},
        ]  # fmt: skip
        values = [
            {"participant_id": who, "arm": arm, "variable": name, "score": of[who]}
            for name, of in numeric.items()
            for who, arm in self.people
        ]
        return rows, tests, values

    def _behaviour(self) -> dict[str, list[dict[str, Any]]]:
        cells = [("faces", "faces"), ("faces", "shapes"), ("stroop", "incongruent")]
        persons = [
            {"participant_id": who, "arm": arm, "session": session, "task": task,
             "condition": condition, "n_trials": 24, "n_answered": 23,
             "accuracy": float(np.clip(0.92 + 0.05 * self.rng.standard_normal(), 0, 1)),
             "reaction_time": 0.7 + 0.1 * self.rng.standard_normal(), "reason": None}
            for who, arm in self.people for session in self.sessions for task, condition in cells
        ]  # fmt: skip
        persons[0] |= {"reaction_time": np.nan, "reason": f"{persons[0]['participant_id']}: none"}
        table = pd.DataFrame(persons)
        summary, tests = [], []
        for (task, condition), own in table.groupby(["task", "condition"]):
            for quantity in ("accuracy", "reaction_time"):
                cell = {"task": task, "condition": condition, "quantity": quantity}
                for session in self.sessions:
                    here = own[own["session"] == session].set_index("participant_id")[quantity]
                    summary += [cell | {"session": session, "arm": arm} | moments(here[members])
                                for arm, members in self.members()]  # fmt: skip
                shared = {"change": "change", "ci_low": -0.05, "ci_high": 0.09, "estimate": 0.02,
                          "statistic": 0.57, "p_value": 0.57, "effect_size": 0.2}  # fmt: skip
                tests += [cell | shared | {"test": "paired", "arm": arm, "n": len(members),
                                           "df": len(members) - 1}
                          for arm, members in self.members()]  # fmt: skip
                if len(self.labels) > 1:
                    tests.append(cell | shared | {
                        "test": "welch", "arm": f"{self.labels[1]} - {self.labels[0]}", "n": 9,
                        "n_second": 8, "df": 13.42, "p_value": 0.041})  # fmt: skip
        tests = tests if len(self.sessions) > 1 else []
        return {
            "group_behaviour": persons,
            "group_behaviour_summary": summary,
            "group_behaviour_tests": tests,
        }


def write_clinical_tree(
    output_dir: Path, arms: Mapping[str, int], sessions: Sequence[str] = ("pre", "post")
) -> ClinicalTree:
    """Write the tables of a small trial; return what they were made from."""
    tree = ClinicalTree(arms, sessions)
    folder = output_dir / "group"
    folder.mkdir(parents=True, exist_ok=True)
    for stem, rows in tree.tables().items():
        columns = OUTCOME_COLUMNS if stem == "group_outcomes" else CLINICAL_COLUMNS[stem]
        write_rows(folder / f"{stem}.tsv", pd.DataFrame(rows, columns=list(columns)))
    return tree


def write_rows(path: Path, table: pd.DataFrame) -> None:
    """Write a table as the group level does."""
    table = table.astype(object).where(table.notna() & (table != ""), "n/a")
    table.to_csv(path, sep="\t", index=False, quoting=csv.QUOTE_NONE)
