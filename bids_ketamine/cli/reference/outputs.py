"""The page of every output file, made from the descriptions that the files themselves carry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bids_ketamine.cli.reference.exit_codes import paragraph
from bids_ketamine.cli.reference.output_page import (
    BEFORE_ELSEWHERE,
    BEFORE_GROUP,
    BEFORE_PARTICIPANT,
    BEFORE_WHOLE,
    ELSEWHERE,
    INTRODUCTION,
)
from bids_ketamine.interfaces import gppi_files, resting_networks, resting_signal, rsa_files
from bids_ketamine.interfaces.runs import QUALITY_COLUMNS
from bids_ketamine.outputs.documented.files import Key, OutputFile
from bids_ketamine.outputs.documented.group import GROUP_COLUMNS, GROUP_FILES
from bids_ketamine.outputs.documented.participant import PARTICIPANT_FILES
from bids_ketamine.outputs.documented.whole import WHOLE_FILES
from bids_ketamine.outputs.measures import MEASURE_COLUMNS

Columns = Mapping[str, Mapping[str, Any]]

#: Columns of many tables of the group, which stand in a table of their own: what tells rows apart.
SHARED = (
    *("participant_id", "arm", "session", "task", "measure", "contrast", "regions", "unit"),
    *("change", "outcome"),
)

#: Columns of dissimilarities in the unit of distances, which the noise covariance decides.
_DISTANCES = ("value", "raw", "predicted_bias", "standard_error")
_UNIT_OF_FILE = {"Units": "see `Units` in the sidecar"}

#: Columns of tables of the participant level, where they are the same in every file.
PARTICIPANT_COLUMNS: Mapping[str, Columns] = {
    "measures": MEASURE_COLUMNS,
    "quality": QUALITY_COLUMNS,
    "gppi": {
        name: {**words, **(_UNIT_OF_FILE if name in gppi_files.IN_UNIT else {})}
        for name, words in gppi_files.COLUMNS.items()
    },
    "dissimilarity": {
        name: {**words, **(_UNIT_OF_FILE if name in _DISTANCES else {})}
        for name, words in rsa_files.COLUMNS.items()
    },
    "reliability": rsa_files.RELIABILITY_COLUMNS,
    "networks": resting_networks.TABLE_COLUMNS,
    "region_quality": resting_signal.REGION_COLUMNS,
}


def output_reference_text() -> str:
    """Return the page as Markdown."""
    shared = shared_columns(GROUP_COLUMNS.values())
    parts = [
        INTRODUCTION,
        "### Top level, logs and plan\n",
        _overview(WHOLE_FILES, {}),
        "### Folders of sessions\n",
        _overview(PARTICIPANT_FILES, PARTICIPANT_COLUMNS),
        "### Folder of the group\n",
        _overview(GROUP_FILES, GROUP_COLUMNS),
        BEFORE_WHOLE,
        *_details(WHOLE_FILES, {}, {}),
        BEFORE_PARTICIPANT,
        *_details(PARTICIPANT_FILES, PARTICIPANT_COLUMNS, {}),
        BEFORE_GROUP,
        _column_table(shared),
        *_details(GROUP_FILES, GROUP_COLUMNS, shared),
        BEFORE_ELSEWHERE,
        _table(("where", "what", "when"), ELSEWHERE),
    ]
    return "\n".join(parts)


def shared_columns(tables: Iterable[Columns]) -> Columns:
    """Return the columns that tables share, each in the words that most of them use.

    Parameters
    ----------
    tables : iterable of mapping
        Columns of each table.
    """
    meanings: dict[str, list[Mapping[str, Any]]] = {name: [] for name in SHARED}
    for columns in tables:
        for name in set(columns) & set(SHARED):
            meanings[name].append(columns[name])
    found = {}
    for name, all_words in meanings.items():
        ((most, _),) = Counter(map(_key_of, all_words)).most_common(1)
        found[name] = next(words for words in all_words if _key_of(words) == most)
    return found


def _key_of(words: Mapping[str, Any]) -> str:
    return repr(sorted(words.items()))


def _overview(files: Mapping[str, OutputFile], columns: Mapping[str, Columns]) -> str:
    rows = [
        (
            _linked(name, each, columns) + (" + `.json`" if each.sidecar else ""),
            each.when,
            each.content + (f" ({each.more})" if each.more else ""),
        )
        for name, each in files.items()
    ]
    return _table(("file", "written", "content"), rows)


def _has_section(name: str, file: OutputFile, columns: Mapping[str, Columns]) -> bool:
    return bool(columns.get(name) or file.keys or file.column_words)


def _linked(name: str, file: OutputFile, columns: Mapping[str, Columns]) -> str:
    """Return a file's name, which leads to its section if it has one."""
    shown = f"`{file.shown}`"
    if not _has_section(name, file, columns):
        return shown
    # The anchor that GitHub gives a heading.
    anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
    return f"[{shown}](#{anchor})"


def _details(
    files: Mapping[str, OutputFile], columns: Mapping[str, Columns], shared: Columns
) -> Iterator[str]:
    """Yield a section for each file that has columns or keys."""
    for name, each in files.items():
        own = columns.get(name, {})
        if not _has_section(name, each, columns):
            continue
        more = f" More: {each.more}." if each.more else ""
        yield f"### {name}\n"
        yield paragraph(f"`{each.shown}`: {each.content}. Written {each.when}.{more}") + "\n"
        if each.column_words:
            yield paragraph(f"Columns: {each.column_words}.") + "\n"
        if own:
            yield _own_columns(own, shared)
        if each.keys:
            yield _keys_of(each)


def _keys_of(file: OutputFile) -> str:
    """Return the keys of a file, or of its sidecar beside the columns."""
    if not file.sidecar:
        return _key_table(file.keys)
    if len(file.keys) == 1:
        (key,) = file.keys
        return paragraph(f"In the sidecar `{key.name}` too: {key.description}.") + "\n"
    return f"In the sidecar too:\n\n{_key_table(file.keys)}"


def _own_columns(columns: Columns, shared: Columns) -> str:
    """Return the columns of a table; those that many tables have are named alone."""
    rest = {name: words for name, words in columns.items() if shared.get(name) != words}
    told = [f"`{name}`" for name in columns if name not in rest]
    before = paragraph(f"[Shared columns](#columns-of-several-tables): {', '.join(told)}.") + "\n"
    return "\n".join([*([before] if told else []), *([_column_table(rest)] if rest else [])])


def _column_table(columns: Columns) -> str:
    rows = [
        (f"`{name}`", _words(described), str(described.get("Units", "")))
        for name, described in columns.items()
    ]
    return _table(("column", "content", "unit"), rows)


def _words(described: Mapping[str, Any]) -> str:
    words = str(described["Description"])
    levels = described.get("Levels")
    if not levels:
        return words
    return f"{words}. {'; '.join(f'`{level}`: {meaning}' for level, meaning in levels.items())}"


def _key_table(keys: Sequence[Key]) -> str:
    conditions = {key.name: key.only for key in keys}
    rows = []
    for key in keys:
        outer = key.name.rpartition(".")[0].removesuffix("[]")
        # What holds of the outer key is said there.
        told = key.only if key.only != conditions.get(outer) else ""
        rows.append((f"`{key.name}`", key.description + (f" ({told})" if told else ""), key.unit))
    return _table(("key", "content", "unit"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"
