"""Sessions whose order contradicts the changes of a study with models over time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.load import load_study

STUDY = """\
name: scores
sessions: {{{sessions}}}
changes:
  {change}
outcomes: {{madrs: {{table: madrs, column: total}}}}
{more}mixed_models: {{course: {{outcomes: [madrs], {model}}}}}
"""
FORWARD = "change: {first: pre, second: post}"


def problems(folder: Path, sessions: str, change: str, model: str, more: str = "") -> list[str]:
    path = folder / "study.yml"
    path.write_text(STUDY.format(sessions=sessions, change=change, model=model, more=more))
    try:
        load_study(str(path))
    except StudyError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize("formula", ["time", "session", "session * baseline", "1 + (time)"])
def test_the_line_and_the_cure_are_told(tmp_path: Path, formula: str) -> None:
    told = problems(tmp_path, "post: {}, mid: {}, pre: {}", FORWARD, f"formula: {formula}")
    assert told == [
        "line 4: changes.change goes from `pre` to `post`, and `sessions` names `post` before "
        "`pre`: the order of `sessions` is the time of mixed_models.course; name the sessions in "
        "the order in which they happened"
    ]


@pytest.mark.parametrize(
    ("sessions", "change", "model", "more"),
    [
        ("pre: {}, post: {}", FORWARD, "formula: time", ""),
        # The model is not about both, or takes no order.
        ("post: {}, pre: {}, late: {}", FORWARD, "formula: time, sessions: [pre, late]", ""),
        ("post: {}, pre: {}", FORWARD, "formula: age", "covariates: {age: {}}\n"),
        # A change the other way round is the one in the order of sessions.
        (
            "pre: {}, post: {}",
            "there: {first: pre, second: post}\n  back: {first: post, second: pre}",
            "formula: time",
            "",
        ),
        # Treatments have no order in time.
        (
            "post: {}, pre: {}",
            FORWARD,
            "formula: session",
            "crossover: {columns: [one, two], values: {a: pre, b: post}}\n",
        ),
    ],
)
def test_an_order_that_contradicts_nothing(
    tmp_path: Path, sessions: str, change: str, model: str, more: str
) -> None:
    assert problems(tmp_path, sessions, change, model, more) == []


def test_a_wrong_name_or_formula_is_told_once(tmp_path: Path) -> None:
    (told,) = problems(
        tmp_path, "post: {}, pre: {}", "change: {first: base, second: post}", "formula: time"
    )
    assert "changes.change.first names no session: `base`" in told
    (told,) = problems(tmp_path, "post: {}, pre: {}", FORWARD, "formula: time *")
    assert "mixed_models.course.formula: " in told
