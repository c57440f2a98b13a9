"""JSON sidecars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bids_ketamine.dataset.decoding import read_text
from bids_ketamine.errors import InputDataError

#: Largest JSON sidecar, bytes; those of confounds tables reach a few hundred kB.
LARGEST_SIDECAR = 32 * 2**20


class _TwoValuesError(ValueError):
    """A key has two values."""


def _without_contradiction(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content and content[key] != value:
            raise _TwoValuesError(key)
        content[key] = value
    return content


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON sidecar.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its keys and values.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    InputDataError
        If it is not a JSON object; the error names the line.
    """
    text = read_text(path, most_bytes=LARGEST_SIDECAR)
    try:
        content = json.loads(text, object_pairs_hook=_without_contradiction)
    except json.JSONDecodeError as error:
        raise InputDataError(
            f"Line {error.lineno}: the file is not valid JSON ({error.msg}, column {error.colno}).",
            path=path,
            cure="Correct the line, or make the file again.",
        ) from None
    except _TwoValuesError as error:
        raise InputDataError(
            f"The key `{error}` stands there twice, with two values.",
            path=path,
            cure="Remove the wrong one.",
        ) from None
    except (ValueError, RecursionError):
        raise InputDataError("The file is not valid JSON.", path=path) from None
    if not isinstance(content, dict):
        raise InputDataError(
            "The file is not a JSON object.",
            path=path,
            cure="A sidecar starts with { and ends with }.",
        )
    return content
