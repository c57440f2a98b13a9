"""Methods that a preset hands down and that a study of the user's own has nothing for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from bids_ketamine.study.check_connectivity import check_gppi
from bids_ketamine.study.check_course import (
    check_clinical_course,
    check_primary_outcomes,
    check_score_correlations,
)
from bids_ketamine.study.check_dcm import check_dcm
from bids_ketamine.study.check_elastic_net import check_elastic_net
from bids_ketamine.study.check_network_groups import (
    check_controls,
    check_edge_statistics,
    check_reliability,
)
from bids_ketamine.study.check_networks import check_cleaning, check_networks
from bids_ketamine.study.check_peb import check_peb
from bids_ketamine.study.check_similarity import check_similarity
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.inherited_clinical import (
    METHODS as CLINICAL_METHODS,
)
from bids_ketamine.study.inherited_clinical import (
    without_clinical_parts,
    without_misfit_entries,
)
from bids_ketamine.study.inherited_networks import (
    without_group_parts,
    without_network_parts,
)
from bids_ketamine.study.inherited_sessions import without_sessions
from bids_ketamine.study.spec import StudySpec

Check = Callable[[StudySpec, Problem], None]

#: Methods that rest on a study's tasks and regions: what they are called, and their rules.
METHODS = {
    "gppi": ("generalized PPI", check_gppi),
    "rsa": ("representational similarity", check_similarity),
    "dcm": ("dynamic causal modelling", check_dcm),
    "cleaning": ("the cleaning of resting series", check_cleaning),
    "networks": ("networks of resting connectivity", check_networks),
}

#: The same of methods on dynamic causal models: which of these a study has comes first.
METHODS_ON_MODELS = {"peb": ("parametric empirical Bayes", check_peb)}

#: The same of methods on all measures: which of them a study has comes first.
METHODS_ON_MEASURES = {"elastic_net": ("elastic net", check_elastic_net)}

#: The same of group statistics on sessions, arms and outcomes; the last on mixed models, too.
METHODS_ON_GROUPS = {
    "edge_statistics": ("the test of every edge", check_edge_statistics),
    "controls": ("the comparison with controls", check_controls),
    "reliability": ("reliability", check_reliability),
    "clinical_course": ("response and remission by visit", check_clinical_course),
    "score_correlations": ("correlations of scores", check_score_correlations),
    "primary_outcomes": ("the correction over primary outcomes", check_primary_outcomes),
}

#: End of a problem's sentence that says how to leave out what the study has nothing for.
CURE = re.compile(r"(; | \()`\w+: null` leaves (the method|it|them) out\)?$")


def without_misfits(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out inherited methods that do not fit the user's tasks, regions and outcomes.

    A study that takes the tasks out of a preset means no method on them. What the user's own
    file says of a method stays, and is told as a problem. Dynamic causal models of the preset may
    go one by one, where the user's file has its own; so may its mixed models, parts of its elastic
    net and of its clinical statistics.

    Parameters
    ----------
    spec : StudySpec
        The study, each value of its declared type.
    written : collection of key paths
        Places of the user's own file.

    Returns
    -------
    spec : StudySpec
        Without them.
    notices : tuple of str
        A sentence without full stop for each that was left out, with its reason.
    """
    spec, sessions = without_sessions(spec, written)
    spec, networks = without_network_parts(spec, written)
    spec, methods = _without_methods(spec, written, METHODS)
    spec, models = _without_models(spec, written)
    spec, methods_on_models = _without_methods(spec, written, METHODS_ON_MODELS)
    spec, parts = _without_parts(spec, written)
    spec, methods_on_measures = _without_methods(spec, written, METHODS_ON_MEASURES)
    if spec.elastic_net is None:  # nothing is left of what its parts were taken out of
        parts = ()
    spec, clinical_parts = without_clinical_parts(spec, written)
    spec, clinical = _without_methods(spec, written, CLINICAL_METHODS)
    spec, mixed = without_misfit_entries(spec, written, _misfit, section="mixed_models")
    spec, group = without_group_parts(spec, written)
    spec, methods_on_groups = _without_methods(spec, written, METHODS_ON_GROUPS)
    spec, regressions = without_misfit_entries(
        spec, written, _misfit, section="logistic_regressions"
    )
    notices = (*sessions, *networks, *methods, *models, *methods_on_models, *parts)
    notices += (*methods_on_measures, *clinical_parts, *clinical, *mixed)
    return spec, (*notices, *group, *methods_on_groups, *regressions)


def _without_methods(
    spec: StudySpec, written: Collection[KeyPath], methods: Mapping[str, tuple[str, Check]]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out inherited methods that do not fit."""
    notices = []
    for name, (words, check) in methods.items():
        if (name,) in written or getattr(spec, name) is None:
            continue
        reason = _misfit(spec, check)
        if reason:
            notices.append(f"{words} of the preset (`{name}`) is left out: {reason}")
            without: dict[str, Any] = {name: None}
            spec = replace(spec, **without)
    return spec, tuple(notices)


def _without_models(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out inherited dynamic causal models that do not fit, beside the user's own."""
    dcm = spec.dcm
    if dcm is None or all(("dcm", "models", each.name) not in written for each in dcm.models):
        return spec, ()
    kept, notices = [], []
    for model in dcm.models:
        alone = replace(spec, dcm=replace(dcm, models=(model,)))
        inherited = ("dcm", "models", model.name) not in written
        reason = _misfit(alone, check_dcm) if inherited else ""
        if reason:
            notices.append(f"model `{model.name}` of the preset (`dcm`) is left out: {reason}")
        else:
            kept.append(model)
    return replace(spec, dcm=replace(dcm, models=tuple(kept))), tuple(notices)


def _without_parts(
    spec: StudySpec, written: Collection[KeyPath]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Leave out what an inherited elastic net takes of outcomes and covariates that are gone."""
    section = spec.elastic_net
    if section is None:
        return spec, ()
    notices = []
    outcomes = {each.name for each in spec.outcomes} - {section.outcome}
    concurrent = section.concurrent_outcome
    inherited = ("elastic_net", "concurrent_outcome") not in written
    if inherited and concurrent is not None and concurrent not in outcomes:
        notices.append(
            "the third model of the preset's elastic net (`elastic_net.concurrent_outcome`) is "
            f"left out: `{concurrent}` is no other outcome of the study"
        )
        section = replace(section, concurrent_outcome=None)
    covariates = [each.name for each in spec.covariates]
    gone = [name for name in section.baseline_covariates if name not in covariates]
    if ("elastic_net", "baseline_covariates") not in written and gone:
        notices.append(
            "covariates of the preset's baseline models (`elastic_net.baseline_covariates`) are "
            f"left out, for the study does not have them: {', '.join(gone)}"
        )
        kept = [name for name in section.baseline_covariates if name in covariates]
        section = replace(section, baseline_covariates=tuple(kept))
    return replace(spec, elastic_net=section), tuple(notices)


def _misfit(spec: StudySpec, check: Check) -> str:
    """Return the first sentence of a check, without its cure; empty where all is well."""
    found: list[str] = []

    def problem(_: KeyPath, sentence: str) -> None:
        found.append(sentence)

    check(spec, problem)
    return CURE.sub("", found[0]) if found else ""
