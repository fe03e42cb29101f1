"""What a fitted preprocessing step is to us: affine, or a way to share relevance out to its inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, eye_array

from neonxai.arrays import Doubles, Ints
from neonxai.networks.affine import AffineMap


@dataclass(frozen=True, eq=False)
class Shares:
    """A step that is not affine, of which it is known which input each output is made of.

    Relevance of output j goes to input i in the share T_ji.

    Parameters
    ----------
    matrix : csr_array of shape (n_outputs, n_inputs)
        T_ji ≥ 0. Each row sums to 1, or is 0 where an output depends on no input: then it is a constant, and
        what relevance it has is absorbed.
    invert : callable, optional
        Outputs of shape (n_rows, n_outputs) → inputs of shape (n_rows, n_inputs), as far as there are
        such inputs; NaN elsewhere. Only used to give centers in the user's units.
    is_code : bool
        Whether the outputs are codes, terms or other parts of an input, which have names of their own.
    to_verify : bool
        Whether it must be tested on data that no output depends on another input than T says.
    """

    matrix: csr_array
    invert: Callable[[Doubles], Doubles] | None = None
    is_code: bool = False
    to_verify: bool = False

    @classmethod
    def one_to_one(
        cls,
        n_features: int,
        *,
        invert: Callable[[Doubles], Doubles] | None = None,
        to_verify: bool = False,
    ) -> Self:
        """Each output is made of the input in its place."""
        return cls(csr_array(eye_array(n_features)), invert, to_verify=to_verify)

    @classmethod
    def by_owner(
        cls,
        owners: ArrayLike,
        n_inputs: int,
        *,
        invert: Callable[[Doubles], Doubles] | None = None,
        is_code: bool = False,
    ) -> Self:
        """Output j is made of the input ``owners[j]``, or of none where that is −1."""
        owner: Ints = np.asarray(owners, dtype=np.intp)
        known = np.flatnonzero(owner >= 0)
        matrix = csr_array((np.ones(len(known)), (known, owner[known])), (len(owner), n_inputs))
        return cls(matrix, invert, is_code)


@dataclass(frozen=True, eq=False)
class RowScale:
    """A step that divides each row by a number of its own, such as its norm: relevance stays where it is."""


@dataclass(frozen=True, eq=False)
class Terms:
    """A step from documents, one text per row, to columns: one for each term or bucket.

    Parameters
    ----------
    n_terms : int
        The number of columns.
    """

    n_terms: int


@dataclass(frozen=True, eq=False)
class Chain:
    """Steps, one after the other: (name, fitted transformer) each."""

    steps: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Branch:
    """A part of `Branches`: a fitted transformer and the positions of the columns that it gets.

    ``transformer`` is None where the columns are passed through. ``columns`` None: all. ``select`` takes
    these columns out of whatever the step is given, as the transformer expects them (a frame of them, or a
    single text column as a flat array); None: by position. ``weight`` multiplies the outputs.
    """

    name: str
    transformer: Any
    columns: tuple[int, ...] | None = None
    select: Callable[[Any], Any] | None = None
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Branches:
    """Transformers side by side, their outputs in a row."""

    parts: Sequence[Branch]


Step = AffineMap | Shares | RowScale | Terms | Chain | Branches
