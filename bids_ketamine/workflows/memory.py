"""How much of the granted memory running nodes may claim."""

from __future__ import annotations

from pathlib import Path

from bids_ketamine.images.memory import LIMIT_FILES, MEMINFO, granted_memory

#: Share of the memory that running nodes may claim together.
SHARE = 0.9


def available_memory_gb(
    limit_files: tuple[Path, ...] = LIMIT_FILES, meminfo: Path = MEMINFO
) -> float:
    """Return the memory nodes may claim, GB: 90 % of the smaller of machine and container.

    Parameters
    ----------
    limit_files : tuple of Path
        Control-group files; a missing one or ``max`` is no limit.
    meminfo : Path
        The kernel's account of the machine's memory.
    """
    return SHARE * granted_memory(limit_files, meminfo) / 1e9
