"""From a matplotlib figure to markup that stands inside a page and loads nothing."""

from __future__ import annotations

import base64
import gc
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

INK = "#1d2730"
QUIET = "#5c6873"
RULE = "#c9d0d6"
ACCENT = "#1f4e5f"
ALARM = "#D55E00"

#: Okabe and Ito's colours, told apart with every kind of colour vision. The first is the
#: reference arm's.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "D", "s", "^", "v", "P", "X")

#: Width of a picture, pixels of the page; it grows with its column up to GROWTH times.
WIDTH = 500.0
GROWTH = 1.2

#: One pixel of a page, in inches.
PIXEL = 1 / 96

STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": QUIET,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "text.color": INK,
    # Labels come from the dataset: a `$` in them is a `$`.
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "bids_ketamine",
    "path.simplify": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}

Parameters = ParamSpec("Parameters")


@dataclass(frozen=True)
class ArmStyle:
    """Colour and marker of an arm; either alone tells it from the others."""

    color: str
    marker: str


def arm_styles(arms: list[str]) -> dict[str, ArmStyle]:
    """Return one style for each arm; all participants together are dark grey.

    >>> arm_styles(["placebo", "ketamine"])["ketamine"].color
    '#D55E00'
    """
    styles = {
        arm: ArmStyle(PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)])
        for place, arm in enumerate(arm for arm in arms if arm != "all")
    }
    return styles | {"all": ArmStyle("#4a545d", "o")}


def shortened(label: str, longest: int) -> str:
    """Return a label without its middle if it is long; ends tell regressors apart.

    >>> shortened("congruent_by_response_time_derivative", 20), shortened("csf", 20)
    ('congruent_b…rivative', 'csf')
    """
    if len(label) <= longest:
        return label
    tail = (longest - 1) * 2 // 5 + 1
    return f"{label[: longest - 1 - tail]}…{label[-tail:]}"


def drawn(function: Callable[Parameters, Markup]) -> Callable[Parameters, Markup]:
    """Let a function that draws run with the reports' style, whatever matplotlib's is."""

    @wraps(function)
    def with_style(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Markup:
        with _style(), _one_collection():
            return function(*args, **kwargs)

    return with_style


@contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type, unused-ignore]
        yield


@contextmanager
def _one_collection() -> Iterator[None]:
    """Look for garbage after a figure and not all the time while it is drawn.

    A figure is tens of thousands of objects that refer to each other: Python looked through all of
    memory again and again, a quarter of the time of a report.
    """
    working = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if working:
            gc.enable()


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of a size in pixels of the page."""
    return Figure(figsize=(width * PIXEL, height * PIXEL))


def svg(figure: Figure, *, name: str, description: str) -> Markup:
    """Return a figure as an ``<svg>`` element.

    Parameters
    ----------
    figure : Figure
        What was drawn.
    name : str
        Unique within the page: it starts the identifiers inside the element.
    description : str
        Read by those who do not see the picture.
    """
    stream = io.StringIO()
    width = figure.get_figwidth() / PIXEL
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    source = stream.getvalue()
    view_box = re.search(r'viewBox="([^"]*)"', source)
    body = source[source.index(">", source.index("<svg")) + 1 : source.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style\b.*?</style>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    # Identifiers are shared by all elements of a page.
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", name)
    body = body.replace("xlink:href=", "href=")
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = body.replace('href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
    body = re.sub(r">\s+<", "><", body)
    box = view_box.group(1) if view_box else "0 0 1 1"
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{box}" '
        f'style="max-width:{GROWTH * width:.0f}px;stroke-linejoin:round" '
        f'aria-label="{escape(description)}">{body}</svg>'
    )


def png(
    figure: Figure,
    *,
    description: str,
    palette: NDArray[np.float64] | None = None,
    scale: float = 1.75,
) -> Markup:
    """Return a figure as an ``<img>`` element that holds its own pixels.

    Parameters
    ----------
    figure : Figure
        What was drawn.
    description : str
        Read by those who do not see the picture.
    palette : ndarray of shape (n_colors, 3), optional
        Colours that the picture is made of, from 0 to 1, at most 256; found when absent. A
        palette takes a third of the room of full colours.
    scale : float
        Pixels of the picture per pixel of the page.
    """
    stream = io.BytesIO()
    width, height = figure.get_figwidth() / PIXEL, figure.get_figheight() / PIXEL
    figure.set_facecolor("white")
    figure.set_dpi(scale / PIXEL)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    if palette is None:
        reduced = pixels.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    else:
        colors = Image.new("P", (1, 1))
        colors.putpalette(np.round(255 * palette).astype(np.uint8).ravel().tolist())
        reduced = pixels.quantize(palette=colors, dither=Image.Dither.NONE)
    # The last 4 % of size would take four times as long.
    reduced.save(stream, format="png", compress_level=6)
    content = base64.b64encode(stream.getvalue()).decode("ascii")
    return Markup(
        f'<img alt="{escape(description)}" width="{width:.0f}" height="{height:.0f}" '
        f'style="max-width:{GROWTH * width:.0f}px" src="data:image/png;base64,{content}">'
    )
