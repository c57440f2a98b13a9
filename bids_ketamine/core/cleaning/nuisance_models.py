"""Nuisance models that papers name, as columns of fMRIPrep's confounds tables.

=============  =============  ==============================  =========================  =========
name           motion         white matter, CSF               global signal              others
=============  =============  ==============================  =========================  =========
2P             -              each                            -                          -
3P             -              each                            each                       -
6P             6              -                               -                          -
9P             6              each                            each                       -
12P            6, dt          -                               -                          -
24P            6, dt, sq      -                               -                          -
28P            6, dt, sq      each, dt                        -                          -
30P            6, dt, sq      each, dt                        each, dt                   -
32P            6, dt, sq      each, dt, sq                    -                          -
36P            6, dt, sq      each, dt, sq                    each, dt, sq               -
aCompCor       6, dt          -                               -                          5 + 5
aCompCor+GS    6, dt          -                               each                       5 + 5
AROMA          -              each                            -                          AROMA
AROMA+GS       -              each                            each                       AROMA
=============  =============  ==============================  =========================  =========

dt: difference to the volume before; sq: squares of both. A number P counts the regressors. 30P is
what preset ``siegel2021`` says; 36P is that of Satterthwaite et al. (2013), 24P of Friston et al.
(1996). aCompCor takes the first five components each of white matter and CSF, AROMA the
components that ICA-AROMA calls motion ("aggressive"); Ciric et al. (2017) and Parkes et al.
(2018) compare them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bids_ketamine.core.compcor import compcor_columns
from bids_ketamine.core.confounds import (
    DERIVATIVE,
    SQUARE,
    complete_columns,
    fill_missing,
    known_values,
)
from bids_ketamine.core.nuisance import MOTION, MOTION_SUFFIXES

TISSUES = ("csf", "white_matter")
GLOBAL_SIGNAL = ("global_signal",)

#: Components of each mask that aCompCor takes.
COMPCOR_COMPONENTS = 5

AROMA = re.compile(r"^aroma_motion_\d+$")
COSINE = re.compile(r"^cosine_?\d+$")

_ONCE = ("",)
_CHANGES = ("", DERIVATIVE)
_SQUARES = ("", DERIVATIVE, SQUARE, DERIVATIVE + SQUARE)


@dataclass(frozen=True, kw_only=True)
class NuisanceModel:
    """Which columns of a confounds table a model takes.

    Attributes
    ----------
    motion : {"none", "6", "12", "24"}
        Motion parameters.
    tissues, global_signal : tuple of str
        Endings under which mean signals of white matter and CSF, and of the brain, enter; empty
        for none.
    compcor_components : int
        Anatomical CompCor components of white matter and of CSF each.
    aroma : bool
        Components that ICA-AROMA calls motion.
    """

    motion: str
    tissues: tuple[str, ...] = ()
    global_signal: tuple[str, ...] = ()
    compcor_components: int = 0
    aroma: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns by name, without those whose number depends on the table.

        Examples
        --------
        >>> NUISANCE_MODELS["AROMA+GS"].columns
        ('csf', 'white_matter', 'global_signal')
        >>> [len(NUISANCE_MODELS[name].columns) for name in ("6P", "24P", "30P", "36P")]
        [6, 24, 30, 36]
        """
        motion = [name + ending for ending in MOTION_SUFFIXES[self.motion] for name in MOTION]
        tissues = [name + ending for ending in self.tissues for name in TISSUES]
        whole = [name + ending for ending in self.global_signal for name in GLOBAL_SIGNAL]
        return tuple(motion + tissues + whole)


NUISANCE_MODELS: Mapping[str, NuisanceModel] = {
    "2P": NuisanceModel(motion="none", tissues=_ONCE),
    "3P": NuisanceModel(motion="none", tissues=_ONCE, global_signal=_ONCE),
    "6P": NuisanceModel(motion="6"),
    "9P": NuisanceModel(motion="6", tissues=_ONCE, global_signal=_ONCE),
    "12P": NuisanceModel(motion="12"),
    "24P": NuisanceModel(motion="24"),
    "28P": NuisanceModel(motion="24", tissues=_CHANGES),
    "30P": NuisanceModel(motion="24", tissues=_CHANGES, global_signal=_CHANGES),
    "32P": NuisanceModel(motion="24", tissues=_SQUARES),
    "36P": NuisanceModel(motion="24", tissues=_SQUARES, global_signal=_SQUARES),
    "aCompCor": NuisanceModel(motion="12", compcor_components=COMPCOR_COMPONENTS),
    "aCompCor+GS": NuisanceModel(
        motion="12", global_signal=_ONCE, compcor_components=COMPCOR_COMPONENTS
    ),
    "AROMA": NuisanceModel(motion="none", tissues=_ONCE, aroma=True),
    "AROMA+GS": NuisanceModel(motion="none", tissues=_ONCE, global_signal=_ONCE, aroma=True),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelRegressors:
    """Regressors of a nuisance model in a run.

    Attributes
    ----------
    regressors : DataFrame
        Shape (n_scans, n_regressors), no missing values; without columns where there is a reason.
    missing : tuple of str
        Columns that the table lacks or that have no value, each once: those from which fMRIPrep
        derives others stand for all of these.
    notes : tuple of str
        Sentences on what was computed or filled.
    reason : str
        Why the run has no such model; empty if it has.
    """

    regressors: pd.DataFrame
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    reason: str


def model_regressors(
    table: pd.DataFrame,
    *,
    name: str,
    metadata: Mapping[str, Mapping[str, object]],
    cosines: bool,
) -> ModelRegressors:
    """Choose the regressors of a nuisance model from an fMRIPrep confounds table.

    Differences and squares that the table lacks are computed. A column that is missing is no
    error but a reason: other models of the same run may have all of theirs.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names.
    name : str
        One of :data:`NUISANCE_MODELS`.
    metadata : mapping
        The table's sidecar, which tells the mask of CompCor components; empty if unknown.
    cosines : bool
        Take fMRIPrep's cosines beside CompCor components, which it computed from series without
        these drifts: needed where no band-pass takes the same drifts out of the series.

    Returns
    -------
    ModelRegressors
        Regressors, or what is missing.

    Raises
    ------
    ValueError
        If there is no model of this name.

    References
    ----------
    Friston et al. (1996) doi:10.1002/mrm.1910350312;
    Satterthwaite et al. (2013) doi:10.1016/j.neuroimage.2012.08.052;
    Pruim et al. (2015) doi:10.1016/j.neuroimage.2015.02.064;
    Ciric et al. (2017) doi:10.1016/j.neuroimage.2017.03.020;
    Parkes et al. (2018) doi:10.1016/j.neuroimage.2017.12.073.

    Examples
    --------
    >>> table = pd.DataFrame({"csf": [1.0, 2.0], "aroma_motion_01": [0.5, 0.1]})
    >>> model_regressors(table, name="AROMA", metadata={}, cosines=False).reason
    'the confounds table lacks `white_matter`, which AROMA needs'
    """
    if name not in NUISANCE_MODELS:
        raise ValueError(f"No nuisance model {name!r}: use {', '.join(NUISANCE_MODELS)}.")
    model = NUISANCE_MODELS[name]
    notes: list[str] = []
    counted: list[str] = []
    missing = _missing(table, model.columns)
    if model.compcor_components:
        components = compcor_columns(
            table,
            metadata=metadata,
            mask="split",
            n_components=model.compcor_components,
            variance=None,
            notes=notes,
        )
        missing += [] if components else ["a_comp_cor"]
        drifts = [str(each) for each in table if COSINE.match(str(each))]
        counted += components + (drifts if cosines else [])
        if cosines and components and not drifts:
            notes.append("no cosine columns beside the CompCor components")
    if model.aroma:
        components = [str(each) for each in table if AROMA.match(str(each))]
        missing += [] if components else ["aroma_motion"]
        counted += components
    missing += [each for each in counted if _is_empty(table, each)]
    if missing:
        lacking = ", ".join(f"`{each}`" for each in missing)
        reason = f"the confounds table lacks {lacking}, which {name} needs"
        nothing = pd.DataFrame(index=range(len(table)))
        return ModelRegressors(
            regressors=nothing, missing=tuple(missing), notes=tuple(notes), reason=reason
        )
    chosen = complete_columns(table, [*model.columns, *counted], notes)
    filled = fill_missing(chosen, notes)
    return ModelRegressors(regressors=filled, missing=(), notes=tuple(notes), reason="")


def _missing(table: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """Return what cannot be found nor computed, each root once."""
    missing: dict[str, None] = {}
    for name in columns:
        if name in table and not _is_empty(table, name):
            continue
        root = name.removesuffix(SQUARE).removesuffix(DERIVATIVE)
        # An empty derivative beside a good root is a fault of the table, told by its own name.
        if name in table and not _is_empty(table, root):
            missing[name] = None
        elif _is_empty(table, root):
            missing[root] = None
    return list(missing)


def _is_empty(table: pd.DataFrame, name: str) -> bool:
    return not np.isfinite(known_values(table, name)).any()
