"""Pictures of an explanation: one row, a text, an image, one cluster, all rows, all clusters.

They draw on the Axes that they are given, or make a figure; they return Axes and show nothing themselves.
They need matplotlib: ``pip install "neonxai[plot]"``.
"""

try:
    import matplotlib as mpl  # noqa: F401 - asked for here, where the remedy can be given
except ImportError as error:
    raise ImportError(
        'neonxai.plots draws with matplotlib, which cannot be imported. Remedy: pip install "neonxai[plot]"'
    ) from error

from neonxai.plots.beeswarm import beeswarm
from neonxai.plots.contrast import contrast
from neonxai.plots.distributions import distributions
from neonxai.plots.heatmap import heatmap
from neonxai.plots.image import image
from neonxai.plots.map import map  # noqa: A004 - the public name is neonxai.plots.map
from neonxai.plots.plotter import Plotter
from neonxai.plots.sample import sample
from neonxai.plots.text import MarkedText, text, text_html
from neonxai.plots.waterfall import waterfall

__all__ = [
    "MarkedText",
    "Plotter",
    "beeswarm",
    "contrast",
    "distributions",
    "heatmap",
    "image",
    "map",
    "sample",
    "text",
    "text_html",
    "waterfall",
]
