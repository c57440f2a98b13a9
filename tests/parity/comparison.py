"""The passing rule of the manifests.

With axes of length one dropped on both sides, a result passes if it has the shape of the
reference, NaN at the same places and nowhere else, and

    max abs(result - reference) <= atol + rtol * max(1, max abs(reference)).

Text must be equal. "Not below" asks for result >= reference - atol instead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tests.parity.manifest import Tolerance


class Comparison(NamedTuple):
    """Outcome for one output."""

    difference: float  # NaN where the two cannot be subtracted
    allowed: float
    passed: bool
    note: str

    @property
    def severity(self) -> tuple[bool, float]:
        """How near to failing: the worst output of a case is the greatest of these."""
        if np.isnan(self.difference):
            return not self.passed, np.inf
        if self.difference == 0:
            return not self.passed, 0.0
        return not self.passed, self.difference / self.allowed if self.allowed else np.inf


def compare(got: Any, expected: Any, tolerance: Tolerance) -> Comparison:
    """Compare a result with its reference.

    Parameters
    ----------
    got, expected : array_like, of numbers or text, or lists of arrays
        Result and reference.
    tolerance : Tolerance
        What is allowed.

    Returns
    -------
    Comparison
        Largest difference, what was allowed, verdict and what is wrong.

    Examples
    --------
    >>> compare([1.0, 2.0], [[1.0], [2.5]], Tolerance(rtol=0.1, atol=0.0))[:3]
    (0.5, 0.25, False)
    """
    if _is_ragged(expected):
        return _compare_lists(got, expected, tolerance)
    try:
        result, reference = _regular(got), _regular(expected)
    except (ValueError, TypeError) as error:
        return _failed(f"not an array: {error}")
    if result.shape != reference.shape:
        return _failed(f"shape {result.shape}, expected {reference.shape}")
    result_is_text, reference_is_text = result.dtype == object, reference.dtype == object
    if result_is_text != reference_is_text:
        kinds = ("numbers", "text")
        return _failed(f"{kinds[result_is_text]}, expected {kinds[reference_is_text]}")
    if reference_is_text:
        return _compare_text(result, reference)
    return _compare_numbers(result, reference, tolerance)


def _compare_numbers(result: np.ndarray, reference: np.ndarray, tolerance: Tolerance) -> Comparison:
    finite = np.abs(reference[np.isfinite(reference)])
    scale = max(1.0, float(finite.max(initial=0.0)))
    allowed = tolerance.atol if tolerance.not_below else tolerance.atol + tolerance.rtol * scale
    missing = np.isnan(reference)
    misplaced = int((np.isnan(result) != missing).sum())
    if misplaced:
        return Comparison(np.nan, allowed, False, f"NaN differs at {misplaced} places")
    result, reference = result[~missing], reference[~missing]
    same = result == reference  # also equal infinities, which cannot be subtracted
    distance = reference[~same] - result[~same]
    distance = np.maximum(distance, 0.0) if tolerance.not_below else np.abs(distance)
    difference = float(distance.max(initial=0.0))
    return Comparison(difference, allowed, difference <= allowed, "")


def _compare_text(result: np.ndarray, reference: np.ndarray) -> Comparison:
    pairs = zip(result.ravel(), reference.ravel(), strict=True)
    wrong = [(got, wanted) for got, wanted in pairs if got != wanted]
    if not wrong:
        return Comparison(0.0, 0.0, True, "")
    note = f"text differs at {len(wrong)} places, first {wrong[0][0]!r} for {wrong[0][1]!r}"
    return _failed(note)


def _compare_lists(got: Any, expected: list[Any], tolerance: Tolerance) -> Comparison:
    results = list(got) if isinstance(got, list | tuple | np.ndarray) else [got]
    if len(results) != len(expected):
        return _failed(f"{len(results)} arrays, expected {len(expected)}")
    pairs = zip(results, expected, strict=True)
    return max((compare(a, b, tolerance) for a, b in pairs), key=lambda c: c.severity)


def _failed(note: str) -> Comparison:
    return Comparison(np.nan, np.nan, False, note)


def _is_ragged(value: Any) -> bool:
    try:
        np.asarray(value)
    except ValueError:
        return isinstance(value, list)
    return False


def _regular(value: Any) -> np.ndarray:
    """Return float64, or objects for text in which anything missing is None; squeezed."""
    array = np.squeeze(np.asarray(value))
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    if array.dtype.kind == "O" and not any(isinstance(item, str) for item in array.flat):
        return array.astype(np.float64)
    if array.dtype.kind not in "OUT":
        raise TypeError(f"cannot compare {array.dtype}")
    text = np.empty(array.shape, dtype=object)
    for position, item in np.ndenumerate(array):
        text[position] = None if item is None or item != item else str(item)
    return text
