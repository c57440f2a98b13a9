"""The way of participants through the trial: the table of the CONSORT diagram."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bids_ketamine.core.group.flow import FlowStage, participant_flow
from bids_ketamine.core.group.measures import ObjectArray
from bids_ketamine.core.group.moments import BoolArray
from bids_ketamine.study.rating import changing_outcomes
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData, ends_of_changes
from bids_ketamine.workflows.group_outcomes import with_improvement
from bids_ketamine.workflows.group_sources import People

#: Names of stages; those of sessions and outcomes end with their name.
IN_DATASET = "in the dataset"
IN_ARM = "in an arm"
IMAGING = "imaging at"
CHANGE = "imaging change"
SCORE = "score at"
OUTCOME = "change known:"
BOTH = "imaging change and change known:"

NO_IMAGING = "no imaging results"
NO_SCORE = "no score"
NOT_BOTH = "no measure goes in at both sessions of a change"
#: Reasons that hold a participant's own number, and what they are without it.
_OWN_NUMBERS = (
    (re.compile(r"mean FD [\d.eE+-]+ mm > ([\d.]+) mm"), r"mean FD above \1 mm"),
    (re.compile(r"[\d.]+ volumes kept < (\d+)"), r"fewer than \1 volumes kept"),
)


def group_flow(
    spec: StudySpec,
    *,
    people: People,
    left_out: Mapping[str, str],
    data: GroupData | None,
    outcomes: pd.DataFrame,
) -> pd.DataFrame:
    """Count who reached each stage of the trial.

    Parameters
    ----------
    spec : StudySpec
        Sessions, changes, arms and outcomes.
    people : People
        Participants of the dataset in order, with arms.
    left_out : mapping of str to str
        Those who are in no clinical statistics, and why: their scores do not count.
    data : GroupData or None
        What goes into statistics of imaging measures; ``None`` for a study of scores alone.
    outcomes : DataFrame
        ``group_outcomes``.

    Returns
    -------
    DataFrame
        Table ``group_flow``: stage, arm, n, lost, reasons. Reasons name nobody and hold no
        participant's own number.
    """
    levels = spec.arms.levels if spec.arms is not None else ()
    n = len(people.participants)
    everybody = np.ones(n, dtype=np.bool_)
    stages = [FlowStage(name=IN_DATASET, reached=everybody, reason=_texts(n))]
    if levels:
        reasons = {each.participant: each.reason for each in people.without_arm}
        told = [_plain(reasons.get(who, ""), who) for who in people.participants]
        placed = np.isin(np.asarray(people.arms, dtype=object), list(levels))
        stages.append(FlowStage(name=IN_ARM, reached=placed, reason=_array(told)))
    start = stages[-1].name
    outcomes = with_improvement(outcomes, spec)
    imaging = _imaging_stages(spec, people, data, start) if data is not None and data.tasks else []
    scores = _score_stages(
        spec, people, _counted(outcomes, left_out), start, has_imaging=bool(imaging)
    )
    return participant_flow(arms=people.arms, levels=levels, stages=[*stages, *imaging, *scores])


def _counted(outcomes: pd.DataFrame, left_out: Mapping[str, str]) -> pd.DataFrame:
    """Take out the scores of those who are in no clinical statistics, with the reason."""
    told = outcomes["participant_id"].astype(object).map(dict(left_out))
    counted = outcomes.copy()
    for name in ("first", "second", "improvement"):
        counted[name] = counted[name].where(told.isna())
    counted["reason"] = counted["reason"].astype(object).where(told.isna(), told)
    return counted


def _imaging_stages(
    spec: StudySpec, people: People, data: GroupData, start: str
) -> list[FlowStage]:
    """Return who has results of each session, and who went into a change.

    With one change the sessions follow each other; with several, each is counted from the start,
    since nobody needs all of them.
    """
    measures, stages = data.measures, []
    has_values: BoolArray = np.any(np.isfinite(measures.value), axis=2)
    changes = list(followed_changes(spec).values())
    ends = dict.fromkeys(each for pair in changes for each in pair)
    imaged = [each.name for each in spec.imaged_sessions]
    names = [each for each in imaged if each in ends] or imaged
    one_way = len(changes) == 1
    if one_way:
        names = list(changes[0])
    for number, name in enumerate(names):
        at = measures.sessions.index(name)
        alone = _without_anybody(people, has_values[:, at], f"has imaging at {name}")
        missing = [
            _distinct([*data.exclusions[one, at], *measures.reason[one, at]], who)
            or alone.get(people.arms[one], NO_IMAGING)
            for one, who in enumerate(people.participants)
        ]
        after = start if number == 0 or not one_way else None
        stages.append(
            FlowStage(
                name=f"{IMAGING} {name}",
                reached=has_values[:, at],
                reason=_array(missing),
                after=after,
            )
        )
    if changes:
        stages.append(_change_stage(spec, people, data, None if one_way else start))
    return stages


def followed_changes(spec: StudySpec) -> dict[str, tuple[str, str]]:
    """Return the changes that participants are followed to, with first and second session.

    A difference of two sessions whose mean is an end of another change tells how values vary
    without treatment: nobody is lost for want of it.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """
    changes = ends_of_changes(spec)
    ends = {each for pair in changes.values() for each in pair}
    averaged = [set(parts) for name, parts in spec.session_means.items() if name in ends]
    kept = {
        name: pair
        for name, pair in changes.items()
        if not any(parts.issuperset(pair) for parts in averaged)
    }
    return kept or changes


def _without_anybody(people: People, has: BoolArray, what: str) -> dict[str, str]:
    """Return the reason of arms of several of whom nobody has something, by arm."""
    of_arm = np.asarray(people.arms, dtype=object)
    return {
        str(arm): f"nobody in {arm} {what}"
        for arm in dict.fromkeys(people.arms)
        if arm and (of_arm == arm).sum() > 1 and not has[of_arm == arm].any()
    }


def _change_stage(spec: StudySpec, people: People, data: GroupData, after: str | None) -> FlowStage:
    """Return who has any measure whose two sessions both went in."""
    included, sessions = data.motion.included, data.measures.sessions
    reached = np.zeros(len(people.participants), dtype=np.bool_)
    why = [""] * len(people.participants)
    for pair in followed_changes(spec).values():
        ends = [sessions.index(each) for each in pair]
        reached |= (included[:, ends[0]] & included[:, ends[1]]).any(axis=1)
        for one, who in enumerate(people.participants):
            found = [*data.exclusions[one, ends].ravel()]
            found += [*data.motion.reason[one, ends].ravel()] if not any(found) else []
            why[one] = why[one] or _distinct(found, who)
    told = [each or NOT_BOTH for each in why]
    return FlowStage(name=CHANGE, reached=reached, reason=_array(told), after=after)


def _score_stages(
    spec: StudySpec, people: People, outcomes: pd.DataFrame, start: str, *, has_imaging: bool
) -> list[FlowStage]:
    """Return who has scores; without imaging also by session."""
    own = {
        each.name: outcomes[outcomes["outcome"] == each.name]
        .drop_duplicates("participant_id")
        .set_index("participant_id")
        .reindex(list(people.participants))
        for each in changing_outcomes(spec)
    }
    if not own:
        return []
    known = {name: table["improvement"].notna().to_numpy(np.bool_) for name, table in own.items()}
    stages: list[FlowStage] = []
    if not has_imaging:
        stages = _score_sessions(spec, own, start)
    scored = np.logical_and.reduce([each.reached for each in stages]) if stages else False
    if stages and all((scored | ~each).all() for each in known.values()):
        start = stages[-1].name
    joint = ((BOTH, CHANGE),) if has_imaging and ends_of_changes(spec) else ()
    for prefix, after in ((OUTCOME, start), *joint):
        for name, table in own.items():
            has_score = table[["first", "second", "improvement"]].notna().any(axis=1)
            alone = _without_anybody(people, has_score.to_numpy(np.bool_), "has a score")
            told = [
                alone.get(arm) or _plain(each if isinstance(each, str) else NO_SCORE, who)
                for each, who, arm in zip(
                    table["reason"], people.participants, people.arms, strict=True
                )
            ]
            stages.append(
                FlowStage(
                    name=f"{prefix} {name}",
                    reached=known[name],
                    reason=_array(told),
                    after=after,
                )
            )
    return stages


def _score_sessions(spec: StudySpec, own: dict[str, pd.DataFrame], start: str) -> list[FlowStage]:
    """Return who has a score of any outcome in the first and in the second session."""
    changes = {str(each) for table in own.values() for each in table["change"].dropna()}
    pairs = [(each.first, each.second) for each in spec.changes if each.name in changes]
    if len(pairs) != 1:
        return []
    stages = []
    for end, session, after in zip(("first", "second"), pairs[0], (start, None), strict=True):
        known = np.logical_or.reduce([table[end].notna().to_numpy() for table in own.values()])
        reasons = {name: table["reason"].where(table[end].isna()) for name, table in own.items()}
        told = pd.DataFrame(reasons)
        reason = _array(
            [_distinct(list(row.dropna()), str(who)) or NO_SCORE for who, row in told.iterrows()]
        )
        stages.append(
            FlowStage(name=f"{SCORE} {session}", reached=known, reason=reason, after=after)
        )
    # A score that comes as a difference has neither end.
    return stages if any(stage.reached.any() for stage in stages) else []


def _plain(reason: str, who: str) -> str:
    """Return a reason without the participant's name and own numbers."""
    bare = who.removeprefix("sub-")
    # A bare `01` cannot be told from a number.
    labels = (who, bare) if re.search(r"[A-Za-z]", bare) and re.search(r"\d", bare) else (who,)
    for label in labels:
        reason = re.sub(rf"(?<![\w-]){re.escape(label)}(?![\w-])", "the participant", reason)
    for pattern, words in _OWN_NUMBERS:
        reason = pattern.sub(words, reason)
    return reason.strip().rstrip(".")


def _distinct(reasons: Sequence[object], who: str) -> str:
    """Join the distinct reasons of a participant, the first two of them in words."""
    found = list(dict.fromkeys(_plain(str(each), who) for each in reasons if each))
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    return ", ".join(found[:2]) + more


def _array(texts: Sequence[str]) -> ObjectArray:
    array = np.empty(len(texts), dtype=object)
    array[:] = list(texts)
    return array


def _texts(n: int) -> ObjectArray:
    return _array([""] * n)
