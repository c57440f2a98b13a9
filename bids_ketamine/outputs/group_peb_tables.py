"""Tables of parametric empirical Bayes at the group level: what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.outputs.measures import MEASURE_COLUMNS

Columns = Mapping[str, Mapping[str, object]]

#: Start of the names of all tables of parametric empirical Bayes.
PREFIX = "group_peb"

_UNIT = "see the column unit"
_PER_POINT = "unit of the outcome (points where the study states none)"
_NATS = "nats"

_MODEL: Columns = {
    "model": {"Description": "Dynamic causal model in the study"},
    "task": MEASURE_COLUMNS["task"],
}

_ANALYSIS: Columns = {
    "analysis": {
        "Description": "What is asked",
        "Levels": {
            "baseline": "Parameters of the first session: their mean",
            "change": "Parameters of both sessions: mean, change between sessions (second minus "
            "first), association with improvement, and change that goes with improvement",
            "prediction": "Parameters of the first session: mean, and association with the "
            "improvement that follows",
        },
    },
}

_ARM: Columns = {
    "arm": {
        "Description": "Arm whose participants are in, `all`, or two arms whose effects are "
        "compared (`A - B`: those of A minus those of B)"
    },
}

_LEVEL: Columns = {
    "level": {
        "Description": "What the estimate is over; two arms are compared at both levels",
        "Levels": {
            "second": "Over models of participants: two arms are compared in one level over the "
            "participants of both, with the arm as a fixed effect in the design",
            "third": "Over the second levels of two arms, as SPM12 compares groups: arms count as "
            "random, and as two arms do not tell how much arms vary, the prior says it",
        },
    },
}

_DISTRIBUTION: Columns = {
    "distribution": {
        "Description": "Distribution of participants around the group",
        "Levels": {
            "gaussian": "Normal, as in SPM12",
            "student_t": "Student's t, in which an outlying participant counts less (third level: "
            "in the two second levels below it)",
        },
    },
}

_EFFECT: Columns = {
    "effect": {
        "Description": "Effect on the parameter; of two arms the difference of this effect",
        "Levels": {
            "mean": "Mean over participants (change: over the middle of both sessions)",
            "session": "Second session minus first, at mean improvement",
            "improvement": "Difference of the parameter for a point more of improvement",
            "session x improvement": "Difference of the change between sessions for a point more "
            "of improvement",
        },
    },
    "parameter": {
        "Description": "Parameter of the model: `SOURCE > TARGET` a connection, `... by INPUT` "
        "its modulation, `INPUT > REGION` a drive"
    },
}

_FITTED: Columns = {**_MODEL, **_ANALYSIS, **_ARM, **_LEVEL}

_PARTICIPANT: Columns = {
    "participant_id": {"Description": "Participant"},
    "arm": {"Description": "Treatment arm"},
}

_PROBABILITY = "Posterior probability that the effect has its sign, Phi(|estimate| / deviation)"

EFFECTS_COLUMNS: Columns = {
    **_FITTED,
    **_DISTRIBUTION,
    **_EFFECT,
    "field": {
        "Description": "Kind of the parameter",
        "Levels": {
            "connection": "Connection without inputs; of a region to itself on a log scale",
            "modulation": "Change of a connection by an input",
            "driving": "Drive of an input to a region",
        },
    },
    "source": {"Description": "Region from which a connection comes, or the input that drives"},
    "target": {"Description": "Region to which it goes"},
    "modulator": {"Description": "Input that modulates the connection"},
    "unit": {"Description": "Unit of the effect"},
    "n": {"Description": "Participants that entered, of both arms where two are compared"},
    "estimate": {"Description": "Posterior mean of the effect", "Units": _UNIT},
    "standard_deviation": {"Description": "Its posterior standard deviation", "Units": _UNIT},
    "interval_low": {
        "Description": "Lower limit of the interval that holds the effect with the probability "
        "that the study states (peb.level)",
        "Units": _UNIT,
    },
    "interval_high": {"Description": "Upper limit", "Units": _UNIT},
    "posterior_probability": {"Description": _PROBABILITY},
    "model_probability": {
        "Description": "Posterior probability that the effect is not zero: from the comparison "
        "of models with and without it in the last pass of a search over nested models, which "
        "holds eight effects at most; of other effects, from the best model with and without it "
        "(gaussian)"
    },
    "averaged_estimate": {
        "Description": "Mean of the effect over the models of the search, weighted by their "
        "probability; next to 0 where the best of them lacks the effect, as in SPM12 (gaussian)",
        "Units": _UNIT,
    },
    "averaged_standard_deviation": {
        "Description": "Standard deviation over these models (gaussian)",
        "Units": _UNIT,
    },
    "log_bayes_factor": {
        "Description": "Free energy with the effect minus free energy without this one alone "
        "(gaussian)",
        "Units": _NATS,
    },
    "estimate_lowest": {
        "Description": "Lowest estimate where each participant is left out in turn (gaussian)",
        "Units": _UNIT,
    },
    "estimate_highest": {"Description": "Highest of these (gaussian)", "Units": _UNIT},
    "probability_lowest": {
        "Description": "Lowest posterior probability of the sign that the estimate has, where "
        "each participant is left out in turn (gaussian)"
    },
    "most_influential": {
        "Description": "The participant without whom the probability is the lowest (gaussian)"
    },
    "reason": {"Description": "Why there is no estimate"},
}

FITS_COLUMNS: Columns = {
    **_FITTED,
    **_DISTRIBUTION,
    "n": {"Description": "Participants that entered, of both arms where two are compared"},
    "n_models": {
        "Description": "Rows of the design: models of sessions, of participants, or of arms"
    },
    "columns": {"Description": "Columns of the design"},
    "free_energy": {"Description": "Bound of the log evidence of all models", "Units": _NATS},
    "iterations": {"Description": "Iterations made"},
    "converged": {
        "Description": "Whether the scheme ended before its iterations were spent",
        "Levels": {"true": "It did", "false": "It did not"},
    },
    "improvement_mean": {
        "Description": "Mean improvement of who entered, which was taken out (two arms: each its "
        "own, not given here)",
        "Units": _PER_POINT,
    },
    "improvement_standard_deviation": {
        "Description": "Standard deviation of their improvement (not given for two arms)",
        "Units": _PER_POINT,
    },
    "spread_p": {
        "Description": "Posterior predictive check: two-sided p value of how far participants "
        "are from each other, beside data drawn from the model (gaussian, second level)"
    },
    "outlier_p": {
        "Description": "The same check, one-sided, of the participant who is farthest from the "
        "group: a small value tells an outlier"
    },
    "session_correlation_p": {
        "Description": "The same check, two-sided, of the correlation of a participant's two "
        "sessions, which a level over sessions takes for independent"
    },
    "reason": {"Description": "Why there is no estimate"},
}

PARTICIPANTS_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_MODEL,
    **_ANALYSIS,
    "included": {
        "Description": "Whether the participant entered the analysis over all",
        "Levels": {"true": "Entered", "false": "Did not enter"},
    },
    "reason": {"Description": "Why the participant did not enter"},
    "improvement": {
        "Description": "Change of the score, positive where the participant got better",
        "Units": _PER_POINT,
    },
    "weight": {
        "Description": "Weight of the participant in the Student-t level over all: to be compared "
        "with the others'; near 0 for an outlier"
    },
    "explained_variance_first": {
        "Description": "Share of the regions' variance that the model explains in the first session"
    },
    "explained_variance_second": {
        "Description": "The same in the second session, where the analysis has one"
    },
    "doubts": {
        "Description": "What is doubtful of models that entered or could have: flat (explains "
        "next to nothing), stalled (last steps rejected), not converged (iterations spent)"
    },
}

ESTIMATES_COLUMNS: Columns = {
    **_PARTICIPANT,
    **_MODEL,
    "analysis": {
        "Description": "Analysis, over all participants, whose group prior the reevaluated "
        "values have",
        "Levels": {
            "change": "Both sessions",
            "prediction": "First session, and the improvement that follows",
        },
    },
    "session": MEASURE_COLUMNS["session"],
    "parameter": _EFFECT["parameter"],
    "unit": {"Description": "Unit of the parameter"},
    "estimate": {
        "Description": "Posterior mean as the model was estimated in the session",
        "Units": _UNIT,
    },
    "standard_deviation": {"Description": "Its posterior standard deviation", "Units": _UNIT},
    "reevaluated": {
        "Description": "Posterior mean with the group as prior (gaussian): drawn towards what "
        "the group level predicts for the participant",
        "Units": _UNIT,
    },
    "reevaluated_standard_deviation": {
        "Description": "Its posterior standard deviation",
        "Units": _UNIT,
    },
    "improvement": {
        "Description": "Change of the score, positive where the participant got better",
        "Units": _PER_POINT,
    },
}

SENSITIVITY_COLUMNS: Columns = {
    **_FITTED,
    **_EFFECT,
    "left_out": {"Description": "Participant who is left out (gaussian)"},
    "estimate": {
        "Description": "Posterior mean of the effect without the participant",
        "Units": "unit of the effect in group_peb",
    },
    "standard_deviation": {
        "Description": "Its posterior standard deviation",
        "Units": "unit of the effect in group_peb",
    },
    "posterior_probability": {"Description": _PROBABILITY},
}

#: Columns of each table by the stem of its name.
PEB_TABLES: Mapping[str, Columns] = {
    PREFIX: EFFECTS_COLUMNS,
    f"{PREFIX}_fits": FITS_COLUMNS,
    f"{PREFIX}_participants": PARTICIPANTS_COLUMNS,
    f"{PREFIX}_estimates": ESTIMATES_COLUMNS,
    f"{PREFIX}_sensitivity": SENSITIVITY_COLUMNS,
}


def arrays_name(model: str) -> str:
    """Return the name of the file with a model's arrays.

    Parameters
    ----------
    model : str
        Name of a dynamic causal model; letters and digits.

    Examples
    --------
    >>> arrays_name("faceCircuit")
    'peb_faceCircuit.npz'
    """
    return f"peb_{model}.npz"
