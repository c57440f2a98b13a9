"""Damage that meets generalized PPI, pattern similarity and partial correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.fuzz.case import Case, Damage, Outcome, noted, refused
from tests.fuzz.damage import both, cell, column, edit_text, lines, replace, voxels

RSA = "rsa: {task: faces, partition: %s, minimum_residual_df: 10}\n"
GPPI = (
    "gppi: {method: %s, minimum_residual_df: 5, confounds: {compcor_components: 0, columns: [], "
    'motion_without_aroma: "none"}}\n'
)


def with_section(
    name: str, damage: str, section: str, apply: Damage, outcome: Outcome, **further: Any
) -> Case:
    """Make a case of damage to a run of a study with a further section."""
    change = both(edit_text("study", lambda text: text + section), apply)
    return Case(
        f"connectivity-{name}", "TSV", damage, change, outcome, level="participant", **further
    )


def rsa(name: str, damage: str, apply: Damage, outcome: Outcome, rule: str = "block") -> Case:
    return with_section(f"rsa-{name}", damage, RSA % rule, apply, outcome)


def gppi(name: str, damage: str, apply: Damage, outcome: Outcome, method: str = "conn") -> Case:
    return with_section(f"gppi-{name}", damage, GPPI % method, apply, outcome)


def rows_of(*rows: str) -> Damage:
    """Put other trials below the header."""
    return lines("events", lambda old: [old[0], *rows])


def trial(onset: float, duration: object, kind: str) -> str:
    return f"{onset}\t{duration}\t{kind}\t0.6\t1"


def turns(*kinds: str, duration: object = 8, number: int = 6) -> Damage:
    return rows_of(
        *(trial(6 + 18 * each, duration, kinds[each % len(kinds)]) for each in range(number))
    )


def nothing() -> Damage:
    return both()


PARTITIONS = [
    rsa("one-block", "one block of a trial type",
        rows_of(trial(6, 8, "faces"), trial(24, 8, "shapes"), trial(60, 8, "faces")),
        noted("`shapes`: one block in the run, and partitions by block need two")),
    rsa("one-block-each", "one block of each trial type",
        rows_of(trial(6, 8, "faces"), trial(60, 8, "shapes")),
        noted("`faces`, `shapes`: one block in the run")),
    rsa("one-block-each-halved", "one block of each, and halves asked for",
        rows_of(trial(6, 8, "faces"), trial(60, 8, "shapes")), noted(""), rule="half_block"),
    rsa("missing-type", "no trials of one trial type", turns("faces"),
        noted("fewer than two partitions hold both|no trials")),
    rsa("no-trials", "conditions of another task", turns("houses", "cars"),
        noted("no run has trials|no trials|no regressor")),
    rsa("durations-unknown", "n/a in all durations, and halves asked for",
        column("events", "duration", "n/a"),
        noted("cannot be halved"), rule="half_block"),
    rsa("duration-unknown", "n/a in one duration", cell("events", 4, "duration", "n/a"),
        noted("(?i)without a duration|no duration")),
    rsa("durations-zero", "no trial lasts, and halves asked for",
        column("events", "duration", "0"),
        noted("cannot be halved: it is one trial without a duration"), rule="half_block"),
    rsa("onset-unknown", "n/a in one onset", cell("events", 3, "onset", "n/a"),
        noted("1 (event|trial)s? without an onset")),
    rsa("onsets-beyond", "all trials after the end of the run",
        column("events", "onset", lambda each: str(float(each) + 200)),
        noted("6 (event|trial)s after the end|no trials")),
    rsa("overlap", "blocks that overlap", turns("faces", "shapes", duration=40),
        noted("(?i)overlap|beyond|longer|end of the run|gives no|bias|reliability")),
    rsa("same-onsets", "both trial types at the same time",
        rows_of(*(trial(6 + 36 * each, 8, kind)
                  for each in range(3) for kind in ("faces", "shapes"))),
        noted("(?i)combination|estimable|collinear|same|reliability|overlap|not in contrast")),
    rsa("twice", "every trial twice", lines("events", lambda old: [*old, *old[1:]]), noted("")),
    rsa("many", "a block every two seconds",
        rows_of(*(trial(2 * each, 1, ("faces", "shapes")[each % 2]) for each in range(58))),
        noted("residual degrees of freedom, fewer than 10")),
    rsa("run-alone", "one run, and partitions that are runs", nothing(),
        noted("one partition in all: cross-validation needs two"), rule="run"),
    rsa("script", "a script for a trial type",
        cell("events", 3, "trial_type", "<script>alert(1)</script>"),
        noted("(?s)script|in no condition")),
]  # fmt: skip

INTERACTIONS = [
    *(
        gppi(f"missing-type-{method}", "no trials of one condition", turns("faces"),
             noted("condition `shapes` has no trials"), method=method)
        for method in ("conn", "joint")
    ),
    gppi("no-trials", "conditions of another task", turns("houses", "cars"),
         noted("has no trials")),
    gppi("always-on", "conditions that fill the run",
         rows_of(*(trial(10 * each, 10, ("faces", "shapes")[each % 2]) for each in range(12))),
         noted("")),
    gppi("same-onsets", "both conditions at the same time",
         rows_of(*(trial(6 + 36 * each, 8, kind)
                   for each in range(3) for kind in ("faces", "shapes"))),
         noted("(?i)combination|estimable|collinear"), method="joint"),
    gppi("durations-unknown", "n/a in all durations", column("events", "duration", "n/a"),
         noted("(?i)without a duration|no duration")),
    gppi("onset-early", "an onset long before the run", cell("events", 2, "onset", "-900"),
         noted("(?i)before the (start|run|first|begin)")),
    gppi("confounds-absent", "its own confounds are not there",
         replace("study", "columns: []", "columns: [nothing]"),
         noted("(?s)nothing.*Name the columns it has under `gppi.confounds`")),
    gppi("band-above-nyquist", "a band above half the sampling rate",
         replace("study", "gppi: {method: conn", "gppi: {method: conn, band_pass: [0.3, 0.4]"),
         noted("(?i)residual degrees of freedom")),
    gppi("no-degrees-of-freedom", "more asked for than there are volumes",
         replace("study", "minimum_residual_df: 5", "minimum_residual_df: 5000"),
         noted("residual degrees of freedom, fewer than 5000")),
]  # fmt: skip


def still(values: np.ndarray) -> np.ndarray:
    """Keep the voxels around both amygdalae at one value."""
    values[2:8, 5:8, 2:5] = 1000.0
    return values


def one_side(values: np.ndarray) -> np.ndarray:
    """Keep the left voxels at one value."""
    values[:5, 5:8, 2:5] = 1000.0
    return values


UNSMOOTHED = replace("study", "smoothing_fwhm: 6.0", "smoothing_fwhm: null")
IMAGES = [
    gppi("constant-region", "a region that does not vary",
         both(UNSMOOTHED, voxels("bold", still)),
         noted("(?i)amygdala.*(coverage|signal)|coverage of amygdala")),
    rsa("constant-region", "a region that does not vary",
        both(UNSMOOTHED, voxels("bold", still)), noted("(?i)no voxel|coverage|signal")),
    gppi("half-constant-region", "half a region that does not vary",
         both(UNSMOOTHED, voxels("bold", one_side)),
         noted("amygdala: \\d voxels? (is|are) modelled")),
    rsa("few-volumes", "a run of 20 volumes",
        both(voxels("bold", lambda values: values[..., :20]),
             lines("confounds", lambda rows: rows[:21])),
        noted("residual degrees of freedom|no trials|one block")),
    gppi("few-volumes", "a run of 20 volumes",
         both(voxels("bold", lambda values: values[..., :20]),
              lines("confounds", lambda rows: rows[:21])),
         noted("residual degrees of freedom.*fewer than 5")),
]  # fmt: skip


def _section(name: str, damage: str, text: str, told: str) -> Case:
    return with_section(name, damage, text, nothing(), refused(64, f"(?s){told}"))


STUDY = [
    _section("spm-ols", "method spm with another noise model", GPPI % "spm",
             "gppi.method `spm` takes whitening"),
    _section("gppi-task", "a task that is not there", "gppi: {tasks: [stroop]}\n",
             "gppi.tasks names no task of the study: `stroop`"),
    _section("gppi-list", "a section that is a list", "gppi: [faces]\n", "gppi must be a mapping"),
    _section("gppi-band-nan", "a band that is no number", "gppi: {band_pass: [.nan, 0.1]}\n",
             "band_pass"),
    _section("rsa-task", "a task that is not there", "rsa: {task: stroop}\n",
             "rsa.task names no task of the study: `stroop`"),
    _section("rsa-no-task", "no task", "rsa: {}\n", "rsa.*`?task`?"),
    _section("rsa-type", "a trial type that is not there",
             "rsa: {task: faces, trial_types: [faces, houses]}\n",
             "names no trial type of the task's conditions: `houses`"),
    _section("rsa-pair-twice", "a pair twice",
             "rsa: {task: faces, pairs: [[faces, shapes], [shapes, faces]]}\n",
             "rsa.pairs, number 2 stands there twice"),
    _section("rsa-pair-of-one", "a pair of one", "rsa: {task: faces, pairs: [[faces, faces]]}\n",
             "a pair is two different trial types"),
    _section("rsa-pair-flat", "pairs that are no lists",
             "rsa: {task: faces, pairs: [faces, shapes]}\n", "rsa.pairs"),
    _section("rsa-partitions", "one partition at most",
             "rsa: {task: faces, maximum_partitions: 1}\n",
             "maximum_partitions must be at least 2"),
    _section("rsa-type-control", "a line end in a trial type",
             'rsa: {task: faces, trial_types: ["fa\\nces", shapes]}\n', "rsa.trial_types"),
    _section("rsa-type-nan", "a trial type that is no text",
             "rsa: {task: faces, trial_types: [.nan, shapes]}\n", "rsa.trial_types"),
]  # fmt: skip


def resting(name: str, damage: str, text: str, outcome: Outcome) -> Case:
    change = replace("study", "rest:\n", f"rest:\n  correlations: {text}\n")
    return Case(f"connectivity-rest-{name}", "YAML", damage, change, outcome,
                level="participant", task="rest")  # fmt: skip


REST = [
    resting("none", "no correlation", "[]", refused(64, "rest.correlations names no correlation")),
    resting("unknown", "an unknown correlation", "[spearman]",
            refused(64, "rest.correlations")),
    resting("twice", "a correlation twice", "[partial, partial]",
            refused(64, "names a correlation twice")),
    Case("connectivity-rest-few", "region", "a partial correlation of more regions than degrees "
         "of freedom", both(
             replace("study", "rest:\n", "rest:\n  correlations: [pearson, partial]\n"),
             replace("study", "    vmPFC:", "".join(
                 f"    r{number}: {{spheres: [[{x}, {y}, {z}]], radius: 1}}\n"
                 for number, (x, y, z) in enumerate(
                     (x, y, z) for x in np.arange(-56, 57, 16) for y in np.arange(-72, 57, 16)
                     for z in (0, 16))
                 if number < 60) + "    vmPFC:", count=1)),
         noted("partial correlations of \\d+ regions: more regions than the \\d+ degrees"),
         level="participant", task="rest"),
]  # fmt: skip

CASES = [*PARTITIONS, *INTERACTIONS, *IMAGES, *STUDY, *REST]
