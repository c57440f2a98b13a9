"""When two trial types are the same, however they are written."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation


def label_key(value: object) -> str:
    """Return a trial type in the form in which equal ones are equal.

    1 and 1.0 are the same number; 01 is a label of its own. Letters with accents are the same
    however they are composed (Unicode NFC).

    Examples
    --------
    >>> label_key("1.0"), label_key(1), label_key("01"), label_key("0.50"), label_key(" fear ")
    ('1', '1', '01', '0.5', 'fear')
    """
    text = unicodedata.normalize("NFC", str(value)).strip()
    digits = text.lstrip("+-")
    padded = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    if padded or not digits.isascii() or not digits.replace(".", "", 1).isdigit():
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return format(number.normalize(), "f") if number else "0"
