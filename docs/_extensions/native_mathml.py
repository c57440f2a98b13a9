"""Equations as MathML, which browsers draw without a script."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from equation_layout import laid_out
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)


def mathml(equation: str, *, as_block: bool) -> str:
    r"""Return an equation in LaTeX as MathML.

    Parameters
    ----------
    equation : str
        LaTeX of GitHub's dialect, without dollars.
    as_block : bool
        Whether it stands in a line of its own.

    Returns
    -------
    str
        A ``math`` element; the LaTeX stays in it as ``alttext``.

    Raises
    ------
    MathError
        If the converter does not know a command, or braces do not match.

    Examples
    --------
    >>> mathml("x^2", as_block=False).split("<", 2)[2]
    'msup><mi>x</mi><mn>2</mn></msup></math>'
    """
    source = " ".join(equation.split())
    braces = re.sub(r"\\.", "", source)
    if braces.count("{") != braces.count("}"):
        raise MathError("braces do not match")  # the converter would guess
    try:
        drawn = tex2mathml(source, as_block=as_block)
    except MathError:
        raise
    # The converter looks ahead without checking that anything is left.
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise MathError(f"cannot be read ({error})") from error
    return laid_out(drawn).replace("<math", f'<math alttext="{escape(source)}"', 1)


def _converted(node: nodes.Element, *, as_block: bool) -> str:
    """Return MathML of a node, or its LaTeX with a warning, which ends a strict build."""
    try:
        return mathml(node.astext(), as_block=as_block)
    except MathError as error:
        logger.warning(
            "equation `%s` cannot be drawn: %s; write it with other commands",
            node.astext().strip(),
            error,
            location=node,
            type="native_mathml",
        )
        return f"<code>{escape(node.astext())}</code>"


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write an equation inside of a line."""
    translator.body.append(_converted(node, as_block=False))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write an equation in a line of its own, with its number if it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="equation"))
    translator.body.append(_converted(node, as_block=True))
    if node.get("number"):
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})</span>')
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the renderer ``native_mathml``."""
    app.add_html_math_renderer("native_mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
