"""What the section on effective connectivity asks, one heading for each question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bids_ketamine.reports.words import listed


class Question(NamedTuple):
    """One effect of an analysis, which has a heading of its own.

    Attributes
    ----------
    title : str
        Heading.
    analysis, effect : str
        As ``group_peb`` names them.
    asked : str
        What is asked, and what a sign means; ``{outcome}`` stands for " in" the outcome.
    single, between : str
        What a verdict over all speaks for or against, and what arms differ in.
    of_arms : str
        What the difference of arms is, where there are arms.
    """

    title: str
    analysis: str
    effect: str
    asked: str
    single: str
    between: str
    of_arms: str = ""

    def words(self, outcome: str, *, has_arms: bool) -> str:
        """Return what is asked.

        Parameters
        ----------
        outcome : str
            Whose improvement enters; empty where that is not known.
        has_arms : bool
            Whether there are arms to compare.
        """
        told = self.asked.format(outcome=f" in {outcome}" if outcome else "")
        return f"{told} {self.of_arms}".strip() if has_arms else told

    def subject(self, pair: Sequence[str] | None) -> str:
        """Return what a verdict speaks for or against.

        Parameters
        ----------
        pair : sequence of str or None
            Arms that are compared; None for all participants.

        Examples
        --------
        >>> SESSION.subject(("ketamine", "midazolam"))
        'a difference between ketamine and midazolam in the change between sessions'
        """
        return (
            self.single if pair is None else f"a difference between {listed(pair)} {self.between}"
        )


BASELINE = Question(
    title="Baseline",
    analysis="baseline",
    effect="mean",
    asked="Mean of each parameter in the first session, all participants together.",
    single="a mean other than zero",
    between="in the mean of the first session",
)
SESSION = Question(
    title="Change of coupling between sessions",
    analysis="change",
    effect="session",
    asked=(
        "How much each parameter changed from the first to the second session: above zero, it "
        "moved up."
    ),
    single="a change between sessions in all together",
    between="in the change between sessions",
    of_arms="Where arms were randomised, their difference is the effect of treatment on coupling.",
)
IMPROVEMENT = Question(
    title="Change of coupling and improvement",
    analysis="change",
    effect="session x improvement",
    asked=(
        "How the change of each parameter from the first to the second session goes with "
        "improvement{outcome}: below zero, the parameter moved down more, or up less, in those "
        "who got better."
    ),
    single="a change that goes with improvement in all together",
    between="in how the change goes with improvement",
)
PREDICTION = Question(
    title="Baseline coupling and improvement",
    analysis="prediction",
    effect="improvement",
    asked=(
        "How each parameter in the first session goes with the improvement that "
        "follows{outcome}: above zero, the parameter was higher in those who then got better."
    ),
    single="baseline coupling that goes with improvement in all together",
    between="in how baseline coupling goes with improvement",
)
#: In the order of reading.
QUESTIONS = (BASELINE, SESSION, IMPROVEMENT, PREDICTION)
#: Analyses in the order of reading, and what tables call them: as the last of their headings.
ANALYSES = {each.analysis: each.title for each in QUESTIONS}
