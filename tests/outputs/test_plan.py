"""The plan folder: round trip, content, damage of every kind, unblinding."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bids_ketamine._version import __version__
from bids_ketamine.errors import BidsKetamineError, CannotCreateError, InputDataError
from bids_ketamine.outputs.plan import (
    Plan,
    deviations,
    freeze_plan,
    plain_study,
    read_plan,
    record_unblinding,
)
from bids_ketamine.outputs.plan_files import drawn_order
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec

TEXT = """\ufeff# a trial, with a word in its own script: Wirkstärke\r
name: trial
sessions: {pre: {}, post: {}}
changes: {change: {first: pre, second: post}}
arms: {column: arm, levels: [placebo, lowdose, highdose]}
outcomes: {madrs: {table: madrs, column: total}}
exclusions: {file: out.tsv}
"""
DATE = "2025-03-01T09:05:00Z"


def spec_of(folder: Path, text: str = TEXT) -> StudySpec:
    folder.mkdir(exist_ok=True)
    (folder / "study.yml").write_text(text, encoding="utf-8")
    return load_study(str(folder / "study.yml")).spec


def freeze(output: Path, spec: StudySpec, *, seed: int = 0, text: str = TEXT) -> Plan:
    return freeze_plan(
        output,
        spec,
        source="study.yml",
        text=text,
        date=DATE,
        generator=np.random.default_rng(seed),
    )


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return spec_of(tmp_path / "code")


@pytest.fixture
def output(tmp_path: Path, spec: StudySpec) -> Path:
    freeze(tmp_path / "out", spec)
    return tmp_path / "out"


def test_round_trip(tmp_path: Path, spec: StudySpec) -> None:
    output = tmp_path / "deep" / "out"
    assert read_plan(output) is None
    plan = freeze(output, spec)
    assert sorted(each.name for each in output.rglob("*")) == [
        *("plan", "plan.json", "study.json", "study.yml")
    ]
    content = (output / "plan" / "study.json").read_bytes()
    assert plan.hash == hashlib.sha256(content).hexdigest()
    assert json.loads(content) == plain_study(spec) == plan.study
    assert (output / "plan" / "study.yml").read_bytes() == TEXT.encode()
    assert read_plan(output) == plan
    assert (plan.date, plan.software_version, plan.results_before) == (DATE, __version__, "none")
    assert deviations(plan, spec) == ()
    record = json.loads((output / "plan" / "plan.json").read_text())
    assert list(record) == [
        *("Study", "Source", "Hash", "TextHash", "Date", "SoftwareVersion", "ResultsBefore"),
        *("Blinding", "Unblinding", "Checksum"),
    ]
    assert list(record["Blinding"]) == ["Salt"]
    assert len(bytes.fromhex(record["Blinding"]["Salt"])) == 16
    assert sorted(plan.order) == ["highdose", "lowdose", "placebo"]


def test_the_record_names_no_arm(output: Path, spec: StudySpec) -> None:
    text = (output / "plan" / "plan.json").read_text()
    assert [each for each in ("placebo", "lowdose", "highdose", "arm A") if each in text] == []
    # Who has the number and the labels can compute the order: it is no lock.
    salt = json.loads(text)["Blinding"]["Salt"]
    plan = read_plan(output)
    assert plan is not None
    digests = {
        each: hashlib.sha256(f"{salt} {each}".encode()).hexdigest()
        for each in ("placebo", "lowdose", "highdose")
    }
    assert list(plan.order) == sorted(digests, key=lambda each: digests[each])
    assert deviations(plan, spec) == ()


def test_every_order_is_equally_likely() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(drawn_order(("a", "b", "c"), rng.bytes(16).hex()) for _ in range(6000))
    assert len(drawn) == 6
    # Standard deviation 28.9 around 1000: within four of them.
    assert max(abs(each - 1000) for each in drawn.values()) < 116


def test_the_order_hangs_on_no_order_in_the_study(tmp_path: Path) -> None:
    first = freeze(tmp_path / "a", spec_of(tmp_path / "x"), seed=5)
    text = TEXT.replace("[placebo, lowdose, highdose]", "[highdose, placebo, lowdose]")
    second = freeze(tmp_path / "b", spec_of(tmp_path / "y", text), seed=5, text=text)
    assert (first.salt, first.order) == (second.salt, second.order)


def test_no_folder_of_this_machine_is_in_the_plan(output: Path, tmp_path: Path) -> None:
    for path in (output / "plan").iterdir():
        assert str(tmp_path) not in path.read_text()


def test_the_order_of_arms_is_drawn(tmp_path: Path, spec: StudySpec) -> None:
    orders = {freeze(tmp_path / f"out{k}", spec, seed=k).order for k in range(40)}
    assert len(orders) == 6
    plan = freeze(tmp_path / "out0", spec, seed=99)
    assert plan == freeze(tmp_path / "out0", spec, seed=1)  # the first one stays


def test_labels_of_arms_stay_when_the_study_changes() -> None:
    plan = Plan({}, "", "", "", "none", order=("c", "a", "b"), salt="7")
    assert plan.arm_labels(["a", "b", "c"]) == {"c": "arm A", "a": "arm B", "b": "arm C"}
    assert plan.arm_labels(["b", "a"]) == {"a": "arm B", "b": "arm C"}
    later = plan.arm_labels(["x", "b", "y", "a", "c"])
    assert list(later.values()) == ["arm A", "arm B", "arm C", "arm D", "arm E"]
    assert list(later)[:3] == ["c", "a", "b"]
    assert later == plan.arm_labels(["y", "x", "a", "b", "c"])
    many = Plan({}, "", "", "", "none", order=tuple(f"l{k}" for k in range(30)), salt="")
    assert list(many.arm_labels(many.order).values())[25:28] == ["arm Z", "arm AA", "arm AB"]


@pytest.mark.parametrize("levels", ["", "arms: {column: arm, levels: [drug]}\n"])
def test_nothing_is_blinded_without_two_arms(tmp_path: Path, levels: str) -> None:
    line = next(each for each in TEXT.splitlines(keepends=True) if each.startswith("arms"))
    plan = freeze(tmp_path / "out", spec_of(tmp_path / "code", TEXT.replace(line, levels)))
    assert (plan.order, plan.blinds) == ((), False)


def test_what_was_there_before_is_told(tmp_path: Path, spec: StudySpec) -> None:
    for place, (name, word) in enumerate(
        [
            ("sub-01/ses-pre/sub-01_ses-pre_measures.tsv", "participant"),
            ("group/group.json", "group"),
        ]
    ):
        path = tmp_path / f"out{place}" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
        assert freeze(tmp_path / f"out{place}", spec).results_before == word


def test_files_count_by_content_and_not_by_place(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    spec = spec_of(first)
    plan = freeze(tmp_path / "out", spec)
    assert deviations(plan, spec_of(second)) == ()
    (first / "out.tsv").write_text("participant_id\treason\n")
    (found,) = deviations(plan, spec)
    assert found.path == "exclusions.file"
    assert found.planned == "out.tsv (not there)"
    digest = hashlib.sha256(b"participant_id\treason\n").hexdigest()[:12]
    assert found.present == f"out.tsv (sha256 {digest})"


def _edit(output: Path, name: str, old: str, new: str) -> None:
    path = output / "plan" / name
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def _swap(output: Path) -> None:
    path = output / "plan" / "plan.json"
    record = json.loads(path.read_text())
    record["Blinding"]["Salt"] = record["Blinding"]["Salt"][::-1]
    path.write_text(json.dumps(record))


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "study edited": lambda out: _edit(out, "study.json", "madrs", "hdrs"),
    "one space more": lambda out: _edit(out, "study.json", "\n", " \n"),
    "text edited": lambda out: _edit(out, "study.yml", "lowdose", "middose"),
    "line ends": lambda out: _edit(out, "study.yml", "\r\n", "\n"),
    "date edited": lambda out: _edit(out, "plan.json", "2025", "2024"),
    "number edited": _swap,
    "hash edited": lambda out: _edit(out, "plan.json", '"Hash": "', '"Hash": "0'),
    "no date": lambda out: _edit(out, "plan.json", '"Date"', '"Day"'),
    "study gone": lambda out: (out / "plan" / "study.json").unlink(),
    "text gone": lambda out: (out / "plan" / "study.yml").unlink(),
    "record gone": lambda out: (out / "plan" / "plan.json").unlink(),
    "record empty": lambda out: (out / "plan" / "plan.json").write_text(""),
    "record a list": lambda out: (out / "plan" / "plan.json").write_text("[]"),
    "record nested": lambda out: (out / "plan" / "plan.json").write_text("[" * 100_000),
    "record not text": lambda out: (out / "plan" / "plan.json").write_bytes(b"\xff\xfe{}"),
    "record a folder": lambda out: (
        (out / "plan" / "plan.json").unlink(),
        (out / "plan" / "plan.json").mkdir(),
    ),
    "record a pipe": lambda out: (
        (out / "plan" / "study.json").unlink(),
        os.mkfifo(out / "plan" / "study.json"),
    ),
    "a file": lambda out: (shutil.rmtree(out / "plan"), (out / "plan").write_text("")),
    "a link to nothing": lambda out: (
        shutil.rmtree(out / "plan"),
        (out / "plan").symlink_to("nowhere"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_plan_is_never_taken(output: Path, damage: Callable[[Path], Any]) -> None:
    damage(output)
    with pytest.raises(InputDataError) as caught:
        read_plan(output)
    assert caught.value.exit_code == 65
    assert "delete it by hand" in str(caught.value.cure)
    assert str(output / "plan") in str(caught.value)


def test_any_changed_byte_is_found(output: Path) -> None:
    rng = np.random.default_rng(3)
    for name in ("plan.json", "study.json", "study.yml"):
        path = output / "plan" / name
        content = path.read_bytes()
        for place in rng.integers(0, len(content) - 1, 25):
            other = bytes([content[place] ^ 1])
            path.write_bytes(content[:place] + other + content[place + 1 :])
            with pytest.raises(BidsKetamineError):
                read_plan(output)
        path.write_bytes(content)
    assert read_plan(output) is not None


def test_an_empty_folder_is_no_plan(tmp_path: Path, spec: StudySpec) -> None:
    (tmp_path / "out" / "plan").mkdir(parents=True)
    assert read_plan(tmp_path / "out") is None
    assert read_plan(tmp_path / "out") != freeze(tmp_path / "out", spec)
    assert read_plan(tmp_path / "out") is not None


def test_a_plan_that_cannot_be_written(tmp_path: Path, spec: StudySpec) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CannotCreateError, match="The plan cannot be written"):
        freeze(tmp_path / "out", spec)


def test_unblinding_keeps_its_date_and_what_had_changed(output: Path, tmp_path: Path) -> None:
    plan = read_plan(output)
    assert plan is not None
    assert plan.blinds
    changed = spec_of(tmp_path / "code", TEXT.replace("total", "sum"))
    unblinded = record_unblinding(output, plan, changed, date="2025-06-01T10:00:00Z")
    assert read_plan(output) == unblinded
    assert (unblinded.blinds, unblinded.unblinded) == (False, "2025-06-01T10:00:00Z")
    assert [(e.path, e.planned, e.present) for e in unblinded.decided_blind] == [
        ("outcomes.madrs.column", "total", "sum")
    ]
    assert unblinded.order == plan.order
    again = record_unblinding(output, unblinded, changed, date="2026-01-01T00:00:00Z")
    assert again.unblinded == "2025-06-01T10:00:00Z"
