import numpy as np
import pytest

from bids_ketamine.demo.network_groups import MEASURES
from bids_ketamine.demo.network_model import NetworkModel, noise_model
from bids_ketamine.demo.network_participants import (
    CONTROL,
    PATIENT,
    plan_participant,
    planted_changes,
)

MODEL, NOISE = NetworkModel(), noise_model()


def people(group, n, *, effect=True, seed=0):
    return [
        plan_participant(i, group, seed=seed, effect=effect, model=MODEL, noise=NOISE)
        for i in range(n)
    ]


def test_scans_are_missing_as_in_the_trial():
    patients, controls = people(PATIENT, 20), people(CONTROL, 20)
    counts = {scan: sum(scan in each.scans for each in patients) for scan in MODEL_SCANS}
    assert counts == {"pre1": 20, "pre2": 16, "post": 18}
    assert sum(len(each.scans) == 2 for each in controls) == 7
    assert {scan for each in controls for scan in each.scans} == {"pre1", "pre2"}
    assert [each.label for each in (patients[0], patients[19], controls[0])] == [
        "sub-001",
        "sub-020",
        "sub-101",
    ]


MODEL_SCANS = ("pre1", "pre2", "post")


def test_no_change_is_larger_than_it_may_be():
    for responder in (True, False):
        changes = planted_changes(responder, model=MODEL)
        assert set(changes) == set(MEASURES)
        assert max(map(abs, changes.values())) <= 0.15
        assert changes["visual"] == 0.0
        assert changes["limbic"] < 0.0
    assert planted_changes(True, model=MODEL)["sgACC_default_mode"] == -0.15
    assert planted_changes(False, model=MODEL)["sgACC_default_mode"] == 0.0
    for name, row in MODEL.as_table().items():
        assert row["low"] <= row["value"] <= row["high"], name
        assert row["reference"]


def test_only_what_is_planted_differs_without_effect():
    for group in (PATIENT, CONTROL):
        for with_it, without in zip(people(group, 6), people(group, 6, effect=False), strict=True):
            assert with_it.symptoms == without.symptoms
            assert with_it.covariates == without.covariates
            assert with_it.mean_fd == without.mean_fd
            assert with_it.scans == without.scans
            for scan in with_it.scans:
                changes = {
                    name: with_it.truth[scan][name] - without.truth[scan][name]
                    for name in ("default_mode", "limbic", "visual")
                }
                expected = dict.fromkeys(changes, 0.0)
                if group == CONTROL:
                    expected |= {"default_mode": -0.08, "limbic": -0.08}
                elif scan == "post":
                    expected |= {"default_mode": -0.05, "limbic": -0.14}
                assert changes == pytest.approx(expected, abs=1e-12)


def test_subgenual_change_is_that_of_responders():
    changes = {True: [], False: []}
    for seed in range(3):
        pairs = zip(
            people(PATIENT, 20, seed=seed),
            people(PATIENT, 20, effect=False, seed=seed),
            strict=True,
        )
        for with_it, without in pairs:
            if "post" in with_it.scans:
                own = (each.truth["post"]["sgACC_default_mode"] for each in (with_it, without))
                planted, plain = own
                changes[with_it.symptoms.improved].append(planted - plain)
    # A truth at the limit of what can be moves with the default mode.
    assert np.median(changes[True]) == pytest.approx(-0.15, abs=1e-12)
    assert np.median(changes[False]) == pytest.approx(0.0, abs=1e-12)
    assert max(changes[False]) <= 1e-12
    assert min(changes[True]) >= -0.15 - 1e-12


def test_responders_are_those_whose_score_falls_by_half():
    patients = [each for seed in range(5) for each in people(PATIENT, 20, seed=seed)]
    known = [each for each in patients if each.responder is not None]
    assert len(known) == 95
    for each in known:
        before, after = each.symptoms.madrs["pre1"], each.symptoms.madrs["post"]
        assert each.responder == (before - after >= before / 2)
    assert 0.4 < np.mean([each.responder for each in known]) < 0.65
    # Nobody is seen again who has left after the first day.
    left = [each for each in patients if each.responder is None]
    for each in left:
        assert each.symptoms.madrs["day1"] is not None
        assert each.symptoms.madrs["week8"] is None
        assert each.symptoms.cgi_improvement["post"] is None
    means = {
        visit: np.mean([each.symptoms.madrs[visit] for each in known])
        for visit in ("pre1", "day1", "post", "week8")
    }
    assert means == pytest.approx({"pre1": 29, "day1": 10, "post": 14, "week8": 15.5}, abs=2.0)


def test_the_right_hippocampus_goes_with_the_change():
    def correlation(effect, structure):
        patients = [
            each for seed in range(12) for each in people(PATIENT, 20, effect=effect, seed=seed)
        ]
        change = [each.symptoms.relative_change for each in patients]
        share = [
            each.volumes.structures[structure] / each.volumes.intracranial for each in patients
        ]
        return np.corrcoef(change, share)[0, 1]

    assert correlation(True, "Right-Hippocampus") == pytest.approx(0.52, abs=0.1)
    assert correlation(True, "Left-Hippocampus") == pytest.approx(0.42, abs=0.1)
    assert correlation(True, "Right-Amygdala") == pytest.approx(0.0, abs=0.13)
    assert correlation(False, "Right-Hippocampus") == pytest.approx(0.0, abs=0.13)
