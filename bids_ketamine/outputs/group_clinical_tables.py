"""Tables of clinical statistics, behaviour and participant flow: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.outputs.group_dimension_tables import DIMENSION_TABLES
from bids_ketamine.outputs.group_mixed_tables import MIXED_TABLES
from bids_ketamine.outputs.group_tests_table import TESTS_COLUMNS

Columns = Mapping[str, Mapping[str, object]]

_POINTS = "unit of the outcome (points where the study states none)"
_OF_QUANTITY = "s for reaction_time, none for accuracy (a share)"

_PARTICIPANT: Columns = {
    "participant_id": {"Description": "Participant"},
    "arm": {"Description": "Treatment arm"},
}

_ARM: Columns = {"arm": {"Description": "Treatment arm, or `all` for all participants"}}
_SESSION: Columns = {"session": {"Description": "Session in the study"}}
_OUTCOME: Columns = {"outcome": {"Description": "Clinical outcome in the study"}}


def _mean(unit: str, what: str = "values") -> Columns:
    return {
        "mean": {"Description": f"Mean of {what}", "Units": unit},
        "sd": {"Description": "Standard deviation (n - 1)", "Units": unit},
    }


def _interval(unit: str, what: str = "mean") -> Columns:
    return {
        "ci_low": {
            "Description": f"Lower limit of the confidence interval of the {what}",
            "Units": unit,
        },
        "ci_high": {"Description": "Upper limit", "Units": unit},
    }


_COMPARED: Columns = {
    "arm": {"Description": "Treatment arm, `all`, or the two arms that are compared"},
    "n": {"Description": "Participants; of the first arm where two are compared"},
    "n_second": {"Description": "Participants of the second arm"},
}

_T_TEST: Columns = {
    "df": {"Description": "Degrees of freedom of t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "effect_size": {"Description": "Hedges' g"},
    "reason": {"Description": "Why there is no test"},
}

SCORES_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_OUTCOME,
    **_SESSION,
    "score": {
        "Description": "Score; missing too for participants left out of clinical statistics",
        "Units": _POINTS,
    },
    "reason": {"Description": "Why there is none"},
}

COURSE_COLUMNS: Columns = {
    **_OUTCOME,
    **_SESSION,
    **_ARM,
    "n": {"Description": "Participants with a score"},
    **_mean(_POINTS, "scores"),
    **_interval(_POINTS),
}

IMPROVEMENT_COLUMNS: Columns = {
    **_OUTCOME,
    "change": {"Description": "The change over whose two sessions improvement is computed"},
    **_COMPARED,
    "estimate": {
        "Description": "Mean improvement, or difference of means; positive is better",
        "Units": _POINTS,
    },
    "sd": {"Description": "Standard deviation (n - 1) of a mean's values", "Units": _POINTS},
    **_interval(_POINTS, "estimate"),
    "statistic": {"Description": "t, of a mean against 0 or of two arms (Welch)"},
    **_T_TEST,
}

TABLE_ONE_COLUMNS: Columns = {
    "variable": {"Description": "Covariate, further variable, or outcome in its first session"},
    "kind": {
        "Description": "Kind of variable",
        "Levels": {
            "numeric": "Number",
            "categorical": "Category",
            "ordered": "Level of an order",
            "outcome": "Clinical score in the first session",
        },
    },
    "level": {"Description": "Level of a categorical or ordered variable"},
    **_ARM,
    "n": {"Description": "Participants in whom the variable is known"},
    "missing": {"Description": "Participants in whom it is not"},
    **_mean("unit of the variable", "numbers and scores"),
    "count": {"Description": "Participants with this level"},
    "percent": {"Description": "Share of those in whom the variable is known", "Units": "percent"},
}

TABLE_ONE_TESTS_COLUMNS: Columns = {
    "variable": {"Description": "Variable of the table; missing where nothing could be computed"},
    "test": {
        "Description": "Comparison of arms",
        "Levels": {
            "welch": "Welch's t test, two arms: second minus first",
            "welch_anova": "Welch's analysis of variance, more arms",
            "chi_square": "Pearson's chi-square test",
            "chi_square_yates": "The same of a 2 x 2 table, with Yates' correction",
        },
    },
    "statistic": {"Description": "t, F or chi-square"},
    "df": {"Description": "Degrees of freedom (numerator of F)"},
    "df_second": {"Description": "Denominator degrees of freedom of F"},
    "p_value": {"Description": "p value (two-sided of t), not corrected"},
    "reason": {"Description": "Why there is no test"},
}

TABLE_ONE_VALUES_COLUMNS: Columns = {
    **_PARTICIPANT,
    "variable": {"Description": "Numeric variable of the table"},
    "score": {"Description": "Its value", "Units": "unit of the variable"},
}

ANOVA_COLUMNS: Columns = {
    "outcomes": {"Description": "Clinical outcomes, joined by `+`; together the factor `measure`"},
    "error_strata": {
        "Description": "What terms are tested against",
        "Levels": {
            "participant": "One error of everything within participants",
            "stratified": "Each within-participant term's own error",
        },
    },
    "n_participants": {"Description": "Participants with all scores: who enters"},
    "stratum": {"Description": "Error stratum"},
    "term": {"Description": "Term, or `Residuals`"},
    "df": {"Description": "Degrees of freedom"},
    "sum_sq": {"Description": "Sum of squares, terms in order (sequential)"},
    "mean_sq": {"Description": "Sum of squares over degrees of freedom"},
    "f_value": {"Description": "F"},
    "df_residual": {"Description": "Denominator degrees of freedom of F"},
    "p_value": {"Description": "p value, not corrected"},
    "epsilon_gg": {"Description": "Greenhouse and Geisser's epsilon of the term"},
    "p_value_gg": {"Description": "p value with degrees of freedom times epsilon"},
    "reason": {"Description": "Why there is no result"},
}

UNADJUSTED_COLUMNS: Columns = {
    **TESTS_COLUMNS,
    "test": {
        **TESTS_COLUMNS["test"],
        "Description": "Kind of test, of values that are not adjusted for head motion",
    },
}

_TASK: Columns = {
    "task": {"Description": "Task in the study"},
    "condition": {"Description": "Condition of the task, or `all` for all conditions together"},
}

_QUANTITY: Columns = {
    "quantity": {
        "Description": "What is summarised",
        "Levels": {
            "accuracy": "Share of correct answers",
            "reaction_time": "Reaction time",
        },
    },
}

BEHAVIOUR_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_SESSION,
    **_TASK,
    "n_trials": {"Description": "Trials"},
    "n_answered": {"Description": "Trials with an answer"},
    "accuracy": {"Description": "Share of correct answers"},
    "reaction_time": {
        "Description": "Reaction time, mean or median of trials as the study says",
        "Units": "s",
    },
    "reason": {"Description": "Why a quantity is missing"},
}

BEHAVIOUR_SUMMARY_COLUMNS: Columns = {
    **_TASK,
    **_QUANTITY,
    **_SESSION,
    **_ARM,
    "n": {"Description": "Participants"},
    **_mean(_OF_QUANTITY),
    **_interval(_OF_QUANTITY),
}

BEHAVIOUR_TESTS_COLUMNS: Columns = {
    **_TASK,
    **_QUANTITY,
    "test": {
        "Description": "Kind of test",
        "Levels": {
            "paired": "Paired t test, second minus first session",
            "welch": "Welch's t test of the change, one arm minus the reference arm",
        },
    },
    "change": {"Description": "Difference between two sessions in the study"},
    **_COMPARED,
    "estimate": {"Description": "Mean, or difference of means", "Units": _OF_QUANTITY},
    **_interval(_OF_QUANTITY, "estimate"),
    "statistic": {"Description": "t"},
    **_T_TEST,
}

FLOW_COLUMNS: Columns = {
    "stage": {"Description": "Stage of the trial, in order"},
    **_ARM,
    "n": {"Description": "Participants that reached the stage"},
    "lost": {"Description": "Participants of the stage before that did not"},
    "reasons": {"Description": "Why, with their numbers"},
}

MOTION_SUMMARY_COLUMNS: Columns = {
    "task": {"Description": "Task in the study"},
    **_SESSION,
    **_ARM,
    "n": {"Description": "Participants whose mean framewise displacement is known"},
    **_mean("mm", "mean framewise displacement"),
    **_interval("mm"),
}

#: Columns of each table by the stem of its name.
CLINICAL_TABLES: Mapping[str, Columns] = {
    "group_scores": SCORES_COLUMNS,
    "group_course": COURSE_COLUMNS,
    "group_improvement": IMPROVEMENT_COLUMNS,
    "group_table_one": TABLE_ONE_COLUMNS,
    "group_table_one_tests": TABLE_ONE_TESTS_COLUMNS,
    "group_table_one_values": TABLE_ONE_VALUES_COLUMNS,
    "group_anova": ANOVA_COLUMNS,
    **MIXED_TABLES,
    **DIMENSION_TABLES,
    "group_behaviour": BEHAVIOUR_COLUMNS,
    "group_behaviour_summary": BEHAVIOUR_SUMMARY_COLUMNS,
    "group_behaviour_tests": BEHAVIOUR_TESTS_COLUMNS,
    "group_flow": FLOW_COLUMNS,
    "group_motion_summary": MOTION_SUMMARY_COLUMNS,
    "group_tests_unadjusted": UNADJUSTED_COLUMNS,
}

#: Those that imaging measures enter.
WITH_MEASURES = frozenset(
    {
        *MIXED_TABLES,
        *DIMENSION_TABLES,
        "group_flow",
        "group_motion_summary",
        "group_tests_unadjusted",
    }
)
