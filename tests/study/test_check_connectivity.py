"""Rules on rest and generalized PPI, from the text of a study."""

from __future__ import annotations

import pytest

from bids_ketamine.errors import BidsKetamineError
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import GppiSpec, RsaSpec
from tests.study.faces_study import STUDY


@pytest.mark.parametrize(
    "further",
    [
        "gppi: {}\n",
        "gppi: {tasks: [faces], method: joint, band_pass: null, measure: regression}\n",
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
        ("gppi: {band_pass: [0.1, 0.01]}\n",
         "gppi.band_pass is two rising frequencies in Hz, not [0.1, 0.01]"),
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
        ("rest: {band_pass: [0.1]}\n", "rest.band_pass is two rising frequencies in Hz, not [0.1]"),
    ],
)  # fmt: skip
def test_mistakes_are_named(load, further, message):
    with pytest.raises(BidsKetamineError) as caught:
        load(further)
    assert message in str(caught.value)
    assert caught.value.exit_code == 64


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


OTHER = """\
  other:
    conditions: {x: {modulators: [load]}, y: {}}
    contrasts: {any: {f_test: [x, y]}, slow: {weights: x_by_load}}
"""


def test_generalized_ppi_needs_a_t_contrast_of_conditions(load):
    told = (
        "gppi: task `{}` has no t contrast of conditions alone; give it one, or name other tasks "
        "under gppi.tasks (`gppi: null` leaves the method out)"
    )
    alone = ("weights: faces - shapes", "f_test: [faces, shapes]")
    with pytest.raises(BidsKetamineError) as caught:
        load("gppi: {}\n", *alone)
    assert told.format("faces") in str(caught.value)
    assert load("", *alone).notices == ()
    both = ("tasks:\n", f"tasks:\n{OTHER}")
    with pytest.raises(BidsKetamineError) as caught:
        load("gppi: {tasks: [faces, other]}\n", *both)
    assert told.format("other") in str(caught.value)
    assert told.format("faces") not in str(caught.value)
    assert load("gppi: {tasks: [faces]}\n", *both).notices == ()
    # Asked for of all tasks, of which one gives nothing.
    assert load("gppi: {}\n", *both).notices == (
        "generalized PPI gives no measure of the task `other`, which has no t contrast of "
        "conditions alone",
    )


def test_a_wrong_name_in_a_contrast_is_one_problem(load):
    with pytest.raises(BidsKetamineError) as caught:
        load("gppi: {}\n", "weights: faces - shapes", "weights: faces - shape")
    assert "did you mean `shapes`" in str(caught.value)
    assert "no t contrast" not in str(caught.value)


def test_generalized_ppi_needs_two_regions_of_images(load):
    definitions = "a: {spheres: [[0, 0, 0]]}, b: {spheres: [[9, 0, 0]]}"
    with pytest.raises(BidsKetamineError) as caught:
        load("gppi: {}\n", definitions, "a: {spheres: [[0, 0, 0]]}")
    assert "gppi needs two regions at least: `a` is the only one" in str(caught.value)
    with pytest.raises(BidsKetamineError) as caught:
        load("gppi: {}\nrest: {}\n", definitions, "a: {columns: [A]}, b: {columns: [B]}")
    assert (
        "gppi needs regions of images: name them under regions.definitions (`gppi: null` leaves "
        "the method out)"
    ) in str(caught.value)
    whole = f"definitions: {{{definitions}}}", "whole_atlases: {Seitzman300: {}}"
    assert load("gppi: {}\n", *whole).notices == ()
    columns = f"definitions: {{{definitions}}}", "all_columns: true"
    inputs = "inputs: {timeseries_atlas: mine}\nrest: {}\n"
    assert load(inputs, *columns).notices == ()
    with pytest.raises(BidsKetamineError, match="gppi needs regions of images"):
        load(f"gppi: {{}}\n{inputs}", *columns)


def test_the_symptom_dimensions_of_the_preset_name_a_measure_as_the_table_does():
    spec = load_study("norbury2021").spec
    kind, task, contrast, pair = spec.symptom_dimensions.measure.split()
    assert kind == "gppi"
    (found,) = [each for each in spec.tasks if each.name == task]
    assert contrast in [each.name for each in found.contrasts]
    names = [region.name for region in spec.regions.definitions]
    first, second = map(names.index, pair.split("~"))
    assert first < second
