"""Cleaning, networks, volumes, edges, controls and reliability: every rule with its sentence."""

from pathlib import Path

import pytest

from bids_ketamine.study.load import load_study
from tests.study.resting_study import NETWORKS, RESTING, problems_of

WHOLE = (
    RESTING
    + NETWORKS
    + """\
cleaning:
  models: [36P, aCompCor]
  motion_filter: notch
  local_neighbourhood: ["s*"]
volumes: {structures: [Left-Amygdala], outcome: madrs}
edge_statistics: {changes: [change], arms: [patient]}
controls:
  level: control
  sessions: [baseline, post]
  control_sessions: [pre1, pre2]
  matching: [age, sex, mean_fd, minutes]
  exact: [sex]
  caliper: 2
reliability: {sessions: [pre1, pre2], arms: [patient]}
"""
)


def test_a_sound_study(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    path.write_text(WHOLE, encoding="utf-8")
    study = load_study(str(path))
    assert study.notices == ()
    assert study.spec.cleaning.motion_filter_band == (0.31, 0.43)
    assert study.spec.networks.measures == ("dmn", "sg_dmn")
    assert study.spec.edge_statistics.permutations == 5000


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            "rest: {task: rest}",
            "",
            [
                "cleaning is about resting series and needs `rest`; `cleaning: null` leaves it out",
                "networks are of resting connectivity and need `rest`; `networks: null` leaves "
                "them out",
                "mixed_models.fc.measures: no measure of the study fits `network_connectivity rest "
                "*`; names are made of measure, task, contrast and regions: `volume anat *`",
                "edge_statistics tests the edges of resting connectivity and needs `rest`; "
                "`edge_statistics: null` leaves it out",
            ],
        ),
        ("[36P, aCompCor]", "[]", ["cleaning.models names no nuisance model"]),
        ("[36P, aCompCor]", "[36P, 36P]", ["cleaning.models names `36P` twice"]),
        (
            "motion_filter: notch",
            "framewise_displacement: 0",
            ["cleaning.framewise_displacement must be above 0 (null for no such criterion)"],
        ),
        (
            "motion_filter: notch",
            "motion_filter: notch\n  motion_filter_band: [0.4, 0.3]",
            ["cleaning.motion_filter_band is two rising frequencies in Hz, not [0.4, 0.3]"],
        ),
        (
            "motion_filter: notch",
            "motion_filter: low_pass\n  motion_filter_cutoff: 0",
            ["cleaning.motion_filter_cutoff must be above 0"],
        ),
        (
            "motion_filter: notch",
            "motion_filter: notch\n  neighbourhood_distance: [20]",
            ["cleaning.neighbourhood_distance is two rising distances in mm, not [20]"],
        ),
        (
            '["s*"]',
            '["thal*"]',
            [
                "cleaning.local_neighbourhood names no region of the study: `thal*`; regions: sg, "
                "pcc, mpfc"
            ],
        ),
        (
            "{dmn: [pcc, mpfc], sg: [sg]}",
            "{dmn: [pcc, pcc, mpf], sg: []}",
            [
                "networks.regions.dmn names `pcc` twice",
                "networks.regions.dmn names no region of the study: `mpf`; did you mean `mpfc`? "
                "regions: sg, pcc, mpfc",
                "networks.regions.sg names no region",
            ],
        ),
        (
            "{dmn: [pcc, mpfc], sg: [sg]}",
            "{}",
            [
                "networks.regions names no network",
                "networks.within names no network of the study: `dmn`; the study has no networks",
                "networks.between.sg_dmn names no network of the study: `sg`; the study has no "
                "networks",
                "networks.between.sg_dmn names no network of the study: `dmn`; the study has no "
                "networks",
            ],
        ),
        ("sg_dmn: [sg, dmn]", "a: [sg]", ["networks.between.a is a pair of two networks, not 1"]),
        (
            "sg_dmn: [sg, dmn]",
            "a: [sg, sg]",
            [
                "networks.between.a: `sg` twice is no pair; its own edges are `networks.within`",
            ],
        ),
        (
            "sg_dmn: [sg, dmn]",
            "dmn: [sg, dmn]",
            [
                "networks.between.dmn: a measure of this name is there already "
                "(`networks.within`); give the pair another name"
            ],
        ),
        (
            "  within: [dmn]",
            "  within: [dmn]\n  seed_maps: [sgacc]\n  signal_reference: cortex",
            [
                "networks.seed_maps names no network of the study: `sgacc`; networks: dmn, sg",
                "networks.signal_reference names no network of the study: `cortex`; networks: dmn, "
                "sg",
            ],
        ),
        (
            "sg: [sg]}\n",
            "sg: [sg], s/g: [sg], S-G: [sg]}\n  seed_maps: [sg, S-G]\n",
            [
                "networks.regions: `s/g`: `/` stands between two networks compared",
                "networks.seed_maps: `S-G` and `sg` would have the same file name",
            ],
        ),
        ("[Left-Amygdala]", "[]", ["volumes.structures names no structure"]),
        (
            "[Left-Amygdala], outcome: madrs}",
            "[Left-Amygdala], outcome: mards, session: day1}",
            [
                "volumes.session names `day1`, which has no images (`scanned: false`)",
                "volumes.outcome names no outcome of the study: `mards`; did you mean `madrs`? "
                "outcomes: madrs, mood, cgi, serum",
            ],
        ),
        (
            "changes: [change], arms: [patient]",
            "changes: [acute, later], arms: [drug]",
            [
                "edge_statistics.changes names no change of the study: `later`; did you mean "
                "`acute`? changes: change, acute",
                "edge_statistics.changes: the change `acute` is about `day1`, which has no images "
                "(`scanned: false`)",
                "edge_statistics.arms names no arm of the study: `drug`; arms: control, patient",
            ],
        ),
        (
            "level: control\n  sessions: [baseline, post]",
            "level: healthy\n  sessions: [baseline, later, day1]",
            [
                "controls.level names no arm of the study: `healthy`; arms: control, patient",
                "controls.sessions names no session of the study: `later`; sessions: pre1, pre2, "
                "baseline, day1, post",
                "controls.sessions names `day1`, which has no images (`scanned: false`)",
            ],
        ),
        (
            "[pre1, pre2]\n  matching: [age, sex, mean_fd, minutes]\n  exact: [sex]",
            "[baseline, pre2]\n  matching: [age, weight, mean_fd]\n  exact: [sex, mean_fd]",
            [
                "controls.control_sessions names `baseline`, the mean of pre1 and pre2, and `pre2` "
                "itself: the same values would count twice",
                "controls.matching names no covariate of the study: `weight`; covariates: age, "
                "sex, mean_fd, minutes",
                "controls.exact names no covariate of the study: `sex`; covariates: age, weight, "
                "mean_fd",
                "controls.exact: no two participants have the same `mean_fd`; a `caliper` says how "
                "far a pair may lie apart",
            ],
        ),
        ("caliper: 2", "caliper: 0", ["controls.caliper must be above 0"]),
        (
            "reliability: {sessions: [pre1, pre2], arms: [patient]}",
            "reliability: {sessions: [pre1, pre1], arms: [patients]}",
            [
                "reliability.sessions needs two sessions or more",
                "reliability.sessions names `pre1` twice",
                "reliability.arms names no arm of the study: `patients`; did you mean `patient`? "
                "arms: control, patient",
            ],
        ),
        (
            "[pre1, pre2], arms: [patient]}",
            "[pre1, baseline, day1]}",
            [
                "reliability.sessions names `baseline`, the mean of pre1 and pre2, and `pre1` "
                "itself: the same values would count twice",
                "reliability.sessions names `day1`, which has no images (`scanned: false`)",
            ],
        ),
        (
            "  atlas: own\n",
            "  atlas: own\n  midthickness: [left.gii]\n",
            [
                "regions.midthickness is two files, the left surface and the right one, not 1",
            ],
        ),
    ],
)
def test_rules(tmp_path: Path, old: str, new: str, sentences: list[str]) -> None:
    assert WHOLE.count(old) == 1
    assert problems_of(tmp_path, WHOLE.replace(old, new)) == sentences


def test_controls_are_compared_with_another_arm(tmp_path: Path) -> None:
    text = RESTING.replace("[control, patient]", "[control]").partition("mixed_models")[0]
    assert problems_of(tmp_path, text + "controls: {level: control}\n") == [
        "controls: `control` is the only arm of the study; controls are compared with those of "
        "other arms"
    ]


def test_usable_time_is_what_cleaning_leaves(tmp_path: Path) -> None:
    text = RESTING.partition("mixed_models")[0]
    text += "controls: {level: control, matching: [minutes]}\n"
    assert problems_of(tmp_path, text) == [
        "controls.matching: `minutes` is the time that `cleaning` leaves, and the study has no "
        "`cleaning`"
    ]


def test_sections_of_images_need_images(tmp_path: Path) -> None:
    scores = RESTING.partition("regions:")[0]
    text = scores + "controls: {level: control}\nreliability: {sessions: [pre1, pre2]}\n"
    assert problems_of(tmp_path, text) == [
        "controls compares imaging measures, and the study has no imaging",
        "reliability is of imaging measures, and the study has no imaging",
    ]


def test_without_changes_sections_say_which_sessions(tmp_path: Path) -> None:
    text = RESTING.partition("mixed_models")[0]
    text = text[: text.index("changes:")] + text[text.index("arms:") :]
    text = (
        text[: text.index("outcomes:")]
        + "outcomes: {d: {change_column: d}}\n"
        + text[text.index("covariates:") :]
    )
    text += "controls: {level: control}\nedge_statistics: {}\n"
    text += "volumes: {structures: [Left-Amygdala], outcome: d}\n"
    assert problems_of(tmp_path, text) == [
        "volumes.outcome: `d` belongs to no change, so `volumes.session` must say of which session "
        "the volumes are",
        "edge_statistics tests changes, and the study has none between two sessions with images",
        "controls.sessions must name sessions of the patients: the study has no change between "
        "sessions with images",
    ]


def test_edges_of_nobody(tmp_path: Path) -> None:
    text = RESTING.partition("mixed_models")[0].replace(
        "{task: rest}", "{task: rest, pairs: false}"
    )
    assert problems_of(tmp_path, text + "edge_statistics: {}\n") == [
        "edge_statistics leaves out sessions by their measures, and with `rest.pairs: false` and "
        "no `networks` there are none: name `networks`"
    ]


@pytest.mark.parametrize("level", [0, 1])
def test_components_of_no_edge_or_of_all(tmp_path: Path, level: int) -> None:
    text = RESTING + NETWORKS + f"edge_statistics: {{component_p: {level}}}\n"
    assert problems_of(tmp_path, text) == [
        f"edge_statistics.component_p lies between 0 and 1, not at {level}; `permutations: 0` "
        "leaves the network-based statistic out"
    ]
    without = tmp_path / "without.yml"
    without.write_text(
        RESTING + NETWORKS + f"edge_statistics: {{component_p: {level}, permutations: 0}}\n",
        encoding="utf-8",
    )
    assert load_study(str(without)).spec.edge_statistics.component_p == level


def test_labels_have_groups_that_their_table_tells(tmp_path: Path) -> None:
    """All regions have names here, and a community of theirs is a network all the same."""
    text = (RESTING + NETWORKS).replace(
        "pcc: {spheres: [[0, -52, 26]]}", "pcc: {atlas: Schaefer400, labels: [7Networks_LH_Vis_1]}"
    )
    path = tmp_path / "study.yml"
    path.write_text(text.replace("[pcc, mpfc]", "[Vis]"), encoding="utf-8")
    assert load_study(str(path)).spec.networks.regions["dmn"] == ("Vis",)
    assert problems_of(tmp_path, text.replace("[pcc, mpfc]", "['V*']"))[0].startswith(
        "networks.regions.dmn names no region of the study: `V*`"
    )


def test_networks_that_ask_for_nothing(tmp_path: Path) -> None:
    text = RESTING.partition("mixed_models")[0] + "networks: {regions: {dmn: [pcc, mpfc]}}\n"
    assert problems_of(tmp_path, text) == [
        "networks asks for nothing: name networks under `within`, `between` or `seed_maps`"
    ]


def test_regions_that_an_atlas_tells_may_be_anything(tmp_path: Path) -> None:
    text = (RESTING + NETWORKS).replace("[pcc, mpfc]", "[Default]")
    text = text.replace("  definitions:", "  whole_atlases: {Schaefer400: {}}\n  definitions:")
    path = tmp_path / "study.yml"
    path.write_text(text, encoding="utf-8")
    assert load_study(str(path)).spec.networks.regions["dmn"] == ("Default",)


def test_a_study_of_volumes_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    path.write_text(
        "name: volumes\nsessions: {pre: {}}\nvolumes: {structures: [Left-Amygdala]}\n",
        encoding="utf-8",
    )
    assert load_study(str(path)).spec.has_imaging
