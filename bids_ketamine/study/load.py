"""Study file or preset -> checked :class:`~bids_ketamine.study.spec.StudySpec`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bids_ketamine.errors import StudyError, UsageError
from bids_ketamine.study.build import Builder
from bids_ketamine.study.check import REGION_SOURCES, SOURCE_DETAILS, check_study
from bids_ketamine.study.check_sessions import check_written_means
from bids_ketamine.study.document import Document, merge, read_document
from bids_ketamine.study.inherited import without_misfits
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.study.unread import unread_settings

#: What a contrast is made of, one of them.
CONTRAST_SOURCES = ("weights", "f_test")


@dataclass(frozen=True)
class Study:
    """A study ready to run.

    Attributes
    ----------
    spec : StudySpec
        What is computed.
    source : str
        Name of the preset, or the study file.
    notices : tuple of str
        What the user must know before relying on the results: settings of the user's own file
        that change nothing, tasks of which a method gives no measure, and methods of a preset that
        a study has nothing for.
    """

    spec: StudySpec
    source: str
    notices: tuple[str, ...]


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that ship with the app."""
    folder = resources.files("bids_ketamine.study") / "presets"
    return tuple(
        sorted(
            entry.name.removesuffix(".yml")
            for entry in folder.iterdir()
            if entry.name.endswith(".yml")
        )
    )


def load_study(name_or_file: str) -> Study:
    """Load a preset by name, or a study file by path.

    Parameters
    ----------
    name_or_file : str
        ``norbury2021``, ``siegel2021``, or the path of a YAML file.

    Raises
    ------
    UsageError
        If it is neither a preset nor a file.
    InputMissingError
        If the file is not there.
    StudyError
        If the file has problems, all of them with their lines.
    """
    names = preset_names()
    if name_or_file in names:
        path = _preset_path(name_or_file)
        spec, _, _ = _read(path)
        return Study(spec=spec, source=name_or_file, notices=unread_settings(spec, frozenset()))
    path = Path(name_or_file)
    if not path.exists() and path.suffix not in (".yml", ".yaml", ".json"):
        close = difflib.get_close_matches(name_or_file, names, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"Presets: {', '.join(names)}."
        raise UsageError(f"`{name_or_file}` is neither a preset nor a study file.", cure=hint)
    spec, document, left_out = _read(path)
    written = frozenset(document.lines)
    notices = (*left_out, *unread_settings(spec, written))
    return Study(spec=spec, source=path.name, notices=notices)


def _preset_path(name: str) -> Path:
    return Path(str(resources.files("bids_ketamine.study") / "presets" / f"{name}.yml"))


def _read(path: Path) -> tuple[StudySpec, Document, tuple[str, ...]]:
    """Return a study, its file, and what of its preset is left out."""
    document = read_document(path)
    base_name = document.data.pop("extends", None)
    if base_name is not None:
        if base_name not in preset_names():
            line = document.lines.get(("extends",))
            raise StudyError(
                [
                    f"line {line}: extends names no preset: `{base_name}`; "
                    f"presets: {', '.join(preset_names())}"
                ],
                path=path,
            )
        base = read_document(_preset_path(base_name))
        _drop_replaced_sources(base, document)
        document = merge(base, document)
    builder = Builder(document, path.parent)
    spec: StudySpec = builder.section(StudySpec, document.data, ())
    left_out: tuple[str, ...] = ()
    if not builder.problems:
        spec, left_out = without_misfits(spec, document.lines)
        check_study(spec, builder.problem)
        check_written_means(spec, document.lines, builder.problem)
    if builder.problems:
        raise StudyError(builder.problems, path=path)
    return spec, document, left_out


def _drop_replaced_sources(base: Document, own: Document) -> None:
    """Take out of a preset's regions and contrasts what the user's file says otherwise.

    A region has one source: a mask of the user's replaces the preset's spheres. A contrast has
    one test.
    """
    for path, region in _entries(own, "regions", "definitions"):
        _drop_replaced(_at(base, path), region, REGION_SOURCES, SOURCE_DETAILS)
    tasks = own.data.get("tasks")
    for task in tasks if isinstance(tasks, dict) else ():
        for path, contrast in _entries(own, "tasks", task, "contrasts"):
            _drop_replaced(_at(base, path), contrast, CONTRAST_SOURCES, ())


def _drop_replaced(
    inherited: object, given: object, sources: tuple[str, ...], details: tuple[str, ...]
) -> None:
    if isinstance(given, dict) and isinstance(inherited, dict):
        replaced = any(given.get(source) for source in sources)
        for key in (*sources, *details) if replaced else ():
            inherited.pop(key, None)


def _entries(document: Document, *where: str) -> list[tuple[tuple[str, ...], object]]:
    section = _at(document, where)
    items = section.items() if isinstance(section, dict) else ()
    return [((*where, name), body) for name, body in items]


def _at(document: Document, where: tuple[str, ...]) -> object:
    """Return what stands at a place of a file; None if nothing does."""
    body: object = document.data
    for key in where:
        body = body.get(key) if isinstance(body, dict) else None
    return body
