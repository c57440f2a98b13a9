"""Reasons in the group report: each told once, without names, whole arms as such."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_clinical_missing import empty_arms, missing_score_notes
from bids_ketamine.reports.group_data import KEYS
from bids_ketamine.reports.group_measures import measure_views
from bids_ketamine.reports.group_networks_balance import everybody_paired, matching_notes
from bids_ketamine.reports.group_networks_change import _summary as change_summary
from bids_ketamine.reports.group_networks_controls import _summary as controls_summary
from bids_ketamine.reports.group_networks_edges import _coverage_note
from bids_ketamine.reports.group_people import exclusion_table, people_table
from bids_ketamine.reports.repeated_tests import SAME, without_repeats
from bids_ketamine.reports.session_axis import without_means
from bids_ketamine.study.load import load_study

SPEC = load_study("siegel2021").spec
COLUMNS = ["participant_id", "arm", "session", "task", "included", "reason"]


def _group(*, cleaned_elsewhere: bool = False) -> Any:
    """Return two patients and two controls; nobody of these, and one patient, was scanned after."""
    rows = []
    own = "9 of 16 values missing: the time series were cleaned elsewhere"
    for who, arm in (("sub-1", "patient"), ("sub-2", "patient"), ("sub-3", "control"),
                     ("sub-4", "control")):  # fmt: skip
        away = f"no session post: session: {who} has no ses-post; it has ses-pre1"
        lacking = f"no difference post - baseline: {away}"
        gone = f"no session pre2: session: {who} has no ses-pre2; it has ses-pre1"
        for task in ("rest", "anat"):
            after = who == "sub-1"
            mean = f"pre1 alone (pre2: {gone})"
            told = {
                "pre1": (True, f"no difference pre2 - pre1: {gone}"),
                "pre2": (False, gone),
                "baseline": (True, mean if after else f"{mean}; {lacking}"),
                "post": (after, None if after else away),
            }
            for session, (is_in, reason) in told.items():
                found = reason
                if cleaned_elsewhere and is_in and task == "rest":
                    found = f"{own}; {reason}" if reason else own
                rows.append((who, arm, session, task, is_in, found))
    people = pd.DataFrame(rows, columns=COLUMNS)
    summary = people[["session"]].drop_duplicates()
    return SimpleNamespace(participants=people, summary=summary, arms=["control", "patient"])


def test_reasons_that_differ_by_name_alone_are_one_row() -> None:
    table = exclusion_table(_group())
    assert table is not None
    assert table.rows == (
        (
            "rest, anat",
            "no ses-pre2 in the dataset (nobody in patient and control is in)",
            "4",
            "4",
        ),
        ("rest, anat", "no ses-post in the dataset (nobody in control is in)", "3", "3"),
    )


def test_tasks_that_differ_stay_apart() -> None:
    group = _group()
    people = group.participants
    gone = people["task"].eq("anat") & people["participant_id"].eq("sub-1")
    group.participants = people[~(gone & people["session"].eq("pre2"))]
    table = exclusion_table(group)
    assert table is not None
    assert [(row[0], row[2]) for row in table.rows] == [
        *(("rest", "4"), ("rest, anat", "3"), ("anat", "3")),
    ]


def test_each_fact_of_a_participant_is_told_once(tmp_path: Path) -> None:
    table = people_table(_group(), SPEC, tmp_path)
    assert table is not None
    told = {str(row[0]): row[-1] for row in table.rows}
    mean = "baseline: pre1 alone, without pre2"
    assert told["sub-1"] == f"pre2: no ses-pre2 in the dataset; {mean}"
    assert told["sub-3"] == (
        f"pre2: no ses-pre2 in the dataset; post: no ses-post in the dataset; {mean}"
    )
    assert table.note == ""


def test_what_holds_for_everybody_stands_below_the_table(tmp_path: Path) -> None:
    table = people_table(_group(cleaned_elsewhere=True), SPEC, tmp_path)
    assert table is not None
    assert table.note == (
        "All sessions of everybody, rest: 9 of 16 values missing: the time series were cleaned "
        "elsewhere."
    )
    assert not any("cleaned elsewhere" in str(row[-1]) for row in table.rows)


def _missing(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    columns = ["session", "arm", "reason"]
    return pd.DataFrame(rows, columns=columns).assign(outcome="madrs", n=1)


def test_scores_of_a_whole_arm_are_missing_in_one_sentence() -> None:
    rows = [
        (session, "control", f"phenotype/madrs.tsv has no row of sub-10{who} ses-{session}")
        for session in ("pre1", "post")
        for who in (1, 2, 3)
    ]
    rows += [
        ("post", "patient", "phenotype/madrs.tsv has no row of sub-001 ses-post"),
        ("post", "patient", "phenotype/madrs.tsv has no row of sub-002 ses-post"),
        ("post", "patient", "`madrs_total` of sub-003 ses-post is n/a in phenotype/madrs.tsv"),
        ("pre2", "patient", "phenotype/madrs.tsv has no row of sub-003 ses-pre2"),
    ]
    missing = _missing(rows)
    known = {("pre1", "patient"): 20, ("post", "patient"): 17, ("pre1", "all"): 20}
    assert empty_arms(missing, known) == ["control"]
    assert missing_score_notes(missing, ["pre1", "pre2", "post"], known) == [
        "Nobody in control has a score (3 participants).",
        "No score is known at pre2.",
        "3 scores are missing at post: phenotype/madrs.tsv has no row (2) and `madrs_total` is n/a "
        "in phenotype/madrs.tsv (1).",
    ]


def test_nobody_is_called_empty_where_nothing_is_known() -> None:
    missing = _missing([("post", "control", "late")])
    assert empty_arms(missing, {}) == []
    assert missing_score_notes(missing, ["post"], {}) == ["1 score is missing at post: late (1)."]


def test_a_mean_of_sessions_is_no_point_in_time() -> None:
    assert without_means(["pre1", "pre2", "baseline", "post"], SPEC) == ["pre1", "pre2", "post"]
    # A score that is written for the mean itself, under its own name, is.
    assert without_means(["baseline", "post"], SPEC) == ["baseline", "post"]


def test_regions_that_are_covered_everywhere_are_not_named() -> None:
    listing = pd.DataFrame({"region": ["a", "b"], "n_sessions": [81.0, 81.0]})
    assert _coverage_note(listing.assign(n_covered=81.0)) == ()
    (told,) = _coverage_note(listing.assign(n_covered=[81.0, 60.0]))
    assert told.endswith("in which they are: b (60 of 81).")


def test_pairs_of_everybody_change_nothing() -> None:
    pairs = pd.DataFrame({"patient": ["a", "b"], "control": ["c", "d"], "reason": None})
    assert everybody_paired(pairs)
    (told,) = matching_notes(pairs)
    assert told.startswith("2 pairs: everybody is in one, so that matching changes neither the")
    pairs.loc[1, ["patient", "reason"]] = [None, "more controls than patients"]
    assert not everybody_paired(pairs)
    assert matching_notes(pairs) == [
        "1 pair.",
        "1 control in no pair: more controls than patients (1).",
    ]


def test_the_same_groups_in_pairs_are_counted_once() -> None:
    row = {"measure": "network_connectivity", "task": "rest", "contrast": None}
    row |= {"regions": "limbic", "p_value": 0.01, "n_patients": 20, "n_controls": 20}
    rows = pd.DataFrame(
        [
            row | {"session": "baseline", "compared": "everybody"},
            row | {"session": "baseline", "compared": "matched"},
            row | {"session": "post", "compared": "everybody", "n_patients": 18},
            row | {"session": "post", "compared": "matched", "n_patients": 18, "n_controls": 18},
        ]
    )
    context: Any = SimpleNamespace(order=["baseline", "post"])
    assert controls_summary(rows, context) == (
        "Networks in which patients differ with p < .05: baseline, everybody (all in pairs): 1 of "
        "1 (limbic); post, everybody: 1 of 1 (limbic); post, matched pairs: 1 of 1 (limbic)."
    )


def test_tests_of_one_arm_alone_are_counted_once() -> None:
    row = dict.fromkeys(SAME) | {"test": "paired", "regions": "limbic", "n": 18.0}
    row |= {"estimate": -0.165, "statistic": -8.5, "p_value": 0.001, "q_value": 0.01}
    tests = pd.DataFrame(
        [
            row | {"arm": "all"},
            row | {"arm": "patient"},
            row | {"arm": "all", "regions": "visual", "n": 40.0},
            row | {"arm": "patient", "regions": "visual", "estimate": -0.2},
        ]
    )
    assert list(without_repeats(tests)["arm"]) == ["patient", "all", "patient"]
    assert without_repeats(tests.iloc[:0]).empty


def _summary_tests() -> pd.DataFrame:
    key = {"measure": "network_connectivity", "task": "rest", "contrast": None}
    key |= {"regions": "limbic", "unit": "fisher_z", "change": "change", "p_value": 0.04}
    found = [("paired", "placebo", -0.038, 6.0), ("paired", "medication", 0.031, 11.0)]
    found.append(("welch", "medication - placebo", 0.069, 16.4))
    return pd.DataFrame(
        [
            key
            | {"test": kind, "arm": arm, "estimate": estimate, "df": df, "statistic": 2.3}
            | {"ci_low": estimate - 0.05, "ci_high": estimate + 0.05}
            for kind, arm, estimate, df in found
        ]
    )


def test_change_of_each_treated_arm_stands_after_their_difference() -> None:
    change = SPEC.changes[0]
    tests = _summary_tests()
    group = SimpleNamespace(tests=tests)
    context: Any = SimpleNamespace(group=group, treated=("placebo", "medication"), level="95 %")
    told = change_summary(context, change, tests[KEYS].drop_duplicates())
    assert told.replace("\u00a0", " ").replace("\u2212", "-") == (
        "Change from baseline to post in medication minus in placebo, Fisher z with 95 % "
        "intervals: limbic +0.069 (0.019 to 0.119; t(16.4) = 2.30, p = .040). Mean change from "
        "baseline to post in placebo, Fisher z with 95 % intervals: limbic -0.038 (-0.088 to "
        "0.012; t(6) = 2.30, p = .040). Mean change from baseline to post in medication, Fisher z "
        "with 95 % intervals: limbic +0.031 (-0.019 to 0.081; t(11) = 2.30, p = .040)."
    )


def test_measures_of_nobody_are_named_and_small_means_keep_their_digits() -> None:
    key = {"measure": "volume", "task": "anat", "contrast": None, "unit": "share"}
    of_nobody = key | {"measure": "raw_tsnr", "task": "rest", "unit": "ratio", "n": 0.0}
    columns = ["regions", "session", "arm", "n", "mean", "ci_low", "ci_high"]
    rows = [
        key | dict(zip(columns, ("Left-Amygdala", each, "patient", 20.0, mean, mean - 4e-5,
                                 mean + 4e-5), strict=True))
        for each, mean in (("pre1", 0.001068), ("post", 0.00107))
    ]  # fmt: skip
    rows.append(of_nobody | {"regions": "limbic", "session": "post", "arm": "patient"})
    summary = pd.DataFrame(rows)
    people = pd.DataFrame({"session": ["pre1", "post"]})
    group: Any = SimpleNamespace(summary=summary, tests=pd.DataFrame(), participants=people)
    style = arm_styles(["patient"])
    volume, absent = measure_views(group, SPEC, styles=style, individual_data=False)
    assert volume.table is not None
    assert volume.table.rows[0][1] == "0.001068 (0.001028 to 0.001108), 20"
    assert volume.words.startswith("Unit: ")
    assert "motion-adjusted" not in volume.words
    assert absent.table is None
    assert absent.words.startswith("Nobody has a value of 1 measure: ")
    assert "before cleaning: rest" in absent.words
