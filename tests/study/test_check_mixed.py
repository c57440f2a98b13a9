"""Mixed models of a study: values arrive, and all mistakes are told at once."""

import subprocess
import sys

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.baseline import baseline_session, first_session
from bids_ketamine.study.formula_variables import known_variables, variables_of
from bids_ketamine.study.load import load_study

STUDY = """\
name: scores
sessions: {base: {}, ketamine: {}, placebo: {}}
changes: {change: {first: base, second: ketamine}}
arms: {column: arm, levels: [healthy, patient]}
outcomes:
  madrs: {table: madrs, column: total}
  bdi: {columns: {base: bdi_base, ketamine: bdi_ketamine}}
  delta: {change_column: delta}
  wellbeing: {table: who, column: total, improvement: increase}
covariates: {age: {}, gender: {kind: categorical}}
crossover: {columns: [p1, p2], values: {d: ketamine, p: placebo}}
mixed_models:
"""


@pytest.fixture
def load(tmp_path):
    def loaded(models, text=STUDY):
        path = tmp_path / "study.yml"
        path.write_text(text + models, encoding="utf-8")
        return load_study(str(path))

    return loaded


@pytest.fixture
def problems(load):
    def told(models, text=STUDY):
        with pytest.raises(StudyError) as caught:
            load(models, text)
        return [each.partition(": ")[2] for each in caught.value.problems]

    return told


def test_values_arrive(load):
    (model,) = load(
        "  drug: {outcomes: [madrs], formula: treatment + period + sequence + baseline + age,\n"
        "    sessions: [ketamine, placebo], arms: [patient], complete: true,\n"
        "    methods: [reml, ml], degrees_of_freedom: [kenward_roger], intervals: profile}\n"
    ).spec.mixed_models
    assert (model.name, model.sessions, model.arms) == (
        "drug",
        ("ketamine", "placebo"),
        ("patient",),
    )
    assert (model.complete, model.methods) == (True, ("reml", "ml"))
    assert (model.degrees_of_freedom, model.intervals) == (("kenward_roger",), "profile")
    assert (model.slope, model.response, model.bootstrap_draws) == (None, None, 1000)


def test_variables_that_a_model_may_name(load):
    spec = load("  m: {outcomes: [madrs], formula: time, response: {outcome: madrs}}\n").spec
    assert known_variables(spec, spec.mixed_models[0]) == (
        *("session", "time", "arm", "treatment", "period", "sequence", "response", "baseline"),
        *("age", "gender"),
    )


def test_all_mistakes_come_at_once(problems):
    found = problems(
        "  one: {outcomes: [mards, delta], formula: time * arms, sessions: [base, later],\n"
        "    arms: [patients], methods: [], degrees_of_freedom: [residual, residual]}\n"
        "  two: {formula: time * response}\n"
        "  three: {measures: [gppi *], formula: baseline + time}\n"
    )
    assert found == [
        "mixed_models.one.methods is empty",
        "mixed_models.one.degrees_of_freedom names `residual` twice",
        "mixed_models.one.outcomes names no outcome of the study: `mards`; did you mean `madrs`? "
        "outcomes: madrs, bdi, delta, wellbeing",
        "mixed_models.one.outcomes: of `delta` the change alone is known (`change_column`), and "
        "scores of sessions are needed",
        "mixed_models.one.sessions names no session of the study: `later`; sessions: base, "
        "ketamine, placebo",
        "mixed_models.one.arms names no arm of the study: `patients`; did you mean `patient`? "
        "arms: healthy, patient",
        "mixed_models.one.formula names no variable of the study: `arms`; did you mean `arm`? "
        "variables: session, time, arm, treatment, period, sequence, baseline, age, gender",
        "mixed_models.two needs `outcomes` or `measures`",
        "mixed_models.two.formula: the variable `response` needs `response` of the model",
        "mixed_models.three.measures: the study has no imaging, hence no measure `gppi *`",
        "mixed_models.three.formula: the variable `baseline` needs outcomes, whose first score it "
        "is",
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            "formula: y ~ time",
            "formula: a formula is the right-hand side of the fixed effects alone, such as "
            "`time * arm`; the intercepts of participants are always there, and `slope` adds "
            "slopes",
        ),
        (
            "formula: time + (1 | participant)",
            "formula: a formula is the right-hand side of the fixed effects alone, such as "
            "`time * arm`; the intercepts of participants are always there, and `slope` adds "
            "slopes",
        ),
        (
            "formula: time, slope: arm",
            "slope: `arm` is a category; a slope is about a number, such as `time`",
        ),
        (
            "formula: time + age, slope: age",
            "slope: `age` is the same in all sessions of a participant; a slope is about what "
            "differs between them, such as `time`",
        ),
        (
            "formula: arm, slope: time",
            "slope: the formula lacks `time`, whose effect varies between participants",
        ),
        (
            "formula: time, slope: tme",
            "slope names no variable of the study: `tme`; did you mean `time`? variables: session, "
            "time, arm, treatment, period, sequence, baseline, age, gender",
        ),
        (
            "formula: time, sessions: [base]",
            "sessions: a mixed model is about two sessions or more",
        ),
        (
            "formula: time * arm, arms: [patient]",
            "formula: the variable `arm` is `patient` for everybody who enters",
        ),
        (
            "formula: treatment, sessions: [base, ketamine]",
            "sessions: `base` follows no treatment (`crossover.values`), and the formula names "
            "`treatment`",
        ),
        (
            "formula: time + baseline, sessions: [base, ketamine]",
            "formula: `baseline` is the score at `base`, which then is no row of the model, and of "
            "`madrs` fewer than two sessions are left; without `baseline`, `time:arm` compares "
            "changes",
        ),
        (
            "formula: time * response, response: {outcome: wellbeing}",
            "response: a fall of `wellbeing` is no improvement",
        ),
        (
            "formula: time * response, response: {outcome: madrs, fall: 0}",
            "response.fall must be more than 0",
        ),
        (
            "formula: time * response, response: {outcome: delta}",
            "response: of `delta` the change alone is known (`change_column`), and a relative fall "
            "needs the first score",
        ),
        ("formula: time, intervals: wald", "intervals must be one of t, profile, bootstrap, not"),
    ],
)
def test_single_mistakes(problems, settings, sentence):
    (told,) = problems(f"  m: {{outcomes: [madrs], {settings}}}\n")
    assert told.startswith(f"mixed_models.m.{sentence}")


def test_a_baseline_is_before_all_treatment(load, problems):
    treated = STUDY.replace("first: base, second: ketamine", "first: placebo, second: ketamine")
    model = "  m: {outcomes: [madrs], formula: treatment + baseline}\n"
    # The change starts after a treatment, and a session before both is there.
    spec = load(model, treated).spec
    assert baseline_session(spec, spec.outcomes[0]) == "base"
    assert first_session(spec, spec.outcomes[0]) == "placebo"
    without = treated.replace("sessions: {base: {}, ", "sessions: {")
    without = without.replace("base: bdi_base, ", "")
    assert problems(model, without) == [
        "mixed_models.m.formula: the variable `baseline` needs a score before treatment, and the "
        "first of `madrs`, `placebo`, follows a treatment (`crossover.values`)"
    ]


def test_wide_scores_need_a_column_of_each_session(problems):
    models = "  m: {outcomes: [bdi], formula: time, sessions: [base, ketamine, placebo]}\n"
    assert problems(models) == [
        "mixed_models.m.outcomes: `bdi` names no column for the session `placebo`"
    ]


def test_variables_need_their_sections(problems):
    text = STUDY.replace("crossover:", "# ").replace("arms:", "# ")
    assert problems("  m: {outcomes: [madrs], formula: treatment * arm}\n", text) == [
        "mixed_models.m.formula: the variable `treatment` needs `crossover`",
        "mixed_models.m.formula: the variable `arm` needs `arms`",
    ]


def test_a_covariate_may_not_take_the_name_of_a_variable(problems):
    text = STUDY.replace("{age: {}", "{time: {}, age: {}")
    assert problems("  m: {outcomes: [madrs], formula: time}\n", text) == [
        "mixed_models.m.formula: `time` has a meaning of its own in formulas and is a covariate "
        "too; give the covariate another name (its `column` may stay)"
    ]


def test_a_response_that_nothing_reads_is_told(load):
    study = load("  m: {outcomes: [madrs], formula: time, response: {outcome: madrs}}\n")
    assert study.notices == (
        "the setting mixed_models.m.response changes nothing: the formula does not name `response`",
    )


@pytest.mark.parametrize(
    ("formula", "variables"),
    [
        ("time", ("time",)),
        ("1 + time*arm + time:arm", ("time", "arm")),
        ("(time + arm) * age", ("time", "arm", "age")),
    ],
)
def test_variables_of_formulas(formula, variables):
    assert set(variables_of(formula)) == set(variables)


@pytest.mark.parametrize("formula", ["time *", "time + log(age)", "time + é", "", "0 + time"])
def test_formulas_that_cannot_be_read(problems, formula):
    (told,) = problems(f"  m: {{outcomes: [madrs], formula: '{formula}'}}\n")
    assert told.startswith("mixed_models.m.formula: ")


def test_plain_formulas_load_no_library():
    script = (
        "import sys; from bids_ketamine.study.load import load_study\n"
        "load_study('norbury2021'); load_study('siegel2021')\n"
        "print(sorted({'formulaic', 'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
