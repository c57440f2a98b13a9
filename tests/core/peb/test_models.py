"""Models of a group side by side: what is refused, and who is named."""

from types import SimpleNamespace

import numpy as np
import pytest

from bids_ketamine.core.dcm.structure import DcmStructure, parameter_labels
from bids_ketamine.core.peb.models import first_level_models, models_of_dcms
from bids_ketamine.errors import InputDataError

LABELS = ("sub-01 ses-pre", "sub-02 ses-pre", "sub-03 ses-pre")
NAMES = ("faces > amygdala", "vmPFC > amygdala by faces", "decay")


def given(**changed):
    size = len(NAMES)
    arguments = {
        "posterior_mean": [np.arange(size) + 10.0 * row for row in range(3)],
        "posterior_covariance": [np.eye(size) * (row + 1) for row in range(3)],
        "prior_mean": [np.zeros(size)] * 3,
        "prior_covariance": [np.diag([1.0, 2.0, 0.5])] * 3,
        "free_energy": [-100.0, -101.0, -102.0],
        "parameters": NAMES,
        "fields": ("driving", "modulation", "decay"),
        "labels": LABELS,
    }
    return arguments | changed


def replaced(arrays, place, value):
    return [value if row == place else each for row, each in enumerate(arrays)]


def message(**changed):
    with pytest.raises(InputDataError) as raised:
        first_level_models(**given(**changed))
    assert raised.value.cure
    return raised.value.message


def test_models_stand_side_by_side_as_given():
    models = first_level_models(**given())
    assert (models.n_models, models.n_parameters) == (3, 3)
    np.testing.assert_array_equal(models.posterior_mean[2], [20.0, 21.0, 22.0])
    np.testing.assert_array_equal(models.posterior_covariance[1], 2.0 * np.eye(3))
    assert models.labels == LABELS
    assert models.parameters == NAMES
    assert models.fields == ("driving", "modulation", "decay")


def test_rows_are_taken_in_the_order_asked_for():
    models = first_level_models(**given()).rows([2, 0])
    assert models.labels == (LABELS[2], LABELS[0])
    assert models.parameters == NAMES
    np.testing.assert_array_equal(models.posterior_mean[:, 0], [20.0, 0.0])
    np.testing.assert_array_equal(models.posterior_covariance[0], 3.0 * np.eye(3))
    np.testing.assert_array_equal(models.free_energy, [-102.0, -100.0])
    assert models.prior_mean.shape == (2, 3)
    assert models.prior_covariance.shape == (2, 3, 3)


def test_a_model_of_another_size_is_named():
    means = replaced(given()["posterior_mean"], 1, np.zeros(4))
    told = message(posterior_mean=means)
    assert "other parameters" in told
    assert "sub-02 ses-pre (4,)" in told
    assert "sub-01" not in told


def test_a_model_with_other_free_parameters_is_named_with_them():
    covariances = replaced(given()["prior_covariance"], 2, np.diag([1.0, 0.0, 0.5]))
    told = message(prior_covariance=covariances)
    assert "sub-03 ses-pre" in told
    assert "vmPFC > amygdala by faces" in told
    assert "sub-02" not in told
    assert "decay" not in told


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("argument", "what"),
    [
        ("posterior_mean", "posterior mean"),
        ("posterior_covariance", "posterior covariance"),
        ("prior_mean", "prior mean"),
        ("prior_covariance", "prior covariance"),
        ("free_energy", "free energy"),
    ],
)
def test_what_is_not_finite_is_named_with_its_model(argument, what, value):
    broken = np.array(given()[argument][1], dtype=float)
    broken[...] = value
    told = message(**{argument: replaced(given()[argument], 1, broken)})
    assert what in told
    assert "sub-02 ses-pre" in told
    assert "sub-01" not in told
    assert "sub-03" not in told


def test_a_missing_model_is_counted():
    assert "2 of `posterior mean` for 3 models" in message(
        posterior_mean=given()["posterior_mean"][:2]
    )


def test_no_model_is_no_group():
    empty = {name: [] for name in given() if name not in ("parameters", "fields")}
    assert "no first-level models" in message(**empty)


def test_each_parameter_needs_its_field():
    assert "2 fields are given for 3 parameters" in message(fields=("driving", "decay"))


def test_many_wrong_models_are_counted_not_listed():
    labels = tuple(f"sub-{row:02d}" for row in range(9))
    arrays = {
        name: [given()[name][0]] * 9
        for name in ("posterior_mean", "posterior_covariance", "prior_mean", "prior_covariance")
    }
    arrays["prior_mean"] = [np.full(3, np.nan)] * 9
    told = message(**arrays, free_energy=np.zeros(9), labels=labels)
    assert "sub-04 and 4 more" in told
    assert "sub-05" not in told


# Of dynamic causal models -----------------------------------------------------------------------


def dynamic_model(row, size):
    return SimpleNamespace(
        posterior_mean=np.full(size, float(row)),
        posterior_covariance=np.eye(size),
        prior_mean=np.zeros(size),
        prior_covariance=np.eye(size),
        free_energy=-float(row),
    )


def labels_of_a_circuit():
    structure = DcmStructure(np.ones((2, 2)), np.zeros((2, 2, 1)), np.ones((2, 1)))
    return parameter_labels(structure, regions=["vmPFC", "amygdala"], inputs=["faces"])


def test_dynamic_models_bring_their_names_and_kinds():
    named = labels_of_a_circuit()
    models = models_of_dcms(
        [dynamic_model(row, len(named)) for row in range(3)],
        parameter_labels=named,
        labels=LABELS,
    )
    assert models.parameters[1] == "vmPFC > amygdala"
    assert models.fields[:4] == ("connection",) * 4
    assert models.fields[-6:] == ("driving",) * 2 + ("transit",) * 2 + ("decay", "epsilon")
    np.testing.assert_array_equal(models.posterior_mean[:, 0], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(models.free_energy, [0.0, -1.0, -2.0])


def test_a_dynamic_model_of_another_circuit_is_named():
    named = labels_of_a_circuit()
    estimates = [dynamic_model(row, len(named) + (row == 1)) for row in range(3)]
    with pytest.raises(InputDataError, match="sub-02 ses-pre"):
        models_of_dcms(estimates, parameter_labels=named, labels=LABELS)


def test_a_participant_without_the_session_is_a_missing_model():
    named = labels_of_a_circuit()
    estimates = [dynamic_model(row, len(named)) for row in range(2)]
    with pytest.raises(InputDataError, match="for 3 models"):
        models_of_dcms(estimates, parameter_labels=named, labels=LABELS)
