"""What estimations of dynamic causal models take, in this process, for ``benchmarks.dcm``.

``python -m benchmarks.dcm_timing WORK [--regions N] [--scans N] [--repeats N]`` works with one
thread and prints its figures, as JSON, in its last line. WORK is ``two`` (the reference
simulations), ``four`` (the real data of the reference), ``network`` (random ones) or ``first``.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.dcm_simulation import (
    N_SCANS,
    REFERENCE_AUTOCORRELATION,
    DataSet,
    bilinear_signal,
    block_inputs,
    circuit,
    data_set,
    draw_truth,
    estimate,
    references,
)
from benchmarks.measurement import PEAK_UNIT, blas_threads
from bids_ketamine.core.dcm.intervals import calibrated_errors
from bids_ketamine.core.dcm.preparation import centre_inputs
from bids_ketamine.core.dcm.state_equation import effective_connectivity
from bids_ketamine.core.dcm.structure import DcmStructure, parameter_vector, unpack

SEED = 0
#: Mean ratio of the reference simulations, near enough.
SNR = 2.0
#: Data sets where there are no reference results, and random networks of a size.
N_SIMULATED, N_NETWORKS = 20, 3
#: Random networks: spectral radius of the connections between regions (self-inhibition is 0.5),
#: a modulation, and a driving input, Hz.
RADIUS, MODULATION, DRIVING = 0.25, 0.3, 0.6
#: Largest real part of an eigenvalue of a network that counts as stable, Hz.
STABLE = -0.1


def main(argv: Sequence[str] | None = None) -> int:
    """Do the work and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dcm_timing")
    parser.add_argument("work", choices=("two", "four", "network", "first"))
    parser.add_argument("--regions", type=int, default=2, metavar="N")
    parser.add_argument("--scans", type=int, default=N_SCANS, metavar="N")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    options = parser.parse_args(argv)
    with threadpool_limits(limits=1):
        if options.work == "first":
            estimate(_simulated(1)[0])
            return 0
        told: dict[str, Any] = {"threads": blas_threads(), "peak_before_mb": _peak_mb()}
        if options.work == "network":
            source = np.random.default_rng((SEED, options.regions, options.scans))
            rows = [
                _timed(random_network(options.regions, options.scans, snr=SNR, source=source), 1)
                for _ in range(N_NETWORKS)
            ]
        else:
            rows = _reference_rows(options.work, options.repeats)
        told |= {"rows": rows, "peak_mb": _peak_mb()}
    print(json.dumps(told))
    return 0


def _reference_rows(work: str, repeats: int) -> list[dict[str, Any]]:
    """Time reference data beside SPM12's record, or simulated data where there are none."""
    found = references("simulated" if work == "two" else "real")
    if found:
        return [
            {
                "name": each.name,
                **_timed(each.data, repeats),
                "spm_seconds": each.seconds,
                "spm_iterations": each.n_iterations,
            }
            for each in found
        ]
    source = np.random.default_rng(SEED)
    made = (
        _simulated(N_SIMULATED)
        if work == "two"
        else [random_network(4, N_SCANS, snr=SNR, source=source) for _ in range(N_NETWORKS)]
    )
    return [
        {"name": f"simulated {number + 1}", **_timed(each, repeats)}
        for number, each in enumerate(made)
    ]


def _simulated(count: int) -> list[DataSet]:
    """Return data of the reference simulations' design."""
    source = np.random.default_rng(SEED)
    structure, inputs = circuit(), block_inputs(N_SCANS)
    return [
        data_set(
            bilinear_signal(draw_truth(source), structure, inputs),
            structure,
            inputs,
            snr=SNR,
            autocorrelation=REFERENCE_AUTOCORRELATION,
            source=source,
        )
        for _ in range(count)
    ]


def random_network(
    n_regions: int, n_scans: int, *, snr: float, source: np.random.Generator
) -> DataSet:
    """Draw a stable network: all connections, one of them modulated, one region driven."""
    n = n_regions
    modulations, driving = np.zeros((n, n, 2)), np.zeros((n, 2))
    modulations[1, 0, 1] = driving[0, 0] = 1.0
    structure = DcmStructure(np.ones((n, n)), modulations, driving)
    inputs = block_inputs(n_scans)
    levels = np.unique(centre_inputs([inputs])[0], axis=0)
    while True:
        connections = RADIUS / np.sqrt(n) * source.standard_normal((n, n))
        np.fill_diagonal(connections, 0.0)
        parameters = parameter_vector(
            structure,
            connections=connections,
            modulations=MODULATION * modulations,
            driving=DRIVING * driving,
            transit=np.zeros(n),
        )
        own = unpack(parameters, structure)
        rates = [np.linalg.eigvals(effective_connectivity(own, level)).real for level in levels]
        if np.max(rates) < STABLE:
            break
    signal = bilinear_signal(parameters, structure, inputs)
    return data_set(
        signal,
        structure,
        inputs,
        snr=snr,
        autocorrelation=REFERENCE_AUTOCORRELATION,
        source=source,
    )


def _timed(data: DataSet, repeats: int) -> dict[str, Any]:
    """Return the shortest processor times of an estimation and of its calibrated interval."""
    seconds, found = _fastest(lambda: estimate(data), repeats)
    calibrated, _ = _fastest(lambda: calibrated_errors(found), repeats)
    return {
        "seconds": seconds,
        "iterations": found.n_iterations,
        "calibrated_seconds": calibrated,
        "free": len(found.structure.free),
    }


def _fastest(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the shortest processor time of repeated work, s, and its result."""
    best, result = np.inf, None
    for _ in range(repeats):
        begin = time.process_time()
        result = work()
        best = min(best, time.process_time() - begin)
    return best, result


def _peak_mb() -> float:
    """Return the peak of this process's resident memory, 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / 1e6


if __name__ == "__main__":
    sys.exit(main())
