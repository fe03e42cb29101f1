"""Affine maps with a way back: what scalers and projections are, however many in a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import block_diag, csr_array, issparse

from neonxai.arrays import Doubles, Floats, Ints

# A matrix with fewer entries than this share is kept sparse.
_DENSE = 0.25
# What two ways to compute the same may differ by, as a share of what was summed up.
_SAME = 1e-9
# OpenBLAS shares larger products among threads, which is slower for a tile: see `neonxai.engines.tiles`.
_SERIAL_MULTIPLICATIONS = 1 << 18
_FEWEST_SERIAL_ROWS = 32
_EPS = float(np.finfo(np.float64).eps)

Matrix: TypeAlias = Doubles | csr_array
M = TypeVar("M", bound="AffineMap")


@dataclass(frozen=True, eq=False)
class AffineMap:
    """z = A e + b, and a pre-image of each z: Q z + q with A (Q z + q) + b = z wherever z has one.

    Parameters
    ----------
    matrix : array or csr_array of shape (n_outputs, n_inputs)
        A.
    offset : array of shape (n_outputs,)
        b.
    inverse : array or csr_array of shape (n_inputs, n_outputs)
        Q.
    origin : array of shape (n_inputs,)
        q: the pre-image of 0.

    Raises
    ------
    ValueError
        If shapes don't fit, or a number is not finite.

    Notes
    -----
    z is computed as A (e − q) + (A q + b), because A e + b has no digits left where the data is far from 0
    and b takes it back there. So q should be exact: the mean that a scaler subtracts, not Q times something.
    Likewise pre-images are Q (z − (A q + b)) + q, which is another one only if 0 has none.

    Examples
    --------
    >>> import numpy as np
    >>> scaler = AffineMap.scaling([0.5, 2.0], [1.0, 0.0])
    >>> scaler(np.array([[4.0, 1.0]]))
    array([[3., 2.]])
    >>> scaler.preimages(np.array([[3.0, 2.0]]))
    array([[4., 1.]])
    """

    matrix: Matrix
    offset: Doubles
    inverse: Matrix
    origin: Doubles

    def __post_init__(self) -> None:
        """Check the parts, and bring them into one form: products must not depend on memory order."""
        for name in ("matrix", "inverse"):
            object.__setattr__(self, name, _uniform(getattr(self, name), name))
        n_outputs, n_inputs = self.matrix.shape
        if self.inverse.shape != (n_inputs, n_outputs):
            raise ValueError(
                f"The inverse of a map from {n_inputs} to {n_outputs} values must have the shape "
                f"{(n_inputs, n_outputs)}; got {self.inverse.shape}."
            )
        for name, length in (("offset", n_outputs), ("origin", n_inputs)):
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.shape != (length,) or not np.isfinite(values).all():
                raise ValueError(f"The {name} must be {length} finite numbers; got shape {values.shape}.")
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @classmethod
    def of(
        cls,
        matrix: "NDArray[np.floating] | csr_array",
        offset: ArrayLike | None = None,
        *,
        sizes: ArrayLike | None = None,
        center: ArrayLike | None = None,
    ) -> Self:
        """Make the map A (e − center) + b of any A; pre-images are the ones nearest to the center.

        Parameters
        ----------
        matrix : array or sparse array of shape (n_outputs, n_inputs)
            A.
        offset : array of shape (n_outputs,), optional
            b; by default 0.
        sizes : array of shape (n_inputs,), optional
            The units in which they are nearest. By default 1 / the norm of each column of A, which makes the
            choice independent of the inputs' units; 1 where the column is 0.
        center : array of shape (n_inputs,), optional
            By default 0.
        """
        compact = _compact(matrix)
        dense = _dense(compact)
        if sizes is None:
            norms = np.linalg.norm(dense, axis=0)
            units = np.divide(1.0, norms, out=np.ones_like(norms), where=norms > 0)
        else:
            units = np.asarray(sizes, dtype=np.float64)
        b = np.zeros(len(dense)) if offset is None else np.asarray(offset, dtype=np.float64)
        around = np.zeros(dense.shape[1]) if center is None else np.asarray(center, dtype=np.float64)
        inverse = units[:, None] * np.linalg.pinv(dense * units, rcond=_EPS * max(dense.shape))
        result = cls(compact, b - dense @ around, _compact(inverse), around - inverse @ b)
        back = result.origin - around
        return _at_level(result, dense @ back + b, np.abs(dense) @ np.abs(back) + np.abs(b))

    @classmethod
    def scaling(
        cls, factors: ArrayLike, offset: ArrayLike | None = None, *, center: ArrayLike | None = None
    ) -> Self:
        """Make the map z_i = factor_i (e_i − center_i) + b_i. A factor of 0 has the center for its pre-image.

        Parameters
        ----------
        factors : array of shape (n_inputs,)
            What each input is multiplied with.
        offset : array of shape (n_inputs,), optional
            b; by default 0.
        center : array of shape (n_inputs,), optional
            What is subtracted first; by default 0. It keeps all its digits.
        """
        f = np.asarray(factors, dtype=np.float64)
        b = np.zeros(len(f)) if offset is None else np.asarray(offset, dtype=np.float64)
        around = np.zeros(len(f)) if center is None else np.asarray(center, dtype=np.float64)
        back = np.divide(1.0, f, out=np.zeros_like(f), where=f != 0)
        result = cls(_diagonal(f), b - f * around, _diagonal(back), around - back * b)
        moved = f * (result.origin - around)
        return _at_level(result, moved + b, np.abs(moved) + np.abs(b))

    @classmethod
    def selection(cls, chosen: ArrayLike, n_inputs: int) -> Self:
        """z_j = e_{chosen_j}. What was not chosen has the pre-image 0, what was chosen twice the mean."""
        columns = np.asarray(chosen, dtype=np.intp)
        n = len(columns)
        matrix = csr_array((np.ones(n), (np.arange(n), columns)), (n, n_inputs))
        shares = 1.0 / np.bincount(columns, minlength=n_inputs)[columns]
        inverse = csr_array((shares, (columns, np.arange(n))), (n_inputs, n))
        return cls(matrix, np.zeros(n), inverse, np.zeros(n_inputs))

    @classmethod
    def side_by_side(cls, maps: "Sequence[AffineMap]") -> Self:
        """Maps of separate inputs, their outputs in a row."""
        matrices, inverses = ([getattr(m, name) for m in maps] for name in ("matrix", "inverse"))
        result = cls(
            _compact(csr_array(block_diag(matrices))),
            np.concatenate([m.offset for m in maps]),
            _compact(csr_array(block_diag(inverses))),
            np.concatenate([m.origin for m in maps]),
        )
        return _at_level(result, np.concatenate([m.level for m in maps]))

    @property
    def n_inputs(self) -> int:
        """The length of e."""
        return int(self.matrix.shape[1])

    @property
    def n_outputs(self) -> int:
        """The length of z."""
        return int(self.matrix.shape[0])

    @property
    def n_entries(self) -> int:
        """How many multiplications a row takes."""
        return int(csr_array(self.matrix).nnz if issparse(self.matrix) else np.size(self.matrix))

    @cached_property
    def level(self) -> Doubles:
        """What z is at the origin, A q + b, shape (n_outputs,): 0 where 0 has a pre-image."""
        parts = np.abs(self.matrix) @ np.abs(self.origin) + np.abs(self.offset)
        return _cleaned(self.matrix @ self.origin + self.offset, parts)

    @cached_property
    def columns(self) -> Ints:
        """The input that each output depends on, −1 for none, if no output depends on more than one."""
        columns = np.full(self.n_outputs, -1, dtype=np.intp)
        entries = csr_array(self.matrix)
        outputs = np.repeat(np.arange(self.n_outputs), np.diff(entries.indptr))
        used = entries.data != 0.0
        columns[outputs[used]] = entries.indices[used]
        return columns

    @cached_property
    def factors(self) -> Doubles:
        """What each output's input is multiplied with, if no output depends on more than one."""
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def is_mixing(self) -> bool:
        """Whether an output depends on more than one input."""
        if issparse(self.matrix):
            rows = csr_array(self.matrix != 0.0)
            return bool(np.any(np.diff(rows.indptr) > 1))
        return bool(np.any(np.count_nonzero(self.matrix, axis=1) > 1))

    @cached_property
    def is_identity(self) -> bool:
        """Whether z = e."""
        return (
            not self.is_mixing
            and self.is_in_place
            and not self.offset.any()
            and bool(np.all(self.factors == 1.0))
        )

    @cached_property
    def is_onto(self) -> bool:
        """Whether every z has a pre-image: A Q = 1."""
        return self.n_outputs <= self.n_inputs and _is_unit(self.matrix, self.inverse)

    @cached_property
    def is_one_to_one(self) -> bool:
        """Whether no z has two pre-images: Q A = 1."""
        return self.n_inputs <= self.n_outputs and _is_unit(self.inverse, self.matrix)

    def localize(self, inputs: Floats) -> Doubles:
        """Move inputs to where the origin is 0: e − q, a new array of shape (n_rows, n_inputs)."""
        return np.subtract(inputs, self.origin, dtype=np.float64)

    def of_local(self, local: Doubles) -> Doubles:
        """Compute z from e − q, shape (n_rows, n_outputs)."""
        if self.is_mixing:
            result = _product(local, self.matrix.T)
        elif self.is_in_place:
            result = local * self.factors
        else:
            result = local[:, self.columns] * self.factors
        if self.level.any():
            result += self.level
        return result

    @cached_property
    def is_in_place(self) -> bool:
        """Whether each output depends on the input in its place alone, for a map that mixes nothing."""
        return self.n_inputs == self.n_outputs and bool(np.all(self.columns == np.arange(self.n_outputs)))

    def __call__(self, inputs: "Floats | csr_array") -> Doubles:
        """Compute z of rows, shape (n_rows, n_outputs), dense."""
        if issparse(inputs):
            return _dense(inputs @ self.matrix.T) + self.offset
        return self.of_local(self.localize(inputs))

    def preimages(self, outputs: Doubles) -> Doubles:
        """One e for each row z, shape (n_rows, n_inputs); NaN for a row with a NaN."""
        lacking = np.isnan(outputs.sum(axis=1))
        result = self.local_preimages(np.where(lacking[:, None], 0.0, outputs)) + self.origin
        result[lacking] = np.nan
        return result

    def local_preimages(self, outputs: Doubles) -> Doubles:
        """One e − q for each row z, shape (n_rows, n_inputs)."""
        # Where 0 has a pre-image, the level is what rounding has left: not of z, but of the origin.
        return self.lift(outputs - self.level)

    def lift(self, differences: Doubles) -> Doubles:
        """Q d of rows: a step in e whose step in z is d, shape (n_rows, n_inputs)."""
        return _product(differences, self.inverse.T)

    def pull(self, gradients: Doubles) -> Doubles:
        """Aᵀ g of rows: the gradient with respect to e from the one to z, shape (n_rows, n_inputs)."""
        return _product(gradients, self.matrix)

    def then(self, after: "AffineMap") -> Self:
        """Another map after this one.

        The pre-image of a pre-image is one of both, if this map is onto or the other one is one-to-one.
        Elsewhere, as where columns are copied and then treated differently, it is the one of `of`.
        """
        if after.n_inputs != self.n_outputs:
            raise ValueError(
                f"A map of {after.n_inputs} values can't follow one that gives {self.n_outputs} values."
            )
        matrix = _compact(after.matrix @ self.matrix)
        origin = self.lift(after.origin[None])[0] + self.origin
        level = after(self(origin[None]))[0]
        inverse = _compact(self.inverse @ after.inverse)
        if not (self.is_onto or after.is_one_to_one) and not _is_generalized_inverse(matrix, inverse):
            return self.of(matrix, level, center=origin)
        offset = after.matrix @ self.offset + after.offset
        result = type(self)(matrix, offset, inverse, origin)
        return _at_level(result, level)

    def of_inputs(self, chosen: Ints) -> Self:
        """Leave out inputs that no output depends on: the map of the chosen ones alone."""
        if len(chosen) == self.n_inputs:
            return self
        result = type(self)(self.matrix[:, chosen], self.offset, self.inverse[chosen], self.origin[chosen])
        return _at_level(result, self.level)

    @cached_property
    def used(self) -> Ints:
        """The inputs that an output depends on."""
        return np.flatnonzero(np.asarray(abs(self.matrix).sum(axis=0)).ravel())

    def to_state(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that define the map, for storage without pickle."""
        state: dict[str, NDArray[np.generic]] = {
            "offset": self.offset,
            "origin": self.origin,
            "level": self.level,
        }
        for name in ("matrix", "inverse"):
            values = getattr(self, name)
            if issparse(values):
                state[f"{name}.data"], state[f"{name}.indices"] = values.data, values.indices
                state[f"{name}.indptr"], state[f"{name}.shape"] = values.indptr, np.array(values.shape)
            else:
                state[name] = values
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild the map from `to_state`'s arrays."""
        parts: dict[str, Matrix] = {}
        for name in ("matrix", "inverse"):
            if name in state:
                parts[name] = np.asarray(state[name], dtype=np.float64)
            else:
                data, indices, indptr, shape = (
                    state[f"{name}.{part}"] for part in ("data", "indices", "indptr", "shape")
                )
                parts[name] = csr_array((data, indices, indptr), tuple(int(n) for n in shape))
        offset, origin = (np.asarray(state[name], dtype=np.float64) for name in ("offset", "origin"))
        result = cls(parts["matrix"], offset, parts["inverse"], origin)
        return _at_level(result, np.asarray(state["level"], dtype=np.float64))


def _product(rows: Doubles, matrix: Matrix) -> Doubles:
    """Multiply rows with a matrix: a few at a time, so that each product stays on the calling thread."""
    if issparse(matrix):
        return np.ascontiguousarray(rows @ matrix, dtype=np.float64)
    result = np.empty((len(rows), matrix.shape[1]))
    step = max(_FEWEST_SERIAL_ROWS, _SERIAL_MULTIPLICATIONS // max(1, matrix.size))
    for start in range(0, len(rows), step):
        np.matmul(rows[start : start + step], matrix, out=result[start : start + step])
    return result


def _at_level(affine: M, level: Doubles, parts: Doubles | None = None) -> M:
    """Tell a new map its level, which is known better than from A q + b."""
    # A cached property looks there first.
    affine.__dict__["level"] = level if parts is None else _cleaned(level, parts)
    return affine


def _cleaned(values: Doubles, parts: Doubles) -> Doubles:
    """Values without those that are nothing but rounding of what they were summed up from."""
    return np.where(np.abs(values) <= 64.0 * _EPS * parts, 0.0, values)


def _diagonal(values: Doubles) -> csr_array:
    n = len(values)
    return csr_array((values, np.arange(n), np.arange(n + 1)), (n, n))


def _uniform(matrix: Matrix, name: str) -> Matrix:
    """A matrix in float64, C-contiguous or with its column numbers sorted."""
    if issparse(matrix):
        uniform = csr_array(matrix, dtype=np.float64)
        if not uniform.has_canonical_format:
            uniform = uniform.copy()
            uniform.sum_duplicates()
        values = uniform.data
    else:
        uniform = values = np.ascontiguousarray(matrix, dtype=np.float64)
    if uniform.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"The {name} of a map must be a finite matrix; got shape {uniform.shape}.")
    return uniform


def _compact(matrix: "NDArray[np.floating] | csr_array") -> Matrix:
    """Keep a matrix sparse where that is worth it."""
    if issparse(matrix):
        sparse = csr_array(matrix, dtype=np.float64)
        sparse.eliminate_zeros()
        if sparse.nnz > _DENSE * max(1, sparse.shape[0] * sparse.shape[1]):
            return np.asarray(sparse.toarray())
        return sparse
    dense = np.asarray(matrix, dtype=np.float64)
    if np.count_nonzero(dense) <= _DENSE * dense.size:
        return csr_array(dense)
    return dense


def _dense(matrix: Matrix) -> Doubles:
    return np.asarray(csr_array(matrix).toarray() if issparse(matrix) else matrix, dtype=np.float64)


def _is_unit(left: Matrix, right: Matrix) -> bool:
    """Whether left · right = 1."""
    product = left @ right
    sizes = np.abs(left) @ np.abs(right)
    n = product.shape[0]
    if n == 0:
        return True
    if issparse(product):
        return float(np.abs(product - _diagonal(np.ones(n))).max()) <= _SAME * float(sizes.max())
    product = np.asarray(product) - np.eye(n)
    return float(np.abs(product).max()) <= _SAME * float(sizes.max())


def _is_generalized_inverse(matrix: Matrix, inverse: Matrix) -> bool:
    """Whether A Q A = A: whatever has a pre-image gets one."""
    again, size = _dense(matrix @ (inverse @ matrix)), _dense(matrix)
    return bool(np.abs(again - size).max(initial=0.0) <= _SAME * np.abs(size).max(initial=0.0))
