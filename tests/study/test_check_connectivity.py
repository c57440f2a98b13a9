"""Rules on rest, generalized PPI and representational similarity, from the text of a study."""

from __future__ import annotations

import pytest

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import GppiSpec, RsaSpec

STUDY = """\
name: mine
sessions: {pre: {label: "01"}}
regions: {atlas: mine, definitions: {a: {spheres: [[0, 0, 0]]}, b: {spheres: [[9, 0, 0]]}}}
glm: {noise_model: ar1}
tasks:
  faces:
    conditions:
      faces: {trial_type: [fear, calm, "3"]}
      shapes: {}
    contrasts: {effect: {weights: faces - shapes}}
"""


@pytest.fixture
def load(tmp_path):
    """Load a study of faces and shapes with further sections."""

    def load(further, old="", new=""):
        path = tmp_path / "study.yml"
        path.write_text(STUDY.replace(old, new, 1) + further, encoding="utf-8")
        return load_study(str(path))

    return load


@pytest.mark.parametrize(
    "further",
    [
        "gppi: {}\n",
        "gppi: {tasks: [faces], method: joint, band_pass: null, measure: regression}\n",
        "rsa: {task: faces}\n",
        "rsa: {task: faces, trial_types: [fear, calm], pairs: [[calm, fear]]}\n",
        "rsa: {task: faces, trial_types: [fear, shapes]}\n",
        'rsa: {task: faces, pairs: [[fear, "3"], [fear, shapes]]}\n',
        "rest: {correlations: [partial]}\n",
        "rest: {correlations: [partial, pearson], band_pass: [0, 0.1]}\n",
    ],
)
def test_sound_sections_are_read(load, further):
    assert load(further).notices == ()


def test_sections_say_which_tasks_they_are_about(load):
    spec = load("gppi: {}\nrsa: {task: faces}\n").spec
    (task,) = spec.tasks
    assert spec.gppi_of(task) == GppiSpec()
    assert spec.rsa_of(task) == RsaSpec(task="faces")
    other = load(
        "gppi: {tasks: [other]}\nrsa: {task: other}\n",
        "tasks:\n",
        "tasks:\n  other: {conditions: {x: {}, y: {}}, contrasts: {x: {weights: x}}}\n",
    ).spec
    faces = next(each for each in other.tasks if each.name == "faces")
    assert (other.gppi_of(faces), other.rsa_of(faces)) == (None, None)
    assert load("").spec.gppi is None


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ("gppi: {tasks: [stroop]}\n",
         "gppi.tasks names no task of the study: `stroop`; tasks: faces"),
        ("gppi: {tasks: [faces, faces]}\n", "gppi.tasks names a task twice"),
        ("gppi: {method: spm}\n",
         "gppi.method `spm` takes whitening and filter of the GLM: it needs glm.noise_model `spm`, "
         "not `ar1`"),
        ("gppi: {method: afni}\n", "gppi.method must be one of"),
        ("gppi: {measure: partial}\n", "gppi.measure must be one of"),
        ("gppi: {band_pass: [0.1, 0.01]}\n", "gppi.band_pass is two rising frequencies in Hz"),
        ("gppi: {band_pass: [0.1, 0.1]}\n", "gppi.band_pass is two rising frequencies in Hz"),
        ("gppi: {band_pass: [-0.1, 0.1]}\n", "gppi.band_pass is two rising frequencies in Hz"),
        ("gppi: {minimum_residual_df: 0}\n", "gppi.minimum_residual_df must be at least 1"),
        ("gppi: {confounds: {compcor_variance: 0}}\n",
         "gppi.confounds.compcor_variance must be above 0, or null"),
        ("gppi: {seed: a}\n", "unknown key `seed`"),
        ("rest: {correlations: []}\n", "rest.correlations names no correlation"),
        ("rest: {correlations: [partial, partial]}\n",
         "rest.correlations names a correlation twice"),
        ("rest: {correlations: [spearman]}\n", "rest.correlations"),
        ("rest: {band_pass: [0.1]}\n", "rest.band_pass is two rising frequencies in Hz"),
        ("rsa: {}\n", "task"),
        ("rsa: {task: stroop}\n",
         "rsa.task names no task of the study: `stroop`; tasks: faces; `rsa: null` leaves the "
         "method out"),
        ("rsa: {task: faces, trial_types: [fear, angry]}\n",
         "rsa.trial_types names no trial type of the task's conditions: `angry`; trial types: "
         "fear, calm, 3, shapes"),
        ("rsa: {task: faces, pairs: [[fear, faces]]}\n",
         "rsa.pairs names no trial type of the task's conditions: `faces`"),
        ("rsa: {task: faces, trial_types: [fear]}\n", "rsa needs two trial types at least"),
        ("rsa: {task: faces, trial_types: [fear, fear]}\n",
         "rsa.trial_types names a trial type twice"),
        ("rsa: {task: faces, pairs: [[fear, calm], [calm, fear]]}\n",
         "rsa.pairs, number 2 stands there twice"),
        ("rsa: {task: faces, pairs: [[fear, fear]]}\n",
         "rsa.pairs, number 1: a pair is two different trial types"),
        ("rsa: {task: faces, pairs: [[fear]]}\n",
         "rsa.pairs, number 1: a pair is two different trial types"),
        ("rsa: {task: faces, pairs: [[fear, calm, shapes]]}\n",
         "rsa.pairs, number 1: a pair is two different trial types"),
        ("rsa: {task: faces, pairs: [fear, calm]}\n", "rsa.pairs"),
        ("rsa: {task: faces, trial_types: [fear, calm], pairs: [[fear, shapes]]}\n",
         "rsa.pairs, number 1 is of a trial type not in rsa.trial_types"),
        ("rsa: {task: faces, partition: session}\n", "rsa.partition must be one of"),
        ("rsa: {task: faces, covariance: ledoit}\n", "rsa.covariance must be one of"),
        ("rsa: {task: faces, training: ols}\n", "rsa.training must be one of"),
        ("rsa: {task: faces, maximum_partitions: 1}\n",
         "rsa.maximum_partitions must be at least 2"),
    ],
)  # fmt: skip
def test_mistakes_are_named(load, further, message):
    with pytest.raises(BidsKetamineError) as caught:
        load(further)
    assert message in str(caught.value)
    assert caught.value.exit_code == 64


def test_trial_types_are_compared_as_in_the_model(load):
    """3 and "3" and 3.0 are one label: twice is twice."""
    spec = load('rsa: {task: faces, pairs: [["3.0", fear]]}\n').spec
    assert spec.rsa.pairs == (("3.0", "fear"),)
    with pytest.raises(BidsKetamineError, match="number 2 stands there twice"):
        load('rsa: {task: faces, pairs: [["3", fear], ["3.0", fear]]}\n')


def test_one_trial_type_in_all_is_too_few(load):
    with pytest.raises(BidsKetamineError, match="rsa needs two trial types at least"):
        load(
            "rsa: {task: one}\n",
            "tasks:\n",
            "tasks:\n  one: {conditions: {x: {}}, contrasts: {x: {weights: x}}}\n",
        )


def test_methods_without_tasks_are_refused(load):
    nothing = STUDY[STUDY.index("tasks:") :]
    with pytest.raises(BidsKetamineError, match="gppi needs `tasks`"):
        load("rest: {}\ngppi: {}\n", nothing)
    with pytest.raises(BidsKetamineError, match="the study has no tasks"):
        load("rest: {}\nrsa: {task: faces}\n", nothing)


def test_what_method_spm_does_not_read_is_told(load):
    notices = load(
        "gppi: {method: spm, band_pass: [0.01, 0.1], confounds: {compcor_components: 0}}\n",
        "noise_model: ar1",
        "noise_model: spm",
    ).notices
    assert notices == tuple(
        f"the setting gppi.{name} changes nothing with the method spm, which takes filter and "
        "nuisance of the GLM"
        for name in ("band_pass", "confounds")
    )
    read = "gppi: {method: joint, band_pass: [0.01, 0.1], confounds: {compcor_components: 0}}\n"
    assert load(read).notices == ()
    null = "gppi: {method: spm, band_pass: null}\n"
    assert load(null, "noise_model: ar1", "noise_model: spm").notices == ()


def test_the_preset_computes_both_methods():
    spec = load_study("norbury2021").spec
    assert [spec.gppi_of(task) is not None for task in spec.tasks] == [True, True]
    assert [spec.rsa_of(task) is not None for task in spec.tasks] == [True, False]
    assert spec.rsa.pairs == (("fearful", "neutral"),)
    assert spec.gppi.method == "conn"
