"""Keys of the study that each section of the group report rests on."""

from __future__ import annotations

from collections.abc import Mapping

#: What measures rest on: all that the participant level depends on.
IMAGING = (
    *("inputs", "sessions", "regions", "tasks", "glm", "rest", "cleaning", "networks", "volumes"),
    *("gppi", "rsa", "dcm"),
)

_GROUPS = ("changes", "arms", "exclusions", "group")

#: Keys of the study that each section of the report rests on, by the section's anchor.
SECTION_KEYS: Mapping[str, tuple[str, ...]] = {
    "table-one": ("sessions", "arms", "outcomes", "covariates", "table_one", "exclusions"),
    "course": (
        *("sessions", "changes", "arms", "outcomes", "crossover", "exclusions", "group"),
        *("clinical_course", "score_correlations", "logistic_regressions", "primary_outcomes"),
        "controls",
    ),
    "behaviour": ("inputs", "sessions", "tasks", "behaviour", *_GROUPS),
    "motion": ("inputs", "sessions", "tasks", "glm", "rest", "cleaning", *_GROUPS),
    "measures": (*IMAGING, *_GROUPS),
    "tests": (*IMAGING, *_GROUPS, "outcomes"),
    "anova": ("sessions", "outcomes", "repeated_measures", "crossover", *_GROUPS),
    "mixed": (
        *("sessions", "outcomes", "covariates", "table_one", "mixed_models", "crossover"),
        *_GROUPS,
    ),
    "dimensions": (
        *(*IMAGING, *_GROUPS, "outcomes", "covariates", "table_one"),
        "symptom_dimensions",
    ),
    "prediction": (*IMAGING, *_GROUPS, "outcomes", "covariates", "elastic_net"),
    "effective": (
        *("inputs", "sessions", "regions", "tasks", "glm", "dcm", "peb", "outcomes"),
        *_GROUPS,
    ),
    "sensitivity": (*IMAGING, *_GROUPS, "outcomes"),
}

#: The same of the section on networks, which a study without them does not have.
OF_NETWORKS = ("edge_statistics", "controls", "reliability")
NETWORK_KEYS = (
    *(*IMAGING, *_GROUPS, *OF_NETWORKS, "outcomes", "covariates", "table_one"),
    *("mixed_models", "clinical_course"),
)

#: Sections whose anchor is not the word for them.
SECTION_WORDS = {
    "table-one": "baseline characteristics",
    "course": "clinical course",
    "tests": "tests of measures",
    "anova": "analysis of variance",
    "mixed": "mixed models",
    "dimensions": "symptom dimensions",
    "effective": "effective connectivity",
}
