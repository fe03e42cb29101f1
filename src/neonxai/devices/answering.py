"""Explaining all rows of another library's array: by NumPy in their own memory, or on their device."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neonxai import frames
from neonxai.arrays import Doubles, Ints
from neonxai.devices.form import Form
from neonxai.devices.pooling import Pooled, pool, probabilities
from neonxai.devices.reading import form_of, network_rows
from neonxai.engines import Progress
from neonxai.stages.board import Answers
from neonxai.stages.machine import Machine, check_rivals
from neonxai.stages.propagation import Question, check_overflow
from neonxai.tensors import Operations, Tensor, host_copy
from neonxai.transforms.rows import Rows

_CLOSING = 1e-10  # as in `neonxai.networks.closure`
_TILE_VALUES = 1 << 24  # float64 values of a tile's rows, evidence and tables: 128 MiB


def answer(machine: Machine, tensor: Tensor | None, rows: Rows, question: Question, **asked: Any) -> Answers:
    """Explain all rows; the answer's numbers are arrays of the rows' library, where the rows are.

    Parameters
    ----------
    machine : Machine
        The network, with what is in front of it.
    tensor : Tensor or None
        The rows, of another library.
    rows : Rows
        What `network_rows` makes of them.
    question, **asked
        As for `Machine.answer`.
    """
    if tensor is None:
        return machine.answer(rows, question, **asked)
    if tensor.host is not None:
        found = machine.answer(rows, question, **asked)
        numbers = "relevance", "absent", "logits", "probabilities", "absorbed", "data", "base_value"
        owned = {name: tensor.own(getattr(found, name)) for name in (*numbers, "standard_error")}
        return replace(found, **owned)
    if asked.get("out") is not None:
        raise ValueError(
            f"out= is for rows in the CPU's memory. Leave it out, or pass {tensor.to_cpu}, part by part."
        )
    with tensor.operations.context():
        device = _Device(machine, tensor, asked["beta"], asked["pooling"])
        return device.answer(question, asked.get("progress"))


def survey(
    machine: Machine, tensor: Tensor | None, rows: Rows, labels: Ints | None
) -> tuple[Doubles, float | None]:
    """`Machine.survey`; of rows on a device it is the mean logit alone that gets here, an array of one.

    Parameters
    ----------
    machine, rows, labels
        As there.
    tensor : Tensor or None
        The rows, of another library.
    """
    if tensor is None or tensor.host is not None:
        return machine.survey(rows, labels)
    ops, total = tensor.operations, 0.0
    with ops.context():
        form = form_of(machine, tensor)
        for tile in _tiles(tensor, form):
            logits = ops.smallest(form.evidence(ops.cast(tensor.native[tile, ...], "float64"))[1])
            _check_overflow(ops, logits, "float64", tile.start)
            total += float(ops.namespace.sum(logits))
    return np.array([total / int(tensor.native.shape[0])]), None


def check_fitted_rows(explainer: Any, tensor: Tensor | None) -> None:
    """Refuse rows on a device that could not be explained there, and values that are not finite.

    Parameters
    ----------
    explainer : ClusterExplainer
        One that has read its model.
    tensor : Tensor or None
        The rows, of another library. Those on the CPU have been looked at.
    """
    if tensor is not None and tensor.host is None:
        network_rows(explainer, tensor.native)
        check_finite(tensor, explainer.entrance_.names)


class _Device:
    """Rows on a device, and the network brought there."""

    def __init__(self, machine: Machine, tensor: Tensor, beta: float, pooling: str) -> None:
        self.tensor, self.ops = tensor, tensor.operations
        self.names, self.beta, self.pooling = machine.cluster_names, beta, pooling
        check_finite(tensor, getattr(machine.entrance, "names", None))
        self.form = form_of(machine, tensor)

    def answer(self, question: Question, progress: Progress | None) -> Answers:
        """Explain all rows, tile by tile."""
        ops, dtype, n_rows = self.ops, self.tensor.answer_dtype, int(self.tensor.native.shape[0])
        found = []
        for tile in _tiles(self.tensor, self.form):
            numbers, clusters = self._explain(tile, question.of(tile))
            found.append(([ops.cast(part, dtype) for part in numbers], clusters))
            if progress is not None:
                progress(tile.stop, n_rows)
        relevance, logits, shares, absorbed = (
            ops.concatenate([numbers[i] for numbers, _ in found]) for i in range(4)
        )
        names = np.array(self.names)
        labels, targets, competitors = (
            names[np.concatenate([host_copy(clusters[i]) for _, clusters in found])] for i in range(3)
        )
        data = self.tensor.native
        return Answers(
            relevance=relevance,
            absent=None,
            logits=logits,
            probabilities=shares,
            absorbed=absorbed,
            labels=labels,
            targets=targets,
            competitors=competitors,
            data=data if self.tensor.dtype_name == dtype else ops.cast(data, dtype),
            base_value=0.0,
            standard_error=None,
        )

    def _explain(self, tile: slice, question: Question) -> tuple[list[Any], list[Any]]:
        """Explain a tile: relevance, logits, probabilities, absorbed; labels, targets, competitors."""
        ops, xp, form = self.ops, self.ops.namespace, self.form
        X = ops.cast(self.tensor.native[tile, ...], "float64")
        assigned, h = form.evidence(X, beta=self.beta)
        targets, rivals = assigned, self._clusters(question.rivals)
        if question.targets is not None:
            targets = self._clusters(question.targets)
        if rivals is not None:
            self._check_rivals(targets, rivals, tile.start)
        if targets is not assigned and not xp.all(targets == assigned):
            h = form.evidence(X, targets, beta=self.beta)[1]
        pooled = pool(ops, h, targets, assigned, rivals, self.beta, self.pooling)
        relevance, absorbed = self._back(X, targets, pooled, tile.start)
        numbers = [relevance, pooled.logits, probabilities(ops, pooled.logits, self.beta), absorbed]
        return numbers, [assigned, targets, pooled.competitors]

    def _back(self, X: Any, targets: Any, pooled: Pooled, first_row: int) -> tuple[Any, Any]:
        """Relevance, closed to the last digits, and what is absorbed."""
        ops, xp = self.ops, self.ops.namespace
        relevance, absorbed = self.form.redistribute(X, targets, pooled.coefficients)
        absorbed = absorbed + pooled.absorbed
        magnitudes = xp.abs(relevance)
        total = xp.sum(magnitudes, axis=1)
        share = (pooled.logits - absorbed - xp.sum(relevance, axis=1)) / total
        share = xp.where(xp.abs(share) <= _CLOSING, share, 0.0)
        size = xp.abs(pooled.logits)
        _check_overflow(ops, xp.where(total < size, size, total), self.tensor.answer_dtype, first_row)
        return relevance + magnitudes * share[:, None], absorbed

    def _clusters(self, positions: Ints | None) -> Any:
        return None if positions is None else self.ops.from_numpy(positions.astype(np.int64))

    def _check_rivals(self, targets: Any, rivals: Any, first_row: int) -> None:
        same = self.ops.nonzero(targets == rivals)[0]
        if same.shape[0]:
            row = int(same[0])
            target, rival = (np.array([int(clusters[row])]) for clusters in (targets, rivals))
            check_rivals(target, rival, first_row + row, self.names)


def _tiles(tensor: Tensor, form: Form) -> Iterator[slice]:
    step = max(1, _TILE_VALUES // (4 * form.n_clusters + 6 * form.n_features))
    n_rows = int(tensor.native.shape[0])
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def check_finite(tensor: Tensor, names: Sequence[str] | None = None) -> None:
    """Raise the ValueError that NumPy's rows would get, naming the first value that is NaN or infinite.

    Parameters
    ----------
    tensor : Tensor
        Rows on a device.
    names : sequence of str, optional
        The columns' names.
    """
    ops, xp = tensor.operations, tensor.operations.namespace
    n_rows, n_columns = tensor.native.shape
    step = max(1, _TILE_VALUES // n_columns)
    for start in range(0, n_rows, step):
        block = ops.cast(tensor.native[start : min(start + step, n_rows), ...], "float64")
        if xp.isfinite(xp.sum(block)):
            continue
        rows, columns = ops.nonzero(~xp.isfinite(block))
        if rows.shape[0]:
            row, column = int(rows[0]), int(columns[0])
            raise frames.not_finite(float(block[row, column]), start + row, column, names)


def _check_overflow(ops: Operations, values: Any, dtype: str, first_row: int) -> None:
    """`check_overflow`, of which one number leaves the device."""
    fits = values <= float(np.finfo(dtype).max)  # False for NaN too
    if not ops.namespace.all(fits):
        row = int(ops.nonzero(~fits)[0][0])
        check_overflow(np.array([float(values[row])]), np.dtype(dtype), first_row + row)
