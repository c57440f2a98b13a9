"""Series that were whitened, filtered and adjusted: what calibrated estimates make of them."""

import numpy as np
import pytest
from scipy.linalg import toeplitz

from bids_ketamine.core.dcm.intervals import calibrated_errors
from bids_ketamine.errors import InputDataError
from tests.core.dcm.circuits import (
    block_inputs,
    circuit_parameters,
    estimated,
    recording,
    simulated,
)

#: Position of the driving input among the parameters.
DRIVE = 13


def whitening(n_scans, coefficient=0.4):
    """Return the symmetric root of the inverse covariance of an autoregressive process."""
    values, vectors = np.linalg.eigh(toeplitz(coefficient ** np.arange(n_scans)))
    return (vectors / np.sqrt(values)) @ vectors.T


def runs(*, told):
    """Return two whitened runs of the circuit, which say so or not."""
    made = []
    for scans, seed in ((6, 1), (5, 2)):
        inputs = block_inputs(120, scans=scans)
        noise = 0.1 * np.random.default_rng(seed).normal(size=(120, 2))
        applied = whitening(120)
        run = recording(applied @ simulated(circuit_parameters(), inputs) + noise, inputs)
        made.append(run._replace(filter=applied if told else None))
    return made


def test_predictions_are_filtered_as_the_series_were():
    told = calibrated_errors(estimated(*runs(told=True)))
    untold = calibrated_errors(estimated(*runs(told=False)))
    truth = circuit_parameters()
    error = np.sqrt(told.covariance[DRIVE, DRIVE])
    assert abs(told.mean[DRIVE] - truth[DRIVE]) < 2.0 * error
    # Whitening with 0.4 shrinks slow responses to about sqrt((1 - 0.4) / (1 + 0.4)) = 0.65, which
    # the drive must answer for where it is not known of.
    missed = np.sqrt(untold.covariance[DRIVE, DRIVE])
    assert untold.mean[DRIVE] < truth[DRIVE] - 2.5 * missed
    free = estimated(*runs(told=True)).structure.free
    standard = (told.mean - truth)[free] / np.sqrt(np.diagonal(told.covariance)[free])
    assert np.abs(standard).max() < 3.0


def test_the_posterior_is_that_of_spm_whether_told_or_not():
    told, untold = (estimated(*runs(told=each)) for each in (True, False))
    np.testing.assert_array_equal(told.posterior_mean, untold.posterior_mean)
    assert told.free_energy == untold.free_energy


def test_a_filter_of_another_length_is_refused():
    run = runs(told=True)[0]
    with pytest.raises(InputDataError, match=r"run 1: a filter of shape \(3, 3\) for 120 scans"):
        estimated(run._replace(filter=np.eye(3)))
