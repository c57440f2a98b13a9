"""How well a design can tell its conditions apart: correlations, variance inflation, efficiency.

=========  ==========================================================================
Symbol     Meaning
=========  ==========================================================================
X          design that is fitted: whitened and high-passed, shape (n_scans, n_columns)
x_j        column of a condition, without its projection on the constant
c          weights of a t contrast, shape (n_columns,)
R_j^2      share of x_j's variance that all other columns explain
=========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: Name of the column that stands for the mean.
CONSTANT = "constant"

#: Relative size under which what is left of a column is rounding and not a direction of its own.
TOLERANCE = 1e-9

#: Relative size of what of a contrast may lie outside the rows of the design.
ESTIMABLE_TOLERANCE = 1e-6


class NuisanceCorrelation(NamedTuple):
    """The nuisance column that a condition is most correlated with."""

    name: str
    correlation: float


class DesignDiagnostics(NamedTuple):
    """What makes the conditions of a design hard to tell apart.

    Attributes
    ----------
    conditions : tuple of str
        Condition columns, in the order of the correlations.
    correlation : ndarray of shape (n_conditions, n_conditions)
        Pearson correlation of condition columns; NaN for a column that does not vary.
    variance_inflation : dict of str to float
        1 / (1 - R_j^2) of each condition column; infinite for a combination of other columns, NaN
        for a column that does not vary.
    efficiency : dict of str to float
        1 / (c (X'X)^-1 c') of each contrast; NaN if it cannot be estimated.
    largest_nuisance_correlation : dict of str to NuisanceCorrelation
        Of each condition column; empty without nuisance columns.
    """

    conditions: tuple[str, ...]
    correlation: FloatArray
    variance_inflation: dict[str, float]
    efficiency: dict[str, float]
    largest_nuisance_correlation: dict[str, NuisanceCorrelation]

    def as_metadata(self) -> dict[str, object]:
        """Return the diagnostics as a sidecar holds them; what is not finite becomes ``None``."""
        return {
            "ConditionCorrelation": {
                "names": list(self.conditions),
                "values": [[_finite(value) for value in row] for row in self.correlation],
            },
            "VarianceInflation": {
                name: _finite(value) for name, value in self.variance_inflation.items()
            },
            "Efficiency": {name: _finite(value) for name, value in self.efficiency.items()},
            "LargestNuisanceCorrelation": {
                name: {"with": largest.name, "r": _finite(largest.correlation)}
                for name, largest in self.largest_nuisance_correlation.items()
            },
        }


def design_diagnostics(
    *,
    filtered_design: FloatArray,
    columns: Sequence[str],
    conditions: Sequence[str],
    contrasts: Mapping[str, FloatArray],
) -> DesignDiagnostics:
    """Measure correlations, variance inflation and efficiency of a design.

    The variance of the estimate of condition j is the noise variance times
    ``VIF_j / |x_j|^2`` with ``VIF_j = 1 / (1 - R_j^2)``: so many times what it would be if no
    other column went along with it. That of a contrast is the noise variance over its
    efficiency, ``1 / (c (X'X)^-1 c')``. The constant counts as the mean: what columns share with
    it is taken out first.

    Parameters
    ----------
    filtered_design : ndarray of shape (n_scans, n_columns)
        The design as it is fitted: whitened and high-passed, drift columns left out.
    columns : sequence of str
        Name of each column. The one named ``constant`` is the mean; without it columns lose
        their plain mean.
    conditions : sequence of str
        Columns of interest; the others, but the constant, are nuisance.
    contrasts : mapping of str to (ndarray of shape (n_columns,))
        Weights of t contrasts.

    Returns
    -------
    DesignDiagnostics
        See there.

    Raises
    ------
    ValueError
        If names, columns or weights do not go together.

    References
    ----------
    Dale AM (1999). Optimal experimental design for event-related fMRI. Human Brain Mapping
    8:109-114. doi:10.1002/(SICI)1097-0193(1999)8:2/3<109::AID-HBM7>3.0.CO;2-W (efficiency).

    Mumford JA, Poline JB, Poldrack RA (2015). Orthogonalization of regressors in fMRI models.
    PLoS ONE 10:e0126255. doi:10.1371/journal.pone.0126255 (variance inflation).

    Examples
    --------
    Two conditions with a correlation of .6:

    >>> design = np.array([[1.0, 0.6, 1.0], [-1.0, -0.6, 1.0], [0.0, 0.8, 1.0], [0.0, -0.8, 1.0]])
    >>> found = design_diagnostics(
    ...     filtered_design=design,
    ...     columns=["a", "b", "constant"],
    ...     conditions=["a", "b"],
    ...     contrasts={"a": np.array([1.0, 0.0, 0.0])},
    ... )
    >>> round(float(found.correlation[0, 1]), 12), round(found.variance_inflation["a"], 12)
    (0.6, 1.5625)
    >>> round(found.efficiency["a"], 12)  # |a|^2 / VIF = 2 / 1.5625
    1.28
    """
    design = np.asarray(filtered_design, dtype=np.float64)
    names = [str(name) for name in columns]
    _check(design, names, conditions, contrasts)
    centred, varies = _centred(design, names)
    of_interest = [names.index(name) for name in conditions]
    correlation = centred.T @ centred  # columns have unit length
    np.clip(correlation, -1.0, 1.0, out=correlation)
    correlation[~varies, :] = correlation[:, ~varies] = np.nan
    nuisance = [
        at
        for at, name in enumerate(names)
        if at not in of_interest and name != CONSTANT and varies[at]
    ]
    return DesignDiagnostics(
        conditions=tuple(conditions),
        correlation=correlation[np.ix_(of_interest, of_interest)],
        variance_inflation={
            names[at]: _variance_inflation(centred, varies, at) for at in of_interest
        },
        efficiency=_efficiencies(design, contrasts),
        largest_nuisance_correlation={
            names[at]: _largest(correlation[at], nuisance, names)
            for at in of_interest
            if nuisance and varies[at]
        },
    )


def _check(
    design: FloatArray,
    names: Sequence[str],
    conditions: Sequence[str],
    contrasts: Mapping[str, FloatArray],
) -> None:
    if design.ndim != 2 or design.shape[1] != len(names) or len(set(names)) != len(names):
        raise ValueError(f"a design of shape {design.shape} with the columns {list(names)}")
    if not np.isfinite(design).all():
        raise ValueError("the design holds values that are not finite")
    absent = [name for name in conditions if name not in names]
    if absent:
        raise ValueError(f"conditions that are no columns: {absent}")
    wrong = [name for name, c in contrasts.items() if np.shape(c) != (len(names),)]
    if wrong:
        raise ValueError(f"contrasts without a weight for each of {len(names)} columns: {wrong}")


def _centred(design: FloatArray, names: Sequence[str]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return columns of unit length, orthogonal to the constant, and which of them vary."""
    constant = design[:, names.index(CONSTANT)] if CONSTANT in names else np.ones(len(design))
    length = np.linalg.norm(constant)
    unit = constant / length if length > 0 else constant
    centred = design - np.outer(unit, unit @ design)
    sizes = np.linalg.norm(centred, axis=0)
    varies = sizes > TOLERANCE * np.linalg.norm(design, axis=0)
    return np.where(varies, centred / np.where(varies, sizes, 1.0), 0.0), varies


def _variance_inflation(centred: FloatArray, varies: NDArray[np.bool_], at: int) -> float:
    """Return 1 / (1 - R^2) of a column of unit length on all others."""
    if not varies[at]:
        return float("nan")
    others = varies.copy()
    others[at] = False
    # An orthonormal basis of the others; columns that add nothing to it leave it as it is.
    basis, singular, _ = np.linalg.svd(centred[:, others], full_matrices=False)
    basis = basis[:, singular > TOLERANCE * singular.max(initial=0.0)]
    rest = centred[:, at] - basis @ (basis.T @ centred[:, at])
    unexplained = float(rest @ rest)
    return 1.0 / unexplained if unexplained > TOLERANCE else float("inf")


def _largest(
    correlations: FloatArray, nuisance: Sequence[int], names: Sequence[str]
) -> NuisanceCorrelation:
    at = max(nuisance, key=lambda column: abs(correlations[column]))
    return NuisanceCorrelation(names[at], float(correlations[at]))


def _efficiencies(design: FloatArray, contrasts: Mapping[str, FloatArray]) -> dict[str, float]:
    if not contrasts:
        return {}
    sizes = np.linalg.norm(design, axis=0)
    sizes[sizes == 0] = 1.0
    # Columns of unit length, so that the tolerance means the same for each.
    _, singular, rows = np.linalg.svd(design / sizes, full_matrices=False)
    kept = singular > TOLERANCE * singular.max(initial=0.0)
    singular, rows = singular[kept], rows[kept]
    found = {}
    for name, weights in contrasts.items():
        scaled = np.asarray(weights, dtype=np.float64) / sizes
        within = rows @ scaled
        length = np.linalg.norm(scaled)
        outside = np.linalg.norm(scaled - within @ rows)
        estimable = length > 0 and outside <= ESTIMABLE_TOLERANCE * length
        found[name] = 1.0 / float(np.sum((within / singular) ** 2)) if estimable else float("nan")
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
