"""Sentences on parametric empirical Bayes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bids_ketamine.reports.methods_peb import entries_of, peb_paragraphs
from bids_ketamine.reports.methods_text import boilerplate, group_methods, group_text
from bids_ketamine.study.load import Study

HEADING = "Effective connectivity of the group"
FACTS = {
    "Outcome": "caps5",
    "Fields": ["modulation"],
    "PrecisionComponents": "all",
    "Level": 0.9,
    "WithinParticipantFirst": False,
    "StudentDegreesOfFreedom": 4,
}


def _text(study: Study, *facts: dict[str, Any], **changes: Any) -> tuple[str, set[str]]:
    cited: set[str] = set()
    assert study.spec.peb is not None
    peb = replace(study.spec.peb, **changes)
    return " ".join(peb_paragraphs(peb, spec=study.spec, facts=facts, cited=cited)), cited


def test_study_is_told(study: Study) -> None:
    text, cited = _text(study)
    for sentence in (
        "(PEB; Friston et al., 2016; Zeidman et al., 2019, part 2)",
        "Parameters: modulations.",
        "whether it goes with improvement (caps5), both by one level over all "
        "sessions of all participants, with the columns mean, "
        "session (\u2212\u00bd and +\u00bd), improvement, and session \u00d7 "
        "improvement",
        "over all participants and in each arm",
        "The two arms were compared in one second level over the participants of both, with the "
        "columns above and each of them times arm (\u2212\u00bd for midazolam and +\u00bd for "
        "ketamine), whose effects are the differences between arms: arms are fixed effects, and "
        "results are told from this level. Beside it stands the comparison that SPM12 and "
        "published analyses make, a third level over two arms' second levels",
        "two of them cannot tell how much arms vary, so the prior does, and it says little",
        "Improvement was centred in the participants of a level, in each arm where two are "
        "compared, and divided by its standard deviation in all who entered the analysis",
        "one precision for each parameter: the exponential of a parameter (prior mean 0, variance "
        "1/16) times the precision that belongs to 1/16 of the prior variance of the first level",
        "with a sixteenth of its prior's precision added",
        "divided by the mean square of the column",
        "at most 64 iterations",
        "Effects have 90 % intervals",
        "Pp would exceed .95 in 10 % of cases (5 % in each direction)",
        "from a greedy search over nested models",
        "Student's t distribution with 4 degrees of freedom",
        "Departures from SPM12: log-determinants are taken one by one",
    ):
        assert sentence in text
    assert "of the variance, and an improvement" not in text
    assert cited == {"friston2016", "zeidman2", "gelman"}


def test_settings_are_told(study: Study) -> None:
    text, _ = _text(
        study,
        fields=("connection", "driving"),
        precision_components="single",
        level=0.95,
        degrees_of_freedom=6.0,
        within_participant_first=True,
        minimum_explained_variance=0.1,
    )
    for sentence in (
        "Parameters: connections (those of regions to themselves too) and driving inputs.",
        "one precision for all parameters together",
        "95 % intervals",
        "with 6 degrees of freedom",
        "a first level over the two sessions of each participant (mean, session) and a second",
        "Random effects of participants have",
        "explaining at least 10 % of the variance",
    ):
        assert sentence in text


def test_facts_take_the_place_of_wishes(study: Study) -> None:
    text, _ = _text(study, FACTS, level=0.5, within_participant_first=True, fields=("driving",))
    assert "90 % intervals" in text
    assert "by one level over all sessions" in text
    assert "Parameters: modulations." in text
    odd, _ = _text(study, dict.fromkeys(FACTS, object()))
    assert "90 % intervals" in odd


@pytest.mark.parametrize("told", [None, "x", 5, [1, "x"], {"Model": "m"}])
def test_damaged_records_have_no_entries(told: object) -> None:
    assert entries_of(told) == ()


def test_section_hangs_on_study_and_facts(study: Study) -> None:
    def told(study: Study, facts: dict[str, Any]) -> bool:
        return HEADING in [heading for heading, _ in group_text(study, facts=facts).sections]

    assert told(study, {})
    assert told(study, {"ParametricEmpiricalBayes": [FACTS]})
    assert not told(study, {"Participants": 5})  # a group level without it
    assert not told(replace(study, spec=replace(study.spec, peb=None)), {})
    assert not told(replace(study, spec=replace(study.spec, dcm=None)), {})


def test_one_arm_has_no_third_level(study: Study) -> None:
    spec = replace(study.spec, arms=None)
    text = group_methods(replace(study, spec=spec))
    assert "third level over" not in text
    assert "in one second level over" not in text
    assert "participants of a level and divided by" in text
    assert "All but the first were asked over all participants." in text


def test_more_arms_are_compared_with_the_reference(study: Study) -> None:
    assert study.spec.arms is not None
    arms = replace(study.spec.arms, levels=("placebo", "low", "high"))
    text = group_methods(replace(study, spec=replace(study.spec, arms=arms)))
    told = "Each other arm and placebo were compared in one second level over the participants of "
    assert told in text
    assert "(\u2212\u00bd for placebo and +\u00bd for low or high)" in text


def test_references_are_listed_once(study: Study) -> None:
    text = boilerplate(study)
    for doi in ("10.1016/j.neuroimage.2015.11.015", "10.1016/j.neuroimage.2019.06.032"):
        assert text.count(doi) == 1
