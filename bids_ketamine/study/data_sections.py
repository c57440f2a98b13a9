"""Sections on the data: which derivatives, which sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class InputsSpec:
    """Which derivatives are read."""

    space: str = setting(
        "Template or space entity of the images", default="MNI152NLin2009cAsym", entity=True
    )
    resolution: str | None = setting("`res` entity of the images", default=None, entity=True)
    bold_descriptions: tuple[str, ...] = setting(
        "`desc` entities of BOLD series in order of preference; smoothAROMAnonaggr is denoised "
        "and smoothed already",
        default=("smoothAROMAnonaggr", "preproc"),
        entity=True,
    )
    aroma: str = setting(
        "Whether series that are not denoised yet are denoised here with the components of "
        "ICA-AROMA that lie beside them",
        default="none",
        choices=("none", "nonaggressive"),
    )
    smoothing_fwhm: float | None = setting(
        "Full width at half maximum of the Gaussian for series that are not smoothed yet, mm",
        default=6.0,
        minimum=0.0,
        maximum=50.0,
    )
    timeseries_atlas: str | None = setting(
        "`atlas` (or `seg`) entity of region time series to use instead of images at rest",
        default=None,
        entity=True,
    )


@dataclass(frozen=True, kw_only=True)
class SessionSpec:
    """A session by its meaning in the trial, and how to find its label."""

    name: str = setting("Meaning of the session in the trial, such as `pre`", entity=True)
    label: str | None = setting(
        "Session label (`ses-` entity) in the dataset; the name when absent",
        default=None,
        entity=True,
    )
    column: str | None = setting(
        "Column of participants.tsv that decides the label (crossover trials)", default=None
    )
    labels: Mapping[str, str] = setting(
        "Session label for each value of `column`", default=None, entity=True
    )
    unlabelled: bool = setting("The dataset has no session folders", default=False)
    scanned: bool = setting(
        "Whether there are images of it; a visit with scores alone has none", default=True
    )
    mean_of: tuple[str, ...] = setting(
        "Sessions whose mean it is, such as two baselines: of measures (Fisher z of connectivity) "
        "and scores, of one where the other is missing",
        default=(),
    )

    @property
    def in_dataset(self) -> bool:
        """Whether it is a session of the dataset's own, not made of others."""
        return not self.mean_of


@dataclass(frozen=True, kw_only=True)
class ChangeSpec:
    """A difference between two sessions."""

    name: str = setting("Name of the change")
    first: str = setting("Session that is subtracted")
    second: str = setting("Session from which it is subtracted")
