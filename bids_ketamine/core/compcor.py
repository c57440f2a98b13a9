"""Choice of anatomical CompCor components by mask and by number or share of variance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.confounds import split_number
from bids_ketamine.errors import InputDataError

Metadata = Mapping[str, Mapping[str, object]]

COMPONENT = re.compile(r"^[acw]_comp_cor_\d+$")

#: Masks as the sidecar names them, and how fMRIPrep 21 and later begin their columns.
PREFIXES = {"WM": "w_comp_cor_", "CSF": "c_comp_cor_", "combined": "a_comp_cor_"}
#: Masks of each choice.
MASKS = {"split": ("WM", "CSF"), "combined": ("combined",)}

#: Components that fMRIPrep before 1.4 writes, all of one mask of white matter and CSF.
N_BEFORE_1_4 = 6

#: Rounding of a sum of variances that the sidecar gives with ten decimals.
ROUNDING = 1e-7


def compcor_columns(
    table: pd.DataFrame,
    *,
    metadata: Metadata,
    mask: str,
    n_components: int,
    variance: float | None,
    notes: list[str],
) -> list[str]:
    r"""Choose the anatomical CompCor components of a run.

    fMRIPrep numbers the components of a mask in a row, by falling variance. From each mask the
    first :math:`k` are taken: a given number, or with a share :math:`s` of variance

    .. math:: k = \min \{ k : \textstyle\sum_{i=1}^{k} v_i \ge s \}

    where :math:`v_i` is the share of the mask's variance that component :math:`i` explains.
    fMRIPrep writes components only until half of the variance is explained (unless told
    otherwise), so that a larger share takes all of them, with a note.

    Tables of fMRIPrep before 1.4 hold six components of one mask of both tissues, and no
    sidecar tells so: where no mask is known, up to six are all taken for split masks. Of more,
    the sidecar being lost, as many first ones as were asked for of all masks.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names.
    metadata : mapping
        The table's sidecar: ``Mask`` and ``VarianceExplained`` (or
        ``CumulativeVarianceExplained``) of a column. Empty if unknown.
    mask : {"split", "combined"}
        White matter and CSF apart, or one mask of both.
    n_components : int
        Components of each mask; 0 takes none at all.
    variance : float or None
        Share of each mask's variance, above 0 to 1, in place of the number.
    notes : list of str
        Gets sentences on what was asked for and not found, and on what was taken instead.

    Returns
    -------
    list of str
        Columns, in the order of masks and numbers.

    Raises
    ------
    InputDataError
        If a share of variance is asked for and the sidecar does not tell the components' masks
        or their variance.

    References
    ----------
    Behzadi et al. (2007) doi:10.1016/j.neuroimage.2007.04.042.

    Examples
    --------
    >>> table = pd.DataFrame(0.0, index=range(3), columns=["w_comp_cor_00", "w_comp_cor_01"])
    >>> shares = {"w_comp_cor_00": 0.3, "w_comp_cor_01": 0.2}
    >>> metadata = {name: {"VarianceExplained": share} for name, share in shares.items()}
    >>> notes = []
    >>> compcor_columns(
    ...     table, metadata=metadata, mask="split", n_components=5, variance=0.25, notes=notes
    ... )
    ['w_comp_cor_00']
    >>> notes
    ['no CompCor components in mask CSF']
    """
    if n_components == 0:
        return []
    described = {split_number(name): each for name, each in metadata.items()}
    by_mask = components_by_mask(table, metadata)
    if not any(by_mask.values()):
        notes.append("no anatomical CompCor components in the confounds table")
        return []
    masks = MASKS[mask]
    if not any(by_mask[name] for name in masks):
        if by_mask[""]:
            return _of_unknown_mask(by_mask[""], len(masks) * n_components, mask, variance, notes)
        if mask == "split":
            notes.append("no CompCor components in masks WM and CSF: those of both combined serve")
            masks, n_components = ("combined",), 2 * n_components
    chosen: list[str] = []
    for name in masks:
        own = by_mask[name]
        if variance is None:
            if len(own) < n_components:
                notes.append(f"{len(own)} of {n_components} CompCor components in mask {name}")
            chosen += own[:n_components]
        elif own:
            chosen += _until_share(own, described, variance, name, notes)
        else:
            notes.append(f"no CompCor components in mask {name}")
    return chosen


def components_by_mask(table: pd.DataFrame, metadata: Metadata) -> dict[str, list[str]]:
    """Sort the anatomical CompCor components of a table by their mask, each in order of number.

    Parameters
    ----------
    table : DataFrame
        Shape (n_scans, n_columns), columns in today's names.
    metadata : mapping
        The table's sidecar; empty if unknown.

    Returns
    -------
    dict of str to list of str
        Columns of ``WM``, ``CSF``, ``combined`` and, under the empty name, of unknown mask.

    Examples
    --------
    >>> table = pd.DataFrame(columns=["a_comp_cor_00", "a_comp_cor_01", "a_comp_cor_02"])
    >>> metadata = {"a_comp_cor_00": {"Mask": "CSF"}, "a_comp_cor_01": {"Mask": "WM"}}
    >>> components_by_mask(table, metadata)
    {'WM': ['a_comp_cor_01'], 'CSF': ['a_comp_cor_00'], 'combined': [], '': ['a_comp_cor_02']}
    """
    # By number: as text, a_comp_cor_100 would come before a_comp_cor_62.
    names = sorted((str(each) for each in table if COMPONENT.match(str(each))), key=_number)
    told = {split_number(name): each.get("Mask") for name, each in metadata.items()}
    shared = [name for name in names if name.startswith(PREFIXES["combined"])]
    found: dict[str, list[str]] = {}
    for mask in ("WM", "CSF"):
        found[mask] = [name for name in names if name.startswith(PREFIXES[mask])] or [
            name for name in shared if told.get(split_number(name)) == mask
        ]
    # fMRIPrep that names the other masks writes the combined one alone as a_comp_cor.
    named = len(shared) < len(names)
    found["combined"] = [
        name
        for name in shared
        if told.get(split_number(name), "combined" if named else None) == "combined"
    ]
    found[""] = [
        name for name in shared if told.get(split_number(name)) not in PREFIXES and not named
    ]
    return found


def _of_unknown_mask(
    own: list[str], n_components: int, mask: str, variance: float | None, notes: list[str]
) -> list[str]:
    if variance is not None:
        raise _unknown_variance("masks and variance of its CompCor components")
    whole = mask == "split" and len(own) <= N_BEFORE_1_4
    chosen = own if whole else own[:n_components]
    notes.append(f"CompCor components of unknown mask: the first {len(chosen)} are taken")
    return chosen


def _until_share(
    own: Sequence[str],
    described: Mapping[tuple[str, int | None], Mapping[str, object]],
    share: float,
    mask: str,
    notes: list[str],
) -> list[str]:
    """Return the first components that together explain a share of their mask's variance."""
    each = [_fraction(described, name, "VarianceExplained") for name in own]
    explained = np.cumsum(each)
    if not np.isfinite(explained).all():
        explained = np.array(
            [_fraction(described, name, "CumulativeVarianceExplained") for name in own]
        )
    if not np.isfinite(explained).all():
        unknown = own[int(np.flatnonzero(~np.isfinite(explained))[0])]
        raise _unknown_variance(f"the variance that `{unknown}` explains")
    reached = np.flatnonzero(explained >= share - ROUNDING)
    if reached.size:
        return list(own[: int(reached[0]) + 1])
    notes.append(
        f"all {len(own)} CompCor components in mask {mask} are taken: they explain "
        f"{explained[-1]:.1%} of its variance, less than {share:.1%}"
    )
    return list(own)


def _fraction(
    described: Mapping[tuple[str, int | None], Mapping[str, object]], name: str, key: str
) -> float:
    value = described.get(split_number(name), {}).get(key)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else float("nan")  # type: ignore[arg-type]


def _unknown_variance(what: str) -> InputDataError:
    return InputDataError(
        f"The sidecar of the confounds table does not tell {what}.",
        cure="Put the table's JSON file beside it, or take a number of components: "
        "`compcor_components` in place of `compcor_variance` under `confounds`.",
    )


def _number(name: str) -> int:
    return int(name.rsplit("_", 1)[1])
