"""A whole trial of networks, whose tables are computed again from its numbers with SciPy alone."""

from __future__ import annotations

from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from bids_ketamine.outputs.plan import freeze_plan
from tests.workflows.network_trial import NAN
from tests.workflows.recomputed_trial import (
    CGI,
    CONTROLS,
    MADRS,
    MOVED,
    NETWORKS,
    PATIENTS,
    PEOPLE,
    computed_trial,
    run,
    tables,
)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return computed_trial(tmp_path_factory.mktemp("networks"))


def mean_of(trial: SimpleNamespace, who: str, sessions: tuple[str, ...]) -> np.ndarray:
    """Return the mean over the sessions that somebody has; NaN without any."""
    found = [trial.values[who, each] for each in sessions if (who, each) in trial.values]
    return np.mean(found, axis=0) if found else np.full(6, NAN)


def pairs(trial: SimpleNamespace, people: list[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return who has baseline and the session after, and the values of both."""
    both = [who for who in people if (who, "post") in trial.values]
    before = np.array([mean_of(trial, who, ("pre1", "pre2")) for who in both])
    return both, before, np.array([trial.values[who, "post"] for who in both])


def baseline_score(row: int) -> float:
    return float(np.nanmean([MADRS["pre1"][row], MADRS["pre2"][row]]))


def row_of(table: pd.DataFrame, **cells: str) -> pd.Series:
    for name, cell in cells.items():
        table = table[table[name] == cell]
    assert len(table) == 1
    return table.iloc[0]


def same(row: pd.Series, *, statistic: float, p_value: float) -> None:
    assert (row["statistic"], row["p_value"]) == pytest.approx((statistic, p_value), rel=1e-7)


@pytest.mark.parametrize("arm", ["all", "verumlow", "verumhigh"])
@pytest.mark.parametrize("session", ["baseline", "post"])
def test_controls(trial: SimpleNamespace, session: str, arm: str) -> None:
    people = [who for who in PATIENTS if arm in ("all", PEOPLE[who])]
    # Whose session after treatment is excluded has nothing to be compared with at baseline.
    people = [who for who in people if (who, "post") not in MOVED]
    sessions = ("pre1", "pre2") if session == "baseline" else ("post",)
    patients = np.array([mean_of(trial, who, sessions) for who in people])
    controls = np.array([mean_of(trial, who, ("pre1", "pre2")) for who in CONTROLS])
    for column, network in enumerate(NETWORKS):
        first = patients[np.isfinite(patients[:, column]), column]
        row = row_of(trial.tables["controls"], session=session, arm=arm, regions=network)
        assert (row["n_patients"], row["n_controls"]) == (len(first), 5)
        expected = stats.ttest_ind(first, controls[:, column])
        same(row, statistic=expected.statistic, p_value=expected.pvalue)


def test_edges_are_those_of_patients_alone(trial: SimpleNamespace) -> None:
    """No arms are named, and controls are: they would hide the change in the mean."""
    both, before, after = pairs(trial, PATIENTS)
    expected = stats.ttest_rel(after[:, 3:], before[:, 3:])
    edges = trial.tables["edges"]
    assert set(edges["arm"]) == {"all"}
    edges = edges[edges["change"] == "change"]
    assert (edges["n"] == len(both)).all()
    assert len(both) == 6
    np.testing.assert_allclose(edges["statistic"], expected.statistic, rtol=1e-7)
    np.testing.assert_allclose(edges["p_value"], expected.pvalue, rtol=1e-7)
    np.testing.assert_allclose(edges["estimate"], (after - before)[:, 3:].mean(axis=0), rtol=1e-7)


def test_paired_change_of_an_arm(trial: SimpleNamespace) -> None:
    _, before, after = pairs(trial, [who for who in PATIENTS if PEOPLE[who] == "verumhigh"])
    found = trial.tables["tests"]
    found = found[(found["test"] == "paired") & (found["change"] == "change")]
    row = row_of(found, arm="verumhigh", measure="network_connectivity", regions="limbic")
    expected = stats.ttest_rel(after[:, 0], before[:, 0])
    same(row, statistic=expected.statistic, p_value=expected.pvalue)


def test_reliability(trial: SimpleNamespace) -> None:
    both = [who for who in PEOPLE if {(who, "pre1"), (who, "pre2")} <= set(trial.values)]
    found = np.array([[trial.values[who, each][0] for each in ("pre1", "pre2")] for who in both])
    n, k = found.shape
    of_people, of_sessions = found.mean(axis=1, keepdims=True), found.mean(axis=0)
    people = k * ((of_people - found.mean()) ** 2).sum() / (n - 1)
    sessions = n * ((of_sessions - found.mean()) ** 2).sum() / (k - 1)
    error = ((found - of_people - of_sessions + found.mean()) ** 2).sum() / ((n - 1) * (k - 1))
    row = row_of(trial.tables["reliability"], regions="limbic")
    assert row["n"] == n == 8  # six patients and two controls lack neither
    icc = (people - error) / (people + (k - 1) * error + k * (sessions - error) / n)
    assert row["icc"] == pytest.approx(icc, rel=1e-7)
    assert row["p_value"] == pytest.approx(stats.f.sf(people / error, n - 1, n - 1), rel=1e-7)


def test_volumes_beside_post_minus_baseline(trial: SimpleNamespace) -> None:
    rows = [row for row in range(8) if np.isfinite(MADRS["post"][row])]
    change = [MADRS["post"][row] - baseline_score(row) for row in rows]
    # A head that moved in one run says nothing of the anatomical image: all of them count.
    table = trial.tables["measures"]
    table = table[(table["measure"] == "volume") & (table["session"] == "baseline")]
    volume = table.set_index("participant_id")["value"][[PATIENTS[row] for row in rows]]
    expected = stats.pearsonr(volume, change)
    row = row_of(trial.tables["volumes"], structure="Left-Hippocampus")
    assert row["n"] == 7
    assert (row["r"], row["p_value"]) == pytest.approx(
        (expected.statistic, expected.pvalue), rel=1e-7
    )


def test_course_and_rates(trial: SimpleNamespace) -> None:
    baseline = np.array([baseline_score(row) for row in range(8)])
    post = np.array(MADRS["post"], dtype=float)
    seen = np.isfinite(post)
    expected = stats.ttest_rel(post[seen], baseline[seen])
    row = row_of(trial.tables["visits"], session="post", arm="all")
    same(row, statistic=expected.statistic, p_value=expected.pvalue)
    counts = {
        "response": int((baseline - post >= 0.5 * baseline).sum()),
        "remission": int((post < 10).sum()),
        "improvement": int((np.array(CGI) <= 2).sum()),
    }
    for rate, count in counts.items():
        for counted, n in (("seen", 7), ("everybody", 8)):
            row = row_of(trial.tables["response_rates"], rate=rate, counted=counted, arm="all")
            assert (row["count"], row["n"]) == (count, n)
            assert row["proportion"] == pytest.approx(count / n)


def likelihood_test(value: np.ndarray, design: np.ndarray, people: list[str]) -> pd.DataFrame:
    """Return t of maximum likelihood with a random intercept, and p on n - 3 degrees."""
    one = (np.array(people)[:, np.newaxis] == np.array(people)).astype(float)
    n = len(value)

    def fit(ratio: float) -> tuple[float, np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(np.eye(n) + ratio * one)
        covariance = np.linalg.inv(design.T @ inverse @ design)
        effects = covariance @ design.T @ inverse @ value
        residual = value - design @ effects
        variance = residual @ inverse @ residual / n
        deviance = n * np.log(variance) - np.linalg.slogdet(inverse)[1]
        return deviance, effects, np.sqrt(variance * np.diag(covariance))

    best = optimize.minimize_scalar(
        lambda root: fit(root**2)[0], bounds=(0.0, 10.0), method="bounded", options={"xatol": 1e-9}
    ).x
    best = min((0.0, float(best)), key=lambda root: fit(root**2)[0])
    _, effects, errors = fit(best**2)
    t = effects / errors
    return pd.DataFrame({"estimate": effects, "t": t, "p": 2 * stats.t.sf(np.abs(t), n - 3)})


@pytest.mark.parametrize(("column", "network"), list(enumerate(NETWORKS)))
def test_mixed_model_and_primary_outcomes(
    trial: SimpleNamespace, column: int, network: str
) -> None:
    value, design, people = [], [], []
    for row, who in enumerate(PATIENTS):
        if not np.isfinite(MADRS["post"][row]) or (who, "post") in MOVED:
            continue
        fall = 1.0 - MADRS["post"][row] / baseline_score(row)
        response = -0.5 if fall >= 0.5 else 0.5
        for time, sessions in ((-0.5, ("pre1", "pre2")), (0.5, ("post",))):
            found = mean_of(trial, who, sessions)[column]
            if np.isfinite(found):
                value.append(found)
                design.append((1.0, time, time * response))
                people.append(who)
    assert len(value) == 11
    expected = likelihood_test(np.array(value), np.array(design), people).iloc[1:]
    primary = trial.tables["primary_outcomes"]
    assert primary["threshold"].tolist() == pytest.approx([0.05 / 6] * 6)
    found = primary[primary["name"] == f"network_connectivity rest {network}"]
    assert found["term"].tolist() == ["time", "time:response"]
    assert found["df"].tolist() == [8, 8]
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-4)
    np.testing.assert_allclose(found["statistic"], expected["t"], rtol=1e-4)
    np.testing.assert_allclose(found["p_value"], expected["p"], rtol=1e-4)
    rating = row_of(primary, name="cgi")
    against = stats.ttest_1samp([each for each in CGI if np.isfinite(each)], 4.0)
    same(rating, statistic=against.statistic, p_value=against.pvalue)


def test_seed_maps_are_those_of_sessions_that_go_in(trial: SimpleNamespace) -> None:
    people = [who for who in PATIENTS if PEOPLE[who] == "verumhigh"]
    both, before, after = pairs(trial, people)
    row = row_of(trial.tables["seed_maps"], arm="verumhigh", change="change")
    assert row["n"] == len(both) == 4
    stored = nib.load(trial.folder.output / "group" / row["file"]).get_fdata().ravel()
    np.testing.assert_allclose(stored, (after - before).mean(axis=0), atol=1e-6)
    one = [who for who in people if (who, "pre1") in trial.values]
    assert row_of(trial.tables["seed_maps"], arm="verumhigh", session="pre1")["n"] == len(one) == 3


def test_blinded_arms_are_told_nowhere_and_change_no_number(trial: SimpleNamespace) -> None:
    folder = trial.folder
    freeze_plan(
        folder.output,
        folder.spec,
        source="study.yml",
        text=folder.study_file.read_text(),
        date="2026-01-01T00:00:00Z",
        generator=np.random.default_rng(1),
    )
    run(folder)
    for path in sorted((folder.output / "group").rglob("*")):
        text = path.read_bytes().decode("utf-8", "replace").lower()
        for word in ("verumlow", "verumhigh", "healthy"):
            assert word not in text, f"{word} in {path.name}"
            assert word not in path.name.lower()
    blinded, numbers = tables(folder), ["p_value", "estimate", "n_patients"]
    of_arm = dict(
        zip(blinded["outcomes"]["participant_id"], blinded["outcomes"]["arm"], strict=True)
    )
    names = {PEOPLE[who]: arm for who, arm in of_arm.items() if isinstance(arm, str)}
    for arm in ("verumlow", "verumhigh"):
        before, after = (
            table[table["arm"] == each].reset_index(drop=True)[numbers]
            for table, each in (
                (trial.tables["controls"], arm),
                (blinded["controls"], names[arm]),
            )
        )
        assert len(before) == 4
        pd.testing.assert_frame_equal(before, after, rtol=1e-9)
