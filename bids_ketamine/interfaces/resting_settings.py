"""What the resting runs of a session are read and cleaned with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bids_ketamine.regions.sources import RegionSource
from bids_ketamine.study.spec import CleaningSpec, InputsSpec, NetworksSpec, RegionsSpec, RestSpec


class RestSettings(NamedTuple):
    """What the resting runs of a session are read and cleaned with.

    Attributes
    ----------
    rest, regions, inputs
        Sections of the study.
    region_sources : tuple of RegionSource
        What its regions are made of.
    datasets : mapping of str to str
        Dataset name of each input folder.
    cleaning, networks
        Sections of the study; ``None`` where it has none.
    """

    rest: RestSpec
    regions: RegionsSpec
    region_sources: tuple[RegionSource, ...]
    inputs: InputsSpec
    datasets: Mapping[str, str]
    cleaning: CleaningSpec | None = None
    networks: NetworksSpec | None = None

    @property
    def atlas(self) -> str:
        """Name of the regions in output file names."""
        return self.inputs.timeseries_atlas or self.regions.atlas

    @property
    def wants_seed_maps(self) -> bool:
        """Whether networks are to be correlated with every voxel or grayordinate."""
        return self.networks is not None and bool(self.networks.seed_maps)
