"""Data and inputs as a dynamic causal model is given them: checked, centred, scaled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.structure import DcmStructure
from bids_ketamine.errors import InputDataError

#: Range, percent, to which series with a larger one are shrunk.
LARGEST_RANGE = 4.0

#: Range of a region, as a share of the largest region's, below which it does not vary.
SMALLEST_SHARE = 1e-6


def check_recordings(
    recordings: Sequence[Recording], structure: DcmStructure, *, centred: bool = False
) -> None:
    """Report everything that makes recordings unfit for a model.

    Parameters
    ----------
    recordings : sequence of Recording
        Runs.
    structure : DcmStructure
        The model.
    centred : bool, optional
        Whether inputs lose their mean, so that one that never changes is as good as none.

    Raises
    ------
    InputDataError
        With all problems: no run, values that are not finite, wrong lengths, a region that does
        not vary, an input that is never on.
    """
    problems = [] if recordings else ["there is no run"]
    for number, each in enumerate(recordings, start=1):
        problems += [f"run {number}: {told}" for told in _run_problems(each, structure)]
    if not problems:
        inputs = np.concatenate([each.inputs for each in recordings])
        for place, level in enumerate(inputs.T, start=1):
            if not level.any():
                problems.append(f"input {place} is never on")
            elif centred and np.ptp(level) == 0.0:
                problems.append(f"input {place} never changes, and nothing is left of it centred")
    if problems:
        raise InputDataError(
            f"The model cannot be estimated from these data: {'; '.join(problems)}.",
            cure="Series are (scans, regions), confounds (scans, columns), inputs "
            "(scans * bins a scan, inputs); all are finite, every region varies, every input "
            "is on at some time.",
        )


def _run_problems(run: Recording, structure: DcmStructure) -> list[str]:
    n_scans = len(run.series)
    problems = []
    if run.series.ndim != 2 or run.series.shape[1] != structure.n_regions or not n_scans:
        problems.append(f"series of shape {run.series.shape} for {structure.n_regions} regions")
        return problems
    if run.confounds.ndim != 2 or len(run.confounds) != n_scans:
        problems.append(f"confounds of shape {run.confounds.shape} for {n_scans} scans")
    elif run.confounds.shape[1] >= n_scans:
        problems.append(f"{run.confounds.shape[1]} confounds leave nothing of {n_scans} scans")
    if run.filter is not None and np.shape(run.filter) != (n_scans, n_scans):
        problems.append(f"a filter of shape {np.shape(run.filter)} for {n_scans} scans")
    if run.inputs.ndim != 2 or run.inputs.shape[1] != structure.n_inputs:
        problems.append(f"inputs of shape {run.inputs.shape} for {structure.n_inputs} inputs")
    elif not len(run.inputs) or len(run.inputs) % n_scans:
        problems.append(
            f"{len(run.inputs)} bins of inputs are no whole number of bins for each of "
            f"{n_scans} scans"
        )
    if not run.t_r > 0.0 or not np.isfinite(run.t_r):
        problems.append(f"a repetition time of {run.t_r} s")
    for name, values in (
        ("series", run.series),
        ("confounds", run.confounds),
        ("inputs", run.inputs),
    ):
        count = int(np.size(values) - np.isfinite(values).sum())
        if count:
            problems.append(f"{count} values of the {name} are not finite")
    if not problems:
        spread = np.ptp(run.series, axis=0)
        flat = np.flatnonzero(spread <= SMALLEST_SHARE * spread.max())
        problems += [f"region {place + 1} does not vary" for place in flat]
    return problems


def prepare_series(series: Sequence[np.ndarray]) -> tuple[tuple[np.ndarray, ...], float]:
    r"""Remove each run's mean, and shrink all series if their range is above 4 percent.

    :math:`s = 4 / \max(range, 4)` with the range over all regions and runs: the priors are for
    responses of a few percent. Data are never enlarged.

    Parameters
    ----------
    series : sequence of ndarray of shape (n_scans, n_regions)
        Each run, percent.

    Returns
    -------
    series : tuple of ndarray
        Each run without its mean, scaled.
    scale : float
        s.
    """
    detrended = [each - each.mean(axis=0) for each in series]
    spread = max(each.max() for each in detrended) - min(each.min() for each in detrended)
    scale = LARGEST_RANGE / max(float(spread), LARGEST_RANGE)
    return tuple(each * scale for each in detrended), scale


def centre_inputs(inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Remove the mean of each input over all bins of all runs.

    With centred inputs, connections are those at the average of the inputs, and a modulation
    is the departure from it.

    Parameters
    ----------
    inputs : sequence of ndarray of shape (n_bins, m)
        Each run.

    Returns
    -------
    tuple of ndarray
        The same without their mean.
    """
    mean = np.concatenate(list(inputs)).mean(axis=0)
    return tuple(each - mean for each in inputs)
