"""Tables of mixed models, analysis of variance and symptom dimensions, written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bids_ketamine.outputs.group_clinical_tables import CLINICAL_TABLES
from bids_ketamine.outputs.tables import write_table
from bids_ketamine.reports.group_clinical_data import ClinicalOutput, read_clinical

ARMS = ("midazolam", "ketamine")
SESSIONS = ("pre", "post")
HOSTILE = "<img src=x onerror=alert(1)>"
DIMENSIONS = ("re_experiencing", "avoidance", "negative_affect", "anhedonia",
              "externalizing_behaviour", "anxious_arousal", "dysphoric_arousal")  # fmt: skip
#: Standard error, degrees of freedom by rule, of each term.
TERMS = {
    "1": (30.2, 1.1, {"satterthwaite": 33.4, "residual": 40.0}),
    "time": (-4.1, 1.5, {"satterthwaite": 20.1, "residual": 40.0}),
    "arm[ketamine]": (-1.2, 2.2, {"satterthwaite": 21.7, "residual": 40.0}),
    "time:arm[ketamine]": (-6.8, 1.66, {"satterthwaite": 22.04, "residual": 40.0}),
}
P_VALUES = {"1": 1e-12, "time": 0.0128, "arm[ketamine]": 0.588, "time:arm[ketamine]": 0.0005}


def people(n: int = 22) -> list[tuple[str, str]]:
    """Return labels and arms."""
    return [(f"sub-A{place:02d}", ARMS[place % 2]) for place in range(n)]


def effects(model: str = "course", value: str = "madrs") -> list[dict[str, Any]]:
    rows = []
    for method in ("reml", "ml"):
        for rule in ("satterthwaite", "residual"):
            for term, (estimate, se, df) in TERMS.items():
                small = 0.94 if method == "ml" else 1.0
                half = (2.07 if rule == "satterthwaite" else 2.02) * se * small
                rows.append(
                    {
                        "model": model,
                        "value": value,
                        "method": method,
                        "df_rule": rule,
                        "term": term,
                        "estimate": estimate,
                        "se": se * small,
                        "df": df[rule],
                        "t": estimate / (se * small),
                        "p_value": P_VALUES[term] * (0.5 if rule == "residual" else 1.0),
                        "ci_low": estimate - half,
                        "ci_high": estimate + half,
                        "interval": "t",
                        "reason": None,
                    }
                )
    return rows


def f_tests(model: str = "course", value: str = "madrs") -> list[dict[str, Any]]:
    return [
        {
            "model": model,
            "value": value,
            "method": "reml",
            "df_rule": "satterthwaite",
            "term": term,
            "num_df": 1.0,
            "den_df": 22.04,
            "f_value": f_value,
            "p_value": p_value,
            "reason": None,
        }
        for term, f_value, p_value in (
            ("time", 81.3, 1e-8),
            ("arm", 4.2, 0.052),
            ("time:arm", 16.8, 0.0005),
        )
    ]


def fits(model: str = "course", value: str = "madrs", **changes: Any) -> list[dict[str, Any]]:
    row = {
        "model": model,
        "value": value,
        "formula": "time * arm",
        "n_observations": 43,
        "n_participants": 22,
        "sd_participant": 4.31,
        "sd_slope": np.nan,
        "correlation": np.nan,
        "sd_residual": 3.02,
        "log_likelihood": -130.55,
        "aic": 273.1,
        "bic": 283.6,
        "converged": True,
        "boundary": False,
        "note": None,
        "reason": None,
    }
    return [{**row, "method": method, **changes} for method in ("reml", "ml")]


def mixed_data(model: str = "course", value: str = "madrs") -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    rows = []
    for place, (who, arm) in enumerate(people()):
        for at, session in enumerate(SESSIONS):
            inside = not (place == 5 and session == "post")
            score = 31 - at * (4 + 7 * (arm == "ketamine")) + 4 * rng.standard_normal()
            rows.append(
                {
                    "model": model,
                    "value": value,
                    "participant_id": who,
                    "session": session,
                    "arm": arm,
                    "period": None,
                    "sequence": None,
                    "score": score if inside else np.nan,
                    "included": inside,
                    "reason": None if inside else f"no score of {who} {HOSTILE}",
                }
            )
    return rows


def mixed_means(model: str = "course", value: str = "madrs") -> list[dict[str, Any]]:
    data = pd.DataFrame(mixed_data(model, value)).query("included")
    rows = []
    for session in SESSIONS:
        for arm in ("all", *ARMS):
            own = data[data["session"] == session]
            scores = (own if arm == "all" else own[own["arm"] == arm])["score"]
            half = 2.1 * scores.std() / np.sqrt(len(scores))
            rows.append(
                {
                    "model": model,
                    "value": value,
                    "session": session,
                    "arm": arm,
                    "n": len(scores),
                    "mean": scores.mean(),
                    "sd": scores.std(),
                    "ci_low": scores.mean() - half,
                    "ci_high": scores.mean() + half,
                }
            )
    return rows


def anova(outcomes: str = "caps5+madrs") -> list[dict[str, Any]]:
    """Return the reference analysis of 21 participants, 2 sessions and 2 measures."""
    pooled = [
        ("participant", "arm", 1, 64.500, 0.59367, 19, 0.45048),
        ("participant", "Residuals", 19, 2064.309, None, None, None),
        ("within", "session", 1, 2410.714, 71.5498, 57, 1.2e-11),
        ("within", "arm:session", 1, 185.158, 5.49549, 57, 0.022574),
        ("within", "arm:session:measure", 1, 5.049, 0.14986, 57, 0.70011),
        ("within", "Residuals", 57, 1920.491, None, None, None),
    ]
    stratified = [
        ("participant", "arm", 1, 64.500, 0.59367, 19, 0.45048),
        ("participant", "Residuals", 19, 2064.309, None, None, None),
        ("participant:session", "session", 1, 2410.714, 68.1472, 19, 1.0e-7),
        ("participant:session", "arm:session", 1, 185.158, 5.23414, 19, 0.033784),
        ("participant:session", "Residuals", 19, 672.127, None, None, None),
        ("participant:session:measure", "arm:session:measure", 1, 5.049, 0.19178, 19, 0.66637),
        ("participant:session:measure", "Residuals", 19, 500.236, None, None, None),
    ]
    names = ("stratum", "term", "df", "sum_sq", "f_value", "df_residual", "p_value")
    return [
        dict(zip(names, row, strict=True))
        | {
            "outcomes": outcomes,
            "error_strata": strata,
            "n_participants": 21,
            "mean_sq": float(row[3]) / int(row[2]),
            "epsilon_gg": None,
            "p_value_gg": None,
            "reason": None,
        }
        for strata, rows in (("participant", pooled), ("stratified", stratified))
        for row in rows
    ]


def dimensions() -> list[dict[str, Any]]:
    rows = []
    for place, name in enumerate(DIMENSIONS):
        for at, arm in enumerate(("all", *ARMS)):
            r = -0.45 + 0.15 * place + 0.1 * at
            rows.append(
                {
                    "dimension": name,
                    "arm": arm,
                    "n": (21, 10, 11)[at],
                    "r": r,
                    "ci_low": max(-0.95, r - (0.4, 0.6, 0.58)[at]),
                    "ci_high": min(0.95, r + (0.4, 0.6, 0.58)[at]),
                    "p_value": 0.04 if (place, at) == (0, 0) else 0.3 + 0.03 * place,
                    "rho": r + 0.03,
                    "rho_p_value": 0.2,
                    "reason": None,
                }
            )
    return rows


def dimension_scores() -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    rows = []
    for place, (who, arm) in enumerate(people()):
        change = rng.standard_normal() * 0.2
        overall = rng.standard_normal()
        for at, name in enumerate(DIMENSIONS):
            gain = 2 + 5 * change * (1 - 0.3 * at) + overall + rng.standard_normal()
            out = place == 3
            rows.append(
                {
                    "participant_id": who,
                    "arm": arm,
                    "dimension": name,
                    "first": 8.0,
                    "second": 8.0 - gain,
                    "improvement": np.nan if out else gain,
                    "missing_first": 1.0 if (place, at) == (6, 0) else 0.0,
                    "missing_second": 0.0,
                    "measure_change": change,
                    "reason": f"no items of {who} in post" if out else None,
                }
            )
    return rows


def dimension_pairs() -> list[dict[str, Any]]:
    names = (*DIMENSIONS, "change of the measure")
    return [
        {"dimension": one, "other": other, "arm": "all", "n": 21,
         "r": 1.0 if at == place else 0.05 * (at + place)}
        for at, one in enumerate(names)
        for place, other in enumerate(names)
    ]  # fmt: skip


def dimension_covariates() -> list[dict[str, Any]]:
    return [
        {
            "covariate": name,
            "arm": arm,
            "n": n,
            "rho": rho,
            "p_value": 0.4,
            "r": rho - 0.02,
            "ci_low": rho - 0.45,
            "ci_high": rho + 0.4,
            "reason": None,
        }
        for name, rho in (("infusions", 0.21), ("days_between_scans", -0.13))
        for arm, n in (("all", 21), ("ketamine", 11))
    ]


def crossover() -> dict[str, list[dict[str, Any]]]:
    """Return a crossover trial of one outcome, with hostile names."""
    keys: dict[str, Any] = {"model": "crossed", "value": "madrs"}
    terms = {
        "1": (31.3, 1.2, 30.0),
        "treatment[ketamine]": (-6.8, 1.64, 22.0),
        "period[2]": (0.9, 1.64, 22.0),
        "sequence[placebo-ketamine]": (-1.1, 2.3, 22.0),
    }
    rows = [
        keys
        | {
            "method": "reml",
            "df_rule": rule,
            "term": term,
            "estimate": estimate,
            "se": se,
            "df": df if rule == "satterthwaite" else 44.0,
            "t": estimate / se,
            "p_value": p_value * (1.0 if rule == "satterthwaite" else 0.8),
            "ci_low": estimate - 2.07 * se,
            "ci_high": estimate + 2.07 * se,
            "interval": "t",
            "reason": None,
        }
        for rule in ("satterthwaite", "residual")
        for (term, (estimate, se, df)), p_value in zip(
            terms.items(), (1e-15, 0.0004, 0.588, 0.637), strict=True
        )
    ]
    data = [
        keys
        | {
            "participant_id": f"sub-{place:02d}",
            "session": session,
            "arm": None,
            "period": str(1 + (at + place) % 2),
            "sequence": ("placebo-ketamine", "ketamine-placebo")[place % 2],
            "score": 31.3 - 6.8 * at + 5 * np.sin(3.0 * place + at),
            "included": True,
            "reason": None,
        }
        for place in range(24)
        for at, session in enumerate(("placebo", "ketamine"))
    ]
    means = [
        keys
        | {
            "session": session,
            "arm": "all",
            "n": 24,
            "mean": mean,
            "sd": 5.0,
            "ci_low": mean - 2.1,
            "ci_high": mean + 2.1,
        }
        for session, mean in (("placebo", 31.3), ("ketamine", 24.5))
    ]
    fit = fits("crossed", formula="treatment + period + sequence", n_participants=24)[:1]
    return {
        "group_mixed_effects": rows,
        "group_mixed_data": data,
        "group_mixed_means": means,
        "group_mixed_fits": fit,
    }


TABLES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "group_mixed_effects": effects,
    "group_mixed_tests": f_tests,
    "group_mixed_fits": fits,
    "group_mixed_means": mixed_means,
    "group_mixed_data": mixed_data,
    "group_anova": anova,
    "group_dimensions": dimensions,
    "group_dimension_scores": dimension_scores,
    "group_dimension_covariates": dimension_covariates,
    "group_dimension_correlations": dimension_pairs,
}


def output(folder: Path, **tables: list[dict[str, Any]]) -> ClinicalOutput:
    """Write tables into an output folder, those given instead of the usual ones, and read them."""
    for stem, rows in {**{name: make() for name, make in TABLES.items()}, **tables}.items():
        columns = CLINICAL_TABLES[stem]
        table = pd.DataFrame(rows, columns=list(columns))
        write_table(folder / "group" / f"{stem}.tsv", table, columns=columns)
    return read_clinical(folder)
