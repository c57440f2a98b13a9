import numpy as np
import pytest

from bids_ketamine.demo.network_groups import (
    GROUPS,
    LARGEST_BETWEEN,
    between_groups,
    network_fluctuations,
    region_groups,
    within_groups,
    within_reach,
)

TRUTH = {"default_mode": 0.3, "sgACC_default_mode": 0.25, "limbic": 0.2, "visual": 0.4}


def test_regions_are_those_of_the_study():
    groups = list(region_groups().values())
    assert {name: groups.count(name) for name in GROUPS} == {
        "default_mode": 91,
        "visual": 61,
        "somatomotor": 77,
        "dorsal_attention": 46,
        "ventral_attention": 47,
        "limbic_cortex": 26,
        "control": 52,
        "sgACC": 2,
        "limbic": 5,
    }
    assert next(iter(region_groups())) == "7Networks_LH_Vis_1"
    assert list(region_groups())[-1] == "anteromedial_thalamus"


def test_edges_of_a_long_run_have_the_networks_value():
    series = network_fluctuations(
        TRUTH, n_volumes=20000, t_r=2.0, low=0.01, high=0.1, generator=np.random.default_rng(1)
    )
    z = np.arctanh(np.corrcoef(series.T) * (1.0 - np.eye(series.shape[1])))
    groups = np.array(list(region_groups().values()))
    place = {name: np.flatnonzero(groups == name) for name in GROUPS}
    for name in ("default_mode", "limbic", "visual"):
        own = z[np.ix_(place[name], place[name])][np.triu_indices(len(place[name]), k=1)]
        assert own.mean() == pytest.approx(TRUTH[name], abs=0.02)
        assert own.std() < 0.03
    between = z[np.ix_(place["sgACC"], place["default_mode"])]
    assert between.mean() == pytest.approx(0.25, abs=0.02)
    assert z[np.ix_(place["visual"], place["limbic"])].mean() == pytest.approx(0.0, abs=0.03)
    np.testing.assert_allclose(series.std(axis=0), 1.0, atol=0.05)


@pytest.mark.parametrize("default_mode", [0.05, 0.2, 0.45])
@pytest.mark.parametrize("subgenual", [0.0, 0.2, 0.6])
@pytest.mark.parametrize("limbic", [0.05, 0.45])
def test_what_groups_share_is_a_correlation_for_any_truth(default_mode, subgenual, limbic):
    truth = within_reach(
        {
            "default_mode": default_mode,
            "sgACC_default_mode": subgenual,
            "limbic": limbic,
            "visual": 0.4,
        }
    )
    shared = between_groups(truth)
    assert np.linalg.eigvalsh(shared).min() > 0.03
    one, two = GROUPS.index("sgACC"), GROUPS.index("default_mode")
    within = within_groups(truth)
    # The edge has the value of the truth.
    edge = shared[one, two] * np.sqrt(within[one] * within[two])
    assert np.arctanh(edge) == pytest.approx(truth["sgACC_default_mode"], abs=1e-12)


def test_more_than_can_be_is_refused_and_limited():
    impossible = {**TRUTH, "default_mode": 0.1, "sgACC_default_mode": 0.5}
    with pytest.raises(ValueError, match="would correlate"):
        between_groups(impossible)
    limited = within_reach(impossible)
    assert 0.1 < limited["sgACC_default_mode"] < 0.5
    assert between_groups(limited).max(where=~np.eye(9, dtype=bool), initial=0) == pytest.approx(
        LARGEST_BETWEEN
    )
    assert {name: limited[name] for name in ("default_mode", "limbic", "visual")} == {
        "default_mode": 0.1,
        "limbic": 0.2,
        "visual": 0.4,
    }
