"""Sentences on dynamic causal models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bids_ketamine.reports.methods_dcm import circuit_words, dcm_paragraphs, ends_of
from bids_ketamine.reports.methods_text import boilerplate, participant_methods, participant_text
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import DcmModelSpec

FACTS = {
    "Model": "faceCircuit",
    "EchoTime": 0.04,
    "CentreInputs": True,
    "Delay": 0.975,
    "MicrotimeResolution": 16,
    "IntervalLevel": 0.9,
    "Runs": [{}],
}


def _text(study: Study, *facts: dict[str, Any], **changes: Any) -> tuple[str, set[str]]:
    cited: set[str] = set()
    assert study.spec.dcm is not None
    dcm = replace(study.spec.dcm, **changes)
    return " ".join(dcm_paragraphs(dcm, glm=study.spec.glm, facts=facts, cited=cited)), cited


def test_study_is_told(study: Study) -> None:
    text, cited = _text(study)
    for sentence in (
        "Effective connectivity during the task faces was estimated with dynamic causal models "
        "(Friston et al., 2003; Zeidman et al., 2019)",
        "Model `faceCircuit` (task faces): vmPFC and amygdala; connections vmPFC \u2192 amygdala "
        "and amygdala \u2192 vmPFC; all_trials (`faces` + `shapes`) drives amygdala; faces "
        "modulates vmPFC \u2192 amygdala and amygdala \u2192 vmPFC.",
        "its first eigenvariate",
        "cosines of the high-pass filter (128 s) entered as confounds",
        "in 16 bins a repetition time",
        "The mean of each input over the runs was taken out",
        "Every region is sampled at the end of the bin at whose start the regressors of the GLM "
        "are taken, as in SPM12 (the same delay for all)",
        "predictions are filtered as the series were",
        "their standard error is the standard deviation of SPM's posterior",
        "(Stephan et al., 2007), with an echo time of 0.04 s (the constant of SPM12 whatever the "
        "scanner's echo time is)",
        "mean 1/128 and variance 1/64",
        "variational Laplace (Friston et al., 2007)",
        "after 128 iterations is called not converged",
        "Two 90 % intervals are given of each parameter",
        "SPM's is that of the posterior: it takes noise as white",
        "the noise level and the serial correlation that the residuals show",
    ):
        assert sentence in text
    assert cited == {"friston2003", "friston2007", "stephan", "zeidman"}


def test_settings_are_told(study: Study) -> None:
    text, _ = _text(study, echo_time=0.03, centre_inputs=False, interval_level=0.95)
    assert "0.03 s (as the study sets it; the constant of SPM12 is 0.04 s)" in text
    assert "Inputs were not centred" in text
    assert "Two 95 % intervals" in text
    assert "Two 97.5 % intervals" in _text(study, interval_level=0.975)[0]


@pytest.mark.parametrize(
    ("restart", "words"),
    [
        ("never", ""),
        (
            "stalled",
            "a fit whose last steps were all rejected, or that explains less than 10 % of the "
            "variance, was begun again",
        ),
        ("always", "each fit was begun again"),
    ],
)
def test_second_beginnings_are_told(study: Study, restart: str, words: str) -> None:
    text, _ = _text(study, restart=restart)
    assert words in text
    assert ("begun again" in text) == bool(words)


def test_facts_take_the_place_of_wishes(study: Study) -> None:
    text, _ = _text(study, FACTS, FACTS | {"Delay": 1.0}, echo_time=0.03, centre_inputs=False)
    assert "an echo time of 0.04 s (the constant" in text
    assert "The mean of each input over the runs was taken out" in text
    assert "sampled 0.975 to 1 s into its volume, at the end of the bin at whose start" in text
    assert "Runs of a session shared" not in text
    several, _ = _text(study, FACTS | {"Runs": [{}, {}]})
    assert "Runs of a session shared parameters and noise levels" in several
    odd, _ = _text(study, dict.fromkeys(FACTS, "x"))
    assert "an echo time of 0.04 s" in odd


def test_other_noise_models_take_regressors_within_a_bin(study: Study) -> None:
    assert study.spec.dcm is not None
    glm = replace(study.spec.glm, noise_model="ols")
    text = " ".join(dcm_paragraphs(study.spec.dcm, glm=glm, facts=[FACTS], cited=set()))
    told = "0.975 s into its volume, at the end of the bin in which the regressors of the GLM are"
    assert told in text


def test_only_estimated_models_are_told(study: Study) -> None:
    assert study.spec.dcm is not None
    other = DcmModelSpec(name="second", task="stroop", regions=("dACC",), driving={"x": ("dACC",)})
    models = (*study.spec.dcm.models, other)
    both, _ = _text(study, models=models)
    assert "during the tasks faces and stroop" in both
    assert "Model `second` (task stroop): dACC; x drives dACC." in both
    one, _ = _text(study, FACTS, models=models)
    assert "second`" not in one
    assert "during the task faces was" in one


def test_large_models_are_counted() -> None:
    regions = ["a", "b", "c"]
    pairs = [(one, other) for one in regions for other in regions if one != other]
    several = {pair: ["faces"] for pair in [*pairs, ("a", "a")]}
    words = circuit_words(
        [*regions, "d"],
        connections=[*pairs, ("a", "d")],
        inputs={"faces": ["happy", "sad"]},
        driving={},
        modulations=several,
    )
    assert words == (
        "a, b, c and d; 7 connections between regions; faces (`happy` + `sad`) modulates "
        "7 connections."
    )
    one = circuit_words(
        ["a"], connections=[], inputs={}, driving={}, modulations={("a", "a"): ["on"]}
    )
    assert one == "a; on modulates a to itself."
    apart = circuit_words(
        ["a", "b"], connections=[], inputs={}, driving={"on": ["a"]}, modulations={}
    )
    assert apart == "a and b; no connections between regions; on drives a."
    assert ends_of(["a > b", "a-b", "a > b > c"]) == [("a", "b")]


def test_section_stands_between_its_neighbours_and_hangs_on_facts(study: Study) -> None:
    told = [heading for heading, _ in participant_text(study).sections]
    place = told.index("Dynamic causal models")
    assert told[place - 1 : place + 2] == [
        "Generalized PPI",
        "Dynamic causal models",
        "Representational similarity",
    ]
    run = {"Task": "faces", "Volumes": 200}
    absent = participant_text(study, runs=[run])
    assert "Dynamic causal models" not in [heading for heading, _ in absent.sections]
    present = participant_text(study, runs=[run], dcm=[FACTS])
    assert "Dynamic causal models" in [heading for heading, _ in present.sections]
    without = replace(study, spec=replace(study.spec, dcm=None))
    assert "Dynamic causal" not in participant_methods(without)


def test_references_are_listed_once(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "sub-01" / "ses-pre" / "func"
    folder.mkdir(parents=True)
    name = "sub-01_ses-pre_task-faces_atlas-x_model-faceCircuit_desc-dcm_estimates.json"
    (folder / name).write_text(json.dumps(FACTS | {"Delay": 0.5}), encoding="utf-8")
    text = boilerplate(study, output_dir=tmp_path)
    assert "sampled 0.5 s into its volume" in text
    for doi in (
        "S1053-8119(03)00202-7",
        "2006.08.035",
        "2007.07.040",
        "2019.06.031",
    ):
        assert text.count(doi) == 1


@pytest.mark.parametrize("asked", [True, False])
def test_when_parameters_are_missing(study: Study, asked: bool) -> None:
    spec = study.spec if asked else replace(study.spec, dcm=None)
    text = participant_methods(replace(study, spec=spec))
    told = "when one of its regions has no series or one of its inputs is never on"
    assert (told in text) == asked
