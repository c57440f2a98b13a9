"""What docs say of connectivity, circuits and similarity: studies, columns, files, numbers."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.core.connectivity.condition_regressors import mean_sampled_regressor
from bids_ketamine.core.connectivity.gppi import (
    PpiRun,
    fisher_z_clipped,
    fit_seed,
    generalized_ppi,
    semipartial_correlation,
)
from bids_ketamine.core.dcm import estimation, priors, restart, variational_laplace
from bids_ketamine.core.dcm.preparation import LARGEST_RANGE
from bids_ketamine.core.dcm.structure import DcmStructure
from bids_ketamine.core.glm.convolution import microtime_input
from bids_ketamine.interfaces import gppi, gppi_files, rsa, rsa_files
from bids_ketamine.outputs.patterns import PATTERNS
from bids_ketamine.study.check_dcm import MOST_REGIONS
from bids_ketamine.study.dcm_names import connections_of, inputs_of, modulations_of
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import DcmSpec
from tests.interfaces.circuit_session import answering_run, model

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text("utf-8")
    for name in ("connectivity", "effective_connectivity", "similarity")
}
#: The same without line ends.
FLAT = {name: " ".join(text.split()) for name, text in PAGES.items()}
STUDIES = {
    f"{page} {number}": block
    for page, text in PAGES.items()
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL))
}
T_R = 2.0


@pytest.fixture
def study(tmp_path):
    def load(name):
        path = tmp_path / "study.yml"
        path.write_text(STUDIES[name], encoding="utf-8")
        return load_study(str(path)).spec

    return load


@pytest.mark.parametrize("name", STUDIES)
def test_studies_load(study, name):
    assert study(name).sessions


def test_studies_say_what_the_text_says(study):
    spec = study("connectivity 0")
    assert (spec.gppi.tasks, spec.gppi.method) == (("faces",), "conn")
    assert spec.gppi.confounds.motion_without_aroma == "24"
    assert spec.rest.confounds.motion_without_aroma == "12"
    assert spec.rest.correlations == ("pearson", "partial")
    spec = study("connectivity 1")
    assert (spec.gppi.method, spec.gppi.measure) == ("joint", "regression")
    faces = next(each for each in spec.tasks[0].contrasts if each.name == "facesGtShapes")
    assert faces.weights == {"fearful": 0.5, "neutral": 0.5, "shapes": -1.0}
    assert study("connectivity 2").inputs.timeseries_atlas == "Gordon"
    spec = study("effective_connectivity 0")
    circuit, other = spec.dcm.models
    assert (spec.dcm.restart, circuit.name, circuit.modulations) == (
        *("never", "faceCircuit", {"vmPFC > amygdala": ("faces",)}),
    )
    assert set(connections_of(other)) == {("vmPFC", "amygdala"), ("amygdala", "vmPFC")}
    spec = study("effective_connectivity 1")
    assert spec.dcm == DcmSpec(models=spec.dcm.models)  # the settings shown are the defaults
    assert [each.name for each in spec.dcm.models] == ["loop", "gain"]
    assert list(inputs_of(spec.dcm.models[0])) == ["all_trials", "emotion", "fearful"]
    assert list(modulations_of(spec.dcm.models[1])) == [("amygdala", "amygdala")]
    spec = study("similarity 0")
    assert spec.rsa.pairs == (("fearful", "neutral"), ("angry", "neutral"))
    spec = study("similarity 1")
    assert (spec.rsa.partition, spec.inputs.smoothing_fwhm) == ("run", None)


def columns_of(page, heading, first="column"):
    """Return the names in the first column of the first table after some words."""
    after = PAGES[page].split(heading, maxsplit=1)[1]
    table = after[after.index(f"| {first} |") :].split("\n\n", maxsplit=1)[0]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    return [name for cell in cells for name in re.findall("`(.*?)`", cell)]


@pytest.mark.parametrize(
    ("page", "heading", "columns"),
    [
        ("connectivity", "_gppi.tsv`:", gppi_files.COLUMNS),
        ("similarity", "_stat-ldc_dissimilarity.tsv`:", rsa_files.COLUMNS),
        ("similarity", "`*_stat-ldc_reliability.tsv`:", rsa_files.RELIABILITY_COLUMNS),
    ],
)
def test_columns_are_those_of_the_files(page, heading, columns):
    assert columns_of(page, heading) == list(columns)


@pytest.mark.parametrize(
    ("page", "kinds"),
    [
        ("connectivity", ("gppi", "gppi_relmat", "relmat", "partial_relmat", "timeseries")),
        ("effective_connectivity", ("dcm", "dcm_arrays")),
        ("similarity", ("dissimilarity", "reliability")),
    ],
)
def test_files_are_named_as_they_are_written(page, kinds):
    for kind in kinds:
        ending = PATTERNS[kind].split("}")[-1]
        assert f"{ending}`" in PAGES[page], kind


def test_limits_are_those_of_the_code():
    assert f"autocorrelation up to {gppi.NOISE_REACH:.0f} s" in FLAT["connectivity"]
    assert f"Above {gppi.MOST_REGIONS} regions" in FLAT["connectivity"]
    high = f"Above {gppi_files.HIGHEST_INFLATION:.0f}, or {gppi_files.HIGHEST_CORRELATION} in size"
    assert high in FLAT["connectivity"]
    assert f"more than {rsa.MOST_VOXELS:,} voxels" in FLAT["similarity"]


def regressor(onsets, duration, n_scans):
    return mean_sampled_regressor(
        onsets=np.array(onsets, dtype=float),
        durations=np.full(len(onsets), float(duration)),
        t_r=T_R,
        n_scans=n_scans,
    )


def effects_of(series, regressors, measure):
    """Estimate both conditions and their difference in series without serial correlation."""
    series = series - series.mean(axis=0)
    products = series[:, :, None] * regressors[:, None, :]
    df = len(series) - 1.0
    return generalized_ppi(
        [PpiRun(series, series, regressors, products, None, df, df)],
        effects=np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]),
        measure=measure,
        noise_reach=0,
        response_reach=0,
    )


def test_a_correlation_grows_with_the_data_of_its_condition():
    """Ten blocks against three, the same coefficient of 0.40: z 0.167 and 0.107 (text)."""
    assert "z of 0.167 and 0.107" in FLAT["connectivity"]
    onsets = np.arange(20.0, 760.0, 60.0)
    few = np.arange(len(onsets)) % 4 == 3
    assert (np.sum(~few), np.sum(few)) == (10, 3)
    both = np.column_stack([regressor(onsets[~few], 30, 400), regressor(onsets[few], 30, 400)])
    correlations, coefficients = [], []
    for seed in range(300):
        source = np.random.default_rng(seed)
        cause = source.standard_normal((400, 1))
        target = (0.3 + 0.4 * both.sum(axis=1, keepdims=True)) * cause
        target += source.standard_normal((400, 1))
        cause, target = cause - cause.mean(), target - target.mean()
        columns = np.column_stack([cause, both, cause * both])
        fit = fit_seed(columns - columns.mean(axis=0), target)
        r = semipartial_correlation(fit, target, np.eye(5)[:, 3:])
        correlations.append(fisher_z_clipped(r)[:, 0])
        coefficients.append(fit.coefficients[3:, 0])
    np.testing.assert_allclose(np.mean(correlations, axis=0), [0.167, 0.107], atol=5e-4)
    # Of 300 sessions with a spread of 0.1 to 0.17.
    np.testing.assert_allclose(np.mean(coefficients, axis=0), [0.4, 0.4], atol=0.02)


def test_conditions_without_rest_between_them_are_told_apart_by_regression_alone():
    assert "inflation is about 300" in FLAT["connectivity"]
    onsets = np.arange(0.0, 600.0, 30.0)
    both = np.column_stack([regressor(onsets[::2], 30, 300), regressor(onsets[1::2], 30, 300)])
    series = np.random.default_rng(0).standard_normal((300, 2))
    by_regression = effects_of(series, both, "regression").variance_inflation[0]
    by_correlation = effects_of(series, both, "correlation").variance_inflation[0]
    np.testing.assert_allclose(by_regression, [259, 360, 1], rtol=0.03)
    np.testing.assert_allclose(by_correlation, [259, 360, 360], rtol=0.01)
    assert "0.02 for a planted difference of coefficients of 0.5" in FLAT["connectivity"]
    found = []
    for seed in range(20):
        cause, noise = np.random.default_rng(seed).standard_normal((2, 300))
        pair = np.column_stack([cause, (0.3 + 0.5 * both[:, 0]) * cause + noise])
        found.append(
            [effects_of(pair, both, each).value[0, 1, 2] for each in ("correlation", "regression")]
        )
    np.testing.assert_allclose(np.mean(found, axis=0), [0.02, 0.5], atol=0.05)
    assert np.mean(found, axis=0)[0] == pytest.approx(0.02, abs=0.01)


def test_regressors_of_short_events_are_low():
    words = "an event of one second reaches 0.2 of that, one without duration 0.04"
    assert words in FLAT["connectivity"]
    peaks = [regressor([100.0], duration, 120).max() for duration in (1, 0)]
    np.testing.assert_allclose(peaks, [0.2, 0.04], rtol=0.05)


@pytest.fixture(scope="module")
def circuit(tmp_path_factory):
    """Files and measures of a small model."""
    folder = tmp_path_factory.mktemp("circuit")
    return model(folder / "out", answering_run(folder / "in"))


def test_keys_and_arrays_of_circuits_are_those_of_the_files(circuit):
    page = "effective_connectivity"
    facts, arrays = circuit.facts("pair"), circuit.arrays("pair")
    told = columns_of(page, "_desc-dcm_estimates.json`:", "key")
    assert sorted(told) == sorted(facts)
    assert set(columns_of(page, "Each parameter has", "key")) == set(facts["Parameters"][0])
    assert set(columns_of(page, "_estimates.npz` holds", "array")) == set(arrays)
    assert all(f"`{key}`" in PAGES[page] for key in facts["InputHashes"])
    kinds = circuit.rows["contrast"].str.removeprefix("pair ")
    assert {each.split()[0] for each in kinds} == {"connection", "modulation", "driving"}
    assert "prior mean of 1/128 Hz" in FLAT[page]
    assert "`standard_error` SPM's posterior standard deviation" in FLAT[page]
    told = {each["Name"]: each for each in facts["Parameters"]}
    rows = circuit.rows[circuit.rows["contrast"] == "pair connection"].set_index("regions")
    for name, row in rows.iterrows():
        named = told[name]
        assert row["value"] == pytest.approx(named["PosteriorMean"])
        assert row["standard_error"] == pytest.approx(named["PosteriorStandardDeviation"])
        assert named["CalibratedStandardDeviation"] > named["PosteriorStandardDeviation"]


def test_inputs_of_circuits_are_as_the_text_says():
    assert "overlap in one bin, where their sum is 2" in FLAT["effective_connectivity"]
    grid = {"t_r": T_R, "n_scans": 10, "microtime_resolution": 16, "lead_in_bins": 0}
    level = microtime_input(onsets=np.array([2.0, 4.0]), durations=np.array([2.0, 2.0]), **grid)
    assert (level == 2.0).sum() == 1
    assert level.sum() == 2 * 17
    impulse = microtime_input(onsets=np.array([2.0]), durations=np.zeros(1), **grid)
    assert impulse.sum() * T_R / 16 == 1.0


def test_whitening_takes_of_slow_responses_what_the_text_says():
    words = "`sqrt((1 - a) / (1 + a))`: 0.82 for a = 0.2, 0.65 for 0.4"
    assert words in FLAT["effective_connectivity"]
    for coefficient, told in ((0.2, 0.82), (0.4, 0.65)):
        noise = coefficient ** np.abs(np.subtract.outer(np.arange(200), np.arange(200)))
        values, vectors = np.linalg.eigh(noise)
        whitening = vectors / np.sqrt(values) @ vectors.T
        slow = np.sin(2.0 * np.pi * np.arange(200) / 40.0)
        assert np.std(whitening @ slow) / np.std(slow) == pytest.approx(told, abs=0.02)


def test_numbers_of_circuits_are_those_of_the_code():
    page = FLAT["effective_connectivity"]
    expected = priors.dcm_priors(DcmStructure(np.ones((2, 2)), np.ones((2, 2, 1)), np.ones((2, 1))))
    deviation = np.sqrt(np.diagonal(expected.covariance))
    places = {"A, between": 1, "A, of a region to": 0, "| B |": 4, "| C |": 8, "transit, each": 10}
    for words, place in (*places.items(), ("decay, epsilon", 13)):
        row = next(line for line in PAGES["effective_connectivity"].splitlines() if words in line)
        cells = [cell.strip() for cell in row.split("|")[4:6]]
        stated = [float(Fraction(cell)) for cell in cells]
        assert stated == [expected.mean[place], deviation[place]], words
    assert (priors.LOG_PRECISION_MEAN, priors.LOG_PRECISION_VARIANCE) == (6.0, 1 / 128)
    assert "| 6 | 1/√128 |" in page
    assert f"less than {estimation.FLAT_VARIANCE:.0%}".replace("%", " %") in page
    assert f"their range over all regions and runs is above {LARGEST_RANGE:g} %" in page
    assert f"variance {restart.LOG_PRECISION_FREEDOM:g} of the log precision" in page
    assert f"{estimation.SPM_ITERATIONS} iterations (`maximum_iterations`)" in page
    passes = f"{variational_laplace.PRECISION_PASSES}, until a gain below "
    assert f"{passes}{variational_laplace.PRECISION_GAIN}" in page
    assert (variational_laplace.NEGLIGIBLE_GAIN, variational_laplace.SETTLED_ITERATIONS) == (0.1, 4)
    assert "four iterations in a row that expect a gain below 0.1" in page
    assert MOST_REGIONS == 10
    assert "ten regions at most" in page


def test_the_example_in_python_finds_what_it_says(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGES["effective_connectivity"], flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("V1 > V5 Hz 0.3")
    found, limits, errors = (names[name] for name in ("found", "limits", "errors"))
    told = [found.posterior_mean[1], *limits[1], found.posterior_mean[9], *limits[9]]
    np.testing.assert_allclose(told, [0.31, 0.26, 0.38, 0.44, 0.35, 0.56], atol=6e-3)
    np.testing.assert_allclose(np.exp(-found.log_precision / 2), 0.11, atol=6e-3)
    np.testing.assert_allclose(errors.noise_standard_deviation, 0.18, atol=6e-3)
    assert (
        "0.31 Hz [0.26, 0.38], its modulation as 0.44 [0.35, 0.56]"
        in (FLAT["effective_connectivity"])
    )
    truth = names["truth"]
    free = names["structure"].free
    inside = (limits[free, 0] < truth[free]) & (truth[free] < limits[free, 1])
    assert inside.mean() > 0.8
