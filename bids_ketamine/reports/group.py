"""The report of the group, in the order of a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bids_ketamine.reports.figure_files import FOLDER, Titled, write_figure_files
from bids_ketamine.reports.group_anova import anova_problems, anova_views
from bids_ketamine.reports.group_clinical import behaviour_view, course_views, table_one_view
from bids_ketamine.reports.group_contents import contents, figure_heading
from bids_ketamine.reports.group_course import course_problems, course_sections
from bids_ketamine.reports.group_dimensions import dimension_problems, dimension_views
from bids_ketamine.reports.group_elastic_net import elastic_net_problems, elastic_net_view
from bids_ketamine.reports.group_flow import flow_view
from bids_ketamine.reports.group_main_results import main_results
from bids_ketamine.reports.group_measures import association_pictures, measure_views
from bids_ketamine.reports.group_mixed import mixed_problems, mixed_views
from bids_ketamine.reports.group_motion import motion_views
from bids_ketamine.reports.group_networks import network_problems, network_views
from bids_ketamine.reports.group_overview import (
    arm_sizes,
    counted_words,
    motion_notes,
    notes,
    provenance,
    rules,
    tiles,
)
from bids_ketamine.reports.group_peb import peb_problems, peb_views
from bids_ketamine.reports.group_peb_words import CAUTION
from bids_ketamine.reports.group_people import exclusion_table, flow_table, people_table
from bids_ketamine.reports.group_plan import marks, plan_view
from bids_ketamine.reports.group_results import GroupResults, read_results
from bids_ketamine.reports.group_sensitivity import sensitivity_views
from bids_ketamine.reports.group_sentences import warnings
from bids_ketamine.reports.group_tests import kind_views
from bids_ketamine.reports.methods_facts import run_facts, task_facts
from bids_ketamine.reports.methods_text import group_text, participant_text
from bids_ketamine.reports.render import write_page
from bids_ketamine.reports.words import capitalized, listed, text
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import StudySpec

#: Arms below this size are called small in the report.
SMALLEST_SAFE = 20

View = dict[str, Any]


def write_group_report(output_dir: Path, *, study: Study, individual_data: bool) -> Path:
    """Write ``group.html``, and its figures as files, from the output tree alone.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    study : Study
        The study that was run.
    individual_data : bool
        Whether rows, labels and marks of single participants may be in the page. Without
        them, means of fewer than three participants are left out too.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputMissingError
        If there is no group level.
    CannotCreateError, ReadWriteError
        If the page or a figure cannot be written.
    """
    spec = study.spec
    results = read_results(output_dir, spec, individual_data=individual_data)
    record = results.group.record
    views = {
        **_people(results, spec, output_dir),
        **_clinical(results, spec),
        **_networks(results, spec),
        **_imaging(results, spec),
        **_connectivity(results, spec),
    }
    views["sensitivity"] = sensitivity_views(
        spec,
        tests=results.group.tests,
        clinical=results.clinical.tables,
        peb_effects=results.peb.effects,
        summary=results.group.summary,
    )
    views["plan"] = plan_view(record)
    page = write_page(
        output_dir / "group.html",
        "group.html.j2",
        title=f"Group report \u00b7 {spec.name}",
        kicker="Group report",
        heading=text(record.get("GroupStudy"), spec.name),
        subtitle=spec.title or _subtitle(spec),
        contents=contents(views, has_imaging=views["has_imaging"]),
        individual_data=individual_data,
        unreadable=results.unreadable,
        tiles=tiles(results, spec),
        main_results=main_results(results, spec, views),
        marks=marks(record, spec),
        notes=notes(record, study, individual_data=individual_data),
        rules=rules(spec),
        methods=group_text(study, facts=record),
        first_level=_first_level(study, output_dir, individual_data) if spec.has_imaging else None,
        provenance=provenance(record),
        **views,
    )
    outcomes = {
        "circuits": spec.peb.outcome if spec.peb is not None else "",
        "prediction": spec.elastic_net.outcome if spec.elastic_net is not None else "",
    }
    titled = [
        Titled(figure_heading(name, outcomes.get(name) or ""), held) for name, held in views.items()
    ]
    write_figure_files(output_dir / "group" / FOLDER, *titled)
    return page


def _subtitle(spec: StudySpec) -> str:
    """Return what the study looks at."""
    looked = ["imaging measures"] if spec.has_imaging else []
    looked += ["treatment"] if spec.arms is not None else []
    looked += ["clinical change"] if spec.outcomes else []
    return capitalized(listed(looked))


def _people(results: GroupResults, spec: StudySpec, output_dir: Path) -> View:
    """Return who took part, and who is left out."""
    group = results.group
    return {
        "flow": flow_view(
            results.clinical.tables["group_flow"],
            arms=results.arms,
            styles=results.styles,
            counted_words=counted_words(group.record, spec),
        ),
        "imaged": flow_table(group, spec),
        "people": people_table(group, spec, output_dir) if results.individual_data else None,
        "exclusions": exclusion_table(group),
    }


def _clinical(results: GroupResults, spec: StudySpec) -> View:
    """Return baseline, scores, behaviour, and models of scores."""
    clinical, shared = results.clinical, _shared(results)
    summary = results.group.summary
    return {
        "baseline": table_one_view(clinical, spec, **shared),
        "courses": course_views(clinical, results.group, spec, **shared),
        "visits": course_sections(results.course, spec, styles=results.styles),
        "visit_problems": course_problems(results.course, spec),
        "behaviour": behaviour_view(clinical, spec, **shared),
        "anova": anova_views(clinical, spec, record=results.group.record, arms=results.arms),
        "mixed": mixed_views(clinical, spec, summary=summary, **shared),
        "dimensions": dimension_views(clinical, spec, summary=summary, **shared),
        "model_problems": [
            *anova_problems(clinical, spec),
            *mixed_problems(clinical, spec),
            *dimension_problems(clinical, spec),
        ],
    }


def _shared(results: GroupResults) -> View:
    return {
        "arms": results.arms,
        "styles": results.styles,
        "individual_data": results.individual_data,
    }


def _networks(results: GroupResults, spec: StudySpec) -> View:
    """Return resting networks and brain volumes."""
    return {
        "networks": network_views(
            results.networks,
            spec,
            group=results.group,
            clinical=results.clinical,
            styles=results.styles,
            individual_data=results.individual_data,
        ),
        "network_problems": network_problems(results.networks, spec),
    }


def _imaging(results: GroupResults, spec: StudySpec) -> View:
    """Return motion, measures and their tests."""
    group, drawn = results.group, results.drawn
    individual = results.individual_data
    motion, pictures, legend = motion_views(
        group, results.clinical, spec, styles=drawn, individual_data=individual
    )
    everybody = {"all": results.styles["all"]}
    associations, association_legend = association_pictures(
        group, styles=drawn | everybody, individual_data=individual
    )
    return {
        "has_imaging": spec.has_imaging or not group.participants.empty,
        "motion_sentence": text(group.record.get("MotionStep"), ""),
        "motion_notes": motion_notes(group.motion),
        "motion": motion,
        "motion_pictures": pictures,
        "motion_legend": legend,
        "families": measure_views(group, spec, styles=drawn, individual_data=individual),
        "warnings": warnings(
            group.tests, arm_sizes(group), group.arms, smallest_safe=SMALLEST_SAFE
        ),
        "kinds": kind_views(group.tests, spec, styles={**everybody, **drawn}),
        "associations": associations,
        "association_legend": association_legend,
    }


def _connectivity(results: GroupResults, spec: StudySpec) -> View:
    """Return effective connectivity and prediction."""
    group, individual = results.group, results.individual_data
    styles = {**results.drawn, "all": results.styles["all"]}
    return {
        "circuits": peb_views(
            results.peb,
            group.record,
            spec,
            arms=group.arms,
            styles=styles,
            individual_data=individual,
        ),
        "circuit_problems": peb_problems(results.peb, spec),
        "circuit_caution": CAUTION,
        "prediction": elastic_net_view(
            results.net,
            group.record,
            spec,
            summary=group.summary,
            styles=styles,
            individual_data=individual,
        ),
        "prediction_problems": elastic_net_problems(results.net, spec),
    }


def _first_level(study: Study, output_dir: Path, individual_data: bool) -> Any:
    """Return the participant level's methods; ends of ranges are values of single persons."""
    personal = () if individual_data else ("VolumesKept", "MeanFramewiseDisplacement")
    runs = [
        {key: value for key, value in run.items() if key not in personal}
        for run in run_facts(output_dir)
    ]
    return participant_text(
        study,
        runs=runs,
        gppi=task_facts(output_dir, "gppi"),
        rsa=task_facts(output_dir, "rsa"),
        dcm=task_facts(output_dir, "dcm"),
    )
