"""Table of the tests of imaging measures, and the columns it shares with others."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.outputs.measures import MEASURE_COLUMNS

Columns = Mapping[str, Mapping[str, object]]

UNIT_OF_MEASURE = "see the column unit"

#: What tells one measure from another.
KEYS: Columns = {
    "measure": MEASURE_COLUMNS["measure"],
    "task": MEASURE_COLUMNS["task"],
    "contrast": MEASURE_COLUMNS["contrast"],
    "regions": MEASURE_COLUMNS["regions"],
    "unit": {"Description": "Unit of the measure"},
}

CHANGE: Columns = {"change": {"Description": "Difference between two sessions in the study"}}

TESTS_COLUMNS: Columns = {
    "test": {
        "Description": "Kind of test, of adjusted values",
        "Levels": {
            "one_sample": "t test of a session's mean against 0 (contrasts: activation, "
            "generalized PPI, linear discriminant contrast; and modulations of dynamic causal "
            "models, not their connections and drives)",
            "paired": "Paired t test, second minus first session",
            "welch": "Welch's t test of the change, one arm minus the reference arm",
            "correlation": "Pearson correlation of the change with clinical improvement",
        },
    },
    "session": {"Description": "Meaning of the session in the study (one_sample)"},
    **CHANGE,
    "arm": {"Description": "Treatment arm, `all`, or the two arms that are compared"},
    "outcome": {"Description": "Clinical outcome in the study (correlation)"},
    **KEYS,
    "n": {"Description": "Participants; of the first arm where two are compared"},
    "n_second": {"Description": "Participants of the second arm"},
    "estimate": {
        "Description": "Mean, difference of means, or Pearson's r (correlation)",
        "Units": f"{UNIT_OF_MEASURE}; none for r",
    },
    "ci_low": {"Description": "Lower limit of the estimate's confidence interval"},
    "ci_high": {"Description": "Upper limit of the estimate's confidence interval"},
    "statistic": {"Description": "t"},
    "df": {"Description": "Degrees of freedom of t"},
    "p_value": {"Description": "Two-sided p value, not corrected"},
    "q_value": {
        "Description": "p value adjusted for the false discovery rate (Benjamini-Hochberg) among "
        "the same measure's regions and contrasts in the same task and test; for dcm among the "
        "connections, the modulations (by all inputs together), or the drives of one model"
    },
    "effect_size": {"Description": "Hedges' g, or r (correlation)"},
    "reason": {"Description": "Why there is no test"},
}
