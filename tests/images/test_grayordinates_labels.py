"""Atlases on grayordinates, matched vertex by vertex and voxel by voxel."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.cifti2 import BrainModelAxis, LabelAxis

from bids_ketamine.dataset.tsv import read_table
from bids_ketamine.errors import InputDataError
from bids_ketamine.images.cifti_labels import columns_in_series, label_regions, read_dense_labels
from bids_ketamine.images.grayordinates import (
    AFFINE,
    MIRRORED,
    N_VERTICES,
    SHAPE,
    read_grayordinates,
)
from bids_ketamine.images.grayordinates_91k import STRUCTURES
from tests.cifti_files import (
    PREFIX,
    joined,
    standard_axis,
    structure_voxels,
    tiny_axis,
    whole_surfaces,
    write_labels,
    write_series,
)

ATLASES = Path(__file__).parents[3] / "shared/data/atlases"
GORDON = ATLASES / "gordon333/atlas-Gordon_space-fsLR_den-32k_dseg.dlabel.nii"
TIAN = ATLASES / "tian2020/Gordon333.32k_fs_LR_Tian_Subcortex_S2.dlabel.nii"
needs_atlases = pytest.mark.skipif(not ATLASES.is_dir(), reason="needs the reference data")


@pytest.fixture(scope="module")
def series():
    """The standard grayordinates."""
    return read_grayordinates(standard_axis().to_mapping(1), Path("a.dtseries.nii"))


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    """Three areas on whole surfaces; one on the medial wall, one partly."""
    keys = np.zeros(2 * N_VERTICES)
    keys[10:20] = 1
    keys[29_690:29_700] = 2  # the wall starts at 29,696 on the left
    keys[30_000:30_005] = 3
    keys[N_VERTICES + 7 : N_VERTICES + 9] = 1
    path = tmp_path_factory.mktemp("made") / "a.dlabel.nii"
    return write_labels(path, keys, {1: "L_A", 2: "None", 3: "wall", 4: "empty"}, whole_surfaces())


def told(path, **options):
    with pytest.raises(InputDataError) as caught:
        read_dense_labels(path, **options)
    return str(caught.value)


def test_labels_are_matched_vertex_by_vertex(atlas, series):
    labels = read_dense_labels(atlas)
    wanted = {"a": [1], "none": [2], "wall": [3], "empty": [4], "all": [2, 1]}
    regions, notes = label_regions(labels, wanted, series)
    a, none, wall, empty, every = regions
    left = STRUCTURES["CORTEX_LEFT"]
    assert a.columns.tolist() == [*range(10, 20), left + 7, left + 8]
    assert (a.n_grayordinates, a.problem, a.origin) == (12, "", "a.dlabel.nii: L_A")
    assert none.columns.tolist() == list(range(29_690, 29_696))
    assert none.coverage(np.ones(91_282, dtype=bool)) == 0.6
    assert wall.problem == "the series has none of its grayordinates"
    assert empty.problem == "the atlas has no grayordinate of it"
    assert every.columns.tolist() == sorted([*a.columns, *none.columns])
    assert notes == (
        "a.dlabel.nii: 9 of its 27 labelled grayordinates are not among those of the series",
    )


def test_the_label_none_is_a_name(atlas):
    assert read_dense_labels(atlas).names == {1: "L_A", 2: "None", 3: "wall", 4: "empty"}


def test_the_order_of_vertices_and_hemispheres_does_not_matter(tmp_path, series):
    right = BrainModelAxis.from_surface(np.array([9, 4]), N_VERTICES, PREFIX + "CORTEX_RIGHT")
    left = BrainModelAxis.from_surface(np.array([5, 3, 4]), N_VERTICES, PREFIX + "CORTEX_LEFT")
    axis = joined([right, left])
    names = {key: f"area {key}" for key in range(1, 6)}
    path = write_labels(tmp_path / "a.dlabel.nii", [1, 2, 3, 4, 5], names, axis)
    labels = read_dense_labels(path)
    columns = columns_in_series(labels, series)
    n_left = STRUCTURES["CORTEX_LEFT"]
    vertex = labels.grayordinates.vertices
    assert columns.tolist() == [n_left + vertex[0], n_left + vertex[1], *vertex[2:]]


def test_voxels_are_matched_by_their_centres(tmp_path, series):
    """An atlas whose volume counts x to the right, in a smaller box, in another order."""
    names = ["THALAMUS_LEFT", "AMYGDALA_RIGHT"]
    parts = []
    corner = np.array([5, 3, 2])
    affine = MIRRORED.copy()
    affine[:3, 3] += 2 * corner
    for name in names:
        voxels = structure_voxels()[name][::-1]
        moved = np.array([90, 0, 0]) + voxels * [-1, 1, 1] - corner
        shape = tuple((np.array(SHAPE) - corner).tolist())
        parts.append(BrainModelAxis(PREFIX + name, voxel=moved, affine=affine, volume_shape=shape))
    axis = joined(parts)
    keys = [1] * STRUCTURES[names[0]] + [2] * STRUCTURES[names[1]]
    path = write_labels(tmp_path / "a.dlabel.nii", keys, {1: "thal", 2: "amy"}, axis)
    regions, notes = label_regions(read_dense_labels(path), {"t": [1], "a": [2]}, series)
    for region, name in zip(regions, names, strict=True):
        structure = next(each for each in series.structures if each.name == name)
        assert region.columns.tolist() == list(
            range(structure.columns.start, structure.columns.stop)
        )
    assert notes == ()


def test_voxels_between_those_of_the_series_are_refused(tmp_path, series):
    affine = AFFINE.copy()
    affine[0, 3] += 1
    axis = tiny_axis(["AMYGDALA_LEFT"], affine=affine)
    path = write_labels(tmp_path / "a.dlabel.nii", [1], {1: "amy"}, axis)
    with pytest.raises(InputDataError, match="lie on another grid than those of the series"):
        label_regions(read_dense_labels(path), {"a": [1]}, series)


def test_another_density_is_refused(tmp_path, series):
    axis = tiny_axis(["CORTEX_LEFT"], n_vertices=163_842)
    path = write_labels(tmp_path / "a.dlabel.nii", [1], {1: "v"}, axis)
    with pytest.raises(InputDataError) as caught:
        label_regions(read_dense_labels(path), {"a": [1]}, series)
    assert (
        "The atlas lies on a surface of 163,842 vertices a hemisphere (164k), the series on one of "
        "32,492 vertices a hemisphere (32k): their vertices are not the same."
    ) in str(caught.value)


def test_a_label_that_the_atlas_does_not_have(atlas, series):
    with pytest.raises(InputDataError, match="The atlas has no label 77"):
        label_regions(read_dense_labels(atlas), {"a": [1, 77]}, series)


def test_values_that_are_no_keys(tmp_path):
    axis = tiny_axis()
    path = write_labels(tmp_path / "a.dlabel.nii", [1.5] * len(axis), {1: "a"}, axis)
    assert "values between whole numbers, which are no labels" in told(path)
    keys = [1, 7, 9] + [1] * (len(axis) - 3)
    path = write_labels(tmp_path / "b.dlabel.nii", keys, {1: "a"}, axis)
    assert "holds 2 labels that its table does not name: 7, 9." in told(path)


def test_one_of_several_maps_must_be_named(tmp_path):
    axis, colour = tiny_axis(), (1.0, 1.0, 1.0, 1.0)
    names = [{0: ("???", colour), key: ("x", colour)} for key in (1, 2)]
    values = np.array([[1.0] * len(axis), [2.0] * len(axis)], dtype=np.float32)
    image = nib.Cifti2Image(values, header=(LabelAxis(["first", "second"], names), axis))
    nib.save(image, tmp_path / "a.dlabel.nii")
    assert "The atlas has 2 maps (`first`, `second`)." in told(tmp_path / "a.dlabel.nii")
    assert "none is `third`" in told(tmp_path / "a.dlabel.nii", map_name="third")
    labels = read_dense_labels(tmp_path / "a.dlabel.nii", map_name="second")
    assert (labels.keys == 2).all()
    assert labels.names == {2: "x"}


def test_a_series_is_no_atlas(tmp_path):
    path = write_series(tmp_path / "a.dtseries.nii", np.ones((3, 21)), tiny_axis())
    assert (
        "The CIFTI file is no atlas: its axes hold a series and grayordinates, not maps of labels"
    ) in told(path)


@needs_atlases
def test_gordon_as_the_user_has_it():
    """64,984 vertices and 334 entries; every parcel lies outside the medial wall."""
    gordon = read_dense_labels(GORDON)
    assert len(gordon.names) == 333
    assert gordon.names[1] == "Parcel_1"
    real = read_dense_labels(TIAN).grayordinates
    regions, notes = label_regions(gordon, {n: [k] for k, n in gordon.names.items()}, real)
    assert notes == ()
    assert all(len(region.columns) == region.n_grayordinates > 0 for region in regions)
    assert sum(len(region.columns) for region in regions) == int((gordon.keys > 0).sum())
    # Tian's combination has the same parcels from key 33 on.
    other = read_dense_labels(TIAN)
    assert len(other.names) == 365
    for region in (regions[0], regions[200], regions[332]):
        keys = np.unique(other.keys[region.columns])
        assert len(keys) == 1
        assert int((other.keys == keys[0]).sum()) == len(region.columns)


@needs_atlases
def test_the_communities_of_gordon_name_every_parcel():
    """The table beside it: 47 parcels are of the community `None`, which is a name."""
    table = read_table(GORDON.with_name("atlas-Gordon_dseg.tsv"))
    index, parcel, community = (
        table.position(name) for name in ("index", "cifti_label", "network_label")
    )
    names = read_dense_labels(GORDON).names
    assert {int(row[index]): row[parcel] for row in table.rows} == dict(names)
    assert sum(row[community] == "None" for row in table.rows) == 47
