"""Small circuits, their inputs and data for tests of dynamic causal models."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.dcm.estimation import DcmEstimate, estimate_dcm
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.simulation import simulate_bold
from bids_ketamine.core.dcm.state_equation import SPM_ECHO_TIME
from bids_ketamine.core.dcm.structure import DcmStructure, parameter_vector

#: Bins of a scan.
BINS = 16

#: Two regions that influence each other: input 1 drives the second one, input 2 modulates both
#: connections.
CIRCUIT = DcmStructure(
    np.ones((2, 2)),
    np.stack([np.zeros((2, 2)), [[0, 1], [1, 0]]], axis=-1),
    np.array([[0, 0], [1, 0]]),
)

#: One region with one input.
SINGLE = DcmStructure(np.ones((1, 1)), np.zeros((1, 1, 1)), np.ones((1, 1)))


def circuit_parameters(*, driving: float = 0.6) -> np.ndarray:
    """Return parameters of :data:`CIRCUIT`, all different from their prior means."""
    return parameter_vector(
        CIRCUIT,
        connections=[[0.1, 0.25], [-0.15, -0.2]],
        modulations=np.stack([np.zeros((2, 2)), [[0.0, 0.2], [-0.3, 0.0]]], axis=-1),
        driving=[[0.0, 0.0], [driving, 0.0]],
        transit=[0.05, -0.04],
        decay=0.03,
        epsilon=-0.02,
    )


def block_inputs(n_scans: int, *, scans: int = 10) -> np.ndarray:
    """Return two inputs: rest and task take turns, and every second task block is special."""
    block = np.arange(n_scans * BINS) // (scans * BINS)
    return np.column_stack([block % 2 == 1, block % 4 == 1]).astype(float)


def simulated(
    parameters: np.ndarray,
    inputs: np.ndarray,
    *,
    structure: DcmStructure = CIRCUIT,
    n_scans: int | None = None,
    t_r: float = 2.0,
    delays: np.ndarray | None = None,
    echo_time: float = SPM_ECHO_TIME,
    centre_inputs: bool = True,
) -> np.ndarray:
    """Return the BOLD series of a model, 16 bins a scan unless a number of scans is given."""
    return simulate_bold(
        parameters,
        structure=structure,
        inputs=inputs,
        n_scans=n_scans or len(inputs) // BINS,
        t_r=t_r,
        delays=delays,
        echo_time=echo_time,
        centre_inputs=centre_inputs,
    ).bold


def recording(series: np.ndarray, inputs: np.ndarray, *, t_r: float = 2.0) -> Recording:
    """Return a run whose only confound is a constant."""
    return Recording(series, np.ones((len(series), 1)), inputs, t_r)


def estimated(*recordings: Recording, **settings: object) -> DcmEstimate:
    """Estimate a model with SPM12's settings where no others are given."""
    usual: dict[str, object] = {
        "structure": CIRCUIT,
        "delays": None,
        "echo_time": SPM_ECHO_TIME,
        "centre_inputs": True,
        "maximum_iterations": 128,
        "restart": "never",
    }
    return estimate_dcm(list(recordings), **{**usual, **settings})  # type: ignore[arg-type]
