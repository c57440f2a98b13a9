"""The clinical course in the group report: one door to what its modules hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bids_ketamine.outputs.group_course_tables import CORRELATIONS, LOGISTIC, PRIMARY, VISITS
from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.group_course_data import CourseOutput, read_course, without_few
from bids_ketamine.reports.group_course_primary import primary_view
from bids_ketamine.reports.group_course_scores import correlations_view, logistic_views
from bids_ketamine.reports.group_course_visits import visits_view
from bids_ketamine.reports.views import PictureGroup
from bids_ketamine.study.spec import StudySpec

__all__ = [
    "CourseOutput",
    "course_problems",
    "course_results",
    "course_sections",
    "read_course",
    "without_few",
]

NOTHING = (
    "The study asks for {}, but the group level has left no table of it: it is older than this "
    "method, or was cut short. Run the group level again."
)


def course_sections(
    course: CourseOutput, spec: StudySpec, *, styles: Mapping[str, ArmStyle]
) -> list[PictureGroup]:
    """Return primary outcomes, visits, correlations and logistic regressions, those there are.

    Parameters
    ----------
    course : CourseOutput
        The tables.
    spec : StudySpec
        What was asked for.
    styles : mapping of str to ArmStyle
        How ``all`` and arms look.
    """
    views = [
        primary_view(course, spec),
        visits_view(course, spec, styles=styles),
        correlations_view(course, spec),
        *logistic_views(course, spec),
    ]
    return [each for each in views if each is not None]


def course_results(views: Sequence[PictureGroup]) -> list[tuple[str, str]]:
    """Return title and first result of each view, for the top of the report.

    Parameters
    ----------
    views : sequence of PictureGroup
        Result of :func:`course_sections`.
    """
    return [(view.title, view.sentences[0]) for view in views if view.sentences]


def course_problems(course: CourseOutput, spec: StudySpec) -> list[str]:
    """Say what was asked for and is not there, and what the group level says of the course.

    Parameters
    ----------
    course : CourseOutput
        The tables.
    spec : StudySpec
        What was asked for.
    """
    asked = {
        VISITS: ("a clinical course", spec.clinical_course is not None),
        CORRELATIONS: ("correlations of scores", spec.score_correlations is not None),
        LOGISTIC: ("logistic regressions", bool(spec.logistic_regressions)),
        PRIMARY: ("primary outcomes", spec.primary_outcomes is not None),
    }
    missing = [
        NOTHING.format(words)
        for stem, (words, wanted) in asked.items()
        if wanted and course.tables[stem].empty and not course.unreadable
    ]
    # A note says why a table is empty.
    return list(course.notes) or missing
