"""Rules that span several settings of nuisance regressors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from bids_ketamine.study.confound_sections import ConfoundsSpec, OutliersSpec
from bids_ketamine.study.document import KeyPath

#: Settings that each rule for outlier volumes reads.
READ_BY_RULE = {
    "thresholds": ("framewise_displacement", "std_dvars"),
    "fmriprep": (),
    "art": ("art_global_signal", "art_framewise_displacement"),
}


def check_confounds(
    confounds: ConfoundsSpec, where: KeyPath, problem: Callable[[KeyPath, str], None]
) -> None:
    """Report every rule that settings of nuisance regressors break.

    Parameters
    ----------
    confounds : ConfoundsSpec
        Settings, each value of its declared type.
    where : tuple
        Place of the section in the study file.
    problem : callable
        Called with the place in the file and a sentence.
    """
    section = ".".join(str(part) for part in where)
    defaults = {each.name: each.default for each in fields(ConfoundsSpec)}
    if confounds.compcor_variance is not None:
        at = (*where, "compcor_variance")
        if confounds.compcor_variance == 0.0:
            problem(at, f"{section}.compcor_variance must be above 0, or null")
        if confounds.compcor_components != defaults["compcor_components"]:
            problem(
                at,
                f"{section}: compcor_variance takes the place of compcor_components; keep one",
            )
    if confounds.outliers is not None:
        _check_outliers(confounds.outliers, (*where, "outliers"), section, problem)


def _check_outliers(
    outliers: OutliersSpec,
    where: KeyPath,
    section: str,
    problem: Callable[[KeyPath, str], None],
) -> None:
    """Refuse a threshold of another rule: it would change nothing."""
    read = READ_BY_RULE[outliers.rule]
    for each in fields(OutliersSpec):
        value = getattr(outliers, each.name)
        if each.name == "rule" or each.name in read or value in (None, each.default):
            continue
        reads = f"it reads {' and '.join(read)}" if read else "it has no threshold"
        problem(
            (*where, each.name),
            f"{section}.outliers: the rule `{outliers.rule}` does not read {each.name} "
            f"({reads}); take it out, or set it to null",
        )
    if outliers.rule == "art" and not outliers.thresholds:
        problem(where, f"{section}.outliers: the rule `art` needs a threshold")
