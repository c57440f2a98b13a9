"""Fixed effects from formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.mixed.formula import fixed_design, formula_terms, formula_variables

DATA = pd.DataFrame(
    {
        "time": [-0.5, 0.5, -0.5, 0.5, -0.5, 0.5],
        "arm": pd.Categorical(
            ["placebo", "placebo", "ketamine", "ketamine", "high", "high"],
            categories=["placebo", "ketamine", "high", "nobody"],
        ),
        "sex": ["f", "f", "m", "m", "f", "m"],
    }
)


def test_star_is_both_effects_and_their_product() -> None:
    design = fixed_design(DATA, formula="time * arm")
    assert design.names == (
        "1",
        "time",
        "arm[ketamine]",
        "arm[high]",
        "time:arm[ketamine]",
        "time:arm[high]",
    )
    assert design.terms == ("1", "time", "arm", "arm", "time:arm", "time:arm")
    np.testing.assert_array_equal(design.matrix[:, 2], [0, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(design.matrix[:, 5], [0, 0, 0, 0, -0.5, 0.5])


def test_marginal_effects_are_differences_from_the_mean_of_levels() -> None:
    design = fixed_design(DATA, formula="arm")
    third = 1.0 / 3.0
    np.testing.assert_allclose(
        design.marginal_weights,
        [[1.0, third, third], [0.0, -third, -third], [0.0, 2.0 * third, -third]],
        atol=1e-12,
    )


def test_marginal_effects_do_not_depend_on_which_levels_occur_together() -> None:
    some = fixed_design(DATA, formula="arm * sex").marginal_weights
    both = pd.concat([DATA, DATA.assign(sex=list("mmffmf"))])
    np.testing.assert_allclose(
        some, fixed_design(both, formula="arm * sex").marginal_weights, atol=1e-10
    )


def test_text_is_a_category_in_sorted_order() -> None:
    design = fixed_design(DATA, formula="sex + time:sex")
    assert design.names == ("1", "sex[m]", "sex[f]:time", "sex[m]:time") or design.names == (
        "1",
        "sex[m]",
        "time:sex[f]",
        "time:sex[m]",
    )


def test_variables_come_in_order_once() -> None:
    assert formula_variables("time + time:response + age") == ("time", "age", "response")
    assert formula_terms("(a + b):c") == (("a", "c"), ("b", "c"))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("__import__('os')", "not of"),
        ("exp(time)", "without functions"),
        ("score ~ time", "not of ~"),
        ("time +", "cannot be read"),
        ("0 + time", "keeps its intercept"),
        ("time - 1", "not of -"),
        ("1", "names no variable"),
        ("", "names no variable"),
        ("2:time", "no name of a variable"),
        ("time [x]", "not of"),
    ],
)
def test_other_formulas_are_refused_with_the_reason(formula: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        formula_variables(formula)


def test_a_lacking_variable_is_named() -> None:
    with pytest.raises(ValueError, match="names `dose`, which is not there"):
        fixed_design(DATA, formula="time + dose")


def test_a_single_level_is_refused() -> None:
    with pytest.raises(ValueError, match="`arm` is `ketamine` in all rows"):
        fixed_design(DATA.iloc[2:4], formula="arm")


def test_a_missing_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="`time` is missing in some rows"):
        fixed_design(DATA.assign(time=[np.nan, 1, 2, 3, 4, 5]), formula="time")
