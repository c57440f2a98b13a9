"""The Boutiques descriptor, generated from the parser.

``python -m bids_ketamine.cli.descriptor`` writes the top-level ``boutiques.json``, whose version is
that of the last release, as ``CITATION.cff`` states it; ``bids_ketamine --bids-exec-spec`` prints
the descriptor of the version that runs.

Its form is that of a BIDS App, as ``bosh validate --bids`` checks it. So two inputs stand for the
folder of results, one of them at a time: its name, and the folder itself for platforms that bring
what is there along (the group level reads results of the participant level).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bids_ketamine.cli import values
from bids_ketamine.cli.flags import build_parser
from bids_ketamine.cli.reference.exit_codes import exit_codes
from bids_ketamine.errors import InputDataError

SOURCE_TREE = Path(__file__).resolve().parents[2]
HOME_PAGE = "https://github.com/bids-apps/bids_ketamine"
IMAGE = "bids/bids_ketamine"

#: Options that print something and do nothing else.
LEFT_OUT = ("help", "version", "bids_exec_spec")
#: Paths of things that must be there; others may be made by the app.
_FILES = ("bids_dir", "bids_filter_file", "use_plugin")
#: Whole numbers, and what they may be.
_NUMBERS: dict[Callable[[str], object], dict[str, int]] = {
    values.count: {"minimum": 1},
    values.seed: {"minimum": 0, "maximum": 2**32 - 1},
}
#: Inputs that stand first in the command line of every BIDS App, in this order.
_FIRST = ("bids_dir", "output_dir", "analysis_level", "participant_label", "session_label")


def boutiques_descriptor(version: str) -> dict[str, object]:
    """Return the Boutiques descriptor (schema 0.5) of the command line.

    Parameters
    ----------
    version : str
        Version of the tool, which is the tag of its image as well.

    Examples
    --------
    >>> boutiques_descriptor("0.1.0")["command-line"][:53]
    'mkdir -p [OUTPUT_DIR]; bids_ketamine [BIDS_DIR] [OUTP'
    """
    parser = build_parser()
    inputs = _inputs(parser)
    keys = " ".join(dict.fromkeys(str(each["value-key"]) for each in inputs))
    return {
        "name": "bids_ketamine",
        "tool-version": version,
        "author": "The bids_ketamine developers",
        "description": str(parser.description),
        "url": HOME_PAGE,
        "descriptor-url": f"{HOME_PAGE}/blob/main/boutiques.json",
        "schema-version": "0.5",
        "container-image": {
            "type": "docker",
            # The tag of an image takes no `+`, which development versions have.
            "image": f"{IMAGE}:{version.replace('+', '-')}",
            "index": "docker://",
        },
        # Not /bin/sh: bosh makes that a login shell, which forgets the image's PATH.
        "shell": "/bin/bash",
        "command-line": f"mkdir -p [OUTPUT_DIR]; bids_ketamine {keys}",
        "inputs": inputs,
        "groups": [_results_group(), *_exclusive_groups(parser)],
        "output-files": [
            {
                "id": "results",
                "name": "Results",
                "description": "Derivative dataset with measures, group statistics and reports",
                "path-template": "[OUTPUT_DIR]",
                "optional": False,
            }
        ],
        # Two runs at 2 mm at a time; see the expected memory that --dry-run prints.
        "suggested-resources": {"cpu-cores": 2, "ram": 4},
        "error-codes": [
            {"code": each.code, "description": each.meaning} for each in exit_codes() if each.code
        ],
        "tags": {"domain": ["neuroinformatics", "fmri"], "standard": ["BIDS", "bids-app"]},
        "tests": _tests(),
    }


def _inputs(parser: argparse.ArgumentParser) -> list[dict[str, object]]:
    described = {
        identifier(action): _input(action)
        for action in parser._actions
        if action.dest not in LEFT_OUT
    }
    ordered = [described.pop(name) for name in _FIRST] + list(described.values())
    output = ordered[_FIRST.index("output_dir")]
    output["optional"] = True  # it or the next one, as their group says
    ordered.insert(_FIRST.index("output_dir") + 1, _existing_output())
    return ordered


def identifier(action: argparse.Action) -> str:
    """Return the id of an option's input: its flag as it is typed, with underscores."""
    if not action.option_strings:
        return action.dest
    return _long_flag(action.option_strings).removeprefix("--").replace("-", "_")


def _input(action: argparse.Action) -> dict[str, object]:
    name = identifier(action)
    described: dict[str, object] = {
        "id": name,
        "name": name.replace("_", " ").capitalize(),
        "description": _sentence(action.help or ""),
        "type": _type(action),
        "value-key": f"[{name.upper()}]",
        "optional": not action.required,
    }
    if action.choices is not None:
        described["value-choices"] = list(action.choices)
    if action.nargs == "+":
        described |= {"list": True, "list-separator": " ", "min-list-entries": 1}
    if action.type in _NUMBERS:
        described |= {"integer": True, **_NUMBERS[action.type]}
    if action.option_strings:
        described["command-line-flag"] = _long_flag(action.option_strings)
    return described


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _type(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "Flag"
    if action.type in _NUMBERS:
        return "Number"
    return "File" if action.dest in _FILES else "String"


def _long_flag(flags: Sequence[str]) -> str:
    return next((flag for flag in flags if flag.startswith("--")), flags[0])


def _existing_output() -> dict[str, object]:
    return {
        "id": "existing_output_dir",
        "name": "Existing output dir",
        "description": "Folder of the results that is there already, for platforms that stage what "
        "is read. With bosh give output_dir at both levels: of two inputs for one place in the "
        "command line, bosh 0.5 fills in the first alone",
        "type": "File",
        "value-key": "[OUTPUT_DIR]",
        "optional": True,
    }


def _results_group() -> dict[str, object]:
    return {
        "id": "output_folder",
        "name": "Output folder",
        "description": "Folder of the results: its name, or the folder that is there already",
        "members": ["output_dir", "existing_output_dir"],
        "mutually-exclusive": True,
        "one-is-required": True,
    }


def _exclusive_groups(parser: argparse.ArgumentParser) -> list[dict[str, object]]:
    described: list[dict[str, object]] = []
    for group in parser._mutually_exclusive_groups:
        members = [identifier(action) for action in group._group_actions]
        described.append(
            {
                "id": "_or_".join(members),
                "name": " or ".join(member.replace("_", " ") for member in members).capitalize(),
                "description": "At most one of these",
                "members": members,
                "mutually-exclusive": True,
            }
        )
    return described


def _tests() -> list[dict[str, object]]:
    """Return runs over a demo trial, which ``bids_ketamine-demo demo-trial`` has written."""
    demo = {"bids_dir": "demo-trial", "output_dir": "demo-output", "study": "norbury2021"}
    participant = {**demo, "analysis_level": "participant", "participant_label": ["01"]}
    resting = {**participant, "session_label": ["pre"], "task_id": ["rest"], "nprocs": 2}
    done = {"exit-code": 0, "output-files": [{"id": "results"}]}
    return [
        {
            "name": "What would be done",
            "invocation": {**participant, "dry_run": True},
            "assertions": {"exit-code": 0},
        },
        {"name": "One session at rest", "invocation": resting, "assertions": done},
        {
            "name": "A participant who is not there",
            "invocation": {**participant, "participant_label": ["nobody"]},
            "assertions": {"exit-code": 18},
        },
    ]


def release_version(citation: Path = SOURCE_TREE / "CITATION.cff") -> str:
    """Return the version of the last release, as the citation file states it.

    Parameters
    ----------
    citation : Path
        The citation file.
    """
    for line in citation.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key == "version":
            return value.strip().strip("\"'")
    raise InputDataError("The citation file states no `version:`.", path=citation)


def descriptor_text(version: str) -> str:
    """Return the descriptor as JSON text, in letters that every terminal knows.

    Parameters
    ----------
    version : str
        Version of the tool.
    """
    return json.dumps(boutiques_descriptor(version), indent=2) + "\n"


def main() -> int:
    """Write ``boutiques.json`` at the top of the source tree."""
    path = SOURCE_TREE / "boutiques.json"
    path.write_text(descriptor_text(release_version()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
