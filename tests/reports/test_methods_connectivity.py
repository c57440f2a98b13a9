"""Sentences on generalized PPI, representational similarity and resting correlations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.reports.methods_facts import run_facts, task_facts
from bids_ketamine.reports.methods_gppi import gppi_paragraphs
from bids_ketamine.reports.methods_rsa import rsa_paragraphs
from bids_ketamine.reports.methods_text import boilerplate, participant_methods, participant_text
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import ConfoundsSpec, GppiSpec, RsaSpec

NO_CONFOUNDS = ConfoundsSpec(
    columns=(), compcor_components=0, motion="none", outliers=None, non_steady_state=False
)


def _gppi(study: Study, *facts: dict[str, Any], **changes: Any) -> tuple[str, set[str]]:
    cited: set[str] = set()
    spec = replace(GppiSpec(confounds=NO_CONFOUNDS), **changes)
    return " ".join(gppi_paragraphs(spec, study.spec.tasks, facts=facts, cited=cited)), cited


def _rsa(
    study: Study, *facts: dict[str, Any], noise_model: str = "spm", **changes: Any
) -> tuple[str, set[str]]:
    cited: set[str] = set()
    spec, task = replace(RsaSpec(task="faces"), **changes), study.spec.tasks[0]
    told = rsa_paragraphs(spec, task, noise_model=noise_model, facts=facts, cited=cited)
    return " ".join(told), cited


def test_conn_tells_what_is_regressed_and_in_which_order(study: Study) -> None:
    text, cited = _gppi(study)
    for sentence in (
        "Generalized psychophysiological interactions (McLaren et al., 2012) of the tasks faces "
        "and stroop were estimated",
        "as CONN does (Whitfield-Gabrieli and Nieto-Castanon, 2012), from its equations",
        "the regressor of each condition and of error trials and its temporal derivative, and a "
        "linear trend were regressed out by least squares; series were band-pass filtered "
        "afterwards (0.008 to 0.09 Hz)",
        "They were not deconvolved",
        "averaged over a repetition time around the reference time of each volume",
        "the regressors of all conditions and the products of the seed with every condition, "
        "which were not filtered",
        "Fisher's z of its semipartial correlation",
        "Runs were cleaned one by one and joined",
        "sum of those of its conditions, each with its weight: a difference between conditions "
        "where the weights sum to zero, else coupling relative to no condition.",
        "Both directions of a pair, each region the seed of the other, were computed; the measure "
        "(`gppi`) is their mean.",
        "Standard errors allow for the serial correlation of the residuals.",
    ):
        assert sentence in text
    assert "uisance" not in text
    assert cited == {"mclaren", "conn"}


def test_gppi_of_a_study_names_its_nuisance(study: Study) -> None:
    text = participant_methods(study)
    own = text[text.index("## Generalized PPI") : text.index("## Representational")]
    assert "From the mean series of a region, nuisance regressors, the regressor of each" in own
    assert "Nuisance regressors were csf and white_matter, the first 5 anatomical CompCor" in own
    for doi in ("2012.03.068", "brain.2012.0073"):
        assert text.count(doi) == 1
    assert "S1053-8119(03)00058-2" not in text


@pytest.mark.parametrize(
    ("band", "words"),
    [
        (None, "series were not filtered."),
        ((0.01, 0.1), "band-pass filtered afterwards (0.01 to 0.1 Hz)"),
    ],
)
def test_band_as_asked_for(study: Study, band: Any, words: str) -> None:
    assert words in _gppi(study, band_pass=band)[0]


def test_facts_of_sidecars_take_the_place_of_wishes(study: Study) -> None:
    fact = {"Method": "conn", "Measure": "regression", "BandPass": None}
    text, _ = _gppi(study, fact, fact, method="spm", band_pass=(0.01, 0.1))
    assert "as CONN does" in text
    assert "series were not filtered." in text
    assert "regression coefficient, a change of the slope of the target on the seed" in text
    assert "Fisher" not in text
    # Sidecars that do not agree, or hold something else: the study decides.
    mixed, _ = _gppi(study, fact, fact | {"Measure": "correlation"}, {"Method": ["x"]})
    assert "Fisher's z" in mixed


def test_joint_fits_cleaning_and_interaction_at_once(study: Study) -> None:
    text, cited = _gppi(study, method="joint")
    assert "with cleaning and interactions fitted at once" in text
    assert (
        "and all frequencies outside 0.008 to 0.09 Hz, were taken out in one least-squares" in text
    )
    assert "afterwards" not in text
    assert "which were not filtered" not in text
    assert "conn" in cited
    assert "frequencies" not in _gppi(study, method="joint", band_pass=None)[0]


def test_spm_tells_of_deconvolution(study: Study) -> None:
    text, cited = _gppi(study, method="spm", tasks=("stroop",))
    for sentence in (
        "of the task stroop were estimated",
        "as SPM12 does (Gitelman et al., 2003), from its equations",
        "its first eigenvariate, deconvolved to neural activity with the fixed priors of SPM12",
        "multiplied with the input of each condition, which had lost its mean, and convolved with "
        "the canonical haemodynamic response again",
        "As a target a region was its mean series.",
        "Whitening, high-pass filter and nuisance regressors were those of the task's GLM.",
    ):
        assert sentence in text
    assert "Hz" not in text
    assert "CONN" not in text
    assert cited == {"mclaren", "gitelman", "spm"}


def test_rsa_as_the_study_asks(study: Study) -> None:
    text, cited = _rsa(study, pairs=(("fearful", "neutral"),))
    for sentence in (
        "cross-validated squared distances of patterns (Nili et al., 2014; Walther et al., 2016; "
        "Diedrichsen et al., 2016)",
        "Each trial type had a regressor of its own in each partition of the data",
        "A partition was each block where every trial type comes in several, else the first and "
        "the second half of each block.",
        "shrunk to its diagonal, as much as the residuals ask for (Ledoit and Wolf, 2004); "
        "patterns were multiplied with its inverse square root",
        "with that in the mean of all other partitions, averaged over partitions and divided by "
        "the number of voxels",
        "biases the contrast even where patterns are equal (Cai et al., 2019)",
        "The measure is the contrast minus the predicted bias, which follows for each pair from "
        "the covariance of the estimates; the raw contrast is kept beside it.",
        "The serial covariance that whitening left was measured in the residuals of the regions' "
        "voxels (a first-order autoregression, corrected for the fit) and enters the predicted "
        "bias and the standard errors.",
        "divided by the number of voxels (squared distance / voxel).",
        "Measures (`ldc`) are the contrasts of fearful against neutral in each region.",
    ):
        assert sentence in text
    assert cited == {"walther", "nili", "diedrichsen", "cai", "ledoit", "spm"}


def test_trial_types_are_those_of_conditions_that_the_pairs_touch(study: Study) -> None:
    assert "shapes" not in _rsa(study, pairs=(("fearful", "neutral"),))[0].split("(task")[0]
    assert "shape" in _rsa(study)[0].split("(task")[0]
    named = _rsa(study, trial_types=("b", "a"))[0]
    assert "of the trial types b and a (task faces)" in named
    assert "all pairs of trial types in each region" in named


@pytest.mark.parametrize(
    ("covariance", "words"),
    [
        ("diagonal", "covariances of voxels were taken as zero"),
        ("full", "from the residuals, without shrinkage"),
        ("identity", "Patterns were not normalised by their noise."),
    ],
)
def test_other_covariances(study: Study, covariance: str, words: str) -> None:
    text, cited = _rsa(study, covariance=covariance, training="gls", maximum_partitions=6)
    assert words in text
    assert "ledoit" not in cited
    assert "generalized least squares" in text
    assert "neighbouring blocks shared one where a run would have had more than 6" in text


def test_runs_as_partitions_have_no_bias(study: Study) -> None:
    text, _ = _rsa(study, partition="run")
    assert "Partitions were whole runs, which share no noise" in text
    assert "corrected for the fit) and enters the standard errors." in text
    assert "minus the predicted bias" not in text
    # A largest number of partitions is one of blocks.
    most = _rsa(study, partition="run", maximum_partitions=6)[0]
    assert "A partition was each run. Whitening" in most
    assert "neighbouring blocks" not in _rsa(study, partition="half_block", maximum_partitions=6)[0]
    # What there was counts, not what was asked for.
    by_run = {"Partition": "one partition per run", "Partitions": 6}
    assert "Partitions were whole runs" in _rsa(study, by_run, by_run)[0]
    by_block = by_run | {"Partition": "one partition per block"}
    assert "minus the predicted bias" in _rsa(study, by_run, by_block, partition="run")[0]


def test_unit_of_contrasts(study: Study) -> None:
    unit = "(squared percent of the grand mean / voxel)"
    assert f"divided by the number of voxels {unit}." in _rsa(study, covariance="identity")[0]
    told = {"Covariance": "identity", "Units": "squared distance / voxel"}
    assert "number of voxels (squared distance / voxel)." in _rsa(study, told)[0]


def test_pairs_are_compared_with_trial_types_as_models_compare_them(study: Study) -> None:
    plain = _rsa(study, pairs=(("fearful", "neutral"),))[0].split("(task")[0]
    assert _rsa(study, pairs=((" fearful", "neutral "),))[0].split("(task")[0] == plain


def test_partitions_that_there_were(study: Study) -> None:
    first = {
        "Partition": "one partition per half of a block",
        "Partitions": 2,
        "TrialTypes": ["x", "y"],
    }
    text, _ = _rsa(study, first, first)
    assert "trial types x and y (task faces)" in text
    assert "There was one partition per half of a block (2 in a session)." in text
    second = first | {"Partition": "one partition per block", "Partitions": 4}
    text, _ = _rsa(study, first, second, second | {"Partitions": 6}, second | {"Partitions": 0})
    assert (
        "There was one partition per half of a block (2 in a session; 1 of 3 sessions) and one "
        "partition per block (4\u20136 in a session; 2 of 3 sessions)."
    ) in text
    damaged, _ = _rsa(study, {"Partition": 3, "Partitions": "x", "TrialTypes": 5})
    assert "A partition was each block" in damaged


@pytest.mark.parametrize(
    ("model", "words", "cites"),
    [
        ("spm", "Whitening, high-pass filter and nuisance regressors were those", True),
        ("ols", "series were not whitened.", False),
        ("ols", "The serial covariance was measured in the residuals", False),
        ("ar1", "estimated over the voxels of all regions by restricted maximum likelihood", True),
    ],
)
def test_whitening_of_each_noise_model(study: Study, model: str, words: str, cites: bool) -> None:
    text, cited = _rsa(study, noise_model=model)
    assert words in text
    assert ("spm" in cited) == cites
    run = {"Task": "faces", "NoiseModel": model}
    whole = participant_text(study, runs=[run], rsa=[{"Runs": 1}]).markdown()
    assert words in whole


def test_nuisance_regressors_that_there_were(study: Study) -> None:
    runs = [["csf", "a_comp_cor_00"], ["csf", "a_comp_cor_00"]]
    text, _ = _gppi(study, {"Confounds": runs}, confounds=study.spec.gppi.confounds)
    assert "Nuisance regressors were csf, 1 anatomical CompCor component a run" in text
    odd, _ = _gppi(study, {"Confounds": "x"}, {"Confounds": [3]})
    assert "uisance" not in odd


def test_partial_correlations_are_named(study: Study) -> None:
    rest = replace(study.spec.rest, correlations=("pearson", "partial"))
    text = participant_methods(replace(study, spec=replace(study.spec, rest=rest)))
    assert "the plain Pearson correlation of their series (`resting_connectivity`) and" in text
    assert "the partial correlation of their series, given those of all other regions" in text
    assert "the partial correlation" not in participant_methods(study)


def test_only_methods_with_facts_are_told_of_a_run(study: Study) -> None:
    run = {"Task": "faces", "Volumes": 200}
    told = [heading for heading, _ in participant_text(study, runs=[run]).sections]
    assert "Generalized PPI" not in told
    assert "Representational similarity" not in told
    both = participant_text(study, runs=[run], gppi=[{"Method": "conn"}], rsa=[{"Runs": 1}])
    told = [heading for heading, _ in both.sections]
    assert told.index("Task models") < told.index("Generalized PPI")
    assert told.index("Generalized PPI") < told.index("Representational similarity")
    without = replace(study, spec=replace(study.spec, gppi=None, rsa=None))
    told = [heading for heading, _ in participant_text(without).sections]
    assert "Generalized PPI" not in told


def test_fewest_degrees_of_freedom(study: Study) -> None:
    text = participant_methods(study)
    assert "20 at rest, 20 for generalized PPI and 20 for representational similarity" in text


def test_facts_are_found_in_the_tree(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "sub-01" / "ses-pre" / "func"
    folder.mkdir(parents=True)
    stem = "sub-01_ses-pre_task-faces_atlas-x"
    (folder / f"{stem}_gppi.json").write_text('{"Method": "spm"}', encoding="utf-8")
    rsa = json.dumps({"Partition": "one partition per block", "Partitions": 4})
    (folder / f"{stem}_stat-ldc_dissimilarity.json").write_text(rsa, encoding="utf-8")
    runs = json.dumps({"Runs": [{"Task": "faces"}, 5]})
    sidecar = folder.parent / "sub-01_ses-pre_measures.json"
    sidecar.write_text(runs, encoding="utf-8")
    assert run_facts(tmp_path) == ({"Task": "faces", "Session": "sub-01_ses-pre"},)
    assert task_facts(tmp_path, "gppi", participant="01") == ({"Method": "spm"},)
    assert task_facts(tmp_path, "gppi", participant="02") == ()
    text = boilerplate(study, output_dir=tmp_path)
    assert "as SPM12 does (Gitelman et al., 2003)" in text
    assert "There was one partition per block (4 in a session)." in text
    assert text.count("doi:10.1016/S1053-8119(03)00058-2") == 1
    sidecar.write_text('{"Runs": 3}', encoding="utf-8")
    assert run_facts(tmp_path) == ()
