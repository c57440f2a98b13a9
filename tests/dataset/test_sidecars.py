"""What sidecars and descriptions say of smoothing."""

from __future__ import annotations

import pytest

from bids_ketamine.dataset.sidecars import Smoothing, stated_smoothing

UNBELIEVABLE = ["6mm", -1, 60, 1e400, True, [6, 6, 6], float("nan")]


@pytest.mark.parametrize(
    ("description", "values", "expected"),
    [
        ("preproc", {}, Smoothing(False, None)),
        ("nonaggrDenoised", {"RepetitionTime": 2.0}, Smoothing(False, None)),
        ("smoothAROMAnonaggr", {}, Smoothing(True, 6.0)),
        ("smoothAROMAnonaggr", {"SmoothingFWHM": 8}, Smoothing(True, 8.0)),
        ("denoisedSmoothed", {}, Smoothing(True, None)),
        ("denoisedSmoothed", {"FWHM": 6.0}, Smoothing(True, 6.0)),
        ("preproc", {"FWHM": 0}, Smoothing(False, None)),
        ("preproc", {"Smoothed": False}, Smoothing(False, None)),
        ("preproc", {"Smoothed": True}, Smoothing(True, None)),
        ("preproc", {"Smoothed": True, "SmoothingFWHM": 5}, Smoothing(True, 5.0)),
        ("preproc", {"Smoothed": 4.5}, Smoothing(True, 4.5)),
        ("preproc", {"FWHM": None}, Smoothing(False, None)),
    ],
)
def test_smoothing_that_is_stated(description, values, expected) -> None:
    assert stated_smoothing(description, values) == expected


@pytest.mark.parametrize("value", UNBELIEVABLE)
def test_widths_that_are_none_are_told_and_not_used(value) -> None:
    found = stated_smoothing("preproc", {"FWHM": value})
    assert (found.smoothed, found.fwhm) == (False, None)
    (note,) = found.notes
    assert note.startswith("FWHM of the sidecar is ")
    assert note.endswith(", no width of a Gaussian in mm: not used")
