"""What the second preset hands down and a study has nothing for is left out, and told."""

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.load import load_study

START = "extends: siegel2021\nname: mine\n"

#: Sections of the preset that rest on others.
SECTIONS = (
    *("cleaning", "networks", "volumes", "edge_statistics", "controls", "reliability"),
    *("clinical_course", "repeated_measures", "primary_outcomes"),
)


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "study.yml"
        path.write_text(START + text, encoding="utf-8")
        return load_study(str(path))

    return loaded


def absent(study):
    return [name for name in SECTIONS if getattr(study.spec, name) is None]


def test_the_preset_itself_has_all():
    study = load_study("siegel2021")
    assert study.notices == ()
    assert absent(study) == []


def test_one_baseline_is_the_baseline(load):
    study = load("sessions: {pre2: null}\n")
    assert study.spec.session_means == {"baseline": ("pre1",)}
    assert [each.name for each in study.spec.changes] == ["change"]
    assert absent(study) == ["reliability"]
    assert study.notices == (
        "the session `baseline` of the preset is pre1 alone: the study does not have `pre2`",
        "the change `normal_variability` of the preset is left out: the study does not have the "
        "session `pre2`",
        "reliability of the preset (`reliability`) is left out: reliability.sessions names no "
        "session of the study: `pre2`; did you mean `pre1`? sessions: pre1, baseline, day1, post, "
        "week8",
    )


def test_a_baseline_of_ones_own_takes_the_place_of_the_mean(load):
    study = load("sessions: {pre1: null, pre2: null, baseline: {mean_of: null, label: before}}\n")
    assert study.spec.session_means == {}
    assert [each.name for each in study.spec.scanned_sessions] == ["baseline", "post"]
    assert study.spec.session("baseline").label == "before"
    assert absent(study) == ["reliability"]
    assert [notice.split("`")[1] for notice in study.notices] == [
        "normal_variability",
        "reliability",
    ]


def test_visits_that_a_study_does_not_have(load):
    study = load("sessions: {week8: null}\n")
    assert study.spec.clinical_course.sessions == ("baseline", "day1", "post")
    assert study.spec.repeated_measures.sessions == ("baseline", "day1", "post")
    assert study.notices == (
        "sessions of the preset (`repeated_measures.sessions`) are left out, for the study does "
        "not have them: week8",
        "sessions of the preset (`clinical_course.sessions`) are left out, for the study does not "
        "have them: week8",
    )


@pytest.mark.parametrize("text", ["sessions: {post: null}\n", "changes: {change: null}\n"])
def test_an_outcome_keeps_its_change(load, text):
    """Improvement must not move to the change between two baselines."""
    with pytest.raises(StudyError) as raised:
        load(text)
    told = " ".join(raised.value.problems)
    known = "changes.change.second names no session: `post`" in told
    assert known or "outcome `madrs`: no change is named `change`" in told


def test_without_both_baselines_a_study_says_what_is_missing(load):
    with pytest.raises(StudyError) as raised:
        load("sessions: {pre1: null, pre2: null}\n")
    told = " ".join(raised.value.problems)
    assert "changes.change.first names no session: `baseline`" in told


def test_without_controls(load):
    study = load("arms: null\n")
    assert absent(study) == ["edge_statistics", "controls", "clinical_course"]
    assert study.spec.mixed_models == ()
    assert study.spec.primary_outcomes.mixed_model is None
    assert study.spec.primary_outcomes.scores == ("madrs", "cgi_i")
    told = " ".join(study.notices)
    assert "the mixed model `connectivity` of the preset (`mixed_models`) is left out" in told
    assert "controls.level names no arm of the study: `control`; the study has no arms" in told
    assert (
        "`primary_outcomes.mixed_model` of the preset is left out: the study does not have the "
        "mixed model `connectivity`" in told
    )


def test_without_resting_scans(load):
    study = load("rest: null\n")
    assert absent(study) == ["cleaning", "networks", "edge_statistics"]
    assert study.spec.volumes is not None
    assert study.spec.mixed_models == ()
    assert study.notices[0] == (
        "the cleaning of resting series of the preset (`cleaning`) is left out: cleaning is about "
        "resting series and needs `rest`"
    )
    assert study.notices[1] == (
        "networks of resting connectivity of the preset (`networks`) is left out: networks are of "
        "resting connectivity and need `rest`"
    )


def test_without_the_outcome(load):
    study = load("outcomes: {madrs: null}\n")
    assert absent(study) == ["clinical_course", "repeated_measures"]
    assert study.spec.volumes.outcome is None
    assert study.spec.primary_outcomes.scores == ("cgi_i",)
    assert study.spec.mixed_models == ()
    assert (
        "`volumes.outcome` of the preset is left out: the study does not have the outcome `madrs`"
    ) in study.notices


def test_without_the_rating(load):
    study = load("outcomes: {cgi_i: null}\n")
    assert absent(study) == []
    assert study.spec.clinical_course.rating is None
    assert study.spec.primary_outcomes.scores == ("madrs",)
    assert study.notices == (
        "outcomes of the preset (`primary_outcomes.scores`) are left out, for the study does not "
        "have them: cgi_i",
        "`clinical_course.rating` of the preset is left out: the study does not have the outcome "
        "`cgi_i`",
    )


def test_without_a_network(load):
    study = load("networks: {regions: {sgACC: null, cortex: null}}\n")
    section = study.spec.networks
    assert section.measures == ("default_mode", "limbic", "visual")
    assert (section.seed_maps, section.signal_reference) == (("limbic",), None)
    assert study.spec.primary_outcomes.measures == (
        "network_connectivity rest default_mode",
        "network_connectivity rest limbic",
    )
    assert study.notices == (
        "networks of the preset (`networks.seed_maps`) are left out, for the study does not have "
        "them: sgACC",
        "pairs of networks of the preset (`networks.between`) are left out, for the study does not "
        "have both: sgACC_default_mode",
        "the preset's comparison of signal quality (`networks.signal_reference`) is left out: the "
        "study does not have the network `cortex`",
        "measures of the preset (`primary_outcomes.measures`) are left out, for the study does not "
        "have them: network_connectivity rest sgACC_default_mode",
    )


def test_without_a_covariate(load):
    study = load("covariates: {education: null}\n")
    matching = study.spec.controls.matching
    assert matching == ("age", "sex", "race", "mean_fd", "minutes")
    assert study.notices == (
        "covariates of the preset (`controls.matching`) are left out, for the study does not have "
        "them: education",
    )


def test_without_cleaning_nobody_is_matched_on_usable_time(load):
    study = load("cleaning: null\n")
    assert "minutes" not in study.spec.controls.matching


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "sessions: {pre2: null}\nreliability: {sessions: [pre1, pre2]}\n",
            "reliability.sessions names no session of the study: `pre2`",
        ),
        (
            "sessions: {pre2: null, baseline: {mean_of: [pre1, pre2]}}\n",
            "sessions.baseline.mean_of names no session of the study: `pre2`",
        ),
        ("arms: null\ncontrols: {caliper: 2}\n", "controls.level names no arm of the study"),
        (
            "networks: {regions: {visual: null}, within: [visual]}\n",
            "networks.within names no network of the study: `visual`",
        ),
    ],
)
def test_what_the_users_own_file_says_is_a_problem(load, text, sentence):
    with pytest.raises(StudyError) as raised:
        load(text)
    assert sentence in " ".join(raised.value.problems)
