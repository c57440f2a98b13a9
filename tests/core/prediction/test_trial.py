"""The models of a trial: what is planted, what is not there, who enters, what is told."""

import numpy as np
import pytest

from bids_ketamine.core.prediction import trial as module
from bids_ketamine.core.prediction.accuracy import accuracy
from bids_ketamine.core.prediction.fitting import STREAMS
from bids_ketamine.core.prediction.leakage import leakage_test
from bids_ketamine.core.prediction.procedure import nested_prediction, sample_of, stack_of
from bids_ketamine.core.prediction.trial import analyse_models
from bids_ketamine.core.prediction.trial_data import (
    BASELINE,
    BY_ARM,
    BY_ARM_AND_CONCURRENT,
    CHANGE,
    MEASURES,
    MODELS,
    TIMINGS,
    Covariate,
    ImagingBlock,
)
from tests.core.prediction import drawn_trials
from tests.core.prediction.drawn_trials import (
    LEVELS,
    drawn_trial,
    permuted_imaging,
    with_imaging,
)

SETTINGS = drawn_trials.SETTINGS._replace(
    l1_ratios=(0.5, 1.0),
    n_penalties=15,
    folds=4,
    permutations=39,
    level=0.9,
    seed=3,
    minimum_participants=3,
)


def a_trial(n=14, p=4, *, effect=8.0, seed=1, arms=LEVELS):
    """Draw a trial whose improvement follows the change of the first measure."""
    return drawn_trial(seed, n=n, p=p, q=1, missing=False, effect=effect, arms=arms)


def results(data, **changed):
    found = analyse_models(data, settings=SETTINGS._replace(**changed))
    return {(each.timing, each.model): each for each in found}


@pytest.fixture(scope="module")
def planted():
    return results(a_trial())


def test_what_is_planted_is_found_where_it_is(planted):
    fit = planted[CHANGE, MEASURES].fit
    assert fit.finding
    assert fit.imaging_test.p_value == 1 / 40
    assert fit.nested_accuracy.r2 > 0.8
    assert fit.covariates_alone.r2 < 0.2
    assert fit.coefficients.names[0] == "m0"
    assert fit.coefficients.selection_frequency[0] == 1.0
    assert fit.coefficients.low[0] > 3.0
    assert not planted[BASELINE, MEASURES].fit.finding


def test_figures_come_in_the_order_in_which_they_flatter():
    """Of noise: in the sample, left out, nested."""
    found = results(a_trial(effect=0.0, p=20, seed=2))[CHANGE, MEASURES].fit
    assert found.grid.r2 >= found.grid.r2_left_out >= found.nested_accuracy.r2
    assert not found.finding


def test_columns_of_the_models(planted):
    fits = {model: planted[CHANGE, model].fit for model in (MEASURES, BY_ARM)}
    assert fits[MEASURES].coefficients.kinds == ("imaging",) * 4 + ("covariate",)
    assert fits[BY_ARM].coefficients.kinds == (
        *fits[MEASURES].coefficients.kinds,
        "arm",
        *("interaction",) * 4,
    )
    assert fits[BY_ARM].coefficients.names[5:7] == ("arm=ketamine", "m0 x ketamine")
    last = planted[CHANGE, BY_ARM_AND_CONCURRENT].fit.coefficients
    assert (last.names[-1], last.kinds[-1]) == ("concurrent improvement", "concurrent")


def test_nothing_leaks(planted):
    for result in planted.values():
        assert result.fit.leakage == (10, 0, 0)
        assert result.fit.leakage.verdict == "passed"


def with_missing(data):
    """Return a trial in which two participants lack a measure, so that it is imputed."""
    missing = data.imaging.second.copy()
    missing[2:4, 1] = np.nan
    return with_imaging(data, second=missing)


def test_preparation_over_the_whole_sample_is_told_and_is_no_error_of_the_software():
    found = results(
        with_missing(a_trial(n=9)), preparation="whole_sample", permutations=1, bootstraps=1
    )[CHANGE, MEASURES]
    assert found.fit.leakage == (9, 0, None)
    assert found.fit.leakage.verdict == "not_tested"
    assert found.notes == (
        "The test of the imaging measures has only 2 different outcomes, so that its p cannot "
        "fall below 0.05.",
        "Motion and missing values were dealt with over the whole sample, so that participants "
        "who are left out had a part in the predictors of the others.",
    )


def test_a_leak_is_noticed(monkeypatch):
    """Designs that are prepared over the whole sample although folds were asked for."""
    whole = SETTINGS._replace(preparation="whole_sample")
    prepared = module.sample_of

    def leaky(data, *, timing, settings):
        sample = prepared(data, timing=timing, settings=whole)
        return sample._replace(settings=settings)

    monkeypatch.setattr(module, "sample_of", leaky)
    found = results(with_missing(a_trial(n=9)), permutations=1, bootstraps=1)
    leakage = found[CHANGE, MEASURES].fit.leakage
    assert leakage == (9, 0, 9)
    assert leakage.verdict == "failed"


def test_a_prediction_that_follows_its_own_outcome_is_noticed():
    outcome = np.arange(4.0)
    found = leakage_test(
        outcome=outcome,
        prediction=outcome.copy(),
        predicted_again=lambda row, changed: float(changed[row]) if row < 3 else 3.0,
        designs=None,
    )
    assert found == (4, 3, None)
    assert found.verdict == "failed"


def test_the_nested_figure_is_that_of_the_nested_procedure(planted):
    data = a_trial()
    sample = sample_of(data, timing=CHANGE, settings=SETTINGS)
    nested = nested_prediction(sample, BY_ARM, outcome=data.outcome)
    fit = planted[CHANGE, BY_ARM].fit
    np.testing.assert_allclose(fit.nested.prediction, nested.prediction, rtol=1e-12)
    expected = accuracy(prediction=nested.prediction, outcome=data.outcome)
    np.testing.assert_allclose(fit.nested_accuracy, expected, rtol=1e-12)


def test_a_permuted_block_is_prepared_as_if_it_had_been_measured_so():
    """Imaging of others in a participant's place, prepared anew: the same designs."""
    data = with_missing(a_trial(n=9))
    order = np.array([2, 3, 0, 1, 6, 5, 8, 7, 4])
    of_all, anew = (
        sample_of(each, timing=CHANGE, settings=SETTINGS)
        for each in (data, permuted_imaging(data, order))
    )
    np.testing.assert_allclose(
        stack_of(of_all, BY_ARM, order=order), stack_of(anew, BY_ARM), rtol=0, atol=1e-9
    )


def test_large_trials_leave_out_folds(monkeypatch):
    monkeypatch.setattr("bids_ketamine.core.prediction.procedure.MOST_LEFT_OUT_ONE", 10)
    fit = results(a_trial())[CHANGE, MEASURES].fit
    assert fit.scheme == "k_fold"
    assert fit.finding
    assert fit.nested_accuracy.r2 > 0.8
    assert fit.leakage.verdict == "passed"


def test_participants_without_an_arm_enter_the_first_model_alone():
    data = a_trial()
    found = results(data._replace(arms=("", *data.arms[1:])), permutations=1, bootstraps=1)
    assert found[CHANGE, MEASURES].excluded == ()
    assert found[CHANGE, BY_ARM].excluded == (("sub-00", "no treatment arm"),)
    assert len(found[CHANGE, BY_ARM].fit.nested.prediction) == 13


def test_a_study_without_arms():
    found = results(a_trial(arms=()), permutations=1, bootstraps=1)
    assert list(found) == [
        (timing, model) for timing in TIMINGS for model in (MEASURES, BY_ARM_AND_CONCURRENT)
    ]
    last = found[CHANGE, BY_ARM_AND_CONCURRENT].fit.coefficients
    assert last.kinds == ("imaging",) * 4 + ("covariate", "concurrent")


def test_three_arms_have_two_dummies_each_with_its_interactions():
    found = results(a_trial(n=15, arms=("a", "b", "c")), permutations=1, bootstraps=1)
    kinds = found[CHANGE, BY_ARM].fit.coefficients.kinds
    assert (kinds.count("arm"), kinds.count("interaction")) == (2, 8)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"outcome": np.full(14, 3.0)}, "the outcome is the same in all participants"),
        (
            {"outcome": np.where(np.arange(14) == 3, 1.0, 0.0)},
            "the outcome is the same in all participants but one",
        ),
        (
            {"outcome": np.where(np.arange(14) < 7, 1.0 * np.arange(14), np.nan)},
            "7 participants, fewer than 8",
        ),
        ({"outcome": np.full(14, np.nan)}, "0 participants, fewer than 8"),
    ],
)
def test_what_cannot_be_predicted_has_a_reason(change, reason):
    found = results(a_trial()._replace(**change))
    assert {each.reason for each in found.values()} == {reason}


def test_measures_that_are_all_constant_leave_nothing_to_predict_from():
    data = a_trial()
    constant = [np.ones_like(each) for each in data.imaging[1:3]]
    data = data._replace(imaging=data.imaging._replace(first=constant[0], second=constant[1]))
    found = results(data)
    assert {each.reason for each in found.values()} == {"no imaging measure can enter"}
    assert {len(each.participants) for each in found.values()} == {14}


def test_one_arm_alone_has_no_interactions_that_copy_measures():
    data = a_trial()._replace(arms=("ketamine",) * 14)
    found = results(data, permutations=1, bootstraps=1)
    last = found[CHANGE, BY_ARM_AND_CONCURRENT]
    assert last.fit.coefficients.kinds == ("imaging",) * 4 + ("covariate", "concurrent")
    assert last.notes[0] == "Nobody who enters is in the arm midazolam."


def test_the_reference_is_an_arm_that_is_there():
    data = a_trial()._replace(levels=("placebo", *LEVELS))
    found = results(data, permutations=1, bootstraps=1)[CHANGE, BY_ARM]
    assert found.fit.coefficients.kinds.count("interaction") == 4
    assert found.fit.coefficients.names[5] == "arm=ketamine"


def test_models_of_fewer_participants_have_the_predictors_of_the_first():
    """What more than half of all lack is left out, though without one it is half."""
    data = a_trial()
    second = data.imaging.second.copy()
    second[:8, 1] = np.nan
    texts = tuple("ab"[row % 2] for row in range(14))
    data = data._replace(
        imaging=data.imaging._replace(second=second),
        concurrent=np.where(np.arange(14) < 2, np.nan, data.concurrent),
        covariates=(Covariate("site", "categorical", texts, TIMINGS),),
    )
    found = results(data, permutations=1, bootstraps=1)
    names = {model: found[CHANGE, model].fit.coefficients.names[:4] for model in MODELS}
    assert set(names.values()) == {("m0", "m2", "m3", "site=b")}
    assert found[CHANGE, BY_ARM_AND_CONCURRENT].dropped == found[CHANGE, MEASURES].dropped
    assert len(found[CHANGE, BY_ARM_AND_CONCURRENT].participants) == 12


def test_complete_cases_leave_out_who_lacks_a_predictor():
    found = results(
        with_missing(a_trial(n=12)), imputation="complete_cases", permutations=1, bootstraps=1
    )[CHANGE, MEASURES]
    assert [each.name for each in found.excluded] == ["sub-02", "sub-03"]
    assert len(found.fit.nested.prediction) == 10


def test_more_threads_than_sets():
    one, many = (
        results(a_trial(n=8), n_jobs=jobs, permutations=2, bootstraps=2, repeats=1)
        for jobs in (1, 64)
    )
    np.testing.assert_array_equal(
        one[CHANGE, MEASURES].fit.nested.prediction, many[CHANGE, MEASURES].fit.nested.prediction
    )


def test_one_arm_alone_and_no_concurrent_outcome():
    data = a_trial()._replace(arms=("ketamine",) * 14, concurrent=None)
    found = results(data, permutations=1, bootstraps=1)
    assert found[CHANGE, BY_ARM].reason == "all participants are in one arm (ketamine)"
    assert found[CHANGE, BY_ARM].fit is None
    assert {model for _, model in found} == {MEASURES, BY_ARM}


def test_more_folds_than_participants_is_told():
    found = results(a_trial(n=9), folds=10, permutations=1, bootstraps=1)[CHANGE, MEASURES]
    assert found.notes[1:] == ("No 10-fold cross-validation: there are 9 participants.",)
    assert found.fit.k_fold == ()
    assert found.fit.k_fold_prediction.shape == (0, 9)


def test_constant_and_collinear_predictors_are_dropped_by_name():
    data = a_trial()
    block = data.imaging
    first, second = block.first.copy(), block.second.copy()
    first[:, 1], second[:, 1] = 0.5, 0.5
    first[:, 3], second[:, 3] = 2.0 * first[:, 2], 2.0 * second[:, 2]
    same_motion = block.first_fd[:, [0]].repeat(4, axis=1)
    data = data._replace(imaging=ImagingBlock(block.names, first, second, same_motion, same_motion))
    found = results(data, permutations=1, bootstraps=1)[CHANGE, MEASURES]
    assert found.dropped == (
        ("m1", "all values equal"),
        ("m3", "`m3` and `m2` are perfectly correlated (r = 1)"),
    )
    assert found.fit.coefficients.names == ("m0", "m2", "c0")


def test_progress_is_told_of_both_tests():
    told = []
    settings = SETTINGS._replace(permutations=2, bootstraps=1, repeats=1)
    next(iter(analyse_models(a_trial(), settings=settings, progress=told.append)))
    assert [(each.test, each.done) for each in told] == [
        ("imaging", 1),
        ("imaging", 2),
        ("outcome", 1),
        ("outcome", 2),
    ]
    assert {(each.timing, each.model) for each in told} == {(CHANGE, MEASURES)}


def test_threads_change_nothing():
    settings = {"permutations": 4, "bootstraps": 4, "repeats": 2}
    one = results(a_trial(), **settings)[CHANGE, BY_ARM].fit
    two = results(a_trial(), n_jobs=2, **settings)[CHANGE, BY_ARM].fit
    np.testing.assert_array_equal(one.imaging_test.null, two.imaging_test.null)
    np.testing.assert_array_equal(one.coefficients.low, two.coefficients.low)
    np.testing.assert_array_equal(one.k_fold_prediction, two.k_fold_prediction)


def test_streams_of_the_two_tests_differ():
    assert len(set(STREAMS.values())) == len(STREAMS)
