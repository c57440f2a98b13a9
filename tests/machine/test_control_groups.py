"""Limits of the process's own control groups, in trees as kernels and engines make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bids_ketamine.images.memory import granted_memory
from bids_ketamine.machine.control_groups import memory_limit, own_groups, processor_limit

#: What version 1 shows where there is no limit.
NONE = "9223372036854771712"


def tree(
    root: Path, groups: str, mounts: list[tuple[str, str, str]], files: dict[str, str]
) -> Path:
    """Write what the kernel tells; a mount is the group that is seen, the place, the controllers.

    No controllers: the unified hierarchy.
    """
    process = root / "process"
    lines = ["1 0 0:20 / / rw,relatime - overlay overlay rw"]
    for group, place, controllers in mounts:
        kind = "cgroup" if controllers else "cgroup2"
        options = f"rw,{controllers}" if controllers else "rw,nsdelegate"
        place = str(root / place).replace(" ", r"\040")
        lines.append(f"31 1 0:29 {group} {place} rw,nosuid shared:9 - {kind} {kind} {options}")
    files = {"process/cgroup": groups, "process/mountinfo": "\n".join(lines)} | files
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    return process


UNIFIED = [("/", "sys", "")]
SPLIT = [("/", "sys/cpu", "cpu,cpuacct"), ("/", "sys/memory", "memory")]


@pytest.mark.parametrize(
    ("groups", "mounts", "files", "limit"),
    [
        pytest.param("0::/", UNIFIED, {"sys/memory.max": "2000"}, 2000, id="container, version 2"),
        pytest.param("0::/", UNIFIED, {"sys/memory.max": "max"}, None, id="no limit, version 2"),
        pytest.param(
            "0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0",
            UNIFIED,
            {
                "sys/system.slice/slurmstepd.scope/job_7/memory.max": "3000",
                "sys/system.slice/slurmstepd.scope/job_7/step_0/memory.max": "max",
                "sys/system.slice/slurmstepd.scope/job_7/step_0/user/task_0/memory.max": "4000",
                "sys/system.slice/memory.max": "max",
                "sys/other.slice/memory.max": "10",
            },
            3000,
            id="a SLURM job's limit is above the step's group",
        ),
        pytest.param(
            "0::/user.slice/user-1000.slice/session-2.scope",
            UNIFIED,
            {"sys/user.slice/user-1000.slice/memory.max": "5000", "sys/user.slice/memory.max": "6"},
            6,
            id="systemd limits a slice",
        ),
        pytest.param(
            "5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab",
            [("/docker/ab", "sys/memory", "memory"), ("/docker/ab", "sys/cpu", "cpu,cpuacct")],
            {"sys/memory/memory.limit_in_bytes": "2000"},
            2000,
            id="version 1, the container's own group alone is mounted",
        ),
        pytest.param(
            "4:memory:/slurm/uid_0/job_1/step_0",
            SPLIT,
            {
                "sys/memory/memory.limit_in_bytes": NONE,
                "sys/memory/slurm/uid_0/job_1/memory.limit_in_bytes": "2500",
                "sys/memory/slurm/uid_0/job_1/step_0/memory.limit_in_bytes": NONE,
            },
            2500,
            id="version 1, a SLURM job",
        ),
        pytest.param(
            "4:memory:/a",
            SPLIT,
            {"sys/memory/a/memory.limit_in_bytes": NONE},
            float(NONE),
            id="version 1, no limit",
        ),
        pytest.param(
            "0::/a/b",
            UNIFIED,
            {"sys/a/memory.max": "4000", "sys/a/memory.high": "3000", "sys/a/b/memory.max": "max"},
            3000,
            id="a group is slowed down before it is ended",
        ),
        pytest.param(
            "0::/",
            UNIFIED,
            {"sys/memory.max": "4000", "sys/memory.high": "max"},
            4000,
            id="no high",
        ),
        pytest.param(
            "4:memory:/a/b/c",
            SPLIT,
            {
                "sys/memory/memory.limit_in_bytes": "1000",
                "sys/memory/memory.use_hierarchy": "1",
                "sys/memory/a/memory.limit_in_bytes": "1500",
                "sys/memory/a/memory.use_hierarchy": "0",
                "sys/memory/a/b/memory.limit_in_bytes": "2000",
                "sys/memory/a/b/memory.use_hierarchy": "1",
                "sys/memory/a/b/c/memory.limit_in_bytes": "3000",
                "sys/memory/a/b/c/memory.use_hierarchy": "1",
            },
            2000,
            id="version 1, groups above count their own memory alone",
        ),
        pytest.param(
            "4:memory:/a",
            SPLIT,
            {
                "sys/memory/memory.limit_in_bytes": "1000",
                "sys/memory/memory.use_hierarchy": "0",
                "sys/memory/a/memory.limit_in_bytes": "3000",
                "sys/memory/a/memory.use_hierarchy": "0",
            },
            3000,
            id="version 1, the own group always counts",
        ),
        pytest.param(
            "4:memory:/a\n1:name=systemd:/a\n0::/b",
            [*SPLIT, ("/", "sys/unified", "")],
            {"sys/memory/a/memory.limit_in_bytes": "2000", "sys/unified/b/cgroup.procs": ""},
            2000,
            id="hybrid: version 2 has no memory controller",
        ),
        pytest.param(
            "0::/../..",
            UNIFIED,
            {"sys/memory.max": "2000", "memory.max": "5"},
            2000,
            id="a process from outside the namespace",
        ),
        pytest.param(
            "0::/../../job",
            [("/../..", "sys", "")],
            {"sys/job/memory.max": "2000", "sys/memory.max": "max"},
            2000,
            id="hierarchy and process from outside the namespace",
        ),
        pytest.param(
            "0::/",
            [("/..", "sys", "")],
            {"sys/memory.max": "2000"},
            2000,
            id="a hierarchy from outside the namespace",
        ),
        pytest.param(
            "4:memory:/kubepods/pod1/c1",
            [("/other", "sys/other", "memory"), ("/kubepods", "sys/memory", "memory")],
            {
                "sys/other/memory.limit_in_bytes": "5",
                "sys/memory/pod1/memory.limit_in_bytes": "2000",
                "sys/memory/pod1/c1/memory.limit_in_bytes": "3000",
            },
            2000,
            id="another group is mounted beside the own one",
        ),
        pytest.param(
            "0::/a b",
            [("/", "odd place/x", "")],
            {"odd place/x/a b/memory.max": "7"},
            7,
            id="spaces",
        ),
        pytest.param("0::/gone", UNIFIED, {"sys/memory.max": "9"}, 9, id="own group is not shown"),
        pytest.param("0::/", UNIFIED, {"sys/memory.max": "a lot"}, None, id="unknown words"),
        pytest.param("0::/", UNIFIED, {"sys/memory.max": "0"}, None, id="nothing is no limit"),
        pytest.param("", [], {}, None, id="no control groups"),
    ],
)
def test_the_least_limit_on_the_way_up_is_the_processs_own(
    groups: str,
    mounts: list[tuple[str, str, str]],
    files: dict[str, str],
    limit: float | None,
    tmp_path: Path,
) -> None:
    process = tree(tmp_path, groups, mounts, files)
    assert memory_limit(process) == limit
    (tmp_path / "meminfo").write_text("MemTotal: 8 kB\n")
    granted = granted_memory(meminfo=tmp_path / "meminfo", process=process)
    assert granted == min(8192, 8192 if limit is None else limit)


def test_groups_are_named_from_the_own_one_upwards(tmp_path: Path) -> None:
    process = tree(tmp_path, "4:memory:/a/b\n0::/c", [*SPLIT, ("/", "sys/unified", "")], {})
    assert own_groups("memory", process) == (
        tmp_path / "sys/memory/a/b",
        tmp_path / "sys/memory/a",
        tmp_path / "sys/memory",
        tmp_path / "sys/unified/c",
        tmp_path / "sys/unified",
    )
    assert own_groups("cpu", process) == (tmp_path / "sys/unified/c", tmp_path / "sys/unified")
    assert own_groups("memory", tmp_path / "absent") == ()


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"sys/cpu/a/cpu.cfs_quota_us": "150000", "sys/cpu/a/cpu.cfs_period_us": "100000"}, 1.5),
        ({"sys/cpu/a/cpu.cfs_quota_us": "-1", "sys/cpu/a/cpu.cfs_period_us": "100000"}, None),
        ({"sys/cpu/a/cpu.cfs_quota_us": "150000"}, None),
        ({"sys/cpu/cpu.cfs_quota_us": "50000", "sys/cpu/cpu.cfs_period_us": "25000"}, 2.0),
        ({"sys/unified/b/cpu.max": "300000 100000"}, 3.0),
        ({"sys/unified/b/cpu.max": "max 100000", "sys/unified/cpu.max": "4000 1000"}, 4.0),
    ],
)
def test_quotas_of_processors(files: dict[str, str], limit: float | None, tmp_path: Path) -> None:
    mounts = [*SPLIT, ("/", "sys/unified", "")]
    assert processor_limit(tree(tmp_path, "5:cpu,cpuacct:/a\n0::/b", mounts, files)) == limit
