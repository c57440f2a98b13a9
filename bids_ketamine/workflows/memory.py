"""How much of the granted memory running nodes may claim."""

from __future__ import annotations

from pathlib import Path

from bids_ketamine.images.memory import MEMINFO, granted_memory
from bids_ketamine.machine.control_groups import PROCESS

#: Share of the memory that running nodes may claim together.
SHARE = 0.9

#: A process that has loaded the libraries, GB.
BASE_GB = 0.35


def available_memory_gb(meminfo: Path = MEMINFO, process: Path = PROCESS) -> float:
    """Return the memory nodes may claim, GB: 90 % of the smaller of machine and container.

    Parameters
    ----------
    meminfo : Path
        The kernel's account of the machine's memory.
    process : Path
        What the kernel tells of this process, such as its control groups.
    """
    return SHARE * granted_memory(meminfo, process) / 1e9


def affordable_processes(n_procs: int, memory_gb: float) -> int:
    """Return how many processes fit into memory, at most as many as asked for and at least one.

    Parameters
    ----------
    n_procs : int
        Processes that are asked for.
    memory_gb : float
        Memory that they may claim together, GB.

    Examples
    --------
    >>> affordable_processes(8, 1.8), affordable_processes(2, 1.8), affordable_processes(2, 0.1)
    (5, 2, 1)
    """
    return max(1, min(n_procs, int(memory_gb / BASE_GB)))
