"""Baseline characteristics, clinical course and behaviour in the group report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from scipy.stats import ttest_ind

from bids_ketamine.core.group.improvement import improvement_statistics
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.reports import render
from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_clinical import (
    BehaviourView,
    CourseView,
    TableOneView,
    behaviour_view,
    course_views,
    read_clinical,
    table_one_view,
    without_persons,
)
from bids_ketamine.reports.group_clinical_data import CLINICAL_COLUMNS
from bids_ketamine.reports.group_clinical_improvement import improvement_effects
from bids_ketamine.reports.group_clinical_table_one import _reasons
from bids_ketamine.reports.group_data import FEW, read_group, without_individuals
from bids_ketamine.reports.views import Picture
from tests.reports.group.clinical_tables import (
    HOSTILE,
    ClinicalTree,
    clinical_spec,
    write_clinical_tree,
)

TWO = {"midazolam": 10, "ketamine": 11}


class Shown:
    """Views of a small trial."""

    def __init__(
        self, folder: Path, arms: dict[str, int], sessions: tuple[str, ...], individual: bool = True
    ) -> None:
        self.tree: ClinicalTree = write_clinical_tree(folder, arms, sessions)
        named = [arm for arm in arms if arm]
        self.spec = clinical_spec(named, sessions)
        self.clinical, self.group = read_clinical(folder), read_group(folder, spec=self.spec)
        if not individual:
            labels = sorted({*self.clinical.labels, *self.group.labels})
            self.clinical = without_persons(self.clinical, labels=labels)
            self.group = without_individuals(self.group, labels=labels)
        styles = arm_styles(named)
        drawn = {arm: styles[arm] for arm in named} or {"all": styles["all"]}
        self.shared: dict[str, Any] = {
            "arms": named,
            "styles": drawn,
            "individual_data": individual,
        }

    @cached_property
    def table_one(self) -> TableOneView | None:
        return table_one_view(self.clinical, self.spec, **self.shared)

    @cached_property
    def courses(self) -> tuple[CourseView, ...]:
        return course_views(self.clinical, self.group, self.spec, **self.shared)

    @cached_property
    def behaviour(self) -> BehaviourView | None:
        return behaviour_view(self.clinical, self.spec, **self.shared)

    def page(self) -> str:
        template = render._environment().from_string(
            '{% import "clinical.html.j2" as clinical %}{{ clinical.table_one(t) }}'
            "{{ clinical.courses(c) }}{{ clinical.behaviour(b) }}"
        )
        return template.render(t=self.table_one, c=self.courses, b=self.behaviour)

    def pictures(self) -> list[Picture]:
        assert self.table_one is not None
        assert self.behaviour is not None
        found = [*self.table_one.pictures]
        for view in self.courses:
            found += [*view.pictures, *([view.cloud] if view.cloud is not None else [])]
        return found + [each for task in self.behaviour.tasks for each in task.pictures]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return Shown(tmp_path_factory.mktemp("two"), TWO, ("pre", "post"))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return Shown(tmp_path_factory.mktemp("private"), TWO, ("pre", "post"), individual=False)


def test_columns_are_those_that_the_group_level_writes() -> None:
    for stem, columns in CLINICAL_COLUMNS.items():
        assert set(columns) <= set(CLINICAL_TABLES[stem]), stem


def test_table_one_prints_means_counts_and_tests(two: Shown) -> None:
    view = two.table_one
    assert view is not None
    heads = [column.name for column in view.table.columns]
    assert heads == ["", "All (n = 21)", "midazolam (n = 10)", "ketamine (n = 11)", "Test", "p"]
    rows = {row[0]: row[1:] for row in view.table.rows}
    source = two.clinical.tables["group_table_one"].set_index(["variable", "arm"])
    age = source.loc[("age", "ketamine")]
    assert rows["age, mean (SD)"][2] == f"{age['mean']:.1f} ({age['sd']:.1f})"
    assert rows["age, mean (SD)"][3:] == ("t(2.0) = 0.50", ".620")
    # Of two levels one is printed: the one that says yes, else the first.
    assert "urine thc, n (%)" in rows
    assert rows["gender: female, n (%)"][0].endswith("%)")
    assert rows["gender: female, n (%)"][3] == "\u03c7\u00b2(1) = 0.10 \u2020"
    # Three levels stand below their variable.
    labels = [row[0] for row in view.table.rows]
    at = labels.index("education, n (%)")
    assert labels[at + 1 : at + 4] == ["\u2003high school", f"\u2003college {HOSTILE}",
                                       "\u2003graduate"]  # fmt: skip
    assert rows["education, n (%)"][:3] == ("", "", "")
    assert rows["\u2003missing, n"] == ("1", "1", "0", "", "")
    assert "caps5 at pre, points, mean (SD)" in rows
    assert rows["caps5 at pre, points, mean (SD)"][4] == "< .001"
    assert any("No test of urine thc: all values equal." in note for note in view.notes)
    assert (
        "Expected counts are below 5, where chi-square is rough: gender (2 of 4). Fisher\u2019s "
        "exact test: gender p = .660."
    ) in view.notes


def test_small_expected_counts_are_one_sentence() -> None:
    few = "2 of 4 expected counts are below 5; Fisher's exact test: p = "
    rows = [
        ("gender", 0.6, few + "0.567"),
        ("race", 0.2, "5 of 8 expected counts are below 5"),
        ("urine_thc", 0.9, few + "1; without the levels that nobody in an arm has: maybe"),
        ("weight", None, "all values equal"),
    ]
    told = _reasons(pd.DataFrame(rows, columns=["variable", "p_value", "reason"]))
    assert told == [
        "No test of weight: all values equal.",
        "Expected counts are below 5, where chi-square is rough: gender (2 of 4), race (5 of 8) "
        "and urine thc (2 of 4). Fisher\u2019s exact test: gender p = .567, urine thc p = 1.000.",
        "Urine thc: without the levels that nobody in an arm has: maybe.",
    ]


@pytest.mark.parametrize(
    ("arms", "heads"),
    [
        ({"ketamine": 12}, ["", "ketamine (n = 12)"]),
        ({"": 12}, ["", "All (n = 12)"]),
        (
            {"a": 9, "b": 8, "c": 7},
            ["", "All (n = 24)", "a (n = 9)", "b (n = 8)", "c (n = 7)", "Test", "p"],
        ),
    ],
)
def test_table_one_of_other_numbers_of_arms(
    tmp_path: Path, arms: dict[str, int], heads: list[str]
) -> None:
    view = Shown(tmp_path, arms, ("pre", "post")).table_one
    assert view is not None
    assert [column.name for column in view.table.columns] == heads
    assert all(len(row) == len(heads) for row in view.table.rows)
    if len(arms) == 3:
        assert view.table.rows[0][5] == "F(2, 11.3) = 0.50"


def hedges_correction(df: float) -> float:
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def test_course_tells_means_and_improvement(two: Shown) -> None:
    view = two.courses[0]
    assert view.title == "caps5"
    scores = two.clinical.tables["group_scores"].query("outcome == 'caps5'")
    wide = scores.pivot_table(index=["participant_id", "arm"], columns="session", values="score")
    gain = (wide["pre"] - wide["post"]).reset_index("arm", name="gain")
    by_arm = {arm: own["gain"].to_numpy() for arm, own in gain.groupby("arm")}
    expected = ttest_ind(by_arm["ketamine"], by_arm["midazolam"], equal_var=False)
    difference = by_arm["ketamine"].mean() - by_arm["midazolam"].mean()
    limits = expected.confidence_interval(0.95)
    pooled = np.sqrt(
        (9 * by_arm["midazolam"].var(ddof=1) + 10 * by_arm["ketamine"].var(ddof=1)) / 19
    )
    g = hedges_correction(19) * difference / pooled
    p = f"{expected.pvalue:.3f}".removeprefix("0")
    assert view.sentences[0].replace("\u00a0", " ").replace("\u2212", "-") == (
        f"Improvement in caps5 (pre to post), ketamine minus midazolam: {difference:+.1f} points "
        f"(95 % interval {limits.low:.1f} to {limits.high:.1f}), "
        f"t({expected.df:.1f}) = {expected.statistic:.2f}, p = {p}, g = {g:.2f}, n = 11 and 10."
    )
    assert len(view.sentences) == 4
    rows = {(row[0], row[1]): row[2:] for row in view.tables[0].rows}
    ketamine = wide.xs("ketamine", level="arm")["post"]
    assert rows["post", "ketamine"][:3] == (
        "11", "0", f"{ketamine.mean():.1f} ({ketamine.std():.1f})"
    )  # fmt: skip
    madrs = two.courses[1]
    rows = {(row[0], row[1]): row[2:] for row in madrs.tables[0].rows}
    assert rows["post", "midazolam"][:2] == ("9", "1")
    assert madrs.notes[0] == f"1 score is missing at post: no row of sub-P002 {HOSTILE} (1)."


def test_no_sentence_has_a_p_value_alone(two: Shown) -> None:
    assert two.behaviour is not None
    told = [each for view in two.courses for each in view.sentences]
    told += [each for task in two.behaviour.tasks for each in (*task.first, *task.others)]
    assert len(told) > 10
    for sentence in told:
        assert re.search(r"95\u00a0% interval \S+ to \S+\)", sentence), sentence


def test_pictures_have_names_and_what_they_show(two: Shown) -> None:
    pictures = two.pictures()
    names = [each.name for each in pictures]
    assert len(set(names)) == len(names) == 2 + 2 * 3 + 3 * 2
    for each in pictures:
        assert re.fullmatch(r"[a-z0-9_-]+", each.name)
        assert each.markup is not None, each.problem
        assert each.data is not None
        assert len(each.data) > 0
    shown = {each.name: each.data for each in pictures}
    cloud = shown["raincloud-madrs"]
    assert cloud is not None
    assert cloud.groupby(["session", "arm"])["score"].size().to_dict() == {
        ("pre", "midazolam"): 10, ("pre", "ketamine"): 11,
        ("post", "midazolam"): 9, ("post", "ketamine"): 11,
    }  # fmt: skip
    gain = shown["improvement-caps5"]
    assert gain is not None
    assert gain["mark"].value_counts().to_dict() == {"participant": 21, "mean": 3, "difference": 1}
    accuracy = shown["behaviour-faces-shapes-accuracy"]
    assert accuracy is not None
    assert accuracy.query("mark == 'mean'")["mean"].between(50, 100).all()


def test_text_of_the_dataset_is_escaped(tmp_path: Path) -> None:
    hostile = "<script>x</script>"
    page = Shown(tmp_path, {hostile: 6, "b & c": 7}, ("pre", "post")).page()
    assert "<script" not in page
    assert "<b onclick" not in page
    assert "&lt;script&gt;" in page
    assert "b &amp; c" in page


def test_five_sessions_keep_the_order_of_the_study(tmp_path: Path) -> None:
    sessions = ("baseline", "day1", "day7", "week2", "a8")
    shown = Shown(tmp_path, {"a": 9, "b": 8, "c": 7}, sessions)
    rows = shown.courses[0].tables[0].rows
    assert [row[0] for row in rows] == [each for each in sessions for _ in range(4)]
    assert [row[1] for row in rows[:4]] == ["all", "a", "b", "c"]
    assert len(shown.courses[0].sentences) == 3 + 4
    assert all(each.markup is not None for each in shown.pictures())
    assert "baseline to a8" in shown.courses[0].sentences[0]


def test_one_session_has_no_course_and_no_improvement(tmp_path: Path) -> None:
    view = Shown(tmp_path, {"ketamine": 12}, ("only",)).courses[0]
    assert (view.pictures, view.sentences) == ((), ())
    assert view.cloud is not None
    assert [row[:2] for row in view.tables[0].rows] == [("only", "ketamine")]
    assert len(view.tables) == 1


def _with_tables_alone(folder: Path, *stems: str) -> tuple[Any, Any, Any]:
    """Return study and tables of an output that has some of its tables."""
    write_clinical_tree(folder, TWO)
    for path in (folder / "group").glob("group_*.tsv"):
        if path.stem not in stems:
            path.unlink()
    spec = clinical_spec(list(TWO), ("pre", "post"))
    return spec, read_clinical(folder), read_group(folder, spec=spec)


def test_the_course_is_shown_without_a_table_of_improvement(tmp_path: Path) -> None:
    stems = ("group_outcomes", "group_scores", "group_course")
    spec, clinical, group = _with_tables_alone(tmp_path, *stems)
    styles = arm_styles(list(TWO))
    shared: dict[str, Any] = {"arms": list(TWO), "styles": styles, "individual_data": True}
    assert table_one_view(clinical, spec, **shared) is None
    assert behaviour_view(clinical, spec, **shared) is None
    views = course_views(clinical, group, spec, **shared)
    assert [view.title for view in views] == ["caps5", "madrs"]
    assert [row[:3] for row in views[1].tables[0].rows][3:] == [
        ("post", "all", "20"), ("post", "midazolam", "9"), ("post", "ketamine", "11")
    ]  # fmt: skip
    assert [each.name for each in views[0].pictures] == ["course-caps5"]
    assert views[0].notes[-1].startswith("Improvement is not shown, for group_improvement.tsv is")


def test_the_course_is_not_made_of_the_two_ends_of_the_change(tmp_path: Path) -> None:
    stems = ("group_outcomes", "group_improvement")
    spec, clinical, group = _with_tables_alone(tmp_path, *stems)
    shared: dict[str, Any] = {"arms": list(TWO), "styles": arm_styles(list(TWO))}
    views = course_views(clinical, group, spec, individual_data=True, **shared)
    assert [view.title for view in views] == ["caps5", "madrs"]
    assert [each.name for each in views[0].pictures] == ["improvement-caps5"]
    assert views[0].cloud is None
    assert len(views[0].tables) == 1
    assert [view.notes[0] for view in views] == [
        "The course is not shown, for group_course.tsv is not there or has nothing of it: the "
        "group level was cut short. Run the group level again."
    ] * 2


def test_damaged_table_is_named(tmp_path: Path) -> None:
    write_clinical_tree(tmp_path, TWO)
    (tmp_path / "group" / "group_course.tsv").write_text("outcome\tarm\na\n", encoding="utf-8")
    clinical = read_clinical(tmp_path)
    assert len(clinical.unreadable) == 1
    assert clinical.unreadable[0].startswith("group_course.tsv cannot be read")
    assert clinical.tables["group_course"].empty
    assert len(clinical.tables["group_scores"]) == 21 * 2 * 2


def test_nothing_of_single_participants_without_individual_data(private: Shown) -> None:
    for stem, table in private.clinical.tables.items():
        if "participant_id" in table:
            assert table.empty, stem
    page = private.page()
    assert "sub-P" not in page
    assert "a participant" in page
    assert all(view.cloud is None for view in private.courses)
    for each in private.pictures():
        assert each.data is not None
        assert "participant_id" not in each.data
        assert set(each.data["mark"]) <= {"mean", "difference"}
    # Missing scores are still counted.
    assert private.courses[1].notes[0].startswith("1 score is missing at post: no row of a part")


def _table_one_of(counts: dict[str, list[int]], levels: list[str]) -> pd.DataFrame:
    sizes = {arm: sum(own) for arm, own in counts.items()}
    rows = [
        {"variable": "race", "kind": "categorical", "level": level, "arm": arm, "n": sizes[arm],
         "missing": 0, "mean": np.nan, "sd": np.nan, "count": float(own[at]),
         "percent": 100 * own[at] / sizes[arm]}
        for arm, own in counts.items() for at, level in enumerate(levels)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_small_cells_cannot_be_had_back_from_sums(two: Shown) -> None:
    counts = {"all": [12, 9, 4], "midazolam": [6, 4, 1], "ketamine": [6, 5, 3]}
    rows = _table_one_of(counts, ["a", "b", "c"])
    tests = two.clinical.tables["group_table_one_tests"].iloc[:1].assign(
        variable="race", reason="Fisher's exact test: p = 0.41"
    )  # fmt: skip
    tables = {**two.clinical.tables, "group_table_one": rows, "group_table_one_tests": tests}
    found = without_persons(replace(two.clinical, tables=tables), labels=[])
    shown = found.tables["group_table_one"].pivot_table(
        index="level", columns="arm", values="count", dropna=False
    )
    gone = shown.isna()
    assert gone.loc["c", "midazolam"]
    # Every level and every arm has no count away, or two: one could be reckoned.
    assert not (gone.sum(axis=1) == 1).any()
    assert not (gone.sum(axis=0) == 1).any()
    test = found.tables["group_table_one_tests"].iloc[0]
    assert np.isnan(test["p_value"])
    assert test["reason"] == FEW
    assert rows["count"].notna().all()  # what was given is as it was


def test_mean_of_all_goes_with_that_of_one_small_arm(two: Shown) -> None:
    course = two.clinical.tables["group_course"].copy()
    cell = course["outcome"].eq("caps5") & course["session"].eq("post")
    course.loc[cell & course["arm"].eq("ketamine"), "n"] = 2
    tables = {**two.clinical.tables, "group_course": course}
    found = without_persons(replace(two.clinical, tables=tables), labels=[])
    own = found.tables["group_course"][cell].set_index("arm")["mean"]
    assert own.isna().to_dict() == {"all": True, "midazolam": False, "ketamine": True}
    other = found.tables["group_course"][~cell]
    assert other["mean"].notna().all()


def _improvement_of(arms: dict[str, list[float]]) -> pd.DataFrame:
    rows = [("x", "change", arm, value) for arm, own in arms.items() for value in own]
    return improvement_statistics(
        outcomes=pd.DataFrame(rows, columns=["outcome", "change", "arm", "improvement"]),
        levels=list(arms),
        confidence_level=0.95,
        minimum_participants=3,
    )


def test_improvement_of_few_is_withheld(two: Shown) -> None:
    table = _improvement_of({"a": [1.0, 2, 3, 4], "b": [9.0, 11], "c": [5.0, 6, 8]})
    tables = {**two.clinical.tables, "group_improvement": table}
    found = without_persons(replace(two.clinical, tables=tables), labels=[])
    kept = found.tables["group_improvement"].set_index("arm")
    assert kept["estimate"].notna().to_dict() == {
        "all": False, "a": True, "b": False, "c": True, "b - a": False, "c - a": True,
        "c - b": False,
    }  # fmt: skip
    assert kept["reason"].to_dict() == {
        "all": FEW, "a": "", "b": FEW, "c": "", "b - a": FEW, "c - a": "", "c - b": FEW,
    }  # fmt: skip
    assert kept.loc["b", ["n", "sd", "ci_low"]].isna().tolist() == [False, True, True]
    # With two small arms the mean over all gives neither.
    table = _improvement_of({"a": [1.0, 2, 3, 4], "b": [9.0, 11], "c": [5.0, 6]})
    tables = {**two.clinical.tables, "group_improvement": table}
    found = without_persons(replace(two.clinical, tables=tables), labels=[])
    kept = found.tables["group_improvement"].set_index("arm")
    assert kept["estimate"].notna().to_dict() == {
        "all": True, "a": True, "b": False, "c": False, "b - a": False, "c - a": False,
        "c - b": False,
    }  # fmt: skip


def test_improvement_is_of_the_arms_that_are_shown() -> None:
    table = _improvement_of({"a": [1.0, 2, 3], "b": [9.0, 11, 4], "c": [5.0, 6, 8]})
    shared: dict[str, Any] = {"outcome": "x", "change": "change"}
    for arms, expected in (
        (["a", "c"], ["all", "a", "c", "c - a"]),
        (["b", "c"], ["all", "b", "c", "c - b"]),
        (["b"], ["b"]),
        ([], ["all"]),
    ):
        assert improvement_effects(table, arms=arms, **shared)["arm"].tolist() == expected
    assert improvement_effects(table, outcome="y", change="change", arms=["a"]).empty


def test_those_left_out_are_in_no_picture_of_improvement(tmp_path: Path) -> None:
    write_clinical_tree(tmp_path, TWO)
    record = {"Clinical": {"LeftOut": {"sub-P002": "excluded: withdrew"}}}
    (tmp_path / "group" / "group.json").write_text(json.dumps(record), encoding="utf-8")
    spec = clinical_spec(list(TWO), ("pre", "post"))
    clinical, group = read_clinical(tmp_path), read_group(tmp_path, spec=spec)
    shared: dict[str, Any] = {"arms": list(TWO), "styles": arm_styles(list(TWO))}
    views = course_views(clinical, group, spec, individual_data=True, **shared)
    data = views[0].pictures[1].data
    assert data is not None
    drawn = data[data["mark"] == "participant"]["participant_id"]
    assert len(drawn) == 20
    assert "sub-P002" not in set(drawn)
    # Theirs was the only improvement that is missing.
    assert not any("is not known" in note for note in views[1].notes)


def test_behaviour_tells_tasks_conditions_and_tests(two: Shown) -> None:
    view = two.behaviour
    assert view is not None
    assert [task.title for task in view.tasks] == ["faces", "stroop"]
    faces = view.tasks[0]
    assert [row[:2] for row in faces.table.rows] == [
        ("faces", "pre"), ("faces", "post"), ("shapes", "pre"), ("shapes", "post")
    ]  # fmt: skip
    groups = [column.group for column in faces.table.columns[2:]]
    assert groups == ["Accuracy, %"] * 3 + ["Reaction time, s"] * 3
    summary = two.clinical.tables["group_behaviour_summary"]
    row = summary.query(
        "condition == 'faces' and quantity == 'accuracy' and session == 'pre' and arm == 'ketamine'"
    ).iloc[0]
    assert faces.table.rows[0][4] == f"{100 * row['mean']:.1f} ({100 * row['sd']:.1f}), 11"
    first = faces.first[0].replace("\u00a0", " ")
    assert first == (
        "Accuracy (faces, faces), pre to post: change in ketamine minus in midazolam +2.0 "
        "percentage points (95 % interval \u22125.0 to 9.0), t(13.4) = 0.57, p = .041, g = 0.20, "
        "n = 9 and 8."
    )
    assert len(faces.first) + len(faces.others) == 2 * 2 * 4
    assert view.notes == (
        "faces: 1 row of participant, session and condition without accuracy or reaction time: "
        "sub-P001: none (1).",
    )
