"""Arguments -> :class:`~bids_ketamine.cli.options.RunOptions`; usage errors in one sentence.

Nothing heavy is imported here, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from bids_ketamine.cli.flags import SEE_HELP, build_parser
from bids_ketamine.cli.options import RunOptions
from bids_ketamine.errors import UsageError


def parse_arguments(arguments: Sequence[str]) -> RunOptions:
    """Read a command line.

    Parameters
    ----------
    arguments : sequence of str
        The command line without the program's name.

    Returns
    -------
    RunOptions

    Raises
    ------
    UsageError
        If the command line cannot be understood.
    SystemExit
        After ``--help`` and ``--version``, with code 0.

    Examples
    --------
    >>> options = parse_arguments(
    ...     "data out participant --study norbury2021 --participant_label sub-01 02".split()
    ... )
    >>> options.analysis_level, options.participant_labels
    ('participant', ('01', '02'))
    """
    parser = build_parser()
    spelled = hyphenated(arguments)
    _check_flags(parser, spelled)
    parsed, extra = parser.parse_known_args(spelled)
    if extra:
        raise UsageError(f"`{extra[0]}` is one argument too many.", cure=SEE_HELP)
    found = vars(parsed)
    for name in ("participant_labels", "session_labels", "task_labels"):
        if found[name] is not None:
            found[name] = tuple(dict.fromkeys(found[name]))
    found["derivatives"] = _named_once(found["derivatives"] or ())
    return RunOptions(**found)


def hyphenated(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with underscores in option names turned into hyphens.

    Examples
    --------
    >>> hyphenated(["--mem_mb=900", "my_data", "--work_dir", "a_b"])
    ['--mem-mb=900', 'my_data', '--work-dir', 'a_b']
    """
    spelled: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*spelled, *arguments[position:]]
        flag, equals, value = argument.partition("=")
        is_option = flag.startswith("--")
        spelled.append(flag.replace("_", "-") + equals + value if is_option else argument)
    return spelled


def _check_flags(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Name an unknown option before argparse takes its value for something else."""
    known = [flag for action in parser._actions for flag in action.option_strings]
    for argument in arguments:
        if argument == "--":
            return
        if argument.startswith("--"):
            flag = argument.partition("=")[0]
        elif len(argument) > 1 and argument[0] == "-" and not argument[1].isdigit():
            flag = argument[:2]
        else:
            continue
        if flag not in known:
            close = difflib.get_close_matches(flag, known, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else SEE_HELP
            raise UsageError(f"`{flag}` is no option of bids_ketamine.", cure=hint)


def _named_once(derivatives: Sequence[tuple[str, Path]]) -> tuple[tuple[str, Path], ...]:
    names = [name for name, _ in derivatives]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"--derivatives: two folders are named `{name}`.",
                cure="Give each a name of its own: NAME=PATH.",
            )
    return tuple(derivatives)
