"""How much memory this process is granted: the container's limit, not the machine's."""

from __future__ import annotations

from pathlib import Path

from bids_ketamine.machine.control_groups import PROCESS, memory_limit

#: The kernel's account of the machine's memory.
MEMINFO = Path("/proc/meminfo")

#: Memory of a machine that does not tell, bytes.
UNKNOWN_MACHINE = 4e9


def granted_memory(meminfo: Path = MEMINFO, process: Path = PROCESS) -> float:
    """Return the memory that can be had at most, bytes: the smaller of machine and container.

    Parameters
    ----------
    meminfo : Path
        The kernel's account of the machine's memory.
    process : Path
        What the kernel tells of this process, such as its control groups.
    """
    machine, limit = _machine_bytes(meminfo), memory_limit(process)
    return machine if limit is None else min(machine, limit)


def in_bytes(number: float) -> str:
    """Return a number of bytes in a unit that suits it.

    Examples
    --------
    >>> in_bytes(1024), in_bytes(100e9), in_bytes(930_000_000)
    ('1.02 kB', '100 GB', '930 MB')
    """
    unit = "bytes"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{number:.3g} {unit}"


def _machine_bytes(meminfo: Path) -> float:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemTotal:"):
                return float(line.split()[1]) * 1024.0
    except (OSError, ValueError, IndexError):
        pass
    return UNKNOWN_MACHINE
