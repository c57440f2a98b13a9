"""Two real trials of scores alone, through the command line.

``python -m benchmarks.clinical_trials [--data FOLDER] [--output FOLDER]``

Crossover (ds005917; Evans, Nugent & Zarate, doi:10.18112/openneuro.ds005917.v1.0.1): ketamine and
placebo in major depression. MADRS two days after each infusion, by a mixed model with treatment,
period and sequence, in the participants who have both visits. For complete data the treatment
effect is the mean of the differences within each sequence, and its t that of two samples; both are
computed here from the tables without a model. So is the course by visit: change from baseline,
response and remission with and without dropouts, and correlations with the fall.

Three arms (ds003007; Bezmaternykh et al., 2021, doi:10.1155/2021/8846097): cognitive behavioural
therapy, neurofeedback or no treatment in mild depression, one column a session. Table 1, analysis
of variance and a mixed model of time by arm; means and the F of arm by session are computed here
too.

Targets: exit code 0; participants, means, effects and their t as found without the app; MADRS lower
after ketamine with p < .05; sentences of the report that state each effect with its interval, and
numbers in them that are those of the tables.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from scipy import stats

from benchmarks.clinical_course import LABELS, SCORES, SECTIONS, course_targets
from benchmarks.measurement import Target, print_targets
from bids_ketamine.cli.run import main as bids_ketamine
from bids_ketamine.outputs.tables import read_table, write_text

CROSSOVER, ARMS = "ketamine-moa-ds005917", "depression-ds003007"

#: Column of each period, and the visit two days after what it holds.
PERIODS = ("infusion_1", "infusion_2")
VISITS = {"placebo": "ses-p2", "ketamine": "ses-d2"}

CROSSOVER_STUDY: Mapping[str, Any] = {
    "name": "moa",
    "title": "Ketamine and placebo in major depression, two days after infusion",
    "sessions": {name: {"label": label.removeprefix("ses-")} for name, label in LABELS.items()},
    "changes": {
        "treatment": {"first": "placebo", "second": "ketamine"},
        "fall": {"first": "baseline", "second": "ketamine"},
    },
    "arms": {"column": "group", "levels": ["MDD"]},
    "outcomes": {
        "madrs": {"table": "phenotype", "column": "MADRS_Total"},
        "madrs_fall": {"table": "phenotype", "column": "MADRS_Total", "change": "fall"},
        **{name: {"table": "phenotype", "column": column} for name, column in SCORES.items()},
    },
    "crossover": {"columns": list(PERIODS), "values": {"d": "ketamine", "p": "placebo"}},
    "mixed_models": {
        "madrs": {
            "outcomes": ["madrs"],
            "formula": "treatment + period + sequence",
            "complete": True,
        }
    },
    **SECTIONS,
}

#: Mean MADRS after each treatment that the trial is known for.
KNOWN_MEANS = {"ketamine": 24.5, "placebo": 31.3}

#: Columns of each outcome before and after, and the arms.
COLUMNS = {
    "bdi": {"pre": "BDI_ses-pre", "post": "BDI_ses-post"},
    "zung": {"pre": "Zung_SDS_ses-pre", "post": "Zung_SDS_ses-post"},
}
LEVELS = ("depr_no_treatment", "depr_cbt", "depr_nfb")

ARMS_STUDY: Mapping[str, Any] = {
    "name": "therapies",
    "title": "Cognitive behavioural therapy, neurofeedback or no treatment in mild depression",
    "sessions": {"pre": {"label": "pre"}, "post": {"label": "post"}},
    "changes": {"change": {"first": "pre", "second": "post"}},
    "arms": {"column": "group", "levels": list(LEVELS)},
    "outcomes": {name: {"columns": columns} for name, columns in COLUMNS.items()},
    "covariates": {"age": {}, "gender": {"kind": "categorical"}},
    "table_one": {
        "variables": {
            "IQ": {"column": "IQ_Raven"},
            "diagnosis": {"column": "ICD-10_ses-pre", "kind": "categorical"},
        }
    },
    "repeated_measures": {"outcomes": list(COLUMNS)},
    "mixed_models": {"symptoms": {"outcomes": list(COLUMNS), "formula": "time * arm"}},
}

#: A difference and its interval, as the report writes them after what they are of.
STATED = (
    r" (?P<estimate>[+−]?[\d.]+) points \(95 % interval (?P<low>−?[\d.]+) to (?P<high>−?[\d.]+)"
)

#: What the effects of interest are called there, by their terms.
WORDS = {
    "treatment[ketamine]": "ketamine minus placebo",
    **{
        f"time:arm[{arm}]": f"change from pre to post, {arm} minus {LEVELS[0]}"
        for arm in LEVELS[1:]
    },
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run both trials and print what came of them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.clinical_trials", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), metavar="FOLDER")
    parser.add_argument(
        "--output", type=Path, default=Path("benchmark-results/clinical_trials"), metavar="FOLDER"
    )
    options = parser.parse_args(argv)
    for name in (CROSSOVER, ARMS):
        if not (options.data / name / "participants.tsv").exists():
            parser.error(f"no trial in {options.data / name}")
    targets = crossover_targets(options.data / CROSSOVER, options.output / "crossover")
    targets += arms_targets(options.data / ARMS, options.output / "arms")
    return 0 if print_targets(targets) else 1


def crossover_targets(bids: Path, output: Path) -> list[Target]:
    """Run the crossover trial; return what is judged."""
    code = run_study(CROSSOVER_STUDY, bids, output)
    if code:
        return [Target("crossover: exit code", code, 0)]
    by_hand = crossover_by_hand(bids)
    group = output / "group"
    effects = read_table(group / "group_mixed_effects.tsv")
    means = read_table(group / "group_mixed_means.tsv")
    fits = read_table(group / "group_mixed_fits.tsv")
    means = means[means["arm"] == "MDD"].set_index("session")["mean"]
    found = effects[effects["df_rule"] == "satterthwaite"].set_index("term")
    effect = found.loc["treatment[ketamine]"]
    print_effects(effects)
    print(f"MADRS: ketamine {means['ketamine']:.2f}, placebo {means['placebo']:.2f}\n")
    n_participants = int(fits["n_participants"].iloc[0])
    ketamine, placebo = (abs(means[name] - told) for name, told in KNOWN_MEANS.items())
    return [
        Target("crossover: exit code", code, 0),
        Target("crossover: participants, distance to 24", abs(n_participants - 24), 0),
        Target("crossover: mean after ketamine, distance to 24.5", ketamine, 0.05),
        Target("crossover: mean after placebo, distance to 31.3", placebo, 0.05),
        Target("crossover: treatment effect, upper limit", effect["ci_high"], 0),
        Target("crossover: its p", effect["p_value"], 0.05),
        Target("crossover: effect beside that by hand", abs(effect["estimate"] - by_hand[0]), 1e-6),
        Target("crossover: t beside that by hand", abs(effect["t"] - by_hand[1]), 1e-4),
        Target("crossover: its degrees of freedom", abs(effect["df"] - by_hand[2]), 1e-3),
        *course_targets(bids, group),
        *report_targets("crossover", output, effects),
    ]


def arms_targets(bids: Path, output: Path) -> list[Target]:
    """Run the trial of three arms; return what is judged."""
    code = run_study(ARMS_STUDY, bids, output)
    if code:
        return [Target("arms: exit code", code, 0)]
    people = pd.read_csv(bids / "participants.tsv", sep="\t", na_values="n/a")
    group = output / "group"
    effects = read_table(group / "group_mixed_effects.tsv")
    course = read_table(group / "group_course.tsv").set_index(["outcome", "session", "arm"])
    table_one = read_table(group / "group_table_one.tsv")
    anova = read_table(group / "group_anova.tsv").set_index(["error_strata", "term"])
    print_effects(effects)
    print(course.to_string(float_format="%.2f"), "\n")
    print(read_table(group / "group_table_one_tests.tsv").to_string(float_format="%.3f"), "\n")
    distances = [
        abs(course.loc[(name, session, arm), "mean"] - own[columns[session]].mean())
        for name, columns in COLUMNS.items()
        for session in columns
        for arm, own in people.groupby("group")
    ]
    ages = table_one[table_one["variable"] == "age"].set_index("arm")["mean"]
    distances += [abs(ages[arm] - own["age"].mean()) for arm, own in people.groupby("group")]
    pooled, stratified = (
        anova.loc[(each, "arm:session")] for each in ("participant", "stratified")
    )
    n_complete = int(pooled["n_participants"])
    error = stratified["df_residual"], pooled["df_residual"]
    expected = n_complete - len(LEVELS), 3 * (n_complete - len(LEVELS))
    away = abs(stratified["f_value"] - arm_by_session(people))
    described = table_one[(table_one["variable"] == "age") & (table_one["arm"] == "all")]["n"]
    return [
        Target("arms: exit code", code, 0),
        Target("arms: participants not in Table 1", len(people) - int(described.iloc[0]), 0),
        Target("arms: means beside those of the dataset", max(distances), 1e-6),
        Target("arms: stratified F beside that by hand", away, 1e-6),
        Target("arms: degrees of freedom of its error", abs(error[0] - expected[0]), 0),
        Target("arms: those of the pooled error", abs(error[1] - expected[1]), 0),
        *report_targets("arms", output, effects),
    ]


def run_study(study: Mapping[str, Any], bids: Path, output: Path) -> int:
    """Write a study file and run the group level; return the exit code."""
    shutil.rmtree(output, ignore_errors=True)
    path = output.with_suffix(".yml")
    write_text(path, yaml.safe_dump(dict(study), sort_keys=False, width=100))
    return bids_ketamine([str(bids), str(output), "group", "--study", str(path)])


def crossover_by_hand(bids: Path) -> tuple[float, float, float]:
    """Return the treatment effect, its t and degrees of freedom from differences alone.

    Differences of the two sequences have means m_1 and m_2; the effect is (m_1 + m_2) / 2, and its
    standard error half that of m_1 - m_2.
    """
    people = pd.read_csv(bids / "participants.tsv", sep="\t", na_values="n/a")
    scores = pd.read_csv(bids / "phenotype" / "phenotype.tsv", sep="\t", na_values="n/a")
    patients = people[people["group"] == "MDD"].dropna(subset=list(PERIODS))
    wide = scores.pivot(index="participant_id", columns="session_id", values="MADRS_Total")
    own = patients.set_index("participant_id").join(wide[list(VISITS.values())])
    difference = (own[VISITS["ketamine"]] - own[VISITS["placebo"]]).dropna()
    one, two = (each for _, each in difference.groupby(own["infusion_1"]))
    test = stats.ttest_ind(one, -two)
    effect = (one.mean() + two.mean()) / 2
    return float(effect), float(test.statistic), float(test.df)


def arm_by_session(people: pd.DataFrame) -> float:
    """Return F of arm by session: one-way analysis of the change of both outcomes' sum."""
    change = sum(people[each["post"]] - people[each["pre"]] for each in COLUMNS.values())
    groups = [own.dropna() for _, own in pd.Series(change).groupby(people["group"])]
    return float(stats.f_oneway(*groups).statistic)


def print_effects(effects: pd.DataFrame) -> None:
    """Print the fixed effects."""
    shown = ["value", "df_rule", "term", "estimate", "ci_low", "ci_high", "df", "t", "p_value"]
    print("\n" + effects[shown].to_string(index=False, float_format="%.3f"), "\n")


def report_targets(name: str, output: Path, effects: pd.DataFrame) -> list[Target]:
    """Return what is judged of a report; print what it says and what it is made of."""
    report = output / "group.html"
    page = report.read_text(encoding="utf-8")
    text = plain_text(page)
    wanted = effects[(effects["df_rule"] == "satterthwaite") & effects["term"].isin(list(WORDS))]
    unsaid = wrong = 0
    for row in wanted.itertuples():
        stated = re.search(re.escape(f"{row.value}: {WORDS[row.term]}") + STATED, text)
        unsaid += stated is None
        if stated is not None:
            print(f"report: {stated[0]}; ...")
            ends = (row.estimate, row.ci_low, row.ci_high)
            told = (stated["estimate"], stated["low"], stated["high"])
            wrong += not all(is_rounded(*pair) for pair in zip(told, ends, strict=True))
    pictures = sorted((output / "group" / "figures").glob("*.svg"))
    without_data = [each for each in pictures if not each.with_suffix(".tsv").exists()]
    sections = re.findall(r'<section id="([^"]+)"', page)
    print(
        f"report: {len(page) / 1e6:.2f} MB, {len(sections)} sections ({', '.join(sections)}), "
        f"{page.count('<table')} tables, {page.count('<svg')} pictures; files of figures: "
        f"{len(pictures)}\n{report.resolve().as_uri()}\n"
    )
    return [
        Target(f"{name}: effects that the report does not state with an interval", unsaid, 0),
        Target(f"{name}: effects that it states otherwise than the table", wrong, 0),
        Target(f"{name}: figures without a file of their data", len(without_data), 0),
        Target(f"{name}: files of figures", len(pictures), 1, at_least=True),
        Target(f"{name}: size of the report, MB", len(page) / 1e6, 15),
    ]


def is_rounded(told: str, value: float) -> bool:
    """Tell whether a number of the report is a number of a table, rounded.

    >>> is_rounded("−6.8", -6.75), is_rounded("−6", -5.4)
    (True, False)
    """
    number = told.replace("−", "-")
    decimals = len(number.partition(".")[2])
    return bool(abs(float(number) - value) <= 0.5 * 10.0**-decimals * (1 + 1e-9))


def plain_text(page: str) -> str:
    """Return what a page says, without pictures and tags."""
    bare = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    # Tags inside a sentence leave no gap before its stops.
    text = unescape(re.sub(r"<[^>]+>", " ", bare))
    return re.sub(r"\s+([,.;:)])", r"\1", " ".join(text.split()))


if __name__ == "__main__":
    sys.exit(main())
