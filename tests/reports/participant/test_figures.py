"""What pictures are made from."""

from __future__ import annotations

import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.figures.collinearity import collinearity_figure
from bids_ketamine.reports.figures.color_scale import f_scale, t_scale
from bids_ketamine.reports.figures.design import column_groups, design_figure
from bids_ketamine.reports.figures.forest import Estimate, forest_figure
from bids_ketamine.reports.figures.glass import glass_figure, n_shown, projection
from bids_ketamine.reports.figures.maps import StatMap, map_figure, read_map
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
    scale = t_scale([stat_map.values])
    assert scale.limit == 5.0
    assert n_shown(stat_map, scale) == 0
    for mni in (False, True):
        assert map_figure(stat_map, mni=mni, scale=scale, description="x").startswith("<img")
        assert glass_figure(stat_map, mni=mni, scale=scale, description="x").startswith("<img")


def test_map_of_four_dimensions_is_refused(tmp_path: Path) -> None:
    path = _map(tmp_path, np.zeros((2, 2, 2, 3)), np.eye(4))
    with pytest.raises(ValueError, match="three dimensions"):
        read_map(path)


def test_colour_scale_serves_all_maps_and_matrices(tmp_path: Path) -> None:
    values = np.zeros((10, 10, 10), dtype=np.float32)
    values[:5] = -11.2
    stat_map = read_map(_map(tmp_path, values, np.eye(4)))
    assert t_scale([stat_map.values]).limit == 12.0
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


def test_scale_of_t_has_two_signs_and_fades_below_its_threshold() -> None:
    scale = t_scale([np.array([8.2, np.nan])])
    assert scale.limit == 9.0
    np.testing.assert_allclose(
        scale.opacity(np.array([0.0, -1.55, 3.1, -8.0])), [0.0, 0.25, 1.0, 1.0]
    )
    negative, nothing, positive = scale.colors(np.array([-6.0, 0.0, 6.0]))
    assert negative[2] > negative[0] + 0.2  # blue
    assert positive[0] > positive[2] + 0.2  # red
    assert np.ptp(nothing) < 0.02  # grey
    assert len(scale.palette()) <= 256


def test_scale_of_f_begins_at_zero_and_knows_no_negative_values() -> None:
    scale = f_scale([np.array([3.0, 40.2])], opaque_from=7.1)
    assert (scale.limit, scale.signed) == (41.0, False)
    np.testing.assert_array_equal(scale.colors(np.array([-5.0])), scale.colors(np.array([0.0])))
    assert f_scale([], opaque_from=7.1).limit == 15.0
    assert len(scale.palette()) <= 256


def test_blend_shows_the_ground_where_there_is_no_value() -> None:
    scale = t_scale([])
    values, ground = np.array([5.0, 5.0]), np.array([0.3, 0.3])
    blended = scale.blend(values, ground, np.array([0.0, 1.0]))
    np.testing.assert_allclose(blended[0], 0.3)
    np.testing.assert_allclose(blended[1], 0.08 * 0.3 + 0.92 * scale.colors(values)[1])


@pytest.mark.parametrize("along", [0, 1, 2])
def test_projection_keeps_the_largest_size_and_its_sign(along: int) -> None:
    values = np.full((3, 4, 5), np.nan)
    values[1, 2, 3], values[0, 2, 3], values[1, 0, 3], values[1, 2, 0] = -4.0, 3.0, 2.0, 1.0
    flat = projection(values, along)
    assert flat.shape == tuple(np.delete((3, 4, 5), along))
    assert flat[tuple(np.delete((1, 2, 3), along))] == -4.0
    assert np.isfinite(flat).sum() == 3


def test_glass_brain_counts_what_it_shows() -> None:
    values = np.full((4, 4, 4), np.nan)
    values[:2] = 1.0
    values[0, 0, 0], values[1, 1, 1], values[1, 2, 1] = 3.1, -6.0, 3.09
    assert n_shown(StatMap(values, np.eye(4)), t_scale([values])) == 2


def test_collinearity_shows_numbers_and_the_nuisance_beside() -> None:
    correlation = np.array([[1.0, -0.934], [-0.934, 1.0]])
    assert "\u2212.00" not in str(
        collinearity_figure(
            np.full((2, 2), -0.001), conditions=["a", "b"], nuisance={}, name="c", description="d"
        )
    )
    markup = str(
        collinearity_figure(
            correlation,
            conditions=["faces", "a<b>"],
            nuisance={"faces": ("csf", 0.512)},
            name="c",
            description="d",
        )
    )
    assert markup.count("\u2212.93") == 2  # both sides of the diagonal, which is blank
    assert "1.00" not in markup
    assert ".51" in markup
    assert ">csf<" in markup
    assert "a&lt;b&gt;" in markup


def test_collinearity_has_room_for_the_label_of_nuisance() -> None:
    def height(nuisance: dict[str, tuple[str, float]]) -> float:
        markup = str(
            collinearity_figure(
                np.eye(2), conditions=["a", "b"], nuisance=nuisance, name="c", description="d"
            )
        )
        return float(re.search(r'viewBox="[^"]* ([0-9.]+)"', markup).group(1))

    # 16 letters in place of one, 6.4 pixels each, of 96 an inch and in points of 72.
    assert height({"a": ("csf", 0.5)}) - height({}) == pytest.approx(15 * 6.4 * 0.75, abs=0.1)


@pytest.mark.parametrize("size", [1, 30])
def test_collinearity_of_any_size_keeps_the_ends_of_names(size: int) -> None:
    names = [f"condition_{at}_with_a_long_name" for at in range(size)]
    markup = str(
        collinearity_figure(np.eye(size), conditions=names, nuisance={}, name="c", description="d")
    )
    assert "largest nuisance" not in markup
    assert markup.count(">condition_0_…long_name<") == 2  # beside its row and below its column


def test_forest_names_its_arms_in_a_legend_when_asked() -> None:
    rows = [("amygdala", {"pre": Estimate(0.2, 0.1, 0.3), "post": Estimate(0.4, 0.2, 0.6)})]
    styles = dict(zip(("pre", "post"), arm_styles(["a", "b"]).values(), strict=False))
    common = {"styles": styles, "unit": "%", "limits": None, "name": "f", "description": "d"}
    assert ">post<" in str(forest_figure(rows, legend=True, **common))
    assert ">post<" not in str(forest_figure(rows, **common))
