"""Grayordinates that are not the standard 91,282, and those that cannot be."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_series import open_dense_series
from bids_ketamine.images.grayordinates import AFFINE, MIRRORED, read_grayordinates
from bids_ketamine.images.grayordinates_91k import STRUCTURES, require_91k
from tests.cifti_files import (
    joined,
    standard_axis,
    structure_axis,
    structure_voxels,
    tiny_axis,
    whole_surfaces,
    write_series,
)

ATLASES = Path(__file__).parents[3] / "shared/data/atlases"


def told(tmp_path, axis):
    """Return what is said of a series on some grayordinates."""
    path = write_series(tmp_path / "a.dtseries.nii", np.ones((2, len(axis))), axis)
    with pytest.raises(InputDataError) as caught:
        open_dense_series(path, t_r=2.0)
    assert caught.value.path == path
    return str(caught.value)


def test_a_volume_that_counts_x_to_the_right_is_the_same_volume():
    mirrored = [
        structure_axis(name, affine=MIRRORED, voxels=np.array([[90, 0, 0]]) + voxels * [-1, 1, 1])
        for name, voxels in structure_voxels().items()
    ]
    axis = joined([structure_axis("CORTEX_LEFT"), structure_axis("CORTEX_RIGHT"), *mirrored])
    found = read_grayordinates(axis.to_mapping(1), Path("a.dtseries.nii"))
    require_91k(found, Path("a.dtseries.nii"))
    points = found.voxels[-1] @ found.affine[:3, :3].T + found.affine[:3, 3]
    expected = structure_voxels()["THALAMUS_RIGHT"][-1] @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    np.testing.assert_allclose(points, expected)


@pytest.mark.parametrize(
    ("axis", "sentence"),
    [
        (
            lambda: tiny_axis(["CORTEX_RIGHT", "CORTEX_LEFT", *list(STRUCTURES)[2:]]),
            "its structures are in another order: number 1 is CORTEX_RIGHT, not CORTEX_LEFT.",
        ),
        (
            lambda: tiny_axis([*list(STRUCTURES)[:4], "AMYGDALA_RIGHT", "AMYGDALA_LEFT"]),
            "BRAIN_STEM, CAUDATE_LEFT, CAUDATE_RIGHT, CEREBELLUM_LEFT and 11 more are missing.",
        ),
        (
            lambda: tiny_axis([name for name in STRUCTURES if name != "PALLIDUM_LEFT"]),
            "PALLIDUM_LEFT is missing.",
        ),
        (
            lambda: tiny_axis(n_vertices=59_292),
            "the surface of CORTEX_LEFT has 59,292 vertices (59k), not 32,492 (32k).",
        ),
        (
            lambda: tiny_axis(n_vertices=10_242),
            "the surface of CORTEX_LEFT has 10,242 vertices, not 32,492 (32k).",
        ),
        (
            # The affine of one orientation with the indices of the other.
            lambda: tiny_axis(affine=MIRRORED),
            "left and right are swapped: the middle of ACCUMBENS_LEFT lies at x = 4 mm.",
        ),
        (
            lambda: tiny_axis(affine=AFFINE + np.outer([0, 0.5, 0, 0], [0, 0, 0, 1])),
            "its volume has 91 x 109 x 91 voxels of 2 x 2 x 2 mm from (90, -125.5, -72), not the "
            "91 x 109 x 91 voxels of 2 mm from (90, -126, -72) of MNI152NLin6Asym.",
        ),
        (tiny_axis, "CORTEX_LEFT has 1 vertices, not 29,696."),
    ],
)
def test_other_grayordinates_are_refused(tmp_path, axis, sentence):
    message = told(tmp_path, axis())
    assert sentence in message
    assert "are not the standard 91,282 (den-91k)" in message
    assert "wb_command -cifti-create-dense-from-template" in message


def test_the_medial_wall_must_be_taken_out(tmp_path):
    subcortical = [structure_axis(name) for name in list(STRUCTURES)[2:]]
    axis = joined([whole_surfaces(), *subcortical])
    assert (
        "The 96,854 grayordinates are not the standard 91,282 (den-91k): the medial wall was not "
        "taken out: CORTEX_LEFT has all of its 32,492 vertices, not 29,696."
    ) in told(tmp_path, axis)


def test_swapped_hemispheres_are_told_by_their_numbers_of_vertices():
    axis = standard_axis()
    index_map = axis.to_mapping(1)
    left, right = list(index_map.brain_models)[:2]
    left.brain_structure, right.brain_structure = right.brain_structure, left.brain_structure
    left.index_offset, right.index_offset = right.index_count, 0
    found = read_grayordinates(index_map, Path("a.dtseries.nii"))
    assert [each.size for each in found.structures[:2]] == [29_716, 29_696]
    with pytest.raises(InputDataError, match="CORTEX_LEFT has the 29,716 vertices of the right"):
        require_91k(found, Path("a.dtseries.nii"))


def test_places_that_overlap_are_damage():
    index_map = tiny_axis().to_mapping(1)
    list(index_map.brain_models)[3].index_offset = 2
    with pytest.raises(InputDataError, match="their places overlap or leave some out"):
        read_grayordinates(index_map, Path("a.dtseries.nii"))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("vertex_indices", [32_492], "CORTEX_LEFT has some outside its surface"),
        ("surface_number_of_vertices", None, "their description is not complete"),
        ("index_count", 2, "CORTEX_LEFT claims 2 and lists 1"),
    ],
)
def test_vertices_that_cannot_be_are_damage(name, value, sentence):
    index_map = tiny_axis().to_mapping(1)
    model = next(index_map.brain_models)
    if name == "vertex_indices":
        model.vertex_indices[0] = value[0]
    else:
        setattr(model, name, value)
    with pytest.raises(InputDataError, match=sentence):
        read_grayordinates(index_map, Path("a.dtseries.nii"))


@pytest.mark.skipif(not ATLASES.is_dir(), reason="needs the reference data")
def test_the_standard_of_a_real_file():
    path = ATLASES / "tian2020/Gordon333.32k_fs_LR_Tian_Subcortex_S2.dlabel.nii"
    index_map = nib.load(path).header.matrix.get_index_map(1)
    found = read_grayordinates(index_map, path)
    require_91k(found, path)
    gordon = ATLASES / "gordon333/atlas-Gordon_space-fsLR_den-32k_dseg.dlabel.nii"
    index_map = nib.load(gordon).header.matrix.get_index_map(1)
    whole = read_grayordinates(index_map, gordon)
    with pytest.raises(InputDataError, match="64,984 grayordinates are not the standard 91,282"):
        require_91k(whole, gordon)
