"""Readers: one module a reference family, one function a quantity."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping

from tests.parity.evaluation import Reader

_READERS: dict[str, Reader] = {}


def reader(*quantities: str) -> Callable[[Reader], Reader]:
    """Register a function as the reader of the named quantities.

    Parameters
    ----------
    *quantities : str
        Words of the manifests; the function computes each of them.

    Returns
    -------
    callable
        Decorator that returns the function itself.

    Raises
    ------
    ValueError
        If another function reads one of them already.
    """

    def register(function: Reader) -> Reader:
        for quantity in quantities:
            known = _READERS.setdefault(quantity, function)
            # The same function may arrive twice, by two ways of importing its module.
            if _origin(known) != _origin(function):
                raise ValueError(f"{quantity} is read by {_origin(known)} already")
        return function

    return register


def _origin(function: Reader) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def all_readers() -> Mapping[str, Reader]:
    """Import every module of this package and return the readers by quantity.

    Returns
    -------
    mapping of str to Reader
        Readers by quantity.
    """
    for module in pkgutil.iter_modules(__path__, prefix=f"{__name__}."):
        importlib.import_module(module.name)
    return _READERS
