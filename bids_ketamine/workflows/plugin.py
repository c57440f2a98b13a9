"""A MultiProc plugin that survives a killed worker, and keeps account of crashes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

from nipype.pipeline.plugins.multiproc import MultiProcPlugin, process_initializer, run_node

#: What is said of a worker that the system ended.
KILLED = (
    "The worker process ended from outside, most often because memory ran out. "
    "Give more memory, or fewer processes with --nprocs and --mem-mb."
)

#: Modules that workers share from the start instead of importing them one by one.
PRELOADED = ["bids_ketamine.interfaces.glm", "bids_ketamine.interfaces.connectivity"]


def _start_worker(folder: str) -> None:
    """Prepare a worker; an interrupt is the main process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process_initializer(folder)


class SurvivingMultiProc(MultiProcPlugin):
    """MultiProc whose pool is replaced when a worker dies.

    Nipype's own plugin waits for ever for the result of a killed worker.

    Parameters
    ----------
    plugin_args : dict
        Nipype's, and ``on_crash``: called with the node, its crash file and the traceback.
    """

    def __init__(self, plugin_args: dict[str, Any]) -> None:
        self._on_crash: Callable[[Any, str, str], None] = plugin_args["on_crash"]
        multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
        super().__init__(plugin_args={**plugin_args, "mp_context": "forkserver"})
        self._new_pool()

    def _new_pool(self) -> None:
        self.pool = ProcessPoolExecutor(
            max_workers=self.processors,
            initializer=_start_worker,
            initargs=(self._cwd,),
            mp_context=multiprocessing.get_context("forkserver"),
        )

    def abandon(self) -> None:
        """End the workers at once: whoever waits for their results is leaving."""
        for process in list((getattr(self.pool, "_processes", None) or {}).values()):
            process.kill()

    def _submit_job(self, node: Any, updatehash: bool = False) -> int:
        self._taskid += 1
        try:
            future = self.pool.submit(run_node, node, updatehash, self._taskid)
        except BrokenProcessPool:
            self._new_pool()
            future = self.pool.submit(run_node, node, updatehash, self._taskid)
        self._task_obj[self._taskid] = future
        future.add_done_callback(partial(self._finished, self._taskid))
        return self._taskid

    def _sort_jobs(self, jobids: Any, scheduler: str = "tsort") -> list[int]:
        """Finish a session before the next one starts, so that results come early."""
        names = [node.fullname.rsplit(".", 1)[0] for node in self.procs]
        rank = {name: place for place, name in reversed(list(enumerate(names)))}
        return sorted(jobids, key=lambda job: (rank[names[job]], job))

    def _finished(self, taskid: int, future: Future[Any]) -> None:
        try:
            result = future.result()
        except Exception as error:
            killed = isinstance(error, BrokenProcessPool)
            text = KILLED if killed else f"{type(error).__name__}: {error}"
            result = {"result": None, "traceback": [text + "\n"], "taskid": taskid}
        self._taskresult[taskid] = result

    def _report_crash(self, node: Any, result: Any = None) -> str:
        # Read before the crash is reported: reporting appends to the traceback.
        traceback = "" if result is None else "".join(result["traceback"])
        crash_file: str = super()._report_crash(node, result=result)
        self._on_crash(node, crash_file, traceback)
        return crash_file
