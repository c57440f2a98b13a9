"""Which parameters a dynamic causal model has, in which order, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bids_ketamine.errors import InputDataError

#: Unit of rates of change between regions, and of what drives them.
RATE = "Hz"

#: Unit of parameters that scale a positive quantity by their exponential.
LOG_SCALE = "log scale"


@dataclass(frozen=True, eq=False)
class DcmStructure:
    """Free parameters of a bilinear model of n regions and m inputs.

    Attributes
    ----------
    connections : ndarray of bool, shape (n, n)
        Connections A, row = target, column = source. Self-connections are always free.
    modulations : ndarray of bool, shape (n, n, m)
        Connections that each input modulates (B).
    driving : ndarray of bool, shape (n, m)
        Regions that each input drives (C).

    Raises
    ------
    InputDataError
        If the masks do not fit each other.

    Examples
    --------
    >>> chain = DcmStructure(np.array([[0, 0], [1, 0]]), np.zeros((2, 2, 1)), np.array([[1], [0]]))
    >>> chain.n_parameters, chain.free.tolist()
    (14, [0, 1, 3, 8, 10, 11, 12, 13])
    """

    connections: np.ndarray
    modulations: np.ndarray
    driving: np.ndarray

    def __post_init__(self) -> None:
        connections = np.array(self.connections, dtype=bool)
        modulations = np.array(self.modulations, dtype=bool)
        driving = np.array(self.driving, dtype=bool)
        n_regions = len(connections) if connections.ndim else 0
        n_inputs = driving.shape[1] if driving.ndim == 2 else 0
        wanted = {
            "connections": (connections, (n_regions, n_regions)),
            "modulations": (modulations, (n_regions, n_regions, n_inputs)),
            "driving": (driving, (n_regions, n_inputs)),
        }
        problems = [
            f"{name} has shape {mask.shape}, not {shape}"
            for name, (mask, shape) in wanted.items()
            if mask.shape != shape
        ]
        if problems or not n_regions or not n_inputs:
            told = "; ".join(problems) or "there is no region or no input"
            raise InputDataError(
                f"The masks of the model do not fit each other: {told}.",
                cure="Give connections (target, source), modulations (target, source, input) and "
                "driving (region, input).",
            )
        np.fill_diagonal(connections, True)
        for name, mask in zip(wanted, (connections, modulations, driving), strict=True):
            mask.setflags(write=False)
            object.__setattr__(self, name, mask)

    @property
    def n_regions(self) -> int:
        """Number of regions n."""
        return len(self.connections)

    @property
    def n_inputs(self) -> int:
        """Number of inputs m."""
        return self.driving.shape[1]

    @property
    def n_parameters(self) -> int:
        """Length of the parameter vector, P = n^2 (1 + m) + n m + n + 2."""
        n, m = self.n_regions, self.n_inputs
        return n * n * (1 + m) + n * m + n + 2

    @property
    def free(self) -> np.ndarray:
        """Positions of the free parameters, ascending."""
        return np.flatnonzero(
            parameter_vector(
                self,
                connections=self.connections,
                modulations=self.modulations,
                driving=self.driving,
                transit=np.ones(self.n_regions),
                decay=1.0,
                epsilon=1.0,
            )
        )


class DcmParameters(NamedTuple):
    """The parts of one or several parameter vectors; leading axes are theirs.

    Attributes
    ----------
    connections : ndarray of shape (..., n, n)
        A: Hz off the diagonal, log scale on it.
    modulations : ndarray of shape (..., n, n, m)
        B, in the units of A for each unit of the input.
    driving : ndarray of shape (..., n, m)
        C, Hz for each unit of the input.
    transit : ndarray of shape (..., n)
        Log scale of the transit time of each region.
    decay, epsilon : ndarray of shape (...,)
        Log scale of the decay of the vasodilatory signal, and of the ratio of intra- to
        extravascular signal.
    """

    connections: np.ndarray
    modulations: np.ndarray
    driving: np.ndarray
    transit: np.ndarray
    decay: np.ndarray
    epsilon: np.ndarray


def parameter_vector(
    structure: DcmStructure,
    *,
    connections: ArrayLike,
    modulations: ArrayLike,
    driving: ArrayLike,
    transit: ArrayLike,
    decay: float = 0.0,
    epsilon: float = 0.0,
) -> np.ndarray:
    """Join the parts of a parameter vector, column-major: A, B, C, transit, decay, epsilon.

    Parameters
    ----------
    structure : DcmStructure
        The model.
    connections : array_like of shape (n, n)
        A.
    modulations : array_like of shape (n, n, m)
        B.
    driving : array_like of shape (n, m)
        C.
    transit : array_like of shape (n,)
        Log scale.
    decay, epsilon : float, optional
        Log scale.

    Returns
    -------
    ndarray of shape (n_parameters,)
        The vector.

    Raises
    ------
    InputDataError
        If a part has another shape.
    """
    n, m = structure.n_regions, structure.n_inputs
    parts = []
    for name, part, shape in (
        ("connections", connections, (n, n)),
        ("modulations", modulations, (n, n, m)),
        ("driving", driving, (n, m)),
        ("transit", transit, (n,)),
    ):
        array = np.asarray(part, dtype=float)
        if array.shape != shape:
            raise InputDataError(f"The parameters {name} have shape {array.shape}, not {shape}.")
        parts.append(array.ravel(order="F"))
    return np.concatenate([*parts, [float(decay), float(epsilon)]])


def unpack(parameters: np.ndarray, structure: DcmStructure) -> DcmParameters:
    """Split parameter vectors into their parts.

    Parameters
    ----------
    parameters : ndarray of shape (..., n_parameters)
        Vectors.
    structure : DcmStructure
        The model.

    Returns
    -------
    DcmParameters
        Parts with the same leading axes.
    """
    n, m = structure.n_regions, structure.n_inputs
    leading = parameters.shape[:-1]
    ends = np.cumsum([n * n, n * n * m, n * m, n, 1, 1])
    a, b, c, transit, decay, epsilon = np.split(parameters, ends[:-1], axis=-1)
    return DcmParameters(
        np.swapaxes(a.reshape(*leading, n, n), -1, -2),
        np.moveaxis(b.reshape(*leading, m, n, n), (-3, -2, -1), (-1, -2, -3)),
        np.swapaxes(c.reshape(*leading, m, n), -1, -2),
        transit,
        decay[..., 0],
        epsilon[..., 0],
    )


class ParameterLabel(NamedTuple):
    """What a parameter is.

    Attributes
    ----------
    name : str
        Its name, such as ``amygdala > vmPFC by faces``.
    field : str
        ``connection``, ``modulation``, ``driving``, ``transit``, ``decay`` or ``epsilon``.
    source : str
        Region from which a connection comes, or the input that drives; else empty.
    target : str
        Region to which it goes, or which it is of; else empty.
    modulator : str
        Input that modulates the connection; else empty.
    unit : str
        ``Hz`` or ``log scale``.
    """

    name: str
    field: str
    source: str
    target: str
    modulator: str
    unit: str


def parameter_labels(
    structure: DcmStructure, *, regions: Sequence[str], inputs: Sequence[str]
) -> tuple[ParameterLabel, ...]:
    """Name every parameter of a model, in the order of the vector.

    Parameters
    ----------
    structure : DcmStructure
        The model.
    regions : sequence of str
        Names of its n regions.
    inputs : sequence of str
        Names of its m inputs.

    Returns
    -------
    tuple of ParameterLabel
        One for each of the P parameters, free or not.

    Examples
    --------
    >>> model = DcmStructure(np.ones((2, 2)), np.zeros((2, 2, 1)), np.ones((2, 1)))
    >>> labels = parameter_labels(model, regions=["V1", "V5"], inputs=["motion"])
    >>> [labels[position].name for position in (1, 5, 8, 10, 12)]
    ['V1 > V5', 'V1 > V5 by motion', 'motion > V1', 'V1 transit', 'decay']
    """
    pairs = [(source, target) for source in regions for target in regions]
    labels = [_connection(source, target, "") for source, target in pairs]
    labels += [_connection(*pair, modulator) for modulator in inputs for pair in pairs]
    labels += [
        ParameterLabel(f"{source} > {target}", "driving", source, target, "", RATE)
        for source in inputs
        for target in regions
    ]
    labels += [
        ParameterLabel(f"{region} transit", "transit", "", region, "", LOG_SCALE)
        for region in regions
    ]
    labels += [ParameterLabel(name, name, "", "", "", LOG_SCALE) for name in ("decay", "epsilon")]
    if len(labels) != structure.n_parameters:
        raise InputDataError(
            f"{len(regions)} regions and {len(inputs)} inputs are named; the model has "
            f"{structure.n_regions} and {structure.n_inputs}."
        )
    return tuple(labels)


def _connection(source: str, target: str, modulator: str) -> ParameterLabel:
    name = f"{source} > {target}"
    unit = LOG_SCALE if source == target else RATE
    if modulator:
        return ParameterLabel(
            f"{name} by {modulator}", "modulation", source, target, modulator, unit
        )
    return ParameterLabel(name, "connection", source, target, "", unit)
