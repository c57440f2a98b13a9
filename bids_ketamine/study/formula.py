"""Contrasts written as formulas over names of regressors."""

from __future__ import annotations

import re
import unicodedata

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*|\.\d+)|`(?P<quoted>[^`]+)`|(?P<name>\w[\w.]*)|(?P<sign>[-+*/()]))"
)


def parse_weights(formula: str) -> tuple[dict[str, float], str | None]:
    """Return the weight of each regressor in a linear formula, and what is wrong with it.

    Sums, differences, products with numbers, division by numbers and parentheses are
    understood; a name with spaces or signs, or one that begins with a digit, stands in
    back-quotes. Letters with accents may be composed in either way of Unicode.

    Parameters
    ----------
    formula : str
        Such as ``"faces - shapes"`` or ``"(happy + angry) / 2 - `blank screen`"``.

    Returns
    -------
    weights : dict of str to float
        Empty if the formula is wrong.
    problem : str or None
        What is wrong.

    Examples
    --------
    >>> parse_weights("faces - shapes")
    ({'faces': 1.0, 'shapes': -1.0}, None)
    >>> parse_weights("(a + b) / 2 - c")[0]
    {'a': 0.5, 'b': 0.5, 'c': -1.0}
    """
    tokens: list[tuple[str, str]] = []
    position = 0
    text = unicodedata.normalize("NFC", formula).rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            return {}, f"cannot read the formula from `{text[position:].strip()}`"
        kind = str(match.lastgroup)
        tokens.append(("name" if kind == "quoted" else kind, match.group(kind)))
        position = match.end()
    try:
        weights, rest = _sum(tokens)
    except ValueError as error:
        return {}, str(error)
    if rest:
        return {}, f"`{rest[0][1]}` is not expected in the formula"
    constant = weights.pop("", 0.0)
    if constant:
        return {}, "a formula is made of conditions; a number alone has no meaning"
    weights = {name: weight for name, weight in weights.items() if weight}
    return weights, None if weights else "the formula has no condition left"


Weights = dict[str, float]  # the empty name stands for the constant
Tokens = list[tuple[str, str]]


def _sum(tokens: Tokens) -> tuple[Weights, Tokens]:
    total, tokens = _product(tokens)
    while tokens and tokens[0][1] in ("+", "-") and tokens[0][0] == "sign":
        sign = 1.0 if tokens[0][1] == "+" else -1.0
        term, tokens = _product(tokens[1:])
        for name, weight in term.items():
            total[name] = total.get(name, 0.0) + sign * weight
    return total, tokens


def _product(tokens: Tokens) -> tuple[Weights, Tokens]:
    left, tokens = _factor(tokens)
    while tokens and tokens[0][0] == "sign" and tokens[0][1] in ("*", "/"):
        operator = tokens[0][1]
        right, tokens = _factor(tokens[1:])
        if operator == "*" and set(left) <= {""}:
            left, right = right, left
        if set(right) - {""}:
            raise ValueError("two conditions cannot be multiplied or divided")
        number = right.get("", 0.0)
        if operator == "/" and number == 0.0:
            raise ValueError("the formula divides by zero")
        factor = number if operator == "*" else 1.0 / number
        left = {name: weight * factor for name, weight in left.items()}
    return left, tokens


def _factor(tokens: Tokens) -> tuple[Weights, Tokens]:
    if not tokens:
        raise ValueError("the formula ends too early")
    kind, text = tokens[0]
    if kind == "number":
        return {"": float(text)}, tokens[1:]
    if kind == "name":
        return {text: 1.0}, tokens[1:]
    if text == "-":
        inner, rest = _factor(tokens[1:])
        return {name: -weight for name, weight in inner.items()}, rest
    if text == "+":
        return _factor(tokens[1:])
    if text == "(":
        inner, rest = _sum(tokens[1:])
        if not rest or rest[0][1] != ")":
            raise ValueError("a parenthesis is not closed")
        return inner, rest[1:]
    raise ValueError(f"`{text}` is not expected in the formula")
