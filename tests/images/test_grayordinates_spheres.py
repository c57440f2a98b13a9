"""Spheres of the cortex on a made midthickness."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.gifti import GiftiDataArray, GiftiImage

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.images.grayordinates import N_VERTICES, read_grayordinates
from bids_ketamine.images.grayordinates_91k import STRUCTURES
from bids_ketamine.images.surface_spheres import read_midthickness, surface_sphere
from tests.cifti_files import standard_axis


@pytest.fixture(scope="module")
def points():
    """Vertices of a half sphere of 70 mm on the left, by the golden angle."""
    number = np.arange(N_VERTICES) + 0.5
    x, turn = number / N_VERTICES, np.pi * (1 + 5**0.5) * number
    wide = np.sqrt(1 - x**2)
    left = -np.abs(np.column_stack([x, 0 * x, 0 * x]))
    return 70 * (left + np.column_stack([0 * x, wide * np.cos(turn), wide * np.sin(turn)]))


@pytest.fixture(scope="module")
def series():
    return read_grayordinates(standard_axis().to_mapping(1), Path("a.dtseries.nii"))


def write(path, points):
    array = GiftiDataArray(points.astype(np.float32), intent="NIFTI_INTENT_POINTSET")
    nib.save(GiftiImage(darrays=[array]), path)
    return path


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory, points):
    folder = tmp_path_factory.mktemp("made")
    left = write(folder / "tpl-fsLR_den-32k_hemi-L_midthickness.surf.gii", points)
    right = write(folder / "tpl-fsLR_den-32k_hemi-R_midthickness.surf.gii", points * [-1, 1, 1])
    return left, right


def test_vertices_within_the_radius(surfaces, series, points):
    midthickness = read_midthickness(*surfaces)
    np.testing.assert_allclose(midthickness.left, points, atol=1e-5)
    centres = [points[1000], points[1000] * [-1, 1, 1]]
    region = surface_sphere("sgACC", centres, 5.0, midthickness, series, origin="spheres")
    near = np.flatnonzero(np.linalg.norm(points - points[1000], axis=1) <= 5.0)
    assert len(near) > 20
    n_left = STRUCTURES["CORTEX_LEFT"]
    # At the midline, the sphere of one side reaches over to the other.
    other = np.flatnonzero(np.linalg.norm(points - points[1000] * [-1, 1, 1], axis=1) <= 5.0)
    both = np.union1d(near, other)
    assert region.columns.tolist() == [*both, *(n_left + both)]
    assert region.n_grayordinates == 2 * len(both)
    assert (region.problem, region.origin) == ("", "spheres")


def test_no_vertex_near_is_told(surfaces, series):
    region = surface_sphere("x", [(0, 0, 0)], 5.0, read_midthickness(*surfaces), series)
    assert region.problem == "no vertex of the cortex lies within 5 mm of its centre"


def test_the_medial_wall_has_no_series(surfaces, series, points):
    wall = points[-1]  # the made wall has the highest numbers
    region = surface_sphere("x", [wall], 3.0, read_midthickness(*surfaces), series)
    assert region.problem == "it lies on the medial wall"
    assert region.n_grayordinates > 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda points: points * [-1, 1, 1], "left hemisphere lies on the right"),
        (lambda points: points[:10_242], "points of the shape (10242, 3), not (32492, 3)"),
        (lambda points: points * 1000, "vertices far outside the head"),
    ],
)
def test_other_surfaces_are_refused(tmp_path, surfaces, points, change, sentence):
    left = write(tmp_path / "left.surf.gii", change(points))
    with pytest.raises(InputDataError) as caught:
        read_midthickness(left, surfaces[1])
    assert sentence in str(caught.value)


def test_a_participants_own_surface_is_refused(surfaces):
    with pytest.raises(InputDataError, match="those of their own anatomy"):
        read_midthickness(
            Path("sub-01_hemi-L_space-fsLR_den-32k_midthickness.surf.gii"), surfaces[1]
        )


def test_damage_is_told(tmp_path, surfaces):
    with pytest.raises(InputMissingError, match="The surface does not exist"):
        read_midthickness(tmp_path / "none.surf.gii", surfaces[1])
    content = surfaces[0].read_bytes()
    (tmp_path / "cut.surf.gii").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputDataError, match="The surface is damaged, or no GIFTI file"):
        read_midthickness(tmp_path / "cut.surf.gii", surfaces[1])
    (tmp_path / "text.surf.gii").write_text("no surface")
    with pytest.raises(InputDataError, match="The surface is damaged, or no GIFTI file"):
        read_midthickness(tmp_path / "text.surf.gii", surfaces[1])
