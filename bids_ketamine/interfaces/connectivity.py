"""Resting connectivity of a participant-session: load, clean, correlate, save."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.interfaces.resting_cleaned_session import connect_cleaned
from bids_ketamine.interfaces.resting_files import SessionPlace
from bids_ketamine.interfaces.resting_regressed_session import connect_regressed
from bids_ketamine.interfaces.resting_settings import RestSettings
from bids_ketamine.interfaces.step import Step, StepInputSpec, write_step


class RestingConnectivityInputSpec(StepInputSpec):
    """Inputs of :class:`RestingConnectivity`."""

    rest = traits.Any(mandatory=True, desc="RestSpec")
    cleaning = traits.Any(None, usedefault=True, desc="CleaningSpec or None")
    networks = traits.Any(None, usedefault=True, desc="NetworksSpec or None")
    regions = traits.Any(mandatory=True, desc="RegionsSpec")
    region_sources = traits.Any(mandatory=True, desc="RegionSource of each region")
    inputs = traits.Any(mandatory=True, desc="InputsSpec")


class RestingConnectivity(Step):
    """Region series of the resting runs, cleaned, and their correlations."""

    input_spec = RestingConnectivityInputSpec

    def compute(self, folder: Path) -> None:
        """Clean every run, join runs, correlate, and write series, matrices and measures."""
        session: SessionInputs = self.inputs.session
        settings = RestSettings(
            rest=self.inputs.rest,
            regions=self.inputs.regions,
            region_sources=self.inputs.region_sources,
            inputs=self.inputs.inputs,
            datasets=self.inputs.sources,
            cleaning=self.inputs.cleaning,
            networks=self.inputs.networks,
        )
        place = SessionPlace(folder, session.prefix, session.runs_of(settings.rest.task), settings)
        connect = connect_regressed if settings.cleaning is None else connect_cleaned
        rows, record = connect(session, place)
        pd.concat(rows, ignore_index=True).to_pickle(folder / "rows.pkl")
        write_step(folder, record)
