"""A mixed model of a trial's values: estimates, tests, intervals, in tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.core.mixed.confounding import Confounding, confounded_columns
from bids_ketamine.core.mixed.covariance import FloatArray, MixedData
from bids_ketamine.core.mixed.degrees_of_freedom import (
    ContrastTest,
    contrast_test,
    rule_information,
)
from bids_ketamine.core.mixed.fit import MixedFit, fit_mixed_model, require_noise
from bids_ketamine.core.mixed.formula import INTERCEPT, FixedDesign, fixed_design
from bids_ketamine.core.mixed.information import VarianceInformation
from bids_ketamine.core.mixed.intervals import bootstrap_intervals, profile_intervals

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
class MixedResult:
    """Tables of a mixed model.

    Attributes
    ----------
    effects : DataFrame
        Fixed effects by method and rule (:data:`EFFECT_COLUMNS`).
    tests : DataFrame
        Terms, type III (:data:`TEST_COLUMNS`).
    fits : DataFrame
        One row a method (:data:`FIT_COLUMNS`).
    """

    effects: pd.DataFrame
    tests: pd.DataFrame
    fits: pd.DataFrame


def analyse_mixed_model(
    data: pd.DataFrame,
    *,
    formula: str,
    slope: str | None,
    methods: tuple[str, ...],
    rules: tuple[str, ...],
    level: float,
    intervals: str,
    n_draws: int,
    seed: int,
) -> MixedResult:
    """Fit a mixed model and test its fixed effects by every method and rule (methods row B7).

    A model that cannot be fitted leaves rows with the reason.

    Parameters
    ----------
    data : DataFrame
        One row an observation: ``participant_id``, ``value`` and the formula's variables, no
        cell missing. Objects and categories are categories; the first level is the reference.
    formula : str
        Fixed effects, such as ``time * arm``.
    slope : str or None
        Numeric variable whose slope differs between participants.
    methods : tuple of str
        Of ``reml`` and ``ml``.
    rules : tuple of str
        Rules of degrees of freedom
        (:data:`~bids_ketamine.core.mixed.degrees_of_freedom.RULES`).
    level : float
        Level of the intervals.
    intervals : str
        ``t`` (estimate -+ se times the quantile at the rule's degrees of freedom), ``profile`` or
        ``bootstrap``.
    n_draws, seed : int
        Draws of the bootstrap and their seed.

    Returns
    -------
    MixedResult
        Tables.
    """
    effects, tests, fits = [], [], []
    try:
        design = fixed_design(data, formula=formula)
        confounding = confounded_columns(design)
        arrays = _arrays(data, design.matrix[:, confounding.kept], slope)
        require_noise(arrays)
    except ValueError as error:
        return _without_result(str(error), data, formula=formula, methods=methods, rules=rules)
    for method in methods:
        try:
            fit = fit_mixed_model(arrays, method=method)
            ends, drawn = _ends(fit, intervals=intervals, level=level, n_draws=n_draws, seed=seed)
        except (ValueError, np.linalg.LinAlgError) as error:
            failed = _without_result(
                str(error), data, formula=formula, methods=(method,), rules=rules
            )
            effects.append(failed.effects)
            tests.append(failed.tests)
            fits.append(failed.fits)
            continue
        fits.append(_frame([_fit_row(fit, design, formula, drawn)], FIT_COLUMNS))
        for rule in rules:
            tested = _TestedModel(fit, design, confounding, rule, rule_information(fit, rule=rule))
            effects.append(_effects(tested, level=level, ends=ends, kind=intervals))
            tests.append(_tests(tested))
    return MixedResult(*(pd.concat(parts, ignore_index=True) for parts in (effects, tests, fits)))


@dataclass(frozen=True)
class _TestedModel:
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


def _frame(rows: list[Row], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns), dtype=object).infer_objects()


def _without_result(
    reason: str,
    data: pd.DataFrame,
    *,
    formula: str,
    methods: tuple[str, ...],
    rules: tuple[str, ...],
) -> MixedResult:
    """Return rows that say why there is no fit."""
    size = (len(data), data["participant_id"].nunique())
    pairs = [(method, rule) for method in methods for rule in rules]
    missing = [np.nan] * 7
    return MixedResult(
        effects=_frame([(*pair, None, *missing, None, reason) for pair in pairs], EFFECT_COLUMNS),
        tests=_frame([(*pair, None, *missing[:4], reason) for pair in pairs], TEST_COLUMNS),
        fits=_frame(
            [
                (formula, None, each, *size, *missing, False, False, None, reason)
                for each in methods
            ],
            FIT_COLUMNS,
        ),
    )


def _arrays(data: pd.DataFrame, design: FloatArray, slope: str | None) -> MixedData:
    """Return the arrays of a model; a ValueError says why they allow none."""
    values = data["value"].to_numpy(dtype=np.float64)
    codes, labels = pd.factorize(data["participant_id"])
    counts = np.bincount(codes) if len(codes) else np.zeros(0, dtype=int)
    n_random = 1 if slope is None else 2
    if len(labels) < 2:
        raise ValueError(f"a model needs several participants; there are {len(labels)}")
    if np.ptp(values) == 0.0:
        raise ValueError("all values are equal")
    if counts.max() < 2:
        raise ValueError(
            "nobody has more than one value, so that participants cannot be told from noise"
        )
    if len(values) <= design.shape[1] + n_random:
        raise ValueError(
            f"{len(values)} values are too few for {design.shape[1]} fixed effects and "
            f"{n_random + 1} variances"
        )
    columns = [np.ones(len(data))]
    if slope is not None:
        columns.append(data[slope].to_numpy(dtype=np.float64))
        if counts.max() < 3:
            raise ValueError(
                "nobody has more than two values, so that slopes of participants cannot be told "
                "from noise"
            )
    return MixedData(
        values=values,
        design=design,
        random_design=np.stack(columns, axis=1),
        participants=codes.astype(np.intp),
    )


def _ends(
    fit: MixedFit, *, intervals: str, level: float, n_draws: int, seed: int
) -> tuple[FloatArray | None, str | None]:
    """Return ends of intervals that do not rest on a rule, and what is to be said of them."""
    if intervals == "profile":
        return profile_intervals(fit.data, level=level), None
    if intervals == "bootstrap":
        ends, used = bootstrap_intervals(fit, level=level, n_draws=n_draws, seed=seed)
        lost = n_draws - used
        return ends, f"{lost} of {n_draws} drawn trials could not be fitted" if lost else None
    return None, None


def _effects(
    model: _TestedModel, *, level: float, ends: FloatArray | None, kind: str
) -> pd.DataFrame:
    """Return one row for each fixed effect."""
    if not model.fits_method:
        return _frame([(*model.scope, None, *[np.nan] * 7, None, NOT_WITH_ML)], EFFECT_COLUMNS)
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
    return _frame(rows, EFFECT_COLUMNS)


def _tests(model: _TestedModel) -> pd.DataFrame:
    """Return one row for each term: its columns with categories coded to sum to zero."""
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
    return _frame(rows, TEST_COLUMNS)


def _fit_row(fit: MixedFit, design: FixedDesign, formula: str, drawn: str | None) -> Row:
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
