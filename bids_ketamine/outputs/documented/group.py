"""Files of the group level: what they hold, and when they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bids_ketamine.outputs.documented.files import OutputFile
from bids_ketamine.outputs.documented.group_record import MEASURE_SOURCES, MODEL_SOURCES, RECORD
from bids_ketamine.outputs.documented.keys import GROUP_SEED_MAP
from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.outputs.group_course_tables import COURSE_TABLES
from bids_ketamine.outputs.group_elastic_net_tables import ELASTIC_NET_TABLES
from bids_ketamine.outputs.group_network_tables import NETWORK_TABLES
from bids_ketamine.outputs.group_peb_tables import PEB_TABLES
from bids_ketamine.outputs.group_seed_tables import SEED_TABLES
from bids_ketamine.outputs.group_tables import FROM_MEASURES, GROUP_TABLES, OPTIONAL_TABLES

_EVERY_STUDY = "for every study"
_CLINICAL = "with `outcomes`, `table_one` or `mixed_models`"
_TABLE_ONE = "with `table_one`"
_MIXED = "with `mixed_models`"
_DIMENSIONS = "with `symptom_dimensions`"
_BEHAVIOUR = "with `behaviour`"
_PEB = "with `peb`"
_NET = "with `elastic_net`"
_EDGES = "with `edge_statistics`"
_CONTROLS = "with `controls`"
_MATCHED = "with `controls.matching`, if a covariate of it is known"

Columns = Mapping[str, Mapping[str, object]]


class _Table(NamedTuple):
    """When a table is written, and what its rows are."""

    when: str
    content: str


_TABLES: Mapping[str, _Table] = {
    "group_participants": _Table(
        _EVERY_STUDY, "who went in, and why others did not: a participant, session and task"
    ),
    "group_measures": _Table(
        _EVERY_STUDY, "every measure before and after the motion step, and whether it went in"
    ),
    "group_motion": _Table(_EVERY_STUDY, "the motion step of each measure"),
    "group_changes": _Table(_EVERY_STUDY, "change of each measure between two sessions"),
    "group_outcomes": _Table(_EVERY_STUDY, "improvement of each participant in each outcome"),
    "group_summary": _Table(_EVERY_STUDY, "mean of each measure by session and arm"),
    "group_tests": _Table(_EVERY_STUDY, "every test of a measure"),
    "group_flow": _Table(_EVERY_STUDY, "flow of participants: a stage and arm"),
    "group_scores": _Table(_CLINICAL, "clinical scores: a participant, outcome and session"),
    "group_course": _Table(_CLINICAL, "mean scores: an outcome, session and arm"),
    "group_improvement": _Table(_CLINICAL, "mean improvement, and arms compared"),
    "group_table_one": _Table(_TABLE_ONE, "table of participants: a variable, level and arm"),
    "group_table_one_tests": _Table(_TABLE_ONE, "arms compared in each variable"),
    "group_table_one_values": _Table(
        _TABLE_ONE, "numeric variables of each participant, as figures show them"
    ),
    "group_anova": _Table(
        "with `repeated_measures`", "analysis of variance of scores: a term of a stratum"
    ),
    "group_mixed_effects": _Table(_MIXED, "fixed effects of each model and value"),
    "group_mixed_tests": _Table(_MIXED, "tests of the terms of each model and value"),
    "group_mixed_fits": _Table(_MIXED, "each fit: variances, likelihood, how it ended"),
    "group_mixed_means": _Table(_MIXED, "means of what entered, by session and arm"),
    "group_mixed_data": _Table(_MIXED, "what entered a model, and why other values did not"),
    "group_dimensions": _Table(
        _DIMENSIONS, "a measure's change beside the improvement of each symptom dimension"
    ),
    "group_dimension_scores": _Table(_DIMENSIONS, "scores of dimensions of each participant"),
    "group_dimension_covariates": _Table(
        _DIMENSIONS, "a measure's change beside each covariate, by arm"
    ),
    "group_dimension_correlations": _Table(
        _DIMENSIONS, "correlations among dimensions and the measure's change"
    ),
    "group_behaviour": _Table(
        _BEHAVIOUR, "accuracy and reaction time: a participant, session, task and condition"
    ),
    "group_behaviour_summary": _Table(_BEHAVIOUR, "their means by session and arm"),
    "group_behaviour_tests": _Table(_BEHAVIOUR, "their tests between sessions and arms"),
    "group_visits": _Table(
        "with `clinical_course`", "scores of each visit against the first: an arm and session"
    ),
    "group_response_rates": _Table(
        "with `clinical_course`", "response, remission and improvement: a visit and arm"
    ),
    "group_score_correlations": _Table(
        "with `score_correlations`", "scores beside an outcome's change: a score and session"
    ),
    "group_logistic": _Table(
        "with `logistic_regressions`", "terms of each regression, by session and arm"
    ),
    "group_primary_outcomes": _Table(
        "with `primary_outcomes`", "tests of the primary outcomes beside the corrected threshold"
    ),
    "group_motion_summary": _Table(
        "for every study with images", "mean framewise displacement by task, session and arm"
    ),
    "group_tests_unadjusted": _Table(
        "for every study with images, unless `group.residualize_motion` is false",
        "the tests of measures that are not adjusted for head motion",
    ),
    "group_edges": _Table(_EDGES, "paired t test of every edge: a change, arm and pair of regions"),
    "group_edge_components": _Table(
        _EDGES, "connected sets of strong edges and their permutation tests, by change and arm"
    ),
    "group_regions": _Table(_EDGES, "regions of the matrices in their order, and their coverage"),
    "group_controls": _Table(
        _CONTROLS,
        "patients against controls: a network, session, arm, and everybody or matched pairs",
    ),
    "group_matching": _Table(_MATCHED, "pairs of a patient and a control, and who is in none"),
    "group_balance": _Table(
        _MATCHED, "covariates of patients and controls before and after matching"
    ),
    "group_reliability": _Table(
        "with `reliability`", "intraclass correlations over sessions: a network and arm"
    ),
    "group_volumes": _Table(
        "with `volumes.outcome`", "volumes of structures beside the change of a score"
    ),
    "group_seed_maps": _Table(
        "with `networks.seed_maps`", "maps of seeds over participants, and why there is none"
    ),
    "group_peb": _Table(_PEB, "effects on the parameters of each dynamic causal model"),
    "group_peb_fits": _Table(_PEB, "each analysis: participants, free energy, checks"),
    "group_peb_participants": _Table(_PEB, "who entered an analysis, or why not"),
    "group_peb_estimates": _Table(
        _PEB, "parameters of each participant before and after they saw the group"
    ),
    "group_peb_sensitivity": _Table(_PEB, "effects without each participant in turn"),
    "group_elastic_net": _Table(_NET, "the models: how well they predict, and their tests"),
    "group_elastic_net_coefficients": _Table(_NET, "coefficient of each predictor of a model"),
    "group_elastic_net_predictions": _Table(_NET, "predictions for each participant of a model"),
    "group_elastic_net_null": _Table(_NET, "permutations of each test"),
    "group_elastic_net_predictors": _Table(_NET, "predictors, and why some did not enter"),
    "group_elastic_net_values": _Table(_NET, "raw values of each participant and measure"),
    "group_elastic_net_correlations": _Table(_NET, "correlations of predictors"),
    "group_elastic_net_participants": _Table(_NET, "who entered a model, or why not"),
}

_PAGES = {
    "group_peb": "[effective_connectivity.md](effective_connectivity.md#files-of-the-group)",
    "group_elastic_net": "[prediction.md](prediction.md#files)",
    **dict.fromkeys([*CLINICAL_TABLES, *COURSE_TABLES], "[clinical.md](clinical.md)"),
    **dict.fromkeys([*NETWORK_TABLES, *SEED_TABLES], "[resting_networks.md](resting_networks.md)"),
}

#: Columns of each table by the stem of its name.
GROUP_COLUMNS: Mapping[str, Columns] = {
    **GROUP_TABLES,
    **OPTIONAL_TABLES,
    **PEB_TABLES,
    **ELASTIC_NET_TABLES,
}


def _table(stem: str) -> OutputFile:
    words = _TABLES[stem]
    measures = stem in FROM_MEASURES or stem not in {*OPTIONAL_TABLES, *PEB_TABLES}
    models = stem in PEB_TABLES
    return OutputFile(
        name=f"group/{stem}.tsv",
        when=words.when,
        content=words.content,
        always=words.when in (_EVERY_STUDY, "for every study with images"),
        sidecar=True,
        keys=((MODEL_SOURCES,) if models else (MEASURE_SOURCES,) if measures else ()),
        more=_PAGES.get(stem, ""),
    )


#: By the stem of the name.
GROUP_FILES: Mapping[str, OutputFile] = {
    "group": OutputFile(
        name="group/group.json",
        when="for every study, last: without it the folder is not of a finished run",
        content="what was done: settings, numbers, notes and warnings of each part",
        always=True,
        keys=RECORD,
    ),
    **{stem: _table(stem) for stem in GROUP_COLUMNS},
    "peb_arrays": OutputFile(
        name="group/peb_{model}.npz",
        when="with `peb`, one for each model of `dcm`",
        content="arrays of every analysis, named `ANALYSIS|ARM|LEVEL|DISTRIBUTION|ARRAY`: "
        "`posterior_mean`, `posterior_covariance`, `prior_mean`, `prior_covariance`, "
        "`between_covariance`, `design`, and the names `columns`, `rows`, `parameters`",
        more="[effective_connectivity.md](effective_connectivity.md#files-of-the-group)",
    ),
    "group_seed_map": OutputFile(
        name="group/{group_map}_stat-fisherz_statmap.nii.gz",
        when="with `networks.seed_maps`, from images; those of an earlier run go first",
        content="mean of Fisher z over participants in a session (`ses`), or of its change "
        "(`change`), by seed and arm, float32; 0 where too few have a value. group_seed_maps "
        "lists them",
        sidecar=True,
        keys=GROUP_SEED_MAP,
        more="[resting_networks.md](resting_networks.md)",
    ),
    "group_seed_map_grayordinates": OutputFile(
        name="group/{group_map}_stat-fisherz_statmap.dscalar.nii",
        when="the same from CIFTI series",
        content="the same for every grayordinate; its `.json` is as that of volumes",
        more="[resting_networks.md](resting_networks.md)",
    ),
    "figure": OutputFile(
        name="group/figures/{figure}.svg",
        when="with `group.html`, for every figure of it; those of an earlier report go first",
        content="a figure, for print",
        always=True,
    ),
    "figure_data": OutputFile(
        name="group/figures/{figure}.tsv",
        when="beside every figure that is drawn from numbers",
        content="the numbers of the figure; without single participants after "
        "`--no-individual-data`",
        always=True,
        column_words="those of the figure; `figures.tsv` has its caption. No sidecar",
    ),
    "figures": OutputFile(
        name="group/figures/figures.tsv",
        when="with the figures",
        content="list of the figures in the order of the page",
        always=True,
        column_words="`figure` (name without extension), `caption`, `data` (file of the numbers, "
        "`n/a` for none). No sidecar",
    ),
}
