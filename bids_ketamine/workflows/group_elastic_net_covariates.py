"""Covariates from which improvement is predicted, as the tables of the dataset have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine.core.prediction.trial_data import BASELINE, CATEGORICAL, TIMINGS, Covariate
from bids_ketamine.dataset.inputs import Missing
from bids_ketamine.dataset.names import listed
from bids_ketamine.dataset.participants import covariate_table
from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.study.check_elastic_net import entering_covariates
from bids_ketamine.study.spec import CovariateSpec, StudySpec

NO_COLUMNS = " has no such columns"


def read_covariates(
    spec: StudySpec, bids_dir: Path, participants: Sequence[str]
) -> tuple[list[Covariate], list[str]]:
    """Read the covariates that enter, and say which are not there.

    Parameters
    ----------
    spec : StudySpec
        The study.
    bids_dir : Path
        Raw dataset.
    participants : sequence of str
        Whose values, in this order.

    Returns
    -------
    list of Covariate, list of str
        Covariates, and sentences on the optional ones that are not there.

    Raises
    ------
    InputMissingError
        If the table or the column of a covariate that is not optional is not there.
    InputDataError
        If a table is damaged, or a cell cannot be read.
    """
    everywhere, at_baseline = entering_covariates(spec)
    timings: dict[str, tuple[str, ...]] = {each.name: TIMINGS for each in everywhere}
    timings |= {each.name: (BASELINE,) for each in at_baseline}
    wanted = tuple(each for each in spec.covariates if each.name in timings)
    if not wanted:
        return [], []
    optional = tuple(replace(each, optional=True) for each in wanted)
    table = covariate_table(bids_dir, replace(spec, covariates=optional))
    absent = [each for each in wanted if each.name not in table.values and not each.optional]
    if absent:
        _tell_absent(absent, spec, bids_dir)
    values = table.values.reindex(list(participants))
    found = [
        _covariate(each, values[each.name], timings[each.name])
        for each in wanted
        if each.name in values
    ]
    return found, _absent_notes(table.skipped)


def _absent_notes(skipped: Sequence[Missing]) -> list[str]:
    """Say what is not there: covariates whose columns one table lacks in one sentence."""
    lacking: dict[str, list[Missing]] = {}
    for each in skipped:
        reason = re.sub(r" has no column `.*`$", NO_COLUMNS, each.reason)
        lacking.setdefault(reason, []).append(each)
    notes = []
    for reason, found in lacking.items():
        if len(found) > 1:
            names = [each.what.removeprefix("covariate ") for each in found]
            told = listed(names, most=len(names))
            notes.append(f"The covariates {told} are not there and do not enter: {reason}.")
        else:
            why = found[0].reason.rstrip(".")
            notes.append(f"The {found[0].what} is not there and does not enter: {why}.")
    return notes


def _tell_absent(absent: Sequence[CovariateSpec], spec: StudySpec, bids_dir: Path) -> None:
    """Raise one kind of error where a table and where a column is not there."""
    try:
        covariate_table(bids_dir, replace(spec, covariates=tuple(absent)))
    except InputDataError as error:
        raise InputMissingError(error.message, path=error.path, cure=error.cure) from error


def _covariate(spec: CovariateSpec, column: pd.Series, timings: tuple[str, ...]) -> Covariate:
    if spec.kind == CATEGORICAL:
        texts = tuple(str(cell) if isinstance(cell, str) else None for cell in column)
        return Covariate(spec.name, spec.kind, texts, timings)
    return Covariate(spec.name, spec.kind, column.to_numpy(dtype=np.float64), timings)
