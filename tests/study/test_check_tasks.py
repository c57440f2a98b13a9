"""Tasks and contrasts: names that contrasts may use, and what is refused with a sentence."""

import pytest

from bids_ketamine.core.event_rules import derivative_names, modulator_name
from bids_ketamine.errors import StudyError
from bids_ketamine.study.load import load_study
from bids_ketamine.study.model_sections import (
    ConditionSpec,
    ContrastSpec,
    ErrorTrialsSpec,
    TaskSpec,
)
from bids_ketamine.study.task_names import event_columns, regressor_names

STUDY = """\
name: mine
sessions: {pre: {label: "01"}}
regions: {atlas: mine, definitions: {a: {spheres: [[0, 0, 0]]}}}
tasks:
  stroop:
    conditions:
      congruent: {duration: 0}
      incongruent: {duration: 0, modulators: [response_time]}
      "blank screen": {}
    error_trials: {}
    contrasts:
      effect: {weights: incongruent - congruent}
glm: {noise_model: spm}
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "study.yml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def contrast(write):
    """Load the study with another contrast; return the contrast."""

    def contrast(settings, glm="{noise_model: spm}"):
        text = STUDY.replace("{weights: incongruent - congruent}", settings)
        text = text.replace("glm: {noise_model: spm}", f"glm: {glm}")
        (task,) = load_study(write(text)).spec.tasks
        return task.contrasts[0]

    return contrast


def problems(call, *arguments):
    with pytest.raises(StudyError) as caught:
        call(*arguments)
    return list(caught.value.problems)


def test_a_t_contrast_has_one_row(contrast):
    effect = contrast("{weights: incongruent - 2 * `blank screen`}")
    assert effect.test == "t"
    assert effect.rows == ({"incongruent": 1.0, "blank screen": -2.0},)


def test_an_f_contrast_has_a_row_for_each_formula_or_mapping(contrast):
    effect = contrast("{f_test: [incongruent - congruent, {congruent: 1}, '`blank screen` / 2']}")
    assert effect.test == "F"
    assert effect.weights is None
    assert effect.rows == (
        {"incongruent": 1.0, "congruent": -1.0},
        {"congruent": 1.0},
        {"blank screen": 0.5},
    )


def test_names_of_modulators_errors_and_derivatives(contrast):
    found = contrast(
        "{f_test: [incongruent_by_response_time, error_trials, congruent_derivative,"
        " '`blank screen_dispersion`', incongruent_by_response_time_derivative]}",
        "{hrf_model: spm + derivative + dispersion}",
    )
    assert [list(row) for row in found.rows] == [
        ["incongruent_by_response_time"],
        ["error_trials"],
        ["congruent_derivative"],
        ["blank screen_dispersion"],
        ["incongruent_by_response_time_derivative"],
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("{}", "contrast `effect` needs `weights` (T contrast) or `f_test` (F contrast)"),
        ("{weights: null, f_test: []}", "contrast `effect` needs `weights` (T contrast)"),
        ("{weights: congruent, f_test: [congruent]}", "has both `weights` and `f_test`; keep one"),
        ("{weights: {}}", "contrast `effect` has no weight that is not zero"),
        ("{f_test: [{congruent: 0}]}", "contrast `effect`, formula 1 has no weight that is not"),
        ("{f_test: [null]}", "contrast `effect`, formula 1 has no weight that is not zero"),
        (
            "{f_test: [congruent, {congruent: 1.0, incongruent: 0}]}",
            "contrast `effect`, formula 2 is the same as formula 1 and adds nothing to the test: "
            "take one of them out",
        ),
        (
            "{f_test: [congruent, incongruent, 2 * congruent]}",
            "contrast `effect`, formula 3 is a multiple of formula 1 and adds nothing to the test",
        ),
        (
            "{f_test: [congruent - incongruent, incongruent - congruent]}",
            "contrast `effect`, formula 2 is a multiple of formula 1 and adds",
        ),
        (
            "{f_test: [0.1 * congruent + 0.3 * incongruent, -0.3 * congruent - 0.9 * incongruent]}",
            "contrast `effect`, formula 2 is a multiple of formula 1 and adds",
        ),
        ("{f_test: congruent}", "effect.f_test must be a list, not `congruent`"),
        ("{f_test: [congruent - congruent]}", "f_test.0: the formula has no condition left"),
        (
            "{f_test: [congruent, incongrunet]}",
            "formula 2 names no regressor of the task: `incongrunet`; "
            "did you mean `incongruent`? known names: ",
        ),
        (
            "{weights: congruent_derivative}",  # the response has no derivative
            "`congruent_derivative`; did you mean `congruent`? known names: congruent, "
            "incongruent, blank screen, incongruent_by_response_time, error_trials",
        ),
        (
            "{weights: congruent_by_response_time}",
            "`congruent_by_response_time`; did you mean `incongruent_by_response_time`?",
        ),
    ],
)
def test_contrasts_that_mean_nothing(contrast, settings, sentence):
    (found,) = problems(contrast, settings)
    assert found.startswith("line 12: ")
    assert sentence in found


@pytest.mark.parametrize(
    "formulas",
    [
        [
            "congruent - incongruent",
            "incongruent - `blank screen`",
            "congruent - `blank screen`",
        ],
        ["congruent", "incongruent", "congruent + incongruent"],
        ["congruent + 2 * incongruent", "congruent + 3 * incongruent"],
    ],
    ids=["all pairwise differences", "a sum", "another ratio"],
)
def test_formulas_that_follow_from_several_others_are_accepted(contrast, formulas):
    assert len(contrast(f"{{f_test: {formulas}}}").rows) == len(formulas)


def test_a_task_without_an_error_rule_has_no_error_trials(write):
    text = STUDY.replace("    error_trials: {}\n", "").replace("- congruent", "- error_trials")
    assert "names no regressor of the task: `error_trials`" in problems(load_study, write(text))[0]


@pytest.mark.parametrize(
    ("condition", "glm", "sentence"),
    [
        ("congruent: {modulators: [load, load]}", "{}", "`congruent` names a modulator twice"),
        (
            "congruent: {modulators: [load], blocks: true}",
            "{}",
            "condition `congruent`: modulators scale single trials; take out `blocks: true`",
        ),
        (
            "congruent: {modulators: [trial_type]}",
            "{}",
            "condition `congruent`: `trial_type` names conditions and cannot be a modulator",
        ),
        (
            "incongruent_by_response_time: {}",
            "{}",
            "condition `incongruent_by_response_time`: a modulator or derivative of another",
        ),
        (
            "incongruent_derivative: {}",
            "{hrf_model: glover + derivative}",
            "condition `incongruent_derivative`: a modulator or derivative of another",
        ),
        (
            "error_trials_dispersion: {}",
            "{hrf_model: spm + derivative + dispersion}",
            "condition `error_trials_dispersion`: a modulator or derivative of another",
        ),
        ("error_trials: {}", "{}", "the design has a column of that name of its own"),
        ("drift_1: {}", "{}", "the design has a column of that name of its own"),
    ],
)
def test_conditions_that_cannot_be_modelled(write, condition, glm, sentence):
    text = STUDY.replace("congruent: {duration: 0}", condition, 1)
    text = text.replace("- congruent", "- `blank screen`").replace("{noise_model: spm}", glm)
    (found,) = problems(load_study, write(text))
    assert found.startswith("line 7: ")
    assert sentence in found


def test_a_name_is_free_where_the_response_has_no_derivatives(write):
    text = STUDY.replace("      congruent: {duration: 0}", "      incongruent_derivative: {}")
    text = text.replace("- congruent", "- incongruent_derivative")
    assert load_study(write(text)).spec.tasks[0].contrasts[0].weights == {
        "incongruent": 1.0,
        "incongruent_derivative": -1.0,
    }


def test_two_modulators_of_one_name(write):
    text = STUDY.replace("congruent: {duration: 0}", "incongruent_by_a: {modulators: [b]}", 1)
    text = text.replace("[response_time]", "[a_by_b]").replace("- congruent", "- `blank screen`")
    sentence = (
        "another modulator or derivative gives a regressor of the name `incongruent_by_a_by_b` too"
    )
    found = problems(load_study, write(text))
    assert [each[:8] for each in found] == ["line 7: ", "line 8: "]
    assert all(sentence in each for each in found)


@pytest.mark.parametrize(
    ("glm", "sentence"),
    [
        (
            "{noise_model: spm, hrf_model: glover + derivative}",
            "glm.hrf_model `glover + derivative` is not computed with the noise model `spm`",
        ),
        ("{reference_bin: 17}", "glm.reference_bin 17 is beyond the 16 bins of a repetition time"),
        ("{reference_bin: 0}", "glm.reference_bin must be at least 1, not 0"),
        ("{microtime_resolution: 0}", "glm.microtime_resolution must be at least 1, not 0"),
        ("{mask_threshold: 80}", "glm.mask_threshold must be at most 1, not 80"),
        ("{region_methods: []}", "glm.region_methods names no method"),
        ("{region_methods: [mean, mean]}", "glm.region_methods names a method twice"),
        ("{region_methods: [median]}", "must be one of mean, marsbar, not `median`"),
        ("{orthogonalize: 1}", "glm.orthogonalize must be true or false, not `1`"),
        ("{hrf_model: spm + dispersion}", "glm.hrf_model must be one of spm, spm + derivative,"),
    ],
)
def test_settings_of_the_glm_that_do_not_go_together(write, glm, sentence):
    (found,) = problems(load_study, write(STUDY.replace("{noise_model: spm}", glm)))
    assert found.startswith("line 13: ")
    assert sentence in found


def test_settings_of_the_glm_arrive(write):
    glm = "{noise_model: spm, microtime_resolution: 32, reference_bin: 32, mask_threshold: null}"
    spec = load_study(write(STUDY.replace("{noise_model: spm}", glm))).spec.glm
    assert (spec.noise_model, spec.microtime_resolution, spec.reference_bin) == ("spm", 32, 32)
    assert spec.mask_threshold is None
    assert (spec.orthogonalize, spec.region_methods) == (True, ("mean",))
    both = load_study(
        write(STUDY.replace("{noise_model: spm}", "{region_methods: [mean, marsbar]}"))
    )
    assert both.spec.glm.region_methods == ("mean", "marsbar")


def test_a_test_of_ones_own_replaces_that_of_the_preset(write):
    study = write(
        "extends: norbury2021\nname: ours\n"
        "tasks: {faces: {contrasts: {facesGtShapes: {f_test: [faces, shapes]}}}}\n"
    )
    faces, stroop = load_study(study).spec.tasks
    assert faces.contrasts[0] == ContrastSpec(
        name="facesGtShapes", f_test=({"faces": 1.0}, {"shapes": 1.0})
    )
    assert stroop.contrasts[0].rows == ({"incongruent": 1.0, "congruent": -1.0},)


def test_names_of_regressors_and_columns_of_a_task():
    assert modulator_name("go", "rt") == "go_by_rt"
    assert derivative_names("go", "glover + derivative") == ("go_derivative",)
    task = TaskSpec(
        name="gonogo",
        conditions=(
            ConditionSpec(name="go", modulators=("rt", "load")),
            ConditionSpec(name="nogo", modulators=("load",)),
        ),
        error_trials=ErrorTrialsSpec(column="correct", response_time_column="rt"),
        contrasts=(),
    )
    assert regressor_names(task, "spm") == (
        "go", "nogo", "go_by_rt", "go_by_load", "nogo_by_load", "error_trials",
    )  # fmt: skip
    columns = event_columns(task)
    assert columns.numeric == ("rt", "load")
    assert columns.required == {
        "trial_type": "tasks.gonogo.trial_type_column",
        "correct": "tasks.gonogo.error_trials.column",
        "rt": "tasks.gonogo.conditions.go.modulators",
        "load": "tasks.gonogo.conditions.go.modulators",
    }


def test_voxels_of_eigenvariates_are_chosen_by_a_contrast_of_the_task(write):
    text = STUDY.replace("    error_trials: {}", "    eigenvariate_contrast: other")
    assert problems(load_study, write(text)) == [
        "line 10: task `stroop`: eigenvariate_contrast names no contrast of the task: `other`; "
        "contrasts: effect"
    ]
    (task,) = load_study(write(text.replace("other", "effect"))).spec.tasks
    assert (task.eigenvariate_contrast, task.eigenvariate_p) == ("effect", 0.05)
