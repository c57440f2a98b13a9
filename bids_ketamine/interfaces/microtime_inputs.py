"""Events of conditions on the microtime grid, as generalized PPI and DCM take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.core.glm.convolution import lead_in_for, microtime_input
from bids_ketamine.core.glm.task_fit import TaskFit
from bids_ketamine.core.glm.task_regressors import Sampling


def microtime_sampling(fit: TaskFit, *, resolution: int) -> Sampling:
    """Return how a run is sampled on a grid, whatever grid its GLM has.

    Parameters
    ----------
    fit : TaskFit
        The run's GLM.
    resolution : int
        Bins a repetition time.
    """
    return fit.sampling._replace(microtime_resolution=resolution)


def microtime_inputs(fit: TaskFit, conditions: Sequence[str], *, resolution: int) -> np.ndarray:
    """Lay the events of conditions, as the GLM has them, on the microtime grid.

    Parameters
    ----------
    fit : TaskFit
        The run's GLM.
    conditions : sequence of str
        Conditions, the error trials' among them; one without events gives zeros.
    resolution : int
        Bins a repetition time.

    Returns
    -------
    ndarray of shape (n_scans * resolution, n_conditions)
        From the first volume on: one while an event lasts, and 1 / dt in the bin of an event of
        a condition without durations (unit area).
    """
    sampling, events = fit.sampling, fit.events.table
    step = sampling.t_r / resolution
    columns = []
    for name in conditions:
        own = events[events["trial_type"] == name]
        onsets = own["onset"].to_numpy(dtype=float)
        before = lead_in_for(onsets, step)
        level = microtime_input(
            onsets=onsets,
            durations=own["duration"].to_numpy(dtype=float),
            t_r=sampling.t_r,
            n_scans=sampling.n_scans,
            microtime_resolution=resolution,
            lead_in_bins=before,
        )
        columns.append(level[before:])
    return np.column_stack(columns)
