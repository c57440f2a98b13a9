"""Which session of an outcome is its baseline, and which sessions a mixed model has."""

from __future__ import annotations

from collections.abc import Sequence

from bids_ketamine.study.formula_variables import OF_CROSSOVER, variables_of
from bids_ketamine.study.spec import MixedModelSpec, OutcomeSpec, StudySpec


def possible_sessions(spec: StudySpec, outcome: OutcomeSpec) -> tuple[str, ...]:
    """Return the sessions of which an outcome can have a score, in the order of the study.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes.
    """
    if outcome.change_column:
        return ()
    names = (session.name for session in spec.sessions)
    return tuple(name for name in names if has_scores(spec, outcome, name))


def has_scores(spec: StudySpec, outcome: OutcomeSpec, session: str) -> bool:
    """Tell whether an outcome can have a score of a session.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes.
    session : str
        A session; of a mean of sessions a score of any of them suffices.
    """
    if outcome.change_column:
        return False
    wanted = {session, *spec.session_means.get(session, ())}
    return not outcome.columns or not wanted.isdisjoint(outcome.columns)


def first_session(spec: StudySpec, outcome: OutcomeSpec) -> str | None:
    """Return where an outcome's change starts, else its first session; None if it has none.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes.
    """
    return next(iter(_starts(spec, outcome)), None)


def baseline_session(spec: StudySpec, outcome: OutcomeSpec) -> str | None:
    """Return the session of an outcome that is before all treatment; None if there is none.

    In a crossover trial a session that follows a treatment is no baseline: the first session of
    the outcome is one only if it comes before all that do.

    Parameters
    ----------
    spec : StudySpec
        The study.
    outcome : OutcomeSpec
        One of its outcomes.
    """
    untreated = [session.name for session in spec.sessions]
    if spec.crossover is not None:
        treated = set((spec.crossover.values or {}).values())
        after = [place for place, name in enumerate(untreated) if name in treated]
        untreated = untreated[: min(after, default=len(untreated))]
    return next((name for name in _starts(spec, outcome) if name in untreated), None)


def model_sessions(spec: StudySpec, model: MixedModelSpec, known: Sequence[str]) -> tuple[str, ...]:
    """Return the sessions of a mixed model in the order of the study.

    Where nothing else is said: those the value has, none that is the mean of others (these would
    count twice), and, if the formula is about treatments, that follow one. The baseline of a
    formula that names it is still among them.

    Parameters
    ----------
    spec : StudySpec
        The study.
    model : MixedModelSpec
        One of its models.
    known : sequence of str
        Sessions that the value can have.
    """
    if model.sessions:
        return tuple(each.name for each in spec.sessions if each.name in model.sessions)
    known = [name for name in known if name not in spec.session_means]
    crossover = spec.crossover
    if crossover is None or not set(OF_CROSSOVER) & set(variables_of(model.formula)):
        return tuple(known)
    return tuple(each for each in known if each in set((crossover.values or {}).values()))


def _starts(spec: StudySpec, outcome: OutcomeSpec) -> list[str]:
    """Return the sessions of an outcome, that where its change starts before the others."""
    known = possible_sessions(spec, outcome)
    starts = [each.first for each in spec.changes if outcome.change in (None, each.name)]
    return [each for each in dict.fromkeys((*starts[:1], *known)) if each in known]
