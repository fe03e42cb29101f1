"""Names of the arrays that pass from room to room."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats: TypeAlias = NDArray[np.floating]  # a user's rows, float32 or float64
Doubles: TypeAlias = NDArray[np.float64]  # what is computed
Ints: TypeAlias = NDArray[np.intp]
Bools: TypeAlias = NDArray[np.bool_]
Values: TypeAlias = NDArray[np.float64] | csr_array  # what goes through a pipeline, dense or sparse
