"""Outcomes that rate change itself, which have no improvement of their own."""

from __future__ import annotations

from bids_ketamine.study.spec import OutcomeSpec, StudySpec


def rating_of_change(spec: StudySpec) -> str | None:
    """Return the outcome that rates the global change (CGI-I); None without one.

    Parameters
    ----------
    spec : StudySpec
        The study: ``clinical_course.rating`` names it.
    """
    return spec.clinical_course.rating if spec.clinical_course is not None else None


def changing_outcomes(spec: StudySpec) -> tuple[OutcomeSpec, ...]:
    """Return the outcomes whose second and first session give an improvement.

    A rating of change has nothing before treatment to be compared with.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    rating = rating_of_change(spec)
    return tuple(each for each in spec.outcomes if each.name != rating)
