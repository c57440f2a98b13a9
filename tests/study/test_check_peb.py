"""Rules on parametric empirical Bayes, from the text of a study."""

from __future__ import annotations

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.study.spec import PebSpec

CHANGE = "changes: {change: {first: pre, second: post}}\n"
SESSIONS = ('sessions: {pre: {label: "01"}}\n', 'sessions: {pre: {label: "01"}, post: {}}\n')
OUTCOME = "outcomes: {caps5: {table: caps5, column: total}}\n"
WITHOUT = "; `peb: null` leaves the method out"


def dcm(modulations="{a > b: [faces]}", name="m"):
    """Write a section with one model of regions a and b."""
    model = f"{{task: faces, regions: [a, b], driving: {{faces: [a]}}, modulations: {modulations}}}"
    return f"dcm: {{models: {{{name}: {model}}}}}\n"


@pytest.fixture
def two_sessions(load):
    """Load a study of two sessions with further sections."""
    return lambda *further: load("".join(further), *SESSIONS)


@pytest.fixture
def problems(two_sessions):
    def problems(*further):
        with pytest.raises(StudyError) as caught:
            two_sessions(*further)
        return [each.split(": ", 1)[1] for each in caught.value.problems]

    return problems


def test_defaults(two_sessions):
    study = two_sessions(CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5}\n")
    assert study.notices == ()
    peb = study.spec.peb
    assert peb == PebSpec(outcome="caps5")
    assert (peb.level, peb.within_participant_first) == (0.9, False)
    assert (peb.fields, peb.precision_components) == (("modulation",), "all")
    assert (peb.degrees_of_freedom, peb.minimum_explained_variance) == (4.0, 0.0)


def test_all_settings_are_read(two_sessions):
    text = (
        "peb: {outcome: caps5, level: 0.95, within_participant_first: true, degrees_of_freedom: 1, "
        "fields: [connection, modulation, driving], precision_components: fields, "
        "minimum_explained_variance: 0.1}\n"
    )
    assert two_sessions(CHANGE, OUTCOME, dcm(), text).spec.peb == PebSpec(
        outcome="caps5",
        level=0.95,
        within_participant_first=True,
        fields=("connection", "modulation", "driving"),
        precision_components="fields",
        degrees_of_freedom=1.0,
        minimum_explained_variance=0.1,
    )


def test_the_participant_level_does_not_depend_on_it(two_sessions):
    without = two_sessions(CHANGE, OUTCOME, dcm()).spec
    assert study_hash(two_sessions(CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5}\n").spec) == (
        study_hash(without)
    )


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        (
            (CHANGE, OUTCOME, "peb: {outcome: caps5}\n"),
            f"peb needs `dcm`, whose models it is about{WITHOUT}",
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps}\n"),
            "peb.outcome names no outcome of the study: `caps`; did you mean `caps5`? outcomes: "
            f"caps5{WITHOUT}",
        ),
        (
            (CHANGE, dcm(), "peb: {outcome: caps5}\n"),
            "peb.outcome names no outcome of the study: `caps5`; the study has no "
            f"outcomes{WITHOUT}",
        ),
        (
            ("outcomes: {caps5: {change_column: d}}\n", dcm(), "peb: {outcome: caps5}\n"),
            "peb.outcome: the improvement of `caps5` belongs to no change, and models of two "
            f"sessions are compared; name these sessions under `changes`{WITHOUT}",
        ),
        (
            (OUTCOME, dcm(), "peb: {outcome: caps5}\n"),  # told once
            "outcome `caps5` needs a change between two sessions",
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5, fields: []}\n"),
            "peb.fields names no field",
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5, fields: [driving, driving]}\n"),
            "peb.fields names `driving` twice",
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5, fields: [transit]}\n"),
            "peb.fields.0 must be one of connection, modulation, driving, not `transit`",
        ),
        (
            (CHANGE, OUTCOME, dcm("{}"), "peb: {outcome: caps5}\n"),
            "peb.fields: no model of the study has a modulation; name other fields" + WITHOUT,
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5, degrees_of_freedom: 0.5}\n"),
            "peb.degrees_of_freedom must be at least 1, not 0.5",
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5, minimum_explained_variance: 10}\n"),
            "peb.minimum_explained_variance must be at most 1, not 10; it is a share (10 percent "
            "are 0.1)",
        ),
        (
            (CHANGE, OUTCOME, dcm(), "peb: {outcome: caps5, precision_components: each}\n"),
            "peb.precision_components must be one of single, all, fields, not `each`",
        ),
    ],
)
def test_problems(problems, sections, told):
    assert problems(*sections) == [told]


def test_a_change_that_is_told_in_one_column_is_one_of_the_studys(two_sessions):
    spec = two_sessions(
        CHANGE, "outcomes: {caps5: {change_column: d}}\n", dcm(), "peb: {outcome: caps5}\n"
    ).spec
    assert spec.peb.outcome == "caps5"


def test_a_model_without_modulations_beside_another_is_told(two_sessions):
    text = (
        "dcm:\n  models:\n"
        "    one: {task: faces, regions: [a], driving: {faces: [a]}}\n"
        "    two: {task: faces, regions: [b], driving: {faces: [b]}, "
        "modulations: {b > b: [faces]}}\n"
    )
    told = "the model `one` (`dcm`) has no modulation: the group level of models (`peb.fields`) "
    study = two_sessions(CHANGE, OUTCOME, text, "peb: {outcome: caps5}\n")
    assert study.notices == (told + "says nothing of it",)
    driven = "peb: {outcome: caps5, fields: [modulation, driving]}\n"
    assert two_sessions(CHANGE, OUTCOME, text, driven).notices == ()
