"""Rules that span several settings of a study."""

from __future__ import annotations

import re

from bids_ketamine.study.check_cifti import check_cifti
from bids_ketamine.study.check_clinical import (
    check_behaviour,
    check_crossover,
    check_repeated_measures,
    check_symptom_dimensions,
    check_table_one,
)
from bids_ketamine.study.check_confounds import check_confounds
from bids_ketamine.study.check_connectivity import check_connectivity
from bids_ketamine.study.check_course import (
    check_clinical_course,
    check_logistic_regressions,
    check_primary_outcomes,
    check_score_correlations,
)
from bids_ketamine.study.check_dcm import check_dcm
from bids_ketamine.study.check_elastic_net import check_elastic_net
from bids_ketamine.study.check_mixed import check_mixed_models
from bids_ketamine.study.check_network_groups import (
    check_controls,
    check_edge_statistics,
    check_reliability,
    check_volumes,
)
from bids_ketamine.study.check_networks import check_cleaning, check_networks
from bids_ketamine.study.check_peb import check_peb
from bids_ketamine.study.check_sessions import check_sessions
from bids_ketamine.study.check_similarity import check_similarity
from bids_ketamine.study.check_tasks import check_glm, check_tasks
from bids_ketamine.study.document import KeyPath, Problem
from bids_ketamine.study.spec import (
    OWN_SEGMENTATION,
    CovariateSpec,
    OutcomeSpec,
    RegionSpec,
    StudySpec,
    WholeAtlasSpec,
)

#: What a region may be made of, one of them.
REGION_SOURCES = ("atlas", "dseg", "mask", "spheres", "columns")

#: What is said of a source, and goes with it.
SOURCE_DETAILS = ("labels", "label_table", "space")

#: Surfaces of the cortex, in the order of their files.
HEMISPHERES = ("left", "right")

#: Name of a table: no folder, nothing hidden.
TABLE_NAME = re.compile(r"\w[\w .+-]*")


def check_study(spec: StudySpec, problem: Problem) -> None:
    """Report every rule that a study breaks.

    Parameters
    ----------
    spec : StudySpec
        The study, each value of its declared type.
    problem : callable
        Called with the place in the file and a sentence.
    """
    check_sessions(spec, problem)
    check_cifti(spec, problem)
    _check_regions(spec, problem)
    check_tasks(spec, problem)
    check_glm(spec.glm, problem)
    check_confounds(spec.glm.confounds, ("glm", "confounds"), problem)
    check_connectivity(spec, problem)
    check_cleaning(spec, problem)
    check_networks(spec, problem)
    check_volumes(spec, problem)
    check_similarity(spec, problem)
    check_dcm(spec, problem)
    check_peb(spec, problem)
    check_elastic_net(spec, problem)
    check_table_one(spec, problem)
    check_repeated_measures(spec, problem)
    check_behaviour(spec, problem)
    check_symptom_dimensions(spec, problem)
    check_crossover(spec, problem)
    check_mixed_models(spec, problem)
    check_clinical_course(spec, problem)
    check_score_correlations(spec, problem)
    check_logistic_regressions(spec, problem)
    check_primary_outcomes(spec, problem)
    check_edge_statistics(spec, problem)
    check_controls(spec, problem)
    check_reliability(spec, problem)
    _check_labels(spec, problem)
    _check_tables(spec, problem)
    _check_outcomes(spec, problem)
    if spec.arms is not None and len(set(spec.arms.levels)) != len(spec.arms.levels):
        problem(("arms", "levels"), "arms.levels names an arm twice")
    if spec.arms is not None and "all" in spec.arms.levels:
        problem(("arms", "levels"), "arms.levels: `all` stands for all arms together")
    computed = (spec.tasks, spec.rest, spec.volumes, spec.outcomes, spec.table_one)
    if not any(computed):
        problem(
            (),
            "the study has neither tasks, nor rest, nor volumes, nor outcomes: nothing to compute",
        )
    if (spec.tasks or spec.rest) and spec.regions is None:
        problem((), "tasks and rest need `regions`")


def _check_regions(spec: StudySpec, problem: Problem) -> None:
    regions = spec.regions
    if regions is None:
        return
    if not regions.definitions and not regions.whole_atlases and not regions.all_columns:
        problem(("regions",), "regions has no definitions")
    if regions.midthickness and len(set(regions.midthickness)) != len(HEMISPHERES):
        problem(
            ("regions", "midthickness"),
            "regions.midthickness is two files, the left surface and the right one, not "
            f"{len(set(regions.midthickness))}",
        )
    if regions.all_columns and spec.inputs.timeseries_atlas is None:
        problem(
            ("regions", "all_columns"),
            "regions.all_columns needs region time series: set inputs.timeseries_atlas",
        )
    for region in regions.definitions:
        where = ("regions", "definitions", region.name)
        _check_region_name(region.name, where, problem)
        kinds = _kinds(region)
        if len(kinds) != 1:
            found = "none of them" if not kinds else " and ".join(kinds)
            problem(
                where,
                f"region `{region.name}` needs one of {', '.join(REGION_SOURCES)}; it has {found}",
            )
        _check_source(region, where, problem)
    for atlas in regions.whole_atlases:
        where = ("regions", "whole_atlases", atlas.name)
        if atlas.atlas and atlas.dseg:
            problem(where, f"whole atlas `{atlas.name}` has both `atlas` and `dseg`; keep one")
        if (atlas.atlas or atlas.name) == OWN_SEGMENTATION and not atlas.dseg:
            problem(
                where,
                "the participant's own segmentation has too many labels for regions: name those "
                "you want under regions.definitions (`{atlas: aseg, labels: [Left-Amygdala]}`)",
            )
        _check_source(atlas, where, problem)


def _check_region_name(name: str, where: KeyPath, problem: Problem) -> None:
    if "~" in name:
        problem(where, f"region `{name}`: `~` joins the two regions of a pair")
    if not name.strip() or not name.isprintable():
        problem(where, f"region `{name!r}`: a name is made of visible characters")


def _check_source(region: RegionSpec | WholeAtlasSpec, where: KeyPath, problem: Problem) -> None:
    """Refuse keys that say nothing about the kind of source a region has."""
    name = region.name
    if region.label_table and not region.dseg:
        problem(where, f"`{name}`: label_table belongs to dseg")
    if region.space and isinstance(region, RegionSpec) and (region.atlas or region.columns):
        problem(where, f"`{name}`: space belongs to mask, dseg or spheres")
    if isinstance(region, WholeAtlasSpec):
        return
    if region.labels and not (region.dseg or region.atlas):
        problem(where, f"region `{name}`: labels belong to atlas or dseg")
    if any(len(centre) != 3 for centre in region.spheres):
        problem(where, f"region `{name}`: a sphere's centre is three numbers, x y z in mm")


def _kinds(region: RegionSpec) -> list[str]:
    return [kind for kind in REGION_SOURCES if getattr(region, kind)]


def _check_labels(spec: StudySpec, problem: Problem) -> None:
    """Refuse two analyses of one `task` entity: their files would have the same names."""
    labels: list[tuple[KeyPath, str, str]] = [
        (("tasks", task.name), task.name, task.label) for task in spec.tasks
    ]
    if spec.rest is not None:
        labels.append((("rest",), "rest", spec.rest.task))
    seen: dict[str, str] = {}
    for where, name, label in labels:
        if label in seen:
            problem(where, f"`{name}` and `{seen[label]}` read the same task `{label}`")
        seen.setdefault(label, name)


def _check_tables(spec: StudySpec, problem: Problem) -> None:
    """Refuse tables outside phenotype/."""
    variables = spec.table_one.variables if spec.table_one is not None else ()
    named: tuple[tuple[str, tuple[OutcomeSpec | CovariateSpec, ...]], ...] = (
        ("outcomes", spec.outcomes),
        ("covariates", spec.covariates),
        ("table_one.variables", variables),
    )
    for section, entries in named:
        for entry in entries:
            if not TABLE_NAME.fullmatch(entry.table):
                problem(
                    (*section.split("."), entry.name, "table"),
                    f"{section}.{entry.name}.table is the name of a table in phenotype/, not "
                    f"`{entry.table}`",
                )


def _check_outcomes(spec: StudySpec, problem: Problem) -> None:
    changes = [change.name for change in spec.changes]
    for outcome in spec.outcomes:
        where = ("outcomes", outcome.name)
        sources = [
            name
            for name in ("column", "items", "columns", "change_column")
            if getattr(outcome, name)
        ]
        if len(sources) != 1:
            found = "none of them" if not sources else " and ".join(sources)
            problem(
                where,
                f"outcome `{outcome.name}` needs one of column, items, columns, change_column; "
                f"it has {found}",
            )
        if outcome.change is not None and outcome.change not in changes:
            problem(where, f"outcome `{outcome.name}`: no change is named `{outcome.change}`")
        if outcome.change is None and not outcome.change_column and not changes:
            problem(where, f"outcome `{outcome.name}` needs a change between two sessions")
        sessions = {session.name for session in spec.sessions}
        for name in outcome.columns or {}:
            if name not in sessions:
                problem(where, f"outcome `{outcome.name}`: no session is named `{name}`")
