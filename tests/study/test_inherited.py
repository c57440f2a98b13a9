"""Methods of a preset that a study has nothing for are left out, and told."""

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.load import load_study

RESTING = "extends: norbury2021\nname: mine\ntasks: {faces: null, stroop: null}\n"


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "study.yml"
        path.write_text(text)
        return load_study(str(path))

    return loaded


def test_a_preset_without_its_tasks_is_a_resting_study(load):
    study = load(RESTING)
    assert study.spec.gppi is None
    assert study.spec.rsa is None
    assert study.spec.dcm is None
    assert study.spec.rest is not None
    assert study.notices == (
        "generalized PPI of the preset (`gppi`) is left out: gppi needs `tasks`",
        "representational similarity of the preset (`rsa`) is left out: rsa.task names no task of "
        "the study: `faces`; the study has no tasks",
        "dynamic causal modelling of the preset (`dcm`) is left out: dcm.models.faceCircuit.task "
        "names no task of the study: `faces`; the study has no tasks",
        "parametric empirical Bayes of the preset (`peb`) is left out: peb needs `dcm`, whose "
        "models it is about",
        "behaviour by session and arm of the preset (`behaviour`) is left out: behaviour.tasks "
        "names no task of the study: `faces`; the study has no tasks",
        "the analysis of symptom dimensions of the preset (`symptom_dimensions`) is left out: "
        "symptom_dimensions.measure: no measure of the study fits `gppi faces facesGtShapes "
        "amygdala~vmPFC`; names are made of measure, task, contrast and regions: "
        "`resting_connectivity rest *`",
    )
    assert study.spec.peb is None
    assert study.spec.repeated_measures.outcomes == ("caps5", "madrs")


def test_other_trial_types_leave_similarity_out_and_keep_the_rest(load):
    study = load(
        "extends: norbury2021\nname: mine\n"
        "tasks: {faces: {conditions: {faces: {trial_type: [happy, sad]}}}}\n"
    )
    assert study.spec.rsa is None
    assert study.spec.gppi is not None
    assert study.spec.dcm is not None
    (told,) = study.notices
    assert told.startswith("representational similarity of the preset (`rsa`) is left out")


def test_what_the_user_says_of_a_method_is_a_problem(load):
    with pytest.raises(StudyError) as raised:
        load(
            RESTING
            + "gppi: {measure: regression}\nrsa: {covariance: full}\ndcm: {echo_time: 0.03}\n"
        )
    told = " ".join(raised.value.problems)
    assert "gppi needs `tasks`" in told
    assert "rsa.task names no task of the study" in told
    assert "dcm.models.faceCircuit.task names no task of the study" in told


def test_nothing_is_left_out_of_a_preset_itself():
    study = load_study("norbury2021")
    assert study.notices == ()
    assert study.spec.gppi is not None
    assert study.spec.rsa is not None
    assert [model.name for model in study.spec.dcm.models] == ["faceCircuit"]
    assert study.spec.peb.outcome == "caps5"


def test_a_model_without_its_regions_is_left_out(load):
    study = load("extends: norbury2021\nname: mine\nregions: {definitions: {vmPFC: null}}\n")
    assert study.spec.dcm is None
    assert study.notices == (
        "dynamic causal modelling of the preset (`dcm`) is left out: dcm.models.faceCircuit."
        "regions: `vmPFC` is no region of images; regions: amygdala, anterior_insula, rACC, dACC, "
        "anterior_hippocampus",
        "parametric empirical Bayes of the preset (`peb`) is left out: peb needs `dcm`, whose "
        "models it is about",
        "the analysis of symptom dimensions of the preset (`symptom_dimensions`) is left out: "
        "symptom_dimensions.measure: no measure of the study fits `gppi faces facesGtShapes "
        "amygdala~vmPFC`; did you mean `gppi faces facesGtShapes amygdala~rACC`?",
    )


def test_models_without_the_presets_outcome_have_no_group_level(load):
    study = load(
        "extends: norbury2021\nname: mine\noutcomes: {caps5: null}\n"
        "elastic_net: null\nsymptom_dimensions: null\nrepeated_measures: null\nmixed_models: null\n"
    )
    assert study.spec.dcm is not None
    assert study.spec.peb is None
    assert study.notices == (
        "parametric empirical Bayes of the preset (`peb`) is left out: peb.outcome names no "
        "outcome of the study: `caps5`; outcomes: madrs",
    )
    with pytest.raises(StudyError, match=r"peb\.outcome names no outcome of the study: `caps5`"):
        load("extends: norbury2021\nname: mine\noutcomes: {caps5: null}\npeb: {level: 0.95}\n")


def test_the_group_level_of_models_of_ones_own(load):
    text = OWN_TASK + OWN_MODEL
    assert load(text).spec.peb is None  # the own model has no modulation
    assert load(text + "peb: {outcome: madrs, fields: [connection]}\n").spec.peb.fields == (
        "connection",
    )


OWN_MODEL = """
dcm:
  models:
    own:
      task: hariri
      regions: [vmPFC, amygdala]
      driving: {faces: [amygdala]}
"""

OWN_TASK = """
extends: norbury2021
name: mine
tasks:
  faces: null
  stroop: null
  hariri: {conditions: {faces: {}, shapes: {}}, contrasts: {effect: {weights: faces - shapes}}}
rsa: null
"""


def test_a_model_of_the_preset_goes_beside_one_of_the_users(load):
    study = load(OWN_TASK + OWN_MODEL)
    assert [model.name for model in study.spec.dcm.models] == ["own"]
    assert study.notices == (
        "model `faceCircuit` of the preset (`dcm`) is left out: dcm.models.faceCircuit.task names "
        "no task of the study: `faces`; tasks: hariri",
        "parametric empirical Bayes of the preset (`peb`) is left out: peb.fields: no model of "
        "the study has a modulation; name other fields",
        "behaviour by session and arm of the preset (`behaviour`) is left out: behaviour.tasks "
        "names no task of the study: `faces`; tasks: hariri",
        "the analysis of symptom dimensions of the preset (`symptom_dimensions`) is left out: "
        "symptom_dimensions.measure: no measure of the study fits `gppi faces facesGtShapes "
        "amygdala~vmPFC`; did you mean `gppi hariri effect amygdala~vmPFC`?",
    )
    study = load("extends: norbury2021\nname: mine\n" + OWN_MODEL.replace("hariri", "faces"))
    assert [model.name for model in study.spec.dcm.models] == ["faceCircuit", "own"]
    assert study.notices == (
        "the model `own` (`dcm`) has no modulation: the group level of models (`peb.fields`) says "
        "nothing of it",
    )


def test_a_model_of_the_users_own_is_never_left_out(load):
    with pytest.raises(StudyError) as raised:
        load(OWN_TASK + OWN_MODEL.replace("hariri", "harry"))
    (told,) = raised.value.problems
    assert "dcm.models.own.task names no task of the study: `harry`; tasks: hariri" in told
    with pytest.raises(StudyError) as raised:
        load(OWN_TASK + "dcm: {models: {faceCircuit: {driving: {faces: [vmPFC]}}}}\n")
    assert "dcm.models.faceCircuit.task names no task" in raised.value.problems[0]


def test_entries_of_a_models_mappings_are_added_replaced_and_taken_out(load):
    changed = """
extends: norbury2021
name: mine
dcm:
  models:
    faceCircuit:
      connections: ["amygdala > vmPFC"]
      inputs: {all_trials: null}
      driving: {all_trials: null, shapes: [amygdala], faces: [amygdala]}
      modulations: {"vmPFC > amygdala": null, "amygdala > amygdala": [faces]}
"""
    (model,) = load(changed).spec.dcm.models
    assert model.connections == ("amygdala > vmPFC",)
    assert model.inputs == {"faces": ("faces",)}
    assert model.driving == {"shapes": ("amygdala",), "faces": ("amygdala",)}
    assert model.modulations == {"amygdala > vmPFC": ("faces",), "amygdala > amygdala": ("faces",)}
    removed = "extends: norbury2021\nname: mine\ndcm: {models: {faceCircuit: null}}\n"
    with pytest.raises(StudyError, match=r"dcm\.models names no model; `dcm: null` leaves"):
        load(removed)
    assert load("extends: norbury2021\nname: mine\ndcm: null\n").spec.dcm is None
