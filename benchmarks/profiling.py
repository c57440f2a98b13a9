"""Where the time of a first-level model goes."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

from benchmarks.measurement import measured_here

#: Sum over functions that the profile shows, by name.
STEPS = {
    "reading": ("read_run",),
    "confounds, events, design": ("select_nuisance", "model_events", "first_level_design"),
    "threshold mask": ("above_threshold",),
    "pooling": ("pooled_covariance",),
    "hyperparameters, whitening, filter": (
        "estimate_hyperparameters",
        "whitening_matrix",
        "filter_design",
    ),
    "estimation": ("fit_voxels", "fit_voxelwise"),
    "regions": ("_mean_series", "region_eigenvariate", "locate_regions", "region_series"),
    "statistics, maps": ("contrast_of", "combine"),
}


def profile(work: Callable[[], object]) -> None:
    """Do the work and print where its time goes."""
    profiler = cProfile.Profile()
    measured, _ = measured_here(lambda: profiler.runcall(work))
    found = pstats.Stats(profiler).get_stats_profile().func_profiles
    seconds = measured.seconds
    print(f"  {'all':<38}{seconds:7.2f} s")
    for step, names in STEPS.items():
        part = sum(found[name].cumtime for name in names if name in found)
        print(f"  {step:<38}{part:7.2f} s{part / seconds:7.0%}")
    print("  functions in which most time is spent themselves:")
    own = sorted(found.items(), key=lambda item: -item[1].tottime)[:12]
    for name, each in own:
        place = f"{Path(each.file_name).name}:{each.line_number}"
        print(f"    {each.tottime:7.2f} s  {each.ncalls:>9} calls  {name} ({place})")
