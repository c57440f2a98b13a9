"""Tables of networks and of brain structures: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.outputs.group_tests_table import CHANGE, KEYS, UNIT_OF_MEASURE

Columns = Mapping[str, Mapping[str, object]]

_Z = "Fisher z"
_ARM: Columns = {"arm": {"Description": "Treatment arm, or `all` for everybody"}}
_ARM_OF_EDGES: Columns = {
    "arm": {
        "Description": "Treatment arm, or `all` for everybody; without the controls of a study "
        "that names some"
    }
}
_SESSION: Columns = {"session": {"Description": "Session in the study"}}


def _interval(unit: str, what: str) -> Columns:
    return {
        "ci_low": {
            "Description": f"Lower limit of the confidence interval of the {what}",
            "Units": unit,
        },
        "ci_high": {"Description": "Upper limit", "Units": unit},
    }


_T: Columns = {
    "statistic": {"Description": "t"},
    "df": {"Description": "Degrees of freedom of t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
}

EDGES_COLUMNS: Columns = {
    **CHANGE,
    **_ARM_OF_EDGES,
    "first_region": {"Description": "Region; the matrix has the order of group_regions"},
    "second_region": {"Description": "Region that comes later in that order"},
    "n": {"Description": "Participants with the edge in both sessions"},
    "mean_first": {"Description": "Their mean in the first session", "Units": _Z},
    "mean_second": {"Description": "Their mean in the second session", "Units": _Z},
    "estimate": {"Description": "Mean change, second minus first session", "Units": _Z},
    **_interval(_Z, "change"),
    **_T,
    "q_value": {
        "Description": "p adjusted for the false discovery rate (Benjamini and Hochberg) over the "
        "edges of this change and arm"
    },
    "component": {
        "Description": "Component of group_edge_components that holds the edge; missing for none"
    },
    "reason": {"Description": "Why there is no test"},
}

COMPONENTS_COLUMNS: Columns = {
    **CHANGE,
    **_ARM_OF_EDGES,
    "component": {
        "Description": "Connected set of edges beyond the primary threshold, the one with most "
        "edges is 1"
    },
    "n_edges": {"Description": "Edges, its extent"},
    "n_regions": {"Description": "Regions"},
    "n_positive": {"Description": "Edges that rise"},
    "n_negative": {"Description": "Edges that fall"},
    "intensity": {"Description": "Sum of what abs(t) of its edges has beyond the threshold"},
    "p_extent": {
        "Description": "Share of permutations whose largest component has at least as many edges: "
        "corrected for all components of this change and arm"
    },
    "p_intensity": {"Description": "The same by intensity"},
    "n_permutations": {
        "Description": "Permutations (flipped signs of participants); all there are, where they "
        "are fewer than the study asks for"
    },
    "regions": {"Description": "Its regions, joined by `; `"},
    "reason": {"Description": "Why there is no component, or no network-based statistic"},
}

REGIONS_COLUMNS: Columns = {
    "region": {"Description": "Region; rows are in the order of the matrices, by network"},
    "networks": {"Description": "Networks of the study that hold it, joined by `; `"},
    "n_sessions": {"Description": "Sessions in group statistics whose matrix has the region"},
    "n_covered": {"Description": "Those of them in which it is covered enough to have edges"},
    "mean_coverage": {
        "Description": "Mean over sessions of the share of the region that has a signal",
        "Units": "share, 0 to 1",
    },
}

CONTROLS_COLUMNS: Columns = {
    **KEYS,
    "session": {
        "Description": "Session of the patients; controls have the mean of their own sessions"
    },
    "arm": {"Description": "Treatment arm of the patients; `all` for those of several together"},
    "compared": {
        "Description": "Who is compared",
        "Levels": {
            "everybody": "All patients and controls with a value",
            "matched": "Pairs of group_matching in which both have a value",
        },
    },
    "n_patients": {"Description": "Patients"},
    "n_controls": {"Description": "Controls"},
    "mean_patients": {"Description": "Mean of the patients", "Units": UNIT_OF_MEASURE},
    "mean_controls": {"Description": "Mean of the controls", "Units": UNIT_OF_MEASURE},
    "sd_patients": {"Description": "Standard deviation (n - 1)", "Units": UNIT_OF_MEASURE},
    "sd_controls": {"Description": "Standard deviation (n - 1)", "Units": UNIT_OF_MEASURE},
    "estimate": {"Description": "Patients minus controls", "Units": UNIT_OF_MEASURE},
    **_interval(UNIT_OF_MEASURE, "difference"),
    "statistic": {"Description": "Student's t, groups of one variance"},
    "df": {"Description": "Degrees of freedom of t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "hedges_g": {"Description": "Difference over the pooled standard deviation, free of bias"},
    "reason": {"Description": "Why there is no test"},
}

MATCHING_COLUMNS: Columns = {
    "patient": {"Description": "Patient; missing for a control in no pair"},
    "control": {"Description": "Control; missing for a patient in no pair"},
    "distance": {
        "Description": "Distance of the pair: root of the sum of squared differences",
        "Units": "standard deviations; 1 for a category that differs",
    },
    "reason": {"Description": "Why somebody is in no pair"},
}

BALANCE_COLUMNS: Columns = {
    "covariate": {"Description": "Covariate, motion (mean_fd, mm) or usable time (minutes)"},
    "kind": {
        "Description": "Kind of covariate",
        "Levels": {"numeric": "Number", "categorical": "Category"},
    },
    "level": {"Description": "Level of a categorical one"},
    "stage": {
        "Description": "Before or after matching",
        "Levels": {"before": "All who could be matched", "after": "Those in pairs"},
    },
    "n_patients": {"Description": "Patients in whom it is known"},
    "n_controls": {"Description": "Controls in whom it is known"},
    "missing_patients": {"Description": "Patients in whom it is not"},
    "missing_controls": {"Description": "Controls in whom it is not"},
    "patients": {"Description": "Mean, or share of those with the level"},
    "controls": {"Description": "Mean, or share of those with the level"},
    "sd_patients": {"Description": "Standard deviation"},
    "sd_controls": {"Description": "Standard deviation"},
    "standardized_difference": {
        "Description": "Patients minus controls over sqrt((variance + variance) / 2), both before "
        "matching"
    },
    "variance_ratio": {"Description": "Variance of the patients over that of the controls"},
}

RELIABILITY_COLUMNS: Columns = {
    **KEYS,
    "sessions": {"Description": "Sessions, joined by `; `"},
    **_ARM,
    "n": {"Description": "Participants with a value in every session"},
    "icc": {
        "Description": "ICC(2,1): agreement of single sessions, participants and sessions random"
    },
    **_interval("none", "ICC"),
    "f_value": {"Description": "F of a test against 0"},
    "df": {"Description": "Degrees of freedom of F, numerator"},
    "df_second": {"Description": "Denominator"},
    "p_value": {"Description": "Upper tail of F, not corrected"},
    "consistency": {"Description": "ICC(3,1): the same where a shift of a session is no error"},
    "consistency_low": {"Description": "Lower limit of its confidence interval"},
    "consistency_high": {"Description": "Upper limit"},
    "within_sd": {
        "Description": "Standard deviation within participants",
        "Units": UNIT_OF_MEASURE,
    },
    "repeatability": {
        "Description": "Two sessions of a participant differ by less than this in 95 % of pairs",
        "Units": UNIT_OF_MEASURE,
    },
    "mean_difference": {
        "Description": "Mean of the last minus mean of the first session",
        "Units": UNIT_OF_MEASURE,
    },
    "reason": {"Description": "Why something is missing"},
}

VOLUMES_COLUMNS: Columns = {
    "structure": {"Description": "Brain structure, FreeSurfer's name"},
    "outcome": {"Description": "Clinical outcome in the study"},
    "change": {"Description": "The change of the outcome: second minus first session"},
    "session": {"Description": "Session of the volume"},
    "n": {"Description": "Participants, but for controls, with volume and change"},
    "r": {
        "Description": "Pearson correlation of the volume (share of intracranial volume) with the "
        "change of the score, not with improvement"
    },
    **_interval("none", "correlation (Fisher z)"),
    "df": {"Description": "Degrees of freedom of its t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "reason": {"Description": "Why there is none"},
}

#: Columns of each table by the stem of its name.
NETWORK_TABLES: Mapping[str, Columns] = {
    "group_edges": EDGES_COLUMNS,
    "group_edge_components": COMPONENTS_COLUMNS,
    "group_regions": REGIONS_COLUMNS,
    "group_controls": CONTROLS_COLUMNS,
    "group_matching": MATCHING_COLUMNS,
    "group_balance": BALANCE_COLUMNS,
    "group_reliability": RELIABILITY_COLUMNS,
    "group_volumes": VOLUMES_COLUMNS,
}
