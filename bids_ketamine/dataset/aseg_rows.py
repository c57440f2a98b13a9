"""Volumes of structures over the intracranial volume, or the reason why not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from bids_ketamine.dataset.aseg_volumes import BrainVolumes, todays_name
from bids_ketamine.dataset.spelling import nearest


class StructureVolume(NamedTuple):
    """One row of a table of volumes.

    Attributes
    ----------
    structure : str
        FreeSurfer's name.
    volume, intracranial : float
        mm^3; NaN where not known.
    ratio : float
        Volume over intracranial volume; NaN where one is not known.
    reason : str
        Why the ratio is not known; empty where it is.
    """

    structure: str
    volume: float
    intracranial: float
    ratio: float
    reason: str


def structure_rows(
    volumes: BrainVolumes | str, wanted: Sequence[str]
) -> tuple[StructureVolume, ...]:
    """Return the volumes of structures over the intracranial volume, or the reason.

    Parameters
    ----------
    volumes : BrainVolumes or str
        Of a session; or the reason why there are none.
    wanted : sequence of str
        FreeSurfer's names, the older ones too.

    Returns
    -------
    tuple of StructureVolume
        One for each name.
    """
    if isinstance(volumes, str):
        nan = math.nan
        return tuple(StructureVolume(todays_name(name), nan, nan, nan, volumes) for name in wanted)
    return tuple(_row(volumes, todays_name(name)) for name in wanted)


def _row(volumes: BrainVolumes, name: str) -> StructureVolume:
    volume = volumes.structures.get(name, math.nan)
    reason = volumes.why_not
    if name not in volumes.structures:
        like = nearest(name, volumes.structures)
        hint = "" if like is None else f" (it has {like})"
        reason = f"{volumes.source} has no {name}{hint}"
    elif volume <= 0:
        volume, reason = math.nan, f"{volumes.source}: {name} has no voxel"
    known = not reason
    ratio = volume / volumes.intracranial if known else math.nan
    return StructureVolume(name, volume, volumes.intracranial, ratio, reason)
