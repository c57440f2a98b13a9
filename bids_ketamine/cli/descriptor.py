"""The Boutiques descriptor, generated from the parser.

``python -m bids_ketamine.cli.descriptor`` writes the top-level ``boutiques.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bids_ketamine._version import __version__
from bids_ketamine.cli.flags import build_parser

#: Options whose values are files or folders.
_FILES = ("bids_dir", "bids_filter_file", "bids_database_dir", "work_dir", "use_plugin")
_NUMBERS = ("n_procs", "omp_n_threads", "random_seed", "permutations")
#: Options that make no sense in a descriptor.
_LEFT_OUT = ("help", "version", "verbosity")


def boutiques_descriptor() -> dict[str, object]:
    """Return the Boutiques descriptor (schema 0.5) of the command line.

    Examples
    --------
    >>> boutiques_descriptor()["command-line"][:53]
    'mkdir -p [OUTPUT_DIR]; bids_ketamine [BIDS_DIR] [OUTP'
    """
    actions = [each for each in build_parser()._actions if each.dest not in _LEFT_OUT]
    inputs = [_input(action) for action in actions]
    keys = " ".join(str(each["value-key"]) for each in inputs)
    return {
        "name": "bids_ketamine",
        "tool-version": __version__,
        "author": "bids_ketamine developers",
        "description": str(build_parser().description),
        "schema-version": "0.5",
        "command-line": f"mkdir -p [OUTPUT_DIR]; bids_ketamine {keys}",
        "inputs": inputs,
        "output-files": [
            {
                "id": "output_dir",
                "name": "Results",
                "description": "Derivative dataset with measures, group statistics and reports",
                "path-template": "[OUTPUT_DIR]",
            }
        ],
        "tags": {"domain": ["neuroinformatics", "fmri", "bids-app"]},
    }


def _input(action: argparse.Action) -> dict[str, object]:
    described: dict[str, object] = {
        "id": action.dest,
        "name": action.dest.replace("_", " "),
        "description": (action.help or "")[:1].upper() + (action.help or "")[1:],
        "type": _type(action),
        "value-key": f"[{action.dest.upper()}]",
        "optional": not action.required,
    }
    if action.choices is not None:
        described["value-choices"] = list(action.choices)
    if action.nargs == "+":
        described |= {"list": True, "list-separator": " "}
    if action.type is not None and described["type"] == "Number":
        described["integer"] = action.dest in _NUMBERS
    if action.option_strings:
        described["command-line-flag"] = _long_flag(action.option_strings)
    return described


def _type(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "Flag"
    if action.dest in _FILES:
        return "File"
    return "Number" if action.dest in _NUMBERS else "String"


def _long_flag(flags: Sequence[str]) -> str:
    return next((flag for flag in flags if flag.startswith("--")), flags[0])


def descriptor_text() -> str:
    """Return the descriptor as the file holds it."""
    return json.dumps(boutiques_descriptor(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write ``boutiques.json`` at the top of the source tree."""
    path = Path(__file__).resolve().parents[2] / "boutiques.json"
    path.write_text(descriptor_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
