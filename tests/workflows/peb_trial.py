"""A trial whose participants have dynamic causal models with posteriors that are made up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.core.dcm.priors import dcm_priors
from bids_ketamine.core.dcm.structure import parameter_labels
from bids_ketamine.interfaces.dcm_model import structure_of
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.dcm_names import inputs_of
from bids_ketamine.study.load import Study, load_study
from bids_ketamine.study.spec import DcmModelSpec
from tests.workflows.test_group import ARMS, OUTCOME, STUDY, Trial

DCM = """
dcm:
  models:
    circuit:
      task: faces
      regions: [amygdala, insula]
      driving: {faces: [amygdala]}
      modulations: {"amygdala > insula": [faces], "insula > amygdala": [faces]}
"""
PEB = "peb: {outcome: caps5}\n"
WHOLE = STUDY + DCM + PEB + ARMS + OUTCOME

FORTH, BACK = "amygdala > insula by faces", "insula > amygdala by faces"

#: Twelve participants, the arms in turn.
PEOPLE = [f"sub-{number:02d}" for number in range(1, 13)]
IN_ARMS = {name: ("midazolam", "ketamine")[k % 2] for k, name in enumerate(PEOPLE)}
IMPROVEMENT = dict(
    zip(PEOPLE, (2.0, 11.0, 5.0, 14.0, 8.0, 20.0, 1.0, 17.0, 6.0, 9.0, 3.0, 23.0), strict=True)
)

#: Posterior standard deviation of all free parameters.
DEVIATION = 0.05

FACTS: Mapping[str, Any] = {
    "Model": "circuit",
    "Task": "faces",
    "Reason": "",
    "FreeEnergy": -100.0,
    "ExplainedVariance": 0.4,
    "Flat": False,
    "Converged": True,
    "Stalled": False,
    "Notes": [],
}


def write_estimate(
    measures: Path,
    model: DcmModelSpec,
    values: Mapping[str, float],
    *,
    facts: Mapping[str, Any] = FACTS,
    deviation: float = DEVIATION,
) -> Path:
    """Write a model beside a session's measures: parameters that are not named are at the prior."""
    structure, inputs = structure_of(model), list(inputs_of(model))
    labels = parameter_labels(structure, regions=model.regions, inputs=inputs)
    prior = dcm_priors(structure)
    mean = prior.mean.copy()
    names = [label.name for label in labels]
    for name, value in values.items():
        mean[names.index(name)] = value
    covariance = np.zeros_like(prior.covariance)
    covariance[structure.free, structure.free] = np.minimum(
        deviation**2, 0.9 * np.diagonal(prior.covariance)[structure.free]
    )
    stem = measures.name.removesuffix("_measures.tsv")
    path = measures.parent / "func" / f"{stem}_task-emotion_atlas-tiny_model-{model.name}"
    path = path.with_name(path.name + "_desc-dcm_estimates.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path.with_suffix(".npz"),
        parameter_names=np.array(names),
        regions=np.array(model.regions),
        inputs_names=np.array(inputs),
        free=structure.free,
        connections=structure.connections,
        modulations=structure.modulations,
        driving=structure.driving,
        prior_mean=prior.mean,
        prior_covariance=prior.covariance,
        posterior_mean=mean,
        posterior_covariance=covariance,
        free_energy=np.array(facts["FreeEnergy"]),
    )
    parameters = [{"Name": names[each], "PosteriorMean": mean[each]} for each in structure.free]
    path.write_text(json.dumps({**facts, "Parameters": parameters}), encoding="utf-8")
    return path


class PebTrial(Trial):
    """A trial with models; its numbers are made in code."""

    def __init__(
        self,
        folder: Path,
        study: str = WHOLE,
        arms: Mapping[str, str] = IN_ARMS,
        improvement: Mapping[str, float] = IMPROVEMENT,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.read: dict[str, Study] = {}
        self.n_estimated = 0
        super().__init__(folder, study)
        self.participants(arms)
        self.scores({name: (50.0, 50.0 - better) for name, better in improvement.items()})

    @property
    def study(self) -> Study:
        """The study, read again only after its file has changed."""
        text = self.study_file.read_text(encoding="utf-8")
        if text not in self.read:
            self.read[text] = load_study(str(self.study_file))
        return self.read[text]

    def estimated(
        self,
        participant: str,
        session: str,
        values: Mapping[str, float],
        *,
        model: str = "circuit",
        coverage: float = 1.0,
        **facts: Any,
    ) -> Path:
        """Write measures and the model of a session."""
        self.n_estimated += 1  # no two estimations end with the same free energy
        energy = {"FreeEnergy": FACTS["FreeEnergy"] - 1e-9 * self.n_estimated}
        told = {**FACTS, **energy, "Model": model, **facts}
        row = {
            "measure": "dcm",
            "contrast": f"{model} connection",
            "regions": "amygdala > insula",
            "unit": "Hz",
            "value": 0.1,
            "coverage": coverage,
        }
        self.session(participant, session, [row], models=[told])
        path = next(self.output.glob(f"{participant}/ses-{session}/*_measures.tsv"))
        spec = next(each for each in self.study.spec.dcm.models if each.name == model)
        return write_estimate(path, spec, values, facts=told)

    def everybody(self, *, slope: float = 0.01, people: Sequence[str] = PEOPLE) -> None:
        """Write models whose change of a modulation goes with improvement, in ketamine alone."""
        rng = np.random.default_rng(3)
        for name in people:
            base, noise = rng.normal(0.3, 0.05), rng.normal(0.0, 0.01, size=(2, 2))
            gain = slope * IMPROVEMENT[name] if IN_ARMS[name] == "ketamine" else 0.0
            for position, session in enumerate(("pre", "post")):
                values = {
                    FORTH: base + position * gain + noise[position, 0],
                    BACK: -0.2 + noise[position, 1],
                }
                self.estimated(name, session, values)

    def peb(self, name: str = "") -> pd.DataFrame:
        """Return a table of parametric empirical Bayes."""
        return read_table(self.output / "group" / f"group_peb{name and '_'}{name}.tsv")

    @property
    def peb_record(self) -> dict[str, Any]:
        (found,) = self.record["ParametricEmpiricalBayes"]
        return found
