"""What API pages make of docstrings: fields told once, links to classes alone, settings told."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

#: Rows of the table by which the methods were specified, as in "(methods rows A13 to A16)".
ROWS = re.compile(r" \((?:methods )?(?:rows? )?[AB]\d+[a-z]?(?:(?:,| to| and) [AB]\d+[a-z]?)*\)")


def without_rows(
    app: Sphinx, kind: str, name: str, described: object, options: Any, lines: list[str]
) -> None:
    """Take out what only those who wrote the method can look up.

    Examples
    --------
    >>> lines = ["Subtract sessions (methods row A12).", "Rules (A4) and (B4, B5); AR(1) stays."]
    >>> without_rows(None, "", "", None, None, lines)
    >>> lines
    ['Subtract sessions.', 'Rules and; AR(1) stays.']
    """
    lines[:] = [ROWS.sub("", line) for line in lines]


def describe_settings(
    app: Sphinx, kind: str, name: str, described: object, options: Any, lines: list[str]
) -> None:
    """Add the settings of a section of study files, which stand beside its fields."""
    if not isinstance(described, type) or not is_dataclass(described):
        return
    told = [each for each in fields(described) if "description" in each.metadata]
    for each in told:
        meaning = each.metadata["description"].replace("`", "``")
        lines.append(f":ivar {each.name}: {meaning}.")


def skip_field(
    app: Sphinx, kind: str, name: str, member: object, skip: bool, options: Any
) -> bool | None:
    """Leave out the accessors of named tuples, which say "Alias for field number 0"."""
    return True if type(member).__name__ == "_tuplegetter" else None


def is_class_name(target: str) -> bool:
    """Return whether a word of a type names a class of the package.

    Examples
    --------
    >>> is_class_name("DcmEstimate"), is_class_name("n_columns"), is_class_name("DataFrame")
    (True, False, True)
    """
    return target.rpartition(".")[2][:1].isupper()


def unlink_words(app: Sphinx, document: nodes.document) -> None:
    """Take links off the other words of types, such as "of shape (n_scans, n_regions)".

    They would lead to attributes of other classes that happen to have the name.
    """
    for node in list(document.findall(addnodes.pending_xref)):
        of_type = node.get("refdomain") == "py" and node.get("reftype") == "class"
        if of_type and not is_class_name(node["reftarget"]):
            node.replace_self(node.children)


def name_fields(app: Sphinx, document: nodes.document) -> None:
    """Call the attributes of a class what its docstring calls them, not "Variables"."""
    for node in document.findall(nodes.field_name):
        if node.astext() == "Variables":
            node.children = [nodes.Text("Attributes")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Do so while pages are read."""
    app.connect("autodoc-skip-member", skip_field)
    app.connect("autodoc-process-docstring", describe_settings)
    app.connect("autodoc-process-docstring", without_rows, priority=900)
    app.connect("doctree-read", unlink_words)
    app.connect("doctree-read", name_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
