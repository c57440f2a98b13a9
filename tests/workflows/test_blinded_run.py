"""A blinded run from the command line: nothing that it leaves or says tells an arm's label."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.cli.run import main
from bids_ketamine.outputs.plan import read_plan

ARMS = ("sugarpill", "verum")

#: Who has which arm; the last three have none.
PEOPLE = {f"sub-{k:02d}": ARMS[k % 2] for k in range(1, 15)}
CELLS = {**PEOPLE, "sub-15": "Verum ", "sub-16": "sugarpil", "sub-17": "n/a"}

#: Variables that tell arms, and what their cells must not leave: words that stand nowhere else.
TELLING = ("drug", "taken", "code", "milligrams", "rank")
CODES = ("purplecapsule", "greencapsule")

STUDY = """
name: trial
sessions: {pre: {}, post: {}}
changes: {change: {first: pre, second: post}}
arms: {column: drug, levels: [sugarpill, verum, emptyarm]}
outcomes: {madrs: {table: madrs, column: total}}
covariates:
  age: {kind: numeric, optional: true}
  code: {kind: categorical}
  milligrams: {}
table_one:
  variables:
    drug: {kind: categorical}
    taken: {kind: categorical}
    rank: {kind: ordered, levels: [sugarpill, verum]}
    site: {kind: categorical}
repeated_measures: {outcomes: [madrs]}
mixed_models:
  course: {outcomes: [madrs], formula: time * arm}
  coded: {outcomes: [madrs], formula: time * code}
  by_site: {outcomes: [madrs], formula: time + site + age}
  one: {outcomes: [madrs], formula: time, arms: [verum]}
"""


@pytest.fixture(autouse=True)
def _same_surroundings() -> Iterator[None]:
    """Take back what a run does to the process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def trial(tmp_path: Path) -> SimpleNamespace:
    """A dataset of scores, and the start of a command line."""
    bids, out = tmp_path / "bids", tmp_path / "out"
    (bids / "phenotype").mkdir(parents=True)
    (bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    names = list(CELLS)
    people = pd.DataFrame(
        {
            "participant_id": names,
            "drug": list(CELLS.values()),
            "age": [str(30 + place) for place in range(len(names))],
            "code": [CODES[CELLS[each] == "verum"] for each in names],
            "milligrams": [
                str(31.25 + place) if CELLS[each] == "verum" else "0"
                for place, each in enumerate(names)
            ],
            # One of them got the other arm's.
            "taken": ["verum" if each == "sub-02" else CELLS[each].upper() for each in names],
            "rank": [CELLS[each] if each in PEOPLE else "n/a" for each in names],
            "site": ["east" if place % 3 else "west" for place in range(len(names))],
        }
    )
    people.to_csv(bids / "participants.tsv", sep="\t", index=False)
    rng = np.random.default_rng(4)
    lines = [
        f"{name}\tses-{session}\t{rng.integers(10, 40)}"
        for name in names
        for session in ("pre", "post")
    ]
    lines[-1] = "sub-17\tses-post\tn/a"
    (bids / "phenotype" / "madrs.tsv").write_text(
        "\n".join(["participant_id\tsession_id\ttotal", *lines]) + "\n"
    )
    study = tmp_path / "study.yml"
    study.write_text(STUDY)
    command = [str(bids), str(out), "group", "--study", str(study), "--nprocs", "1"]
    return SimpleNamespace(bids=bids, out=out, study=study, command=command)


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what a run said on either stream."""

    def both() -> str:
        said = capfd.readouterr()
        return said.out + said.err

    return both


def texts(folder: Path) -> Mapping[str, str]:
    """Return the content of all files of an output folder but the plan's, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace").lower()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "plan"
    }


def leaks(found: Mapping[str, str], words: tuple[str, ...]) -> dict[str, str]:
    """Return where a word stands, with what stands around it."""
    return {
        f"{name}: {word}": text[max(text.find(word) - 60, 0) :][:160]
        for name, text in found.items()
        for word in words
        if word in text or word in name.lower()
    }


def test_no_label_is_in_what_a_blinded_run_leaves_or_says(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    hidden = (*ARMS, "emptyarm", *CODES)
    assert main([*trial.command, "--plan"]) == 0
    assert main([*trial.command, "--dry-run"]) == 0
    assert main([*trial.command, "-vv"]) == 0
    found = texts(trial.out)
    assert {"group/group.json", "group.html", "logs/CITATION.md"} <= set(found)
    assert any(name.startswith("group/figures/") and name.endswith(".tsv") for name in found)
    assert main([*trial.command, "--reports-only"]) == 0
    assert main([*trial.command, "--boilerplate-only"]) == 0
    again = texts(trial.out)
    assert set(again) == set(found)
    assert leaks(found, hidden) == {}
    assert leaks(again, hidden) == {}
    assert leaks({"said": told().lower()}, hidden) == {}


def test_what_tells_arms_is_in_no_table_and_named(trial: SimpleNamespace) -> None:
    assert main([*trial.command, "--plan"]) == 0
    assert main(trial.command) == 0
    group = trial.out / "group"
    record = json.loads((group / "group.json").read_text())
    assert record["Blinded"] is True
    assert {each["Variable"] for each in record["Plan"]["Withheld"]} == set(TELLING)
    tables = {
        path.name: pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        for path in sorted(group.rglob("*.tsv"))
    }
    for name, table in tables.items():
        if "variable" in table:
            assert not set(table["variable"]) & set(TELLING), name
    assert set(tables["group_table_one.tsv"]["variable"]) == {"age", "site", "madrs"}
    # A model of such a variable says why it is not there; one of others is fitted.
    fits = tables["group_mixed_fits.tsv"].set_index("model")
    assert set(fits.index) == {"course", "coded", "by_site", "one"}
    assert fits.loc["coded", "n_participants"] == "0"
    assert fits.loc["by_site", "n_participants"] == "14"
    data = tables["group_mixed_data.tsv"]
    why = data.loc[(data["model"] == "coded") & (data["participant_id"] == "sub-01"), "reason"]
    assert set(why) == {
        "the covariate code is withheld while arms are blinded, for telling which is which",
    }
    withheld = "withheld while arms are blinded, for telling which is which"
    listed = "code, milligrams, drug, taken, rank"
    assert f"The variable drug is {withheld}." in record["Clinical"]["Notes"]
    page = (trial.out / "group.html").read_text()
    start = page.index('<section id="plan">')
    section = page[start : page.index("</section>", start)]
    methods = (trial.out / "logs" / "CITATION.md").read_text()
    names = ", ".join(f"`{name}`" for name in listed.split(", "))
    sentence = f"Variables of participants that are {withheld}: {names}."
    assert sentence in " ".join(methods.split())
    assert sentence in re.sub("</?code>", "`", section)
    assert "The study was frozen as a plan on " in methods


def test_the_arms_are_those_that_were_drawn_and_come_back(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    assert main([*trial.command, "--plan"]) == 0
    plan = read_plan(trial.out)
    assert plan is not None
    shown = plan.arm_labels((*ARMS, "emptyarm"))
    assert main(trial.command) == 0
    path = trial.out / "group" / "group_outcomes.tsv"
    scores = pd.read_csv(path, sep="\t").set_index("participant_id")
    assert {name: scores.loc[name, "arm"] for name in PEOPLE} == {
        name: shown[arm] for name, arm in PEOPLE.items()
    }
    record = json.loads((trial.out / "group" / "group.json").read_text())
    assert record["Arms"] == {shown["sugarpill"]: 7, shown["verum"]: 7, shown["emptyarm"]: 0}

    told()
    assert main([*trial.command, "--unblind"]) == 0
    unblinded = read_plan(trial.out)
    assert unblinded is not None
    assert (
        f"plan: arms are unblinded from {unblinded.unblinded} on, also if this run should fail: "
        "the date is written before it"
    ) in told()
    record = json.loads((trial.out / "group" / "group.json").read_text())
    assert record["Blinded"] is False
    assert record["Arms"] == {"sugarpill": 7, "verum": 7, "emptyarm": 0}
    assert record["Plan"]["Withheld"] == []
    one = pd.read_csv(trial.out / "group" / "group_table_one.tsv", sep="\t")
    assert set(TELLING) <= set(one["variable"])
    assert leaks({"outcomes": path.read_text()}, ("arm a", "arm b")) == {}


def test_a_run_that_fails_after_unblinding_keeps_the_date(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    assert main([*trial.command, "--plan"]) == 0
    scores = trial.bids / "phenotype" / "madrs.tsv"
    good = scores.read_text()
    scores.write_text(good.replace("ses-pre\t", "ses-pre\tx", 1))
    assert main([*trial.command, "--unblind"]) == 65
    plan = read_plan(trial.out)
    assert plan is not None
    assert plan.unblinded is not None
    assert "also if this run should fail" in told()
    scores.write_text(good)
    assert main(trial.command) == 0
    assert json.loads((trial.out / "group" / "group.json").read_text())["Blinded"] is False


def test_an_odd_cell_of_a_withheld_variable_is_not_told(
    trial: SimpleNamespace, told: Callable[[], str]
) -> None:
    path = trial.bids / "participants.tsv"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    table.loc[2, ["rank", "milligrams", "code"]] = ["sugarpil", "verum", "sugarpill"]
    table.to_csv(path, sep="\t", index=False)
    assert main([*trial.command, "--plan"]) == 0
    assert main(trial.command) == 0
    assert leaks({**texts(trial.out), "said": told().lower()}, (*ARMS, *CODES)) == {}
