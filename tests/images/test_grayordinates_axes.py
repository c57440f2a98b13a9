"""Descriptions of axes parsed quickly are those of nibabel's parser."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from nibabel.cifti2 import Cifti2Header
from nibabel.cifti2.parse_cifti2 import Cifti2Parser

from bids_ketamine.images.cifti_axes import Vertices, Voxels, parse_axes
from bids_ketamine.images.cifti_files import UNREADABLE
from tests.cifti_files import standard_axis, tiny_axis, write_labels, write_series


def xml_of(path) -> bytes:
    return nib.load(path).header.to_xml()


def by_nibabel(xml: bytes):
    parser = Cifti2Parser()
    parser.parse(string=xml)
    return parser.header


@pytest.fixture(scope="module", params=["series", "labels", "tiny"])
def xml(request, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("axes") / "a.dtseries.nii"
    if request.param == "series":
        return xml_of(write_series(path, np.zeros((2, 91_282))))
    if request.param == "tiny":
        axis = tiny_axis()
        return xml_of(write_series(path, np.zeros((2, len(axis))), axis))
    path = path.with_name("a.dlabel.nii")
    return xml_of(write_labels(path, np.ones(91_282), {1: "<a>"}, standard_axis()))


def test_it_says_the_same_in_xml_and_as_arrays(xml):
    matrix, expected = parse_axes(xml), by_nibabel(xml)
    assert Cifti2Header(matrix).to_xml() == expected.to_xml()
    models = list(matrix.get_index_map(1).brain_models)
    for found, model in zip(models, expected.matrix.get_index_map(1).brain_models, strict=True):
        if model.vertex_indices is None:
            assert isinstance(found.voxel_indices_ijk, Voxels)
            assert found.vertex_indices is None
            np.testing.assert_array_equal(
                np.array(found.voxel_indices_ijk), np.array(model.voxel_indices_ijk)
            )
            assert found.voxel_indices_ijk[0].tolist() == list(model.voxel_indices_ijk[0])
        else:
            assert isinstance(found.vertex_indices, Vertices)
            np.testing.assert_array_equal(
                np.array(found.vertex_indices), np.array(model.vertex_indices)
            )
            assert found.vertex_indices[0] == model.vertex_indices[0]
            assert len(found.vertex_indices) == len(model.vertex_indices)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<VertexIndices>0<", b"<VertexIndices>-1<"),
        (b"<VertexIndices>0<", b"<VertexIndices><![CDATA[0]]><"),
        (b"<VertexIndices>0<", b"<VertexIndices><!-- no --> 0 <"),
    ],
)
def test_what_is_written_otherwise_is_left_to_nibabel(old, new, tmp_path):
    axis = tiny_axis()
    xml = xml_of(write_series(tmp_path / "a.dtseries.nii", np.zeros((2, len(axis))), axis))
    assert old in xml
    odd = xml.replace(old, new, 1)
    assert Cifti2Header(parse_axes(odd)).to_xml() == by_nibabel(odd).to_xml()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<VertexIndices>0<", b"<VertexIndices>0 x<"),
        (b"<VertexIndices>0<", b"<VertexIndices>0"),
        (b"</VoxelIndicesIJK>", b" 7</VoxelIndicesIJK>"),
        (b"</CIFTI>", b""),
    ],
)
def test_damaged_descriptions_raise_what_readers_expect(old, new, tmp_path):
    axis = tiny_axis()
    xml = xml_of(write_series(tmp_path / "a.dtseries.nii", np.zeros((2, len(axis))), axis))
    assert old in xml
    with pytest.raises(UNREADABLE):
        parse_axes(xml.replace(old, new, 1))
