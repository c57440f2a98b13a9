"""Matching of patients and controls, and their balance: known answers and who is left over."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.group.t_tests import welch_t_test
from bids_ketamine.core.matching.assignment import match_pairs
from bids_ketamine.core.matching.balance import BALANCE_COLUMNS, balance
from bids_ketamine.core.matching.covariates import Covariate

AGE = {"age": Covariate(kind="numeric")}


def people(prefix, **columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"{prefix}{one}" for one in range(n)])


def match(patients, controls, covariates=AGE, *, metric="standardized", caliper=None):
    return match_pairs(patients, controls, covariates=covariates, metric=metric, caliper=caliper)


def partners(found):
    return dict(found.pairs[["patient", "control"]].to_numpy().tolist())


def test_the_sum_of_distances_is_the_smallest_there_is():
    random = np.random.default_rng(0)
    patients = people("p", age=random.normal(40, 10, 5), motion=random.gamma(2, 0.1, 5))
    controls = people("c", age=random.normal(35, 12, 6), motion=random.gamma(2, 0.1, 6))
    found = match(
        patients,
        controls,
        {"age": Covariate(kind="numeric"), "motion": Covariate(kind="numeric", weight=0.5)},
    )
    scale = {
        name: np.sqrt((patients[name].var() + controls[name].var()) / 2)
        for name in ("age", "motion")
    }
    assert found.scales == pytest.approx(scale, rel=1e-12)
    distances = np.sqrt(
        (np.subtract.outer(patients["age"].to_numpy(), controls["age"].to_numpy()) / scale["age"])
        ** 2
        + (
            0.5
            * np.subtract.outer(patients["motion"].to_numpy(), controls["motion"].to_numpy())
            / scale["motion"]
        )
        ** 2
    )
    best = min(distances[range(5), list(order)].sum() for order in permutations(range(6), 5))
    assert found.total_distance == pytest.approx(best, rel=1e-12)
    assert found.pairs["control"].is_unique
    assert found.unmatched["group"].tolist() == ["controls"]
    assert found.unmatched["reason"].tolist() == ["all who could be its partner are in other pairs"]


def test_a_category_that_differs_costs_its_weight():
    """p0 is 2 deviations from the man and as old as the woman."""
    patients = people("p", age=[30.0], sex=["m"])
    controls = people("c", age=[30.0, 50.0], sex=["f", "m"])
    deviation = np.sqrt(controls["age"].var())  # one patient has none
    near = {"age": Covariate(kind="numeric"), "sex": Covariate(kind="categorical")}
    found = match(patients, controls, near)
    assert found.scales["age"] == pytest.approx(deviation, rel=1e-12)
    assert partners(found) == {"p0": "c0"}
    assert found.total_distance == 1.0
    far = near | {"sex": Covariate(kind="categorical", weight=10.0)}
    assert partners(match(patients, controls, far)) == {"p0": "c1"}


def test_gower_by_hand():
    """Range of age 20; d = (3 * 5 / 20 + 1 * mismatch) / 4."""
    patients = people("p", age=[30.0, 40.0], sex=["m", "f"])
    controls = people("c", age=[35.0, 50.0], sex=["f", "f"])
    covariates = {
        "age": Covariate(kind="numeric", weight=3.0),
        "sex": Covariate(kind="categorical"),
    }
    found = match(patients, controls, covariates, metric="gower")
    assert found.scales == {"age": 20.0}
    assert partners(found) == {"p0": "c0", "p1": "c1"}
    np.testing.assert_allclose(
        found.pairs["distance"], [(3 * 5 / 20 + 1) / 4, 3 * 10 / 20 / 4], rtol=1e-14
    )


def test_covariates_that_must_agree():
    patients = people("p", age=[30.0, 31.0, 60.0], sex=["m", "m", "x"])
    controls = people("c", age=[30.0, 31.0, 59.0], sex=["f", "m", "m"])
    covariates = AGE | {"sex": Covariate(kind="categorical", weight=0.0, exact=True)}
    found = match(patients, controls, covariates)
    assert set(partners(found)) == {"p0", "p1"}
    assert set(partners(found).values()) == {"c1", "c2"}
    reasons = found.unmatched.set_index("participant")["reason"].to_dict()
    assert reasons == {
        "p2": "none of the controls agrees in what must agree",
        "c0": "none of the patients agrees in what must agree",
    }


def test_a_caliper_leaves_out_who_has_nobody_near():
    patients = people("p", age=[20.0, 30.0, 90.0])
    controls = people("c", age=[21.0, 31.0, 60.0])
    free, near = match(patients, controls), match(patients, controls, caliper=0.1)
    assert len(free.pairs) == 3
    assert partners(near) == {"p0": "c0", "p1": "c1"}
    assert (near.pairs["distance"] <= 0.1).all()
    assert near.unmatched.to_numpy().tolist() == [
        ["p2", "patients", "none of the controls is within the caliper"],
        ["c2", "controls", "none of the patients is within the caliper"],
    ]


def test_as_many_pairs_as_possible_come_first():
    """p1 has c0 alone within the caliper: p0 gives it up for c1, though that is farther."""
    patients = people("p", age=[10.0, 12.0])
    controls = people("c", age=[10.5, 7.5])
    found = match(patients, controls, caliper=2.6 / np.sqrt((2.0 + 4.5) / 2))
    assert partners(found) == {"p0": "c1", "p1": "c0"}


def test_who_lacks_a_covariate_is_not_matched():
    patients = people("p", age=[30.0, np.nan, 40.0], sex=["m", "f", None])
    controls = people("c", age=[30.0, 31.0], sex=["m", "f"])
    covariates = AGE | {"sex": Covariate(kind="categorical")}
    found = match(patients, controls, covariates)
    assert partners(found) == {"p0": "c0"}
    reasons = found.unmatched.set_index("participant")["reason"]
    assert reasons["p1"] == "no value of age"
    assert reasons["p2"] == "no value of sex"


def test_the_order_of_rows_does_not_matter():
    """All distances of equal ages are equal: names decide."""
    patients = people("p", age=[30.0, 30.0, 30.0])
    controls = people("c", age=[30.0, 30.0, 30.0, 30.0])
    found = match(patients, controls)
    assert partners(found) == {"p0": "c0", "p1": "c1", "p2": "c2"}
    turned = match(patients[::-1], controls[::-1])
    pd.testing.assert_frame_equal(turned.pairs, found.pairs)
    assert turned.unmatched["participant"].tolist() == ["c3"]


def test_nobody_in_a_group():
    found = match(people("p", age=[30.0]), people("c", age=[np.nan]))
    assert found.pairs.empty
    assert found.total_distance == 0.0
    reasons = found.unmatched.set_index("participant")["reason"].to_dict()
    assert reasons == {
        "c0": "no value of age",
        "p0": "there are no controls with every covariate",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"covariates": {}}, "at least one covariate"),
        ({"covariates": {"sex": Covariate(kind="categorical")}}, "patients have no column sex"),
        ({"covariates": {"age": Covariate(kind="ordinal")}}, "numeric or categorical"),
        ({"covariates": {"age": Covariate(kind="numeric", weight=-1.0)}}, "weight of age"),
        ({"metric": "mahalanobis"}, "standardized or gower"),
        ({"caliper": 0.0}, "caliper must be above 0"),
    ],
)
def test_wrong_settings(changes, words):
    settings = {"covariates": AGE, "metric": "standardized", "caliper": None} | changes
    with pytest.raises(ValueError, match=words):
        match_pairs(people("p", age=[1.0]), people("c", age=[2.0]), **settings)


def test_wrong_tables():
    one = people("p", age=[1.0, 2.0])
    with pytest.raises(ValueError, match="both patient and control: p0"):
        match(one, one)
    with pytest.raises(ValueError, match="controls are there twice: c"):
        match(one, pd.DataFrame({"age": [1.0, 2.0]}, index=["c", "c"]))
    with pytest.raises(ValueError, match="age is numeric but holds something else"):
        match(one, people("c", age=["old", "young"]))


@pytest.fixture
def groups():
    patients = people("p", age=[30.0, 34.0, 38.0, 42.0], sex=["f", "f", "f", "m"])
    controls = people(
        "c", age=[20.0, 31.0, 35.0, 37.0, 41.0, np.nan], sex=["m", "f", "f", "f", "m", "m"]
    )
    return patients, controls


COVARIATES = {"age": Covariate(kind="numeric"), "sex": Covariate(kind="categorical")}


def test_balance_before_and_after(groups):
    patients, controls = groups
    found = match(patients, controls, COVARIATES)
    assert partners(found) == {"p0": "c1", "p1": "c2", "p2": "c3", "p3": "c4"}
    table = balance(
        patients,
        controls,
        covariates=COVARIATES,
        matching=found,
        with_tests=False,
        yates=False,
    )
    assert tuple(table.rows.columns) == BALANCE_COLUMNS
    assert table.tests.empty
    rows = table.rows.set_index(["covariate", "level", "stage"])
    before, after = rows.loc[("age", "", "before")], rows.loc[("age", "", "after")]
    divisor = np.sqrt((patients["age"].var() + controls["age"].var()) / 2)
    assert before["standardized_difference"] == pytest.approx((36 - 32.8) / divisor, rel=1e-12)
    assert (before["n_controls"], before["missing_controls"]) == (5, 1)
    # Divided by the deviation before matching.
    assert after["standardized_difference"] == pytest.approx(0.0, abs=1e-15)
    assert (after["patients"], after["controls"]) == (36.0, 36.0)
    assert before["variance_ratio"] == pytest.approx(
        patients["age"].var() / controls["age"].var(), rel=1e-12
    )
    ratio = patients["age"].var() / np.var([31, 35, 37, 41], ddof=1)
    assert after["variance_ratio"] == pytest.approx(ratio, rel=1e-12)
    women = rows.loc[("sex", "f", "before")]
    assert (women["patients"], women["controls"]) == (0.75, 0.5)
    assert women["standardized_difference"] == pytest.approx(
        0.25 / np.sqrt((0.75 * 0.25 + 0.5 * 0.5) / 2), rel=1e-12
    )
    assert rows.loc[("sex", "f", "after"), "standardized_difference"] == 0.0


def test_tests_are_made_where_they_are_asked_for(groups):
    patients, controls = groups
    found = balance(
        patients, controls, covariates=COVARIATES, matching=None, with_tests=True, yates=False
    )
    assert found.rows["stage"].unique().tolist() == ["before"]
    tests = found.tests.set_index("covariate")
    welch = welch_t_test(first=patients["age"], second=controls["age"], confidence_level=0.95)
    assert tests.loc["age", "p_value"] == pytest.approx(float(welch.p_value), rel=1e-14)
    assert tests.loc["age", "test"] == "welch"
    # 3 women of 4 and 3 of 6: chi-square = 10 (3 * 3 - 1 * 3)^2 / (4 * 6 * 6 * 4).
    assert tests.loc["sex", "statistic"] == pytest.approx(10 * 36 / (4 * 6 * 6 * 4), rel=1e-12)
    assert tests.loc["sex", "reason"] == "4 of 4 expected counts are below 5"


def test_groups_without_variation():
    patients, controls = (
        people("p", x=[0.1] * 3, y=[1.0, 1.0, 1.0]),
        people("c", x=[0.1] * 4, y=[2.0] * 4),
    )
    found = balance(
        patients,
        controls,
        covariates={"x": Covariate(kind="numeric"), "y": Covariate(kind="numeric")},
        matching=None,
        with_tests=True,
        yates=False,
    )
    same, different = found.rows.to_dict("records")
    assert same["standardized_difference"] == 0.0
    # No deviation to divide by.
    assert np.isnan(different["standardized_difference"])
    assert np.isnan(different["variance_ratio"])
    assert found.tests["reason"].tolist() == ["all values equal in each group"] * 2


def test_a_category_of_one_level_or_without_values():
    patients, controls = people("p", sex=["f", "f"]), people("c", sex=["f", "f", "f"])
    unknown = people("c", sex=[None, None])
    covariates = {"sex": Covariate(kind="categorical")}
    settings = {"covariates": covariates, "matching": None, "with_tests": True, "yates": True}
    one = balance(patients, controls, **settings)
    assert one.rows["standardized_difference"].tolist() == [0.0]
    assert one.tests["reason"].tolist() == ["all values equal"]
    none = balance(patients, unknown, **settings)
    assert none.rows["n_controls"].tolist() == [0]
    assert none.rows["controls"].isna().all()
    assert none.tests["reason"].tolist() == ["no known value in a group"]
