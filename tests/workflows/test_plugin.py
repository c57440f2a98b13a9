"""The plugin survives a killed worker; memory limits are the container's."""

from pathlib import Path

import pytest
from nipype import Function, Node, Workflow

from bids_ketamine.workflows.memory import available_memory_gb
from bids_ketamine.workflows.plugin import KILLED, SurvivingMultiProc


def die(value):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
    return value


def double(value):
    return 2 * value


def fail(value):
    raise ValueError(f"no use for {value}")


def test_a_killed_worker_ends_as_a_failed_node_and_later_nodes_still_run(tmp_path):
    crashes = {}
    finished = []
    plugin = SurvivingMultiProc(
        {
            "n_procs": 1,
            "memory_gb": 2.0,
            "on_crash": lambda node, path, words: crashes.update({node.name: (path, words)}),
            "status_callback": lambda node, status: finished.append((node.name, status)),
        }
    )
    workflow = Workflow(name="w", base_dir=str(tmp_path / "work"))
    for name, function in (("a_dies", die), ("b_fails", fail), ("c_works", double)):
        node = Node(Function(function=function, input_names=["value"]), name=name)
        node.inputs.value = 3
        workflow.add_nodes([node])
    workflow.config["execution"] = {
        "poll_sleep_duration": "0.05",
        "crashdump_dir": str(tmp_path),
        "crashfile_format": "txt",
    }
    with pytest.raises(RuntimeError):
        workflow.run(plugin=plugin)
    assert sorted(crashes) == ["a_dies", "b_fails"]
    assert crashes["a_dies"][1].strip() == KILLED
    assert "ValueError: no use for 3" in crashes["b_fails"][1]
    assert KILLED in Path(crashes["a_dies"][0]).read_text()
    assert ("c_works", "end") in finished


@pytest.mark.parametrize(
    ("limit", "expected"), [("2147483648", 0.9 * 2.147483648), ("max", 0.9 * 8.192)]
)
def test_the_smaller_of_machine_and_container_counts(tmp_path, limit, expected):
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "cgroup").write_text("0::/\n")
    (tmp_path / "mountinfo").write_text(f"1 0 0:1 / {tmp_path} rw - cgroup2 cgroup2 rw\n")
    (tmp_path / "meminfo").write_text("MemTotal:        8000000 kB\nMemFree: 1 kB\n")
    found = available_memory_gb(tmp_path / "meminfo", tmp_path)
    assert found == pytest.approx(expected)
