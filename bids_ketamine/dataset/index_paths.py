"""Which paths of a dataset are looked at."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

#: Suffixes of what XCP-D writes beside region time series.
XCPD_SUFFIXES = ("motion", "outliers", "coverage")
#: Suffixes of files the app reads, in func/ folders and above them.
SUFFIXES = ("bold", "mask", "timeseries", "regressors", "events")
#: Suffixes of derivatives alone: ICA-AROMA's files, FreeSurfer's segmentation, XCP-D's tables.
DERIVED_SUFFIXES = ("mixing", "metrics", "AROMAnoiseICs", "dseg", *XCPD_SUFFIXES)
#: Suffixes of anatomical images, which tell whose anatomy a segmentation is of.
ANATOMICAL_SUFFIXES = ("T1w", "T2w")

_FUNC_FILE = rf"[^/]*_(?:{'|'.join(SUFFIXES)})\.(?:nii|nii\.gz|json|tsv|tsv\.gz)"
_ASEG_FILE = r"[^/]*_(?:desc-aseg_dseg|label-aseg_roi)\.nii(?:\.gz)?"
#: Segmentations, and the images that tell whether a session has an anatomy of its own.
_ANAT_FILE = (
    r"[^/]*_(?:desc-aseg_dseg|label-aseg_roi|desc-preproc_T[12]w|desc-brain_mask"
    r"|T1w_(?:preproc|brainmask))\.nii(?:\.gz)?"
)
_DERIVED_FILE = (
    rf"(?:{_FUNC_FILE}|[^/]*_AROMAnoiseICs\.csv"
    r"|[^/]*_desc-(?:MELODIC_mixing|melodic_mixing|aroma_metrics)\.tsv"
    rf"|[^/]*_(?:{'|'.join(XCPD_SUFFIXES)})\.tsv(?:\.gz)?"
    r"|[^/]*_bold\.dtseries\.(?:nii|json)"
    r"|[^/]*_bold_(?:[^/]*_)?(?:preproc|brainmask|confounds|MELODICmix)\.(?:nii|nii\.gz|json|tsv))"
)
_INHERITED_FILE = rf"(?:[^/]*_)?(?:{'|'.join(SUFFIXES)})\.(?:json|tsv|dtseries\.json)"


def outside(
    participants: Sequence[str],
    sessions: Collection[str | None],
    *,
    derivative: bool,
    aseg: bool,
) -> str:
    """Return a pattern of the paths, relative to a dataset's root, that are not looked at.

    Parameters
    ----------
    participants : sequence of str
        Labels without ``sub-`` whose folders are entered.
    sessions : collection of (str or None)
        Labels without ``ses-``; ``None`` for files outside session folders.
    derivative : bool
        Whether the dataset holds derivatives.
    aseg : bool
        Whether segmentations, and the anatomy they are of, are wanted.
    """
    subjects = "|".join(re.escape(label) for label in participants)
    labels = "|".join(re.escape(label) for label in sessions if label is not None)
    # Each level may hold sidecars for those below it; only func/ holds images.
    session = f"/ses-(?:{labels})" if labels else "/(?!)"
    func_file = _DERIVED_FILE if derivative else _FUNC_FILE
    if aseg:
        func_file = f"(?:{func_file}|{_ASEG_FILE})"
    level = f"(?:/{_INHERITED_FILE}|/func(?:/{func_file})?)?"
    anatomy = f"|(?:/ses-[^/]+)?(?:/anat(?:/{_ANAT_FILE})?)?" if aseg else ""
    subject = f"/sub-(?:{subjects})(?:{session}{level}|{level}{anatomy})"
    return f"^(?!(?:{subject}|/(?!sub-){_INHERITED_FILE})$)"
