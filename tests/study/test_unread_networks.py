"""Settings of sessions, cleaning, networks and their statistics that change nothing are told."""

from pathlib import Path

import pytest

from bids_ketamine.study.load import load_study
from tests.study.resting_study import NETWORKS, RESTING


def notices(tmp_path: Path, text: str) -> tuple[str, ...]:
    path = tmp_path / "study.yml"
    path.write_text(text, encoding="utf-8")
    return load_study(str(path)).notices


@pytest.mark.parametrize(
    ("old", "new", "further", "told"),
    [
        (
            "rest: {task: rest}",
            "rest: {task: rest, confounds: {motion: '24'}}",
            "cleaning: {}",
            "rest.confounds changes nothing: `cleaning` stands in its place",
        ),
        (
            "[pre1, pre2]}",
            "[pre1, pre2], scanned: true}",
            "",
            "sessions.baseline.scanned changes nothing: a mean of sessions has images if these "
            "have",
        ),
        (
            "atlas: own",
            "atlas: own\n  midthickness: [l.gii, r.gii]",
            "",
            "regions.midthickness changes nothing: surfaces belong to CIFTI series "
            "(`inputs.space: fsLR`)",
        ),
        (
            "",
            "",
            "cleaning: {timeseries: clean}",
            "cleaning.timeseries changes nothing: images are read (`inputs.timeseries_atlas`)",
        ),
        (
            "name: resting",
            "name: resting\ninputs: {timeseries_atlas: own}",
            "cleaning: {models: [24P]}",
            "cleaning.models changes nothing: region time series are used as they are "
            "(`cleaning.timeseries`)",
        ),
        (
            "",
            "",
            "NETWORKS seed_maps: [dmn]",
            "networks.seed_maps changes nothing: series are not cleaned (`cleaning`)",
        ),
        (
            "name: resting\n",
            "name: resting\ninputs: {timeseries_atlas: own}\n",
            "NETWORKS seed_maps: [dmn]",
            "networks.seed_maps changes nothing: region time series have no voxels "
            "(`inputs.timeseries_atlas`)",
        ),
        (
            "",
            "",
            "cleaning: {motion_filter_cutoff: 0.1}",
            "cleaning.motion_filter_cutoff changes nothing: the motion filter is not `low_pass`",
        ),
        (
            "",
            "",
            "cleaning: {motion_filter: low_pass, motion_filter_band: [0.3, 0.4]}",
            "cleaning.motion_filter_band changes nothing: the motion filter is not `notch`",
        ),
        (
            "",
            "",
            "cleaning: {motion_filter: notch, framewise_displacement: null, std_dvars: 1.5}",
            "cleaning.motion_filter changes nothing: no volume is left out for its displacement "
            "(`cleaning.framewise_displacement`)",
        ),
        (
            "rest: {task: rest}",
            "rest: {task: rest, band_pass: null}",
            "cleaning: {censored_volumes: linear}",
            "cleaning.censored_volumes changes nothing: no band is filtered (`rest.band_pass`)",
        ),
        (
            "",
            "",
            "cleaning: {neighbourhood_distance: [2, 10]}",
            "cleaning.neighbourhood_distance changes nothing: no region loses the signal around it "
            "(`cleaning.local_neighbourhood`)",
        ),
        (
            "  between: {sg_dmn: [sg, dmn]}",
            "  shared: neither",
            "",
            "networks.shared changes nothing: no pair of networks is named (`networks.between`)",
        ),
        (
            "  within: [dmn]\n  between: {sg_dmn: [sg, dmn]}",
            "  signal_reference: dmn\n  minimum_fraction: 0.8",
            "mixed_models: {}",
            "networks.minimum_fraction changes nothing: no edges are averaged (`networks.within`, "
            "`networks.between`)",
        ),
        (
            "",
            "",
            "volumes: {structures: [Left-Amygdala], session: pre1}",
            "volumes.session changes nothing: no outcome is correlated (`volumes.outcome`)",
        ),
        (
            "",
            "",
            "edge_statistics: {changes: [change], component_p: 0.01, permutations: 0}",
            "edge_statistics.component_p changes nothing: there is no network-based statistic "
            "without `edge_statistics.permutations`",
        ),
        (
            "",
            "",
            "controls: {level: control, caliper: 1}",
            "controls.caliper changes nothing: nobody is matched (`controls.matching`)",
        ),
        (
            "",
            "",
            "clinical_course: {outcome: madrs, sessions: [baseline, post], rating_at_most: 1}",
            "clinical_course.rating_at_most changes nothing: no outcome is a rating of change "
            "(`clinical_course.rating`)",
        ),
    ],
)
def test_a_setting_in_vain(tmp_path: Path, old: str, new: str, further: str, told: str) -> None:
    text = RESTING + NETWORKS
    if "mixed_models" in further:
        text = text.partition("mixed_models")[0] + NETWORKS
        further = ""
    if further.startswith("NETWORKS"):  # goes on with the last section
        text, further = text + further.replace("NETWORKS", " "), ""
    assert not old or text.count(old) == 1
    changed = (text.replace(old, new) if old else text) + further + "\n"
    assert notices(tmp_path, changed) == (f"the setting {told}",)


def test_without_a_cause_nothing_is_told(tmp_path: Path) -> None:
    text = RESTING + NETWORKS
    text += "cleaning: {motion_filter: notch, motion_filter_band: [0.3, 0.4]}\n"
    text += "controls: {level: control, matching: [age], caliper: 1}\n"
    assert notices(tmp_path, text) == ()


def test_what_the_preset_says_is_not_the_users(tmp_path: Path) -> None:
    text = "extends: siegel2021\nname: mine\nclinical_course: {rating: null}\n"
    assert notices(tmp_path, text) == ()
    assert notices(tmp_path, text + "cleaning: {motion_filter_cutoff: 0.2}\n") == (
        "the setting cleaning.motion_filter_cutoff changes nothing: the motion filter is not "
        "`low_pass`",
    )
