"""Tables of the elastic net at the group level: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, Mapping[str, object]]

#: Start of the names of all tables of the elastic net.
PREFIX = "group_elastic_net"

_POINTS = "unit of the outcome (points where the study states none)"
_R2 = "1 - sum of squared errors / sum of squares around the mean"

_PARTICIPANT: Columns = {
    "participant_id": {"Description": "Participant"},
    "arm": {"Description": "Treatment arm"},
}

_TIMING: Columns = {
    "timing": {
        "Description": "What of the imaging measures enters",
        "Levels": {
            "change": "Second session minus first: correlates of improvement",
            "baseline": "First session: predictors of improvement",
        },
    },
}

_MODEL: Columns = {
    **_TIMING,
    "model": {
        "Description": "Which predictors enter",
        "Levels": {
            "measures": "Imaging measures and covariates",
            "by_arm": "The arm, and the product of each imaging measure with it, too",
            "by_arm_and_concurrent": "The improvement of the concurrent outcome, too",
        },
    },
}

_KIND: Columns = {
    "kind": {
        "Description": "Kind of predictor",
        "Levels": {
            "imaging": "Imaging measure",
            "covariate": "Covariate; of a categorical one each level but the reference",
            "arm": "1 in this arm, else 0",
            "interaction": "Imaging measure (z-scored) in this arm, else 0",
            "concurrent": "Improvement of the concurrent outcome",
        },
    },
}

_PREDICTOR = "Predictor: measure, task, contrast and regions of an imaging measure, or the name"

_TRUTH = {"true": "Yes", "false": "No"}

MODELS_COLUMNS: Columns = {
    **_MODEL,
    "outcome": {"Description": "Clinical outcome whose improvement is predicted"},
    "scheme": {
        "Description": "Who is left out at a time, in nested predictions and permutations",
        "Levels": {
            "leave_one_out": "One participant",
            "k_fold": "A fold of participants: there are many",
        },
    },
    "n": {"Description": "Participants that entered"},
    "n_predictors": {"Description": "Predictors that entered"},
    "n_selected": {"Description": "Predictors whose coefficient is not zero"},
    "l1_ratio": {
        "Description": "Mixing parameter that was chosen (glmnet's alpha): 0 ridge, 1 lasso"
    },
    "penalty": {"Description": "Penalty that was chosen (glmnet's lambda)", "Units": _POINTS},
    "r2_in_sample": {
        "Description": f"{_R2}, of the participants that the model was fitted to: far too large as "
        "a measure of prediction"
    },
    "r2_leave_one_out": {
        "Description": f"{_R2}, each participant left out in turn at the mixing parameter and the "
        "penalty chosen by these very errors: too large too"
    },
    "r2_nested": {
        "Description": f"{_R2}, each participant left out in turn of the choice as well (by the "
        "scheme): what the model is worth; below 0 where the mean predicts better"
    },
    "mae_nested": {"Description": "Mean absolute error of these predictions", "Units": _POINTS},
    "r_nested": {"Description": "Correlation of these predictions with improvement"},
    "r2_covariates_alone": {
        "Description": f"{_R2}, nested, of the model without imaging measures; missing where "
        "nothing else is in the model"
    },
    "r2_k_fold": {"Description": f"{_R2}, nested, by k-fold: mean over the repeats"},
    "r2_k_fold_low": {"Description": "The same of the repeat with the lowest"},
    "r2_k_fold_high": {"Description": "The same of the repeat with the highest"},
    "p_imaging": {
        "Description": "Share of permutations of all imaging measures together across "
        "participants, within arms, that predict as well (r2_nested) or better"
    },
    "n_permutations_imaging": {"Description": "Permutations drawn for it"},
    "p_outcome": {
        "Description": "Share of permutations of the outcome that can be predicted as well or "
        "better"
    },
    "n_permutations_outcome": {"Description": "Permutations drawn for it"},
    "null_median": {"Description": "Median of r2_nested over the permutations of imaging measures"},
    "null_high": {"Description": "Their 95th percentile"},
    "leakage": {
        "Description": "Whether predictions stay the same when the outcome and the measures of "
        "who is predicted are changed",
        "Levels": {"passed": "They do", "failed": "They do not"},
    },
    "finding": {
        "Description": "Whether p_imaging is below .05, and r2_nested above 0 and above "
        "r2_covariates_alone",
        "Levels": _TRUTH,
    },
    "reason": {"Description": "Why there is no result"},
}

COEFFICIENTS_COLUMNS: Columns = {
    **_MODEL,
    "predictor": {"Description": _PREDICTOR},
    **_KIND,
    "n_level": {
        "Description": "Participants of the model with this level of a categorical covariate, or "
        "in this arm; missing for other predictors"
    },
    "coefficient": {
        "Description": "Difference of predicted improvement for a unit of the predictor",
        "Units": "unit of the outcome per unit of the predictor (measures after their motion step)",
    },
    "standardised": {
        "Description": "The same for a standard deviation of the predictor",
        "Units": _POINTS,
    },
    "selected": {"Description": "Whether it is not zero", "Levels": _TRUTH},
    "selection_frequency": {
        "Description": "Share of bootstrap samples in which it is not zero (all, for ridge)"
    },
    "ci_low": {
        "Description": "Lower limit of the bootstrap interval of the standardised coefficient, "
        "of the level that the study states (elastic_net.level)",
        "Units": _POINTS,
    },
    "ci_high": {"Description": "Upper limit", "Units": _POINTS},
}

PREDICTIONS_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_MODEL,
    "observed": {
        "Description": "Change of the score, positive where the participant got better",
        "Units": _POINTS,
    },
    "fitted": {"Description": "Value of the model fitted to everybody", "Units": _POINTS},
    "left_out": {
        "Description": "Prediction without the participant, at the penalty chosen with them",
        "Units": _POINTS,
    },
    "nested": {
        "Description": "Prediction by a model chosen and fitted without the participant",
        "Units": _POINTS,
    },
    "k_fold": {
        "Description": "The same by k-fold, mean over the repeats",
        "Units": _POINTS,
    },
}

NULL_COLUMNS: Columns = {
    **_MODEL,
    "permuted": {
        "Description": "What was permuted",
        "Levels": {
            "imaging": "All imaging measures together, across participants within arms",
            "outcome": "The outcome, across all participants",
        },
    },
    "permutation": {"Description": "Number of the permutation, from 1"},
    "r2": {"Description": "r2_nested of the permuted data"},
}

PREDICTORS_COLUMNS: Columns = {
    **_TIMING,
    "predictor": {"Description": _PREDICTOR},
    **_KIND,
    "n": {"Description": "Participants in whom it is known, of those that could enter"},
    "missing": {
        "Description": "Share of participants in whom it is missing; of a predictor that entered, "
        "the share that was imputed"
    },
    "entered": {"Description": "Whether it entered the models", "Levels": _TRUTH},
    "reason": {"Description": "Why it did not"},
}

VALUES_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_TIMING,
    "predictor": {"Description": "Imaging measure: measure, task, contrast and regions"},
    "value": {
        "Description": "The measure as the participant level computed it (before the motion "
        "step): second session minus first, or first session",
        "Units": "unit of the measure",
    },
    "improvement": {
        "Description": "Change of the score, positive where the participant got better",
        "Units": _POINTS,
    },
}

CORRELATIONS_COLUMNS: Columns = {
    **_TIMING,
    "predictor": {"Description": _PREDICTOR},
    "other": {"Description": "Another one; each pair stands once"},
    "r": {
        "Description": "Pearson correlation over participants in whom both are known (imaging "
        "measures before the motion step)"
    },
    "n": {"Description": "These participants"},
}

PARTICIPANTS_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_TIMING,
    "included": {
        "Description": "Whether the participant entered a model",
        "Levels": {"true": "Entered", "false": "Did not enter"},
    },
    "reason": {"Description": "Why not, or into which models not"},
}

#: Columns of each table by the stem of its name.
ELASTIC_NET_TABLES: Mapping[str, Columns] = {
    PREFIX: MODELS_COLUMNS,
    f"{PREFIX}_coefficients": COEFFICIENTS_COLUMNS,
    f"{PREFIX}_predictions": PREDICTIONS_COLUMNS,
    f"{PREFIX}_null": NULL_COLUMNS,
    f"{PREFIX}_predictors": PREDICTORS_COLUMNS,
    f"{PREFIX}_values": VALUES_COLUMNS,
    f"{PREFIX}_correlations": CORRELATIONS_COLUMNS,
    f"{PREFIX}_participants": PARTICIPANTS_COLUMNS,
}
