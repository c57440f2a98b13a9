"""What the keys of the group level's record and sidecars mean."""

from __future__ import annotations

from bids_ketamine.outputs.documented.files import Key

MEASURE_SOURCES = Key("Sources", "Measures tables that went in, as BIDS URIs (`bids::PATH`)")
MODEL_SOURCES = Key("Sources", "Files of models that went in, as BIDS URIs (`bids::PATH`)")

_DCM = "if the study has `dcm`"
_PEB = "if the study has `peb`"
_NET = "if the study has `elastic_net`"
_SCORES = "if the study has `outcomes`, `table_one` or `mixed_models`"
_BEHAVIOUR = "if the study has `behaviour`"
_NETWORKS = (
    "if the study has `edge_statistics`, `controls`, `reliability` or `volumes` with an outcome"
)
_COURSE = (
    "if the study has `clinical_course`, `score_correlations`, `logistic_regressions` or "
    "`primary_outcomes`"
)
_EDGES = "if the study has `edge_statistics`"
_CONTROLS = "if the study has `controls`"
_PLAN = "if there is a plan"

_COUNTS = (
    ("NotEstimated", "Sessions whose model has no estimate: `Number`, `Names`"),
    ("NotConverged", "Sessions whose estimation spent its iterations"),
    ("Stalled", "Sessions whose estimation ended with rejected steps"),
    ("Flat", "Sessions in which the model explains next to nothing"),
)

_PEB_KEYS = (
    ("Model", "Dynamic causal model"),
    ("Task", "Its task"),
    ("Outcome", "Outcome whose improvement enters"),
    ("Sessions", "Sessions that enter"),
    ("Posteriors", "Whose posteriors enter: `SPM12`"),
    ("MotionAdjusted", "False: parameters are not adjusted for head motion"),
    ("Fields", "Kinds of parameters that enter"),
    ("PrecisionComponents", "How differences between participants are modelled"),
    ("Level", "Probability of the intervals"),
    ("WithinParticipantFirst", "Whether sessions are joined within participants first"),
    ("StudentDegreesOfFreedom", "Degrees of freedom of the Student-t level"),
    ("MinimumExplainedVariance", "Share of variance that a model must explain to enter"),
    ("Included", "Participants of each analysis"),
    ("Covariates", "How improvement was centred and scaled, in sentences"),
    ("Notes", "What a reader should know"),
)

_NET_KEYS = (
    ("Outcome", "Outcome whose improvement is predicted"),
    ("ConcurrentOutcome", "Outcome whose improvement is a predictor of further models, or null"),
    (
        "Settings",
        "Settings of the section, those of the command line included, in names such as "
        "`MaximumMissing` for `maximum_missing`; `StopAt` 0: tests do not stop early",
    ),
    ("MotionApplied", "Whether any measure was regressed on motion"),
    ("MissingValues", "Values that were imputed, by timing"),
    ("Notes", "What a reader should know"),
    ("Warnings", "What makes results doubtful"),
)

_EDGES_KEYS = (
    ("Sessions", "Sessions whose matrix went in"),
    ("Regions", "Regions of any of them"),
    ("ComponentP", "Edges of a smaller p make components"),
    ("Permutations", "Permutations that the study asks for"),
    ("Seed", "Seed of their draws"),
)

_CONTROLS_KEYS = (
    ("Sessions", "Sessions of the patients that are compared"),
    ("ControlSessions", "Sessions of the controls, of which they have the mean"),
    ("Patients", "Patients of the dataset"),
    ("Controls", "Controls of the dataset"),
    ("Pairs", "Matched pairs, where the study asks for matching"),
)

_PLAN_KEYS = (
    ("Hash", "SHA-256 of the frozen study"),
    ("Date", "When it was frozen, UTC"),
    ("SoftwareVersion", "Version of bids_ketamine that froze it"),
    ("ResultsBefore", "Results that were there: `none`, `participant` or `group`"),
    ("Unblinded", "When labels of arms were asked for, UTC; null until then"),
    (
        "Differences",
        "Every value that was planned and is another now: `Path`, `Planned`, `Present`, "
        "`AfterUnblinding`",
    ),
    ("Withheld", "Variables that tell which arm is which, and are in no table: `Variable`"),
    ("Visible", "Where labels of arms cannot be hidden"),
)


def _inner(start: str, keys: tuple[tuple[str, str], ...], only: str) -> tuple[Key, ...]:
    return tuple(Key(f"{start}{name}", words, "", only) for name, words in keys)


#: Of ``group.json``.
RECORD = (
    Key("StudyHash", "Fingerprint of the settings that the measures were computed with"),
    Key("GroupStudy", "Name of the study"),
    Key("SoftwareVersion", "Version of bids_ketamine"),
    Key("ConfidenceLevel", "Level of confidence intervals, 0 to 1"),
    Key("Notices", "What the study asks for and this version does not compute"),
    Key("Participants", "Participants of whom any measure went in; any score without images"),
    Key("Arms", "The same of each arm"),
    Key("MotionStep", "What was done about head motion, in a sentence"),
    Key("Notes", "What a reader should know"),
    Key("DynamicCausalModels", "How estimations ended, one entry a model", "", _DCM),
    Key("DynamicCausalModels[].Model", "Dynamic causal model", "", _DCM),
    Key("DynamicCausalModels[].Task", "Its task", "", _DCM),
    Key("DynamicCausalModels[].Sessions", "Number of sessions", "", _DCM),
    *_inner("DynamicCausalModels[].", _COUNTS, _DCM),
    Key("ParametricEmpiricalBayes", "The group of each model, one entry a model", "", _PEB),
    *_inner("ParametricEmpiricalBayes[].", _PEB_KEYS, _PEB),
    Key("ElasticNet", "Prediction of improvement", "", _NET),
    *_inner("ElasticNet.", _NET_KEYS, _NET),
    Key("Clinical", "Clinical statistics", "", _SCORES),
    Key("Clinical.Participants", "Participants in them", "", _SCORES),
    Key("Clinical.Arms", "The same of each arm", "", _SCORES),
    Key("Clinical.LeftOut", "Participants who are not, and why", "", _SCORES),
    Key("Clinical.Notes", "What a reader should know", "", _SCORES),
    Key("Behaviour", "Accuracy and reaction time", "", _BEHAVIOUR),
    Key("Behaviour.Tasks", "Tasks", "", _BEHAVIOUR),
    Key("Behaviour.ReactionTime", "`mean` or `median` of trials", "", _BEHAVIOUR),
    Key("Behaviour.Notes", "What a reader should know", "", _BEHAVIOUR),
    Key("Networks", "Networks of regions, and volumes of structures", "", _NETWORKS),
    Key("Networks.Edges", "Tests of edges", "", _EDGES),
    *_inner("Networks.Edges.", _EDGES_KEYS, _EDGES),
    Key("Networks.Controls", "Patients against controls", "", _CONTROLS),
    *_inner("Networks.Controls.", _CONTROLS_KEYS, _CONTROLS),
    Key("Networks.Notes", "What a reader should know", "", _NETWORKS),
    Key("Course", "The clinical course and its correlations", "", _COURSE),
    Key("Course.Notes", "What a reader should know", "", _COURSE),
    Key(
        "Course.PrimaryOutcomes",
        "Number of primary outcomes, by which the level of significance is divided",
        "",
        "if the study has `primary_outcomes`",
    ),
    Key("Blinded", "Whether arms are shown without their labels", "", _PLAN),
    Key("Plan", "The frozen study, and what differs from it", "", _PLAN),
    *_inner("Plan.", _PLAN_KEYS, _PLAN),
)
