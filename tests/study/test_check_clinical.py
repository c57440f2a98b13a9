"""Clinical statistics of a study: values arrive, and all mistakes are told at once."""

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.load import load_study
from bids_ketamine.study.used_variables import used_variables

SCORES = """\
name: scores
sessions: {pre: {}, mid: {}, post: {}}
changes: {change: {first: pre, second: post}}
arms: {column: arm, levels: [placebo, ketamine]}
outcomes:
  caps5: {table: caps5, items: [i1, i2, i3, i4]}
  madrs: {table: madrs, column: total}
  bdi: {columns: {pre: bdi_pre, post: bdi_post}}
  delta: {change_column: delta}
covariates: {age: {}, gender: {kind: categorical}}
"""


@pytest.fixture
def load(tmp_path):
    def loaded(further, text=SCORES):
        path = tmp_path / "study.yml"
        path.write_text(text + further, encoding="utf-8")
        return load_study(str(path)).spec

    return loaded


@pytest.fixture
def problems(load):
    def told(further, text=SCORES):
        with pytest.raises(StudyError) as caught:
            load(further, text)
        return [each.partition(": ")[2] for each in caught.value.problems]

    return told


def test_values_arrive(load):
    spec = load(
        "table_one: {covariates: [age], yates: false, variables: {race: {kind: categorical}}}\n"
        "repeated_measures: {outcomes: [caps5, madrs], sessions: [pre, mid, post],\n"
        "  error_strata: [participant]}\n"
        "crossover: {columns: [p1, p2], values: {d: pre, p: post}}\n"
    )
    assert spec.table_one.covariates == ("age",)
    assert spec.table_one.yates is False
    assert [(each.name, each.kind) for each in spec.table_one.variables] == [
        ("race", "categorical")
    ]
    assert [each.name for each in spec.participant_variables] == ["age", "gender", "race"]
    assert spec.repeated_measures.sessions == ("pre", "mid", "post")
    assert spec.crossover.columns == ("p1", "p2")
    assert spec.crossover.values == {"d": "pre", "p": "post"}
    assert spec.has_imaging is False
    assert spec.mixed_models == ()


def test_a_study_of_scores_needs_nothing_else(load):
    spec = load("", "name: x\nsessions: {pre: {}}\ntable_one: {variables: {age: {}}}\n")
    assert [each.name for each in used_variables(spec)] == ["age"]
    assert load_study("norbury2021").spec.has_imaging
    assert load_study("siegel2021").spec.has_imaging


def test_the_preset_has_what_the_paper_has():
    spec = load_study("norbury2021").spec
    assert [each.name for each in spec.table_one.variables] == [
        "race",
        "ethnicity",
        "ptsd_duration",
        "index_trauma",
        "cannabis",
        "therapy",
        "days_between_scans",
        "infusions",
    ]
    assert all(each.optional for each in spec.table_one.variables)
    assert spec.repeated_measures.error_strata == ("participant", "stratified")
    assert spec.behaviour.tasks == ("faces", "stroop")
    section = spec.symptom_dimensions
    assert section.covariates == ("infusions", "days_between_scans")
    assert sorted(item for items in section.dimensions.values() for item in items) == [
        *range(1, 21)
    ]
    assert section.minimum_items == 0.5
    (model,) = spec.mixed_models
    assert (model.outcomes, model.formula) == (("caps5", "madrs"), "time * arm")
    assert (model.methods, model.degrees_of_freedom) == (("reml",), ("satterthwaite", "residual"))


def test_all_mistakes_come_at_once(problems):
    found = problems(
        "table_one: {covariates: [aeg], outcomes: [madrs, delta, madrs], variables: {age: {}}}\n"
        "repeated_measures: {outcomes: [caps, bdi], sessions: [pre, mid, pst]}\n"
        "behaviour: {tasks: [faces]}\n"
        "crossover: {columns: [p1, p1, p2], values: {d: pre, p: placebo}}\n"
    )
    assert found == [
        "table_one.covariates names no covariate of the study: `aeg`; did you mean `age`? "
        "covariates: age, gender",
        "table_one.outcomes names `madrs` twice",
        "table_one.outcomes: of `delta` the change alone is known (`change_column`), and scores of "
        "sessions are needed",
        "table_one.variables: `age` is a covariate of the study; name it under "
        "`table_one.covariates`, or take it out",
        "repeated_measures.sessions names no session of the study: `pst`; did you mean `post`? "
        "sessions: pre, mid, post",
        "repeated_measures.outcomes names no outcome of the study: `caps`; did you mean `caps5`? "
        "outcomes: caps5, madrs, bdi, delta",
        "repeated_measures.outcomes: `bdi` names no column for the session `mid`, `pst`",
        "behaviour.tasks names no task of the study: `faces`; the study has no tasks",
        "crossover.columns names `p1` twice",
        "crossover has 3 periods and 2 treatments; everybody gets a treatment once at most",
        "crossover.values.p names no session of the study: `placebo`; sessions: pre, mid, post",
    ]


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        ("repeated_measures: {outcomes: []}\n", "repeated_measures.outcomes names no outcome"),
        (
            "repeated_measures: {outcomes: [madrs], sessions: [pre]}\n",
            "repeated_measures.sessions needs two sessions or more",
        ),
        (
            "repeated_measures: {outcomes: [madrs], error_strata: [between]}\n",
            "repeated_measures.error_strata.0 must be one of participant, stratified, not "
            "`between`",
        ),
        (
            "repeated_measures: {outcomes: [madrs], error_strata: []}\n",
            "repeated_measures.error_strata names no error term",
        ),
        (
            "crossover: {columns: [p1], values: {d: pre, p: post}}\n",
            "crossover.columns needs a column for each period",
        ),
        (
            "crossover: {columns: [p1, p2], values: {d: pre, p: pre}}\n",
            "crossover.values names the session `pre` twice",
        ),
        (
            "table_one: {variables: {a: {table: ../secret}}}\n",
            "table_one.variables.a.table is the name of a table in phenotype/, not `../secret`",
        ),
    ],
)
def test_single_mistakes(problems, further, sentence):
    assert problems(further) == [sentence]


DIMENSIONS = """\
extends: norbury2021
name: mine
symptom_dimensions:
  outcome: {outcome}
  measure: {measure}
  dimensions: {{{dimensions}}}
  covariates: {covariates}
"""


def test_mistakes_in_symptom_dimensions(problems):
    text = DIMENSIONS.format(
        outcome="caps5",
        measure="gppi faces facesGtShapes vmPFC~amygdala",
        dimensions="re_experiencing: [0, 1, 21], avoidance: [6, 6], empty: []",
        covariates="[gender, infusoins]",
    )
    assert problems("", text) == [
        "symptom_dimensions.dimensions.re_experiencing: `caps5` has the items 1 to 20, not 0, 21",
        "symptom_dimensions.dimensions.avoidance names the item 6 twice",
        "symptom_dimensions.dimensions.empty names no item",
        "symptom_dimensions.measure: no measure of the study fits `gppi faces facesGtShapes "
        "vmPFC~amygdala`; did you mean `gppi faces facesGtShapes amygdala~vmPFC`?",
        "symptom_dimensions.covariates names no covariate of the study: `infusoins`; did you mean "
        "`infusions`? covariates: age, gender, education, psychotropic_medication, urine_thc, "
        "cadss, bprs, ymrs, prise, income, social_support, cognition, family_alcohol, "
        "cadss_first_infusion, race, ethnicity, ptsd_duration, index_trauma, cannabis, therapy, "
        "days_between_scans, infusions",
        "symptom_dimensions.covariates: `gender` is categorical; a rank correlation needs a "
        "numeric or an ordered variable",
    ]
    text = DIMENSIONS.format(
        outcome="madrs", measure="gppi *", dimensions="a: [1]", covariates="[infusions]"
    )
    assert problems("", text) == [
        "symptom_dimensions.outcome: `madrs` has no `items`, of which dimensions are made",
        "symptom_dimensions.measure is one measure; `gppi *` stands for several",
    ]


def test_behaviour_needs_to_know_right_answers(problems):
    further = "tasks: {stroop: {error_trials: null}}\nbehaviour: {tasks: [faces, stroop]}\n"
    assert problems(further, "extends: norbury2021\nname: mine\n") == [
        "behaviour.tasks: `stroop` has no `error_trials`, which tell right answers"
    ]


def test_what_the_user_takes_out_leaves_the_presets_statistics(load, tmp_path):
    text = "extends: norbury2021\nname: mine\n"
    further = (
        "tasks: {stroop: null}\noutcomes: {madrs: null}\ncovariates: {race: {kind: categorical}}\n"
        "table_one: {variables: {infusions: null}}\n"
    )
    spec = load(further, text)
    assert spec.behaviour.tasks == ("faces",)
    assert spec.repeated_measures.outcomes == ("caps5",)
    assert spec.mixed_models[0].outcomes == ("caps5",)
    assert spec.symptom_dimensions.covariates == ("days_between_scans",)
    assert [each.name for each in spec.table_one.variables][:2] == ["ethnicity", "ptsd_duration"]
    notices = load_study(str(tmp_path / "study.yml")).notices
    assert (
        "tasks with `error_trials` of the preset (`behaviour.tasks`) are left out, for the study "
        "does not have them: stroop" in notices
    )
    assert (
        "covariates of the preset (`symptom_dimensions.covariates`) are left out, for the study "
        "does not have them: infusions" in notices
    )


def test_a_preset_without_imaging_is_a_study_of_scores(load, tmp_path):
    further = "tasks: {faces: null, stroop: null}\nrest: null\nregions: null\n"
    spec = load(further, "extends: norbury2021\nname: mine\n")
    assert spec.has_imaging is False
    assert (spec.elastic_net, spec.symptom_dimensions, spec.behaviour) == (None, None, None)
    assert spec.repeated_measures.outcomes == ("caps5", "madrs")
    assert [model.name for model in spec.mixed_models] == ["symptoms"]


def test_only_variables_that_are_read_are_used(load):
    assert used_variables(load("")) == ()
    spec = load("mixed_models: {m: {outcomes: [madrs], formula: time * gender}}\n")
    assert [each.name for each in used_variables(spec)] == ["gender"]
    spec = load("table_one: {}\n")
    assert [each.name for each in used_variables(spec)] == ["age", "gender"]
