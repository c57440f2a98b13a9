"""Mixed models against closed forms, limits, and each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bids_ketamine.core.mixed.analysis import MixedResult, analyse_mixed_model
from bids_ketamine.core.mixed.degrees_of_freedom import RULES
from bids_ketamine.core.mixed.fit import fit_mixed_model
from bids_ketamine.core.mixed.rows import NOT_WITH_ML

FloatArray = np.ndarray


def trial(
    *, n: int = 12, sessions: int = 2, between: float = 1.0, seed: int = 0, slope: float = 0.0
) -> pd.DataFrame:
    """Return a complete trial of two arms with noise of SD 1."""
    random = np.random.default_rng(seed)
    level = between * random.standard_normal(n)
    change = slope * random.standard_normal(n)
    times = np.linspace(-0.5, 0.5, sessions)
    values = level[:, None] + change[:, None] * times + random.standard_normal((n, sessions))
    return pd.DataFrame(
        {
            "participant_id": np.repeat([f"sub-{each:02d}" for each in range(n)], sessions),
            "time": np.tile(times, n),
            "session": np.tile([f"visit{each}" for each in range(sessions)], n),
            "arm": np.repeat(
                ["placebo" if each % 2 else "ketamine" for each in range(n)], sessions
            ),
            "value": values.ravel(),
        }
    )


def analysed(data: pd.DataFrame, formula: str = "time * arm", **settings: object) -> MixedResult:
    """Analyse with the settings of a plain model."""
    chosen: dict[str, object] = {
        "slope": None,
        "methods": ("reml",),
        "rules": ("satterthwaite",),
        "level": 0.95,
        "intervals": "t",
        "n_draws": 50,
        "seed": 3,
    }
    return analyse_mixed_model(data, formula=formula, **(chosen | settings))  # type: ignore[arg-type]


def effect(result: MixedResult, term: str, rule: str = "satterthwaite") -> pd.Series:
    """Return the row of a fixed effect."""
    rows = result.effects
    return rows[(rows["term"] == term) & (rows["df_rule"] == rule)].iloc[0]


def wide(data: pd.DataFrame) -> FloatArray:
    """Return values by participant and session."""
    table = data.pivot(index="participant_id", columns="time", values="value")
    return table.to_numpy()


@pytest.mark.parametrize("rule", ["satterthwaite", "kenward_roger", "containment"])
def test_a_complete_two_session_trial_is_the_t_test_of_changes(rule: str) -> None:
    data = trial()
    found = effect(analysed(data, rules=RULES), "time:arm[placebo]", rule)
    changes = np.diff(wide(data), axis=1).ravel()
    arms = data.groupby("participant_id")["arm"].first().to_numpy()
    expected = stats.ttest_ind(changes[arms == "placebo"], changes[arms == "ketamine"])
    interval = expected.confidence_interval(0.95)
    assert found["t"] == pytest.approx(expected.statistic, rel=1e-6)
    assert found["df"] == pytest.approx(10.0, rel=1e-5)
    assert found["p_value"] == pytest.approx(expected.pvalue, rel=1e-5)
    assert found["ci_low"] == pytest.approx(interval.low, rel=1e-5)
    assert found["ci_high"] == pytest.approx(interval.high, rel=1e-5)


def test_time_alone_is_the_paired_t_test() -> None:
    data = trial(n=9)
    found = effect(analysed(data, "time"), "time")
    values = wide(data)
    expected = stats.ttest_rel(values[:, 1], values[:, 0])
    assert (found["t"], found["df"]) == pytest.approx((expected.statistic, 8.0), rel=1e-6)


def test_sessions_of_a_complete_trial_are_the_repeated_measures_analysis() -> None:
    data = trial(n=10, sessions=4)
    found = analysed(data, "session").tests.iloc[0]
    values = data.pivot(index="participant_id", columns="session", values="value").to_numpy()
    grand = values.mean()
    between_sessions = 10 * np.sum((values.mean(axis=0) - grand) ** 2) / 3
    left = values - values.mean(axis=0) - values.mean(axis=1)[:, None] + grand
    expected = between_sessions / (np.sum(left**2) / 27)
    assert found["f_value"] == pytest.approx(expected, rel=1e-6)
    assert (found["num_df"], found["den_df"]) == pytest.approx((3.0, 27.0), rel=1e-5)
    assert found["p_value"] == pytest.approx(stats.f.sf(expected, 3, 27), rel=1e-5)


def test_variances_of_a_complete_trial_are_those_of_mean_squares() -> None:
    data = trial(n=10, sessions=4)
    fit = analysed(data, "session").fits.iloc[0]
    values = data.pivot(index="participant_id", columns="session", values="value").to_numpy()
    left = values - values.mean(axis=0) - values.mean(axis=1)[:, None] + values.mean()
    residual = np.sum(left**2) / 27
    between = (4 * np.var(values.mean(axis=1), ddof=1) - residual) / 4
    assert fit["sd_residual"] ** 2 == pytest.approx(residual, rel=1e-6)
    assert fit["sd_participant"] ** 2 == pytest.approx(between, rel=1e-5)


def test_restricted_likelihood_is_that_of_the_normal_density() -> None:
    data = trial(n=5, sessions=3)
    result = analysed(data, "time", methods=("reml", "ml"))
    x = np.column_stack([np.ones(15), data["time"]])
    y = data["value"].to_numpy()
    owner = pd.factorize(data["participant_id"])[0]
    same = owner[:, None] == owner[None, :]
    for fit in result.fits.to_dict("records"):
        v = fit["sd_participant"] ** 2 * same + fit["sd_residual"] ** 2 * np.eye(15)
        inverse = np.linalg.inv(v)
        information = x.T @ inverse @ x
        left = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
        expected = -0.5 * (15 * np.log(2 * np.pi) + np.linalg.slogdet(v)[1] + left @ inverse @ left)
        if fit["method"] == "reml":
            expected += 0.5 * (2 * np.log(2 * np.pi) - np.linalg.slogdet(information)[1])
        assert fit["log_likelihood"] == pytest.approx(expected, rel=1e-9)
        assert fit["aic"] == pytest.approx(2 * 4 - 2 * fit["log_likelihood"], rel=1e-12)


def test_values_far_from_zero_cost_no_digits() -> None:
    data = trial(seed=5)
    near = effect(analysed(data), "time:arm[placebo]")
    far = effect(analysed(data.assign(value=data["value"] + 1e7)), "time:arm[placebo]")
    assert far["t"] == pytest.approx(near["t"], rel=1e-6)
    assert far["df"] == pytest.approx(near["df"], rel=1e-4)


def test_units_change_estimates_alone() -> None:
    data = trial(seed=5)
    near = effect(analysed(data, rules=RULES), "time", "kenward_roger")
    scaled = analysed(data.assign(value=1e-6 * data["value"]), rules=RULES)
    far = effect(scaled, "time", "kenward_roger")
    assert far["t"] == pytest.approx(near["t"], rel=1e-7)
    assert far["estimate"] == pytest.approx(1e-6 * near["estimate"], rel=1e-7)


def opposed() -> pd.DataFrame:
    """Return a trial whose participants are less alike than chance has them."""
    values = np.array([[0.0, 2.0], [2.1, 0.1], [0.2, 1.9], [1.8, 0.0], [0.1, 2.2], [2.0, 0.3]])
    data = trial(n=6)
    return data.assign(value=values.ravel())


def test_at_the_boundary_the_model_is_ordinary_regression_and_says_so() -> None:
    result = analysed(opposed(), "time", rules=("satterthwaite", "residual", "kenward_roger"))
    fit = result.fits.iloc[0]
    assert fit["boundary"]
    assert fit["sd_participant"] == 0.0
    assert "ordinary regression" in fit["note"]
    ordinary = stats.linregress(opposed()["time"], opposed()["value"])
    for rule in ("satterthwaite", "residual"):
        found = effect(result, "time", rule)
        assert found["t"] == pytest.approx(ordinary.slope / ordinary.stderr, rel=1e-8)
        assert found["df"] == pytest.approx(10.0, rel=1e-6)


def test_a_random_slope_has_the_likelihood_of_its_own_covariance() -> None:
    data = trial(n=20, sessions=5, between=1.5, slope=2.0, seed=2)
    fit = analysed(data, "time", slope="time").fits.iloc[0]
    plain = analysed(data, "time").fits.iloc[0]
    assert fit["log_likelihood"] > plain["log_likelihood"] + 2.0
    x = np.column_stack([np.ones(100), data["time"]])
    owner = pd.factorize(data["participant_id"])[0]
    product = fit["correlation"] * fit["sd_participant"] * fit["sd_slope"]
    g = np.array([[fit["sd_participant"] ** 2, product], [product, fit["sd_slope"] ** 2]])

    def log_likelihood(g: FloatArray, residual: float) -> float:
        v = (x @ g @ x.T) * (owner[:, None] == owner) + residual * np.eye(100)
        inverse = np.linalg.inv(v)
        information = x.T @ inverse @ x
        left = data["value"] - x @ np.linalg.solve(information, x.T @ inverse @ data["value"])
        log_det = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]
        return float(-0.5 * (98 * np.log(2 * np.pi) + log_det + left @ inverse @ left))

    best = log_likelihood(g, fit["sd_residual"] ** 2)
    assert fit["log_likelihood"] == pytest.approx(best, rel=1e-9)
    # A summit: every small step leads down.
    for step in (0.98, 1.02):
        assert log_likelihood(g * step, fit["sd_residual"] ** 2) < best
        assert log_likelihood(g, step * fit["sd_residual"] ** 2) < best
        other = g.copy()
        other[1, 1] *= step
        assert log_likelihood(other, fit["sd_residual"] ** 2) < best


def test_a_balanced_random_slope_tests_the_slopes_of_participants() -> None:
    data = trial(n=20, sessions=5, between=1.5, slope=2.0, seed=2)
    found = effect(analysed(data, "time", slope="time"), "time")
    slopes = [
        np.polyfit(own["time"], own["value"], 1)[0] for _, own in data.groupby("participant_id")
    ]
    expected = stats.ttest_1samp(slopes, 0.0)
    assert found["t"] == pytest.approx(expected.statistic, rel=1e-4)
    assert found["df"] == pytest.approx(19.0, rel=1e-3)


def test_profile_ends_are_where_the_likelihood_ratio_is_the_quantile() -> None:
    data = trial(seed=1)
    found = effect(analysed(data, "time", methods=("ml",), intervals="profile"), "time")
    best = analysed(data, "time", methods=("ml",)).fits["log_likelihood"].iloc[0]
    for end in (found["ci_low"], found["ci_high"]):
        held = data.assign(value=data["value"] - end * data["time"], ones=np.arange(len(data)) % 2)
        y, owner = held["value"].to_numpy(), pd.factorize(held["participant_id"])[0]
        same = (owner[:, None] == owner).astype(float)

        def log_likelihood(between: float, y: FloatArray = y, same: FloatArray = same) -> float:
            v = np.eye(len(y)) + between * same
            inverse = np.linalg.inv(v)
            left = y - inverse.sum(axis=0) @ y / inverse.sum()
            spread = left @ inverse @ left / len(y)
            return float(
                -0.5 * (len(y) * (np.log(2 * np.pi * spread) + 1) + np.linalg.slogdet(v)[1])
            )

        highest = max(log_likelihood(ratio) for ratio in np.linspace(0.0, 5.0, 2001))
        assert 2 * (best - highest) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-4)


def test_the_bootstrap_agrees_with_t_where_t_is_exact() -> None:
    data = trial(n=14, seed=4)
    exact = effect(analysed(data, "time"), "time")
    drawn = effect(analysed(data, "time", intervals="bootstrap", n_draws=600), "time")
    width = exact["ci_high"] - exact["ci_low"]
    assert drawn["ci_low"] == pytest.approx(exact["ci_low"], abs=0.1 * width)
    assert drawn["ci_high"] == pytest.approx(exact["ci_high"], abs=0.1 * width)


def test_a_seed_repeats_the_bootstrap() -> None:
    one, two, other = (
        effect(analysed(trial(), "time", intervals="bootstrap", n_draws=20, seed=seed), "time")
        for seed in (3, 3, 4)
    )
    assert one["ci_low"] == two["ci_low"] != other["ci_low"]


def test_the_reference_of_a_category_is_the_first_that_occurs() -> None:
    arms = ["nobody", "placebo", "ketamine"]
    data = trial().assign(arm=lambda rows: pd.Categorical(rows["arm"], arms))
    assert analysed(data).fits["references"].tolist() == ["arm: placebo"]
    assert "time:arm[ketamine]" in analysed(data).effects["term"].tolist()


def test_missing_visits_leave_a_participant_with_one_value_in() -> None:
    data = trial(n=12).drop(index=[1, 7])
    fit = analysed(data).fits.iloc[0]
    assert (fit["n_observations"], fit["n_participants"]) == (22, 12)


def test_kenward_and_roger_is_of_restricted_likelihood() -> None:
    result = analysed(trial(), methods=("ml",), rules=("kenward_roger",))
    assert result.effects["reason"].tolist() == [NOT_WITH_ML]
    assert result.tests["reason"].tolist() == [NOT_WITH_ML] * 3


def test_columns_that_others_tell_have_no_estimate_and_the_rest_has() -> None:
    data = trial().assign(group=lambda rows: rows["arm"].map({"placebo": "b", "ketamine": "a"}))
    result = analysed(data, "time + arm + group")
    why = "arm[placebo] and group[b] cannot be told from each other here"
    for name in ("arm[placebo]", "group[b]"):
        assert effect(result, name)["reason"] == why
        assert np.isnan(effect(result, name)["estimate"])
    expected = analysed(trial(), "time + arm")
    for name in ("1", "time"):
        assert effect(result, name)["t"] == pytest.approx(effect(expected, name)["t"], rel=1e-9)
    tests = result.tests.set_index("term")
    assert tests.loc["arm", "reason"] == tests.loc["group", "reason"] == why
    assert tests.loc["time", "f_value"] == pytest.approx(effect(expected, "time")["t"] ** 2)


def test_a_treatment_given_in_one_period_alone_has_no_estimate() -> None:
    data = trial(n=12, sessions=3, seed=8)
    order = {0: ["a", "b", "x"], 1: ["b", "a", "x"]}
    data = data.assign(
        period=np.tile(["1", "2", "3"], 12),
        treatment=np.concatenate([order[each % 2] for each in range(12)]),
    )
    result = analysed(data, "treatment + period + arm")
    why = "treatment[x] and period[3] cannot be told from each other here"
    assert effect(result, "treatment[x]")["reason"] == why
    assert effect(result, "period[3]")["reason"] == why
    assert np.isfinite(effect(result, "treatment[b]")["estimate"])
    assert np.isfinite(result.tests.set_index("term").loc["arm", "f_value"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (trial().assign(value=3.0), "all values are equal"),
        (trial()[lambda rows: rows["time"] < 0], "`session` is `visit0` in all rows"),
        (trial(n=1, sessions=8), "there are 1"),
    ],
)
def test_a_model_that_cannot_be_fitted_says_why(data: pd.DataFrame, words: str) -> None:
    result = analysed(data, "session")
    assert words in result.fits["reason"].iloc[0]
    assert words in result.effects["reason"].iloc[0]
    assert np.isnan(result.effects["estimate"].iloc[0])


def test_more_parameters_than_values_are_refused() -> None:
    assert "4 values are too few for 4 fixed effects" in analysed(trial(n=2)).fits["reason"].iloc[0]


def test_one_value_each_cannot_tell_participants_from_noise() -> None:
    data = trial(n=8)
    once = data[(data["time"] < 0) == (data.index // 2 % 2 == 0)]
    assert "nobody has more than one value" in analysed(once, "session").fits["reason"].iloc[0]


@pytest.mark.parametrize("fall", [0.0, 10.0])
def test_values_without_noise_within_participants_are_refused(fall: float) -> None:
    levels = np.repeat(np.random.default_rng(0).normal(30.0, 5.0, 12), 2)
    data = trial().assign(value=lambda rows: levels - fall * rows["time"])
    result = analysed(data, "time * arm")
    assert "there is no noise to test against" in result.fits["reason"].iloc[0]
    assert result.effects["p_value"].isna().all()


def test_a_design_that_uses_up_what_varies_within_participants_is_refused() -> None:
    data = trial(n=14)
    kept = (data["time"] < 0) | data["participant_id"].isin(["sub-00", "sub-01"])
    assert "nothing is left to estimate the noise" in analysed(data[kept]).fits["reason"].iloc[0]


def test_the_intercept_has_the_larger_degrees_by_containment() -> None:
    result = analysed(trial(n=21, sessions=3), "session * arm", rules=("containment",))
    assert effect(result, "1", "containment")["df"] == 63 - 21 - 4
    assert effect(result, "arm[placebo]", "containment")["df"] == 19


def test_drawn_trials_that_cannot_be_fitted_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def sometimes(data: object, *, method: str) -> object:
        calls.append(method)
        if len(calls) % 10 == 0:
            raise np.linalg.LinAlgError("singular")
        return fit_mixed_model(data, method=method)  # type: ignore[arg-type]

    monkeypatch.setattr("bids_ketamine.core.mixed.intervals.fit_mixed_model", sometimes)
    result = analysed(trial(), "time", intervals="bootstrap", n_draws=50)
    assert result.fits["note"].iloc[0] == "5 of 50 drawn trials could not be fitted"


def test_slopes_need_three_values() -> None:
    result = analysed(trial(), "time", slope="time")
    assert "slopes of participants" in result.fits["reason"].iloc[0]
