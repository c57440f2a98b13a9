"""Whether the app is whole where it is installed: modules are imported, shipped files read.

``python -m bids_ketamine.cli.installation`` prints the versions and ends with 0, or names what is
missing and ends with 1. Nothing is written.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import metadata, resources

import bids_ketamine
from bids_ketamine._version import __version__
from bids_ketamine.cli.environment import keep_quiet, use_caches

#: Folders of files that ship with the app.
SHIPPED = (
    ("bids_ketamine.regions", "data"),
    ("bids_ketamine.reports", "templates"),
    ("bids_ketamine.study", "presets"),
)


def module_problems() -> list[str]:
    """Import every module of the app; return a line for each that cannot be imported."""
    problems = []
    for found in pkgutil.walk_packages(bids_ketamine.__path__, "bids_ketamine."):
        if found.name.endswith(".__main__"):  # runs when it is imported
            continue
        try:
            importlib.import_module(found.name)
        except Exception as error:  # whatever goes wrong there, the installation is not whole
            problems.append(f"{found.name}: {type(error).__name__}: {error}")
    return problems


def shipped_problems(shipped: Sequence[tuple[str, str]] = SHIPPED) -> list[str]:
    """Read files that ship with the app; return a line for each that cannot be read.

    Parameters
    ----------
    shipped : sequence of tuple of str
        Package and folder below it.
    """
    problems = []
    for package, name in shipped:
        folder = resources.files(package) / name
        try:
            files = [each for each in folder.iterdir() if each.is_file()]
            for each in files:
                each.read_bytes()
        except OSError as error:
            problems.append(f"{package}/{name}: {error}")
            continue
        if not files:
            problems.append(f"{package}/{name}: there are no files")
    return problems


def requirement_lines() -> list[str]:
    """Return a line with the version of each package that the app requires."""
    lines = []
    for requirement in metadata.requires("bids_ketamine") or ():
        if "extra ==" not in requirement:
            name = next(part for part in requirement.replace(">", " ").replace("=", " ").split())
            lines.append(f"{name} {metadata.version(name)}")
    return lines


def main() -> int:
    """Check the installation and print what was found."""
    use_caches(os.environ)
    keep_quiet(0, os.environ)
    problems = [*module_problems(), *shipped_problems()]
    print(f"bids_ketamine {__version__}, Python {sys.version.split()[0]}")
    print(", ".join(requirement_lines()))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print("the installation is whole" if not problems else "the installation is not whole")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
