"""Dissimilarity matrices of several regions."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.dissimilarity import dissimilarity_figure

TYPES = ["fearful", "happy", "neutral_face"]


def _matrix(values: list[float], types: list[str] = TYPES) -> pd.DataFrame:
    array = np.zeros((len(types), len(types)))
    array[np.triu_indices(len(types), 1)] = values
    return pd.DataFrame(array + array.T, types, types)


def _draw(matrices: dict[str, pd.DataFrame], **words: object) -> str:
    return str(dissimilarity_figure(matrices, name="r", description="d", **words))


def _texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def test_cells_hold_numbers_of_both_signs_and_the_diagonal_none() -> None:
    texts = _texts(_draw({"amygdala": _matrix([0.31, -0.12, 0.07])}))
    for number in (".31", "\u2212.12", ".07"):
        assert texts.count(number) == 2  # both sides of the diagonal
    assert ".00" not in texts
    assert texts.count("amygdala") == 1
    assert "squared distance / voxel" in texts


def test_zero_is_in_the_middle_of_one_scale_for_all() -> None:
    matrices = {"a": _matrix([0.01, 0.02, 0.03]), "b": _matrix([0.5, -0.1, 0.2])}
    texts = _texts(_draw(matrices))
    assert {"\u2212.5", "\u2212.25", "0", ".25", ".5"} <= set(texts)
    shared = _texts(_draw({"a": matrices["a"]}, limit=0.8, label="own unit"))
    assert {"\u2212.8", ".8", "own unit"} <= set(shared)


def test_missing_cells_have_a_stroke_and_no_number() -> None:
    whole, broken = _matrix([0.31, 0.12, 0.07]), _matrix([np.nan, 0.12, 0.07])
    assert ".31" not in _texts(_draw({"a": broken}))
    strokes = [_draw({"a": each}, limit=1.0).count("stroke: #c9d0d6") for each in (whole, broken)]
    assert strokes[1] - strokes[0] == 2
    texts = _texts(_draw({"a": whole, "b": whole * np.nan}))
    assert texts.count("no values") == 1
    assert texts.count(".31") == 2
    assert _texts(_draw({"a": whole * np.nan})).count("no values") == 1


@pytest.mark.parametrize(
    ("n_regions", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (4, 2, 2), (6, 3, 2), (12, 3, 4)]
)
def test_trial_types_are_named_once_for_each_row_and_column(
    n_regions: int, columns: int, rows: int
) -> None:
    texts = _texts(_draw({f"r{at}": _matrix([0.1, 0.2, 0.3]) for at in range(n_regions)}))
    assert texts.count("neutral face") == columns + rows
    assert [texts.count(f"r{at}") for at in range(n_regions)] == [1] * n_regions


def test_short_last_row_leaves_names_below_every_column() -> None:
    texts = _texts(_draw({f"r{at}": _matrix([0.1, 0.2, 0.3]) for at in range(5)}))
    assert texts.count("happy") == 3 + 2


def test_eight_trial_types_have_colours_alone() -> None:
    types = [f"größe_{at}" for at in range(8)]
    values = np.linspace(-0.1, 0.9, 28)
    texts = _texts(_draw({"a": _matrix(list(values), types)}, limit=1.0))
    assert not [each for each in texts if re.fullmatch(r"\u2212?\.\d\d", each)]
    assert texts.count("größe 7") == 2
    six = _texts(_draw({"a": _matrix(list(values[:15]), types[:6])}, limit=1.0))
    assert six.count(".42") == 2


def test_regions_with_other_trial_types_share_all_of_them() -> None:
    other = _matrix([0.4], ["happy", "angry"])
    texts = _texts(_draw({"a": _matrix([0.1, 0.2, 0.3]), "b": other}))
    assert texts.count("angry") == 2 + 1
    assert texts.count(".40") == 2


def test_long_and_hostile_names() -> None:
    name = "a_region_with_a_very_long_name_on_the_left_<b>$"
    texts = _texts(_draw({name: _matrix([0.1], ["a$b$", "<i>"]), **{
        f"r{at}": _matrix([0.1], ["a$b$", "<i>"]) for at in range(5)}}))  # fmt: skip
    titles = [each for each in texts if each.startswith("a re")]
    assert len(titles) == 1
    assert titles[0].endswith("&lt;b&gt;$")
    assert len(titles[0]) < 36
    assert {"a$b$", "&lt;i&gt;"} <= set(texts)


def test_without_a_matrix_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no dissimilarity matrix"):
        _draw({})
