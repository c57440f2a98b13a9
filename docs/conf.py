"""Settings of the documentation (``make docs``): no network, neither to build nor to read."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parent
# The package as checked out goes before an installed one.
sys.path[:0] = [str(DOCS / "_extensions"), str(DOCS.parent)]

from bids_ketamine._version import __version__  # noqa: E402

project = "bids_ketamine"
author = "The bids_ketamine developers"
project_copyright = author
release = __version__
version = __version__.partition("+")[0]  # without the commit

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "native_mathml",
    "docstrings",
    "repository_links",
]
exclude_patterns = ["_build"]
highlight_language = "none"

# Markdown as GitHub reads it: equations in dollars, anchors of headings.
myst_enable_extensions = ["dollarmath", "tasklist"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
myst_update_mathjax = False

# Browsers draw MathML themselves; the usual renderers load a script from elsewhere.
html_math_renderer = "native_mathml"

napoleon_google_docstring = False
add_module_names = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
# Types stand in the table of parameters, with shapes and units.
autodoc_typehints = "none"
python_maximum_signature_line_length = 88

repository_address = "https://github.com/bids-apps/bids_ketamine"

html_theme = "furo"
html_title = f"bids_ketamine {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
