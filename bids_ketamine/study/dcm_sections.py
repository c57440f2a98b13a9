"""Sections on dynamic causal models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bids_ketamine.study.fields import setting

#: Mappings of a model that may be absent.
MAPPINGS = ("inputs", "driving", "modulations")


@dataclass(frozen=True, kw_only=True)
class DcmModelSpec:
    """A dynamic causal model of one task (A18).

    :mod:`bids_ketamine.study.dcm_names` says which connections and inputs follow from it.
    """

    name: str = setting("Name of the model in measures and file names", entity=True)
    task: str = setting("Task, by name")
    regions: tuple[str, ...] = setting(
        "Regions of images, by name; ten at most. Each has a connection to itself"
    )
    connections: tuple[str, ...] | None = setting(
        "Connections between regions as `FROM > TO`; every pair, both ways, when absent",
        default=None,
    )
    inputs: Mapping[str, tuple[str, ...]] = setting(
        "Conditions whose sum is an input, for each input by name; `error_trials` is a condition "
        "where the task has it. A condition alone is an input of its own name without being "
        "listed",
        default=None,
    )
    driving: Mapping[str, tuple[str, ...]] = setting("Regions that an input drives, for each input")
    modulations: Mapping[str, tuple[str, ...]] = setting(
        "Inputs that modulate a connection, for each connection `FROM > TO`; that of a region to "
        "itself is `REGION > REGION`",
        default=None,
    )

    def __post_init__(self) -> None:
        for name in MAPPINGS:  # absent and null mean no entry
            object.__setattr__(self, name, getattr(self, name) or {})


@dataclass(frozen=True, kw_only=True)
class DcmSpec:
    """Dynamic causal modelling: bilinear, deterministic, one state a region (A18)."""

    models: tuple[DcmModelSpec, ...] = setting("Models, by name")
    echo_time: float = setting(
        "Echo time in the equation of the BOLD signal, s; 0.04 is the constant of SPM, whatever "
        "the scanner's echo time was",
        default=0.04,
        minimum=0.001,
        maximum=0.5,
        hint="it is in seconds (30 ms is 0.03)",
    )
    centre_inputs: bool = setting(
        "Take the mean over time out of each input, an option of SPM", default=True
    )
    interval_level: float = setting(
        "Level of the intervals of parameters", default=0.9, minimum=0.5, maximum=0.999
    )
    maximum_iterations: int = setting(
        "Iterations of a fit after which it ends, converged or not", default=128, minimum=1
    )
    restart: str = setting(
        "When a fit is begun again from another point, and the end with the higher free energy "
        "kept: never (as SPM), stalled (where its last steps were all rejected) or always",
        default="stalled",
        choices=("never", "stalled", "always"),
    )
