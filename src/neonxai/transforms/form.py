"""Where columns in the midst of a pipeline come from: affine maps of blocks, and blocks made of columns.

Going through a pipeline, affine steps only multiply matrices. Whatever is not affine starts a new block of
values, about which it is known who owns them. So behind the last such step everything is one affine map,
which is folded into the network, and relevance goes back from blocks to their owners.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, vstack

from neonxai.arrays import Doubles, Ints
from neonxai.networks.affine import AffineMap


@dataclass(frozen=True, eq=False)
class Origin:
    """Columns of the answer themselves.

    Parameters
    ----------
    columns : int array
        Which.
    """

    columns: Ints

    @property
    def n_columns(self) -> int:
        """How many."""
        return len(self.columns)


@dataclass(frozen=True, eq=False)
class Form:
    """Columns as affine functions of blocks.

    Parameters
    ----------
    blocks : tuple of Block
        Their values in a row are e.
    affine : AffineMap
        From e to the columns.
    """

    blocks: "tuple[Block, ...]"
    affine: AffineMap

    @property
    def n_columns(self) -> int:
        """How many columns."""
        return self.affine.n_outputs

    @cached_property
    def used(self) -> "tuple[Ints, ...]":
        """The columns of each block that anything depends on."""
        ends = np.cumsum([block.n_columns for block in self.blocks])
        parts = np.split(self.affine.used, np.searchsorted(self.affine.used, ends[:-1]))
        return tuple(
            part - (end - b.n_columns) for part, end, b in zip(parts, ends, self.blocks, strict=True)
        )

    def then(self, after: AffineMap) -> "Form":
        """The columns after an affine step."""
        return Form(self.blocks, self.affine.then(after))

    @classmethod
    def of(cls, block: "Block") -> "Form":
        """The columns of one block."""
        return cls((block,), AffineMap.selection(np.arange(block.n_columns), block.n_columns))

    @classmethod
    def side_by_side(cls, forms: "list[Form]") -> "Form":
        """The columns of several forms in a row."""
        if len(forms) == 1:
            return forms[0]
        blocks = tuple(block for form in forms for block in form.blocks)
        return cls(blocks, AffineMap.side_by_side([form.affine for form in forms]))

    @property
    def is_static(self) -> bool:
        """Whether each column has an owner, whatever the values."""
        return not self.affine.is_mixing and all(block.is_static for block in self.blocks)


@dataclass(frozen=True, eq=False)
class Block:
    """Values that relevance goes back from by shares: outputs of a step, or columns taken as numbers.

    Parameters
    ----------
    step : str
        The step that made it, for messages.
    shares : csr_array of shape (n_columns, n_inputs)
        Who owns each column.
    source : Form or Origin
        The inputs.
    invert : callable, optional
        Columns → inputs.
    """

    step: str
    shares: csr_array
    source: "Form | Origin"
    invert: Callable[[Doubles], Doubles] | None = None

    @property
    def n_columns(self) -> int:
        """How many columns."""
        return int(self.shares.shape[0])

    @property
    def is_static(self) -> bool:
        """Whether each column has an owner, whatever the values."""
        return isinstance(self.source, Origin) or self.source.is_static


def owners(blocks: tuple[Block, ...], n_answer: int) -> csr_array:
    """Which column of the answer owns which values of static blocks, shape (n_values, n_answer)."""
    return csr_array(vstack([block.shares @ _owners_of(block.source, n_answer) for block in blocks]))


def _owners_of(source: Form | Origin, n_answer: int) -> csr_array:
    if isinstance(source, Origin):
        n = source.n_columns
        return csr_array((np.ones(n), (np.arange(n), source.columns)), (n, n_answer))
    pattern = csr_array(source.affine.matrix, copy=True)
    pattern.eliminate_zeros()
    pattern.data[:] = 1.0  # one in a row at most: nothing is mixed
    return csr_array(pattern @ owners(source.blocks, n_answer))
