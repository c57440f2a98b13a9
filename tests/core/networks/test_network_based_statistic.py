"""Components of strong edges: known answers, exact p, equal t, and how often nothing is found."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest

from bids_ketamine.core.connectivity.matrices import pair_indices
from bids_ketamine.core.networks.components import components, largest_components
from bids_ketamine.core.networks.edge_statistics import edge_statistics
from bids_ketamine.core.networks.network_based_statistic import (
    PrimaryThreshold,
    network_based_statistic,
)
from bids_ketamine.core.networks.permutations import label_shuffles, sign_flips

N_REGIONS, N_EDGES = 8, 28


def edge(one, other, n_regions=N_REGIONS):
    first, second = pair_indices(n_regions)
    return int(np.flatnonzero((first == one) & (second == other))[0])


def threshold(value=3.0, of="t", tail="two_sided"):
    return PrimaryThreshold(value=value, of=of, tail=tail)


def statistic(first, second=None, test="one_sample", **options):
    settings = {
        "n_regions": N_REGIONS,
        "threshold": threshold(),
        "n_permutations": 200,
        "seed": 1,
        "minimum_participants": 3,
    }
    return network_based_statistic(first=first, second=second, test=test, **settings | options)


def noise(n, *, seed=0, missing=0.0):
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, N_EDGES))
    values[random.random(values.shape) < missing] = np.nan
    return values


def test_a_path_and_a_single_edge_are_found():
    """0-1-2-3 rises in everybody, 5-6 falls: two components, the p of the path by enumeration."""
    change = 0.01 * noise(7)
    path = [edge(0, 1), edge(1, 2), edge(2, 3)]
    change[:, path] += 1.0
    change[:, edge(5, 6)] -= 2.0
    found = statistic(change, n_permutations=1000, threshold=threshold(20.0))
    large, small = found.components
    assert large.edges.tolist() == sorted(path)
    assert large.regions.tolist() == [0, 1, 2, 3]
    assert (large.extent, large.n_positive, large.n_negative) == (3, 3, 0)
    assert small.regions.tolist() == [5, 6]
    assert (small.extent, small.n_positive, small.n_negative) == (1, 0, 1)
    # Only the observed arrangement (and its mirror image) of 2^7 has any of these edges.
    assert found.exact
    assert found.n_permutations == 2**6
    assert large.p_extent == large.p_intensity == small.p_extent == 1 / 64
    t = found.statistic
    assert large.intensity == pytest.approx(np.sum(t[path] - 20.0), rel=1e-12)
    assert small.intensity == pytest.approx(-t[edge(5, 6)] - 20.0, rel=1e-12)


def test_exact_p_equals_a_loop_over_all_flips():
    values = noise(6, seed=3) + 0.4
    found = statistic(values, n_permutations=64, threshold=threshold(2.0, tail="greater"))
    assert found.exact
    assert found.n_permutations == 64
    extents, intensities = [], []
    for signs in product([1.0, -1.0], repeat=6):
        flipped = values * np.array(signs)[:, np.newaxis]
        t = flipped.mean(axis=0) / (flipped.std(axis=0, ddof=1) / np.sqrt(6))
        sets = components(t - 2.0, n_regions=N_REGIONS)
        extents.append(max((len(each) for each in sets), default=0))
        intensities.append(max((float((t[each] - 2.0).sum()) for each in sets), default=0.0))
    assert found.components
    for one in found.components:
        assert one.p_extent == np.mean(np.array(extents) >= one.extent)
        assert one.p_intensity == np.mean(np.array(intensities) >= one.intensity - 1e-9)
    np.testing.assert_array_equal(np.sort(found.null_extent), np.sort(extents))
    np.testing.assert_allclose(np.sort(found.null_intensity), np.sort(intensities), atol=1e-12)


@pytest.mark.parametrize("test", ["paired", "one_sample", "student", "welch"])
def test_t_equals_that_of_edge_statistics(test):
    first = noise(11, missing=0.15) + 5.0
    second = None if test == "one_sample" else noise(11, seed=5, missing=0.15) + 5.0
    first[:, 4] = 0.3
    first[2:, 9] = np.nan
    if second is not None:
        second[:, 4] = 0.1
    found = statistic(first, second, test)
    expected = edge_statistics(
        first=first,
        second=second,
        test=test,
        n_regions=N_REGIONS,
        minimum_participants=3,
        confidence_level=0.95,
    )
    np.testing.assert_allclose(found.statistic, expected.result.statistic, rtol=1e-11)
    assert found.n_tested == expected.n_tested == 26


@pytest.mark.parametrize("test", ["paired", "student", "welch"])
def test_a_threshold_on_p_lets_the_edges_below_it_be_strong(test):
    first, second = noise(9, missing=0.2) + 0.5, noise(9, seed=2, missing=0.2)
    found = statistic(first, second, test, threshold=threshold(0.1, of="p"))
    expected = edge_statistics(
        first=first,
        second=second,
        test=test,
        n_regions=N_REGIONS,
        minimum_participants=3,
        confidence_level=0.95,
    )
    strong = sorted(one for component in found.components for one in component.edges)
    assert strong == np.flatnonzero(expected.result.p_value < 0.1).tolist()
    assert strong


def test_one_sided_thresholds_share_out_the_edges():
    values = noise(9, seed=4)
    rise, fall = (
        statistic(values, threshold=threshold(1.0, tail=tail)) for tail in ("greater", "less")
    )
    assert all(one.n_negative == 0 for one in rise.components)
    assert all(one.n_positive == 0 for one in fall.components)
    mirrored = statistic(-values, threshold=threshold(1.0, tail="greater"))
    assert [one.edges.tolist() for one in mirrored.components] == [
        one.edges.tolist() for one in fall.components
    ]


def test_a_two_sided_component_may_hold_both_signs():
    change = 0.01 * noise(8)
    change[:, edge(0, 1)] += 1.0
    change[:, edge(1, 2)] -= 1.0
    found = statistic(change, threshold=threshold(20.0))
    assert [(one.n_positive, one.n_negative) for one in found.components] == [(1, 1)]


def test_the_same_seed_gives_the_same_answer():
    first, second = noise(15), noise(15, seed=1)
    one, same, other = (
        statistic(first, second, "student", threshold=threshold(1.5), seed=seed)
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(one.null_extent, same.null_extent)
    np.testing.assert_array_equal(one.null_intensity, same.null_intensity)
    assert (one.null_intensity != other.null_intensity).any()
    assert not one.exact
    # Drawn: the observed arrangement counts as one more.
    largest = one.components[0]
    n_as_large = int((one.null_extent >= largest.extent).sum())
    assert largest.p_extent == (1 + n_as_large) / 201


def test_labels_shuffled_in_blocks_stay_in_them():
    in_first = np.array([True, True, False, False, True, False, False])
    blocks = ["x", "x", "x", "x", "y", "y", "y"]
    every = label_shuffles(in_first, blocks=blocks, n_permutations=100, seed=0)
    assert every.exact
    assert len(np.unique(every.rows, axis=0)) == len(every.rows) == 6 * 3
    assert (every.rows[:, :4].sum(axis=1) == 2).all()
    assert (every.rows[:, 4:].sum(axis=1) == 1).all()
    drawn = label_shuffles(in_first, blocks=blocks, n_permutations=17, seed=0)
    assert not drawn.exact
    assert (drawn.rows[:, :4].sum(axis=1) == 2).all()
    assert (drawn.rows[:, 4:].sum(axis=1) == 1).all()
    assert len(np.unique(drawn.rows, axis=0)) > 5


def test_a_difference_of_blocks_is_no_difference_of_groups():
    """Two scanners differ much, and hold unequal shares of the groups."""
    first, second = noise(10), noise(10, seed=1)
    blocks = np.array([0] * 8 + [1] * 2 + [0] * 2 + [1] * 8)
    first[8:], second[2:] = first[8:] + 5.0, second[2:] + 5.0
    options = {"test": "student", "n_permutations": 400, "threshold": threshold(2.0)}
    free = statistic(first, second, **options)
    within = statistic(first, second, blocks=blocks, **options)
    assert free.components[0].p_extent < 0.05
    assert within.components[0].p_extent > 0.2


def test_sign_flips_are_all_or_drawn():
    every = sign_flips(4, n_permutations=16, seed=0, both_sides=False)
    assert every.exact
    assert len(np.unique(every.rows, axis=0)) == 16
    half = sign_flips(4, n_permutations=15, seed=0, both_sides=True)
    assert half.exact
    both = np.vstack([half.rows, -half.rows])
    assert len(np.unique(both, axis=0)) == 16
    drawn = sign_flips(30, n_permutations=50, seed=0, both_sides=True)
    assert not drawn.exact
    assert drawn.rows.shape == (50, 30)
    assert set(drawn.rows.ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize("test", ["paired", "student"])
def test_where_nothing_happened_little_is_found(test):
    """300 groups without an effect: p of the largest component below .1 in 15 to 45 of them."""
    random = np.random.default_rng(12)
    found = {"extent": 0, "intensity": 0}
    for number in range(300):
        # Edges of a participant are correlated, as they are in the brain.
        first, second = (
            random.normal(size=(8, N_EDGES)) + random.normal(size=(8, 1)) for _ in range(2)
        )
        one = statistic(
            first, second, test, n_permutations=99, seed=number, threshold=threshold(1.5)
        )
        found["extent"] += any(each.p_extent <= 0.1 for each in one.components)
        found["intensity"] += any(each.p_intensity <= 0.1 for each in one.components)
    assert found["extent"] <= 45
    assert 15 <= found["intensity"] <= 45


def test_nothing_strong_is_no_component():
    found = statistic(noise(9), threshold=threshold(100.0))
    assert found.components == ()
    assert found.null_extent.max() == 0
    assert found.null_intensity.max() == 0.0


def test_values_that_are_missing_everywhere_spread_nowhere():
    values = noise(9, missing=0.2)
    values[3] = np.nan
    values[:, 5] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = statistic(values, -values[::-1], "paired", threshold=threshold(0.5))
        statistic(values, values[:4], "welch", threshold=threshold(0.1, of="p"))
    assert np.isnan(found.statistic[5])
    assert all(np.isfinite(one.intensity) for one in found.components)
    assert np.isfinite(found.null_intensity).all()


def test_largest_components_of_rows_do_not_meet():
    excess = np.full((3, N_EDGES), -1.0)
    excess[0, [edge(0, 1), edge(1, 2), edge(4, 5)]] = [1.0, 1.0, 5.0]
    excess[2, edge(0, 1)] = 0.5
    found = largest_components(excess, n_regions=N_REGIONS)
    assert found.extent.tolist() == [2, 0, 1]
    assert found.intensity.tolist() == [5.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"value": 0.0, "of": "t", "tail": "two_sided"}, "between 0 and inf"),
        ({"value": 1.5, "of": "p", "tail": "two_sided"}, "between 0 and 1"),
        ({"value": 3.0, "of": "z", "tail": "two_sided"}, "of t or p"),
        ({"value": 3.0, "of": "t", "tail": "both"}, "of t or p"),
    ],
)
def test_wrong_thresholds(settings, words):
    with pytest.raises(ValueError, match=words):
        PrimaryThreshold(**settings)


def test_wrong_settings():
    with pytest.raises(ValueError, match="n_permutations"):
        statistic(noise(5), n_permutations=0)
    with pytest.raises(ValueError, match="blocks are for two groups"):
        statistic(noise(5), blocks=[1] * 5)
    with pytest.raises(ValueError, match="one a participant"):
        statistic(noise(5), noise(5), "welch", blocks=[1] * 5)


def test_components_of_a_whole_brain():
    """77,421 edges, 20 participants, 100 permutations."""
    random = np.random.default_rng(0)
    first, second = (random.normal(size=(20, 77421)) for _ in range(2))
    found = statistic(first, second, "paired", n_regions=394, n_permutations=100)
    assert found.n_tested == 77421
