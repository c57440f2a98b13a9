"""Lines with bands by arm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bids_ketamine.reports.figures.bivariate import STEPS, bivariate_figure, fitted_line
from bids_ketamine.reports.figures.canvas import arm_styles


def test_band_is_that_of_the_mean_of_a_regression() -> None:
    rng = np.random.default_rng(1)
    across = rng.standard_normal(14)
    up = 2 + 3 * across + rng.standard_normal(14)
    line = fitted_line(across, up, level=0.9)
    assert line is not None
    design, at = (np.column_stack([np.ones(each.size), each]) for each in (across, line.across))
    weights = np.linalg.solve(design.T @ design, design.T @ up)
    left = up - design @ weights
    leverage = np.einsum("ij,jk,ik->i", at, np.linalg.inv(design.T @ design), at)
    width = stats.t.ppf(0.95, 12) * np.sqrt(left @ left / 12 * leverage)
    np.testing.assert_allclose(line.middle, at @ weights, rtol=1e-10)
    np.testing.assert_allclose(line.high - line.middle, width, rtol=1e-10)
    np.testing.assert_allclose(line.middle - line.low, width, rtol=1e-10)


def test_few_points_have_a_line_without_a_band_or_nothing() -> None:
    three = fitted_line(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0]), level=0.95)
    assert three is not None
    assert np.isnan(three.low).all()
    assert three.middle[-1] == pytest.approx(4.5)
    assert fitted_line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), level=0.95) is None
    assert fitted_line(np.ones(5), np.arange(5.0), level=0.95) is None
    gaps = fitted_line(np.array([0.0, 1.0, 2.0, np.nan]), np.array([0.0, 2.0, 4.0, 9.0]), level=0.9)
    assert gaps is not None
    assert gaps.middle[STEPS // 2] == pytest.approx(2.0)


def test_arms_differ_in_more_than_colour() -> None:
    points = {arm: (np.arange(5.0), np.array([0.0, 2, 1, 4, 3])) for arm in ("a", "b")}
    markup = str(
        bivariate_figure(
            points,
            styles=arm_styles(["a", "b"]),
            labels=("$x$ <b>", "y"),
            level=0.95,
            name="n",
            description="d <b>",
        )
    )
    assert markup.count("stroke-dasharray") == 1
    assert "$x$ &lt;b&gt;" in markup
    assert "<b>" not in markup
