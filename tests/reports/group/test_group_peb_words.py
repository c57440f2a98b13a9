"""Sentences on effective connectivity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.group_peb_data import (
    compared_arms,
)
from bids_ketamine.reports.group_peb_questions import SESSION
from bids_ketamine.reports.group_peb_verdicts import chance_sentence, result_sentence
from bids_ketamine.reports.group_peb_words import decimals_of, probability


def _row(arm: str, estimate: float, pp: float, **changes: Any) -> dict[str, Any]:
    row = {"arm": arm, "estimate": estimate, "interval_low": estimate - 0.02, "unit": "Hz"}
    row |= {"interval_high": estimate + 0.02, "posterior_probability": pp, "field": "modulation"}
    row |= {"model_probability": np.nan, "probability_lowest": np.nan, "most_influential": None}
    row |= {"source": "V1", "target": "V5", "modulator": "dots", "parameter": "V1 > V5 by dots"}
    return row | changes


@pytest.mark.parametrize(
    ("changes", "student", "words"),
    [
        ({"model_probability": 0.99}, 0.97, "both speak for a change between sessions in all "
         "together. It holds at the Student-t level (Pp = .970)."),
        ({"model_probability": 0.6}, 0.8, "Pp speaks for a change between sessions in all "
         "together, model comparison does not: weak evidence. "
         "It does not hold at the Student-t level (Pp = "
         ".800)."),
        ({"probability_lowest": 0.4, "most_influential": "sub-03"}, 0.99, "model comparison is not "
         "known: weak evidence. It holds at the Student-t level (Pp = .990), but not without "
         "sub-03 (Pp = .400)."),
        ({"probability_lowest": 0.7}, 0.6, "It does not hold at the Student-t level (Pp = .600) or "
         "without one of the participants (Pp = .700)."),
        ({"posterior_probability": 0.9, "model_probability": 0.97, "probability_lowest": 0.2}, 0.9,
         "Model comparison speaks for a change between sessions in all together, Pp does not: "
         "weak evidence."),
        ({"posterior_probability": 0.9, "model_probability": 0.5}, 0.9, "There is no clear "
         "evidence of a change between sessions in all together, nor that there is none."),
    ],
)  # fmt: skip
def test_verdicts(changes: dict[str, Any], student: float, words: str) -> None:
    rows = pd.DataFrame([_row("all", 0.3, 0.98, **changes)])
    students = pd.DataFrame([_row("all", 0.3, student)])
    told = result_sentence(rows, students, SESSION, arms=(), level="90 %").replace("\u00a0", " ")
    assert told.startswith("V1 \u2192 V5 by dots: all participants 0.300 Hz (90 % interval 0.280")
    assert told.endswith(words)


def test_a_student_estimate_of_the_other_sign_does_not_hold() -> None:
    rows = pd.DataFrame([_row("all", 0.3, 0.98)])
    students = pd.DataFrame([_row("all", -0.3, 0.98)])
    assert "It does not hold at the" in result_sentence(
        rows, students, SESSION, arms=(), level="90 %"
    )


def test_words_of_probabilities_and_chance() -> None:
    assert probability(0.9994) == ".999"
    assert probability(1.0) == "> .999"
    assert [
        decimals_of({"interval_low": -each, "interval_high": each})
        for each in (0.075, 0.12, 1.3, 30.0, 0.0)
    ] == [3, 2, 1, 0, 3]
    rows = pd.DataFrame({"posterior_probability": [0.96, 0.5, 0.951, 0.95, np.nan], "arm": "all"})
    told = "Of 4 effects under this heading, 2 are above Pp = .95; without any effect about 0.4"
    assert chance_sentence(rows).replace("\u00a0", " ").startswith(told)
    assert chance_sentence(rows.iloc[4:]) == ""
    assert compared_arms("a - b - c", ["a - b", "c", "a", "b"]) == ("a - b", "c")
