"""Volumes of brain structures, and FreeSurfer's table of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

#: Share of the right hippocampus in what both hippocampi have in common, Pearson r.
SIDES = 0.8

#: Spread of a structure's share of the head, relative to its mean.
SPREAD = 0.08

#: FreeSurfer's number and a typical volume, mm^3, of structures of an adult.
STRUCTURES = {
    "Left-Thalamus": (10, 7600.0),
    "Left-Caudate": (11, 3400.0),
    "Left-Putamen": (12, 4700.0),
    "Left-Pallidum": (13, 2000.0),
    "Brain-Stem": (16, 21500.0),
    "Left-Hippocampus": (17, 4000.0),
    "Left-Amygdala": (18, 1650.0),
    "Left-Accumbens-area": (26, 520.0),
    "Right-Thalamus": (49, 7500.0),
    "Right-Caudate": (50, 3500.0),
    "Right-Putamen": (51, 4800.0),
    "Right-Pallidum": (52, 1950.0),
    "Right-Hippocampus": (53, 4150.0),
    "Right-Amygdala": (54, 1750.0),
    "Right-Accumbens-area": (58, 560.0),
}

#: Mean and spread of the intracranial volume, mm^3.
HEAD, HEAD_SPREAD = 1.55e6, 0.13e6


class Volumes(NamedTuple):
    """Volumes of one participant, mm^3.

    Attributes
    ----------
    structures : mapping of str to float
        By FreeSurfer's name.
    intracranial : float
        Of the inner skull.
    """

    structures: Mapping[str, float]
    intracranial: float


def plan_volumes(
    *, relative_change: float | None, correlation: float, source: np.random.Generator
) -> Volumes:
    """Draw the volumes of a participant.

    The hippocampus's share of the head goes with the change of symptoms, on the right with the
    given correlation, on the left with a smaller one; no other structure's does.

    Parameters
    ----------
    relative_change : float or None
        Change of the score, post minus before, in standard deviations; ``None`` of a control.
    correlation : float
        With the share of the right hippocampus, Pearson r.
    source : numpy.random.Generator
        Source of randomness.
    """
    head = HEAD + HEAD_SPREAD * float(np.clip(source.normal(), -2.5, 2.5))
    own = dict(zip(STRUCTURES, source.normal(size=len(STRUCTURES)).tolist(), strict=True))
    if relative_change is not None:
        rest = float(np.sqrt(1.0 - correlation**2))
        own["Right-Hippocampus"] = correlation * relative_change + rest * own["Right-Hippocampus"]
    right, left = own["Right-Hippocampus"], own["Left-Hippocampus"]
    own["Left-Hippocampus"] = SIDES * right + float(np.sqrt(1.0 - SIDES**2)) * left
    structures = {
        name: round(volume * head / HEAD * (1.0 + SPREAD * float(np.clip(own[name], -3, 3))), 1)
        for name, (_, volume) in STRUCTURES.items()
    }
    return Volumes(structures, round(head, 1))


def aseg_stats(volumes: Volumes, *, label: str) -> str:
    """Return the content of FreeSurfer's ``aseg.stats``, as far as analyses read it.

    Parameters
    ----------
    volumes : Volumes
        Of a participant.
    label : str
        ``sub-001``, ...
    """
    head = (
        "# Title Segmentation Statistics\n#\n# generating_program bids_ketamine-demo\n"
        f"# subjectname {label}\n"
        "# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, "
        f"{volumes.intracranial:.6f}, mm^3\n"
        f"# NRows {len(volumes.structures)}\n# NTableCols 5\n"
        "# ColHeaders Index SegId NVoxels Volume_mm3 StructName\n"
    )
    lines = [
        f"{row:3d} {STRUCTURES[name][0]:3d} {round(volume):8d} {volume:12.1f}  {name}"
        for row, (name, volume) in enumerate(volumes.structures.items(), start=1)
    ]
    return head + "\n".join(lines) + "\n"
