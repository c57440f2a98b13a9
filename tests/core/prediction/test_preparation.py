"""Predictors prepared without those left out: by hand, by numpy, and under permutation."""

import numpy as np
import pytest

from bids_ketamine.core.group.residualization import residualize_on_motion
from bids_ketamine.core.prediction.columns import arms_codes
from bids_ketamine.core.prediction.imputation import imputed
from bids_ketamine.core.prediction.motion import (
    motion_slopes,
    sessions_of,
    without_unknown_motion,
)
from bids_ketamine.core.prediction.permutation import permuted_rows
from bids_ketamine.core.prediction.preparation import design_stack, prepare_blocks, prepare_rows
from bids_ketamine.core.prediction.sets import left_out_sets, set_position
from bids_ketamine.core.prediction.trial_data import BASELINE, CHANGE, TIMINGS
from tests.core.prediction.drawn_trials import (
    LEVELS,
    SETTINGS,
    drawn_trial,
    numeric,
    permuted_imaging,
    with_imaging,
)

METHODS = ("chained_equations", "median")
MODELS = ("measures", "by_arm", "by_arm_and_concurrent")


def blocks_of(trial, timing=CHANGE, *, pairs=True, n_jobs=1, **settings):
    sets = left_out_sets(len(trial.participants), pairs=pairs)
    return prepare_blocks(
        trial, timing=timing, settings=SETTINGS._replace(**settings), sets=sets, n_jobs=n_jobs
    )


def design_of(blocks, trial, model="by_arm", order=None):
    return design_stack(
        blocks,
        arms_codes=arms_codes(trial.arms, trial.levels),
        levels=trial.levels,
        model=model,
        concurrent=trial.concurrent,
        order=order,
    )


# Motion ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("timing", TIMINGS)
def test_slopes_are_least_squares_over_training_rows(timing):
    trial = drawn_trial(0)
    values, fd = sessions_of(trial.imaging, timing=timing)
    sets = left_out_sets(12, pairs=True)
    training = ~(np.arange(12) == sets[:, :, np.newaxis]).any(axis=1)
    found = motion_slopes(values, fd, training=training)
    for rows, slope, mean_fd in zip(training, *found, strict=True):
        for measure in range(7):
            y, x = values[:, rows, measure].ravel(), fd[:, rows, measure].ravel()
            known = np.isfinite(y)
            line = np.column_stack([np.ones(known.sum()), x[known]])
            expected = np.linalg.lstsq(line, y[known], rcond=None)[0][1]
            assert slope[measure] == pytest.approx(expected, rel=1e-9, abs=1e-11)
            assert mean_fd[measure] == pytest.approx(x[known].mean(), rel=1e-13)


@pytest.mark.parametrize("timing", TIMINGS)
def test_nobody_left_out_is_the_residualization_of_the_group_level(timing):
    trial = drawn_trial(1, missing=False)
    values, fd = sessions_of(trial.imaging, timing=timing)
    residuals = residualize_on_motion(values=values.reshape(-1, 7), mean_fd=fd.reshape(-1, 7))
    sessions = residuals.values.reshape(values.shape)
    expected = sessions[1] - sessions[0] if timing == CHANGE else sessions[0]
    found = blocks_of(trial, timing, pairs=False).imaging[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_baseline_sees_no_second_session():
    trial = drawn_trial(2)
    nothing = np.full((12, 7), np.nan)
    alone = with_imaging(trial, second=nothing, second_fd=nothing)
    found, expected = (blocks_of(each, BASELINE).imaging for each in (trial, alone))
    assert np.array_equal(found, expected)


def test_rules_of_unknown_motion():
    trial = drawn_trial(3, missing=False)
    first_fd, second_fd = trial.imaging.first_fd.copy(), trial.imaging.second_fd.copy()
    first_fd[4, 0] = np.nan  # others have one: the value cannot be compared
    first_fd[:, 1], second_fd[:, 1] = np.nan, np.nan  # nobody has one
    first_fd[:, 2], second_fd[:, 2] = 0.1, 0.1  # does not vary
    second_fd[3, 2] = np.nan
    first_fd[:, 3], second_fd[2:, 3] = np.nan, np.nan  # two observations
    trial = with_imaging(trial, first_fd=first_fd, second_fd=second_fd)
    block = without_unknown_motion(trial.imaging, timing=CHANGE)
    assert np.argwhere(np.isnan(block.first)).tolist() == [[4, 0]]
    assert np.isfinite(block.second).all()
    change = trial.imaging.second - trial.imaging.first
    found = blocks_of(trial).imaging
    np.testing.assert_allclose(found[:, :, 1:4], np.broadcast_to(change, found.shape)[:, :, 1:4])
    assert not np.allclose(found[:, :, 4], change[:, 4])
    assert np.isfinite(found).all()
    off = blocks_of(trial, residualize_motion=False).imaging
    np.testing.assert_array_equal(off, np.broadcast_to(change, off.shape))


# What sets see --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("timing", TIMINGS)
def test_training_rows_know_nothing_of_those_left_out(timing, method):
    trial = drawn_trial(4)
    found = blocks_of(trial, timing, imputation=method)
    rng = np.random.default_rng(0)
    for place, rows in enumerate(found.sets[:40]):
        out = rows[rows >= 0]
        far = [values.copy() for values in trial.imaging[1:]]
        for values in far:
            values[out] += 1e3 * np.abs(rng.standard_normal((len(out), 7)))
        covariates = [np.array(each.values) for each in trial.covariates]
        for values in covariates:
            values[out] -= 1e3
        changed = trial._replace(
            imaging=type(trial.imaging)(trial.imaging.names, *far),
            covariates=tuple(numeric(f"c{j}", each) for j, each in enumerate(covariates)),
        )
        again = prepare_rows(
            changed,
            timing=timing,
            settings=SETTINGS._replace(imputation=method),
            left_out=out,
        )
        others = found.training[place]
        for block in ("imaging", "covariates", "scores"):
            one, other = getattr(again, block)[0], getattr(found, block)[place]
            assert np.array_equal(one[others], other[others])
            assert len(out) == 0 or not np.array_equal(one, other)


def test_each_set_by_hand():
    trial = drawn_trial(5)
    found = blocks_of(trial)
    values, fd = sessions_of(trial.imaging, timing=CHANGE)
    place = set_position(12, 4, 9)
    training = np.ones(12, dtype=bool)
    training[[4, 9]] = False
    assert np.array_equal(found.training[place], training)
    residuals = residualize_on_motion(
        values=values[:, training].reshape(-1, 7), mean_fd=fd[:, training].reshape(-1, 7)
    )
    moved = (values[1] - values[0]) - residuals.slope * (fd[1] - fd[0])
    expected = imputed(moved, training=training, method="chained_equations")
    np.testing.assert_allclose(found.imaging[place], expected, rtol=0, atol=1e-12)
    covariates = np.column_stack([each.values for each in trial.covariates])
    expected = imputed(covariates, training=training, method="chained_equations")
    assert np.array_equal(found.covariates[place], expected)
    scores = found.imaging[place] - found.imaging[place][training].mean(axis=0)
    scores /= found.imaging[place][training].std(axis=0, ddof=1)
    np.testing.assert_allclose(found.scores[place], scores, atol=1e-12)
    assert found.imaging_names == trial.imaging.names
    assert found.covariate_names == ("c0", "c1", "c2")


def test_threads_batches_and_single_sets_agree_to_the_last_digit():
    trial = drawn_trial(6)
    found, threaded = blocks_of(trial), blocks_of(trial, n_jobs=2)
    assert np.array_equal(found.imaging, threaded.imaging)
    for place, rows in enumerate(found.sets):
        one = prepare_rows(trial, timing=CHANGE, settings=SETTINGS, left_out=rows[rows >= 0])
        assert np.array_equal(one.imaging[0], found.imaging[place])
        assert np.array_equal(one.covariates[0], found.covariates[place])
        assert np.array_equal(one.scores[0], found.scores[place])


def test_any_number_of_rows_left_out():
    trial = drawn_trial(7, missing=False)
    one = prepare_rows(trial, timing=BASELINE, settings=SETTINGS, left_out=np.array([1, 2, 5, 8]))
    kept = np.delete(np.arange(12), [1, 2, 5, 8])
    residuals = residualize_on_motion(
        values=trial.imaging.first[kept], mean_fd=trial.imaging.first_fd[kept]
    )
    np.testing.assert_allclose(one.imaging[0][kept], residuals.values, atol=1e-12)
    with pytest.raises(ValueError, match="leave participants"):
        prepare_rows(trial, timing=BASELINE, settings=SETTINGS, left_out=np.arange(12))


def test_whole_sample_is_the_set_of_nobody_everywhere():
    trial = drawn_trial(8)
    once, folds = blocks_of(trial, preparation="whole_sample"), blocks_of(trial)
    assert once.imaging.shape == folds.imaging.shape
    for block in ("imaging", "covariates", "scores"):
        assert (getattr(once, block) == getattr(folds, block)[0]).all()
    assert once.training.all()
    with pytest.raises(ValueError, match="preparation must be one of"):
        blocks_of(trial, preparation="once")


def test_nothing_to_prepare_shares_memory():
    trial = drawn_trial(9, missing=False)
    found = blocks_of(trial, residualize_motion=False)
    change = trial.imaging.second - trial.imaging.first
    assert (found.imaging == change).all()
    assert found.imaging.strides[0] == found.covariates.strides[0] == 0


@pytest.mark.parametrize("method", METHODS)
def test_measures_without_values_or_variation_in_a_training_set(method):
    trial = drawn_trial(10, missing=False)
    first = trial.imaging.first.copy()
    first[2:, 0] = np.nan  # only participants 0 and 1 have one
    first[3:, 1] = 1.5
    trial = with_imaging(trial, first=first)
    found = blocks_of(trial, BASELINE, residualize_motion=False, imputation=method)
    pair = set_position(12, 0, 1)
    assert np.isfinite(found.imaging).all()
    assert np.isfinite(found.scores).all()
    assert found.imaging[pair, 2:, 0].tolist() == [0.0] * 10
    assert found.imaging[pair, :2, 0].tolist() == first[:2, 0].tolist()
    assert (found.scores[pair, :, 0] == 0.0).all()
    three = prepare_rows(
        trial,
        timing=BASELINE,
        settings=SETTINGS._replace(residualize_motion=False, imputation=method),
        left_out=np.arange(3),
    )
    assert (three.scores[0][:, 1] == 0.0).all()
    one_left = found.imaging[set_position(12, 0, -1), 2:, 0]
    assert (one_left == first[1, 0]).all()


# Designs --------------------------------------------------------------------------------------


def test_columns_of_each_model():
    trial = drawn_trial(11, p=2, q=1)
    blocks = blocks_of(trial)
    measures = design_of(blocks, trial, "measures")
    assert measures.names == ("m0", "m1", "c0")
    assert measures.kinds == ("imaging", "imaging", "covariate")
    assert np.array_equal(measures.stack, np.concatenate([blocks.imaging, blocks.covariates], 2))
    full = design_of(blocks, trial, "by_arm_and_concurrent")
    assert full.names[3:] == (
        "arm=ketamine",
        "m0 x ketamine",
        "m1 x ketamine",
        "concurrent improvement",
    )
    assert full.kinds[3:] == ("arm", "interaction", "interaction", "concurrent")
    ketamine = np.array([arm == LEVELS[1] for arm in trial.arms])
    place = set_position(12, 3, 6)
    training = blocks.training[place]
    imaging = blocks.imaging[place]
    scores = (imaging - imaging[training].mean(axis=0)) / imaging[training].std(axis=0, ddof=1)
    expected = np.column_stack(
        [
            imaging,
            blocks.covariates[place],
            ketamine,
            scores[:, 0] * ketamine,
            scores[:, 1] * ketamine,
            trial.concurrent,
        ]
    )
    np.testing.assert_allclose(full.stack[place], expected, atol=1e-12)
    by_arm = design_of(blocks, trial, "by_arm")
    assert by_arm.names == full.names[:-1]
    assert np.array_equal(by_arm.stack, full.stack[:, :, :-1])


def test_three_arms_have_two_dummies_and_interactions_of_each():
    trial = drawn_trial(12, p=1, q=0)
    levels = ("placebo", "low", "high")
    trial = trial._replace(levels=levels, arms=tuple(levels[row % 3] for row in range(12)))
    blocks = blocks_of(trial)
    design = design_of(blocks, trial)
    assert design.names == ("m0", "arm=low", "arm=high", "m0 x low", "m0 x high")
    assert design.stack[0, :3, 1:3].tolist() == [[0, 0], [1, 0], [0, 1]]
    for column, level in ((3, 1), (4, 2)):
        expected = np.where(np.arange(12) % 3 == level, blocks.scores[:, :, 0], 0.0)
        np.testing.assert_array_equal(design.stack[:, :, column], expected)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("preparation", ["training_folds", "whole_sample"])
def test_permuted_imaging_is_the_permuted_block_of_the_permuted_set(timing, model, preparation):
    trial = drawn_trial(13)
    order = permuted_rows(1, groups=arms_codes(trial.arms, trial.levels), seed=5)
    assert [trial.arms[row] for row in order] == list(trial.arms)
    assert (order != np.arange(12)).sum() > 6
    blocks = blocks_of(trial, timing, preparation=preparation)
    anew = permuted_imaging(trial, order)
    expected = design_of(blocks_of(anew, timing, preparation=preparation), anew, model)
    found = design_of(blocks, trial, model, order=order)
    assert found.names == expected.names
    np.testing.assert_allclose(found.stack, expected.stack, rtol=0, atol=1e-9)
    plain = design_of(blocks, trial, model)
    same = design_of(blocks, trial, model, order=np.arange(12))
    assert np.array_equal(plain.stack, same.stack)
    assert not np.allclose(plain.stack, found.stack)


def test_what_a_design_refuses():
    trial = drawn_trial(14)
    blocks = blocks_of(trial, pairs=False)
    with pytest.raises(ValueError, match="needs an arm of every participant"):
        design_of(blocks, trial._replace(arms=("", *trial.arms[1:])))
    with pytest.raises(ValueError, match="needs a concurrent outcome"):
        design_of(blocks, trial._replace(concurrent=None), "by_arm_and_concurrent")
    with pytest.raises(ValueError, match="model must be one of"):
        design_of(blocks, trial, "everything")
    one = prepare_rows(trial, timing=CHANGE, settings=SETTINGS, left_out=np.array([2, 3, 4]))
    with pytest.raises(ValueError, match="no set leaves out the rows"):
        design_of(one, trial, order=np.roll(np.arange(12), 1))


def test_text_must_be_coded_first():
    trial = drawn_trial(15)
    text = trial.covariates[0]._replace(kind="categorical", values=("a", "b") * 6)
    with pytest.raises(ValueError, match=r"coded first, got \['c0'\]"):
        blocks_of(trial._replace(covariates=(text,)))
    with pytest.raises(ValueError, match="timing must be one of"):
        blocks_of(trial, "after")
