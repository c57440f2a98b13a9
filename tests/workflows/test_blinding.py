"""Blinded arms: in the study, among participants, in sentences, tables and record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.group.exclusions import ListedExclusion
from bids_ketamine.outputs.plan import Plan, freeze_plan, record_unblinding
from bids_ketamine.study.load import Study, load_study
from bids_ketamine.workflows.blinding import blinded_arms, blinded_study, blinding, open_blinding
from bids_ketamine.workflows.group_sources import People

STUDY = """
name: trial
sessions: {pre: {}, post: {}}
changes: {change: {first: pre, second: post}}
arms: {column: drug, levels: [placebo, zentrex, A]}
outcomes: {madrs: {table: madrs, column: total}}
"""
MODELS = """
mixed_models:
  course: {outcomes: [madrs], formula: time * arm}
  two: {outcomes: [madrs], formula: time, arms: [placebo, zentrex]}
"""
ORDER = ("zentrex", "A", "placebo")


def plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "study": {},
        "hash": "0" * 64,
        "date": "2025-03-01T09:05:00Z",
        "software_version": "1",
        "results_before": "none",
        "order": ORDER,
        "salt": "7",
    }
    return Plan(**(values | changes))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "study.yml").write_text(STUDY)
    return load_study(str(tmp_path / "study.yml"))


def people() -> People:
    def out(name: str, reason: str) -> ListedExclusion:
        return ListedExclusion(participant=name, session=None, task=None, reason=reason)

    return People(
        participants=("sub-01", "sub-02", "sub-03", "sub-04", "sub-05"),
        arms=("placebo", "", "A", "zentrex", ""),
        without_arm=(
            out("sub-02", "`drug` is n/a in participants.tsv"),
            out("sub-05", "`drug` is `Zentrx` in participants.tsv, no arm of the study (near it)"),
        ),
    )


def test_nothing_changes_without_a_plan_or_after_unblinding(study: Study) -> None:
    for none in (None, plan(unblinded="2025-06-01T10:00:00Z"), plan(order=())):
        found = blinding(study, none)
        assert found.study is study
        assert found.people(people()) == people()
        assert found.sentence("sub-01 took zentrex") == "sub-01 took zentrex"
        assert blinded_study(study, none) is study
        table = pd.DataFrame({"reason": ["sub-01 took zentrex", None]})
        assert found.tables({"group_x": table})["group_x"] is table
    assert blinding(study, None).record({"Notes": ["zentrex here"]}) == {"Notes": ["zentrex here"]}


def test_arms_stand_in_the_drawn_order(study: Study) -> None:
    blinded = blinded_study(study, plan())
    assert blinded.spec.arms is not None
    assert blinded.spec.arms.levels == ("arm A", "arm B", "arm C")
    assert blinded.spec.arms.column == "drug"
    assert blinded_arms(["placebo", "zentrex", "A", "", "placebo"], study, plan()) == (
        *("arm C", "arm A", "arm B", "", "arm C"),
    )


def test_a_study_that_names_arms_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "study.yml").write_text(STUDY + MODELS)
    study = load_study(str(tmp_path / "study.yml"))
    first, two = blinded_study(study, plan()).spec.mixed_models
    assert (first.arms, first.formula) == ((), "time * arm")
    assert two.arms == ("arm A", "arm C")
    visible = blinding(study, plan()).record({})["Plan"]["Visible"]
    assert any("mixed model `two`" in each for each in visible)


def test_labels_that_are_each_others_code(tmp_path: Path) -> None:
    text = STUDY.replace("[placebo, zentrex, A]", "[arm A, arm B]")
    (tmp_path / "study.yml").write_text(text)
    study = load_study(str(tmp_path / "study.yml"))
    swapped = plan(order=("arm B", "arm A"))
    assert blinded_arms(["arm A", "arm B"], study, swapped) == ("arm B", "arm A")


def test_whom_the_study_cannot_place(study: Study) -> None:
    found = blinding(study, plan()).people(people())
    assert found.arms == ("arm C", "", "arm B", "arm A", "")
    assert [each.reason for each in found.without_arm] == [
        "`drug` is n/a in participants.tsv",
        "`drug` holds no arm of the study in participants.tsv",
    ]


@pytest.mark.parametrize(
    ("sentence", "hidden"),
    [
        ("`drug` is `placebo` in participants.tsv", "`drug` is (hidden) in participants.tsv"),
        (
            "`drug` of sub-01 in participants.tsv is `Zentrexx`; the study knows `placebo`",
            "`drug` of sub-01 in participants.tsv is (hidden); the study knows (hidden)",
        ),
        ("took ZENTREX at home", "took (hidden) at home"),
        ("the arm `A` has one", "the arm (hidden) has one"),
        ("A run of sub-01 has no confounds", "A run of sub-01 has no confounds"),
        ("placebos are zentrexed", "placebos are zentrexed"),
        ("placebo", "placebo"),
        ("`visit` is `3` in participants.tsv", "`visit` is `3` in participants.tsv"),
    ],
)
def test_sentences(study: Study, sentence: str, hidden: str) -> None:
    assert blinding(study, plan()).sentence(sentence) == hidden


def test_tables_and_record(study: Study) -> None:
    table = pd.DataFrame(
        {"arm": ["arm A", "arm B", "arm A"], "n": [1, 2, 3], "reason": [None, "took zentrex", "x"]}
    )
    found = blinding(study, plan())
    (hidden,) = found.tables({"group_x": table}).values()
    assert hidden["reason"].fillna("").tolist() == ["", "took (hidden)", "x"]
    assert table["reason"].fillna("").tolist() == ["", "took zentrex", "x"]
    record = found.record({"Notes": ["sub-01 took zentrex"], "N": 3, "Of": {"A": [1.5, None]}})
    assert record["Notes"] == ["sub-01 took (hidden)"]
    assert (record["N"], record["Of"], record["Blinded"]) == (3, {"A": [1.5, None]}, True)


def test_differences_do_not_tell_the_order_of_arms(tmp_path: Path, study: Study) -> None:
    output = tmp_path / "out"
    frozen = freeze_plan(
        output,
        study.spec,
        source="study.yml",
        text=STUDY,
        date="2025-03-01T09:05:00Z",
        generator=np.random.default_rng(1),
    )
    changed = STUDY.replace("[placebo, zentrex, A]", "[zentrex, placebo, A]").replace(
        "total", "sum"
    )
    (tmp_path / "study.yml").write_text(changed)
    now = load_study(str(tmp_path / "study.yml"))
    record = open_blinding(output, now).record({})
    assert record["Plan"]["Differences"] == [
        {
            "Path": "arms.levels",
            "Planned": ["(hidden)"] * 3,
            "Present": ["(hidden)"] * 3,
            "AfterUnblinding": None,
        },
        {
            "Path": "outcomes.madrs.column",
            "Planned": "total",
            "Present": "sum",
            "AfterUnblinding": None,
        },
    ]
    # What had changed before unblinding is told from what changed after.
    record_unblinding(output, frozen, now.spec, date="2025-06-01T10:00:00Z")
    (tmp_path / "study.yml").write_text(changed.replace("table: madrs", "table: hdrs"))
    record = open_blinding(output, load_study(str(tmp_path / "study.yml"))).record({})
    assert record["Blinded"] is False
    assert {each["Path"]: each["AfterUnblinding"] for each in record["Plan"]["Differences"]} == {
        "arms.levels": False,
        "outcomes.madrs.column": False,
        "outcomes.madrs.table": True,
    }
    assert record["Plan"]["Differences"][0]["Planned"] == ["placebo", "zentrex", "A"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("sessions: {pre: {}, post: {}, placebo: {}}", "bears the name of an arm"),
        ("covariates: {age: {}}", ""),
    ],
)
def test_what_cannot_be_hidden_is_said(tmp_path: Path, more: str, words: str) -> None:
    key = more.partition(":")[0]
    lines = [each for each in STUDY.splitlines() if not each.startswith(f"{key}:")]
    (tmp_path / "study.yml").write_text("\n".join([*lines, more]) + "\n")
    study = load_study(str(tmp_path / "study.yml"))
    lock, *others = blinding(study, plan()).record({})["Plan"]["Visible"]
    assert "no lock" in lock
    assert [words in each for each in others] == ([True] if words else [])
    assert not any("zentrex" in each or "placebo" in each for each in (lock, *others))
