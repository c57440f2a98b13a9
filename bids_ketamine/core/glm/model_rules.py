"""What a study says about first-level models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

#: The noise model that is SPM's: one serial covariance for all voxels of a run.
POOLED = "spm"

#: Ways of summing a contrast up over a region.
MEAN, MARSBAR = "mean", "marsbar"


class ModelRule(Protocol):
    """How runs of a study are modelled."""

    @property
    def noise_model(self) -> str:
        """``spm``, ``ar1`` or ``ols``."""

    @property
    def hrf_model(self) -> str:
        """Haemodynamic response, and derivatives."""

    @property
    def high_pass_period(self) -> float:
        """Longest period kept, s."""

    @property
    def minimum_residual_df(self) -> int:
        """Fewest residual degrees of freedom with which a contrast is estimated."""

    @property
    def microtime_resolution(self) -> int:
        """Bins a repetition time (``spm``)."""

    @property
    def reference_bin(self) -> int | None:
        """Bin (from 1) at which regressors are sampled; None for the slices' (``spm``)."""

    @property
    def mask_threshold(self) -> float | None:
        """Share of the global mean that a voxel must exceed in every volume (``spm``)."""

    @property
    def orthogonalize(self) -> bool:
        """Whether further regressors of a condition are orthogonal to those before."""

    @property
    def region_methods(self) -> tuple[str, ...]:
        """How a contrast is summed up over a region: ``mean``, ``marsbar``."""


class ContrastRule(Protocol):
    """A contrast of a study."""

    @property
    def name(self) -> str:
        """Name of the contrast."""

    @property
    def test(self) -> str:
        """``t`` or ``F``."""

    @property
    def rows(self) -> tuple[Mapping[str, float], ...]:
        """Weights of columns: one row for t, several for F."""


class EigenvariateRule(Protocol):
    """Which voxels of a region count for its first eigenvariate."""

    @property
    def eigenvariate_contrast(self) -> str | None:
        """Contrast that chooses them; None for all of a region."""

    @property
    def eigenvariate_p(self) -> float:
        """Tail probability below which a voxel is chosen."""
