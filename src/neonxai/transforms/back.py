"""Relevance on its way back, from blocks to the columns of the answer."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from neonxai.arrays import Doubles, Ints, Values
from neonxai.networks.affine import AffineMap
from neonxai.transforms.form import Block, Form, Origin
from neonxai.transforms.nodes import Tape
from neonxai.transforms.values import as_numbers, columns_of, dense, side_by_side

_FEW_ROWS = 64
_SERIAL_MULTIPLICATIONS = 1 << 18
_ALL = slice(None)


def pull_back(
    relevance: Doubles, blocks: tuple[Block, ...], tape: Tape, answer: Doubles, rows: slice
) -> Doubles:
    """Add relevance of blocks' columns to the columns that own them.

    Parameters
    ----------
    relevance : array of shape (n_rows, n_values)
        R of all blocks, in a row.
    blocks : tuple of Block
        The blocks.
    tape : mapping
        The blocks' values.
    answer : array of shape (n_rows, n_columns)
        Added to, in place.
    rows : slice
        Which rows of the tape these are.

    Returns
    -------
    array of shape (n_rows,)
        What belongs to no column.
    """
    lost = np.zeros(len(relevance))
    start = 0
    for block in blocks:
        part = relevance[:, start : start + block.n_columns]
        start += block.n_columns
        shared: Doubles = part @ block.shares
        lost += part @ (1.0 - np.asarray(block.shares.sum(axis=1)).ravel())
        if isinstance(block.source, Origin):
            _add(answer, block.source.columns, shared)
        else:
            lost += _through(shared, block.source, tape, answer, rows)
    return lost


def _add(answer: Doubles, columns: Ints, shared: Doubles) -> None:
    if len(np.unique(columns)) == len(columns):
        answer[:, columns] += shared
    else:
        np.add.at(answer.T, columns, shared.T)


def gather(blocks: tuple[Block, ...], columns: tuple[Ints, ...], tape: Tape, rows: slice = _ALL) -> Values:
    """Values of chosen columns of blocks, in a row, as numbers."""
    parts = []
    for block, chosen in zip(blocks, columns, strict=True):
        if not len(chosen):
            continue
        values = tape[block]
        if len(chosen) < block.n_columns:
            values = columns_of(values, chosen)
        positional: Any = getattr(values, "iloc", values)
        parts.append(as_numbers(positional[rows]))
    return side_by_side(parts)


def spread(relevance: Doubles, columns: Ints, n_columns: int) -> Doubles:
    """Relevance of chosen columns, among all of them."""
    if len(columns) == n_columns:
        return relevance
    result = np.zeros((len(relevance), n_columns))
    result[:, columns] = relevance
    return result


def _through(relevance: Doubles, form: Form, tape: Tape, answer: Doubles, rows: slice) -> Doubles:
    """Relevance of columns that are affine functions of blocks, to these and on."""
    affine = form.affine
    if affine.is_mixing:
        used = affine.used
        affine = affine.of_inputs(used)
        values = dense(gather(form.blocks, form.used, tape, rows))
        before, lost = np.empty(values.shape), np.empty(len(values))
        # Products that are small enough for one thread: shared among threads, they wait for each other.
        step = max(_FEW_ROWS, _SERIAL_MULTIPLICATIONS // (affine.n_inputs * affine.n_outputs))
        for start in range(0, len(values), step):
            tile = slice(start, start + step)
            before[tile], lost[tile] = shared_by_contribution(
                relevance[tile], affine, values[tile] - affine.origin
            )
        before = spread(before, used, form.affine.n_inputs)
    else:
        pattern = affine.matrix.copy()
        if isinstance(pattern, np.ndarray):
            pattern = (pattern != 0).astype(np.float64)
        else:
            pattern.data[:] = 1.0
        before = relevance @ pattern
        lost = relevance @ (1.0 - np.asarray(pattern.sum(axis=1)).ravel())
    return lost + pull_back(before, form.blocks, tape, answer, rows)


def shared_by_contribution(
    relevance: Doubles, affine: AffineMap, deviations: Doubles
) -> tuple[Doubles, Doubles]:
    """Share the relevance of mixtures t_j = Σ_i A_ji e_i out to what they are mixed of.

    Between a mixture and the clusters there is a step that is not affine, so there is no root to go back to.
    A contribution counts from the pre-image q of 0, for PCA the mean, c_ji = A_ji (e_i − q_i), so that they
    sum to t_j, and LRP's z-rule gives R_i = Σ_j c_ji / t_j R_j [Bach2015]_. It explodes where contributions
    cancel. So the part s_j = min(1, t_j² / Σ_i c_ji²) of R_j is shared out by it, with factors of √n_inputs
    at most, and the rest by the size of the contributions:

    R_i = Σ_j (c_ji / t_j s_j + |c_ji| / Σ_i' |c_ji'| (1 − s_j)) R_j.

    Parameters
    ----------
    relevance : array of shape (n_rows, n_outputs)
        R_j.
    affine : AffineMap
        A.
    deviations : array of shape (n_rows, n_inputs)
        e − q.

    Returns
    -------
    relevance : array of shape (n_rows, n_inputs)
    lost : array of shape (n_rows,)
        Relevance of mixtures that nothing contributes to.
    """
    sizes, matrix = np.abs(deviations), affine.matrix
    mixtures = deviations @ matrix.T
    squares = sizes**2 @ _squared(matrix).T
    total = sizes @ abs(matrix).T
    bound = np.maximum(mixtures**2, squares)
    by_sign = np.divide(relevance * mixtures, bound, out=np.zeros_like(bound), where=bound > 0)
    rest = relevance - by_sign * mixtures
    by_size = np.divide(rest, total, out=np.zeros_like(total), where=total > 0)
    shared = deviations * (by_sign @ matrix) + sizes * (by_size @ abs(matrix))
    return np.asarray(shared), np.where(total > 0, 0.0, relevance).sum(axis=1)


def _squared(matrix: Values) -> Values:
    return matrix**2 if isinstance(matrix, np.ndarray) else csr_array(matrix.multiply(matrix))


def inverted(values: Doubles, blocks: tuple[Block, ...], n_columns: int) -> Doubles:
    """Return rows of the answer that have these values in the blocks, as far as there are such.

    Parameters
    ----------
    values : array of shape (n_rows, n_values)
        Values of all blocks, in a row.

    Returns
    -------
    array of shape (n_rows, n_columns)
        NaN where a column can't be known.
    """
    answer = np.full((len(values), n_columns), np.nan)
    _invert(values, blocks, answer)
    return answer


def _invert(values: Doubles, blocks: tuple[Block, ...], answer: Doubles) -> None:
    start = 0
    for block in blocks:
        part = values[:, start : start + block.n_columns]
        start += block.n_columns
        if block.invert is None:
            continue
        lacking = np.isnan(part)
        inputs = np.array(block.invert(np.where(lacking, 0.0, part)), dtype=np.float64)
        inputs[lacking @ block.shares > 0.0] = np.nan
        if isinstance(block.source, Origin):
            answer[:, block.source.columns] = inputs
        else:
            _invert(known_preimages(block.source.affine, inputs), block.source.blocks, answer)


def known_preimages(affine: AffineMap, outputs: Doubles) -> Doubles:
    """Pre-images, NaN in inputs that no output depends on."""
    inputs = affine.preimages(outputs)
    inputs[:, np.asarray(abs(affine.matrix).sum(axis=0)).ravel() == 0.0] = np.nan
    return inputs
