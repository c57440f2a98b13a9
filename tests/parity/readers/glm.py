"""Readers of the first-level GLM by SPM12 and of region means by MarsBaR."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import linalg, stats

from bids_ketamine.core.cosines import drift_basis
from bids_ketamine.core.glm.autocorrelation import covariance_components, whitening_matrix
from bids_ketamine.core.glm.convolution import microtime_input, sample_regressor
from bids_ketamine.core.glm.covariance_pool import pooled_covariance
from bids_ketamine.core.glm.estimates import PooledContrast
from bids_ketamine.core.glm.filtered_model import (
    FilteredModel,
    VoxelFit,
    contrast_of,
    filter_design,
    fit_voxels,
    whitened_residual,
)
from bids_ketamine.core.glm.haemodynamic_response import canonical_response
from bids_ketamine.core.glm.regions import (
    first_eigenvariate,
    fit_marsbar,
    mean_series,
)
from bids_ketamine.core.glm.restricted_likelihood import (
    Hyperparameters,
    estimate_hyperparameters,
    estimate_hyperparameters_marsbar,
)
from bids_ketamine.core.glm.scaling import above_threshold, global_mean, grand_mean_factor
from bids_ketamine.core.glm.voxel_series import VoxelSeries, as_voxels
from tests.parity.evaluation import Context
from tests.parity.readers import reader


@reader("hrf")
def hrf(case: Context) -> dict[str, object]:
    """Read the canonical response."""
    options = case.options
    response = canonical_response(interval=options["interval"], length=options["length"])
    return {"hrf": response}


@reader("glm_design")
def glm_design(case: Context) -> dict[str, object]:
    """Read inputs and design: conditions, centred nuisance, constant."""
    options = case.options
    n_scans, resolution = options["n_scans"], options["microtime"]
    step = options["t_r"] / resolution
    response = canonical_response(interval=step, length=options["hrf_length"])
    levels, columns = [], []
    for onsets, durations in zip(case["onsets"], case["durations"], strict=True):
        level = microtime_input(
            onsets=np.atleast_1d(onsets),
            durations=np.atleast_1d(durations),
            t_r=options["t_r"],
            n_scans=n_scans,
            microtime_resolution=resolution,
            lead_in_bins=options["lead_in_bins"],
        )
        levels.append(level)
        columns.append(
            sample_regressor(
                level,
                response,
                n_scans=n_scans,
                microtime_resolution=resolution,
                reference_bin=options["reference_bin"],
                lead_in_bins=options["lead_in_bins"],
            )
        )
    if options["nuisance_columns"]:
        nuisance = case["nuisance"]
        if isinstance(nuisance, pd.DataFrame):
            nuisance = nuisance[options["nuisance_columns"]].to_numpy(dtype=float)
        columns += list((nuisance - nuisance.mean(axis=0)).T)
    if options["constant"] is not None:
        columns.append(np.ones(n_scans))
    return {"u": np.column_stack(levels), "X": np.column_stack(columns)}


@reader("drift_basis")
def drift(case: Context) -> dict[str, object]:
    """Read the cosines of the high-pass filter."""
    options = case.options
    basis = drift_basis(
        n_scans=options["n_scans"], t_r=options["t_r"], high_pass_period=options["high_pass"]
    )
    return {"X0": basis}


@reader("scaling_mask")
def scaling_mask(case: Context) -> dict[str, object]:
    """Read grand-mean scaling and the threshold mask."""
    data = case["data"]
    means = np.array([global_mean(volume) for volume in np.moveaxis(data, -1, 0)])
    factor = grand_mean_factor(means)
    share = case.options["mask_threshold"]
    series = data.reshape(-1, data.shape[-1]).T
    mask = above_threshold(series, global_means=means, mask_threshold=share)
    return {
        "g": means,
        "gSF": np.full(len(means), factor),
        "TH": share * means * factor,
        "mask": mask.reshape(data.shape[:3]),
        "n_voxels": mask.sum(),
    }


@reader("ar_bases")
def ar_bases(case: Context) -> dict[str, object]:
    """Read the covariance components."""
    first, second = _components(case.options["n_scans"], case.options)
    return {"Q1": first, "Q2": second}


@reader("pooled_covariance")
def pooled(case: Context) -> dict[str, object]:
    """Read the covariance of pooled voxels."""
    return {"Cy": _pooled(case, _voxels(case), case.options)}


@reader("reml")
def reml(case: Context) -> dict[str, object]:
    """Read restricted maximum likelihood."""
    components = np.stack([case["Q1"], case["Q2"]])
    estimated = _estimated(case, case["Cy"], components, case.options)
    return _hyperparameters(estimated)


@reader("ar_covariance")
def ar_covariance(case: Context) -> dict[str, object]:
    """Read serial correlations from pooling to hyperparameters."""
    options = case.options
    covariance = _pooled(case, _voxels(case), options["pool"])
    components = _components(len(covariance), options["bases"])
    estimated = _estimated(case, covariance, components, options["reml"])
    return {"Cy": covariance, **_hyperparameters(estimated)}


@reader("whitening")
def whitening(case: Context) -> dict[str, object]:
    """Read the whitening matrix."""
    matrix = whitening_matrix(linalg.toeplitz(case["V_row0"]), smallest=case.options["cutoff"])
    return {"W": matrix, "W_row_mid": matrix[len(matrix) // 2]}


@reader("filtered_design")
def filtered_design(case: Context) -> dict[str, object]:
    """Read the whitened and filtered design."""
    model = _model(case)
    return {
        "xKXs": model.design,
        "pKX": model.inverse,
        "trRV": model.trace_rv,
        "trRVRV": model.trace_rvrv,
        "erdf": model.residual_df,
        "Bcov": model.covariance,
    }


@reader("glm_estimate")
def glm_estimate(case: Context) -> dict[str, object]:
    """Read estimates and residual variance."""
    model, voxels = _model(case), _voxels(case)
    fit = fit_voxels(voxels, model)
    outputs = {"trRV": model.trace_rv, "erdf": model.residual_df}
    if "mask" not in case:
        series = np.concatenate([each for _, each in voxels.blocks()], axis=1)
        return outputs | {
            "betas": fit.estimates,
            "ResMS": fit.residual_variance,
            "residuals": whitened_residual(series, model),
        }
    return outputs | {
        "betas": _image(case, fit.estimates.T, np.nan),
        "ResMS": _image(case, fit.residual_variance, np.nan),
    }


@reader("contrast_maps")
def contrast_maps(case: Context) -> dict[str, object]:
    """Read a t contrast."""
    weights = case["weights"][:, [case.options["contrast"]]]
    inside = np.isfinite(case["ResMS"])
    covariance = weights.T @ case["Bcov"] @ weights
    contrast = PooledContrast(
        effects=weights.T @ case["betas"][inside].T,
        gram=covariance,
        covariance=covariance,
        residual_variance=case["ResMS"][inside],
        trace_rv=1.0,
        trace_rvrv=1.0,
    )
    maps = PooledContrast.combine([contrast], test="t")
    return {"con": _place(maps.effect, inside, np.nan), "t": _place(maps.statistic, inside, 0.0)}


@reader("f_map")
def f_map(case: Context) -> dict[str, object]:
    """Read an F contrast."""
    model = _model(case)
    inside = np.isfinite(case["ResMS"])
    weights = np.eye(model.design.shape[1])[:, case.options["columns"]]
    fit = VoxelFit(case["betas"][inside].T, case["ResMS"][inside])
    maps = PooledContrast.combine([contrast_of(fit, model, weights)], test="F")
    return {"F": _place(maps.statistic, inside, 0.0)}


@reader("roi_timeseries")
def roi_timeseries(case: Context) -> dict[str, object]:
    """Read the mean series of a region."""
    return {"y": mean_series(_region(case))}


@reader("roi_marsbar")
def roi_marsbar(case: Context) -> dict[str, object]:
    """Read MarsBaR's estimate of a region."""
    found = fit_marsbar(_region(case), design_matrix=case["X"], drift=case["X0"])
    contrasts = [
        PooledContrast.combine([contrast_of(found.fit, found.model, column[:, None])], test="t")
        for column in case["weights"].T
    ]
    t = np.array([each.statistic[0] for each in contrasts])
    return {
        "con": np.array([each.effect[0] for each in contrasts]),
        "t": t,
        "p": stats.t.sf(t, found.model.residual_df),
        "betas": found.fit.estimates,
        "ResMS": found.fit.residual_variance,
        "erdf": found.model.residual_df,
        "trRV": found.model.trace_rv,
        "h": found.weights,
        "V_row0": found.covariance[0],
    }


@reader("roi_spm_whitening")
def roi_spm_whitening(case: Context) -> dict[str, object]:
    """Read a region's mean series with the whitening of the run."""
    model = _model(case)
    fit = fit_voxels(as_voxels(np.reshape(case["y"], (-1, 1))), model)
    contrasts = [
        PooledContrast.combine([contrast_of(fit, model, column[:, None])], test="t")
        for column in case["weights"].T
    ]
    return {
        "con": np.array([each.effect[0] for each in contrasts]),
        "t": np.array([each.statistic[0] for each in contrasts]),
        "betas": fit.estimates,
        "ResMS": fit.residual_variance,
    }


@reader("roi_mean_of_map")
def roi_mean_of_map(case: Context) -> dict[str, object]:
    """Read means of maps over a region."""
    inside = case["rois"] == case.options["label"]
    return {"mean": np.array([np.nanmean(each[inside]) for each in case["maps"]])}


@reader("eigenvariate")
def eigenvariate(case: Context) -> dict[str, object]:
    """Read the first eigenvariate of adjusted series."""
    found = first_eigenvariate(case["y"])
    return {"u": found.series, "v": found.weights, "s": found.eigenvalues}


def _components(n_scans: int, options: dict) -> np.ndarray:
    return covariance_components(
        n_scans=n_scans,
        coefficient=options["rho"],
        step=options["step"],
        smallest=options["cutoff"],
    )


def _pooled(case: Context, voxels: VoxelSeries, options: dict) -> np.ndarray:
    level = options.get("p") if options["voxels"] == "F" else None
    return pooled_covariance(
        voxels, design_matrix=case["X"], drift=case["X0"], pooling_p=level
    ).covariance


def _estimated(
    case: Context, covariance: np.ndarray, components: np.ndarray, options: dict
) -> Hyperparameters:
    common = {
        "fixed_effects": np.column_stack([case["X"], case["X0"]]),
        "components": components,
        "start": tuple(options["start"]),
        "tolerance": options["tolerance"],
        "max_iterations": options["max_iterations"],
    }
    if options["algorithm"] == "marsbar":
        return estimate_hyperparameters_marsbar(covariance, **common)
    return estimate_hyperparameters(
        covariance,
        **common,
        hyperprior_precision=options["hyperprior_precision"],
        first_log_step=options["first_log_step"],
    )


def _hyperparameters(estimated: Hyperparameters) -> dict[str, object]:
    return {
        "h": estimated.weights,
        "V": estimated.covariance,
        "V_row0": estimated.covariance[0],
    }


def _model(case: Context) -> FilteredModel:
    covariance = linalg.toeplitz(case["V_row0"])
    smallest = case.options["whitening"]["cutoff"]
    return filter_design(
        case["X"],
        drift=case["X0"],
        whitening=whitening_matrix(covariance, smallest=smallest),
        covariance=covariance,
    )


def _voxels(case: Context) -> VoxelSeries:
    data = case["data"]
    if data.ndim == 2:
        return as_voxels(data)
    inside = np.flatnonzero(np.reshape(case["mask"], -1)) if "mask" in case else None
    series = data.reshape(-1, data.shape[-1]).T
    columns = np.arange(series.shape[1]) if inside is None else inside
    return VoxelSeries(series, columns, float(np.ravel(case["scale"])[0]))


def _region(case: Context) -> VoxelSeries:
    data = case["data"]
    inside = np.flatnonzero(case["rois"].reshape(-1) == case.options["label"])
    series = data.reshape(-1, data.shape[-1]).T
    return VoxelSeries(series, inside, float(np.ravel(case["scale"])[0]))


def _image(case: Context, values: np.ndarray, outside: float) -> np.ndarray:
    return _place(values, case["mask"].astype(bool), outside)


def _place(values: np.ndarray, inside: np.ndarray, outside: float) -> np.ndarray:
    image = np.full((*inside.shape, *values.shape[1:]), outside)
    image[inside] = values
    return image
