"""Which regions make networks: names, patterns, groups, and what fits none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bids_ketamine.errors import InputDataError, UsageError
from bids_ketamine.interfaces.resting_network_members import (
    check_networks,
    network_measure_list,
    network_members,
)
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import (
    CleaningSpec,
    InputsSpec,
    NetworksSpec,
    RegionSpec,
    RegionsSpec,
)

NAMES = ["7Networks_LH_Vis_1", "7Networks_RH_Vis_1", "7Networks_LH_Default_1", "amygdala"]
SPEC = NetworksSpec(
    regions={"visual": ("7Networks_*_Vis_*",), "both": ("amygdala", "Default")},
    within=("visual",),
    between={"pair": ("both", "visual")},
)
SOURCES = tuple(
    RegionSource(name, "", spheres=((0, 0, 0),), groups=("Default",) if "Default" in name else ())
    for name in NAMES
)
REGIONS = RegionsSpec(atlas="x", definitions=tuple(RegionSpec(name=name) for name in NAMES))


def test_patterns_groups_and_names():
    found = network_members(SPEC, NAMES, {"Default": NAMES[2:3]})
    assert found == {"visual": tuple(NAMES[:2]), "both": tuple(NAMES[2:])}
    within, between = network_measure_list(SPEC, found)
    assert (within.name, within.second) == ("visual", None)
    assert (between.first, between.second) == (tuple(NAMES[2:]), tuple(NAMES[:2]))


def test_a_name_goes_before_a_group():
    spec = replace(SPEC, regions={"x": ("amygdala",)})
    assert network_members(spec, NAMES, {"amygdala": NAMES[:2]}) == {"x": ("amygdala",)}


def study(networks, regions=REGIONS, **further):
    return replace(
        load_study("siegel2021").spec,
        networks=networks,
        regions=regions,
        **{"cleaning": None, "inputs": InputsSpec(), **further},
    )


def test_what_fits_nothing_is_told_before_work():
    check_networks(study(SPEC), SOURCES)
    check_networks(study(None), SOURCES)
    wrong = replace(SPEC, regions={"visual": ("amigdala", "dfault"), "both": ("*_Vis_*",)})
    with pytest.raises(UsageError) as error:
        check_networks(study(wrong), SOURCES)
    assert "`amigdala` of network `visual` (there is `amygdala`)" in str(error.value)
    assert "`dfault` of network `visual` (there is `Default`)" in str(error.value)
    # Every column of a table may be a region: only the table knows.
    tables = InputsSpec(timeseries_atlas="x")
    whole = RegionsSpec(atlas="x", all_columns=True)
    check_networks(study(wrong, whole, inputs=tables), ())
    with pytest.raises(UsageError, match="dfault"):
        check_networks(study(wrong, inputs=tables), ())


def test_a_neighbourhood_that_fits_nothing_is_told_before_work():
    check_networks(study(SPEC, cleaning=CleaningSpec(local_neighbourhood=("amyg*",))), SOURCES)
    wrong = CleaningSpec(local_neighbourhood=("amyg*", "putamen"))
    with pytest.raises(UsageError, match="No region fits `putamen`"):
        check_networks(study(SPEC, cleaning=wrong), SOURCES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"within": ("single",)}, "single has no edge"),
        ({"between": {"pair": ("single", "single")}}, "pair has no edge"),
    ],
)
def test_networks_without_an_edge_are_refused(change, words):
    regions = {"visual": ("*_Vis_*",), "both": ("amygdala",), "single": ("amygdala",)}
    with pytest.raises(UsageError, match=words):
        check_networks(study(replace(SPEC, regions=regions, **change)), SOURCES)


def test_two_regions_of_one_name_are_refused():
    with pytest.raises(InputDataError, match="same name: amygdala"):
        network_members(SPEC, [*NAMES, "amygdala"], {})
