"""Design matrix against closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.glm.estimability import contrast_matrix
from bids_ketamine.errors import InputDataError
from tests.designs import MICROTIME, build


def canonical(t):
    """The canonical response as a density: gamma(6) - gamma(16) / 6, area one."""
    shape = stats.gamma.pdf(t, 6) - stats.gamma.pdf(t, 16) / 6
    grid = np.arange(0, 32, 0.01)
    area = np.trapezoid(stats.gamma.pdf(grid, 6) - stats.gamma.pdf(grid, 16) / 6, grid)
    return shape / area


def design(events, nuisance=None, n_scans=100, **changed):
    table = pd.DataFrame(events, columns=["onset", "duration", "trial_type"])
    return build(table, nuisance, n_scans=n_scans, t_r=2.0, **changed)


@pytest.mark.parametrize("reference_time", [0.0, 0.975, 1.0])
def test_an_event_of_zero_duration_is_the_response_density_at_the_reference_time(reference_time):
    matrix = design([(10.0, 0.0, "a")], reference_time=reference_time).matrix
    times = np.arange(100) * 2.0 + reference_time
    expected = np.where(times >= 10.0, canonical(np.maximum(times - 10.0, 0.0)), 0.0)
    # nilearn's grid of TR / 50 shifts the response by at most one of its steps.
    assert (
        np.abs(matrix["a"] - expected).max() < 0.04 * np.abs(np.gradient(expected, 2.0)).max() * 2
    )


def test_a_long_block_reaches_one():
    matrix = design([(20.0, 100.0, "a")]).matrix
    assert matrix["a"][55] == pytest.approx(1.0, abs=1e-3)


def test_collinear_columns_are_left_out_by_name_and_conditions_stay():
    rng = np.random.default_rng(0)
    csf = rng.normal(size=100)
    nuisance = pd.DataFrame({"csf": csf, "copy": 2 * csf + 3})
    built = design([(10.0, 20.0, "a")], nuisance)
    assert "csf" in built.matrix
    assert "copy" not in built.matrix
    assert built.dropped == ("design column `copy` left out: a combination of others",)
    assert np.linalg.matrix_rank(built.matrix) == built.matrix.shape[1]
    assert built.residual_df == 100 - built.matrix.shape[1]


def test_drift_has_the_columns_of_the_period():
    # floor(2 * n * t_r / 128) = floor(2 * 100 * 2 / 128) = 3
    assert sum(name.startswith("drift") for name in design([(10.0, 20.0, "a")]).matrix) == 3


def test_a_contrast_over_an_absent_condition_has_a_reason():
    built = design([(10.0, 20.0, "a")])
    vector, reason = contrast_matrix([{"a": 1.0, "b": -1.0}], built)
    assert vector is None
    assert reason == "the design has no regressor for `b`"
    weights, _ = contrast_matrix([{"a": 2.0}], built)
    assert weights is not None
    # The constant is the first column; drift has none.
    assert weights.tolist() == [[0.0], [2.0]]


def test_confounds_of_another_length_are_an_error():
    with pytest.raises(InputDataError, match="99 rows; the BOLD series has 100 volumes"):
        design([(10.0, 20.0, "a")], pd.DataFrame(index=range(99)))


def test_a_condition_that_lives_in_censored_volumes_cannot_be_estimated():
    spikes = pd.DataFrame(
        {f"outlier_{scan:04d}": (np.arange(100) == scan).astype(float) for scan in (97, 98, 99)}
    )
    built = design([(10.0, 20.0, "a"), (194.0, 0.0, "b")], spikes)
    vector, reason = contrast_matrix([{"a": 1.0, "b": -1.0}], built)
    assert vector is None
    assert reason == "the conditions cannot be told from other columns of the design"
    vector, _ = contrast_matrix([{"a": 1.0}], built)
    assert vector is not None


def test_conditions_that_are_the_same_cannot_be_told_apart_but_a_sum_can_be_had():
    built = design([(10.0, 20.0, "a"), (10.0, 20.0, "b")])
    assert contrast_matrix([{"a": 1.0, "b": -1.0}], built)[0] is None
    assert built.dropped == ("design column `b` left out: a combination of others",)


def test_a_confound_may_not_have_the_name_of_a_condition():
    with pytest.raises(InputDataError, match="share the name `a`"):
        design([(10.0, 20.0, "a")], pd.DataFrame({"a": np.arange(100.0)}))


def test_a_condition_of_mixed_durations_is_named():
    built = design([(10.0, 20.0, "a"), (60.0, 0.0, "a")])
    assert built.dropped == (
        "condition `a`: 1 of 2 trials have zero duration beside longer ones and hardly count",
    )


def test_regressors_on_the_microtime_grid_are_the_response_density_at_the_reference_bin():
    for reference_bin, time in ((8, 0.875), (1, 0.0), (None, 1.0)):
        built = design(
            [(10.0, 0.0, "a")], microtime_resolution=16, reference_bin=reference_bin
        ).matrix
        times = np.arange(100) * 2.0 + time
        expected = np.where(times >= 10.0, canonical(np.maximum(times - 10.0, 0.0)), 0.0)
        np.testing.assert_allclose(built["a"], expected, atol=1e-3)


def test_derivatives_and_modulators_are_named_and_orthogonal_to_those_before_them():
    events = [(float(onset), 0.0, "a") for onset in range(10, 180, 16)]
    slow = np.linspace(-1, 1, len(events))
    for changed in ({}, MICROTIME):
        built = design(
            events,
            modulators={"a": {"rt": slow}},
            hrf_model="spm + derivative",
            **changed,
        )
        names = ("a", "a_derivative", "a_by_rt", "a_by_rt_derivative")
        assert built.task_columns == names
        columns = built.matrix[list(names)].to_numpy(copy=True)
        columns /= np.linalg.norm(columns, axis=0)
        np.testing.assert_allclose(columns.T @ columns, np.eye(4), atol=1e-6)
        correlated = design(
            events, modulators={"a": {"rt": slow + 1.0}}, orthogonalize=False, **changed
        ).matrix
        assert abs(np.corrcoef(correlated["a"], correlated["a_by_rt"])[0, 1]) > 0.3


def test_a_modulator_scales_the_response_trial_by_trial():
    events = [(10.0, 0.0, "a"), (100.0, 0.0, "a")]
    built = design(
        events, modulators={"a": {"rt": np.array([2.0, -1.0])}}, orthogonalize=False, **MICROTIME
    ).matrix
    first = built["a"].where(built.index < 45, 0.0)
    second = built["a"].where(built.index >= 45, 0.0)
    np.testing.assert_allclose(built["a_by_rt"], 2.0 * first - second, atol=1e-12)


def test_an_f_contrast_has_a_column_a_row_and_needs_every_row_to_be_estimable():
    built = design([(10.0, 20.0, "a"), (60.0, 20.0, "b")])
    weights, _ = contrast_matrix([{"a": 1.0}, {"b": 1.0, "a": -1.0}], built)
    assert weights.tolist() == [[0.0, 0.0], [1.0, -1.0], [0.0, 1.0]]
    weights, reason = contrast_matrix([{"a": 1.0}, {"c": 1.0}], built)
    assert (weights, reason) == (None, "the design has no regressor for `c`")


def test_hundreds_of_spikes_leave_no_degrees_of_freedom_and_are_named():
    spikes = pd.DataFrame(np.eye(100), columns=[f"outlier_{scan:04d}" for scan in range(100)])
    built = design([(10.0, 20.0, "a")], spikes)
    assert built.residual_df == 1
    # The response to the one block ends with volume 30; later spikes are too many.
    assert built.dropped == (
        "design column `outlier_0030` left out: a combination of others",
        "5 design columns left out (more columns than volumes): `outlier_0095`, `outlier_0096`, "
        "`outlier_0097`, `outlier_0098`, `outlier_0099`",
    )
    assert contrast_matrix([{"a": 1.0}], built)[0] is None


def test_an_f_contrast_of_all_differences_is_that_of_the_independent_ones_in_every_run():
    events = [(10.0, 20.0, "a"), (60.0, 20.0, "b"), (110.0, 20.0, "c")]
    pairs = [{"a": 1.0, "b": -1.0}, {"a": 1.0, "c": -1.0}, {"b": 1.0, "c": -1.0}]
    rng = np.random.default_rng(0)
    for n_columns in (0, 2, 12):
        nuisance = pd.DataFrame(rng.normal(size=(100, n_columns)))
        nuisance.columns = [f"x{number}" for number in range(n_columns)]
        weights, _ = contrast_matrix(pairs, design(events, nuisance))
        assert weights[1:4].tolist() == [[1.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]


def test_events_long_before_the_run_keep_their_time_on_the_microtime_grid():
    early = design([(-20.0, 25.0, "a")], **MICROTIME).matrix["a"]
    theirs = design([(-20.0, 25.0, "a")], reference_time=0.875).matrix["a"]
    assert np.corrcoef(early, theirs)[0, 1] > 0.999
    impulse = design([(-10.0, 0.0, "a"), (60.0, 0.0, "a")], **MICROTIME).matrix["a"]
    times = np.arange(100) * 2.0 + 0.875
    expected = canonical(times + 10.0) + np.where(
        times > 60, canonical(np.maximum(times - 60.0, 0.0)), 0.0
    )
    np.testing.assert_allclose(impulse, expected, atol=1e-3)
