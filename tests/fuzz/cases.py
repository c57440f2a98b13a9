"""All damaged inputs."""

from __future__ import annotations

from tests.fuzz import (
    cases_aroma,
    cases_confounds,
    cases_connectivity,
    cases_events,
    cases_filters,
    cases_group,
    cases_images,
    cases_layout,
    cases_process,
    cases_regions,
    cases_sidecars,
    cases_study,
)
from tests.fuzz.case import Case

CASES: tuple[Case, ...] = (
    *cases_images.CASES,
    *cases_aroma.CASES,
    *cases_confounds.CASES,
    *cases_events.CASES,
    *cases_sidecars.CASES,
    *cases_layout.CASES,
    *cases_filters.CASES,
    *cases_study.CASES,
    *cases_connectivity.CASES,
    *cases_regions.CASES,
    *cases_group.CASES,
    *cases_process.CASES,
)
