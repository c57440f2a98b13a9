import numpy as np
import pytest

from bids_ketamine.demo.brain import load_brain
from bids_ketamine.demo.network_grayordinates import (
    STUDY_FILE,
    grayordinate_owners,
    grayordinate_places,
    sampled_voxels,
    vertices,
    write_grayordinate_study,
)
from bids_ketamine.demo.network_groups import LIMBIC, SGACC, region_groups
from bids_ketamine.demo.network_regions import (
    LIMBIC_LABELS,
    NONE,
    SUBGENUAL,
    owner_weights,
    owners,
    region_spheres,
    voxel_owners,
)
from bids_ketamine.regions.catalogue import atlas_by_name, atlas_image
from bids_ketamine.regions.sources import resolve_regions
from bids_ketamine.study.load import load_study

NAMES = list(region_groups())
N_PARCELS = 400


@pytest.mark.parametrize("resolution", [4, 6])
def test_every_region_has_voxels_and_a_voxel_one_region(resolution):
    brain = load_brain(resolution)
    regions = voxel_owners(brain)
    counts = np.bincount(regions[regions != NONE], minlength=len(NAMES))
    assert counts.min() >= 3
    assert set(regions[~brain.mask]) == {NONE}
    weights = owner_weights(regions)
    np.testing.assert_array_equal(weights.sum(axis=1), counts)
    assert set(weights.sum(axis=0)) == {0.0, 1.0}


def test_spheres_go_before_parcels_and_the_nearer_before_the_other():
    places = np.array([[-4.0, 26, -10], [4, 26, -10], [-0.5, 26, -10], [-4, 26, -2], [0, 0, 90]])
    found = [NAMES[place] if place != NONE else None for place in owners(places)]
    assert found == ["left_sgACC", "right_sgACC", "left_sgACC", "left_sgACC", None]
    # Beside the accumbens lies a structure that is no region.
    assert owners(np.array([[-14.0, 18.0, 8.0]]))[0] == NONE


def test_grayordinates_lie_on_their_side_and_in_their_structures():
    left, right = vertices()
    assert left.shape == right.shape == (32492, 3)
    assert left[:, 0].max() < 0.0 < right[:, 0].min()
    regions = grayordinate_owners()
    assert len(regions) == len(grayordinate_places()) == 91282
    cortex = regions[: 29696 + 29716]
    assert set(cortex) == set(range(N_PARCELS + len(SGACC)))
    assert set(regions[len(cortex) :]) == {NONE, *range(N_PARCELS + len(SGACC), len(NAMES))}


def test_a_grayordinate_takes_a_voxel_of_its_region():
    brain = load_brain(6)
    sampled, regions = sampled_voxels(brain), grayordinate_owners()
    assert brain.mask[sampled].all()
    np.testing.assert_array_equal(
        voxel_owners(brain)[sampled][regions != NONE], regions[regions != NONE]
    )
    # The voxels of a sphere are taken equally often.
    for name in SUBGENUAL:
        times = np.unique(sampled[regions == NAMES.index(name)], return_counts=True)[1]
        assert np.ptp(times) <= 1


def test_the_study_of_the_grayordinates_has_the_regions_of_the_preset(tmp_path):
    write_grayordinate_study(tmp_path)
    spec = load_study(str(tmp_path / STUDY_FILE)).spec
    sources = resolve_regions(spec.regions, space="fsLR")
    assert [source.name for source in sources] == [*NAMES[N_PARCELS:], *NAMES[:N_PARCELS]]
    assert spec.inputs.space == "fsLR"
    by_name = {source.name: source for source in sources}
    assert by_name["left_sgACC"].spheres == SUBGENUAL["left_sgACC"].centres
    assert {by_name[name].image.name for name in LIMBIC} == {"atlas-demoLimbic_den-91k.dlabel.nii"}


def test_regions_are_those_of_the_preset():
    sources = resolve_regions(load_study("siegel2021").spec.regions, space="MNI152NLin2009cAsym")
    by_name = {source.name: source for source in sources}
    assert set(by_name) == set(NAMES)
    spheres = {name: (each.spheres, each.radius) for name, each in by_name.items() if each.spheres}
    assert spheres == {name: tuple(each) for name, each in region_spheres().items()}
    for name, (atlas, labels) in LIMBIC_LABELS.items():
        if name not in spheres:
            found = atlas_image(atlas_by_name(atlas), "MNI152NLin2009cAsym")
            assert by_name[name].image == found.image
            indices = [label.index for word in labels for label in found.table.chosen(word)]
            assert sorted(by_name[name].indices) == sorted(indices)
