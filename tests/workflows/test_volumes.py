"""Volumes of brain structures through the participant level: measures, reuse, another file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bids_ketamine.dataset.inputs import SessionInputs, VolumesInputs
from bids_ketamine.errors import CannotCreateError
from bids_ketamine.outputs.tables import read_table
from bids_ketamine.study.load import Study
from bids_ketamine.study.spec import InputsSpec, SessionSpec, StudySpec, VolumesSpec
from bids_ketamine.workflows.participant import run_participant_level
from bids_ketamine.workflows.records import ExecutionSettings

STATS = """\
# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1500000.0, mm^3
# ColHeaders Index SegId NVoxels Volume_mm3 StructName
  1  17     4280     4200.0  Left-Hippocampus
"""
SPEC = StudySpec(
    name="volumes",
    inputs=InputsSpec(),
    sessions=(SessionSpec(name="pre"),),
    volumes=VolumesSpec(structures=("Left-Hippocampus",)),
)


def compute(folder: Path, session: SessionInputs) -> list[str]:
    outcomes = run_participant_level(
        sessions=[session],
        study=Study(spec=SPEC, source="volumes", notices=()),
        bids_dir=folder,
        derivatives={},
        output_dir=folder / "out",
        execution=ExecutionSettings(
            n_procs=1,
            omp_n_threads=1,
            memory_gb=2.0,
            work_dir=folder / "work",
            plugin={"plugin": "Linear"},
            stop_on_first_crash=False,
            clean_work_dir=False,
        ),
        overwrite=False,
        report=lambda event: None,
    )
    return [each.status for each in outcomes]


def test_volumes_alone_make_a_session(tmp_path: Path) -> None:
    stats = tmp_path / "aseg.stats"
    stats.write_text(STATS)
    session = SessionInputs("01", "pre", "pre", (), (), VolumesInputs(stats=stats))
    assert compute(tmp_path, session) == ["computed"]
    table = read_table(tmp_path / "out/sub-01/ses-pre/sub-01_ses-pre_measures.tsv")
    assert table[["measure", "task", "regions", "value", "unit"]].values.tolist() == [
        ["volume", "anat", "Left-Hippocampus", 4200 / 1.5e6, "share of intracranial volume"]
    ]
    assert compute(tmp_path, session) == ["reused"]
    stats.write_text(STATS.replace("4200", "4300"))
    with pytest.raises(CannotCreateError, match="input files"):
        compute(tmp_path, session)
    without = replace(session, volumes=VolumesInputs(reason="no aseg.stats"), label=None)
    assert compute(tmp_path / "none", without) == ["missing"]
