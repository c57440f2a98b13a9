"""A second beginning of variational Laplace, where the first has stalled.

The scheme climbs the joint density of data and parameters, but keeps a step only if the free
energy rises, which also pays for what the parameters come to know. From the prior mean of a
noisy series the two disagree: every step is rejected, steps shrink, and SPM12's rule takes that
for convergence, with the parameters still at their prior means; or so little is to be gained at
first that the scheme ends where it began. The noise precision, held high by its prior, makes it
worse. So the second beginning is where the scheme arrives with a noise
precision that is free.
"""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.dcm.laplace_model import LaplaceModel
from bids_ketamine.core.dcm.variational_laplace import (
    LaplaceState,
    initial_state,
    variational_laplace,
)
from bids_ketamine.errors import ProcessingError

#: Prior variance of a log precision that the data alone are to settle.
LOG_PRECISION_FREEDOM = 16.0

#: What is told of a scheme that has stalled.
STALL = "the last of {} iterations were all rejected"


def begun_again(
    state: LaplaceState, model: LaplaceModel, *, maximum_iterations: int
) -> tuple[LaplaceState, tuple[str, ...]]:
    """Estimate a model from a second beginning, and return the end with more free energy.

    Parameters
    ----------
    state : LaplaceState
        The first end.
    model : LaplaceModel
        The model.
    maximum_iterations : int
        Iterations of each run of the scheme.

    Returns
    -------
    state : LaplaceState
        The better of both ends.
    told : tuple of str
        What was done, in words.
    """
    if state.best is None:
        raise ValueError("the scheme has made no iteration")
    cause = f"{STALL.format(state.iteration)}; " if state.stalled else ""
    try:
        relaxed = variational_laplace(with_free_noise(model), maximum_iterations=maximum_iterations)
        if relaxed.best is None:
            raise ValueError("the scheme has made no iteration")
        start = initial_state(model, model.parameters(relaxed.best.point))
        again = variational_laplace(model, maximum_iterations=maximum_iterations, start=start)
    except ProcessingError:
        return state, (f"{cause}a second beginning diverged, and the first end is kept",)
    first = state.best.free_energy
    second = -np.inf if again.best is None else again.best.free_energy
    found = f"{cause}begun again, the free energy is {second:.1f} in place of {first:.1f}"
    if second > first:
        return again, (f"{found}; its last steps were rejected too" if again.stalled else found,)
    return state, (f"{found}: the first end is kept",)


def with_free_noise(model: LaplaceModel) -> LaplaceModel:
    """Return a model whose noise level the data settle, around that of the data themselves."""
    fitted = model.confounds @ np.linalg.lstsq(model.confounds, model.data, rcond=None)[0]
    variance = np.mean((model.data - fitted) ** 2, axis=0)
    n_components = len(model.log_precision_mean)
    counts = np.bincount(model.component, minlength=n_components)
    level = np.bincount(model.component, weights=variance, minlength=n_components) / counts
    return model._replace(
        log_precision_mean=-np.log(level),
        log_precision_precision=np.full(n_components, 1.0 / LOG_PRECISION_FREEDOM),
    )
