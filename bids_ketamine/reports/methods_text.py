"""Methods text: what was computed, from the study and from the facts of each run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from bids_ketamine import __version__
from bids_ketamine.reports.facts import read_json
from bids_ketamine.reports.methods_course import COURSE_REFERENCES
from bids_ketamine.reports.methods_facts import run_facts, task_facts
from bids_ketamine.reports.methods_group import group_paragraphs
from bids_ketamine.reports.methods_participant import participant_paragraphs
from bids_ketamine.reports.references import REFERENCES
from bids_ketamine.study.load import Study

Facts = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class MethodsText:
    """Methods in sections, with what they cite.

    Attributes
    ----------
    sections : tuple of (heading, paragraphs)
        In the order of reading.
    references : tuple of str
        The study's own first.
    """

    sections: tuple[tuple[str, tuple[str, ...]], ...]
    references: tuple[str, ...]

    def markdown(self) -> str:
        """Return the text as Markdown."""
        parts = ["# Methods"]
        for heading, paragraphs in self.sections:
            parts += [f"## {heading}", *paragraphs]
        listing = "\n".join(f"- {reference}" for reference in self.references)
        text = "\n\n".join([*parts, "## References", listing]) + "\n"
        # Words of a study file are text: what would begin an HTML tag is written as a character
        # reference, since a backslash would be undone by one that stands before it.
        return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def participant_text(
    study: Study, *, runs: Facts = (), gppi: Facts = (), rsa: Facts = (), dcm: Facts = ()
) -> MethodsText:
    """Write the participant level's methods.

    Parameters
    ----------
    study : Study
        What was asked for.
    runs : sequence of mapping, optional
        Facts of the runs that were used (``Runs`` of the measures sidecars); without them the
        text says what the study asks for.
    gppi, rsa, dcm : sequence of mapping, optional
        Sidecars of the tables of generalized PPI and of dissimilarities, and files of dynamic
        causal models; where there are runs, a method without any is not told.
    """
    sections, cited = participant_paragraphs(
        study.spec, runs=runs, gppi=gppi, rsa=rsa, dcm=dcm, versions=_versions()
    )
    return _text(study, sections, cited)


def tree_text(
    study: Study, *, output_dir: Path | None = None, participant: str | None = None
) -> MethodsText:
    """Write the participant level's methods from an output tree.

    Parameters
    ----------
    study : Study
        What was asked for.
    output_dir : Path, optional
        Output tree that is told; without it the study alone is.
    participant : str, optional
        Tell this participant only.
    """
    if output_dir is None:
        return participant_text(study)
    return participant_text(
        study,
        runs=run_facts(output_dir, participant=participant),
        gppi=task_facts(output_dir, "gppi", participant=participant),
        rsa=task_facts(output_dir, "rsa", participant=participant),
        dcm=task_facts(output_dir, "dcm", participant=participant),
    )


def group_text(study: Study, *, facts: Mapping[str, Any] | None = None) -> MethodsText:
    """Write the group level's methods.

    Parameters
    ----------
    study : Study
        What was asked for.
    facts : mapping, optional
        ``group.json``; without it the text says what the study asks for.
    """
    sections, cited = group_paragraphs(study.spec, facts=facts or {})
    return _text(study, sections, cited)


def participant_methods(
    study: Study, *, output_dir: Path | None = None, participant: str | None = None
) -> str:
    """Return the participant level's methods as Markdown.

    Parameters
    ----------
    study : Study
        What was asked for.
    output_dir : Path, optional
        Output tree whose runs are told; without it the study alone is.
    participant : str, optional
        Tell the runs of this participant only.
    """
    return tree_text(study, output_dir=output_dir, participant=participant).markdown()


def group_methods(study: Study, *, output_dir: Path | None = None) -> str:
    """Return the group level's methods as Markdown.

    Parameters
    ----------
    study : Study
        What was asked for.
    output_dir : Path, optional
        Output tree whose ``group/group.json`` is told.
    """
    facts = {} if output_dir is None else read_json(output_dir / "group" / "group.json", [])
    return group_text(study, facts=facts).markdown()


def boilerplate(study: Study, *, output_dir: Path | None = None) -> str:
    """Return the methods of both levels as one Markdown text with one list of references.

    Parameters
    ----------
    study : Study
        What was asked for.
    output_dir : Path, optional
        Output tree to tell of; without it the study alone is told.
    """
    facts = {} if output_dir is None else read_json(output_dir / "group" / "group.json", [])
    second = group_text(study, facts=facts)
    if not study.spec.has_imaging:  # a study of scores has no participant level
        return second.markdown()
    first = tree_text(study, output_dir=output_dir)
    own = set(study.spec.references)
    others = sorted({*first.references, *second.references} - own, key=str.casefold)
    return MethodsText(
        sections=(*first.sections, *second.sections), references=(*study.spec.references, *others)
    ).markdown()


def _text(
    study: Study, sections: list[tuple[str, tuple[str, ...]]], cited: set[str]
) -> MethodsText:
    papers = {**REFERENCES, **COURSE_REFERENCES}
    listed = sorted((papers[key] for key in cited), key=str.casefold)
    return MethodsText(tuple(sections), (*study.spec.references, *listed))


def _versions() -> dict[str, str]:
    """Return the versions of the packages that compute, found without importing them."""
    found = {"bids_ketamine": __version__}
    for name in ("nilearn", "nipype", "pybids"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "of unknown version"
    return found
