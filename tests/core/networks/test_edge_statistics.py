"""Tests of every edge: equal to those of single measures, missing values, thresholds, matrices."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.group import t_tests
from bids_ketamine.core.group.inference import false_discovery_rate
from bids_ketamine.core.networks.edge_statistics import EDGE_COLUMNS, edge_statistics
from bids_ketamine.core.networks.edges import edges_of_matrices, matrix_of_edges

N_REGIONS, N_EDGES = 6, 15
NAMES = ["a", "b", "None", "d", "e", "f"]


def drawn(n, *, missing=0.1, seed=0):
    random = np.random.default_rng(seed)
    values = random.normal(0.2, 0.3, size=(n, N_EDGES))
    values[random.random(values.shape) < missing] = np.nan
    return values


def statistics(first, second, test, *, minimum_participants=2, n_regions=N_REGIONS):
    return edge_statistics(
        first=first,
        second=second,
        test=test,
        n_regions=n_regions,
        minimum_participants=minimum_participants,
        confidence_level=0.95,
    )


@pytest.mark.parametrize("test", ["paired", "student", "welch", "one_sample"])
def test_each_edge_is_the_test_of_its_values(test):
    first, second = drawn(12), drawn(12 if test == "paired" else 9, seed=1)
    found = statistics(first, None if test == "one_sample" else second, test)
    for edge in range(N_EDGES):
        if test == "one_sample":
            one = t_tests.one_sample_t_test(
                values=first[:, edge], population_mean=0.0, confidence_level=0.95
            )
        else:
            single = getattr(t_tests, f"{test}_t_test")
            one = single(first=first[:, edge], second=second[:, edge], confidence_level=0.95)
        for field in ("estimate", "statistic", "df", "p_value", "ci_low", "ci_high", "n"):
            assert getattr(found.result, field)[edge] == pytest.approx(
                float(getattr(one, field)), rel=1e-12
            )


def test_numbers_of_participants_differ_by_edge():
    first = drawn(5, missing=0.0)
    first[[0, 1, 2], 3] = np.nan
    first[:, 4] = 0.25
    first[:4, 5] = np.nan
    found = statistics(first, None, "one_sample", minimum_participants=3)
    assert found.result.n[[0, 3, 4, 5]].tolist() == [5, 2, 5, 1]
    assert found.result.reason[[0, 3, 4, 5]].tolist() == [
        "",
        "fewer than 3 participants",
        "all values equal",
        "fewer than 3 participants",
    ]
    assert np.isnan(found.result.statistic[[3, 4, 5]]).all()
    assert found.n_tested == 12


def test_the_smaller_group_must_be_large_enough():
    first, second = drawn(8, missing=0.0), drawn(4, missing=0.0)
    second[:2, 7] = np.nan
    found = statistics(first, second, "welch", minimum_participants=3)
    assert found.result.reason[7] == "fewer than 3 participants"
    assert found.n_tested == 14


def test_q_is_over_the_edges_that_were_tested():
    first = drawn(10)
    first[:, 2] = np.nan
    found = statistics(first, None, "one_sample")
    tested = np.arange(N_EDGES) != 2
    np.testing.assert_array_equal(
        found.q_value[tested], false_discovery_rate(p_values=found.result.p_value[tested])
    )
    assert np.isnan(found.q_value[2])


def test_edges_below_a_threshold_are_listed_by_p():
    found = statistics(drawn(10), None, "one_sample")
    p = found.result.p_value
    table = found.below(0.1, by="p_value", region_names=NAMES)
    assert 0 < len(table) == (p < 0.1).sum() < N_EDGES
    assert (np.diff(table["p_value"]) >= 0).all()
    first, second = pair_indices(N_REGIONS)
    best = int(np.nanargmin(p))
    assert table.loc[0, ["first_region", "second_region"]].tolist() == [
        NAMES[first[best]],
        NAMES[second[best]],
    ]
    assert tuple(table.columns) == EDGE_COLUMNS
    assert len(found.below(p.min(), by="p_value", region_names=NAMES)) == 0
    by_q = found.below(0.1, by="q_value", region_names=NAMES)
    assert len(by_q) == (found.q_value < 0.1).sum()


def test_matrices_are_symmetric_and_go_back_to_edges():
    found = statistics(drawn(10), None, "one_sample")
    matrix = found.matrix("statistic")
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.isnan(np.diag(matrix)).all()
    np.testing.assert_array_equal(edges_of_matrices(matrix), found.result.statistic)
    assert matrix[0, 2] == found.result.statistic[1]
    np.testing.assert_array_equal(
        found.matrix("q_value"), matrix_of_edges(found.q_value, n_regions=N_REGIONS)
    )


def test_directed_matrices_have_no_edges():
    with pytest.raises(ValueError, match="symmetric"):
        edges_of_matrices([[1.0, 0.2], [0.5, 1.0]])


@pytest.mark.parametrize(
    ("first", "second", "test", "words"),
    [
        (np.zeros((4, 14)), None, "one_sample", "6 regions have 15 edges"),
        (np.zeros((4, 15)), np.zeros((4, 15)), "one_sample", "needs one"),
        (np.zeros((4, 15)), None, "welch", "needs two"),
        (np.zeros((4, 15)), np.zeros((5, 15)), "paired", "sessions differ in shape"),
        (np.zeros(15), None, "one_sample", "must have shape"),
        (np.zeros((4, 15)), None, "sign", "must be one of"),
    ],
)
def test_wrong_arrays(first, second, test, words):
    with pytest.raises(ValueError, match=words):
        statistics(first, second, test)


def test_names_are_those_of_the_regions():
    found = statistics(drawn(5), None, "one_sample")
    with pytest.raises(ValueError, match="6 regions have 5 names"):
        found.table(NAMES[:5])
    with pytest.raises(ValueError, match="not by 't'"):
        found.below(0.1, by="t", region_names=NAMES)


def test_edges_of_a_whole_brain():
    """394 regions, 77,421 edges."""
    random = np.random.default_rng(0)
    first, second = (random.normal(size=(20, 77421)) for _ in range(2))
    first[random.random(first.shape) < 0.02] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = statistics(first, second, "paired", n_regions=394)
    assert found.n_tested == 77421
