"""Designs of the second level: values as given, mistakes with names."""

import numpy as np
import pytest

from bids_ketamine.core.peb.design import centred_covariate, group_design
from bids_ketamine.errors import InputDataError

ROWS = ("sub-01", "sub-02", "sub-03", "sub-04")
IMPROVEMENT = np.array([3.0, -1.0, 10.0, 4.0])


def message(columns, rows=ROWS):
    with pytest.raises(InputDataError) as raised:
        group_design(columns, rows=rows)
    assert raised.value.cure
    return raised.value.message


def test_covariates_are_used_as_given():
    design = group_design({"mean": np.ones(4), "improvement": IMPROVEMENT}, rows=ROWS)
    np.testing.assert_array_equal(design.matrix[:, 1], IMPROVEMENT)
    assert design.columns == ("mean", "improvement")
    assert (design.n_rows, design.n_columns) == (4, 2)
    fewer = design.without([1, 3])
    assert fewer.rows == ("sub-01", "sub-03")
    np.testing.assert_array_equal(fewer.matrix, [[1.0, 3.0], [1.0, 10.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_missing_covariate_names_column_and_participant(value):
    broken = IMPROVEMENT.copy()
    broken[2] = value
    told = message({"mean": np.ones(4), "improvement": broken})
    assert "`improvement` is missing for sub-03" in told
    assert "`mean`" not in told
    assert "sub-01" not in told


def test_all_missing_covariates_are_told_at_once():
    told = message(
        {"mean": np.ones(4), "age": [1.0, np.nan, 2.0, np.nan], "dose": [np.nan, 1.0, 2.0, 3.0]}
    )
    assert "`age` is missing for sub-02, sub-04" in told
    assert "`dose` is missing for sub-01" in told


def test_a_column_of_another_length_is_named():
    told = message({"mean": np.ones(4), "improvement": IMPROVEMENT[:3]})
    assert "`improvement` has 3 values for 4 rows" in told


def test_fewer_participants_than_columns():
    told = message(
        {"mean": np.ones(2), "age": [1.0, 2.0], "improvement": [3.0, 5.0]}, rows=ROWS[:2]
    )
    assert "3 columns (mean, age, improvement)" in told
    assert "2 rows" in told


@pytest.mark.parametrize(
    ("columns", "dependent"),
    [
        ({"age": IMPROVEMENT, "twice the age": 2.0 * IMPROVEMENT}, "twice the age"),
        ({"age": IMPROVEMENT, "sum": 1e-3 * (IMPROVEMENT + 7.0)}, "sum"),
        ({"arm": np.full(4, 0.5)}, "arm"),
        ({"nothing": np.zeros(4)}, "nothing"),
        ({"first": [1, 1, 0, 0], "second": [0, 0, 1, 1]}, "second"),
    ],
    ids=["multiple", "sum", "one arm", "zero", "arms beside a mean"],
)
def test_a_column_that_follows_from_others_is_named(columns, dependent):
    told = message({"mean": np.ones(4)} | columns)
    assert told.endswith(f": `{dependent}`.")


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_covariate_far_from_its_zero_is_no_constant(scale):
    """A year of birth moves by a hundredth of its size."""
    design = group_design(
        {"mean": np.ones(4), "year": scale * np.array([1980.0, 1981.0, 1979.0, 1985.0])}, rows=ROWS
    )
    assert design.n_columns == 2


# Centring -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaled", [True, False])
def test_centring_can_be_undone(scaled):
    made = centred_covariate(IMPROVEMENT, name="improvement", scaled=scaled)
    assert made.values.mean() == pytest.approx(0.0, abs=1e-15)
    assert made.mean == 4.0
    assert made.scale == pytest.approx(np.std(IMPROVEMENT, ddof=1) if scaled else 1.0, abs=1e-15)
    np.testing.assert_allclose(made.values * made.scale + made.mean, IMPROVEMENT, rtol=1e-14)
    assert made.sentence.startswith("improvement: centred (mean 4)")
    assert ("divided by its standard deviation (4.546)" in made.sentence) == scaled


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1.0, np.nan, 2.0], "missing"),
        ([12.3, 12.3, 12.3], "same value in all participants (12.3)"),
        ([5.0], "same value in all participants (5)"),
        ([0.1 + 0.2, 0.3, 0.3], "same value in all participants (0.3)"),
    ],
)
def test_a_covariate_that_cannot_be_centred(values, told):
    with pytest.raises(InputDataError, match="improvement") as raised:
        centred_covariate(values, name="improvement", scaled=True)
    assert told in raised.value.message
