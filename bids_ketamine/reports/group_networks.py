"""Resting networks and brain volumes in the group report: one door to its parts."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_clinical import ClinicalOutput
from bids_ketamine.reports.group_data import GroupOutput
from bids_ketamine.reports.group_networks_change import change_part
from bids_ketamine.reports.group_networks_controls import controls_part
from bids_ketamine.reports.group_networks_data import (
    NetworkOutput,
    read_networks,
    without_network_persons,
)
from bids_ketamine.reports.group_networks_edges import edges_part
from bids_ketamine.reports.group_networks_maps import maps_part
from bids_ketamine.reports.group_networks_quality import quality_part
from bids_ketamine.reports.group_networks_reliability import reliability_part
from bids_ketamine.reports.group_networks_views import NetworkContext, NetworkPart
from bids_ketamine.reports.group_networks_volumes import volumes_part
from bids_ketamine.study.spec import StudySpec

__all__ = [
    "NetworkOutput",
    "NetworkPart",
    "network_problems",
    "network_views",
    "read_networks",
    "without_network_persons",
]

#: What makes each part, in the order of the page; every one is left out without its tables.
PARTS = (
    change_part,
    reliability_part,
    edges_part,
    maps_part,
    controls_part,
    volumes_part,
    quality_part,
)
#: Sections of the study, the table that each leaves, and what it is called.
WANTED = {
    "edge_statistics": ("group_edges", "tests of every edge"),
    "controls": ("group_controls", "a comparison with controls"),
    "reliability": ("group_reliability", "reliability"),
}


def network_views(
    networks: NetworkOutput,
    spec: StudySpec,
    *,
    group: GroupOutput,
    clinical: ClinicalOutput,
    styles: Mapping[str, ArmStyle],
    individual_data: bool,
) -> list[NetworkPart]:
    """Return the parts of the section on networks and volumes that have something to show.

    Parameters
    ----------
    networks : NetworkOutput
        Tables of networks; without individual data what tells of one person is out already.
    spec : StudySpec
        The study.
    group : GroupOutput
        Participants, measures and tests.
    clinical : ClinicalOutput
        Mixed models.
    styles : mapping of str to ArmStyle
        How arms look, and ``all``.
    individual_data : bool
        Whether single participants may be shown.
    """
    context = NetworkContext(
        spec=spec,
        networks=networks,
        group=group,
        clinical=clinical,
        styles=styles,
        individual_data=individual_data,
    )
    found = [make(context) for make in PARTS]
    return [part for part in found if part is not None]


def network_problems(networks: NetworkOutput, spec: StudySpec) -> list[str]:
    """Say what the study asks for and the group level has not left.

    Parameters
    ----------
    networks : NetworkOutput
        The tables.
    spec : StudySpec
        What the study asks for.
    """
    absent = [
        words
        for section, (stem, words) in WANTED.items()
        if getattr(spec, section) is not None
        and networks.tables[stem].empty
        and not (networks.folder / f"{stem}.tsv").is_file()
    ]
    return [
        f"The study asks for {words}, but the group level has left no table of it: it is older "
        "than this method, or was cut short. Run the group level again."
        for words in absent
    ]
