"""Regions of a study on the grayordinates of CIFTI series."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.gifti import GiftiDataArray, GiftiImage

from bids_ketamine.errors import InputDataError, InputMissingError, UsageError
from bids_ketamine.images.grayordinates import AFFINE, N_VERTICES, SHAPE, read_grayordinates
from bids_ketamine.images.grayordinates_91k import STRUCTURES
from bids_ketamine.regions import templateflow
from bids_ketamine.regions.grayordinates import locate_grayordinate_regions
from bids_ketamine.regions.locate import locate_regions
from bids_ketamine.regions.sources import RegionSource, groups_of, resolve_regions
from bids_ketamine.study.spec import RegionSpec, RegionsSpec, WholeAtlasSpec
from bids_ketamine.workflows.reuse import regions_fingerprint
from tests.cifti_files import (
    CENTRES,
    standard_axis,
    structure_voxels,
    whole_surfaces,
    write_labels,
)

ATLASES = Path(__file__).parents[3] / "shared/data/atlases"
GORDON = ATLASES / "gordon333/atlas-Gordon_space-fsLR_den-32k_dseg.dlabel.nii"
N_LEFT = STRUCTURES["CORTEX_LEFT"]


@pytest.fixture(scope="module")
def series():
    return read_grayordinates(standard_axis().to_mapping(1), Path("a.dtseries.nii"))


@pytest.fixture(scope="module")
def points():
    """Vertices of half a sphere of 68 mm on the left, round by round from below."""
    number = np.arange(N_VERTICES) + 0.5
    x, turn = number / N_VERTICES, np.pi * (1 + 5**0.5) * number
    wide = np.sqrt(1 - x**2)
    return 68 * np.column_stack([-x, wide * np.cos(turn), wide * np.sin(turn)])


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory, points):
    folder = tmp_path_factory.mktemp("surfaces")
    files = []
    for side, sign in (("L", 1), ("R", -1)):
        array = GiftiDataArray(
            (points * [sign, 1, 1]).astype(np.float32), intent="NIFTI_INTENT_POINTSET"
        )
        files.append(folder / f"tpl-fsLR_den-32k_hemi-{side}_midthickness.surf.gii")
        nib.save(GiftiImage(darrays=[array]), files[-1])
    return tuple(files)


@pytest.fixture(scope="module")
def dlabel(tmp_path_factory):
    """Three areas on the left, two of them of one community, the third of `None`."""
    keys = np.zeros(2 * N_VERTICES)
    keys[10:20], keys[20:25], keys[40:44] = 1, 2, 3
    keys[N_LEFT : N_LEFT + 4] = 3  # on the medial wall of the series
    folder = tmp_path_factory.mktemp("atlas")
    (folder / "mine_dseg.tsv").write_text(
        "index\tlabel\tnetwork_label\n1\tL_A_1\tDefault\n2\tL_A_2\tDefault\n3\tL_None_1\tNone\n"
    )
    names = {1: "Parcel_1", 2: "Parcel_2", 3: "Parcel_3"}
    return write_labels(folder / "mine_dseg.dlabel.nii", keys, names, whole_surfaces())


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "templates"))
    monkeypatch.delenv("BIDS_KETAMINE_TEMPLATES", raising=False)
    monkeypatch.setattr(templateflow, "_fetch", lambda *_: None)


def resolve(*definitions, whole=(), space="fsLR", midthickness=()):
    spec = RegionsSpec(
        atlas="a",
        definitions=definitions,
        whole_atlases=whole,
        midthickness=tuple(map(str, midthickness)),
    )
    return resolve_regions(spec, space=space)


def locate(sources, series, own=None):
    return locate_grayordinate_regions(sources, series, own_segmentation=own)


def columns(name):
    names = list(STRUCTURES)
    start = sum(list(STRUCTURES.values())[: names.index(name)])
    return np.arange(start, start + STRUCTURES[name])


def labels_image(path, **structures):
    labels = np.zeros(SHAPE, dtype=np.uint8)
    for name, label in structures.items():
        labels[tuple(structure_voxels()[name].T)] = label
    nib.save(nib.Nifti1Image(labels, AFFINE), path)
    return path


# -- labels of grayordinates -------------------------------------------------------------------


def test_a_whole_atlas_of_grayordinates_is_a_region_a_label(dlabel, series):
    sources = resolve(whole=(WholeAtlasSpec(name="mine", dseg=str(dlabel)),))
    assert [each.name for each in sources] == ["L_A_1", "L_A_2", "L_None_1"]
    assert groups_of(sources) == {
        "L_A_1": ("Default",),
        "L_A_2": ("Default",),
        "L_None_1": ("None",),
    }
    regions, notes = locate(sources, series)
    assert [each.columns.tolist() for each in regions] == [
        list(range(10, 20)),
        list(range(20, 25)),
        [40, 41, 42, 43],
    ]
    assert [each.n_grayordinates for each in regions] == [10, 5, 8]
    assert regions[2].coverage(np.ones(len(series), dtype=bool)) == 0.5
    assert regions[0].origin == "mine_dseg.dlabel.nii: L_A_1"
    assert notes == (
        "mine_dseg.dlabel.nii: 4 of its 23 labelled grayordinates are not among those of the "
        "series",
    )


def test_a_community_makes_a_region(dlabel, series):
    whole = RegionSpec(name="dmn", dseg=str(dlabel), labels=("Default",))
    numbers = RegionSpec(name="rest", dseg=str(dlabel), labels=("3",))
    sources = resolve(whole, numbers)
    assert [each.indices for each in sources] == [(1, 2), (3,)]
    assert groups_of(sources) == {"dmn": ("Default",), "rest": ("None",)}
    (dmn, _), _ = locate(sources, series)
    assert dmn.columns.tolist() == list(range(10, 25))


def test_names_of_the_file_itself_where_there_is_no_table(dlabel, tmp_path, series):
    alone = tmp_path / "alone.dlabel.nii"
    alone.write_bytes(dlabel.read_bytes())
    sources = resolve(whole=(WholeAtlasSpec(name="mine", dseg=str(alone), labels=("Parcel_2",)),))
    assert [(each.name, each.groups) for each in sources] == [("Parcel_2", ())]
    with pytest.raises(UsageError, match=r"`Parcel_9` is no label of alone\.dlabel\.nii"):
        resolve(RegionSpec(name="x", dseg=str(alone), labels=("Parcel_9",)))


def test_grayordinates_are_refused_for_volumes(dlabel):
    for spec in (
        {"whole": (WholeAtlasSpec(name="mine", dseg=str(dlabel)),)},
        {"definitions": (RegionSpec(name="x", dseg=str(dlabel), labels=("1",)),)},
    ):
        with pytest.raises(UsageError) as caught:
            resolve(
                *spec.get("definitions", ()),
                whole=spec.get("whole", ()),
                space="MNI152NLin2009cAsym",
            )
        assert "lies on grayordinates (CIFTI), the series are volumes" in str(caught.value)
        assert "inputs: {space: fsLR}" in str(caught.value)


def test_atlases_that_are_not_there_are_told(tmp_path, dlabel):
    link = tmp_path / "a.dlabel.nii"
    link.symlink_to("../.git/annex/objects/x/a.dlabel.nii")
    with pytest.raises(InputMissingError, match="annex link whose content is not here"):
        resolve(whole=(WholeAtlasSpec(name="mine", dseg=str(link)),))
    half = tmp_path / "half.dlabel.nii"
    half.write_bytes(dlabel.read_bytes()[:-100_000])
    with pytest.raises(InputDataError, match="The CIFTI file is cut off"):
        resolve(whole=(WholeAtlasSpec(name="mine", dseg=str(half)),))
    gone = WholeAtlasSpec(name="mine", dseg=str(dlabel), label_table=str(tmp_path / "t.tsv"))
    (tmp_path / "t.tsv").write_text("index\tname\n7\tX\n")
    with pytest.raises(InputDataError, match="has none of the atlas's labels"):
        resolve(whole=(gone,))


@pytest.mark.skipif(not GORDON.is_file(), reason="needs the reference data")
def test_gordon_as_a_user_has_it(series):
    sources = resolve(whole=(WholeAtlasSpec(name="gordon", dseg=str(GORDON)),))
    assert len(sources) == 333
    groups = groups_of(sources)
    assert groups["L_Default_1"] == ("Default",)
    assert sum(each == ("Default",) for each in groups.values()) == 41
    assert sum(each == ("None",) for each in groups.values()) == 47


# -- regions of the volume ---------------------------------------------------------------------


def test_regions_of_the_volume_are_sought_in_the_template_of_the_voxels(tmp_path, series):
    path = labels_image(
        tmp_path / "a_space-MNI152NLin6Asym_dseg.nii.gz", HIPPOCAMPUS_LEFT=1, THALAMUS_RIGHT=2
    )
    sources = resolve(
        RegionSpec(name="hip", dseg=str(path), labels=("1",)),
        RegionSpec(name="thalamus", mask=str(path), space="MNI152NLin6Asym"),
        RegionSpec(name="cerebellum", spheres=(CENTRES["CEREBELLUM"],), radius=5.0),
        RegionSpec(name="amygdala", atlas="TianS1", labels=("AMY",)),
    )
    assert [each.space for each in sources] == ["MNI152NLin6Asym"] * 2 + [None, "MNI152NLin6Asym"]
    assert all(each.transform is None and each.midthickness == () for each in sources)
    assert sources[3].groups == ("AMY",)
    regions, notes = locate(sources[:3], series)
    np.testing.assert_array_equal(regions[0].columns, columns("HIPPOCAMPUS_LEFT"))
    both = np.concatenate([columns("HIPPOCAMPUS_LEFT"), columns("THALAMUS_RIGHT")])
    np.testing.assert_array_equal(regions[1].columns, both)
    assert len(regions[2].columns) == regions[2].n_grayordinates == 81
    assert [each.problem for each in regions] == ["", "", ""]
    assert notes == ()


def test_a_template_without_a_way_to_the_voxels_is_refused(tmp_path):
    path = labels_image(tmp_path / "a_space-MNI152NLin2009aAsym_dseg.nii.gz", THALAMUS_LEFT=1)
    with pytest.raises(UsageError, match="lies in MNI152NLin2009aAsym, the series in MNI152NLin6"):
        resolve(RegionSpec(name="x", dseg=str(path), labels=("1",)))
    with pytest.raises(UsageError, match="its centres are in MNI152NLin2009cAsym"):
        resolve(RegionSpec(name="x", spheres=((0, 0, 0),), space="MNI152NLin2009cAsym"))


def test_the_cortex_needs_a_midthickness_and_says_how_to_give_one(tmp_path, series):
    sources = resolve(RegionSpec(name="sgACC", spheres=((4.0, 66.0, 10.0),), radius=5.0))
    (region,), notes = locate(sources, series)
    assert len(region.columns) == 0
    assert region.problem == (
        "0 of its 81 voxels are subcortical grayordinates: the cortex is a surface in this "
        "series, where a sphere needs a midthickness surface (regions.midthickness)"
    )
    assert notes == (
        f"sgACC: {region.problem}",
        "no midthickness surface: name left and right with regions.midthickness, or put "
        "tpl-fsLR_den-32k_hemi-L_midthickness.surf.gii and its right twin into TEMPLATEFLOW_HOME",
    )
    assert region.coverage(np.ones(len(series), dtype=bool)) == 0.0


def test_cortical_spheres_are_drawn_on_the_surface(surfaces, points, series):
    centre = tuple(float(each) for each in points[20_000])
    sources = resolve(
        RegionSpec(name="area", spheres=(centre,), radius=6.0),
        RegionSpec(name="deep", spheres=((-30.0, 20.0, 40.0),), radius=3.0),
        RegionSpec(name="cerebellum", spheres=(CENTRES["CEREBELLUM"],), radius=5.0),
        midthickness=surfaces,
    )
    assert {each.midthickness for each in sources} == {surfaces}
    regions, notes = locate(sources, series)
    near = np.flatnonzero(np.linalg.norm(points - centre, axis=1) <= 6.0)
    assert len(near) > 20
    np.testing.assert_array_equal(regions[0].columns, near)
    assert regions[0].n_grayordinates == len(near)
    assert regions[1].problem == (
        "0 of its 19 voxels are subcortical grayordinates, and no vertex of the cortex lies "
        "within 3 mm of its centre"
    )
    assert notes == (f"deep: {regions[1].problem}",)
    assert len(regions[2].columns) == 81


def test_vertices_take_the_label_of_the_voxel_in_which_they_lie(surfaces, points, series, tmp_path):
    """Labels by height: what lies above z = 0 is 1, below it 2, both hemispheres."""
    x, y, z = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
    labels = np.where(z * 2 - 72 >= 0, 1, 2).astype(np.uint8)
    labels[np.sqrt((90 - 2 * x) ** 2 + (2 * y - 126) ** 2 + (2 * z - 72.0) ** 2) < 60] = 0
    path = tmp_path / "cortex_space-MNI152NLin6Asym_dseg.nii.gz"
    nib.save(nib.Nifti1Image(labels, AFFINE), path)
    specs = [
        RegionSpec(name=name, dseg=str(path), labels=(n,))
        for name, n in (("up", "1"), ("down", "2"))
    ]
    without, _ = locate(resolve(*specs), series)
    assert all(
        each.problem.endswith("where labels are vertices (dlabel.nii) (regions.midthickness)")
        for each in without
    )
    regions, notes = locate(resolve(*specs, midthickness=surfaces), series)
    above = np.flatnonzero(points[:, 2] >= -1)
    on_left = above[above < N_LEFT]
    n_right = STRUCTURES["CORTEX_RIGHT"]
    expected = [*on_left, *(N_LEFT + above[above < n_right])]
    assert regions[0].columns.tolist() == expected
    assert regions[0].n_grayordinates == 2 * len(above)
    assert regions[0].n_grayordinates + regions[1].n_grayordinates == 2 * N_VERTICES
    assert notes[0] == (
        "2 regions of cortex_space-MNI152NLin6Asym_dseg.nii.gz are on the cortex: each vertex "
        "takes the label of the voxel in which its midthickness lies"
    )


def test_a_region_outside_the_field_of_view(series, surfaces):
    sources = resolve(RegionSpec(name="out", spheres=((0.0, 0.0, 300.0),)), midthickness=surfaces)
    (region,), notes = locate(sources, series)
    assert region.problem == "it lies outside the field of view"
    assert region.coverage(np.ones(len(series), dtype=bool)) == 0.0
    assert notes == ("out: it lies outside the field of view",)


def test_the_participants_segmentation_in_the_template_of_the_voxels(tmp_path, series):
    own = labels_image(tmp_path / "own.nii.gz", HIPPOCAMPUS_LEFT=17)
    sources = resolve(
        RegionSpec(name="hip", atlas="aseg", labels=("Left-Hippocampus",)),
        RegionSpec(name="amy", atlas="aseg", labels=("Left-Amygdala",)),
    )
    (hip, amy), _ = locate(sources, series, own=own)
    np.testing.assert_array_equal(hip.columns, columns("HIPPOCAMPUS_LEFT"))
    assert amy.problem == "the participant's segmentation has no voxel of label 18"
    (hip, _), _ = locate(sources, series)
    assert hip.problem == "no segmentation of the participant"


def test_surfaces_of_the_study_are_checked_before_anything_is_computed(surfaces, tmp_path):
    sphere = RegionSpec(name="x", spheres=((0, 0, 0),))
    with pytest.raises(UsageError, match=r"names 1 files .*, not two"):
        resolve(sphere, midthickness=surfaces[:1])
    with pytest.raises(InputDataError, match="lies on the right"):
        resolve(sphere, midthickness=surfaces[::-1])
    with pytest.raises(InputMissingError, match="The surface does not exist"):
        resolve(sphere, midthickness=(tmp_path / "l.surf.gii", surfaces[1]))


def test_surfaces_of_templateflow_are_taken_where_the_study_names_none(surfaces, monkeypatch):
    home = surfaces[0].parent.parent / "templates"
    (home / "tpl-fsLR").mkdir(parents=True)
    for path in surfaces:
        (home / "tpl-fsLR" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(home))
    (source,) = resolve(RegionSpec(name="x", spheres=((0.0, 66.0, 0.0),)))
    assert [path.name for path in source.midthickness] == [path.name for path in surfaces]
    (volume,) = resolve(RegionSpec(name="x", spheres=((0.0, 66.0, 0.0),)), space="MNI152NLin6Asym")
    assert volume.midthickness == ()


def test_another_surface_is_another_input(surfaces, tmp_path):
    source = RegionSource("x", "sphere", spheres=((0, 0, 0),), radius=5, midthickness=surfaces)
    first = regions_fingerprint([source])
    copies = []
    for path in surfaces:
        copies.append(tmp_path / path.name)
        copies[-1].write_bytes(path.read_bytes())
    moved = RegionSource("x", "sphere", spheres=((0, 0, 0),), radius=5, midthickness=tuple(copies))
    assert regions_fingerprint([moved]) == first
    copies[0].write_bytes(surfaces[1].read_bytes())
    assert regions_fingerprint([moved]) != first


def test_voxels_are_those_that_volume_series_have(tmp_path, series):
    """The same label on the same grid: a region of volumes and of grayordinates are one."""
    path = labels_image(tmp_path / "a_space-MNI152NLin6Asym_dseg.nii.gz", AMYGDALA_RIGHT=4)
    source = RegionSource("amy", "label", image=path, indices=(4,), space="MNI152NLin6Asym")
    volume = locate_regions([source], series.grid, own_segmentation=None).regions[0]
    (dense,), _ = locate([source], series)
    places = np.ravel_multi_index(tuple(series.voxels[dense.columns].T), SHAPE)
    assert sorted(places) == volume.voxels.tolist()
