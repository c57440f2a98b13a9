"""Study files: values, every problem at once with its line, presets, extension."""

import pickle
import re
from pathlib import Path

import pytest

from bids_ketamine.errors import InputMissingError, StudyError, UsageError
from bids_ketamine.study.dcm_names import connections_of, inputs_of, modulations_of
from bids_ketamine.study.formula import parse_weights
from bids_ketamine.study.load import load_study, preset_names
from bids_ketamine.study.used_variables import used_variables

MINIMAL = """\
name: mine
sessions:
  pre: {label: "01"}
  post: {label: "02"}
changes:
  change: {first: pre, second: post}
regions:
  atlas: mine
  definitions:
    a: {spheres: [[0, 0, 0]], radius: 6}
    b: {mask: masks/b.nii.gz}
tasks:
  faces:
    task: hariri
    conditions:
      faces: {trial_type: [happy, angry]}
      "blank screen": {}
    contrasts:
      facesGtBlank: {weights: "faces - 0.5 * `blank screen`"}
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="study.yml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def problems(path):
    with pytest.raises(StudyError) as caught:
        load_study(path)
    return list(caught.value.problems)


def test_values_arrive_with_their_types(write, tmp_path):
    spec = load_study(write(MINIMAL)).spec
    assert spec.session("pre").label == "01"
    assert spec.tasks[0].label == "hariri"
    assert spec.tasks[0].contrasts[0].weights == {"faces": 1.0, "blank screen": -0.5}
    assert spec.regions.definitions[0].spheres == ((0.0, 0.0, 0.0),)
    assert spec.regions.definitions[1].mask == str(tmp_path / "masks" / "b.nii.gz")
    assert spec.glm.high_pass_period == 128.0
    assert pickle.loads(pickle.dumps(spec)) == spec


@pytest.mark.parametrize("text", ["1e-7", "1.0e-7", "'1E-07'", "0.0000001"])
def test_small_numbers_may_be_written_as_they_are_elsewhere(write, text):
    """YAML takes 1e-7, without a point, for text."""
    path = write(f"extends: norbury2021\nname: a\nelastic_net: {{threshold: {text}}}\n")
    assert load_study(path).spec.elastic_net.threshold == 1e-7


def test_all_problems_come_at_once_with_lines(write):
    text = MINIMAL.replace("task: hariri", "taks: hariri").replace("radius: 6", "radius: wide")
    text = text.replace("second: post", "second: later")
    found = problems(write(text + "glm: {noise_model: arma}\n"))
    assert found == [
        "line 10: regions.definitions.a.radius must be a number, not `wide`",
        "line 14: unknown key `taks` in tasks.faces; did you mean `task`?",
        "line 20: glm.noise_model must be one of ar1, ols, spm, not `arma`",
    ]


def test_rules_between_sections_are_checked(write):
    text = MINIMAL.replace("second: post", "second: later").replace("faces - 0.5", "fases - 0.5")
    assert problems(write(text)) == [
        "line 6: changes.change.second names no session: `later`; sessions: pre, post",
        "line 19: contrast `facesGtBlank` names no regressor of the task: `fases`; "
        "did you mean `faces`? known names: faces, blank screen",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [unclosed", "not valid YAML"),
        ("name: mine\nname: yours\nsessions: {pre: }\n", "the key `name` stands twice"),
        ("a: &x 1\nb: *x\n", "line 1: anchors and aliases are not supported"),
        ("name: x\nb: " + "[" * 101, "line 2: lists within lists, deeper than 100"),
        ("- just\n- a list\n", "the file must be a mapping"),
        ("name: mine\n", "the study needs the key `sessions`"),
        ("name: my study\nsessions: {pre: }\n", "letters and digits only"),
        ("name: !!python/object/apply:os.system [ls]\nsessions: {pre: }\n", "name must be text"),
    ],
)
def test_malformed_files_get_one_sentence(write, text, message):
    assert any(message in problem for problem in problems(write(text)))


def test_extension_merges_replaces_and_removes(write):
    study = load_study(
        write(
            "extends: norbury2021\nname: ours\nsessions: {pre: {label: V1}, post: {label: V2}}\n"
            "inputs: {smoothing_fwhm: null}\n"
            "regions: {definitions: {dACC: null, rACC: {radius: 5}}}\n"
        )
    )
    assert study.spec.session("post").label == "V2"
    assert study.spec.inputs.smoothing_fwhm is None
    assert study.spec.inputs.space == "MNI152NLin2009cAsym"
    names = [region.name for region in study.spec.regions.definitions]
    assert "dACC" not in names
    radius = {region.name: region.radius for region in study.spec.regions.definitions}
    assert radius["rACC"] == 5.0
    assert radius["vmPFC"] == 8.0
    assert study.notices == ()


def test_presets_load():
    assert preset_names() == ("norbury2021", "siegel2021")
    norbury = load_study("norbury2021")
    glm = norbury.spec.glm
    assert (glm.noise_model, glm.microtime_resolution, glm.reference_bin) == ("spm", 16, 8)
    assert (glm.hrf_model, glm.mask_threshold) == ("spm", 0.8)
    assert norbury.notices == ()
    assert len(norbury.spec.outcomes[0].items) == 20
    siegel = load_study("siegel2021")
    assert siegel.notices == ()
    assert siegel.spec.rest.band_pass == (0.009, 0.08)
    assert siegel.spec.inputs.smoothing_fwhm is None


def test_the_second_presets_sections():
    spec = load_study("siegel2021").spec
    assert [each.name for each in spec.sessions] == [
        *("pre1", "pre2", "baseline", "day1", "post", "week8"),
    ]
    assert [each.name for each in spec.own_sessions] == ["pre1", "pre2", "day1", "post", "week8"]
    assert [each.name for each in spec.scanned_sessions] == ["pre1", "pre2", "post"]
    assert [each.name for each in spec.imaged_sessions] == ["pre1", "pre2", "baseline", "post"]
    assert spec.session_means == {"baseline": ("pre1", "pre2")}
    assert spec.networks.measures == ("default_mode", "limbic", "visual", "sgACC_default_mode")
    assert spec.cleaning.models == ("30P",)
    assert spec.clinical_course.remission_below == 10
    # Eight primary outcomes: two scores, and two terms in three networks.
    primary = spec.primary_outcomes
    assert len(primary.scores) + len(primary.terms) * len(primary.measures) == 8
    assert used_variables(spec) == spec.participant_variables


def test_the_preset_models_the_circuit_of_faces():
    norbury = load_study("norbury2021").spec
    (model,) = norbury.dcm.models
    assert (model.name, model.task, model.regions) == (
        "faceCircuit",
        "faces",
        ("vmPFC", "amygdala"),
    )
    assert inputs_of(model) == {"all_trials": ("faces", "shapes"), "faces": ("faces",)}
    assert connections_of(model) == (("vmPFC", "amygdala"), ("amygdala", "vmPFC"))
    assert model.driving == {"all_trials": ("amygdala",)}
    assert set(modulations_of(model).values()) == {("faces",)}
    assert (norbury.dcm.echo_time, norbury.dcm.interval_level) == (0.04, 0.9)
    assert load_study("siegel2021").spec.dcm is None


def test_unknown_presets_and_files():
    with pytest.raises(UsageError, match="neither a preset nor a study file"):
        load_study("norbury2012")
    with pytest.raises(InputMissingError, match="does not exist"):
        load_study("nowhere/study.yml")


@pytest.mark.parametrize(
    ("formula", "problem"),
    [
        ("a * b", "multiplied"),
        ("a / 0", "divides by zero"),
        ("(a - b", "not closed"),
        ("a b", "`b` is not expected"),
        ("3", "number alone"),
        ("a - a", "no condition left"),
        ("a ! b", "cannot read"),
        ("", "ends too early"),
    ],
)
def test_wrong_formulas_say_why(formula, problem):
    weights, reason = parse_weights(formula)
    assert weights == {}
    assert problem in str(reason)


def test_formulas_are_linear():
    assert parse_weights("-(a - 2*b)/4 + c*3")[0] == {"a": -0.25, "b": 0.5, "c": 3.0}


def test_two_analyses_of_one_task_and_reserved_names_are_refused(write):
    again = (
        MINIMAL + "  again:\n    task: hariri\n    conditions: {constant: {}}\n    contrasts: {}\n"
    )
    assert problems(write(again)) == [
        "line 22: condition `constant`: the design has a column of that name of its own",
        "line 20: `again` and `faces` read the same task `hariri`",
    ]


def test_one_trial_type_in_two_conditions_however_it_is_written(write):
    text = MINIMAL.replace("[happy, angry]", "[happy, 1]")
    text = text.replace('"blank screen": {}', '"blank screen": {trial_type: [1.0, 01]}')
    assert problems(write(text)) == [
        "line 17: trial type `1.0` belongs to two conditions, `faces` and `blank screen`"
    ]


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "9" * 400])
def test_numbers_must_be_finite(write, number):
    text = MINIMAL.replace("radius: 6", f"radius: {number}")
    text = text.replace("[[0, 0, 0]]", f"[[0, {number}, 0]]")
    text = text.replace('"faces - 0.5 * `blank screen`"', f"{{faces: {number}}}")
    text += f"rest: {{minimum_residual_df: {number}}}\n"
    found = problems(write(text))
    starts = [
        "line 10: regions.definitions.a.spheres.0.1 must be a finite number, not `",
        "line 10: regions.definitions.a.radius must be a finite number, not `",
        "line 19: tasks.faces.contrasts.facesGtBlank.weights.faces must be a finite number, not `",
        "line 20: rest.minimum_residual_df must be a ",
    ]
    assert sorted(each[:30] for each in found) == sorted(each[:30] for each in starts)
    for start in starts:
        assert sum(each.startswith(start) for each in found) == 1


def test_weights_of_a_formula_must_be_finite(write):
    text = MINIMAL.replace("faces - 0.5", f"{'9' * 400} * faces - 0.5")
    assert problems(write(text)) == [
        "line 19: tasks.faces.contrasts.facesGtBlank.weights: a weight is not a finite number"
    ]


README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["own", "crossover", "connections"])
def test_the_studies_of_the_readme_load(write, block):
    assert load_study(write(block)).spec.sessions


def test_a_source_of_ones_own_replaces_that_of_the_preset(write, tmp_path):
    spec = load_study(write(BLOCKS[0])).spec
    (amygdala,) = (each for each in spec.regions.definitions if each.name == "amygdala")
    assert (amygdala.atlas, amygdala.labels) == ("aseg", ("Amygdala",))
    assert amygdala.spheres == ()


def test_the_sessions_of_a_crossover_trial(write):
    spec = load_study(write(BLOCKS[1])).spec
    assert [session.name for session in spec.sessions] == ["first", "second"]
    assert spec.session("first").labels == {"d": "d2", "p": "p2"}


def test_labels_are_what_is_written(write):
    text = MINIMAL.replace('"01"', "01").replace('"02"', "1e3")
    spec = load_study(write(text)).spec
    assert (spec.session("pre").label, spec.session("post").label) == ("01", "1e3")
