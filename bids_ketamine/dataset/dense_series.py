"""CIFTI series: whether a study reads them, and which file of a run it is."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.dataset.names import DatasetFile
from bids_ketamine.dataset.session_files import DENSE_EXTENSION, IMAGE_EXTENSIONS, SURFACE_SPACE
from bids_ketamine.study.spec import InputsSpec

#: `den` entity of the standard 91,282 grayordinates, the only ones that are read.
STANDARD = "91k"


def reads_dense(inputs: InputsSpec) -> bool:
    """Tell whether a study reads CIFTI series: its space is that of surfaces."""
    return inputs.space == SURFACE_SPACE


def series_extensions(inputs: InputsSpec) -> tuple[str, ...]:
    """Return how the names of a study's series end."""
    return (DENSE_EXTENSION,) if reads_dense(inputs) else IMAGE_EXTENSIONS


def preferred_dense(series: Sequence[DatasetFile], inputs: InputsSpec) -> list[DatasetFile]:
    """Return fMRIPrep's CIFTI series, in the first derivative that has any.

    Parameters
    ----------
    series : sequence of DatasetFile
        CIFTI series of a run.
    inputs : InputsSpec
        ``resolution`` is the `den` entity; the standard one, else a series that states none,
        where it is absent. A series with `desc` was cleaned or smoothed elsewhere.
    """
    for density in (inputs.resolution,) if inputs.resolution else (STANDARD, None):
        found = [
            file
            for file in series
            if file.get("space") == SURFACE_SPACE
            and file.get("desc") is None
            and file.get("den") == density
        ]
        if found:
            return [file for file in found if file.dataset == found[0].dataset]
    return []


def expected_entities(inputs: InputsSpec) -> dict[str, str]:
    """Return the entities that the name of a CIFTI series would have."""
    return {"space": SURFACE_SPACE, "den": inputs.resolution or STANDARD}
