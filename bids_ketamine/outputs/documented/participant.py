"""Files of the participant level: what they hold, and when they are written."""

from __future__ import annotations

from collections.abc import Mapping

from bids_ketamine.outputs.documented.files import OutputFile
from bids_ketamine.outputs.documented.keys import (
    CORRELATIONS,
    DESIGN,
    DISSIMILARITY,
    MEASURES,
    NETWORKS,
    PPI_MATRIX,
    PPI_TABLE,
    RELIABILITY,
    REPETITION_TIME,
    SAMPLING,
    SEED_MAP,
    SOURCES,
    STATMAP,
)
from bids_ketamine.outputs.patterns import PATTERNS

_REGION = "one for each region, named after it, in rows of volumes"
_MATRIX = "`Node` (region) and one for each region"
_NETWORKS = "[resting_networks.md](resting_networks.md)"
_CIRCUITS = "[effective_connectivity.md](effective_connectivity.md#files)"


def _name(kind: str) -> str:
    return f"{{session}}/{PATTERNS[kind]}"


#: By the key of :data:`~bids_ketamine.outputs.patterns.PATTERNS`.
PARTICIPANT_FILES: Mapping[str, OutputFile] = {
    "measures": OutputFile(
        name=_name("measures"),
        when="for every session with something to compute from, last of all its files",
        content="the measures: one row for each kind of measure, task, contrast and region, pair "
        "of regions or connection, also where there is no value",
        always=True,
        sidecar=True,
        keys=MEASURES,
    ),
    "quality": OutputFile(
        name=_name("quality"),
        when="for every run of images",
        content="motion and outliers, one row a volume; with `cleaning` an outlier is a volume "
        "that is left out",
        always=True,
        sidecar=True,
        keys=(REPETITION_TIME, SOURCES),
    ),
    "design": OutputFile(
        name=_name("design"),
        when="for every run of a task (`tasks`)",
        content="design matrix, one row a volume",
        sidecar=True,
        keys=DESIGN,
        column_words="one for each regressor; the sidecar says what each is: the constant, "
        "conditions, modulators and derivatives, `error_trials`, drift, nuisance",
        more="[first_level.md](first_level.md)",
    ),
    "timeseries": OutputFile(
        name=_name("timeseries"),
        when="for every run of a task and of rest, where the study has regions",
        content="mean series of each region: cleaned at rest (with `cleaning` by the first "
        "nuisance model, n/a in volumes that are left out); of a task in percent of the grand "
        "mean, before nuisance regression",
        sidecar=True,
        keys=tuple(
            each if each in (REPETITION_TIME, SOURCES) else each._replace(only="for tasks")
            for each in SAMPLING
        ),
        column_words=_REGION,
    ),
    "eigenvariate": OutputFile(
        name=_name("eigenvariate"),
        when="for every run of a task, where a region has one",
        content="first eigenvariate of each region, high-pass filtered (whitened with `spm`), "
        "adjusted for all but the conditions; percent of the grand mean",
        sidecar=True,
        keys=SAMPLING,
        column_words=f"{_REGION}; the sidecar adds `Voxels` and `VarianceExplained` (0 to 1) to "
        "each",
        more="[first_level.md](first_level.md)",
    ),
    "statmap": OutputFile(
        name=_name("statmap"),
        when="for every contrast of a task that a run could estimate",
        content="map of a contrast, runs combined, float32, 0 outside the voxels that are "
        "modelled; `Z` is `effect`, `variance`, `t` or `z`, for F contrasts `F` or `z`",
        sidecar=True,
        keys=STATMAP,
        more="[first_level.md](first_level.md)",
    ),
    "relmat": OutputFile(
        name=_name("relmat"),
        when="for rest, with `rest.correlations: [pearson]`",
        content="Pearson correlations of regions (r), runs joined",
        sidecar=True,
        keys=tuple(each for each in CORRELATIONS if each.name != "Given"),
        column_words=_MATRIX,
        more="[connectivity.md](connectivity.md#resting-connectivity)",
    ),
    "partial_relmat": OutputFile(
        name=_name("partial_relmat"),
        when="for rest, with `rest.correlations: [partial]`",
        content="partial correlations of regions given all others (r), runs joined",
        sidecar=True,
        keys=tuple(
            each._replace(only="") if each.name == "Given" else each for each in CORRELATIONS
        ),
        column_words=_MATRIX,
        more="[connectivity.md](connectivity.md#resting-connectivity)",
    ),
    "networks": OutputFile(
        name=_name("networks"),
        when="for rest, with `networks`",
        content="means over the edges of networks, one row for each network measure and nuisance "
        "model",
        sidecar=True,
        keys=NETWORKS,
        more=_NETWORKS,
    ),
    "region_quality": OutputFile(
        name=_name("region_quality"),
        when="for rest, with `networks` or `cleaning`",
        content="signal of each region before and after cleaning, mean over the runs that are "
        "used, one row a region",
        sidecar=True,
        keys=(SOURCES,),
        more=_NETWORKS,
    ),
    "seed_map": OutputFile(
        name=_name("seed_map"),
        when="for rest of images, for each network of `networks.seed_maps`",
        content="correlation of the mean series of a network's regions with every voxel, runs "
        "joined, Fisher z, float32; 0 where there is no signal",
        sidecar=True,
        keys=SEED_MAP,
        more=_NETWORKS,
    ),
    "seed_map_grayordinates": OutputFile(
        name=_name("seed_map_grayordinates"),
        when="the same for CIFTI series",
        content="the same for every grayordinate; its `.json` is as that of volumes",
        more=_NETWORKS,
    ),
    "gppi": OutputFile(
        name=_name("gppi"),
        when="for a task with `gppi`",
        content="generalized PPI: one row for each seed, target and effect; above 100 regions "
        "contrasts alone",
        sidecar=True,
        keys=PPI_TABLE,
        more="[connectivity.md](connectivity.md#files)",
    ),
    "gppi_relmat": OutputFile(
        name=_name("gppi_relmat"),
        when="for a task with `gppi`, one a contrast",
        content="generalized PPI of a contrast as a matrix: seeds in rows, targets in columns",
        sidecar=True,
        keys=PPI_MATRIX,
        column_words="`Node` (seed) and one for each target",
        more="[connectivity.md](connectivity.md#files)",
    ),
    "dissimilarity": OutputFile(
        name=_name("dissimilarity"),
        when="for the task of `rsa`",
        content="linear discriminant contrast (LDC): one row for each region and pair of trial "
        "types",
        sidecar=True,
        keys=DISSIMILARITY,
        more="[similarity.md](similarity.md#files)",
    ),
    "reliability": OutputFile(
        name=_name("reliability"),
        when="for the task of `rsa`, with four partitions or more and three pairs or more",
        content="split-half reliability: one row for each region and way of halving",
        sidecar=True,
        keys=RELIABILITY,
        more="[similarity.md](similarity.md#files)",
    ),
    "dcm": OutputFile(
        name=_name("dcm"),
        when="for every model of `dcm` that could be estimated",
        content="dynamic causal model: parameters with units, priors, posteriors and both "
        "intervals, free energies, variance explained, how the estimation ended",
        more=_CIRCUITS,
    ),
    "dcm_arrays": OutputFile(
        name=_name("dcm_arrays"),
        when="beside the file before",
        content="the same and more as NumPy arrays: series, predictions, covariances",
        more=_CIRCUITS,
    ),
}
