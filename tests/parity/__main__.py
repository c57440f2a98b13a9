"""Command line of the parity runner; :mod:`tests.parity` describes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from bids_ketamine.errors import BidsKetamineError, UsageError
from tests.parity.evaluation import Evaluation, Reader, Row, Verdict
from tests.parity.manifest import Manifest, read_manifest, unlisted_arrays
from tests.parity.readers import all_readers
from tests.parity.table import Table, all_pass, summary


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", cure=self.format_usage().strip())


def main(
    arguments: Sequence[str] | None = None, readers: Mapping[str, Reader] | None = None
) -> int:
    """Compare the package with reference folders and print a row per case.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line's own when absent.
    readers : mapping of str to Reader, optional
        Readers by quantity; those of :mod:`tests.parity.readers` when absent.

    Returns
    -------
    int
        Exit code.
    """
    try:
        options = _parser().parse_args(arguments)
        manifests = [read_manifest(path) for path in options.paths]
        only = _known_quantities(manifests, options.only)
    except BidsKetamineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    known = all_readers() if readers is None else readers
    rows = []
    for manifest in manifests:
        rows += _run(manifest, known, only, options)
    print(summary(rows))
    return 0 if all_pass(rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tests.parity",
        description="Compare the package with stored results of established tools.",
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="folder with a manifest.json"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="QUANTITY", help="list the cases of these quantities alone"
    )
    parser.add_argument("--failures", action="store_true", help="print only rows that do not pass")
    parser.add_argument(
        "--end-to-end",
        action="store_true",
        help="take inputs from the cases that produce them, where the manifest names these",
    )
    return parser


def _known_quantities(
    manifests: Sequence[Manifest], only: Sequence[str] | None
) -> frozenset[str] | None:
    if only is None:
        return None
    known = dict.fromkeys(name for manifest in manifests for name in manifest.quantities)
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UsageError(
            f"No case has the quantity {', '.join(unknown)}.", cure=f"Known: {', '.join(known)}."
        )
    return frozenset(only)


def _run(
    manifest: Manifest,
    readers: Mapping[str, Reader],
    only: frozenset[str] | None,
    options: argparse.Namespace,
) -> list[Row]:
    cases = [case for case in manifest.cases.values() if only is None or case.quantity in only]
    evaluation = Evaluation(manifest, readers, end_to_end=options.end_to_end)
    table = Table(cases)
    print(f"{manifest.folder}\n{table.heading()}", flush=True)
    rows = []
    for case in cases:
        row = evaluation.judge(case)
        rows.append(row)
        if not (options.failures and row.verdict is Verdict.PASS):
            print(table.row(row), flush=True)
    if only is None:
        for reference in unlisted_arrays(manifest):
            print(f"not mentioned in the manifest: {reference}")
    print()
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
