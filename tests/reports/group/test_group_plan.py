"""The section on the plan, and which results count as planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.reports.group_plan import marks, plan_sentences, plan_view
from bids_ketamine.reports.plan_keys import SECTION_KEYS
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec

STUDY = """
name: trial
sessions: {pre: {}, post: {}}
changes: {change: {first: pre, second: post}}
outcomes: {madrs: {table: madrs, column: total}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    (tmp_path / "study.yml").write_text(STUDY)
    return load_study(str(tmp_path / "study.yml")).spec


def record(*paths: str, blinded: bool = True, after: bool | None = None, **changes: Any) -> Any:
    plan = {
        "Hash": "ab" * 32,
        "Date": "2025-03-01T09:05:00Z",
        "SoftwareVersion": "1.0",
        "ResultsBefore": "none",
        "Unblinded": None,
        "Differences": [
            {"Path": path, "Planned": [1, "x"], "Present": None, "AfterUnblinding": after}
            for path in paths
        ],
        "Visible": ["It is no lock."],
    }
    return {"SoftwareVersion": "1.1", "Blinded": blinded, "Plan": plan | changes}


def test_nothing_without_a_plan(spec: StudySpec) -> None:
    for empty in ({}, {"Plan": None}, {"Plan": "x"}):
        assert plan_view(empty) is None
        assert marks(empty, spec) == {}
        assert plan_sentences(empty) == ()


def test_everything_is_planned_where_nothing_differs(spec: StudySpec) -> None:
    assert marks(record(), spec) == dict.fromkeys(SECTION_KEYS, "planned")
    view = plan_view(record())
    assert view is not None
    assert view.differences is None
    assert view.lead[0] == (
        "The study was frozen as a plan on 1 March 2025, 09:05 UTC, before there were any results."
    )
    assert view.lead[1].startswith("The study that gave these results is the planned one")
    assert view.notes == ("It is no lock.",)
    assert dict(view.facts.rows) == {
        "Frozen": "1 March 2025, 09:05 UTC",
        "SHA-256 of plan/study.json": "ab" * 32,
        "Version that froze it": "1.0",
        "Version of these results": "1.1",
        "Blinding": "Arms are blinded: their labels are hidden, and their order was drawn at "
        "random",
    }


@pytest.mark.parametrize(
    ("path", "exploratory"),
    [
        ("arms.levels", set(SECTION_KEYS)),
        (
            "glm.high_pass_period",
            {"motion", "measures", "tests", "dimensions", "prediction", "effective", "sensitivity"},
        ),
        ("rest", {"motion", "measures", "tests", "dimensions", "prediction", "sensitivity"}),
        ("mixed_models.course.formula", {"mixed"}),
        ("repeated_measures", {"anova"}),
        ("elastic_net.folds", {"prediction"}),
        ("peb.level", {"effective"}),
        ("table_one.yates", {"table-one", "mixed", "dimensions"}),
        ("symptom_dimensions.measure", {"dimensions"}),
        ("behaviour", {"behaviour"}),
        ("title", set()),
        ("name", set()),
        ("references", set()),
        ("reliability.sessions", set()),
    ],
)
def test_what_a_difference_makes_exploratory(
    spec: StudySpec, path: str, exploratory: set[str]
) -> None:
    found = marks(record(path), spec)
    assert {anchor for anchor, mark in found.items() if mark != "planned"} == exploratory
    for anchor in exploratory:
        assert found[anchor] == f"exploratory: `{path}` differs from the plan"


def test_a_mixed_model_of_measures_rests_on_them(tmp_path: Path, spec: StudySpec) -> None:
    assert marks(record("glm.high_pass_period"), spec)["mixed"] == "planned"
    model = "mixed_models: {m: {measures: ['activation faces *'], formula: time}}\n"
    (tmp_path / "two.yml").write_text(f"extends: norbury2021\n{model}")
    imaging = load_study(str(tmp_path / "two.yml")).spec
    assert marks(record("glm.high_pass_period"), imaging)["mixed"].startswith("exploratory")


def test_many_differences_are_counted(spec: StudySpec) -> None:
    paths = [f"group.k{k}" for k in range(6)]
    assert marks(record(*paths), spec)["anova"] == (
        "exploratory: `group.k0`, `group.k1`, `group.k2`, `group.k3` and 2 other settings differ "
        "from the plan"
    )
    assert marks(record(*paths[:2]), spec)["anova"] == (
        "exploratory: `group.k0` and `group.k1` differ from the plan"
    )


def test_a_plan_after_the_results_makes_nothing_planned(spec: StudySpec) -> None:
    late = record(ResultsBefore="group")
    assert set(marks(late, spec).values()) == {
        "exploratory: the plan was frozen after results of the group level"
    }
    view = plan_view(late)
    assert view is not None
    assert len(view.warnings) == 1


def test_the_table_of_differences() -> None:
    view = plan_view(record("arms.levels", "title", Unblinded="2025-06-01T10:00:00Z", after=True))
    assert view is not None
    table = view.differences
    assert table is not None
    assert [each.name for each in table.columns] == [
        *("Setting", "Planned", "Now", "Decided", "Concerns")
    ]
    assert table.rows == (
        ("arms.levels", "1, x", "\u2013", "after unblinding", "all results"),
        ("title", "1, x", "\u2013", "after unblinding", "no result"),
    )
    assert view.lead[1].endswith("One of them is a name or text, and changes no result.")
    assert dict(view.facts.rows)["Blinding"] == "Arms were blinded until 1 June 2025, 10:00 UTC"
    before = plan_view(record("group.a"))
    assert before is not None
    assert before.differences is not None
    assert [each.name for each in before.differences.columns][3] == "Concerns"


@pytest.mark.parametrize(
    ("paths", "end"),
    [
        (("title",), "in 1 setting. It is a name or text, and changes no result."),
        (("title", "name"), "2 settings. They are names or texts, and change no result."),
        (("title", "name", "glm.x"), "2 of them are names or texts, and change no result."),
        (("glm.x",), "in 1 setting."),
    ],
)
def test_names_and_texts(paths: tuple[str, ...], end: str) -> None:
    assert plan_sentences(record(*paths))[1].endswith(end)


def test_methods_sentences() -> None:
    assert plan_sentences(record())[2].startswith("Arms are blinded: ")
    assert len(plan_sentences(record(blinded=False))) == 2


def test_withheld_variables_are_named() -> None:
    why = "withheld while arms are blinded, for telling which is which"
    withheld = [{"Variable": name, "Reason": why} for name in ("dx", "dose")]
    told = f"Variables of participants that are {why}: `dx`, `dose`."
    assert plan_sentences(record(Withheld=withheld))[3:] == (told,)
    view = plan_view(record(Withheld=withheld))
    assert view is not None
    assert view.notes == (told, "It is no lock.")
    assert plan_sentences(record(Withheld=["x", None]))[3:] == ()


def test_a_damaged_record_does_not_stop_the_report(spec: StudySpec) -> None:
    for plan in ({}, {"Differences": "x", "Visible": 3, "Date": None}, {"Differences": [1, None]}):
        assert plan_view({"Plan": plan}) is not None
        assert marks({"Plan": plan}, spec)["tests"] == "planned"


@pytest.mark.parametrize("blinded", [True, False])
def test_the_direction_of_blinded_comparisons_is_called_arbitrary(blinded: bool) -> None:
    view = plan_view(record(blinded=blinded))
    assert view is not None
    told = [each for each in view.lead if "arbitrary" in each]
    assert told == (
        [
            "While arms are blinded, which of them is the reference was drawn at random, and so "
            "the sign and the direction of every comparison of arms are arbitrary; after --unblind "
            "the order of the study's `arms.levels` decides."
        ]
        if blinded
        else []
    )
