"""Observed and predicted series of a run."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bids_ketamine.reports.figures.canvas import INK, PALETTE
from bids_ketamine.reports.figures.series_fit import (
    OBSERVED,
    RegionFit,
    explained_words,
    input_bands,
    series_fit_figure,
    series_limit,
)


def _fit(region: str = "amygdala") -> RegionFit:
    predicted = np.tile([1.0, -1.0], 20)
    # Residuals of half the size, at right angles to the prediction.
    residual = 0.5 * np.repeat(np.tile([1.0, -1.0], 10), 2)
    return RegionFit(region, predicted + residual, predicted)


def _draw(fits: list[RegionFit], bands: dict[str, np.ndarray]) -> str:
    return str(
        series_fit_figure(
            fits, inputs=bands, t_r=2.0, limit=2.0, unit="percent", name="s", description="d"
        )
    )


def test_explained_variance_is_that_of_the_sums_of_squares() -> None:
    assert _fit().explained == pytest.approx(0.8)
    nothing = RegionFit("flat", np.zeros(4), np.zeros(4))
    assert np.isnan(nothing.explained)
    assert series_limit([nothing]) == 1.0
    assert series_limit([_fit()]) == pytest.approx(1.08 * 1.5)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.329, "33 %"),
        (0.321, "32 %"),
        (0.004, "0 %"),
        (0.1, "10 %"),
        (0.0999, "9.9 %"),  # flat, and told so
        (0.996, "99 %"),
        (1.0, "100 %"),
        (float("nan"), "\u2013"),
        (None, "\u2013"),
    ],
)
def test_shares_are_rounded_on_their_side_of_a_threshold(share: object, words: str) -> None:
    assert explained_words(share) == words


def test_titles_tell_region_and_share() -> None:
    markup = _draw([_fit("anterior_insula"), _fit()], {})
    assert ">anterior insula: 80 % of the variance explained<" in markup
    assert ">amygdala: 80 % of the variance explained<" in markup
    assert ">observed, confounds removed<" in markup
    # A line of each kind in each panel, and one in the legend.
    assert len(re.findall(f"stroke: {OBSERVED}", markup)) == 3
    assert len(re.findall(f"stroke: {INK}; stroke-width: 1.5", markup)) == 2


def test_inputs_are_bands_in_rows_and_behind_the_series() -> None:
    bands = {"all_trials": np.array([[4.0, 24.0], [40.0, 60.0]]), "faces": np.empty((0, 2))}
    markup = _draw([_fit(), _fit("b")], bands)
    assert ">all trials<" in markup
    assert ">faces<" in markup
    color = PALETTE[0].lower()
    assert len(re.findall(f"fill: {color}", markup)) == 3
    # The first band begins at a twentieth of 80 s: ends are as far apart as 20 s are.
    path = re.search(rf'd="([^"]+)"[^>]*style="fill: {color}', markup)
    assert path
    corners = [float(x) for x, _ in re.findall(r"[ML] ([\d.]+) ([\d.]+)", path.group(1))]
    starts = sorted(set(corners))
    assert np.diff(starts) / (starts[-1] - starts[0]) == pytest.approx(
        [20 / 56, 16 / 56, 20 / 56], abs=0.01
    )


def test_bands_of_stretches_and_impulses() -> None:
    level = np.zeros(32)
    level[[0, 1, 5, 31]] = [1.0, 2.0, 16.0, 1.0]
    assert input_bands(level, step=0.125).tolist() == [[0.0, 0.25], [0.625, 0.75], [3.875, 4.0]]
    assert input_bands(np.zeros(4), step=1.0).shape == (0, 2)
    bands = {"clicks": np.array([[10.0, 10.0]])}
    assert PALETTE[0].lower() in _draw([_fit()], bands)


def test_hostile_names_are_text() -> None:
    markup = _draw([_fit("<script>x</script>")], {"<b>on</b>": np.array([[0.0, 4.0]])})
    assert "<script" not in markup
    assert "<b>" not in markup
