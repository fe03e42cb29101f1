"""The pages' examples are run by the tests; the gallery and Sphinx's own files by the build."""

collect_ignore = ["conf.py", "_checks", "_ext", "_build", "generated", "gallery", "auto_gallery"]
