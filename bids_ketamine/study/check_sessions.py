"""Rules on sessions and changes between them."""

from __future__ import annotations

from collections.abc import Collection

from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.formula_variables import ALWAYS, variables_of
from bids_ketamine.study.spec import ChangeSpec, MixedModelSpec, SessionSpec, StudySpec
from bids_ketamine.study.wrong_names import named_twice, unknown_name

#: Settings that tell how a session of the dataset is found.
OF_THE_DATASET = ("label", "column", "labels", "unlabelled")


def check_sessions(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that `sessions` and `changes` break.

    Parameters
    ----------
    spec : StudySpec
        The study.
    problem : callable
        Called with the place in the file and a sentence.
    """
    if not spec.sessions:
        problem(("sessions",), "sessions names no session")
    for session in spec.sessions:
        where = ("sessions", session.name)
        if session.mean_of:
            _check_mean(spec, session, problem)
            continue
        if bool(session.column) != bool(session.labels):
            problem(where, f"sessions.{session.name} needs `column` and `labels` together")
        if session.label and session.column:
            problem(where, f"sessions.{session.name} has both `label` and `column`; keep one")
        if session.unlabelled and len(spec.sessions) > 1:
            problem(where, "a study without session folders has one session")
    if spec.sessions and spec.has_imaging and not spec.scanned_sessions:
        problem(
            ("sessions",),
            "sessions: the study has imaging, and no session has images (`scanned: false` of all)",
        )
    for change in spec.changes:
        _check_change(spec, change, problem)
    _check_order(spec, problem)


def check_written_means(spec: StudySpec, written: Collection[KeyPath], problem: Problem) -> None:
    """Report means of fewer than two sessions; those of a preset may have lost some.

    Parameters
    ----------
    spec : StudySpec
        The study.
    written : collection of key paths
        Places of the user's own file.
    problem : callable
        Called with the place in the file and a sentence.
    """
    for session in spec.sessions:
        where = ("sessions", session.name, "mean_of")
        if where in written and len(set(session.mean_of)) == 1:
            problem(where, f"sessions.{session.name}.mean_of needs two sessions or more")


def _check_mean(spec: StudySpec, session: SessionSpec, problem: Problem) -> None:
    """Refuse a mean of what is no session, and one that is looked for in the dataset."""
    where: KeyPath = ("sessions", session.name, "mean_of")
    name = f"sessions.{session.name}"
    own = [each.name for each in spec.own_sessions]
    means = spec.session_means
    for part in dict.fromkeys(session.mean_of):
        if part == session.name:
            problem(where, f"{name}.mean_of names the session itself")
        elif part in means:
            problem(
                where,
                f"{name}.mean_of: `{part}` is the mean of others, too; name these "
                f"({', '.join(means[part])})",
            )
        elif part not in own:
            problem(where, f"{name}.mean_of{unknown_name('session', part, own)}")
    for part in named_twice(session.mean_of):
        problem(where, f"{name}.mean_of names `{part}` twice")
    for setting in OF_THE_DATASET:
        if getattr(session, setting):
            problem(
                ("sessions", session.name, setting),
                f"{name} is the mean of other sessions (`mean_of`) and has no `{setting}`; keep "
                "one of the two",
            )


def _check_change(spec: StudySpec, change: ChangeSpec, problem: Problem) -> None:
    names = [session.name for session in spec.sessions]
    where = ("changes", change.name)
    for end in ("first", "second"):
        name = getattr(change, end)
        if name not in names:
            problem(
                (*where, end),
                f"changes.{change.name}.{end} names no session: `{name}`; "
                f"sessions: {', '.join(names)}",
            )
    if change.first == change.second:
        problem(where, f"changes.{change.name} subtracts a session from itself")
    means = spec.session_means
    for mean, part in ((change.first, change.second), (change.second, change.first)):
        if part in means.get(mean, ()):
            problem(
                where,
                f"changes.{change.name} compares `{mean}` with `{part}`, which is part of it",
            )


def _check_order(spec: StudySpec, problem: Problem) -> None:
    """Refuse models over time where `changes` goes against the order of `sessions`.

    Sessions of a crossover trial are treatments, and have no order in time.
    """
    places = {session.name: place for place, session in enumerate(spec.sessions)}
    ends = [(each.first, each.second) for each in spec.changes]
    for change in spec.changes if spec.crossover is None else ():
        pair = (change.first, change.second)
        known = set(pair) <= set(places)
        if not known or places[change.first] <= places[change.second] or pair[::-1] in ends:
            continue
        models = [each.name for each in _models_over_time(spec, pair)]
        if models:
            problem(
                ("changes", change.name),
                f"changes.{change.name} goes from `{change.first}` to `{change.second}`, and "
                f"`sessions` names `{change.second}` before `{change.first}`: the order of "
                f"`sessions` is the time of mixed_models.{models[0]}; name the sessions in the "
                "order in which they happened",
            )


def _models_over_time(spec: StudySpec, sessions: tuple[str, str]) -> list[MixedModelSpec]:
    """Return the mixed models that take two sessions in the order of the study."""
    found = []
    for model in spec.mixed_models:
        try:
            over_time = not set(ALWAYS).isdisjoint(variables_of(model.formula))
        except ValueError:  # is told of the formula itself
            continue
        if over_time and (not model.sessions or set(sessions) <= set(model.sessions)):
            found.append(model)
    return found
