"""Maps on the cortex: values where they belong, small and quick."""

from __future__ import annotations

import base64
import io
import re
import time

import numpy as np
import pytest
from PIL import Image

from bids_ketamine.reports.figures.color_scale import ColorScale
from bids_ketamine.reports.figures.maps import StatMap
from bids_ketamine.reports.figures.surface import (
    SIDES,
    fsaverage5,
    points_on_surface,
    surface_figure,
    volume_on_surface,
)

SCALE = ColorScale("z", 0.5, 0.1, signed=True)


@pytest.fixture(scope="module")
def ramp() -> StatMap:
    """A volume whose value is the height in mm over 100, and nothing right of x = 40."""
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = (-90, -120, -80)
    x, _, z = np.meshgrid(*map(np.arange, (46, 56, 45)), indexing="ij")
    values = (4.0 * z - 80) / 100
    return StatMap(np.where(4.0 * x - 90 <= 40, values, np.nan), affine)


def test_mesh_is_whole_and_has_a_medial_wall() -> None:
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        mesh = fsaverage5(side)
        assert mesh.pial.shape == (10242, 3)
        assert mesh.faces.shape == (20480, 3)
        assert np.sign(mesh.pial[:, 0].mean()) == sign
        assert 0.03 < 1 - mesh.cortex.mean() < 0.12


def test_volume_is_sampled_in_the_middle_of_the_cortex(ramp: StatMap) -> None:
    found = volume_on_surface(ramp)
    mesh = fsaverage5("left")
    known = np.isfinite(found["left"])
    assert known.sum() == mesh.cortex.sum()
    assert found["left"][known] == pytest.approx(mesh.middle[known, 2] / 100, abs=1e-9)
    right = fsaverage5("right").middle[:, 0]
    assert np.isnan(found["right"][right > 44]).all()
    inner = fsaverage5("right").cortex & (right < 36)
    assert np.isfinite(found["right"][inner]).all()


def test_points_give_their_value_to_what_is_near() -> None:
    points = {side: fsaverage5(side).middle[::5] + 0.5 for side in SIDES}
    values = {side: points[side][:, 1] for side in SIDES}
    found = points_on_surface(points, values)
    mesh = fsaverage5("right")
    near = np.isfinite(found["right"])
    assert not near[~mesh.cortex].any()
    assert near.sum() > 0.98 * mesh.cortex.sum()
    assert np.abs(found["right"][near] - mesh.middle[near, 1]).max() < 6.0
    far = {side: points[side] + 300.0 for side in SIDES}
    assert np.isnan(points_on_surface(far, values)["left"]).all()


def test_picture_is_small_and_white_with_both_signs(ramp: StatMap) -> None:
    values = volume_on_surface(ramp)
    surface_figure(values, scale=SCALE, description="d")
    start = time.perf_counter()
    markup = str(surface_figure(values, scale=SCALE, description="<b>z</b>"))
    assert time.perf_counter() - start < 3.0
    assert len(markup) < 200_000
    assert 'alt="&lt;b&gt;z&lt;/b&gt;"' in markup
    content = base64.b64decode(re.search(r"base64,([^\"]*)", markup).group(1))
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert pixels[2, 2].tolist() == [255, 255, 255]
    upper, lower = pixels[40:110], pixels[150:230]
    assert ((upper[..., 0] - upper[..., 2]) > 80).sum() > 500  # red above
    assert ((lower[..., 2] - lower[..., 0]) > 40).sum() > 100  # blue below
