"""Common ground of the app's Nipype interfaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nipype.interfaces.base import (
    BaseInterface,
    BaseInterfaceInputSpec,
    Directory,
    TraitedSpec,
    traits,
)
from threadpoolctl import threadpool_limits

from bids_ketamine.errors import BidsKetamineError

OUT_OF_MEMORY = (
    "The step needs more memory than there is. Give more, or fewer processes with --nprocs."
)


class StepInputSpec(BaseInterfaceInputSpec):
    """Inputs of every step."""

    session = traits.Any(mandatory=True, desc="SessionInputs of the participant-session")
    fingerprint = traits.Str(
        mandatory=True, desc="study, input files and version: another one computes anew"
    )
    sources = traits.Dict(desc="dataset name of each input folder, the longest folder first")
    error_file = traits.Str(nohash=True, desc="where an error is told in words")
    omp_n_threads = traits.Int(1, usedefault=True, nohash=True, desc="threads of this step")


class StepOutputSpec(TraitedSpec):
    """Outputs of every step."""

    folder = Directory(desc="files in the layout of the session's output folder")


class Step(BaseInterface):
    """Load, call one core function, save; an error is left in words beside the crash file."""

    output_spec = StepOutputSpec

    def compute(self, folder: Path) -> None:
        """Write the step's files below a folder."""
        raise NotImplementedError

    def _run_interface(self, runtime: Any) -> Any:
        folder = Path(runtime.cwd) / "staged"
        folder.mkdir(exist_ok=True)
        try:
            with threadpool_limits(limits=self.inputs.omp_n_threads):
                self.compute(folder)
        except Exception as error:
            self._tell(error)
            raise
        self._folder = folder
        return runtime

    def _tell(self, error: Exception) -> None:
        if not self.inputs.error_file:
            return
        if isinstance(error, BidsKetamineError):
            message, exit_code = str(error), error.exit_code
        elif isinstance(error, MemoryError):
            message, exit_code = OUT_OF_MEMORY, 1
        else:
            first_line = (str(error).strip().splitlines() or [""])[0]
            message, exit_code = f"{type(error).__name__}: {first_line}", 1
        path = Path(self.inputs.error_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"Message": message, "ExitCode": exit_code}), encoding="utf-8")

    def _list_outputs(self) -> dict[str, str]:
        return {"folder": str(self._folder)}


def write_step(folder: Path, record: dict[str, Any]) -> None:
    """Keep what a step has to say beside its files (facts for sidecar and report)."""
    (folder / "step.json").write_text(json.dumps(record), encoding="utf-8")


def read_step(folder: Path) -> dict[str, Any]:
    """Read what a step had to say."""
    return json.loads((folder / "step.json").read_text(encoding="utf-8"))
