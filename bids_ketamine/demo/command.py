"""Console script ``bids_ketamine-demo``: writes a simulated trial. Starts without heavy imports."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bids_ketamine._version import __version__
from bids_ketamine.errors import BidsKetamineError, UsageError
from bids_ketamine.machine.caches import prepare_caches

#: Trials that can be written, and forms of the images of the second.
DESIGNS = ("norbury2021", "siegel2021")
FORMS = ("volume", "cifti", "both")

#: Participants of the first by default.
N_PARTICIPANTS = 12


class Parser(argparse.ArgumentParser):
    """Argument parser that leaves with the exit code of a usage error."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit."""
        self.print_usage(sys.stderr)
        self.exit(UsageError.exit_code, f"{self.prog}: error: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``bids_ketamine-demo``."""
    parser = Parser(
        prog="bids_ketamine-demo",
        description="Write a simulated ketamine trial: a BIDS dataset with fMRIPrep-like "
        "derivatives, and the truth that was planted in it.",
        allow_abbrev=False,
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="new or empty folder")
    parser.add_argument(
        "--design",
        choices=DESIGNS,
        default=DESIGNS[0],
        help="which trial: norbury2021 (tasks and rest, two arms, two sessions) or siegel2021 "
        "(resting networks of patients and controls, two sessions before treatment and one "
        "after) (default: norbury2021)",
    )
    parser.add_argument(
        "--participants",
        type=int,
        metavar="N",
        help="participants; with siegel2021 patients, and a fifth more controls: 20 and 24 by "
        "itself, 3 and 3 with `--form cifti` or `both` (default: 12)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed (default: 0)")
    parser.add_argument(
        "--no-effect",
        dest="effect",
        action="store_false",
        help="plant nothing: no activation contrast, no modulation of the circuit by faces, no "
        "coupling change, no drug difference; with siegel2021 no change of networks, no "
        "difference of controls, no relation of volumes to symptoms, which improve all the same",
    )
    parser.add_argument(
        "--resolution", type=float, default=6.0, metavar="MM", help="voxel size (default: 6 mm)"
    )
    parser.add_argument(
        "--form",
        choices=FORMS,
        default=FORMS[0],
        help="siegel2021: images in volumes, as CIFTI series (33 MB a run), or both "
        "(default: volume)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


class ProgressLines:
    """Tells how far the trial is: one line that is rewritten, or plain lines in a log."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.live = sys.stderr.isatty()

    def __call__(self, label: str, done: int, total: int) -> None:
        """Report a finished participant-session."""
        left = (time.monotonic() - self.start) / done * (total - done)
        line = f"{done}/{total} {label} written, about {left:.0f} s left"
        end = "\n" if done == total or not self.live else "\r"
        print(f"{line:<60}" if self.live else line, end=end, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit code: 0; 64 usage; 73 the folder cannot be used; 74 writing failed.
    """
    options = build_parser().parse_args(argv)
    prepare_caches(os.environ)
    try:
        _write(options)
    except BidsKetamineError as error:
        print(f"bids_ketamine-demo: error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"Simulated trial written to {options.out}")
    return 0


def _write(options: argparse.Namespace) -> None:
    """Write the trial that was asked for."""
    # nilearn and nibabel take seconds to import; --help must not wait for them.
    if options.design == DESIGNS[1]:
        from bids_ketamine.demo.network_dataset import write_network_trial

        write_network_trial(
            options.out,
            n_participants=options.participants,
            seed=options.seed,
            effect=options.effect,
            resolution=options.resolution,
            form=options.form,
            progress=ProgressLines(),
        )
        return
    if options.form != FORMS[0]:
        raise UsageError("`--form` belongs to `--design siegel2021`.")
    from bids_ketamine.demo.dataset import write_demo_trial

    write_demo_trial(
        options.out,
        n_participants=N_PARTICIPANTS if options.participants is None else options.participants,
        seed=options.seed,
        effect=options.effect,
        resolution=options.resolution,
        progress=ProgressLines(),
    )


if __name__ == "__main__":
    sys.exit(main())
