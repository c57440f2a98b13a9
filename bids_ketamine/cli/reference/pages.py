"""Pages of the documentation that are made from the code.

``python -m bids_ketamine.cli.reference`` writes them into ``docs/``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bids_ketamine.cli.reference.exit_codes import exit_codes_text
from bids_ketamine.cli.reference.flags import flag_reference_text
from bids_ketamine.cli.reference.outputs import output_reference_text

#: Text of each page by its name in ``docs/``.
PAGES: Mapping[str, Callable[[], str]] = {
    "command_line.md": flag_reference_text,
    "outputs.md": output_reference_text,
    "exit_codes.md": exit_codes_text,
}


def main() -> int:
    """Write the pages into ``docs/`` of the source tree."""
    folder = Path(__file__).resolve().parents[3] / "docs"
    for name, text in PAGES.items():
        (folder / name).write_text(text(), encoding="utf-8")
    return 0
