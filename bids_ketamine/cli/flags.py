"""The options, in groups, with their help."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from bids_ketamine._version import __version__
from bids_ketamine.cli import values
from bids_ketamine.errors import UsageError

#: Presets named in the help, written here because reading them from the study room costs time.
PRESETS = ("norbury2021", "siegel2021")

SEE_HELP = "See `bids_ketamine --help`."

_EPILOG = """\
examples:
  what would be done, for two participants:
    bids_ketamine data/bids data/out participant --study norbury2021 \\
        --participant-label 01 02 -d fmriprep=data/fmriprep --dry-run
  do it with four processes:
    bids_ketamine data/bids data/out participant --study norbury2021 \\
        --participant-label 01 02 -d fmriprep=data/fmriprep --nprocs 4 -w /scratch/work
  statistics over all participants, with a study file of your own:
    bids_ketamine data/bids data/out group --study my_study.yml
  freeze that study as the analysis plan, before anything is computed:
    bids_ketamine data/bids data/out group --study my_study.yml --plan

Options that take several values stand after the folders and the level. Hyphens and underscores
are alike: --participant-label is --participant_label.

exit codes:
  0 done   1 a step or a session failed   16 input is not BIDS   18 filters select nothing
  64 command line or study file   65 bad data in a file   66 input missing
  73 output cannot be created     74 reading or writing failed   130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    """A parser that raises :class:`UsageError` instead of leaving with code 2."""

    def error(self, message: str) -> NoReturn:
        required = "the following arguments are required: "
        if message.startswith(required):
            self._missing(message.removeprefix(required).split(", "))
        if message.startswith("argument "):
            flags, _, message = message.removeprefix("argument ").partition(": ")
            # Of several spellings the first long one is the one told.
            long_flags = [flag for flag in flags.split("/") if flag.startswith("--")]
            message = f"{long_flags[0]}: {message}" if long_flags else message
        raise UsageError(message if message[-1] in ".?" else f"{message}.", cure=SEE_HELP)

    def _missing(self, names: Sequence[str]) -> NoReturn:
        if any(not name.startswith("-") for name in names):
            words = [_display_name(name) for name in names if not name.startswith("-")]
            raise UsageError(
                f"The command line lacks {_listing(words)}.",
                cure="Write `bids_ketamine BIDS_DIR OUTPUT_DIR participant|group --study ...`, "
                "with options that take several values after the level.",
            )
        raise UsageError(
            f"--study is missing: name a preset ({', '.join(PRESETS)}) or a study file.",
            cure="For example `--study norbury2021`.",
        )


def _display_name(dest: str) -> str:
    return "the level (participant or group)" if dest == "analysis_level" else dest.upper()


def _listing(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


class _PrintDescriptor(argparse.Action):
    """Print the Boutiques descriptor of this version and leave, as ``--version`` does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        # The descriptor is made from this parser.
        from bids_ketamine.cli.console import write_out
        from bids_ketamine.cli.descriptor import descriptor_text

        write_out(descriptor_text(__version__))
        parser.exit()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=98)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = f"{action.metavar}{' ...' if action.nargs == '+' else ''}"
        return f"{', '.join(action.option_strings)} {value}"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser, its options in groups."""
    parser = _Parser(
        prog="bids_ketamine",
        usage="bids_ketamine BIDS_DIR OUTPUT_DIR {participant,group} --study PRESET|FILE [options]",
        description="Imaging measures of drug trials, from fMRIPrep derivatives to a group report.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("bids_dir", type=values.path, help="raw BIDS dataset")
    parser.add_argument("output_dir", type=values.path, help="folder of the results")
    parser.add_argument(
        "analysis_level",
        type=values.level,
        choices=values.LEVELS,
        help="participant: measures of each session; group: statistics over their results",
    )
    _add_selection(parser.add_argument_group("what is computed, from what"))
    _add_execution(parser.add_argument_group("how it is run"))
    _add_output(parser)
    return parser


def _add_selection(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--study",
        required=True,
        type=values.text,
        metavar="PRESET|FILE",
        help=f"study specification: {' or '.join(PRESETS)}, or a YAML file of your own",
    )
    add(
        "-d",
        "--derivatives",
        nargs="+",
        action="extend",
        type=values.derivative,
        metavar="NAME=PATH",
        help="derivative datasets (default: fmriprep=BIDS_DIR/derivatives/fmriprep); "
        "a PATH alone is named after its folder",
    )
    for flags, dest, prefix, what in (
        (("--participant-label",), "participant_labels", "sub-", "participants"),
        (("--session-label", "--session-id"), "session_labels", "ses-", "sessions"),
        (("--task-id",), "task_labels", "task-", "tasks"),
    ):
        add(
            *flags,
            dest=dest,
            nargs="+",
            action="extend",
            type=values.label(prefix),
            metavar="LABEL",
            help=f"{what}, with or without `{prefix}` (default: all)",
        )
    add(
        "--bids-filter-file",
        type=values.path,
        metavar="FILE",
        help="JSON file of BIDS query filters",
    )
    add("--bids-database-dir", type=values.path, metavar="DIR", help="folder of a pybids database")
    add(
        "--skip-bids-validation",
        action="store_true",
        help="go on when the input lacks what BIDS demands",
    )
    add(
        "--random-seed",
        type=values.seed,
        metavar="N",
        help="seed of the methods that draw at random",
    )
    add(
        "--permutations",
        type=values.count,
        metavar="N",
        help="group level: permutations in the tests of the elastic net, all of them drawn "
        "(default: those of the study, which may stop early)",
    )


def _add_execution(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--nprocs",
        "--n-procs",
        "--nthreads",
        "--n-cpus",
        dest="n_procs",
        type=values.count,
        metavar="N",
        help="processes (default: all processors granted)",
    )
    add(
        "--omp-nthreads",
        dest="omp_n_threads",
        type=values.count,
        metavar="N",
        help="threads of numerical libraries in each process (default: 1)",
    )
    add(
        "--mem-mb",
        "--mem",
        dest="memory_mb",
        type=values.megabytes,
        metavar="MB",
        help="upper limit of memory, in MB or as 8G (default: what the machine or the "
        "container grants)",
    )
    add(
        "-w",
        "--work-dir",
        type=values.path,
        metavar="DIR",
        help="folder of intermediate files (default: ./work)",
    )
    add(
        "--clean-workdir",
        action="store_true",
        help="remove intermediate files of finished sessions",
    )
    add("--use-plugin", type=values.path, metavar="FILE", help="Nipype plugin file (YAML or JSON)")
    add("--stop-on-first-crash", action="store_true", help="stop at the first failing step")
    add("--notrack", action="store_true", help="accepted; nothing is ever sent anywhere")


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is written")
    alone = group.add_mutually_exclusive_group()
    alone.add_argument(
        "--dry-run",
        action="store_true",
        help="print what each method will use, what is missing and why, expected time and "
        "memory; compute nothing",
    )
    alone.add_argument(
        "--reports-only", action="store_true", help="make the reports anew from the results"
    )
    alone.add_argument(
        "--boilerplate-only", action="store_true", help="write and print the methods text alone"
    )
    group.add_argument(
        "--plan",
        action="store_true",
        help="freeze the study as the analysis plan of OUTPUT_DIR, before results are seen: later "
        "runs tell every difference, and arms are blinded until --unblind. A group level that has "
        "nothing to show yet (no results of the participant level; of a study of scores alone, no "
        "group level) stops there, however often it is given; without --plan it computes",
    )
    group.add_argument(
        "--unblind",
        action="store_true",
        help="group level: show the labels of arms from now on, and note the date in the plan",
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="compute every selected session anew and replace what is there",
    )
    group.add_argument(
        "--no-individual-data",
        action="store_true",
        help="keep values and labels of single participants out of group.html and the files of "
        "its figures; tables (OUTPUT_DIR/group/*.tsv) and reports of participants keep them",
    )
    other = parser.add_argument_group("other")
    other.add_argument(
        "-v",
        "--verbose",
        dest="verbosity",
        action="count",
        default=0,
        help="tell more; twice: tracebacks and Nipype's own messages too",
    )
    other.add_argument(
        "--version", action="version", version=f"bids_ketamine {__version__}", help="print it"
    )
    other.add_argument(
        "--bids-exec-spec",
        action=_PrintDescriptor,
        nargs=0,
        default=argparse.SUPPRESS,
        help="print the Boutiques descriptor of this command line (JSON)",
    )
    other.add_argument("-h", "--help", action="help", help="print this text")
