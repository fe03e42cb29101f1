"""Explaining rows where they are: on a GPU, or wherever an array library keeps them, by that library's arithmetic.

The same stages as for NumPy, in functions of the array API standard: layer 1 of the families that are linear or
diagonal, layer 2, and relevance back, tile by tile and in float64. What is one number or one cluster's name for a row
is all that is copied from a device.
"""

from neonxai.devices.answering import answer, check_fitted_rows, survey
from neonxai.devices.reading import model_rows, network_rows

__all__ = ["answer", "check_fitted_rows", "model_rows", "network_rows", "survey"]
