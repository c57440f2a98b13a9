"""Tables of symptom dimensions at the group level: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, Mapping[str, object]]

_POINTS = "unit of the outcome (points where the study states none)"
_ARM: Columns = {"arm": {"Description": "Treatment arm, or `all` for all participants"}}
_DIMENSION: Columns = {"dimension": {"Description": "Symptom dimension in the study"}}
_RHO_P_VALUE = (
    "Two-sided p value of rho, not corrected: without ties exact up to 12 participants, then by "
    "Edgeworth's series; with ties exact up to 8, then by the t distribution"
)

_CORRELATION: Columns = {
    "r": {"Description": "Pearson correlation"},
    "ci_low": {"Description": "Lower limit of r's confidence interval (Fisher z)"},
    "ci_high": {"Description": "Upper limit"},
    "p_value": {"Description": "Two-sided p value of r, not corrected"},
}

DIMENSIONS_COLUMNS: Columns = {
    **_DIMENSION,
    **_ARM,
    "n": {"Description": "Participants with a change of the measure and of the dimension"},
    **_CORRELATION,
    "rho": {"Description": "Spearman's rank correlation"},
    "rho_p_value": {"Description": _RHO_P_VALUE},
    "reason": {"Description": "Why there is no correlation"},
}

SCORES_COLUMNS: Columns = {
    "participant_id": {"Description": "Participant"},
    "arm": {"Description": "Treatment arm"},
    **_DIMENSION,
    "first": {
        "Description": "Sum of its items in the first session, pro-rated for missing ones",
        "Units": _POINTS,
    },
    "second": {"Description": "The same in the second session", "Units": _POINTS},
    "improvement": {
        "Description": "Change of the sum, positive where the participant got better",
        "Units": _POINTS,
    },
    "missing_first": {"Description": "Items missing in the first session"},
    "missing_second": {"Description": "Items missing in the second session"},
    "measure_change": {
        "Description": "Change of the imaging measure, adjusted for head motion: second session "
        "minus first",
        "Units": "unit of the measure",
    },
    "reason": {"Description": "Why the participant does not enter"},
}

COVARIATES_COLUMNS: Columns = {
    "covariate": {"Description": "Covariate that the measure's change is correlated with"},
    **_ARM,
    "n": {"Description": "Participants with both"},
    "rho": {"Description": "Spearman's rank correlation"},
    "p_value": {"Description": _RHO_P_VALUE},
    "r": _CORRELATION["r"],
    "ci_low": _CORRELATION["ci_low"],
    "ci_high": _CORRELATION["ci_high"],
    "reason": {"Description": "Why there is no correlation"},
}

PAIRS_COLUMNS: Columns = {
    "dimension": {
        "Description": "Symptom dimension whose improvement is correlated, or `change of the "
        "measure`"
    },
    "other": {"Description": "The one it is correlated with"},
    "arm": {"Description": "`all`: all participants together"},
    "n": {"Description": "Participants who have all dimensions and the measure's change"},
    "r": {"Description": "Pearson correlation; missing for too few participants"},
}

DIMENSION_TABLES: Mapping[str, Columns] = {
    "group_dimensions": DIMENSIONS_COLUMNS,
    "group_dimension_scores": SCORES_COLUMNS,
    "group_dimension_covariates": COVARIATES_COLUMNS,
    "group_dimension_correlations": PAIRS_COLUMNS,
}
