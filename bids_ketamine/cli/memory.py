"""What the memory of the machine or the container allows, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.cli.dry_run import Analysis
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.cli.planning import Tell
from bids_ketamine.cli.words import wrapped
from bids_ketamine.images.memory import in_bytes
from bids_ketamine.machine.control_groups import memory_limit
from bids_ketamine.workflows.memory import SHARE, affordable_processes, available_memory_gb


def claimable_gb(options: RunOptions) -> float:
    """Return the memory that steps may claim together, GB.

    Parameters
    ----------
    options : RunOptions
        The command line. What it states (MB, of a million bytes, as all that is printed) holds,
        up to the limit of the container or the job.
    """
    if options.memory_mb is None:
        return available_memory_gb()
    limit = memory_limit()
    stated = options.memory_mb / 1000
    return stated if limit is None else min(stated, SHARE * limit / 1e9)


def processes(asked: int, options: RunOptions, *, tell: Tell) -> int:
    """Return how many processes work, and tell if memory allows fewer than were asked for.

    Parameters
    ----------
    asked : int
        Processes that the command line or the processors allow.
    options : RunOptions
        The command line.
    tell : callable
        Takes a line for the user.
    """
    if options.use_plugin is not None:
        return asked  # the user's plugin shares the work out, perhaps on other machines
    memory_gb = claimable_gb(options)
    n_procs = affordable_processes(asked, memory_gb)
    if n_procs < asked:
        tell(
            f"notice: {n_procs} of {asked} processes are used: no more fit into "
            f"{in_bytes(memory_gb * 1e9)} of memory"
        )
    return n_procs


def shortage(analyses: Sequence[Analysis], options: RunOptions) -> str:
    """Say that a planned step may not fit into memory; nothing if each does.

    Parameters
    ----------
    analyses : sequence of Analysis
        The plan of a dry run.
    options : RunOptions
        The command line.
    """
    memory_gb = claimable_gb(options)
    large = [each for each in analyses if each.can_run and each.cost.memory_gb > memory_gb]
    if not large:
        return ""
    largest = max(each.cost.memory_gb for each in large)
    text = (
        f"warning: the largest step needs about {in_bytes(largest * 1e9)} of memory, and "
        f"{in_bytes(memory_gb * 1e9)} can be used: the system may end it. Give more memory."
    )
    return "\n".join(wrapped("", text))
