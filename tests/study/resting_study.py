"""A small study of resting networks with two baselines, and its problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from bids_ketamine.errors import StudyError
from bids_ketamine.study.load import load_study

#: Two baselines with their mean, a visit with scores alone, and a scan after treatment.
RESTING = """\
name: resting
sessions:
  pre1: {}
  pre2: {}
  baseline: {mean_of: [pre1, pre2]}
  day1: {scanned: false}
  post: {}
changes:
  change: {first: baseline, second: post}
  acute: {first: baseline, second: day1}
arms: {column: group, levels: [control, patient]}
outcomes:
  madrs: {table: madrs, column: total}
  mood: {table: mood, column: total, change: acute}
  cgi: {table: cgi, columns: {day1: day1, post: post}}
  serum: {table: serum, column: level, improvement: increase}
covariates: {age: {}, sex: {kind: categorical}}
regions:
  atlas: own
  definitions:
    sg: {spheres: [[0, 25, -10]]}
    pcc: {spheres: [[0, -52, 26]]}
    mpfc: {spheres: [[0, 52, 0]]}
rest: {task: rest}
mixed_models:
  fc: {measures: ["network_connectivity rest *"], formula: time + time:response,
    response: {outcome: madrs}, sessions: [baseline, post], arms: [patient]}
"""

NETWORKS = """\
networks:
  regions: {dmn: [pcc, mpfc], sg: [sg]}
  within: [dmn]
  between: {sg_dmn: [sg, dmn]}
"""


def problems_of(tmp_path: Path, text: str) -> list[str]:
    """Return what is wrong with a study, without lines."""
    path = tmp_path / "study.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_study(str(path))
    return [each.partition(": ")[2] for each in caught.value.problems]
