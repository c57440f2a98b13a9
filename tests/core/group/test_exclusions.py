"""Who is left out with whom: sessions by their changes, measures by their coverage."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.group.compared import reasons_with_compared, taken_out_with
from bids_ketamine.core.group.coverage import unchecked_coverage
from bids_ketamine.core.group.exclusions import (
    ListedExclusion,
    exclusion_reasons,
    included_values,
)
from bids_ketamine.core.group.manifest import participants_manifest
from bids_ketamine.core.group.measures import KEY_COLUMNS, MeasureArrays, arrange_measures

NAN = float("nan")
TWO = ("pre", "post")
CHANGES = {"change": ("pre", "post")}
SIEGEL = ("pre1", "pre2", "post")
SIEGEL_CHANGES = {"change": ("pre1", "post"), "normal_variability": ("pre1", "pre2")}
#: Every two of three sessions.
ALL_CHANGES = {**SIEGEL_CHANGES, "late": ("pre2", "post")}
CHAIN = {"first": ("pre1", "pre2"), "second": ("pre2", "post")}


@pytest.mark.parametrize(
    ("sessions", "changes", "bad", "out"),
    [
        (TWO, CHANGES, "pre", "post"),
        (TWO, CHANGES, "post", "pre"),
        (TWO, CHANGES, "pre post", ""),
        (TWO, {}, "post", ""),
        (SIEGEL, SIEGEL_CHANGES, "pre2", ""),
        (SIEGEL, SIEGEL_CHANGES, "post", ""),
        (SIEGEL, SIEGEL_CHANGES, "pre1", "pre2 post"),
        (SIEGEL, SIEGEL_CHANGES, "pre2 post", "pre1"),
        (SIEGEL, SIEGEL_CHANGES, "pre1 post", "pre2"),
        (SIEGEL, ALL_CHANGES, "post", ""),
        (SIEGEL, ALL_CHANGES, "pre1 post", "pre2"),
        (SIEGEL, CHAIN, "pre1", ""),
        (SIEGEL, CHAIN, "pre2", "pre1 post"),
        # A session of no change stays, and takes nobody out.
        (SIEGEL, {"change": ("pre1", "post")}, "pre2", ""),
        (SIEGEL, {"change": ("pre1", "post")}, "post", "pre1"),
        # The same change, both ways, is one comparison.
        (TWO, {**CHANGES, "back": ("post", "pre")}, "post", "pre"),
    ],
)
def test_sessions_are_taken_out_when_all_they_are_compared_with_is(
    sessions: Sequence[str], changes: Mapping[str, tuple[str, str]], bad: str, out: str
) -> None:
    own = np.array([[[name in bad.split()] for name in sessions]])
    found = taken_out_with(own=own, sessions=sessions, changes=changes)
    assert [name for name, each in zip(sessions, found[0, :, 0], strict=True) if each] == (
        out.split()
    )
    # What is taken out takes nothing further out.
    again = taken_out_with(own=own | found, sessions=sessions, changes=changes)
    assert not again.any()


def test_reasons_name_every_session() -> None:
    reasons = np.array([[["", "a"], ["x", ""], ["y", ""]]], dtype=object)
    found = reasons_with_compared(reasons=reasons, sessions=SIEGEL, changes=SIEGEL_CHANGES)
    assert found.tolist() == [
        [
            ["excluded with session pre2: x; excluded with session post: y", "a"],
            ["x", "excluded with session pre1: a"],
            ["y", "excluded with session pre1: a"],
        ]
    ]
    assert reasons[0, 0, 0] == ""


def _arrays(cells: Sequence[Mapping[str, object]], sessions: Sequence[str]) -> MeasureArrays:
    usual = {
        "participant_id": "sub-1",
        "measure": "activation",
        "task": "faces",
        "contrast": "facesGtShapes",
        "regions": "amygdala",
        "unit": "percent",
        "value": 1.0,
        "mean_fd": 0.1,
        "n_volumes_kept": 100.0,
        "coverage": 1.0,
        "coverage_second": NAN,
        "reason": None,
    }
    rows = pd.DataFrame([usual | dict(cell) for cell in cells])
    for name in ("participant_id", "session", *KEY_COLUMNS, "reason"):
        rows[name] = rows[name].astype("category")
    participants = list(dict.fromkeys(rows["participant_id"]))
    return arrange_measures(rows=rows, participants=participants, sessions=sessions)


def _left(
    arrays: MeasureArrays,
    changes: Mapping[str, tuple[str, str]],
    *,
    minimum_coverage: float | None = None,
    maximum_mean_fd: float | None = None,
    listed: Sequence[ListedExclusion] = (),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what is included, why other values are not, and exclusions of tasks."""
    exclusions = exclusion_reasons(
        measures=arrays,
        tasks=["faces"],
        maximum_mean_fd=maximum_mean_fd,
        minimum_volumes=None,
        listed=listed,
        changes=changes,
    )
    included, reason = included_values(
        measures=arrays,
        tasks=["faces"],
        exclusions=exclusions,
        minimum_coverage=minimum_coverage,
        changes=changes,
    )
    return included, reason, exclusions


def test_a_bad_second_baseline_leaves_the_change() -> None:
    arrays = _arrays(
        [{"session": name, "mean_fd": 2.0 if name == "pre2" else 0.1} for name in SIEGEL], SIEGEL
    )
    included, reason, _ = _left(arrays, SIEGEL_CHANGES, maximum_mean_fd=0.9)
    assert included[0, :, 0].tolist() == [True, False, True]
    assert reason[0, :, 0].tolist() == ["", "mean FD 2 mm > 0.9 mm", ""]


def test_an_exclusion_of_all_sessions_is_each_sessions_own() -> None:
    arrays = _arrays([{"session": name} for name in SIEGEL], SIEGEL)
    listed = [ListedExclusion(participant="sub-1", session=None, task=None, reason="withdrew")]
    included, reason, _ = _left(arrays, {}, listed=listed)
    assert not included.any()
    assert reason[0, :, 0].tolist() == ["withdrew"] * 3


def _manifest(arrays: Any, included: Any, reason: Any, exclusions: Any) -> Any:
    """List what became of one participant without an arm."""
    return participants_manifest(
        measures=arrays,
        arms=[""],
        tasks=["faces"],
        changes=CHANGES,
        exclusions=exclusions,
        included=included,
        reason=reason,
        reason_without_rows=lambda *_: "none",
    )


def test_coverage_of_either_region_leaves_the_measure_out_of_both_sessions() -> None:
    pair = {"regions": "vmPFC~amygdala"}
    arrays = _arrays(
        [
            {"session": "pre", "coverage": 0.42},
            {"session": "post", "coverage": 0.9},
            {"session": "pre", **pair, "coverage": 0.8, "coverage_second": 0.7},
            {"session": "post", **pair, "coverage": 0.8, "coverage_second": 0.597},
            {"session": "pre", "regions": "insula", "coverage": 0.6},
            {"session": "post", "regions": "insula", "coverage": NAN},
        ],
        TWO,
    )
    np.testing.assert_array_equal(arrays.coverage[0], [[0.42, 0.7, 0.6], [0.9, 0.597, NAN]])
    included, reason, exclusions = _left(arrays, CHANGES, minimum_coverage=0.6)
    assert included[0].tolist() == [[False, False, True], [False, False, True]]
    assert reason[0].tolist() == [
        ["coverage 42 % < 60 %", "excluded with session post: coverage 59.7 % < 60 %", ""],
        ["excluded with session pre: coverage 42 % < 60 %", "coverage 59.7 % < 60 %", ""],
    ]
    assert unchecked_coverage(measures=arrays) == 1
    table = _manifest(arrays, included, reason, exclusions)
    assert table["included"].tolist() == [True, True]
    assert table["reason"].tolist()[0] == (
        "2 of 3 values excluded: coverage 42 % < 60 %; "
        "excluded with session post: coverage 59.7 % < 60 %"
    )
    # Without a threshold nothing is left out.
    assert _left(arrays, CHANGES)[0].all()


def test_values_that_are_missing_in_a_session_that_went_in_are_told() -> None:
    without = "no segmentation of the participant"
    arrays = _arrays(
        [
            {"session": "pre"},
            {"session": "post"},
            {"session": "pre", "regions": "hippocampus", "value": NAN, "reason": without},
            {"session": "post", "regions": "hippocampus", "value": NAN, "reason": without},
        ],
        TWO,
    )
    included, reason, exclusions = _left(arrays, CHANGES)
    table = _manifest(arrays, included, reason, exclusions)
    assert table["included"].tolist() == [True, True]
    assert table["reason"].tolist() == [f"1 of 2 values missing: {without}"] * 2


def test_a_value_missing_for_coverage_takes_the_others_of_its_measure_with_it() -> None:
    short = "coverage of vmPFC 30% is under 50%"
    arrays = _arrays(
        [
            {"session": "pre"},
            {"session": "post", "value": NAN, "coverage": 0.3, "reason": short},
            {"session": "pre", "regions": "insula"},
            {"session": "post", "regions": "insula", "value": NAN, "reason": "no signal"},
            {"session": "pre", "regions": "vmPFC", "value": NAN, "reason": "no signal"},
            {"session": "post", "regions": "vmPFC", "value": NAN, "reason": short},
        ],
        TWO,
    )
    included, reason, _ = _left(arrays, CHANGES)
    assert included[0].tolist() == [[False, True, False], [False, False, False]]
    assert reason[0].tolist() == [
        [f"excluded with session post: {short}", "", "no signal"],
        [short, "no signal", short],
    ]


def test_coverage_and_motion_together_take_the_first_baseline_out() -> None:
    short = "coverage 30% is under 50%"
    cells = [
        {"session": "pre1"},
        {"session": "pre2", "value": NAN, "reason": short},
        {"session": "post", "mean_fd": 2.0},
        *[{"session": name, "regions": "insula"} for name in ("pre1", "pre2")],
    ]
    arrays = _arrays(cells, SIEGEL)
    included, reason, exclusions = _left(arrays, SIEGEL_CHANGES, maximum_mean_fd=0.9)
    assert exclusions[0, :, 0].tolist() == ["", "", "mean FD 2 mm > 0.9 mm"]
    assert included[0].tolist() == [[False, True], [False, True], [False, False]]
    assert reason[0, 0].tolist() == [
        f"excluded with session pre2: {short}; excluded with session post: mean FD 2 mm > 0.9 mm",
        "",
    ]


def test_many_measures_take_no_loop() -> None:
    n_measures = 54_946
    regions = pd.Categorical([f"m{k}" for k in range(n_measures)] * 2)
    rows = pd.DataFrame({"session": pd.Categorical(["pre", "post"]).repeat(n_measures)})
    rows["regions"] = regions
    usual = {"participant_id": "sub-1", "measure": "resting_connectivity", "task": "faces"}
    for name, text in {**usual, "contrast": "n/a", "unit": "z", "reason": None}.items():
        rows[name] = pd.Categorical([text] * len(rows))
    coverage = np.random.default_rng(0).uniform(size=len(rows))
    for name in ("value", "mean_fd", "n_volumes_kept", "coverage_second"):
        rows[name] = 1.0
    rows["coverage"] = coverage
    arrays = arrange_measures(rows=rows, participants=["sub-1"], sessions=TWO)
    included, reason, _ = _left(arrays, CHANGES, minimum_coverage=0.3)
    expected = (coverage.reshape(2, -1) >= 0.3).all(axis=0)
    np.testing.assert_array_equal(included[0], [expected, expected])
    assert ((reason == "") == included).all()
