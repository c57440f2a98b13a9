"""Numbers and labels as a reader wants to see them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

MINUS = "\u2212"
ABSENT = "\u2013"
THIN_SPACE = "\u202f"

#: How the app's names of measures read in a sentence.
MEASURE_WORDS = {
    "activation": "activation",
    "activation_marsbar": "activation (MarsBaR)",
    "resting_connectivity": "resting connectivity",
    "resting_partial_connectivity": "resting connectivity (partial)",
    "gppi": "generalized PPI",
    "ldc": "linear discriminant contrast",
    "dcm": "dynamic causal model",
    "network_connectivity": "network connectivity",
    "raw_temporal_sd": "temporal standard deviation before cleaning",
    "cleaned_temporal_sd": "temporal standard deviation after cleaning",
    "raw_tsnr": "temporal signal-to-noise ratio before cleaning",
    "cleaned_tsnr": "temporal signal-to-noise ratio after cleaning",
    "volume": "volume over intracranial volume",
}
#: Means of networks under a further nuisance model bear its name.
OF_NETWORKS = "network_connectivity_"


def is_absent(value: Any) -> bool:
    """Tell whether a cell is empty.

    >>> [is_absent(value) for value in (None, float("nan"), "n/a", "", 0)]
    [True, True, True, True, False]
    """
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip() in ("", "n/a")
    try:
        return bool(math.isnan(value))
    except TypeError:
        return value != value  # pandas' own missing values


def text(value: Any, absent: str = ABSENT) -> str:
    """Return a cell as text, with a dash where it is empty.

    >>> text("post"), text(float("nan")), text(2.0)
    ('post', '–', '2')
    """
    if is_absent(value):
        return absent
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def decimals_for(values: Iterable[Any]) -> int:
    """Return the decimals that show a typical value with three digits, from 0 to 3.

    >>> decimals_for([0.31, -0.24, 0.55]), decimals_for([31.0, 24.0])
    (3, 1)
    """
    sizes = [abs(float(value)) for value in values if is_number(value) and float(value) != 0.0]
    if not sizes:
        return 2
    return int(np.clip(2 - math.floor(math.log10(float(np.median(sizes)))), 0, 3))


def number(value: Any, decimals: int | None = None) -> str:
    """Return a number with a true minus sign, a dash where there is none.

    Parameters
    ----------
    value : object
        A number, or what an empty cell holds.
    decimals : int, optional
        Decimals; three significant digits when absent.

    >>> number(-0.1234), number(1234.5), number(None), number(-0.0004, 2)
    ('−0.123', '1,234', '–', '0.00')
    """
    if not is_number(value):
        return ABSENT if is_absent(value) else str(value)
    given = float(value)
    if decimals is None:
        shown = _three_digits(given)
    else:
        shown = f"{given:,.{decimals}f}"
        if float(shown.replace(",", "")) == 0.0:
            shown = shown.lstrip("-")
    return shown.replace("-", MINUS)


def signed(value: Any, decimals: int | None = None) -> str:
    """Return a number with its sign, also when it is positive.

    >>> signed(0.25), signed(-0.25), signed(0.0, 1)
    ('+0.25', '−0.25', '0.0')
    """
    shown = number(value, decimals)
    positive = is_number(value) and float(value) > 0 and any(c in "123456789" for c in shown)
    return f"+{shown}" if positive else shown


def p_value(value: Any) -> str:
    """Return a probability with three decimals and no leading zero.

    >>> p_value(0.0304), p_value(0.00001), p_value(1.0), p_value(float("nan"))
    ('.030', '< .001', '1.000', '–')
    """
    if not is_number(value):
        return ABSENT
    if float(value) < 0.001:
        return "< .001"
    return f"{float(value):.3f}".removeprefix("0")


def equals_p(value: Any, symbol: str) -> str:
    """Return ``p = .030`` or ``p < .001``.

    >>> equals_p(0.03, "p"), equals_p(1e-9, "q")
    ('p = .030', 'q < .001')
    """
    shown = p_value(value)
    return f"{symbol} {shown}" if shown.startswith("<") else f"{symbol} = {shown}"


def interval(low: Any, high: Any, decimals: int | None = None) -> str:
    """Return the two ends of an interval.

    >>> interval(-0.1, 0.25)
    '−0.1 to 0.25'
    """
    if not (is_number(low) and is_number(high)):
        return ABSENT
    return f"{number(low, decimals)} to {number(high, decimals)}"


def percent(share: Any) -> str:
    """Return a share as a percentage; never 100 when something is missing.

    >>> percent(0.5), percent(0.999), percent(1.0), percent(None)
    ('50 %', '99 %', '100 %', '–')
    """
    if not is_number(share):
        return ABSENT
    return f"{math.floor(100 * float(share) + 1e-9):d}{THIN_SPACE}%".replace(THIN_SPACE, " ")


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun.

    >>> counted(1, "run"), counted(3, "run"), counted(0, "entry", "entries")
    ('1 run', '3 runs', '0 entries')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(parts: Sequence[str], joint: str = "and") -> str:
    """Join words as in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def spread(values: Iterable[Any], decimals: int | None = None, joint: str = " to ") -> str:
    """Return one number if all agree, else the smallest and the largest.

    >>> spread([215, 215]), spread([210, 220])
    ('215', '210 to 220')
    """
    numbers = sorted({float(value) for value in values if is_number(value)})
    if not numbers:
        return ABSENT
    ends = [number(numbers[0], decimals), number(numbers[-1], decimals)]
    return ends[0] if ends[0] == ends[1] else joint.join(ends)


def region_words(regions: Any) -> str:
    """Return the name of a region, or of a pair, for the eye.

    >>> region_words("vmPFC~anterior_insula")
    'vmPFC – anterior insula'
    """
    return " – ".join(part.replace("_", " ") for part in text(regions).split("~"))


def measure_words(measure: Any) -> str:
    """Return the name of a measure in words.

    >>> measure_words("raw_tsnr"), measure_words("network_connectivity_36P")
    ('temporal signal-to-noise ratio before cleaning', 'network connectivity (36P)')
    """
    if str(measure).startswith(OF_NETWORKS):
        return f"{MEASURE_WORDS['network_connectivity']} ({str(measure)[len(OF_NETWORKS) :]})"
    return MEASURE_WORDS.get(str(measure), text(measure).replace("_", " "))


def capitalized(words: str) -> str:
    """Return words with a capital at their start, all other letters as they are.

    >>> capitalized("generalized PPI")
    'Generalized PPI'
    """
    return words[:1].upper() + words[1:]


def unit_words(unit: Any, absent: str = "") -> str:
    """Return a unit for the eye; in tables it stays in plain letters.

    >>> unit_words("percent of the grand mean x s"), unit_words(None, "no unit")
    ('percent of the grand mean × s', 'no unit')
    """
    return text(unit, absent).replace(" x ", " × ")


def without_labels(sentence: str, labels: Collection[str] = ()) -> str:
    """Take participant labels out of a sentence.

    Parameters
    ----------
    sentence : str
        Text that may name participants, such as a reason or a note.
    labels : collection of str, optional
        Known labels, with or without ``sub-``. Bare ones are found if they mix letters and
        digits: a bare ``01`` cannot be told from a number, a word not from a label.

    >>> without_labels("sub-A07 and CTL12 have no events", ["sub-A07", "sub-CTL12"])
    'a participant and a participant have no events'
    """
    sentence = re.sub(r"sub-[A-Za-z0-9+]+", "a participant", sentence)
    for label in sorted({label.removeprefix("sub-") for label in labels}, key=len, reverse=True):
        if re.search(r"[A-Za-z]", label) and re.search(r"[0-9]", label):
            sentence = re.sub(rf"\b{re.escape(label)}\b", "a participant", sentence)
    return sentence


def without_numbers(sentence: str) -> str:
    """Take decimal numbers out of a sentence, so that it tells nobody's value.

    >>> without_numbers("mean FD 0.93 mm is above 0.5 mm in run 1")
    'mean FD … mm is above … mm in run 1'
    """
    return re.sub(r"\d+\.\d+", "…", sentence)


def _three_digits(given: float) -> str:
    size = abs(given)
    if size == 0.0:
        return "0"
    if size >= 1000:
        return f"{given:,.0f}"
    if size < 0.0001:
        return f"{given:.1e}"
    places = max(0, 2 - math.floor(math.log10(size)))
    shown = f"{given:.{places}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number; truth values and text are none.

    >>> [is_number(value) for value in (1, 0.5, float("inf"), "1", True, None)]
    [True, True, False, False, False, False]
    """
    if isinstance(value, bool | str) or value is None:
        return False
    try:
        return math.isfinite(value)
    except TypeError:
        return False
