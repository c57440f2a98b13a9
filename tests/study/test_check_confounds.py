"""Rules that span several settings of nuisance regressors."""

import pytest

from bids_ketamine.study.check_confounds import READ_BY_RULE, check_confounds
from bids_ketamine.study.confound_sections import ConfoundsSpec, OutliersSpec
from bids_ketamine.study.load import load_study


def problems(confounds):
    found = []
    check_confounds(
        confounds, ("glm", "confounds"), lambda where, text: found.append((where, text))
    )
    return found


@pytest.mark.parametrize(
    "confounds",
    [
        ConfoundsSpec(),
        ConfoundsSpec(compcor_components=0, outliers=None),
        ConfoundsSpec(compcor_variance=0.5, compcor_mask="combined"),
        ConfoundsSpec(outliers=OutliersSpec(framewise_displacement=0.2, std_dvars=None)),
        ConfoundsSpec(outliers=OutliersSpec(rule="fmriprep", std_dvars=None)),
        ConfoundsSpec(outliers=OutliersSpec(rule="art", art_global_signal=3.0)),
    ],
)
def test_sound_settings_have_no_problem(confounds):
    assert problems(confounds) == []


@pytest.mark.parametrize(
    ("confounds", "place", "message"),
    [
        (
            ConfoundsSpec(compcor_variance=0.0),
            ("compcor_variance",),
            "glm.confounds.compcor_variance must be above 0, or null",
        ),
        (
            ConfoundsSpec(compcor_variance=0.5, compcor_components=3),
            ("compcor_variance",),
            "glm.confounds: compcor_variance takes the place of compcor_components; keep one",
        ),
        (
            ConfoundsSpec(outliers=OutliersSpec(rule="art", framewise_displacement=0.9)),
            ("outliers", "framewise_displacement"),
            "glm.confounds.outliers: the rule `art` does not read framewise_displacement (it reads "
            "art_global_signal and art_framewise_displacement); take it out, or set it to null",
        ),
        (
            ConfoundsSpec(outliers=OutliersSpec(rule="fmriprep", std_dvars=2.0)),
            ("outliers", "std_dvars"),
            "glm.confounds.outliers: the rule `fmriprep` does not read std_dvars (it has no "
            "threshold); take it out, or set it to null",
        ),
        (
            ConfoundsSpec(
                outliers=OutliersSpec(
                    rule="art", art_global_signal=None, art_framewise_displacement=None
                )
            ),
            ("outliers",),
            "glm.confounds.outliers: the rule `art` needs a threshold",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_named(confounds, place, message):
    assert problems(confounds) == [(("glm", "confounds", *place), message)]


def test_thresholds_in_force_are_those_of_the_rule():
    assert OutliersSpec().thresholds == {"framewise_displacement": 0.5, "std_dvars": 1.5}
    assert OutliersSpec(rule="art").thresholds == {
        "framewise_displacement": 0.9,
        "global_signal": 5.0,
    }
    assert OutliersSpec(rule="fmriprep").thresholds == {}
    reads = [OutliersSpec(rule=rule, framewise_displacement=None, std_dvars=None).reads_columns
             for rule in READ_BY_RULE]  # fmt: skip
    assert reads == [False, True, True]


def test_presets_mean_what_they_meant():
    norbury = load_study("norbury2021").spec
    for confounds in (norbury.glm.confounds, norbury.rest.confounds):
        assert (confounds.compcor_mask, confounds.compcor_components) == ("split", 5)
        assert confounds.compcor_variance is None
        assert confounds.outliers == OutliersSpec(framewise_displacement=0.5, std_dvars=1.5)
        assert confounds.outliers.rule == "thresholds"
