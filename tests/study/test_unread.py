"""Settings of a user's own file that change nothing are told, those of a preset are not."""

import pytest

from bids_ketamine.study.load import load_study

STUDY = """\
name: mine
sessions: {pre: {label: "01"}}
regions: {atlas: mine, definitions: {a: {spheres: [[0, 0, 0]]}}}
tasks:
  faces:
    conditions: {faces: {}, shapes: {}}
    contrasts: {effect: {weights: faces - shapes}}
"""


@pytest.fixture
def load(tmp_path):
    """Load a study from its text."""

    def load(text):
        path = tmp_path / "study.yml"
        path.write_text(text, encoding="utf-8")
        return load_study(str(path))

    return load


def spm_alone(name, noise_model):
    return (
        f"the setting glm.{name} is read by the noise model spm alone and changes nothing with "
        f"{noise_model}"
    )


@pytest.mark.parametrize("noise_model", ["ar1", "ols"])
@pytest.mark.parametrize(
    "setting", ["reference_bin: 3", "mask_threshold: 0.5", "microtime_resolution: 16"]
)
def test_settings_that_the_noise_model_does_not_read(load, setting, noise_model):
    study = load(STUDY + f"glm: {{noise_model: {noise_model}, {setting}}}\n")
    assert study.notices == (spm_alone(setting.split(":")[0], noise_model),)


@pytest.mark.parametrize(
    "glm",
    [
        "{noise_model: spm, reference_bin: 3, mask_threshold: 0.5, microtime_resolution: 32}",
        "{noise_model: ar1}",
        "{noise_model: ar1, mask_threshold: null, reference_bin: null}",
    ],
    ids=["read", "not given", "asks for nothing"],
)
def test_no_notice_without_a_cause(load, glm):
    assert load(STUDY + f"glm: {glm}\n").notices == ()


def test_what_a_preset_hands_down_is_not_the_users(load):
    study = load("extends: norbury2021\nname: mine\nglm: {noise_model: ar1, mask_threshold: 0.7}\n")
    assert study.spec.glm.reference_bin == 8
    assert study.notices == (spm_alone("mask_threshold", "ar1"),)
    study = load("extends: siegel2021\nname: mine\nglm: {noise_model: ar1, mask_threshold: 0.7}\n")
    assert study.notices == (spm_alone("mask_threshold", "ar1"),)


def test_the_noise_model_may_come_from_the_preset(load):
    assert load("extends: siegel2021\nname: mine\nglm: {reference_bin: 3}\n").notices == (
        spm_alone("reference_bin", "ar1"),
    )
    assert load("extends: norbury2021\nname: mine\nglm: {reference_bin: 3}\n").notices == ()


@pytest.mark.parametrize("preset", ["norbury2021", "siegel2021"])
def test_presets_have_none(preset):
    assert load_study(preset).notices == ()


def test_a_probability_without_its_contrast(load):
    text = STUDY + "    eigenvariate_p: 0.01\n"
    assert load(text).notices == (
        "the setting tasks.faces.eigenvariate_p belongs to eigenvariate_contrast and changes "
        "nothing without it",
    )
    assert load(text + "    eigenvariate_contrast: effect\n").notices == ()
