"""Section on representational similarity."""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.fields import setting


@dataclass(frozen=True, kw_only=True)
class RsaSpec:
    """Representational similarity: linear discriminant contrast (A7)."""

    task: str = setting("Task, by name")
    trial_types: tuple[str, ...] = setting(
        "Trial types of the dissimilarity matrix; when absent, all of the conditions that hold "
        "those of `pairs`",
        default=(),
    )
    pairs: tuple[tuple[str, ...], ...] = setting(
        "Pairs of trial types whose dissimilarity is a measure; all pairs when absent", default=()
    )
    covariance: str = setting(
        "Noise covariance of voxels, from the residuals: shrinkage_to_diagonal (as much as the "
        "residuals ask for), diagonal, full, or identity (no noise normalisation)",
        default="shrinkage_to_diagonal",
        choices=("shrinkage_to_diagonal", "diagonal", "full", "identity"),
    )
    partition: str = setting(
        "Independent estimates of each trial type: one per run, one per block, one per half of a "
        "block, or block_or_half_block (blocks where every trial type repeats, else halves)",
        default="block_or_half_block",
        choices=("run", "block", "half_block", "block_or_half_block"),
    )
    maximum_partitions: int | None = setting(
        "Most partitions of a run; neighbouring blocks share one where there are more",
        default=None,
        minimum=2,
    )
    training: str = setting(
        "Patterns of the other partitions: their mean, or gls (estimated again from them)",
        default="mean",
        choices=("mean", "gls"),
    )
    minimum_residual_df: int = setting(
        "Fewest residual degrees of freedom for which a measure is given", default=20, minimum=1
    )
