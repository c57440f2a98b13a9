"""Terms of mixed models in words: what each compares, and where it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: What a coded column looks like, such as ``arm[T.ketamine]``.
_LEVEL = re.compile(r"^(?P<variable>.+?)\[(?:T\.)?(?P<level>.*)\]$", re.DOTALL)
_CATEGORY = re.compile(r"^C\(\s*(?P<name>\w+).*\)$", re.DOTALL)
#: Numbers whose zero is in the middle, and what that middle is.
MIDDLES = {"response": "", "baseline": "at the mean baseline"}
#: Variables that tell what happened within a participant.
WITHIN = ("time", "session", "treatment")
#: Variables of a crossover trial that are no effects of treatment.
CROSSOVER = ("period", "sequence")
INTERCEPT = ("Intercept", "(Intercept)", "1")


@dataclass(frozen=True)
class TermPart:
    """One factor of a term: a number, or a level of a category."""

    variable: str
    level: str | None = None


def term_parts(term: str) -> tuple[TermPart, ...]:
    """Return the factors of a term.

    >>> [(each.variable, each.level) for each in term_parts("time:arm[T.a:b]")]
    [('time', None), ('arm', 'a:b')]
    """
    parts, start, depth = [], 0, 0
    for at, letter in enumerate(term):
        depth += (letter in "[(") - (letter in "])")
        if letter == ":" and depth == 0:
            parts.append(term[start:at])
            start = at + 1
    return tuple(_part(each.strip()) for each in [*parts, term[start:]])


def _part(written: str) -> TermPart:
    found = _LEVEL.match(written)
    variable, level = (found["variable"], found["level"]) if found else (written, None)
    category = _CATEGORY.match(variable)
    return TermPart(category["name"] if category else variable, level)


def variables_of(term: str) -> frozenset[str]:
    """Return the variables of a term; none of the intercept."""
    if term in INTERCEPT:
        return frozenset()
    return frozenset(part.variable for part in term_parts(term))


@dataclass(frozen=True)
class TermWords:
    """Words for the terms of one model.

    Attributes
    ----------
    terms : tuple of str
        All terms of the model, as tables have them.
    levels : mapping of str to sequence of str
        Known levels of each category, in order.
    sessions : tuple of str
        Sessions of the model, in order.
    references : mapping of str to str
        Level that the others of a category were compared with in the fit; a category that is not
        here has the one level that no term names.

    Examples
    --------
    >>> words = TermWords(
    ...     ("Intercept", "time", "arm[T.ketamine]", "time:arm[T.ketamine]"),
    ...     {"arm": ("placebo", "ketamine")}, ("pre", "post"))
    >>> words.of("time:arm[T.ketamine]")
    'change from pre to post, ketamine minus placebo'
    >>> words.of("time"), words.label("time:arm[T.ketamine]")
    ('change from pre to post in placebo', 'time × ketamine')
    """

    terms: tuple[str, ...]
    levels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sessions: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)

    def of(self, term: str) -> str:
        """Return what a term of the model compares."""
        if term in INTERCEPT:
            return "intercept"
        parts = sorted(term_parts(term), key=lambda part: part.variable not in WITHIN)
        return " ".join([", ".join(map(self._compares, parts)), *self._where(term)])

    def label(self, term: str) -> str:
        """Return a term in few words, for a picture or the head of a row."""
        if term in INTERCEPT:
            return "intercept"
        return " × ".join(map(_short, term_parts(term)))

    def reference(self, variable: str) -> str:
        """Return the level that others of a category are compared with; empty where unknown."""
        if variable in self.references:
            return self.references[variable]
        coded = {
            part.level
            for term in self.terms
            for part in term_parts(term)
            if part.variable == variable and part.level is not None
        }
        left = [each for each in self.levels.get(variable, ()) if each not in coded]
        if len(left) == 1:
            return left[0]
        return "1" if variable == "period" and "1" not in coded else ""

    def columns(self, term: str) -> tuple[str, ...]:
        """Return the effects that a term of the formula, such as ``session:arm``, is made of."""
        wanted = frozenset(term.split(":"))
        return tuple(each for each in self.terms if variables_of(each) == wanted)

    def _compares(self, part: TermPart) -> str:
        if part.level is not None:
            noun = f"{part.variable} " if part.variable in CROSSOVER else ""
            reference = self.reference(part.variable)
            other = f"{noun}{reference}" if reference else f"the reference of {part.variable}"
            return f"{noun}{part.level} minus {other}"
        if part.variable == "time":
            linear = "linear change" if len(self.sessions) > 2 else "change"
            ends = f" from {self.sessions[0]} to {self.sessions[-1]}" if self.sessions else ""
            return linear + ends
        if part.variable == "response":
            return "non-responders minus responders"
        return f"per unit of {variable_words(part.variable)}"

    def _where(self, term: str) -> list[str]:
        """Say at which values of its partners a term that has interactions holds."""
        own = variables_of(term)
        wider = [variables_of(each) for each in self.terms]
        partners = dict.fromkeys(
            part.variable
            for each, found in zip(self.terms, wider, strict=True)
            if own < found
            for part in term_parts(each)
            if part.variable not in own
        )
        return [words for words in map(self._held, partners) if words]

    def _held(self, variable: str) -> str:
        if variable == "time":
            several = len(self.sessions) > 1
            ends = f" between {self.sessions[0]} and {self.sessions[-1]}" if several else ""
            return f"midway{ends}"
        if variable in MIDDLES:
            return MIDDLES[variable]
        reference = self.reference(variable)
        if reference:
            return f"in {'' if variable not in CROSSOVER else variable + ' '}{reference}"
        if self._is_category(variable):
            return f"in the reference of {variable_words(variable)}"
        return f"at the mean {variable_words(variable)}"

    def _is_category(self, variable: str) -> bool:
        return any(
            part.variable == variable and part.level is not None
            for term in self.terms
            for part in term_parts(term)
        )


def written_references(written: str, variables: Iterable[str]) -> dict[str, str]:
    """Read the column ``references`` of ``group_mixed_fits``.

    Parameters
    ----------
    written : str
        Such as ``arm: placebo; session: pre``.
    variables : iterable of str
        Variables of the formula: a level may hold signs of its own.

    >>> written_references("arm: a; b: c; session: pre", ["time", "arm", "session"])
    {'arm': 'a; b: c', 'session': 'pre'}
    """
    names = "|".join(re.escape(each) for each in sorted(set(variables)))
    if not names:
        return {}
    found = list(re.finditer(rf"(?:^|; )({names}): ", written))
    ends = [*(each.start() for each in found[1:]), len(written)]
    return {each.group(1): written[each.end() : end] for each, end in zip(found, ends, strict=True)}


def variable_words(variable: str) -> str:
    """Return the name of a variable for the eye."""
    return variable.replace("_", " ") if re.fullmatch(r"\w+", variable) else variable


def _short(part: TermPart) -> str:
    if part.level is None:
        return variable_words(part.variable)
    return f"{part.variable} {part.level}" if part.variable in CROSSOVER else part.level


def by_interest(terms: Iterable[str]) -> list[str]:
    """Return terms without the intercept, those that the trial is about first.

    Interactions of time, session or treatment come before these alone, then other factors of the
    design, then period and sequence, then covariates.

    >>> by_interest(["Intercept", "age", "arm[T.k]", "time", "period[T.2]", "time:arm[T.k]"])
    ['time:arm[T.k]', 'time', 'arm[T.k]', 'period[T.2]', 'age']
    """
    told = [term for term in dict.fromkeys(terms) if term not in INTERCEPT]
    return sorted(told, key=_rank)


def _rank(term: str) -> tuple[int, int]:
    variables = variables_of(term)
    design = {*WITHIN, "arm", "response"}
    if variables <= design:
        rank = 0 if variables & set(WITHIN) else 1
    elif variables & set(CROSSOVER):
        rank = 2 if variables <= {*design, *CROSSOVER} else 4
    else:
        rank = 3 if variables & set(WITHIN) else 4
    return rank, -len(variables)
