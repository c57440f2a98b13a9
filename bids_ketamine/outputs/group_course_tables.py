"""Tables of the clinical course, response and primary outcomes: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, Mapping[str, object]]

#: Stems of the tables.
VISITS, RATES, CORRELATIONS, LOGISTIC, PRIMARY = (
    "group_visits",
    "group_response_rates",
    "group_score_correlations",
    "group_logistic",
    "group_primary_outcomes",
)

_POINTS = "unit of the outcome (points where the study states none)"

_ARM: Columns = {
    "arm": {
        "Description": "Treatment arm, or `all` for the arms that enter, together; one arm alone "
        "is not told again as `all`"
    },
}
_SESSION: Columns = {"session": {"Description": "Session in the study"}}
_OUTCOME: Columns = {"outcome": {"Description": "Clinical outcome in the study"}}


def _interval(what: str, unit: str = "") -> Columns:
    units = {"Units": unit} if unit else {}
    return {
        "ci_low": {"Description": f"Lower limit of the confidence interval of {what}", **units},
        "ci_high": {"Description": "Upper limit", **units},
    }


VISITS_COLUMNS: Columns = {
    **_OUTCOME,
    **_ARM,
    **_SESSION,
    "n": {"Description": "Participants with a score at the first visit and at this one"},
    "n_missing": {"Description": "Participants with a score at the first visit and none at this"},
    "mean_first": {
        "Description": "Mean at the first visit, of the same participants",
        "Units": _POINTS,
    },
    "mean_visit": {"Description": "Mean at this visit", "Units": _POINTS},
    "sd_visit": {"Description": "Its standard deviation (n - 1)", "Units": _POINTS},
    "mean_low": {
        "Description": "Lower limit of the confidence interval of the mean at this visit",
        "Units": _POINTS,
    },
    "mean_high": {"Description": "Upper limit", "Units": _POINTS},
    "estimate": {
        "Description": "Mean change: this visit minus the first, positive where the score rose",
        "Units": _POINTS,
    },
    **_interval("the mean change", _POINTS),
    "statistic": {"Description": "t of the change (paired)"},
    "df": {"Description": "Degrees of freedom of t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "d_z": {"Description": "Mean change over the standard deviation of changes"},
    "d_av": {
        "Description": "Mean change over the root of the mean variance of both visits "
        "(Cohen's d of two visits)"
    },
    "reason": {"Description": "Why there is no test"},
}

RATES_COLUMNS: Columns = {
    "rate": {
        "Description": "What is counted",
        "Levels": {
            "response": "The score fell by the share of the first visit that the study states, "
            "or more",
            "remission": "The score is below the limit that the study states",
            "improvement": "The rating of global change is the study's limit or better",
        },
    },
    **_ARM,
    **_SESSION,
    "counted": {
        "Description": "Who counts",
        "Levels": {
            "seen": "Those in whom it is known at this visit",
            "everybody": "Everybody with a score at the first visit; in whom it is not known "
            "counts as a failure",
        },
    },
    "n": {"Description": "Participants that count"},
    "n_missing": {"Description": "Participants with a first visit in whom it is not known"},
    "count": {"Description": "Participants who responded, remitted or improved"},
    "proportion": {"Description": "Their share of those that count"},
    **_interval("the share (Wilson)"),
    "reason": {"Description": "Why there is no share"},
}

CORRELATIONS_COLUMNS: Columns = {
    **_OUTCOME,
    "change": {"Description": "The change between sessions that is correlated"},
    "score": {"Description": "The other outcome, whose scores it is correlated with"},
    "session": {"Description": "Session of these scores"},
    **_ARM,
    "n": {"Description": "Participants with both"},
    "r": {
        "Description": "Pearson correlation of the score with the outcome's change (second minus "
        "first session: negative where a higher score goes with a larger fall)"
    },
    **_interval("r (Fisher's z)"),
    "df": {"Description": "Degrees of freedom, n - 2"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "reason": {"Description": "Why there is no correlation"},
}

LOGISTIC_COLUMNS: Columns = {
    "regression": {"Description": "Logistic regression in the study"},
    "outcome": {"Description": "Outcome whose occurrence is explained"},
    **_SESSION,
    **_ARM,
    "term": {"Description": "`intercept`, or the outcome whose score predicts"},
    "estimate": {
        "Description": "Change of the log odds for one unit of the predictor",
        "Units": "log odds per unit of the predictor",
    },
    "standard_error": {
        "Description": "Its standard error",
        "Units": "log odds per unit of the predictor",
    },
    **_interval("the estimate (profile of the likelihood)", "log odds per unit of the predictor"),
    "odds_ratio": {"Description": "Odds ratio of one unit more: exp(estimate)"},
    "odds_ratio_low": {"Description": "Lower limit of its confidence interval"},
    "odds_ratio_high": {"Description": "Upper limit"},
    "statistic": {"Description": "Likelihood ratio chi-square of the term, one degree of freedom"},
    "p_value": {"Description": "Its p value, not corrected"},
    "method": {
        "Description": "Which likelihood was maximised",
        "Levels": {
            "maximum_likelihood": "The plain one",
            "firth": "With Firth's penalty, as predictors separate the participants in whom it "
            "occurred from the others",
        },
    },
    "n": {"Description": "Participants that entered"},
    "n_events": {"Description": "Participants in whom it occurred"},
    "reason": {"Description": "Why there is no estimate"},
}

PRIMARY_COLUMNS: Columns = {
    "kind": {
        "Description": "What is tested",
        "Levels": {
            "score": "Change of an outcome; a rating of change against 4, no change",
            "mixed_model": "Term of a mixed model",
        },
    },
    "name": {"Description": "The outcome, or what the mixed model is of"},
    "term": {"Description": "Term of the model; for an outcome the change or the session tested"},
    "arm": {"Description": "Arms that enter, joined by `+`; `all` for everybody"},
    "n": {"Description": "Participants that entered"},
    "estimate": {
        "Description": "Mean change (second minus first session), mean of the rating, or fixed "
        "effect",
        "Units": "unit of the outcome or the measure",
    },
    "test": {
        "Description": "Which statistic",
        "Levels": {"t": "t", "F": "F of a term with several coefficients (type III)"},
    },
    "statistic": {"Description": "t or F"},
    "df": {"Description": "Degrees of freedom of t, or of the denominator of F"},
    "df_first": {"Description": "Numerator degrees of freedom of F"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "threshold": {
        "Description": "Level of significance over the number of primary outcomes (Bonferroni)"
    },
    "below_threshold": {
        "Description": "Whether p is below the threshold",
        "Levels": {"true": "It is", "false": "It is not"},
    },
    "reason": {"Description": "Why there is no test"},
}

#: Columns of each table by the stem of its name.
COURSE_TABLES: Mapping[str, Columns] = {
    VISITS: VISITS_COLUMNS,
    RATES: RATES_COLUMNS,
    CORRELATIONS: CORRELATIONS_COLUMNS,
    LOGISTIC: LOGISTIC_COLUMNS,
    PRIMARY: PRIMARY_COLUMNS,
}

#: Those that imaging measures may enter.
COURSE_WITH_MEASURES = frozenset({PRIMARY})
