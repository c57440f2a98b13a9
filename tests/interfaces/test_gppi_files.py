"""Tables of interactions: collinear ones, missing ones, files of many regions."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bids_ketamine.core.connectivity.gppi import PpiEstimates
from bids_ketamine.interfaces.gppi_effects import effects_of
from bids_ketamine.interfaces.gppi_files import InteractionTable
from bids_ketamine.regions.locate import Region
from bids_ketamine.study.spec import RegionSpec
from tests.interfaces.task_session import GPPI, TASK, blocks, compute, write_run


def table_of(*, reasons=None, empty=None, **changed) -> InteractionTable:
    """Return a table of two regions and three effects, 0.1 to 1.2 in order."""
    value = np.arange(1, 13).reshape(2, 2, 3) / 10.0
    value[[0, 1], [0, 1]] = np.nan
    plain = np.ones((2, 3))
    estimates = PpiEstimates(
        value, np.ones((2, 2, 3)), (value + value.swapaxes(0, 1)) / 2, np.ones((2, 2, 3)),
        np.full(2, 50.0), plain.copy(), plain * 0.1,
    )._replace(**changed)  # fmt: skip
    effects, _ = effects_of(TASK, empty or {})
    return InteractionTable(
        regions=[Region(name, "", np.arange(3), 3) for name in ("x", "y")],
        effects=effects,
        estimates=estimates,
        reasons=np.full((2, 2), "", dtype=object) if reasons is None else reasons,
        gppi=GPPI,
        task=TASK,
        unit="Fisher z",
        notes=(),
        confounds=((),),
        condition_volumes=None,
    )


SEED, TARGET = np.array([0, 1]), np.array([1, 0])


def test_directions_and_their_mean():
    table = table_of()
    values, reasons = table.directed(0, SEED, TARGET)
    assert values.tolist() == [0.4, 0.7]
    assert reasons.tolist() == ["", ""]
    mean, _ = table.pair_values(2, SEED[:1], TARGET[:1])
    assert mean == pytest.approx([0.75])


def test_a_reason_takes_the_value_away():
    reasons = np.array([["", "x: away"], ["x: away", ""]], dtype=object)
    values, told = table_of(reasons=reasons).directed(0, SEED, TARGET)
    assert np.isnan(values).all()
    assert told.tolist() == ["x: away"] * 2
    values, told = table_of(empty={"b": "no b"}).directed(0, SEED, TARGET)
    assert np.isnan(values).all()
    assert told.tolist() == ["no b"] * 2
    values, told = table_of(empty={"b": "no b"}).directed(1, SEED, TARGET)
    assert values.tolist() == [0.5, 0.8]
    # A region's own reason goes before that of the effect.
    _, told = table_of(reasons=reasons, empty={"b": "no b"}).directed(0, SEED, TARGET)
    assert told.tolist() == ["x: away"] * 2


def test_what_could_not_be_estimated_says_why():
    value = np.full((2, 2, 3), np.nan)
    _, told = table_of(value=value).directed(1, SEED, TARGET)
    assert (
        told.tolist()
        == ["the interaction is a combination of the seed, the task and the other interactions"] * 2
    )


def test_nearly_collinear_interactions_are_of_contrasts_alone():
    inflation = np.array([[10.1, 99.0, 99.0], [10.0, 1.0, 1.0]])
    correlation = np.array([[0.2, 0.0, 0.0], [-0.95, 0.0, 0.0]])
    found = table_of(variance_inflation=inflation, task_correlation=correlation)
    assert found.nearly_collinear() == [
        {"seed": "x", "effect": "aGtB", "variance_inflation": 10.1, "task_correlation": 0.2},
        {"seed": "y", "effect": "aGtB", "variance_inflation": 10.0, "task_correlation": -0.95},
    ]
    assert table_of().nearly_collinear() == []
    unknown = np.full((2, 3), np.nan)
    assert table_of(variance_inflation=unknown, task_correlation=unknown).nearly_collinear() == []


def test_what_has_no_value_is_not_nearly_collinear():
    """An infinite inflation, an empty condition, a seed without series: the table says why."""
    high = np.full((2, 3), 99.0)
    value = np.ones((2, 2, 3))
    value[0, 1, 0] = np.nan
    combination = table_of(variance_inflation=np.where([[1], [0]], np.inf, high), value=value)
    assert [each["seed"] for each in combination.nearly_collinear()] == ["y"]
    assert table_of(variance_inflation=high, empty={"b": "no b"}).nearly_collinear() == []
    away = np.full((2, 2), "x has no signal", dtype=object)
    assert table_of(variance_inflation=high, reasons=away).nearly_collinear() == []


def test_an_effect_without_events_has_no_collinearity(tmp_path):
    run = write_run(tmp_path / "in", events=blocks(("a",), number=7))
    results = compute(tmp_path / "out", run, gppi=GPPI)
    assert results.sidecar("_gppi")["NearlyCollinear"] == []
    table = results.table("_gppi").set_index("effect")
    numbers = ["variance_inflation", "task_correlation"]
    assert table.loc[["b", "aGtB"], numbers].isna().all(axis=None)
    assert np.isfinite(table.loc["a", numbers]).all(axis=None)


@pytest.mark.parametrize(
    ("measure", "unit"), [("correlation", "Fisher z"), ("regression", "arbitrary")]
)
def test_columns_say_their_unit(tmp_path, measure, unit):
    run = write_run(tmp_path / "in")
    results = compute(tmp_path / "out", run, gppi=replace(GPPI, measure=measure))
    sidecar = results.sidecar("_gppi")
    assert sidecar["value"]["Units"] == sidecar["standard_error"]["Units"] == unit
    assert "not corrected for the number of pairs" in sidecar["p"]["Description"]
    assert "inf where" in sidecar["variance_inflation"]["Description"]


def test_conditions_that_fill_the_run_are_nearly_collinear(tmp_path):
    """With two conditions in turn and no rest, each is one minus the other."""
    events = pd.DataFrame(
        {"onset": np.arange(0.0, 240.0, 8.0), "duration": 8.0, "trial_type": ["a", "b"] * 15}
    )
    results = compute(tmp_path / "out", write_run(tmp_path / "in", events=events), gppi=GPPI)
    table = results.table("_gppi")
    assert table.loc[table["effect"] == "a", "variance_inflation"].min() > 10
    rested = compute(tmp_path / "rested", write_run(tmp_path / "in", events=blocks()), gppi=GPPI)
    assert rested.sidecar("_gppi")["NearlyCollinear"] == []
    for entry in results.sidecar("_gppi")["NearlyCollinear"]:
        row = table[(table["seed"] == entry["seed"]) & (table["effect"] == entry["effect"])].iloc[0]
        assert row["variance_inflation"] == pytest.approx(entry["variance_inflation"], rel=1e-9)


def test_single_conditions_of_many_regions_are_left_out_and_told(tmp_path):
    centres = itertools.product(range(6), range(6), range(3))
    regions = [
        RegionSpec(name=f"r{x}{y}{z}", spheres=((10.0 * x, 10.0 * y, 10.0 * z),), radius=1.0)
        for x, y, z in centres
    ]
    run = write_run(tmp_path / "in")
    many = compute(tmp_path / "many", run, regions=regions, gppi=GPPI)
    few = compute(tmp_path / "few", run, regions=regions[:4], gppi=GPPI)
    table = many.table("_gppi")
    assert set(table["effect"]) == {"aGtB"}
    assert len(table) == 108 * 107
    assert any("single conditions" in note for note in many.sidecar("_gppi")["Notes"])
    assert many.directed("aGtB")["r000", "r010"] == pytest.approx(
        few.directed("aGtB")["r000", "r010"], abs=1e-9
    )
    assert set(few.table("_gppi")["effect"]) == {"aGtB", "a", "b"}


@pytest.mark.parametrize(
    ("method", "band"), [("conn", [0.008, 0.09]), ("joint", [0.008, 0.09]), ("spm", None)]
)
def test_sidecars_say_how_values_were_made(tmp_path, method, band):
    from tests.interfaces.task_session import GLM

    results = compute(
        tmp_path / "out",
        write_run(tmp_path / "in"),
        glm=replace(GLM, noise_model="spm"),
        gppi=replace(GPPI, method=method),
    )
    sidecar = results.sidecar("_gppi")
    assert (sidecar["Method"], sidecar["Measure"], sidecar["Units"]) == (
        method, "correlation", "Fisher z"
    )  # fmt: skip
    assert sidecar["BandPass"] == band
    assert sidecar["Conditions"] == ["a", "b"]
    assert sidecar["VarianceInflationLimit"] == 10.0
    assert sidecar["RepetitionTime"] == 2.0
    table = results.table("_gppi")
    assert table["p"].between(0, 1).all()
    assert (table["residual_df"] > 10).all()
