"""Sections on networks and visits that name arms: blinded labels, and what stays visible."""

from bids_ketamine.study.blinded_arms import visible_labels, with_blinded_arms
from bids_ketamine.study.load import load_study

LABELS = {"patient": "arm A", "control": "arm B"}


def test_arms_of_every_section_are_blinded() -> None:
    spec = with_blinded_arms(load_study("siegel2021").spec, LABELS)
    assert spec.arms.levels == ("arm A", "arm B")
    assert spec.controls.level == "arm B"
    assert spec.edge_statistics.arms == spec.clinical_course.arms == ("arm A",)
    assert spec.mixed_models[0].arms == ("arm A",)


def test_what_the_study_file_tells_is_said() -> None:
    told = visible_labels(load_study("siegel2021").spec, LABELS)
    assert any("names arms in the mixed model `connectivity`" in each for each in told)
    assert (
        "The study names arms in `edge_statistics`, `controls`, `clinical_course`: whoever knows "
        "the study file can tell them there."
    ) in told
    assert not any("The study names arms in `" in each for each in norbury())


def norbury() -> list[str]:
    labels = {"midazolam": "arm A", "ketamine": "arm B"}
    return visible_labels(load_study("norbury2021").spec, labels)
