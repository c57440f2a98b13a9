"""Volumes of brain structures of a participant-session, over intracranial volume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine._version import __version__
from bids_ketamine.dataset.aseg_rows import StructureVolume, structure_rows
from bids_ketamine.dataset.aseg_volumes import BrainVolumes, count_volumes, read_aseg_stats
from bids_ketamine.dataset.inputs import SessionInputs, VolumesInputs
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.regions.aseg import ASEG_LABELS
from bids_ketamine.regions.volumes import read_labels
from bids_ketamine.study.measure_names import ANATOMY, VOLUME

#: Unit of the measure.
SHARE = "share of intracranial volume"
#: How volumes were had, by their source.
STATS = "volume in FreeSurfer's aseg.stats over its estimated total intracranial volume"
COUNTED = "voxels of the segmentation, counted"


class StructureVolumesInputSpec(StepInputSpec):
    """Inputs of :class:`StructureVolumes`."""

    volumes = traits.Any(mandatory=True, desc="VolumesSpec")


class StructureVolumes(Step):
    """Volumes of a session's brain structures, as FreeSurfer has them."""

    input_spec = StructureVolumesInputSpec

    def compute(self, folder: Path) -> None:
        """Read the volumes, and write a measure for each structure."""
        session: SessionInputs = self.inputs.session
        found = session.volumes or VolumesInputs(reason="the study asks for no volumes")
        volumes = _read(found)
        rows = structure_rows(volumes, self.inputs.volumes.structures)
        _measures(rows, found).to_pickle(folder / "rows.pkl")
        write_step(
            folder,
            {"Runs": [], "Volumes": _facts(rows, volumes, found, self.inputs.sources)},
        )


def _read(found: VolumesInputs) -> BrainVolumes | str:
    """Read volumes where they come from; the reason where there are none."""
    if found.stats is not None:
        return read_aseg_stats(found.stats)
    if found.segmentation is None:
        return found.reason
    image = read_labels(found.segmentation)
    names = {label.index: label.name for label in ASEG_LABELS.labels}
    return count_volumes(image.labels, image.affine, names, source=found.segmentation.name)


def _measures(rows: Sequence[StructureVolume], found: VolumesInputs) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": VOLUME,
            "task": ANATOMY,
            "regions": [row.structure for row in rows],
            "value": [row.ratio for row in rows],
            "unit": SHARE,
            "method": COUNTED if found.stats is None and found.segmentation else STATS,
            "version": __version__,
            "reason": [row.reason for row in rows],
        }
    )


def _facts(
    rows: Sequence[StructureVolume],
    volumes: BrainVolumes | str,
    found: VolumesInputs,
    datasets: dict[str, str],
) -> dict[str, Any]:
    """Return what sidecar and report say of the volumes, mm^3."""
    notes = [] if isinstance(volumes, str) else list(volumes.notes)
    if found.note is not None and found.files:
        notes.insert(0, f"{found.files[0].name}: {found.note}")
    return {
        "Source": None if isinstance(volumes, str) else volumes.source,
        "Intracranial": None if isinstance(volumes, str) else _known(volumes.intracranial),
        "Structures": {row.structure: _known(row.volume) for row in rows},
        "Units": "mm^3",
        "Reason": volumes if isinstance(volumes, str) else volumes.why_not,
        "Notes": notes,
        "Sources": bids_uris(list(found.files), datasets),
    }


def _known(value: float) -> float | None:
    """Return a number, or nothing: JSON has no missing numbers."""
    return None if math.isnan(value) else value
