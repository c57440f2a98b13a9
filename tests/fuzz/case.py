"""A damaged input and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What must come of a damaged input.

    Attributes
    ----------
    kind : str
        ``refused``: an error in words. ``missing``: left out, told and recorded. ``noted``:
        computed, and the damage is recorded. ``accepted``: no damage to the app; the values
        are those of the undamaged input.
    code : int
        Exit code.
    told : str
        Pattern of what is told or recorded.
    same : bool
        Whether values must be those of the undamaged input.
    """

    kind: str
    code: int
    told: str
    same: bool = False


def refused(code: int, told: str) -> Outcome:
    """Expect an error."""
    return Outcome("refused", code, told)


def missing(told: str, *, code: int = 66) -> Outcome:
    """Expect that a run is left out and recorded."""
    return Outcome("missing", code, told)


def noted(told: str, *, same: bool = False) -> Outcome:
    """Expect results that carry a note or a reason."""
    return Outcome("noted", 0, told, same)


def accepted() -> Outcome:
    """Expect what the undamaged input gives."""
    return Outcome("accepted", 0, "", same=True)


@dataclass(frozen=True)
class Place:
    """Paths of the files that a case damages, by short names.

    Attributes
    ----------
    names : mapping of str to Path
        Files with a name of their own.
    root : Path
        Where all other names are looked for.
    """

    names: Mapping[str, Path]
    root: Path

    def __call__(self, name: str) -> Path:
        """Return a path; the first part of a name may be one of the short names."""
        first, _, rest = name.partition("/")
        if first in self.names:
            return self.names[first] / rest if rest else self.names[first]
        return self.root / name


Damage = Callable[[Place], None]


@dataclass(frozen=True)
class Case:
    """One damaged input.

    Attributes
    ----------
    id : str
        Words joined by hyphens.
    area : str
        ``BIDS``, ``NIfTI``, ``TSV``, ``JSON``, ``YAML`` or ``region``.
    damage : str
        What is wrong, in a few words.
    apply : callable
        Damages the files of a :class:`Place`.
    outcome : Outcome
        What must come of it.
    level : str
        ``session``: one participant among others in one run; ``participant`` or ``group``: a
        run of its own.
    process : bool
        Whether the real command runs in a process of its own, with limited memory and time.
    task : str
        ``faces`` or ``rest``.
    arguments : tuple of str
        Further arguments; ``{folder}`` is the folder of the case.
    """

    id: str
    area: str
    damage: str
    apply: Damage
    outcome: Outcome
    level: str = "session"
    process: bool = False
    task: str = "faces"
    arguments: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Label of the damaged participant."""
        return "".join(each for each in self.id if each.isalnum())
