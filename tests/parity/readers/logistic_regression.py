"""Reader of R's logistic regressions."""

from __future__ import annotations

from bids_ketamine.core.clinical.logistic_regression import logistic_regression
from tests.parity.evaluation import Context
from tests.parity.readers import reader


@reader("logistic_regression")
def logistic(case: Context) -> dict[str, object]:
    """Read a logistic regression, rows in the order of R's table."""
    options, data = case.options, case["data"]
    found = logistic_regression(
        outcome=data[options["outcome"]],
        predictors=data[options["predictors"]],
        names=options["predictors"],
        method=options["method"],
        confidence_level=options["level"],
    )
    return {
        "estimate": found.estimates,
        "se": found.standard_errors,
        "z": found.z,
        "p_wald": found.p_wald,
        "profile_low": found.profile_intervals[:, 0],
        "profile_high": found.profile_intervals[:, 1],
        "chi_square": found.chi_square,
        "p_lr": found.p_likelihood_ratio,
        "log_likelihood": found.log_likelihood,
    }
