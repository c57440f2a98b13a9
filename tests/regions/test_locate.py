"""Voxels of regions: values on grids where they can be counted."""

import nibabel as nib
import numpy as np
import pytest

from bids_ketamine.errors import InputDataError, InputMissingError, UsageError
from bids_ketamine.images.grid import Grid
from bids_ketamine.regions.locate import locate_regions
from bids_ketamine.regions.on_grid import _places
from bids_ketamine.regions.sources import RegionSource, resolve_regions
from bids_ketamine.regions.transform import read_transform
from bids_ketamine.study.spec import RegionSpec, RegionsSpec, WholeAtlasSpec

SPACE = "MNI152NLin2009cAsym"


def grid(shape=(20, 20, 20), size=2.0, origin=(-20.0, -20.0, -20.0)):
    affine = np.diag([size, size, size, 1.0])
    affine[:3, 3] = origin
    return Grid(np.ones(shape, dtype=bool), affine)


def spheres(name, *centres, radius=4.0):
    return RegionSource(name, "spheres", spheres=centres, radius=radius)


def write(path, values, like=None):
    like = like or grid()
    nib.save(nib.Nifti1Image(values, like.affine), path)
    return path


def resolve(*definitions, whole=(), space=SPACE):
    return resolve_regions(
        RegionsSpec(atlas="a", definitions=definitions, whole_atlases=whole), space=space
    )


def locate(*sources, on=None, own=None):
    return locate_regions(sources, on or grid(), own_segmentation=own)


def mask_of(region, shape=(20, 20, 20)):
    mask = np.zeros(shape, dtype=bool)
    mask.reshape(-1)[region.voxels] = True
    return mask


# -- spheres -----------------------------------------------------------------------------------


def test_a_sphere_has_the_voxels_within_its_radius():
    inside, edge = locate(
        spheres("inside", (0.0, 0.0, 0.0)), spheres("edge", (-20.0, 0.0, 0.0))
    ).regions
    # 33 lattice points lie within twice the lattice constant.
    assert inside.voxels.size == 33
    assert inside.n_voxels == 33
    assert inside.coverage(np.ones((20, 20, 20), dtype=bool)) == 1.0
    assert edge.n_voxels == 33
    assert edge.coverage(np.ones((20, 20, 20), dtype=bool)) == pytest.approx(23 / 33)


def test_several_spheres_make_one_region():
    (two,) = locate(spheres("two", (-12.0, 0, 0), (12.0, 0, 0))).regions
    assert two.n_voxels == 66


def test_a_small_sphere_has_its_own_voxel():
    (dot,) = locate(spheres("dot", (0.7, 0.7, 0.7), radius=0.5)).regions
    assert np.argwhere(mask_of(dot)).tolist() == [[10, 10, 10]]


# -- labels and masks --------------------------------------------------------------------------


@pytest.fixture
def dseg(tmp_path):
    values = np.zeros((20, 20, 20), dtype=np.int16)
    values[2:4, 2:4, 2:4] = 7
    values[10:12, 10:12, 10:13] = 300
    path = write(tmp_path / f"atlas-own_space-{SPACE}_dseg.nii.gz", values)
    path.with_name(f"atlas-own_space-{SPACE}_dseg.tsv").write_text(
        "index\tname\tside\n7\tseven\tleft\n300\tthree hundred\tleft\n"
    )
    return path


def test_labels_by_number_name_and_group(dseg):
    sources = resolve(
        RegionSpec(name="a", dseg=str(dseg), labels=("7",)),
        RegionSpec(name="three hundred", dseg=str(dseg)),
        RegionSpec(name="both", dseg=str(dseg), labels=("left",)),
    )
    located = locate(*sources)
    assert [region.n_voxels for region in located.regions] == [8, 12, 20]
    assert located.notes == ()
    assert [source.origin.partition(": ")[2] for source in sources] == [
        "seven", "three hundred", "seven, three hundred",
    ]  # fmt: skip


def test_a_whole_atlas_is_a_region_a_label(dseg):
    sources = resolve(whole=(WholeAtlasSpec(name="own", dseg=str(dseg)),))
    assert [source.name for source in sources] == ["seven", "three hundred"]
    assert [region.n_voxels for region in locate(*sources).regions] == [8, 12]
    (only,) = resolve(whole=(WholeAtlasSpec(name="own", dseg=str(dseg), labels=("7",)),))
    assert only.name == "seven"
    dseg.with_name(dseg.name.replace(".nii.gz", ".tsv")).unlink()
    sources = resolve(whole=(WholeAtlasSpec(name="own", dseg=str(dseg)),))
    assert [source.name for source in sources] == ["label_7", "label_300"]


def test_labels_on_another_grid_are_resampled_and_noted(dseg):
    coarse = grid((10, 10, 10), 4.0, (-19.0, -19.0, -19.0))
    located = locate(*resolve(RegionSpec(name="a", dseg=str(dseg), labels=("7",))), on=coarse)
    (region,) = located.regions
    # The 4 mm cube at -17 to -13 mm is one voxel of 4 mm, whose centre is at -15 mm.
    assert np.argwhere(mask_of(region, (10, 10, 10))).tolist() == [[1, 1, 1]]
    assert region.n_voxels == 1
    assert located.notes == (
        f"regions of {dseg.name} (a) resampled to the grid of the images, nearest voxel",
    )


def test_a_region_between_coarse_voxels_takes_the_one_that_holds_most_of_it(tmp_path):
    values = np.zeros((20, 20, 20), dtype=np.int16)
    values[8:10, 6, 6] = 1  # at x -4 and -2; voxels of 12 mm have their centres at -12, 0, 12
    path = write(tmp_path / f"m_space-{SPACE}_mask.nii.gz", values)
    coarse = grid((3, 3, 3), 12.0, (-12.0, -12.0, -12.0))
    located = locate(*resolve(RegionSpec(name="thin", mask=str(path))), on=coarse)
    (region,) = located.regions
    assert np.argwhere(mask_of(region, (3, 3, 3))).tolist() == [[1, 0, 0]]
    assert region.coverage(np.ones((3, 3, 3), dtype=bool)) == 1.0
    assert "thin of m_space" in located.notes[1]
    assert "smaller than a voxel" in located.notes[1]


def test_the_part_of_a_mask_outside_the_field_of_view_counts(tmp_path):
    values = np.ones((4, 4, 4), dtype=np.int16)
    own = grid((4, 4, 4), 2.0, (16.0, 0.0, 0.0))  # x 16 to 22; the series ends at 18
    path = write(tmp_path / f"m_space-{SPACE}_mask.nii.gz", values, own)
    (region,) = locate(*resolve(RegionSpec(name="m", mask=str(path)))).regions
    assert region.voxels.size == 32
    assert region.coverage(np.ones((20, 20, 20), dtype=bool)) == 0.5


def test_a_mask_without_a_template_and_of_probabilities_is_noted(tmp_path):
    values = np.zeros((20, 20, 20), dtype=np.float32)
    values[5, 5, 5], values[6, 5, 5], values[7, 5, 5] = 0.2, 1.0, np.nan
    path = write(tmp_path / "mine.nii.gz", values)
    located = locate(*resolve(RegionSpec(name="m", mask=str(path))))
    assert located.regions[0].n_voxels == 2
    assert located.notes == (
        "mine.nii.gz does not say its template: taken to be in the space of the images",
        "mine.nii.gz has values between 0 and 1: all above 0 are the region",
    )


def test_many_labels_are_found_in_one_pass():
    values = np.random.default_rng(0).integers(0, 50, (20, 20, 20))
    places = _places(values)
    for label in range(1, 50):
        expected = np.flatnonzero(values.reshape(-1) == label)
        np.testing.assert_array_equal(places[label], expected)


def test_a_cropped_mask_keeps_its_rim(tmp_path):
    own = grid((4, 4, 4), 4.0, (-7.0, -7.0, -7.0))  # fills the cube from -9 to 7 mm
    path = write(tmp_path / f"m_space-{SPACE}_mask.nii.gz", np.ones((4, 4, 4), np.int16), own)
    (region,) = locate(*resolve(RegionSpec(name="m", mask=str(path)))).regions
    assert region.voxels.size == 512  # 8 x 8 x 8 voxels of 2 mm, centres from -8 to 6 mm
    assert region.n_voxels == 512


def test_each_side_of_a_region_between_coarse_voxels_keeps_its_voxel(dseg):
    values = np.zeros((20, 20, 20), dtype=np.int16)
    values[8:10, 6, 6], values[14:16, 6, 6] = 7, 300  # x -4, -2 and x 8, 10; centres at 0 and 12
    write(dseg, values)
    coarse = grid((3, 3, 3), 12.0, (-12.0, -12.0, -12.0))
    located = locate(*resolve(RegionSpec(name="b", dseg=str(dseg), labels=("left",))), on=coarse)
    (both,) = located.regions
    assert np.argwhere(mask_of(both, (3, 3, 3))).tolist() == [[1, 0, 0], [2, 0, 0]]
    assert both.n_voxels == 2
    assert any("smaller than a voxel" in note for note in located.notes)


@pytest.mark.parametrize("size", [1.7, 2.2, 2.3, 2.4, 3.3, 3.5])
def test_a_sphere_of_three_voxels_has_its_rim_on_any_grid(size):
    affine = np.diag([size, size, size, 1.0]).astype(np.float32).astype(float)
    on = Grid(np.ones((9, 9, 9), dtype=bool), affine)
    centre = (4 * size, 4 * size, 4 * size)
    (ball,) = locate(spheres("ball", centre, radius=3 * size), on=on).regions
    assert ball.n_voxels == 123  # lattice points within three times the lattice constant


def test_one_image_in_two_stated_templates_is_moved_for_one_of_them(dseg, tmp_path, monkeypatch):
    home = tmp_path / "templateflow" / "tpl-MNI152NLin6Asym"
    home.mkdir(parents=True)
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(home.parent))
    itk_composite(
        home / "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5",
        translation=(-4.0, 0.0, 0.0),
    )
    moved, still = resolve(
        RegionSpec(name="moved", dseg=str(dseg), labels=("7",)),
        RegionSpec(name="still", dseg=str(dseg), labels=("7",), space="MNI152NLin6Asym"),
        space="MNI152NLin6Asym",
    )
    first, second = locate(moved, still).regions
    assert np.argwhere(mask_of(first))[:, 0].tolist() == [0] * 4 + [1] * 4
    assert np.argwhere(mask_of(second))[:, 0].tolist() == [2] * 4 + [3] * 4


def test_interpolated_labels_are_refused(tmp_path):
    values = np.zeros((20, 20, 20), dtype=np.float32)
    values[3, 3, 3], values[3, 3, 4] = 34.0, 17.4
    path = write(tmp_path / "a_dseg.nii.gz", values)
    with pytest.raises(InputDataError, match="values between whole numbers"):
        resolve(RegionSpec(name="r", dseg=str(path), labels=("34",)))
    write(path, np.full((20, 20, 20), 2**24 + 1, dtype=np.int32))
    with pytest.raises(InputDataError, match="labels from 16777216 on"):
        resolve(RegionSpec(name="r", dseg=str(path), labels=("1",)))


def test_coordinates_of_the_mni_are_refused_for_other_spaces():
    region = RegionSpec(name="r", atlas="Seitzman300", labels=("1",))
    with pytest.raises(UsageError, match="MNI coordinates, the series are in T1w"):
        resolve(region, space="T1w")
    with pytest.raises(UsageError, match="MNI coordinates, the series are in T1w"):
        resolve(whole=(WholeAtlasSpec(name="Seitzman300"),), space="T1w")


def test_a_cohort_of_a_template_is_a_template_of_its_own(tmp_path):
    space = "MNIPediatricAsym"
    path = write(
        tmp_path / f"tpl-{space}_cohort-1_mask.nii.gz", np.ones((20, 20, 20), dtype=np.int16)
    )
    with pytest.raises(UsageError, match=r"lies in MNIPediatricAsym \(cohort 1\)"):
        resolve(RegionSpec(name="m", mask=str(path)), space=space)
    (source,) = resolve(RegionSpec(name="m", mask=str(path), space=space), space=space)
    assert source.transform is None


# -- the participant's own segmentation --------------------------------------------------------


def test_the_participants_segmentation(tmp_path):
    values = np.zeros((20, 20, 20), dtype=np.int16)
    values[3, 3, 3], values[4, 4, 4] = 18, 54
    own = write(tmp_path / "sub-01_desc-aseg_dseg.nii.gz", values)
    sources = resolve(
        RegionSpec(name="amygdala", atlas="aseg", labels=("Amygdala",)),
        RegionSpec(name="Left-Amygdala", atlas="aseg"),
    )
    both, left = locate(*sources, own=own).regions
    assert (both.n_voxels, left.n_voxels) == (2, 1)
    located = locate(*sources)
    assert np.isnan(located.regions[0].coverage(np.ones((20, 20, 20), dtype=bool)))
    assert located.notes == (
        "amygdala: no segmentation of the participant",
        "Left-Amygdala: no segmentation of the participant",
    )
    # One side alone would be another measure.
    values[4, 4, 4] = 0
    write(own, values)
    located = locate(*sources, own=own)
    told = "the participant's segmentation has no voxel of label 54"
    assert located.regions[0].problem == told
    assert located.regions[0].voxels.size == 0
    assert located.regions[1].n_voxels == 1


def test_labels_that_a_whole_atlas_lacks_are_left_out_and_noted(dseg):
    table = dseg.with_name(dseg.name.replace(".nii.gz", ".tsv"))
    table.write_text(table.read_text() + "9\tnine\tright\n10\tten\tright\n")
    sources = resolve(whole=(WholeAtlasSpec(name="own", dseg=str(dseg)),))
    assert [source.name for source in sources] == ["seven", "three hundred"]
    assert locate(*sources).notes == (f"{dseg.name}: no voxel of nine, ten, left out",)


def test_a_region_out_of_view_says_so():
    (away,) = locate(spheres("away", (400.0, 0.0, 0.0))).regions
    assert away.problem == "it lies outside the field of view"


# -- what is refused, all at once --------------------------------------------------------------


def test_all_problems_are_told_at_once(dseg, tmp_path):
    with pytest.raises(UsageError) as told:
        resolve(
            RegionSpec(name="a", dseg=str(dseg), labels=("8",)),
            RegionSpec(name="b", mask=str(tmp_path / "absent.nii.gz")),
            RegionSpec(name="c", atlas="Tain S2"),
        )
    sentence = str(told.value)
    assert sentence.startswith("3 problems with the regions of the study:")
    assert "`8` is no label of" in sentence
    assert "absent.nii.gz" in sentence
    assert "no atlas named `Tain S2`" in sentence
    assert "Did you mean `TianS2`" in sentence


def test_a_label_the_table_has_and_the_image_has_not(dseg):
    table = dseg.with_name(dseg.name.replace(".nii.gz", ".tsv"))
    table.write_text(table.read_text() + "9\tnine\tright\n")
    with pytest.raises(InputDataError, match="Region `nine`: the image has no voxel of label 9"):
        resolve(RegionSpec(name="nine", dseg=str(dseg)))


def test_names_need_a_table(tmp_path):
    path = write(tmp_path / "plain.nii.gz", np.ones((20, 20, 20), dtype=np.int16))
    with pytest.raises(UsageError, match=r"Labels by name \(amygdala\) need a label table"):
        resolve(RegionSpec(name="amygdala", dseg=str(path)))
    (source,) = resolve(RegionSpec(name="amygdala", dseg=str(path), labels=("1",)))
    assert source.indices == (1,)


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "amygdala"},
        {"name": "a", "labels": ("amygdala", "vmPFC")},
        {"name": "a", "labels": ("amygdala",), "label_table": "absent.tsv"},
        {"name": "a", "labels": ("7",)},
    ],
)
def test_an_image_that_is_not_there_is_told_before_its_labels(definition, tmp_path):
    path = tmp_path / "absent.nii.gz"
    with pytest.raises(InputMissingError, match=r"absent\.nii\.gz is not there") as told:
        resolve(RegionSpec(dseg=str(path), **definition))
    assert told.value.path == path
    assert told.value.exit_code == 66


def test_an_image_of_a_whole_atlas_that_is_not_there(tmp_path):
    path, table = tmp_path / "absent.nii.gz", tmp_path / "absent.txt"
    whole = WholeAtlasSpec(name="a", dseg=str(path), label_table=str(table), labels=("left",))
    spec = RegionsSpec(atlas="own", definitions=(), whole_atlases=(whole,))
    with pytest.raises(InputMissingError, match=r"absent\.nii\.gz is not there"):
        resolve_regions(spec, space="MNI152NLin2009cAsym")


def test_an_empty_mask_and_a_series_of_masks(tmp_path):
    empty = write(tmp_path / "empty.nii.gz", np.zeros((20, 20, 20), dtype=np.int16))
    with pytest.raises(InputDataError, match="Region `m`: the mask has no voxel above zero"):
        resolve(RegionSpec(name="m", mask=str(empty)))
    series = write(tmp_path / "series.nii.gz", np.ones((4, 4, 4, 3), dtype=np.int16))
    with pytest.raises(InputDataError, match="three dimensions, not 4"):
        resolve(RegionSpec(name="m", mask=str(series)))


def test_two_regions_of_one_name(dseg):
    with pytest.raises(UsageError, match="Two regions have the same name: seven"):
        resolve(
            RegionSpec(name="seven", dseg=str(dseg)),
            whole=(WholeAtlasSpec(name="own", dseg=str(dseg)),),
        )


# -- templates ---------------------------------------------------------------------------------


def test_another_template_is_never_taken_silently(dseg, tmp_path, monkeypatch):
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path / "templateflow"))
    monkeypatch.setattr("bids_ketamine.regions.templateflow._fetch", lambda template, name: None)
    region = RegionSpec(name="seven", dseg=str(dseg))
    with pytest.raises(InputMissingError) as told:
        resolve(region, space="MNI152NLin6Asym")
    assert told.value.path == tmp_path / "templateflow" / "tpl-MNI152NLin6Asym" / (
        "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5"
    )
    assert "Region `seven` lies in MNI152NLin2009cAsym, the series in MNI152NLin6Asym" in str(
        told.value
    )
    with pytest.raises(UsageError, match="these do not lie on each other"):
        resolve(region, space="T1w")
    with pytest.raises(UsageError, match="its centres are in MNI152NLin6Asym"):
        resolve(RegionSpec(name="s", spheres=((0.0, 0.0, 0.0),), space="MNI152NLin6Asym"))
    # What the study says goes before what the file's name says.
    (stated,) = resolve(
        RegionSpec(name="seven", dseg=str(dseg), space="MNI152NLin6Asym"), space="MNI152NLin6Asym"
    )
    assert stated.transform is None


def itk_composite(
    path,
    *,
    matrix=None,
    translation=(0.0, 0.0, 0.0),
    centre=(0.0, 0.0, 0.0),
    field=None,
    shape=(30, 24, 27),
    origin=(-60.0, -50.0, -55.0),
    spacing=(4.0, 5.0, 4.5),
    direction=(1.0, 1.0, 1.0),
):
    """Write what ANTs writes: an affine, then a displacement field (applied first), in LPS.

    `field` gives the displacement at points of shape (n, 3), LPS mm.
    """
    import h5py

    direction = np.diag(direction)
    indices = np.indices(shape).reshape(3, -1, order="F").T  # x runs fastest
    points = np.asarray(origin) + (indices * spacing) @ direction.T
    displacement = np.zeros_like(points) if field is None else field(points)
    with h5py.File(path, "w") as file:
        group = file.create_group("TransformGroup")
        types = h5py.string_dtype("ascii")
        composite = group.create_group("0")
        composite["TransformType"] = np.array(["CompositeTransform_double_3_3"], dtype=types)
        affine = group.create_group("1")
        affine["TransformType"] = np.array(["AffineTransform_double_3_3"], dtype=types)
        affine["TransformParameters"] = np.r_[
            np.ravel(np.eye(3) if matrix is None else matrix), translation
        ]
        affine["TransformFixedParameters"] = np.asarray(centre, dtype=float)
        step = group.create_group("2")
        step["TransformType"] = np.array(["DisplacementFieldTransform_float_3_3"], dtype=types)
        step["TransformFixedParameters"] = np.r_[shape, origin, spacing, direction.ravel()]
        step["TransformParameters"] = displacement.astype(np.float32).ravel()


@pytest.mark.parametrize("direction", [(1.0, 1.0, 1.0), (-1.0, -1.0, 1.0)])
def test_a_transform_moves_points_as_its_closed_form_says(direction, tmp_path):
    """Known answer: p -> A (p + d(p) - c) + c + t, the field first, all in LPS."""
    matrix = np.array([[1.05, 0.1, 0.0], [-0.05, 0.9, 0.2], [0.02, 0.0, 1.1]])
    slope = np.array([[0.02, -0.01, 0.0], [0.0, 0.03, 0.01], [0.04, 0.0, -0.02]])
    origin = tuple(-60.0 * sign for sign in direction)
    itk_composite(
        tmp_path / "x.h5",
        matrix=matrix,
        translation=(3.0, -2.0, 1.0),
        centre=(5.0, 10.0, -8.0),
        field=lambda points: points @ slope.T + [1.0, 2.0, -3.0],
        origin=origin,
        direction=direction,
    )
    transform = read_transform(tmp_path / "x.h5")
    points = np.random.default_rng(0).uniform(-40.0, 40.0, (200, 3))  # NIfTI's coordinates
    lps = points * [-1, -1, 1]
    lps = lps + lps @ slope.T + [1.0, 2.0, -3.0]
    centre = np.array([5.0, 10.0, -8.0])
    expected = ((lps - centre) @ matrix.T + centre + [3.0, -2.0, 1.0]) * [-1, -1, 1]
    np.testing.assert_allclose(transform(points), expected, atol=1e-4)
    # Outside the field there is no displacement, and no other side of the head.
    far = np.array([[500.0, 0.0, 0.0]])
    lps = far * [-1, -1, 1]
    expected = ((lps - centre) @ matrix.T + centre + [3.0, -2.0, 1.0]) * [-1, -1, 1]
    np.testing.assert_allclose(transform(far), expected, atol=1e-9)


def test_a_transform_of_templateflow_is_applied(dseg, tmp_path, monkeypatch):
    """Known answer: a point p of the series is affine(p + d) in the atlas (LPS)."""
    home = tmp_path / "templateflow" / "tpl-MNI152NLin6Asym"
    home.mkdir(parents=True)
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(home.parent))
    # Scaling by 2 in x and shifts that do not commute with it.
    itk_composite(
        home / "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5",
        matrix=np.diag([2.0, 1.0, 1.0]),
        translation=(4.0, 0.0, 2.0),
        field=lambda points: np.tile([1.0, -2.0, 0.0], (len(points), 1)),
    )
    sources = resolve(RegionSpec(name="seven", dseg=str(dseg)), space="MNI152NLin6Asym")
    located = locate(*sources)
    # In RAS: x' = 2 (x - 1) - 4, y' = y + 2, z' = z + 2; the cube is at -16 and -14 mm.
    axis = np.arange(20) * 2.0 - 20.0
    moved = (2 * (axis - 1) - 4, axis + 2, axis + 2)
    expected = np.ones((20, 20, 20), dtype=bool)
    for dimension, place in enumerate(moved):
        inside = np.isin(np.rint((place + 20) / 2), (2, 3))
        expected &= np.expand_dims(inside, [d for d in range(3) if d != dimension])
    assert expected.sum() == 4
    np.testing.assert_array_equal(mask_of(located.regions[0]), expected)
    # The transform halves the cube: all of it is in view.
    assert located.regions[0].n_voxels == 4
    assert located.notes == (
        f"regions of {dseg.name} (seven) brought from MNI152NLin2009cAsym by "
        "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5, nearest voxel",
    )


def test_a_damaged_transform(dseg, tmp_path, monkeypatch):
    home = tmp_path / "templateflow" / "tpl-MNI152NLin6Asym"
    home.mkdir(parents=True)
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(home.parent))
    (home / "tpl-MNI152NLin6Asym_from-MNI152NLin2009cAsym_mode-image_xfm.h5").write_text("no")
    with pytest.raises(InputDataError, match="The transform cannot be read"):
        resolve(RegionSpec(name="seven", dseg=str(dseg)), space="MNI152NLin6Asym")
