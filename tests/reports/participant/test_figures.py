"""What pictures are made from."""

from __future__ import annotations

import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.design import column_groups, design_figure
from bids_ketamine.reports.figures.maps import color_limit, map_figure, read_map
from bids_ketamine.reports.figures.matrix import common_limit
from bids_ketamine.reports.figures.quality import quality_figure


def _map(folder: Path, values: np.ndarray, affine: np.ndarray) -> Path:
    path = folder / "map.nii.gz"
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def test_largest_t_and_its_place_whatever_the_orientation(tmp_path: Path) -> None:
    values = np.zeros((5, 6, 7), dtype=np.float32)
    values[1, 2, 3], values[4, 5, 6] = 8.5, -9.0
    affine = np.diag([-3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = [30, -20, -10]
    stat_map = read_map(_map(tmp_path, values, affine))
    assert stat_map.n_voxels == 2
    assert stat_map.largest() == (8.5, (27, -14, -1))


def test_map_without_values_is_drawn_and_has_no_largest(tmp_path: Path) -> None:
    stat_map = read_map(_map(tmp_path, np.full((4, 4, 4), np.nan), np.eye(4)))
    assert stat_map.largest() is None
    assert color_limit([stat_map]) == 5.0
    assert map_figure(stat_map, mni=False, limit=4.0, description="x").startswith("<img")


def test_map_of_four_dimensions_is_refused(tmp_path: Path) -> None:
    path = _map(tmp_path, np.zeros((2, 2, 2, 3)), np.eye(4))
    with pytest.raises(ValueError, match="three dimensions"):
        read_map(path)


def test_colour_scale_serves_all_maps_and_matrices(tmp_path: Path) -> None:
    values = np.zeros((10, 10, 10), dtype=np.float32)
    values[:5] = -11.2
    stat_map = read_map(_map(tmp_path, values, np.eye(4)))
    assert color_limit([stat_map]) == 12.0
    small = pd.DataFrame([[1.0, 0.1], [0.1, 1.0]])
    large = pd.DataFrame([[1.0, -0.64], [-0.64, 1.0]])
    assert common_limit([small]) == 0.3
    assert common_limit([small, large]) == 0.7


def test_column_groups_keep_short_runs_apart() -> None:
    assert column_groups(["constant", "csf", "a_1", "a_2", "a_3", "b_1", "b_2", "b_3", "b_4"]) == [
        ("constant", 0, 0),
        ("csf", 1, 1),
        ("a_1", 2, 2),
        ("a_2", 3, 3),
        ("a_3", 4, 4),
        ("b × 4", 5, 8),
    ]


def test_labels_are_text_and_dollars_are_dollars() -> None:
    design = pd.DataFrame({"a$b$<i>": [0.0, 1.0], "constant": [1.0, 1.0]})
    markup = str(design_figure(design, conditions=["a$b$<i>"], name="x y", description='"q"'))
    assert "a$b$&lt;i&gt;" in markup
    assert 'aria-label="&#34;q&#34;"' in markup
    identifiers = re.findall(r'\bid="([^"]*)"', markup)
    assert identifiers
    assert all(each.startswith("x-y-") for each in identifiers)
    used = re.findall(r"url\(#([^)]*)\)", markup) + re.findall(r'href="#([^"]*)"', markup)
    assert set(used) <= set(identifiers)


@pytest.mark.parametrize("columns", [[], ["framewise_displacement"], ["std_dvars", "outlier"]])
def test_quality_without_some_columns(columns: list[str]) -> None:
    quality = pd.DataFrame({name: [np.nan, 0.2, 1.0] for name in columns}, index=range(3))
    markup = quality_figure(
        quality, framewise_displacement=0.5, std_dvars=None, name="q", description="q"
    )
    assert markup.startswith("<svg")


def test_arms_differ_in_colour_and_in_marker() -> None:
    styles = arm_styles(["a", "b", "c", "d"])
    assert len({style.color for style in styles.values()}) == 5
    assert len({styles[arm].marker for arm in "abcd"}) == 4
