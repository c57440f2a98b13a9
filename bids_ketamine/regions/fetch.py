"""Fetch what the app may ask TemplateFlow for, so that it runs without a network afterwards.

``python -m bids_ketamine.regions.fetch FOLDER`` fills a folder that ``TEMPLATEFLOW_HOME`` then
names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bids_ketamine.dataset.session_files import SURFACE_SPACE
from bids_ketamine.errors import InputMissingError, UsageError
from bids_ketamine.regions.catalogue import schaefer_files
from bids_ketamine.regions.templateflow import SECOND_PLACE, reason, template_file
from bids_ketamine.regions.templates import MIDTHICKNESS, TRANSFORMS, transform_name


def wanted_files() -> Iterator[tuple[str, str]]:
    """Yield template and name of each file that the app may ask for.

    Transforms between the two templates first, the surfaces of CIFTI's cortex, then the sizes of
    the Schaefer atlas.
    """
    for own, space in sorted(TRANSFORMS):
        yield space, transform_name(own)
    for name in MIDTHICKNESS:
        yield SURFACE_SPACE, name
    yield from schaefer_files()


def fetch(folder: Path) -> list[str]:
    """Fetch every file into a folder; return a line for each that could not be had, and why.

    Parameters
    ----------
    folder : Path
        TemplateFlow's local copy; files that are there already are kept.
    """
    os.environ["TEMPLATEFLOW_HOME"] = str(folder)
    # What lies elsewhere is to be had here, too.
    os.environ.pop(SECOND_PLACE, None)
    missing = []
    for template, name in wanted_files():
        try:
            template_file(template, name, purpose="The container")
        except InputMissingError as error:
            why = "" if error.__cause__ is None else f": {reason(error.__cause__)}"
            missing.append(f"{error.path}{why}")
    return missing


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the folder that is named on the command line.

    Returns
    -------
    int
        0, or 66 if a file could not be fetched.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or given[0].startswith("-"):
        print("usage: python -m bids_ketamine.regions.fetch FOLDER", file=sys.stderr)
        return UsageError.exit_code
    missing = fetch(Path(given[0]).absolute())
    for each in missing:
        print(f"error: not fetched: {each}", file=sys.stderr)
    return InputMissingError.exit_code if missing else 0


if __name__ == "__main__":
    sys.exit(main())
