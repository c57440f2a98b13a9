"""Templates -> one self-contained page."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bids_ketamine import __version__
from bids_ketamine.outputs.tables import write_text
from bids_ketamine.reports.views import marked


def render_page(template: str, **context: Any) -> str:
    """Fill a template; everything that is not markup of ours is escaped.

    Parameters
    ----------
    template : str
        File name in ``templates/``.
    **context : object
        What it shows.
    """
    return _environment().get_template(template).render(**context)


def write_page(path: Path, template: str, **context: Any) -> Path:
    """Fill a template and write the page whole.

    Parameters
    ----------
    path : Path
        The page.
    template : str
        File name in ``templates/``.
    **context : object
        What it shows.

    Raises
    ------
    CannotCreateError, ReadWriteError
        If it cannot be written.
    """
    page = render_page(template, **context)
    # A lone surrogate from a broken file name has no UTF-8 form.
    write_text(path, page.encode("utf-8", "replace").decode("utf-8"))
    return path


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bids_ketamine.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files("bids_ketamine.reports") / "templates" / "style.css"
    environment.globals.update(
        style=Markup(style.read_text(encoding="utf-8")), app_version=__version__
    )
    environment.filters["marked"] = marked
    return environment
