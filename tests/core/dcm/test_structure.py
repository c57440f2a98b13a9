"""Order, names, priors and probabilities of parameters, and masks that do not fit."""

import numpy as np
import pytest

from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.structure import (
    DcmStructure,
    parameter_labels,
    parameter_vector,
    unpack,
)
from bids_ketamine.core.dcm.summary import (
    explained_variance,
    information_criteria,
    parameter_correlations,
    posterior_probability,
)
from bids_ketamine.errors import InputDataError
from tests.core.dcm.circuits import CIRCUIT, SINGLE


def zeros(structure, **parts):
    n, m = structure.n_regions, structure.n_inputs
    empty = {
        "connections": np.zeros((n, n)),
        "modulations": np.zeros((n, n, m)),
        "driving": np.zeros((n, m)),
        "transit": np.zeros(n),
    }
    return parameter_vector(structure, **{**empty, **parts})


def test_every_parameter_has_its_place():
    """Column-major: the target moves fastest, then the source, then the input."""
    places = {}
    for target in range(2):
        for source in range(2):
            entry = np.zeros((2, 2))
            entry[target, source] = 1.0
            places["A", target, source] = zeros(CIRCUIT, connections=entry)
            for modulator in range(2):
                cube = np.zeros((2, 2, 2))
                cube[target, source, modulator] = 1.0
                places["B", target, source, modulator] = zeros(CIRCUIT, modulations=cube)
    found = {name: np.flatnonzero(vector).tolist() for name, vector in places.items()}
    assert found["A", 0, 0] == [0]
    assert found["A", 1, 0] == [1]
    assert found["A", 0, 1] == [2]
    assert found["A", 1, 1] == [3]
    assert found["B", 1, 0, 0] == [5]
    assert found["B", 0, 1, 0] == [6]
    assert found["B", 1, 0, 1] == [9]
    assert found["B", 0, 1, 1] == [10]
    driving = zeros(CIRCUIT, driving=[[0, 0], [3, 4]])
    assert np.flatnonzero(driving).tolist() == [13, 15]
    assert zeros(CIRCUIT, transit=[1, 2], decay=3.0, epsilon=4.0)[16:].tolist() == [1, 2, 3, 4]


def test_unpacking_undoes_packing_also_of_several_vectors():
    structure = DcmStructure(np.ones((3, 3)), np.ones((3, 3, 2)), np.ones((3, 2)))
    vectors = np.random.default_rng(0).normal(size=(4, 2, structure.n_parameters))
    parts = unpack(vectors, structure)
    assert parts.connections.shape == (4, 2, 3, 3)
    assert parts.modulations.shape == (4, 2, 3, 3, 2)
    for index in np.ndindex(4, 2):
        own = unpack(vectors[index], structure)
        joined = parameter_vector(structure, **own._asdict())
        np.testing.assert_array_equal(joined, vectors[index])
        for part, single in zip(parts, own, strict=True):
            np.testing.assert_array_equal(part[index], single)


def test_self_connections_are_always_free():
    structure = DcmStructure(np.array([[0, 0], [1, 0]]), np.zeros((2, 2, 1)), [[1], [0]])
    assert structure.connections.tolist() == [[True, False], [True, True]]
    assert structure.free.tolist() == [0, 1, 3, 8, 10, 11, 12, 13]
    assert (structure.n_regions, structure.n_inputs, structure.n_parameters) == (2, 1, 14)
    with pytest.raises(ValueError, match="read-only"):
        structure.connections[0, 1] = True


def test_the_masks_of_a_caller_are_left_alone():
    connections = np.zeros((2, 2), dtype=bool)
    DcmStructure(connections, np.zeros((2, 2, 1)), np.ones((2, 1)))
    assert not connections.any()


def test_labels_follow_the_order_of_the_vector():
    labels = parameter_labels(CIRCUIT, regions=["vmPFC", "amygdala"], inputs=["all", "faces"])
    assert len(labels) == CIRCUIT.n_parameters == 20
    assert [each.name for each in labels[:4]] == [
        "vmPFC > vmPFC",
        "vmPFC > amygdala",
        "amygdala > vmPFC",
        "amygdala > amygdala",
    ]
    assert [each.name for each in labels[12:]] == [
        "all > vmPFC",
        "all > amygdala",
        "faces > vmPFC",
        "faces > amygdala",
        "vmPFC transit",
        "amygdala transit",
        "decay",
        "epsilon",
    ]
    assert labels[9] == (
        "vmPFC > amygdala by faces",
        "modulation",
        "vmPFC",
        "amygdala",
        "faces",
        "Hz",
    )
    assert labels[13] == ("all > amygdala", "driving", "all", "amygdala", "", "Hz")
    # The vector's masks say the same as the names: only B(amygdala, vmPFC) and back are free.
    free = [labels[k].name for k in CIRCUIT.free if labels[k].field == "modulation"]
    assert free == ["vmPFC > amygdala by faces", "amygdala > vmPFC by faces"]
    units = {each.name: each.unit for each in labels}
    assert units["vmPFC > vmPFC by faces"] == units["vmPFC > vmPFC"] == "log scale"
    assert units["vmPFC transit"] == units["epsilon"] == "log scale"


def test_priors_by_hand():
    found = dcm_priors(CIRCUIT)
    variance = np.diagonal(found.covariance)
    assert found.mean[:4].tolist() == [0.0, 1 / 128, 1 / 128, 0.0]
    assert found.mean[4:].tolist() == [0.0] * 16
    assert variance[:4].tolist() == [1 / 64] * 4
    assert np.flatnonzero(variance[4:12]).tolist() == [5, 6]
    assert variance[[9, 10]].tolist() == [1.0, 1.0]
    assert variance[12:16].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert variance[16:].tolist() == [1 / 256] * 4
    assert np.flatnonzero(variance).tolist() == CIRCUIT.free.tolist()
    assert found.log_precision_mean.tolist() == [6.0, 6.0]
    np.testing.assert_array_equal(found.log_precision_covariance, np.eye(2) / 128)


def test_a_single_region_has_a_wide_prior_of_its_self_connection():
    found = dcm_priors(SINGLE)
    assert np.diagonal(found.covariance).tolist() == [1.0, 0.0, 1.0] + [1 / 256] * 3
    assert found.mean.tolist() == [0.0] * 6


# What does not fit ----------------------------------------------------------------------------


def test_masks_that_do_not_fit_are_all_named():
    with pytest.raises(InputDataError) as caught:
        DcmStructure(np.ones((2, 3)), np.ones((2, 2, 1)), np.ones((3, 2)))
    told = str(caught.value)
    assert "connections has shape (2, 3), not (2, 2)" in told
    assert "modulations has shape (2, 2, 1), not (2, 2, 2)" in told
    assert "driving has shape (3, 2), not (2, 2)" in told


@pytest.mark.parametrize(
    "masks",
    [
        (np.zeros((0, 0)), np.zeros((0, 0, 1)), np.zeros((0, 1))),
        (np.ones((2, 2)), np.zeros((2, 2, 0)), np.zeros((2, 0))),
    ],
)
def test_a_model_has_a_region_and_an_input(masks):
    with pytest.raises(InputDataError, match="there is no region or no input"):
        DcmStructure(*masks)


def test_numbers_of_names_that_do_not_fit():
    with pytest.raises(InputDataError, match=r"3 regions and 2 inputs are named.*has 2 and 2"):
        parameter_labels(CIRCUIT, regions=["a", "b", "c"], inputs=["x", "y"])
    with pytest.raises(InputDataError, match=r"2 regions and 1 inputs are named.*has 2 and 2"):
        parameter_labels(CIRCUIT, regions=["a", "b"], inputs=["x"])


def test_a_part_of_another_shape_is_named():
    with pytest.raises(InputDataError, match=r"driving have shape \(2, 1\), not \(2, 2\)"):
        zeros(CIRCUIT, driving=[[1.0], [0.0]])


# What is read off a posterior -----------------------------------------------------------------


def test_probability_of_the_sign():
    mean, covariance = np.array([0.0, 1.96, -3.0, 0.4]), np.diag([1.0, 1.0, 9.0, 0.0])
    found = posterior_probability(mean, covariance)
    np.testing.assert_allclose(found, [0.5, 0.9750021, 0.8413447, np.nan], atol=1e-7)


def test_correlations_of_free_parameters():
    covariance = np.array([[4.0, 0.0, 3.0], [0.0, 0.0, 0.0], [3.0, 0.0, 9.0]])
    found = parameter_correlations(covariance, np.array([0, 2]))
    np.testing.assert_allclose(found, [[1.0, 0.5], [0.5, 1.0]], rtol=1e-15)


def test_explained_variance_counts_all_runs():
    predicted = [np.array([[1.0, 0.0], [1.0, 2.0]]), np.array([[1.0, 0.0]])]
    residuals = [np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[0.0, 1.0]])]
    # 3 of 3 + 1; 4 of 4 + 2; 7 of 7 + 3.
    found = explained_variance(predicted, residuals)
    np.testing.assert_allclose(found, [3 / 4, 4 / 6, 7 / 10], rtol=1e-15)


def test_information_criteria_by_hand():
    residuals = [np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[1.0, 1.0]])]
    # -3/2 ln 2 - 6/4 for the first region, -3/2 ln 5 - 10/10 for the second one.
    fit = -1.5 * np.log(2.0) - 1.5 - 1.5 * np.log(5.0) - 1.0
    aic, bic = information_criteria(residuals, np.array([2.0, 5.0]), n_free=4)
    assert aic == pytest.approx(fit - 4.0, abs=1e-14)
    assert bic == pytest.approx(fit - 2.0 * np.log(3.0), abs=1e-14)
