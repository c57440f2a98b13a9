"""What is drawn of a participant's circuit, and how its change goes with improvement."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.demo.circuit import CIRCUIT_REGIONS, circuit_parameters
from bids_ketamine.demo.parameters import ForwardModel, Parameter
from bids_ketamine.demo.regions import FloatArray


class FaceModulation(NamedTuple):
    """What faces add to the connections amygdala > vmPFC and vmPFC > amygdala, Hz."""

    excitation: float
    inhibition: float


def within(parameter: Parameter, source: np.random.Generator) -> float:
    """Draw around a parameter's value, a quarter of its range as SD, limited to the range."""
    spread = (parameter.high - parameter.low) / 4.0
    drawn = parameter.value + spread * source.normal()
    return float(np.clip(drawn, parameter.low, parameter.high))


def relative_improvement(improvement: float, model: ForwardModel) -> float:
    """Return an improvement in SD from the mean of both arms, limited.

    Beyond the limit the circuit changes no further: a change without bounds would make the loop
    unstable, or take all excitation away.

    Parameters
    ----------
    improvement : float
        CAPS-5, points, baseline minus outcome.
    model : ForwardModel
        Means, spread and limit.
    """
    middle = (model.improvement_midazolam.value + model.improvement_ketamine.value) / 2.0
    relative = (improvement - middle) / model.improvement_spread.value
    limit = model.circuit_change_limit.value
    return float(np.clip(relative, -limit, limit))


def change_of_circuit(
    *, improvement: float, arm: str, model: ForwardModel, source: np.random.Generator
) -> FaceModulation:
    """Draw how faces modulate the two connections after treatment compared with before.

    ``slope * improvement in SD + noise``: excitation of the vmPFC in both arms; inhibition of the
    amygdala in the ketamine arm, without the slope in the other. Improvement goes with less
    excitation and with stronger (more negative) inhibition.

    Parameters
    ----------
    improvement : float
        CAPS-5, points.
    arm : str
        ``ketamine`` or ``midazolam``.
    model : ForwardModel
        Slope, limit and noise.
    source : numpy.random.Generator
        Source of randomness.

    References
    ----------
    Norbury et al. 2021, Neuropsychopharmacology 46:2266, figure 3.
    """
    noise = model.circuit_change_noise
    own = np.clip(noise.value * source.normal(size=2), -noise.high, noise.high)
    linear = model.circuit_change_slope.value * relative_improvement(improvement, model)
    return FaceModulation(
        excitation=float(linear + own[0]),
        inhibition=float(linear * (arm == "ketamine") + own[1]),
    )


def plan_circuit(
    *,
    improvement: float,
    arm: str,
    effect: bool,
    model: ForwardModel,
    source: np.random.Generator,
) -> dict[str, FloatArray]:
    """Draw a participant's parameters of the circuit.

    All but what faces do is the same in both sessions. Without effects faces do nothing and
    nothing changes.

    Parameters
    ----------
    improvement : float
        CAPS-5, points, baseline minus outcome.
    arm : str
        Drug received.
    effect : bool
        Whether faces modulate anything.
    model : ForwardModel
        Ranges, slope and noise.
    source : numpy.random.Generator
        Source of randomness; the same draws with and without effects.

    Returns
    -------
    dict of str to ndarray of shape (20,)
        Parameters of the sessions ``pre`` and ``post``, in the order of `circuit.LABELS`.
    """
    connections = {
        "excitation": within(model.circuit_excitation, source),
        "inhibition": within(model.circuit_inhibition, source),
    }
    drive = within(model.circuit_drive, source)
    selves = np.array([within(model.circuit_self, source) for _ in CIRCUIT_REGIONS])
    transit = np.array([within(model.circuit_haemodynamics, source) for _ in CIRCUIT_REGIONS])
    decay, epsilon = (within(model.circuit_haemodynamics, source) for _ in range(2))
    before = FaceModulation(
        within(model.circuit_excitation_by_faces, source),
        within(model.circuit_inhibition_by_faces, source),
    )
    change = change_of_circuit(improvement=improvement, arm=arm, model=model, source=source)
    after = FaceModulation(*(sum(each) for each in zip(before, change, strict=True)))
    return {
        session: circuit_parameters(
            **connections,
            excitation_by_faces=faces.excitation * float(effect),
            inhibition_by_faces=faces.inhibition * float(effect),
            drive=drive,
            selves=selves,
            transit=transit,
            decay=decay,
            epsilon=epsilon,
        )
        for session, faces in (("pre", before), ("post", after))
    }
