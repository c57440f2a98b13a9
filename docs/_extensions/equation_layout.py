"""MathML of docutils' converter, laid out as LaTeX would: accents, primes, names of functions."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

#: What the converter writes after the name of a function.
APPLIED = "\N{FUNCTION APPLICATION}"
NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
THIN_SPACE = "0.1667em"
#: Bars, which browsers stretch over all that follows if they find no partner.
BARS = frozenset("|‖∣∥")
AS_IT_IS = {"stretchy": "false", "lspace": "0", "rspace": "0"}
OPENING = frozenset("([{⟨⌊⌈")


def laid_out(mathml: str) -> str:
    """Return MathML whose accents, primes and functions stand as in LaTeX.

    Parameters
    ----------
    mathml : str
        A ``math`` element as docutils' ``tex2mathml`` writes it.

    Returns
    -------
    str
        The same on one line: indentation would be drawn as spaces inside of a line of text.

    Examples
    --------
    >>> laid_out("<math><mi>x</mi><mo>'</mo></math>")
    '<math><msup><mi>x</mi><mo>′</mo></msup></math>'
    """
    root = ElementTree.fromstring(
        mathml.replace("&ApplyFunction;", APPLIED).replace(NAMESPACE, "")  # pages need none
    )
    for each in list(root.iter()):
        if len(each):
            each.text = None
        each.tail = None
    _lay_out(root)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _lay_out(parent: Element) -> None:
    """Lay out what is inside of an element, the innermost first."""
    for number, child in enumerate(parent):
        if child.text in BARS and not _is_delimiter(parent, number):
            child.attrib |= AS_IT_IS
        _lay_out(child)
    parts: list[Element] = []
    row = parent.tag in ("math", "mrow", "mtd", "mstyle", "msqrt")
    for child in list(parent):
        child = _scripted_accent(child)
        if row and _is_operator(child, "'") and parts:
            parts.append(_primed(parts.pop()))
            continue
        if _is_operator(child, "'"):
            child.text = "′"
        parts.append(child)
    parent[:] = _spaced(parts) if row else parts


def _is_operator(element: Element, text: str) -> bool:
    return element.tag == "mo" and element.text == text


def _is_delimiter(parent: Element, number: int) -> bool:
    r"""Return whether a bar is the first or last of a row, as after ``\left`` and ``\right``."""
    ends = (parent[0], parent[-1])
    return (
        parent.tag == "mrow"
        and parent[number] in ends
        and all(each.tag == "mo" and not each.keys() for each in ends)
    )


def _scripted_accent(element: Element) -> Element:
    """Put an index beside a letter with an accent, where the converter puts it below."""
    if element.tag == "munderover" and element[2].get("stretchy") == "false":
        letter, index, accent = element
        return _made("msub", _made("mover", letter, accent, accent="true"), index)
    if element.tag == "msup" and element[0].tag == "msub":
        (letter, index), power = element[0], element[1]
        return _made("msubsup", letter, index, power)
    return element


def _primed(element: Element) -> Element:
    """Add a prime to what stands before it."""
    if element.tag == "msup" and element[1].tag == "mo" and set(element[1].text or "") == {"′"}:
        element[1].text = f"{element[1].text}′"
        return element
    prime = Element("mo")
    prime.text = "′"
    if element.tag == "msub":
        return _made("msubsup", *element, prime)
    return _made("msup", element, prime)


def _spaced(parts: list[Element]) -> list[Element]:
    """Set names of functions apart from what they stand beside."""
    spaced: list[Element] = []
    for number, part in enumerate(parts):
        if not _is_operator(part, APPLIED):
            spaced.append(part)
            continue
        if len(spaced) > 1 and spaced[-2].tag not in ("mo", "mspace"):
            spaced.insert(len(spaced) - 1, Element("mspace", width=THIN_SPACE))
        after = parts[number + 1] if number + 1 < len(parts) else None
        if after is not None and not (after.tag == "mo" and (after.text or "") in OPENING):
            spaced.append(Element("mspace", width=THIN_SPACE))
    return spaced


def _made(tag: str, *children: Element, **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.extend(children)
    return element
