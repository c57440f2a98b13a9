"""Group statistics against scipy and numbers worked out by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.group.adjustment import (
    SWITCHED_OFF,
    WITHOUT_DISPLACEMENT,
    MotionStep,
    adjust_for_motion,
)
from bids_ketamine.core.group.analysis import (
    arm_members,
    change_values,
    changes_table,
    included_participants,
    session_summaries,
)
from bids_ketamine.core.group.exclusions import (
    ListedExclusion,
    exclusion_reasons,
    included_values,
    unchecked_displacements,
)
from bids_ketamine.core.group.manifest import participants_manifest
from bids_ketamine.core.group.measure_tests import ComparisonSettings, Improvement, group_tests
from bids_ketamine.core.group.measures import (
    KEY_COLUMNS,
    MISSING_WITHOUT_REASON,
    MeasureArrays,
    arrange_measures,
    measures_table,
    with_known_units,
)
from bids_ketamine.core.group.outcomes import (
    WITHOUT_SCORES,
    improvements,
    outcomes_table,
)

NAN = float("nan")
SESSIONS = ("pre", "post")
CHANGES = {"change": ("pre", "post")}


def _rows(cells: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Make a long table as the output tree gives it; what is not said is like this."""
    usual = {
        "measure": "activation",
        "task": "faces",
        "contrast": "facesGtShapes",
        "regions": "amygdala",
        "unit": "percent",
        "value": 1.0,
        "mean_fd": NAN,
        "n_volumes_kept": 100.0,
        "coverage": NAN,
        "coverage_second": NAN,
        "reason": None,
    }
    table = pd.DataFrame([usual | dict(cell) for cell in cells])
    for name in ("participant_id", "session", *KEY_COLUMNS, "reason"):
        table[name] = table[name].astype("category")
    return table


def _measures(
    values: Mapping[str, Sequence[float]],
    *,
    fd: Mapping[str, Sequence[float]] | None = None,
    volumes: Mapping[str, Sequence[float]] | None = None,
    participants: Sequence[str] | None = None,
    sessions: Sequence[str] = SESSIONS,
    **key: str,
) -> MeasureArrays:
    """One measure; each participant with one value a session."""
    cells = [
        {
            "participant_id": name,
            "session": session,
            "value": value,
            "mean_fd": fd[name][position] if fd else NAN,
            "n_volumes_kept": volumes[name][position] if volumes else 100.0,
            **key,
        }
        for name, each in values.items()
        for position, (session, value) in enumerate(zip(sessions, each, strict=True))
    ]
    return arrange_measures(
        rows=_rows(cells), participants=participants or list(values), sessions=sessions
    )


# Arrangement


def test_rows_find_their_place() -> None:
    rows = _rows(
        [
            {"participant_id": "sub-02", "session": "post", "regions": "insula", "value": 4.0},
            {"participant_id": "sub-02", "session": "post", "value": 3.0, "mean_fd": 0.2},
            {"participant_id": "sub-01", "session": "pre", "value": NAN, "reason": "covered 30 %"},
            {"participant_id": "sub-01", "session": "post", "value": np.inf},
        ]
    )
    arrays = arrange_measures(
        rows=rows, participants=["sub-01", "sub-02", "sub-03"], sessions=SESSIONS
    )
    # Measures come in the order in which the table names them first.
    assert arrays.keys["regions"].tolist() == ["insula", "amygdala"]
    np.testing.assert_array_equal(
        arrays.value,
        [[[NAN, NAN], [NAN, NAN]], [[NAN, NAN], [4.0, 3.0]], [[NAN, NAN], [NAN, NAN]]],
    )
    assert arrays.present.sum() == 4
    assert arrays.mean_fd[1, 1].tolist()[1] == 0.2
    assert arrays.reason[0, 0].tolist() == ["", "covered 30 %"]
    assert arrays.reason[0, 1].tolist() == ["", MISSING_WITHOUT_REASON]
    assert arrays.reason[1, 1].tolist() == ["", ""]


def test_rows_that_do_not_fit_are_refused() -> None:
    cell = {"participant_id": "sub-01", "session": "pre"}
    with pytest.raises(ValueError, match="twice"):
        arrange_measures(rows=_rows([cell, cell]), participants=["sub-01"], sessions=SESSIONS)
    with pytest.raises(ValueError, match="session"):
        arrange_measures(rows=_rows([cell]), participants=["sub-01"], sessions=["post"])


def test_units_tell_measures_apart() -> None:
    rows = _rows(
        [
            {"participant_id": "sub-01", "session": "pre"},
            {"participant_id": "sub-02", "session": "pre", "unit": "z"},
        ]
    )
    arrays = arrange_measures(rows=rows, participants=["sub-01", "sub-02"], sessions=["pre"])
    assert arrays.keys["unit"].tolist() == ["percent", "z"]


def test_the_long_table_is_sorted_and_says_why() -> None:
    arrays = _measures(
        {"sub-02": [1.0, 2.0], "sub-01": [3.0, NAN]}, participants=["sub-01", "sub-02"]
    )
    included = np.isfinite(arrays.value)
    table = measures_table(
        measures=arrays,
        arms=["ketamine", ""],
        adjusted=arrays.value * 10,
        included=included,
        reason=arrays.reason,
    )
    assert table["participant_id"].tolist() == ["sub-01", "sub-01", "sub-02", "sub-02"]
    assert table["session"].tolist() == ["pre", "post", "pre", "post"]
    assert table["arm"].tolist()[:2] == ["ketamine", "ketamine"]
    assert table["arm"].isna().tolist() == [False, False, True, True]
    np.testing.assert_array_equal(table["adjusted"], [30, NAN, 10, 20])
    assert table["included"].tolist() == [True, False, True, True]
    assert table["reason"].dropna().tolist() == [MISSING_WITHOUT_REASON]


# Exclusions


def test_an_excluded_session_takes_the_task_out_of_the_one_it_is_compared_with() -> None:
    arrays = _measures(
        {"sub-01": [1, 2], "sub-02": [1, 2]},
        fd={"sub-01": [0.2, 0.92], "sub-02": [0.9, 0.1]},
    )
    reasons = exclusion_reasons(
        measures=arrays,
        tasks=["faces"],
        maximum_mean_fd=0.9,
        minimum_volumes=None,
        listed=(),
        changes=CHANGES,
    )
    assert reasons[:, :, 0].tolist() == [
        ["excluded with session post: mean FD 0.92 mm > 0.9 mm", "mean FD 0.92 mm > 0.9 mm"],
        ["", ""],
    ]
    included, why = included_values(
        measures=arrays, tasks=["faces"], exclusions=reasons, minimum_coverage=None, changes=CHANGES
    )
    assert included[:, :, 0].tolist() == [[False, False], [True, True]]
    assert why[0, 1, 0] == "mean FD 0.92 mm > 0.9 mm"


def test_other_tasks_stay() -> None:
    rows = _rows(
        [
            {"participant_id": "sub-01", "session": s, "task": task, "n_volumes_kept": kept}
            for s in SESSIONS
            for task, kept in (("faces", 80.0), ("rest", 120.0))
        ]
    )
    arrays = arrange_measures(rows=rows, participants=["sub-01"], sessions=SESSIONS)
    reasons = exclusion_reasons(
        measures=arrays,
        tasks=["rest", "faces"],
        maximum_mean_fd=0.5,
        minimum_volumes=100,
        listed=(),
        changes=CHANGES,
    )
    assert reasons[0].tolist() == [["", "80 volumes kept < 100"]] * 2
    assert unchecked_displacements(measures=arrays, tasks=["rest", "faces"]) == 4


def test_exclusions_by_name() -> None:
    arrays = _measures({"sub-01": [1, 2], "sub-02": [1, 2], "sub-03": [1, 2]})
    listed = (
        ListedExclusion(participant="sub-01", session=None, task=None, reason="withdrew"),
        ListedExclusion(participant="sub-02", session="pre", task="faces", reason="artefact"),
        ListedExclusion(participant="sub-03", session="pre", task="rest", reason="asleep"),
    )
    reasons = exclusion_reasons(
        measures=arrays,
        tasks=["faces", "rest"],
        maximum_mean_fd=None,
        minimum_volumes=None,
        listed=listed,
        changes=CHANGES,
    )
    assert reasons[0].tolist() == [["withdrew", "withdrew"], ["withdrew", "withdrew"]]
    assert reasons[1].tolist() == [["artefact", ""], ["excluded with session pre: artefact", ""]]
    assert reasons[2].tolist() == [["", "asleep"], ["", "excluded with session pre: asleep"]]


# Motion


def _adjusted(arrays: MeasureArrays, *, residualize: bool = True) -> MotionStep:
    included = np.isfinite(arrays.value)
    return adjust_for_motion(
        measures=arrays, included=included, reason=arrays.reason, residualize=residualize
    )


def test_motion_is_taken_out_over_sessions_together() -> None:
    values = {"sub-01": [1.0, 2.5], "sub-02": [2.0, 4.5], "sub-03": [0.5, 3.0]}
    fd = {"sub-01": [0.1, 0.3], "sub-02": [0.2, 0.5], "sub-03": [0.15, 0.25]}
    step = _adjusted(_measures(values, fd=fd))
    y, x = np.concatenate(list(values.values())), np.concatenate(list(fd.values()))
    line = stats.linregress(x, y)
    expected = y - line.slope * (x - x.mean())
    np.testing.assert_allclose(step.adjusted.ravel(), expected, rtol=1e-12)
    assert step.table["n"].tolist() == [6]
    np.testing.assert_allclose(step.table["slope"], [line.slope])
    assert step.sentence.startswith("1 of 1 measures")


def test_motion_step_without_displacements_does_nothing_and_says_so() -> None:
    step = _adjusted(_measures({"sub-01": [1.0, 2.5], "sub-02": [2.0, 4.5]}))
    np.testing.assert_array_equal(step.adjusted[:, :, 0], [[1.0, 2.5], [2.0, 4.5]])
    assert step.sentence == (
        "Motion residualization did nothing: no framewise displacement is known."
    )
    assert step.table["applied"].tolist() == [False]


def test_motion_step_switched_off() -> None:
    arrays = _measures({"sub-01": [1.0, 2.5]}, fd={"sub-01": [0.1, 0.2]})
    step = _adjusted(arrays, residualize=False)
    np.testing.assert_array_equal(step.adjusted, arrays.value)
    assert step.table["reason"].tolist() == [SWITCHED_OFF]
    assert step.table["n"].tolist() == [2]
    without = _measures({"sub-01": [1.0, 2.5]}, fd={"sub-01": [0.1, NAN]})
    assert _adjusted(without, residualize=False).table["n"].tolist() == [1]
    assert "switched off" in step.sentence


def test_a_value_whose_displacement_alone_is_unknown_is_lost() -> None:
    values = {f"sub-{k}": [float(k), k + 1.0] for k in range(3)}
    fd = {"sub-0": [0.1, 0.3], "sub-1": [0.2, NAN], "sub-2": [0.4, 0.2]}
    step = _adjusted(_measures(values, fd=fd))
    assert step.included[:, :, 0].tolist() == [[True, True], [True, False], [True, True]]
    assert step.reason[1, 1, 0] == WITHOUT_DISPLACEMENT
    assert step.reason[1, 0, 0] == ""
    assert np.isnan(step.adjusted[1, 1, 0])


def test_one_participant_is_too_few_for_the_motion_step() -> None:
    step = _adjusted(_measures({"sub-01": [1.0, 2.5]}, fd={"sub-01": [0.1, 0.2]}))
    np.testing.assert_array_equal(step.adjusted[0, :, 0], [1.0, 2.5])
    assert "fewer than 3 observations" in step.sentence


# Changes, summaries, tests


def test_changes_need_both_sessions() -> None:
    arrays = _measures({"sub-01": [1.0, 3.0], "sub-02": [1.0, NAN]})
    changes = change_values(
        adjusted=arrays.value, sessions=SESSIONS, changes={"change": ("pre", "post")}
    )
    np.testing.assert_array_equal(changes["change"].difference[:, 0], [2.0, NAN])
    np.testing.assert_array_equal(changes["change"].first[:, 0], [1.0, NAN])
    table = changes_table(
        changes=changes, keys=arrays.keys, participants=arrays.participants, arms=["a", "b"]
    )
    assert table[["participant_id", "arm", "change"]].to_numpy().tolist() == [
        ["sub-01", "a", "change"]
    ]
    assert table[["first", "second", "difference"]].to_numpy().tolist() == [[1.0, 3.0, 2.0]]


def test_no_changes_make_an_empty_table_with_all_columns() -> None:
    arrays = _measures({"sub-01": [1.0, 3.0]})
    table = changes_table(changes={}, keys=arrays.keys, participants=["sub-01"], arms=[""])
    assert len(table) == 0
    assert list(table.columns)[-3:] == ["first", "second", "difference"]


def test_summaries_against_scipy() -> None:
    values = {"sub-01": [1.0, 2.0], "sub-02": [2.5, NAN], "sub-03": [4.0, 1.0]}
    arrays = _measures(values)
    members = arm_members(arms=["a", "b", "a"], levels=["a", "b"])
    table = session_summaries(
        adjusted=arrays.value,
        keys=arrays.keys,
        sessions=SESSIONS,
        members=members,
        confidence_level=0.9,
    ).set_index(["session", "arm"])
    pre = np.array([1.0, 2.5, 4.0])
    row = table.loc[("pre", "all")]
    low, high = stats.t.interval(0.9, 2, loc=pre.mean(), scale=pre.std(ddof=1) / np.sqrt(3))
    np.testing.assert_allclose(
        row[["n", "mean", "sd", "ci_low", "ci_high"]].astype(float),
        [3, 2.5, 1.5, low, high],
        rtol=1e-12,
    )
    assert table.loc[("pre", "a"), "mean"] == 2.5
    np.testing.assert_allclose(table.loc[("post", "a"), "sd"], np.sqrt(0.5))
    # One value has a mean and no spread; none has neither.
    assert table.loc[("pre", "b"), ["n", "mean"]].tolist() == [1, 2.5]
    assert np.isnan(table.loc[("pre", "b"), "sd"])
    assert table.loc[("post", "b"), "n"] == 0
    assert np.isnan(table.loc[("post", "b"), "mean"])


def _trial(n: int, levels: Sequence[str]) -> tuple[np.ndarray, pd.DataFrame, list[str]]:
    """Values (n, 2, 4) of two contrasts and two pairs at rest, and arms in turn."""
    values = np.random.default_rng(3).normal(loc=[0.5, 0.0, 0.2, 0.0], size=(n, 2, 4))
    keys = pd.DataFrame(
        {
            "measure": ["activation"] * 2 + ["resting_connectivity"] * 2,
            "task": ["faces"] * 2 + ["rest"] * 2,
            "contrast": ["facesGtShapes"] * 2 + ["n/a"] * 2,
            "regions": ["amygdala", "insula", "amygdala~insula", "amygdala~vmPFC"],
            "unit": ["percent"] * 2 + ["Fisher z"] * 2,
        }
    ).astype("category")
    arms = [levels[k % len(levels)] if levels else "" for k in range(n)]
    return values, keys, arms


def _tests(
    values: np.ndarray,
    keys: pd.DataFrame,
    arms: Sequence[str],
    levels: Sequence[str],
    *,
    outcomes: Mapping[str, Improvement] | None = None,
    minimum: int = 3,
) -> pd.DataFrame:
    changes = change_values(adjusted=values, sessions=SESSIONS, changes={"change": ("pre", "post")})
    return group_tests(
        adjusted=values,
        changes=changes,
        improvements=outcomes or {},
        keys=keys,
        sessions=SESSIONS,
        members=arm_members(arms=arms, levels=levels),
        settings=ComparisonSettings(
            levels=tuple(levels), confidence_level=0.95, minimum_participants=minimum
        ),
    )


def _of(table: pd.DataFrame, **labels: str) -> pd.DataFrame:
    chosen = table
    for name, label in labels.items():
        chosen = chosen[chosen[name] == label]
    return chosen.reset_index(drop=True)


def test_two_arms_against_scipy() -> None:
    levels = ["midazolam", "ketamine"]
    values, keys, arms = _trial(14, levels)
    values[3, 1, 2] = NAN
    score = np.random.default_rng(4).normal(size=14)
    score[5] = NAN
    caps5 = {"caps5": Improvement(change="change", values=score)}
    table = _tests(values, keys, arms, levels, outcomes=caps5)
    ketamine = np.array(arms) == "ketamine"
    difference = values[:, 1] - values[:, 0]

    one = _of(table, test="one_sample", session="post", arm="ketamine")
    assert one["regions"].tolist() == ["amygdala", "insula"]
    expected = stats.ttest_1samp(values[ketamine, 1, :2], 0)
    np.testing.assert_allclose(one["statistic"], expected.statistic)
    np.testing.assert_allclose(one["p_value"], expected.pvalue)
    np.testing.assert_allclose(one["ci_low"], expected.confidence_interval().low)
    np.testing.assert_allclose(one["q_value"], stats.false_discovery_control(expected.pvalue))

    paired = _of(table, test="paired", change="change", arm="all")
    expected = stats.ttest_rel(values[:, 1], values[:, 0], nan_policy="omit")
    np.testing.assert_allclose(paired["statistic"], np.asarray(expected.statistic))
    np.testing.assert_allclose(paired["estimate"], np.nanmean(difference, axis=0))
    assert paired["n"].tolist() == [14, 14, 13, 14]
    # A family is one kind of measure in one task.
    p = paired["p_value"].to_numpy()
    np.testing.assert_allclose(
        paired["q_value"],
        [*stats.false_discovery_control(p[:2]), *stats.false_discovery_control(p[2:])],
    )

    welch = _of(table, test="welch", change="change")
    assert set(welch["arm"]) == {"ketamine - midazolam"}
    expected = stats.ttest_ind(
        difference[ketamine], difference[~ketamine], equal_var=False, nan_policy="omit"
    )
    np.testing.assert_allclose(welch["statistic"], np.asarray(expected.statistic))
    np.testing.assert_allclose(welch["df"], np.asarray(expected.df))
    np.testing.assert_allclose(welch["p_value"], np.asarray(expected.pvalue))
    assert welch["n"].tolist() == [7, 7, 6, 7]
    assert welch["n_second"].tolist() == [7, 7, 7, 7]

    correlation = _of(table, test="correlation", outcome="caps5", arm="ketamine")
    known = ketamine & np.isfinite(score)
    expected = stats.pearsonr(difference[known, 0], score[known])
    assert correlation["n"].tolist()[0] == known.sum()
    np.testing.assert_allclose(correlation["estimate"][0], expected.statistic)
    np.testing.assert_allclose(correlation["p_value"][0], expected.pvalue)
    np.testing.assert_allclose(correlation["ci_high"][0], expected.confidence_interval().high)
    assert (table["reason"].isna()).all()


def test_rows_of_tests_are_complete_and_in_order() -> None:
    levels = ["placebo", "low", "high"]
    values, keys, arms = _trial(12, levels)
    table = _tests(values, keys, arms, levels)
    rows = table.drop_duplicates(["test", "session", "change", "arm"])
    assert rows[["test", "arm"]].to_numpy().tolist() == [
        *[["one_sample", arm] for _ in SESSIONS for arm in ("all", *levels)],
        *[["paired", arm] for arm in ("all", *levels)],
        ["welch", "low - placebo"],
        ["welch", "high - placebo"],
    ]
    assert len(table) == 2 * 4 * 2 + 4 * 4 + 2 * 4
    low = np.array(arms) == "low"
    placebo = np.array(arms) == "placebo"
    difference = values[:, 1] - values[:, 0]
    expected = stats.ttest_ind(difference[low], difference[placebo], equal_var=False)
    np.testing.assert_allclose(_of(table, arm="low - placebo")["p_value"], expected.pvalue)


def _circuit(contrasts: Sequence[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Values (8, 2, n) of parameters of models of one task."""
    keys = pd.DataFrame(
        {
            "measure": "dcm",
            "task": "faces",
            "contrast": contrasts,
            "regions": [f"a > r{k}" for k in range(len(contrasts))],
            "unit": "Hz",
        }
    ).astype("category")
    return np.random.default_rng(5).normal(0.3, 1.0, size=(8, 2, len(contrasts))), keys


def test_of_a_models_parameters_modulations_alone_are_tested_against_zero() -> None:
    """A connection's prior mean is not 0, and without a drive there is no response."""
    contrasts = ["m connection", "m modulation by faces", "m driving by all", "m2 connection"]
    values, keys = _circuit(contrasts)
    table = _tests(values, keys, [""] * 8, [])
    one = _of(table, test="one_sample", session="pre")
    assert one["contrast"].tolist() == ["m modulation by faces"]
    expected = stats.ttest_1samp(values[:, 0, 1], 0)
    np.testing.assert_allclose(one["p_value"], [expected.pvalue])
    # Changes cancel the prior mean, and a drive may change.
    assert _of(table, test="paired")["contrast"].tolist() == contrasts


def test_a_family_of_models_is_a_field_of_one_model() -> None:
    families = {
        "m connection": [0, 4, 7],
        "m modulation": [1, 5],
        "m driving": [2, 8],
        "m2 connection": [3],
        "m2 modulation": [6, 9],
    }
    contrasts = [
        *("m connection", "m modulation by faces", "m driving by faces", "m2 connection"),
        *("m connection", "m modulation by shapes", "m2 modulation by faces", "m connection"),
        # Names of inputs that look like fields do not matter.
        *("m driving by modulation", "m2 modulation by connection"),
    ]
    values, keys = _circuit(contrasts)
    table = _tests(values, keys, [""] * 8, [])
    paired = _of(table, test="paired")
    p = stats.ttest_rel(values[:, 1], values[:, 0]).pvalue
    expected = np.full(len(p), NAN)
    for members in families.values():
        expected[members] = stats.false_discovery_control(p[members])
    np.testing.assert_allclose(paired["q_value"], expected)
    one = _of(table, test="one_sample", session="post")
    tested = [1, 5, 6, 9]
    assert one["contrast"].tolist() == [contrasts[k] for k in tested]
    p = stats.ttest_1samp(values[:, 1, tested], 0).pvalue
    np.testing.assert_allclose(
        one["q_value"],
        [*stats.false_discovery_control(p[:2]), *stats.false_discovery_control(p[2:])],
    )


def test_families_of_models_leave_other_measures_as_they_were() -> None:
    values, keys, _ = _trial(8, [])
    parameters, more = _circuit(["m connection", "m modulation by facesGtShapes"])
    both = pd.concat([more.iloc[:1], keys, more.iloc[1:]], ignore_index=True).astype("category")
    joined = np.concatenate([parameters[:, :, :1], values, parameters[:, :, 1:]], axis=2)
    alone = _of(_tests(values, keys, [""] * 8, []), test="paired")["q_value"]
    paired = _of(_tests(joined, both, [""] * 8, []), test="paired")
    np.testing.assert_array_equal(paired["q_value"][1:5], alone)
    # A family of one.
    np.testing.assert_array_equal(paired["q_value"][[0, 5]], paired["p_value"][[0, 5]])


@pytest.mark.parametrize("levels", [[], ["ketamine"]])
def test_without_a_second_arm_there_is_no_welch_test(levels: list[str]) -> None:
    values, keys, arms = _trial(5, levels)
    table = _tests(values, keys, arms, levels)
    assert set(table["test"]) == {"one_sample", "paired"}
    assert set(table["arm"]) == {"all", *levels}


def test_too_few_participants_have_a_reason_and_no_number() -> None:
    levels = ["a", "b"]
    values, keys, arms = _trial(9, levels)
    table = _tests(values, keys, arms, levels, minimum=5)
    few = _of(table, test="paired", arm="b")
    assert few["n"].tolist() == [4] * 4
    assert set(few["reason"]) == {"fewer than 5 participants"}
    numbers = ["estimate", "ci_low", "ci_high", "statistic", "df", "p_value", "q_value"]
    assert few[[*numbers, "effect_size"]].isna().all(axis=None)
    assert set(_of(table, test="welch")["reason"]) == {"fewer than 5 participants in an arm"}
    assert _of(table, test="paired", arm="a")["p_value"].notna().all()


def test_a_measure_without_values_stops_no_other() -> None:
    values, keys, arms = _trial(6, [])
    values[:, :, 0] = NAN
    table = _tests(values, keys, arms, [])
    paired = _of(table, test="paired")
    assert paired["n"].tolist() == [0, 6, 6, 6]
    assert paired["reason"].tolist()[0] == "fewer than 3 participants"
    assert np.isnan(paired["q_value"][0])
    np.testing.assert_allclose(paired["q_value"][1], paired["p_value"][1])


def test_equal_values_have_a_reason() -> None:
    values, keys, arms = _trial(4, [])
    values[:, :, 1] = 2.0
    paired = _of(_tests(values, keys, arms, []), test="paired")
    assert paired["reason"].tolist()[1] == "all values equal"
    assert np.isnan(paired["p_value"][1])


# Outcomes


def _scores(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    names = ["participant_id", "outcome", "change", "first", "second", "improvement", "reason"]
    return pd.DataFrame(rows, columns=names)


def test_outcomes_stand_beside_the_participants() -> None:
    scores = _scores(
        [
            ("sub-2", "caps5", "change", 38.0, 39.0, -1.0, None),
            ("sub-1", "caps5", "change", 40.0, 22.0, 18.0, None),
            ("sub-9", "caps5", "change", 40.0, 22.0, 18.0, None),
            ("sub-1", "mood", None, NAN, NAN, -3.0, None),
            ("sub-2", "mood", None, NAN, NAN, NAN, "`mood` is n/a"),
        ]
    )
    table = outcomes_table(
        scores=scores, participants=["sub-1", "sub-2", "sub-3"], arms=["a", "b", ""]
    )
    assert table["participant_id"].tolist() == ["sub-1"] * 2 + ["sub-2"] * 2 + ["sub-3"] * 2
    assert table["outcome"].tolist() == ["caps5", "mood"] * 3
    assert table["change"].isna().tolist() == [False, True] * 3
    np.testing.assert_array_equal(table["improvement"], [18.0, -3.0, -1.0, NAN, NAN, NAN])
    np.testing.assert_array_equal(table["first"], [40, NAN, 38, NAN, NAN, NAN])
    assert table["reason"].isna().tolist() == [True] * 3 + [False] * 3
    assert table["reason"].tolist()[3:] == ["`mood` is n/a", WITHOUT_SCORES, WITHOUT_SCORES]
    # The outcome without a change has nothing to be correlated with.
    found = improvements(table=table)
    assert list(found) == ["caps5"]
    assert found["caps5"].change == "change"
    np.testing.assert_array_equal(found["caps5"].values, [18.0, -1.0, NAN])


def test_no_outcomes_make_an_empty_table() -> None:
    table = outcomes_table(scores=_scores([]), participants=["sub-1"], arms=[""])
    assert improvements(table=table) == {}
    assert len(table) == 0
    assert list(table.columns) == [
        "participant_id",
        "arm",
        "outcome",
        "change",
        "first",
        "second",
        "improvement",
        "reason",
    ]


# Manifest


def test_the_manifest_says_who_went_in_and_why_others_did_not() -> None:
    values = {"sub-1": [1.0, 2.0], "sub-2": [1.0, 2.0], "sub-3": [1.0, NAN]}
    fd = {"sub-1": [0.1, 0.1], "sub-2": [1.0, 0.1], "sub-3": [0.1, 0.1]}
    arrays = _measures(values, fd=fd, participants=[*values, "sub-4"])
    exclusions = exclusion_reasons(
        measures=arrays,
        tasks=["faces"],
        maximum_mean_fd=0.9,
        minimum_volumes=None,
        listed=(),
        changes=CHANGES,
    )
    included, reason = included_values(
        measures=arrays,
        tasks=["faces"],
        exclusions=exclusions,
        minimum_coverage=None,
        changes=CHANGES,
    )
    table = participants_manifest(
        measures=arrays,
        arms=["a", "a", "b", "b"],
        tasks=["faces"],
        changes={"change": ("pre", "post")},
        exclusions=exclusions,
        included=included,
        reason=reason,
        reason_without_rows=lambda one, session, task: f"no session {session}",
    )
    assert table[["participant_id", "session", "included", "reason"]].to_numpy().tolist() == [
        ["sub-1", "pre", True, ""],
        ["sub-1", "post", True, ""],
        ["sub-2", "pre", False, "mean FD 1 mm > 0.9 mm"],
        ["sub-2", "post", False, "excluded with session pre: mean FD 1 mm > 0.9 mm"],
        ["sub-3", "pre", True, f"no difference post - pre: no value: {MISSING_WITHOUT_REASON}"],
        ["sub-3", "post", False, f"no value: {MISSING_WITHOUT_REASON}"],
        ["sub-4", "pre", False, "no session pre"],
        ["sub-4", "post", False, "no session post"],
    ]
    assert included_participants(included=included, arms=["a", "a", "b", "b"], levels=["a"]) == {
        "all": 2,
        "a": 1,
    }


def test_rows_without_a_value_take_the_unit_of_their_measure():
    columns = {"measure": "activation", "task": "stroop", "contrast": "c", "regions": "r"}
    rows = pd.DataFrame(
        [
            {**columns, "unit": "percent x s", "value": 1.0},
            {**columns, "unit": "arbitrary", "value": np.nan},
            {**columns, "regions": "other", "unit": "arbitrary", "value": np.nan},
        ]
    )
    units = with_known_units(rows)["unit"].tolist()
    assert units == ["percent x s", "percent x s", "arbitrary"]
