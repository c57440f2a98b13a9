"""Sentences on nuisance regressors: rule for outliers, masks and number of components."""

import pytest

from bids_ketamine.reports.methods_confounds import confound_words
from bids_ketamine.study.confound_sections import ConfoundsSpec, OutliersSpec

ALONE = {"columns": (), "outliers": None, "non_steady_state": False}


def words(runs=(), **settings):
    return confound_words(ConfoundsSpec(**settings), runs, set())


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "the first 5 anatomical CompCor components each of white matter and CSF"),
        (
            {"compcor_mask": "combined", "compcor_components": 6},
            "the first 6 anatomical CompCor components of white matter and CSF joined",
        ),
        (
            {"compcor_variance": 0.5},
            "as many first anatomical CompCor components each of white matter and CSF as explain "
            "50 % of their variance",
        ),
        (
            {"compcor_mask": "combined", "compcor_variance": 0.125},
            "as many first anatomical CompCor components of white matter and CSF joined as explain "
            "12.5 % of their variance",
        ),
    ],
)
def test_masks_and_number_of_components_asked_for(settings, expected):
    assert words(**ALONE, **settings) == f"{expected} (Behzadi et al., 2007)"


def test_components_used_are_counted_since_their_numbers_differ_between_runs():
    runs = [
        {"Confounds": ["csf", "a_comp_cor_40", "a_comp_cor_35", "outlier_0003"]},
        {"Confounds": ["csf", "a_comp_cor_54", "a_comp_cor_55", "a_comp_cor_62"]},
    ]
    assert words(runs, **ALONE, compcor_variance=0.25) == (
        "csf and 2 to 3 anatomical CompCor components a run (as many first ones each of white "
        "matter and CSF as explain 25 % of their variance; Behzadi et al., 2007)"
    )
    runs[1]["Notes"] = ["all 2 CompCor components in mask CSF are taken: they explain 20.0%"]
    assert "their variance; the notes of runs tell where this was not possible; Behzadi" in words(
        runs, **ALONE, compcor_variance=0.25
    )
    named = ALONE | {"columns": ("a_comp_cor_40", "csf")}
    assert words(runs[:1], **named, compcor_components=1) == (
        "csf, a_comp_cor_40 (CompCor, Behzadi et al., 2007) and 1 anatomical CompCor component "
        "a run (the first one each of white matter and CSF; Behzadi et al., 2007)"
    )


@pytest.mark.parametrize(
    ("outliers", "expected"),
    [
        (
            OutliersSpec(),
            "one regressor for each outlier volume (framewise displacement above 0.5 mm or "
            "standardized DVARS above 1.5; Power et al., 2012)",
        ),
        (
            OutliersSpec(std_dvars=None),
            "one regressor for each outlier volume (framewise displacement above 0.5 mm; Power et "
            "al., 2012)",
        ),
        (
            OutliersSpec(rule="fmriprep"),
            "one regressor for each volume that fMRIPrep marks as an outlier (by the thresholds of "
            "framewise displacement and standardized DVARS that it was given; Power et al., 2012)",
        ),
        (
            OutliersSpec(rule="art"),
            "one regressor for each outlier volume by a rule like that of ART (Artifact Detection "
            "Tools, Whitfield-Gabrieli; framewise displacement above 0.9 mm as of Power et al., "
            "2012, or a volume-to-volume change of the global signal more than 5 standard "
            "deviations from its mean in the run)",
        ),
        (OutliersSpec(framewise_displacement=None, std_dvars=None), "none"),
    ],
)
def test_rule_for_outlier_volumes(outliers, expected):
    settings = ALONE | {"outliers": outliers, "compcor_components": 0}
    assert words(**settings) == expected


@pytest.mark.parametrize(
    ("outliers", "papers"),
    [
        (OutliersSpec(), {"power"}),
        (OutliersSpec(rule="fmriprep"), {"power"}),
        (OutliersSpec(rule="art"), {"art", "power"}),
        (OutliersSpec(rule="art", art_framewise_displacement=None), {"art"}),
        (OutliersSpec(framewise_displacement=None, std_dvars=None), set()),
    ],
)
def test_each_criterion_cites_its_own_source(outliers, papers):
    cited = set()
    settings = ALONE | {"outliers": outliers, "compcor_components": 0}
    told = confound_words(ConfoundsSpec(**settings), [], cited)
    assert cited == papers
    assert ("Power" in told) == ("power" in papers)
