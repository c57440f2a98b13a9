"""Figures of networks: matrices by network, spaghetti, bars, scatter, volumes left out."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from bids_ketamine.reports.figures.canvas import ArmStyle
from bids_ketamine.reports.figures.censoring import censoring_figure, minutes_figure
from bids_ketamine.reports.figures.control_bars import Bar, balance_figure, control_bars_figure
from bids_ketamine.reports.figures.forest import Estimate
from bids_ketamine.reports.figures.network_matrix import network_matrix_figure
from bids_ketamine.reports.figures.spaghetti import SpaghettiData, spaghetti_figure
from bids_ketamine.reports.figures.volume_scatter import volume_scatter_figure

STYLES = {"responders": ArmStyle("#D55E00", "D"), "others": ArmStyle("#0072B2", "o")}
RULES = {"name": "n", "description": "d <&>"}


def _texts(markup: object) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", str(markup))


def _pixels(markup: object) -> np.ndarray:
    content = re.search(r"base64,([^\"]*)", str(markup)).group(1)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")).astype(int)


def test_matrix_of_394_regions_is_one_light_image() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((394, 394))
    networks = ["default mode"] * 90 + ["visual"] * 60 + [""] * 244
    markup = network_matrix_figure(
        values, networks=networks, limit=3.0, label="t", description="d <&>"
    )
    assert str(markup).count("<img") == 1
    assert 'alt="d &lt;&amp;&gt;"' in str(markup)
    assert len(str(markup)) < 700_000


def test_matrix_shows_each_triangle_and_leaves_the_rest_empty() -> None:
    values = np.full((60, 60), np.nan)
    values[30:, :30], values[:30, 30:] = -4.0, np.nan
    markup = network_matrix_figure(
        values, networks=["a"] * 30 + ["b"] * 30, limit=5.0, label="t", description="d",
        triangles=("p < .1", "after correction"),
    )  # fmt: skip
    pixels = _pixels(markup)
    # Blue is in the lower left quarter of the matrix, and nowhere above the diagonal.
    blue = (pixels[..., 2] - pixels[..., 0]) > 60
    rows, columns = np.nonzero(blue[:, : int(0.82 * blue.shape[1])])
    assert rows.size > 5000
    assert rows.min() > 0.5 * pixels.shape[0]
    assert columns.max() < 0.6 * pixels.shape[1]


def _data(**changes: object) -> SpaghettiData:
    lines = np.array([[0.3, 0.34, 0.32, 0.2], [0.4, np.nan, 0.4, 0.35]])
    given: dict[str, object] = {
        "sessions": ("pre1", "pre2", "post"),
        "mean_session": "baseline",
        "lines": {"responders": lines, "others": lines[:1]},
        "means": {
            "responders": [Estimate(0.36, 0.3, 0.42), Estimate(0.27, 0.2, 0.35)],
            "others": [Estimate(0.32, np.nan, np.nan), Estimate(0.2, np.nan, np.nan)],
        },
        "changes": {"responders": np.array([-0.12, -0.05]), "others": np.array([-0.12])},
        "mean_changes": {"responders": Estimate(-0.085, -0.2, 0.03)},
        "normal": np.array([0.04]),
        "normal_sd": 0.05,
    }
    return SpaghettiData(**(given | changes))  # type: ignore[arg-type]


def _spaghetti(data: SpaghettiData) -> object:
    return spaghetti_figure(
        data, styles=STYLES, unit="Fisher z", change_label="change", normal_label="pre1 / pre2",
        **RULES,
    )  # fmt: skip


def test_spaghetti_names_sessions_mean_groups_and_what_is_normal() -> None:
    data = _data()
    assert data.columns == ("pre1", "pre2", "baseline", "post")
    texts = _texts(_spaghetti(data))
    for word in ("pre1", "pre2", "baseline", "(mean)", "post", "Fisher z", "responders", "others",
                 "change", "pre1 / pre2"):  # fmt: skip
        assert word in texts, word


def test_spaghetti_without_baselines_or_persons() -> None:
    data = _data(sessions=("pre", "post"), mean_session="", lines={}, changes={},
                 normal=np.empty(0), normal_sd=np.nan)  # fmt: skip
    texts = _texts(_spaghetti(data))
    assert "(mean)" not in texts
    assert "pre1 / pre2" not in texts
    assert {"pre", "post", "change"} <= set(texts)
    with pytest.raises(ValueError, match="no values"):
        _spaghetti(_data(lines={}, means={}))


def test_bars_name_clusters_and_groups_once() -> None:
    styles = {"control": ArmStyle("#5c6873", "s"), "patients, post": ArmStyle("#D55E00", "D")}
    bars = [Bar("control", 0.3, 0.25, 0.35, np.array([0.2, 0.4])),
            Bar("patients, post", 0.2, np.nan, np.nan)]  # fmt: skip
    markup = control_bars_figure(
        [("everybody", bars), ("matched pairs", bars)], styles=styles, unit="Fisher z", **RULES
    )
    texts = _texts(markup)
    for word in ("control", "patients, post", "everybody", "matched pairs", "Fisher z"):
        assert texts.count(word) == 1, word
    assert 'aria-label="d &lt;&amp;&gt;"' in str(markup)


def test_balance_names_covariates_and_stages() -> None:
    styles = {"before matching": STYLES["others"], "after matching": STYLES["responders"]}
    rows = [("age", 0.8, 0.1), ("sex: <f>", -0.3, np.nan)]
    texts = _texts(balance_figure(rows, styles=styles, **RULES))
    for word in ("age", "sex: &lt;f&gt;", "before matching", "after matching"):
        assert word in texts, word


def test_scatter_has_a_line_from_three_participants_on() -> None:
    def lines(n: int) -> int:
        rng = np.random.default_rng(2)
        markup = volume_scatter_figure(
            rng.standard_normal(n), rng.standard_normal(n), style=STYLES["others"],
            labels=("% of intracranial volume", "change of madrs"), confidence_level=0.95, **RULES,
        )  # fmt: skip
        assert "change of madrs" in _texts(markup)
        return str(markup).count("stroke-width: 1.4")

    assert lines(12) == 1
    assert lines(2) == 0


def test_displacement_shows_both_courses_and_what_is_left_out() -> None:
    raw = np.array([np.nan, 0.1, 0.5, 0.2, 0.3, 0.1])
    out = np.array([True, False, True, False, True, True])
    both = censoring_figure(raw, out, filtered=0.5 * raw, threshold=0.1, **RULES)
    texts = _texts(both)
    assert {"as estimated", "without breathing", "0.1", "FD, mm", "volume"} <= set(texts)
    one = censoring_figure(raw, out, filtered=None, threshold=None, **RULES)
    assert "without breathing" not in _texts(one)
    assert str(one).count("opacity: 0.22") == 3  # stretches of volumes left out


def test_minutes_stand_beside_their_minimum() -> None:
    texts = _texts(
        minutes_figure([("pre", 9.5, 12.0), ("post", 3.2, np.nan)], minimum=5.0, **RULES)
    )
    assert "9.5 of 12.0" in texts
    assert "3.2" in texts
    assert "minutes; at least 5 are needed" in texts
    with pytest.raises(ValueError, match="no session"):
        minutes_figure([], minimum=None, **RULES)
