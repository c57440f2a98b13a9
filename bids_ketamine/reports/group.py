"""The report of the group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bids_ketamine.reports.figures.canvas import arm_styles
from bids_ketamine.reports.group_data import GroupOutput, read_group, without_individuals
from bids_ketamine.reports.group_elastic_net import elastic_net_problems, elastic_net_view
from bids_ketamine.reports.group_elastic_net_data import read_elastic_net
from bids_ketamine.reports.group_elastic_net_data import without_persons as without_predicted
from bids_ketamine.reports.group_measures import association_pictures, measure_views
from bids_ketamine.reports.group_models import model_sentences
from bids_ketamine.reports.group_peb import peb_problems, peb_views
from bids_ketamine.reports.group_peb_data import read_peb, without_persons
from bids_ketamine.reports.group_peb_words import CAUTION
from bids_ketamine.reports.group_people import (
    exclusion_table,
    flow_table,
    people_table,
    session_order,
)
from bids_ketamine.reports.group_scores import motion_views, outcome_views
from bids_ketamine.reports.group_sentences import warnings
from bids_ketamine.reports.group_tests import KindView, kind_views
from bids_ketamine.reports.methods_facts import run_facts, task_facts
from bids_ketamine.reports.methods_text import group_text, participant_text
from bids_ketamine.reports.render import write_page
from bids_ketamine.reports.views import Column, TableView, Tile
from bids_ketamine.reports.words import counted, text
from bids_ketamine.study.load import Study

#: Arms below this size are called small in the report.
SMALLEST_SAFE = 20


def write_group_report(output_dir: Path, *, study: Study, individual_data: bool) -> Path:
    """Write ``group.html`` from the output tree alone.

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
        If the page cannot be written.
    """
    spec = study.spec
    group, peb = read_group(output_dir, spec=spec), read_peb(output_dir)
    net = read_elastic_net(output_dir)
    if not individual_data:
        labels = sorted({*group.labels, *peb.labels, *net.labels})
        peb = without_persons(peb, arms=group.arms, labels=labels)
        net = without_predicted(net, labels=labels)
        group = without_individuals(group, labels=labels)
    styles = arm_styles(list(group.arms))
    drawn = {arm: styles[arm] for arm in group.arms} or {"all": styles["all"]}
    motion, motion_pictures, motion_legend = motion_views(
        group, spec, styles=drawn, individual_data=individual_data
    )
    outcomes = outcome_views(group, spec, styles=drawn, individual_data=individual_data)
    families = measure_views(group, spec, styles=drawn, individual_data=individual_data)
    kinds = kind_views(group.tests, spec, styles={"all": styles["all"], **drawn})
    circuits = peb_views(
        peb,
        group.record,
        spec,
        arms=group.arms,
        styles={**drawn, "all": styles["all"]},
        individual_data=individual_data,
    )
    problems = peb_problems(peb, spec)
    prediction = elastic_net_view(
        net,
        group.record,
        spec,
        summary=group.summary,
        styles={**drawn, "all": styles["all"]},
        individual_data=individual_data,
    )
    prediction_problems = elastic_net_problems(net, spec)
    sizes = arm_sizes(group)
    associations, association_legend = association_pictures(
        group, styles=drawn | {"all": styles["all"]}, individual_data=individual_data
    )
    return write_page(
        output_dir / "group.html",
        "group.html.j2",
        title=f"Group report \u00b7 {spec.name}",
        kicker="Group report",
        heading=text(group.record.get("GroupStudy"), spec.name),
        subtitle=spec.title or "Imaging measures, treatment and clinical change",
        contents=_contents(
            bool(outcomes),
            kinds,
            has_circuits=bool(circuits or problems),
            has_prediction=bool(prediction or prediction_problems),
        ),
        individual_data=individual_data,
        unreadable=(*group.unreadable, *peb.unreadable, *net.unreadable),
        tiles=_tiles(group, study),
        flow=flow_table(group, spec),
        people=people_table(group, spec, output_dir) if individual_data else None,
        exclusions=exclusion_table(group),
        motion_sentence=text(group.record.get("MotionStep"), ""),
        motion_notes=_motion_notes(group.motion),
        motion=motion,
        motion_pictures=motion_pictures,
        motion_legend=motion_legend,
        outcomes=outcomes,
        families=families,
        warnings=warnings(group.tests, sizes, group.arms, smallest_safe=SMALLEST_SAFE),
        kinds=kinds,
        associations=associations,
        association_legend=association_legend,
        circuits=circuits,
        circuit_problems=problems,
        circuit_caution=CAUTION,
        prediction=prediction,
        prediction_problems=prediction_problems,
        notes=_notes(group, study, individual_data),
        rules=_rules(study),
        methods=group_text(study, facts=group.record),
        first_level=participant_text(
            study,
            runs=_runs(output_dir, individual_data),
            gppi=task_facts(output_dir, "gppi"),
            rsa=task_facts(output_dir, "rsa"),
            dcm=task_facts(output_dir, "dcm"),
        ),
        provenance=_provenance(group),
    )


def _runs(output_dir: Path, individual_data: bool) -> list[dict[str, Any]]:
    """Return the facts of all runs; the ends of a range are values of single persons."""
    personal = () if individual_data else ("VolumesKept", "MeanFramewiseDisplacement")
    return [
        {key: value for key, value in run.items() if key not in personal}
        for run in run_facts(output_dir)
    ]


def _contents(
    has_outcomes: bool, kinds: list[KindView], *, has_circuits: bool, has_prediction: bool
) -> list[tuple[str, str]]:
    contents = [("summary", "Summary"), ("participants", "Participants"), ("motion", "Motion")]
    contents += [("outcomes", "Clinical outcomes")] if has_outcomes else []
    contents += [("measures", "Imaging measures"), ("tests", "Tests")]
    contents += [(kind.anchor, kind.title) for kind in kinds]
    contents += [("effective", "Effective connectivity")] if has_circuits else []
    contents += [("prediction", "Prediction")] if has_prediction else []
    contents += [("notes", "Notes"), ("exclusions", "Exclusions")]
    return [*contents, ("methods", "Methods"), ("provenance", "Provenance")]


def arm_sizes(group: GroupOutput) -> dict[str, int]:
    """Count the participants of each arm with anything in group statistics.

    Parameters
    ----------
    group : GroupOutput
        The tables.
    """
    included = group.participants[group.participants["included"].astype(bool)]
    counts = included.groupby("arm")["participant_id"].nunique()
    everybody = {"all": int(included["participant_id"].nunique())}
    return everybody | {str(arm): int(n) for arm, n in counts.items()}


def _tiles(group: GroupOutput, study: Study) -> list[Tile]:
    people = group.participants
    n_in = people[people["included"].astype(bool)]["participant_id"].nunique()
    n_all = people["participant_id"].nunique()
    sessions = session_order(group, study.spec)
    n_measures = len(group.summary[["measure", "task", "contrast", "regions"]].drop_duplicates())
    p = group.tests["p_value"].dropna()
    n_small, n_false = int((p < 0.05).sum()), int((group.tests["q_value"] < 0.05).sum())
    return [
        Tile("Participants in", f"{n_in}", f"of {n_all}"),
        Tile("Sessions", str(len(sessions)), ", ".join(sessions)),
        Tile("Measures", f"{n_measures:,}"),
        Tile("Tests", f"{len(p):,}", f"{0.05 * len(p):,.1f} with p < .05 expected by chance"),
        Tile("p < .05", f"{n_small:,}", "not corrected"),
        Tile("q < .05", f"{n_false:,}", "false discovery rate"),
    ]


def _motion_notes(motion: pd.DataFrame) -> list[str]:
    if motion.empty:
        return []
    reasons = motion[~motion["applied"].astype(bool)]["reason"].fillna("no reason is given")
    return [
        f"Not adjusted: {counted(int(n), 'measure')} ({reason})."
        for reason, n in reasons.value_counts().head(10).items()
    ]


def _notes(group: GroupOutput, study: Study, individual_data: bool) -> list[str]:
    models = model_sentences(group.record, name_sessions=individual_data)
    record = group.record
    told: list[Any] = [models, record.get("Notes"), study.notices, record.get("Notices")]
    notes = dict.fromkeys(str(note) for notes in told for note in notes or ())
    return [f"{note[:1].upper()}{note[1:]}" for note in notes]


def _rules(study: Study) -> list[str]:
    rules, spec = study.spec.exclusions, study.spec
    sentences = []
    if rules.maximum_mean_fd is not None:
        sentences.append(
            f"A task with a mean FD above {rules.maximum_mean_fd:g} mm over its runs is out."
        )
    if rules.minimum_volumes is not None:
        sentences.append(f"A task with fewer than {rules.minimum_volumes} volumes kept is out.")
    if rules.minimum_coverage is not None:
        sentences.append(
            f"A measure of a region covered under {100 * rules.minimum_coverage:g} % is out."
        )
    if rules.file is not None:
        name = Path(rules.file).name
        sentences.append(f"What the table `{name}` lists is out.")
    if not sentences:
        sentences.append("The study sets no limit of motion or volumes and gives no list.")
    if spec.regions is not None:
        sentences.append(
            f"A region of which less than {100 * spec.regions.minimum_coverage:g} % is covered has "
            "no value."
        )
    if spec.changes:
        sentences.append(
            "What is out in one session is out of the sessions it is compared with, so that both "
            "ends of a change have the same participants."
        )
    return sentences


def _provenance(group: GroupOutput) -> TableView:
    names = ("GroupStudy", "StudyHash", "SoftwareVersion")
    rows = tuple((name, text(group.record.get(name))) for name in names)
    return TableView("What the group level was made from", (Column("What"), Column("Value")), rows)
