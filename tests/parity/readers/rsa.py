"""Readers of the RSA toolboxes' linear discriminant contrast."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.rsa.contrast_errors import error_terms, predicted_bias
from bids_ketamine.core.rsa.covariance_df import covariance_df
from bids_ketamine.core.rsa.discriminant_contrast import discriminant_contrast
from bids_ketamine.core.rsa.noise_covariance import (
    noise_covariance,
    noise_normalised,
    shrunk_to_diagonal,
)
from bids_ketamine.core.rsa.pattern_weights import pair_weights
from tests.parity.evaluation import Context
from tests.parity.readers import reader

#: The package's names of the manifest's rules for degrees of freedom.
DF_RULES = {
    "trRV": "trace_rv",
    "erdf": "effective",
    "trRV / mean(diag(Bcov))": "rsatoolbox_2018",
    "n - 1": "n_minus_1",
}


@reader("ldc_covariance")
def ldc_covariance(case: Context) -> dict[str, object]:
    """Read the covariance between voxels."""
    if case.options["target"] != "diagonal":
        raise ValueError(f"no target {case.options['target']}")
    residuals = case["residuals"]
    df = covariance_df(
        DF_RULES[case.options["df"]],
        n_scans=len(residuals),
        trace_rv=_number(case["trRV"]),
        residual_df=_number(case["erdf"]),
        estimates_covariance=case["Bcov"],
    )
    noise = noise_covariance(
        residuals,
        df=df,
        estimator="shrinkage_to_diagonal",
        shrinkage=case.options["shrinkage"],
    )
    # The normalised noise is Sigma^-1/2 S Sigma^-1/2: the root from either side.
    once = noise_normalised(noise.sample, noise.covariance)
    normalised = noise_normalised(once.T, noise.covariance)
    deviation = np.sqrt(np.diag(normalised))
    return {
        "sample": noise.sample,
        "sigma": noise.covariance,
        "shrinkage": noise.shrinkage,
        "resMS": (residuals**2).sum(axis=0) / df,
        "trRR": np.sum((normalised / np.outer(deviation, deviation)) ** 2),
    }


@reader("ldc_patterns")
def ldc_patterns(case: Context) -> dict[str, object]:
    """Read noise-normalised patterns."""
    covariance = shrunk_to_diagonal(case["sample"], shrinkage=_number(case["shrinkage"]))
    return {"u_hat": noise_normalised(case["betas"], covariance)}


@reader("ldc")
def ldc(case: Context) -> dict[str, object]:
    """Read dissimilarities of all pairs."""
    options, patterns = case.options, case["patterns"]
    if options["normalise"] != "voxels":
        raise ValueError(f"no normalisation {options['normalise']}")
    if "covariance" in case:
        patterns = noise_normalised(patterns, case["covariance"])
    weights = pair_weights(
        _labels(case["cond"]),
        _labels(case["part"]),
        pairs=[tuple(pair) for pair in options["pairs"]],
        training=options["training"],
        design=case.get("xKXs"),
    )
    return {"ldc": discriminant_contrast(patterns, weights)}


@reader("ldc_null_bias")
def ldc_null_bias(case: Context) -> dict[str, object]:
    """Read what LDC is expected to be for equal patterns."""
    weights = pair_weights(
        _labels(case["cond"]),
        _labels(case["part"]),
        pairs=[tuple(pair) for pair in case.options["pairs"]],
        training="mean",
        design=None,
    )
    estimates = case["Bcov"]
    # The MATLAB toolbox of 2018 divides the noise covariance by fewer degrees of freedom.
    scales = {"trRV": 1.0, "v2018": 1.0 / np.mean(np.diag(estimates))}
    level = scales[case.options["scale"]]
    terms = error_terms(weights, estimates_covariances=[estimates])
    return {"null_bias": predicted_bias(terms, levels=np.array([level]))}


def _number(value: object) -> float:
    return float(np.ravel(value)[0])


def _labels(value: np.ndarray) -> np.ndarray:
    return np.ravel(value).astype(int)
