"""How series came to be, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bids_ketamine.reports.methods_routes import route_paragraphs, route_words
from bids_ketamine.study.load import Study

AROMA = "ICA-AROMA non-aggressive, here, 12 of 40 components"
READY = "ICA-AROMA non-aggressive, by fMRIPrep"


def _paragraph(study: Study, runs: list[dict[str, Any]]) -> tuple[str, set[str]]:
    cited: set[str] = set()
    return " ".join(route_paragraphs(study.spec, runs, cited)), cited


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"Description": "smoothAROMAnonaggr"}, "denoised and smoothed before"),
        ({"Description": "preproc", "SmoothingFWHM": None}, "not smoothed here; no AROMA"),
        ({"Description": "denoised", "SmoothingFWHM": 4}, "denoised, smoothed with 4 mm here"),
    ],
)
def test_outputs_of_older_versions(run: dict[str, Any], words: str) -> None:
    assert words in route_words(run)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (
            {"Description": "preproc", "Denoising": "none", "SmoothingFWHM": 6.0},
            "preproc, smoothed with 6 mm here; no AROMA denoising",
        ),
        (
            {
                "Description": "preproc",
                "Denoising": AROMA,
                "SmoothingFWHM": 6,
                "SmoothedBy": "here",
            },
            f"preproc, smoothed with 6 mm here; denoised: {AROMA}",
        ),
        (
            {"Description": "smoothAROMAnonaggr", "Denoising": READY, "SmoothedBy": "fMRIPrep"},
            f"smoothAROMAnonaggr, smoothed by fMRIPrep; denoised: {READY}",
        ),
        (
            {"Denoising": READY, "SmoothedBy": "fMRIPrep", "StatedSmoothingFWHM": 6.0},
            f"smoothed with 6 mm by fMRIPrep; denoised: {READY}",
        ),
        (
            {"Denoising": "none", "SmoothedBy": "before", "SmoothingFWHM": None},
            "smoothed before; no AROMA denoising",
        ),
        (
            {"Description": "preproc", "Denoising": None, "SmoothedBy": None},
            "preproc, not smoothed; no AROMA denoising",
        ),
        (
            {"Denoising": "none", "SmoothedBy": "none", "SmoothnessAfter": [5.04, None, 6.0]},
            "not smoothed; no AROMA denoising",
        ),
    ],
)
def test_route_of_a_run(run: dict[str, Any], words: str) -> None:
    assert route_words(run) == words


def test_runs_of_one_route_are_told_together_with_their_components(study: Study) -> None:
    run = {"Denoising": AROMA, "SmoothedBy": "here", "SmoothingFWHM": 6.0}
    other = run | {"Denoising": "ICA-AROMA non-aggressive, here, 20 of 44 components"}
    plain = {"Denoising": "none", "SmoothedBy": "here", "SmoothingFWHM": 6.0}
    text, cited = _paragraph(study, [run, other, plain])
    assert (
        "The series of 2 runs were denoised with ICA-AROMA non-aggressive, here, 12\u201320 of "
        "40\u201344 components (Pruim et al., 2015) and smoothed with a Gaussian kernel of 6 mm "
        "full width at half maximum."
    ) in text
    assert "The series of 1 run was used without AROMA denoising and smoothed with a" in text
    assert text.count("takes away the share of the noise components alone") == 1
    assert cited == {"aroma"}


def test_series_smoothed_before_are_not_smoothed_again(study: Study) -> None:
    run = {"Denoising": READY, "SmoothedBy": "fMRIPrep", "SmoothnessAfter": [6.2, 7.9, 6.5]}
    text, cited = _paragraph(study, [run])
    assert "by fMRIPrep (Pruim et al., 2015) and smoothed by fMRIPrep, not again here." in text
    assert "estimated at 6.2 to 7.9 mm" in text
    assert "takes away" not in text
    assert cited == {"aroma"}


def test_without_denoising_no_paper_on_it_is_cited(study: Study) -> None:
    text, cited = _paragraph(study, [{"Denoising": "none", "SmoothedBy": None}])
    assert text == "The series of 1 run was used without AROMA denoising and not smoothed."
    assert cited == set()


def test_ready_made_series_have_no_route(study: Study) -> None:
    inputs = replace(study.spec.inputs, timeseries_atlas="Gordon")
    spec = replace(study.spec, inputs=inputs, tasks=())
    assert route_paragraphs(spec, [], set()) == []


@pytest.mark.parametrize(
    ("aroma", "words"),
    [
        (
            "nonaggressive",
            "Series preproc are denoised with non-aggressive ICA-AROMA (Pruim et al., 2015) here, "
            "where the components lie beside them.",
        ),
        ("none", "Series preproc are used without AROMA denoising."),
    ],
)
def test_without_runs_the_study_tells_what_would_be_done(
    study: Study, aroma: str, words: str
) -> None:
    inputs = replace(
        study.spec.inputs,
        bold_descriptions=("smoothAROMAnonaggr", "nonaggrDenoised", "preproc"),
        aroma=aroma,
    )
    text, cited = _paragraph(replace(study, spec=replace(study.spec, inputs=inputs)), [])
    assert text == (
        "Of each run the first of the series smoothAROMAnonaggr, nonaggrDenoised or preproc is "
        "read. Series smoothAROMAnonaggr or nonaggrDenoised are denoised with ICA-AROMA (Pruim et "
        f"al., 2015) before. {words} Series smoothAROMAnonaggr are smoothed before, and not again. "
        "Others are smoothed with a Gaussian kernel of 6 mm full width at half maximum."
    )
    assert cited == {"aroma"}


def test_one_plain_series_without_runs(study: Study) -> None:
    inputs = replace(
        study.spec.inputs, bold_descriptions=("preproc",), aroma="none", smoothing_fwhm=None
    )
    text, cited = _paragraph(replace(study, spec=replace(study.spec, inputs=inputs)), [])
    assert text == "Series preproc are used without AROMA denoising. Series are not smoothed."
    assert cited == set()


def test_runs_of_older_versions_are_told_by_what_was_done(study: Study) -> None:
    text, cited = _paragraph(
        study,
        [
            {"Description": "smoothAROMAnonaggr", "SmoothingFWHM": None},
            {"Description": "nonaggrDenoised", "SmoothingFWHM": 6.0},
        ],
    )
    assert "ICA-AROMA, before (Pruim et al., 2015) and smoothed by fMRIPrep, not again here" in text
    assert "(Pruim et al., 2015) and smoothed with a Gaussian kernel of 6 mm" in text
    assert cited == {"aroma"}


def test_region_series_are_not_told_as_images(study: Study) -> None:
    inputs = replace(study.spec.inputs, timeseries_atlas="Gordon")
    changed = replace(study, spec=replace(study.spec, inputs=inputs))
    runs = [
        {"Task": "faces", "Denoising": "none", "SmoothedBy": None},
        {"Task": "rest", "Description": "denoised"},
    ]
    text, _ = _paragraph(changed, runs)
    assert "The series of 1 run was used without AROMA denoising and not smoothed." in text
    assert "ready-made region time series (atlas Gordon)" in text


def test_smoothness_is_not_told_where_voxels_are_too_large(study: Study) -> None:
    run = {
        "Denoising": "none",
        "SmoothedBy": "here",
        "SmoothingFWHM": 6.0,
        "SmoothnessBefore": [4.5, 4.4, 4.6],
        "SmoothnessAfter": [5.9, 5.7, 5.8],
    }
    coarse, fine = run | {"VoxelSize": [4.0, 4.0, 4.0]}, run | {"VoxelSize": [2.0, 2.0, 2.2]}
    assert route_words(coarse).endswith(
        "; voxels of 4.0 mm are too large to estimate the smoothness"
    )
    told = "estimated smoothness 5.9 × 5.7 × 5.8 mm, 4.5 × 4.4 × 4.6 mm before"
    assert route_words(fine).endswith(told)
    assert route_words(run).endswith(told)
    assert "estimated" not in _paragraph(study, [coarse])[0]
    assert "estimated at 5.7 to 5.9 mm" in _paragraph(study, [coarse, fine])[0]
