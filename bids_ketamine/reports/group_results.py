"""Everything that the group level wrote, as a report may show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bids_ketamine.reports.figures.canvas import ArmStyle, arm_styles
from bids_ketamine.reports.group_clinical import ClinicalOutput, read_clinical
from bids_ketamine.reports.group_clinical import without_persons as without_clinical_persons
from bids_ketamine.reports.group_course import CourseOutput, read_course, without_few
from bids_ketamine.reports.group_data import (
    GroupOutput,
    known_arms,
    read_group,
    without_individuals,
)
from bids_ketamine.reports.group_elastic_net_data import NetOutput, read_elastic_net
from bids_ketamine.reports.group_elastic_net_data import without_persons as without_predicted
from bids_ketamine.reports.group_networks_data import (
    NetworkOutput,
    read_networks,
    without_network_persons,
)
from bids_ketamine.reports.group_peb_data import PebOutput, read_peb, without_persons
from bids_ketamine.study.spec import StudySpec


@dataclass(frozen=True)
class GroupResults:
    """Tables of the group level.

    Attributes
    ----------
    group : GroupOutput
        Participants, measures, tests, outcomes and ``group.json``.
    clinical : ClinicalOutput
        Scores, baseline, behaviour, models of scores, flow.
    peb : PebOutput
        Effective connectivity.
    net : NetOutput
        Prediction.
    networks : NetworkOutput
        Resting networks and volumes.
    course : CourseOutput
        Visits, response, correlations of scores, primary outcomes.
    individual_data : bool
        Whether they hold rows and labels of single participants.
    """

    group: GroupOutput
    clinical: ClinicalOutput
    peb: PebOutput
    net: NetOutput
    networks: NetworkOutput
    course: CourseOutput
    individual_data: bool

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms with participants, in the order of the study."""
        return self.group.arms

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Files that are there and cannot be read, with the reason."""
        parts = (self.group, self.peb, self.net, self.clinical, self.networks, self.course)
        return tuple(dict.fromkeys(each for part in parts for each in part.unreadable))

    @property
    def styles(self) -> dict[str, ArmStyle]:
        """How ``all`` and arms look."""
        return arm_styles(list(self.arms))

    @property
    def drawn(self) -> dict[str, ArmStyle]:
        """What pictures show beside each other: arms, or all participants without arms."""
        styles = self.styles
        return {arm: styles[arm] for arm in self.arms} or {"all": styles["all"]}


def read_results(output_dir: Path, spec: StudySpec, *, individual_data: bool) -> GroupResults:
    """Read the group folder; without individual data what tells of one person is taken out.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    spec : StudySpec
        Gives the order of arms.
    individual_data : bool
        Whether rows and labels of single participants may be shown.

    Raises
    ------
    InputMissingError
        If there is no group level.
    """
    group, peb = read_group(output_dir, spec=spec), read_peb(output_dir)
    net, clinical = read_elastic_net(output_dir), read_clinical(output_dir)
    networks, course = read_networks(output_dir), read_course(output_dir)
    # A study of scores alone has no table of participants with measures.
    told = ("group_flow", "group_scores", "group_course", "group_table_one")
    columns = [clinical.tables[name]["arm"] for name in told]
    group = replace(group, arms=known_arms([pd.Series(group.arms, dtype=object), *columns], spec))
    if not individual_data:
        parts = (group, peb, net, clinical, networks)
        labels = sorted({label for part in parts for label in part.labels})
        peb = without_persons(peb, arms=group.arms, labels=labels)
        net = without_predicted(net, labels=labels)
        means = clinical.tables["group_mixed_means"]
        course = without_few(course, mixed_means=means, labels=labels)
        clinical = without_clinical_persons(clinical, labels=labels)
        networks = without_network_persons(networks, labels=labels)
        group = without_individuals(group, labels=labels)
    return GroupResults(group, clinical, peb, net, networks, course, individual_data)
