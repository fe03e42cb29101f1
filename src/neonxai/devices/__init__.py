"""Explaining rows where they are: on a GPU, or wherever else an array library keeps them, by its arithmetic.

The same stages as for NumPy, in functions of the array API standard: layer 1 of the families that are linear
or diagonal, layer 2, and relevance back, tile by tile and in float64. The numbers of each row's clusters are
all that is copied from a device, and now and then a single value, to decide how to go on.
"""

from neonxai.devices.answering import answer, check_fitted_rows, survey
from neonxai.devices.reading import model_rows, network_rows

__all__ = ["answer", "check_fitted_rows", "model_rows", "network_rows", "survey"]
