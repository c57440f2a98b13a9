"""The table of contents of the group report: what it holds, in the order of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Headings of figures that stand in no other view, by what the page calls their place.
HEADINGS = {
    "baseline": "Baseline characteristics",
    "courses": "Clinical course",
    "visits": "Clinical course",
    "behaviour": "Behaviour",
    "motion_pictures": "Motion and quality",
    "networks": "Resting networks",
    "families": "Imaging measures",
    "kinds": "Tests of measures",
    "associations": "Change of a measure and improvement",
    "anova": "Analysis of variance",
    "mixed": "Mixed models",
    "dimensions": "Symptom dimensions",
    "prediction": "Prediction",
    "circuits": "Effective connectivity",
}


#: Views of the section on the clinical course.
COURSE = ("courses", "visits", "visit_problems")


def figure_heading(view: str, outcome: str = "") -> str:
    """Return what stands before the captions of a view's figures in their listing.

    >>> figure_heading("courses"), figure_heading("flow"), figure_heading("prediction", "madrs")
    ('Clinical course', '', 'Prediction, improvement in madrs')
    """
    heading = HEADINGS.get(view, "")
    return f"{heading}, improvement in {outcome}" if heading and outcome else heading


def contents(views: Mapping[str, Any], *, has_imaging: bool) -> list[tuple[str, str]]:
    """Return anchor and name of every section that is there.

    Parameters
    ----------
    views : mapping
        What the page shows.
    has_imaging : bool
        Whether there are measures; sections on them stand even when they are empty.

    Examples
    --------
    >>> absent = dict.fromkeys(["plan", "baseline", "courses", "behaviour", "kinds", "anova",
    ...     "visits", "visit_problems", "networks", "network_problems", "mixed", "dimensions",
    ...     "model_problems", "prediction", "prediction_problems", "circuits",
    ...     "circuit_problems", "sensitivity"])
    >>> [name for _, name in contents(absent, has_imaging=False)][:3]
    ['Summary', 'Participants', 'Methods']
    """
    models = [("tests", "Tests of measures")] if has_imaging else []
    models += [("anova", "Analysis of variance")] if views["anova"] else []
    models += [("mixed", "Mixed models")] if views["mixed"] else []
    models += [("dimensions", "Symptom dimensions")] if views["dimensions"] else []
    sections: list[tuple[str, str, Any]] = [
        ("summary", "Summary", True),
        ("plan", "Plan and deviations", views["plan"]),
        ("participants", "Participants", True),
        ("table-one", "Baseline characteristics", views["baseline"]),
        ("course", "Clinical course", any(views[each] for each in COURSE)),
        ("behaviour", "Behaviour", views["behaviour"]),
        ("motion", "Motion and quality", has_imaging),
        ("networks", "Resting networks", views["networks"] or views["network_problems"]),
        ("measures", "Imaging measures", has_imaging),
        ("models", "Models", models or views["model_problems"]),
        *((anchor, name, True) for anchor, name in models),
        ("prediction", "Prediction", views["prediction"] or views["prediction_problems"]),
        (
            "effective",
            "Effective connectivity",
            views["circuits"] or views["circuit_problems"],
        ),
        ("sensitivity", "Sensitivity", views["sensitivity"]),
        ("methods", "Methods", True),
        ("exclusions", "Exclusions", True),
        ("notes", "Notes", True),
        ("provenance", "Provenance", True),
    ]
    return [(anchor, name) for anchor, name, is_there in sections if is_there]
