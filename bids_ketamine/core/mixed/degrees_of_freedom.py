"""Degrees of freedom of fixed effects, and tests of one or several contrasts.

A contrast of one row is t = l b / se with the degrees of a rule; one of several rows is
F = b' K' (K Phi K')^-1 K b / rank. Rules:

==================  =====================================================================
``satterthwaite``   2 f^2 / (g' A g), f = l Phi l', g_k = -l Phi P_k Phi l', A the covariance
                    of the variances; several rows: from those of the eigenvectors of K Phi K'
``kenward_roger``   Phi and F enlarged for the variances being estimated
``residual``        n - p
``containment``     effects that vary within participants: n - participants - such columns;
                    others: participants - such columns (the intercept among them); the
                    intercept itself: the larger of the two (nlme)
==================  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from bids_ketamine.core.mixed.covariance import FloatArray, MixedData
from bids_ketamine.core.mixed.fit import MixedFit
from bids_ketamine.core.mixed.information import (
    VarianceInformation,
    expected_information,
    observed_information,
)

RULES = ("satterthwaite", "kenward_roger", "residual", "containment")


@dataclass(frozen=True)
class ContrastTest:
    """Test of contrasts of fixed effects against zero.

    Attributes
    ----------
    estimate, standard_error, t : float
        Of a contrast of one row; NaN for several.
    f_value : float
        F; t^2 for one row.
    numerator_df, denominator_df : float
        Degrees of freedom.
    p_value : float
        Two-sided for one row.
    """

    estimate: float
    standard_error: float
    t: float
    f_value: float
    numerator_df: float
    denominator_df: float
    p_value: float


def rule_information(fit: MixedFit, *, rule: str) -> VarianceInformation | None:
    """Return what a rule needs to know of the variances of a fit; None for nothing.

    Parameters
    ----------
    fit : MixedFit
        A fit.
    rule : str
        One of :data:`RULES`.
    """
    if rule == "satterthwaite":
        return observed_information(fit)
    return expected_information(fit) if rule == "kenward_roger" else None


def contrast_test(
    fit: MixedFit, information: VarianceInformation | None, *, contrast: FloatArray, rule: str
) -> ContrastTest:
    """Test contrasts of fixed effects against zero.

    Parameters
    ----------
    fit : MixedFit
        A fit.
    information : VarianceInformation or None
        What the rule needs (:func:`rule_information`).
    contrast : ndarray of shape (n_rows, n_columns)
        Weights of the fixed effects, rows independent of each other.
    rule : str
        One of :data:`RULES`.

    Returns
    -------
    ContrastTest
        The test.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
    Biometrics Bulletin 2, 110-114.
    Fai, A. H. T. & Cornelius, P. L. (1996). Approximate F-tests of multiple degree of freedom
    hypotheses in generalized least squares analyses of unbalanced split-plot experiments. Journal
    of Statistical Computation and Simulation 54, 363-378.
    Kenward, M. G. & Roger, J. H. (1997). Small sample inference for fixed effects from restricted
    maximum likelihood. Biometrics 53, 983-997.
    """
    rows = len(contrast)
    scale, covariance = 1.0, fit.covariance
    if rule == "kenward_roger" and information is not None:
        covariance = enlarged_covariance(information)
        degrees, scale = _kenward_roger(information, contrast)
    elif rule == "satterthwaite" and information is not None:
        degrees = _satterthwaite(information, contrast)
    elif rule == "residual":
        degrees = float(fit.data.n_observations - fit.data.n_columns)
    else:
        degrees = containment_degrees(fit.data, contrast)
    values = contrast @ fit.estimates
    spread = contrast @ covariance @ contrast.T
    f_value = scale * float(values @ np.linalg.solve(spread, values)) / rows
    usable = degrees > 0.0
    p_value = float(stats.f.sf(f_value, rows, degrees)) if usable else np.nan
    if rows > 1:
        return ContrastTest(np.nan, np.nan, np.nan, f_value, float(rows), degrees, p_value)
    error = float(np.sqrt(spread[0, 0]))
    t = float(values[0] / error)
    p_value = float(2.0 * stats.t.sf(abs(t), degrees)) if usable else np.nan
    return ContrastTest(float(values[0]), error, t, f_value, 1.0, degrees, p_value)


def enlarged_covariance(information: VarianceInformation) -> FloatArray:
    """Return the covariance of fixed effects with what the variances' own error adds.

    Phi + 2 Phi [sum_jk W_jk (Q_jk - P_j Phi P_k)] Phi (Kenward and Roger, 1997, eq. 3; V is
    linear in its variances).

    Parameters
    ----------
    information : VarianceInformation
        How well the variances are known.
    """
    phi = information.covariance
    spread = information.curvatures - np.einsum(
        "jab,bc,kcd->jkad", information.slopes, phi, information.slopes
    )
    return np.asarray(
        phi + 2.0 * phi @ np.einsum("jk,jkab->ab", information.parameter_covariance, spread) @ phi
    )


def containment_degrees(data: MixedData, contrast: FloatArray) -> float:
    """Return the degrees of freedom by the level at which a contrast's columns vary.

    Parameters
    ----------
    data : MixedData
        Values and designs.
    contrast : ndarray of shape (n_rows, n_columns)
        Weights of the fixed effects.
    """
    within = np.array(
        [any(np.ptp(data.design[rows, each]) > 0.0 for rows in data.rows)
         for each in range(data.n_columns)]
    )  # fmt: skip
    constant = np.ptp(data.design, axis=0) == 0.0
    inner = data.n_observations - len(data.rows) - int(within.sum())
    outer = len(data.rows) - int((~within).sum())
    used = np.any(contrast != 0.0, axis=0)
    if not np.any(used & ~constant):
        return float(max(inner, outer))
    found = [inner] if np.any(used & within) else []
    found += [outer] if np.any(used & ~within & ~constant) else []
    return float(min(found))


def _satterthwaite(information: VarianceInformation, contrast: FloatArray) -> float:
    phi = information.covariance
    spread = contrast @ phi @ contrast.T
    variances, vectors = np.linalg.eigh(spread)
    gradients = -(phi @ information.slopes @ phi)
    degrees = []
    for variance, vector in zip(variances, vectors.T, strict=True):
        row = vector @ contrast
        gradient = np.einsum("a,kab,b->k", row, gradients, row)
        uncertainty = float(gradient @ information.parameter_covariance @ gradient)
        degrees.append(2.0 * variance**2 / uncertainty if uncertainty > 0.0 else np.inf)
    if len(degrees) == 1:
        return float(degrees[0])
    if min(degrees) <= 2.0:
        return 2.0
    expectation = float(sum(1.0 if np.isinf(nu) else nu / (nu - 2.0) for nu in degrees))
    rows = len(degrees)
    return 2.0 * expectation / (expectation - rows) if expectation > rows else np.inf


def _kenward_roger(information: VarianceInformation, contrast: FloatArray) -> tuple[float, float]:
    """Return degrees of freedom and the factor of F."""
    phi, weights, rows = information.covariance, information.parameter_covariance, len(contrast)
    theta = contrast.T @ np.linalg.solve(contrast @ phi @ contrast.T, contrast)
    turned = theta @ phi @ information.slopes @ phi
    traces = np.trace(turned, axis1=1, axis2=2)
    first = float(weights.ravel() @ np.outer(traces, traces).ravel())
    second = float(np.sum(weights * np.einsum("jab,kba->jk", turned, turned)))
    if second <= 0.0:
        return np.inf, 1.0
    bend = (first + 6.0 * second) / (2.0 * rows)
    ratio = ((rows + 1) * first - (rows + 4) * second) / ((rows + 2) * second)
    below = 3.0 * rows + 2.0 * (1.0 - ratio)
    one, two, three = ratio / below, (rows - ratio) / below, (rows + 2 - ratio) / below
    expectation = 1.0 / (1.0 - second / rows)
    variance = 2.0 / rows * (1.0 + one * bend) / ((1.0 - two * bend) ** 2 * (1.0 - three * bend))
    rho = variance / (2.0 * expectation**2)
    degrees = 4.0 + (rows + 2.0) / (rows * rho - 1.0)
    return float(degrees), float(degrees / (expectation * (degrees - 2.0)))
