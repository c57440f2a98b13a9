"""Trials of two arms whose effects on connections are known."""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.peb.trial_data import TrialData
from tests.core.peb.simulated_groups import information, models_of_scores


def simulated_trial(
    seed: int,
    *,
    sizes: dict[str, int],
    session: float = 0.0,
    improvement: dict[str, float] | None = None,
    change: dict[str, float] | None = None,
    between: float = 1.0 / 16.0,
) -> TrialData:
    """Return a trial: rows of first sessions, then of second ones.

    Parameters
    ----------
    seed : int
        Of everything random.
    sizes : dict of str to int
        Participants of each arm.
    session : float
        Change of the first connection, Hz.
    improvement, change : dict of str to float
        Effect of improvement on the first connection, and on its change, in each arm, Hz per
        point. Improvement has a standard deviation near 8.
    between : float
        Variance of participants' sessions, Hz squared.
    """
    generator = np.random.default_rng(seed)
    arms = tuple(arm for arm, size in sizes.items() for _ in range(size))
    n = len(arms)
    points = np.round(generator.normal(12.0, 8.0, n), 1)
    trait = np.array([(improvement or {}).get(arm, 0.0) for arm in arms])
    slope = np.array([(change or {}).get(arm, 0.0) for arm in arms])
    centred = points - 12.0
    means = np.zeros((2, n, 2))
    for place, sign in enumerate((-0.5, 0.5)):
        means[place, :, 0] = 0.4 + trait * centred + sign * (session + slope * centred)
        means[place, :, 1] = -0.2
    truth = means.reshape(2 * n, 2) + np.sqrt(between) * generator.standard_normal((2 * n, 2))
    names = tuple(f"sub-{place + 1:02d}" for place in range(n))
    models = models_of_scores(
        truth,
        information=information(2 * n, k=2, generator=generator),
        generator=generator,
        labels=[f"{name} {which}" for which in ("ses-pre", "ses-post") for name in names],
    )
    return TrialData(models, names, arms, points, np.arange(n), np.arange(n, 2 * n))
