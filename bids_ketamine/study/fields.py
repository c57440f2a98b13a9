"""How a field of the study specification is declared."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def setting(
    description: str,
    *,
    default: Any = ...,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    entity: bool = False,
    path: bool = False,
    hint: str = "",
) -> Any:
    """Declare one field of a section with what the loader and the JSON schema need.

    Parameters
    ----------
    description : str
        One line for the schema and the documentation.
    default : object, optional
        Value when the key is absent; without it the key is required.
    choices : tuple of str, optional
        Allowed words.
    minimum, maximum : float, optional
        Allowed range, ends included.
    entity : bool, optional
        Whether the value becomes part of a file name (letters and digits only).
    path : bool, optional
        Whether the value is a path, relative to the study file.
    hint : str, optional
        What helps whose number is out of range, as after a semicolon.
    """
    metadata = {
        "description": description,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "entity": entity,
        "path": path,
        "hint": hint,
    }
    if default is ...:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)
