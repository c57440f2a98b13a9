"""Matrices of connections: numbers, names and colours."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bids_ketamine.reports.figures.matrix import common_limit, matrix_figure
from bids_ketamine.reports.figures.value_scale import CellNumbers, number_font, value_palette


def _texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def _draw(matrix: pd.DataFrame, limit: float, **words: object) -> str:
    return str(matrix_figure(matrix, limit=limit, name="m", description="d", **words))


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(0.0, 1.0), (0.012, 0.015), (0.21, 0.3), (1.0, 1.0), (1.2, 1.5), (47.0, 50.0), (9e-7, 1e-6)],
)
def test_limit_of_any_unit_is_round(largest: float, expected: float) -> None:
    matrix = pd.DataFrame([[99.0, -largest], [largest, np.nan]])
    assert common_limit([matrix], bounded=False) == pytest.approx(expected, rel=1e-12)


def test_limit_of_correlations_is_between_a_third_and_one() -> None:
    for largest, expected in ((0.01, 0.3), (0.64, 0.7), (2.0, 1.0)):
        assert common_limit([pd.DataFrame([[1.0, largest], [largest, 1.0]])]) == expected
    assert common_limit([]) == 0.3
    assert common_limit([], bounded=False) == 1.0


def test_numbers_have_decimals_for_the_scale_and_a_true_minus() -> None:
    assert CellNumbers.of(0.7).text(-0.314) == "\u2212.31"
    assert CellNumbers.of(0.7).text(-0.001) == ".00"
    assert CellNumbers.of(2.0).text(1.234) == "1.23"
    assert CellNumbers.of(20.0).text(10.04) == "10.0"
    assert CellNumbers.of(500.0).text(-123.4) == "\u2212123"
    assert CellNumbers.of(0.15).text(0.0312) == ".031"
    assert CellNumbers.of(5e-6).text(3.14e-6) == "3.1"
    assert CellNumbers.of(5e-6).label("arbitrary unit") == "10⁻⁶ arbitrary unit"
    assert CellNumbers.of(2000.0).label("") == "10³"
    assert CellNumbers.of(0.3).label("r") == "r"


def test_missing_cells_and_the_diagonal_are_blank() -> None:
    names = ["a", "b", "c"]
    matrix = pd.DataFrame([[1.0, 0.25, np.nan], [-0.5, 1.0, 0.1], [0.2, 0.3, 1.0]], names, names)
    numbers = [each for each in _texts(_draw(matrix, 0.9)) if each.lstrip("\u2212")[0] == "."]
    cells = [".25", "\u2212.50", ".10", ".20", ".30"]
    assert sorted(numbers) == sorted([*cells, ".9", "\u2212.9", ".45", "\u2212.45"])


def test_missing_cells_have_a_stroke_and_the_diagonal_has_none() -> None:
    names = ["a", "b", "c"]
    whole = pd.DataFrame(np.full((3, 3), 0.5), names, names)
    broken = whole.copy()
    broken.iloc[0, 2] = broken.iloc[2, 0] = np.nan
    for directed in (False, True):
        strokes = [
            _draw(each, 0.9, directed=directed).count("stroke: #c9d0d6") for each in (whole, broken)
        ]
        assert strokes[1] - strokes[0] == 2


def test_directed_matrix_names_its_seeds_targets_and_unit() -> None:
    matrix = pd.DataFrame([[9.0, 0.25], [0.5, 9.0], [0.1, 0.2]], ["a", "b", "c_c"], ["a", "b"])
    texts = _texts(_draw(matrix, 0.9, directed=True, label="Fisher z"))
    for word in ("seed", "target", "Fisher z", "c c", ".10", ".20", ".25", ".50"):
        assert texts.count(word) == 1, word
    assert texts.count("a") == texts.count("b") == 2
    # Cells of a region with itself are blank also where seeds stand in another order.
    turned = _texts(_draw(matrix.iloc[::-1], 0.5, directed=True))
    assert "9.00" not in turned
    assert {".10", ".20", ".25", ".50"} <= set(turned)
    assert "seed" not in _texts(_draw(matrix.iloc[:2], 0.5))


def test_small_values_are_shown_with_a_power_of_ten() -> None:
    matrix = pd.DataFrame([[0.0, 3.14e-6], [-2.0e-6, 0.0]], ["a", "b"], ["a", "b"])
    texts = _texts(_draw(matrix, common_limit([matrix], bounded=False), label="arbitrary unit"))
    assert "10⁻⁶ arbitrary unit" in texts
    assert {"3.1", "\u22122.0", "4", "\u22122"} <= set(texts)


def test_numbers_shrink_until_they_fit() -> None:
    wide = np.array([-0.123, np.nan])
    at_large, at_small = (number_font(wide, limit=0.05, cell=cell) for cell in (60.0, 30.0))
    assert at_large == 8.0
    # A minus, a point and three digits: .84 + .32 + 3 x .64 of the type's height.
    assert at_small == pytest.approx(0.75 * 0.92 * 30 / 3.08)


def test_one_region_long_names_and_hostile_letters() -> None:
    assert "amygdala" in _draw(pd.DataFrame([[1.0]], ["amygdala"], ["amygdala"]), 1.0)
    names = ["größe_<b>$x$", "a_very_long_name_of_a_region_left"]
    markup = _draw(pd.DataFrame(np.eye(2), names, names), 1.0, directed=True)
    assert "größe &lt;b&gt;$x$" in markup
    assert _texts(markup).count("a very long …gion left") == 2


def test_large_matrix_is_pixels_on_white() -> None:
    matrix = pd.DataFrame(np.full((50, 50), 0.5))
    markup = _draw(matrix, 0.5, directed=True, label="Fisher z")
    content = re.search(r"base64,([^\"]*)", markup).group(1)
    picture = Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")
    assert picture.getpixel((1, 1)) == (255, 255, 255)
    red, green, blue = picture.getpixel((picture.width // 2, picture.height // 4))
    assert red > 90 > green
    assert blue < 60
    assert len(value_palette()) <= 256
