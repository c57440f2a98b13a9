"""Intraclass correlations: R, published numbers, closed forms, and values that have none."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.core.reliability.intraclass_correlation import session_reliability
from tests.parity.evaluation import Evaluation, Verdict
from tests.parity.manifest import read_manifest
from tests.parity.readers import all_readers

FOLDER = Path(__file__).resolve().parents[2] / "reference" / "reliability"
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_every_case_of_r_is_within_its_tolerance():
    manifest = read_manifest(FOLDER)
    evaluation = Evaluation(manifest, all_readers())
    rows = [evaluation.judge(case) for case in manifest.cases.values()]
    assert [(row.id, row.note) for row in rows if row.verdict is not Verdict.PASS] == []
    assert len(rows) == 12


def test_published_example():
    """Shrout & Fleiss (1979), table 4; McGraw & Wong's interval of psych and irr."""
    found = session_reliability(RATINGS, confidence_level=0.95)
    assert round(found.agreement.estimate, 2) == 0.29
    assert round(found.consistency.estimate, 2) == 0.71
    assert (round(found.agreement.ci_low, 3), round(found.agreement.ci_high, 3)) == (0.019, 0.761)


def test_two_sessions_without_shift_by_hand():
    """MSR = 2 * 9 / 3 = 6, MSC = 0, MSE = 2 / 3, MSW = 1 / 2."""
    found = session_reliability([[1, 2], [2, 1], [4, 5], [5, 4]], confidence_level=0.9)
    assert found.mean_squares == pytest.approx((6.0, 0.0, 2 / 3, 0.5), rel=1e-14)
    assert found.consistency.estimate == pytest.approx((6 - 2 / 3) / (6 + 2 / 3), rel=1e-14)
    # (6 - 2/3) / (6 + 2/3 - 2/4 * 2/3)
    assert found.agreement.estimate == pytest.approx(16 / 19, rel=1e-14)
    assert found.within_sd == pytest.approx(np.sqrt(0.5), rel=1e-14)
    assert found.repeatability == pytest.approx(1.959963984540054, rel=1e-12)
    np.testing.assert_array_equal(found.session_means, [3.0, 3.0])


def test_within_sd_of_two_sessions_is_that_of_their_differences():
    """MSW of two sessions is mean(d^2) / 2 (Bland & Altman 1996)."""
    values = np.random.default_rng(0).normal(size=(9, 2))
    found = session_reliability(values, confidence_level=0.95)
    by_hand = np.sqrt(np.mean(np.diff(values, axis=1) ** 2) / 2)
    assert found.within_sd == pytest.approx(by_hand, rel=1e-12)


def test_intervals_hold_their_level():
    """Of 500 draws with a correlation of 0.6, both intervals of 90 % hold it in about 450."""
    random = np.random.default_rng(4)
    held = np.zeros(2)
    for _ in range(500):
        values = np.sqrt(0.6) * random.normal(size=(18, 1)) + np.sqrt(0.4) * random.normal(
            size=(18, 2)
        )
        found = session_reliability(values, confidence_level=0.9)
        for place, one in enumerate((found.agreement, found.consistency)):
            held[place] += one.ci_low < 0.6 < one.ci_high
    # 450 -+ 3 standard errors
    assert (np.abs(held - 450) < 20).all()


def test_unit_and_origin_do_not_matter():
    one = session_reliability(RATINGS, confidence_level=0.95)
    other = session_reliability(1e6 + 1e-3 * np.array(RATINGS), confidence_level=0.95)
    assert other.agreement.estimate == pytest.approx(one.agreement.estimate, rel=1e-6)
    assert other.within_sd == pytest.approx(1e-3 * one.within_sd, rel=1e-6)


def test_participants_without_a_session_are_left_out_and_recorded():
    padded = [*RATINGS, [1.0, np.nan, 2.0, 3.0], [np.inf, 1.0, 2.0, 3.0]]
    found = session_reliability(padded, confidence_level=0.95)
    assert found.complete.tolist() == [True] * 6 + [False] * 2
    assert (found.n, found.n_sessions) == (6, 4)
    assert found.agreement == session_reliability(RATINGS, confidence_level=0.95).agreement


def test_a_negative_correlation_stays_negative():
    """Participants are equal in the mean of their sessions: MSR = 0, ICC(3,1) = -1 / (k - 1)."""
    found = session_reliability([[1, 5], [2, 4], [4, 2], [5, 1]], confidence_level=0.95)
    assert found.consistency.estimate == -1.0
    assert found.agreement.estimate == pytest.approx(-1 / (1 - 2 / 4), rel=1e-14)
    assert (found.consistency.f_value, found.consistency.p_value) == (0.0, 1.0)


def test_sessions_that_agree_exactly_have_no_interval():
    found = session_reliability([[0.1, 0.1], [0.2, 0.2], [0.4, 0.4]], confidence_level=0.95)
    for one in (found.agreement, found.consistency):
        assert (one.estimate, one.f_value, one.p_value) == (1.0, np.inf, 0.0)
        assert np.isnan([one.ci_low, one.ci_high]).all()
        assert one.reason == "no error between sessions: no interval"
    assert (found.within_sd, found.repeatability) == (0.0, 0.0)


def test_a_shift_alone_is_error_for_agreement():
    """MSR = 2, MSC = 1.5, MSE = 0: ICC(2,1) = 2 / (2 + 2 * 1.5 / 3)."""
    found = session_reliability([[1, 2], [2, 3], [3, 4]], confidence_level=0.95)
    assert found.agreement.estimate == pytest.approx(2 / 3, rel=1e-14)
    assert found.agreement.ci_low < 2 / 3 < found.agreement.ci_high <= 1.0
    assert found.agreement.reason == ""
    assert found.consistency.estimate == 1.0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]], "all values equal"),
        ([[0.1, 0.3], [0.1, 0.3], [0.1, 0.3]], "participants do not differ and sessions have no"),
        ([[1.0, 2.0], [2.0, 3.0]], "fewer than 3 participants with every session"),
        ([[1.0, 2.0], [2.0, 3.0], [2.0, np.nan]], "fewer than 3 participants with every session"),
        (np.empty((0, 2)), "fewer than 3 participants with every session"),
    ],
)
def test_what_cannot_be_computed_has_a_reason(values, reason):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = session_reliability(values, confidence_level=0.95)
    for one in (found.agreement, found.consistency):
        assert one.reason.startswith(reason)
        assert np.isnan([one.estimate, one.ci_low, one.ci_high, one.f_value, one.p_value]).all()


def test_next_to_no_degrees_of_freedom_give_no_interval():
    values = [
        [-97.04556504, -51.14466321],
        [-96.07152015, -51.08138111],
        [-94.91791981, -52.4639038],
        [-98.05356511, -50.13232714],
    ]
    found = session_reliability(values, confidence_level=0.95).agreement
    assert found.estimate == pytest.approx(-0.00118024749642, rel=1e-6)
    assert found.reason == "no interval: its degrees of freedom are next to 0"
    assert np.isnan([found.ci_low, found.ci_high]).all()


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]]])
def test_one_session_is_an_error(values):
    with pytest.raises(ValueError, match="at least two sessions"):
        session_reliability(values, confidence_level=0.95)


def test_level_outside_0_and_1_is_an_error():
    with pytest.raises(ValueError, match="confidence_level"):
        session_reliability(RATINGS, confidence_level=95)
