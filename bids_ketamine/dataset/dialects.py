"""What versions of fMRIPrep call things, in today's terms: file names, confound columns, series.

Names are translated here and nowhere else, so that the code that chooses files and columns
knows one language. Sources stand in docs/fmriprep.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: `desc` of BOLD series from which ICA-AROMA components are regressed out already: fMRIPrep's,
#: the unsmoothed twin of 1.0-1.1, and those of fMRIPost-AROMA.
AROMA_DENOISED = frozenset(
    {"smoothAROMAnonaggr", "AROMAnonaggr", "nonaggrDenoised", "aggrDenoised", "orthaggrDenoised"}
)

#: `desc` of the one series that is smoothed, and that always lies on the 2-mm grid of
#: MNI152NLin6Asym (fMRIPrep 1.5.1 to 23.0), although its name has no `res`.
SMOOTHED_AROMA = "smoothAROMAnonaggr"

#: Suffixes of fMRIPrep 1.0-1.1: suffix today and `desc`. `None` is no `desc`; the `preproc` of
#: a `variant` is that variant, the `roi` of a `label` that label.
OLD_SUFFIXES: Mapping[str, tuple[str, str | None]] = {
    "preproc": ("bold", "preproc"),
    "brainmask": ("mask", "brain"),
    "confounds": ("regressors", "confounds"),
    "MELODICmix": ("mixing", "MELODIC"),
    "AROMAnoiseICs": ("AROMAnoiseICs", None),
    "roi": ("dseg", None),
}

_OLD_COLUMNS: Mapping[str, str] = {
    "CSF": "csf",
    "WhiteMatter": "white_matter",
    "GlobalSignal": "global_signal",
    "stdDVARS": "std_dvars",
    "non-stdDVARS": "dvars",
    "FramewiseDisplacement": "framewise_displacement",
    "X": "trans_x",
    "Y": "trans_y",
    "Z": "trans_z",
    "RotX": "rot_x",
    "RotY": "rot_y",
    "RotZ": "rot_z",
}
#: Columns that are only known as motion where rotations in the old spelling stand beside them.
_TRANSLATIONS = frozenset({"X", "Y", "Z"})
_OLD_SERIES: Mapping[str, str] = {
    "tCompCor": "t_comp_cor_",
    "aCompCor": "a_comp_cor_",
    "Cosine": "cosine",
    "NonSteadyStateOutlier": "non_steady_state_outlier",
    "AROMAAggrComp": "aroma_motion_",
}
_NUMBERED = re.compile(rf"^({'|'.join(_OLD_SERIES)})(\d+)$")


def modern_name(name: str) -> str:
    """Return the name that today's fMRIPrep gives to a file of fMRIPrep 1.0 or 1.1.

    Parameters
    ----------
    name : str
        Name of a file of a derivative.

    Returns
    -------
    str
        The name unchanged where it is not of that dialect.

    Examples
    --------
    >>> modern_name("sub-01_task-x_bold_space-T1w_variant-smoothAROMAnonaggr_preproc.nii.gz")
    'sub-01_task-x_space-T1w_desc-smoothAROMAnonaggr_bold.nii.gz'
    >>> modern_name("sub-01_T1w_label-aseg_roi.nii.gz")
    'sub-01_desc-aseg_dseg.nii.gz'
    >>> modern_name("sub-01_task-x_desc-preproc_bold.nii.gz")
    'sub-01_task-x_desc-preproc_bold.nii.gz'
    """
    stem, dot, extension = name.partition(".")
    for kind in ("bold", "T1w"):
        # In the old names the raw suffix stands in the middle, without a value.
        before, found, after = stem.partition(f"_{kind}_")
        if found:
            break
    else:
        return name
    *pairs, old = after.split("_")
    entities = {key: value for key, _, value in (pair.partition("-") for pair in pairs)}
    if old not in OLD_SUFFIXES or not all(entities.values()):
        return name
    suffix, description = OLD_SUFFIXES[old]
    if old == "preproc":
        suffix, description = kind, entities.pop("variant", description)
    elif old == "roi":
        description = entities.pop("label", None)
    else:
        entities.pop("variant", None)
    if description is not None:
        entities["desc"] = description
    words = [before, *(f"{key}-{value}" for key, value in entities.items()), suffix]
    return "_".join(words) + dot + extension


def modern_confounds(columns: Iterable[str]) -> dict[str, str]:
    """Return today's names of the columns of a confounds table that had other ones.

    fMRIPrep 1.2.0 renamed its CamelCase columns. `vx-wisestdDVARS` was dropped then and keeps
    its name. Two columns of a table may have one modern name.

    Parameters
    ----------
    columns : iterable of str
        Columns of a table.

    Returns
    -------
    dict of str to str
        Modern name by old name; columns with today's names are not in it.

    Examples
    --------
    >>> modern_confounds(["CSF", "aCompCor00", "X", "RotX", "vx-wisestdDVARS"])
    {'CSF': 'csf', 'aCompCor00': 'a_comp_cor_00', 'X': 'trans_x', 'RotX': 'rot_x'}
    >>> modern_confounds(["csf", "X"])
    {}
    """
    present = [str(column) for column in columns]
    rotations = any(column.startswith("Rot") and column in _OLD_COLUMNS for column in present)
    renamed: dict[str, str] = {}
    for column in present:
        numbered = _NUMBERED.match(column)
        modern = _OLD_COLUMNS.get(column)
        if numbered:
            modern = _OLD_SERIES[numbered.group(1)] + numbered.group(2)
        if column in _TRANSLATIONS and not rotations:
            modern = None
        if modern is not None:
            renamed[column] = modern
    return renamed


def is_aroma_denoised(description: str) -> bool:
    """Tell whether a BOLD series of that `desc` has been denoised with ICA-AROMA.

    Examples
    --------
    >>> is_aroma_denoised("nonaggrDenoised"), is_aroma_denoised("preproc")
    (True, False)
    """
    return description in AROMA_DENOISED
