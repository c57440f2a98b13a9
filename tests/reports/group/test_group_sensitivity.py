"""What results do under other choices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.reports.group_sensitivity import (
    anova_sensitivity,
    motion_sensitivity,
    peb_sensitivity,
)
from bids_ketamine.reports.group_sensitivity_mixed import mixed_sensitivity
from bids_ketamine.study.load import Study


def _tests(p_values: list[float]) -> pd.DataFrame:
    rows = [
        {
            "test": "welch",
            "session": None,
            "change": "change",
            "arm": "ketamine - midazolam",
            "outcome": None,
            "measure": "activation",
            "task": "faces",
            "contrast": "facesGtShapes",
            "regions": f"R{place}",
            "unit": "percent",
            "estimate": 0.1 * place,
            "p_value": p,
        }
        for place, p in enumerate(p_values)
    ]
    return pd.DataFrame(rows)


def _plain(sentence: str) -> str:
    return sentence.replace("\u00a0", " ")


def test_motion_counts_what_crosses(study: Study) -> None:
    view = motion_sensitivity(
        _tests([0.01, 0.04, 0.06, 0.5, np.nan]), _tests([0.02, 0.07, 0.03, 0.6, 0.01]), study.spec
    )
    assert view is not None
    # The fifth has no p with adjustment: it is not compared.
    assert _plain(view.sentence) == (
        "Of 4 tests of change, 2 have p < .05 with adjustment for head motion and 2 without; "
        "2 cross .05, 1 small only with it and 1 only without."
    )
    (table,) = view.tables
    # The one with the smaller of its two p first.
    assert [row[0] for row in table.rows] == ["R2", "R1"]
    assert table.rows[1][2:] == (
        *("difference of change, pre to post", "ketamine minus midazolam"),
        *("0.100", ".040", "0.100", ".070"),
    )


def test_motion_without_anything_that_crosses(study: Study) -> None:
    view = motion_sensitivity(_tests([0.01]), _tests([0.02]), study.spec)
    assert view is not None
    assert view.sentence.endswith("none crosses .05.")
    assert view.tables == ()
    assert motion_sensitivity(_tests([0.01]), _tests([0.02]).iloc[:0], study.spec) is None


def _effects(rows: list[tuple[str, str, str, float, float]]) -> pd.DataFrame:
    columns = ["method", "df_rule", "term", "estimate", "p_value"]
    return pd.DataFrame(rows, columns=columns).assign(
        model="course", value="madrs", ci_low=np.nan, ci_high=np.nan
    )


def _means(sd: float | None = None) -> pd.DataFrame:
    columns = ["model", "value", "mean", "sd"]
    rows = [("course", "madrs", 20.0, sd)] if sd else []
    return pd.DataFrame(rows, columns=columns)


COURSE = pd.DataFrame(columns=["outcome", "mean", "sd"])


def test_mixed_models_side_by_side() -> None:
    rule = "satterthwaite"
    view = mixed_sensitivity(
        _effects(
            [
                ("reml", rule, "Intercept", 20.0, 0.001),
                ("reml", rule, "time", -3.0, 0.01),
                ("reml", rule, "time:arm[T.k]", -4.0, 0.055),
                ("reml", "residual", "Intercept", 20.0, 0.9),
                ("reml", "residual", "time", -3.0, 0.012),
                ("reml", "residual", "time:arm[T.k]", -4.0, 0.045),
                ("ml", "residual", "time", -3.5, 0.008),
            ]
        ),
        str.upper,
        means=_means(5.0),
        course=COURSE,
    )
    assert view is not None
    assert _plain(view.sentence) == (
        "Over 3 combinations of method and degrees of freedom, 1 of 2 effects crosses p = .05; "
        "the largest difference of two p values is .010."
    )
    (table,) = view.tables
    assert [column.name for column in table.columns][3:] == [
        *("estimate", "p, Satterthwaite", "p, residual (n \u2212 p)"),
        *("estimate", "p, residual (n \u2212 p)"),
    ]
    assert table.groups == [("", 1), ("", 1), ("", 1), ("REML", 3), ("ML", 2)]
    assert table.rows == (
        ("course", "MADRS", "time", "\u22123.0", ".010", ".012", "\u22123.5", ".008"),
        ("course", "MADRS", "time \u00d7 k", "\u22124.0", ".055", ".045", "\u2013", "\u2013"),
    )
    assert table.alarms == {(1, 2)}


def test_one_method_and_rule_has_nothing_beside_it() -> None:
    tables = {"means": _means(), "course": COURSE}
    one = _effects([("reml", "residual", "time", 1.0, 0.1)])
    assert mixed_sensitivity(one, str, **tables) is None
    assert mixed_sensitivity(_effects([]), str, **tables) is None


def test_anova_by_error() -> None:
    base: dict[str, Any] = {"outcomes": "caps5+madrs", "df": 1.0}
    rows = [
        base | {"error_strata": "participant", "term": "arm:session", "f_value": 4.5,
                "df_residual": 57.0, "p_value": 0.038},
        base | {"error_strata": "stratified", "term": "arm:session", "f_value": 3.2,
                "df_residual": 19.0, "p_value": 0.09},
        base | {"error_strata": "participant", "term": "Residuals", "f_value": np.nan,
                "df_residual": np.nan, "p_value": np.nan},
    ]  # fmt: skip
    view = anova_sensitivity(pd.DataFrame(rows))
    assert view is not None
    assert _plain(view.sentence).startswith("1 of 1 term crosses p = .05 when")
    assert view.tables[0].rows == (
        ("caps5 + madrs", "arm \u00d7 session", "1, 57", "4.50", ".038", "1, 19", "3.20", ".090"),
    )


def test_anova_whose_errors_are_the_same_is_no_choice() -> None:
    base: dict[str, Any] = {"outcomes": "bdi", "df": 2.0, "df_residual": 22.0, "p_value": 0.39}
    rows = [
        base | {"error_strata": strata, "term": "arm:session", "f_value": 0.9891}
        for strata in ("participant", "stratified")
    ]
    assert anova_sensitivity(pd.DataFrame(rows)) is None
    # Terms between participants have one error too: they are not counted.
    own = [
        base | {"error_strata": "participant", "term": "session", "f_value": 9.0},
        base | {"error_strata": "stratified", "term": "session", "f_value": 4.0,
                "df_residual": 11.0, "p_value": 0.0496},
    ]  # fmt: skip
    view = anova_sensitivity(pd.DataFrame([*rows, *own]))
    assert view is not None
    assert [row[1] for row in view.tables[0].rows] == ["session"]
    assert view.tables[0].rows[0][-1] == ".0496"


def test_digits_show_the_side_of_the_limit(study: Study) -> None:
    view = motion_sensitivity(_tests([0.0531]), _tests([0.0496]), study.spec)
    assert view is not None
    assert view.tables[0].rows[0][5::2] == (".053", ".0496")


def test_student_level_of_peb() -> None:
    base = {"model": "m", "task": "faces", "analysis": "change", "arm": "all", "level": "second"}
    rows = [
        base | {"effect": "session", "parameter": name, "distribution": distribution,
                "estimate": estimate, "posterior_probability": pp}
        for name, distribution, estimate, pp in (
            ("a", "gaussian", 0.5, 0.99), ("a", "student_t", 0.4, 0.97),
            ("b", "gaussian", 0.5, 0.99), ("b", "student_t", 0.1, 0.70),
            # A large Pp of the other sign is no confirmation.
            ("c", "gaussian", 0.5, 0.99), ("c", "student_t", -0.5, 0.99),
            ("d", "gaussian", 0.1, 0.60), ("d", "student_t", 0.4, 0.97),
        )
    ]  # fmt: skip
    view = peb_sensitivity(pd.DataFrame(rows))
    assert view is not None
    assert _plain(view.sentence).startswith(
        "Of 4 effects, 3 have Pp > .95 at the Gaussian level; 1 of them keep it"
    )
    assert view.link == ("effective", "Effective connectivity")
