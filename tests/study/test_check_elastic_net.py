"""Rules on the elastic net, from the text of a study."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.study.load import load_study
from bids_ketamine.study.measure_names import can_be_chosen, is_chosen, possible_measures
from bids_ketamine.study.spec import ElasticNetSpec

CHANGE = "changes: {change: {first: pre, second: post}}\n"
SESSIONS = ('sessions: {pre: {label: "01"}}\n', 'sessions: {pre: {label: "01"}, post: {}}\n')
OUTCOMES = "outcomes: {caps5: {table: caps5, column: total}, madrs: {change_column: fall}}\n"
COVARIATES = "covariates: {age: {}, gender: {kind: categorical}, income: {optional: true}}\n"
WITHOUT = "; `elastic_net: null` leaves the method out"
PRESET = "extends: norbury2021\nname: mine\n"


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


@pytest.fixture
def own(tmp_path):
    def own(text):
        path = tmp_path / "own.yml"
        path.write_text(PRESET + text, encoding="utf-8")
        return load_study(str(path))

    return own


def test_defaults(two_sessions):
    study = two_sessions(CHANGE, OUTCOMES, "elastic_net: {outcome: caps5}\n")
    assert study.notices == ()
    section = study.spec.elastic_net
    assert section == ElasticNetSpec(outcome="caps5")
    assert (section.concurrent_outcome, section.covariates) == (None, None)
    assert (section.measures, section.baseline_covariates) == ((), ())
    assert section.l1_ratios == tuple(k / 10 for k in range(11))
    assert (section.n_penalties, section.selection) == (100, "minimum_mse")
    assert section.threshold == 0.0
    assert (section.imputation, section.preparation) == ("chained_equations", "training_folds")
    assert (section.maximum_missing, section.folds, section.repeats) == (0.5, 10, 10)
    assert (section.permutations, section.stop_at) == (1000, 10)
    assert (section.bootstraps, section.level, section.baseline_outcome) == (200, 0.95, True)


def test_all_settings_are_read(two_sessions):
    text = (
        "elastic_net: {outcome: caps5, concurrent_outcome: madrs, covariates: [age], "
        "measures: ['activation faces effect *', activation faces effect b], "
        "baseline_covariates: [income], baseline_outcome: false, l1_ratios: [1, 0.5], "
        "n_penalties: 20, selection: one_standard_error, threshold: 1.0e-7, imputation: median, "
        "preparation: whole_sample, maximum_missing: 0.2, folds: 5, repeats: 2, permutations: 99, "
        "stop_at: 0, bootstraps: 50, level: 0.9}\n"
    )
    assert two_sessions(CHANGE, OUTCOMES, COVARIATES, text).spec.elastic_net == ElasticNetSpec(
        outcome="caps5",
        concurrent_outcome="madrs",
        measures=("activation faces effect *", "activation faces effect b"),
        baseline_outcome=False,
        covariates=("age",),
        baseline_covariates=("income",),
        l1_ratios=(1.0, 0.5),
        n_penalties=20,
        selection="one_standard_error",
        threshold=1e-7,
        imputation="median",
        preparation="whole_sample",
        maximum_missing=0.2,
        folds=5,
        repeats=2,
        permutations=99,
        stop_at=0,
        bootstraps=50,
        level=0.9,
    )
    none = two_sessions(CHANGE, OUTCOMES, "elastic_net: {outcome: caps5, covariates: []}\n")
    assert none.spec.elastic_net.covariates == ()


def test_the_participant_level_does_not_depend_on_it(two_sessions):
    without = two_sessions(CHANGE, OUTCOMES).spec
    assert study_hash(two_sessions(CHANGE, OUTCOMES, "elastic_net: {outcome: caps5}\n").spec) == (
        study_hash(without)
    )


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            "outcome: caps",
            "elastic_net.outcome names no outcome of the study: `caps`; did you mean `caps5`? "
            f"outcomes: caps5, madrs{WITHOUT}",
        ),
        (
            "outcome: caps5, concurrent_outcome: madr",
            "elastic_net.concurrent_outcome names no outcome of the study: `madr`; did you mean "
            "`madrs`? outcomes: madrs",
        ),
        (
            "outcome: caps5, concurrent_outcome: caps5",
            "elastic_net.concurrent_outcome is the outcome itself, `caps5`; name another outcome, "
            "or none",
        ),
        (
            "outcome: caps5, covariates: [ages]",
            "elastic_net.covariates names no covariate of the study: `ages`; did you mean `age`? "
            "covariates: age, gender, income",
        ),
        (
            "outcome: caps5, baseline_covariates: [wealth]",
            "elastic_net.baseline_covariates names no covariate of the study: `wealth`; "
            "covariates: age, gender, income",
        ),
        (
            "outcome: caps5, covariates: [age, age]",
            "elastic_net.covariates names `age` twice",
        ),
        (
            "outcome: caps5, covariates: [age, income], baseline_covariates: [income]",
            "elastic_net: `income` stands in covariates, which enter all models, and in "
            "baseline_covariates; keep one",
        ),
        (
            "outcome: caps5, measures: [activation faces effct a]",
            "elastic_net.measures: no measure of the study fits `activation faces effct a`; did "
            "you mean `activation faces effect a`?",
        ),
        (
            "outcome: caps5, measures: ['gppi *', 'activation *']",
            "elastic_net.measures: no measure of the study fits `gppi *`; names are made of "
            "measure, task, contrast and regions: `activation faces *`",
        ),
        (
            "outcome: caps5, measures: ['*', '*']",
            "elastic_net.measures names `*` twice",
        ),
        ("outcome: caps5, l1_ratios: []", "elastic_net.l1_ratios names no mixing parameter"),
        ("outcome: caps5, l1_ratios: [0.5, 0.5]", "elastic_net.l1_ratios names 0.5 twice"),
        (
            "outcome: caps5, l1_ratios: [0.5, 1.5]",
            "elastic_net.l1_ratios.1 must be at most 1, not 1.5",
        ),
        (
            "outcome: caps5, maximum_missing: 50",
            "elastic_net.maximum_missing must be at most 1, not 50; it is a share (10 percent are "
            "0.1)",
        ),
        ("outcome: caps5, folds: 1", "elastic_net.folds must be at least 2, not 1"),
        ("outcome: caps5, permutations: 0", "elastic_net.permutations must be at least 1, not 0"),
        (
            "outcome: caps5, n_lambdas: 50",
            "unknown key `n_lambdas` in elastic_net; known keys: baseline_covariates, "
            "baseline_outcome, bootstraps, concurrent_outcome, covariates, folds, imputation, "
            "l1_ratios, level, maximum_missing, measures, n_penalties, outcome, permutations, "
            "preparation, repeats, selection, stop_at, threshold",
        ),
    ],
)
def test_problems(problems, section, told):
    assert problems(CHANGE, OUTCOMES, COVARIATES, f"elastic_net: {{{section}}}\n") == [told]


def test_an_outcome_needs_the_two_sessions_of_a_change(problems):
    assert problems(
        "outcomes: {caps5: {change_column: d}}\n", "elastic_net: {outcome: caps5}\n"
    ) == [
        "elastic_net.outcome: the improvement of `caps5` belongs to no change, and measures of "
        f"two sessions are compared; name these sessions under `changes`{WITHOUT}"
    ]


def test_concurrent_improvement_is_over_the_same_sessions(problems):
    changes = "changes: {late: {first: pre, second: post}, back: {first: post, second: pre}}\n"
    outcomes = "outcomes: {caps5: {column: a}, madrs: {column: b, change: back}}\n"
    section = "elastic_net: {outcome: caps5, concurrent_outcome: madrs}\n"
    assert problems(changes, outcomes, section) == [
        "elastic_net.concurrent_outcome: the improvement of `madrs` is over `back`, that of "
        "`caps5` over `late`; name an outcome of the same change"
    ]


def test_a_study_without_imaging(tmp_path):
    path = tmp_path / "study.yml"
    text = f"name: mine\n{SESSIONS[1]}{CHANGE}{OUTCOMES}elastic_net: {{outcome: caps5}}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_study(str(path))
    assert caught.value.problems == (
        "line 5: elastic_net needs imaging measures: the study has neither tasks nor "
        f"rest{WITHOUT}",
    )


def test_names_of_measures_are_those_of_the_table(load):
    text = "rest: {correlations: [partial]}\ngppi: {}\nrsa: {task: faces, pairs: [[fear, calm]]}\n"
    assert possible_measures(load(text).spec) == (
        "activation faces effect a",
        "activation faces effect b",
        "gppi faces effect a~b",
        "ldc faces fear vs calm a",
        "ldc faces fear vs calm b",
        "resting_partial_connectivity rest a~b",
    )


def test_regions_that_only_the_atlas_tells_fit_any_pattern(load):
    spec = load("rest: {}\n").spec
    wide = replace(spec, regions=replace(spec.regions, all_columns=True))
    assert can_be_chosen("resting_connectivity rest DMN*~*", possible_measures(wide))
    assert not can_be_chosen("resting_connectivity rest DMN*~*", possible_measures(spec))
    assert not can_be_chosen("resting_connectivity faces *", possible_measures(wide))


@pytest.mark.parametrize(
    ("pattern", "name", "chosen"),
    [
        ("activation *", "activation faces effect a", True),
        ("activation *", "activation_marsbar faces effect a", False),
        ("*vmPFC*", "gppi faces effect amygdala~vmPFC", True),
        ("gppi faces effect a.b", "gppi faces effect a~b", False),
        ("*", "dcm faces circuit connection a > b", True),
    ],
)
def test_stars_stand_for_any_text(pattern, name, chosen):
    assert is_chosen(name, [pattern]) is chosen


def test_the_preset_has_the_six_models_of_the_paper():
    section = load_study("norbury2021").spec.elastic_net
    assert section == ElasticNetSpec(
        outcome="caps5",
        concurrent_outcome="madrs",
        baseline_covariates=(
            "income",
            "social_support",
            "cognition",
            "family_alcohol",
            "cadss_first_infusion",
        ),
    )
    names = possible_measures(load_study("norbury2021").spec)
    chosen = [name for name in names if is_chosen(name, section.measures)]
    assert len(chosen) == 63  # row A14b


def test_what_a_study_takes_out_of_the_preset_leaves_its_elastic_net(own):
    study = own("outcomes: {madrs: null}\ncovariates: {income: null, age: null}\n")
    section = study.spec.elastic_net
    assert section.concurrent_outcome is None
    assert section.baseline_covariates == (
        "social_support",
        "cognition",
        "family_alcohol",
        "cadss_first_infusion",
    )
    assert study.notices == (
        "the third model of the preset's elastic net (`elastic_net.concurrent_outcome`) is left "
        "out: `madrs` is no other outcome of the study",
        "covariates of the preset's baseline models (`elastic_net.baseline_covariates`) are left "
        "out, for the study does not have them: income",
        "outcomes of the preset (`repeated_measures.outcomes`) are left out, for the study does "
        "not have them: madrs",
        "outcomes of the preset (`mixed_models.symptoms.outcomes`) are left out, for the study "
        "does not have them: madrs",
    )


def test_without_its_outcome_the_presets_elastic_net_is_left_out(own):
    study = own("outcomes: {caps5: null}\npeb: null\n")
    assert study.spec.elastic_net is None
    assert study.notices[0] == (
        "elastic net of the preset (`elastic_net`) is left out: elastic_net.outcome names no "
        "outcome of the study: `caps5`; outcomes: madrs"
    )
    with pytest.raises(StudyError, match=r"elastic_net\.outcome names no outcome"):
        own("outcomes: {caps5: null}\npeb: null\nelastic_net: {folds: 5}\n")
    # The other outcome of the preset takes the place of the outcome: there is no third model.
    assert own("elastic_net: {outcome: madrs}\n").spec.elastic_net.concurrent_outcome is None
