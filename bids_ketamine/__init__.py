"""Imaging measures of drug trials, from fMRIPrep derivatives to a group report."""

from bids_ketamine._version import __version__

__all__ = ["__version__"]
