"""Means over the edges of networks: shared regions, regions left out, too few edges."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bids_ketamine.core.networks.network_means import (
    NETWORK_COLUMNS,
    NetworkMeasure,
    network_mean,
    network_table,
)

NAMES = ["sgL", "sgR", "pcc", "mpfc", "None", "v1"]


@pytest.fixture
def matrix():
    """Edge of regions i and j: 10 i + j, for i below j."""
    rows, columns = np.indices((6, 6))
    return 10.0 * np.minimum(rows, columns) + np.maximum(rows, columns)


def mean_of(matrix, measure, *, not_covered=None, minimum_fraction=0.5):
    return network_mean(
        matrix,
        measure,
        region_names=NAMES,
        not_covered=not_covered or {},
        minimum_fraction=minimum_fraction,
    )


def test_within_a_network_every_pair_counts_once(matrix):
    found = mean_of(matrix, NetworkMeasure(name="dmn", first=("sgL", "mpfc", "pcc")))
    assert found.mean == (2 + 3 + 23) / 3
    assert (found.n_edges, found.n_edges_defined, found.fraction) == (3, 3, 1.0)
    assert found.regions == ("sgL", "pcc", "mpfc")


def test_the_diagonal_does_not_enter(matrix):
    np.fill_diagonal(matrix, np.inf)
    assert mean_of(matrix, NetworkMeasure(name="dmn", first=("sgL", "pcc"))).mean == 2.0


def test_a_part_against_the_rest_of_its_network(matrix):
    """sgACC and the rest of the default mode: neither sgL-sgR nor an edge within the rest."""
    dmn = ("sgL", "sgR", "pcc", "mpfc")
    found = mean_of(matrix, NetworkMeasure(name="sg", first=("sgL", "sgR"), second=dmn))
    assert found.mean == (2 + 3 + 12 + 13) / 4
    assert found.n_edges == 4


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        ("first", [2, 12]),  # sgL, sgR against pcc
        ("second", [1, 2]),  # sgL against sgR, pcc
        ("neither", [2]),  # sgL against pcc
    ],
)
def test_a_shared_region_counts_where_it_is_told(matrix, shared, expected):
    measure = NetworkMeasure(
        name="pair", first=("sgL", "sgR"), second=("sgR", "pcc"), shared=shared
    )
    found = mean_of(matrix, measure)
    assert found.n_edges_defined == len(expected)
    assert found.mean == np.mean(expected)


def test_networks_without_a_shared_region(matrix):
    for shared in ("first", "second", "neither"):
        measure = NetworkMeasure(
            name="pair", first=("v1", "None"), second=("sgL", "pcc"), shared=shared
        )
        assert mean_of(matrix, measure).mean == (5 + 25 + 4 + 24) / 4


def test_regions_that_are_not_covered_are_left_out_and_recorded(matrix):
    found = mean_of(
        matrix,
        NetworkMeasure(name="dmn", first=("sgL", "sgR", "pcc", "mpfc")),
        not_covered={"sgR": "coverage 31% is under 50%", "v1": "no signal"},
    )
    assert found.mean == (2 + 3 + 23) / 3
    assert (found.n_edges, found.fraction) == (3, 0.5)
    assert found.left_out == {"sgR": "coverage 31% is under 50%"}


def test_edges_without_a_value_are_left_out(matrix):
    matrix[0, 2] = matrix[2, 0] = np.nan
    matrix[3], matrix[:, 3] = np.nan, np.nan
    measure = NetworkMeasure(name="dmn", first=("sgL", "sgR", "pcc", "mpfc"))
    found = mean_of(matrix, measure, minimum_fraction=0.3)
    assert found.mean == (1 + 12) / 2
    assert (found.n_edges, found.n_edges_defined) == (2, 6)
    assert found.left_out == {"mpfc": "no edge with a value"}
    few = mean_of(matrix, measure, minimum_fraction=0.5)
    assert np.isnan(few.mean)
    assert few.reason == "2 of 6 edges have a value, fewer than 50 %"


def test_no_edge_at_all_has_a_reason(matrix):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = mean_of(
            np.full((6, 6), np.nan),
            NetworkMeasure(name="dmn", first=("sgL", "pcc")),
            minimum_fraction=0.0,
        )
    assert np.isnan(found.mean)
    assert found.reason == "none of 1 edges has a value"
    assert found.regions == ()


def test_the_table_holds_a_row_a_measure(matrix):
    measures = [
        NetworkMeasure(name="dmn", first=("sgL", "pcc", "mpfc")),
        NetworkMeasure(name="visual", first=("v1", "None")),
    ]
    table = network_table(
        matrix,
        measures,
        region_names=NAMES,
        not_covered={"mpfc": "no signal"},
        minimum_fraction=0.2,
    )
    assert tuple(table.columns) == NETWORK_COLUMNS
    assert table[["measure", "mean", "n_edges", "n_regions"]].to_numpy().tolist() == [
        ["dmn", 2.0, 1, 2],
        ["visual", 45.0, 1, 2],
    ]
    assert table["left_out"].tolist() == ["mpfc: no signal", ""]


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ({"first": ("sgL", "x", "y")}, "not there: x, y"),
        ({"first": ("sgL", "pcc", "sgL")}, "twice: sgL"),
        ({"first": ("sgL",)}, "has no edge"),
        ({"first": ("sgL",), "second": ("sgL",)}, "has no edge"),
        ({"first": ("sgL",), "second": ("pcc",), "shared": "both"}, "'both'"),
    ],
)
def test_wrong_measures(matrix, measure, words):
    with pytest.raises(ValueError, match=words):
        mean_of(matrix, NetworkMeasure(name="dmn", **measure))


def test_wrong_matrices(matrix):
    measure = NetworkMeasure(name="dmn", first=("sgL", "pcc"))
    with pytest.raises(ValueError, match="6 regions need a matrix"):
        mean_of(matrix[:5, :5], measure)
    matrix[0, 1] += 1.0
    with pytest.raises(ValueError, match="symmetric"):
        mean_of(matrix, measure)
    with pytest.raises(ValueError, match="same name: a"):
        network_mean(
            np.zeros((2, 2)),
            measure,
            region_names=["a", "a"],
            not_covered={},
            minimum_fraction=0.5,
        )
    with pytest.raises(ValueError, match="minimum_fraction"):
        mean_of(np.zeros((6, 6)), measure, minimum_fraction=50)
