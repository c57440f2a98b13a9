"""Variables of participants that tell which arm is which: found, and withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bids_ketamine.dataset.participants import variable_table
from bids_ketamine.outputs.plan import Plan
from bids_ketamine.study.blinded_arms import tells_arms
from bids_ketamine.study.load import Study, load_study
from bids_ketamine.study.spec import ElasticNetSpec, ExclusionsSpec
from bids_ketamine.workflows.blinding import blinding
from bids_ketamine.workflows.group_elastic_net_covariates import read_covariates
from bids_ketamine.workflows.group_sources import People
from bids_ketamine.workflows.telling_variables import names_tell_arms

STUDY = """
name: trial
sessions: {pre: {}, post: {}}
changes: {change: {first: pre, second: post}}
arms: {column: drug, levels: [placebo, zentrex]}
outcomes: {madrs: {table: madrs, column: total}}
"""


def plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "study": {},
        "hash": "0" * 64,
        "date": "2025-03-01T09:05:00Z",
        "software_version": "1",
        "results_before": "none",
        "order": ("placebo", "zentrex"),
        "salt": "7",
    }
    return Plan(**(values | changes))


@pytest.mark.parametrize(
    ("cells", "arms", "told"),
    [
        ("xyxyxy", "ababab", True),  # one to one
        ("xyxyxx", "ababab", False),
        ("xxxxxx", "ababab", False),
        ("xyzxyz", "abcabc", True),
        ("xxzxxz", "abcabc", True),  # c alone
        ("xyx-y-", "abab  ", True),  # whoever has no arm does not count
        ("x-x-x-", "ababab", True),  # nobody of b has a value
        ("x-x-xy", "ababab", True),
        ("--x---", "ababab", True),
        ("------", "ababab", False),
        ("xqxrxs", "ababab", True),  # a dose of nothing, and doses by weight
        ("123456", "ababab", False),
        ("12", "ab", True),
        ("1-", "ab", False),  # a missing cell of one person
        ("x-xyz", "ababb", True),
        ("xyzw", "aaaa", False),
    ],
)
def test_what_tells_arms(cells: str, arms: str, told: bool) -> None:
    values = [None if each == "-" else each for each in cells]
    assert tells_arms(values, [each.strip() for each in arms]) is told


#: Names of a variable, how it is read, cells of sub-01 to sub-06, and whether it tells arms.
COLUMNS: Mapping[str, tuple[str, list[str], bool]] = {
    "drug": ("{kind: categorical}", ["zentrex", "placebo"] * 3, True),
    "as_treated": ("{kind: categorical}", [" ZENTREX", "x", "x", "x", "x", "x"], True),
    "remark": ("{kind: categorical}", ["x", "no Zentrex yet", "x", "x", "x", "x"], True),
    "code": ("{kind: categorical}", ["red", "blue", "Red", "blue", "RED", "n/a"], True),
    "dose": ("{}", ["0", "31", "0.0", "28", "0", "40"], True),
    "rank": ("{kind: ordered, levels: [placebo, y]}", ["y"] * 6, True),
    "odd": ("{kind: ordered, levels: [x, y]}", ["y", "typo", "y", "x", "x", "x"], False),
    "grade": ("{kind: ordered}", ["1", "2", "1", "2", "1", "1"], False),
    "sex": ("{kind: categorical}", ["f", "f", "m", "f", "m", "n/a"], False),
    "age": ("{}", ["30", "31", "32", "33", "34", "35"], False),
    "gone": ("{optional: true}", [], False),
}


def with_variables(folder: Path, *, excluded: bool = False) -> Study:
    here = [name for name, (_, cells, _) in COLUMNS.items() if cells]
    lines = [
        "\t".join([f"sub-0{k + 1}", *(COLUMNS[name][1][k] for name in here)]) for k in range(6)
    ]
    lines = ["\t".join(["participant_id", *here]), *lines]
    bids = folder / "bids"
    bids.mkdir()
    (bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    (bids / "participants.tsv").write_text("\n".join(lines) + "\n")
    (folder / "out.tsv").write_text("participant_id\treason\nsub-05\twithdrew\n")
    own = [f"  {name}: {how}" for name, (how, _, _) in COLUMNS.items()]
    text = STUDY + "\n".join(["covariates:", *own[:4]])
    text += "\n".join(["\ntable_one:\n  variables:", *(f"  {each}" for each in own[4:])])
    if excluded:
        text += "\nexclusions: {file: out.tsv}"
    (folder / "study.yml").write_text(text + "\n")
    return load_study(str(folder / "study.yml"))


def six() -> People:
    return People(
        participants=tuple(f"sub-0{k}" for k in range(1, 7)),
        arms=("zentrex", "placebo") * 3,
        without_arm=(),
    )


def test_variables_that_tell_arms_are_withheld(tmp_path: Path) -> None:
    study = with_variables(tmp_path)
    found = blinding(study, plan())
    found = found.withholding(tmp_path / "bids", found.people(six()))
    telling = tuple(name for name, (_, _, told) in COLUMNS.items() if told)
    assert found.withheld == telling
    record = found.record({})["Plan"]
    assert record["Withheld"] == [
        {"Variable": name, "Reason": "withheld while arms are blinded, for telling which is which"}
        for name in telling
    ]
    assert len(record["Visible"]) == 1
    # They keep their place; nobody reads them, and what they are read as is not asked.
    spec = found.study.spec
    assert [each.name for each in spec.participant_variables] == list(COLUMNS)
    assert not any(set(each.levels) & {"placebo", "zentrex"} for each in spec.participant_variables)
    sound = tuple(each for each in spec.participant_variables if each.name != "odd")
    table = variable_table(tmp_path / "bids", spec, sound)
    assert list(table.values) == ["grade", "sex", "age"]
    assert [each.what for each in table.skipped] == [
        *(f"covariate {name}" for name in (*telling, "gone")),
    ]
    entering, notes = read_covariates(
        replace(spec, elastic_net=ElasticNetSpec(outcome="madrs", measures=())),
        tmp_path / "bids",
        six().participants,
    )
    assert entering == []
    assert "drug, as_treated, remark, code" in notes[0]
    assert notes[0].endswith("withheld while arms are blinded, for telling which is which.")
    # Without a blinded plan nothing is withheld.
    for none in (None, plan(unblinded="2025-06-01T10:00:00Z")):
        shown = blinding(study, none)
        assert shown.withholding(tmp_path / "bids", six()) is shown
        assert shown.study is study


def test_whoever_is_left_out_hides_nothing(tmp_path: Path) -> None:
    # Of those who took zentrex sub-05 alone is m, and is in no statistics.
    sex = ["f", "m", "f", "m", "m", "m"]
    study = with_variables(tmp_path, excluded=True)
    path = tmp_path / "bids" / "participants.tsv"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).assign(sex=sex)
    table.to_csv(path, sep="\t", index=False)
    found = blinding(study, plan())
    assert "sex" in found.withholding(tmp_path / "bids", six()).withheld
    study = replace(study, spec=replace(study.spec, exclusions=ExclusionsSpec()))
    found = blinding(study, plan())
    assert "sex" not in found.withholding(tmp_path / "bids", six()).withheld


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("HC01", "MDD01", "HC02", "MDD02"), True),
        (("zentrex1", "x1", "x2", "x3"), True),
        (("01", "02", "03", "04"), False),
        (("A1", "A2", "B1", "B2"), False),
    ],
)
def test_names_of_participants(names: tuple[str, ...], told: bool) -> None:
    people = People(
        participants=tuple(f"sub-{each}" for each in names),
        arms=("placebo", "zentrex") * 2,
        without_arm=(),
    )
    assert names_tell_arms(people, ("placebo", "zentrex")) is told


def test_arms_that_are_numbers(tmp_path: Path) -> None:
    study = with_variables(tmp_path)
    arms = replace(study.spec.arms, levels=("1", "2"))  # type: ignore[type-var]
    study = replace(study, spec=replace(study.spec, arms=arms))
    withheld = blinding(study, plan(order=("1", "2"))).withholding(
        tmp_path / "bids", replace(six(), arms=("1", "2") * 3)
    )
    # All cells of `grade` are labels; an age of 31 is none.
    assert {"grade", "dose", "code"} <= set(withheld.withheld)
    assert not {"age", "sex"} & set(withheld.withheld)
