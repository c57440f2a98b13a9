"""Readers of R's intraclass correlations."""

from __future__ import annotations

from bids_ketamine.core.reliability.intraclass_correlation import (
    SessionReliability,
    session_reliability,
)
from tests.parity.evaluation import Context
from tests.parity.readers import reader


@reader("icc")
def icc(case: Context) -> dict[str, object]:
    """Read one intraclass correlation."""
    found = _reliability(case)
    names = {"ICC(2,1)": found.agreement, "ICC(3,1)": found.consistency}
    one = names[case.options["type"]]
    assert one.name == case.options["type"]
    return {
        "icc": one.estimate,
        "F": one.f_value,
        "df1": one.df,
        "df2": one.df_second,
        "p": one.p_value,
        "lo": one.ci_low,
        "hi": one.ci_high,
    }


@reader("within_participant_sd")
def within_participant_sd(case: Context) -> dict[str, object]:
    """Read the mean squares and what follows from them."""
    found = _reliability(case)
    squares = found.mean_squares
    return {
        "n": found.n,
        "msr": squares.participants,
        "msc": squares.sessions,
        "mse": squares.residual,
        "msw": squares.within,
        "sd": found.within_sd,
        "sd_lower": found.within_sd_low,
        "sd_upper": found.within_sd_high,
        "repeatability": found.repeatability,
    }


def _reliability(case: Context) -> SessionReliability:
    values = case["data"].drop(columns="participant").to_numpy(dtype=float)
    return session_reliability(values, confidence_level=case.options["level"])
