"""Compilation of the inner loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of arrays at its first call; it runs without holding other threads up.

    Sums may be taken in another order than written, which changes the last digits alone. The
    machine code is kept in numba's cache; where no folder for it is writable it is made anew in
    each process.

    Parameters
    ----------
    function : callable
        Of arrays and numbers.
    """
    options: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "contract"}}
    try:
        made: Function = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # there is no place for a cache
        made = numba.njit(**options)(function)
    return made
