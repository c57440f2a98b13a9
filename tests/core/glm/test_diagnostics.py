"""Diagnostics of designs whose answers are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from bids_ketamine.core.glm.diagnostics import DesignDiagnostics, design_diagnostics

N_SCANS = 120


def _orthonormal(n_columns: int) -> np.ndarray:
    """Return columns of unit length, orthogonal to each other and to the constant."""
    draw = np.random.default_rng(3).standard_normal((N_SCANS, n_columns + 1))
    draw[:, 0] = 1.0
    return np.linalg.qr(draw)[0][:, 1:]


def _diagnose(
    columns: dict[str, np.ndarray],
    conditions: list[str],
    contrasts: dict[str, list[float]] | None = None,
) -> DesignDiagnostics:
    return design_diagnostics(
        filtered_design=np.column_stack(list(columns.values())),
        columns=list(columns),
        conditions=conditions,
        contrasts={name: np.array(each) for name, each in (contrasts or {}).items()},
    )


def test_orthogonal_columns_do_not_inflate_each_other() -> None:
    a, b, csf = _orthonormal(3).T
    found = _diagnose(
        {"a": 3 * a + 7, "b": b - 2, "csf": 5 * csf, "constant": np.ones(N_SCANS)}, ["a", "b"]
    )
    np.testing.assert_allclose(found.correlation, np.eye(2), atol=1e-12)
    assert found.variance_inflation == pytest.approx({"a": 1.0, "b": 1.0}, abs=1e-12)
    assert abs(found.largest_nuisance_correlation["a"].correlation) < 1e-12


@pytest.mark.parametrize("r", [-0.95, 0.3, 0.8, 0.999])
@pytest.mark.parametrize("constant", [True, False])
def test_two_correlated_columns(r: float, constant: bool) -> None:
    a, rest = _orthonormal(2).T
    columns = {"a": 4 * a + 10, "b": r * a + np.sqrt(1 - r**2) * rest - 3}
    if constant:
        columns["constant"] = np.ones(N_SCANS)
    found = _diagnose(columns, ["a", "b"])
    assert found.correlation[0, 1] == pytest.approx(r, abs=1e-10)
    assert found.variance_inflation["a"] == pytest.approx(1 / (1 - r**2), rel=1e-8)
    assert found.variance_inflation["b"] == pytest.approx(1 / (1 - r**2), rel=1e-8)


def test_inflation_counts_every_other_column() -> None:
    a, b, c = _orthonormal(3).T
    # R^2 of `a` on two orthogonal columns is the sum of squared correlations.
    mixed = 0.6 * b - 0.5 * c + np.sqrt(1 - 0.36 - 0.25) * a
    found = _diagnose({"a": mixed, "b": b, "csf": c}, ["a"])
    assert found.variance_inflation["a"] == pytest.approx(1 / (1 - 0.61))
    assert found.largest_nuisance_correlation["a"].name == "b"
    assert found.largest_nuisance_correlation["a"].correlation == pytest.approx(0.6)
    both = _diagnose({"a": mixed, "b": b, "csf": c}, ["a", "b"]).largest_nuisance_correlation
    assert both["a"].name == "csf"
    assert both["a"].correlation == pytest.approx(-0.5)


def test_efficiency_of_one_boxcar_with_a_constant() -> None:
    # Half of the volumes on: |x - mean|^2 = n / 4; a height h multiplies it by h^2.
    boxcar = (np.arange(N_SCANS) // 10 % 2).astype(float)
    columns = {"faces": 3.0 * boxcar, "constant": np.ones(N_SCANS)}
    found = _diagnose(columns, ["faces"], {"faces": [1, 0], "double": [2, 0], "mean": [0, 1]})
    assert found.efficiency["faces"] == pytest.approx(9 * N_SCANS / 4)
    assert found.efficiency["double"] == pytest.approx(9 * N_SCANS / 16)
    # Without the other half of the volumes, the mean rests on those that are off.
    assert found.efficiency["mean"] == pytest.approx(N_SCANS / 2)


def test_efficiency_is_size_over_inflation() -> None:
    a, rest = _orthonormal(2).T
    b = 0.7 * a + np.sqrt(1 - 0.49) * rest
    found = _diagnose(
        {"a": 5 * a, "b": 2 * b}, ["a", "b"], {"a": [1, 0], "difference": [0.2, -0.5]}
    )
    assert found.efficiency["a"] == pytest.approx(25 * (1 - 0.49))
    # Columns of size 5 and 2 and a correlation of .7.
    inverse = np.linalg.inv([[25.0, 7.0], [7.0, 4.0]])
    weights = np.array([0.2, -0.5])
    assert found.efficiency["difference"] == pytest.approx(1 / (weights @ inverse @ weights))


def test_whitened_constant_is_taken_out_as_it_is() -> None:
    # Whitening bends the constant at the ends of a run; the inflation is the ratio of variances.
    rng = np.random.default_rng(8)
    bent = np.ones(N_SCANS)
    bent[[0, -1]] = 0.4
    a, b = rng.standard_normal((2, N_SCANS)) + 2.0
    design = np.column_stack([a, b, bent])
    found = _diagnose({"a": a, "b": b, "constant": bent}, ["a"])
    alone = np.linalg.inv(design[:, [0, 2]].T @ design[:, [0, 2]])[0, 0]
    together = np.linalg.inv(design.T @ design)[0, 0]
    assert found.variance_inflation["a"] == pytest.approx(together / alone)


def test_a_combination_of_others_is_infinite_and_not_estimable() -> None:
    a, b = _orthonormal(2).T
    found = _diagnose(
        {"a": a, "b": b, "both": a + b}, ["a", "b"], {"a": [1, 0, 0], "sum": [1, 1, 2]}
    )
    assert found.variance_inflation == {"a": float("inf"), "b": float("inf")}
    assert np.isnan(found.efficiency["a"])
    # a + b + 2 both: the weights are a row of the design, (a + b)' X.
    assert found.efficiency["sum"] == pytest.approx(0.5)


def test_columns_that_do_not_vary() -> None:
    a, csf = _orthonormal(2).T
    columns = {"a": a, "empty": np.zeros(N_SCANS), "csf": csf, "flat": np.zeros(N_SCANS)}
    found = _diagnose(columns, ["a", "empty"], {"empty": [0, 1, 0, 0], "zero": [0, 0, 0, 0]})
    assert found.variance_inflation["a"] == pytest.approx(1.0)
    assert np.isnan(found.variance_inflation["empty"])
    assert np.isnan(found.correlation[0, 1])
    assert np.isnan(found.efficiency["empty"])
    assert np.isnan(found.efficiency["zero"])
    assert list(found.largest_nuisance_correlation) == ["a"]
    metadata = found.as_metadata()
    assert metadata["VarianceInflation"] == {"a": pytest.approx(1.0), "empty": None}
    assert metadata["Efficiency"] == {"empty": None, "zero": None}


def test_metadata_has_the_names_of_the_sidecar() -> None:
    a, b, csf = _orthonormal(3).T
    found = _diagnose({"a": a, "b": b, "csf": csf + a}, ["a", "b"], {"aGtB": [1, -1, 0]})
    assert found.as_metadata() == {
        "ConditionCorrelation": {
            "names": ["a", "b"],
            "values": [[pytest.approx(1), pytest.approx(0)], [pytest.approx(0), pytest.approx(1)]],
        },
        "VarianceInflation": {"a": pytest.approx(2.0), "b": pytest.approx(1.0)},
        # [[1, 0, 1], [0, 1, 0], [1, 0, 2]]^-1: variances 2 and 1, no covariance.
        "Efficiency": {"aGtB": pytest.approx(1 / 3)},
        "LargestNuisanceCorrelation": {
            "a": {"with": "csf", "r": pytest.approx(np.sqrt(0.5))},
            "b": {"with": "csf", "r": pytest.approx(0, abs=1e-12)},
        },
    }


def test_no_conditions_no_nuisance_no_contrasts() -> None:
    found = _diagnose({"constant": np.ones(5)}, [])
    assert found.as_metadata() == {
        "ConditionCorrelation": {"names": [], "values": []},
        "VarianceInflation": {},
        "Efficiency": {},
        "LargestNuisanceCorrelation": {},
    }


@pytest.mark.parametrize(
    ("columns", "conditions", "weights", "message"),
    [
        (["a"], ["a"], [1.0, 0.0], "shape"),
        (["a", "b"], ["c"], [1.0, 0.0], "no columns"),
        (["a", "b"], ["a"], [1.0], "weight for each"),
        (["a", "a"], ["a"], [1.0, 0.0], "shape"),
    ],
)
def test_what_does_not_go_together(
    columns: list[str], conditions: list[str], weights: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        design_diagnostics(
            filtered_design=np.eye(6)[:, :2],
            columns=columns,
            conditions=conditions,
            contrasts={"x": np.array(weights)},
        )


def test_values_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match="not finite"):
        _diagnose({"a": np.array([1.0, np.nan, 0.0])}, ["a"])
