"""Rows of the measures table: contrasts of a task in regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.glm.estimates import ContrastMaps
from bids_ketamine.core.glm.model_rules import MARSBAR, MEAN
from bids_ketamine.interfaces.contrasts import CombinedContrast, mean_over_runs
from bids_ketamine.interfaces.region_reasons import below_threshold_words, region_reason
from bids_ketamine.interfaces.runs import mean_in, runs_summary
from bids_ketamine.regions.locate import Region

#: Name of the measure by how a contrast is summed up over a region.
MEASURES = {MEAN: "activation", MARSBAR: "activation_marsbar"}


#: Share of a region's voxels that runs must have in common for its standard error.
SAME_VOXELS = 0.95


class _Value(NamedTuple):
    """A measure, its standard error and the voxels it rests on."""

    value: float
    standard_error: float
    residual_df: float
    reason: str


def activation_rows(
    contrasts: Sequence[CombinedContrast],
    regions: Sequence[Region],
    *,
    task: str,
    noise_model: str,
    region_methods: Sequence[str],
    minimum_coverage: float,
) -> pd.DataFrame:
    """Return a row for each t contrast, region and way of summing up.

    Parameters
    ----------
    contrasts : sequence of CombinedContrast
        Contrasts of the task; F contrasts have maps and no measures.
    regions : sequence of Region
        Regions on the runs' grid.
    task : str
        Name of the task in the study.
    noise_model : str
        How contrasts were estimated.
    region_methods : sequence of str
        ``mean``: mean of the contrast map; ``marsbar``: the mean series with serial correlations
        of its own.
    minimum_coverage : float
        Smallest share of a region with signal for which there is a value.
    """
    rows = []
    for combined in contrasts:
        if combined.contrast.test != "t":
            continue
        tsnr = np.mean([each.tsnr for each in combined.runs], axis=0)
        summary = runs_summary([each.facts for each in combined.runs])
        for method in region_methods:
            # MarsBaR reads all voxels of a region, also those under the mask threshold.
            masks = [each.usable if method == MARSBAR else each.modelled for each in combined.runs]
            usable = np.logical_and.reduce(masks)
            for position, region in enumerate(regions):
                found = _region_value(combined, region, position, method, usable, minimum_coverage)
                rows.append(
                    {
                        "measure": MEASURES[method],
                        "task": task,
                        "contrast": combined.contrast.name,
                        "unit": combined.unit,
                        "method": _method_words(noise_model, method),
                        "version": __version__,
                        **summary,
                        "residual_df": found.residual_df,
                        "regions": region.name,
                        "value": found.value,
                        "standard_error": found.standard_error,
                        "coverage": region.coverage(usable),
                        "tsnr": mean_in(tsnr, region),
                        "reason": found.reason,
                    }
                )
    return pd.DataFrame(rows)


def _method_words(noise_model: str, method: str) -> str:
    if method == MARSBAR:
        return "mean series of the region with serial correlations of its own, as MarsBaR"
    tool = "SPM12" if noise_model == "spm" else "nilearn"
    return f"mean of the contrast map, GLM as {tool}, noise model {noise_model}"


def _region_value(
    combined: CombinedContrast,
    region: Region,
    position: int,
    method: str,
    usable: np.ndarray,
    minimum_coverage: float,
) -> _Value:
    """Return what a region gives, or why it gives nothing."""
    planned_df = runs_summary([each.facts for each in combined.runs])["residual_df"]
    nothing: dict[str, Any] = {
        "value": float("nan"),
        "standard_error": float("nan"),
        "residual_df": planned_df,
    }
    coverage = region.coverage(usable)
    if combined.volumes is None:
        return _Value(**nothing, reason=combined.reason)
    below = below_threshold_words(region, [each.usable for each in combined.runs], usable)
    reason = region_reason(
        region.problem, coverage, minimum_coverage=minimum_coverage, below_threshold=below
    )
    if reason:
        return _Value(**nothing, reason=reason)
    maps = _region_maps(combined, position, method)
    if method == MARSBAR:
        if maps is None or maps.effect is None:
            problems = [each.marsbar_problems[position] for each in combined.runs]
            known = next((each for each in problems if each), "")
            return _Value(
                **nothing, reason=known or "no voxel of the region has signal in every run"
            )
        error = float(maps.standard_error[0])
        return _Value(float(maps.effect[0]), error, maps.residual_df, "")
    value = mean_in(combined.volumes["effect"], region)
    if maps is None or not _alike(combined, region, usable):
        # The mean series of the runs are of other voxels than the map.
        return _Value(value, float("nan"), planned_df, "")
    return _Value(value, float(maps.standard_error[position]), maps.residual_df, "")


def _alike(combined: CombinedContrast, region: Region, common: np.ndarray) -> bool:
    """Tell whether nearly the same voxels of a region are modelled in every run."""
    n_common = int(common.reshape(-1)[region.voxels].sum())
    largest = max(int(each.modelled.reshape(-1)[region.voxels].sum()) for each in combined.runs)
    return n_common >= SAME_VOXELS * largest


def _region_maps(combined: CombinedContrast, position: int, method: str) -> ContrastMaps | None:
    """Return the contrast of the mean series, over runs; None where a run lacks the region."""
    name = combined.contrast.name
    if method == MARSBAR:
        found = [each.marsbar[position].get(name) for each in combined.runs]
    else:
        found = [each.region_contrasts.get(name) for each in combined.runs]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    # A region's noise over runs is that of the voxels, MarsBaR's its own.
    levels = None if method == MARSBAR else combined.noise_levels
    return mean_over_runs(known, test="t", noise_levels=levels)
