"""Tables of mixed models at the group level: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, Mapping[str, object]]

#: Start of the names of all tables of mixed models.
MIXED = "group_mixed"

_UNIT = "unit of the outcome (points where the study states none) or of the measure"
_TRUTH = {"true": "Yes", "false": "No"}

_VALUE: Columns = {
    "model": {"Description": "Mixed model in the study"},
    "value": {
        "Description": "What is modelled: a clinical outcome of the study, or an imaging measure "
        "(measure, task, contrast and regions; adjusted for head motion)"
    },
}

_METHOD: Columns = {
    "method": {
        "Description": "What is maximised",
        "Levels": {"reml": "Restricted likelihood", "ml": "Likelihood"},
    },
}

_RULE: Columns = {
    "df_rule": {
        "Description": "Rule of the degrees of freedom",
        "Levels": {
            "satterthwaite": "Satterthwaite's approximation",
            "residual": "Observations minus fixed effects",
            "kenward_roger": "Kenward and Roger's approximation, with their standard errors",
            "containment": "Within participants for what varies there, else between them",
        },
    },
}

_P_VALUE: Columns = {"p_value": {"Description": "p value, not corrected"}}

EFFECTS_COLUMNS: Columns = {
    **_VALUE,
    **_METHOD,
    **_RULE,
    "term": {"Description": "Fixed effect; of a category the level that is set off"},
    "estimate": {"Description": "Fixed effect", "Units": _UNIT},
    "se": {"Description": "Its standard error", "Units": _UNIT},
    "df": {"Description": "Degrees of freedom of t"},
    "t": {"Description": "Estimate over standard error"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "ci_low": {"Description": "Lower limit of the confidence interval", "Units": _UNIT},
    "ci_high": {"Description": "Upper limit", "Units": _UNIT},
    "interval": {
        "Description": "How the interval is made",
        "Levels": {
            "t": "Standard error times the quantile of t",
            "profile": "Profile likelihood",
            "bootstrap": "Parametric bootstrap of t (studentized)",
        },
    },
    "reason": {"Description": "Why there is no estimate, or no interval"},
}

TESTS_COLUMNS: Columns = {
    **_VALUE,
    **_METHOD,
    **_RULE,
    "term": {"Description": "Term of the formula, tested after all others (type III)"},
    "num_df": {"Description": "Numerator degrees of freedom of F"},
    "den_df": {"Description": "Denominator degrees of freedom of F"},
    "f_value": {"Description": "F"},
    **_P_VALUE,
    "reason": {"Description": "Why there is no test"},
}

FITS_COLUMNS: Columns = {
    **_VALUE,
    "formula": {"Description": "Fixed effects, beside the random intercept of participants"},
    "references": {"Description": "Level that the others of each category are compared with"},
    **_METHOD,
    "n_observations": {"Description": "Values that entered"},
    "n_participants": {"Description": "Participants that entered"},
    "sd_participant": {
        "Description": "Standard deviation of the participants' intercepts",
        "Units": _UNIT,
    },
    "sd_slope": {
        "Description": "Standard deviation of the participants' slopes; missing without them",
        "Units": _UNIT,
    },
    "correlation": {"Description": "Correlation of intercepts and slopes"},
    "sd_residual": {"Description": "Standard deviation of residuals", "Units": _UNIT},
    "log_likelihood": {"Description": "Log-likelihood, the restricted one for reml"},
    "aic": {"Description": "Akaike's information criterion"},
    "bic": {"Description": "Bayesian information criterion"},
    "converged": {"Description": "Whether the maximum was found", "Levels": _TRUTH},
    "boundary": {
        "Description": "Whether a variance of participants is zero, or their correlation 1 or -1",
        "Levels": _TRUTH,
    },
    "note": {"Description": "What is to be known about the fit"},
    "reason": {"Description": "Why there is no fit"},
}

MEANS_COLUMNS: Columns = {
    **_VALUE,
    "session": {"Description": "Session in the study"},
    "arm": {"Description": "Treatment arm, or `all` for all participants"},
    "n": {"Description": "Participants that entered the model"},
    "mean": {"Description": "Mean of what entered", "Units": _UNIT},
    "sd": {"Description": "Standard deviation (n - 1)", "Units": _UNIT},
    "ci_low": {
        "Description": "Lower limit of the confidence interval of the mean",
        "Units": _UNIT,
    },
    "ci_high": {"Description": "Upper limit", "Units": _UNIT},
}

DATA_COLUMNS: Columns = {
    **_VALUE,
    "participant_id": {"Description": "Participant"},
    "session": {"Description": "Session in the study"},
    "arm": {"Description": "Treatment arm"},
    "period": {"Description": "Number of the treatment period (crossover trials)"},
    "sequence": {"Description": "Order of the treatments (crossover trials)"},
    "score": {"Description": "Score, or measure adjusted for head motion", "Units": _UNIT},
    "included": {"Description": "Whether the value entered the model", "Levels": _TRUTH},
    "reason": {"Description": "Why it did not"},
}

#: Columns of each table by the stem of its name.
MIXED_TABLES: Mapping[str, Columns] = {
    f"{MIXED}_effects": EFFECTS_COLUMNS,
    f"{MIXED}_tests": TESTS_COLUMNS,
    f"{MIXED}_fits": FITS_COLUMNS,
    f"{MIXED}_means": MEANS_COLUMNS,
    f"{MIXED}_data": DATA_COLUMNS,
}
