"""Damaged files of ICA-AROMA: the mixing matrix and the noise components."""

from __future__ import annotations

import numpy as np

from tests.fuzz.case import Case, Damage, Outcome, missing, noted, refused
from tests.fuzz.damage import both, empty, write
from tests.fuzz.trial import N_VOLUMES

MIXING, NOISE = "desc-MELODIC_mixing.tsv", "AROMAnoiseICs.csv"


def aroma(name: str, damage: str, apply: Damage, outcome: Outcome) -> Case:
    return Case(f"aroma-{name}", "TSV", damage, apply, outcome, task="rest")


def components(n_volumes: int = N_VOLUMES, n_components: int = 4, *, twice: bool = False) -> str:
    """Return the text of a mixing matrix."""
    matrix = np.random.default_rng(0).normal(size=(n_volumes, n_components))
    if twice:
        matrix[:, -1] = matrix[:, 0]
    return "".join("\t".join(f"{value:.6f}" for value in row) + "\n" for row in matrix)


def files(mixing: str, noise: str) -> Damage:
    return both(write("mixing", mixing), write("noise", noise))


CASES = [
    aroma(
        "volumes",
        "a mixing matrix with another number of volumes",
        files(components(N_VOLUMES - 1), "1"),
        refused(65, rf"has {N_VOLUMES - 1} rows and the series {N_VOLUMES} volumes.*{MIXING}"),
    ),
    aroma(
        "beyond",
        "noise components beyond the columns",
        files(components(), "2,7"),
        refused(65, rf"names component 7; the mixing matrix has components 1 to 4.*{NOISE}"),
    ),
    aroma(
        "zero",
        "noise components counted from 0",
        files(components(), "0,2"),
        refused(65, rf"names component 0.*{NOISE}"),
    ),
    aroma(
        "words",
        "a mixing matrix with a header",
        files("a\tb\n" + components(), "1"),
        refused(65, rf"holds `a`, which is not a number.*{MIXING}"),
    ),
    aroma(
        "twice",
        "a component that stands there twice",
        files(components(twice=True), "1"),
        refused(65, rf"cannot be told apart.*{MIXING}"),
    ),
    aroma(
        "many",
        "as many components as volumes",
        files(components(n_components=N_VOLUMES), "1"),
        refused(65, rf"cannot be told apart in {N_VOLUMES} volumes.*{MIXING}"),
    ),
    aroma(
        "empty",
        "a mixing matrix of 0 bytes",
        both(empty("mixing"), write("noise", "1")),
        missing(rf"{MIXING} is empty"),
    ),
    aroma(
        "half",
        "a mixing matrix without noise components",
        write("mixing", components()),
        noted("there are no noise components of ICA-AROMA"),
    ),
]
