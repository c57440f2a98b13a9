"""Functions of matrices, against SciPy and by hand."""

import numpy as np
import pytest
from scipy.linalg import expm

from bids_ketamine.core.dcm.matrix_functions import (
    flow_step,
    log_determinant,
    matrix_exponential,
    principal_directions,
    regularized_inverse,
)

SMALLEST_RIDGE = np.exp(-32.0)


def random_matrix(size, seed):
    return np.random.default_rng(seed).normal(size=(size, size))


def negative_definite(size, seed):
    root = random_matrix(size, seed)
    return -(root @ root.T + np.eye(size))


# Exponential --------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", [0.0, 1e-8, 0.3, 0.5, 1.0, 7.0, 60.0])
def test_exponential_is_that_of_scipy(norm):
    for seed in range(5):
        matrix = random_matrix(6, seed)
        matrix *= norm / np.abs(matrix).sum(axis=1).max()
        expected = expm(matrix)
        error = np.abs(matrix_exponential(matrix) - expected).max() / np.abs(expected).max()
        # 2^s squarings multiply rounding by as much.
        assert error < 1e-14 * max(1.0, norm)


@pytest.mark.parametrize("norm", [1e3, 1e5])
def test_exponential_of_a_large_stable_matrix(norm):
    matrix = negative_definite(5, 3)
    matrix *= norm / np.abs(matrix).sum(axis=1).max()
    matrix[0, :] = 0.0
    matrix[0, 0] = -1.0
    np.testing.assert_allclose(matrix_exponential(matrix), expm(matrix), rtol=0, atol=1e-10)


def test_exponential_of_a_rotation():
    for angle in (0.1, 2.0, 1000.0):
        found = matrix_exponential(np.array([[0.0, -angle], [angle, 0.0]]))
        expected = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15 * max(angle, 10.0))


def test_exponentials_of_a_stack_are_those_of_its_matrices():
    stack = np.stack([scale * random_matrix(4, 1) for scale in (1e-3, 1.0, 5.0)])
    found = matrix_exponential(stack.reshape(3, 1, 4, 4))
    assert found.shape == (3, 1, 4, 4)
    for own, matrix in zip(found[:, 0], stack, strict=True):
        np.testing.assert_allclose(own, expm(matrix), rtol=1e-12, atol=1e-13)


def test_exponential_of_what_is_not_finite():
    for value in (np.nan, np.inf):
        assert np.isnan(matrix_exponential(np.array([[value, 0.0], [0.0, 1.0]]))).all()


# Log-determinant and inverse ------------------------------------------------------------------


def test_log_determinant_is_that_of_numpy_where_nothing_is_singular():
    matrix = -negative_definite(7, 2)
    assert log_determinant(matrix) == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-12)


def test_log_determinant_passes_over_what_is_singular():
    assert log_determinant(np.diag([2.0, 0.0, 5.0])) == pytest.approx(np.log(10.0), abs=1e-14)
    assert log_determinant(np.zeros((3, 3))) == 0.0
    # Rank one with eigenvalues 2 and about 1e-17.
    assert log_determinant(np.ones((2, 2))) == pytest.approx(np.log(2.0), abs=1e-14)
    # Singular values beyond (1e-16, 1e16) do not count.
    assert log_determinant(np.diag([1e-17, 3.0, 1e17])) == pytest.approx(np.log(3.0), abs=1e-14)
    # A zero on the diagonal drops a row, though the matrix is regular.
    assert log_determinant(np.array([[0.0, 1.0], [1.0, 2.0]])) == pytest.approx(np.log(2.0))


def test_inverse_is_that_of_numpy_where_nothing_is_singular():
    for matrix in (-negative_definite(6, 4), random_matrix(6, 5)):
        expected = np.linalg.inv(matrix)
        np.testing.assert_allclose(regularized_inverse(matrix), expected, rtol=1e-10, atol=1e-11)


def test_inverse_of_a_singular_matrix_has_a_ridge():
    found = regularized_inverse(np.diag([1.0, 0.0]))
    np.testing.assert_allclose(found, np.diag([1.0, 1.0 / SMALLEST_RIDGE]), rtol=1e-12)
    # The ridge grows with the matrix: three times the distance from 1e9 to the next number.
    found = regularized_inverse(np.diag([1e9, 1.0, 0.0]))
    np.testing.assert_allclose(found[2, 2], 1.0 / (3.0 * np.spacing(1e9)), rtol=1e-12)
    # Eigenvalues 2 and 0: one half of (1, 1)' (1, 1) / 2, and the rest by the ridge.
    found = regularized_inverse(np.ones((2, 2)))
    np.testing.assert_allclose(found @ np.ones(2), [0.5, 0.5], rtol=0.05)
    assert found[0, 0] - found[0, 1] == pytest.approx(1.0 / SMALLEST_RIDGE, rel=0.05)


def test_inverse_leaves_its_argument_alone():
    matrix = np.diag([4.0, 2.0])
    regularized_inverse(matrix)
    np.testing.assert_array_equal(matrix, np.diag([4.0, 2.0]))


# Flow -----------------------------------------------------------------------------------------


def time_of(curvature, log_time):
    return np.exp(log_time - np.linalg.slogdet(curvature)[1] / len(curvature))


@pytest.mark.parametrize("log_time", [-8.0, -4.0, 0.0, 1.5])
def test_step_is_the_exponential_of_the_augmented_flow(log_time):
    curvature, gradient = negative_definite(4, 6), random_matrix(4, 7)[0]
    time = time_of(curvature, log_time)
    augmented = np.zeros((5, 5))
    augmented[1:, 0], augmented[1:, 1:] = time * gradient, time * curvature
    found = flow_step(curvature, gradient, log_time=log_time)
    np.testing.assert_allclose(found, expm(augmented)[1:, 0], rtol=1e-11)


def test_a_short_step_follows_the_gradient_and_a_long_one_is_newton():
    curvature, gradient = negative_definite(5, 8), random_matrix(5, 9)[0]
    short = flow_step(curvature, gradient, log_time=-20.0)
    np.testing.assert_allclose(short, time_of(curvature, -20.0) * gradient, rtol=1e-6)
    newton = -np.linalg.solve(curvature, gradient)
    np.testing.assert_allclose(flow_step(curvature, gradient, log_time=8.0), newton, rtol=1e-10)
    # Beyond exp(16) it is computed in another way.
    np.testing.assert_allclose(flow_step(curvature, gradient, log_time=40.0), newton, rtol=1e-8)
    np.testing.assert_allclose(flow_step(curvature, gradient, log_time=np.inf), newton, rtol=1e-8)


def test_directions_without_curvature_follow_the_gradient():
    curvature, gradient = np.diag([-4.0, 0.0]), np.array([1.0, 3.0])
    # The zero does not count in the determinant, but in its root: time = 1 / sqrt(4).
    found = flow_step(curvature, gradient, log_time=0.0)
    np.testing.assert_allclose(found, [(1.0 - np.exp(-2.0)) / 4.0, 1.5], rtol=1e-12)


def test_an_upward_curvature_drives_away():
    found = flow_step(np.diag([1.0, -1.0]), np.array([1.0, 1.0]), log_time=0.0)
    np.testing.assert_allclose(found, [np.e - 1.0, 1.0 - 1.0 / np.e], rtol=1e-12)


# Directions -----------------------------------------------------------------------------------


def test_directions_of_a_diagonal_are_unit_vectors_by_decreasing_variance():
    found = principal_directions(np.diag([1.0, 0.0, 4.0, 1.0]), tolerance=1e-32)
    np.testing.assert_array_equal(found, np.eye(4)[:, [2, 0, 3]])


def test_directions_of_a_covariance_of_low_rank():
    root = random_matrix(6, 10)[:, :2]
    covariance = root @ root.T
    found = principal_directions(covariance, tolerance=1e-20)
    assert found.shape == (6, 2)
    np.testing.assert_allclose(found.T @ found, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(found @ found.T @ covariance, covariance, atol=1e-13)
    variances = np.diagonal(found.T @ covariance @ found)
    assert variances[0] > variances[1] > 0.0


def test_a_direction_is_dropped_by_its_share_of_the_squared_variance():
    # Mean square of 1 and 0.1 is 0.505; 0.1^2 is 0.0198 of it.
    covariance = np.diag([1.0, 0.1])
    assert principal_directions(covariance, tolerance=0.019).shape == (2, 2)
    assert principal_directions(covariance, tolerance=0.020).shape == (2, 1)
