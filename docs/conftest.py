"""The pages' examples are run by the tests; the gallery and Sphinx's own files by the build."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")  # pictures are drawn, and shown to nobody

collect_ignore = ["conf.py", "_checks", "_ext", "_build", "generated", "gallery", "auto_gallery"]
