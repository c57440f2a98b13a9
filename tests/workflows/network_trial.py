"""A trial of resting networks, made cell by cell: tables, measures, matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bids_ketamine._version import __version__
from bids_ketamine.core.group.outcomes import outcomes_table
from bids_ketamine.dataset.outcomes import outcome_scores
from bids_ketamine.outputs.collect import collect_outputs
from bids_ketamine.outputs.measures import MEASURE_COLUMNS, measures_table
from bids_ketamine.outputs.provenance import study_hash
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.study.load import load_study
from bids_ketamine.study.spec import StudySpec
from bids_ketamine.workflows.group_data import GroupData, select_data
from bids_ketamine.workflows.group_networks import group_networks
from bids_ketamine.workflows.group_sources import People, find_people, unreliable_sessions

NAN = float("nan")

STUDY = """
name: tiny
sessions:
  pre1: {label: pre1}
  pre2: {label: pre2}
  baseline: {mean_of: [pre1, pre2]}
  post: {label: post}
changes:
  change: {first: baseline, second: post}
  normal_variability: {first: pre1, second: pre2}
regions:
  atlas: tiny
  minimum_coverage: 0.5
  definitions:
    a: {spheres: [[-4, 26, -10]], radius: 8}
    b: {spheres: [[4, 26, -10]], radius: 8}
    c: {spheres: [[40, -70, -10]], radius: 8}
rest: {task: rest, pairs: false}
cleaning: {models: [30P, 24P]}
networks:
  regions: {visual: [c], limbic: [a, b]}
  within: [limbic]
  between: {limbic_visual: [limbic, visual]}
arms: {column: group, levels: [control, patient]}
group: {residualize_motion: false}
"""
OUTCOME = "outcomes: {madrs: {table: madrs, column: total, improvement: decrease}}\n"
REGIONS = ("a", "b", "c")


def with_a_visit(study: str) -> str:
    """Return a study whose first change leads to a visit of scores alone."""
    study = study.replace("  post: {label", "  day1: {scanned: false}\n  post: {label", 1)
    return study.replace("changes:\n", "changes:\n  acute: {first: baseline, second: day1}\n", 1)


class NetworkTrial:
    """A dataset, its output tree and a study."""

    def __init__(self, folder: Path, study: str = STUDY) -> None:
        self.bids, self.output = folder / "bids", folder / "out"
        (self.bids / "phenotype").mkdir(parents=True)
        (self.bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
        self.study_file = folder / "study.yml"
        self.study_file.write_text(study)

    @property
    def spec(self) -> StudySpec:
        return load_study(str(self.study_file)).spec

    def participants(self, groups: Mapping[str, str], **columns: Sequence[object]) -> None:
        table = pd.DataFrame({"participant_id": list(groups), "group": list(groups.values())})
        table = table.assign(**{name: list(cells) for name, cells in columns.items()})
        table.to_csv(self.bids / "participants.tsv", sep="\t", index=False, na_rep="n/a")

    def scores(self, scores: Mapping[str, Sequence[float]], sessions: Sequence[str]) -> None:
        rows = [
            {"participant_id": who, "session_id": f"ses-{session}", "total": score}
            for who, each in scores.items()
            for session, score in zip(sessions, each, strict=True)
        ]
        path = self.bids / "phenotype" / "madrs.tsv"
        pd.DataFrame(rows).to_csv(path, sep="\t", index=False, na_rep="n/a")

    def session(
        self,
        participant: str,
        session: str,
        networks: Mapping[str, float] | None = None,
        *,
        volumes: Mapping[str, float] | None = None,
        kind: str = "network_connectivity",
        mean_fd: float = 0.1,
        minutes: float | None = 10.0,
        n_volumes: float = 300.0,
        reason: str = "",
    ) -> None:
        """Write the measures of a session."""
        usual = {
            "participant_id": participant,
            "session_id": f"ses-{session}",
            "session": session,
            "contrast": None,
        }
        rest = {"task": "rest", "unit": "Fisher z", "mean_fd": mean_fd, "n_volumes_kept": n_volumes}
        rows: list[dict[str, object]] = [
            {**usual, **rest, "measure": kind, "regions": name, "value": value, "reason": reason}
            for name, value in (networks or {"limbic": 0.2}).items()
        ]
        volume = {"task": "anat", "unit": "share of intracranial volume", "measure": "volume"}
        rows += [
            {**usual, **volume, "regions": name, "value": value}
            for name, value in (volumes or {}).items()
        ]
        cleaning = {} if minutes is None else {"Cleaning": {"Minutes": minutes}}
        write_table(
            self._folder(participant, session) / f"{participant}_ses-{session}_measures.tsv",
            measures_table([pd.DataFrame(rows)]),
            columns=MEASURE_COLUMNS,
            extra={
                "StudyHash": study_hash(self.spec),
                "SoftwareVersion": __version__,
                "Missing": [],
                "Runs": [],
                **cleaning,
            },
        )

    def matrix(
        self,
        participant: str,
        session: str,
        edges: Sequence[float],
        regions: Sequence[str] = REGIONS,
        *,
        coverage: Sequence[float] | None = None,
        networks: Mapping[str, str] | None = None,
    ) -> Path:
        """Write a matrix from Fisher z of its edges, and the table of its regions if asked for."""
        correlation = np.eye(len(regions))
        place = np.triu_indices(len(regions), k=1)
        correlation[place] = np.tanh(edges)
        correlation.T[place] = np.tanh(edges)
        table = pd.DataFrame(correlation, columns=list(regions))
        table.insert(0, "Node", list(regions))
        stem = f"{participant}_ses-{session}_task-rest_space-MNI_atlas-tiny"
        folder = self._folder(participant, session) / "func"
        described = {name: {"Description": name} for name in ("Node", *regions)}
        path = folder / f"{stem}_stat-pearsoncorrelation_relmat.tsv"
        write_table(path, table, columns=described)
        if coverage is not None:
            quality = pd.DataFrame(
                {
                    "region": list(regions),
                    "networks": [(networks or {}).get(name, "") for name in regions],
                    "coverage": list(coverage),
                    "reason": "",
                }
            )
            write_table(
                folder / f"{stem}_regions.tsv",
                quality,
                columns={name: {"Description": name} for name in quality.columns},
            )
        return path

    def _folder(self, participant: str, session: str) -> Path:
        return self.output / participant / f"ses-{session}"

    def results(self, seed: int | None = None) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
        """Return what the group level makes of it."""
        spec = self.spec
        collected = collect_outputs(self.output, spec)
        people = find_people(self.bids, spec, collected)
        return group_networks(
            spec,
            bids_dir=self.bids,
            people=people,
            outcomes=outcomes_table(
                scores=outcome_scores(self.bids, spec),
                participants=people.participants,
                arms=people.arms,
            ),
            data=self.data(people),
            collected=collected,
            random_seed=seed,
        )

    def data(self, people: People) -> GroupData:
        collected = collect_outputs(self.output, self.spec)
        unreliable = unreliable_sessions(self.bids, self.spec, collected)
        return select_data(self.bids, self.spec, collected, people, unreliable)


def patients_and_controls(n_patients: int, n_controls: int) -> dict[str, str]:
    """Return groups by participant: sub-01 and so on are patients, sub-51 and so on controls."""
    return {f"sub-{one:02d}": "patient" for one in range(1, n_patients + 1)} | {
        f"sub-{one:02d}": "control" for one in range(51, 51 + n_controls)
    }
