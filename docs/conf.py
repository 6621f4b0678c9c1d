"""The documentation as a site. `tox run -e site` builds it; a warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "pytest-export-matrix"
copyright = "2026, the authors of pytest-export-matrix"
html_title = project

extensions = [
    "myst_parser",
    "pytest_export_matrix.sphinx_extension",
    "site_parts.published",
    "site_parts.reference",
]
exclude_patterns = ["_build", "site_parts"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
# `--option` stays what it is.
smartquotes = False

html_theme = "furo"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
# That of furo, without its place for advertisements, with the way to the page of the matrix.
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/matrix.html",
        "sidebar/scroll-end.html",
    ]
}
# The colours of the page of the matrix.
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#1c2430",
        "color-brand-content": "#0b62c4",
        "color-brand-visited": "#0b62c4",
        "color-api-name": "#1c2430",
        "color-api-pre-name": "#5b6675",
    },
    "dark_css_variables": {
        "color-brand-primary": "#e3e8ee",
        "color-brand-content": "#7ab7ff",
        "color-brand-visited": "#7ab7ff",
        "color-api-name": "#e3e8ee",
        "color-api-pre-name": "#9aa6b4",
    },
}
