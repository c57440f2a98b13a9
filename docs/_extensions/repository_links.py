"""Links from a page to files beside docs/ lead to the repository's own page of the file.

On GitHub ``../README.md`` is such a link; a site has the pages of docs/ alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

#: The branch whose files are shown.
BRANCH = "main"


def repository_address(address: str, *, target: Path, root: Path) -> str | None:
    """Return where the repository shows a file or folder.

    Parameters
    ----------
    address : str
        The repository's own address.
    target : Path
        File or folder.
    root : Path
        The repository's first folder.

    Returns
    -------
    str or None
        None if the repository has no such file or folder.

    Examples
    --------
    >>> root = Path(__file__).parents[2]
    >>> repository_address("https://host/app", target=root / "docs", root=root)
    'https://host/app/tree/main/docs'
    """
    if not target.exists() or not target.is_relative_to(root):
        return None
    kind = "tree" if target.is_dir() else "blob"
    return f"{address}/{kind}/{BRANCH}/{target.relative_to(root).as_posix()}"


def _target(node: nodes.Element, *, source: Path) -> tuple[Path, str]:
    """Return the file a link names, and the anchor in it."""
    if node.get("refdomain") == "doc":  # a page, named without its ending
        path, anchor = f"{node['reftarget']}.md", node.get("reftargetid") or ""
    else:
        path, _, anchor = node["reftarget"].partition("#")
    return Path(os.path.normpath(source / path)), anchor


def replace_links(app: Sphinx, document: nodes.document) -> None:
    """Replace links of one page that leave docs/, and those to folders."""
    docs = Path(app.srcdir)
    page = docs / app.env.docname
    links = [
        *document.findall(addnodes.pending_xref),
        *document.findall(addnodes.download_reference),
    ]
    for node in links:
        if node.get("reftype") != "myst":
            continue
        of_page = node.get("refdomain") == "doc"
        target, anchor = _target(node, source=docs if of_page else page.parent)
        if target.is_relative_to(docs) and not target.is_dir():
            continue
        address = repository_address(app.config.repository_address, target=target, root=docs.parent)
        if address is None:
            continue  # the parser warns of what is not there
        text = node.astext() or target.name
        uri = f"{address}#{anchor}" if anchor else address
        node.replace_self(nodes.reference("", "", *_inner(node, text), refuri=uri))


def _inner(node: nodes.Element, text: str) -> list[nodes.Node]:
    """Return what a link shows."""
    wrapped = node.children[0] if node.children else None
    if isinstance(wrapped, nodes.inline) and wrapped.children:
        return list(wrapped.children)
    return [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Replace links as soon as a page is read, before files are gathered for download."""
    app.add_config_value("repository_address", "", "env", types=(str,))
    app.connect("doctree-read", replace_links, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
