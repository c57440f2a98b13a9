"""A dynamic causal model with the inputs and samples of its runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bids_ketamine.core.dcm.integration import integrate
from bids_ketamine.core.dcm.schedule import Schedule
from bids_ketamine.core.dcm.structure import DcmStructure


class ForwardModel(NamedTuple):
    """A model with the times and inputs of its runs: from parameters to series.

    Attributes
    ----------
    structure : DcmStructure
        The model.
    schedules : tuple of Schedule
        Inputs and samples of each run.
    echo_time : float
        Echo time of the BOLD equation, s.
    """

    structure: DcmStructure
    schedules: tuple[Schedule, ...]
    echo_time: float

    def predict(self, parameters: np.ndarray) -> np.ndarray:
        """Return series of all runs one after the other, (n_models, n_rows, n_regions)."""
        found = integrate(
            parameters,
            structure=self.structure,
            schedules=self.schedules,
            echo_time=self.echo_time,
            neural=False,
        )
        if len(found) == 1:
            return found[0].bold
        return np.concatenate([each.bold for each in found], axis=1)
