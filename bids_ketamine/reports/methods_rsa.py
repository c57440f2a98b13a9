"""Sentences on representational similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bids_ketamine.reports.facts import agreed, count_of, sentences_of
from bids_ketamine.reports.words import listed, spread, unit_words
from bids_ketamine.study.spec import RsaSpec, TaskSpec
from bids_ketamine.study.task_names import trial_types_of_matrix

Facts = Sequence[Mapping[str, Any]]
EN_DASH = "\u2013"

PARTITIONS = {
    "run": "each run",
    "block": "each block of a run",
    "half_block": "the first and the second half of each block",
    "block_or_half_block": "each block where every trial type comes in several, else the first "
    "and the second half of each block",
}
#: Rules that may divide a run by blocks: only these have a largest number of partitions.
BY_BLOCK = ("block", "block_or_half_block")
#: How sidecars name partitions that are runs.
BY_RUN = "one partition per run"
#: Units of contrasts, where patterns were normalised by their noise and where they were not.
UNIT = "squared distance / voxel"
UNITS = {"identity": "squared percent of the grand mean / voxel"}
#: What stands behind predicted biases and standard errors.
SERIAL = (
    "The serial covariance{left} was measured in the residuals of the regions' "
    "voxels (a first-order autoregression, corrected for the fit) and"
)
#: How series were whitened, by the noise model of the GLM.
WHITENING = {
    "spm": "Whitening, high-pass filter and nuisance regressors were those of the task's GLM.",
    "ols": "High-pass filter and nuisance regressors were those of the task's GLM; series were not "
    "whitened.",
    "ar1": "High-pass filter and nuisance regressors were those of the task's GLM; series were "
    "whitened with one covariance, estimated over the voxels of all regions by restricted maximum "
    "likelihood (Friston et al., 2002).",
}
COVARIANCES = {
    "shrinkage_to_diagonal": "The noise covariance of a region's voxels was estimated from the "
    "residuals and shrunk to its diagonal, as much as the residuals ask for (Ledoit and Wolf, "
    "2004)",
    "diagonal": "The noise variance of each voxel was estimated from the residuals; covariances "
    "of voxels were taken as zero",
    "full": "The noise covariance of a region's voxels was estimated from the residuals, without "
    "shrinkage",
    "identity": "",
}
TRAINING = {
    "mean": "the mean of all other partitions",
    "gls": "all other partitions, estimated from them anew by generalized least squares",
}


def rsa_paragraphs(
    rsa: RsaSpec, task: TaskSpec, *, noise_model: str, facts: Facts, cited: set[str]
) -> tuple[str, ...]:
    """Return what is said of representational similarity.

    Parameters
    ----------
    rsa : RsaSpec
        What was asked for.
    task : TaskSpec
        Its task.
    noise_model : str
        That of the task's GLM.
    facts : sequence of mapping
        Sidecars of the dissimilarities; empty when only the study is told.
    cited : set of str
        Gets the papers that the sentences rest on.
    """
    cited.update(("walther", "nili", "diedrichsen", "cai"))
    estimator = agreed(facts, "Covariance", rsa.covariance)
    if estimator == "shrinkage_to_diagonal":
        cited.add("ledoit")
    if noise_model in ("spm", "ar1"):
        cited.add("spm")
    return (
        _patterns(rsa, task, noise_model, facts),
        _contrast(
            estimator,
            training=agreed(facts, "Training", rsa.training),
            unit=agreed(facts, "Units", UNITS.get(estimator, UNIT)),
        ),
        _bias(rsa, facts, left="" if noise_model == "ols" else " that whitening left"),
        _measures(rsa),
    )


def _patterns(rsa: RsaSpec, task: TaskSpec, noise_model: str, facts: Facts) -> str:
    told = list(dict.fromkeys(each for one in facts for each in sentences_of(one, "TrialTypes")))
    types = told or list(trial_types_of_matrix(rsa, task))
    opening = (
        f"Representational similarity of the trial types {listed(types)} (task {task.name}) was "
        "measured by linear discriminant contrasts, cross-validated squared distances of patterns "
        "(Nili et al., 2014; Walther et al., 2016; Diedrichsen et al., 2016). Each trial type had "
        "a regressor of its own in each partition of the data."
    )
    return f"{opening} {_partitions(rsa, facts)} {WHITENING.get(noise_model, '')}".strip()


def _partitions(rsa: RsaSpec, facts: Facts) -> str:
    """Tell the partitions that there were, else the rule of the study."""
    rules: dict[str, list[int]] = {}
    for each in facts:
        if isinstance(each.get("Partition"), str) and count_of(each, "Partitions"):
            rules.setdefault(str(each["Partition"]), []).append(count_of(each, "Partitions"))
    if rules:
        n_sessions = sum(map(len, rules.values()))
        parts = []
        for rule, counts in rules.items():
            of = "" if len(rules) == 1 else f"; {len(counts)} of {n_sessions} sessions"
            parts.append(f"{rule} ({spread(counts, 0, EN_DASH)} in a session{of})")
        return f"There was {listed(parts)}."
    most = ""
    if rsa.maximum_partitions is not None and rsa.partition in BY_BLOCK:
        most = (
            f"; neighbouring blocks shared one where a run would have had more than "
            f"{rsa.maximum_partitions}"
        )
    return f"A partition was {PARTITIONS[rsa.partition]}{most}."


def _contrast(estimator: str, *, training: str, unit: str) -> str:
    covariance = COVARIANCES.get(estimator, "")
    if covariance:
        noise = f"{covariance}; patterns were multiplied with its inverse square root."
    else:
        noise = "Patterns were not normalised by their noise."
    return (
        f"{noise} The contrast of two trial types is the inner product of the difference of their "
        f"patterns in one partition with that in {TRAINING.get(training, training)}, averaged "
        f"over partitions and divided by the number of voxels ({unit_words(unit)}). It is zero on "
        "average where two patterns are equal and their errors independent, and may be negative."
    )


def _bias(rsa: RsaSpec, facts: Facts, *, left: str) -> str:
    rules = {str(each["Partition"]) for each in facts if each.get("Partition")}
    by_run = rules == {BY_RUN} if rules else rsa.partition == "run"
    if by_run:
        return (
            "Partitions were whole runs, which share no noise through the design (Cai et al., "
            "2019), so that no bias of the contrast is predicted and none was subtracted. "
            f"{SERIAL.format(left=left)} enters the standard errors."
        )
    return (
        "Partitions of one run are not independent: their estimates share noise through the "
        "design, which biases the contrast even where patterns are equal (Cai et al., 2019). The "
        "measure is the contrast minus the predicted bias, which follows for each pair from the "
        "covariance of the estimates; the raw contrast is kept beside it. "
        f"{SERIAL.format(left=left)} enters the predicted bias and the standard errors."
    )


def _measures(rsa: RsaSpec) -> str:
    pairs = [f"{pair[0]} against {pair[1]}" for pair in rsa.pairs if len(pair) == 2]
    which = listed(pairs) if pairs else "all pairs of trial types"
    return (
        f"Measures (`ldc`) are the contrasts of {which} in each region. Split-half reliability of "
        "a region's dissimilarity matrix is the Pearson correlation of the dissimilarities of two "
        "halves of the partitions over all pairs of trial types, for the ways to halve them where "
        "there were four partitions or more."
    )
