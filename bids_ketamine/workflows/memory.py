"""How much memory this process may use: the container's limit, not the machine's."""

from __future__ import annotations

from pathlib import Path

#: Files that hold a control group's memory limit: version 2, version 1.
LIMIT_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)

#: Share of the memory that running nodes may claim together.
SHARE = 0.9


def available_memory_gb(
    limit_files: tuple[Path, ...] = LIMIT_FILES, meminfo: Path = Path("/proc/meminfo")
) -> float:
    """Return the memory nodes may claim, GB: 90 % of the smaller of machine and container.

    Parameters
    ----------
    limit_files : tuple of Path
        Control-group files; a missing one or ``max`` is no limit.
    meminfo : Path
        The kernel's account of the machine's memory.
    """
    limits = [_machine_bytes(meminfo)]
    for path in limit_files:
        try:
            limits.append(float(path.read_text().strip()))
        except (OSError, ValueError):
            continue
    return SHARE * min(limits) / 1e9


def _machine_bytes(meminfo: Path) -> float:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemTotal:"):
                return float(line.split()[1]) * 1024.0
    except (OSError, ValueError, IndexError):
        pass
    return 4e9
