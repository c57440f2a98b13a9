"""Whether the app is whole where it is installed: modules are imported, shipped files read.

``python -m bids_ketamine.cli.installation`` prints the versions and ends with 0, or names what is
missing and ends with 1. What libraries write when they are imported (fonts, settings, a skeleton
of templates) goes to a temporary folder, which is removed; the user's own places are not touched.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
import tempfile
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from importlib import metadata, resources

import bids_ketamine
from bids_ketamine._version import __version__
from bids_ketamine.cli.environment import keep_quiet

APP = "bids_ketamine"

#: Folders of files that ship with the app.
SHIPPED = (
    ("bids_ketamine.regions", "data"),
    ("bids_ketamine.reports", "templates"),
    ("bids_ketamine.study", "presets"),
)

#: Variables that say where libraries write, and the folder of each.
PLACES = {
    "HOME": "home",
    "XDG_CACHE_HOME": "caches",
    "XDG_CONFIG_HOME": "settings",
    "NUMBA_CACHE_DIR": "numba",
    "MPLCONFIGDIR": "matplotlib",
    "NIPYPE_CONFIG_DIR": "nipype",
    "TEMPLATEFLOW_HOME": "templateflow",
}


@contextmanager
def passing_places(environment: MutableMapping[str, str]) -> Iterator[None]:
    """Let libraries write to a temporary folder, as long as the context lasts.

    Parameters
    ----------
    environment : mutable mapping
        ``os.environ``.

    Raises
    ------
    OSError
        If there is no temporary folder.
    """
    before = {name: environment.get(name) for name in PLACES}
    with tempfile.TemporaryDirectory(prefix=f"{APP}-", ignore_cleanup_errors=True) as folder:
        for name, inside in PLACES.items():
            environment[name] = os.path.join(folder, inside)
            os.mkdir(environment[name])
        try:
            yield
        finally:
            for name, word in before.items():
                environment.pop(name)
                if word is not None:
                    environment[name] = word


def module_problems() -> list[str]:
    """Import every module of the app; return a line for each that cannot be imported."""
    problems = []
    # A package that fails is named below, before the walk into it fails as well.
    walk = pkgutil.walk_packages(bids_ketamine.__path__, f"{APP}.", onerror=lambda _: None)
    for found in walk:
        if found.name.endswith(".__main__"):  # runs when it is imported
            continue
        problems += _import_problems(found.name)
    return problems


def _import_problems(name: str) -> list[str]:
    try:
        importlib.import_module(name)
    except Exception as error:  # whatever goes wrong there, the installation is not whole
        return [f"{name}: {type(error).__name__}: {error}"]
    return []


def shipped_problems(shipped: Sequence[tuple[str, str]] = SHIPPED) -> list[str]:
    """Read files that ship with the app; return a line for each that cannot be read.

    Parameters
    ----------
    shipped : sequence of tuple of str
        Package and folder below it.
    """
    problems = []
    for package, name in shipped:
        try:
            folder = resources.files(package) / name
            files = [each for each in folder.iterdir() if each.is_file()]
            for each in files:
                each.read_bytes()
        except (OSError, ImportError) as error:
            problems.append(f"{package}/{name}: {error}")
            continue
        if not files:
            problems.append(f"{package}/{name}: there are no files")
    return problems


def required_packages() -> tuple[str, ...]:
    """Return the names of the packages that the app requires, without those of its extras.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If the app itself is not installed.
    """
    return tuple(
        re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        for requirement in metadata.requires(APP) or ()
        if "extra ==" not in requirement
    )


def requirement_problems() -> tuple[list[str], list[str]]:
    """Import each package that the app requires: some are imported late, when they are needed.

    Returns
    -------
    versions, problems : tuple of list of str
        A line with name and version of each package that is there; a line for each that is not,
        or cannot be imported.
    """
    try:
        names = required_packages()
    except metadata.PackageNotFoundError:
        return [], [f"{APP}: it is not installed, its requirements are not known"]
    modules = _top_level_modules()
    versions, problems = [], []
    for name in names:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            problems.append(f"{name}: it is not installed")
            continue
        public = modules.get(_normalized(name), [])
        # Beside its namesake a package may bring others that few have the libraries for.
        own = [each for each in public if _normalized(each) == _normalized(name)] or public
        if not own:
            problems.append(f"{name}: it has no modules")
        for each in own:
            problems += _import_problems(each)
    return versions, problems


def _top_level_modules() -> dict[str, list[str]]:
    """Return the public modules of each installed package."""
    found: dict[str, list[str]] = {}
    for module, packages in metadata.packages_distributions().items():
        if module.isidentifier() and not module.startswith("_"):
            for package in packages:
                found.setdefault(_normalized(package), []).append(module)
    return {package: sorted(set(modules)) for package, modules in found.items()}


def _normalized(name: str) -> str:
    """Return a package's name as it is compared.

    Examples
    --------
    >>> _normalized("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Check the installation and print what was found."""
    keep_quiet(0, os.environ)
    try:
        with passing_places(os.environ):
            versions, problems = requirement_problems()
            problems = [*problems, *module_problems(), *shipped_problems()]
    except OSError as error:
        print(f"error: no temporary folder can be made: {error}. Set TMPDIR.", file=sys.stderr)
        return 1
    print(f"{APP} {__version__}, Python {sys.version.split()[0]}")
    print(", ".join(versions) or "no version of a required package is known")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print("the installation is whole" if not problems else "the installation is not whole")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
