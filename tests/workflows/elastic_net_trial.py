"""A trial of up to 16 participants with measures and covariates that are made up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import Study, load_study
from tests.workflows.test_group import ARMS, STUDY, Trial

OUTCOMES = """
outcomes:
  caps5: {table: caps5, column: total}
  madrs: {table: participants, change_column: madrs_change}
"""
COVARIATES = """
covariates:
  age: {}
  gender: {kind: categorical}
  income: {kind: ordered, levels: [low, middle, high]}
  thc: {optional: true}
"""
#: Few of everything: what is computed is the core's business.
QUICK = (
    "l1_ratios: [1], n_penalties: 8, folds: 4, repeats: 2, permutations: 5, stop_at: 2, "
    "bootstraps: 3"
)
NET = (
    "elastic_net: {outcome: caps5, concurrent_outcome: madrs, "
    f"baseline_covariates: [income], {QUICK}}}\n"
)
WHOLE = STUDY + ARMS + OUTCOMES + COVARIATES + NET

#: Participants, the arms in turn.
PEOPLE = [f"sub-{number:02d}" for number in range(1, 17)]
IN_ARMS = {name: ("midazolam", "ketamine")[k % 2] for k, name in enumerate(PEOPLE)}
SESSIONS = ("pre", "post")

#: Measures of each session; the first one's change goes with improvement.
MEASURES = (
    ("activation", "faces", "facesGtShapes", "amygdala", "percent"),
    ("activation", "faces", "facesGtShapes", "insula", "percent"),
    ("resting_connectivity", "rest", None, "amygdala~insula", "Fisher z"),
    ("dcm", "faces", "circuit connection", "amygdala > insula", "Hz"),
)
NAMES = (
    "activation faces facesGtShapes amygdala",
    "activation faces facesGtShapes insula",
    "resting_connectivity rest amygdala~insula",
)


def made_up(seed: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return improvement (n,), values and displacements (n, sessions, measures)."""
    rng = np.random.default_rng(seed)
    shape = (len(PEOPLE), len(SESSIONS), len(MEASURES))
    improvement = np.round(rng.normal(12, 8, len(PEOPLE)), 1)
    values = rng.normal(0.2, 0.1, shape)
    values[:, 1, 0] = values[:, 0, 0] - 0.02 * improvement
    return improvement, values, rng.uniform(0.1, 0.3, shape)


class NetTrial(Trial):
    """A trial whose numbers are made in code; the study is read once."""

    def __init__(self, folder: Path, study: str = WHOLE, *, n: int = len(PEOPLE)) -> None:
        folder.mkdir(exist_ok=True)
        self.read: dict[str, Study] = {}
        super().__init__(folder, study)
        self.people = PEOPLE[:n]
        self.improvement, self.values, self.fd = (each[:n] for each in made_up())
        self.madrs = np.round(0.5 * self.improvement, 1)
        self.age = 30.0 + np.arange(n) % 7
        self.gender = [("female", "male", "female")[k % 3] for k in range(len(self.people))]

    @property
    def study(self) -> Study:
        """The study, read again only after its file has changed."""
        text = self.study_file.read_text(encoding="utf-8")
        if text not in self.read:
            self.read[text] = load_study(str(self.study_file))
        return self.read[text]

    def tables(self, **columns: Any) -> None:
        """Write participants.tsv and the scores; a column that is None is left out."""
        table = pd.DataFrame({"participant_id": self.people})
        table["arm"] = table["participant_id"].map(IN_ARMS)
        table["madrs_change"] = -self.madrs
        table["age"] = self.age
        table["gender"] = self.gender
        table["income"] = [("low", "middle", "high")[k % 3] for k in range(len(self.people))]
        for name, cells in columns.items():
            table = table.drop(columns=name) if cells is None else table.assign(**{name: cells})
        table.to_csv(self.bids / "participants.tsv", sep="\t", index=False, na_rep="n/a")
        self.scores(
            {
                name: (60.0 - k, 60.0 - k - better)
                for k, (name, better) in enumerate(zip(self.people, self.improvement, strict=True))
            }
        )

    def everybody(self, without: Mapping[str, int] | None = None) -> None:
        """Write all sessions; a measure (by place) may have no value in a participant."""
        for one, participant in enumerate(self.people):
            for two, session in enumerate(SESSIONS):
                rows = []
                for place, (measure, task, contrast, regions, unit) in enumerate(MEASURES):
                    lacks = without is not None and without.get(participant) == place
                    rows.append(
                        {
                            "measure": measure,
                            "task": task,
                            "contrast": contrast,
                            "regions": regions,
                            "unit": unit,
                            "value": np.nan if lacks else self.values[one, two, place],
                            "mean_fd": self.fd[one, two, place],
                            "reason": "no voxels" if lacks else "",
                        }
                    )
                self.session(participant, session, rows)

    def net(self, name: str = "") -> pd.DataFrame:
        """Return a table of the elastic net."""
        return read_table(self.output / "group" / f"group_elastic_net{name and '_'}{name}.tsv")

    @property
    def net_record(self) -> dict[str, Any]:
        found: Any = self.record["ElasticNet"]
        return found
