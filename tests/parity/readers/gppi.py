"""Readers of psychophysiological interactions by SPM12 and CONN."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.connectivity.condition_regressors import mean_sampled_regressor
from bids_ketamine.core.connectivity.deconvolution import (
    adjusted_for,
    convolved_inputs,
    convolved_interactions,
    deconvolve,
    neural_basis,
)
from bids_ketamine.core.connectivity.interaction_model import (
    fisher_z_clipped,
    fit_seed,
    semipartial_correlation,
)
from bids_ketamine.core.connectivity.task_cleaning import (
    frequency_band,
    task_cleaning,
    task_confounds,
    temporal_derivative,
)
from bids_ketamine.core.glm.autocorrelation import whitening_matrix
from bids_ketamine.core.glm.filtered_model import adjusted_series, filter_design
from tests.parity.evaluation import Context
from tests.parity.readers import reader


@reader("seed_adjusted")
def seed_adjusted(case: Context) -> dict[str, object]:
    """Read the adjusted voxel series of a sphere, and the confounds of its eigenvariate."""
    options = case.options
    covariance = _toeplitz(np.ravel(case["V_row0"]))
    drift = case["X0"]
    model = filter_design(
        case["X"], drift=drift, whitening=whitening_matrix(covariance), covariance=covariance
    )
    mask = case["mask"].astype(bool)
    # The first image axis runs fastest.
    index = np.array(np.unravel_index(np.flatnonzero(mask.ravel(order="F")), mask.shape, "F"))
    affine = case.affine("data")
    places = affine[:3, :3] @ index + affine[:3, [3]]
    distance = np.linalg.norm(places - np.reshape(options["centre_mm"], (3, 1)), axis=0)
    inside = distance <= options["radius_mm"]
    chosen = tuple(index[:, inside])
    y = adjusted_series(
        case["data"][chosen].T.astype(float) * float(np.ravel(case["scale"])[0]),
        model,
        kept=options["adjust_keep_columns"],
        estimates=case["betas"][chosen].T.astype(float),
    )
    constant = model.filter(np.ones((len(drift), 1)))
    return {"y": y, "XYZmm": places[:, inside], "X0": np.column_stack([constant, drift])}


@reader("ppi_deconvolution")
def ppi_deconvolution(case: Context) -> dict[str, object]:
    """Read the neural activity of a seed, and its series without confounds."""
    options = case.options
    series = np.reshape(case["u"], (-1, 1))
    basis = neural_basis(
        np.ravel(case["hrf"]),
        n_scans=len(series),
        microtime_resolution=options["microtime"],
        lead_in_bins=options["lead_in_bins"],
    )
    activity = deconvolve(series, basis=basis, whitening=case["W"], confounds=case["X0"])
    return {"xn": activity[:, 0], "Y": adjusted_for(series, case["X0"])[:, 0]}


@reader("ppi_input")
def ppi_input(case: Context) -> dict[str, object]:
    """Read the inputs of the conditions of an interaction, and their weights."""
    options = case.options
    chosen = np.reshape(case["Uu"], (-1, 3))
    columns = chosen[:, 0].astype(int) - options["index_base"]
    return {"psyu": case["u"][options["lead_in_bins"] :, columns], "psyw": chosen[:, 2]}


@reader("ppi_term")
def ppi_term(case: Context) -> dict[str, object]:
    """Read the interaction of neural activity with weighted inputs, and the inputs convolved."""
    options = case.options
    sampling = {
        "microtime_resolution": options["microtime"],
        "reference_bin": options["reference_bin"],
    }
    response = np.ravel(case["hrf"])
    psychological = np.reshape(case["psyu"] @ np.ravel(case["psyw"]), (-1, 1))
    activity = np.reshape(case["xn"], (-1, 1))
    interaction = convolved_interactions(activity, psychological, response, **sampling)
    return {
        "ppi": interaction[:, 0, 0],
        "P": convolved_inputs(psychological, response, **sampling)[:, 0],
    }


@reader("conn_condition_regressor")
def conn_condition_regressor(case: Context) -> dict[str, object]:
    """Read condition regressors averaged over each volume."""
    options = case.options
    regressors = []
    for onsets, durations in zip(case["onsets"], case["durations"], strict=True):
        starts = np.atleast_1d(np.ravel(onsets))
        regressors.append(
            mean_sampled_regressor(
                onsets=starts,
                durations=np.broadcast_to(np.ravel(durations), starts.shape),
                t_r=options["t_r"],
                n_scans=options["n_scans"],
                bins_per_scan=options["bins_per_scan"],
                lead_in=options["lead_in_s"],
                response_length=options["hrf_length"],
            )
        )
    return {"weights": np.column_stack(regressors)}


@reader("conn_confounds")
def conn_confounds(case: Context) -> dict[str, object]:
    """Read what CONN regresses out before its filter."""
    motion = case["motion"]
    nuisance = [case["wm"], case["csf"], motion, temporal_derivative(motion), case["scrub"]]
    return {"confounds": task_confounds(np.column_stack(nuisance), case["weights"])}


@reader("conn_denoise")
def conn_denoise(case: Context) -> dict[str, object]:
    """Read series without confounds, before the filter."""
    cleaning = task_cleaning(case["confounds"], t_r=1.0, band_pass=None)
    return {"regressed": cleaning.regress(case["raw"])}


@reader("conn_filter")
def conn_filter(case: Context) -> dict[str, object]:
    """Read filtered series."""
    series, (low, high) = case["series"], case.options["band"]
    band = frequency_band(n_scans=len(series), t_r=case.options["t_r"], band_pass=(low, high))
    return {"filtered": band.kept @ (band.kept.T @ series)}


@reader("conn_gppi")
def conn_gppi(case: Context) -> dict[str, object]:
    """Read generalized PPI: bivariate (measures 1, 3) or of all seeds at once (2, 4).

    Modulation 2 adds the coefficient of the seed itself to that of its interaction.
    """
    series, regressors = (each - each.mean(axis=0) for each in (case["series"], case["weights"]))
    modulation, measure = case.options["modulation"], case.options["measure"]
    n_regions, n_conditions = series.shape[1], regressors.shape[1]
    products = case["series"][:, :, None] * case["weights"][:, None, :]
    products -= products.mean(axis=0)
    found = np.full((n_regions, n_regions, n_conditions), np.nan)
    for target in range(n_regions):
        others = [seed for seed in range(n_regions) if seed != target]
        together = [others] if measure in (2, 4) else [[seed] for seed in others]
        for seeds in together:
            interactions = products[:, seeds].reshape(len(series), -1)
            columns = np.column_stack([series[:, seeds], regressors, interactions])
            fit = fit_seed(columns, series[:, [target]])
            first = len(seeds) + n_conditions
            weights = np.zeros((columns.shape[1], len(seeds) * n_conditions))
            weights[first:] = np.eye(len(seeds) * n_conditions)
            if modulation == 2:
                weights[: len(seeds)] = np.repeat(np.eye(len(seeds)), n_conditions, axis=1)
            values = weights.T @ fit.coefficients
            if measure in (1, 2):
                correlation = semipartial_correlation(fit, series[:, [target]], weights)
                values = fisher_z_clipped(correlation)
            found[seeds, target] = values.reshape(len(seeds), n_conditions)
    return {"Z": found}


def _toeplitz(row: np.ndarray) -> np.ndarray:
    lag = np.abs(np.subtract.outer(np.arange(len(row)), np.arange(len(row))))
    return np.asarray(row[lag])
