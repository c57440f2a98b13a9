"""Numbers of a whole trial of networks, and the tables that the group level makes of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd

from bids_ketamine.study.load import load_study
from bids_ketamine.workflows.group import run_group_level
from tests.workflows.network_trial import NAN, STUDY, NetworkTrial

NETWORKS = ("limbic", "limbic_visual")
SECTIONS = """
outcomes:
  madrs: {table: madrs, column: total, improvement: decrease, change: change}
  cgi: {table: cgi, column: rating, improvement: decrease, change: change}
volumes: {structures: [Left-Hippocampus], outcome: madrs}
exclusions: {maximum_mean_fd: 0.5}
mixed_models:
  connectivity:
    measures: ["network_connectivity rest *"]
    formula: time + time:response
    response: {outcome: madrs, fall: 0.5}
    sessions: [baseline, post]
    methods: [ml]
    degrees_of_freedom: [residual]
edge_statistics: {permutations: 50}
controls: {level: healthy}
reliability: {sessions: [pre1, pre2]}
clinical_course:
  outcome: madrs
  sessions: [baseline, post]
  remission_below: 10
  rating: cgi
primary_outcomes: {scores: [madrs, cgi], mixed_model: connectivity, terms: [time, "time:response"]}
"""
GROUP = "{residualize_motion: false, minimum_participants: 2}"
ARMS = "arms: {column: group, levels: [healthy, verumlow, verumhigh]}"

#: Eight patients of two arms, five controls, and one of no arm.
PEOPLE = {
    **{f"sub-{one:02d}": "verumlow" if one % 2 else "verumhigh" for one in range(1, 9)},
    **{f"sub-{one}": "healthy" for one in range(51, 56)},
    "sub-90": "n/a",
}
PATIENTS = [who for who, arm in PEOPLE.items() if arm.startswith("verum")]
CONTROLS = [who for who, arm in PEOPLE.items() if arm == "healthy"]

#: Sessions that are not there, and those that moved too much.
ABSENT = {("sub-02", "pre2"), ("sub-03", "post"), ("sub-51", "pre2"), ("sub-52", "pre2")}
MOVED = {("sub-04", "pre1"), ("sub-05", "post"), ("sub-53", "pre2")}

#: MADRS before (twice) and after, and the rating after; the sixth dropped out.
MADRS = {
    "pre1": (30, 28, 32, 26, 34, 29, 31, 27),
    "pre2": (28, NAN, 34, 26, 30, 27, 29, 25),
    "post": (10, 14, 33, 9, 20, NAN, 15, 20),
}
CGI = (2, 2, 4, 1, 3, NAN, 2, 3)


def computed_trial(place: Path) -> SimpleNamespace:
    """Return tables of the group level, and the numbers they must come from."""
    study = STUDY.replace("arms: {column: group, levels: [control, patient]}", ARMS)
    study = study.replace("{residualize_motion: false}", GROUP)
    study = study.replace("  within: [limbic]", "  within: [limbic]\n  seed_maps: [limbic]")
    folder = NetworkTrial(place, study + SECTIONS)
    folder.participants(PEOPLE)
    folder.scores(
        {
            who: [MADRS[each][row] for each in ("pre1", "pre2", "post")]
            for row, who in enumerate(PATIENTS)
        },
        ("pre1", "pre2", "post"),
    )
    rating = pd.DataFrame({"participant_id": PATIENTS, "session_id": "ses-post", "rating": CGI})
    rating.to_csv(folder.bids / "phenotype" / "cgi.tsv", sep="\t", index=False, na_rep="n/a")
    random = np.random.default_rng(11)
    values: dict[tuple[str, str], np.ndarray] = {}
    for who, arm in PEOPLE.items():
        for session in ("pre1", "pre2") if arm == "healthy" else ("pre1", "pre2", "post"):
            drawn = random.normal(0.3 if session != "post" else 0.15, 0.12, 6)
            if (who, session) in ABSENT:
                continue
            moved = (who, session) in MOVED
            folder.session(
                who,
                session,
                dict(zip(NETWORKS, drawn[:2], strict=True)),
                volumes={"Left-Hippocampus": 0.003 + 0.0003 * drawn[2]},
                mean_fd=0.9 if moved else 0.1,
            )
            folder.matrix(who, session, drawn[3:])
            _seed_map(folder, who, session, drawn)
            # Whoever moved, or has no arm, must be in nothing at all.
            if not moved and arm != "n/a":
                values[who, session] = drawn
    run(folder)
    return SimpleNamespace(folder=folder, values=values, tables=tables(folder))


def _seed_map(folder: NetworkTrial, who: str, session: str, drawn: np.ndarray) -> None:
    name = f"{who}_ses-{session}_task-rest_space-MNI_seed-limbic_stat-fisherz_statmap.nii.gz"
    image = nib.Nifti1Image(drawn.astype(np.float32).reshape(1, 2, 3), np.eye(4))
    nib.save(image, folder.output / who / f"ses-{session}" / "func" / name)


def run(folder: NetworkTrial) -> None:
    study = load_study(str(folder.study_file))
    run_group_level(bids_dir=folder.bids, output_dir=folder.output, study=study)


def tables(folder: NetworkTrial) -> dict[str, pd.DataFrame]:
    return {
        path.stem.removeprefix("group_"): pd.read_csv(path, sep="\t", na_values="n/a")
        for path in sorted((folder.output / "group").glob("*.tsv"))
    }
