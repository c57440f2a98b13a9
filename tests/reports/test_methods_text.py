"""Methods text tells what was run, or what a study asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.errors import InputMissingError
from bids_ketamine.reports.methods_text import (
    boilerplate,
    group_methods,
    group_text,
    participant_methods,
    participant_text,
)
from bids_ketamine.study.load import Study, load_study

RUN: dict[str, Any] = {
    "Task": "faces",
    "Run": None,
    "Description": "preproc",
    "Space": "MNI152NLin6Asym",
    "RepetitionTime": 2.0,
    "ReferenceTime": 0.975,
    "SmoothingFWHM": 5.0,
    "Volumes": 220,
    "VolumesKept": 215,
    "MeanFramewiseDisplacement": 0.1234,
    "Confounds": ["csf", *(f"a_comp_cor_{n:02d}" for n in range(4)), "outlier_0041"],
    "ResidualDegreesOfFreedom": 180,
    "NoiseModel": "ar1",
}


def _words(text: str) -> str:
    return " ".join(text.split())


def test_study_alone_tells_what_it_asks_for(study: Study) -> None:
    text = _words(participant_methods(study))
    assert "space MNI152NLin2009cAsym, were read" in text
    assert "smoothed with a Gaussian kernel of 6 mm full width at half maximum" in text
    assert "non-aggressive ICA-AROMA (Pruim et al., 2015)" in text
    assert "facesGtShapes = faces \u2212 shapes" in text
    assert "discrete cosine set with a cut-off period of 128 s" in text
    assert "framewise displacement above 0.5 mm or standardized DVARS above 1.5" in text
    assert "all frequencies outside 0.008 to 0.09 Hz" in text
    assert "6 motion parameters and their derivatives for series without AROMA denoising" in text
    assert "plain Pearson correlation" in text
    assert "amygdala (FearCircuit); anterior_insula (FearCircuit);" in text
    assert "its regulation (Schaefer et al., 2018; Tian et al., 2020)." in text
    assert "Tian Y et al. (2020). Topographic organization of the human subcortex" in text
    assert (
        "less than 50 % of a region's voxels have signal inside the brain mask (and, for "
        "`activation`, are above the mask threshold)"
    ) in text


def test_facts_take_the_place_of_wishes(study: Study) -> None:
    runs = [RUN, RUN | {"VolumesKept": 200, "MeanFramewiseDisplacement": 0.25}]
    text = _words(participant_text(study, runs=runs).markdown())
    assert "space MNI152NLin6Asym" in text
    assert "Task faces: 2 runs of 220 volumes (repetition time 2 s, 200\u2013215 kept" in text
    assert "mean framewise displacement 0.12\u20130.25 mm" in text
    assert "of 5 mm full width" in text
    assert "reference time of each volume (0.975 s after" in text
    assert "first-order autoregressive noise model estimated voxel by voxel" in text
    assert "were csf, 4 anatomical CompCor components a run (the first 5 each of white" in text
    assert "matter and CSF; Behzadi et al., 2007), one regressor for each outlier volume" in text
    assert "outlier_0041" not in text
    # Neither what was not run nor the route that was not taken.
    assert "stroop" not in text
    assert "Resting connectivity" not in text
    assert "ICA-AROMA" not in text


def test_references_are_those_cited(study: Study) -> None:
    told = participant_text(study).references
    assert told[0].startswith("Norbury A et al. (2021)")
    for doi in ("s41592-018-0235-4", "nimg.2002.1091", "2011.10.018", "2007.04.042", "joss.01294"):
        assert sum(doi in reference for reference in told) == 1
    # nilearn fits the noise models ar1 and ols alone.
    assert not any("zenodo.8397156" in reference for reference in told)
    nilearn = participant_text(study, runs=[RUN]).references
    assert sum("zenodo.8397156" in reference for reference in nilearn) == 1
    assert not any("nimg.2002.1091" in reference for reference in nilearn)
    assert not any("10.1002/mrm.1910350312" in reference for reference in told)
    siegel = participant_text(load_study("siegel2021")).references
    assert any("10.1002/mrm.1910350312" in reference for reference in siegel)
    assert not any("2007.04.042" in reference for reference in siegel)
    squared = RUN | {"Task": "rest", "Confounds": ["trans_x", "trans_x_power2"]}
    told = participant_text(study, runs=[squared])
    assert "trans_x_power2 (Friston et al., 1996)" in _words(told.markdown())
    assert any("10.1002/mrm.1910350312" in reference for reference in told.references)


def test_ordinary_least_squares_and_no_smoothing(study: Study) -> None:
    run = RUN | {"NoiseModel": "ols", "SmoothingFWHM": None}
    text = _words(participant_text(study, runs=[run]).markdown())
    assert "ordinary least squares" in text
    assert "was used without AROMA denoising and not smoothed." in text


def test_ready_made_time_series(study: Study) -> None:
    spec = study.spec
    inputs = replace(spec.inputs, timeseries_atlas="Gordon")
    ready = replace(study, spec=replace(spec, inputs=inputs, tasks=()))
    run = {"Task": "rest", "Run": "1", "Description": "denoised", "Volumes": 300}
    text = _words(participant_text(ready, runs=[run]).markdown())
    assert "Region time series made before (atlas Gordon) were read from a BIDS dataset" in text
    assert "no nuisance regression and no band-pass here" in text
    assert "Task rest: 1 run of 300 volumes." in text
    assert "brain mask" not in text
    assert "fMRIPrep" not in text.split("References")[0]


def test_group_text(study: Study) -> None:
    facts = {"Participants": 10, "Arms": {"midazolam": 4, "ketamine": 6}, "MotionStep": "It did."}
    text = _words(group_text(study, facts=facts).markdown())
    assert "10 participants (midazolam: 4 and ketamine: 6) had measures." in text
    assert "It did." in text
    assert "caps5 (sum of 20 items in points, improvement is first minus second session)" in text
    assert "Welch's t test (Welch, 1947)" in text
    assert "Benjamini and Hochberg, 1995" in text
    assert "The study sets no exclusion" in text


def test_group_text_with_exclusions_and_without_motion_step(study: Study) -> None:
    spec = study.spec
    spec = replace(
        spec,
        exclusions=replace(spec.exclusions, maximum_mean_fd=0.5, minimum_volumes=100),
        group=replace(spec.group, residualize_motion=False),
        arms=None,
    )
    text = _words(group_methods(replace(study, spec=spec)))
    assert "a mean framewise displacement above 0.5 mm or fewer than 100 volumes kept" in text
    assert "Measures were not adjusted for motion." in text
    assert "Welch" not in text


def test_boilerplate_has_both_levels_and_one_list(study: Study) -> None:
    text = boilerplate(study)
    assert text.count("# Methods\n") == 1
    assert text.count("## References") == 1
    assert text.index("## Task models") < text.index("## Statistics") < text.index("## References")
    listing = text.split("## References")[1].strip().splitlines()
    assert len(listing) == len(set(listing))


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        (r"\<script>x", r"\&lt;script>x"),
        ("<!-- x", "&lt;!-- x"),
        ("Smith & Lee, p < 0.05, a <3", "Smith & Lee, p < 0.05, a <3"),
        ("&lt;b>", "&lt;b>"),
    ],
)
def test_words_of_a_study_begin_no_tag(study: Study, reference: str, told: str) -> None:
    odd = replace(study, spec=replace(study.spec, references=(reference,)))
    for text in (participant_methods(odd), group_methods(odd), boilerplate(odd)):
        assert f"- {told}\n" in text


def test_no_output_folder(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError):
        participant_methods(study, output_dir=tmp_path / "none")


@pytest.mark.parametrize(
    ("glm", "runs"),
    [
        ({"mask_threshold": None}, []),
        ({"region_methods": ("marsbar",)}, []),
        ({"noise_model": "ar1"}, []),
        ({}, [RUN]),  # what was done: ar1
    ],
)
def test_threshold_is_told_only_where_it_takes_voxels_from_a_measure(
    study: Study, glm: dict[str, Any], runs: list[dict[str, Any]]
) -> None:
    spec = replace(study.spec, glm=replace(study.spec.glm, **glm))
    text = _words(participant_text(replace(study, spec=spec), runs=runs).markdown())
    assert "less than 50 % of a region's voxels have signal inside the brain mask or when" in text


def test_sessions_tell_whether_runs_were_combined(study: Study, tmp_path: Path) -> None:
    run = RUN | {"NoiseModel": "spm"}
    for session in ("pre", "post"):
        folder = tmp_path / "sub-01" / f"ses-{session}"
        folder.mkdir(parents=True)
        sidecar = folder / f"sub-01_ses-{session}_measures.json"
        sidecar.write_text(json.dumps({"Runs": [run]}), encoding="utf-8")
    assert "several runs" not in participant_methods(study, output_dir=tmp_path)
    sidecar.write_text(json.dumps({"Runs": [run, run]}), encoding="utf-8")
    assert "several runs of a task in a session" in participant_methods(study, output_dir=tmp_path)
