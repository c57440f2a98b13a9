"""Group analyses of a trial: planted effects, SPM12's results, sensitivity, outliers."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from bids_ketamine.core.peb.models import first_level_models
from bids_ketamine.core.peb.trial_data import TrialData
from tests.core.peb.simulated_trials import simulated_trial
from tests.core.peb.trial_results import (
    ARMS,
    BETWEEN_ARMS,
    FIRST,
    FULL,
    SECOND,
    analysed,
    fit,
    of_one,
    row,
    rows,
)

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "dcm_peb"

#: The scheme ends when it gains less than 1e-4 nats: so near, in standard deviations, do two
#: parametrisations of a model come to each other.
OF_SCHEME = 0.05


@pytest.fixture(scope="module")
def trial():
    return simulated_trial(
        5,
        sizes={"midazolam": 8, "ketamine": 9},
        session=0.5,
        improvement={"midazolam": 0.02, "ketamine": 0.02},
        change={"ketamine": -0.12},
    )


@pytest.fixture(scope="module")
def result(trial):
    return analysed(trial)


@pytest.fixture(scope="module")
def small():
    return simulated_trial(6, sizes={"midazolam": 6, "ketamine": 6}, change={"ketamine": -0.1})


@pytest.fixture(scope="module")
def small_result(small):
    return analysed(small)


# What is estimated ----------------------------------------------------------------------------


def test_every_analysis_arm_distribution_and_effect_is_there(result):
    arms = [(each, "second") for each in ("all", *ARMS, BETWEEN_ARMS)] + [(BETWEEN_ARMS, "third")]
    kinds = ("gaussian", "student_t")
    expected = [("baseline", "all", "second", kind) for kind in kinds]
    for analysis in ("change", "prediction"):
        expected += [(analysis, *arm, kind) for arm in arms for kind in kinds]
    assert [each[:4] for each in result.fits] == expected
    for each in result.fits:
        identity = dict(zip(("analysis", "arm", "level", "distribution"), each[:4], strict=True))
        own = rows(result, **identity)
        names = {"baseline": FULL[:1], "change": FULL, "prediction": (FULL[0], FULL[2])}
        assert [(one.effect, one.parameter) for one in own] == [
            (effect, parameter) for effect in names[each.analysis] for parameter in (FIRST, SECOND)
        ]
        assert not any(one.reason for one in own)


def test_planted_effects_are_found_per_point(result):
    change = row(result, analysis="change", arm="ketamine", effect=FULL[3], parameter=FIRST)
    assert change.per_point
    assert change.interval_low < -0.12 < change.interval_high
    assert change.posterior_probability > 0.99
    assert change.model_probability > 0.95
    assert change.log_bayes_factor > 3.0
    session = row(result, analysis="change", arm="all", effect="session", parameter=FIRST)
    assert not session.per_point
    assert session.interval_low < 0.5 < session.interval_high
    trait = row(result, analysis="change", arm="all", effect="improvement", parameter=FIRST)
    assert trait.estimate == pytest.approx(0.02, abs=2.6 * trait.standard_deviation)
    other = row(result, analysis="change", arm="midazolam", effect=FULL[3], parameter=SECOND)
    assert other.interval_low < 0.0 < other.interval_high
    assert other.log_bayes_factor < 0.0


def test_improvement_is_centred_in_the_arm_and_scaled_alike(result, trial):
    deviation = trial.improvement.std(ddof=1)
    for arm, chosen in (("all", slice(None)), ("midazolam", slice(8)), ("ketamine", slice(8, 17))):
        own = trial.improvement[chosen]
        for kind in ("change", "prediction"):
            found = fit(result, kind, arm, "gaussian")
            assert found.improvement_mean == pytest.approx(own.mean())
            assert found.improvement_standard_deviation == pytest.approx(own.std(ddof=1))
            assert found.scale == pytest.approx(deviation)
            column = found.design.matrix[: len(own), found.design.columns.index("improvement")]
            np.testing.assert_allclose(column, (own - own.mean()) / deviation, atol=1e-14)
    said = fit(result, "change", "all", "gaussian").sentence
    assert (
        said
        == f"improvement: centred (mean {trial.improvement.mean():.4g}), divided by {deviation:.4g}"
    )


def test_a_bayes_factor_is_a_ratio_of_densities_at_zero(result):
    # Savage and Dickey: of a nested model, posterior over prior density where it lies.
    found = fit(result, "change", "ketamine", "gaussian")
    estimate = found.estimate
    posterior = norm.logpdf(
        0.0,
        estimate.posterior_mean.ravel(order="F"),
        np.sqrt(np.diag(estimate.posterior_covariance)),
    )
    prior = norm.logpdf(0.0, estimate.prior_mean, np.sqrt(np.diag(estimate.prior_covariance)))
    np.testing.assert_allclose(found.log_bayes_factor, prior - posterior, atol=1e-3)


def test_intervals_and_probabilities_follow_from_the_posterior(result):
    for each in result.effects:
        half = norm.ppf(0.95) * each.standard_deviation
        assert each.interval_high == pytest.approx(each.estimate + half)
        assert each.interval_low == pytest.approx(each.estimate - half)
        expected = norm.cdf(abs(each.estimate) / each.standard_deviation)
        assert each.posterior_probability == pytest.approx(expected)
        gaussian = each.distribution == "gaussian"
        assert np.isfinite(each.model_probability) == gaussian
        assert np.isfinite(each.log_bayes_factor) == gaussian
        assert bool(each.most_influential) == gaussian


# SPM12 ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference():
    if not REFERENCE.is_dir():
        pytest.skip("SPM12's results are not there")
    files = [
        np.load(REFERENCE / "firstlevel_sim2" / f"s{participant:02d}_t{session}.npz")
        for session in (1, 2)
        for participant in range(1, 11)
    ]
    truth = np.load(REFERENCE / "firstlevel_sim2" / "truth.npz")
    size = len(files[0]["Ep"])
    models = first_level_models(
        posterior_mean=[each["Ep"] for each in files],
        posterior_covariance=[each["Cp"] for each in files],
        prior_mean=[each["pE"] for each in files],
        prior_covariance=[each["pC"] for each in files],
        free_energy=[float(each["F"]) for each in files],
        parameters=[f"p{place}" for place in range(size)],
        fields=["modulation" if 4 <= place < 12 else "other" for place in range(size)],
        labels=[f"s{place}" for place in range(20)],
    )
    return TrialData(
        models,
        tuple(f"sub-{place:02d}" for place in range(1, 11)),
        tuple(f"drug{int(each)}" for each in truth["drug"]),
        np.asarray(truth["improvement"], dtype=np.float64),
        np.arange(10),
        np.arange(10, 20),
    )


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        (
            False,
            {
                ("change", "all"): "stacked_B_all",
                ("change", "drug1"): "stacked_B_drug1",
                ("change", "drug2"): "stacked_B_drug2",
                ("change", "drug1 - drug2"): "stacked_B_third",
                ("prediction", "all"): "baseline_B_all",
            },
        ),
        (
            True,
            {
                ("change", "drug1"): "group_B_drug1_all",
                ("change", "drug2"): "group_B_drug2_all",
                ("change", "drug1 - drug2"): "third_B_all",
            },
        ),
    ],
)
def test_effects_are_spm12s(reference, within, expected):
    settings = {"levels": ("drug2", "drug1"), "within_participant_first": within}
    by_analysis = {
        each: of_one(each, reference, **settings) for each in sorted({each for each, _ in expected})
    }
    for (analysis, arm), name in expected.items():
        found = by_analysis[analysis]
        spm = np.load(REFERENCE / "level2_sim" / f"{name}.npz")
        mean = spm["Ep"]
        deviation = np.sqrt(np.diag(spm["Cp"])).reshape(mean.shape, order="F")
        if " - " in arm:
            # SPM12's covariate is +1 and -1: half of the difference.
            mean, deviation = 2.0 * mean[:, 1], 2.0 * deviation[:, 1]
        level = "third" if " - " in arm else "second"
        own = rows(found, analysis=analysis, arm=arm, level=level)
        mean, deviation = mean.ravel(order="F"), deviation.ravel(order="F")
        apart = np.abs([each.estimate for each in own] - mean) / deviation
        assert apart.max() < OF_SCHEME
        np.testing.assert_allclose([each.standard_deviation for each in own], deviation, rtol=0.01)


# Beside the estimates -------------------------------------------------------------------------


def test_leaving_out_a_participant_is_a_trial_without_them(small, small_result):
    whole = small_result
    gone = small.participants.index("sub-09")
    second = small.second.copy()
    second[gone] = -1
    less = of_one("change", small._replace(second=second))
    places = [(arm, "second") for arm in ("all", "ketamine", BETWEEN_ARMS)]
    for arm, level in [*places, (BETWEEN_ARMS, "third")]:
        for effect in FULL:
            wanted = {"arm": arm, "level": level, "effect": effect, "parameter": FIRST}
            expected = row(less, analysis="change", **wanted)
            (found,) = [
                each
                for each in whole.left_out
                if each[:6] == ("change", *wanted.values(), "sub-09")
            ]
            deviation = expected.standard_deviation
            assert found.estimate == pytest.approx(expected.estimate, abs=OF_SCHEME * deviation)
            assert found.standard_deviation == pytest.approx(deviation, rel=0.01)
    left_out = {each.left_out for each in whole.left_out if each.arm == "ketamine"}
    assert left_out == set(small.participants[6:])


def test_extremes_are_those_of_the_sensitivity_table(result):
    change = rows(result, analysis="change")
    third = rows(result, analysis="change", level="third")
    assert len(third) == 8
    for each in [*change, *third]:
        name = (each.analysis, each.arm, each.level, each.effect, each.parameter)
        own = [one for one in result.left_out if one[:5] == name]
        estimates = [one.estimate for one in own]
        assert each.n == len(own)
        assert each.estimate_lowest == pytest.approx(min(estimates))
        assert each.estimate_highest == pytest.approx(max(estimates))
        signed = {
            one.left_out: norm.cdf(np.sign(each.estimate) * one.estimate / one.standard_deviation)
            for one in own
        }
        assert each.most_influential == min(signed, key=signed.get)
        assert each.probability_lowest == pytest.approx(min(signed.values()))


def test_an_outlier_counts_little_at_the_student_t_level(small, small_result):
    mean = small.models.posterior_mean.copy()
    mean[[8, 20], 0] += 6.0
    data = small._replace(models=small.models._replace(posterior_mean=mean))
    plain, moved = small_result, of_one("change", data, levels=())

    def shift(distribution):
        wanted = {"analysis": "change", "arm": "all", "effect": "mean", "parameter": FIRST}
        one, other = (
            row(each, distribution=distribution, **wanted).estimate for each in (plain, moved)
        )
        return abs(other - one)

    assert shift("student_t") < 0.5 * shift("gaussian")
    robust = fit(moved, "change", "all", "student_t")
    assert robust.participants[np.argmin(robust.participant_weights)] == "sub-09"
    assert robust.participant_weights.shape == (12,)
    check = fit(moved, "change", "all", "gaussian").check
    assert check.outlier_participant == "sub-09"
    assert check.outlier_p < 0.05
    assert row(moved, analysis="change", arm="all", effect="mean", parameter=FIRST).most_influential


def test_models_of_sessions_move_towards_the_group(result, trial):
    change = [each for each in result.estimates if each.analysis == "change"]
    assert len(change) == 17 * 2 * 2
    assert {each.session for each in change} == {0, 1}
    own = trial.models.posterior_mean[trial.second[3], 0]
    (found,) = [each for each in change if each[1:4] == ("sub-04", 1, FIRST)]
    assert found.estimate == pytest.approx(own)
    assert found.improvement == trial.improvement[3]
    assert all(each.reevaluated_standard_deviation < each.standard_deviation for each in change)
    spread = np.var([each.estimate for each in change if each.parameter == SECOND])
    assert np.var([each.reevaluated for each in change if each.parameter == SECOND]) < spread
