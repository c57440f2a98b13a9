"""Data with a known circuit, and SPM12's reference results, for ``benchmarks.dcm``.

The circuit and the design are those of the reference simulations: vmPFC and amygdala, 200 scans
of 2 s, blocks of 25 s every 40 s. All blocks drive the amygdala; every other one is of faces,
which modulate both connections between the regions. Confounds are a constant and the cosines
slower than 128 s. Parameters are drawn around those of the reference simulations.

Where the reference results lie beside the repository (``../shared/reference/dcm_peb``), they are
read; otherwise data of the same design are simulated.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import toeplitz
from scipy.signal import lfilter

from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.dcm.estimation import NEVER, SPM_ITERATIONS, DcmEstimate, estimate_dcm
from bids_ketamine.core.dcm.preparation import centre_inputs
from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.schedule import sampling_schedule
from bids_ketamine.core.dcm.simulation import simulate_bold
from bids_ketamine.core.dcm.state_equation import (
    N_STATES,
    SPM_ECHO_TIME,
    bold_signal,
    state_derivative,
)
from bids_ketamine.core.dcm.structure import (
    DcmStructure,
    parameter_labels,
    unpack,
)

#: Where the reference results are, if they are there.
REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "dcm_peb"

REGIONS, INPUTS = ("vmPFC", "amygdala"), ("task", "faces")
N_SCANS, T_R, BINS = 200, 2.0, 16
#: Time within a scan at which regions are measured, s.
DELAY = 1.0
#: Begin of the first block, distance of blocks, length of a block, s.
BLOCKS = (10.0, 40.0, 25.0)
HIGH_PASS_PERIOD = 128.0
#: Mean and spread (SD) of the parameters of the 20 reference simulations, Hz.
TRUTHS = {
    "vmPFC > amygdala": (-0.219, 0.056),
    "amygdala > vmPFC": (0.264, 0.087),
    "vmPFC > amygdala by faces": (-0.325, 0.221),
    "amygdala > vmPFC by faces": (0.222, 0.228),
    "task > amygdala": (0.595, 0.082),
}
#: Lag-1 correlation of the noise of the reference simulations.
REFERENCE_AUTOCORRELATION = 1.0 / 16.0
#: Error that the nonlinear integration may make in a step, relative and absolute.
RELATIVE_ERROR, ABSOLUTE_ERROR = 1e-6, 1e-9


class DataSet(NamedTuple):
    """What an estimation needs.

    Attributes
    ----------
    structure : DcmStructure
        The model.
    recording : Recording
        The run.
    delays : ndarray of shape (n_regions,)
        When regions are measured, s.
    centred : bool
        Whether the estimation centres the inputs.
    """

    structure: DcmStructure
    recording: Recording
    delays: np.ndarray
    centred: bool


class Reference(NamedTuple):
    """A data set and what SPM12 made of it.

    Attributes
    ----------
    name : str
        Of the file.
    data : DataSet
        Its data.
    mean, covariance : ndarray of shape (P,), (P, P)
        SPM12's posterior.
    truth : ndarray of shape (P,) or None
        Parameters of simulated data.
    seconds : float
        SPM12's processor time.
    n_iterations : int
        SPM12's iterations.
    """

    name: str
    data: DataSet
    mean: np.ndarray
    covariance: np.ndarray
    truth: np.ndarray | None
    seconds: float
    n_iterations: int


def estimate(data: DataSet, *, restart: str = NEVER) -> DcmEstimate:
    """Estimate the model of a data set with SPM12's settings."""
    return estimate_dcm(
        [data.recording],
        structure=data.structure,
        delays=data.delays,
        echo_time=SPM_ECHO_TIME,
        centre_inputs=data.centred,
        maximum_iterations=SPM_ITERATIONS,
        restart=restart,
    )


def references(kind: str) -> list[Reference]:
    """Return reference results: ``simulated`` (20) or ``real`` (8); none where they are absent."""
    pattern = {"simulated": "firstlevel_sim2/s??_t?.npz", "real": "firstlevel_real/sub-*.npz"}
    found = []
    for path in sorted(REFERENCE.glob(pattern[kind])):
        with np.load(path) as arrays:
            case = {name: arrays[name] for name in arrays.files}
        data = DataSet(
            DcmStructure(case["a"], case["b"], case["c"]),
            Recording(case["y_in"], case["X0"], case["u_in"], float(case["y_dt"])),
            case["delays"],
            bool(case["options_centre"]),
        )
        found.append(
            Reference(
                path.stem,
                data,
                case["Ep"],
                case["Cp"],
                case.get("P_true"),
                float(case["cpu_s"]),
                int(case["n_iter"]),
            )
        )
    return found


def circuit() -> DcmStructure:
    """Return the model of the reference simulations."""
    modulations, driving = np.zeros((2, 2, 2)), np.zeros((2, 2))
    modulations[0, 1, 1] = modulations[1, 0, 1] = driving[1, 0] = 1.0
    return DcmStructure(np.ones((2, 2)), modulations, driving)


def names() -> list[str]:
    """Name all parameters of the circuit."""
    return [each.name for each in parameter_labels(circuit(), regions=REGIONS, inputs=INPUTS)]


def block_inputs(n_scans: int) -> np.ndarray:
    """Return the inputs of all blocks and of every other one, (n_bins, 2)."""
    begin, distance, length = BLOCKS
    since = np.arange(n_scans * BINS) * T_R / BINS - begin
    on = (since >= 0.0) & (since % distance < length)
    return np.column_stack([on, on & (since // distance % 2 == 0)]).astype(float)


def confounds(n_scans: int, t_r: float) -> np.ndarray:
    """Return a constant and slow cosines, orthonormal."""
    cosines = drift_basis(n_scans=n_scans, t_r=t_r, high_pass_period=HIGH_PASS_PERIOD)
    return np.column_stack([np.full(n_scans, n_scans**-0.5), cosines])


def draw_truth(source: np.random.Generator) -> np.ndarray:
    """Draw parameters of the circuit: those of `TRUTHS`, all others from the model's prior."""
    structure = circuit()
    prior = dcm_priors(structure)
    spread = np.sqrt(np.diagonal(prior.covariance))
    drawn = prior.mean + spread * source.standard_normal(structure.n_parameters)
    for place, name in enumerate(names()):
        if name in TRUTHS:
            drawn[place] = source.normal(*TRUTHS[name])
    return drawn


def data_set(
    signal: np.ndarray,
    structure: DcmStructure,
    inputs: np.ndarray,
    *,
    t_r: float = T_R,
    snr: float,
    autocorrelation: float,
    source: np.random.Generator,
) -> DataSet:
    """Add noise to series, sd(signal) / SNR in each region, and return the data set."""
    n_scans, n_regions = signal.shape
    deviation = signal.std(axis=0) / snr
    series = signal + deviation * serial_noise(n_scans, n_regions, autocorrelation, source)
    run = Recording(series, confounds(n_scans, t_r), inputs, t_r)
    return DataSet(structure, run, np.full(n_regions, 0.5 * t_r), centred=True)


def whitened_data(data: DataSet, autocorrelation: float) -> DataSet:
    """Return a data set whose series are whitened and filtered, as SPM12 extracts them."""
    run = data.recording
    drift = run.confounds[:, 1:]
    values, vectors = np.linalg.eigh(toeplitz(autocorrelation ** np.arange(len(run.series))))
    whitening = (vectors / np.sqrt(values)) @ vectors.T
    applied = whitening - drift @ (drift.T @ whitening)
    constant = applied @ run.confounds[:, :1]
    filtered = run._replace(
        series=applied @ run.series,
        confounds=np.column_stack([constant, drift]),
        filter=applied,
    )
    return data._replace(recording=filtered)


def serial_noise(
    n_scans: int, n_regions: int, coefficient: float, source: np.random.Generator
) -> np.ndarray:
    """Return stationary first-order autoregressive noise of variance 1."""
    new = source.standard_normal((n_scans, n_regions))
    new[1:] *= np.sqrt(1.0 - coefficient**2)
    return np.asarray(lfilter([1.0], [1.0, -coefficient], new, axis=0))


def bilinear_signal(
    parameters: np.ndarray, structure: DcmStructure, inputs: np.ndarray, *, t_r: float = T_R
) -> np.ndarray:
    """Return the series of parameters by the scheme that estimates them."""
    return simulate_bold(
        parameters,
        structure=structure,
        inputs=inputs,
        n_scans=len(inputs) // BINS,
        t_r=t_r,
        delays=np.full(structure.n_regions, 0.5 * t_r),
        echo_time=SPM_ECHO_TIME,
        centre_inputs=True,
    ).bold


def nonlinear_signal(
    parameters: np.ndarray, structure: DcmStructure, inputs: np.ndarray
) -> np.ndarray:
    """Return the series of parameters by a solver of the nonlinear equations, at equal times.

    Inputs are centred and constant within a bin; regions are sampled in the same bins as the
    estimating scheme samples them.
    """
    n, step = structure.n_regions, T_R / BINS
    centred = centre_inputs([inputs])[0]
    schedule = sampling_schedule(
        centred, step=step, n_scans=len(inputs) // BINS, n_regions=n, delays=np.full(n, DELAY)
    )
    begins = np.cumsum(schedule.steps[:, 1]) - schedule.steps[:, 1]
    sampled = begins[schedule.samples[:, 0]]  # all regions at once
    own = unpack(parameters, structure)
    changes = 1 + np.flatnonzero((centred[1:] != centred[:-1]).any(axis=1))
    state, parts = np.zeros(n * N_STATES), []
    for first, stop in pairwise([0, *changes, len(centred)]):
        within = sampled[(sampled >= first) & (sampled < stop)]
        solved = solve_ivp(
            lambda _, x, u: state_derivative(own, x.reshape(n, N_STATES), u).ravel(),
            (first * step, stop * step),
            state,
            method="LSODA",
            t_eval=np.append(within, stop) * step,
            args=(centred[first],),
            rtol=RELATIVE_ERROR,
            atol=ABSOLUTE_ERROR,
        )
        if not solved.success:
            raise SystemExit(f"The nonlinear equations were not solved: {solved.message}")
        parts.append(solved.y[:, :-1])
        state = solved.y[:, -1]
    states = np.concatenate(parts, axis=1).reshape(n, N_STATES, -1)
    signal = bold_signal(states[:, 3], states[:, 4], own.epsilon, echo_time=SPM_ECHO_TIME)
    return signal.T
