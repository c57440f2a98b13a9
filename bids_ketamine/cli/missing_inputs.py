"""What a missing input means: not acquired, a series that cannot be used, or a note."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bids_ketamine.dataset.inputs import Missing

#: What a series needs beside itself.
_COMPANIONS = ("mask", "confounds", "events", "RepetitionTime", "ICA-AROMA")
_SERIES = ("bold", "timeseries")
#: What some of the measures need, and the others do not.
_OF_SOME_MEASURES = ("aseg", "confounds of generalized PPI")


class Shortfall(Enum):
    """Meaning of something that is missing."""

    NOT_ACQUIRED = "the session or the task was not acquired, or not preprocessed: no mistake"
    UNUSABLE = "a series is there and cannot be used: a mistake that the exit code tells"
    PARTIAL = "some regions, or generalized PPI, have no value"
    NOTE = "the study's second choice is used"


def shortfall(missing: Missing) -> Shortfall:
    """Return what a missing input means.

    Parameters
    ----------
    missing : Missing
        ``what`` is ``session``, ``task: kind of file``, or ``task: description`` for a
        preferred series that is not there while another is used.
    """
    _, _, kind = missing.what.partition(": ")
    if kind in _COMPANIONS:
        return Shortfall.UNUSABLE
    if kind in _SERIES:
        # The query names the file it expected where there is none; else what is wrong with it.
        there = not missing.reason.startswith("expected ")
        return Shortfall.UNUSABLE if there else Shortfall.NOT_ACQUIRED
    if kind in _OF_SOME_MEASURES:
        return Shortfall.PARTIAL
    return Shortfall.NOTE if kind else Shortfall.NOT_ACQUIRED
