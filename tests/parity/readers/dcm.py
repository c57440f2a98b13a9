"""Readers of SPM12's dynamic causal models."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.dcm.bilinear import bilinear_operators, linear_signal
from bids_ketamine.core.dcm.estimation import estimate_dcm
from bids_ketamine.core.dcm.integration import Trajectory, integrate
from bids_ketamine.core.dcm.laplace_model import laplace_model
from bids_ketamine.core.dcm.matrix_functions import (
    flow_step,
    log_determinant,
    matrix_exponential,
    principal_directions,
    regularized_inverse,
)
from bids_ketamine.core.dcm.preparation import centre_inputs, prepare_series
from bids_ketamine.core.dcm.priors import DcmPriors, dcm_priors
from bids_ketamine.core.dcm.recording import Recording
from bids_ketamine.core.dcm.schedule import sampling_schedule
from bids_ketamine.core.dcm.state_equation import (
    SPM_ECHO_TIME,
    bold_jacobian,
    bold_signal,
    state_derivative,
    state_jacobian,
)
from bids_ketamine.core.dcm.structure import DcmStructure, parameter_labels, unpack
from bids_ketamine.core.dcm.summary import information_criteria, posterior_probability
from bids_ketamine.core.dcm.variational_laplace import variational_laplace
from tests.parity.evaluation import Context
from tests.parity.readers import reader

#: Eigenvectors whose variance is above rounding, where no tolerance is given.
ROUNDING = 64 * np.finfo(float).eps

#: SPM's letters of the fields of parameters.
LETTERS = {"connection": "A", "modulation": "B", "driving": "C"}


@reader("dcm_priors")
def priors(case: Context) -> dict[str, object]:
    """Read prior means and variances."""
    structure = _masks(case)
    found = dcm_priors(structure)
    return {
        "pE": found.mean,
        "pC": found.covariance,
        "x0": np.zeros((structure.n_regions, 5)),
        "names": _spm_names(structure),
        "hE": found.log_precision_mean,
        "hC": found.log_precision_covariance,
        "free_index0": structure.free,
    }


@reader("dcm_state_equation")
def state_equation(case: Context) -> dict[str, object]:
    """Read derivatives of the states and the signal."""
    structure = _everything_free(case)
    parameters = unpack(np.ravel(case["P"]), structure)
    states = np.reshape(case["x"], (structure.n_regions, 5))
    inputs = np.ravel(case["u"])
    jacobian = state_jacobian(parameters, states, inputs)
    return {
        "dxdt": state_derivative(parameters, states, inputs).ravel(order="F"),
        "dfdx": jacobian.states,
        "dfdu_analytic": jacobian.inputs,
        "g": bold_signal(states[:, 3], states[:, 4], parameters.epsilon, echo_time=SPM_ECHO_TIME),
        "dgdx": bold_jacobian(parameters, states, echo_time=SPM_ECHO_TIME),
    }


@reader("dcm_bilinear")
def bilinear(case: Context) -> dict[str, object]:
    """Read the bilinear operators."""
    parameters = unpack(np.ravel(case["P"]), _everything_free(case))
    operators = bilinear_operators(parameters)
    return {
        "M0": operators.at_rest,
        "M1": np.moveaxis(operators.by_input, 0, -1),
        "L1": linear_signal(parameters, echo_time=SPM_ECHO_TIME),
    }


@reader("dcm_integrate")
def integrated(case: Context) -> dict[str, object]:
    """Read a predicted series."""
    found = _integrate(case, np.ravel(case["P"])[None])
    assert found.neural is not None
    return {"y": found.bold[0], "neural": found.neural[0]}


@reader("dcm_integrate_gradient")
def integrated_gradient(case: Context) -> dict[str, object]:
    """Read forward differences of a predicted series."""
    step = _step(case)
    at = np.ravel(case["P"])
    bold = _integrate(case, np.vstack([at, at + step * case["V"].T])).bold
    gradient = (bold[1:] - bold[0]) / step
    return {"dydp": gradient.transpose(2, 1, 0).reshape(-1, len(gradient))}


@reader("linalg_dx")
def flow(case: Context) -> dict[str, object]:
    """Read steps along a flow."""
    curvature, gradient = case["H"], np.ravel(case["f"])
    steps = [flow_step(curvature, gradient, log_time=float(time)) for time in np.ravel(case["t"])]
    return {
        "dx": np.column_stack(steps),
        "dx_inf": flow_step(curvature, gradient, log_time=np.inf),
    }


@reader("linalg_logdet")
def determinant(case: Context) -> dict[str, object]:
    """Read a log-determinant."""
    return {"logdet": log_determinant(case.options["scale"] * case["A"])}


@reader("linalg_inv")
def inverse(case: Context) -> dict[str, object]:
    """Read an inverse."""
    return {"inv": regularized_inverse(case.options["scale"] * case["A"])}


@reader("linalg_expm")
def exponential(case: Context) -> dict[str, object]:
    """Read a matrix exponential."""
    return {"expm": matrix_exponential(case.options["scale"] * case["A"])}


@reader("linalg_svd")
def directions(case: Context) -> dict[str, object]:
    """Read eigenvectors."""
    tolerance = float(case.options["tol"]) or ROUNDING
    return {"U": principal_directions(case["A"], tolerance=tolerance)}


@reader("variational_laplace_toy")
def toy(case: Context) -> dict[str, object]:
    """Read the inversion of a static model: exponential decay and alpha function."""
    time, data = np.ravel(case["t"]), case["y"]
    n_columns = data.shape[1]
    confounds = np.reshape(case["X0"], (len(data), np.size(case["X0"]) // len(data)))
    # One number stands for all columns.
    log_precision = np.broadcast_to(np.ravel(case["hE"]).astype(float), (n_columns,))
    covariance = np.asarray(case["hC"], dtype=float)
    covariance = covariance if covariance.ndim == 2 else float(covariance) * np.eye(n_columns)

    def predict(parameters: np.ndarray) -> np.ndarray:
        first, second, third, fourth = (each[:, None] for each in parameters.T)
        decay = np.exp(-time * np.exp(third))
        return np.stack([np.exp(first) * decay, second * time * decay + fourth], axis=-1)

    model = laplace_model(
        data,
        confounds=confounds,
        predict=predict,
        priors=DcmPriors(np.ravel(case["pE"]), case["pC"], log_precision, covariance),
        component=np.arange(n_columns),
    )
    state = variational_laplace(model, maximum_iterations=int(case.options["maxit"]))
    assert state.best is not None
    trace = np.array(state.trace, dtype=float)
    free = slice(0, model.n_free)
    trace[:, 2] -= trace[0, 2]
    return {
        "Ep": model.parameters(state.best.point),
        "Cp": model.directions @ state.best.covariance[free, free] @ model.directions.T,
        "Eh": state.best.log_precision,
        "F": state.best.free_energy,
        "n_iter": state.iteration,
        "trace": trace,
        "L": np.array(state.best.terms),
    }


@reader("dcm_prepare")
def prepared(case: Context) -> dict[str, object]:
    """Read centred inputs and scaled series."""
    series, scale = prepare_series([case["y_in"]])
    inputs = case["u_in"]
    centred = bool(np.ravel(case["centre"])[0])
    return {
        "y_used": series[0],
        "y_scale": scale,
        "u_used": centre_inputs([inputs])[0] if centred else inputs,
    }


@reader("dcm_estimate")
def estimated(case: Context) -> dict[str, object]:
    """Read an estimated model."""
    structure = _masks(case)
    n = structure.n_regions
    inputs = np.reshape(case["u_in"], (-1, structure.n_inputs))
    estimate = estimate_dcm(
        [Recording(case["y_in"], case["X0"], inputs, float(np.ravel(case["y_dt"])[0]))],
        structure=structure,
        delays=_delays(case, n),
        echo_time=SPM_ECHO_TIME,
        centre_inputs=bool(np.ravel(case["centre"])[0]),
        maximum_iterations=int(np.ravel(case["maxit"])[0]),
        restart="never",
    )
    variance = np.exp(-estimate.log_precision)
    free = structure.free
    aic, bic = information_criteria(estimate.residuals, variance, n_free=len(free))
    prior = dcm_priors(structure)
    # SPM12 gives the probability of a departure from the prior mean in the sign's direction.
    signed = np.abs(estimate.posterior_mean) - prior.mean
    probability = posterior_probability(signed, estimate.posterior_covariance)
    probability = np.where(signed < 0.0, 1.0 - probability, probability)
    return {
        "Ep": estimate.posterior_mean,
        "Cp": estimate.posterior_covariance,
        "Eh": estimate.log_precision,
        "Ce": variance,
        "F": estimate.free_energy,
        "Pp": probability,
        "Vp": np.diagonal(estimate.posterior_covariance),
        "AIC": aic,
        "BIC": bic,
        "y_pred": estimate.predicted[0],
        "R": estimate.residuals[0],
        "n_iter": estimate.n_iterations,
        "em_trace": estimate.trace,
        "pE": estimate.prior_mean,
        "pC": estimate.prior_covariance,
        "hE": prior.log_precision_mean,
        "hC": prior.log_precision_covariance,
        "free_index0": free,
        "names": _spm_names(structure),
    }


@reader("dcm_estimate_unstable")
def estimated_unstable(case: Context) -> dict[str, object]:
    """Read an estimated model whose end rounding decides: free energy, first iterations."""
    found = estimated(case)
    first = int(case.options["trace_iterations"])
    trace = np.asarray(found["em_trace"])
    return {"F": found["F"], "em_trace": trace[:first]}


def _integrate(case: Context, parameters: np.ndarray) -> Trajectory:
    structure = _everything_free(case)
    schedule = sampling_schedule(
        np.reshape(case["u"], (-1, structure.n_inputs)),
        step=float(np.ravel(case["udt"])[0]),
        n_scans=int(np.ravel(case["ns"])[0]),
        n_regions=structure.n_regions,
        delays=_delays(case, structure.n_regions),
    )
    return integrate(
        parameters, structure=structure, schedules=[schedule], echo_time=SPM_ECHO_TIME
    )[0]


def _delays(case: Context, n_regions: int) -> np.ndarray | None:
    delays = np.ravel(case["delays"]).astype(float)
    return np.broadcast_to(delays, (n_regions,)) if delays.size else None


def _sizes(case: Context) -> tuple[int, int]:
    return int(case.options["n"]), int(case.options["m"])


def _masks(case: Context) -> DcmStructure:
    n, m = _sizes(case)
    return DcmStructure(
        np.reshape(case["a"], (n, n)),
        np.reshape(case["b"], (n, n, m)),
        np.reshape(case["c"], (n, m)),
    )


def _everything_free(case: Context) -> DcmStructure:
    n, m = _sizes(case)
    return DcmStructure(np.ones((n, n)), np.ones((n, n, m)), np.ones((n, m)))


def _step(case: Context) -> float:
    if case.options["step"] != "exp(-8)":
        raise ValueError(f"no step {case.options['step']}")
    return float(np.exp(-8.0))


def _spm_names(structure: DcmStructure) -> list[str]:
    """Return SPM's names of the parameters, such as ``A(2,1)``."""
    n, m = structure.n_regions, structure.n_inputs
    regions, inputs = [str(i + 1) for i in range(n)], [str(j + 1) for j in range(m)]
    names = []
    for each in parameter_labels(structure, regions=regions, inputs=inputs):
        letter = LETTERS.get(each.field, each.field)
        if each.field == "driving":
            places = [each.target, each.source]
        elif each.field in ("connection", "modulation"):
            places = [each.target, each.source, *filter(None, [each.modulator])]
        else:
            places = [each.target or "1"]
        names.append(f"{letter}({','.join(places)})")
    return names
