"""Sessions that are the mean of others: values, what is excluded with what, and what is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.group.adjustment import MotionStep, adjust_for_motion
from bids_ketamine.core.group.compared import taken_out_with
from bids_ketamine.core.group.coverage import unchecked_coverage
from bids_ketamine.core.group.exclusions import (
    ListedExclusion,
    exclusion_reasons,
    included_values,
    unchecked_displacements,
)
from bids_ketamine.core.group.manifest import participants_manifest
from bids_ketamine.core.group.measures import KEY_COLUMNS, MeasureArrays, arrange_measures
from bids_ketamine.core.group.session_means import NO_PART, with_session_means

NAN = float("nan")
SESSIONS = ("pre1", "pre2", "baseline", "day1", "post")
PRE1, PRE2, BASELINE, DAY1, POST = range(len(SESSIONS))
MEANS = {"baseline": ("pre1", "pre2")}
CHANGE = {"change": ("baseline", "post")}
BOTH = CHANGE | {"normal_variability": ("pre1", "pre2")}

#: Fisher z, displacement, volumes kept and coverage of two baselines and a scan after treatment.
ROWS = {
    "pre1": {"value": 0.2, "mean_fd": 0.1, "n_volumes_kept": 150.0, "coverage": 1.0},
    "pre2": {"value": 0.6, "mean_fd": 0.3, "n_volumes_kept": 120.0, "coverage": 0.8},
    "post": {"value": 0.1, "mean_fd": 0.2, "n_volumes_kept": 140.0, "coverage": 0.9},
}


def arrays(rows: Mapping[str, Mapping[str, object]] = ROWS, who: str = "sub-1") -> pd.DataFrame:
    usual = {
        "participant_id": who,
        "measure": "network_connectivity",
        "task": "rest",
        "contrast": "n/a",
        "regions": "limbic",
        "unit": "Fisher z",
        "coverage_second": NAN,
        "reason": None,
    }
    return pd.DataFrame([usual | {"session": name} | dict(row) for name, row in rows.items()])


def arranged(*tables: pd.DataFrame) -> MeasureArrays:
    rows = pd.concat(tables, ignore_index=True)
    for name in ("participant_id", "session", *KEY_COLUMNS, "reason"):
        rows[name] = rows[name].astype("category")
    participants = list(dict.fromkeys(rows["participant_id"]))
    found = arrange_measures(rows=rows, participants=participants, sessions=SESSIONS)
    return replace(found, means=MEANS, without_images=("day1",))


def selected(
    measures: MeasureArrays,
    changes: Mapping[str, tuple[str, str]] = BOTH,
    *,
    listed: Sequence[ListedExclusion] = (),
    maximum_mean_fd: float | None = None,
    minimum_coverage: float | None = None,
    residualize: bool = False,
) -> tuple[MeasureArrays, MotionStep, np.ndarray]:
    """Exclude, residualize and average as the group level does."""
    exclusions = exclusion_reasons(
        measures=measures,
        tasks=["rest"],
        maximum_mean_fd=maximum_mean_fd,
        minimum_volumes=None,
        listed=listed,
        changes=changes,
        means=MEANS,
    )
    included, reason = included_values(
        measures=measures,
        tasks=["rest"],
        exclusions=exclusions,
        minimum_coverage=minimum_coverage,
        changes=changes,
        means=MEANS,
    )
    motion = adjust_for_motion(
        measures=measures, included=included, reason=reason, residualize=residualize
    )
    return *with_session_means(measures=measures, motion=motion), exclusions


def out(session: str, reason: str = "asleep") -> ListedExclusion:
    return ListedExclusion(participant="sub-1", session=session, task=None, reason=reason)


def test_the_mean_of_two_baselines() -> None:
    measures, motion, _ = selected(arranged(arrays()))
    np.testing.assert_allclose(measures.value[0, :, 0], [0.2, 0.6, 0.4, NAN, 0.1])
    np.testing.assert_allclose(motion.adjusted[0, :, 0], [0.2, 0.6, 0.4, NAN, 0.1])
    np.testing.assert_allclose(measures.mean_fd[0, :, 0], [0.1, 0.3, 0.2, NAN, 0.2])
    assert measures.n_volumes_kept[0, BASELINE, 0] == 270
    assert measures.coverage[0, BASELINE, 0] == 0.8
    assert motion.included[0, :, 0].tolist() == [True, True, True, False, True]
    assert measures.present[0, :, 0].tolist() == [True, True, True, False, True]
    assert set(motion.reason.ravel()) == {""}


def test_one_baseline_where_the_other_is_missing() -> None:
    rows = {name: ROWS[name] for name in ("pre2", "post")}
    measures, motion, exclusions = selected(arranged(arrays(rows)))
    assert measures.value[0, BASELINE, 0] == motion.adjusted[0, BASELINE, 0] == 0.6
    assert measures.mean_fd[0, BASELINE, 0] == 0.3
    assert motion.included[0, BASELINE, 0]
    assert not exclusions.astype(bool).any()


def test_a_value_that_is_missing_is_not_averaged() -> None:
    rows = ROWS | {"pre1": {**ROWS["pre1"], "value": NAN, "reason": "no signal"}}
    measures, motion, _ = selected(arranged(arrays(rows)))
    assert measures.value[0, BASELINE, 0] == 0.6
    # Displacement and volumes are those of what was averaged.
    assert measures.mean_fd[0, BASELINE, 0] == 0.3
    assert measures.n_volumes_kept[0, BASELINE, 0] == 120
    assert (measures.reason[0, BASELINE, 0], motion.reason[0, BASELINE, 0]) == ("", "")


def test_no_baseline_has_the_reasons_of_both() -> None:
    gone = {"value": NAN, "mean_fd": 0.2, "n_volumes_kept": 9.0, "coverage": 0.9}
    rows = {
        "pre1": {**gone, "reason": "too short"},
        "pre2": {**gone, "reason": "no signal"},
        "post": ROWS["post"],
    }
    measures, motion, _ = selected(arranged(arrays(rows)))
    assert np.isnan(measures.value[0, BASELINE, 0])
    assert not motion.included[0, BASELINE, 0]
    told = "pre1: too short; pre2: no signal"
    assert (measures.reason[0, BASELINE, 0], motion.reason[0, BASELINE, 0]) == (told, told)
    assert measures.mean_fd[0, BASELINE, 0] == 0.2
    # A value that is missing excludes nothing.
    assert motion.included[0, POST, 0]


def test_without_any_scan_there_is_no_mean() -> None:
    measures, motion, _ = selected(arranged(arrays({"post": ROWS["post"]})))
    assert not measures.present[0, BASELINE, 0]
    assert motion.reason[0, BASELINE, 0] == measures.reason[0, BASELINE, 0] == ""
    assert np.isnan(measures.n_volumes_kept[0, BASELINE, 0])


def test_a_part_without_reason_says_so() -> None:
    measures = arranged(arrays())
    motion = MotionStep(
        adjusted=measures.value,
        included=np.zeros(measures.value.shape, dtype=bool),
        reason=np.full(measures.value.shape, "", dtype=object),
        table=pd.DataFrame(),
        sentence="",
    )
    _, averaged = with_session_means(measures=measures, motion=motion)
    assert averaged.reason[0, BASELINE, 0] == NO_PART


@pytest.mark.parametrize("changes", [CHANGE, BOTH], ids=["change alone", "with variability"])
def test_an_excluded_baseline_leaves_the_other(changes: Mapping[str, tuple[str, str]]) -> None:
    measures, motion, exclusions = selected(arranged(arrays()), changes, listed=[out("pre1")])
    assert measures.value[0, BASELINE, 0] == motion.adjusted[0, BASELINE, 0] == 0.6
    assert motion.included[0, :, 0].tolist() == [False, True, True, False, True]
    assert exclusions[0, :, 0].tolist() == ["asleep", "", "", "", ""]


@pytest.mark.parametrize("changes", [CHANGE, BOTH], ids=["change alone", "with variability"])
def test_without_both_baselines_the_change_is_out(
    changes: Mapping[str, tuple[str, str]],
) -> None:
    measures, motion, exclusions = selected(
        arranged(arrays()), changes, listed=[out("pre1"), out("pre2", "moved")]
    )
    assert not motion.included.any()
    told = "pre1: asleep; pre2: moved"
    assert exclusions[0, BASELINE, 0] == told
    assert exclusions[0, POST, 0] == f"excluded with session baseline: {told}"
    # What is there and does not go in is told with its reason.
    assert measures.value[0, BASELINE, 0] == pytest.approx(0.4)
    assert motion.reason[0, BASELINE, 0] == told
    assert np.isnan(motion.adjusted[0, BASELINE, 0])


def test_the_only_baseline_excluded_takes_the_change_out() -> None:
    rows = {name: ROWS[name] for name in ("pre2", "post")}
    _, motion, exclusions = selected(arranged(arrays(rows)), listed=[out("pre2")])
    assert exclusions[0, BASELINE, 0] == "pre2: asleep"
    assert exclusions[0, POST, 0] == "excluded with session baseline: pre2: asleep"
    assert not motion.included.any()


def test_an_excluded_end_leaves_the_normal_variability() -> None:
    _, motion, exclusions = selected(arranged(arrays()), BOTH, listed=[out("post")])
    assert motion.included[0, :, 0].tolist() == [True, True, False, False, False]
    assert exclusions[0, BASELINE, 0] == "excluded with session post: asleep"
    assert motion.reason[0, BASELINE, 0] == "excluded with session post: asleep"


def test_an_excluded_end_takes_everything_where_nothing_else_is_compared() -> None:
    _, motion, exclusions = selected(arranged(arrays()), CHANGE, listed=[out("post")])
    assert not motion.included.any()
    told = "excluded with session post: asleep"
    assert exclusions[0, :, 0].tolist() == [told, told, told, "", "asleep"]


def test_a_mean_may_be_excluded_by_name() -> None:
    _, motion, exclusions = selected(arranged(arrays()), listed=[out("baseline", "not rested")])
    assert exclusions[0, BASELINE, 0] == "not rested"
    assert motion.included[0, :, 0].tolist() == [True, True, False, False, False]


def test_rules_are_about_sessions_that_were_measured() -> None:
    """The mean displacement of two sessions excludes nobody; each one's does."""
    _, motion, exclusions = selected(arranged(arrays()), maximum_mean_fd=0.25)
    assert exclusions[0, :, 0].tolist() == ["", "mean FD 0.3 mm > 0.25 mm", "", "", ""]
    assert motion.adjusted[0, BASELINE, 0] == 0.2


def test_coverage_leaves_out_the_part() -> None:
    measures, motion, _ = selected(arranged(arrays()), minimum_coverage=0.85)
    assert measures.value[0, BASELINE, 0] == 0.2
    assert measures.coverage[0, BASELINE, 0] == 1.0
    assert motion.included[0, BASELINE, 0]
    _, motion, _ = selected(arranged(arrays()), minimum_coverage=1.0)
    # Nothing is left to compare the first baseline with.
    assert not motion.included.any()
    told = "coverage 90 % < 100 %"
    assert motion.reason[0, BASELINE, 0] == f"excluded with session post: {told}"
    assert motion.reason[0, PRE1, 0].endswith(f"; excluded with session post: {told}")


def test_values_after_the_motion_step_are_averaged() -> None:
    """The slope is over the sessions that were measured, with the mean left out."""
    people = [
        arrays(
            {
                name: {**row, "value": 2.0 * fd + 0.01 * one, "mean_fd": fd}
                for (name, row), fd in zip(ROWS.items(), (0.1, 0.3, 0.2), strict=True)
            },
            who=f"sub-{one}",
        )
        for one in range(4)
    ]
    _, motion, _ = selected(arranged(*people), residualize=True)
    assert motion.table["n"].tolist() == [12]
    np.testing.assert_allclose(motion.table["slope"], 2.0)
    parts = motion.adjusted[:, [PRE1, PRE2], 0]
    np.testing.assert_allclose(motion.adjusted[:, BASELINE, 0], parts.mean(axis=1))
    np.testing.assert_allclose(parts[:, 0], parts[:, 1])


def test_what_is_counted_is_of_sessions_that_were_measured() -> None:
    unknown = {name: {**row, "mean_fd": NAN, "coverage": NAN} for name, row in ROWS.items()}
    measures, _, _ = selected(arranged(arrays(unknown)))
    assert measures.present[0, BASELINE, 0]
    assert unchecked_displacements(measures=measures, tasks=["rest"]) == 3
    assert unchecked_coverage(measures=measures) == 3


def test_the_manifest_tells_of_one_baseline_and_not_of_visits_without_images() -> None:
    rows = {name: ROWS[name] for name in ("pre2", "post")}
    measures, motion, exclusions = selected(arranged(arrays(rows)))
    manifest = participants_manifest(
        measures=measures,
        arms=["patient"],
        tasks=["rest"],
        changes=BOTH,
        exclusions=exclusions,
        included=motion.included,
        reason=motion.reason,
        reason_without_rows=lambda who, session, task: f"no session {session}",
    )
    assert manifest["session"].tolist() == ["pre1", "pre2", "baseline", "post"]
    assert manifest["included"].tolist() == [False, True, True, True]
    assert manifest["reason"].tolist() == [
        "no session pre1",
        "no difference pre2 - pre1: no session pre1",
        "pre2 alone (pre1: no session pre1)",
        "",
    ]


def test_what_a_part_is_compared_with() -> None:
    own = np.zeros((1, 5, 1), dtype=bool)
    own[0, [PRE2, POST]] = True
    found = taken_out_with(own=own, sessions=SESSIONS, changes=BOTH, means=MEANS)
    # Neither the other baseline nor the scan after treatment is left to compare with.
    assert found[0, :, 0].tolist() == [True, False, True, False, False]
    own[0, POST] = False
    found = taken_out_with(own=own, sessions=SESSIONS, changes=BOTH, means=MEANS)
    assert not found.any()


def test_without_means_nothing_is_touched() -> None:
    measures = replace(arranged(arrays()), means={})
    included = np.isfinite(measures.value)
    motion = adjust_for_motion(
        measures=measures, included=included, reason=measures.reason, residualize=False
    )
    assert with_session_means(measures=measures, motion=motion) == (measures, motion)
