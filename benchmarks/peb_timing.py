"""What second levels take, in this process, for ``benchmarks.peb``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.dcm_simulation import REFERENCE, estimate
from benchmarks.peb_effects import SETTINGS, models_of
from benchmarks.peb_simulation import DEMO, PLANTED, participants_of, session_data
from bids_ketamine.core.dcm.estimation import STALLED
from bids_ketamine.core.dcm.structure import DcmStructure, parameter_labels
from bids_ketamine.core.peb.design import group_design
from bids_ketamine.core.peb.estimation import PebEstimate, estimate_peb, models_of_pebs
from bids_ketamine.core.peb.models import FirstLevelModels, first_level_models
from bids_ketamine.core.peb.prediction import leave_one_out
from bids_ketamine.core.peb.predictive_check import predictive_check
from bids_ketamine.core.peb.reevaluation import reevaluated_models
from bids_ketamine.core.peb.search import search_peb
from bids_ketamine.core.peb.sensitivity import leave_out_each
from bids_ketamine.core.peb.student_t import estimate_student_t_peb
from bids_ketamine.core.peb.trial_data import ALL, CHANGE, TrialData
from bids_ketamine.core.peb.trial_fits import analysis_fits
from bids_ketamine.core.peb.trial_members import Group, group, within_participants
from bids_ketamine.demo.participants import ARMS, SESSIONS

TIMINGS = REFERENCE / "timings.json"
#: SPM12's processor seconds, by their names in its record beside the reference results.
STACKED_B = "peb stacked, field B (42 DCMs, X = mean, session, improvement, session x improvement)"
SEARCH_B = "search on it, field B"
STACKED_AB, SEARCH_AB = "peb stacked, fields A and B", "search on it, fields A and B"
WITHIN = "within-participant PEBs, all 21 together, field B (2 sessions each)"
ABOVE = "peb over the 21 within-participant PEBs (X = mean, improvement)"
SEARCH_ABOVE = "search on it"
TRIAL_SIZE = {
    STACKED_B: 1.483,
    SEARCH_B: 4.391,
    STACKED_AB: 4.167,
    SEARCH_AB: 8.108,
    WITHIN: 2.41,
    ABOVE: 0.748,
    SEARCH_ABOVE: 4.298,
}
MODULATIONS, BOTH = ("modulation",), ("connection", "modulation")
N_DRAWS = 1000
SEARCH, LEAVE_ONE_OUT, OTHER = "search", "leave-one-out", "other"


class Row(NamedTuple):
    """What is timed: its name and kind, processor seconds here and SPM12's (None: not timed)."""

    name: str
    kind: str
    seconds: float
    spm: float | None


class LeaveOneOutData(NamedTuple):
    """A leave-one-out of the reference: its name, participants, and which parameter is free."""

    name: str
    pattern: str
    regions: int
    inputs: int
    only: int | None


#: Parameters by their position: the whole field B, or one modulation.
REFERENCE_DATA = (
    LeaveOneOutData("level2_real/loo_B", "firstlevel_real/sub-??.npz", 4, 3, None),
    LeaveOneOutData("level2_real/loo_B443", "firstlevel_real/sub-??.npz", 4, 3, 63),
    LeaveOneOutData("level2_sim/loo_post_B21", "firstlevel_sim2/s??_t2.npz", 2, 2, 9),
)


class Clock:
    """Times pieces of work, each beside SPM12's record of it."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.rows: list[Row] = []
        self.spm = TRIAL_SIZE
        if TIMINGS.exists():
            record = json.loads(TIMINGS.read_text())["trial_size"]
            self.spm = {name: record[name]["cpu_s"] for name in TRIAL_SIZE}

    def timed(self, name: str, work: Callable[[], Any], *, spm: str = "", kind: str = OTHER) -> Any:
        """Keep the shortest processor time of some work, and return its result."""
        seconds, result = fastest(work, self.repeats)
        self.rows.append(Row(name, kind, seconds, self.spm[spm] if spm else None))
        return result


def trial_rows(repeats: int) -> list[Row]:
    """Time everything that a trial needs; its stacked second level of modulations comes first."""
    clock, data = Clock(repeats), trial()
    time_stacked(clock, data)
    time_within(clock, data)
    arms = [_second_level(_group(data, arm=arm), MODULATIONS) for arm in ARMS]
    design = group_design({"mean": [1.0, 1.0], "arm": [-0.5, 0.5]}, rows=ARMS)
    clock.timed(
        "PEB of the PEBs of two arms, 8 parameters",
        lambda: estimate_peb(
            models_of_pebs(arms, labels=ARMS),
            design=design,
            fields=None,
            precision_components="all",
        ),
    )
    clock.timed(
        "all of a trial's change: 8 PEBs, searches, checks, sensitivity",
        lambda: analysis_fits(data, analysis=CHANGE, settings=SETTINGS._replace(n_draws=N_DRAWS)),
    )
    return clock.rows


def time_stacked(clock: Clock, data: TrialData) -> None:
    """Time second levels over the models of both sessions, and what follows from them."""
    stacked = _group(data, arm=ALL)
    own = clock.timed(
        "PEB, 42 models, 4 columns, modulations",
        lambda: _second_level(stacked, MODULATIONS),
        spm=STACKED_B,
    )
    clock.timed("  search (8 effects)", lambda: search_peb(own), spm=SEARCH_B, kind=SEARCH)
    clock.timed("  models of the sessions under the group's prior", lambda: reevaluated_models(own))
    arguments: dict[str, Any] = {
        "design": stacked.design,
        "fields": MODULATIONS,
        "precision_components": "all",
        "participants": stacked.owners,
    }
    clock.timed(
        "  Student-t, 4 degrees of freedom",
        lambda: estimate_student_t_peb(stacked.models, **arguments, degrees_of_freedom=4.0),
    )
    clock.timed(
        "  without each of the 21 participants",
        lambda: leave_out_each(stacked.models, **arguments, recentre=stacked.recentre),
    )
    clock.timed(
        f"  posterior predictive check, {N_DRAWS} draws",
        lambda: predictive_check(own, participants=stacked.owners, n_draws=N_DRAWS, seed=0),
    )
    both = clock.timed(
        "PEB, 42 models, 4 columns, connections and modulations",
        lambda: _second_level(stacked, BOTH),
        spm=STACKED_AB,
    )
    clock.timed("  search (24 effects)", lambda: search_peb(both), spm=SEARCH_AB, kind=SEARCH)


def time_within(clock: Clock, data: TrialData) -> None:
    """Time the other route: second levels within participants, and one over these."""
    within = clock.timed(
        "21 PEBs within participants, 2 models each, modulations",
        lambda: within_participants(data, settings=SETTINGS),
        spm=WITHIN,
    )
    above = _group(data, arm=ALL, within=within)
    upper = clock.timed(
        "PEB of these 21 PEBs, 2 columns", lambda: _second_level(above, None), spm=ABOVE
    )
    clock.timed("  search (8 effects)", lambda: search_peb(upper), spm=SEARCH_ABOVE, kind=SEARCH)


def _group(data: TrialData, *, arm: str, within: Mapping[str, PebEstimate] | None = None) -> Group:
    scale = float(data.improvement.std(ddof=1))
    return group(
        data, analysis=CHANGE, arm=arm, scale=scale, settings=SETTINGS, within=within or {}
    )


def _second_level(chosen: Group, fields: tuple[str, ...] | None) -> PebEstimate:
    return estimate_peb(
        chosen.models, design=chosen.design, fields=fields, precision_components="all"
    )


def trial() -> TrialData:
    """Estimate the models of a simulated trial."""
    people = participants_of(PLANTED, 0)
    estimates = [
        estimate(session_data(each, session, 0, DEMO), restart=STALLED)
        for session in SESSIONS
        for each in people
    ]
    labels = [each.label for each in people]
    rows = np.arange(len(people))
    return TrialData(
        models=models_of(
            mean=np.array([each.posterior_mean for each in estimates]),
            covariance=np.array([each.posterior_covariance for each in estimates]),
            free_energy=np.array([each.free_energy for each in estimates]),
            labels=[f"{label} ses-{session}" for session in SESSIONS for label in labels],
        ),
        participants=tuple(labels),
        arms=tuple(each.arm for each in people),
        improvement=np.array([each.improvement for each in people], dtype=float),
        first=rows,
        second=rows + len(people),
    )


def leave_one_out_rows(repeats: int) -> list[Row]:
    """Time the reference's leave-one-out predictions; none where they are absent."""
    if not TIMINGS.exists():
        print("The reference results are not beside the repository: no leave-one-out")
        return []
    recorded = json.loads(TIMINGS.read_text())["second_level"]
    rows = []
    for each in REFERENCE_DATA:
        models = reference_models(each)
        with np.load(REFERENCE / f"{each.name}.npz") as arrays:
            columns = arrays["X"].reshape(models.n_models, -1).T
        design = group_design(
            {f"column {place}": column for place, column in enumerate(columns)},
            rows=models.labels,
        )
        field = MODULATIONS if each.only is None else ("chosen",)
        work = partial(leave_one_out, models, design=design, fields=field)
        seconds, _ = fastest(work, repeats)
        which = "modulations" if each.only is None else "one modulation"
        name = f"leave-one-out, {models.n_models} models of {each.regions} regions, {which}"
        rows.append(Row(name, LEAVE_ONE_OUT, seconds, recorded[each.name]["cpu_s"]))
    return rows


def reference_models(data: LeaveOneOutData) -> FirstLevelModels:
    """Read the first level of a leave-one-out of the reference."""
    paths = sorted(REFERENCE.glob(data.pattern))
    kept: dict[str, list[np.ndarray]] = {name: [] for name in ("Ep", "Cp", "pE", "pC", "F")}
    for path in paths:
        with np.load(path) as arrays:
            for name, own in kept.items():
                own.append(arrays[name])
    n, m = data.regions, data.inputs
    labels = parameter_labels(
        DcmStructure(np.ones((n, n)), np.ones((n, n, m)), np.ones((n, m))),
        regions=[f"region {place}" for place in range(n)],
        inputs=[f"input {place}" for place in range(m)],
    )
    fields = [each.field for each in labels]
    if data.only is not None:
        fields[data.only] = "chosen"
    return first_level_models(
        posterior_mean=[each.ravel() for each in kept["Ep"]],
        posterior_covariance=kept["Cp"],
        prior_mean=[each.ravel() for each in kept["pE"]],
        prior_covariance=kept["pC"],
        free_energy=[float(each) for each in kept["F"]],
        parameters=[each.name for each in labels],
        fields=fields,
        labels=[path.stem for path in paths],
    )


def fastest(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the shortest processor time of repeated work, s, and its result."""
    best, result = np.inf, work()
    for _ in range(repeats):
        begin = time.process_time()
        result = work()
        best = min(best, time.process_time() - begin)
    return best, result
