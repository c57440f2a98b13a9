"""What mixed models say of each value: reference levels, decimals, troubles of fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_clinical_data import ClinicalOutput
from bids_ketamine.reports.group_mixed import mixed_views
from bids_ketamine.reports.group_mixed_troubles import fit_sentences
from bids_ketamine.reports.group_mixed_views import MixedModelView
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import MixedModelSpec, StudySpec
from tests.reports.group import model_tables as made

SUMMARY = pd.DataFrame(columns=["measure", "task", "contrast", "regions", "unit"])


@pytest.fixture
def spec(study: Study) -> StudySpec:
    model = MixedModelSpec(
        name="course", outcomes=("madrs",), formula="time * arm", methods=("reml", "ml")
    )
    return replace(study.spec, mixed_models=(model,))


def _views(
    clinical: ClinicalOutput, spec: StudySpec, *, arms: Sequence[str] = made.ARMS
) -> list[MixedModelView]:
    return mixed_views(
        clinical,
        spec,
        arms=arms,
        styles=arm_styles(list(arms)),
        summary=SUMMARY,
        individual_data=True,
    )


def _plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_draws_that_were_lost_are_told_beside_a_boundary() -> None:
    lost = "5 of 50 drawn trials could not be fitted"
    fits = pd.DataFrame(made.fits(boundary=True, sd_participant=0.0, note=f"a remark; {lost}"))
    sentences = fit_sentences(fits, {"satterthwaite", "kenward_roger"})
    assert sentences[1] == f"REML and ML: {lost}."
    assert sentences[0].startswith("REML: ")
    assert sentences[0].endswith(
        "Satterthwaite\u2019s degrees of freedom are then n − p; Kenward and Roger\u2019s are not."
    )
    # Of likelihood itself the degrees are others.
    assert sentences[2].startswith("ML: ")
    assert sentences[2].endswith("independent.")


def test_variances_at_zero_have_no_correlation(tmp_path: Path, spec: StudySpec) -> None:
    fits = made.fits(boundary=True, sd_slope=1e-7, correlation=-1.0)
    (view,) = _views(made.output(tmp_path, group_mixed_fits=fits), spec)
    table = next(each for each in view.values[0].details if each.caption == "Variances and fits")
    assert table.rows[0][3:7] == ("4.31", "0", "\u2013", "3.02")


def test_columns_that_cannot_be_told_apart_say_so(tmp_path: Path, spec: StudySpec) -> None:
    reason = "arm[ketamine] and group[b] cannot be told from each other here"
    effects, tests = made.effects(), made.f_tests()
    nothing = dict.fromkeys(("estimate", "se", "df", "t", "p_value", "ci_low", "ci_high"), np.nan)
    for row in effects:
        if row["term"] == "arm[ketamine]":
            row |= nothing | {"interval": None, "reason": reason}
    for row in tests:
        if row["term"] == "arm":
            row |= {"num_df": np.nan, "den_df": np.nan, "f_value": np.nan, "p_value": np.nan,
                    "reason": reason}  # fmt: skip
    clinical = made.output(tmp_path, group_mixed_effects=effects, group_mixed_tests=tests)
    (value,) = _views(clinical, spec)[0].values
    assert value.results[2] == (
        "madrs: ketamine minus midazolam midway between pre and post could not be estimated: "
        f"{reason}."
    )
    assert value.tables[0].note == f"Without an estimate: {reason}."
    tested = value.details[0]
    assert tested.caption == "Tests of terms"
    assert [row[2:] for row in tested.rows if row[0] == "arm"] == [("\u2013",) * 3]
    assert tested.note.endswith(f"Without a test: {reason}.")


def _of_three_arms() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return effects and tests of madrs without its first arm, and of bdi with all three."""
    base = {"model": "course", "method": "reml", "df_rule": "satterthwaite", "se": 3.1, "df": 19.0,
            "interval": "t"}  # fmt: skip
    rows = [
        base | {"value": value, "term": term, "estimate": estimate, "t": estimate / 3.1,
                "ci_low": estimate - 6.5, "ci_high": estimate + 6.5, "p_value": p_value}
        for value, term, estimate, p_value in (
            ("madrs", "time", -15.1, 0.001), ("madrs", "arm[nfb]", 4.2, 0.014),
            ("madrs", "time:arm[nfb]", 8.5, 0.013),
            ("bdi", "time", -4.3, 0.13), ("bdi", "arm[cbt]", 2.8, 0.5),
            ("bdi", "arm[nfb]", 7.2, 0.1),
            ("bdi", "time:arm[cbt]", -6.2, 0.25), ("bdi", "time:arm[nfb]", -5.9, 0.26),
        )
    ]  # fmt: skip
    tests = [
        {"model": "course", "value": value, "method": "reml", "df_rule": "satterthwaite",
         "term": "time:arm", "num_df": num_df, "den_df": 23.9, "f_value": 1.06, "p_value": 0.363}
        for value, num_df in (("madrs", 1.0), ("bdi", 2.0))
    ]  # fmt: skip
    return rows, tests


@pytest.mark.parametrize("written", [True, False])
def test_each_value_names_the_reference_of_its_fit(
    tmp_path: Path, spec: StudySpec, written: bool
) -> None:
    arms = ("wait", "cbt", "nfb")
    effects, tests = _of_three_arms()
    means = [
        {"model": "course", "value": value, "session": session, "arm": arm, "mean": 20.0, "sd": 8.0,
         "n": 0 if (value, arm) == ("madrs", "wait") else 7}
        for value in ("madrs", "bdi") for session in ("pre", "post") for arm in arms
    ]  # fmt: skip
    fits = [*made.fits()[:1], *made.fits(value="bdi")[:1]]
    clinical = made.output(
        tmp_path, group_mixed_effects=effects, group_mixed_tests=tests, group_mixed_means=means,
        group_mixed_data=[], group_mixed_fits=fits,
    )  # fmt: skip
    if written:
        table = clinical.tables["group_mixed_fits"]
        table = table.assign(references=["arm: cbt", "arm: wait"])
        clinical = replace(clinical, tables={**clinical.tables, "group_mixed_fits": table})
    model = replace(spec.mixed_models[0], outcomes=("madrs", "bdi"))
    (view,) = _views(clinical, replace(spec, mixed_models=(model,)), arms=arms)
    assert "Levels of arm are compared with cbt (madrs) and wait (bdi)." in view.words
    assert _plain(view.summary) == (
        "madrs: change from pre to post, nfb minus cbt +8.5 points (95 % interval 2.0 to 15.0; "
        "t(19.0) = 2.74, p = .013; REML, Satterthwaite). bdi: time × arm, all levels together: "
        "F(2, 23.9) = 1.06, p = .363 (REML, Satterthwaite)."
    )
    assert view.count.startswith("What is compared differs between values")
    assert view.overview is not None
    assert view.overview.caption == "Every value"
    assert view.overview.rows[0] == (
        *("madrs", "change from pre to post, nfb minus cbt", "t(19.0) = 2.74", ".013", "+8.5"),
        "2.0 to 15.0",
    )
    assert view.overview.rows[1][2:] == ("F(2, 23.9) = 1.06", ".363", "\u2013", "\u2013")
    madrs, bdi = view.values
    assert bdi.results[0].startswith("bdi: time × arm, all levels together: F(2, 23.9)")
    assert "nfb minus wait" in bdi.results[2]
    entered = next(each for each in madrs.details if each.caption.startswith("What entered"))
    assert [row[1] for row in entered.rows] == ["cbt", "nfb"] * 2


def test_values_without_a_fit_stand_at_the_top(tmp_path: Path, spec: StudySpec) -> None:
    reason = "all values are equal"
    nothing: dict[str, Any] = {"log_likelihood": np.nan, "converged": False, "reason": reason}
    fits = [*made.fits(), *made.fits(value="bdi", **nothing)]
    (view,) = _views(made.output(tmp_path, group_mixed_fits=fits), spec)
    assert view.summary.startswith("madrs: change from pre to post, ketamine minus midazolam")
    assert view.summary.endswith("bdi: the model could not be fitted: all values are equal.")


def test_numbers_have_the_decimals_of_the_course(tmp_path: Path, spec: StudySpec) -> None:
    rows = made.effects()
    for row in rows:
        if row["term"] == "time:arm[ketamine]":
            row |= {"estimate": -4.5, "ci_low": -15.58, "ci_high": 6.58}
        if row["term"] == "time":
            row |= {"estimate": -7.738, "ci_low": -15.086, "ci_high": -0.3903}
    (view,) = _views(made.output(tmp_path, group_mixed_effects=rows), spec)
    table = view.values[0].tables[0]
    assert table.rows[0][3] == "\u22124.5"
    assert table.rows[0][8] == "\u221215.6 to 6.6"
    assert table.rows[2][8] == "\u221215.1 to \u22120.4"
    for row in rows:
        if row["term"] == "time":
            row["ci_high"] = -0.03
    (view,) = _views(made.output(tmp_path, group_mixed_effects=rows), spec)
    table = view.values[0].tables[0]
    assert (table.rows[0][3], table.rows[0][8]) == ("\u22124.50", "\u221215.58 to 6.58")
    assert table.rows[2][8] == "\u221215.09 to \u22120.03"
