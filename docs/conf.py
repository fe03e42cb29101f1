"""How the pages are built: python -m sphinx -W --keep-going -n -b html docs docs/_build."""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

import matplotlib as mpl

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "neonxai"
author = "The neonxai developers"
project_copyright = author
version = release = installed_version("neonxai")

extensions = [
    "citations",
    "gallery_links",
    "mathml",
    "myst_parser",
    "names",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "tidy",
]
exclude_patterns = ["_build", "gallery"]
templates_path = ["_templates"]

myst_heading_anchors = 3

# Types are in the docstrings, where they say shapes too.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
default_role = "py:obj"

# `python` blocks of the pages are sessions as well as scripts: copy what was typed, not what was printed.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

mpl.use("Agg")
os.environ.setdefault("MPLBACKEND", "Agg")
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "subsection_order": ["gallery/tables", "gallery/other_data", "gallery/models", "gallery/further"],
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
    "matplotlib_animations": False,
    "capture_repr": ("_repr_html_",),
}

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "neonxai"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sphinx = False
html_copy_source = False
