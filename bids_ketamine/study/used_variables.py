"""Which participant-level variables of a study any statistics read."""

from __future__ import annotations

from bids_ketamine.study.check_elastic_net import entering_covariates
from bids_ketamine.study.formula_variables import variables_of
from bids_ketamine.study.spec import CovariateSpec, StudySpec


def used_variables(spec: StudySpec) -> tuple[CovariateSpec, ...]:
    """Return the covariates and variables of `table_one` that the group level reads.

    Parameters
    ----------
    spec : StudySpec
        A sound study.

    Returns
    -------
    tuple of CovariateSpec
        In the order of the study.
    """
    used = {each.name for group in entering_covariates(spec) for each in group}
    if spec.table_one is not None:
        shown = spec.table_one.covariates or [each.name for each in spec.covariates]
        used |= {*shown, *(each.name for each in spec.table_one.variables)}
    if spec.symptom_dimensions is not None:
        used |= set(spec.symptom_dimensions.covariates)
    if spec.controls is not None:
        used |= set(spec.controls.matching)
    for model in spec.mixed_models:
        used |= set(variables_of(model.formula))
    return tuple(each for each in spec.participant_variables if each.name in used)
