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
    assert study.spec.rest is not None
    assert study.unread == (
        "generalized PPI of the preset (`gppi`) is left out: gppi needs `tasks`",
        "representational similarity of the preset (`rsa`) is left out: rsa.task names no task of "
        "the study: `faces`; the study has no tasks",
    )
    assert set(study.unread) <= set(study.notices)


def test_other_trial_types_leave_similarity_out_and_keep_the_rest(load):
    study = load(
        "extends: norbury2021\nname: mine\n"
        "tasks: {faces: {conditions: {faces: {trial_type: [happy, sad]}}}}\n"
    )
    assert study.spec.rsa is None
    assert study.spec.gppi is not None
    (told,) = study.unread
    assert told.startswith("representational similarity of the preset (`rsa`) is left out")


def test_what_the_user_says_of_a_method_is_a_problem(load):
    with pytest.raises(StudyError) as raised:
        load(RESTING + "gppi: {measure: regression}\nrsa: {covariance: full}\n")
    told = " ".join(raised.value.problems)
    assert "gppi needs `tasks`" in told
    assert "rsa.task names no task of the study" in told


def test_nothing_is_left_out_of_a_preset_itself():
    study = load_study("norbury2021")
    assert study.unread == ()
    assert study.spec.gppi is not None
    assert study.spec.rsa is not None
