"""Regions of the study in the runs of a session, found once where runs have the same places."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.images.grayordinate_regions import GrayordinateRegion
from bids_ketamine.images.grayordinates import Grayordinates
from bids_ketamine.images.grid import Grid
from bids_ketamine.interfaces.resting_neighbourhood import (
    Rings,
    grayordinate_points,
    rings_on_surface,
)
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.runs import own_segmentation
from bids_ketamine.regions.grayordinates import locate_grayordinate_regions
from bids_ketamine.regions.locate import LocatedRegions, locate_regions
from bids_ketamine.regions.templates import midthickness_files


class DenseRegions(NamedTuple):
    """Regions on grayordinates.

    Attributes
    ----------
    regions : tuple of GrayordinateRegion
        In the order of the study.
    notes : tuple of str
        What was done to bring them there.
    points : ndarray of shape (n_grayordinates, 3)
        Where grayordinates lie, mm; NaN where not known.
    rings : Rings or None
        Cortex around the regions of `cleaning.local_neighbourhood`.
    """

    regions: tuple[GrayordinateRegion, ...]
    notes: tuple[str, ...]
    points: np.ndarray
    rings: Rings | None


class SessionRegions:
    """Finds the study's regions in the runs of a session, which mostly share their places.

    Parameters
    ----------
    session : SessionInputs
        The session, for the participant's own segmentation.
    settings : RestSettings
        Regions and cleaning.
    """

    def __init__(self, session: SessionInputs, settings: RestSettings) -> None:
        self.settings = settings
        self.own_segmentation = own_segmentation(session.runs_of(settings.rest.task))
        self._in_volume: tuple[Grid, LocatedRegions] | None = None
        self._dense: tuple[Grayordinates, DenseRegions] | None = None

    def in_volume(self, grid: Grid) -> LocatedRegions:
        """Return the voxels of the regions on the grid of a run."""
        if self._in_volume is None or not self._in_volume[0].same_as(grid):
            found = locate_regions(
                self.settings.region_sources, grid, own_segmentation=self.own_segmentation
            )
            self._in_volume = (grid, found)
        return self._in_volume[1]

    def on_grayordinates(self, grayordinates: Grayordinates) -> DenseRegions:
        """Return the regions on the grayordinates of a run."""
        if self._dense is None or not self._dense[0].same_as(grayordinates):
            self._dense = (grayordinates, self._on(grayordinates))
        return self._dense[1]

    def _on(self, grayordinates: Grayordinates) -> DenseRegions:
        located = locate_grayordinate_regions(
            self.settings.region_sources, grayordinates, own_segmentation=self.own_segmentation
        )
        points = grayordinate_points(grayordinates, midthickness=self._midthickness())
        rings = None
        if self.settings.cleaning is not None:
            rings = rings_on_surface(
                located.regions, grayordinates, self.settings.cleaning, points=points
            )
        return DenseRegions(located.regions, located.notes, points, rings)

    def _midthickness(self) -> tuple[Path, ...]:
        """Return the surfaces that give vertices a place, where they are at hand or needed."""
        settings = self.settings
        known = next(
            (each.midthickness for each in settings.region_sources if each.midthickness), ()
        )
        wanted = settings.cleaning is not None and bool(settings.cleaning.local_neighbourhood)
        if known or not (wanted or settings.regions.midthickness):
            return known
        return midthickness_files(settings.regions)
