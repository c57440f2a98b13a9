"""How much of a group's result rests on each participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from bids_ketamine.core.peb.design import GroupDesign, group_design
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb
from bids_ketamine.core.peb.group_scheme import SPM12
from bids_ketamine.core.peb.models import FirstLevelModels
from bids_ketamine.errors import InputDataError


class Sensitivity(NamedTuple):
    """Estimates of a group without each of its participants, NaN where there is none.

    Attributes
    ----------
    left_out : tuple of str, n
        Participants, sorted.
    mean : ndarray of shape (n, k, n_columns)
        Posterior means without each, in the units of the whole group's.
    deviation : ndarray of shape (n, k, n_columns)
        Posterior standard deviations.
    probability : ndarray of shape (n, k, n_columns)
        ``Phi(|mean| / deviation)``.
    """

    left_out: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    probability: np.ndarray


def design_without(
    design: GroupDesign, *, kept: np.ndarray, recentre: Mapping[str, Sequence[str]]
) -> GroupDesign:
    r"""Return a design of fewer rows in which covariates are centred again.

    A centred column is, in effect, orthogonal to other columns (the constant; for an interaction
    of session and covariate, the session; where arms are compared, their product with the arm
    too). Of the rows that are kept, what these columns explain is taken out; the scale stays.

    Parameters
    ----------
    design : GroupDesign
        The design of all rows.
    kept : ndarray of bool, shape (n_rows,)
        Rows that stay.
    recentre : mapping of str to sequence of str
        For each column to be centred again, the columns that it is to be orthogonal to.

    Raises
    ------
    InputDataError
        If what is left is no design: too few rows, or a column without variation.

    Examples
    --------
    >>> whole = group_design({"mean": [1, 1, 1], "age": [-4, 1, 3]}, rows=["a", "b", "c"])
    >>> less = design_without(whole, kept=np.array([0, 1, 1], bool), recentre={"age": ["mean"]})
    >>> less.matrix[:, 1].round(9).tolist()
    [-1.0, 1.0]
    """
    columns = dict(zip(design.columns, design.matrix[kept].T, strict=True))
    centred = dict(columns)
    for name, others in recentre.items():
        beside = np.stack([columns[each] for each in others], axis=1)
        explained, *_ = np.linalg.lstsq(beside, columns[name])
        centred[name] = columns[name] - beside @ explained
    return group_design(centred, rows=[design.rows[each] for each in np.flatnonzero(kept)])


def estimates_without_each(
    models: FirstLevelModels,
    *,
    design: GroupDesign,
    fields: Sequence[str] | None,
    precision_components: str,
    participants: Sequence[str],
    recentre: Mapping[str, Sequence[str]],
    scheme: str = SPM12,
) -> dict[str, PebEstimate | None]:
    """Estimate a group again without each participant.

    Parameters
    ----------
    models : FirstLevelModels
        Models of the whole group.
    design : GroupDesign
        Their design.
    fields : sequence of str or None
        Fields of parameters that enter, None for all.
    precision_components : str
        "single", "all" or "fields".
    participants : sequence of str, n_rows
        Whose each row is: all rows of a participant are left out together.
    recentre : mapping of str to sequence of str
        Columns to be centred again, see :func:`design_without`.
    scheme : {"spm12", "newton"}
        As :func:`bids_ketamine.core.peb.estimation.estimate_peb` has it.

    Returns
    -------
    dict of str to (PebEstimate or None)
        By the participant left out, sorted; None where the others have no design, or their
        estimation did not converge.

    Raises
    ------
    InputDataError
        If there is not one participant for each row.
    """
    if len(participants) != models.n_models:
        raise InputDataError(
            f"{len(participants)} participants are given for {models.n_models} rows of the group.",
            cure="Name the participant of each row.",
        )
    owner = np.asarray(participants, dtype=object)
    found: dict[str, PebEstimate | None] = {}
    for participant in sorted(set(participants)):
        kept = owner != participant
        try:
            rest = design_without(design, kept=kept, recentre=recentre)
        except InputDataError:
            found[participant] = None
            continue
        estimate = estimate_peb(
            models.rows(np.flatnonzero(kept)),
            design=rest,
            fields=fields,
            precision_components=precision_components,
            scheme=scheme,
        )
        # What is half way would pass for influence.
        found[participant] = estimate if estimate.converged else None
    return found


def sensitivity_of(
    estimates: Mapping[str, PebEstimate | None], *, shape: tuple[int, ...]
) -> Sensitivity:
    """Put estimates without each participant side by side.

    Parameters
    ----------
    estimates : mapping of str to (PebEstimate or None)
        By the participant left out.
    shape : tuple of int
        (k, n_columns), parameters and columns of the whole group's estimate.
    """
    missing = np.full(shape, np.nan)
    mean = np.stack(
        [missing if each is None else each.posterior_mean for each in estimates.values()]
    )
    deviation = np.stack(
        [missing if each is None else each.posterior_deviation for each in estimates.values()]
    )
    return Sensitivity(
        left_out=tuple(estimates),
        mean=mean,
        deviation=deviation,
        probability=special.ndtr(np.abs(mean) / deviation),
    )


def leave_out_each(
    models: FirstLevelModels,
    *,
    design: GroupDesign,
    fields: Sequence[str] | None,
    precision_components: str,
    participants: Sequence[str],
    recentre: Mapping[str, Sequence[str]],
    scheme: str = SPM12,
) -> Sensitivity:
    """Return what a group's estimates become without each participant.

    Parameters
    ----------
    models, design, fields, precision_components, participants, recentre, scheme
        As :func:`estimates_without_each` takes them.

    Returns
    -------
    Sensitivity
        In the units of the whole group's estimate: covariates keep their scale.

    Raises
    ------
    InputDataError
        If there is not one participant for each row, or no one can be left out.
    """
    estimates = estimates_without_each(
        models,
        design=design,
        fields=fields,
        precision_components=precision_components,
        participants=participants,
        recentre=recentre,
        scheme=scheme,
    )
    shapes = {each.posterior_mean.shape for each in estimates.values() if each is not None}
    if not shapes:
        raise InputDataError(
            "Without any one participant the others have no design, or no estimation of theirs "
            "converges.",
            cure="Use fewer covariates, or more participants; give covariates unit scale.",
        )
    return sensitivity_of(estimates, shape=shapes.pop())
