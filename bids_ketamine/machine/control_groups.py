"""Limits that the kernel, a container engine or a cluster's scheduler puts on this process.

A process belongs to a control group of one unified hierarchy (version 2), to one of each
controller's hierarchy (version 1), or to both (hybrid). ``/proc/self/cgroup`` names the groups,
``/proc/self/mountinfo`` says where their hierarchies are to be seen. A limit on any group between
the own one and the root holds, so all of them are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

#: What the kernel tells of this process.
PROCESS = Path("/proc/self")


#: Files with a limit on a group's memory, bytes. Above ``memory.high`` a group is not ended, but
#: slowed down until it all but stands still.
MEMORY_LIMITS = ("memory.max", "memory.high", "memory.limit_in_bytes")


class _Mount(NamedTuple):
    """Where a hierarchy is to be seen, and which of its groups is seen there."""

    point: Path
    root: PurePosixPath


def memory_limit(process: Path = PROCESS) -> float | None:
    """Return the least limit on the memory of this process's control groups, bytes.

    Parameters
    ----------
    process : Path
        What the kernel tells of the process: a folder with ``cgroup`` and ``mountinfo``.

    Returns
    -------
    float or None
        ``None`` for no limit. Version 1 has a number of about 2**63 for no limit, which is
        returned as it is.
    """
    limits = [
        number
        for way in _ways("memory", process)
        for folder in _charged(way)
        for name in MEMORY_LIMITS
        if (number := _number(folder / name)) is not None and number > 0
    ]
    return min(limits, default=None)


def processor_limit(process: Path = PROCESS) -> float | None:
    """Return the least quota of processors of this process's control groups.

    Parameters
    ----------
    process : Path
        What the kernel tells of the process: a folder with ``cgroup`` and ``mountinfo``.

    Returns
    -------
    float or None
        Processors' worth of time, such as 1.5; ``None`` for no limit.
    """
    limits = []
    for folder in own_groups("cpu", process):
        quota, period = _quota(folder)
        if quota is not None and period is not None and quota > 0 and period > 0:
            limits.append(quota / period)
    return min(limits, default=None)


def own_groups(controller: str, process: Path = PROCESS) -> tuple[Path, ...]:
    """Return the folders of the groups that this process is in, the own ones and those above.

    Parameters
    ----------
    controller : str
        Such as ``memory``.
    process : Path
        What the kernel tells of the process: a folder with ``cgroup`` and ``mountinfo``.

    Returns
    -------
    tuple of Path
        Of either version, from each own group upwards; as far as they are to be seen.
    """
    folders = [folder for way in _ways(controller, process) for folder in way]
    return tuple(dict.fromkeys(folders))


def _ways(controller: str, process: Path) -> Iterator[list[Path]]:
    """Yield the folders of each own group and of those above it, as far as they are seen."""
    mounts = list(_mounts(controller, _lines(process / "mountinfo")))
    for version, group in _groups(controller, _lines(process / "cgroup")).items():
        seen = [mount for kind, mount in mounts if kind == version]
        own = [way for mount in seen if (way := _below(mount, group))]
        # The process came from another namespace, or the engine shows the container's own
        # group alone under another name: what is uppermost there is all there is to read.
        yield from own or [[mount.point] for mount in seen]


def _charged(way: list[Path]) -> Iterator[Path]:
    """Yield the groups that memory of the own one counts for.

    In version 1 a group counts what groups below it use if it says so; new kernels, and version
    2, know nothing else, and need no file that says it.
    """
    for place, folder in enumerate(way):
        if place and _number(folder / "memory.use_hierarchy") == 0:
            return
        yield folder


def _groups(controller: str, lines: list[str]) -> dict[str, PurePosixPath]:
    """Return the process's group in the hierarchy of each version."""
    found = {}
    for line in lines:
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            found["cgroup2"] = PurePosixPath(path)
        elif controller in names.split(","):
            found["cgroup"] = PurePosixPath(path)
    return found


def _mounts(controller: str, lines: list[str]) -> Iterator[tuple[str, _Mount]]:
    """Yield the version and the mount of each hierarchy that has the controller, or may have it."""
    for line in lines:
        before, separator, after = line.partition(" - ")
        fields, last = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5:
            continue
        version, options = last[0], last[-1].split(",")
        if version == "cgroup2" or (version == "cgroup" and controller in options):
            yield version, _Mount(Path(_plain(fields[4])), PurePosixPath(_plain(fields[3])))


def _below(mount: _Mount, group: PurePosixPath) -> list[Path]:
    """Return the folders from a group up to the uppermost that is mounted; none if it is not."""
    try:
        parts = group.relative_to(mount.root).parts
    except ValueError:
        return []
    if ".." in parts:
        return []
    return [mount.point.joinpath(*parts[:length]) for length in range(len(parts), -1, -1)]


def _quota(folder: Path) -> tuple[float | None, float | None]:
    both = _text(folder / "cpu.max").split()
    if len(both) >= 2:
        return _as_number(both[0]), _as_number(both[1])
    return _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")


def _number(path: Path) -> float | None:
    return _as_number(_text(path))


def _as_number(text: str) -> float | None:
    """Return a number; ``None`` for ``max``, which is no limit, and for what is not there."""
    text = text.strip()
    return float(text) if re.fullmatch(r"-?\d+", text) else None


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # not on macOS, or hidden
        return ""


def _plain(path: str) -> str:
    r"""Return a path of ``mountinfo`` without its escapes.

    Examples
    --------
    >>> _plain(r"/with\040space")
    '/with space'
    """
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
