"""Sections on resting series: cleaning with censored volumes, and networks of regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting

#: Nuisance models by name, those of :mod:`bids_ketamine.core.cleaning.nuisance_models`.
MODEL_NAMES = (
    *("2P", "3P", "6P", "9P", "12P", "24P", "28P", "30P", "32P", "36P"),
    *("aCompCor", "aCompCor+GS", "AROMA", "AROMA+GS"),
)


@dataclass(frozen=True, kw_only=True)
class CleaningSpec:
    """Cleaning of resting series that leaves volumes out, in place of `rest.confounds` (B2)."""

    models: tuple[str, ...] = setting(
        "Nuisance models by name (docs/resting.md); measures are of the first, each further one "
        "gives the measures of networks again, under its name",
        default=("30P",),
        choices=MODEL_NAMES,
    )
    framewise_displacement: float | None = setting(
        "Volumes above it are left out, mm; null for no such criterion", default=0.25, minimum=0.0
    )
    std_dvars: float | None = setting(
        "Volumes whose standardized DVARS is above it are left out; null for no such criterion",
        default=None,
        minimum=0.0,
    )
    minimum_segment: int = setting(
        "Shortest stretch of volumes in a row that is used", default=1, minimum=1
    )
    motion_filter: str = setting(
        "Filter of the motion parameters before displacement is computed, against breathing: none, "
        "low_pass (below `motion_filter_cutoff`) or notch (without `motion_filter_band`); "
        "displacement becomes smaller and wants a lower threshold",
        default="none",
        choices=("none", "low_pass", "notch"),
    )
    motion_filter_cutoff: float = setting(
        "Filter low_pass: highest frequency kept, Hz", default=0.1, minimum=0.0
    )
    motion_filter_band: tuple[float, ...] = setting(
        "Filter notch: band of breathing that is taken out, Hz", default=(0.31, 0.43)
    )
    censored_volumes: str = setting(
        "What stands for left-out volumes while the band is filtered: spectral (the sinusoids "
        "that fit the kept volumes), linear (straight lines between them) or left_out (nothing: "
        "band and nuisance are fitted to the kept volumes alone)",
        default="spectral",
        choices=("spectral", "linear", "left_out"),
    )
    linear_trend: bool = setting("Take a linear trend out, too", default=True)
    minimum_minutes: float = setting(
        "Fewest minutes of kept volumes in a session, all its runs together",
        default=5.0,
        minimum=0.0,
    )
    unit_variance: bool = setting(
        "Give each region the same variance in each run before runs are joined", default=True
    )
    local_neighbourhood: tuple[str, ...] = setting(
        "Regions from which the mean signal of the cortex around them is regressed; `*` stands for "
        "any text; none when empty",
        default=(),
    )
    neighbourhood_distance: tuple[float, ...] = setting(
        "Smallest and largest distance of that cortex from a region, mm", default=(2.0, 20.0)
    )
    timeseries: str = setting(
        "Region time series that come as tables: as_is (cleaned elsewhere: volumes are left out, "
        "nothing else is done) or clean (raw means of regions, cleaned with the confounds table "
        "of the run); XCP-D's are never cleaned again",
        default="as_is",
        choices=("as_is", "clean"),
    )


@dataclass(frozen=True, kw_only=True)
class NetworksSpec:
    """Means of resting connectivity over the edges of networks (B4, B5)."""

    regions: Mapping[str, tuple[str, ...]] = setting(
        "Regions of each network: names, names with `*` for any text, or values of a grouping "
        "column of the label table, such as a community",
    )
    within: tuple[str, ...] = setting("Networks whose own edges are averaged", default=())
    between: Mapping[str, tuple[str, ...]] = setting(
        "Pairs of networks the edges between which are averaged, by the name of the measure",
        default=None,
    )
    shared: str = setting(
        "Where a region counts that both networks of a pair hold: first, second or neither",
        default="first",
        choices=("first", "second", "neither"),
    )
    minimum_fraction: float = setting(
        "Share of a network's edges that must have a value", default=0.5, minimum=0.0, maximum=1.0
    )
    seed_maps: tuple[str, ...] = setting(
        "Networks whose mean series is correlated with every voxel or grayordinate", default=()
    )
    signal_reference: str | None = setting(
        "Network whose temporal signal-to-noise ratio the others' is compared with", default=None
    )

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures: networks within, then pairs."""
        return (*self.within, *(self.between or {}))
