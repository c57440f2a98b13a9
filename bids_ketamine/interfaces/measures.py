"""The last step of a participant-session: measures table, and everything into the output."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from nipype.interfaces.base import traits

from bids_ketamine._version import __version__
from bids_ketamine.dataset.inputs import SessionInputs
from bids_ketamine.interfaces.dcm_runs import CIRCUIT_FILE
from bids_ketamine.interfaces.step import Step, StepInputSpec, read_step
from bids_ketamine.outputs.measures import MEASURE_COLUMNS, measures_table
from bids_ketamine.outputs.patterns import output_name
from bids_ketamine.outputs.sources import bids_uris
from bids_ketamine.outputs.tables import replaced_whole, write_table

#: Libraries whose versions can move a number.
LIBRARIES = ("nibabel", "nilearn", "nipype", "numpy", "pandas", "scipy")

#: What steps say of the session as a whole, which its sidecar tells.
SESSION_FACTS = ("Cleaning", "Volumes")

OWN_FILES = ("step.json", "rows.pkl", CIRCUIT_FILE)


class SessionMeasuresInputSpec(StepInputSpec):
    """Inputs of :class:`SessionMeasures`."""

    folders = traits.List(traits.Str(), desc="staged folders of the methods' steps")
    study_name = traits.Str(mandatory=True, desc="name of the study")
    study_hash = traits.Str(mandatory=True, desc="fingerprint of the study")
    inputs_hash = traits.Str(mandatory=True, desc="fingerprint of the session's input files")
    output_dir = traits.Str(mandatory=True, nohash=True, desc="output dataset")
    left_out = traits.List(traits.Str(), desc="tasks of the study that were not looked for")
    notices = traits.List(traits.Str(), desc="what of the study is not computed or not read")


class SessionMeasures(Step):
    """Join the measures of all methods and move their files to the output, the table last."""

    input_spec = SessionMeasuresInputSpec
    # What it does lies in the output folder, which may have been emptied since.
    _always_run = True

    def compute(self, folder: Path) -> None:
        """Write the session's output folder."""
        session: SessionInputs = self.inputs.session
        output = Path(self.inputs.output_dir) / session.folder
        staged = [Path(each) for each in self.inputs.folders]
        table = measures_table(pd.read_pickle(each / "rows.pkl") for each in staged)
        session_id = "n/a" if session.label is None else f"ses-{session.label}"
        table["participant_id"] = f"sub-{session.participant}"
        table["session_id"] = session_id
        table["session"] = session.session
        steps = [read_step(each) for each in staged]
        runs = [run for each in steps for run in each["Runs"]]
        models = [model for each in steps for model in each.get("Models", ())]
        facts = {key: each[key] for each in steps for key in SESSION_FACTS if key in each}
        remove_session(output)
        for each in staged:
            move_files(each, output)
        extra: dict[str, Any] = {
            "StudyName": self.inputs.study_name,
            "StudyHash": self.inputs.study_hash,
            "InputsHash": self.inputs.inputs_hash,
            "SoftwareVersion": __version__,
            "Libraries": {name: version(name) for name in LIBRARIES},
            "Sources": bids_uris(session.files, self.inputs.sources),
            "Runs": runs,
            **facts,
            "Missing": [
                *({"What": each.what, "Reason": each.reason} for each in session.missing),
                *(
                    {"What": task, "Reason": "left out by --task-id"}
                    for task in self.inputs.left_out
                ),
            ],
            "Notices": list(self.inputs.notices),
            **({"DynamicCausalModels": models} if models else {}),
        }
        write_table(
            output / output_name("measures", prefix=session.prefix),
            table,
            columns=MEASURE_COLUMNS,
            extra=extra,
        )


def remove_session(output: Path) -> None:
    """Take an older result of the session away, its measures table before its sidecar."""
    if not output.is_dir():
        return
    for path in sorted(output.glob("*_measures.*"), reverse=True):
        path.unlink()
    shutil.rmtree(output / "func", ignore_errors=True)


def move_files(staged: Path, output: Path) -> None:
    """Put a step's files in place, each whole; the step's folder keeps its own."""
    for path in sorted(staged.rglob("*")):
        if path.is_dir() or path.name in OWN_FILES:
            continue
        if (output / path.relative_to(staged)).exists():
            raise ValueError(f"two methods write {path.name}")
        with replaced_whole(output / path.relative_to(staged)) as temporary:
            try:
                os.link(path, temporary)
            except OSError:
                shutil.copyfile(path, temporary)
