"""A dynamic causal model of a session, read from the output tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bids_ketamine.core.dcm.estimation import FLAT_VARIANCE
from bids_ketamine.core.dcm.summary import parameter_correlations
from bids_ketamine.reports.facts import mapping_of, read_json, sentences_of
from bids_ketamine.reports.figures.circuit_plan import Coupling
from bids_ketamine.reports.figures.series_fit import RegionFit, explained_words, input_bands
from bids_ketamine.reports.methods_dcm import level_words
from bids_ketamine.reports.participant_dcm_parameters import (
    COUPLINGS,
    DcmParameter,
    number_of,
    read_parameter,
)
from bids_ketamine.reports.tree import SessionOutput, TaskFile
from bids_ketamine.reports.words import is_number, text

FloatArray = NDArray[np.float64]

#: The measure of connections, modulations and driving inputs.
MEASURE = "dcm"
#: Level of intervals where no file tells it.
LEVEL = 0.9


@dataclass(frozen=True)
class DcmSession:
    """A model of a task in one session.

    Attributes
    ----------
    name : str
        The session.
    model : str
        The model.
    file : TaskFile
        What was estimated, in words and numbers.
    facts : mapping
        Its content.
    parameters : tuple of DcmParameter
        Free parameters.
    """

    name: str
    model: str
    file: TaskFile
    facts: Mapping[str, Any]
    parameters: tuple[DcmParameter, ...]

    @property
    def regions(self) -> list[str]:
        """Regions of the model in order."""
        return sentences_of(self.facts, "Regions")

    @property
    def level(self) -> str:
        """Level of the intervals, such as ``90 %``."""
        level = self.facts.get("IntervalLevel")
        return level_words(float(level) if is_number(level) else LEVEL)  # type: ignore[arg-type]

    @property
    def explained(self) -> float:
        """Share of variance explained in all regions."""
        return number_of(self.facts.get("ExplainedVariance"))

    @property
    def flat(self) -> bool:
        """Whether the model explains next to nothing."""
        return bool(self.explained < FLAT_VARIANCE) or self.facts.get("Flat") is True

    @property
    def converged(self) -> bool:
        """Whether the iterations ended by themselves."""
        return self.facts.get("Converged") is True

    @property
    def stalled(self) -> bool:
        """Whether its last steps were all rejected."""
        return self.facts.get("Stalled") is True

    @property
    def doubt(self) -> str:
        """Why its estimates are not to be read, in words; empty where they may be."""
        if not self.converged:
            return "not converged"
        if self.flat:
            return f"flat: it explains {explained_words(self.explained)} of the variance"
        return "stalled: its last steps were all rejected" if self.stalled else ""

    @property
    def scale(self) -> float:
        """What the series were multiplied by before the fit."""
        scale = number_of(self.facts.get("ScalingOfSeries"))
        return scale if scale > 0.0 else 1.0

    @property
    def t_r(self) -> float:
        """Repetition time, s."""
        t_r = number_of(self.facts.get("RepetitionTime"))
        return t_r if t_r > 0.0 else 1.0

    def by_region(self, key: str) -> Mapping[str, Any]:
        """Return a fact of each region; empty where there is none."""
        return mapping_of(self.facts, key)

    @property
    def recentred(self) -> bool:
        """Whether calibrated intervals have estimates of their own in their middle."""
        return any(is_number(each.calibrated_mean) for each in self.parameters)

    def couplings(self) -> list[Coupling]:
        """Return connections, modulations and driving inputs."""
        return [each.coupling() for each in self.parameters if each.field in COUPLINGS]

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of the model.

        Raises
        ------
        ValueError
            If they cannot be read.
        """
        path = self.file.path.with_suffix(".npz")
        try:
            with np.load(path, allow_pickle=False) as found:
                return {name: found[name] for name in found.files}
        except FileNotFoundError:
            raise ValueError(f"there is no {path.name}.") from None
        # NumPy, zipfile and zlib raise errors of many kinds for a damaged file.
        except Exception as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from error

    def runs(self) -> list[str]:
        """Return the labels of the runs.

        Raises
        ------
        ValueError
            If the arrays cannot be read.
        """
        return [str(each) for each in np.atleast_1d(self._array("run_labels"))]

    def fits(self, run: int) -> list[RegionFit]:
        """Return observed and predicted series of a run, percent.

        Parameters
        ----------
        run : int
            Its number, from 1.

        Raises
        ------
        ValueError
            If the arrays cannot be read or do not fit the model.
        """
        predicted = self._array(f"predicted_{run}") / self.scale
        residuals = self._array(f"residuals_{run}") / self.scale
        shape = (len(predicted), len(self.regions))
        if predicted.shape != shape or residuals.shape != shape:
            raise ValueError("the series do not fit the regions of the model.")
        return [
            RegionFit(region, (predicted + residuals)[:, at], predicted[:, at])
            for at, region in enumerate(self.regions)
        ]

    def bands(self, run: int) -> dict[str, FloatArray]:
        """Return when each input was on in a run, s.

        Parameters
        ----------
        run : int
            Its number, from 1.

        Raises
        ------
        ValueError
            If the arrays cannot be read.
        """
        levels = self._array(f"inputs_{run}")
        n_scans = len(self._array(f"predicted_{run}"))
        step = self.t_r * n_scans / max(len(levels), 1)
        names = [str(each) for each in self._array("inputs_names")]
        return {
            name: input_bands(levels[:, at], step=step)
            for at, name in enumerate(names[: levels.shape[1]])
        }

    def correlations(self) -> FloatArray:
        """Return the posterior correlations of the free parameters, in their order.

        Raises
        ------
        ValueError
            If the arrays cannot be read or do not fit the parameters.
        """
        covariance, free = self._array("posterior_covariance"), self._array("free")
        square = covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1]
        if len(free) != len(self.parameters) or not square or len(covariance) <= max(free):
            raise ValueError("the covariance does not fit the parameters.")
        return np.asarray(parameter_correlations(covariance, free))

    def _array(self, name: str) -> NDArray[Any]:
        try:
            return self.arrays[name]
        except KeyError:
            raise ValueError(f"the arrays hold no `{name}`.") from None


def read_dcm(session: SessionOutput, file: TaskFile) -> DcmSession:
    """Read a model of a session.

    Parameters
    ----------
    session : SessionOutput
        The session.
    file : TaskFile
        Its file of estimates.

    Raises
    ------
    ValueError
        If the file cannot be read or tells no parameters.
    """
    unreadable: list[str] = []
    facts = read_json(file.path, unreadable)
    if unreadable:
        raise ValueError(unreadable[0].removeprefix(f"{file.path.name} cannot be read: "))
    told = facts.get("Parameters")
    parameters = tuple(
        read_parameter(each)
        for each in (told if isinstance(told, list) else ())
        if isinstance(each, Mapping)
    )
    if not parameters or not sentences_of(facts, "Regions"):
        raise ValueError("it tells no parameters or no regions.")
    model = file.entities.get("model") or text(facts.get("Model"), "")
    return DcmSession(session.name, model, file, facts, parameters)


def model_rows(session: SessionOutput, model: str, names: Collection[str]) -> pd.DataFrame:
    """Return the rows of a model in the measures table.

    Parameters
    ----------
    session : SessionOutput
        The session.
    model : str
        The model.
    names : collection of str
        Names under which its task is recorded.
    """
    rows = session.measures
    own = rows["contrast"].map(model_of) == model
    return rows[(rows["measure"] == MEASURE) & rows["task"].isin(list(names)) & own]


def model_of(contrast: object) -> str:
    """Return the model that a row of the measures table is of.

    >>> model_of("faceCircuit modulation by faces"), model_of(None)
    ('faceCircuit', '')
    """
    return text(contrast, "").partition(" ")[0]
