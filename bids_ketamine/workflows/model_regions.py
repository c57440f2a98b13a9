"""Regions of dynamic causal models that only the tables of whole atlases can confirm."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.dataset.spelling import near_text, nearest
from bids_ketamine.errors import UsageError, together
from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import StudySpec


def require_model_regions(study: StudySpec, sources: Sequence[RegionSource]) -> None:
    """Refuse a study whose models name regions that it has not.

    Parameters
    ----------
    study : StudySpec
        The study.
    sources : sequence of RegionSource
        What its regions are made of, with those of whole atlases.

    Raises
    ------
    UsageError
        Naming every such region.
    """
    known = [source.name for source in sources if not source.columns]
    models = () if study.dcm is None else study.dcm.models
    problems = [
        UsageError(
            f"dcm.models.{model.name}: `{region}` is no region of images of the study"
            f"{near_text(nearest(region, known))}.",
            cure="Name regions by regions.definitions, or by the label tables of the atlases.",
        )
        for model in models
        for region in model.regions
        if region not in known
    ]
    if problems:
        raise together(problems, "problems with the regions of the models")
