"""Every damaged input ends in one clear sentence, and nobody else's results change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.case import Case
from tests.fuzz.cases import CASES
from tests.fuzz.checks import (
    Verdict,
    differences,
    judge_participant,
    judge_run,
    undamaged_problems,
)
from tests.fuzz.harness import Run, batches, run_alone
from tests.fuzz.table import row

BATCHES = batches(CASES)
ALONE = [case for case in CASES if case.level != "session"]
IN_BATCHES = [(key, case) for key, cases in BATCHES.items() for case in cases]

Record = Callable[[str, object], None]


def tell(case: Case, verdict: Verdict, record_property: Record) -> None:
    """Keep the row of the table, then fail if something is not as it should be."""
    record_property(
        "fuzz",
        row(
            case_id=case.id,
            area=case.area,
            damage=case.damage,
            kind=case.outcome.kind,
            code=verdict.code,
            told=verdict.sentence,
        ),
    )
    told = f"told: {verdict.sentence}"
    assert not verdict.problems, "\n".join([case.damage, *verdict.problems, told])


@pytest.mark.parametrize("key", BATCHES)
def test_a_run_over_damaged_participants(key: str, batch: Callable[[str], Run]) -> None:
    """The exit code is the one all damages share; the input and everybody else are untouched."""
    run, task = batch(key), key.split("-")[0]
    problems = [*undamaged_problems(run), *differences(run, batch(task), "participant")]
    assert not problems, "\n".join(problems)
    assert run.code == int(key.split("-")[1]), run.told


@pytest.mark.parametrize(("key", "case"), IN_BATCHES, ids=[case.id for _, case in IN_BATCHES])
def test_a_damaged_participant(
    key: str, case: Case, batch: Callable[[str], Run], record_property: Record
) -> None:
    verdict = judge_participant(case, batch(key), batch(case.task))
    tell(case, verdict, record_property)


@pytest.mark.parametrize("case", ALONE, ids=[case.id for case in ALONE])
def test_damage_with_a_run_of_its_own(
    case: Case,
    shared: Path,
    batch: Callable[[str], Run],
    group_level: Callable[[], Run],
    record_property: Record,
) -> None:
    if case.level == "group":
        reference = group_level()
        assert reference.code == 0, reference.told
        run = run_alone(shared / case.id, case, group=reference.folder.parent / "group-inputs")
    else:
        reference, run = batch(case.task), run_alone(shared / case.id, case)
    tell(case, judge_run(case, run, reference), record_property)
