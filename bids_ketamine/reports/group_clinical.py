"""Clinical statistics of the group report: one door to what its modules hold."""

from __future__ import annotations

from bids_ketamine.reports.group_behaviour import BehaviourView, behaviour_view
from bids_ketamine.reports.group_clinical_course import CourseView, course_views
from bids_ketamine.reports.group_clinical_data import ClinicalOutput, read_clinical
from bids_ketamine.reports.group_clinical_private import without_persons
from bids_ketamine.reports.group_clinical_table_one import TableOneView, table_one_view

__all__ = [
    "BehaviourView",
    "ClinicalOutput",
    "CourseView",
    "TableOneView",
    "behaviour_view",
    "course_views",
    "read_clinical",
    "table_one_view",
    "without_persons",
]
