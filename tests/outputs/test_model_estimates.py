"""Models of the participant level are read as they were written, damaged ones are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from bids_ketamine.errors import InputDataError, InputMissingError
from bids_ketamine.outputs.arrays import read_arrays, write_arrays
from bids_ketamine.outputs.model_estimates import read_model
from bids_ketamine.study.spec import DcmModelSpec
from tests.workflows.peb_trial import write_estimate

MODEL = DcmModelSpec(
    name="circuit",
    task="faces",
    regions=("Änne", "b"),
    connections=("Änne > b",),
    driving={"faces": ("Änne",)},
    modulations={"Änne > b": ("faces",)},
)
BY = "Änne > b by faces"


@pytest.fixture
def measures(tmp_path: Path) -> Path:
    return tmp_path / "sub-01" / "ses-pre" / "sub-01_ses-pre_measures.tsv"


@pytest.fixture
def written(measures: Path) -> Path:
    return write_estimate(measures, MODEL, {BY: 0.25})


def read(measures: Path):
    return read_model(measures, model="circuit", task="faces")


def changed(path: Path, **arrays: object) -> None:
    """Put other arrays in the place of some; None takes one out."""
    with np.load(path) as stored:
        content = {name: stored[name] for name in stored.files} | arrays
    np.savez(path, **{name: each for name, each in content.items() if each is not None})


def test_what_was_written_is_read(measures: Path, written: Path) -> None:
    found = read(measures)
    names = [label.name for label in found.labels]
    position = names.index(BY)
    assert found.path == written
    assert found.labels[position][1:] == ("modulation", "Änne", "b", "faces", "Hz")
    assert found.posterior_mean[position] == 0.25
    assert found.posterior_covariance[position, position] == pytest.approx(0.05**2)
    assert found.prior_covariance[position, position] == 1.0
    assert [name for name, free in zip(names, found.free, strict=True) if free] == [
        *("Änne > Änne", "Änne > b", "b > b", BY, "faces > Änne"),
        *("Änne transit", "b transit", "decay", "epsilon"),
    ]
    assert (found.free_energy, found.explained_variance) == (-100.0, 0.4)


def test_parameters_may_be_had_in_another_order(measures: Path, written: Path) -> None:
    found = read(measures)
    turned = found.in_order_of(found.labels[::-1])
    assert turned.labels == found.labels[::-1]
    np.testing.assert_array_equal(turned.posterior_mean, found.posterior_mean[::-1])
    np.testing.assert_array_equal(turned.prior_covariance, found.prior_covariance[::-1, ::-1])
    np.testing.assert_array_equal(turned.free, found.free[::-1])


def test_files_that_are_not_there(measures: Path, written: Path) -> None:
    written.with_suffix(".npz").unlink()
    with pytest.raises(InputMissingError, match=r"The file is not there\. .*npz.* --overwrite"):
        read(measures)
    written.unlink()
    with pytest.raises(InputMissingError, match=r"no file of the model `circuit`.*--overwrite"):
        read(measures)


def test_two_files_of_a_model(measures: Path, written: Path) -> None:
    (written.parent / written.name.replace("_atlas", "_acq-mb_atlas")).write_text("{}")
    with pytest.raises(InputDataError, match="has 2 files of the model `circuit`") as caught:
        read(measures)
    assert "acq-mb" in str(caught.value)
    assert "Remove those" in str(caught.value)


def test_a_model_whose_name_ends_alike_is_another(measures: Path, written: Path) -> None:
    (written.parent / written.name.replace("circuit", "shortcircuit")).write_text("{}")
    assert read(measures).path == written


SIZE = 2 * 2 * 2 + 2 + 2 + 2


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"prior_mean": None}, "The file has no array `prior_mean`"),
        ({"posterior_mean": np.zeros(3)}, "the posterior mean has the wrong shape"),
        ({"posterior_mean": np.array(["x"] * SIZE)}, "the posterior mean has the wrong shape"),
        ({"prior_covariance": np.zeros(SIZE)}, "the prior covariance has the wrong shape"),
        ({"posterior_covariance": np.full((SIZE, SIZE), np.nan)}, "values that are not finite"),
        ({"free_energy": np.array(np.inf)}, "the free energy is no finite number"),
        ({"free_energy": np.zeros(2)}, "the free energy is no finite number"),
        ({"free": np.array([0, 99])}, "positions of the free parameters are none"),
        ({"free": np.array([1, 1])}, "positions of the free parameters are none"),
        ({"free": np.array([0.5])}, "positions of the free parameters are none"),
        ({"driving": np.ones((3, 1))}, "masks and names of the model do not fit each other"),
        ({"regions": np.array(["a", "b", "c"])}, "masks and names of the model do not fit"),
        ({"regions": np.array(["a", "b"])}, "names of the parameters are not those of the model"),
        ({"free_energy": np.array(-99.0)}, "are of different estimations"),
        ({"posterior_mean": np.zeros(SIZE)}, "are of different estimations"),
        ({"free": np.array([0, 1])}, "are of different estimations"),
    ],
)
def test_damaged_arrays(measures: Path, written: Path, arrays: dict, told: str) -> None:
    changed(written.with_suffix(".npz"), **arrays)
    with pytest.raises(InputDataError, match=told) as caught:
        read(measures)
    assert caught.value.path.stem == written.stem
    assert "--overwrite" in str(caught.value.cure)


@pytest.mark.parametrize("cut", [0, 3, 200, -10])
def test_cut_arrays(measures: Path, written: Path, cut: int) -> None:
    path = written.with_suffix(".npz")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputDataError, match="damaged, or not one of NumPy's"):
        read(measures)


def test_arrays_that_would_run_code_are_not_read(measures: Path, written: Path) -> None:
    changed(written.with_suffix(".npz"), prior_mean=np.array([{}], dtype=object))
    with pytest.raises(InputDataError, match="damaged, or not one of NumPy's"):
        read(measures)
    np.save(written.with_suffix(".npy"), np.zeros(3))
    written.with_suffix(".npy").replace(written.with_suffix(".npz"))
    with pytest.raises(InputDataError, match="damaged, or not one of NumPy's"):
        read(measures)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"Model": "other"}, "not of the model `circuit` of the task `faces`"),
        ({"Task": None}, "not of the model `circuit` of the task `faces`"),
        ({"FreeEnergy": -101.0}, "are of different estimations"),
        ({"FreeEnergy": None}, "are of different estimations"),
        ({"Parameters": {}}, "are of different estimations"),
        ({"ExplainedVariance": 1.5}, "does not say which share of variance"),
        ({"ExplainedVariance": "0.4"}, "does not say which share of variance"),
    ],
)
def test_foreign_facts(measures: Path, written: Path, facts: dict, told: str) -> None:
    written.write_text(json.dumps(json.loads(written.read_text()) | facts))
    with pytest.raises(InputDataError, match=told) as caught:
        read(measures)
    assert caught.value.path == written


def test_facts_that_are_no_json(measures: Path, written: Path) -> None:
    written.write_text('{"Model": ')
    with pytest.raises(InputDataError, match="Line 1 is not JSON"):
        read(measures)


def test_a_share_that_could_not_be_told(measures: Path, written: Path) -> None:
    facts = json.loads(written.read_text()) | {"ExplainedVariance": None}
    written.write_text(json.dumps(facts))
    assert np.isnan(read(measures).explained_variance)


def test_arrays_go_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_arrays(path, {"change|кетамін": np.arange(3.0), "names": np.array(["x", "Ü"])})
    first = path.read_bytes()
    found = read_arrays(path, names=["change|кетамін", "names"], cure="")
    np.testing.assert_array_equal(found["change|кетамін"], [0.0, 1.0, 2.0])
    assert found["names"].tolist() == ["x", "Ü"]
    write_arrays(path, {"change|кетамін": np.arange(3.0), "names": np.array(["x", "Ü"])})
    assert path.read_bytes() == first
    with pytest.raises(ValueError, match="arrays of objects"):
        write_arrays(path, {"a": np.array([None])})
    assert path.read_bytes() == first
