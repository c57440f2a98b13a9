"""What goes into the model of a task run, and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bids_ketamine.core.events import ModelledEvents
from bids_ketamine.core.glm.design_matrix import Design
from bids_ketamine.core.glm.diagnostics import DesignDiagnostics
from bids_ketamine.core.glm.estimates import RunContrast
from bids_ketamine.core.glm.filtered_model import FilteredModel
from bids_ketamine.core.glm.noise_models import NoiseFacts
from bids_ketamine.core.glm.regions import Eigenvariate
from bids_ketamine.core.glm.task_regressors import Sampling


class RunData(NamedTuple):
    """Series of a run and where its regions are.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_voxels)
        BOLD series inside the brain, scanner units.
    global_means : ndarray of shape (n_scans,)
        Mean of each volume inside the head.
    regions : sequence of ndarray of int
        Columns of the series in each region, ascending.
    """

    series: np.ndarray
    global_means: np.ndarray
    regions: Sequence[np.ndarray]


class RegionEstimates(NamedTuple):
    """What regions give, one entry each.

    Attributes
    ----------
    series : ndarray of shape (n_scans, n_regions)
        Mean series, percent of the grand mean; NaN for a region without voxels.
    contrasts : dict of str to RunContrast
        Contrasts of the mean series with the run's noise model.
    marsbar : tuple of (dict of str to RunContrast)
        MarsBaR's contrasts of each region; empty where there are none.
    marsbar_problems : tuple of str
        Why a region has none; empty where it has, or none was asked for.
    eigenvariates : tuple of (Eigenvariate or None)
        First eigenvariate of each region, adjusted for effects of no interest.
    """

    series: np.ndarray
    contrasts: dict[str, RunContrast]
    marsbar: tuple[dict[str, RunContrast], ...]
    marsbar_problems: tuple[str, ...]
    eigenvariates: tuple[Eigenvariate | None, ...]


class TaskFit(NamedTuple):
    """A fitted run.

    Attributes
    ----------
    contrasts : dict of str to RunContrast
        Contrasts that could be estimated in the kept voxels, percent of the grand mean.
    not_estimable : dict of str to str
        Contrasts that could not, and why.
    kept : ndarray of bool, shape (n_voxels,)
        Voxels of the series that are modelled.
    regions : RegionEstimates
        Regions.
    design : Design
        Design matrix.
    diagnostics : DesignDiagnostics or None
        How well it tells conditions apart; None where nothing is estimated.
    events : ModelledEvents
        Events as modelled.
    noise : NoiseFacts
        What is known of the noise.
    sampling : Sampling
        How regressors were sampled.
    model : FilteredModel or None
        Whitened and filtered design; None where nothing is estimated.
    notes : tuple of str
        What a reader should know.
    """

    contrasts: dict[str, RunContrast]
    not_estimable: dict[str, str]
    kept: np.ndarray
    regions: RegionEstimates
    design: Design
    diagnostics: DesignDiagnostics | None
    events: ModelledEvents
    noise: NoiseFacts
    sampling: Sampling
    model: FilteredModel | None
    notes: tuple[str, ...]
