"""How often a mixed model calls an arm difference significant that is not there.

``python -m benchmarks.mixed_model_calibration [--trials N]``

Trials of 14 and 21 participants in two arms of one size (7 and 7, 11 and 10), 2 and 3 sessions,
nothing planted. Values are normal: a participant's own level plus noise, with 0, 50 and 80 % of
the variance between participants; one visit in ten is missing at random (not the first) in the
trials called `missing`. The model is `session * arm` with a random intercept, by restricted
likelihood; the test is that of `session:arm` (F with one or two numerator degrees of freedom).

The table tells the share of trials with p < .05 under each rule of degrees of freedom, and under
the Wald test, which takes variances for known (chi-square). Full likelihood with the residual rule
is the paper's own choice (methods row B7). In brackets is the Monte-Carlo standard error at 5 %.

Targets: Satterthwaite's rule between 4 and 6 % at half the variance between participants, complete
and with missing visits.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from benchmarks.measurement import Target, print_targets
from bids_ketamine.core.mixed.covariance import MixedData
from bids_ketamine.core.mixed.degrees_of_freedom import contrast_test, rule_information
from bids_ketamine.core.mixed.fit import fit_mixed_model

SIGNIFICANT = 0.05
LEAST, MOST = 4.0, 6.0
MISSING = 0.1
#: Method and rule of each column; None is the Wald test.
COLUMNS = (
    ("reml", "satterthwaite"),
    ("reml", "kenward_roger"),
    ("reml", "containment"),
    ("reml", "residual"),
    ("ml", "residual"),
    ("reml", None),
    ("ml", None),
)
HEADS = ("Satterth.", "Kenw.-R.", "contain.", "n - p", "ML n - p", "Wald", "ML Wald")


class Condition(NamedTuple):
    """A kind of trial."""

    n_participants: int
    n_sessions: int
    share: float
    missing: bool


CONDITIONS = tuple(
    Condition(n, sessions, share, missing)
    for share, missing in ((0.5, False), (0.5, True), (0.0, False), (0.8, False))
    for n in (14, 21)
    for sessions in (2, 3)
)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code tells of the targets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mixed_model_calibration", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--trials", type=int, default=2000, metavar="N")
    options = parser.parse_args(argv)
    error = 100.0 * np.sqrt(SIGNIFICANT * (1.0 - SIGNIFICANT) / options.trials)
    print(f"p < .05 in % of {options.trials} trials with nothing planted ({error:.2f})")
    print("participants sessions between          " + "".join(f"{head:>10}" for head in HEADS))
    targets = []
    with threadpool_limits(limits=1):
        for condition in CONDITIONS:
            shares = rejected(condition, options.trials)
            visits = "missing" if condition.missing else "complete"
            print(
                f"{condition.n_participants:12d} {condition.n_sessions:8d} "
                f"{100 * condition.share:5.0f} % {visits:>8}"
                + "".join(f"{s:10.1f}" for s in shares),
                flush=True,
            )
            if condition.share == 0.5:
                name = (
                    f"{condition.n_participants} x {condition.n_sessions} {visits}, Satterthwaite"
                )
                targets.append(Target(f"{name}, least %", shares[0], LEAST, at_least=True))
                targets.append(Target(f"{name}, most %", shares[0], MOST))
    return 0 if print_targets(targets) else 1


def rejected(condition: Condition, n_trials: int) -> list[float]:
    """Return the share of trials with p < .05 by method and rule, %."""
    key = (condition.n_participants, condition.n_sessions, round(100 * condition.share))
    seeds = np.random.SeedSequence((*key, condition.missing)).spawn(n_trials)
    below = np.zeros(len(COLUMNS))
    for seed in seeds:
        below += np.array(p_values(drawn_trial(condition, seed), condition)) < SIGNIFICANT
    return [float(share) for share in 100.0 * below / n_trials]


def drawn_trial(condition: Condition, seed: np.random.SeedSequence) -> MixedData:
    """Draw the values of a trial and lay out its design: 1, sessions, arm, sessions x arm."""
    random = np.random.default_rng(seed)
    n, sessions = condition.n_participants, condition.n_sessions
    levels = np.sqrt(condition.share) * random.standard_normal(n)
    values = levels[:, None] + np.sqrt(1.0 - condition.share) * random.standard_normal(
        (n, sessions)
    )
    arm = np.repeat(np.arange(n) % 2 - 0.5, sessions)
    session = np.tile(np.eye(sessions)[:, 1:] - 1.0 / sessions, (n, 1))
    design = np.column_stack([np.ones(n * sessions), session, arm, session * arm[:, None]])
    kept = np.ones((n, sessions), dtype=bool)
    if condition.missing:
        kept[:, 1:] = random.random((n, sessions - 1)) >= MISSING
    rows = kept.ravel()
    return MixedData(
        values=values.ravel()[rows],
        design=design[rows],
        random_design=np.ones((int(rows.sum()), 1)),
        participants=np.repeat(np.arange(n), sessions)[rows],
    )


def p_values(data: MixedData, condition: Condition) -> list[float]:
    """Return the p values of sessions x arm by method and rule."""
    rows = condition.n_sessions - 1
    contrast = np.eye(data.n_columns)[-rows:]
    fits = {method: fit_mixed_model(data, method=method) for method in ("reml", "ml")}
    found = []
    for method, rule in COLUMNS:
        fit, taken = fits[method], rule or "residual"
        known = rule_information(fit, rule=taken)
        test = contrast_test(fit, known, contrast=contrast, rule=taken)
        wald = float(stats.chi2.sf(test.f_value * rows, rows))
        found.append(wald if rule is None else test.p_value)
    return found


if __name__ == "__main__":
    sys.exit(main())
