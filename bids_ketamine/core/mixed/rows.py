"""Rows of a mixed model's tables: fixed effects, terms, fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.core.mixed.confounding import Confounding
from bids_ketamine.core.mixed.covariance import FloatArray
from bids_ketamine.core.mixed.degrees_of_freedom import ContrastTest, contrast_test
from bids_ketamine.core.mixed.fit import MixedFit
from bids_ketamine.core.mixed.formula import INTERCEPT, FixedDesign
from bids_ketamine.core.mixed.information import VarianceInformation

EFFECT_COLUMNS = (
    "method",
    "df_rule",
    "term",
    "estimate",
    "se",
    "df",
    "t",
    "p_value",
    "ci_low",
    "ci_high",
    "interval",
    "reason",
)
TEST_COLUMNS = (
    "method",
    "df_rule",
    "term",
    "num_df",
    "den_df",
    "f_value",
    "p_value",
    "reason",
)
FIT_COLUMNS = (
    "formula",
    "references",
    "method",
    "n_observations",
    "n_participants",
    "sd_participant",
    "sd_slope",
    "correlation",
    "sd_residual",
    "log_likelihood",
    "aic",
    "bic",
    "converged",
    "boundary",
    "note",
    "reason",
)
NOT_WITH_ML = "the rule belongs to restricted likelihood"
NO_DEGREES = "no degrees of freedom are left"

Row = tuple[object, ...]


@dataclass(frozen=True)
class TestedModel:
    """A fit and a rule of degrees of freedom."""

    fit: MixedFit
    design: FixedDesign
    confounding: Confounding
    rule: str
    information: VarianceInformation | None

    @property
    def scope(self) -> tuple[str, str]:
        """Method and rule."""
        return self.fit.method, self.rule

    @property
    def fits_method(self) -> bool:
        """Whether the rule goes with the method."""
        return self.rule != "kenward_roger" or self.fit.method == "reml"

    def test(self, weights: FloatArray) -> ContrastTest:
        """Test weights of all columns, of which those that were dropped have none."""
        return contrast_test(
            self.fit,
            self.information,
            contrast=weights[:, self.confounding.kept],
            rule=self.rule,
        )


def table_of(rows: list[Row], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows as a table."""
    return pd.DataFrame(rows, columns=list(columns), dtype=object).infer_objects()


def effect_table(
    model: TestedModel, *, level: float, ends: FloatArray | None, kind: str
) -> pd.DataFrame:
    """Return one row for each fixed effect (:data:`EFFECT_COLUMNS`).

    Parameters
    ----------
    model : TestedModel
        Fit and rule.
    level : float
        Level of the intervals.
    ends : ndarray of shape (n_fitted, 2), or None
        Intervals of the columns that are fitted; by t where absent.
    kind : str
        What the intervals are called.
    """
    if not model.fits_method:
        return table_of([(*model.scope, None, *[np.nan] * 7, None, NOT_WITH_ML)], EFFECT_COLUMNS)
    rows: list[Row] = []
    for place, name in enumerate(model.design.names):
        reason = model.confounding.reasons.get(place)
        if reason is not None:
            rows.append((*model.scope, name, *[np.nan] * 7, None, reason))
            continue
        test = model.test(np.eye(len(model.design.names))[[place]])
        low, high = np.nan, np.nan
        if ends is not None:
            low, high = ends[model.confounding.kept.index(place)]
        elif test.denominator_df > 0.0:
            quantile = float(stats.t.ppf(0.5 + level / 2.0, test.denominator_df))
            low = test.estimate - quantile * test.standard_error
            high = test.estimate + quantile * test.standard_error
        rows.append(
            (*model.scope, name, test.estimate, test.standard_error, test.denominator_df, test.t,
             test.p_value, low, high, kind, None if test.denominator_df > 0.0 else NO_DEGREES)
        )  # fmt: skip
    return table_of(rows, EFFECT_COLUMNS)


def term_table(model: TestedModel) -> pd.DataFrame:
    """Return one row for each term: its columns with categories coded to sum to zero.

    Parameters
    ----------
    model : TestedModel
        Fit and rule.
    """
    design, reasons = model.design, model.confounding.reasons
    rows: list[Row] = []
    for term in dict.fromkeys(design.terms):
        if term == INTERCEPT:
            continue
        places = [place for place, each in enumerate(design.terms) if each == term]
        weights = design.marginal_weights[places]
        used = np.flatnonzero(np.any(weights != 0.0, axis=0)).tolist()
        lost = [reasons[each] for each in used if each in reasons]
        if lost or not model.fits_method:
            why = lost[0] if lost else NOT_WITH_ML
            rows.append((*model.scope, term, *[np.nan] * 4, why))
            continue
        # Satterthwaite's degrees of several rows depend on the rows, not on their span alone:
        # orthonormal ones, as lmerTest takes.
        test = model.test(np.linalg.qr(weights.T)[0].T)
        reason = None if test.denominator_df > 0.0 else NO_DEGREES
        rows.append(
            (*model.scope, term, test.numerator_df, test.denominator_df, test.f_value,
             test.p_value, reason)
        )  # fmt: skip
    return table_of(rows, TEST_COLUMNS)


def fit_row(fit: MixedFit, design: FixedDesign, formula: str, drawn: str | None) -> Row:
    """Return the row of a fit (:data:`FIT_COLUMNS`).

    Parameters
    ----------
    fit : MixedFit
        The fit.
    design : FixedDesign
        Its fixed effects, for the levels that categories are compared with.
    formula : str
        As it was given.
    drawn : str or None
        What is to be said of the intervals' draws.
    """
    spread = np.sqrt(np.diagonal(fit.random_covariance))
    slope = float(spread[1]) if len(spread) > 1 else np.nan
    product = float(np.prod(spread))
    correlation = np.nan
    if len(spread) > 1 and product > 0.0:
        correlation = float(fit.random_covariance[0, 1]) / product
    return (
        formula,
        "; ".join(f"{name}: {level}" for name, level in design.references.items()) or None,
        fit.method,
        fit.data.n_observations,
        len(fit.data.rows),
        float(spread[0]),
        slope,
        correlation,
        float(np.sqrt(fit.residual_variance)),
        fit.log_likelihood,
        fit.aic,
        fit.bic,
        fit.converged,
        fit.at_boundary,
        _note(fit, drawn),
        None,
    )


def _note(fit: MixedFit, drawn: str | None) -> str | None:
    """Say in words what is odd about a fit."""
    said = []
    if fit.at_boundary and fit.data.n_random == 1:
        said.append(
            "the variance between participants is estimated at zero: the values of one "
            "participant are no more alike than those of several, and estimates are those of "
            "ordinary regression"
        )
    elif fit.at_boundary:
        said.append(
            "a variance between participants is estimated at zero, or the correlation of "
            "intercept and slope at one: the values do not carry so many variances"
        )
    if not fit.converged:
        said.append("the search for the variances did not end at a summit of the likelihood")
    if drawn:
        said.append(drawn)
    return "; ".join(said) or None
