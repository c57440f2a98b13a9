"""Readers of R's linear mixed models."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from bids_ketamine.core.mixed.analysis import MixedResult, analyse_mixed_model
from tests.parity.evaluation import Context
from tests.parity.readers import reader

#: Column of the participants, and the variable of the slope, by R's random effects.
RANDOM = {
    "1 | subject": ("subject", None),
    "1 | participant_id": ("participant_id", None),
    "1 + time | participant_id": ("participant_id", "time"),
}


@reader("lmm")
def mixed_model(case: Context) -> dict[str, object]:
    """Read the fixed effects of a mixed model, and its variances."""
    result = _result(case)
    terms = [_unordered(_r_name(name)) for name in result.effects["term"]]
    effects = result.effects.set_index(pd.Index(terms)).loc[_terms(case)]
    fit = result.fits.iloc[0]
    if "se_factor" in case.options:
        effects = _enlarged(effects, case.options["se_factor"], fit)
    return {
        "estimate": effects["estimate"].to_numpy(),
        "se": effects["se"].to_numpy(),
        "df": effects["df"].to_numpy(),
        "t": effects["t"].to_numpy(),
        "p": effects["p_value"].to_numpy(),
        "sd_subject": fit["sd_participant"],
        "sd_slope": fit["sd_slope"],
        "correlation": fit["correlation"],
        "sd_residual": fit["sd_residual"],
        "loglik": fit["log_likelihood"],
        "deviance": -2.0 * fit["log_likelihood"],
        "aic": fit["aic"],
        "bic": fit["bic"],
    }


@reader("lmm_anova")
def mixed_model_tests(case: Context) -> dict[str, object]:
    """Read the tests of type III of a mixed model's terms."""
    result = _result(case)
    tests = result.tests.set_index(result.tests["term"].map(_unordered)).loc[_terms(case)]
    # R reports squares on the scale of the residual variance.
    mean_squares = tests["f_value"].to_numpy() * float(result.fits["sd_residual"].iloc[0]) ** 2
    numerator = tests["num_df"].to_numpy()
    return {
        "sum_sq": mean_squares * numerator,
        "mean_sq": mean_squares,
        "num_df": numerator,
        "den_df": tests["den_df"].to_numpy(),
        "F": tests["f_value"].to_numpy(),
        "p": tests["p_value"].to_numpy(),
    }


def _result(case: Context) -> MixedResult:
    options = case.options
    participant, slope = RANDOM[options["random"]]
    outcome, formula = (part.strip() for part in options["formula"].split("~"))
    data = case["data"].rename(columns={participant: "participant_id", outcome: "value"})
    return analyse_mixed_model(
        data.dropna(subset=["value"]),
        formula=formula,
        slope=slope,
        methods=(options["method"].lower(),),
        rules=(options["df"].replace("-", "_"),),
        level=0.95,
        intervals="t",
        n_draws=0,
        seed=0,
    )


def _terms(case: Context) -> list[str]:
    return [_unordered(str(term).strip()) for term in np.ravel(case["term"])]


def _unordered(name: str) -> str:
    """Return a name whose factors stand in alphabetical order.

    >>> _unordered("sex:arm")
    'arm:sex'
    """
    return ":".join(sorted(name.split(":")))


def _r_name(name: str) -> str:
    """Return a fixed effect's name as R writes it.

    >>> _r_name("1"), _r_name("time:drug[midazolam]")
    ('(Intercept)', 'time:drugmidazolam')
    """
    return "(Intercept)" if name == "1" else name.replace("[", "").replace("]", "")


def _enlarged(effects: pd.DataFrame, factor: str, fit: pd.Series) -> pd.DataFrame:
    """Return effects with standard errors as nlme enlarges them under ML."""
    if factor != "sqrt(n/(n-p))":
        raise ValueError(f"the factor {factor!r} is not known")
    size = float(fit["n_observations"])
    enlarged = effects["se"] * np.sqrt(size / (size - len(effects)))
    t = effects["estimate"] / enlarged
    return effects.assign(se=enlarged, t=t, p_value=2.0 * stats.t.sf(np.abs(t), effects["df"]))
