"""Sphinx's settings. `stage` copies this file beside the pages."""

from typing import Any

from tools.site.docstrings import prepared

import fallline

project = "fallline"
author = "The fallline developers"
copyright = author
version = release = fallline.__version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"
smartquotes_action = "qe"  # quotes and ellipses; two hyphens begin an option

myst_enable_extensions = ["colon_fence", "attrs_block", "attrs_inline"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

napoleon_google_docstring = False
napoleon_use_param = False  # "x, y" stays one entry
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # descriptions say what a parameter may be, in fewer words than its type
python_use_unqualified_type_names = True
add_module_names = False
maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "fallline"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "sidebar_hide_name": False,
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7db7f0", "color-brand-content": "#7db7f0"},
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def setup(app: Any) -> None:
    """Docstrings are text that reads well in an editor; `prepared` makes reStructuredText of them."""
    app.connect("autodoc-process-docstring", prepared, priority=400)
